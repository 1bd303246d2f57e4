#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::ending::{self, close_connection};
use crate::ids::{ConnectionId, SubnetId};
use crate::preflight::Finding;
use crate::subscription::{EndpointItem, InterfaceItem, Trust};
use crate::sweep::{ConnectionStep, connection_step, retry_connection};
use crate::testing::{gateway_item, home, interface_item, name, now, share_arn, subscription};
use crate::wanted::{Origin, endpoint_wishes, fulfil};

/// An interface endpoint to a service of its own.
fn interface(number: usize) -> EndpointItem {
    EndpointItem::Interface(interface_item(&format!("com.amazonaws.us-east-1.service-{number}")))
}

/// The same, in so many zones.
fn in_zones(number: usize, zones: usize) -> EndpointItem {
    let subnets = (0..zones).map(|zone| SubnetId::parse(format!("subnet-0{zone}")).unwrap()).collect();
    let item = interface_item(&format!("com.amazonaws.us-east-1.service-{number}"));
    EndpointItem::Interface(InterfaceItem { subnets: Subnets::Listed(subnets), ..item })
}

fn asking(called: &str, most: Option<u32>, dollars: Option<u32>, endpoints: Vec<EndpointItem>) -> Subscription {
    let limits = Limits { endpoints: most, monthly_cost_of_endpoints: dollars, ..Limits::default() };
    Subscription { trust: Trust::nobody(), targets: Vec::new(), endpoints, limits, ..subscription(called) }
}

/// What a look makes of it: every record afterwards, in the order in which they are asked for, and whether it was written.
fn look(known: &[Subscription], records: &[Connection]) -> Vec<(Connection, bool)> {
    let (unreadable, home) = (BTreeSet::new(), home());
    let known = Known { subscriptions: known, unreadable: &unreadable, home: &home };
    let wishes = endpoint_wishes(&home, known.subscriptions);
    let record = |id: &ConnectionId| records.iter().find(|record| record.id == *id).cloned();
    let mut asked: Vec<_> =
        wishes.iter().map(|wish| Asked::new(wish, record(&wish.id(&home)), known, "intake (sweep)", now())).collect();
    allot(&mut asked, known, now());
    asked
        .into_iter()
        .map(|Asked { existing, next, .. }| match next {
            Some((next, what)) => {
                assert!(!what.is_empty());
                (next, true)
            }
            None => (existing.unwrap(), false),
        })
        .collect()
}

fn records(looked: Vec<(Connection, bool)>) -> Vec<Connection> {
    looked.into_iter().map(|(record, _)| record).collect()
}

fn held(records: &[Connection]) -> Vec<bool> {
    records.iter().map(Connection::is_held).collect()
}

#[test]
fn what_there_is_no_room_for_is_held_until_there_is() {
    let three = || vec![interface(1), interface(2), interface(3)];
    let first = records(look(&[asking("a", Some(2), None, three())], &[]));
    assert_eq!(held(&first), [false, false, true]);
    let over = &first[2];
    assert_eq!((over.status, &over.held_by), (Status::Wanted, &vec![name("a")]));
    assert_eq!(over.why, "it is held: it would be endpoint number 3 of subscription a, whose limits.endpoints is 2");
    assert!(over.next.contains("raise the limit") && over.next.contains(&format!("drawbridge approve {}", over.id)));
    // No run is started, by nobody.
    assert_eq!(connection_step(over, jiff::SignedDuration::ZERO, now()), ConnectionStep::Nothing);
    assert!(retry_connection(over, now()).unwrap_err().contains("limits.endpoints"));
    // Nothing is written while nothing changes.
    let again = look(&[asking("a", Some(2), None, three())], &first);
    assert!(again.iter().all(|(_, written)| !written), "{again:?}");
    // Raised, or one of the others goes.
    let raised = look(&[asking("a", Some(3), None, three())], &first);
    assert_eq!(raised.iter().map(|(_, written)| *written).collect::<Vec<_>>(), [false, false, true]);
    let free = &raised[2].0;
    assert_eq!((free.status, free.is_held(), free.attempt, free.generation), (Status::Wanted, false, 1, 1));
    assert_eq!(connection_step(free, jiff::SignedDuration::ZERO, now()), ConnectionStep::Ensure);
    let fewer = look(&[asking("a", Some(2), None, vec![interface(1), interface(3)])], &first);
    assert_eq!(held(&records(fewer)), [false, false]);
    // Once it has its place it keeps it, though the limit is lowered.
    let lower = look(&[asking("a", Some(1), None, three())], &records(raised));
    assert!(lower.iter().all(|(record, written)| !written && !record.is_held()));
}

