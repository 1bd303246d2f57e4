//! What is told on the event bus: every change of a connection, of a share, and of who is trusted. Whoever listens needs no
//! access to the ledger, and whoever wants to be certain reads it there.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::connection::{Connection, Status};
use crate::grace;
use crate::ids::{ConnectionId, ResourceShareArn, SubscriptionName};
use crate::reach::{Database, Port};
use crate::resource::Resource;
use crate::waiting::Wait;

pub use share::ShareChange;

/// The `source` of every event.
pub const SOURCE: &str = "drawbridge";

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Announcement {
    /// Of a connection.
    Connection(Box<ConnectionChange>),
    /// Of a share.
    Share(ShareChange),
    /// Of a subscription.
    Subscription(SubscriptionChange),
}

impl Announcement {
    /// The `detail-type` of the event.
    #[must_use]
    pub const fn detail_type(&self) -> &'static str {
        match self {
            Self::Connection(_) => ConnectionChange::DETAIL_TYPE,
            Self::Share(_) => ShareChange::DETAIL_TYPE,
            Self::Subscription(_) => SubscriptionChange::DETAIL_TYPE,
        }
    }

    /// What it is about, for messages.
    #[must_use]
    pub fn about(&self) -> String {
        match self {
            Self::Connection(change) => change.connection.to_string(),
            Self::Share(change) => change.share.to_string(),
            Self::Subscription(change) => format!("subscription {}", change.subscription),
        }
    }

    /// When what it tells happened.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Connection(change) => change.since.max(change.names_since.unwrap_or(change.since)),
            Self::Share(change) => change.since,
            Self::Subscription(change) => change.at,
        }
    }

    /// The ARNs of what it is about.
    #[must_use]
    pub fn resources(&self) -> Vec<String> {
        match self {
            // ARNs only: a service's name is none, and is in the detail.
            Self::Connection(change) => {
                let resource = change.resource.arn().map(ToString::to_string);
                resource.into_iter().chain(change.share.as_ref().map(ToString::to_string)).collect()
            }
            Self::Share(change) => vec![change.share.to_string()],
            Self::Subscription(_) => Vec::new(),
        }
    }
}

/// The event that is published when a subscription is applied, replaced or withdrawn, and with it who is trusted; its
/// schema is `events/subscription-change.schema.json`, its `detail-type` [`SubscriptionChange::DETAIL_TYPE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionChange {
    /// The version of this format: `1`.
    pub version: String,
    /// The id of the change; the same if the same change is announced twice.
    pub id: String,
    /// The subscription's name.
    pub subscription: SubscriptionName,
    /// What became of it.
    pub change: Change,
    /// When.
    pub at: Timestamp,
    /// Who applied it; of what was withdrawn the audit trail knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What became of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is there, as a new one or in place of an earlier one.
    Applied,
    /// It is there no more.
    Withdrawn,
}

impl SubscriptionChange {
    /// The `detail-type` of the event.
    pub const DETAIL_TYPE: &'static str = "Drawbridge Subscription Change";
}

/// The event that is published for every change of a connection's status, of the names by which one that can be used is
/// reached (then `previous` is as `status`), of the end of a grace period (then it is `closing`, too), of whether limits
/// leave room for one that is wanted (then it is `wanted`, too), and of the wait for a provider (then it is `waiting`, too);
/// its schema is `events/connection-status-change.schema.json`, its `detail-type` [`ConnectionChange::DETAIL_TYPE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionChange {
    /// The version of this format: `1`.
    pub version: String,
    /// The id of the change; the same if the same change is announced twice.
    pub id: String,
    /// Counts the changes of this connection: what has a lower one than was seen already is old.
    pub sequence: u64,
    /// The connection.
    pub connection: ConnectionId,
    /// The share that brought it; none if a subscription alone asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<ResourceShareArn>,
    /// What it leads to: an ARN, or the name of an endpoint service.
    pub resource: Resource,
    /// The VPC or service network.
    pub target: String,
    /// Where it stands now.
    pub status: Status,
    /// Where it stood before; none if it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Status>,
    /// The subscriptions whose limits leave no room for it, while it is wanted: nothing of it is made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_by: Vec<SubscriptionName>,
    /// Since when.
    pub since: Timestamp,
    /// Until when it can be used, while it is in its grace period; none from the moment that something else ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// While it waits for its provider: who that is, and what they are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// Until when, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_until: Option<Timestamp>,
    /// Why.
    pub why: String,
    /// The AWS id of what was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// Counts the changes of the names below: whoever knows a lower one knows names that may lead nowhere by now.
    #[serde(default)]
    pub names_version: u32,
    /// Since when they are so, if they changed after it was ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names_since: Option<Timestamp>,
    /// What can be reached, at most [`ConnectionChange::MOST_DATABASES`]; the ledger has all.
    pub databases: Vec<AnnouncedDatabase>,
    /// Whether there are more than are listed.
    #[serde(default)]
    pub truncated: bool,
}

