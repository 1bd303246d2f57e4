//! What wakes the function: a batch of the ledger's stream, the schedule, or a person with a connection's id.

use drawbridge_domain::ids::ConnectionId;
use drawbridge_domain::{Fault, FaultName};
use drawbridge_items::stream::Record;
use serde::Deserialize;
use serde_json::Value;

/// What to look at.
pub enum Request {
    /// Connections that changed, each with the sequence number of its first record in the batch.
    Changed(Vec<(ConnectionId, String)>),
    /// Everything that is not as it should be, and due.
    Sweep,
    /// Everything that is published: whether it is still there.
    Look,
    /// One connection, now.
    One(ConnectionId),
}

impl Request {
    /// # Errors
    /// `UndecodableInput`, which says what is taken.
    pub fn read(input: &Value) -> Result<Self, Fault> {
        let refused = |why: String| FaultName::UndecodableInput.because(why);
        if let Some(records) = input.get("Records") {
            let records: Vec<Record> = Deserialize::deserialize(records)
                .map_err(|error| refused(format!("this is not a batch of DynamoDB stream records: {error}")))?;
            let mut changed: Vec<(ConnectionId, String)> = Vec::new();
            for Record { dynamodb: change } in records {
                // Items of other types are none of its business, whatever the filter lets through.
                let Some(id) = change.connection() else { continue };
                // The record is read back, so one look answers for all of its changes.
                if !changed.iter().any(|(known, _)| *known == id) {
                    changed.push((id, change.sequence_number));
                }
            }
            return Ok(Self::Changed(changed));
        }
        if let Some(id) = input.get("connection").and_then(Value::as_str) {
            return ConnectionId::parse(id).map(Self::One).map_err(|error| refused(error.to_string()));
        }
        match input.get("trigger").and_then(Value::as_str) {
            Some("sweep") => Ok(Self::Sweep),
            Some("look") => Ok(Self::Look),
            _ => Err(refused(
                "expected a batch of the ledger's stream, {\"trigger\": \"sweep\" or \"look\"} or {\"connection\": \"conn-…\"}"
                    .to_owned(),
            )),
        }
    }
}
