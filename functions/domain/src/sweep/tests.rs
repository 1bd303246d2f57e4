#![allow(clippy::unwrap_used)]
mod endings;
mod properties;

use super::*;
use crate::testing::{
    SENDER, account, connection, execution, facts, fault, invitation, invitation_arn, name, now, share_arn,
    share_record,
};

const BACKOFF: SignedDuration = SignedDuration::from_mins(1);

const SHARE_STATUSES: [ShareStatus; 10] = [
    ShareStatus::Found,
    ShareStatus::Accepting,
    ShareStatus::Declining,
    ShareStatus::Accepted,
    ShareStatus::Held,
    ShareStatus::Rejected,
    ShareStatus::Ignored,
    ShareStatus::Expired,
    ShareStatus::Failed,
    ShareStatus::Revoked,
];

const STATUSES: [Status; 7] =
    [Status::Wanted, Status::Opening, Status::Waiting, Status::Ready, Status::Closing, Status::Failed, Status::Closed];

/// What RAM may show of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Pending,
    PendingAnew,
    PendingTooLong,
    Expired,
    Rejected,
    /// Accepted, and its content visible.
    Visible,
    /// Visible, and never was there an invitation.
    Uninvited,
    /// Accepted once, but not visible.
    Gone,
    Unknown,
}

const SHOWN: [Shown; 9] = [
    Shown::Pending,
    Shown::PendingAnew,
    Shown::PendingTooLong,
    Shown::Expired,
    Shown::Rejected,
    Shown::Visible,
    Shown::Uninvited,
    Shown::Gone,
    Shown::Unknown,
];

fn seen(shown: Shown) -> SeenShare {
    let with = |status| Some(invitation(status));
    let (invitation, visible) = match shown {
        Shown::Pending => (with(InvitationStatus::Pending), false),
        Shown::PendingAnew => {
            (Some(Invitation { arn: invitation_arn("second"), ..invitation(InvitationStatus::Pending) }), false)
        }
        Shown::PendingTooLong => (
            Some(Invitation {
                invited_at: now().checked_sub(crate::share::INVITATION_LIFETIME).unwrap(),
                ..invitation(InvitationStatus::Pending)
            }),
            false,
        ),
        Shown::Expired => (with(InvitationStatus::Expired), false),
        Shown::Rejected => (with(InvitationStatus::Rejected), false),
        Shown::Visible => (with(InvitationStatus::Accepted), true),
        Shown::Uninvited => (None, true),
        Shown::Gone => (with(InvitationStatus::Accepted), false),
        Shown::Unknown => (with(InvitationStatus::Unknown), false),
    };
    SeenShare {
        arn: share_arn(SENDER),
        name: "redis-production".to_owned(),
        sender: account(SENDER),
        invitation,
        visible,
    }
}

fn step(seen: &SeenShare, record: Option<&ShareRecord>, digest: &str) -> ShareStep {
    share_step(seen, record, digest, FoundBy::Sweep, BACKOFF, now())
}

fn in_short(step: &ShareStep) -> String {
    match step {
        ShareStep::Nothing => "nothing".to_owned(),
        ShareStep::Ensure => "ensure".to_owned(),
        ShareStep::Wake => "wake".to_owned(),
        ShareStep::Run(record, _) => format!("run {}", record.attempt),
        ShareStep::Record(record, _) => record.status.as_str().to_owned(),
    }
}

#[test]
fn what_is_seen_for_the_first_time() {
    let table = [
        (Shown::Pending, "run 1"),
        (Shown::PendingAnew, "run 1"),
        (Shown::PendingTooLong, "run 1"),
        (Shown::Expired, "expired"),
        (Shown::Rejected, "rejected"),
        (Shown::Visible, "run 1"),
        (Shown::Uninvited, "run 1"),
        (Shown::Gone, "nothing"),
        (Shown::Unknown, "run 1"),
    ];
    for (shown, expected) in table {
        assert_eq!(in_short(&step(&seen(shown), None, "digest")), expected, "{shown:?}");
    }
}

