#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;
use crate::profile::ProfileName;
use crate::share::ShareStatus;
use crate::subscription::{GatewayItem, NetworkName, RouteTables, Subnets, Target, Trust};
use crate::testing::{self, home, name, network_target, now, resource, share_record, subscription, vpc_target};

const STATUSES: [Status; 7] =
    [Status::Wanted, Status::Opening, Status::Waiting, Status::Ready, Status::Closing, Status::Failed, Status::Closed];

fn resources(ids: &[&str]) -> Vec<Offer> {
    let offer = |id: &&str| Offer {
        arn: resource(id),
        of: ResourceType::ResourceConfiguration,
        name: Some(format!("name of {id}")),
    };
    ids.iter().map(offer).collect()
}

fn wish(claims: &[&str]) -> Wish {
    Wish {
        kind: Kind::ResourceEndpoint,
        resource: resource("rcfg-1").into(),
        resource_name: Some("orders".to_owned()),
        target: vpc_target("vpc-0a").key(),
        claims: claims.iter().map(|claim| name(claim)).collect(),
    }
}

fn share() -> ShareRecord {
    share_record(ShareStatus::Accepting)
}

fn existing(status: Status) -> Connection {
    testing::connection(status)
}

fn asked(wish: &Wish, existing: Option<&Connection>, subscriptions: &[Subscription]) -> Option<(Connection, String)> {
    fulfil(&home(), &Origin::share(&share()), wish, existing, subscriptions, now())
}

#[test]
fn each_resource_is_wanted_from_each_target_once() {
    let a = Subscription { targets: vec![vpc_target("vpc-0a"), network_target("sn-0a")], ..subscription("a") };
    let b = Subscription { targets: vec![vpc_target("vpc-0b"), vpc_target("vpc-0a")], ..subscription("b") };
    let found: Vec<_> = wishes(&resources(&["rcfg-1", "rcfg-2"]), &[&a, &b])
        .into_iter()
        .map(|wish| (wish.resource.id().to_owned(), wish.target.to_string(), join(&wish.claims)))
        .collect();
    let expected = ["rcfg-1", "rcfg-2"].into_iter().flat_map(|id| {
        [("vpc-0a", "a, b"), ("sn-0a", "a"), ("vpc-0b", "b")]
            .map(|(target, claims)| (id.to_owned(), target.to_owned(), claims.to_owned()))
    });
    assert_eq!(found, expected.collect::<Vec<_>>());
}

#[test]
fn what_is_new_is_wanted_and_says_for_whom() {
    let subscriptions = [subscription("a"), subscription("b")];
    let (new, what) = asked(&wish(&["a", "b"]), None, &subscriptions).unwrap();
    assert_eq!((new.status, new.attempt, new.generation, new.version), (Status::Wanted, 1, 1, 0));
    let key = vpc_target("vpc-0a").key();
    let id = identity::connection_id(&home(), Kind::ResourceEndpoint, &resource("rcfg-1").into(), &key);
    assert_eq!((new.id, new.kind, new.share_arn), (id, Kind::ResourceEndpoint, Some(share().arn)));
    assert_eq!((what.as_str(), new.digest.as_str(), new.findings.len()), ("asked for", "digest", 0));
    assert!(new.why.contains("redis-production") && new.why.contains("a, b"), "{}", new.why);
    assert_eq!((new.plan, new.made, new.execution), (None, None, None));
}

#[test]
fn one_that_says_it_all_is_not_written_again() {
    for status in STATUSES {
        assert_eq!(asked(&wish(&["a"]), Some(&existing(status)), &[subscription("a")]), None, "{status:?}");
    }
}

#[test]
fn another_claim_is_added_and_changes_nothing_else() {
    for status in STATUSES {
        let before = existing(status);
        let subscriptions = [subscription("a"), subscription("b")];
        let (next, what) = asked(&wish(&["a", "b"]), Some(&before), &subscriptions).unwrap();
        assert_eq!(what, "claimed by subscription b too");
        assert_eq!(next.claims, [name("a"), name("b")]);
        assert_eq!(Connection { claims: before.claims.clone(), ..next }, before);
    }
}

