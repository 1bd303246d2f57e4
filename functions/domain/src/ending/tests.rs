#![allow(clippy::unwrap_used)]

use super::*;
use crate::fault::FaultName;
use crate::reach::{Database, Port};
use crate::testing::{self, connection, execution, now};

fn ending(cause: Cause) -> Ending {
    Ending {
        cause,
        why: "subscription a is withdrawn".to_owned(),
        by: "intake (sweep)".to_owned(),
        since: now(),
        digest: "by then".to_owned(),
        reopen: None,
        in_grace: false,
    }
}

fn ended(status: Status) -> Option<Connection> {
    end(&connection(status), ending(Cause::Withdrawn))
}

#[test]
fn what_a_run_holds_is_only_told_that_it_ends() {
    for status in [Status::Wanted, Status::Opening, Status::Waiting, Status::Closing] {
        let before = connection(status);
        let next = ended(status).unwrap();
        assert_eq!(next.ending, Some(ending(Cause::Withdrawn)), "{status:?}");
        let untouched = Connection { ending: None, next: before.next.clone(), ..next };
        assert_eq!(untouched, before, "{status:?}: nothing else, or its run would lose it");
    }
}

#[test]
fn what_is_ready_is_closed_by_a_run_of_its_own() {
    let before = Connection { transient_runs: 2, ..connection(Status::Ready) };
    let next = end(&before, ending(Cause::Withdrawn)).unwrap();
    assert_eq!((next.status, next.since, next.attempt, next.generation), (Status::Closing, now(), 2, 1));
    assert_eq!((next.execution, next.transient_runs, next.deadline), (None, 0, None));
    assert_eq!((&next.made, &next.plan), (&before.made, &before.plan), "what is to be removed stays written down");
    assert_eq!(next.why, "subscription a is withdrawn");
}

#[test]
fn what_failed_is_closed_at_once() {
    let before = Connection {
        plan: None,
        made: None,
        fault: Some(testing::fault(FaultName::PreflightFailed)),
        ..connection(Status::Failed)
    };
    let next = end(&before, ending(Cause::Withdrawn)).unwrap();
    assert_eq!((next.status, next.attempt, &next.fault), (Status::Closed, 1, &None));
    assert!(next.why.starts_with("subscription a is withdrawn"), "{}", next.why);
}

#[test]
fn it_ends_once() {
    assert_eq!(ended(Status::Closed), None);
    for status in Status::ALL {
        if let Some(next) = ended(status) {
            assert_eq!(end(&next, ending(Cause::Revoked)), None, "{status:?}");
        }
    }
}

#[test]
fn when_nothing_is_left_it_is_closed_and_says_until_when() {
    for (cause, until) in [(Cause::Withdrawn, "subscription"), (Cause::Revoked, "owner"), (Cause::Operator, "retry")] {
        let database = Database {
            resource: "rcfg-1".to_owned(),
            name: None,
            dns: Vec::new(),
            port: Port::Unknown { reason: "none is shown".to_owned() },
        };
        let closing = Connection {
            ending: Some(ending(cause)),
            databases: vec![database],
            fault: Some(testing::fault(FaultName::Withdrawn)),
            ..connection(Status::Closing)
        };
        let next = finished(&closing, "vpce-0a is removed", now());
        assert_eq!((next.status, next.generation, next.attempt), (Status::Closed, 1, 1));
        assert_eq!((&next.plan, &next.made, &next.fault), (&None, &None, &None));
        assert!(next.databases.is_empty() && next.ending.is_some(), "the record says who ended it, and why");
        assert_eq!(next.why, "subscription a is withdrawn (vpce-0a is removed)");
        assert!(next.next.contains(until), "{}", next.next);
    }
}

#[test]
fn what_is_wanted_again_by_then_is_opened_anew() {
    let again = Ending { reopen: Some("a subscription asks for it again".to_owned()), ..ending(Cause::Withdrawn) };
    let closing = Connection { ending: Some(again), ..connection(Status::Closing) };
    let next = finished(&closing, "vpce-0a is removed", now());
    assert_eq!((next.status, next.generation, next.attempt, &next.ending), (Status::Wanted, 2, 2, &None));
    assert_eq!((next.plan, next.made, next.execution), (None, None, None));
}

fn by_operator(connection: &Connection) -> Result<Connection, String> {
    close_connection(connection, "the service moved", "drawbridge close (ana)", "digest", now())
}

#[test]
fn an_operator_closes_whatever_stands() {
    for status in Status::ALL {
        let next = by_operator(&connection(status)).unwrap();
        let ending = next.ending.as_ref().unwrap();
        assert_eq!((ending.cause, ending.why.as_str()), (Cause::Operator, "the service moved"), "{status:?}");
        let expected = match status {
            Status::Ready => Status::Closing,
            Status::Failed => Status::Closed,
            other => other,
        };
        assert_eq!(next.status, expected);
        let refused = by_operator(&next).unwrap_err();
        assert!(refused.contains("already, by drawbridge close (ana): the service moved"), "{refused}");
    }
}

#[test]
fn an_operators_word_outweighs_every_other() {
    let revoked = end(&connection(Status::Ready), ending(Cause::Revoked)).unwrap();
    let closed = finished(&revoked, "nothing was made", now());
    for before in [revoked, closed] {
        let next = by_operator(&before).unwrap();
        assert_eq!((next.status, next.attempt), (before.status, before.attempt));
        assert_eq!(next.ending.unwrap().cause, Cause::Operator);
    }
    let reopening = Ending { reopen: Some("it is shared again".to_owned()), ..ending(Cause::Operator) };
    let before = Connection { ending: Some(reopening), ..connection(Status::Closing) };
    assert_eq!(by_operator(&before).unwrap().ending.unwrap().reopen, None);
}

#[test]
fn the_run_that_closes_is_another_than_the_one_that_opened() {
    let next = ended(Status::Ready).unwrap();
    let name = |c: &Connection| crate::identity::connect_execution(&c.id, c.generation, c.attempt);
    assert_ne!(execution("disconnect", &name(&next)), execution("disconnect", &name(&connection(Status::Ready))));
}
