#![allow(clippy::unwrap_used)]
use std::collections::BTreeSet;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::subscription::Limits;
use crate::testing::{
    RESOURCE_CONFIGURATION, SENDER, STRANGER, account, at, configurations, facts, inside, invitation, name,
    network_target, now, resource, share_arn, subscription, vpc_target,
};

fn verdict(facts: &ShareFacts, subscriptions: &[Subscription]) -> Verdict {
    decide(facts, subscriptions, Said::default(), now()).unwrap()
}

fn otherwise(called: &str, otherwise: Otherwise) -> Subscription {
    Subscription { otherwise, ..subscription(called) }
}

fn stranger() -> ShareFacts {
    let mut facts = facts();
    facts.sender = account(STRANGER);
    facts.arn = share_arn(STRANGER);
    facts
}

#[test]
fn a_trusted_share_is_accepted_for_whoever_trusts_it() {
    let verdict = verdict(&facts(), &[subscription("b"), subscription("a")]);
    assert_eq!((verdict.outcome, verdict.status), (Outcome::Accept, ShareStatus::Accepting));
    assert_eq!(verdict.claims, [name("a"), name("b")]);
    assert_eq!(verdict.reasons.len(), 2);
    assert!(verdict.reasons[0].starts_with("subscription a trusts account 444455556666"), "{verdict:?}");
}

fn with_owner(account: &str, what: &str) -> String {
    format!("arn:aws:vpc-lattice:us-east-1:{account}:{what}")
}

#[test]
fn every_objection_denies_and_is_told() {
    type Change = fn(&mut ShareFacts, &mut Subscription);
    let table: &[(Change, &str)] = &[
        (
            |facts, _| facts.arn = share_arn(STRANGER),
            "the share belongs to account 777788889999, but account 444455556666 sent it",
        ),
        (|_, s| s.trust.shares = vec![share_arn(STRANGER)], "is not one of its trust.shares"),
        (
            |_, s| s.trust.share_names = vec!["kafka-*".to_owned(), "x".to_owned()],
            "matches none of its trust.share_names (kafka-*, x)",
        ),
        (
            |facts, _| facts.resources = vec![inside(resource("rcfg-1").as_str(), "ec2:Subnet")],
            "is a ec2:Subnet; it allows vpc-lattice:ResourceConfiguration",
        ),
        (
            |facts, _| facts.resources.push(inside(&with_owner(SENDER, "service/svc-1"), "vpc-lattice:Service")),
            "is a vpc-lattice:Service",
        ),
        (
            |facts, _| facts.resources.push(inside(&with_owner(STRANGER, "rcfg-2"), RESOURCE_CONFIGURATION)),
            "belongs to account 777788889999, but account 444455556666 shares it",
        ),
        (|facts, _| facts.resources.push(inside("rcfg-2", RESOURCE_CONFIGURATION)), "`rcfg-2` is not an ARN"),
        (|_, s| s.trust.resource_types.clear(), "is a vpc-lattice:ResourceConfiguration; it allows "),
    ];
    for (change, expected) in table {
        let (mut facts, mut subscription) = (facts(), subscription("a"));
        assert_eq!(verdict(&facts, std::slice::from_ref(&subscription)).outcome, Outcome::Accept);
        change(&mut facts, &mut subscription);
        let verdict = verdict(&facts, &[subscription]);
        assert_eq!(verdict.outcome, Outcome::Hold, "{expected}");
        assert_eq!(verdict.claims, [], "{expected}");
        assert!(
            verdict.reasons.iter().any(|r| r.starts_with("subscription a: ") && r.contains(expected)),
            "{expected}: {verdict:?}"
        );
    }
}

#[test]
fn every_objection_is_told_at_once() {
    let mut facts = facts();
    facts.arn = share_arn(STRANGER);
    facts.resources.push(inside("arn:aws:ec2:us-east-1:444455556666:subnet/subnet-1", "ec2:Subnet"));
    let mut subscription = subscription("a");
    subscription.trust.share_names = vec!["kafka".to_owned()];
    assert_eq!(verdict(&facts, &[subscription]).reasons.len(), 3);
}

