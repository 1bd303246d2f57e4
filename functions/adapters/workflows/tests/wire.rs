//! The adapter against scripted answers of Step Functions.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use drawbridge_domain::FaultName;
use drawbridge_domain::ports::{ExecutionState, Resume as _, Started, Workflows as _};
use drawbridge_domain::waiting::TaskToken;
use drawbridge_sdk::script::{Answer, Script};
use drawbridge_workflows::Workflows;
use serde_json::{Value, json};

const MACHINE: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:onboard";
const EXECUTION: &str = "arn:aws:states:us-east-1:111122223333:execution:onboard:share-0a-a1";

fn workflows(answers: impl IntoIterator<Item = Answer>) -> (Workflows, Script) {
    let script = Script::new(answers);
    (Workflows::new(&script.config()), script)
}

fn error(name: &str) -> Answer {
    Answer::json_error(400, name)
}

fn asked(script: &Script) -> Value {
    serde_json::from_str(&script.requests()[0].body).unwrap()
}

#[tokio::test]
async fn an_execution_is_started_under_its_name() {
    let (workflows, script) =
        workflows([Answer::ok(&json!({"executionArn": EXECUTION, "startDate": 1.0}).to_string())]);
    let started = workflows.start(MACHINE, "share-0a-a1", &json!({"share": "arn", "attempt": 1})).await.unwrap();
    assert_eq!(started, Started::Now);
    let asked = asked(&script);
    assert_eq!(asked["stateMachineArn"], MACHINE);
    assert_eq!(asked["name"], "share-0a-a1");
    let input: Value = serde_json::from_str(asked["input"].as_str().unwrap()).unwrap();
    assert_eq!(input, json!({"share": "arn", "attempt": 1}));
}

#[tokio::test]
async fn one_that_exists_is_no_fault() {
    let (workflows, _) = workflows([error("ExecutionAlreadyExists")]);
    assert_eq!(workflows.start(MACHINE, "share-0a-a1", &json!({})).await.unwrap(), Started::Existed);
}

#[tokio::test]
async fn a_fault_says_nothing_of_the_input() {
    for answer in
        [error("InvalidExecutionInput"), error("StateMachineDoesNotExist"), error("ThrottlingException"), Answer::Cut]
    {
        let (workflows, _) = workflows([answer]);
        let fault = workflows.start(MACHINE, "x", &json!({"token": "very-secret"})).await.expect_err("refused");
        assert!(!format!("{fault:?}").contains("very-secret"), "{fault:?}");
    }
}

#[tokio::test]
async fn what_can_be_mended_by_waiting_is_transient() {
    let (workflows, _) = workflows([error("ThrottlingException"), Answer::Cut]);
    let throttled = workflows.start(MACHINE, "x", &json!({})).await.expect_err("throttled");
    assert_eq!(throttled.name, FaultName::Throttled);
    let cut = workflows.start(MACHINE, "x", &json!({})).await.expect_err("cut");
    assert_eq!(cut.name, FaultName::ServiceUnavailable);
}

#[tokio::test]
async fn every_status_has_its_meaning() {
    let meanings = [
        ("RUNNING", ExecutionState::Running),
        ("PENDING_REDRIVE", ExecutionState::Running),
        ("SUCCEEDED", ExecutionState::Succeeded),
        ("FAILED", ExecutionState::Ended),
        ("TIMED_OUT", ExecutionState::Ended),
        ("ABORTED", ExecutionState::Ended),
        ("SOMETHING_NEW", ExecutionState::Running),
    ];
    for (status, meaning) in meanings {
        let answer = json!({"executionArn": EXECUTION, "stateMachineArn": MACHINE, "status": status, "startDate": 1.0});
        let (workflows, script) = workflows([Answer::ok(&answer.to_string())]);
        assert_eq!(workflows.execution(EXECUTION).await.unwrap(), meaning, "{status}");
        assert_eq!(asked(&script), json!({"executionArn": EXECUTION, "includedData": "METADATA_ONLY"}));
    }
}

#[tokio::test]
async fn one_that_does_not_exist_is_missing() {
    let (workflows, _) = workflows([error("ExecutionDoesNotExist"), error("InvalidArn")]);
    assert_eq!(workflows.execution(EXECUTION).await.unwrap(), ExecutionState::Missing);
    assert_eq!(workflows.execution("nonsense").await.expect_err("refused").name, FaultName::InvalidRequest);
}

#[tokio::test]
async fn a_wait_is_ended_by_its_token_and_says_nothing_besides() {
    let (workflows, script) = workflows([Answer::ok("{}")]);
    assert!(workflows.resume(&TaskToken::new("very-secret")).await.unwrap());
    assert_eq!(asked(&script), json!({"taskToken": "very-secret", "output": "{}"}));
}

#[tokio::test]
async fn a_wait_that_fails_fails_as_a_function_does() {
    let (workflows, script) = workflows([Answer::ok("{}")]);
    let fault = FaultName::AccessDenied.because("dynamodb:PutItem: no");
    assert!(workflows.fail(&TaskToken::new("very-secret"), &fault).await.unwrap());
    let asked = asked(&script);
    assert_eq!((asked["taskToken"].as_str(), asked["error"].as_str()), (Some("very-secret"), Some("AccessDenied")));
    let cause: Value = serde_json::from_str(asked["cause"].as_str().unwrap()).unwrap();
    assert_eq!(cause, json!({"errorType": "AccessDenied", "errorMessage": "dynamodb:PutItem: no"}));
}

#[tokio::test]
async fn a_token_that_nobody_waits_on_is_no_fault() {
    for name in ["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"] {
        let (workflows, _) = workflows([error(name), error(name)]);
        assert!(!workflows.resume(&TaskToken::new("x")).await.unwrap(), "{name}");
        assert!(!workflows.fail(&TaskToken::new("x"), &FaultName::NotReady.because("")).await.unwrap(), "{name}");
    }
}

#[tokio::test]
async fn a_fault_says_nothing_of_the_token() {
    for answer in [error("AccessDeniedException"), error("ThrottlingException"), Answer::Cut] {
        let (workflows, _) = workflows([answer]);
        let fault = workflows.resume(&TaskToken::new("very-secret")).await.expect_err("refused");
        assert!(!format!("{fault:?}").contains("very-secret"), "{fault:?}");
        assert!(fault.message.contains("states:SendTaskSuccess"), "{fault}");
    }
}
