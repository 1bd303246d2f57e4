//! Reads. All of items are consistent; indexes and scans find candidates.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use drawbridge_domain::connection::{Connection, Status};
use drawbridge_domain::ids::{ConnectionId, ResourceShareArn};
use drawbridge_domain::ports::{Attention, Connections as _};
use drawbridge_domain::share::{ShareRecord, ShareStatus};
use drawbridge_domain::{Fault, FaultName};
use serde::de::DeserializeOwned;

use crate::audit::Entry;
use crate::codec::{Item, decode, text, text_of};
use crate::{BY_SHARE, BY_STATUS, Ledger, Subject, keys};

/// What stands on every page, in order. The SDK's own paginator is a stream for each operation, which each function would
/// have to carry.
async fn every_page(
    mut page: impl AsyncFnMut(Option<Item>) -> Result<(Option<Vec<Item>>, Option<Item>), Fault>,
) -> Result<Vec<Item>, Fault> {
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let (items, last) = page(from).await?;
        all.extend(items.unwrap_or_default());
        from = last.filter(|key| !key.is_empty());
        if from.is_none() {
            return Ok(all);
        }
    }
}

/// Everything that the ledger holds of shares and connections.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Oldest first.
    pub shares: Vec<ShareRecord>,
    /// Oldest first.
    pub connections: Vec<Connection>,
    /// One fault for each item that cannot be read.
    pub unreadable: Vec<Fault>,
}

impl Ledger {
    pub(crate) async fn item(&self, pk: &str, sk: &str) -> Result<Option<Item>, Fault> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| drawbridge_sdk::fault("dynamodb:GetItem", error))?;
        Ok(answer.item)
    }

    /// The items of one `pk` whose `sk` lies between the two, both included, in the order of `sk`.
    pub(crate) async fn items(&self, pk: &str, from: &str, to: &str) -> Result<Vec<Item>, Fault> {
        let request = self
            .client
            .query()
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to))
            .consistent_read(true);
        self.query(request).await
    }

    /// Every page of a query.
    async fn query(&self, request: QueryFluentBuilder) -> Result<Vec<Item>, Fault> {
        let request = request.table_name(&self.table);
        every_page(async |from| {
            let page = request.clone().set_exclusive_start_key(from).send().await;
            let page = page.map_err(|error| drawbridge_sdk::fault("dynamodb:Query", error))?;
            Ok((page.items, page.last_evaluated_key))
        })
        .await
    }

    /// Every page of a scan.
    pub(crate) async fn scan(&self, request: ScanFluentBuilder) -> Result<Vec<Item>, Fault> {
        let request = request.table_name(&self.table);
        every_page(async |from| {
            let page = request.clone().set_exclusive_start_key(from).send().await;
            let page = page.map_err(|error| drawbridge_sdk::fault("dynamodb:Scan", error))?;
            Ok((page.items, page.last_evaluated_key))
        })
        .await
    }

    /// The keys in an index, all pages, in the index's order.
    pub(crate) async fn index(&self, index: &str, key: &str, value: &str) -> Result<Vec<Item>, Fault> {
        let request = self
            .client
            .query()
            .index_name(index)
            .key_condition_expression("#key = :value")
            .expression_attribute_names("#key", key)
            .expression_attribute_values(":value", text(value));
        self.query(request).await
    }

    /// The connections under one key of the index by share.
    async fn by_share(&self, key: &str) -> Result<Vec<ConnectionId>, Fault> {
        let found = self.index(BY_SHARE, keys::SHARE_KEY, key).await?;
        Ok(found.iter().filter_map(|item| text_of(item, "pk").and_then(keys::connection_of)).collect())
    }

    /// What stands in the index of what needs attention in one of `statuses`, oldest first.
    pub(crate) async fn attention<T>(
        &self,
        statuses: &[&str],
        subject: fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, Fault> {
        let mut found = Vec::new();
        for status in statuses {
            // Shares and connections share the index, and `failed` is a status of both.
            found.extend(
                self.index(BY_STATUS, "attention", status)
                    .await?
                    .iter()
                    .filter_map(|item| Some((text_of(item, "since")?.to_owned(), subject(text_of(item, "pk")?)?))),
            );
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found.into_iter().map(|(_, subject)| subject).collect())
    }

    /// The connections of a share, in the order of their ids. The index finds them, each is read
    /// consistently.
    ///
    /// # Errors
    /// Of the reads; one that cannot be read is left out with a warning.
    pub async fn connections_of(&self, share: &ResourceShareArn) -> Result<Vec<Connection>, Fault> {
        let mut connections = Vec::new();
        for id in self.connections_of_share(share).await? {
            match self.connection(&id).await {
                Ok(found) => connections.extend(found),
                Err(fault) if fault.name == FaultName::InvalidRequest => tracing::warn!(%fault, "left out"),
                Err(fault) => return Err(fault),
            }
        }
        Ok(connections)
    }

    /// Every share and connection. Reads the whole table, audit trail included: for people, not
    /// for functions.
    ///
    /// # Errors
    /// Of the scan; an item that cannot be read is in [`Listing::unreadable`].
    pub async fn list(&self) -> Result<Listing, Fault> {
        let request = self
            .client
            .scan()
            .filter_expression("sk IN (:share, :connection)")
            .expression_attribute_values(":share", text(keys::SHARE))
            .expression_attribute_values(":connection", text(keys::CONNECTION))
            .consistent_read(true);
        let items = self.scan(request).await?;
        let mut listing = Listing::default();
        for item in items {
            let is_share = item.get("sk") == Some(&AttributeValue::S(keys::SHARE.to_owned()));
            if is_share {
                listing.unreadable.extend(keep(item, &mut listing.shares));
            } else {
                listing.unreadable.extend(keep(item, &mut listing.connections));
            }
        }
        listing.shares.sort_by(|a, b| (a.since, &a.arn).cmp(&(b.since, &b.arn)));
        listing.connections.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
        Ok(listing)
    }

    /// The audit trail of a subject, newest last.
    ///
    /// # Errors
    /// Of the query; an entry that cannot be read is left out with a warning.
    pub async fn audit_trail(&self, subject: &Subject) -> Result<Vec<Entry>, Fault> {
        // `~` follows every character that an entry's key has.
        let items = self.items(&subject.pk(), keys::AUDIT, &format!("{}~", keys::AUDIT)).await?;
        let mut trail = Vec::with_capacity(items.len());
        for item in items {
            if let Some(fault) = keep(item, &mut trail) {
                tracing::warn!(%fault, "left out");
            }
        }
        // The version tells the true order of one record's changes: who wrote them had clocks of their own.
        if *subject == Subject::Subscriptions {
            trail.sort_by_key(|entry: &Entry| (entry.entry.at, entry.version));
        } else {
            trail.sort_by_key(|entry: &Entry| entry.version);
        }
        Ok(trail)
    }
}

