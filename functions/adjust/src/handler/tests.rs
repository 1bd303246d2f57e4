//! An account in memory: who has its turn, what a run leaves to the next, and when it comes back.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use drawbridge_domain::connection::PlannedDns;
use drawbridge_domain::ids::{
    AssociationId, ResourceArn, RouteTableId, SecurityGroupId, Service, ServiceNetworkId, SubnetId, VpcEndpointId,
    VpcId,
};
use drawbridge_domain::inventory::ListedEndpoint;
use drawbridge_domain::network::{
    Association, DnsEntry, Endpoint, EndpointAssociation, EndpointService, RouteTable, SecurityGroup, ServiceNetwork,
    Subnet, Vpc,
};
use drawbridge_domain::ports::{AuditEntry, TaggedGroup, Unreadable};
use drawbridge_domain::subscription;

use super::*;

thread_local! {
    /// The time that is spent. A test has its thread for itself.
    static SPENT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

const SERVICE: &str = "com.amazonaws.us-east-1.secretsmanager";

/// One account.
#[derive(Default)]
struct World {
    subscription: RefCell<Option<Subscription>>,
    connections: RefCell<BTreeMap<ConnectionId, Connection>>,
    endpoints: RefCell<BTreeMap<VpcEndpointId, ListedEndpoint>>,
    /// What EC2 refuses to change.
    refused: RefCell<Vec<VpcEndpointId>>,
    /// How long EC2 takes for a change.
    slow: Cell<Duration>,
    /// How often somebody else writes a record first.
    races: Cell<usize>,
    /// The endpoints that were to be changed, in order, and how often a record was written.
    tried: RefCell<Vec<VpcEndpointId>>,
    writes: Cell<usize>,
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

fn id(n: usize) -> ConnectionId {
    ConnectionId::parse(format!("conn-{n:032x}")).unwrap()
}

fn endpoint_id(n: usize) -> VpcEndpointId {
    VpcEndpointId::parse(format!("vpce-{n:08x}")).unwrap()
}

fn says(document: &Value) -> Subscription {
    subscription::parse("test", &document.to_string()).unwrap()
}

/// What is shared is to have these tags.
fn tagged(team: &str) -> Subscription {
    says(&json!({
        "version": 1, "name": "redis", "profile": "redis-cloud", "trust": {"senders": ["444455556666"]},
        "targets": [{"vpc": "vpc-0a1b2c3d", "security_groups": ["sg-0a1b2c3d"]}], "tags": {"team": team},
    }))
}

/// The endpoint to the service is to stand in these subnets.
fn placed(subnets: &[&str]) -> Subscription {
    says(&json!({
        "version": 1, "name": "redis", "endpoints": [
            {"interface": SERVICE, "vpc": "vpc-0a1b2c3d", "security_groups": ["sg-0a1b2c3d"], "subnets": subnets},
        ],
    }))
}

fn tags_of(n: usize) -> BTreeMap<String, String> {
    let own = [("drawbridge:connection", id(n).to_string()), ("drawbridge:owner", format!("{}-g1", id(n)))];
    own.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn connection(n: usize, kind: &str, resource: &str, call: &Value) -> Connection {
    let plan = json!({"token": format!("{}-g1", id(n)), "tags": tags_of(n), "call": call, "planned_at": at(0)});
    serde_json::from_value(json!({
        "id": id(n), "kind": kind, "resource": resource, "target": {"vpc": "vpc-0a1b2c3d"}, "claims": ["redis"],
        "status": "ready", "since": at(0), "why": "so", "next": "nothing", "generation": 1, "attempt": 1,
        "transient_runs": 0, "digest": "d", "made": {"endpoint": endpoint_id(n)}, "plan": plan, "wanted_at": at(0),
        "version": 1, "change": "c",
    }))
    .unwrap()
}

fn listed(n: usize) -> ListedEndpoint {
    ListedEndpoint {
        endpoint: Endpoint {
            id: endpoint_id(n),
            endpoint_type: "Interface".to_owned(),
            state: "available".to_owned(),
            vpc: VpcId::parse("vpc-0a1b2c3d").ok(),
            resource: None,
            service_network: None,
            service: None,
            private_dns: false,
            route_tables: Vec::new(),
            dns: vec![DnsEntry { name: format!("{}-x.vpce.amazonaws.com", endpoint_id(n)), hosted_zone: None }],
            tags: tags_of(n),
            failure: None,
        },
        created: None,
        subnets: vec![SubnetId::parse("subnet-0a1b2c3d").unwrap()],
        security_groups: vec![SecurityGroupId::parse("sg-0a1b2c3d").unwrap()],
        private_dns: PlannedDns { enabled: false, preference: None, domains: Vec::new() },
        policy: None,
        group_names: Vec::new(),
    }
}

/// So many resource endpoints.
fn world(connections: usize) -> World {
    let world = World::default();
    *world.subscription.borrow_mut() = Some(tagged("core"));
    let resource = |n: usize| format!("arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-{n:05x}");
    let call = |n: usize| {
        json!({"resource_endpoint": {
            "resource": resource(n), "vpc": "vpc-0a1b2c3d", "subnets": ["subnet-0a1b2c3d"], "security_groups": ["sg-0a1b2c3d"],
            "private_dns": {"enabled": true, "preference": "VERIFIED_DOMAINS_ONLY"},
        }})
    };
    *world.connections.borrow_mut() =
        (0..connections).map(|n| (id(n), connection(n, "resource-endpoint", &resource(n), &call(n)))).collect();
    *world.endpoints.borrow_mut() = (0..connections).map(|n| (endpoint_id(n), listed(n))).collect();
    world
}

/// One interface endpoint, which is to stand elsewhere.
fn interface() -> World {
    let world = world(1);
    let call = json!({"interface_endpoint": {
        "service": SERVICE, "vpc": "vpc-0a1b2c3d", "subnets": ["subnet-0a1b2c3d"], "security_groups": ["sg-0a1b2c3d"],
        "private_dns": false,
    }});
    world.connections.borrow_mut().insert(id(0), connection(0, "interface-endpoint", SERVICE, &call));
    *world.subscription.borrow_mut() = Some(placed(&["subnet-0b1b2c3d"]));
    world
}

async fn run(world: &World, minute: i64) -> Result<Summary, Fault> {
    SPENT.set(Duration::ZERO);
    let settings = Settings {
        connect_machine: "arn:aws:states:us-east-1:111122223333:stateMachine:connect".to_owned(),
        installation: Installation::parse("drawbridge").ok(),
        spent: |_| SPENT.get(),
    };
    Adjust { ec2: world, lattice: world, ledger: world, settings }.handle(json!({}), at(minute)).await
}

#[tokio::test]
async fn what_there_is_no_time_for_is_left_to_the_next_run() {
    let world = world(10);
    world.slow.set(Duration::from_secs(10));
    let first = run(&world, 0).await.unwrap();
    assert_eq!((first.connections, first.changed, first.complete), (10, AT_ONCE, false), "what was begun is done");
    assert!(SPENT.get() > ENOUGH && SPENT.get() < Duration::from_mins(1));
    assert!(world.connections.borrow().values().all(|c| c.changing.is_empty()), "nothing is left half-way");
    for (minute, changed, complete) in [(60, AT_ONCE, false), (120, 2, true)] {
        let next = run(&world, minute).await.unwrap();
        assert_eq!((next.changed, next.complete), (changed, complete));
    }
    let tried = world.tried.borrow().len();
    assert_eq!(run(&world, 180).await.unwrap(), Summary { connections: 10, complete: true, ..Summary::default() });
    assert_eq!((tried, world.tried.borrow().len()), (10, 10), "done is done");
}

#[tokio::test]
async fn what_is_refused_again_and_again_keeps_nothing_from_its_turn() {
    let world = world(5);
    *world.refused.borrow_mut() = vec![endpoint_id(0), endpoint_id(1), endpoint_id(2)];
    let summary = run(&world, 0).await.unwrap();
    assert_eq!((summary.changed, summary.refused, summary.complete), (2, 3, true));
    *world.subscription.borrow_mut() = Some(tagged("data"));
    for minute in 0..6 {
        world.tried.borrow_mut().clear();
        run(&world, minute).await.unwrap();
        let tried = world.tried.borrow();
        let (fresh, told): (Vec<_>, Vec<_>) = tried.iter().partition(|id| !world.refused.borrow().contains(id));
        let expected = if minute == 0 { vec![endpoint_id(3), endpoint_id(4)] } else { Vec::new() };
        assert_eq!(fresh.into_iter().cloned().collect::<Vec<_>>(), expected);
        assert!(minute > 0 || tried[..2] == expected[..], "those of which nothing is told are first: {tried:?}");
        let turn = usize::try_from(minute).unwrap() % 3;
        assert_eq!((told.len(), told[0]), (3, &endpoint_id(turn)), "another one is first each minute");
    }
    let told = world.connections.borrow()[&id(0)].clone();
    assert_eq!((told.findings.len(), told.changing.len()), (1, 0));
    let writes = world.writes.get();
    run(&world, 7).await.unwrap();
    assert_eq!(world.writes.get(), writes + 3 * 2, "what it is about to do is said before, and taken back");
}

#[tokio::test]
async fn who_loses_a_race_decides_anew_and_not_for_ever() {
    let world = world(1);
    world.races.set(TRIES - 1);
    assert_eq!(run(&world, 0).await.unwrap().changed, 1);
    let world = self::world(2);
    world.races.set(TRIES);
    let fault = run(&world, 0).await.unwrap_err();
    assert_eq!(fault.name, FaultName::LedgerConflict);
    assert_eq!(run(&world, 1).await.unwrap().changed, 1, "the other one was changed meanwhile");
}

#[tokio::test]
async fn it_comes_back_once_for_names_that_are_not_shown_yet() {
    let world = interface();
    let state = |state: &str| {
        world.endpoints.borrow_mut().get_mut(&endpoint_id(0)).unwrap().endpoint.state = state.to_owned();
    };
    let fault = run(&world, 0).await.unwrap_err();
    assert_eq!(fault.name, FaultName::NotReady);
    let record = || world.connections.borrow()[&id(0)].clone();
    assert_eq!(record().changing, [record().plan.unwrap()], "the record says that it is to be looked at again");
    let writes = world.writes.get();
    let summary = run(&world, 1).await.unwrap();
    assert_eq!(
        (summary.changed, summary.complete, world.writes.get()),
        (0, false, writes),
        "it is not raised for ever"
    );
    state("available");
    let summary = run(&world, 60).await.unwrap();
    assert_eq!((summary.changed, summary.complete), (1, true));
    assert_eq!((record().changing.len(), record().databases.len()), (0, 1));
    assert_eq!(run(&world, 120).await.unwrap().changed, 0);
    assert_eq!(world.tried.borrow().len(), 1);
}

impl Subscriptions for &World {
    async fn subscriptions(&self) -> Result<(Vec<Subscription>, Vec<Unreadable>), Fault> {
        Ok((self.subscription.borrow().iter().cloned().collect(), Vec::new()))
    }
}

impl Connections for &World {
    async fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>, Fault> {
        Ok(self.connections.borrow().get(id).cloned())
    }
    async fn save_connection(&self, mut record: Connection, audit: AuditEntry) -> Result<Connection, Fault> {
        assert!(!audit.what.is_empty());
        if record.id == id(0) && self.races.get() > 0 {
            self.races.set(self.races.get() - 1);
            return Err(FaultName::LedgerConflict.because("somebody else wrote it"));
        }
        assert_eq!(self.connections.borrow()[&record.id].version, record.version);
        self.writes.set(self.writes.get() + 1);
        record.version += 1;
        self.connections.borrow_mut().insert(record.id.clone(), record.clone());
        Ok(record)
    }
}

impl FindMade for &World {
    async fn everything_made(&self) -> Result<Vec<(String, ConnectionId)>, Fault> {
        let connections = self.connections.borrow();
        let made = connections.values().filter_map(|c| Some((c.made.as_ref()?.id().to_owned(), c.id.clone())));
        Ok(made.rev().collect())
    }
    async fn made_as(&self, _: &str) -> Result<Vec<ConnectionId>, Fault> {
        unreachable!("that is endpoint-event's")
    }
    async fn connections_of_ids(&self, ids: &[ConnectionId]) -> Result<Vec<Connection>, Fault> {
        let connections = self.connections.borrow();
        Ok(ids.iter().filter_map(|id| connections.get(id).cloned()).collect())
    }
}

impl ListEndpoints for &World {
    async fn listed_with(&self, _: &str, _: &str) -> Result<Vec<ListedEndpoint>, Fault> {
        unreachable!("that is reconcile's")
    }
    async fn listed(&self, ids: &[VpcEndpointId]) -> Result<Vec<ListedEndpoint>, Fault> {
        let endpoints = self.endpoints.borrow();
        Ok(ids.iter().filter_map(|id| endpoints.get(id).cloned()).collect())
    }
    async fn behind(&self, _: &[VpcEndpointId]) -> Result<BTreeMap<VpcEndpointId, Vec<EndpointAssociation>>, Fault> {
        unreachable!("what is behind it is not looked at")
    }
}

impl ChangeEndpoint for &World {
    async fn modify(&self, id: &VpcEndpointId, modification: &adjust::Modification) -> Result<(), Fault> {
        self.tried.borrow_mut().push(id.clone());
        let mut endpoints = self.endpoints.borrow_mut();
        let changed = endpoints.get_mut(id).unwrap();
        changed.subnets.retain(|subnet| !modification.remove_subnets.contains(subnet));
        changed.subnets.extend(modification.add_subnets.iter().cloned());
        changed.endpoint.state = "pending".to_owned();
        Ok(())
    }
    async fn set_tags(&self, ids: &[String], tags: &BTreeMap<String, String>) -> Result<(), Fault> {
        if tags.is_empty() {
            return Ok(());
        }
        let id = VpcEndpointId::parse(&ids[0]).unwrap();
        self.tried.borrow_mut().push(id.clone());
        SPENT.set(SPENT.get() + self.slow.get());
        if self.refused.borrow().contains(&id) {
            return Err(FaultName::AccessDenied.because("ec2:CreateTags is not allowed"));
        }
        self.endpoints.borrow_mut().get_mut(&id).unwrap().endpoint.tags.extend(tags.clone());
        Ok(())
    }
    async fn remove_tags(&self, _: &[String], _: &BTreeMap<String, String>) -> Result<(), Fault> {
        Ok(())
    }
}

impl LookAtNetwork for &World {
    async fn vpc(&self, _: &VpcId) -> Result<Option<Vpc>, Fault> {
        unreachable!("private DNS stays")
    }
    async fn subnets_of(&self, _: &VpcId) -> Result<Vec<Subnet>, Fault> {
        unreachable!("they are listed")
    }
    async fn subnets(&self, ids: &[SubnetId]) -> Result<Vec<Subnet>, Fault> {
        let subnet = |id: &SubnetId| Subnet {
            id: id.clone(),
            vpc: VpcId::parse("vpc-0a1b2c3d").unwrap(),
            az: drawbridge_domain::ids::AzId::parse("use1-az1").unwrap(),
            zone: None,
            free_addresses: 1,
            ipv6_only: false,
        };
        Ok(ids.iter().map(subnet).collect())
    }
    async fn security_groups(&self, _: &[SecurityGroupId]) -> Result<Vec<SecurityGroup>, Fault> {
        unreachable!("groups stay")
    }
    async fn endpoints_in(&self, _: &VpcId) -> Result<Vec<Endpoint>, Fault> {
        unreachable!("private DNS stays")
    }
    async fn gateways(&self) -> Result<Vec<Endpoint>, Fault> {
        unreachable!("their quota is looked at when one is made")
    }
}

impl LookAtServices for &World {
    async fn endpoint_services(&self, service: &Service) -> Result<Vec<EndpointService>, Fault> {
        Ok(vec![EndpointService {
            name: service.name().to_owned(),
            service_type: "Interface".to_owned(),
            zones: Vec::new(),
            owner: "amazon".to_owned(),
            private_dns_name: None,
            private_dns_names: Vec::new(),
            private_dns_state: None,
            acceptance_required: false,
            policy_supported: true,
            address_families: Vec::new(),
        }])
    }
}

impl LookAtRoutes for &World {
    async fn route_tables_of(&self, _: &VpcId) -> Result<Vec<RouteTable>, Fault> {
        unreachable!("no gateway endpoint is in this world")
    }
    async fn route_tables(&self, _: &[RouteTableId]) -> Result<Vec<RouteTable>, Fault> {
        unreachable!("no gateway endpoint is in this world")
    }
}

impl RemoveGroup for &World {
    async fn groups_tagged(&self, _: &str, _: &str) -> Result<Vec<TaggedGroup>, Fault> {
        unreachable!("none has a group of its own")
    }
    async fn delete_group(&self, _: &SecurityGroupId) -> Result<(), Fault> {
        unreachable!("adjust removes nothing")
    }
}

impl TagAssociation for &World {
    async fn tag_association(&self, _: &str, _: &BTreeMap<String, String>) -> Result<(), Fault> {
        unreachable!("no association is in this world")
    }
    async fn untag_association(&self, _: &str, _: &[String]) -> Result<(), Fault> {
        unreachable!("no association is in this world")
    }
}

impl ServiceNetworks for &World {
    async fn service_network(&self, _: &ServiceNetworkId) -> Result<Option<ServiceNetwork>, Fault> {
        unreachable!("no association is in this world")
    }
    async fn service_network_exists(&self, _: &ResourceArn) -> Result<bool, Fault> {
        unreachable!("no association is in this world")
    }
    async fn associations(&self, _: &ServiceNetworkId, _: &ResourceArn, _: bool) -> Result<Vec<Association>, Fault> {
        unreachable!("no association is in this world")
    }
    async fn association(&self, _: &AssociationId) -> Result<Option<Association>, Fault> {
        unreachable!("no association is in this world")
    }
    async fn association_tags(&self, _: &str) -> Result<BTreeMap<String, String>, Fault> {
        unreachable!("no association is in this world")
    }
    async fn associate(
        &self,
        _: &ServiceNetworkId,
        _: &ResourceArn,
        _: bool,
        _: &str,
        _: &BTreeMap<String, String>,
    ) -> Result<AssociationId, Fault> {
        unreachable!("adjust makes nothing")
    }
    async fn disassociate(&self, _: &AssociationId) -> Result<(), Fault> {
        unreachable!("adjust removes nothing")
    }
}
