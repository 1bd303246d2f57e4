#![allow(clippy::unwrap_used)]

use super::*;
use crate::ending::Cause;
use crate::ids::SubnetId;
use crate::share::InvitationStatus;
use crate::subscription::{EndpointItem, Limits, OnChange, ResourceType, Subnets, Target, Trust};
use crate::testing::{
    self, account, connection, facts, gateway_item, home, invitation, name, network_target, now, resource,
    share_record, subscription, vpc_target,
};

fn offers() -> Vec<Offer> {
    vec![Offer { arn: resource("rcfg-1"), of: ResourceType::ResourceConfiguration, name: Some("orders".to_owned()) }]
}

/// What the subscriptions make of it; `a` is the one that is applied.
fn told(
    after: &[Subscription],
    before: &[Subscription],
    record: Option<ShareRecord>,
    existing: &[Connection],
) -> Forecast {
    let status = if record.is_some() { InvitationStatus::Accepted } else { InvitationStatus::Pending };
    let facts = ShareFacts { invitation: Some(invitation(status)), ..facts() };
    let shares: Vec<_> = record.iter().cloned().collect();
    let gathered = Gathered { facts, record, offers: offers(), left_out: Vec::new(), approved: Vec::new() };
    let (unreadable, home) = (BTreeSet::new(), home());
    let known = Known { subscriptions: after, unreadable: &unreadable, home: &home };
    forecast(&name("a"), known, before, &[gathered], existing, &shares, now())
}

fn actions(forecast: &Forecast) -> Vec<(&'static str, bool, String)> {
    let of = |step: &Step| (step.action.as_str(), step.applied, step.connection.target.to_string());
    forecast.steps.iter().map(of).collect()
}

fn accepted(by: &[Subscription]) -> ShareRecord {
    ShareRecord {
        accepted_at: Some(testing::at("2026-11-20T11:00:00Z")),
        digest: verdict::digest(by, &account(testing::SENDER)),
        ..share_record(ShareStatus::Accepted)
    }
}

/// Ready, as `open` planned it for [`subscription`].
fn ready() -> Connection {
    let mut ready = connection(Status::Ready);
    if let Some(crate::connection::Plan {
        call: crate::connection::PlannedCall::ResourceEndpoint { private_dns, .. },
        ..
    }) = &mut ready.plan
    {
        let profile = crate::profile::Profile::of(crate::profile::ProfileName::RedisCloud);
        *private_dns = crate::preflight::planned_dns(&crate::subscription::PrivateDns::ProfileDefault, profile);
    }
    ready
}

#[test]
fn a_pending_invitation_is_judged_and_what_it_brings_is_made() {
    let new = [Subscription { targets: vec![vpc_target("vpc-0a"), network_target("sn-0a")], ..subscription("a") }];
    let forecast = told(&new, &[], None, &[]);
    let mut made = actions(&forecast);
    made.sort();
    assert_eq!(made, [("make", true, "sn-0a".to_owned()), ("make", true, "vpc-0a".to_owned())]);
    assert!(forecast.steps.iter().all(|step| step.is_made() && step.status.is_none()));
    let [share] = &forecast.shares[..] else { panic!("{:?}", forecast.shares) };
    assert_eq!((share.outcome, share.status, share.accepted), (Some(Outcome::Accept), None, false));
    assert_eq!(forecast.steps[0].connection.id.as_str().len(), 37, "the id that it will have");
}

#[test]
fn what_is_not_trusted_or_over_a_limit_makes_nothing() {
    let strange = [Subscription {
        trust: Trust { senders: vec![account(testing::STRANGER)], ..subscription("a").trust },
        ..subscription("a")
    }];
    let limits = Limits { monthly_cost_per_share: Some(14), ..Limits::default() };
    let dear = [Subscription { limits, ..subscription("a") }];
    for (after, says) in [(strange, "is trusted by no subscription"), (dear, "limits.monthly_cost_per_share is 14 USD")]
    {
        let forecast = told(&after, &[], None, &[]);
        assert_eq!((actions(&forecast), forecast.shares[0].outcome), (vec![], Some(Outcome::Hold)));
        assert!(forecast.shares[0].reasons.iter().any(|reason| reason.contains(says)), "{:?}", forecast.shares);
    }
    // What does not concern the subscription is not told.
    let other = [subscription("b")];
    assert_eq!(told(&other, &other, None, &[]), Forecast { shares: Vec::new(), steps: Vec::new() });
}

