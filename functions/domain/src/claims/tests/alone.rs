//! Claims of what no share brought.

use super::*;
use crate::ending::close_connection;
use crate::subscription::{GatewayItem, RouteTables, Trust};
use crate::testing::{gateway_item, interface_item};
use crate::wanted::endpoint_wishes;

const S3: &str = "com.amazonaws.us-east-1.s3";

/// Asks for endpoints and trusts nobody.
pub(super) fn asking(called: &str, endpoints: Vec<EndpointItem>) -> Subscription {
    Subscription { trust: Trust::nobody(), targets: Vec::new(), endpoints, ..subscription(called) }
}

fn interface(called: &str) -> Subscription {
    asking(called, vec![EndpointItem::Interface(interface_item(S3))])
}

/// What a sweep makes of it: of the wish if there is one, else of what nobody asks for any more.
fn swept(existing: Option<&Connection>, known: &[Subscription], broken: &[&str]) -> Option<(Connection, String)> {
    let (unreadable, home) = (unreadable(broken), home());
    let known = Known { subscriptions: known, unreadable: &unreadable, home: &home };
    match endpoint_wishes(&home, known.subscriptions).as_slice() {
        [] => settle(existing?, None, known, "intake (sweep)", now()),
        [wish] => fulfil_and_settle(wish, existing, known, "intake (sweep)", now()),
        more => panic!("{more:?}"),
    }
}

/// The connection that these ask for, in a status; without a plan nothing of it differs.
fn wanted_by(known: &[Subscription], status: Status) -> Connection {
    let new = swept(None, known, &[]).unwrap().0;
    assert_eq!((new.status, &new.share_arn), (Status::Wanted, &None));
    Connection { status, ..new }
}

fn as_operator_closes(connection: &Connection, known: &[Subscription]) -> Connection {
    let digest = deciding_digest(connection, None, known);
    close_connection(connection, "not now", "ana", &digest, now()).unwrap()
}

#[test]
fn it_stands_while_its_subscription_asks_for_it() {
    let known = [interface("a"), interface("b")];
    for status in LIVING.into_iter().chain([Status::Closed]) {
        let both = wanted_by(&known, status);
        assert_eq!(swept(Some(&both), &known, &[]), None, "{status:?}");
        assert_eq!(swept(Some(&both), &[], &["a", "b"]), None, "{status:?}: what can't be read is not withdrawn");
    }
}

#[test]
fn two_that_ask_for_the_same_are_withdrawn_in_turn() {
    for status in LIVING {
        let both = wanted_by(&[interface("a"), interface("b")], status);
        let (one, what) = swept(Some(&both), &[interface("b")], &[]).unwrap();
        assert_eq!(one.claims, [name("b")]);
        assert!(what.ends_with("subscription a is withdrawn"), "{what}");
        if status == Status::Failed {
            assert_eq!(one.status, Status::Wanted, "who decides on it changed");
            continue;
        }
        assert_eq!((one.status, &one.ending), (status, &None));
        assert_eq!(swept(Some(&one), &[interface("b")], &[]), None, "{status:?}: said once");
        let (none, _) = swept(Some(&one), &[], &[]).unwrap();
        assert_eq!(none.ending.as_ref().unwrap().cause, Cause::Withdrawn, "{status:?}");
        assert_eq!(none.claims, []);
        assert_eq!(swept(Some(&none), &[], &[]), None, "{status:?}: said once");
    }
}

#[test]
fn an_item_that_goes_or_leads_elsewhere_takes_its_claim_along() {
    let ready = wanted_by(&[interface("a")], Status::Ready);
    let (over, what) = swept(Some(&ready), &[asking("a", Vec::new())], &[]).unwrap();
    assert_eq!((over.status, over.ending.unwrap().cause), (Status::Closing, Cause::Withdrawn));
    assert!(what.contains("subscription a does not ask for it any more"), "{what}");

    let mut abroad = interface_item(S3);
    abroad.region = Some(crate::ids::Region::parse("eu-west-1").unwrap());
    let known = [asking("a", vec![EndpointItem::Interface(abroad)])];
    let (unreadable, home) = (unreadable(&[]), home());
    let known = Known { subscriptions: &known, unreadable: &unreadable, home: &home };
    assert_eq!(settle(&ready, None, known, "intake", now()).unwrap().0.status, Status::Closing);
}