/// Puts the item among those that could be read, or gives back why it could not.
fn keep<T: DeserializeOwned>(item: Item, kept: &mut Vec<T>) -> Option<Fault> {
    decode(item).map(|record| kept.push(record)).err()
}

/// The statuses of connections that stand in the index.
const CONNECTIONS: [Status; 5] = [Status::Wanted, Status::Opening, Status::Waiting, Status::Closing, Status::Failed];
/// The statuses of shares that stand in the index.
const SHARES: [ShareStatus; 8] = [
    ShareStatus::Found,
    ShareStatus::Accepting,
    ShareStatus::Declining,
    ShareStatus::Accepted,
    ShareStatus::Held,
    ShareStatus::Ignored,
    ShareStatus::Failed,
    ShareStatus::Revoked,
];

impl Attention for Ledger {
    async fn connections_needing_attention(&self) -> Result<Vec<ConnectionId>, Fault> {
        self.attention(&CONNECTIONS.map(Status::as_str), keys::connection_of).await
    }

    async fn shares_needing_attention(&self) -> Result<Vec<ResourceShareArn>, Fault> {
        self.attention(&SHARES.map(ShareStatus::as_str), keys::share_of).await
    }

    async fn connections_of_share(&self, share: &ResourceShareArn) -> Result<Vec<ConnectionId>, Fault> {
        self.by_share(share.as_str()).await
    }

    async fn connections_without_share(&self) -> Result<Vec<ConnectionId>, Fault> {
        self.by_share(keys::NO_SHARE).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_asked_for_every_status_that_is_in_it() {
        // A new status does not compile here: decide whether it is asked for.
        let asked = |status: Status| match status {
            Status::Wanted | Status::Opening | Status::Waiting | Status::Closing | Status::Failed => true,
            Status::Ready | Status::Closed => false,
        };
        for status in CONNECTIONS.into_iter().chain([Status::Ready, Status::Closed]) {
            assert_eq!(status.needs_attention(), asked(status), "{status:?}");
            assert_eq!(CONNECTIONS.contains(&status), asked(status), "{status:?}");
        }
        let asked = |status: ShareStatus| match status {
            ShareStatus::Found
            | ShareStatus::Accepting
            | ShareStatus::Declining
            | ShareStatus::Accepted
            | ShareStatus::Held
            | ShareStatus::Ignored
            | ShareStatus::Failed
            | ShareStatus::Revoked => true,
            ShareStatus::Rejected | ShareStatus::Expired => false,
        };
        let quiet = [ShareStatus::Rejected, ShareStatus::Expired];
        for status in SHARES.into_iter().chain(quiet) {
            assert_eq!(status.needs_attention(), asked(status), "{status:?}");
            assert_eq!(SHARES.contains(&status), asked(status), "{status:?}");
        }
    }
}
