//! The items of the ledger's table, as `DynamoDB`'s JSON has them: what reads the table's stream needs this and no client.

use drawbridge_domain::connection::Connection;
use drawbridge_domain::ids::ConnectionId;
use drawbridge_domain::share::ShareRecord;
use drawbridge_domain::{Fault, FaultName};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub mod stream;

/// The partition key of every subscription.
pub const SUBSCRIPTION: &str = "SUBSCRIPTION";
/// The sort key of a share, and the beginning of its partition key.
pub const SHARE: &str = "SHARE";
/// The sort key of a connection, and the beginning of its partition key.
pub const CONNECTION: &str = "CONNECTION";

/// The attribute that is the key of the index by share.
pub const SHARE_KEY: &str = "share_arn";
/// What the key of the index by share holds of a connection that no share brought: an item without it would not be
/// found there. Its record has none.
pub const NO_SHARE: &str = "none";

/// The connection that a `pk` is of, if it is of one.
#[must_use]
pub fn connection_of(pk: &str) -> Option<ConnectionId> {
    pk.strip_prefix(CONNECTION)?.strip_prefix('#').and_then(|id| ConnectionId::parse(id).ok())
}

/// The connection in an image of a stream record, as Lambda delivers it (`{"pk": {"S": "…"}, …}`);
/// none for items of other types.
///
/// # Errors
/// `InvalidRequest` if it is a connection that cannot be read, `UndecodableInput` if it is no
/// image at all.
pub fn connection_from_image(image: &Value) -> Result<Option<Connection>, Fault> {
    from_image(image, CONNECTION)
}

/// The share in an image of a stream record, likewise.
///
/// # Errors
/// As for a connection.
pub fn share_from_image(image: &Value) -> Result<Option<ShareRecord>, Fault> {
    from_image(image, SHARE)
}

fn from_image<T: DeserializeOwned>(image: &Value, sk: &str) -> Result<Option<T>, Fault> {
    if image.pointer("/sk/S").and_then(Value::as_str).is_some_and(|is| is != sk) {
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
/// By way of JSON: one reader for each record, which is a twentieth of a function's size.
///
/// # Errors
/// `InvalidRequest` that names the item and the field that can't be read.
pub fn record<T: DeserializeOwned>(item: serde_dynamo::Item) -> Result<T, Fault> {
    let key = |name: &str| match item.get(name) {
        Some(serde_dynamo::AttributeValue::S(text)) => text.clone(),
        _ => "?".to_owned(),
    };
    let (pk, sk) = (key("pk"), key("sk"));
    let read = serde_dynamo::from_item::<_, serde_json::Map<String, Value>>(item)
        .map_err(|error| error.to_string())
        .and_then(|mut json| {
            if json.get(SHARE_KEY).is_some_and(|key| key == NO_SHARE) {
                json.remove(SHARE_KEY);
            }
            serde_json::from_value(Value::Object(json.clone())).map_err(|error| place::<T>(&json, &error))
        });
    read.map_err(|place| {
        FaultName::InvalidRequest.because(format!(
            "the ledger's item `{pk}` / `{sk}` cannot be read: {place}; it was written by hand or by another version of \
             Drawbridge: correct the named field in the table, or restore the item"
        ))
    })
}

/// Which field can't be read: the one without which something else is wrong, or nothing.
fn place<T: DeserializeOwned>(json: &serde_json::Map<String, Value>, error: &serde_json::Error) -> String {
    let message = error.to_string();
    let is_it = |field: &&String| {
        let mut rest = json.clone();
        rest.remove(*field);
        serde_json::from_value::<T>(Value::Object(rest)).err().is_none_or(|other| other.to_string() != message)
    };
    match json.keys().find(is_it) {
        Some(field) => format!("{field}: {message}"),
        None => message,
    }
}