#[test]
fn the_first_record_says_who_found_it() {
    let seen = seen(Shown::Pending);
    for (found_by, words) in [
        (FoundBy::Event, "found by an event"),
        (FoundBy::Sweep, "found by the sweep"),
        (FoundBy::Manual, "found by a manual call"),
        (FoundBy::Subscription, "found by a change of a subscription"),
    ] {
        let ShareStep::Run(record, what) = share_step(&seen, None, "digest", found_by, BACKOFF, now()) else {
            panic!("it is run");
        };
        assert_eq!(what, words);
        assert_eq!((record.found_by, record.version, record.status), (found_by, 0, ShareStatus::Found));
        assert_eq!(record.expires_at, seen.invitation.as_ref().map(Invitation::expires_at));
        assert_eq!(record.digest, "digest");
    }
}

/// Every status a record can have, against everything RAM can show, when no subscription changed
/// and no fault is recorded.
#[test]
fn what_is_known_already() {
    let header = [
        Shown::Pending,
        Shown::PendingAnew,
        Shown::PendingTooLong,
        Shown::Expired,
        Shown::Rejected,
        Shown::Gone,
        Shown::Unknown,
    ];
    let table: [(ShareStatus, [&str; 7]); 9] = [
        (ShareStatus::Found, ["ensure"; 7]),
        (ShareStatus::Accepting, ["ensure"; 7]),
        (ShareStatus::Declining, ["ensure"; 7]),
        (ShareStatus::Accepted, ["nothing", "run 2", "nothing", "nothing", "nothing", "nothing", "nothing"]),
        (ShareStatus::Held, ["nothing", "run 2", "nothing", "expired", "rejected", "nothing", "nothing"]),
        (ShareStatus::Ignored, ["nothing", "run 2", "nothing", "expired", "rejected", "nothing", "nothing"]),
        (ShareStatus::Failed, ["nothing", "run 2", "nothing", "expired", "rejected", "nothing", "nothing"]),
        (ShareStatus::Rejected, ["nothing", "run 2", "nothing", "nothing", "nothing", "nothing", "nothing"]),
        (ShareStatus::Expired, ["nothing", "run 2", "nothing", "nothing", "nothing", "nothing", "nothing"]),
    ];
    for (status, row) in table {
        for (shown, expected) in header.into_iter().zip(row) {
            let found = step(&seen(shown), Some(&share_record(status)), "digest");
            assert_eq!(in_short(&found), expected, "{status:?} and {shown:?}");
        }
    }
}

#[test]
fn what_was_accepted_outside_is_vetted_once() {
    for status in SHARE_STATUSES.into_iter().filter(|status| !status.is_running()) {
        for shown in [Shown::Visible, Shown::Uninvited] {
            let found = step(&seen(shown), Some(&share_record(status)), "digest");
            let ShareStep::Run(next, _) = found else { panic!("{status:?} and {shown:?}: {found:?}") };
            assert_eq!((next.attempt, next.accepted_at), (2, Some(now())));
            let known = ShareRecord { accepted_at: Some(now()), ..share_record(status) };
            let again = step(&seen(shown), Some(&known), "digest");
            assert_eq!(again == ShareStep::Nothing, status != ShareStatus::Revoked, "{status:?} and {shown:?}");
        }
    }
}

#[test]
fn a_share_that_was_empty_is_looked_at_again_hourly() {
    let table = [
        (ShareStatus::Held, 60, "run 2"),
        (ShareStatus::Ignored, 60, "run 2"),
        (ShareStatus::Held, 59, "nothing"),
        (ShareStatus::Failed, 60, "nothing"),
        (ShareStatus::Accepted, 60, "nothing"),
        (ShareStatus::Rejected, 60, "nothing"),
    ];
    for (status, minutes, expected) in table {
        let record = ShareRecord {
            resources: Vec::new(),
            since: now().checked_sub(SignedDuration::from_mins(minutes)).unwrap(),
            ..share_record(status)
        };
        assert_eq!(in_short(&step(&seen(Shown::Pending), Some(&record), "digest")), expected, "{status:?} {minutes}");
    }
}

