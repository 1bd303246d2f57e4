#![allow(clippy::unwrap_used)]
use serde_json::json;

use super::*;
use crate::reach::{DnsName, DnsScope, PortSource};
use crate::share::{ShareRecord, ShareStatus};
use crate::testing::{SENDER, at, connection, facts, fault, name, now, share_arn, share_record};
use crate::waiting;

const KIB: usize = 1024;

fn database(number: usize) -> Database {
    let dns = |scope, name: &str| DnsName { scope, name: name.to_owned(), hosted_zone: None };
    Database {
        resource: format!("rcfg-{number:017}"),
        name: Some(format!("orders-{number}")),
        dns: vec![
            dns(DnsScope::Zonal, "zonal.example"),
            dns(DnsScope::Regional, "regional.example"),
            dns(DnsScope::Private, "private.example"),
        ],
        port: Port::Known { ranges: vec!["12000".to_owned()], source: PortSource::Configuration },
    }
}

#[test]
fn a_change_of_status_is_announced_and_no_other() {
    for after in Status::ALL {
        let now_so = connection(after);
        let first = ConnectionChange::of(None, &now_so).unwrap();
        assert_eq!((first.status, first.previous), (after, None));
        for before in Status::ALL {
            let was = Connection { why: "another".to_owned(), version: 2, ..connection(before) };
            let announced = ConnectionChange::of(Some(&was), &now_so);
            assert_eq!(announced.is_some(), before != after, "{before:?} to {after:?}");
            assert_eq!(announced.and_then(|a| a.previous), Some(before).filter(|before| *before != after));
        }
    }
}

#[test]
fn other_names_of_what_can_be_used_are_announced() {
    let was = connection(Status::Ready);
    let renamed = Connection { names_version: 2, names_since: Some(was.since), ..was.clone() };
    let announced = ConnectionChange::of(Some(&was), &renamed).unwrap();
    assert_eq!(
        (announced.status, announced.previous, announced.names_version),
        (Status::Ready, Some(Status::Ready), 2)
    );
    assert_eq!(ConnectionChange::of(Some(&renamed), &renamed), None);
    let closing = Connection { status: Status::Closing, ..renamed };
    assert_eq!(ConnectionChange::of(Some(&Connection { names_version: 1, ..closing.clone() }), &closing), None);
}

#[test]
fn the_wait_for_a_provider_is_announced_when_it_begins_and_when_its_end_moves() {
    use jiff::SignedDuration;

    use crate::testing::now;
    use crate::waiting::for_the_provider;
    let was = connection(Status::Waiting);
    let asked = |hours| {
        let wait = for_the_provider(&was, "com.example", SignedDuration::from_hours(hours), now());
        Connection { wait: Some(wait), ..was.clone() }
    };
    let (before, after) = (asked(3), asked(12));
    for known in [&was, &before] {
        let told = ConnectionChange::of(Some(known), &after).unwrap();
        assert_eq!((told.status, told.previous, told.until), (Status::Waiting, Some(Status::Waiting), None));
        assert!(told.waits_for.unwrap().starts_with("the owner of com.example, to accept endpoint vpce-"));
        assert_eq!(told.waits_until, after.wait.as_ref().map(|wait| wait.until));
    }
    assert_eq!(ConnectionChange::of(Some(&after), &after), None);
    assert_eq!(ConnectionChange::of(Some(&after), &was), None, "it is ready soon, or says why not");
}

