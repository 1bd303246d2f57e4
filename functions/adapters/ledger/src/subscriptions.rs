//! Subscriptions: the canonical document is kept as text, and every reader reads it with the one
//! parser.

use aws_sdk_dynamodb::types::AttributeValue;
use drawbridge_domain::Fault;
use drawbridge_domain::ids::SubscriptionName;
use drawbridge_domain::ports::{AuditEntry, Subscriptions, Unreadable};
use drawbridge_domain::subscription::{Problem, Problems, Subscription, parse_canonical};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Ledger;
use crate::audit::Entry;
use crate::codec::{Item, check_size, decode, number_of, text, text_of};
use crate::keys::{self, SUBSCRIPTION};
use crate::write::{Write, change_id};

/// A subscription as the ledger holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSubscription {
    /// Its name.
    #[serde(rename = "sk")]
    pub name: SubscriptionName,
    /// The canonical document, in JSON.
    pub document: String,
    /// When it was written.
    pub at: Timestamp,
    /// Who wrote it.
    pub by: String,
    /// Counts the writes.
    pub version: u64,
    /// The id of the last change, the same as in its audit entry.
    pub change: String,
}

/// What became of writing a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionWrite {
    /// There was none of this name.
    Created,
    /// It took the place of another; this is its version now.
    Replaced(u64),
    /// The ledger holds an equal one already.
    Unchanged,
}

impl Ledger {
    /// Writes a subscription under its name, on condition that nobody else writes it in between.
    ///
    /// # Errors
    /// `LedgerConflict` if somebody did; `InvalidRequest` if it is too large for an item.
    pub async fn put_subscription(
        &self,
        subscription: &Subscription,
        audit: AuditEntry,
    ) -> Result<SubscriptionWrite, Fault> {
        let name = &subscription.name;
        let before = self.item(SUBSCRIPTION, name.as_str()).await?;
        if before.as_ref().is_some_and(|item| read(item).is_ok_and(|held| held == *subscription)) {
            return Ok(SubscriptionWrite::Unchanged);
        }
        let document = format!("{:#}", subscription.to_document());
        let from = before.as_ref().and_then(|item| number_of(item, "version")).unwrap_or(0);
        let change = change_id(SUBSCRIPTION, name.as_str(), from + 1, &audit, &document);
        let item = Item::from([
            ("pk".to_owned(), text(SUBSCRIPTION)),
            ("sk".to_owned(), text(name.as_str())),
            ("document".to_owned(), text(document)),
            ("at".to_owned(), text(keys::sortable(audit.at))),
            ("by".to_owned(), text(&audit.by)),
            ("version".to_owned(), AttributeValue::N((from + 1).to_string())),
            ("change".to_owned(), text(&change)),
        ]);
        check_size(SUBSCRIPTION, &item)?;
        let audit = Entry { entry: audit, status: name.to_string(), version: from + 1, change };
        self.write(Write { pk: SUBSCRIPTION.to_owned(), sk: name.to_string(), item, from, audit }).await?;
        Ok(if before.is_none() { SubscriptionWrite::Created } else { SubscriptionWrite::Replaced(from + 1) })
    }

    /// Removes a subscription, on condition that nobody writes it in between. Gives back whether
    /// there was one.
    ///
    /// # Errors
    /// `LedgerConflict` if somebody did.
    pub async fn delete_subscription(&self, name: &SubscriptionName, audit: AuditEntry) -> Result<bool, Fault> {
        let Some(before) = self.item(SUBSCRIPTION, name.as_str()).await? else {
            return Ok(false);
        };
        let from = number_of(&before, "version").unwrap_or(0);
        let change = change_id(SUBSCRIPTION, name.as_str(), from + 1, &audit, &"withdrawn");
        let audit = Entry { entry: audit, status: name.to_string(), version: from + 1, change };
        self.remove(SUBSCRIPTION, name.as_str(), from, audit).await?;
        Ok(true)
    }

    /// The subscription of this name.
    ///
    /// # Errors
    /// `InvalidRequest` if the item cannot be read.
    pub async fn subscription(&self, name: &SubscriptionName) -> Result<Option<StoredSubscription>, Fault> {
        self.item(SUBSCRIPTION, name.as_str()).await?.map(decode).transpose()
    }
}

impl Subscriptions for Ledger {
    async fn subscriptions(&self) -> Result<(Vec<Subscription>, Vec<Unreadable>), Fault> {
        // Names start with a lower-case letter; the audit entries of the same `pk` do not.
        let items = self.items(SUBSCRIPTION, "a", "{").await?;
        let (mut subscriptions, mut unreadable) = (Vec::new(), Vec::new());
        for item in &items {
            match read(item) {
                Ok(subscription) => subscriptions.push(subscription),
                Err(problems) => {
                    unreadable.push(Unreadable { name: text_of(item, "sk").unwrap_or("?").to_owned(), problems });
                }
            }
        }
        Ok((subscriptions, unreadable))
    }
}

fn read(item: &Item) -> Result<Subscription, Problems> {
    let name = text_of(item, "sk").unwrap_or("?");
    let source_name = format!("the ledger's subscription `{name}`");
    let problem = |path: &str, message: String| Problems {
        source_name: source_name.clone(),
        problems: vec![Problem { line: 1, column: 1, path: path.to_owned(), message }],
    };
    let document = text_of(item, "document").ok_or_else(|| {
        problem("", "the item has no text `document`: write it again with `drawbridge subscribe FILE`".to_owned())
    })?;
    let subscription = parse_canonical(&source_name, document)?;
    if subscription.name.as_str() != name {
        return Err(problem(
            "name",
            format!(
                "the document is named `{}`, its item `{name}`: write it again with `drawbridge subscribe FILE`",
                subscription.name
            ),
        ));
    }
    Ok(subscription)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn an_item_without_a_document_is_a_problem_and_not_a_panic() {
        let item = Item::from([("sk".to_owned(), text("redis"))]);
        let problems = read(&item).expect_err("refused");
        assert_eq!(problems.source_name, "the ledger's subscription `redis`");
        assert!(problems.problems[0].message.contains("`document`"));
    }
}