#[test]
fn what_waits_for_an_invitation_that_is_gone_is_over() {
    for status in SHARE_STATUSES {
        let waits = matches!(status, ShareStatus::Held | ShareStatus::Ignored | ShareStatus::Failed);
        let over = ShareRecord { expires_at: Some(now()), ..share_record(status) };
        let found = gone_share(&over, now());
        assert_eq!(found.is_some(), waits, "{status:?}");
        let Some((next, what)) = found else { continue };
        assert_eq!((next.status, next.since, next.attempt), (ShareStatus::Expired, now(), 1));
        assert_eq!((next.why.len(), what.as_str()), (2, "the invitation is gone"));
        assert_eq!(gone_share(&next, now()), None, "{status:?} once more");

        let later = now().checked_add(SignedDuration::from_secs(1)).unwrap();
        for still in [
            ShareRecord { expires_at: Some(later), ..over.clone() },
            ShareRecord { expires_at: None, ..over.clone() },
            ShareRecord { accepted_at: Some(now()), ..over.clone() },
        ] {
            assert_eq!(gone_share(&still, now()), None, "{status:?}");
        }
    }
}

#[test]
fn a_failed_connection_follows_what_is_decided_anew() {
    let share = |status, accepted_at: Option<Timestamp>, digest: &str| ShareRecord {
        accepted_at,
        digest: digest.to_owned(),
        ..share_record(status)
    };
    let failed = Connection { transient_runs: 4, ..connection(Status::Failed) };
    let before = failed.since.checked_sub(SignedDuration::from_secs(1)).ok();
    let after = failed.since.checked_add(SignedDuration::from_secs(1)).ok();
    let accepted = ShareStatus::Accepted;

    for (share, why) in [
        (share(accepted, Some(failed.since), "another digest"), "the subscriptions that decide on it changed"),
        (share(accepted, after, "digest"), "the owner shared it again"),
    ] {
        let (next, what) = decided_anew(&failed, &share, now()).unwrap();
        assert_eq!((next.status, next.attempt, next.generation, next.transient_runs), (Status::Wanted, 2, 2, 0));
        assert_eq!((what.as_str(), &next.digest), (why, &share.digest));
        // Should it fail again, that is the end of it.
        let again = Connection { status: Status::Failed, ..next };
        assert_eq!(decided_anew(&again, &share, now()), None);
    }

    for accepted_at in [None, before, Some(failed.since)] {
        assert_eq!(decided_anew(&failed, &share(accepted, accepted_at, "digest"), now()), None);
    }
    for status in SHARE_STATUSES.into_iter().filter(|status| *status != accepted) {
        assert_eq!(decided_anew(&failed, &share(status, after, "another digest"), now()), None, "{status:?}");
    }
    for status in STATUSES.into_iter().filter(|status| *status != Status::Failed) {
        assert_eq!(
            decided_anew(&connection(status), &share(accepted, after, "another digest"), now()),
            None,
            "{status:?}"
        );
    }
}

#[test]
fn what_was_ignored_is_taken_up_when_a_subscription_comes_to_trust_it() {
    for status in SHARE_STATUSES {
        for shown in SHOWN {
            let record = ShareRecord { transient_runs: 2, ..share_record(status) };
            let found = step(&seen(shown), Some(&record), "another digest");
            let closed = matches!(shown, Shown::Expired | Shown::Rejected | Shown::Gone | Shown::Unknown);
            if status.is_running() || closed {
                assert!(!matches!(found, ShareStep::Run(..)), "{status:?} and {shown:?}: {found:?}");
                continue;
            }
            let ShareStep::Run(next, _) = found else { panic!("{status:?} and {shown:?}: {found:?}") };
            assert_eq!((next.attempt, next.status, next.transient_runs), (2, ShareStatus::Found, 0));
            assert_eq!((next.digest.as_str(), &next.execution), ("another digest", &None));
        }
    }
}

#[test]
fn a_new_invitation_is_a_new_question() {
    let record = ShareRecord { accepted_at: Some(now()), transient_runs: 3, ..share_record(ShareStatus::Expired) };
    let ShareStep::Run(next, what) = step(&seen(Shown::PendingAnew), Some(&record), "digest") else {
        panic!("it is run");
    };
    assert_eq!(next.invitation, Some(invitation_arn("second")));
    assert_eq!((next.accepted_at, next.transient_runs, next.attempt), (None, 0, 2));
    assert!(next.expires_at.is_some());
    assert_eq!(what, "found a new invitation");
}

