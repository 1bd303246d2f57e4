//! Tags: given when a thing is made.

use std::collections::BTreeMap;

use super::{Params, refusal};
use crate::wire::{Refusal, Xml};

/// A tag set.
pub fn shape(xml: &mut Xml, tags: &BTreeMap<String, String>) {
    xml.items("tagSet", tags, |item, (key, value)| {
        item.text("key", key);
        item.text("value", value);
    });
}

/// The tags of a `TagSpecification`, which must be for what is being made.
pub fn read(params: &Params, kind: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for specification in params.structures("TagSpecification") {
        let on = params.required(&format!("{specification}.ResourceType"))?;
        if on != kind {
            return Err(refusal(
                "InvalidParameterValue",
                format!("'{on}' is not a valid taggable resource type for this operation."),
            ));
        }
        tags.extend(given(params, &format!("{specification}.Tag"))?);
    }
    Ok(tags)
}

/// The tags under a prefix.
fn given(params: &Params, prefix: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in params.structures(prefix) {
        let key = params.required(&format!("{tag}.Key"))?;
        if key.starts_with("aws:") {
            return Err(refusal(
                "InvalidParameterValue",
                format!("Tag keys starting with 'aws:' are reserved for internal use: {key}"),
            ));
        }
        tags.insert(key.to_owned(), params.text(&format!("{tag}.Value")).unwrap_or_default().to_owned());
    }
    Ok(tags)
}