#[test]
fn one_that_objects_does_not_keep_another_from_accepting() {
    let mut narrow = subscription("a");
    narrow.trust.share_names = vec!["kafka".to_owned()];
    let verdict = verdict(&facts(), &[narrow, subscription("b")]);
    assert_eq!(verdict.outcome, Outcome::Accept);
    assert_eq!(verdict.claims, [name("b")]);
    assert!(verdict.reasons.iter().any(|r| r.contains("kafka")), "{verdict:?}");
}

#[test]
fn narrowing_by_name_share_and_type_lets_pass_what_fits() {
    let mut narrow = subscription("a");
    narrow.trust.share_names = vec!["kafka".to_owned(), "redis-*".to_owned()];
    narrow.trust.shares = vec![share_arn(STRANGER), share_arn(SENDER)];
    let mut facts = facts();
    facts.resources[0].ram_type = "VPC-Lattice:resourceconfiguration".to_owned();
    assert_eq!(verdict(&facts, &[narrow]).outcome, Outcome::Accept);
}

#[test]
fn a_trusted_name_or_share_does_not_make_a_stranger_trusted() {
    let mut by_name = subscription("a");
    by_name.trust.share_names = vec!["*".to_owned()];
    by_name.trust.shares = vec![share_arn(STRANGER)];
    let verdict = verdict(&stranger(), &[by_name]);
    assert_eq!(verdict.outcome, Outcome::Hold);
    assert_eq!(verdict.reasons, ["account 777788889999 is trusted by no subscription (1 looked at)"]);
}

#[test]
fn nobody_subscribed_means_ignored() {
    let verdict = verdict(&facts(), &[]);
    assert_eq!((verdict.outcome, verdict.status), (Outcome::Ignore, ShareStatus::Ignored));
    assert_eq!(verdict.reasons, ["account 444455556666 is trusted by no subscription (0 looked at)"]);
}

#[test]
fn of_what_happens_otherwise_the_most_easily_undone_is_done() {
    use Otherwise::{Hold, Ignore, Reject};
    let table: &[(&[Otherwise], Outcome, ShareStatus)] = &[
        (&[Hold], Outcome::Hold, ShareStatus::Held),
        (&[Ignore], Outcome::Ignore, ShareStatus::Ignored),
        (&[Reject], Outcome::Reject, ShareStatus::Declining),
        (&[Reject, Reject], Outcome::Reject, ShareStatus::Declining),
        (&[Reject, Ignore], Outcome::Ignore, ShareStatus::Ignored),
        (&[Reject, Hold], Outcome::Hold, ShareStatus::Held),
        (&[Ignore, Hold], Outcome::Hold, ShareStatus::Held),
        (&[Reject, Ignore, Hold], Outcome::Hold, ShareStatus::Held),
    ];
    for (says, outcome, status) in table {
        let subscriptions: Vec<_> = says.iter().zip(["a", "b", "c"]).map(|(o, n)| otherwise(n, *o)).collect();
        let verdict = verdict(&stranger(), &subscriptions);
        assert_eq!((verdict.outcome, verdict.status), (*outcome, *status), "{says:?}");
    }
}

#[test]
fn what_others_say_of_strangers_does_not_count_for_a_share_of_someone_trusted() {
    let mut trusting = otherwise("a", Otherwise::Reject);
    trusting.trust.share_names = vec!["kafka".to_owned()];
    let mut other = otherwise("b", Otherwise::Hold);
    other.trust.senders = vec![account(STRANGER)];
    assert_eq!(verdict(&facts(), &[trusting, other]).outcome, Outcome::Reject);
}

#[test]
fn what_is_accepted_already_is_not_rejected() {
    for already in [None, Some(invitation(InvitationStatus::Accepted))] {
        let mut facts = stranger();
        facts.invitation = already;
        let verdict = verdict(&facts, &[otherwise("a", Otherwise::Reject)]);
        assert_eq!((verdict.outcome, verdict.status), (Outcome::Ignore, ShareStatus::Ignored));
        assert!(verdict.reasons.iter().any(|r| r.contains("stays so")), "{verdict:?}");
    }
}

#[test]
fn nobody_is_asked_about_what_is_visible_and_can_never_be_connected() {
    let mut facts = stranger();
    facts.invitation = None;
    facts.resources = vec![inside("arn:aws:ec2:us-east-1:777788889999:subnet/subnet-1", "ec2:Subnet")];
    let holding = [otherwise("a", Otherwise::Hold)];
    assert_eq!(verdict(&facts, &holding).status, ShareStatus::Ignored);
    facts.resources = configurations(&["rcfg-1"]);
    assert_eq!(verdict(&facts, &holding).status, ShareStatus::Held);
    facts.resources.clear();
    assert_eq!(verdict(&facts, &holding).status, ShareStatus::Held);
}