/// RAM's word counts and not our clock.
#[test]
fn a_new_invitation_that_ram_shows_as_pending_can_be_answered_however_old() {
    let mut seen = seen(Shown::PendingTooLong);
    seen.invitation.as_mut().unwrap().arn = invitation_arn("second");
    for status in [ShareStatus::Expired, ShareStatus::Accepted, ShareStatus::Held] {
        assert_eq!(in_short(&step(&seen, Some(&share_record(status)), "digest")), "run 2", "{status:?}");
    }
}

#[test]
fn a_closed_invitation_keeps_the_reasons_for_which_it_was_not_accepted() {
    let ShareStep::Record(next, what) = step(&seen(Shown::Expired), Some(&share_record(ShareStatus::Held)), "digest")
    else {
        panic!("it is recorded");
    };
    assert_eq!(next.why.len(), 2);
    assert!(next.why[0].contains("12 hours") && next.why[1] == "because", "{:?}", next.why);
    assert_eq!((next.since, next.attempt, what.as_str()), (now(), 1, "the invitation is expired"));
    assert!(next.next.contains("adds it again"));
}

#[test]
fn only_a_transient_fault_is_tried_again() {
    for name in FaultName::ALL {
        let record = ShareRecord { fault: Some(fault(*name)), transient_runs: 1, ..share_record(ShareStatus::Failed) };
        let found = step(&seen(Shown::Pending), Some(&record), "digest");
        let expected = if name.class() == Class::Transient { "run 2" } else { "nothing" };
        assert_eq!(in_short(&found), expected, "{name}");

        let connection = Connection { fault: Some(fault(*name)), transient_runs: 1, ..connection(Status::Failed) };
        let found = connection_step(&connection, BACKOFF, now());
        assert_eq!(matches!(found, ConnectionStep::Run(..)), name.class() == Class::Transient, "{name}");
    }
}

#[test]
fn connections_by_status() {
    let running = [Status::Wanted, Status::Opening, Status::Waiting, Status::Closing];
    for status in STATUSES {
        let found = connection_step(&connection(status), BACKOFF, now());
        let expected = if running.contains(&status) { ConnectionStep::Ensure } else { ConnectionStep::Nothing };
        assert_eq!(found, expected, "{status:?}");
    }
}

#[test]
fn what_stands_in_the_index() {
    let connections = STATUSES.into_iter().filter(|status| status.needs_attention()).map(Status::as_str);
    assert_eq!(connections.collect::<Vec<_>>(), ["wanted", "opening", "waiting", "closing", "failed"]);
    let shares = SHARE_STATUSES.into_iter().filter(|status| status.needs_attention()).map(ShareStatus::as_str);
    assert_eq!(
        shares.collect::<Vec<_>>(),
        ["found", "accepting", "declining", "accepted", "held", "ignored", "failed", "revoked"]
    );
}

#[test]
fn a_rerun_is_a_new_generation() {
    let failed = Connection {
        fault: Some(fault(FaultName::Throttled)),
        transient_runs: 1,
        last_look: vec!["rcfg-1".to_owned()],
        ..connection(Status::Failed)
    };
    let ConnectionStep::Run(next, why) = connection_step(&failed, BACKOFF, now()) else { panic!("it is run") };
    assert_eq!((next.generation, next.attempt, next.status), (2, 2, Status::Wanted));
    assert_eq!((&next.plan, &next.made, &next.deadline, &next.execution), (&None, &None, &None, &None));
    assert!(next.last_look.is_empty() && next.since == now() && next.transient_runs == 1);
    assert_eq!(why, "the last run ended in Throttled");
}

#[test]
fn an_aborted_run_is_followed_by_one_that_knows_what_was_made() {
    for status in STATUSES.into_iter().filter(|status| status.is_running()) {
        let aborted = connection(status);
        let (next, what) = aborted_connection(&aborted, BACKOFF, now()).unwrap();
        assert_eq!((next.attempt, next.generation, next.status), (2, 1, status));
        assert_eq!((&next.plan, &next.made, next.transient_runs), (&aborted.plan, &aborted.made, 1));
        assert_eq!((&next.execution, next.since), (&None, now()));
        assert_eq!(next.fault.as_ref().map(|f| f.name.as_str()), Some("RunAborted"));
        assert_eq!(next.why, what);
        assert!(what.contains("attempt 1") && what.contains(status.as_str()), "{what}");
    }
}

