//! Which connections an accepted share asks for, and what becomes of those that exist already.

use jiff::Timestamp;

use crate::connection::{Connection, Status};
use crate::ending::Cause;
use crate::identity::{self, Home};
use crate::ids::{ResourceArn, SubscriptionName};
use crate::preflight::{Finding, Severity};
use crate::share::ShareRecord;
use crate::subscription::{Subscription, TargetKey};
use crate::sweep::want_again;

/// One connection that the claiming subscriptions ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The resource.
    pub resource: ResourceArn,
    /// Its name, where AWS shows it.
    pub resource_name: Option<String>,
    /// Where it is reached from.
    pub target: TargetKey,
    /// Who asks, in the order of their names.
    pub claims: Vec<SubscriptionName>,
}

/// Every connection that these subscriptions ask for: each resource from each target, once.
#[must_use]
pub fn wishes(resources: &[(ResourceArn, Option<String>)], claiming: &[&Subscription]) -> Vec<Wish> {
    let mut wishes: Vec<Wish> = Vec::new();
    for (resource, resource_name) in resources {
        for subscription in claiming {
            for target in subscription.targets.iter().map(crate::subscription::Target::key) {
                match wishes.iter_mut().find(|w| w.resource == *resource && w.target == target) {
                    Some(wish) => wish.claims.push(subscription.name.clone()),
                    None => wishes.push(Wish {
                        resource: resource.clone(),
                        resource_name: resource_name.clone(),
                        target,
                        claims: vec![subscription.name.clone()],
                    }),
                }
            }
        }
    }
    wishes
}

/// The record that fulfils a wish: new, claimed by more, or tried again because the subscriptions
/// changed. None if the record that exists says it all.
#[must_use]
pub fn fulfil(
    home: &Home,
    share: &ShareRecord,
    wish: &Wish,
    existing: Option<&Connection>,
    subscriptions: &[Subscription],
    now: Timestamp,
) -> Option<(Connection, String)> {
    let Some(existing) = existing else {
        return Some((new(home, share, wish, subscriptions, now), "asked for".to_owned()));
    };
    let mut next = existing.clone();
    let mut what = Vec::new();
    for claim in wish.claims.iter().filter(|claim| !existing.claims.contains(claim)) {
        next.claims.push(claim.clone());
        what.push(format!("claimed by subscription {claim} too"));
    }
    next.findings.retain(|f| f.code != CLAIM_DIFFERS);
    next.findings.extend(differing(&next, subscriptions));
    if next.resource_name.is_none() {
        next.resource_name.clone_from(&wish.resource_name);
    }
    // The digest is that of the subscriptions from which the present generation was planned, so it
    // stays as it is while a plan is carried out: should that fail, the change is seen then.
    let claimed = next.claims.len() > existing.claims.len();
    let why = again_because(existing, share, claimed);
    match (existing.status, why) {
        (Status::Failed | Status::Closed, Some(why)) => {
            next = want_again(&next, now, why);
            next.digest.clone_from(&share.digest);
            next.transient_runs = 0;
            what.push(why.to_owned());
        }
        (status, Some(why)) if existing.ending.is_some() => {
            what.extend(take_back(&mut next, status, why));
        }
        _ => {}
    }
    if existing.digest != share.digest && next.status == Status::Wanted && next.plan.is_none() {
        next.digest.clone_from(&share.digest);
    }
    (!what.is_empty() || next != *existing)
        .then(|| (next, if what.is_empty() { "looked at again".to_owned() } else { what.join("; ") }))
}

/// Why a connection that failed or ended is asked for again; none if nothing changed since.
fn again_because(existing: &Connection, share: &ShareRecord, claimed: bool) -> Option<&'static str> {
    let ending = existing.ending.as_ref();
    let decided_by = ending.map_or(&existing.digest, |ending| &ending.digest);
    let since = ending.map_or(existing.since, |ending| ending.since);
    if *decided_by != share.digest {
        Some("the subscriptions that decide on it changed")
    } else if share.accepted_at.is_some_and(|at| at > since) || ending.is_some_and(|e| e.cause == Cause::Revoked) {
        Some("the owner shared it again")
    } else {
        (ending.is_some() && claimed).then_some("a subscription asks for it again")
    }
}