#[test]
fn the_first_ones_settings_hold_and_a_differing_one_is_told() {
    type Change = fn(&mut Subscription);
    let differs: &[Change] = &[
        |s| s.profile = ProfileName::Generic.into(),
        |s| _ = s.tags.insert("team".to_owned(), "x".to_owned()),
        |s| {
            if let Target::Vpc(target) = &mut s.targets[0] {
                target.subnets = Subnets::Listed(Vec::new());
            }
        },
    ];
    for (index, change) in differs.iter().enumerate() {
        let mut other = subscription("b");
        change(&mut other);
        let subscriptions = [other, subscription("a")];
        for before in [None, Some(existing(Status::Ready))] {
            let (next, _) = asked(&wish(&["a", "b"]), before.as_ref(), &subscriptions).unwrap();
            assert_eq!(next.findings.len(), 1, "change {index}");
            let finding = &next.findings[0];
            assert_eq!((finding.severity, finding.code.as_str()), (Severity::Warning, "ClaimDiffers"));
            assert!(finding.seen.contains("subscription b") && finding.needed.contains("of a,"), "{finding:?}");
            // Told once, and taken back when it is so no more.
            assert_eq!(asked(&wish(&["a", "b"]), Some(&next), &subscriptions), None);
            let same = [subscription("b"), subscription("a")];
            let (mended, _) = asked(&wish(&["a", "b"]), Some(&next), &same).unwrap();
            assert_eq!(mended.findings, []);
        }
    }
}

#[test]
fn what_does_not_concern_this_target_is_no_difference() {
    let mut other = subscription("b");
    other.targets.push(vpc_target("vpc-0b"));
    other.limits.connections_per_share = Some(9);
    let (next, _) = asked(&wish(&["a", "b"]), None, &[subscription("a"), other]).unwrap();
    assert_eq!(next.findings, []);
}

#[test]
fn a_change_of_the_subscriptions_starts_what_failed_and_leaves_the_rest() {
    for status in STATUSES {
        let before = Connection { digest: "old".to_owned(), transient_runs: 4, ..existing(status) };
        let found = asked(&wish(&["a"]), Some(&before), &[subscription("a")]);
        if !matches!(status, Status::Failed | Status::Closed) {
            // The plan that is carried out is of the old ones: should it fail, the change is seen then.
            assert_eq!(found, None, "{status:?}");
            continue;
        }
        let (next, what) = found.unwrap();
        assert_eq!((next.status, next.attempt, next.generation, next.transient_runs), (Status::Wanted, 2, 2, 0));
        assert_eq!((what.as_str(), next.digest.as_str()), ("the subscriptions that decide on it changed", "digest"));
        assert_eq!(asked(&wish(&["a"]), Some(&next), &[subscription("a")]), None, "once");
    }
}

#[test]
fn what_is_not_planned_yet_will_be_by_the_new_subscriptions() {
    let before = Connection { digest: "old".to_owned(), plan: None, made: None, ..existing(Status::Wanted) };
    let (next, _) = asked(&wish(&["a"]), Some(&before), &[subscription("a")]).unwrap();
    assert_eq!(Connection { digest: before.digest.clone(), ..next.clone() }, before);
    assert_eq!(next.digest, "digest");
}

#[test]
fn what_failed_before_it_was_shared_again_is_started() {
    for status in STATUSES {
        let before = existing(status);
        let at = |seconds| before.since.checked_add(jiff::SignedDuration::from_secs(seconds)).ok();
        let again = |accepted_at| {
            let share = ShareRecord { accepted_at, ..share() };
            fulfil(&home(), &Origin::share(&share), &wish(&["a"]), Some(&before), &[subscription("a")], now())
        };
        assert_eq!(again(at(0)), None, "{status:?}");
        assert_eq!(again(at(1)).is_some(), matches!(status, Status::Failed | Status::Closed), "{status:?}");
    }
}

#[test]
fn a_name_that_becomes_known_is_kept() {
    let before = Connection { resource_name: None, ..existing(Status::Ready) };
    let (next, what) = asked(&wish(&["a"]), Some(&before), &[subscription("a")]).unwrap();
    assert_eq!((next.resource_name.as_deref(), what.as_str()), (Some("orders"), "looked at again"));
    let unnamed = Wish { resource_name: None, ..wish(&["a"]) };
    assert_eq!(asked(&unnamed, Some(&next), &[subscription("a")]), None);
}

