//! A whole account, in memory: what a round costs at 5,000 connections, and that it goes on where it stopped.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use drawbridge_domain::connection::{Connection, PlannedDns, Status};
use drawbridge_domain::ids::{AssociationId, ConnectionId, ResourceArn, ServiceNetworkId, VpcEndpointId, VpcId};
use drawbridge_domain::inventory::{ListedAssociation, ListedEndpoint};
use drawbridge_domain::network::{Association, Endpoint, EndpointAssociation, ResourceConfiguration, ServiceNetwork};
use drawbridge_domain::ports::Unreadable;
use drawbridge_domain::reach::{DnsName, DnsScope};
use drawbridge_domain::share::{ShareRecord, SharedResource};

use super::*;

mod grace;

const SHARE: &str = "arn:aws:ram:us-east-1:444455556666:resource-share/0a";
/// What is behind each connection.
const CHILDREN: usize = 4;

/// One account, and how many calls to AWS it took, pages counted each.
#[derive(Default)]
struct World {
    connections: RefCell<BTreeMap<ConnectionId, Connection>>,
    round: RefCell<Option<Round>>,
    endpoints: RefCell<Vec<ListedEndpoint>>,
    share: RefCell<Option<ShareRecord>>,
    denied: Cell<bool>,
    deleted: RefCell<Vec<String>>,
    calls: RefCell<BTreeMap<&'static str, usize>>,
}

impl World {
    fn count(&self, call: &'static str, items: usize, page: usize) {
        *self.calls.borrow_mut().entry(call).or_default() += items.div_ceil(page).max(1);
    }

    fn calls(&self) -> usize {
        self.calls.borrow_mut().values().sum()
    }
}

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn id(n: usize) -> ConnectionId {
    ConnectionId::parse(format!("conn-{n:032x}")).unwrap()
}

fn endpoint_id(n: usize) -> VpcEndpointId {
    VpcEndpointId::parse(format!("vpce-{n:08x}")).unwrap()
}

fn child(n: usize, of: usize) -> String {
    format!("rcfg-{n:05x}{of}")
}

fn arn(rcfg: &str) -> String {
    format!("arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/{rcfg}")
}

fn connection(n: usize) -> Connection {
    let databases: Vec<_> = (0..CHILDREN)
        .map(|of| {
            json!({"resource": child(n, of), "name": format!("db-{of}"),
                   "dns": [{"scope": "regional", "name": format!("{}.on.aws", child(n, of))}],
                   "port": {"unknown": {"reason": "hidden"}}})
        })
        .collect();
    let target = json!({"vpc": "vpc-0a"});
    serde_json::from_value(json!({
        "id": id(n), "kind": "resource-endpoint", "share_arn": SHARE, "resource": arn(&format!("rcfg-{n:05x}")),
        "target": target, "claims": [], "status": "ready", "since": now(), "why": "so", "next": "nothing",
        "generation": 1, "attempt": 1, "transient_runs": 0, "digest": "d", "made": {"endpoint": endpoint_id(n)},
        "databases": databases, "wanted_at": now(), "version": 1, "change": "c",
    }))
    .unwrap()
}

fn listed(n: usize, of: usize) -> ListedEndpoint {
    let tags = [("drawbridge:installation", "drawbridge".to_owned()), ("drawbridge:connection", id(of).to_string())];
    let owner = ("drawbridge:owner".to_owned(), format!("{}-g1", id(of)));
    ListedEndpoint {
        endpoint: Endpoint {
            id: endpoint_id(n),
            endpoint_type: "Resource".to_owned(),
            state: "Available".to_owned(),
            vpc: VpcId::parse("vpc-0a").ok(),
            resource: ResourceArn::parse(arn(&format!("rcfg-{of:05x}"))).ok(),
            service_network: None,
            service: None,
            private_dns: false,
            route_tables: Vec::new(),
            dns: Vec::new(),
            tags: tags.into_iter().map(|(key, value)| (key.to_owned(), value)).chain([owner]).collect(),
            failure: None,
        },
        created: "2026-11-01T00:00:00Z".parse().ok(),
        subnets: Vec::new(),
        security_groups: Vec::new(),
        private_dns: PlannedDns { enabled: false, preference: None, domains: Vec::new() },
        policy: None,
        group_names: Vec::new(),
    }
}

