//! What is in its grace period can be used, and is looked at as what is ready.
use super::*;
use crate::ending::{close_connection, finished};
use crate::grace;
use crate::subscription::Grace;
use crate::testing::{home, name, subscription, vpc_target};
use crate::waiting::connection_is_due;
use crate::wanted::{Origin, Wish, fulfil};

/// A GROUP of three whose share was revoked at noon, and which can be used for three days.
fn in_grace() -> Connection {
    let revoked = Ending {
        cause: Cause::Revoked,
        why: "share redis-production is not shared with this account any more".to_owned(),
        by: "intake (sweep)".to_owned(),
        since: now(),
        digest: "digest".to_owned(),
        reopen: None,
        in_grace: false,
    };
    let waiting = end(&ready(), revoked).unwrap();
    let waiting = grace::begin(waiting, Grace::parse("72h").unwrap(), "redis-production", now());
    Connection { execution: Some("its run".to_owned()), ..waiting }
}

/// What `accept` makes of it when its share is vetted and accepted again, if anything.
fn accepted_again(existing: &Connection) -> Option<Connection> {
    let wish = Wish {
        kind: Kind::ResourceEndpoint,
        resource: resource("rcfg-1").into(),
        resource_name: None,
        target: vpc_target("vpc-0a").key(),
        claims: vec![name("a")],
    };
    // Accepted long before: RAM shows it again, and no invitation was needed.
    let share = share_record(ShareStatus::Accepting);
    let accepted = ShareRecord { digest: "digest".to_owned(), accepted_at: Some(later(-600)), ..share };
    let next = fulfil(&home(), &Origin::share(&accepted), &wish, Some(existing), &[subscription("a")], later(9));
    next.map(|(next, _)| next)
}

fn shared_again(existing: &Connection) -> Connection {
    accepted_again(existing).unwrap()
}

fn ended(record: &Connection, cause: Cause, minutes: i64) -> Connection {
    over(record, cause, "EndpointGone: so", Remedy::Repair, "reconcile", "digest".to_owned(), later(minutes)).unwrap()
}

#[test]
fn it_is_looked_at_while_nothing_is_decided() {
    let waits = in_grace();
    assert!(is_looked_at(&waits, later(1)) && is_looked_at(&ready(), later(1)));
    assert!(!is_looked_at(&waits, later(72 * 60)), "its time is over: its run removes it");
    let by_operator = close_connection(&waits, "not now", "ana", "digest", later(1)).unwrap();
    let untouched = [
        shared_again(&waits),
        by_operator,
        grace::over(&waits, later(1)),
        ended(&waits, Cause::Gone, 1),
        Connection { made: None, ..waits.clone() },
        connection(Status::Closing),
    ];
    for record in untouched {
        assert!(!is_looked_at(&record, later(2)), "{}", record.why);
        let plan = decide(&record, observed(shown("deleted"), &[]), later(2));
        assert_eq!(plan, Plan { standing: Standing::Untouched, write: None }, "{}", record.why);
    }
    assert_eq!(decide(&waits, as_it_was(), later(1)), Plan { standing: Standing::AsRecorded, write: None });
}

#[test]
fn what_ends_one_that_is_ready_ends_its_grace_period() {
    let waits = in_grace();
    for (state, cause) in [("deleting", Cause::Gone), ("rejected", Cause::Rejected), ("failed", Cause::Failed)] {
        let Standing::Over(seen, _) = decide(&waits, observed(shown(state), &[]), later(1)).standing else {
            panic!("{state}")
        };
        assert_eq!(seen, cause);
        let cut = ended(&waits, seen, 1);
        assert_eq!((cut.status, cut.attempt, &cut.execution), (Status::Closing, waits.attempt, &waits.execution));
        assert!(matches!(grace::leaves(&cut, later(1)), Some(grace::Leave::Over(_))), "its run is to close it");
        assert!(connection_is_due(&cut, later(1)).is_some(), "and `hold` sees that, too");
        assert!(cut.why.contains("EndpointGone") && !cut.why.contains("can be used until"), "{}", cut.why);
        let closed = finished(&grace::over(&cut, later(2)), "it is gone", later(3));
        let ending = closed.ending.unwrap();
        assert_eq!((closed.status, ending.cause, ending.reopen), (Status::Closed, cause, None), "nobody shares it");
        assert!(closed.why.contains("if its owner shares it again"), "{}", closed.why);
        assert!(closed.databases.is_empty() && closed.made.is_none());
    }
    assert_eq!(
        over(&ended(&waits, Cause::Gone, 1), Cause::Gone, "so", Remedy::Report, "x", String::new(), later(2)),
        None
    );
}