/// A share with a service network, which is reached from a VPC and not from another network.
#[test]
fn a_service_network_is_wanted_from_vpcs_by_those_who_trust_it() {
    let both = vec![ResourceType::ResourceConfiguration, ResourceType::ServiceNetwork];
    let targets = vec![vpc_target("vpc-0a"), network_target("sn-0b")];
    let mut trusting = Subscription { targets: targets.clone(), ..subscription("a") };
    trusting.trust.resource_types = both;
    let wary = Subscription { targets, ..subscription("b") };
    let offers = [Offer { arn: testing::network("sn-0a"), of: ResourceType::ServiceNetwork, name: None }];
    let found = wishes(&offers, &[&trusting, &wary]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind, found[0].claims.as_slice()), (Kind::ServiceNetworkEndpoint, &[name("a")][..]));
    let why = unconnected(&offers, &[&trusting, &wary]);
    assert_eq!(why.len(), 2, "{why:?}");
    assert!(why[0].contains("not connected with sn-0b for subscription a: a service network is reached from a VPC"));
    assert!(why[1].contains("for subscription b: its trust.resource_types do not name vpc-lattice:ServiceNetwork"));
    assert_eq!(unconnected(&resources(&["rcfg-1"]), &[&trusting, &wary]), [""; 0]);
}

fn asking(called: &str, items: Vec<EndpointItem>) -> Subscription {
    Subscription { trust: Trust::nobody(), targets: Vec::new(), endpoints: items, ..subscription(called) }
}

fn asked_alone(subscriptions: &[Subscription], existing: Option<&Connection>) -> Option<(Connection, String)> {
    let found = endpoint_wishes(&home(), subscriptions);
    let [wish] = found.as_slice() else { panic!("{found:?}") };
    let origin = Origin::subscriptions(wish.kind, &wish.resource, &wish.target, subscriptions);
    fulfil(&home(), &origin, wish, existing, subscriptions, now())
}