#[test]
fn what_stands_stays_changes_is_replaced_or_closed() {
    let before = [subscription("a")];
    let with = |change: &dyn Fn(&mut Subscription)| {
        let mut after = subscription("a");
        change(&mut after);
        actions(&told(&[after], &before, Some(accepted(&before)), &[ready()]))
    };
    let subnets = |s: &mut Subscription| {
        let Target::Vpc(target) = &mut s.targets[0] else { unreachable!() };
        target.subnets = Subnets::Listed(vec![SubnetId::parse("subnet-0b").unwrap()]);
    };
    let here = |action, applied| (action, applied, "vpc-0a".to_owned());
    assert_eq!(with(&|_| ()), [here("keep", true)]);
    assert_eq!(with(&|s| _ = s.tags.insert("team".to_owned(), "x".to_owned())), [here("change", true)]);
    assert_eq!(with(&|s| subnets(s)), [here("replace", false)], "AWS can't, and nobody said that Drawbridge may");
    let replaces = |s: &mut Subscription| {
        subnets(s);
        s.on_change = OnChange::Replace;
    };
    assert_eq!(with(&replaces), [here("replace", true)]);
    let moved = with(&|s| s.targets = vec![vpc_target("vpc-0b")]);
    assert_eq!(moved, [("make", true, "vpc-0b".to_owned()), here("close", true)]);
    assert_eq!(with(&|s| s.trust = Trust::nobody()), [here("close", true)]);
}

#[test]
fn another_claim_keeps_it() {
    let before = [subscription("a"), subscription("b")];
    let both = Connection { claims: vec![name("a"), name("b")], ..ready() };
    let after = [Subscription { targets: vec![vpc_target("vpc-0b")], ..subscription("a") }, subscription("b")];
    let forecast = told(&after, &before, Some(accepted(&before)), &[both]);
    assert_eq!(actions(&forecast)[1], ("keep", true, "vpc-0a".to_owned()));
    assert_eq!(forecast.steps[1].connection.claims, [name("b")]);
}

#[test]
fn what_failed_is_made_again_when_what_decides_on_it_changes() {
    let before = [subscription("a")];
    let digest = verdict::digest(&before, &account(testing::SENDER));
    let failed = Connection { plan: None, made: None, digest: digest.clone(), ..connection(Status::Failed) };
    let same = told(&before, &before, Some(accepted(&before)), std::slice::from_ref(&failed));
    assert_eq!(actions(&same), [("keep", true, "vpc-0a".to_owned())]);
    let mut after = subscription("a");
    after.ports.insert("orders".to_owned(), 1);
    let again = told(&[after], &before, Some(accepted(&before)), &[failed]);
    assert_eq!(actions(&again), [("make", true, "vpc-0a".to_owned())]);
    assert_eq!(again.steps[0].status, Some(Status::Failed));
}

#[test]
fn what_was_accepted_by_the_same_subscriptions_is_not_looked_into_again() {
    let before = [subscription("a")];
    assert_eq!(actions(&told(&before, &before, Some(accepted(&before)), &[])), []);
}

