#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::fault::{Class, FaultName};
use crate::testing::{SENDER, connection, execution, fault, share_arn};

const KIB: usize = 1024;

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn error_output(error: &str, cause: &str) -> ErrorOutput {
    ErrorOutput { error: error.to_owned(), cause: cause.to_owned() }
}

#[test]
fn close_is_asked_about_a_connection_or_a_share_as_the_state_machines_ask() {
    let id = connection(Status::Opening).id;
    let of_connection: CloseRequest = read(json!({
        "connection": id,
        "attempt": 2,
        "execution": execution("connect", "x"),
        "fault": {
            "Error": "PreflightFailed",
            "Cause": r#"{"errorType":"PreflightFailed","errorMessage":"VpcMissing: no vpc-0a"}"#,
        },
    }));
    assert_eq!((of_connection.subject, of_connection.attempt), (Subject::Connection(id), 2));
    assert_eq!(of_connection.execution, execution("connect", "x"));
    let recorded = of_connection.fault.unwrap().fault();
    assert_eq!((recorded.name.as_str(), recorded.message.as_str()), ("PreflightFailed", "VpcMissing: no vpc-0a"));

    let of_share: CloseRequest = read(json!({
        "share": share_arn(SENDER),
        "attempt": 1,
        "execution": execution("onboard", "x"),
        "fault": {"Error": "States.Timeout"},
    }));
    assert_eq!(of_share.subject, Subject::Share(share_arn(SENDER)));
    assert_eq!(of_share.fault.unwrap().fault().name, "States.Timeout");
}

#[test]
fn what_close_is_asked_survives_writing_and_reading() {
    for subject in [Subject::Connection(connection(Status::Opening).id), Subject::Share(share_arn(SENDER))] {
        let request = CloseRequest {
            subject,
            attempt: 1,
            execution: execution("connect", "x"),
            fault: Some(error_output("Throttled", "too many")),
        };
        assert_eq!(read::<CloseRequest>(json!(request)), request);
        let nothing_failed = CloseRequest { fault: None, ..request };
        assert!(json!(nothing_failed).get("fault").is_none());
        assert_eq!(read::<CloseRequest>(json!(nothing_failed)), nothing_failed);
    }
}

#[test]
fn close_takes_nothing_that_names_no_subject() {
    let whole = json!({"share": share_arn(SENDER), "attempt": 1, "execution": "x", "fault": {}});
    for (field, value) in [
        ("share", None),
        ("attempt", None),
        ("execution", None),
        ("share", Some(json!("arn:aws:s3:::bucket"))),
        ("share", Some(json!(null))),
        ("attempt", Some(json!(-1))),
        ("attempt", Some(json!("1"))),
        ("fault", Some(json!("Throttled"))),
    ] {
        let mut broken = whole.clone();
        match value.clone() {
            Some(value) => broken[field] = value,
            None => _ = broken.as_object_mut().unwrap().remove(field),
        }
        assert!(serde_json::from_value::<CloseRequest>(broken).is_err(), "{field} {value:?}");
    }
}

