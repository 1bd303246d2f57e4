//! The adapter against scripted answers of EventBridge.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use drawbridge_bus::Bus;
use drawbridge_domain::announcement::{Announcement, ConnectionChange};
use drawbridge_domain::connection::Status;
use drawbridge_domain::ids::{ConnectionId, ResourceArn, ResourceShareArn};
use drawbridge_domain::ports::Announce as _;
use drawbridge_domain::{Class, FaultName};
use drawbridge_sdk::script::{Answer, Script};
use serde_json::{Value, json};

fn bus(answers: impl IntoIterator<Item = Answer>) -> (Bus, Script) {
    let script = Script::new(answers);
    (Bus::new(&script.config(), "drawbridge-bus"), script)
}

/// The entries of each request.
fn asked(script: &Script) -> Vec<Vec<Value>> {
    let entries = |body: &str| serde_json::from_str::<Value>(body).unwrap()["Entries"].as_array().unwrap().clone();
    script.requests().iter().map(|request| entries(&request.body)).collect()
}

fn announcement(number: usize, why: String) -> Announcement {
    Announcement::Connection(Box::new(ConnectionChange {
        version: "1".to_owned(),
        id: number.to_string(),
        sequence: 1,
        connection: ConnectionId::parse(format!("conn-{number:032x}")).unwrap(),
        share: ResourceShareArn::parse("arn:aws:ram:us-east-1:444455556666:resource-share/0a-1b").ok(),
        resource: ResourceArn::parse("arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a")
            .unwrap()
            .into(),
        target: "vpc-0a".to_owned(),
        status: Status::Ready,
        previous: Some(Status::Waiting),
        held_by: Vec::new(),
        since: "2026-11-21T01:02:03.5Z".parse().unwrap(),
        until: None,
        waits_for: None,
        waits_until: None,
        why,
        made: None,
        names_version: 1,
        names_since: None,
        databases: Vec::new(),
        truncated: false,
    }))
}

fn announcements(count: usize) -> Vec<Announcement> {
    (0..count).map(|number| announcement(number, "it is usable".to_owned())).collect()
}

fn all_taken(count: usize) -> Answer {
    let entries: Vec<Value> = (0..count).map(|number| json!({"EventId": number.to_string()})).collect();
    Answer::ok(&json!({"FailedEntryCount": 0, "Entries": entries}).to_string())
}

#[tokio::test]
async fn an_announcement_becomes_an_event_of_ours() {
    let (bus, script) = bus([all_taken(1)]);
    assert_eq!(bus.announce(&announcements(1)).await.unwrap(), [Ok(())]);
    let entry = &asked(&script)[0][0];
    assert_eq!(entry["EventBusName"], "drawbridge-bus");
    assert_eq!(entry["Source"], "drawbridge");
    assert_eq!(entry["DetailType"], "Drawbridge Connection Status Change");
    assert_eq!(entry["Time"], 1_795_222_923);
    let detail: ConnectionChange = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(Announcement::Connection(Box::new(detail)), announcements(1)[0]);
}

#[tokio::test]
async fn a_request_has_ten_entries_at_most() {
    let (bus, script) = bus([all_taken(10), all_taken(10), all_taken(3)]);
    let answers = bus.announce(&announcements(23)).await.unwrap();
    assert_eq!(answers.len(), 23);
    assert!(answers.iter().all(Result::is_ok));
    let sizes: Vec<usize> = asked(&script).iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 10, 3]);
}

#[tokio::test]
async fn a_request_stays_below_the_older_limit_of_256_kib() {
    let (bus, script) = bus([all_taken(2), all_taken(1)]);
    let large: Vec<_> = (0..3).map(|number| announcement(number, "x".repeat(100_000))).collect();
    assert!(bus.announce(&large).await.unwrap().iter().all(Result::is_ok));
    for request in script.requests() {
        assert!(request.body.len() < 256 * 1024, "{}", request.body.len());
    }
}

#[tokio::test]
async fn one_that_is_too_large_does_not_keep_the_others_back() {
    let (bus, script) = bus([all_taken(2)]);
    let all = [announcement(0, "a".into()), announcement(1, "x".repeat(300_000)), announcement(2, "b".into())];
    let answers = bus.announce(&all).await.unwrap();
    assert_eq!(answers[0], Ok(()));
    assert_eq!(answers[1].as_ref().expect_err("too large").name, FaultName::InvalidRequest);
    assert_eq!(answers[2], Ok(()));
    assert_eq!(asked(&script)[0].len(), 2);
}

#[tokio::test]
async fn entries_fail_one_by_one_inside_a_200() {
    let (bus, _) = bus([Answer::ok(
        &json!({"FailedEntryCount": 4, "Entries": [
            {"EventId": "1"},
            {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"},
            {"ErrorCode": "InternalFailure", "ErrorMessage": "oops"},
            {"ErrorCode": "MalformedDetail", "ErrorMessage": "no JSON"},
            {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "no"},
        ]})
        .to_string(),
    )]);
    let answers = bus.announce(&announcements(5)).await.unwrap();
    let names: Vec<_> = answers.iter().map(|answer| answer.as_ref().err().map(|fault| fault.name)).collect();
    assert_eq!(
        names,
        [
            None,
            Some(FaultName::Throttled),
            Some(FaultName::ServiceUnavailable),
            Some(FaultName::InvalidRequest),
            Some(FaultName::AccessDenied)
        ]
    );
    assert!(answers[3].as_ref().expect_err("malformed").message.contains("MalformedDetail: no JSON"));
}

#[tokio::test]
async fn a_batch_that_fails_takes_nothing_back() {
    let (bus, _) = bus([all_taken(10), Answer::Cut, all_taken(1)]);
    let answers = bus.announce(&announcements(21)).await.unwrap();
    assert!(answers[..10].iter().all(Result::is_ok));
    assert!(answers[10..20].iter().all(|answer| answer.as_ref().is_err_and(|fault| fault.class() == Class::Transient)));
    assert_eq!(answers[20], Ok(()));
}

#[tokio::test]
async fn an_entry_without_an_answer_is_announced_again() {
    let (bus, _) = bus([all_taken(1)]);
    let answers = bus.announce(&announcements(2)).await.unwrap();
    assert_eq!(answers[0], Ok(()));
    assert_eq!(answers[1].as_ref().expect_err("no answer").name, FaultName::ServiceUnavailable);
}
