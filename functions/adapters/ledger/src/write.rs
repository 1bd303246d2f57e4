//! Writes: a record and its audit entry in one transaction, on condition of the record's version.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as Refusal;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Delete, Put, TransactWriteItem};
use drawbridge_domain::connection::Connection;
use drawbridge_domain::ports::{AuditEntry, Connections, Shares};
use drawbridge_domain::share::ShareRecord;
use drawbridge_domain::{Fault, FaultName, identity, ids};

use crate::Ledger;
use crate::audit::Entry;
use crate::codec::{Item, Record, decode, encode, json, number_of, text, text_of};
use crate::keys;

/// What `TransactWriteItems` with two `Put`s needs.
const ACTION: &str = "dynamodb:PutItem";

/// One write: an item on condition of the version that it was decided from, and the audit entry.
pub(crate) struct Write {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) item: Item,
    /// The version that the write was decided from; 0 if there was none.
    pub(crate) from: u64,
    pub(crate) audit: Entry,
}

/// The id of a change: the same write asked for again has the same id, whenever that is.
pub(crate) fn change_id(
    pk: &str,
    sk: &str,
    version: u64,
    audit: &AuditEntry,
    content: &impl serde::Serialize,
) -> String {
    identity::digest(&(pk, sk, version, &audit.by, &audit.execution, &audit.what, content))
}

impl Ledger {
    pub(crate) async fn save<R: Record>(&self, mut record: R, audit: AuditEntry) -> Result<R, Fault> {
        let (pk, from) = (record.subject().pk(), *record.version());
        *record.since() = keys::to_microseconds(*record.since());
        *record.version() = from + 1;
        record.change().clear();
        // As JSON, since the item is made from that, too: one way to write out a record is enough.
        let content = json(&pk, &record)?;
        let change = change_id(&pk, R::SK, from + 1, &audit, &content);
        record.change().clone_from(&change);
        let item = encode(&mut record)?;
        let audit = Entry { entry: audit, status: record.status().to_owned(), version: from + 1, change };
        self.write(Write { pk, sk: R::SK.to_owned(), item, from, audit }).await?;
        Ok(record)
    }

    /// Removes an item that has this version and writes the audit entry: both or neither. An item
    /// that is gone is success: it was this removal whose answer was lost, or another.
    pub(crate) async fn remove(&self, pk: &str, sk: &str, from: u64, audit: Entry) -> Result<(), Fault> {
        let (condition, values) = unchanged(from);
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .expression_attribute_names("#version", "version")
            .condition_expression(condition)
            .set_expression_attribute_values(values);
        let entry = Put::builder().table_name(&self.table).set_item(Some(audit.item(pk)?));
        let answer = self
            .client
            .transact_write_items()
            .transact_items(
                TransactWriteItem::builder().delete(delete.build().map_err(|error| unsendable(&error))?).build(),
            )
            .transact_items(
                TransactWriteItem::builder().put(entry.build().map_err(|error| unsendable(&error))?).build(),
            )
            .client_request_token(self.token(&audit))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) => match refusal(pk, error) {
                Refused::Fault(fault) => Err(fault),
                Refused::Overtaken(_) if self.item(pk, sk).await?.is_none() => Ok(()),
                Refused::Overtaken(how) => Err(FaultName::LedgerConflict.because(format!(
                    "`{pk}` / `{sk}`: it was to be removed as version {from} and is another by now ({how})"
                ))),
            },
        }
    }

    /// Writes both or neither.
    ///
    /// # Errors
    /// `LedgerConflict` if the item has another version by now, unless it was this very write
    /// that gave it that version.
    pub(crate) async fn write(&self, write: Write) -> Result<(), Fault> {
        let audit = write.audit.item(&write.pk)?;
        let put = self.put_of(write.item.clone(), write.from)?;
        let entry = Put::builder().table_name(&self.table).set_item(Some(audit));
        let answer = self
            .client
            .transact_write_items()
            .transact_items(put)
            .transact_items(
                TransactWriteItem::builder().put(entry.build().map_err(|error| unsendable(&error))?).build(),
            )
            .client_request_token(self.token(&write.audit))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) => match refusal(&write.pk, error) {
                Refused::Fault(fault) => Err(fault),
                Refused::Overtaken(how) => self.who_won(&write, &how).await,
            },
        }
    }

    fn put_of(&self, item: Item, from: u64) -> Result<TransactWriteItem, Fault> {
        let (condition, values) = unchanged(from);
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .expression_attribute_names("#version", "version")
            .condition_expression(condition)
            .set_expression_attribute_values(values);
        Ok(TransactWriteItem::builder().put(put.build().map_err(|error| unsendable(&error))?).build())
    }

    /// Writes an item that has no audit trail; false if it has another version by now. A transaction of one: a function
    /// that writes records, too, would link `PutItem` beside it, and the SDK's own token makes a repetition the same write.
    pub(crate) async fn put(&self, pk: &str, item: Item, from: u64) -> Result<bool, Fault> {
        let put = self.put_of(item, from)?;
        match self.client.transact_write_items().transact_items(put).send().await {
            Ok(_) => Ok(true),
            Err(error) => match refusal(pk, error) {
                Refused::Fault(fault) => Err(fault),
                Refused::Overtaken(_) => Ok(false),
            },
        }
    }

    /// The client request token: the same for the same bytes only, or `DynamoDB` refuses what is not
    /// written yet. It is remembered for the whole account, so the table is part of it, and the
    /// time of the audit entry is, which is no part of the change. At most 36 characters.
    fn token(&self, audit: &Entry) -> String {
        identity::digest(&(&self.table, &audit.change, audit.entry.at))
    }

    /// The write was refused for what the item is now. If that is what this write made of it,
    /// only the answer was lost.
    async fn who_won(&self, write: &Write, how: &str) -> Result<(), Fault> {
        let Write { pk, sk, from, audit, .. } = write;
        let found = self.item(pk, sk).await?;
        if found.as_ref().and_then(|item| text_of(item, "change")) == Some(&audit.change) {
            tracing::info!(%pk, change = audit.change, "this change was written before; its answer was lost");
            return Ok(());
        }
        let version = |version| if version == 0 { "no item".to_owned() } else { format!("version {version}") };
        let decided_from = version(*from);
        let found = found.map_or_else(
            || version(0),
            |item| number_of(&item, "version").map_or_else(|| "an item without a version".to_owned(), version),
        );
        Err(FaultName::LedgerConflict.because(format!(
            "`{pk}` / `{sk}`: the write was decided from {decided_from}, the ledger holds {found} ({how}): read it and decide again"
        )))
    }
}