#[test]
fn the_message_is_the_functions_own_where_there_is_one() {
    let table = [
        (r#"{"errorType":"Throttled","errorMessage":"RequestLimitExceeded"}"#, "RequestLimitExceeded"),
        (
            r#"{"errorMessage":"2026-11-20 Task timed out after 30.00 seconds"}"#,
            "2026-11-20 Task timed out after 30.00 seconds",
        ),
        (r#"{"errorMessage":""}"#, ""),
        (r#"{"errorMessage":null}"#, r#"{"errorMessage":null}"#),
        (r#"{"errorMessage":5}"#, r#"{"errorMessage":5}"#),
        (r#"{"other":"x"}"#, r#"{"other":"x"}"#),
        (r#"["errorMessage"]"#, r#"["errorMessage"]"#),
        ("plain text", "plain text"),
        (r#"{"errorMessage":"cut of"#, r#"{"errorMessage":"cut of"#),
        ("", ""),
    ];
    for (cause, expected) in table {
        assert_eq!(error_output("Throttled", cause).fault().message, expected, "{cause}");
    }
}

#[test]
fn an_error_without_name_or_cause_has_one_all_the_same() {
    for nothing in [json!({}), json!({"Error": null, "Cause": null}), json!({"Error": "", "Cause": ""})] {
        let recorded = read::<ErrorOutput>(nothing).fault();
        assert_eq!((recorded.name.as_str(), recorded.message.as_str()), ("States.Unknown", ""));
        assert_eq!(recorded.class(), Class::Transient);
    }
}

#[test]
fn a_document_for_a_cause_stays_readable() {
    let long = "ä".repeat(256 * KIB / 2);
    let in_json = json!({ "errorMessage": long }).to_string();
    for cause in [long.as_str(), in_json.as_str()] {
        let recorded = error_output("InvalidRequest", cause).fault();
        assert_eq!(recorded.message, "ä".repeat(2000));
    }
    let deep = "[".repeat(100 * KIB);
    assert_eq!(error_output("InvalidRequest", &deep).fault().message.len(), 2000);
    assert_eq!(error_output(&"N".repeat(100 * KIB), "").fault().name.len(), 256);
}

#[test]
fn every_name_of_ours_is_known_again() {
    for name in FaultName::ALL {
        let recorded = error_output(name.as_str(), "").fault();
        assert_eq!(FaultName::parse(&recorded.name), Some(*name));
        assert_eq!(recorded.class(), name.class());
    }
}

#[test]
fn the_words_on_the_wire() {
    for (outcome, word) in
        [(Outcome::Accept, "accept"), (Outcome::Hold, "hold"), (Outcome::Reject, "reject"), (Outcome::Ignore, "ignore")]
    {
        assert_eq!(json!(VetAnswer { verdict: outcome }), json!({"verdict": word}));
    }
    let accept = |answer| json!({"share": share_arn(SENDER), "attempt": 1, "execution": "x", "answer": answer});
    assert_eq!(read::<AcceptRequest>(accept("accept")).answer, InvitationAnswer::Accept);
    assert_eq!(read::<AcceptRequest>(accept("decline")).answer, InvitationAnswer::Decline);
    assert!(serde_json::from_value::<AcceptRequest>(accept("hold")).is_err());

    let id = connection(Status::Ready).id;
    assert_eq!(json!(AcceptAnswer::default()), json!({"connections": []}));
    let start = ConnectStart { connection: id.clone(), attempt: 1, name: "n".to_owned() };
    assert_eq!(
        json!(AcceptAnswer { connections: vec![start] }),
        json!({"connections": [{"connection": id, "attempt": 1, "name": "n"}]})
    );
    assert_eq!(
        json!(ObserveAnswer { connection: id.clone(), status: Status::Ready }),
        json!({"connection": id, "status": "ready"})
    );
    assert_eq!(
        json!(OpenAnswer { connection: id.clone(), made: "vpce-0a".to_owned() }),
        json!({"connection": id, "made": "vpce-0a"})
    );
    let closed = CloseAnswer { fault: Some(fault(FaultName::Throttled)), removed: vec!["vpce-0a".to_owned()] };
    assert_eq!(json!(closed), json!({"fault": {"name": "Throttled", "message": "it was so"}, "removed": ["vpce-0a"]}));
    assert_eq!(json!(CloseAnswer { fault: None, removed: Vec::new() }), json!({"removed": []}));
    assert_eq!(json!(ConnectInput { connection: id.clone(), attempt: 1 }), json!({"connection": id, "attempt": 1}));
    assert_eq!(
        json!(OnboardInput { share: share_arn(SENDER), attempt: 1 }),
        json!({"share": share_arn(SENDER), "attempt": 1})
    );
}

/// Twenty connections of 60 databases must stay under 200 KiB in every state: databases do not
/// travel, so this is what does.
#[test]
fn what_travels_is_small() {
    let start = ConnectStart {
        connection: connection(Status::Wanted).id,
        attempt: u32::MAX,
        name: crate::identity::connect_execution(&connection(Status::Wanted).id, u32::MAX, u32::MAX),
    };
    let answer = AcceptAnswer { connections: vec![start; 500] };
    assert!(json!(answer).to_string().len() < 100 * KIB);
}

proptest! {
    #[test]
    fn any_error_is_survived(error in ".*", cause in ".*", attempt: u32) {
        let recorded = error_output(&error, &cause).fault();
        prop_assert!(!recorded.name.is_empty());
        prop_assert!(recorded.message.chars().count() <= 2000);
        let request = json!({
            "share": share_arn(SENDER),
            "attempt": attempt,
            "execution": "x",
            "fault": {"Error": error, "Cause": cause},
        });
        prop_assert_eq!(read::<CloseRequest>(request).fault.map(|said| said.fault()), Some(recorded));
    }

    #[test]
    fn a_functions_message_is_found_in_its_cause(message in ".{0,1000}", more in ".*") {
        let cause = json!({"errorType": "Throttled", "errorMessage": message, "stackTrace": [more]}).to_string();
        prop_assert_eq!(error_output("Throttled", &cause).fault().message, message);
    }
}
