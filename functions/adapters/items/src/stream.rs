//! The table's stream, as Lambda hands it to a function and takes the answer.

use drawbridge_domain::ids::ConnectionId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::connection_of;

/// A batch of stream records.
#[derive(Debug, Deserialize)]
pub struct Batch {
    /// In the order of the changes of each item.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// One record.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// The change of an item.
    pub dynamodb: Change,
}

/// What changed.
#[derive(Debug, Deserialize)]
pub struct Change {
    /// Where in the stream it stands.
    #[serde(rename = "SequenceNumber")]
    pub sequence_number: String,
    /// The item's keys.
    #[serde(rename = "Keys", default)]
    pub keys: Value,
    /// The item before; none if it is new.
    #[serde(rename = "OldImage", default)]
    pub old_image: Option<Value>,
    /// The item now; none if it was removed.
    #[serde(rename = "NewImage", default)]
    pub new_image: Option<Value>,
}

impl Change {
    /// The connection whose partition the item is in, if it is in one.
    #[must_use]
    pub fn connection(&self) -> Option<ConnectionId> {
        self.keys.pointer("/pk/S").and_then(Value::as_str).and_then(connection_of)
    }
}

/// Which records have to come again [AWS:lambda/dg/services-ddb-batchfailurereporting].
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartialBatch {
    /// The first of them, from which the stream goes on; none if everything is done.
    pub batch_item_failures: Vec<ItemFailure>,
}

/// One of them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemFailure {
    /// Its sequence number.
    pub item_identifier: String,
}
