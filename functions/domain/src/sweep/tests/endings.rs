//! What the sweep does about what ends or ended.

use super::*;
use crate::ending::{Cause, Ending};

fn ending(cause: Cause) -> Ending {
    Ending {
        cause,
        why: "subscription a is withdrawn".to_owned(),
        by: "intake (sweep)".to_owned(),
        since: now(),
        digest: "digest".to_owned(),
        reopen: None,
        in_grace: false,
    }
}

#[test]
fn what_is_to_be_closed_gets_its_run_whoever_has_it() {
    for status in [Status::Wanted, Status::Opening, Status::Waiting, Status::Closing] {
        let ends = Connection { ending: Some(ending(Cause::Withdrawn)), ..connection(status) };
        assert_eq!(connection_step(&ends, BACKOFF, now()), ConnectionStep::Ensure, "{status:?}");
    }
    let closed = Connection { ending: Some(ending(Cause::Withdrawn)), ..connection(Status::Closed) };
    assert_eq!(connection_step(&closed, BACKOFF, now()), ConnectionStep::Nothing);
}

#[test]
fn closing_goes_on_for_as_long_as_it_takes_and_keeps_its_reason() {
    let mut closing = Connection {
        ending: Some(ending(Cause::Withdrawn)),
        why: "subscription a is withdrawn; it can't be removed: AccessDenied".to_owned(),
        since: at_minute(0),
        ..connection(Status::Closing)
    };
    for runs in 1..=6 {
        assert!(runs == 1 || aborted_connection(&closing, BACKOFF, closing.since).is_none(), "it backs off");
        let later = closing.since.checked_add(SignedDuration::from_hours(1)).unwrap();
        let (next, what) = aborted_connection(&closing, BACKOFF, later).unwrap();
        assert_eq!((next.status, next.attempt, next.generation), (Status::Closing, runs + 1, 1));
        assert_eq!((&next.execution, &next.fault), (&None, &None), "nothing failed but its run");
        assert_eq!(next.why, closing.why);
        assert!(what.contains("RunAborted"), "{what}");
        closing = next;
    }
}

fn at_minute(minute: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_mins(minute)).unwrap()
}

#[test]
fn a_run_that_dies_with_the_wish_unseen_is_followed_by_one_that_sees_it() {
    let waiting = Connection { ending: Some(ending(Cause::Operator)), ..connection(Status::Waiting) };
    let (next, _) = aborted_connection(&waiting, BACKOFF, now()).unwrap();
    assert_eq!((next.status, next.ending), (Status::Waiting, Some(ending(Cause::Operator))));
}

#[test]
fn an_operator_may_retry_what_was_closed_if_somebody_claims_it() {
    for cause in [Cause::Operator, Cause::Revoked] {
        let closed = Connection { ending: Some(ending(cause)), ..connection(Status::Closed) };
        let next = retry_connection(&closed, now()).unwrap();
        assert_eq!((next.status, next.generation, next.ending), (Status::Wanted, 2, None));
    }
    let unclaimed =
        Connection { ending: Some(ending(Cause::Withdrawn)), claims: Vec::new(), ..connection(Status::Closed) };
    assert!(retry_connection(&unclaimed, now()).unwrap_err().contains("drawbridge subscribe"));
}

#[test]
fn a_revoked_share_is_taken_up_when_it_is_shown_again_and_not_before() {
    let revoked = ShareRecord {
        accepted_at: Some(now()),
        unseen_since: Some(now()),
        transient_runs: 3,
        ..share_record(ShareStatus::Revoked)
    };
    let step = |shown| share_step(&seen(shown), Some(&revoked), "digest", FoundBy::Sweep, BACKOFF, now());
    for shown in [Shown::Visible, Shown::Uninvited] {
        let ShareStep::Run(next, why) = step(shown) else { panic!("{shown:?}") };
        assert_eq!((next.status, next.attempt, next.transient_runs), (ShareStatus::Found, 2, 0));
        assert_eq!((next.unseen_since, why.as_str()), (None, "its owner shares it again"));
    }
    for shown in [Shown::Gone, Shown::Expired, Shown::Rejected, Shown::Unknown] {
        assert_eq!(step(shown), ShareStep::Nothing, "{shown:?}");
    }
    let ShareStep::Run(next, _) = step(Shown::PendingAnew) else { panic!("a new invitation") };
    assert_eq!((next.status, next.accepted_at), (ShareStatus::Found, None));
    assert!(retry_share(&revoked, now()).unwrap_err().contains("share it again"));
}