/// Of a write that `#version` names the version in: that the item still has the one that it was decided from.
pub(crate) fn unchanged(from: u64) -> (&'static str, Option<HashMap<String, AttributeValue>>) {
    // An item written by hand may lack a version: it can be replaced, not updated.
    if from == 0 {
        return ("attribute_not_exists(#version)", None);
    }
    ("#version = :from", Some(HashMap::from([(":from".to_owned(), AttributeValue::N(from.to_string()))])))
}

fn unsendable(error: &aws_sdk_dynamodb::error::BuildError) -> Fault {
    FaultName::InvalidRequest.because(error.to_string())
}

/// Why a transaction was refused.
enum Refused {
    /// For what the item is by now, or for another write under way: read it to know.
    Overtaken(String),
    /// For anything else.
    Fault(Fault),
}

fn refusal(pk: &str, error: SdkError<Refusal>) -> Refused {
    match error.as_service_error() {
        Some(Refusal::TransactionCanceledException(cancelled)) => cancellation(pk, cancelled.cancellation_reasons()),
        Some(Refusal::IdempotentParameterMismatchException(_)) => {
            Refused::Overtaken("its change id was used before".to_owned())
        }
        Some(Refusal::TransactionInProgressException(_)) => {
            Refused::Overtaken("the same write is still under way".to_owned())
        }
        _ => Refused::Fault(drawbridge_sdk::fault(ACTION, error)),
    }
}

/// The reasons stand in the order of the transaction's items, `None` for those that are well.
fn cancellation(pk: &str, reasons: &[CancellationReason]) -> Refused {
    let has = |codes: &[&str]| reasons.iter().find(|reason| reason.code().is_some_and(|code| codes.contains(&code)));
    let words = |reason: &CancellationReason| {
        format!("{}: {}", reason.code().unwrap_or_default(), reason.message().unwrap_or("no message"))
    };
    // What is wrong with the request stays wrong; only then does it matter who came first.
    if let Some(reason) = has(&["ValidationError", "ItemCollectionSizeLimitExceeded"]) {
        return Refused::Fault(
            FaultName::InvalidRequest.because(format!("DynamoDB refused to write `{pk}`: {}", words(reason))),
        );
    }
    if let Some(reason) = has(&["AccessDenied"]) {
        return Refused::Fault(FaultName::AccessDenied.because(format!("{ACTION} on `{pk}`: {}", words(reason))));
    }
    if has(&["ConditionalCheckFailed"]).is_some() {
        return Refused::Overtaken("someone else wrote it in between".to_owned());
    }
    if has(&["TransactionConflict"]).is_some() {
        return Refused::Overtaken("another write of it is under way".to_owned());
    }
    if let Some(reason) = has(&["ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"]) {
        return Refused::Fault(FaultName::Throttled.because(format!("{ACTION} on `{pk}`: {}", words(reason))));
    }
    let all: Vec<String> = reasons.iter().map(words).collect();
    Refused::Fault(FaultName::ServiceUnavailable.because(format!(
        "{ACTION} on `{pk}`: DynamoDB cancelled the transaction for reasons that Drawbridge does not know: [{}]",
        all.join("; ")
    )))
}

