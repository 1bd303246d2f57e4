#![allow(clippy::unwrap_used)]

mod association;
mod interface;
mod put_back;
mod routes;

use std::collections::BTreeSet;

use serde_json::json;

use super::aspects::{groups_of, subnets_of, tables_of};
use super::*;
use crate::claims::planned_otherwise;
use crate::connection::{MadeGroup, PlannedCall, PlannedDns};
use crate::ids::{RouteTableId, SecurityGroupId, SubnetId, VpcEndpointId};
use crate::inventory::ListedEndpoint;
use crate::network::{Endpoint, EndpointService, Ingress, RouteTable, SecurityGroup};
use crate::preflight::{ChangeSeen, RoutesSeen, VpcSeen, change};
use crate::profile::ProfileName;
use crate::resource::Resource;
use crate::subscription::{
    EndpointItem, GatewayItem, InterfaceItem, Kind, OnChange, Policy, PrivateDns, RouteTables, SecurityGroups, Subnets,
    Subscription, Target, TargetKey, Trust, VpcTarget,
};
use crate::testing::{self, endpoint_service, gateway_item, home, interface_item, name, now, subscription, vpc};
use crate::{Fault, FaultName, identity, profile};

const S3: &str = "com.amazonaws.us-east-1.s3";

fn group(id: &str) -> SecurityGroupId {
    SecurityGroupId::parse(id).unwrap()
}

fn groups(ids: &[&str]) -> Vec<SecurityGroupId> {
    ids.iter().map(|id| group(id)).collect()
}

fn tables(ids: &[&str]) -> Vec<RouteTableId> {
    ids.iter().map(|id| RouteTableId::parse(*id).unwrap()).collect()
}

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A ready resource endpoint as its subscription `a` says.
fn ready() -> Connection {
    let mut ready = testing::connection(Status::Ready);
    let plan = ready.plan.as_mut().unwrap();
    if let PlannedCall::ResourceEndpoint { private_dns, .. } = &mut plan.call {
        *private_dns =
            crate::preflight::planned_dns(&PrivateDns::ProfileDefault, profile::Profile::of(ProfileName::RedisCloud));
    }
    own_tags(&ready.id.clone(), plan);
    ready
}

fn own_tags(id: &crate::ids::ConnectionId, plan: &mut Plan) {
    plan.tags.insert(TAG_CONNECTION.to_owned(), id.to_string());
    plan.tags.insert(TAG_OWNER.to_owned(), plan.token.clone());
}

fn behind(ids: &[&str]) -> Subscription {
    let mut changed = subscription("a");
    let [Target::Vpc(VpcTarget { security_groups, .. })] = changed.targets.as_mut_slice() else { unreachable!() };
    *security_groups = SecurityGroups::Listed(groups(ids));
    changed
}

/// A ready connection without a share, as `item` says.
fn asked_for(item: EndpointItem) -> (Connection, Subscription) {
    let (kind, call) = match &item {
        EndpointItem::Gateway(GatewayItem { route_tables: RouteTables::Listed(route_tables), policy, .. }) => {
            let policy = policy.as_ref().map(Policy::text);
            let service = Resource::try_from(S3.to_owned()).unwrap();
            let Resource::Service(service) = service else { unreachable!() };
            let (route_tables, chosen_by) = (route_tables.clone(), Some("listed".to_owned()));
            let call = PlannedCall::GatewayEndpoint { service, vpc: vpc("vpc-0a"), route_tables, chosen_by, policy };
            (Kind::GatewayEndpoint, call)
        }
        EndpointItem::Interface(InterfaceItem { policy, security_groups, .. }) => {
            let Resource::Service(service) = Resource::try_from(S3.to_owned()).unwrap() else { unreachable!() };
            let call = PlannedCall::InterfaceEndpoint {
                service,
                vpc: vpc("vpc-0a"),
                subnets: vec![SubnetId::parse("subnet-0a").unwrap()],
                security_groups: security_groups.listed(),
                private_dns: true,
                policy: policy.as_ref().map(Policy::text),
            };
            (Kind::InterfaceEndpoint, call)
        }
        other => panic!("{other:?}"),
    };
    let target = TargetKey::Vpc(vpc("vpc-0a"));
    let resource = Resource::try_from(S3.to_owned()).unwrap();
    let id = identity::connection_id(&home(), kind, &resource, &target);
    let mut connection = Connection { id: id.clone(), kind, resource, target, share_arn: None, ..ready() };
    let plan = connection.plan.as_mut().unwrap();
    plan.call = call;
    own_tags(&id, plan);
    (connection, asks(item))
}