#[test]
fn it_changes_hands_without_an_interruption() {
    let ready = wanted_by(&[interface("a")], Status::Ready);
    let (next, what) = swept(Some(&ready), &[interface("b")], &[]).unwrap();
    assert_eq!((next.status, next.claims.as_slice(), next.ending), (Status::Ready, &[name("b")][..], None));
    assert_eq!(what, "claimed by subscription b too; subscription a is withdrawn");
}

#[test]
fn what_was_withdrawn_comes_back_when_it_is_asked_for_again() {
    let ready = wanted_by(&[interface("a")], Status::Ready);
    let closing = swept(Some(&ready), &[], &[]).unwrap().0;
    let (again, _) = swept(Some(&closing), &[interface("a")], &[]).unwrap();
    assert_eq!((again.status, again.generation), (Status::Closing, 1));
    assert!(again.ending.unwrap().reopen.is_some(), "once it is removed");
    let closed = Connection { status: Status::Closed, ..closing };
    let (again, _) = swept(Some(&closed), &[interface("a")], &[]).unwrap();
    assert_eq!((again.status, again.generation, again.ending), (Status::Wanted, 2, None));
}

#[test]
fn what_an_operator_closed_stays_so_until_what_is_said_of_it_changes() {
    // Planned by settings that changed before the operator's word.
    let mut known = [interface("a")];
    let ready = Connection { digest: "planned by".to_owned(), ..wanted_by(&known, Status::Ready) };
    for status in [Status::Ready, Status::Closing, Status::Closed, Status::Failed] {
        let closed = as_operator_closes(&Connection { status, ending: None, ..ready.clone() }, &known);
        assert_eq!(swept(Some(&closed), &known, &[]), None, "{status:?}");
    }
    let closed = Connection { status: Status::Closed, ..as_operator_closes(&ready, &known) };
    known[0].limits.connections_per_share = Some(3);
    known[0].endpoints.push(EndpointItem::Gateway(gateway_item()));
    let said = deciding_digest(&closed, None, &known);
    assert_eq!(said, closed.ending.as_ref().unwrap().digest, "nothing is said of it that was not");
    known[0].endpoints.truncate(1);
    known[0].tags.insert("team".to_owned(), "x".to_owned());
    let (again, _) = swept(Some(&closed), &known, &[]).unwrap();
    assert_eq!((again.status, again.generation), (Status::Wanted, 2));
}

#[test]
fn the_digest_is_found_without_knowing_where_home_is() {
    let arn =
        crate::ids::ResourceArn::parse("arn:aws:vpc-lattice:us-east-1:111122223333:servicenetwork/sn-0a").unwrap();
    let network = |called| EndpointItem::ServiceNetwork(testing::network_item(called));
    let own = NetworkName::Own(crate::ids::ServiceNetworkId::parse("sn-0a").unwrap());
    for item in [
        EndpointItem::Interface(interface_item(S3)),
        EndpointItem::Gateway(gateway_item()),
        network(own),
        network(NetworkName::Arn(arn)),
    ] {
        let known = [asking("a", vec![item.clone()])];
        let connection = wanted_by(&known, Status::Ready);
        assert_eq!(deciding_digest(&connection, None, &known), connection.digest, "{item:?}");
        assert!(item.may_lead_to(&connection.resource), "{item:?}");
        assert_ne!(deciding_digest(&connection, None, &[]), connection.digest, "{item:?}");
    }
    assert!(!EndpointItem::Gateway(gateway_item()).may_lead_to(&testing::network("sn-0a").into()));
}

