//! What is told of a share: where it stands, and whom it waits for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, ResourceShareArn, SubscriptionName};
use crate::share::{ShareRecord, ShareStatus};

/// The event that is published for every change of a share's status, and of what a person is asked about one that is held
/// (then `previous` is `held`, too); its schema is `events/share-status-change.schema.json`, its `detail-type`
/// [`ShareChange::DETAIL_TYPE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareChange {
    /// The version of this format: `1`.
    pub version: String,
    /// The id of the change; the same if the same change is announced twice.
    pub id: String,
    /// Counts the changes of this share: what has a lower one than was seen already is old.
    pub sequence: u64,
    /// The share.
    pub share: ResourceShareArn,
    /// Its name, which its sender chose: it proves nothing.
    pub name: String,
    /// The account that shares it.
    pub owner: AccountId,
    /// Where it stands now.
    pub status: ShareStatus,
    /// Where it stood before; none if it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<ShareStatus>,
    /// Since when.
    pub since: Timestamp,
    /// Why: the reasons, the first [`ShareChange::MOST_REASONS`] of them.
    pub why: String,
    /// What happens next, and who does it.
    pub next: String,
    /// Who is waited for, while it is held and somebody can say something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// What they are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// Until when an answer counts; none if that has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The name of the fault that its run ended in, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The subscriptions that accept it or, while it is held, would if a person approves it; none if none is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<SubscriptionName>,
}

impl ShareChange {
    /// The `detail-type` of the event.
    pub const DETAIL_TYPE: &'static str = "Drawbridge Share Status Change";
    /// There may be one for each of the resources inside, and more than that would not fit into an event with certainty.
    pub const MOST_REASONS: usize = 50;

    /// What to announce of a change: nothing unless the status changed, or what a person is asked, or until when.
    #[must_use]
    pub fn of(before: Option<&ShareRecord>, after: &ShareRecord) -> Option<Self> {
        let asked = |record: &ShareRecord| {
            let wait = record.wait.as_ref().filter(|_| record.status == ShareStatus::Held)?;
            // Where no run waits, the time is over and an answer starts another.
            Some((wait.asked.clone(), wait.by_a_run.then_some(wait.until)))
        };
        let now = asked(after);
        if before.is_some_and(|before| before.status == after.status && (now.is_none() || asked(before) == now)) {
            return None;
        }
        let wait = after.wait.as_ref().filter(|_| now.is_some());
        let failed = matches!(after.status, ShareStatus::Failed | ShareStatus::Expired | ShareStatus::Rejected);
        Some(Self {
            version: "1".to_owned(),
            id: after.change.clone(),
            sequence: after.version,
            share: after.arn.clone(),
            name: after.name.clone(),
            owner: after.sender.clone(),
            status: after.status,
            previous: before.map(|before| before.status),
            since: after.since,
            why: why(&after.why),
            next: after.next.clone(),
            waits_for: wait.map(|wait| wait.who.clone()),
            asked: wait.map(|wait| wait.what.clone()),
            until: now.and_then(|(_, until)| until),
            fault: after.fault.as_ref().filter(|_| failed).map(|fault| fault.name.clone()),
            subscriptions: wait.map_or(&after.claims, |wait| &wait.subscriptions).clone(),
        })
    }
}

fn why(reasons: &[String]) -> String {
    let (told, rest) = reasons.split_at(reasons.len().min(ShareChange::MOST_REASONS));
    let told = told.join("; ");
    if rest.is_empty() { told } else { format!("{told}; and {} more: the ledger has all", rest.len()) }
}
