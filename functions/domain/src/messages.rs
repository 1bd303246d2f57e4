//! What passes between the state machines, the functions and the event bus: ids and outcomes;
//! data lives in the ledger. `statemachine/*.asl.json` says the same, held together by a test.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::connection::{Connection, Status};
use crate::fault::FaultRecord;
use crate::ids::{ConnectionId, ResourceShareArn};
use crate::reach::{Database, Port};
use crate::resource::Resource;
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

/// The event that is published for every change of a connection's status, and of the names by which one that is ready is
/// reached (then `previous` is `ready`, too); its schema is
/// `events/connection-status-change.schema.json`, its `detail-type` [`Announcement::DETAIL_TYPE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The version of this format: `1`.
    pub version: String,
    /// The id of the change; the same if the same change is announced twice.
    pub id: String,
    /// Counts the changes of this connection: what has a lower one than was seen already is old.
    pub sequence: u64,
    /// The connection.
    pub connection: ConnectionId,
    /// The share that brought it; none if a subscription alone asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<ResourceShareArn>,
    /// What it leads to: an ARN, or the name of an endpoint service.
    pub resource: Resource,
    /// The VPC or service network.
    pub target: String,
    /// Where it stands now.
    pub status: Status,
    /// Where it stood before; none if it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Status>,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub why: String,
    /// The AWS id of what was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// Counts the changes of the names below: whoever knows a lower one knows names that may lead nowhere by now.
    #[serde(default)]
    pub names_version: u32,
    /// Since when they are so, if they changed after it was ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names_since: Option<Timestamp>,
    /// What can be reached, at most [`Announcement::MOST_DATABASES`]; the ledger has all.
    pub databases: Vec<AnnouncedDatabase>,
    /// Whether there are more than are listed.
    #[serde(default)]
    pub truncated: bool,
}

/// A database in an announcement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncedDatabase {
    /// The id of its resource configuration, or the name of its service.
    pub resource: String,
    /// Its name, where AWS shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its private name if it has one, else its regional name.
    pub dns: String,
    /// Its port or ranges; none if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
}

impl Announcement {
    /// The `source` of the event.
    pub const SOURCE: &'static str = "drawbridge";
    /// The `detail-type` of the event.
    pub const DETAIL_TYPE: &'static str = "Drawbridge Connection Status Change";
    /// More would not fit into an event with certainty: a group has at most 60 children by
    /// VPC Lattice's quota, but quotas can be raised.
    pub const MOST_DATABASES: usize = 200;

    /// What to announce of a change: nothing unless the status changed, or the names of what can be used.
    #[must_use]
    pub fn of(before: Option<&Connection>, after: &Connection) -> Option<Self> {
        let renamed =
            |before: &Connection| after.status == Status::Ready && before.names_version != after.names_version;
        if before.is_some_and(|before| before.status == after.status && !renamed(before)) {
            return None;
        }
        Some(Self {
            version: "1".to_owned(),
            id: after.change.clone(),
            sequence: after.version,
            connection: after.id.clone(),
            share: after.share_arn.clone(),
            resource: after.resource.clone(),
            target: after.target.to_string(),
            status: after.status,
            previous: before.map(|before| before.status),
            since: after.since,
            why: after.why.clone(),
            made: after.made.as_ref().map(|made| made.id().to_owned()),
            names_version: after.names_version,
            names_since: after.names_since,
            databases: after.databases.iter().take(Self::MOST_DATABASES).map(AnnouncedDatabase::of).collect(),
            truncated: after.databases.len() > Self::MOST_DATABASES,
        })
    }
}

impl AnnouncedDatabase {
    fn of(database: &Database) -> Self {
        Self {
            resource: database.resource.clone(),
            name: database.name.clone(),
            dns: database.dns_name().map(|dns| dns.name.clone()).unwrap_or_default(),
            port: match &database.port {
                Port::Known { ranges, .. } => Some(ranges.join(",")),
                Port::Unknown { .. } => None,
            },
        }
    }
}

#[cfg(test)]
mod tests;