fn asks(item: EndpointItem) -> Subscription {
    Subscription { trust: Trust::nobody(), targets: Vec::new(), endpoints: vec![item], ..subscription("a") }
}

fn policy(action: &str) -> Option<Policy> {
    let document = format!(
        "{{\"version\": 1, \"name\": \"p\", \"endpoints\": [{{\"gateway\": \"s3\", \"vpc\": \"vpc-0a1b2c3d\", \"route_tables\": \"all\", \
         \"policy\": {{\"Version\": \"2012-10-17\", \"Statement\": [{{\"Effect\": \"Allow\", \"Principal\": \"*\", \
         \"Action\": \"{action}\", \"Resource\": \"*\"}}]}}}}]}}"
    );
    let parsed = crate::subscription::parse("p", &document).unwrap();
    let [EndpointItem::Gateway(item)] = parsed.endpoints.as_slice() else { unreachable!() };
    item.policy.clone()
}

fn with_known<T>(subscriptions: &[Subscription], unreadable: &[&str], look: impl FnOnce(Known<'_>) -> T) -> T {
    let (home, unreadable) = (home(), unreadable.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>());
    look(Known { subscriptions, unreadable: &unreadable, home: &home })
}

/// What becomes of the plan, and the record afterwards.
fn change_of(connection: &Connection, subscription: &Subscription) -> Option<(Plan, Aspects, Connection, String)> {
    with_known(std::slice::from_ref(subscription), &[], |known| match step(connection, known) {
        Step::Change(change) => {
            let (next, what) = changed(connection, &change, Vec::new(), known);
            Some((change.plan, change.aspects, next, what))
        }
        Step::Nothing | Step::TakeBack => None,
    })
}

fn shown(has_groups: &[&str], has_tables: &[&str], has_tags: &BTreeMap<String, String>) -> Shown {
    Shown::Endpoint(Box::new(listed(has_groups, has_tables, has_tags)))
}

fn listed(has_groups: &[&str], has_tables: &[&str], has_tags: &BTreeMap<String, String>) -> ListedEndpoint {
    ListedEndpoint {
        endpoint: Endpoint {
            id: VpcEndpointId::parse("vpce-0a").unwrap(),
            endpoint_type: "Resource".to_owned(),
            state: "available".to_owned(),
            vpc: Some(vpc("vpc-0a")),
            resource: None,
            service_network: None,
            service: None,
            private_dns: false,
            route_tables: tables(has_tables),
            dns: Vec::new(),
            tags: has_tags.clone(),
            failure: None,
        },
        created: Some(now()),
        subnets: Vec::new(),
        security_groups: groups(has_groups),
        private_dns: PlannedDns { enabled: false, preference: None, domains: Vec::new() },
        policy: None,
        group_names: Vec::new(),
    }
}

#[test]
fn other_groups_become_the_plan_and_nothing_differs_then() {
    let (before, after) = (ready(), behind(&["sg-0b", "sg-0c"]));
    let (plan, aspects, next, what) = change_of(&before, &after).unwrap();
    assert_eq!(aspects, Aspects { security_groups: true, ..Aspects::default() });
    assert_eq!(groups_of(&plan.call), groups(&["sg-0b", "sg-0c"]));
    assert!(what.contains("vpce-0a") && what.contains("security groups sg-0b, sg-0c instead of sg-0a"), "{what}");
    assert_eq!((next.status, next.plan.as_ref()), (Status::Ready, Some(&plan)));
    assert_eq!(change_of(&next, &after), None, "done is done");
    assert!(with_known(&[after], &[], |known| planned_otherwise(&next, known).is_none()));
}

#[test]
fn the_order_of_a_list_is_no_change() {
    let mut before = ready();
    if let PlannedCall::ResourceEndpoint { security_groups, .. } = &mut before.plan.as_mut().unwrap().call {
        *security_groups = groups(&["sg-0a", "sg-0b"]);
    }
    assert_eq!(change_of(&before, &behind(&["sg-0b", "sg-0a"])), None);
}

#[test]
fn what_is_not_ready_or_ends_or_is_to_be_replaced_is_left_to_its_run() {
    let after = behind(&["sg-0b"]);
    assert!(change_of(&ready(), &after).is_some());
    for status in [Status::Wanted, Status::Opening, Status::Waiting, Status::Closing, Status::Failed, Status::Closed] {
        assert_eq!(change_of(&Connection { status, ..ready() }, &after), None, "{status:?}");
    }
    assert_eq!(change_of(&Connection { made: None, ..ready() }, &after), None);
    assert_eq!(change_of(&Connection { claims: vec![name("b")], ..ready() }, &after), None, "another's");
    let mut moved = Subscription { on_change: OnChange::Replace, ..after };
    let [Target::Vpc(target)] = moved.targets.as_mut_slice() else { unreachable!() };
    target.subnets = Subnets::Listed(vec![SubnetId::parse("subnet-0b").unwrap()]);
    assert_eq!(change_of(&ready(), &moved), None);
    moved.on_change = OnChange::Keep;
    let (plan, ..) = change_of(&ready(), &moved).unwrap();
    let PlannedCall::ResourceEndpoint { subnets, .. } = plan.call else { unreachable!() };
    assert_eq!(subnets, [SubnetId::parse("subnet-0a").unwrap()], "only what can be changed is");
}

#[test]
fn a_group_of_its_own_stays() {
    let mut before = ready();
    let plan = before.plan.as_mut().unwrap();
    let own = json!({"vpc": "vpc-0a", "ports": [[1, 2]], "cidrs": ["10.0.0.0/16"], "security_groups": []});
    plan.group = Some(serde_json::from_value(own).unwrap());
    // As it is stored: the plan is written before the group has an id.
    let PlannedCall::ResourceEndpoint { security_groups, .. } = &mut plan.call else { unreachable!() };
    security_groups.clear();
    before.group = Some(MadeGroup { id: group("sg-0f"), refused_since: None });
    assert_eq!(change_of(&before, &behind(&["sg-0b"])), None);
    let tagged = Subscription { tags: tags(&[("team", "data")]), ..behind(&["sg-0b"]) };
    let (plan, aspects, ..) = change_of(&before, &tagged).unwrap();
    assert_eq!(aspects, Aspects { tags: true, ..Aspects::default() });
    let shown = shown(&["sg-0f"], &[], &before.plan.as_ref().unwrap().tags);
    let calls = calls(&[before.plan.clone().unwrap()], &plan, &shown, &[shown.tags()]);
    assert!(calls.modify.is_none() && !calls.set_tags.is_empty(), "{calls:?}");
    let mut managed = subscription("a");
    let [Target::Vpc(target)] = managed.targets.as_mut_slice() else { unreachable!() };
    target.security_groups = SecurityGroups::Managed(crate::subscription::Sources::default());
    assert_eq!(change_of(&ready(), &managed), None);
}

/// What is told as applied and what is applied are the same, for every setting.
#[test]
fn what_is_told_as_changed_in_place_is_what_is_changed() {
    let interface = || EndpointItem::Interface(interface_item(S3));
    let gateway = |ids: &[&str], policy| {
        EndpointItem::Gateway(GatewayItem { route_tables: RouteTables::Listed(tables(ids)), policy, ..gateway_item() })
    };
    let cases: Vec<(Connection, Subscription)> = vec![
        (ready(), subscription("a")),
        (ready(), behind(&["sg-0b"])),
        (ready(), Subscription { tags: tags(&[("team", "data")]), ..subscription("a") }),
        (asked_for(gateway(&["rtb-0a"], None)).0, asks(gateway(&["rtb-0b"], None))),
        (asked_for(gateway(&["rtb-0a"], None)).0, asks(gateway(&["rtb-0a"], policy("s3:GetObject")))),
        (asked_for(gateway(&["rtb-0a"], policy("s3:GetObject"))).0, asks(gateway(&["rtb-0a"], None))),
        (asked_for(interface()).0, asks(interface())),
        (
            asked_for(interface()).0,
            asks(EndpointItem::Interface(InterfaceItem {
                policy: policy("s3:GetObject"),
                security_groups: SecurityGroups::Listed(groups(&["sg-0a", "sg-0b"])),
                private_dns: Some(false),
                subnets: Subnets::Listed(vec![SubnetId::parse("subnet-0b").unwrap()]),
                ..interface_item(S3)
            })),
        ),
    ];
    let mut changes = 0;
    for (before, after) in &cases {
        let left = |connection: &Connection| {
            with_known(std::slice::from_ref(after), &[], |known| {
                planned_otherwise(connection, known).map_or_else(Vec::new, |(_, differences)| differences)
            })
        };
        let told = left(before);
        match change_of(before, after) {
            None => assert!(told.iter().all(|d| !d.applied), "{told:?}"),
            Some((.., next, what)) => {
                changes += 1;
                assert!(told.iter().any(|d| d.applied), "{what}");
                let rest: Vec<_> = told.into_iter().filter(|d| !d.applied).collect();
                assert_eq!(left(&next), rest, "{what}");
            }
        }
    }
    assert_eq!(changes, 6);
}

#[test]
fn what_cannot_be_read_changes_nothing_and_takes_nothing_back() {
    let mut told = ready();
    told.findings.push(Finding {
        severity: Severity::Warning,
        code: CHANGE_NOT_MADE.to_owned(),
        seen: String::new(),
        needed: String::new(),
        way_out: String::new(),
    });
    assert!(with_known(&[], &["a"], |known| step(&told, known) == Step::Nothing));
    assert!(with_known(&[subscription("a")], &[], |known| step(&told, known) == Step::TakeBack));
    let back = with_known(&[subscription("a")], &[], |known| taken_back(&told, known));
    assert_eq!(back.findings, []);
}

#[test]
fn the_list_of_groups_holds_and_is_said_once() {
    let (before, after) = (ready(), behind(&["sg-0b"]));
    let (plan, ..) = change_of(&before, &after).unwrap();
    let old = [before.plan.clone().unwrap()];
    let calls_for = |has: &[&str]| {
        let shown = shown(has, &[], &plan.tags);
        calls(&old, &plan, &shown, &[shown.tags()]).modify
    };
    let first = calls_for(&["sg-0a"]);
    assert_eq!((first.add_groups, first.remove_groups), (groups(&["sg-0b"]), groups(&["sg-0a"])));
    let by_hand = calls_for(&["sg-0a", "sg-0f"]);
    assert_eq!(by_hand.remove_groups, groups(&["sg-0a", "sg-0f"]), "as SettingsChanged has it");
    assert!(calls_for(&["sg-0b"]).is_none());
    let half = calls_for(&["sg-0b", "sg-0a"]);
    assert_eq!((half.add_groups, half.remove_groups), (groups(&[]), groups(&["sg-0a"])));
}

#[test]
fn tags_and_tables_that_somebody_added_stay() {
    let item = |ids: &[&str]| {
        EndpointItem::Gateway(GatewayItem { route_tables: RouteTables::Listed(tables(ids)), ..gateway_item() })
    };
    let (mut before, _) = asked_for(item(&["rtb-0a"]));
    before.plan.as_mut().unwrap().tags.extend(tags(&[("team", "data"), ("stage", "test"), ("cost", "1")]));
    let after = Subscription { tags: tags(&[("team", "core"), ("new", "1")]), ..asks(item(&["rtb-0b"])) };
    let (plan, aspects, _, what) = change_of(&before, &after).unwrap();
    assert!(aspects.tags && aspects.route_tables && what.contains("team=core"), "{what}");
    let old = [before.plan.clone().unwrap()];
    // Somebody gave `cost` another value, and added a tag and a table.
    let mut has = old[0].tags.clone();
    has.extend(tags(&[("cost", "2"), ("theirs", "x")]));
    let shown = shown(&[], &["rtb-0a", "rtb-0f"], &has);
    let made = calls(&old, &plan, &shown, &[shown.tags()]);
    assert_eq!((made.modify.add_tables, made.modify.remove_tables), (tables(&["rtb-0b"]), tables(&["rtb-0a"])));
    assert_eq!(made.set_tags, tags(&[("new", "1"), ("team", "core")]));
    assert_eq!(made.remove_tags, tags(&[("stage", "test")]));
    // Another thing with the connection's tags that lacks one: it is said for both.
    let lacking = calls(&old, &plan, &shown, &[&plan.tags, &BTreeMap::new()]);
    assert_eq!(lacking.set_tags, tags(&[("new", "1"), ("team", "core")]));
    assert!(old[0].tags.contains_key(TAG_OWNER) && !made.remove_tags.contains_key(TAG_OWNER));
}

/// AWS may have done it and nobody heard; then the subscription says something else, or what it said before.
#[test]
fn what_was_begun_is_finished_or_taken_back() {
    let item = |ids: &[&str]| {
        EndpointItem::Gateway(GatewayItem { route_tables: RouteTables::Listed(tables(ids)), ..gateway_item() })
    };
    let (before, was) = asked_for(item(&["rtb-0a"]));
    let to_b = asks(item(&["rtb-0b"]));
    let begun = with_known(std::slice::from_ref(&to_b), &[], |known| {
        let Step::Change(change) = step(&before, known) else { panic!("nothing to change") };
        let (begun, what) = begun(&before, &change);
        assert!(what.contains("rtb-0b instead of rtb-0a"), "{what}");
        assert!(change.is_begun(&begun) && !change.is_begun(&before));
        begun
    });
    assert_eq!((&begun.plan, begun.changing.len()), (&before.plan, 1));
    for (says, holds) in [(&to_b, "rtb-0b"), (&was, "rtb-0a"), (&asks(item(&["rtb-0c"])), "rtb-0c")] {
        let (plan, aspects, next, what) = change_of(&begun, says).unwrap();
        assert!(aspects.route_tables, "{what}");
        for has in ["rtb-0a", "rtb-0b"] {
            let shown = shown(&[], &[has, "rtb-0f"], &plan.tags);
            let made = calls(&plans(&begun), &plan, &shown, &[shown.tags()]);
            let left = |keep: &str| if has == keep { tables(&[]) } else { tables(&[has]) };
            assert_eq!(made.modify.remove_tables, left(holds), "{has} -> {holds}");
            assert_eq!(made.modify.add_tables, if has == holds { tables(&[]) } else { tables(&[holds]) });
        }
        assert_eq!((next.changing.len(), tables_of(&next.plan.as_ref().unwrap().call)), (0, &*tables(&[holds])));
        assert_eq!(change_of(&next, says), None);
    }
    let refused = Refusal::Refused(FaultName::AccessDenied.because("no"));
    with_known(std::slice::from_ref(&to_b), &[], |known| {
        let Step::Change(change) = step(&begun, known) else { panic!("nothing to change") };
        assert_eq!(told(&begun, &change, &refused, true).unwrap().0.changing, []);
        assert_eq!(told(&begun, &change, &refused, false).unwrap().0.changing, begun.changing);
    });
    // Another run finished in between: what this one began is said again, once, and taken back.
    let mine = begun.changing.clone();
    assert!(doubted(&begun, &mine).is_none() && doubted(&before, &[]).is_none());
    let (doubt, _) = doubted(&before, &mine).unwrap();
    assert_eq!(doubt.changing, mine);
    assert!(change_of(&doubt, &was).unwrap().1.route_tables);
    let over = Connection { status: Status::Closing, ..begun };
    assert!(doubted(&over, &[ready().plan.unwrap()]).is_none());
    assert_eq!(crate::ending::finished(&over, "gone", now()).changing, []);
}

#[test]
fn a_policy_is_set_or_reset() {
    let item = |policy| {
        let route_tables = RouteTables::Listed(tables(&["rtb-0a"]));
        EndpointItem::Gateway(GatewayItem { route_tables, policy, ..gateway_item() })
    };
    let said = |from: Option<Policy>, to: Option<Policy>| {
        let (before, _) = asked_for(item(from));
        let (plan, ..) = change_of(&before, &asks(item(to)))?;
        let shown = shown(&[], &["rtb-0a"], &plan.tags);
        calls(&[before.plan.unwrap()], &plan, &shown, &[shown.tags()]).modify.policy
    };
    let (get, put) = (policy("s3:GetObject"), policy("s3:PutObject"));
    assert_eq!(said(None, get.clone()), Some(PolicyChange::Set(get.as_ref().unwrap().text())));
    assert_eq!(said(get.clone(), put.clone()), Some(PolicyChange::Set(put.unwrap().text())));
    assert_eq!(said(get.clone(), None), Some(PolicyChange::Reset));
    assert_eq!(said(get.clone(), get), None);
}

fn found(connection: &Connection, subscription: &Subscription, seen: &ChangeSeen) -> Vec<String> {
    with_known(std::slice::from_ref(subscription), &[], |known| {
        let Step::Change(wanted) = step(connection, known) else { panic!("nothing to change") };
        change(&wanted, connection, seen).into_iter().map(|finding| finding.code).collect()
    })
}

fn admitting(id: &str, of: &str, ports: &[(u16, u16)]) -> SecurityGroup {
    let ingress = ports.iter().map(|ports| Ingress { protocol: "tcp".to_owned(), ports: Some(*ports) }).collect();
    SecurityGroup { id: group(id), vpc: vpc(of), ingress }
}

#[test]
fn groups_are_looked_at_before_they_are_put_there() {
    let after = behind(&["sg-0b"]);
    let of = |security_groups| {
        found(
            &ready(),
            &after,
            &ChangeSeen { site: VpcSeen { security_groups, ..VpcSeen::default() }, ..ChangeSeen::default() },
        )
    };
    let redis = [(10000, 19999), (8070, 8070)];
    assert_eq!(of(vec![admitting("sg-0b", "vpc-0a", &redis)]), [""; 0]);
    assert_eq!(of(vec![]), ["SecurityGroupNotFound"]);
    assert_eq!(of(vec![admitting("sg-0b", "vpc-0b", &redis)]), ["SecurityGroupInOtherVpc"]);
    assert_eq!(of(vec![admitting("sg-0b", "vpc-0a", &[])])[0], "PortsClosed");
    // Tags alone need no look at groups.
    let tagged = Subscription { tags: tags(&[("team", "data")]), ..subscription("a") };
    assert_eq!(found(&ready(), &tagged, &ChangeSeen::default()), [""; 0]);
}

#[test]
fn tables_and_policies_are_looked_at_too() {
    let item = |ids: &[&str], policy| {
        EndpointItem::Gateway(GatewayItem { route_tables: RouteTables::Listed(tables(ids)), policy, ..gateway_item() })
    };
    let (before, _) = asked_for(item(&["rtb-0a"], None));
    let table = |of: &str| RouteTable {
        id: tables(&["rtb-0b"])[0].clone(),
        vpc: vpc(of),
        main: false,
        subnets: Vec::new(),
        routes: Vec::new(),
    };
    let other = Endpoint {
        id: VpcEndpointId::parse("vpce-0f").unwrap(),
        endpoint_type: "Gateway".to_owned(),
        service: Some(S3.to_owned()),
        route_tables: tables(&["rtb-0b"]),
        ..listed(&[], &[], &BTreeMap::new()).endpoint
    };
    let of = |route_tables, endpoints| {
        let routes = RoutesSeen { route_tables, endpoints, ..RoutesSeen::default() };
        found(&before, &asks(item(&["rtb-0b"], None)), &ChangeSeen { routes, ..ChangeSeen::default() })
    };
    assert_eq!(of(vec![table("vpc-0a")], vec![]), [""; 0]);
    assert_eq!(of(vec![], vec![]), ["RouteTableNotFound"]);
    assert_eq!(of(vec![table("vpc-0b")], vec![]), ["RouteTableInOtherVpc"]);
    assert_eq!(of(vec![table("vpc-0a")], vec![other]), ["GatewayExists"]);

    let service = |policy_supported| EndpointService {
        service_type: "Gateway".to_owned(),
        policy_supported,
        ..endpoint_service(S3)
    };
    let with_policy = asks(item(&["rtb-0a"], policy("s3:GetObject")));
    let of = |supported| {
        let services = vec![service(supported)];
        found(&before, &with_policy, &ChangeSeen { services, ..ChangeSeen::default() })
    };
    assert_eq!((of(true), of(false)), (vec![], vec!["PolicyNotSupported".to_owned()]));
}

#[test]
fn a_refusal_is_told_once_and_changes_nothing_else() {
    let before = ready();
    let denied: Fault = FaultName::AccessDenied.because("ec2:ModifyVpcEndpoint is not allowed");
    let after = behind(&["sg-0b"]);
    with_known(std::slice::from_ref(&after), &[], |known| {
        let Step::Change(wanted) = step(&before, known) else { panic!("nothing to change") };
        for refusal in [Refusal::Refused(denied), Refusal::NotOurs, Refusal::NotReadyFor(Vec::new())] {
            let (next, what) = told(&before, &wanted, &refusal, true).unwrap();
            let [finding] = next.findings.as_slice() else { panic!("{:?}", next.findings) };
            assert_eq!((finding.code.as_str(), finding.severity), (CHANGE_NOT_MADE, Severity::Warning));
            assert!(finding.needed.contains("security groups sg-0b instead of sg-0a"), "{}", finding.needed);
            assert!(what.contains("not changed"), "{what}");
            assert_eq!(told(&next, &wanted, &refusal, true), None, "told already");
            assert_eq!(Connection { findings: Vec::new(), ..next.clone() }, before);
            let (done, _) = changed(&next, &wanted, Vec::new(), known);
            assert_eq!(done.findings, []);
        }
    });
}

#[test]
fn only_what_is_in_the_record_and_carries_its_tags_is_ours() {
    let ours = ready();
    let carried = ours.plan.as_ref().unwrap().tags.clone();
    assert!(is_ours(&ours, &carried));
    for key in [TAG_CONNECTION, TAG_OWNER] {
        let mut less = carried.clone();
        less.remove(key);
        assert!(!is_ours(&ours, &less), "{key}");
    }
    for (state, can) in [("Available", true), ("pending", true), ("deleting", false), ("failed", false)] {
        let mut listed = listed(&[], &[], &carried);
        listed.endpoint.state = state.to_owned();
        assert_eq!(Shown::Endpoint(Box::new(listed)).can_be_changed(), can, "{state}");
    }
}