/// The same service network, shared and asked for: each is reason enough.
#[test]
fn what_is_shared_stays_while_it_is_asked_for_besides() {
    let item = EndpointItem::ServiceNetwork(testing::network_item(NetworkName::Arn(testing::network("sn-0a"))));
    let alone = [asking("a", vec![item])];
    let shared = Connection { share_arn: Some(accepted().arn), ..wanted_by(&alone, Status::Ready) };
    assert_eq!(settled(&shared, &accepted(), &alone), None);
    let (over, _) = settled(&shared, &accepted(), &[]).unwrap();
    assert_eq!(over.ending.unwrap().cause, Cause::Withdrawn);

    let mut trusting = subscription("a");
    trusting.trust.resource_types.push(ResourceType::ServiceNetwork);
    assert_eq!(settled(&shared, &accepted(), &[trusting]), None);
    let (over, what) = settled(&shared, &accepted(), &[subscription("a")]).unwrap();
    assert_eq!(over.status, Status::Closing);
    assert!(what.contains("does not trust a vpc-lattice:ServiceNetwork any more"), "{what}");
}

#[test]
fn what_was_revoked_is_not_opened_by_who_asked_for_it_all_along() {
    let item = EndpointItem::ServiceNetwork(testing::network_item(NetworkName::Arn(testing::network("sn-0a"))));
    let known = [Subscription { on_revoke: OnRevoke::Close, ..asking("a", vec![item]) }];
    let shared = Connection { share_arn: Some(accepted().arn), ..wanted_by(&known, Status::Failed) };
    let (over, _) = settled(&shared, &revoked(), &known).unwrap();
    assert_eq!((over.status, over.ending.as_ref().unwrap().cause), (Status::Closed, Cause::Revoked));
    assert_eq!(swept(Some(&over), &known, &[]), None);
}

#[test]
fn listed_route_tables_and_policies_that_differ_are_told() {
    let tables = |ids: &[&str]| ids.iter().map(|id| crate::ids::RouteTableId::parse(*id).unwrap()).collect::<Vec<_>>();
    let known = [asking("a", vec![EndpointItem::Gateway(gateway_item())])];
    let mut ready = Connection { made: connection(Status::Ready).made, ..wanted_by(&known, Status::Ready) };
    let plan = connection(Status::Ready).plan.unwrap();
    let call = |policy: Option<&str>| PlannedCall::GatewayEndpoint {
        service: crate::ids::Service::parse(S3).unwrap(),
        vpc: testing::vpc("vpc-0a"),
        route_tables: tables(&["rtb-0a"]),
        chosen_by: None,
        policy: policy.map(str::to_owned),
    };
    ready.plan = Some(Plan { call: call(None), ..plan.clone() });
    assert_eq!(swept(Some(&ready), &known, &[]), None, "which are all is not known here");
    let listed = GatewayItem { route_tables: RouteTables::Listed(tables(&["rtb-0b"])), ..gateway_item() };
    let known = [asking("a", vec![EndpointItem::Gateway(listed.clone())])];
    let seen = |ready: &Connection, known: &[Subscription]| {
        let (next, _) = swept(Some(ready), known, &[]).unwrap();
        let [finding] = &next.findings[..] else { panic!("{:?}", next.findings) };
        assert_eq!(finding.code, SETTINGS_DIFFER);
        assert_eq!(swept(Some(&next), known, &[]), None, "told once");
        finding.seen.clone()
    };
    assert!(seen(&ready, &known).contains("route tables rtb-0a instead of rtb-0b"));
    ready.plan = Some(Plan { call: call(Some("{}")), ..plan });
    let all = [asking("a", vec![EndpointItem::Gateway(gateway_item())])];
    assert!(seen(&ready, &all).contains("a policy instead of none"));
}