#[test]
fn endpoints_are_asked_for_by_the_subscription_alone() {
    let asking = Subscription {
        trust: Trust::nobody(),
        targets: Vec::new(),
        endpoints: vec![EndpointItem::Gateway(gateway_item())],
        ..subscription("a")
    };
    let forecast = told(std::slice::from_ref(&asking), &[], None, &[]);
    assert_eq!(actions(&forecast), [("make", true, "vpc-0a".to_owned())]);
    assert_eq!(forecast.shares, [], "it says nothing of shares");
    let made = Connection { status: Status::Ready, ..forecast.steps[0].connection.clone() };
    assert_eq!(
        actions(&told(&[asking], &[], None, std::slice::from_ref(&made))),
        [("keep", true, "vpc-0a".to_owned())]
    );
    let gone = Subscription { endpoints: Vec::new(), ..subscription("a") };
    let over = told(&[gone], &[], None, &[made]);
    let ended = over.steps.iter().find(|step| step.action == Action::Close).unwrap();
    assert_eq!(ended.connection.ending.as_ref().unwrap().cause, Cause::Withdrawn);
}

#[test]
fn what_there_is_no_room_for_is_told_and_not_made() {
    let limits = |most| Limits { endpoints: Some(most), ..Limits::default() };
    let asking = |most| Subscription {
        trust: Trust::nobody(),
        targets: Vec::new(),
        endpoints: ["one", "two"]
            .map(|service| {
                EndpointItem::Interface(testing::interface_item(&format!("com.amazonaws.us-east-1.{service}")))
            })
            .into(),
        limits: limits(most),
        ..subscription("a")
    };
    let new = told(&[asking(1)], &[], None, &[]);
    let mut applied: Vec<_> = new.steps.iter().map(|step| (step.action, step.applied)).collect();
    applied.sort_unstable();
    assert_eq!(applied, [(Action::Make, false), (Action::Make, true)]);
    let over = new.steps.iter().find(|step| !step.applied).unwrap();
    assert!(over.connection.is_held() && over.why.contains("limits.endpoints is 1"), "{}", over.why);
    // Where it is held already, and where the limit is raised.
    let records: Vec<_> = new.steps.iter().map(|step| step.connection.clone()).collect();
    let same = told(&[asking(1)], &[asking(1)], None, &records);
    assert_eq!(same.steps.iter().filter(|step| !step.applied && step.connection.is_held()).count(), 1);
    let raised = told(&[asking(2)], &[asking(1)], None, &records);
    assert!(raised.steps.iter().all(|step| step.action == Action::Make && step.applied));
}

#[test]
fn costs_add_up_and_what_is_unknown_is_counted() {
    let mut total = Total::default();
    let one = connection(Status::Ready);
    for (region, zones) in [("us-east-1", Some(2)), ("us-east-1", None), ("eu-west-1", None)] {
        total.add(&cost(&one, zones, region));
    }
    assert_eq!((total.micro_usd_per_month.to_string().as_str(), total.unknown), ("29.20 USD", 1));
}

#[test]
fn what_is_in_its_grace_period_is_kept_or_closed_as_the_subscription_says() {
    use crate::subscription::{Grace, OnRevoke};
    let says = |on_revoke| [Subscription { on_revoke, ..subscription("a") }];
    let after = OnRevoke::CloseAfter(Grace::parse("1h").unwrap());
    let revoked = ShareRecord { status: ShareStatus::Revoked, ..accepted(&says(after)) };
    let (unreadable, home) = (BTreeSet::new(), home());
    let before = says(after);
    let known = Known { subscriptions: &before, unreadable: &unreadable, home: &home };
    let existing = Connection { claims: vec![name("a")], ..ready() };
    let graceful = claims::settle(&existing, Some(&revoked), known, "by", now()).unwrap().0;
    let told = |subscriptions: &[Subscription]| {
        let shares = std::slice::from_ref(&revoked);
        let existing = std::slice::from_ref(&graceful);
        let known = Known { subscriptions, unreadable: &unreadable, home: &home };
        actions(&forecast(&name("a"), known, &before, &[], existing, shares, now()))
    };
    for (on_revoke, action) in [(after, "keep"), (OnRevoke::Keep, "keep"), (OnRevoke::Close, "close")] {
        assert_eq!(told(&says(on_revoke)), [(action, true, "vpc-0a".to_owned())], "{on_revoke:?}");
    }
}