fn world(connections: usize) -> World {
    let world = World::default();
    *world.connections.borrow_mut() = (0..connections).map(|n| (id(n), connection(n))).collect();
    *world.endpoints.borrow_mut() = (0..connections).map(|n| listed(n, n)).collect();
    world
}

fn reconcile(world: &World, most: usize) -> Reconcile<&World, &World, &World, &World> {
    let machine = |name: &str| format!("arn:aws:states:us-east-1:111122223333:stateMachine:{name}");
    let settings = Settings {
        connect_machine: machine("connect"),
        installation: Installation::parse("drawbridge").ok(),
        most,
        safe_age: SignedDuration::from_mins(60),
    };
    Reconcile { ec2: world, lattice: world, ram: world, ledger: world, settings }
}

async fn run(world: &World, most: usize) -> Summary {
    reconcile(world, most).handle(json!({}), now()).await.unwrap()
}

#[tokio::test]
async fn a_round_over_five_thousand_is_some_hundred_calls_and_no_write() {
    let world = world(5000);
    let began = Instant::now();
    let summary = run(&world, 10_000).await;
    assert_eq!((summary.connections, summary.recorded, summary.complete), (5000, 0, true), "{summary:?}");
    let calls = world.calls.borrow().clone();
    // 5 pages of endpoints, 200 of what is behind them, 50 batches of records, the index in 1 or 2, and a write a page.
    assert_eq!((calls["DescribeVpcEndpoints"], calls["BatchGetItem"], calls["Scan"]), (5, 50, 1), "{calls:?}");
    assert!(calls["DescribeVpcEndpointAssociations"] <= 5000 * CHILDREN / 100 + 25, "{calls:?}");
    assert_eq!(calls["save_round"], 12);
    assert!(world.calls() < 400, "{calls:?}");
    // AWS answers in a tenth of a second at worst, four lists at once: what is left of a minute is for that.
    assert!(began.elapsed() < ENOUGH / 4, "{:?}", began.elapsed());
    assert_eq!(world.round.borrow().as_ref().unwrap().last, BTreeMap::from([("as recorded".to_owned(), 5000)]));
}

#[tokio::test]
async fn a_run_goes_on_where_the_last_one_stopped() {
    let world = world(5);
    let rounds: Vec<_> = [run(&world, 2).await, run(&world, 2).await, run(&world, 2).await].into();
    let told: Vec<_> = rounds.iter().map(|s| (s.round, s.connections, s.complete)).collect();
    assert_eq!(told, [(1, 2, false), (1, 2, false), (1, 1, true)]);
    assert_eq!(world.round.borrow().as_ref().unwrap().last["as recorded"], 5);
    assert_eq!(run(&world, 10).await.round, 2);
}

#[tokio::test]
async fn while_one_run_has_the_round_another_does_nothing() {
    let world = world(3);
    *world.round.borrow_mut() = Some(Round::take(None, now()).unwrap());
    let summary = run(&world, 10).await;
    assert!(summary.held_until.is_some() && summary.connections == 0);
    assert_eq!(world.calls.borrow().get("DescribeVpcEndpoints"), None);
}

#[tokio::test]
async fn a_mass_deletion_is_told_and_ends_nothing_at_the_first_look() {
    let world = world(300);
    world.endpoints.borrow_mut().clear();
    let summary = run(&world, 1000).await;
    assert_eq!((summary.recorded, summary.ended), (300, 0));
    assert!(world.connections.borrow().values().all(|c| c.status == Status::Ready && c.missing.is_some()));
    // By id once more, before even that is told: 200 a call.
    assert_eq!(world.calls.borrow()["DescribeVpcEndpoints"], 1 + 2);
    for c in world.connections.borrow_mut().values_mut() {
        c.missing.as_mut().unwrap().since = "2026-11-20T11:00:00Z".parse().unwrap();
    }
    let summary = run(&world, 1000).await;
    assert_eq!(summary.ended, 300);
}