/// A database in an announcement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncedDatabase {
    /// The id of its resource configuration, or the name of its service.
    pub resource: String,
    /// Its name, where AWS shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its private name if it has one, else its regional name.
    pub dns: String,
    /// Its port or ranges; none if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
}

impl ConnectionChange {
    /// The `detail-type` of the event.
    pub const DETAIL_TYPE: &'static str = "Drawbridge Connection Status Change";
    /// More would not fit into an event with certainty: a group has at most 60 children by
    /// VPC Lattice's quota, but quotas can be raised.
    pub const MOST_DATABASES: usize = 200;

    /// What to announce of a change: nothing unless the status changed, the names of what can be used, until when that is,
    /// or whether it is held.
    #[must_use]
    pub fn of(before: Option<&Connection>, after: &Connection) -> Option<Self> {
        let graceful = grace::wait(after).is_some();
        let can_be_used = after.status == Status::Ready || graceful;
        let renamed = |before: &Connection| can_be_used && before.names_version != after.names_version;
        let until = grace::until(after);
        // Sooner or later than was told, or no more.
        let moved = |before: &Connection| graceful && grace::until(before).is_some() && grace::until(before) != until;
        let held = |before: &Connection| before.is_held() != after.is_held();
        let provider = provider(after);
        // Who is waited for is known only when it was looked at.
        let asked = |before: &Connection| {
            provider.is_some_and(|wait| wait.until != self::provider(before).map_or(Timestamp::MIN, |wait| wait.until))
        };
        let news = |before: &Connection| renamed(before) || moved(before) || held(before) || asked(before);
        if before.is_some_and(|before| before.status == after.status && !news(before)) {
            return None;
        }
        Some(Self {
            version: "1".to_owned(),
            id: after.change.clone(),
            sequence: after.version,
            connection: after.id.clone(),
            share: after.share_arn.clone(),
            resource: after.resource.clone(),
            target: after.target.to_string(),
            status: after.status,
            previous: before.map(|before| before.status),
            held_by: after.held_by.clone(),
            since: after.since,
            until,
            waits_for: provider.map(|wait| format!("{}, {}", wait.who, wait.what)),
            waits_until: provider.map(|wait| wait.until),
            why: after.why.clone(),
            made: after.made.as_ref().map(|made| made.id().to_owned()),
            names_version: after.names_version,
            names_since: after.names_since,
            databases: after.databases.iter().take(Self::MOST_DATABASES).map(AnnouncedDatabase::of).collect(),
            truncated: after.databases.len() > Self::MOST_DATABASES,
        })
    }
}

/// The wait for the owner of a service.
fn provider(connection: &Connection) -> Option<&Wait> {
    connection.wait.as_ref().filter(|_| connection.status == Status::Waiting)
}

impl AnnouncedDatabase {
    fn of(database: &Database) -> Self {
        Self {
            resource: database.resource.clone(),
            name: database.name.clone(),
            dns: database.dns_name().map(|dns| dns.name.clone()).unwrap_or_default(),
            port: match &database.port {
                Port::Known { ranges, .. } => Some(ranges.join(",")),
                Port::Unknown { .. } => None,
            },
        }
    }
}

mod share;
#[cfg(test)]
mod tests;