#[test]
fn what_is_not_shown_is_gone_at_the_second_look() {
    let gone = |record: &Connection, minutes| decide(record, observed(Seen::NotShown, &[]), later(minutes));
    let once = written(gone(&in_grace(), 0));
    assert_eq!(
        (once.status, codes(&once), grace::wait(&once)),
        (Status::Closing, vec![NOT_SHOWN], grace::wait(&in_grace()))
    );
    assert!(once.why.contains("it can be used until"), "{}", once.why);
    assert_eq!(gone(&once, 4).standing, Standing::Missing);
    assert!(matches!(gone(&once, 5).standing, Standing::Over(Cause::Gone, _)));
    // Kept meanwhile, it goes on from there.
    let kept = grace::kept(&shared_again(&once), "the owner shared it again", later(4));
    assert!(matches!(gone(&kept, 5).standing, Standing::Over(Cause::Gone, _)));
    let unread = decide(&in_grace(), observed(Seen::Unreadable(denied()), &[]), later(1));
    assert_eq!(unread.standing, Standing::Unknown);
}

#[test]
fn shared_again_it_is_opened_anew_whichever_came_first() {
    for cause in [Cause::Gone, Cause::Rejected, Cause::Failed] {
        let cut = ended(&in_grace(), cause, 1);
        // Before its run saw it, and afterwards.
        let closing = shared_again(&cut);
        assert!(matches!(grace::leaves(&closing, later(9)), Some(grace::Leave::Over(_))), "it is not kept");
        let again = finished(&grace::over(&closing, later(10)), "it is gone", later(11));
        assert_eq!((again.status, again.generation), (Status::Wanted, 2), "{cause:?}");
        let closed = finished(&grace::over(&cut, later(2)), "it is gone", later(3));
        let again = shared_again(&closed);
        assert_eq!((again.status, again.generation), (Status::Wanted, 2), "{cause:?}");
    }
    // Shared again first: its run looks by itself, and the wish to open it anew is there already.
    let wish = shared_again(&in_grace());
    let gone = grace::gone(&wish, Cause::Gone, "EndpointGone: so", later(10));
    assert_eq!(finished(&gone, "it is gone", later(11)).status, Status::Wanted);
    // What was ready and is gone stays closed, however often its share is vetted.
    let closed = finished(
        &over(&ready(), Cause::Gone, "so", Remedy::Report, "x", "digest".to_owned(), later(1)).unwrap(),
        "x",
        later(2),
    );
    assert!(!closed.ending.as_ref().unwrap().in_grace);
    assert!(accepted_again(&closed).is_none_or(|next| next.status == Status::Closed));
}

#[test]
fn an_operators_word_stands() {
    let cut = ended(&in_grace(), Cause::Gone, 1);
    let said = close_connection(&cut, "not now", "ana", "digest", later(2)).unwrap();
    assert_eq!(said.ending.as_ref().map(|ending| (ending.cause, ending.in_grace)), Some((Cause::Operator, false)));
    for decided in [said, shared_again(&in_grace())] {
        let late = over(&decided, Cause::Gone, "so", Remedy::Report, "x", String::new(), later(3));
        assert_eq!(late, None, "{}", decided.why);
    }
}

#[test]
fn other_names_are_a_new_version_and_it_says_until_when_all_the_same() {
    let waits = in_grace();
    let mut rows = ["rcfg-a", "rcfg-b", "rcfg-c"].map(row);
    rows[1].dns = names("elsewhere");
    let record = written(decide(&waits, observed(shown("available"), &rows), later(1)));
    assert_eq!((record.names_version, record.names_since), (2, Some(later(1))));
    assert_eq!((&record.why, &record.next, grace::wait(&record)), (&waits.why, &waits.next, grace::wait(&waits)));
    assert_eq!(decide(&record, observed(shown("available"), &rows), later(2)).write, None, "once");
}
