//! Stream records in, announcements out; the first that fails is where the stream goes on.

use drawbridge_domain::messages::Announcement;
use drawbridge_domain::ports::Announce;
use drawbridge_domain::{Fault, Timestamp};
use drawbridge_items::connection_from_image;
use drawbridge_runtime::{Handler, count};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The function's ports.
pub struct Announcer<B> {
    pub bus: B,
}

/// A batch of DynamoDB stream records.
#[derive(Deserialize)]
pub struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName", default)]
    event_name: String,
    dynamodb: Change,
}

#[derive(Deserialize)]
struct Change {
    #[serde(rename = "SequenceNumber")]
    sequence_number: String,
    #[serde(rename = "OldImage", default)]
    old_image: Option<Value>,
    #[serde(rename = "NewImage", default)]
    new_image: Option<Value>,
}

/// Which records were not announced [AWS:lambda/dg/services-ddb-batchfailurereporting].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartialBatch {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

impl<B: Announce> Handler for Announcer<B> {
    type Request = Batch;
    type Answer = PartialBatch;

    async fn handle(&self, batch: Batch, now: Timestamp) -> Result<PartialBatch, Fault> {
        let mut announcements = Vec::new();
        let mut sequence_numbers = Vec::new();
        let mut failure: Option<(String, Fault)> = None;
        for record in batch.records.into_iter().filter(|record| record.event_name != "REMOVE") {
            match announcement(&record.dynamodb) {
                Ok(Some(announcement)) => {
                    announcements.push(announcement);
                    sequence_numbers.push(record.dynamodb.sequence_number);
                }
                Ok(None) => {}
                // What comes after it waits: the order of a connection's changes is kept.
                Err(fault) => {
                    failure = Some((record.dynamodb.sequence_number, fault));
                    break;
                }
            }
        }
        if !announcements.is_empty() {
            let outcomes = self.bus.announce(&announcements).await?;
            let first = outcomes.into_iter().zip(sequence_numbers).find_map(|(o, at)| Some((at, o.err()?)));
            failure = first.or(failure);
        }
        Ok(PartialBatch {
            batch_item_failures: failure
                .into_iter()
                .map(|(item_identifier, fault)| {
                    tracing::warn!(fault = fault.name.as_str(), at = item_identifier, "{}", fault.message);
                    count("Fault", 1, &[("fault", fault.name.as_str())], now);
                    ItemFailure { item_identifier }
                })
                .collect(),
        })
    }
}

fn announcement(change: &Change) -> Result<Option<Announcement>, Fault> {
    let connection = |image: &Option<Value>| match image {
        Some(image) => connection_from_image(image),
        None => Ok(None),
    };
    let Some(after) = connection(&change.new_image)? else {
        return Ok(None);
    };
    // An older image that can't be read any more only means that the change is told anew.
    let before = connection(&change.old_image).unwrap_or_default();
    Ok(Announcement::of(before.as_ref(), &after))
}
