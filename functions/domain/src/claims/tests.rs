#![allow(clippy::unwrap_used)]

use super::*;
use crate::connection::{Plan, PlannedCall, PlannedDns};
use crate::ids::SecurityGroupId;
use crate::preflight::planned_dns;
use crate::profile::{Profile, ProfileName};
use crate::subscription::{EndpointItem, NetworkName, PrivateDns, SecurityGroups, Subnets, Target};
use crate::testing::{
    self, STRANGER, account, connection, home, name, network_target, now, share_arn, share_record, subscription,
    vpc_target,
};

mod alone;
mod kinds;

const LIVING: [Status; 6] =
    [Status::Wanted, Status::Opening, Status::Waiting, Status::Ready, Status::Closing, Status::Failed];

fn accepted() -> ShareRecord {
    ShareRecord { accepted_at: Some(now()), ..share_record(ShareStatus::Accepted) }
}

fn revoked() -> ShareRecord {
    ShareRecord { unseen_since: Some(now()), ..share_record(ShareStatus::Revoked) }
}

fn unreadable(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A connection as `open` would have planned it for `subscription`.
fn made_for(status: Status, claims: &[&str]) -> Connection {
    let mut made = connection(status);
    made.claims = claims.iter().map(|claim| name(claim)).collect();
    if let Some(Plan { call: PlannedCall::ResourceEndpoint { private_dns, .. }, .. }) = &mut made.plan {
        *private_dns = planned_dns(&PrivateDns::ProfileDefault, Profile::of(ProfileName::RedisCloud));
    }
    made
}

fn settled(connection: &Connection, share: &ShareRecord, known: &[Subscription]) -> Option<(Connection, String)> {
    settle_beside(connection, share, known, &[])
}

fn settle_beside(
    connection: &Connection,
    share: &ShareRecord,
    known: &[Subscription],
    broken: &[&str],
) -> Option<(Connection, String)> {
    let unreadable = unreadable(broken);
    let known = Known { subscriptions: known, unreadable: &unreadable, home: &home() };
    settle(connection, Some(share), known, "intake (sweep)", now())
}

#[test]
fn claims_that_stand_change_nothing() {
    for status in LIVING.into_iter().chain([Status::Closed]) {
        let both = [subscription("a"), subscription("b")];
        assert_eq!(settled(&made_for(status, &["a", "b"]), &accepted(), &both), None, "{status:?}");
    }
}

#[test]
fn a_claim_goes_for_what_its_subscription_says_and_nothing_else() {
    type Change = fn(&mut Subscription);
    let goes: &[(Change, &str)] = &[
        (|s| s.name = name("c"), "subscription a is withdrawn"),
        (|s| s.targets = vec![vpc_target("vpc-0b"), network_target("sn-0a")], "does not name vpc-0a any more"),
        (|s| s.trust.senders = vec![account(STRANGER)], "does not trust account 444455556666 any more"),
        (|s| s.trust.share_names = vec!["else-*".to_owned()], "matches none of its trust.share_names"),
        (|s| s.trust.shares = vec![share_arn(STRANGER)], "is not one of its trust.shares"),
        (
            |s| s.trust.resource_types = vec![ResourceType::ServiceNetwork],
            "does not trust a vpc-lattice:ResourceConfiguration any more",
        ),
    ];
    for (change, reason) in goes {
        let mut changed = subscription("a");
        change(&mut changed);
        let (next, what) = settled(&made_for(Status::Ready, &["a"]), &accepted(), &[changed]).unwrap();
        assert_eq!((next.status, next.claims.as_slice()), (Status::Closing, [].as_slice()), "{reason}");
        let ending = next.ending.unwrap();
        assert_eq!((ending.cause, ending.by.as_str()), (Cause::Withdrawn, "intake (sweep)"));
        assert!(ending.why.contains(reason) && what.contains(reason), "{}", ending.why);
    }
    let stays: &[Change] = &[
        |s| s.targets.push(vpc_target("vpc-0b")),
        |s| s.trust.senders.push(account(STRANGER)),
        |s| s.trust.share_names = vec!["redis-*".to_owned()],
        |s| s.limits.connections_per_share = Some(1),
        |s| s.trust.resource_types.push(ResourceType::ServiceNetwork),
    ];
    for (index, change) in stays.iter().enumerate() {
        let mut changed = subscription("a");
        change(&mut changed);
        assert_eq!(settled(&made_for(Status::Ready, &["a"]), &accepted(), &[changed]), None, "change {index}");
    }
}

#[test]
fn what_cannot_be_read_is_not_withdrawn() {
    for status in LIVING {
        assert_eq!(settle_beside(&made_for(status, &["a"]), &accepted(), &[], &["a"]), None, "{status:?}");
        assert_eq!(
            settle_beside(&made_for(status, &["a"]), &revoked(), &[], &["a"]).unwrap().0.ending,
            None,
            "{status:?}"
        );
    }
    let (next, _) = settle_beside(&made_for(Status::Ready, &["a", "b"]), &accepted(), &[], &["b"]).unwrap();
    assert_eq!((next.status, next.claims.as_slice()), (Status::Ready, [name("b")].as_slice()));
}

#[test]
fn it_ends_with_the_last_claim_and_not_before() {
    for status in LIVING {
        let before = made_for(status, &["a", "b"]);
        let (one, what) = settled(&before, &accepted(), &[subscription("b")]).unwrap();
        assert_eq!((one.claims.as_slice(), one.status, &one.ending), ([name("b")].as_slice(), status, &None));
        assert_eq!(what, "subscription a is withdrawn");
        let (none, _) = settled(&one, &accepted(), &[]).unwrap();
        assert_eq!(none.ending.as_ref().unwrap().cause, Cause::Withdrawn, "{status:?}");
        assert_eq!(settled(&none, &accepted(), &[]), None, "{status:?}: said once");
    }
}

#[test]
fn the_next_ones_settings_hold_and_what_was_made_otherwise_is_told() {
    type Change = fn(&mut Subscription);
    let differ: &[(Change, &str)] = &[
        (
            |s| {
                if let Target::Vpc(target) = &mut s.targets[0] {
                    target.security_groups = SecurityGroups::Listed(vec![SecurityGroupId::parse("sg-0b").unwrap()]);
                }
            },
            "security groups sg-0a instead of sg-0b",
        ),
        (
            |s| {
                if let Target::Vpc(target) = &mut s.targets[0] {
                    target.subnets = Subnets::Listed(vec![crate::ids::SubnetId::parse("subnet-0b").unwrap()]);
                }
            },
            "subnets subnet-0a instead of subnet-0b",
        ),
        (
            |s| {
                if let Target::Vpc(target) = &mut s.targets[0] {
                    target.private_dns = PrivateDns::Off;
                }
            },
            "private DNS VERIFIED_DOMAINS_ONLY instead of off",
        ),
        (|s| _ = s.tags.insert("team".to_owned(), "x".to_owned()), "other tags"),
    ];
    for (change, difference) in differ {
        let mut other = subscription("b");
        change(&mut other);
        let (next, _) = settled(&made_for(Status::Ready, &["a", "b"]), &accepted(), &[other]).unwrap();
        let [finding] = &next.findings[..] else { panic!("{difference}: {:?}", next.findings) };
        assert_eq!((finding.code.as_str(), finding.severity), (SETTINGS_DIFFER, Severity::Warning));
        assert!(finding.seen.contains("vpce-0a") && finding.seen.contains(difference), "{}", finding.seen);
        assert!(finding.needed.contains("subscription b"), "{}", finding.needed);
        // Taken back when they are the same again.
        let (mended, _) = settled(&next, &accepted(), &[subscription("b")]).unwrap();
        assert_eq!(mended.findings, []);
    }
    let dns = PlannedDns { enabled: false, preference: None, domains: Vec::new() };
    let mut unmade = made_for(Status::Ready, &["a"]);
    unmade.made = None;
    if let Some(Plan { call: PlannedCall::ResourceEndpoint { private_dns, .. }, .. }) = &mut unmade.plan {
        *private_dns = dns;
    }
    assert_eq!(settled(&unmade, &accepted(), &[subscription("a")]), None, "nothing was made that could differ");
}

#[test]
fn revoked_keeps_or_closes_as_the_first_claim_says() {
    for (first, second, closes) in [(OnRevoke::Keep, OnRevoke::Close, false), (OnRevoke::Close, OnRevoke::Keep, true)] {
        let known = [
            Subscription { on_revoke: first, ..subscription("a") },
            Subscription { on_revoke: second, ..subscription("b") },
        ];
        for status in LIVING {
            let (next, _) = settled(&made_for(status, &["a", "b"]), &revoked(), &known).unwrap();
            assert_eq!(next.claims.len(), 2, "who asks for it asks still");
            assert_eq!(next.ending.as_ref().map(|e| e.cause), closes.then_some(Cause::Revoked), "{status:?}");
            assert_eq!(settled(&next, &revoked(), &known), None, "{status:?}: said once");
            if next.status != Status::Closed {
                assert!(next.findings.iter().any(|f| f.code == SHARE_REVOKED), "{:?}", next.findings);
            }
        }
    }
}

#[test]
fn restored_before_its_run_saw_it_goes_on() {
    let known = [Subscription { on_revoke: OnRevoke::Close, ..subscription("a") }];
    for status in LIVING {
        let before = made_for(status, &["a"]);
        let (ends, _) = settled(&before, &revoked(), &known).unwrap();
        let again = settled(&ends, &accepted(), &known);
        match status {
            Status::Wanted | Status::Opening | Status::Waiting => {
                let (next, _) = again.unwrap();
                assert_eq!((next.ending, next.findings.len()), (None, 0), "{status:?}");
            }
            // What is being removed is removed; accept asks for it again.
            _ => assert!(again.is_none_or(|(next, _)| next.ending.is_some()), "{status:?}"),
        }
    }
}

#[test]
fn what_was_to_be_opened_anew_stays_closed_if_nobody_asks_for_it() {
    let mut closing = settled(&made_for(Status::Ready, &["a"]), &accepted(), &[]).unwrap().0;
    closing.claims = vec![name("a")];
    closing.ending.as_mut().unwrap().reopen = Some("a subscription asks for it again".to_owned());
    let (next, _) = settled(&closing, &accepted(), &[]).unwrap();
    assert_eq!((next.status, next.ending.unwrap().reopen), (Status::Closing, None));
}

#[test]
fn the_digest_sees_whatever_decides_on_claims() {
    let sender = account(testing::SENDER);
    let of = |subscriptions: &[Subscription], broken: &[&str], status| {
        let unreadable = unreadable(broken);
        digest(Known { subscriptions, unreadable: &unreadable, home: &home() }, &sender, status)
    };
    let one = [subscription("a")];
    let all = [
        of(&one, &[], ShareStatus::Accepted),
        of(&one, &[], ShareStatus::Revoked),
        of(&one, &["b"], ShareStatus::Accepted),
        of(&[], &[], ShareStatus::Accepted),
        of(&[], &["a"], ShareStatus::Accepted),
    ];
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    // Who trusts nobody may ask for a shared service network by itself.
    let item = EndpointItem::ServiceNetwork(testing::network_item(NetworkName::Arn(testing::network("sn-0a"))));
    let mut asking = [subscription("a"), alone::asking("b", vec![item])];
    let with = of(&asking, &[], ShareStatus::Accepted);
    asking.reverse();
    assert_eq!(of(&asking, &[], ShareStatus::Accepted), with, "in whatever order");
    assert_ne!(of(&one, &[], ShareStatus::Accepted), with);
    assert_eq!(of(&one, &[], ShareStatus::Accepted), of(&one, &[], ShareStatus::Held), "only being revoked counts");
}

#[test]
fn a_connection_that_is_being_written_may_escape() {
    let at = |minutes: i64| now().checked_add(SignedDuration::from_mins(minutes)).unwrap();
    let share = ShareRecord { since: now(), ..accepted() };
    assert!(!all_are_found(&share, at(0)), "the index may lag");
    assert!(all_are_found(&share, at(1)));
    let running = ShareRecord { since: now(), ..share_record(ShareStatus::Accepting) };
    assert!(!all_are_found(&running, at(60)), "its run may be writing one");
}

/// `on_change: replace`, and another setting of the target.
fn replacing(change: fn(&mut crate::subscription::VpcTarget)) -> Subscription {
    let mut changed = Subscription { on_change: OnChange::Replace, ..subscription("a") };
    if let Target::Vpc(target) = &mut changed.targets[0] {
        change(target);
    }
    changed
}

fn moved() -> Subscription {
    replacing(|target| target.subnets = Subnets::Listed(vec![crate::ids::SubnetId::parse("subnet-0b").unwrap()]))
}

#[test]
fn what_aws_cannot_change_is_replaced_if_the_subscription_says_so() {
    let groups = |target: &mut crate::subscription::VpcTarget| {
        target.security_groups = SecurityGroups::Listed(vec![SecurityGroupId::parse("sg-0b").unwrap()]);
    };
    for status in [Status::Opening, Status::Waiting, Status::Ready] {
        let before = made_for(status, &["a"]);
        let (next, what) = settled(&before, &accepted(), &[moved()]).unwrap();
        let ending = next.ending.as_ref().unwrap();
        assert_eq!((ending.cause, next.claims.len()), (Cause::Replaced, 1), "{status:?}");
        assert!(ending.reopen.is_some() && what.contains("subnets subnet-0a instead of subnet-0b"), "{what}");
        assert_eq!(settled(&next, &accepted(), &[moved()]), None, "{status:?}: said once");
        // Opened anew when it is closed, planned by the settings that hold then.
        let over = crate::ending::finished(&next, "gone", now());
        assert_eq!((over.status, over.generation, over.plan, over.ending), (Status::Wanted, 2, None, None));

        let kept = Subscription { on_change: OnChange::Keep, ..moved() };
        assert_eq!(settled(&before, &accepted(), &[kept]).unwrap().0.ending, None, "{status:?}: nobody said so");
        let groups = settled(&before, &accepted(), &[replacing(groups)]).unwrap().0;
        assert_eq!(groups.ending, None, "{status:?}: AWS can change security groups");
        assert_eq!(groups.findings[0].code, SETTINGS_DIFFER);
    }
    for status in [Status::Wanted, Status::Closing, Status::Failed, Status::Closed] {
        let next = settled(&made_for(status, &["a"]), &accepted(), &[moved()]);
        assert!(next.is_none_or(|(next, _)| next.ending.is_none()), "{status:?}");
    }
}

#[test]
fn a_replacement_that_no_run_has_seen_is_taken_back() {
    for status in [Status::Opening, Status::Waiting] {
        let (next, _) = settled(&made_for(status, &["a"]), &accepted(), &[moved()]).unwrap();
        let (back, what) = settled(&next, &accepted(), &[subscription("a")]).unwrap();
        assert_eq!((back.ending, back.status), (None, status), "{what}");
    }
    let (next, _) = settled(&made_for(Status::Ready, &["a"]), &accepted(), &[moved()]).unwrap();
    let back = settled(&next, &accepted(), &[subscription("a")]);
    assert!(back.is_none_or(|(next, _)| next.ending.is_some()), "it is being removed: opened anew then");
    let (gone, what) = settled(&next, &accepted(), &[]).unwrap();
    assert_eq!((gone.ending.unwrap().reopen, gone.claims.len()), (None, 0), "{what}");
}

#[test]
fn what_can_be_changed_in_place_depends_on_its_kind() {
    let differences = |connection: &Connection, subscription: &Subscription| {
        let (unreadable, home) = (BTreeSet::new(), home());
        let known = Known { subscriptions: std::slice::from_ref(subscription), unreadable: &unreadable, home: &home };
        let found = planned_otherwise(connection, known).map_or_else(Vec::new, |(_, differences)| differences);
        found.into_iter().map(|difference| (difference.in_place, difference.applied)).collect::<Vec<_>>()
    };
    let mut all = replacing(|target| {
        target.subnets = Subnets::Listed(vec![crate::ids::SubnetId::parse("subnet-0b").unwrap()]);
        target.security_groups = SecurityGroups::Listed(vec![SecurityGroupId::parse("sg-0b").unwrap()]);
        target.private_dns = PrivateDns::Off;
    });
    all.tags.insert("team".to_owned(), "x".to_owned());
    assert_eq!(
        differences(&made_for(Status::Ready, &["a"]), &all),
        [(false, false), (true, true), (false, false), (true, true)]
    );
    assert_eq!(differences(&made_for(Status::Ready, &["a"]), &subscription("a")), []);
}

/// Where outputs are asked for is written into the record, also of what is connected already; a subscription that
/// can't be read asks for what it asked for.
#[test]
fn what_is_connected_follows_where_outputs_are_asked_for() {
    use crate::ids::OutputPrefix;
    use crate::outputs::Outputs;
    let under = |path: &str| OutputPrefix::parse(path).ok();
    let asking = |outputs| [Subscription { outputs, ..subscription("a") }, subscription("b")];
    for status in [Status::Wanted, Status::Waiting, Status::Ready, Status::Failed] {
        let made = made_for(status, &["a"]);
        let (asked, _) = settled(&made, &accepted(), &asking(under("/a/{target}"))).unwrap();
        assert_eq!(asked.outputs, under("/a/vpc-0a").map(Outputs::Under), "{status:?}");
        assert_eq!((asked.status, &asked.made), (status, &made.made));
        assert_eq!(settled(&asked, &accepted(), &asking(under("/a/{target}"))), None, "said once");
        let (moved, _) = settled(&asked, &accepted(), &asking(under("/b"))).unwrap();
        assert_eq!(moved.outputs, under("/b").map(Outputs::Under));
        let (over, _) = settled(&moved, &accepted(), &asking(None)).unwrap();
        assert_eq!(over.outputs, Some(Outputs::Nowhere));
        assert_eq!(settle_beside(&moved, &accepted(), &[subscription("b")], &["a"]), None, "a can't be read");
    }
}