#[test]
fn what_a_subscription_asks_for_by_itself_is_wanted_once() {
    let arn = testing::network("sn-0a");
    let items = vec![
        EndpointItem::Interface(testing::interface_item("com.amazonaws.us-east-1.s3")),
        EndpointItem::Gateway(testing::gateway_item()),
        EndpointItem::ServiceNetwork(testing::network_item(NetworkName::Arn(arn))),
    ];
    let subscriptions = [asking("b", items.clone()), asking("a", items), subscription("c")];
    let found = endpoint_wishes(&home(), &subscriptions);
    let kinds: Vec<_> = found.iter().map(|wish| (wish.kind, join(&wish.claims))).collect();
    let by_both = |kind| (kind, "a, b".to_owned());
    assert_eq!(
        kinds,
        [Kind::InterfaceEndpoint, Kind::GatewayEndpoint, Kind::ServiceNetworkEndpoint].map(by_both),
        "s3 by an interface and s3 by a gateway are two"
    );
    let ids: std::collections::BTreeSet<_> = found.iter().map(|wish| wish.id(&home())).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn what_is_asked_for_without_a_share_has_none_and_a_digest_of_its_own() {
    let item = || vec![EndpointItem::Gateway(testing::gateway_item())];
    let subscriptions = [asking("a", item())];
    let (new, what) = asked_alone(&subscriptions, None).unwrap();
    assert_eq!((what.as_str(), new.status, new.kind), ("asked for", Status::Wanted, Kind::GatewayEndpoint));
    assert_eq!((new.share_arn.clone(), new.why.as_str()), (None, "it is asked for by a"));
    assert_eq!(asked_alone(&subscriptions, Some(&new)), None, "once");

    let failed = Connection { status: Status::Failed, ..new };
    let mut elsewhere = [asking("a", item())];
    elsewhere[0].limits.connections_per_share = Some(3);
    elsewhere[0].endpoints.push(EndpointItem::Interface(testing::interface_item("com.amazonaws.us-east-1.s3")));
    let wish = &endpoint_wishes(&home(), &elsewhere)[0];
    let origin = Origin::subscriptions(wish.kind, &wish.resource, &wish.target, &elsewhere);
    assert_eq!(fulfil(&home(), &origin, wish, Some(&failed), &elsewhere, now()), None, "nothing of it changed");

    let listed = RouteTables::Listed(vec![crate::ids::RouteTableId::parse("rtb-0a").unwrap()]);
    let changed =
        [asking("a", vec![EndpointItem::Gateway(GatewayItem { route_tables: listed, ..testing::gateway_item() })])];
    let (again, what) = asked_alone(&changed, Some(&failed)).unwrap();
    assert_eq!((again.status, again.generation), (Status::Wanted, 2));
    assert_eq!(what, "the subscriptions that decide on it changed");
}

/// The same service network in the same VPC, by a share and by a subscription's own word.
#[test]
fn of_what_is_shared_the_share_decides() {
    let arn = testing::network("sn-0a");
    let mut trusting = subscription("b");
    trusting.trust.resource_types = vec![ResourceType::ServiceNetwork];
    let item = EndpointItem::ServiceNetwork(testing::network_item(NetworkName::Arn(arn.clone())));
    let subscriptions = [asking("a", vec![item]), trusting.clone()];
    let offers = [Offer { arn, of: ResourceType::ServiceNetwork, name: None }];
    let by_share = &wishes(&offers, &[&trusting])[0];
    let shared = |existing: Option<&Connection>| {
        fulfil(&home(), &Origin::share(&share()), by_share, existing, &subscriptions, now())
    };
    let (alone, _) = asked_alone(&subscriptions, None).unwrap();
    let (both, what) = shared(Some(&alone)).unwrap();
    assert_eq!(what, "claimed by subscription b too; what it leads to is shared now");
    assert_eq!(
        (both.id.clone(), both.share_arn.clone(), both.digest.as_str()),
        (alone.id, Some(share().arn), "digest")
    );
    let failed = Connection { status: Status::Failed, ..both };
    assert_eq!(shared(Some(&failed)), None);
    assert_eq!(asked_alone(&subscriptions, Some(&failed)), None, "two digests do not take turns");

    let (first, _) = shared(None).unwrap();
    let (claimed, what) = asked_alone(&subscriptions, Some(&first)).unwrap();
    assert_eq!((what.as_str(), claimed.findings.len()), ("claimed by subscription a too", 0));
}

fn any_targets() -> impl Strategy<Value = Vec<Target>> {
    let all = vec![vpc_target("vpc-0a"), vpc_target("vpc-0b"), network_target("sn-0a")];
    proptest::sample::subsequence(all, 1..=3)
}

proptest! {
    #[test]
    fn whoever_wishes_and_in_whatever_order_the_same_is_made(
        targets in proptest::collection::vec(any_targets(), 1..4),
        ids in proptest::sample::subsequence(vec!["rcfg-1", "rcfg-2", "rcfg-3"], 0..=3),
    ) {
        let subscriptions: Vec<_> = targets
            .iter()
            .zip(["a", "b", "c"])
            .map(|(targets, called)| Subscription { targets: targets.clone(), ..subscription(called) })
            .collect();
        let made = |claiming: Vec<&Subscription>, ids: &[&str]| {
            let wishes = wishes(&resources(ids), &claiming);
            let made = wishes.iter().filter_map(|wish| {
                let (new, _) = asked(wish, None, &subscriptions)?;
                let mut claims = new.claims.clone();
                claims.sort();
                Some((new.id, claims))
            });
            let made: std::collections::BTreeMap<_, _> = made.collect();
            (made, wishes.len())
        };
        let (forth, wished) = made(subscriptions.iter().collect(), &ids);
        prop_assert_eq!(forth.len(), wished, "no id twice");
        let reversed: Vec<_> = ids.iter().rev().copied().collect();
        let (back, _) = made(subscriptions.iter().rev().collect(), &reversed);
        prop_assert_eq!(forth, back);
    }
}

/// The first claim says where outputs are asked for; another that says otherwise is told.
#[test]
fn what_is_asked_for_says_where_its_outputs_are() {
    use crate::ids::OutputPrefix;
    use crate::outputs::Outputs;
    let under = || OutputPrefix::parse("/drawbridge/redis").ok();
    let asking = [Subscription { outputs: under(), ..subscription("a") }, subscription("b")];
    let (new, _) = asked(&wish(&["a", "b"]), None, &asking).unwrap();
    assert_eq!(new.outputs, under().map(Outputs::Under));
    assert_eq!(new.findings.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), [CLAIM_DIFFERS]);
    let (known, _) = asked(&wish(&["a"]), Some(&existing(Status::Waiting)), &asking).unwrap();
    assert_eq!(known.outputs, under().map(Outputs::Under));
    let (second, _) = asked(&wish(&["b", "a"]), None, &asking).unwrap();
    assert_eq!(second.outputs, None, "b came first");
}
