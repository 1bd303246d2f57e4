//! Items to domain records and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use drawbridge_domain::connection::{Connection, Made};
use drawbridge_domain::outputs::{OutputRecord, OutputStatus};
use drawbridge_domain::share::ShareRecord;
use drawbridge_domain::{Fault, FaultName};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Subject;
use crate::keys::{self, CONNECTION, OUTPUT, SHARE};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The largest item that `DynamoDB` holds, in bytes.
/// [AWS:amazondynamodb/developerguide/Constraints]
const LARGEST_ITEM: usize = 400 * 1024;

/// A domain record that is kept whole, with a version.
pub(crate) trait Record: Serialize + DeserializeOwned + Clone {
    const SK: &'static str;
    fn subject(&self) -> Subject;
    fn status(&self) -> &'static str;
    fn needs_attention(&self) -> bool;
    /// Whether it is to be found among what no share brought.
    fn is_found_without_share(&self) -> bool {
        false
    }
    /// The AWS id of what was made for it.
    fn made_id(&self) -> Option<&str> {
        None
    }
    fn since(&mut self) -> &mut Timestamp;
    fn version(&mut self) -> &mut u64;
    fn change(&mut self) -> &mut String;
}

impl Record for ShareRecord {
    const SK: &'static str = SHARE;
    fn subject(&self) -> Subject {
        Subject::Share(self.arn.clone())
    }
    fn status(&self) -> &'static str {
        self.status.as_str()
    }
    fn needs_attention(&self) -> bool {
        self.status.needs_attention()
    }
    fn since(&mut self) -> &mut Timestamp {
        &mut self.since
    }
    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
    fn change(&mut self) -> &mut String {
        &mut self.change
    }
}

impl Record for Connection {
    const SK: &'static str = CONNECTION;
    fn subject(&self) -> Subject {
        Subject::Connection(self.id.clone())
    }
    fn is_found_without_share(&self) -> bool {
        self.share_arn.is_none() && !self.claims.is_empty()
    }
    fn made_id(&self) -> Option<&str> {
        self.made.as_ref().map(Made::id)
    }
    fn status(&self) -> &'static str {
        self.status.as_str()
    }
    fn needs_attention(&self) -> bool {
        self.status.needs_attention()
    }
    fn since(&mut self) -> &mut Timestamp {
        &mut self.since
    }
    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
    fn change(&mut self) -> &mut String {
        &mut self.change
    }
}

impl Record for OutputRecord {
    const SK: &'static str = OUTPUT;
    fn subject(&self) -> Subject {
        Subject::Outputs(self.connection.clone())
    }
    fn status(&self) -> &'static str {
        self.status.as_str()
    }
    fn needs_attention(&self) -> bool {
        // What is published is looked at, too: somebody may change it.
        self.status == OutputStatus::Unpublished || !self.parameters.is_empty()
    }
    fn since(&mut self) -> &mut Timestamp {
        &mut self.since
    }
    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
    fn change(&mut self) -> &mut String {
        &mut self.change
    }
}

/// The item of a record whose `since` has microseconds at most.
pub(crate) fn encode<R: Record>(record: &mut R) -> Result<Item, Fault> {
    let pk = record.subject().pk();
    let since = *record.since();
    let mut item = to_item(&pk, &*record)?;
    item.insert("since".to_owned(), text(keys::sortable(since)));
    if record.needs_attention() {
        item.insert("attention".to_owned(), text(record.status()));
    }
    if record.is_found_without_share() {
        item.insert(keys::SHARE_KEY.to_owned(), text(keys::NO_SHARE));
    }
    if let Some(id) = record.made_id() {
        item.insert(keys::MADE_KEY.to_owned(), text(id));
    }
    item.insert("sk".to_owned(), text(R::SK));
    item.insert("pk".to_owned(), text(&pk));
    check_size(&pk, &item)?;
    Ok(item)
}

/// By way of JSON, as [`drawbridge_items::record`] reads it: one writer for each record.
pub(crate) fn to_item(pk: &str, record: &impl Serialize) -> Result<Item, Fault> {
    serde_dynamo::aws_sdk_dynamodb_1::to_item(json(pk, record)?).map_err(|error| unwritable(pk, &error))
}

/// A record as JSON.
pub(crate) fn json(pk: &str, record: &impl Serialize) -> Result<serde_json::Value, Fault> {
    serde_json::to_value(record).map_err(|error| unwritable(pk, &error))
}

fn unwritable(pk: &str, error: &dyn std::error::Error) -> Fault {
    FaultName::InvalidRequest.because(format!("`{pk}` cannot be written as an item: {error}"))
}

/// The record in an item.
///
/// # Errors
/// `InvalidRequest` that names the item and the field that cannot be read.
pub(crate) fn decode<T: DeserializeOwned>(item: Item) -> Result<T, Fault> {
    drawbridge_items::record(item.into())
}

/// Refuses an item that `DynamoDB` would refuse, in words that say what is too large.
pub(crate) fn check_size(pk: &str, item: &Item) -> Result<(), Fault> {
    let size = size_of(item);
    if size <= LARGEST_ITEM {
        return Ok(());
    }
    let largest = item.iter().max_by_key(|(_, value)| size_of_value(value)).map_or("?", |(name, _)| name.as_str());
    Err(FaultName::InvalidRequest.because(format!(
        "the item of `{pk}` would have {size} bytes, DynamoDB holds at most {LARGEST_ITEM}; most of it is `{largest}`: \
         share or subscribe to less at once"
    )))
}

/// As `DynamoDB` counts. [AWS:amazondynamodb/developerguide/CapacityUnitCalculations]
fn size_of(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size_of_value(value)).sum()
}

fn size_of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        // One byte for two digits, one more, 21 at most: never less than DynamoDB counts.
        AttributeValue::N(number) => (number.len().div_ceil(2) + 1).min(21),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Bs(blobs) => blobs.iter().map(|blob| blob.as_ref().len()).sum(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + size_of_value(value)).sum::<usize>(),
        AttributeValue::M(map) => {
            3 + map.iter().map(|(name, value)| 1 + name.len() + size_of_value(value)).sum::<usize>()
        }
        _ => 1,
    }
}

pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

pub(crate) fn number_of(item: &Item, name: &str) -> Option<u64> {
    item.get(name).and_then(|value| value.as_n().ok()).and_then(|number| number.parse().ok())
}
