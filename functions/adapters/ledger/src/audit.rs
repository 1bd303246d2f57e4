//! The audit trail.

use drawbridge_domain::Fault;
use drawbridge_domain::ports::AuditEntry;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::codec::{Item, check_size, text, to_item};
use crate::keys;

/// How many days an audit entry is kept: a year and a bit, so that last year's change is still
/// there when the same one comes round again. `DynamoDB` removes it some time after.
pub const AUDIT_DAYS: i64 = 400;

/// One line of an audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Who did what, and when.
    #[serde(flatten)]
    pub entry: AuditEntry,
    /// Where the subject stood after it; the subscription's name for a subscription.
    pub status: String,
    /// The subject's version after it.
    pub version: u64,
    /// The id of the change.
    pub change: String,
}

impl Entry {
    pub(crate) fn item(&self, pk: &str) -> Result<Item, Fault> {
        let mut item = to_item(pk, self)?;
        item.insert("at".to_owned(), text(keys::sortable(self.entry.at)));
        item.insert("pk".to_owned(), text(pk));
        item.insert("sk".to_owned(), text(keys::audit_sk(self.entry.at, &self.change)));
        let expires = self.entry.at.as_second() + SignedDuration::from_hours(24 * AUDIT_DAYS).as_secs();
        item.insert("expires".to_owned(), aws_sdk_dynamodb::types::AttributeValue::N(expires.to_string()));
        check_size(pk, &item)?;
        Ok(item)
    }
}