#[tokio::test]
async fn what_is_denied_is_not_taken_for_gone() {
    let world = world(3);
    world.denied.set(true);
    for _ in 0..3 {
        let summary = run(&world, 10).await;
        assert_eq!((summary.ended, summary.complete), (0, true));
    }
    assert!(world.connections.borrow().values().all(|c| c.status == Status::Ready && c.missing.is_none()));
    let round = world.round.borrow().clone().unwrap();
    assert!(round.unread[0].contains("AccessDenied") && round.last["unknown"] == 3, "{round:?}");
}

#[tokio::test]
async fn one_in_no_record_is_told_in_the_round() {
    let world = world(2);
    world.endpoints.borrow_mut().push(listed(7, 9));
    world.endpoints.borrow_mut().push(listed(8, 1));
    run(&world, 10).await;
    let round = world.round.borrow().clone().unwrap();
    assert_eq!(round.findings.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), [truth::ORPHANED]);
    assert!(round.findings[0].seen.contains("vpce-00000007"), "{:?}", round.findings);
    let second = world.connections.borrow()[&id(1)].clone();
    assert_eq!(second.findings.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), [truth::DUPLICATED]);
    assert!(world.deleted.borrow().is_empty());
    let before = world.connections.borrow().clone();
    run(&world, 10).await;
    assert_eq!(*world.connections.borrow(), before, "told once");
    world.endpoints.borrow_mut().truncate(2);
    run(&world, 10).await;
    assert!(
        world.connections.borrow()[&id(1)].findings.is_empty()
            && world.round.borrow().as_ref().unwrap().findings.is_empty()
    );
}

impl ListEndpoints for &World {
    async fn listed_with(&self, _: &str, _: &str) -> Result<Vec<ListedEndpoint>, Fault> {
        self.count("DescribeVpcEndpoints", self.endpoints.borrow().len(), 1000);
        if self.denied.get() {
            return Err(FaultName::AccessDenied.because("ec2:DescribeVpcEndpoints"));
        }
        Ok(self.endpoints.borrow().clone())
    }
    async fn listed(&self, ids: &[VpcEndpointId]) -> Result<Vec<ListedEndpoint>, Fault> {
        if !ids.is_empty() {
            self.count("DescribeVpcEndpoints", ids.len(), 200);
        }
        Ok(self.endpoints.borrow().iter().filter(|listed| ids.contains(&listed.endpoint.id)).cloned().collect())
    }
    async fn behind(&self, ids: &[VpcEndpointId]) -> Result<BTreeMap<VpcEndpointId, Vec<EndpointAssociation>>, Fault> {
        for ids in ids.chunks(200) {
            self.count("DescribeVpcEndpointAssociations", ids.len() * CHILDREN, 100);
        }
        let row = |n: usize, of: usize| EndpointAssociation {
            resource: ResourceArn::parse(arn(&child(n, of))).ok(),
            accessibility: Some("Accessible".to_owned()),
            failure: None,
            dns: vec![DnsName {
                scope: DnsScope::Regional,
                name: format!("{}.on.aws", child(n, of)),
                hosted_zone: None,
            }],
        };
        let number = |id: &VpcEndpointId| usize::from_str_radix(&id.as_str()[5..], 16).unwrap();
        Ok(ids.iter().map(|id| (id.clone(), (0..CHILDREN).map(|of| row(number(id), of)).collect())).collect())
    }
}

impl RemoveEndpoint for &World {
    async fn delete(&self, id: &VpcEndpointId) -> Result<(), Fault> {
        self.deleted.borrow_mut().push(id.to_string());
        Ok(())
    }
}

impl ListAssociations for &World {
    async fn associations_in(&self, _: &ServiceNetworkId) -> Result<Vec<ListedAssociation>, Fault> {
        Ok(Vec::new())
    }
}

