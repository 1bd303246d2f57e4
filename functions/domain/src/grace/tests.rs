#![allow(clippy::unwrap_used)]
use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::*;
use crate::claims::{self, Known, SHARE_REVOKED};
use crate::ending::{close_connection, finished};
use crate::share::{ShareRecord, ShareStatus};
use crate::subscription::{Kind, Subscription};
use crate::sweep::{ConnectionStep, aborted_connection, connection_step, retry_connection};
use crate::testing::{configurations, connection, home, name, now, resource, share_record, subscription, vpc_target};
use crate::waiting::connection_is_due;
use crate::wanted::{Origin, Wish, fulfil};

fn later(minutes: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

fn says(on_revoke: OnRevoke) -> Subscription {
    Subscription { on_revoke, ..subscription("a") }
}

fn after(text: &str) -> OnRevoke {
    OnRevoke::CloseAfter(Grace::parse(text).unwrap())
}

fn share(status: ShareStatus) -> ShareRecord {
    let mut share = share_record(status);
    share.unseen_since = (status == ShareStatus::Revoked).then(now);
    share
}

fn settled(
    connection: &Connection,
    status: ShareStatus,
    known: &[Subscription],
    at: Timestamp,
) -> Option<(Connection, String)> {
    let (unreadable, home) = (BTreeSet::new(), home());
    let known = Known { subscriptions: known, unreadable: &unreadable, home: &home };
    claims::settle(connection, Some(&share(status)), known, "intake (sweep)", at)
}

fn living(status: Status) -> Connection {
    Connection { claims: vec![name("a")], ..connection(status) }
}

/// One that was revoked at noon and can be used for an hour.
fn in_grace() -> Connection {
    settled(&living(Status::Ready), ShareStatus::Revoked, &[says(after("1h"))], now()).unwrap().0
}

/// What `accept` makes of it.
fn shared_again(existing: &Connection) -> Option<(Connection, String)> {
    let wish = Wish {
        kind: Kind::ResourceEndpoint,
        resource: resource("rcfg-1").into(),
        resource_name: Some("orders".to_owned()),
        target: vpc_target("vpc-0a").key(),
        claims: vec![name("a")],
    };
    let origin = Origin::share(&share_record(ShareStatus::Accepting));
    fulfil(&home(), &origin, &wish, Some(existing), &[says(after("1h"))], now())
}

#[test]
fn what_can_be_used_goes_on_until_its_grace_is_over() {
    let ready = living(Status::Ready);
    let (next, what) = settled(&ready, ShareStatus::Revoked, &[says(after("1h"))], now()).unwrap();
    assert_eq!((next.status, next.attempt, next.execution.as_deref()), (Status::Closing, ready.attempt + 1, None));
    assert_eq!((&next.made, &next.plan, &next.databases), (&ready.made, &ready.plan, &ready.databases));
    let wait = wait(&next).unwrap();
    assert_eq!((wait.since, wait.until, wait.by_a_run), (now(), later(60), true));
    let until = later(60).to_string();
    assert!(what.contains(&until) && next.why.contains(&until) && next.next.contains(&until), "{what}: {}", next.why);
    assert!(next.next.contains("on_revoke: keep") && next.next.contains("drawbridge close conn-"), "{}", next.next);
    assert!(next.findings.iter().any(|finding| finding.code == SHARE_REVOKED));
    assert_eq!(settled(&next, ShareStatus::Revoked, &[says(after("1h"))], later(7)), None, "said once");

    assert_eq!((leaves(&next, now()), leaves(&next, later(59))), (None, None));
    assert_eq!(leaves(&next, later(60)), Some(Leave::Over("its grace period is over")));
    let over = over(&next, later(60));
    assert_eq!((over.status, &over.wait, leaves(&over, later(60))), (Status::Closing, &None, None));
    assert_eq!(over.why, next.ending.as_ref().unwrap().why);
    let closed = finished(&over, "gone", later(61));
    assert_eq!((closed.status, closed.ending.unwrap().cause), (Status::Closed, Cause::Revoked));
}

#[test]
fn what_is_being_made_has_no_grace() {
    for status in [Status::Wanted, Status::Opening, Status::Waiting, Status::Failed] {
        let before = living(status);
        let graceful = settled(&before, ShareStatus::Revoked, &[says(after("1h"))], now()).unwrap().0;
        let at_once = settled(&before, ShareStatus::Revoked, &[says(OnRevoke::Close)], now()).unwrap().0;
        assert_eq!(
            (graceful.status, &graceful.why, &graceful.wait),
            (at_once.status, &at_once.why, &None),
            "{status:?}"
        );
        assert_eq!(graceful.ending.map(|ending| ending.cause), Some(Cause::Revoked), "{status:?}");
    }
}

#[test]
fn accepted_again_it_is_kept_as_it_was() {
    let before = in_grace();
    let (wish, what) = shared_again(&before).unwrap();
    assert_eq!((wish.status, wish.attempt), (Status::Closing, before.attempt), "{what}");
    assert!(wish.findings.iter().all(|finding| finding.code != SHARE_REVOKED), "{:?}", wish.findings);
    assert_eq!(shared_again(&wish), None, "said once");
    // Also in the last moment: whoever accepts is not told that it is too late before it is.
    let Some(Leave::Kept(why)) = leaves(&wish, later(90)) else { panic!("{:?}", leaves(&wish, later(90))) };
    let back = kept(&wish, why, later(2));
    assert_eq!((back.status, back.since, &back.wait, &back.ending), (Status::Ready, later(2), &None, &None));
    assert_eq!((&back.made, &back.plan, &back.databases), (&before.made, &before.plan, &before.databases));
    assert_eq!((back.generation, back.names_version), (before.generation, before.names_version));
    let again = settled(&back, ShareStatus::Revoked, &[says(after("1h"))], later(5)).unwrap().0;
    assert_eq!(again.attempt, back.attempt + 1, "the next run has another name");
    assert_eq!(wait(&again).unwrap().until, later(65));
}

#[test]
fn what_is_gone_when_it_is_shared_again_is_opened_anew() {
    let wish = shared_again(&in_grace()).unwrap().0;
    let gone = gone(&wish, Cause::Gone, "somebody deleted it", later(2));
    assert_eq!((gone.status, &gone.wait, gone.why.as_str()), (Status::Closing, &None, "somebody deleted it"));
    let again = finished(&gone, "nothing was left", later(3));
    assert_eq!((again.status, again.generation, again.ending), (Status::Wanted, wish.generation + 1, None));
}

#[test]
fn a_wish_that_was_taken_back_too_late_is_made_good() {
    // A sweep that had read the share before it was accepted writes after `accept`.
    let wish = shared_again(&in_grace()).unwrap().0;
    let late = settled(&wish, ShareStatus::Revoked, &[says(after("1h"))], later(2)).unwrap().0;
    assert_eq!(leaves(&late, later(2)), None);
    let (unreadable, home, subscriptions) = (BTreeSet::new(), home(), [says(after("1h"))]);
    let known = Known { subscriptions: &subscriptions, unreadable: &unreadable, home: &home };
    let inside = configurations(&["rcfg-1"]);
    let accepted = ShareRecord { since: later(1), resources: inside, ..share(ShareStatus::Accepted) };
    let (next, what) = claims::settle(&late, Some(&accepted), known, "intake (sweep)", later(3)).unwrap();
    assert!(matches!(leaves(&next, later(3)), Some(Leave::Kept(_))), "{what}");

    for other in [
        ShareRecord { since: now(), ..accepted.clone() },
        ShareRecord { resources: configurations(&["rcfg-2"]), ..accepted.clone() },
        ShareRecord { status: ShareStatus::Held, ..accepted },
    ] {
        let next = claims::settle(&late, Some(&other), known, "intake (sweep)", later(3));
        assert_eq!(next.and_then(|(next, _)| leaves(&next, later(3)).map(|_| ())), None, "{other:?}");
    }
}

#[test]
fn only_who_accepted_the_share_keeps_it() {
    let before = in_grace();
    for status in [ShareStatus::Found, ShareStatus::Held, ShareStatus::Accepted, ShareStatus::Failed] {
        let next = settled(&before, status, &[says(after("1h"))], later(1)).map_or(before.clone(), |(next, _)| next);
        assert_eq!((leaves(&next, later(1)), wait(&next)), (None, wait(&before)), "{status:?}");
    }
    // Another subscription that asks for it by itself only claims it.
    let mut wish_of = Origin::share(&share_record(ShareStatus::Accepting));
    wish_of.share = None;
    let wish = Wish {
        kind: before.kind,
        resource: before.resource.clone(),
        resource_name: None,
        target: before.target.clone(),
        claims: vec![name("b")],
    };
    let (next, _) = fulfil(&home(), &wish_of, &wish, Some(&before), &[says(after("1h"))], now()).unwrap();
    assert_eq!((next.claims.len(), leaves(&next, now())), (2, None));
}

#[test]
fn revoked_once_more_before_its_run_saw_it_the_same_grace_goes_on() {
    let wish = shared_again(&in_grace()).unwrap().0;
    let (next, what) = settled(&wish, ShareStatus::Revoked, &[says(after("1h"))], later(10)).unwrap();
    assert_eq!((leaves(&next, later(10)), wait(&next).unwrap().until), (None, later(60)), "{what}");
    assert!(next.why.contains("it can be used until"), "{}", next.why);
}

#[test]
fn what_the_subscription_says_now_holds() {
    let before = in_grace();
    let said = |on_revoke, at| settled(&before, ShareStatus::Revoked, &[says(on_revoke)], at);
    let (kept, what) = said(OnRevoke::Keep, later(5)).unwrap();
    assert!(matches!(leaves(&kept, later(5)), Some(Leave::Kept(_))), "{what}");
    assert!(kept.findings.iter().any(|finding| finding.code == SHARE_REVOKED), "it is revoked still");
    assert_eq!(settled(&kept, ShareStatus::Revoked, &[says(OnRevoke::Keep)], later(6)), None, "said once");

    let (cut, _) = said(OnRevoke::Close, later(5)).unwrap();
    assert_eq!(leaves(&cut, later(5)), Some(Leave::Over("its grace period is over")));
    assert_eq!(settled(&cut, ShareStatus::Revoked, &[says(OnRevoke::Close)], later(6)), None, "said once");
    assert!(said(OnRevoke::Close, later(61)).is_none(), "it is over anyway");

    for (text, minutes) in [("30m", 30), ("2d", 2880)] {
        let (next, what) = said(after(text), later(5)).unwrap();
        assert_eq!(wait(&next).unwrap().until, later(minutes), "{what}");
        assert!(next.why.contains(&later(minutes).to_string()), "{}", next.why);
        assert_eq!(settled(&next, ShareStatus::Revoked, &[says(after(text))], later(6)), None, "said once");
    }
    assert_eq!(said(after("60m"), later(5)), None, "as long as before");

    let broken = BTreeSet::from(["a".to_owned()]);
    let home = home();
    let known = Known { subscriptions: &[], unreadable: &broken, home: &home };
    let unread = claims::settle(&before, Some(&share(ShareStatus::Revoked)), known, "by", later(1)).unwrap().0;
    assert_eq!((unread.ending, unread.wait), (before.ending, before.wait), "what can't be read changes nothing");
}

#[test]
fn withdrawn_it_ends_at_once() {
    for before in [in_grace(), shared_again(&in_grace()).unwrap().0] {
        let (next, what) = settled(&before, ShareStatus::Revoked, &[], later(5)).unwrap();
        assert_eq!(next.ending.as_ref().unwrap().cause, Cause::Withdrawn, "{what}");
        assert!(matches!(leaves(&next, later(5)), Some(Leave::Over(_))) && next.why.contains("withdrawn"), "{next:?}");
        assert_eq!(settled(&next, ShareStatus::Revoked, &[], later(6)), None, "said once");
        // Asked for again before that is done: it is closed first.
        let (again, _) = shared_again(&next).unwrap();
        assert!(matches!(leaves(&again, later(6)), Some(Leave::Over(_))) && again.ending.unwrap().reopen.is_some());
    }
}

#[test]
fn an_operator_ends_it_at_once() {
    for before in [in_grace(), shared_again(&in_grace()).unwrap().0] {
        let next = close_connection(&before, "not now", "ana", "digest", later(5)).unwrap();
        assert!(matches!(leaves(&next, later(5)), Some(Leave::Over(_))) && next.why == "not now", "{}", next.why);
        assert!(connection_is_due(&next, later(5)).is_some());
        let after =
            settled(&next, ShareStatus::Revoked, &[says(OnRevoke::Keep)], later(6)).map_or(next, |(next, _)| next);
        assert!(matches!(leaves(&after, later(6)), Some(Leave::Over(_))), "an operator's word stands");
        assert!(shared_again(&after).is_none_or(|(next, _)| matches!(leaves(&next, later(6)), Some(Leave::Over(_)))));
    }
    let refused = retry_connection(&in_grace(), later(5)).unwrap_err();
    assert!(refused.contains("can be used until") && refused.contains("drawbridge close"), "{refused}");
}

#[test]
fn whoever_asks_whether_it_is_due_is_told_the_same() {
    let (none, minute) = (SignedDuration::ZERO, SignedDuration::from_mins(1));
    let wish = shared_again(&in_grace()).unwrap().0;
    for (connection, at, due) in [(in_grace(), later(1), false), (in_grace(), later(60), true), (wish, later(1), true)]
    {
        assert_eq!(leaves(&connection, at).is_some(), due);
        assert_eq!(connection_is_due(&connection, at).is_some(), due);
        let step = if due { ConnectionStep::Wake } else { ConnectionStep::Ensure };
        assert_eq!(connection_step(&connection, none, at), step);
    }
    let over = over(&in_grace(), later(60));
    assert_eq!(connection_step(&over, none, later(61)), ConnectionStep::Ensure);
    assert_eq!(connection_is_due(&over, later(61)), Some("nobody is waited for any more"));
    // A run that was stopped is replaced, and the grace goes on.
    let (next, _) = aborted_connection(&in_grace(), minute, later(5)).unwrap();
    assert_eq!((wait(&next), next.attempt), (wait(&in_grace()), in_grace().attempt + 1));
    assert_eq!((&next.next, &next.why, &next.fault), (&in_grace().next, &in_grace().why, &None));
}