#[test]
fn an_invitation_that_can_be_answered_no_more_is_not_accepted_even_for_someone_trusted() {
    let table = [
        (InvitationStatus::Expired, ShareStatus::Expired),
        (InvitationStatus::Rejected, ShareStatus::Rejected),
        (InvitationStatus::Unknown, ShareStatus::Ignored),
    ];
    for (seen, status) in table {
        let mut facts = facts();
        facts.invitation = Some(invitation(seen));
        let verdict = verdict(&facts, &[subscription("a")]);
        assert_eq!((verdict.outcome, verdict.status), (Outcome::Ignore, status), "{seen:?}");
        assert_eq!((verdict.claims.len(), verdict.reasons.len()), (0, 1));
        assert_eq!(verdict.reasons[0].contains("2026-11-20T23:00:00Z"), status == ShareStatus::Expired);
    }
}

/// RAM's word counts and not our clock: other resource types' invitations live for seven days.
#[test]
fn what_ram_shows_as_pending_can_be_accepted() {
    for text in ["2026-11-20T10:59:59Z", "2026-11-20T23:00:00Z", "2026-11-27T00:00:00Z"] {
        assert_eq!(
            decide(&facts(), &[subscription("a")], Said::default(), at(text)).unwrap().outcome,
            Outcome::Accept,
            "{text}"
        );
    }
}

#[test]
fn an_invitation_made_for_an_accepted_share_does_not_stand_in_its_way() {
    let mut facts = facts();
    facts.invitation = Some(invitation(InvitationStatus::Accepted));
    let late = now().checked_add(SignedDuration::from_hours(100)).unwrap();
    assert_eq!(decide(&facts, &[subscription("a")], Said::default(), late).unwrap().outcome, Outcome::Accept);
}

#[test]
fn what_would_cost_too_much_is_held_and_not_refused() {
    let limited = |dollars| Subscription {
        limits: Limits { monthly_cost_per_share: Some(dollars), ..Limits::default() },
        otherwise: Otherwise::Reject,
        ..subscription("a")
    };
    let mut facts = facts();
    facts.resources = configurations(&["rcfg-1", "rcfg-2"]);
    assert_eq!(verdict(&facts, &[limited(30)]).outcome, Outcome::Accept);
    let over = verdict(&facts, &[limited(29)]);
    assert_eq!((over.outcome, over.status, over.claims.len()), (Outcome::Hold, ShareStatus::Held, 0));
    assert!(over.reasons[0].contains("would cost 29.20 USD per month"), "{over:?}");
    let elsewhere = facts.arn.as_str().replace("us-east-1", "eu-west-1");
    facts.arn = crate::ids::ResourceShareArn::parse(elsewhere).unwrap();
    assert_eq!(verdict(&facts, &[limited(10_000)]).outcome, Outcome::Hold, "an unknown price is no low one");
}

#[test]
fn limits_hold_what_would_cost_too_much() {
    let limited = |called: &str, most| Subscription {
        limits: Limits { connections_per_share: Some(most), ..Limits::default() },
        targets: vec![vpc_target("vpc-0a"), network_target("sn-0a")],
        ..subscription(called)
    };
    let mut facts = facts();
    facts.resources = configurations(&["rcfg-1", "rcfg-2"]);
    assert_eq!(verdict(&facts, &[limited("a", 4)]).outcome, Outcome::Accept);

    let over = verdict(&facts, &[limited("a", 3)]);
    assert_eq!((over.outcome, over.status), (Outcome::Hold, ShareStatus::Held));
    assert!(over.reasons[0].contains("it would make 4 connections, its limits.connections_per_share is 3"), "{over:?}");

    let one_over = verdict(&facts, &[limited("a", 3), limited("b", 4)]);
    assert_eq!((one_over.outcome, one_over.claims), (Outcome::Accept, vec![name("b")]));

    // A limit is a question to a person, not a sign of mistrust.
    let mut limited_and_strict = limited("a", 3);
    limited_and_strict.otherwise = Otherwise::Reject;
    let mut objecting = otherwise("b", Otherwise::Reject);
    objecting.trust.share_names = vec!["kafka".to_owned()];
    assert_eq!(verdict(&facts, &[limited_and_strict, objecting]).outcome, Outcome::Hold);
}