#[test]
fn the_end_of_a_grace_period_is_announced_with_it_and_whenever_it_moves() {
    use crate::ending::{Cause, Ending, end};
    use crate::subscription::Grace;
    let ready = connection(Status::Ready);
    let ending = Ending {
        cause: Cause::Revoked,
        why: "it is shared no more".to_owned(),
        by: "intake (sweep)".to_owned(),
        since: crate::testing::now(),
        digest: "digest".to_owned(),
        reopen: None,
        in_grace: false,
    };
    let ended = end(&ready, ending).unwrap();
    let begun =
        |grace| crate::grace::begin(ended.clone(), Grace::parse(grace).unwrap(), "redis", crate::testing::now());
    let (short, long) = (begun("1h"), begun("2h"));
    let announced = ConnectionChange::of(Some(&ready), &short).unwrap();
    assert_eq!(
        (announced.status, announced.until),
        (Status::Closing, Some(crate::testing::at("2026-11-20T13:00:00Z")))
    );
    assert_eq!(json!(announced)["until"], "2026-11-20T13:00:00Z");
    let moved = ConnectionChange::of(Some(&short), &long).unwrap();
    assert_eq!(
        (moved.previous, moved.until),
        (Some(Status::Closing), Some(crate::testing::at("2026-11-20T14:00:00Z")))
    );
    assert_eq!(ConnectionChange::of(Some(&short), &Connection { version: 9, ..short.clone() }), None);
    // AWS says that nothing is left of it: nobody is to count on the time that was told.
    let gone = |now| {
        let remedy = crate::subscription::Remedy::Report;
        crate::truth::over(&short, Cause::Gone, "it is gone", remedy, "reconcile", String::new(), now).unwrap()
    };
    let cut = gone(at("2026-11-20T12:30:00Z"));
    let told = ConnectionChange::of(Some(&short), &cut).unwrap();
    assert_eq!((told.status, told.previous, told.until), (Status::Closing, Some(Status::Closing), None));
    assert!(told.why.starts_with("it is gone"), "{}", told.why);
    assert_eq!(ConnectionChange::of(Some(&cut), &Connection { version: 9, ..cut.clone() }), None);
    // Other names can be used as long as it can.
    let renamed = Connection { names_version: 2, ..short.clone() };
    assert_eq!(ConnectionChange::of(Some(&short), &renamed).unwrap().until, announced.until);
    // Its run removes it, which was told: what follows is that it is closed.
    let over = crate::grace::over(&short, crate::testing::at("2026-11-20T13:00:01Z"));
    assert_eq!(ConnectionChange::of(Some(&short), &over), None);
    assert_eq!(ConnectionChange::of(Some(&ready), &ended).unwrap().until, None, "without a grace period");
    // Who wrote it before there was such a thing, and who reads it without knowing it.
    let mut old = json!(announced);
    old.as_object_mut().unwrap().remove("until");
    assert_eq!(serde_json::from_value::<ConnectionChange>(old).unwrap().until, None);
}

#[test]
fn an_announcement_says_how_to_reach_each_database() {
    let unknown = Database { port: Port::Unknown { reason: "hidden".to_owned() }, ..database(2) };
    let mut unnamed = Database { name: None, ..database(3) };
    unnamed.dns.truncate(2);
    unnamed.port = Port::Known { ranges: vec!["1".to_owned(), "5-9".to_owned()], source: PortSource::Subscription };
    let mut zonal_only = database(4);
    zonal_only.dns.truncate(1);
    let ready = Connection { databases: vec![database(1), unknown, unnamed, zonal_only], ..connection(Status::Ready) };
    let was = connection(Status::Waiting);
    assert_eq!(
        json!(ConnectionChange::of(Some(&was), &ready).unwrap()),
        json!({
            "version": "1",
            "id": "change-3",
            "sequence": 3,
            "connection": ready.id,
            "share": share_arn(SENDER),
            "resource": ready.resource,
            "target": "vpc-0a",
            "status": "ready",
            "previous": "waiting",
            "since": "2026-11-20T11:00:00Z",
            "why": "because",
            "made": "vpce-0a",
            "names_version": 1,
            "databases": [
                {"resource": "rcfg-00000000000000001", "name": "orders-1", "dns": "private.example", "port": "12000"},
                {"resource": "rcfg-00000000000000002", "name": "orders-2", "dns": "private.example"},
                {"resource": "rcfg-00000000000000003", "dns": "regional.example", "port": "1,5-9"},
                {"resource": "rcfg-00000000000000004", "name": "orders-4", "dns": "zonal.example", "port": "12000"},
            ],
            "truncated": false,
        })
    );
}