/// What ends is asked for again before its end: a wish that no run has seen is taken back, and what
/// is being removed is opened anew afterwards. An operator's word is carried out first.
fn take_back(next: &mut Connection, status: Status, why: &str) -> Option<String> {
    let unseen = matches!(status, Status::Wanted | Status::Opening | Status::Waiting);
    let ending = next.ending.as_mut()?;
    if unseen && ending.cause != Cause::Operator {
        next.ending = None;
        "the run that has it goes on".clone_into(&mut next.next);
        return Some(format!("{why}: it is not closed"));
    }
    if ending.reopen.is_some() {
        return None;
    }
    ending.reopen = Some(why.to_owned());
    Some(format!("{why}: it is opened anew when it is closed"))
}

fn new(home: &Home, share: &ShareRecord, wish: &Wish, subscriptions: &[Subscription], now: Timestamp) -> Connection {
    let mut connection = Connection {
        id: identity::connection_id(home, &wish.resource, &wish.target),
        kind: wish.target.kind(),
        share_arn: share.arn.clone(),
        resource: wish.resource.clone(),
        resource_name: wish.resource_name.clone(),
        target: wish.target.clone(),
        claims: wish.claims.clone(),
        status: Status::Wanted,
        since: now,
        why: format!("share {} was accepted for {}", share.name, join(&wish.claims)),
        next: "a connect run opens it".to_owned(),
        generation: 1,
        attempt: 1,
        transient_runs: 0,
        digest: share.digest.clone(),
        execution: None,
        deadline: None,
        plan: None,
        made: None,
        findings: Vec::new(),
        last_look: Vec::new(),
        databases: Vec::new(),
        fault: None,
        ending: None,
        wanted_at: now,
        ready_at: None,
        version: 0,
        change: String::new(),
    };
    connection.findings = differing(&connection, subscriptions);
    connection
}

/// A claim asks for other settings than the first, which hold.
pub const CLAIM_DIFFERS: &str = "ClaimDiffers";

/// The first claim's settings hold; one that differs is told.
pub(crate) fn differing(connection: &Connection, subscriptions: &[Subscription]) -> Vec<Finding> {
    let settings = |name: &SubscriptionName| {
        let subscription = subscriptions.iter().find(|s| s.name == *name)?;
        Some((subscription.target(&connection.target)?, subscription.profile, &subscription.tags))
    };
    let Some((first, rest)) = connection.claims.split_first() else {
        return Vec::new();
    };
    let holds = settings(first);
    rest.iter()
        .filter(|name| holds.is_some() && settings(name).is_some() && settings(name) != holds)
        .map(|name| Finding {
            severity: Severity::Warning,
            code: CLAIM_DIFFERS.to_owned(),
            seen: format!("subscription {name} asks for {} with other settings than {first}", connection.target),
            needed: format!("the settings of {first}, which claimed it first, hold"),
            way_out: format!("make the settings for {} in {name} and {first} the same", connection.target),
        })
        .collect()
}

fn join(names: &[SubscriptionName]) -> String {
    names.iter().map(SubscriptionName::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod again;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::profile::ProfileName;
    use crate::share::ShareStatus;
    use crate::subscription::{Subnets, Target};
    use crate::testing::{self, home, name, network_target, now, resource, share_record, subscription, vpc_target};

    const STATUSES: [Status; 7] = [
        Status::Wanted,
        Status::Opening,
        Status::Waiting,
        Status::Ready,
        Status::Closing,
        Status::Failed,
        Status::Closed,
    ];

    fn resources(ids: &[&str]) -> Vec<(ResourceArn, Option<String>)> {
        ids.iter().map(|id| (resource(id), Some(format!("name of {id}")))).collect()
    }

    fn wish(claims: &[&str]) -> Wish {
        Wish {
            resource: resource("rcfg-1"),
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

    fn asked(
        wish: &Wish,
        existing: Option<&Connection>,
        subscriptions: &[Subscription],
    ) -> Option<(Connection, String)> {
        fulfil(&home(), &share(), wish, existing, subscriptions, now())
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
        assert_eq!(new.id, identity::connection_id(&home(), &resource("rcfg-1"), &vpc_target("vpc-0a").key()));
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
            |s| s.profile = ProfileName::Generic,
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
            assert_eq!(
                (what.as_str(), next.digest.as_str()),
                ("the subscriptions that decide on it changed", "digest")
            );
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
                fulfil(&home(), &share, &wish(&["a"]), Some(&before), &[subscription("a")], now())
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
}