#[test]
fn an_empty_share_is_looked_at_again_for_a_while() {
    let mut facts = facts();
    facts.resources.clear();
    let asked_at = |minutes| {
        let at = at("2026-11-20T11:00:00Z").checked_add(SignedDuration::from_mins(minutes)).unwrap();
        decide(&facts, &[subscription("a")], Said::default(), at)
    };
    assert_eq!(asked_at(0).unwrap_err().name, FaultName::NotReady);
    assert_eq!(asked_at(9).unwrap_err().name, FaultName::NotReady);
    let later = asked_at(10).unwrap();
    assert_eq!((later.outcome, later.claims.len()), (Outcome::Hold, 0));
    assert!(later.reasons[0].contains("nothing is inside"), "{later:?}");
}

#[test]
fn a_stranger_does_not_make_drawbridge_wait() {
    let mut facts = stranger();
    facts.resources.clear();
    assert_eq!(verdict(&facts, &[subscription("a")]).outcome, Outcome::Hold);
}

#[test]
fn the_reasons_for_a_share_of_thousands_stay_readable() {
    let mut facts = facts();
    facts.resources =
        (0..5000).map(|n| inside(&format!("arn:aws:ec2:us-east-1:{SENDER}:subnet/subnet-{n}"), "ec2:Subnet")).collect();
    let verdict = verdict(&facts, &[subscription("a")]);
    assert_eq!(verdict.outcome, Outcome::Hold);
    assert!(verdict.reasons.len() < 50, "{}", verdict.reasons.len());
    assert!(verdict.reasons.iter().any(|r| r.contains("and 4980 more")), "{:?}", verdict.reasons.last());
}

#[test]
fn the_digest_changes_exactly_when_a_subscription_that_decides_changes() {
    let elsewhere = |called| {
        let mut other = subscription(called);
        other.trust.senders = vec![account(STRANGER)];
        other
    };
    let of = |subscriptions: &[Subscription]| digest(subscriptions, &account(SENDER));
    let before = of(&[subscription("a"), elsewhere("b")]);

    let mut changed = elsewhere("b");
    changed.otherwise = Otherwise::Reject;
    assert_eq!(before, of(&[elsewhere("b"), subscription("a")]), "the order");
    assert_eq!(before, of(&[subscription("a"), changed.clone()]), "another sender's");
    assert_eq!(before, of(&[subscription("a")]), "another sender's, gone");

    let mut asking = subscription("a");
    asking.endpoints.push(crate::subscription::EndpointItem::Gateway(crate::testing::gateway_item()));
    assert_eq!(before, of(&[asking.clone(), elsewhere("b")]), "endpoints without a share decide nothing of one");
    asking.trust = crate::subscription::Trust::nobody();
    asking.targets.clear();
    let of_stranger = |subscriptions: &[Subscription]| digest(subscriptions, &account("888899990000"));
    assert_eq!(
        of_stranger(&[elsewhere("b")]),
        of_stranger(&[elsewhere("b"), asking]),
        "nor whether strangers are held"
    );
    // Before there were endpoints in it, a subscription had this form: an upgrade vets nothing again.
    let form = serde_json::to_value(subscription("a")).unwrap();
    let keys: Vec<_> = form.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["limits", "name", "on_revoke", "otherwise", "ports", "profile", "tags", "targets", "trust"]);

    let deciding: [fn(&mut Subscription); 11] = [
        |s| s.trust.senders.push(account(STRANGER)),
        |s| s.trust.share_names.push("*".to_owned()),
        |s| s.trust.shares.push(share_arn(SENDER)),
        |s| s.otherwise = Otherwise::Ignore,
        |s| s.profile = crate::profile::ProfileName::Generic.into(),
        |s| s.targets.push(network_target("sn-0a")),
        |s| s.limits.connections_per_share = Some(1),
        |s| s.limits.monthly_cost_per_share = Some(1),
        |s| s.on_change = crate::subscription::OnChange::Replace,
        |s| _ = s.tags.insert("team".to_owned(), "x".to_owned()),
        |s| _ = s.ports.insert("orders".to_owned(), 1),
    ];
    for (index, change) in deciding.iter().enumerate() {
        let mut changed = subscription("a");
        change(&mut changed);
        assert_ne!(before, of(&[changed, elsewhere("b")]), "change {index}");
    }
    assert_ne!(before, of(&[subscription("a"), subscription("b")]), "one more that trusts");
    assert_ne!(before, of(&[elsewhere("b")]), "nobody trusts any more");

    let strangers = digest(&[elsewhere("b")], &account(SENDER));
    assert_ne!(strangers, digest(&[changed], &account(SENDER)), "for a stranger, all of them decide");
}