#[test]
fn an_aborted_onboarding_is_followed_by_another_three_times() {
    for (runs, status, attempt) in [(0, ShareStatus::Found, 2), (2, ShareStatus::Found, 2), (3, ShareStatus::Failed, 1)]
    {
        let aborted = ShareRecord { transient_runs: runs, ..share_record(ShareStatus::Accepting) };
        let (next, what) = aborted_share(&aborted, BACKOFF, now()).unwrap();
        assert_eq!((next.status, next.attempt, next.transient_runs), (status, attempt, runs + 1));
        assert_eq!(next.since, now());
        let fault = next.fault.unwrap();
        if status == ShareStatus::Failed {
            assert_eq!(fault.name, "AttemptsExhausted");
            assert!(
                fault.message.starts_with("4 runs in a row ended in a transient fault, the last in RunAborted: the"),
                "{fault:?}"
            );
        } else {
            assert_eq!(fault.name, "RunAborted");
        }
        assert!(what.contains("attempt 1") && what.contains("accepting"), "{what}");
    }
}

#[test]
fn a_close_keeps_the_reason_for_which_it_was_begun() {
    let closing = Connection { fault: Some(fault(FaultName::DeadlinePassed)), ..connection(Status::Closing) };
    let (next, _) = aborted_connection(&closing, BACKOFF, now()).unwrap();
    assert_eq!((next.fault, next.why), (closing.fault, closing.why));
    let waiting = Connection { fault: Some(fault(FaultName::DeadlinePassed)), ..connection(Status::Waiting) };
    let (next, _) = aborted_connection(&waiting, BACKOFF, now()).unwrap();
    assert_eq!(next.fault.unwrap().name, "RunAborted");
}

#[test]
fn an_operator_may_try_again_what_is_over() {
    for status in STATUSES {
        let before = Connection { transient_runs: 4, ..connection(status) };
        match retry_connection(&before, now()) {
            Ok(next) => {
                assert!(matches!(status, Status::Failed | Status::Closed), "{status:?}");
                assert_eq!((next.attempt, next.generation, next.transient_runs), (2, 2, 0));
                assert_eq!(connection_step(&next, BACKOFF, now()), ConnectionStep::Ensure);
            }
            Err(why) => {
                assert!(!matches!(status, Status::Failed | Status::Closed), "{status:?}");
                assert!(why.contains(status.as_str()), "{why}");
            }
        }
    }
    for status in SHARE_STATUSES {
        let before = ShareRecord { transient_runs: 4, ..share_record(status) };
        match retry_share(&before, now()) {
            Ok(next) => {
                assert_eq!((next.attempt, next.transient_runs, next.status), (2, 0, ShareStatus::Found));
                assert_eq!(next.digest, before.digest);
            }
            Err(why) => {
                let gone = matches!(status, ShareStatus::Expired | ShareStatus::Rejected | ShareStatus::Revoked);
                assert!(status.is_running() || gone, "{status:?}");
                assert!(why.contains(status.as_str()), "{why}");
            }
        }
    }
}

/// When a run that follows a failed one may start, in minutes after the failure.
fn first_minute(transient_runs: u32, may: impl Fn(Timestamp) -> bool) -> Option<i64> {
    let failed_at = share_record(ShareStatus::Failed).since;
    (0..=10_000)
        .find(|minutes| may(failed_at.checked_add(SignedDuration::from_mins(*minutes)).unwrap()))
        .inspect(|minutes| assert!(*minutes <= 60, "after {transient_runs} runs it waits {minutes} minutes"))
}