#[test]
fn what_has_its_place_keeps_it() {
    let two = [asking("a", Some(1), None, vec![interface(1), interface(2)])];
    let first = records(look(&two, &[]));
    for (status, keeps) in [
        (Status::Wanted, true),
        (Status::Opening, true),
        (Status::Waiting, true),
        (Status::Ready, true),
        (Status::Closing, true),
        (Status::Failed, true),
        (Status::Closed, false),
    ] {
        let mut one = first[0].clone();
        one.status = status;
        let then = records(look(&two, &[one, first[1].clone()]));
        assert_eq!(held(&then), [false, keeps], "{status:?}");
    }
}

#[test]
fn what_an_operator_closed_leaves_its_place_and_comes_back_when_there_is_one() {
    let two = [asking("a", Some(1), None, vec![interface(1), interface(2)])];
    let first = records(look(&two, &[]));
    let ready = Connection { status: Status::Ready, ..first[0].clone() };
    let closing = close_connection(&ready, "not now", "ana", &ready.digest, now()).unwrap();
    let closed = ending::finished(&closing, "it is gone", now());
    assert_eq!(closed.status, Status::Closed);
    let then = records(look(&two, &[closed, first[1].clone()]));
    assert_eq!((then[0].status, held(&then)), (Status::Closed, vec![false, false]));
    // Asked for anew, there is no room for it any more.
    let mut other = interface_item("com.amazonaws.us-east-1.service-1");
    other.private_dns = Some(false);
    let changed = [asking("a", Some(1), None, vec![EndpointItem::Interface(other), interface(2)])];
    let anew = records(look(&changed, &then));
    assert_eq!((anew[0].status, anew[0].generation, held(&anew)), (Status::Wanted, 2, vec![true, false]));
}

#[test]
fn what_is_held_can_end_and_nothing_runs_for_it() {
    let two = [asking("a", Some(1), None, vec![interface(1), interface(2)])];
    let over = records(look(&two, &[])).remove(1);
    let (unreadable, home) = (BTreeSet::new(), home());
    let one = [asking("a", Some(1), None, vec![interface(1)])];
    let known = Known { subscriptions: &one, unreadable: &unreadable, home: &home };
    let (gone, _) = claims::settle(&over, None, known, "intake (sweep)", now()).unwrap();
    assert_eq!((gone.status, gone.held_by.as_slice()), (Status::Closed, [].as_slice()));
    assert!(gone.why.contains("does not ask for it any more (nothing was made of it)"), "{}", gone.why);
    let closed = close_connection(&over, "not now", "ana", &over.digest, now()).unwrap();
    assert_eq!((closed.status, closed.is_held()), (Status::Closed, false));
}

#[test]
fn an_operator_lets_it_go_on_beyond_the_limit() {
    let two = [asking("a", Some(1), None, vec![interface(1), interface(2)])];
    let first = records(look(&two, &[]));
    let approved = approve(&first[1], "ana", now()).unwrap();
    assert_eq!((approved.is_held(), approved.why.as_str()), (false, "ana approved it beyond the limits of a"));
    let then = look(&two, &[first[0].clone(), approved]);
    assert!(then.iter().all(|(record, written)| !written && !record.is_held()), "it is not held again");
    assert!(approve(&first[0], "ana", now()).unwrap_err().contains("waits for no person"));
}

#[test]
fn a_cost_is_counted_by_zone_and_an_unknown_one_is_not_within_any_limit() {
    // 7.30 USD for each zone.
    let dear = || vec![in_zones(1, 2), in_zones(2, 1), in_zones(3, 2), EndpointItem::Gateway(gateway_item())];
    let looked = records(look(&[asking("a", None, Some(22), dear())], &[]));
    assert_eq!(held(&looked), [false, false, true, false], "what costs nothing is made");
    let why = "with it the endpoints of subscription a would cost 36.50 USD per month besides traffic, its \
               limits.monthly_cost_of_endpoints is 22 USD";
    assert!(looked[2].why.contains(why), "{}", looked[2].why);
    assert_eq!(held(&records(look(&[asking("a", None, Some(37), dear())], &looked))), [false; 4]);
    let unknown = records(look(&[asking("a", None, Some(1000), vec![interface(1), in_zones(2, 1)])], &[]));
    assert_eq!(held(&unknown), [true, false], "in how many zones it will stand is not known");
    assert!(unknown[0].why.contains("can't be told: it costs per Availability Zone"), "{}", unknown[0].why);
    let anyway = approve(&unknown[0], "ana", now()).unwrap();
    let beside = [asking("a", None, Some(1000), vec![interface(1), in_zones(2, 1), in_zones(3, 1)])];
    let then = records(look(&beside, &[anyway, unknown[1].clone()]));
    assert_eq!(held(&then), [false, false, true], "the sum is not known, either, until it is planned");
}