fn any_otherwise() -> impl Strategy<Value = Otherwise> {
    prop_oneof![Just(Otherwise::Hold), Just(Otherwise::Reject), Just(Otherwise::Ignore)]
}

/// Any subscription that trusts only `senders`.
fn any_subscription(senders: &'static [&'static str]) -> impl Strategy<Value = Subscription> {
    (
        "[a-c]",
        proptest::sample::subsequence(senders, 0..=senders.len()),
        proptest::collection::vec("[a-z*?]{0,6}", 0..3),
        proptest::sample::subsequence(vec![share_arn(SENDER), share_arn(STRANGER)], 0..=2),
        any::<bool>(),
        any_otherwise(),
        proptest::option::of(0_u32..4),
        1_usize..3,
    )
        .prop_map(|(called, senders, names, shares, types, else_what, limit, targets)| {
            let mut s = otherwise(&called, else_what);
            s.trust.senders = senders.into_iter().map(account).collect();
            s.trust.share_names = names;
            s.trust.shares = shares;
            if !types {
                s.trust.resource_types.clear();
            }
            s.limits.connections_per_share = limit;
            s.targets = vec![vpc_target("vpc-0a"), network_target("sn-0a")];
            s.targets.truncate(targets);
            s
        })
}

fn any_facts() -> impl Strategy<Value = ShareFacts> {
    use InvitationStatus::{Accepted, Expired, Pending, Rejected, Unknown};
    let invited = prop_oneof![
        2 => Just(None),
        8 => prop_oneof![4 => Just(Pending), 2 => Just(Accepted), 1 => Just(Rejected), 1 => Just(Expired), 1 => Just(Unknown)]
            .prop_map(|status| Some(invitation(status))),
    ];
    let content = proptest::collection::vec(
        prop_oneof![
            6 => Just(configurations(&["rcfg-1"])[0].clone()),
            1 => Just(inside("arn:aws:vpc-lattice:us-east-1:777788889999:resourceconfiguration/rcfg-2", RESOURCE_CONFIGURATION)),
            1 => Just(inside("arn:aws:ec2:us-east-1:444455556666:subnet/subnet-1", "ec2:Subnet")),
            1 => Just(inside("no arn", RESOURCE_CONFIGURATION)),
        ],
        0..4,
    );
    (prop_oneof![9 => Just(SENDER), 1 => Just(STRANGER)], "[a-z]{0,6}", invited, content, 0_i64..20 * 60).prop_map(
        |(owner, called, invited, resources, minutes)| {
            let mut facts = facts();
            facts.arn = share_arn(owner);
            facts.name = called;
            facts.invitation = invited.map(|mut i| {
                i.invited_at = now().checked_sub(SignedDuration::from_mins(minutes)).unwrap();
                i
            });
            facts.resources = resources;
            facts
        },
    )
}