#[test]
fn the_delay_grows_fourfold_and_ends() {
    let connection_after = |runs| {
        let failed =
            Connection { fault: Some(fault(FaultName::Throttled)), transient_runs: runs, ..connection(Status::Failed) };
        first_minute(runs, |at| matches!(connection_step(&failed, BACKOFF, at), ConnectionStep::Run(..)))
    };
    assert_eq!([1, 2, 3, 4].map(connection_after), [Some(1), Some(4), Some(16), None]);

    let pending = seen(Shown::Uninvited);
    let share_after = |runs| {
        let failed = ShareRecord {
            fault: Some(fault(FaultName::Throttled)),
            transient_runs: runs,
            accepted_at: Some(now()),
            ..share_record(ShareStatus::Failed)
        };
        first_minute(runs, |at| {
            matches!(share_step(&pending, Some(&failed), "digest", FoundBy::Sweep, BACKOFF, at), ShareStep::Run(..))
        })
    };
    assert_eq!([1, 2, 3, 4].map(share_after), [Some(1), Some(4), Some(16), None]);

    let aborted_share_after = |runs| {
        let found = ShareRecord { transient_runs: runs, ..share_record(ShareStatus::Found) };
        first_minute(runs, |at| aborted_share(&found, BACKOFF, at).is_some())
    };
    assert_eq!([0, 1, 2, 3].map(aborted_share_after), [0, 1, 4, 16].map(Some));

    // Cleaning up is tried for ever, at most hourly.
    let aborted_after = |runs| {
        let closing = Connection { transient_runs: runs, ..connection(Status::Closing) };
        first_minute(runs, |at| aborted_connection(&closing, BACKOFF, at).is_some())
    };
    assert_eq!([0, 1, 2, 3, 4, 5, 100, u32::MAX - 1].map(aborted_after), [0, 1, 4, 16, 60, 60, 60, 60].map(Some));
}

#[test]
fn a_share_goes_on_when_its_sender_was_approved_with_another() {
    let seen = |visible, status| SeenShare {
        arn: share_arn(SENDER),
        name: "redis-production".to_owned(),
        sender: account(SENDER),
        invitation: Some(invitation(status)),
        visible,
    };
    let wait = |by_a_run| {
        let wait = crate::waiting::for_a_person(&facts(), vec![name("a")], &[], None, now());
        ShareRecord { wait: Some(crate::waiting::Wait { by_a_run, ..wait }), ..share_record(ShareStatus::Held) }
    };
    let pending = seen(false, InvitationStatus::Pending);
    assert_eq!(sender_approved(&pending, &wait(true), "digest", now()), ShareStep::Wake);
    let ShareStep::Run(next, what) = sender_approved(&pending, &wait(false), "digest", now()) else {
        panic!("it runs")
    };
    assert_eq!((next.status, next.attempt, what.as_str()), (ShareStatus::Found, 2, "its sender was approved"));
    // What RAM does not show may have been taken back.
    let gone = seen(false, InvitationStatus::Accepted);
    assert_eq!(sender_approved(&gone, &wait(true), "digest", now()), ShareStep::Nothing);
    assert_eq!(sender_approved(&seen(true, InvitationStatus::Accepted), &wait(true), "digest", now()), ShareStep::Wake);
}

#[test]
fn no_delay_is_too_long_to_compute() {
    let closing = Connection { transient_runs: 9, ..connection(Status::Closing) };
    let late = closing.since.checked_add(SignedDuration::from_hours(1)).unwrap();
    assert!(aborted_connection(&closing, SignedDuration::MAX, late).is_some());
    let early = closing.since.checked_sub(SignedDuration::from_hours(1)).unwrap();
    assert!(aborted_connection(&closing, BACKOFF, early).is_none(), "a clock that is behind");
}

mod waiting {
    use super::*;
    use crate::ids::{ResourceShareArn, SubscriptionName};
    use crate::testing::{at, facts, name};
    use crate::waiting::{answer, for_a_person, for_the_provider};

    fn held() -> ShareRecord {
        let asking: Vec<SubscriptionName> = vec![name("a")];
        let wait = for_a_person(&facts(), asking, &[], None, at("2026-11-20T11:30:00Z"));
        ShareRecord { wait: Some(wait), ..share_record(ShareStatus::Held) }
    }

    fn answered(record: &ShareRecord, approve: bool) -> ShareRecord {
        answer(record, approve, None, "ana", now()).unwrap().unwrap()
    }