#[test]
fn an_announcement_is_cut_at_two_hundred_databases_and_says_so() {
    for (number, listed, truncated) in
        [(0, 0, false), (199, 199, false), (200, 200, false), (201, 200, true), (5000, 200, true)]
    {
        let ready = Connection { databases: (0..number).map(database).collect(), ..connection(Status::Ready) };
        let announced = ConnectionChange::of(None, &ready).unwrap();
        assert_eq!((announced.databases.len(), announced.truncated), (listed, truncated), "{number}");
    }
    let longest = |number| {
        let mut long = database(number);
        long.name = Some("n".repeat(100));
        long.dns.iter_mut().for_each(|dns| dns.name = "d".repeat(255));
        long.port = Port::Known { ranges: vec!["10000-19999".to_owned(); 5], source: PortSource::Configuration };
        long
    };
    let ready =
        Connection { databases: (0..300).map(longest).collect(), why: "w".repeat(10_000), ..connection(Status::Ready) };
    // PutEvents takes 256 KB at the least [AWS:eb-service-event-cloudtrail].
    assert!(json!(ConnectionChange::of(None, &ready).unwrap()).to_string().len() < 200 * KIB);
}

#[test]
fn what_no_share_brought_is_announced_without_one() {
    let service = crate::resource::Resource::try_from("com.amazonaws.us-east-1.s3".to_owned()).unwrap();
    let alone = Connection { share_arn: None, resource: service, ..connection(Status::Wanted) };
    let announced = serde_json::to_value(ConnectionChange::of(None, &alone).unwrap()).unwrap();
    assert_eq!((announced.get("share"), &announced["resource"]), (None, &json!("com.amazonaws.us-east-1.s3")));
    assert_eq!(serde_json::from_value::<ConnectionChange>(announced).unwrap().share, None);
}

#[test]
fn whether_limits_leave_room_for_it_is_announced() {
    let wanted = connection(Status::Wanted);
    let held = Connection { held_by: vec![name("a")], ..wanted.clone() };
    let told = json!(ConnectionChange::of(None, &held).unwrap());
    assert_eq!((&told["status"], &told["held_by"]), (&json!("wanted"), &json!(["a"])));
    let begins = ConnectionChange::of(Some(&wanted), &held).unwrap();
    assert_eq!((begins.previous, begins.held_by), (Some(Status::Wanted), vec![name("a")]));
    let ends = json!(ConnectionChange::of(Some(&held), &wanted).unwrap());
    assert_eq!((&ends["previous"], ends.get("held_by")), (&json!("wanted"), None));
    let by_another = Connection { held_by: vec![name("b")], ..held.clone() };
    assert_eq!(ConnectionChange::of(Some(&held), &by_another), None, "it is held still");
    let opening = Connection { status: Status::Opening, ..wanted.clone() };
    assert_eq!(ConnectionChange::of(Some(&opening), &opening), None);
}

/// A share about which a person is asked.
fn held() -> ShareRecord {
    let wait = waiting::for_a_person(&facts(), vec![name("redis")], &[], None, now());
    ShareRecord { wait: Some(wait), claims: Vec::new(), ..share_record(ShareStatus::Held) }
}

#[test]
fn a_change_of_a_shares_status_is_announced_and_no_other() {
    for after in ShareStatus::ALL {
        let now_so = share_record(after);
        let first = ShareChange::of(None, &now_so).unwrap();
        assert_eq!((first.status, first.previous), (after, None));
        for before in ShareStatus::ALL {
            let was =
                ShareRecord { why: vec!["another".to_owned()], version: 2, settled: None, ..share_record(before) };
            let announced = ShareChange::of(Some(&was), &now_so);
            assert_eq!(announced.is_some(), before != after, "{before:?} to {after:?}");
            assert_eq!(announced.and_then(|a| a.previous), Some(before).filter(|before| *before != after));
        }
    }
}