proptest! {
    #[test]
    fn whom_no_subscription_trusts_is_never_accepted(
        subscriptions in proptest::collection::vec(any_subscription(&[STRANGER, "777788889999"]), 0..5),
        facts in any_facts(),
    ) {
        if let Ok(verdict) = decide(&facts, &subscriptions, Said::default(), now()) {
            prop_assert_ne!(verdict.outcome, Outcome::Accept);
            prop_assert!(verdict.claims.is_empty());
            prop_assert!(!verdict.reasons.is_empty());
        }
    }

    #[test]
    fn what_is_accepted_is_trusted_in_every_respect(
        subscriptions in proptest::collection::vec(any_subscription(&[SENDER, STRANGER]), 0..5),
        facts in any_facts(),
    ) {
        let Ok(verdict) = decide(&facts, &subscriptions, Said::default(), now()) else { return Ok(()) };
        prop_assert_eq!(verdict.outcome == Outcome::Accept, !verdict.claims.is_empty());
        if verdict.outcome == Outcome::Accept {
            prop_assert_eq!(facts.arn.owner(), facts.sender.as_str());
            prop_assert!(!facts.resources.is_empty());
            prop_assert_eq!(connectable(&facts).count(), facts.resources.len());
            prop_assert!(connectable(&facts).all(|(arn, _)| arn.owner() == facts.sender.as_str()));
            prop_assert!(facts.invitation.iter().all(|i| matches!(i.status, InvitationStatus::Pending | InvitationStatus::Accepted)));
            for claim in &verdict.claims {
                prop_assert!(subscriptions.iter().any(|s| s.name == *claim
                    && s.trusts_sender(&facts.sender)
                    && (s.trust.shares.is_empty() || s.trust.shares.contains(&facts.arn))
                    && (s.trust.share_names.is_empty() || s.trust.share_names.iter().any(|p| glob(p, &facts.name)))
                    && s.trust.resource_types.contains(&ResourceType::ResourceConfiguration)));
            }
        }
        // Rejecting is final, so it must be possible, and everybody who decides must say so.
        if verdict.outcome == Outcome::Reject {
            prop_assert!(facts.invitation.as_ref().is_some_and(|i| i.status == InvitationStatus::Pending));
            prop_assert!(deciding(&subscriptions, &facts.sender).iter().all(|s| s.otherwise == Otherwise::Reject));
        }
    }

    #[test]
    fn narrowing_never_makes_anything_accepted(
        subscriptions in proptest::collection::vec(any_subscription(&[SENDER]), 1..4),
        facts in any_facts(),
        pattern in prop_oneof![Just("*".to_owned()), "[a-z*?]{0,6}"],
    ) {
        let Ok(before) = decide(&facts, &subscriptions, Said::default(), now()) else { return Ok(()) };
        let mut narrowed = subscriptions;
        for s in narrowed.iter_mut().filter(|s| s.trust.share_names.is_empty()) {
            s.trust.share_names.push(pattern.clone());
        }
        let after = decide(&facts, &narrowed, Said::default(), now()).unwrap();
        let claims = |verdict: &Verdict| verdict.claims.iter().cloned().collect::<BTreeSet<_>>();
        prop_assert!(claims(&after).is_subset(&claims(&before)));
    }

    #[test]
    fn the_order_of_the_subscriptions_does_not_matter(
        subscriptions in proptest::collection::vec(any_subscription(&[SENDER, STRANGER]), 0..4),
        facts in any_facts(),
    ) {
        // Names are unique in an installation.
        let mut seen = BTreeSet::new();
        let forth: Vec<_> = subscriptions.into_iter().filter(|s| seen.insert(s.name.clone())).collect();
        let back: Vec<_> = forth.iter().rev().cloned().collect();
        prop_assert_eq!(decide(&facts, &forth, Said::default(), now()), decide(&facts, &back, Said::default(), now()));
        prop_assert_eq!(digest(&forth, &facts.sender), digest(&back, &facts.sender));
    }

    #[test]
    fn a_pattern_matches_as_the_simple_definition_says(pattern in "[aä*?]{0,8}", name in "[aäb]{0,8}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(glob(&pattern, &name), matches_by_definition(&chars(&pattern), &chars(&name)));
    }

    #[test]
    fn a_name_matches_itself_and_everything(name in "[^*?]{0,20}") {
        prop_assert!(glob(&name, &name));
        prop_assert!(glob("*", &name));
    }
}

fn matches_by_definition(pattern: &[char], name: &[char]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some(('*', rest)) => (0..=name.len()).any(|skip| matches_by_definition(rest, &name[skip..])),
        Some((c, rest)) => name
            .split_first()
            .is_some_and(|(first, left)| (*c == '?' || c == first) && matches_by_definition(rest, left)),
    }
}

mod approval {
    use super::*;
    use crate::ids::SubscriptionName;
    use crate::subscription::Approval;

    fn asks(approval: Approval) -> Subscription {
        Subscription { approval, ..subscription("a") }
    }

    fn answer(facts: &ShareFacts, approve: bool) -> Answer {
        Answer {
            approve,
            by: "ana".to_owned(),
            at: now(),
            because: Some("not ours".to_owned()),
            asked: waiting::asked(&facts.arn, &facts.resources),
            subscriptions: if approve { vec![name("a")] } else { Vec::new() },
        }
    }