    #[test]
    fn a_run_that_waits_is_only_let_look_again_and_never_started_anew() {
        let held = held();
        let accepted = ShareRecord { accepted_at: Some(now()), ..held.clone() };
        let empty = ShareRecord { resources: Vec::new(), ..held.clone() };
        let until = held.wait.as_ref().unwrap().until;
        let mut over = held.clone();
        over.wait.as_mut().unwrap().until = now();
        let table = [
            (&held, Shown::Pending, "digest", "ensure", "nothing is new"),
            (&answered(&held, true), Shown::Pending, "digest", "wake", "approved"),
            (&answered(&held, false), Shown::Pending, "digest", "wake", "rejected"),
            (&over, Shown::Pending, "digest", "wake", "its time is over"),
            (&held, Shown::Pending, "another", "wake", "the subscriptions changed"),
            (&held, Shown::PendingAnew, "digest", "wake", "invited anew"),
            (&held, Shown::Expired, "digest", "wake", "the invitation ended"),
            (&held, Shown::Rejected, "digest", "wake", "a person rejected it in RAM"),
            (&held, Shown::Uninvited, "digest", "wake", "it can be seen by now"),
            (&empty, Shown::Pending, "digest", "wake", "nothing was inside"),
            (&accepted, Shown::Uninvited, "digest", "ensure", "accepted, and still there"),
            (&accepted, Shown::Expired, "digest", "nothing", "accepted and not shown: two looks decide"),
        ];
        for (record, shown, digest, expected, because) in table {
            assert_eq!(in_short(&step(&seen(shown), Some(record), digest)), expected, "{because}");
        }
        assert!(until > now());
        assert!(retry_share(&held, now()).unwrap_err().contains("approve"), "a second run beside the one that waits");
    }

    #[test]
    fn where_no_run_waits_an_answer_starts_one() {
        let mut record = ShareRecord { accepted_at: Some(now()), ..held() };
        record.wait.as_mut().unwrap().by_a_run = false;
        assert_eq!(in_short(&step(&seen(Shown::Uninvited), Some(&record), "digest")), "nothing");
        let ShareStep::Run(next, _) = step(&seen(Shown::Uninvited), Some(&answered(&record, true)), "digest") else {
            panic!("no run")
        };
        assert!(next.answer.is_some() && next.wait.is_none() && next.attempt == record.attempt + 1);
    }

    #[test]
    fn an_answer_is_kept_over_a_stopped_run_and_forgotten_over_a_new_invitation_or_a_retry() {
        let record = answered(&held(), true);
        let (aborted, _) = aborted_share(&record, BACKOFF, now()).unwrap();
        assert!(aborted.answer.is_some() && aborted.wait.is_none() && aborted.status == ShareStatus::Found);
        let failed = ShareRecord { answer: record.answer, ..share_record(ShareStatus::Failed) };
        assert!(retry_share(&failed, now()).unwrap().answer.is_none());
        let ShareStep::Run(next, _) = step(&seen(Shown::PendingAnew), Some(&failed), "digest") else {
            panic!("no run")
        };
        assert!(next.answer.is_none());
    }

    #[test]
    fn a_connection_that_waits_for_its_provider_looks_again_at_each_sweep() {
        let mut waiting = connection(Status::Waiting);
        assert_eq!(connection_step(&waiting, BACKOFF, now()), ConnectionStep::Ensure);
        waiting.wait = Some(for_the_provider(&waiting, "com.example", SignedDuration::from_hours(12), now()));
        assert_eq!(connection_step(&waiting, BACKOFF, now()), ConnectionStep::Wake);
        let (aborted, _) = aborted_connection(&waiting, BACKOFF, now()).unwrap();
        assert_eq!(aborted.attempt, waiting.attempt + 1);
    }

    #[test]
    fn few_are_asked_about_each_time_and_of_many_a_part() {
        let share = |number: usize| {
            ResourceShareArn::parse(format!("arn:aws:ram:us-east-1:444455556666:resource-share/{number:x}")).unwrap()
        };
        assert!((0..100).all(|number| has_its_turn(&share(number), 100, now())));
        let asked = |at| (0..1000).filter(|number| has_its_turn(&share(*number), 1000, at)).count();
        assert!((50..200).contains(&asked(now())), "{}", asked(now()));
        let mut left: Vec<usize> = (0..1000).collect();
        for minutes in 0..240 {
            let at = now().checked_add(SignedDuration::from_mins(5 * minutes)).unwrap();
            left.retain(|number| !has_its_turn(&share(*number), 1000, at));
        }
        assert_eq!(left, Vec::<usize>::new(), "each has its turn within some hours");
    }
}
