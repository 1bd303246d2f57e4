//! The items of the ledger's table, as `DynamoDB`'s JSON has them: what reads the table's stream needs this and no client.

use std::collections::HashMap;

use drawbridge_domain::connection::Connection;
use drawbridge_domain::{Fault, FaultName};
use serde::de::DeserializeOwned;
use serde_dynamo::AttributeValue;

/// The sort key of a share, and the beginning of its partition key.
pub const SHARE: &str = "SHARE";
/// The sort key of a connection, and the beginning of its partition key.
pub const CONNECTION: &str = "CONNECTION";

/// The attribute that is the key of the index by share.
pub const SHARE_KEY: &str = "share_arn";
/// What the key of the index by share holds of a connection that no share brought: an item without it would not be
/// found there. Its record has none.
pub const NO_SHARE: &str = "none";

/// The connection in an image of a stream record, as Lambda delivers it (`{"pk": {"S": "…"}, …}`);
/// none for items of other types.
///
/// # Errors
/// `InvalidRequest` if it is a connection that cannot be read, `UndecodableInput` if it is no
/// image at all.
pub fn connection_from_image(image: &serde_json::Value) -> Result<Option<Connection>, Fault> {
    if image.pointer("/sk/S").and_then(serde_json::Value::as_str).is_some_and(|sk| sk != CONNECTION) {
        return Ok(None);
    }
    let item: serde_dynamo::Item = serde_json::from_value(image.clone()).map_err(|error| {
        FaultName::UndecodableInput.because(format!("this is not an image of a DynamoDB item: {error}"))
    })?;
    if !item.contains_key("sk") {
        return Err(FaultName::UndecodableInput.because("this image has no `sk`; is it of the ledger's table?"));
    }
    record(item).map(Some)
}

/// The record in an item.
///
/// By way of JSON: one reader for each record instead of two, which is a twentieth of a function's size, and one that can say
/// where it failed.
///
/// # Errors
/// `InvalidRequest` that names the item and the field that can't be read.
pub fn record<T: DeserializeOwned>(item: serde_dynamo::Item) -> Result<T, Fault> {
    let mut item: HashMap<String, AttributeValue> = item.into();
    if matches!(item.get(SHARE_KEY), Some(AttributeValue::S(text)) if text == NO_SHARE) {
        item.remove(SHARE_KEY);
    }
    let item = serde_dynamo::Item::from(item);
    let key = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text)) => text.clone(),
        _ => "?".to_owned(),
    };
    let (pk, sk) = (key("pk"), key("sk"));
    let read: Result<T, String> = serde_dynamo::from_item::<_, serde_json::Value>(item)
        .map_err(|error| error.to_string())
        .and_then(|json| serde_path_to_error::deserialize(json).map_err(|error| error.to_string()));
    read.map_err(|place| {
        FaultName::InvalidRequest.because(format!(
            "the ledger's item `{pk}` / `{sk}` cannot be read: {place}; it was written by hand or by another version of \
             Drawbridge: correct the named field in the table, or restore the item"
        ))
    })
}
