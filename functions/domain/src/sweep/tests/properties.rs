use proptest::prelude::*;

use super::*;

/// What becomes of a run, again and again.
#[derive(Debug, Clone, Copy)]
enum End {
    Fails,
    IsAborted,
}

fn any_ends() -> impl Strategy<Value = Vec<End>> {
    proptest::collection::vec(prop_oneof![Just(End::Fails), Just(End::IsAborted)], 20)
}

fn any_share_record() -> impl Strategy<Value = ShareRecord> {
    (
        proptest::sample::select(SHARE_STATUSES.to_vec()),
        0_u32..6,
        proptest::option::of(proptest::sample::select(FaultName::ALL.to_vec())),
        any::<bool>(),
        any::<bool>(),
        0_i64..90,
        any::<bool>(),
    )
        .prop_map(|(status, transient_runs, name, invited, accepted, minutes, empty)| ShareRecord {
            transient_runs,
            fault: name.map(fault),
            invitation: invited.then(|| invitation_arn("first")),
            accepted_at: accepted.then_some(now()),
            since: now().checked_sub(SignedDuration::from_mins(minutes)).unwrap(),
            resources: if empty { Vec::new() } else { share_record(status).resources },
            ..share_record(status)
        })
}

proptest! {
    /// Of five who decide at once, one writes; who comes after it finds nothing to write.
    #[test]
    fn deciding_again_writes_nothing(
        record in proptest::option::of(any_share_record()),
        shown in proptest::sample::select(SHOWN.to_vec()),
        digest in proptest::sample::select(vec!["digest", "another digest"]),
    ) {
        let seen = seen(shown);
        let saved = match step(&seen, record.as_ref(), digest) {
            ShareStep::Run(next, _) | ShareStep::Record(next, _) => ShareRecord { version: next.version + 1, ..*next },
            ShareStep::Nothing | ShareStep::Ensure | ShareStep::Wake => return Ok(()),
        };
        let again = step(&seen, Some(&saved), digest);
        let expected = if saved.status.is_running() { ShareStep::Ensure } else { ShareStep::Nothing };
        prop_assert_eq!(again, expected);
    }

    /// With nothing new in the world, a share that is settled stays as it is.
    #[test]
    fn the_attempt_goes_up_for_a_cause_only(
        record in any_share_record(),
        shown in proptest::sample::select(SHOWN.to_vec()),
        digest in proptest::sample::select(vec!["digest", "another digest"]),
    ) {
        let seen = seen(shown);
        match step(&seen, Some(&record), digest) {
            ShareStep::Nothing | ShareStep::Ensure | ShareStep::Wake => {}
            ShareStep::Record(next, _) => {
                prop_assert_eq!(next.attempt, record.attempt);
                prop_assert!(!next.status.is_running());
            }
            ShareStep::Run(next, why) => {
                prop_assert_eq!(next.attempt, record.attempt + 1);
                prop_assert_eq!(next.version, record.version);
                prop_assert_eq!(&next.digest, digest);
                prop_assert!(!record.status.is_running() && next.status == ShareStatus::Found);
                let new_invitation = seen.invitation.as_ref().is_some_and(|i| Some(&i.arn) != record.invitation.as_ref());
                let transient = record.status == ShareStatus::Failed
                    && record.fault.as_ref().is_some_and(|f| f.class() == Class::Transient)
                    && record.transient_runs <= MAX_TRANSIENT_RUNS;
                let accepted_outside = seen.visible && record.accepted_at.is_none();
                let shared_again = seen.visible && record.status == ShareStatus::Revoked;
                let was_empty = record.resources.is_empty() && now().duration_since(record.since) >= SignedDuration::from_hours(1);
                prop_assert!(
                    record.digest != digest || new_invitation || accepted_outside || shared_again || transient || was_empty,
                    "{}", why
                );
            }
        }
    }

    /// A sweep must not start something for ever.
    #[test]
    fn one_run_follows_each_change_if_it_ends_in_a_permanent_fault(
        record in proptest::option::of(any_share_record()),
        shown in proptest::sample::select(SHOWN.to_vec()),
        digest in proptest::sample::select(vec!["digest", "another digest"]),
        also_visible: bool,
    ) {
        let mut seen = seen(shown);
        seen.visible |= also_visible;
        let (mut record, mut at, mut runs) = (record, now(), 0);
        for _ in 0..20 {
            at = at.checked_add(SignedDuration::from_mins(5)).unwrap();
            if record.as_ref().is_some_and(|record| record.status.is_running()) {
                let mut next = record.take().unwrap();
                next.fault = Some(fault(FaultName::AccessDenied));
                next.become_status(ShareStatus::Failed, at, Vec::new(), "");
                record = Some(next);
                continue;
            }
            match share_step(&seen, record.as_ref(), digest, FoundBy::Sweep, BACKOFF, at) {
                ShareStep::Run(next, _) => {
                    runs += 1;
                    record = Some(*next);
                }
                ShareStep::Record(next, _) => record = Some(*next),
                ShareStep::Nothing | ShareStep::Ensure | ShareStep::Wake => {}
            }
        }
        // Two changes at once: a new invitation, and visible although it is pending.
        prop_assert!(runs <= if also_visible { 2 } else { 1 }, "{} runs", runs);
    }

    /// However the runs end, no more than three follow the first without anybody's doing.
    #[test]
    fn three_runs_follow_a_share_that_keeps_failing(ends in any_ends()) {
        let seen = seen(Shown::Uninvited);
        let mut record = ShareRecord { accepted_at: Some(now()), ..share_record(ShareStatus::Found) };
        let mut at = now();
        for end in ends {
            at = at.checked_add(SignedDuration::from_hours(2)).unwrap();
            if record.status == ShareStatus::Failed {
                if let ShareStep::Run(next, _) = share_step(&seen, Some(&record), "digest", FoundBy::Sweep, BACKOFF, at) {
                    record = *next;
                }
                continue;
            }
            match end {
                End::Fails => {
                    record.transient_runs += 1;
                    record.fault = Some(fault(FaultName::Throttled));
                    record.become_status(ShareStatus::Failed, at, Vec::new(), "");
                }
                End::IsAborted => record = aborted_share(&record, BACKOFF, at).unwrap().0,
            }
        }
        prop_assert_eq!((record.attempt, record.status), (1 + MAX_TRANSIENT_RUNS, ShareStatus::Failed));
    }

    /// As above; one that is aborted more often is only run to be cleaned up (see `open`).
    #[test]
    fn three_runs_follow_a_connection_that_keeps_failing(ends in any_ends()) {
        let mut record = Connection { execution: Some(execution("connect", "x")), ..connection(Status::Wanted) };
        let mut at = now();
        let mut opened = 0;
        for end in ends {
            at = at.checked_add(SignedDuration::from_hours(2)).unwrap();
            match connection_step(&record, BACKOFF, at) {
                ConnectionStep::Run(next, _) => record = *next,
                ConnectionStep::Nothing | ConnectionStep::Wake => {}
                ConnectionStep::Ensure => {
                    let exhausted = record.transient_runs > MAX_TRANSIENT_RUNS;
                    opened += u32::from(!exhausted);
                    match end {
                        _ if exhausted => {
                            record.fault = Some(fault(FaultName::AttemptsExhausted));
                            record.become_status(Status::Failed, at, "", "");
                        }
                        End::Fails => {
                            record.transient_runs += 1;
                            record.fault = Some(fault(FaultName::Throttled));
                            record.become_status(Status::Failed, at, "", "");
                        }
                        End::IsAborted => record = aborted_connection(&record, BACKOFF, at).unwrap().0,
                    }
                }
            }
        }
        prop_assert_eq!((opened, record.status), (1 + MAX_TRANSIENT_RUNS, Status::Failed));
    }
}