#[test]
fn who_is_asked_and_until_when_is_announced() {
    let found = share_record(ShareStatus::Found);
    assert_eq!(
        json!(ShareChange::of(Some(&found), &held()).unwrap()),
        json!({
            "version": "1",
            "id": "change-3",
            "sequence": 3,
            "share": share_arn(SENDER),
            "name": "redis-production",
            "owner": SENDER,
            "status": "held",
            "previous": "found",
            "since": "2026-11-20T11:00:00Z",
            "why": "because",
            "next": "nothing",
            "waits_for": "a person",
            "asked": "whether share redis-production of account 444455556666 is accepted and connected",
            // A quarter of an hour before the invitation's twelve are over.
            "until": "2026-11-20T22:45:00Z",
            "subscriptions": ["redis"],
        })
    );
}

#[test]
fn a_person_who_is_asked_something_else_is_told_again() {
    let asked = held();
    let again = |change: &dyn Fn(&mut waiting::Wait)| {
        let mut next = ShareRecord { version: 9, ..asked.clone() };
        change(next.wait.as_mut().unwrap());
        ShareChange::of(Some(&asked), &next)
    };
    assert_eq!(again(&|_| {}), None, "vetted anew, and the same is asked");
    assert_eq!(again(&|wait| wait.since = now()), None);
    let other = again(&|wait| "other content".clone_into(&mut wait.asked)).unwrap();
    assert_eq!((other.status, other.previous), (ShareStatus::Held, Some(ShareStatus::Held)));
    let later = again(&|wait| wait.until = at("2026-11-21T09:00:00Z")).unwrap();
    assert_eq!(later.until, Some(at("2026-11-21T09:00:00Z")));
    let over = again(&|wait| wait.by_a_run = false).unwrap();
    assert_eq!((over.until, over.waits_for.as_deref()), (None, Some("a person")), "an answer counts whenever it comes");
    let answered = ShareRecord { next: "it is approved: the run that waits goes on".to_owned(), ..asked.clone() };
    assert_eq!(ShareChange::of(Some(&asked), &answered), None, "what follows from it is told");
    let unasked = ShareRecord { wait: None, ..asked.clone() };
    assert_eq!(ShareChange::of(Some(&asked), &unasked), None);
    // What waited for somebody and goes on says so no more.
    let accepted = ShareRecord { status: ShareStatus::Accepted, claims: vec![name("redis")], ..asked.clone() };
    let told = ShareChange::of(Some(&asked), &accepted).unwrap();
    assert_eq!((told.waits_for, told.asked, told.until), (None, None, None));
    assert_eq!(told.subscriptions, [name("redis")]);
}

#[test]
fn what_a_shares_run_ended_in_is_announced_with_its_end_alone() {
    let of = |status| {
        let record = ShareRecord { fault: Some(fault(crate::FaultName::ApprovalExpired)), ..share_record(status) };
        ShareChange::of(None, &record).unwrap().fault
    };
    for status in ShareStatus::ALL {
        let ended = matches!(status, ShareStatus::Failed | ShareStatus::Expired | ShareStatus::Rejected);
        assert_eq!(of(status).as_deref(), ended.then_some("ApprovalExpired"), "{status:?}");
    }
}

#[test]
fn an_announcement_of_a_share_fits_into_an_event() {
    let reason = |n: usize| format!("{n}: {}", "r".repeat(1_000));
    for (count, told) in [(0, 0), (50, 50), (51, 50), (500, 50)] {
        let record = ShareRecord { why: (0..count).map(reason).collect(), ..share_record(ShareStatus::Held) };
        let announced = ShareChange::of(None, &record).unwrap();
        assert_eq!(announced.why.split("; ").filter(|reason| reason.contains("rrr")).count(), told);
        assert_eq!(announced.why.contains("more: the ledger has all"), count > told, "{count}");
        assert!(json!(announced).to_string().len() < 100 * KIB);
    }
}