#[test]
fn whoever_has_room_for_it_may_have_it() {
    let both = [
        asking("a", Some(1), None, vec![interface(1), interface(2)]),
        asking("b", Some(1), None, vec![interface(2), interface(3)]),
    ];
    let looked = records(look(&both, &[]));
    assert_eq!(held(&looked), [false, false, true], "b has room for the second");
    assert_eq!(looked[1].claims, [name("a"), name("b")]);
    let neither = [
        asking("a", Some(1), None, vec![interface(1), interface(2)]),
        asking("b", Some(1), None, vec![interface(3), interface(2)]),
    ];
    let third = records(look(&[asking("b", Some(1), None, vec![interface(3)])], &[]));
    let looked = records(look(&neither, &third));
    assert_eq!(held(&looked), [false, true, false]);
    assert_eq!(looked[1].held_by, [name("a"), name("b")]);
    assert!(looked[1].why.contains("subscription a") && looked[1].why.contains("subscription b"));
}

#[test]
fn what_could_not_be_read_may_have_its_place() {
    let two = [asking("a", Some(1), None, vec![interface(1), interface(2)])];
    let (unreadable, home) = (BTreeSet::new(), home());
    let known = Known { subscriptions: &two, unreadable: &unreadable, home: &home };
    let wishes = endpoint_wishes(&home, &two);
    let mut asked = [Asked::unread(&wishes[0]), Asked::new(&wishes[1], None, known, "intake (sweep)", now())];
    allot(&mut asked, known, now());
    assert!(asked[0].next.is_none() && asked[1].next.as_ref().unwrap().0.is_held());
}

#[test]
fn what_is_shared_meanwhile_is_the_shares_to_decide() {
    let two = [asking("a", Some(1), None, vec![interface(1), interface(2)])];
    let over = records(look(&two, &[])).remove(1);
    let home = home();
    let wishes = endpoint_wishes(&home, &two);
    let origin = Origin {
        share: Some(share_arn(crate::testing::SENDER)),
        ..Origin::subscriptions(over.kind, &over.resource, &over.target, &two)
    };
    let (next, _) = fulfil(&home, &origin, &wishes[1], Some(&over), &two, now()).unwrap();
    assert!(!next.is_held() && next.status == Status::Wanted && next.findings == Vec::<Finding>::new());
}

proptest! {
    /// However it came to be, and in whatever order things happen: no look lets more be made than there is room for, none
    /// starts anything twice, and a second one changes nothing.
    #[test]
    fn never_more_than_there_is_room_for(
        limit in 1u32..4,
        statuses in proptest::collection::vec(proptest::option::of(0usize..9), 1..6),
    ) {
        let endpoints: Vec<_> = (0..statuses.len()).map(interface).collect();
        let unlimited = [asking("a", None, None, endpoints.clone())];
        let known = [asking("a", Some(limit), None, endpoints)];
        let mut before = Vec::new();
        for (record, status) in records(look(&unlimited, &[])).into_iter().zip(&statuses) {
            match status {
                None => {}
                Some(at) if *at < 7 => before.push(Connection { status: Status::ALL[*at], ..record }),
                Some(_) => before.push(Connection { held_by: vec![name("a")], ..record }),
            }
        }
        let stood = before.iter().filter(|r| r.status != Status::Closed && !r.is_held()).count();
        let after = records(look(&known, &before));
        let stands = after.iter().filter(|r| r.status != Status::Closed && !r.is_held()).count();
        prop_assert!(stands <= stood.max(limit as usize));
        let waits = after.iter().any(Connection::is_held);
        prop_assert!(!waits || stands >= limit as usize, "none waits while there is room");
        prop_assert!(look(&known, &after).iter().all(|(_, written)| !written));
    }
}