impl Shares for Ledger {
    async fn share(&self, arn: &ids::ResourceShareArn) -> Result<Option<ShareRecord>, Fault> {
        self.item(&keys::share_pk(arn), keys::SHARE).await?.map(decode).transpose()
    }

    async fn save_share(&self, record: ShareRecord, audit: AuditEntry) -> Result<ShareRecord, Fault> {
        self.save(record, audit).await
    }
}

impl Connections for Ledger {
    async fn connection(&self, id: &ids::ConnectionId) -> Result<Option<Connection>, Fault> {
        self.item(&keys::connection_pk(id), keys::CONNECTION).await?.map(decode).transpose()
    }

    async fn save_connection(&self, record: Connection, audit: AuditEntry) -> Result<Connection, Fault> {
        self.save(record, audit).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::codec::decode;
    use crate::samples;

    fn audit(at: &str) -> AuditEntry {
        AuditEntry { at: at.parse().unwrap(), by: "observe".to_owned(), execution: None, what: "looked".to_owned() }
    }

    #[test]
    fn every_field_of_a_record_survives() {
        let mut connection = samples::connection();
        let item = encode(&mut connection).unwrap();
        assert_eq!(decode::<Connection>(item).unwrap(), connection);
        let mut share = samples::share();
        let item = encode(&mut share).unwrap();
        assert_eq!(decode::<ShareRecord>(item).unwrap(), share);
    }

    #[test]
    fn the_same_write_has_the_same_id_and_no_other_has() {
        let connection = samples::connection();
        let id = |version, audit: &AuditEntry, content: &Connection| change_id("pk", "sk", version, audit, content);
        let first = id(8, &audit("2026-11-21T01:02:03Z"), &connection);
        assert_eq!(first, id(8, &audit("2026-11-21T01:02:09Z"), &connection), "a repetition comes later");
        assert_ne!(first, id(9, &audit("2026-11-21T01:02:03Z"), &connection));
        let other = AuditEntry { execution: Some("another".to_owned()), ..audit("2026-11-21T01:02:03Z") };
        assert_ne!(first, id(8, &other, &connection));
        let other = Connection { why: "something else".to_owned(), ..connection };
        assert_ne!(first, id(8, &audit("2026-11-21T01:02:03Z"), &other));
    }

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        codes.iter().map(|code| CancellationReason::builder().code(*code).message("AWS's words").build()).collect()
    }

    #[test]
    fn a_cancellation_is_named_after_the_reason_that_lasts_longest() {
        let named = |codes: &[&str]| match cancellation("pk", &reasons(codes)) {
            Refused::Overtaken(_) => None,
            Refused::Fault(fault) => Some(fault.name),
        };
        assert_eq!(named(&["ConditionalCheckFailed", "None"]), None);
        assert_eq!(named(&["TransactionConflict", "None"]), None);
        assert_eq!(named(&["None", "ThrottlingError"]), Some(FaultName::Throttled));
        assert_eq!(named(&["ProvisionedThroughputExceeded", "None"]), Some(FaultName::Throttled));
        assert_eq!(named(&["ConditionalCheckFailed", "ValidationError"]), Some(FaultName::InvalidRequest));
        assert_eq!(named(&["AccessDenied", "None"]), Some(FaultName::AccessDenied));
        assert_eq!(named(&["Novelty", "None"]), Some(FaultName::ServiceUnavailable));
        assert_eq!(named(&[]), Some(FaultName::ServiceUnavailable));
    }

    #[test]
    fn an_item_that_is_too_large_is_refused_before_it_is_sent() {
        let mut connection = samples::connection();
        connection.last_look = vec!["x".repeat(1000); 420];
        let fault = encode(&mut connection).unwrap_err();
        assert_eq!(fault.name, FaultName::InvalidRequest);
        assert!(fault.message.contains("`last_look`") && fault.message.contains("409600"), "{fault}");
    }
}
