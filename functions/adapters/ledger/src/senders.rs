//! Senders whom a person approved.

use drawbridge_domain::Fault;
use drawbridge_domain::ids::{AccountId, SubscriptionName};
use drawbridge_domain::ports::{AuditEntry, Senders};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::codec::{Record, decode};
use crate::keys::SENDER;
use crate::{Ledger, Subject};

/// What the ledger knows of a sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sender {
    account: AccountId,
    /// The subscriptions for which a person approved it.
    approved_for: Vec<SubscriptionName>,
    since: Timestamp,
    version: u64,
    change: String,
}

impl Record for Sender {
    const SK: &'static str = SENDER;
    fn subject(&self) -> Subject {
        Subject::Sender(self.account.clone())
    }
    fn status(&self) -> &'static str {
        "approved"
    }
    fn needs_attention(&self) -> bool {
        false
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

impl Ledger {
    async fn sender(&self, account: &AccountId) -> Result<Option<Sender>, Fault> {
        self.item(&Subject::Sender(account.clone()).pk(), SENDER).await?.map(decode).transpose()
    }
}

impl Senders for Ledger {
    async fn approved_for(&self, sender: &AccountId) -> Result<Vec<SubscriptionName>, Fault> {
        Ok(self.sender(sender).await?.map(|sender| sender.approved_for).unwrap_or_default())
    }

    async fn approve_sender(
        &self,
        sender: &AccountId,
        subscriptions: &[SubscriptionName],
        audit: AuditEntry,
    ) -> Result<(), Fault> {
        let mut next = self.sender(sender).await?.unwrap_or_else(|| Sender {
            account: sender.clone(),
            approved_for: Vec::new(),
            since: audit.at,
            version: 0,
            change: String::new(),
        });
        let before = next.approved_for.len();
        next.approved_for.extend_from_slice(subscriptions);
        next.approved_for.sort();
        next.approved_for.dedup();
        if next.approved_for.len() == before {
            return Ok(());
        }
        self.save(next, audit).await.map(drop)
    }
}