    fn after(
        facts: &ShareFacts,
        subscriptions: &[Subscription],
        answer: &Answer,
        approved: &[SubscriptionName],
    ) -> Verdict {
        decide(facts, subscriptions, Said { of_share: Some(answer), approved }, now()).unwrap()
    }

    #[test]
    fn what_is_trusted_waits_for_a_person_if_the_subscription_says_so() {
        for approval in [Approval::FirstTime, Approval::Always] {
            let subscriptions = [asks(approval)];
            let verdict = verdict(&facts(), &subscriptions);
            assert_eq!((verdict.outcome, verdict.asking), (Outcome::Hold, vec![name("a")]), "{:?}", verdict.reasons);
            let yes = after(&facts(), &subscriptions, &answer(&facts(), true), &[]);
            assert_eq!((yes.outcome, yes.claims), (Outcome::Accept, vec![name("a")]));
            let known =
                decide(&facts(), &subscriptions, Said { of_share: None, approved: &[name("a")] }, now()).unwrap();
            assert_eq!(known.outcome, Outcome::Accept, "it was approved before");
        }
    }

    #[test]
    fn a_no_is_an_answer_to_the_invitation_and_is_told() {
        let no = answer(&facts(), false);
        for subscription in [asks(Approval::Always), subscription("a")] {
            let verdict = after(&facts(), &[subscription], &no, &[]);
            assert_eq!((verdict.outcome, verdict.status), (Outcome::Reject, ShareStatus::Declining));
            assert_eq!(verdict.reasons[0], "ana rejected it: not ours");
        }
        let accepted = ShareFacts { invitation: None, ..facts() };
        let verdict = after(&accepted, &[asks(Approval::Always)], &no, &[]);
        assert_eq!((verdict.outcome, verdict.status), (Outcome::Ignore, ShareStatus::Ignored), "it can't be undone");
    }

    #[test]
    fn an_approval_widens_no_trust_and_is_for_what_was_seen() {
        let yes = answer(&facts(), true);
        let mut more = facts();
        more.resources = configurations(&["rcfg-1", "rcfg-2"]);
        let verdict = after(&more, &[asks(Approval::Always)], &yes, &[]);
        assert_eq!(verdict.outcome, Outcome::Hold);
        assert!(verdict.reasons.iter().any(|reason| reason.contains("something else was inside")), "{verdict:?}");
        for (facts, subscription) in [
            (stranger(), asks(Approval::Always)),
            (
                facts(),
                Subscription {
                    trust: Trust { share_names: vec!["other".to_owned()], ..subscription("a").trust },
                    ..asks(Approval::Always)
                },
            ),
        ] {
            let verdict = after(&facts, &[subscription], &answer(&facts, true), &[name("a")]);
            assert!(
                verdict.outcome == Outcome::Hold && verdict.claims.is_empty() && verdict.asking.is_empty(),
                "{verdict:?}"
            );
        }
    }

    #[test]
    fn a_limit_is_lifted_for_what_was_approved_and_for_nothing_else() {
        let mut limited = subscription("a");
        limited.limits.connections_per_share = Some(1);
        let facts = ShareFacts { resources: configurations(&["rcfg-1", "rcfg-2"]), ..facts() };
        let held =
            decide(&facts, std::slice::from_ref(&limited), Said { of_share: None, approved: &[name("a")] }, now())
                .unwrap();
        assert_eq!(
            (held.outcome, held.asking),
            (Outcome::Hold, vec![name("a")]),
            "the sender's approval lifts no limit"
        );
        let yes = answer(&facts, true);
        assert_eq!(after(&facts, std::slice::from_ref(&limited), &yes, &[]).outcome, Outcome::Accept);
        let more = ShareFacts { resources: configurations(&["rcfg-1", "rcfg-2", "rcfg-3"]), ..facts };
        assert_eq!(after(&more, &[limited], &yes, &[]).outcome, Outcome::Hold);
    }

    #[test]
    fn one_that_asks_does_not_keep_another_from_accepting() {
        let verdict = verdict(&facts(), &[asks(Approval::Always), subscription("b")]);
        assert_eq!(
            (verdict.outcome, verdict.claims, verdict.asking),
            (Outcome::Accept, vec![name("b")], vec![name("a")])
        );
    }
}
