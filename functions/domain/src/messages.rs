//! What passes between the state machines and the functions: ids and outcomes; data lives in the ledger. `statemachine/*.asl.json` says the same, held together by a test.

use serde::{Deserialize, Serialize};

use crate::connection::Status;
use crate::fault::FaultRecord;
use crate::ids::{ConnectionId, ResourceShareArn};
use crate::waiting::{TaskToken, Turn};

/// The input of an onboarding execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnboardInput {
    /// The share.
    pub share: ResourceShareArn,
    /// Which run of it.
    pub attempt: u32,
}

/// The input of `vet`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VetRequest {
    /// The share.
    pub share: ResourceShareArn,
    /// Which run of it.
    pub attempt: u32,
    /// The ARN of the execution that asks.
    pub execution: String,
}

/// What should become of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Accept it and connect what is inside.
    Accept,
    /// Leave it open for a person.
    Hold,
    /// Reject the invitation.
    Reject,
    /// Record it and leave it alone.
    Ignore,
}

/// The output of `vet`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VetAnswer {
    /// What should become of it.
    pub verdict: Outcome,
}

/// The input of `accept`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptRequest {
    /// The share.
    pub share: ResourceShareArn,
    /// Which run of it.
    pub attempt: u32,
    /// The ARN of the execution that asks.
    pub execution: String,
    /// Which answer the invitation gets.
    pub answer: InvitationAnswer,
}

/// The answer to an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InvitationAnswer {
    /// Accept.
    Accept,
    /// Reject.
    Decline,
}

/// The output of `accept`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptAnswer {
    /// The connections that want a run.
    pub connections: Vec<ConnectStart>,
}

/// One connect execution to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectStart {
    /// The connection.
    pub connection: ConnectionId,
    /// Which run of it.
    pub attempt: u32,
    /// The execution's name.
    pub name: String,
}

/// The input of a connect execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectInput {
    /// The connection.
    pub connection: ConnectionId,
    /// Which run of it.
    pub attempt: u32,
}

/// The input of `open` and `observe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectRequest {
    /// The connection.
    pub connection: ConnectionId,
    /// Which run of it.
    pub attempt: u32,
    /// The ARN of the execution that asks.
    pub execution: String,
}

/// The output of `open`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAnswer {
    /// The connection.
    pub connection: ConnectionId,
    /// The AWS id of what was made.
    pub made: String,
}

/// The output of `observe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObserveAnswer {
    /// The connection.
    pub connection: ConnectionId,
    /// `ready`.
    pub status: Status,
}

/// What a run of which thing ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A connection: what its run made is removed.
    Connection(ConnectionId),
    /// An onboarding: there is nothing to remove, the reason is recorded.
    Share(ResourceShareArn),
}

/// The input of `hold`, by way of `lambda:invoke.waitForTaskToken`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRequest {
    /// What waits.
    #[serde(flatten)]
    pub subject: Subject,
    /// Which turn of which run.
    #[serde(flatten)]
    pub turn: Turn,
    /// The ARN of the execution that waits.
    pub execution: String,
    /// What resumes it.
    pub token: TaskToken,
}

/// The output of `hold`, which nobody waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldAnswer {
    /// Why the run was resumed at once, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<String>,
}

/// The input of `close`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseRequest {
    /// What ends.
    #[serde(flatten)]
    pub subject: Subject,
    /// Which run of it.
    pub attempt: u32,
    /// The ARN of the execution that asks.
    pub execution: String,
    /// `$states.errorOutput` of the task that failed; none if nothing failed and the record says
    /// that, and why, it is to be closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<ErrorOutput>,
}

/// Step Functions' error output. For a Lambda function's error, `Cause` is a JSON object with
/// `errorType` and `errorMessage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorOutput {
    /// The error's name.
    #[serde(rename = "Error", default, deserialize_with = "text_or_null")]
    pub error: String,
    /// What is said of it.
    #[serde(rename = "Cause", default, deserialize_with = "text_or_null")]
    pub cause: String,
}

/// Some of Step Functions' own errors come without a cause: `close` must run for them all the same.
fn text_or_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}

impl ErrorOutput {
    /// The fault in it: the function's own message where there is one.
    #[must_use]
    pub fn fault(&self) -> FaultRecord {
        let message = serde_json::from_str::<serde_json::Value>(&self.cause)
            .ok()
            .and_then(|cause| cause.get("errorMessage").and_then(|m| m.as_str()).map(str::to_owned))
            .unwrap_or_else(|| self.cause.clone());
        let name = if self.error.is_empty() { "States.Unknown" } else { &self.error };
        // The record must stay readable, and a cause may be a whole document.
        FaultRecord { name: name.chars().take(256).collect(), message: message.chars().take(2000).collect() }
    }
}

/// The output of `close`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseAnswer {
    /// Why the run ended; the execution fails under this name. None if closing was all that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultRecord>,
    /// The AWS ids of what was removed.
    #[serde(default)]
    pub removed: Vec<String>,
}

#[cfg(test)]
mod tests;
