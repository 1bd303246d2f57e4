//! The items of the ledger's table, as `DynamoDB`'s JSON has them: what reads the table's stream needs this and no client.

use drawbridge_domain::connection::Connection;
use drawbridge_domain::{Fault, FaultName};
use serde::de::DeserializeOwned;

/// The sort key of a share, and the beginning of its partition key.
pub const SHARE: &str = "SHARE";
/// The sort key of a connection, and the beginning of its partition key.
pub const CONNECTION: &str = "CONNECTION";

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
    serde_dynamo::from_item(item.clone()).map(Some).map_err(|error| unreadable::<Connection>(&item, &error))
}

/// Why an item is no `T`: names the item, and the field that can't be read.
#[must_use]
pub fn unreadable<T: DeserializeOwned>(item: &serde_dynamo::Item, error: &serde_dynamo::Error) -> Fault {
    let key = |name: &str| match item.get(name) {
        Some(serde_dynamo::AttributeValue::S(text)) => text.clone(),
        _ => "?".to_owned(),
    };
    // serde_dynamo does not say where it failed: take the long way to find out.
    let place = serde_dynamo::from_item::<_, serde_json::Value>(item.clone())
        .ok()
        .and_then(|value| serde_path_to_error::deserialize::<_, T>(value).err())
        .map_or_else(|| error.to_string(), |error| error.to_string());
    FaultName::InvalidRequest.because(format!(
        "the ledger's item `{}` / `{}` cannot be read: {place}; it was written by hand or by another version of \
         Drawbridge: correct the named field in the table, or restore the item",
        key("pk"),
        key("sk"),
    ))
}