impl ResourceConfigurations for &World {
    async fn resource_configuration(&self, _: &ResourceArn) -> Result<ResourceConfiguration, Fault> {
        unreachable!("nothing is new")
    }
    async fn children(&self, _: &ResourceArn) -> Result<Vec<ResourceConfiguration>, Fault> {
        unreachable!("the rows say it")
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
        unreachable!("reconcile makes nothing")
    }
    async fn disassociate(&self, _: &AssociationId) -> Result<(), Fault> {
        unreachable!("no association is in this world")
    }
}

impl ListShared for &World {
    async fn shared(&self) -> Result<BTreeMap<ResourceShareArn, Vec<SharedResource>>, Fault> {
        self.count("ListResources", 1, 500);
        Ok(BTreeMap::new())
    }
}

impl Subscriptions for &World {
    async fn subscriptions(&self) -> Result<(Vec<Subscription>, Vec<Unreadable>), Fault> {
        self.count("Query", 1, 1);
        Ok((Vec::new(), Vec::new()))
    }
}

impl Shares for &World {
    async fn share(&self, _: &ResourceShareArn) -> Result<Option<ShareRecord>, Fault> {
        Ok(self.share.borrow().clone())
    }
    async fn save_share(&self, record: ShareRecord, _: AuditEntry) -> Result<ShareRecord, Fault> {
        *self.share.borrow_mut() = Some(record.clone());
        Ok(record)
    }
}

impl Connections for &World {
    async fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>, Fault> {
        self.count("GetItem", 1, 1);
        Ok(self.connections.borrow().get(id).cloned())
    }
    async fn save_connection(&self, mut record: Connection, audit: AuditEntry) -> Result<Connection, Fault> {
        assert!(!audit.what.is_empty());
        self.count("save_connection", 1, 1);
        assert_eq!(self.connections.borrow()[&record.id].version, record.version);
        record.version += 1;
        self.connections.borrow_mut().insert(record.id.clone(), record.clone());
        Ok(record)
    }
}

impl Attention for &World {
    async fn connections_needing_attention(&self) -> Result<Vec<ConnectionId>, Fault> {
        unreachable!("that is the sweep's")
    }
    async fn shares_needing_attention(&self) -> Result<Vec<ResourceShareArn>, Fault> {
        self.count("Query", 8, 1);
        Ok(vec![ResourceShareArn::parse(SHARE).unwrap()])
    }
    async fn connections_of_share(&self, _: &ResourceShareArn) -> Result<Vec<ConnectionId>, Fault> {
        unreachable!("each is looked at anyway")
    }
    async fn connections_without_share(&self) -> Result<Vec<ConnectionId>, Fault> {
        unreachable!("each is looked at anyway")
    }
}

impl FindMade for &World {
    async fn everything_made(&self) -> Result<Vec<(String, ConnectionId)>, Fault> {
        let connections = self.connections.borrow();
        // 150 bytes an entry, a megabyte a page.
        self.count("Scan", connections.len() * 150, 1_000_000);
        let made = connections.values().filter_map(|c| Some((c.made.as_ref()?.id().to_owned(), c.id.clone())));
        Ok(made.rev().collect())
    }
    async fn made_as(&self, _: &str) -> Result<Vec<ConnectionId>, Fault> {
        unreachable!("that is endpoint-event's")
    }
    async fn connections_of_ids(&self, ids: &[ConnectionId]) -> Result<Vec<Connection>, Fault> {
        if !ids.is_empty() {
            self.count("BatchGetItem", ids.len(), 100);
        }
        let connections = self.connections.borrow();
        Ok(ids.iter().filter_map(|id| connections.get(id).cloned()).collect())
    }
}

impl Rounds for &World {
    async fn round(&self) -> Result<Option<Round>, Fault> {
        Ok(self.round.borrow().clone())
    }
    async fn save_round(&self, mut round: Round) -> Result<Round, Fault> {
        self.count("save_round", 1, 1);
        if self.round.borrow().as_ref().map_or(0, |known| known.version) != round.version {
            return Err(FaultName::LedgerConflict.because("another has it"));
        }
        round.version += 1;
        *self.round.borrow_mut() = Some(round.clone());
        Ok(round)
    }
}
