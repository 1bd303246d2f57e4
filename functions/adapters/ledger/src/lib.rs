//! The ledger: one `DynamoDB` table that holds subscriptions, shares, connections and the audit
//! trail. This crate knows its layout; nobody else does.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | subscription | `SUBSCRIPTION` | its name |
//! | share | `SHARE#<ARN>` | `SHARE` |
//! | connection | `CONNECTION#<id>` | `CONNECTION` |
//! | what was published for it | `OUTPUT#<id>` | `OUTPUT` |
//! | wait with its task token | `WAIT#` and the `pk` of what waits | `WAIT` |
//! | sender that a person approved | `SENDER#<account>` | `SENDER` |
//! | where reconcile stands | `RECONCILE` | `ROUND` |
//! | audit entry | the `pk` of its subject | `AUDIT#<time>#<change id>` |
//!
//! A share and a connection carry their whole domain record under the names of its fields, so that
//! a person can read them in the console. Besides that, `attention` is the status, only while it
//! is one that needs attention: the index [`BY_STATUS`] is sparse. `share_arn`, the key of [`BY_SHARE`],
//! is on connections only: the ARN of the share that brought it; or `none` where none did, as long as a
//! subscription claims it (that it does no more is found through this index); else it is not there. `made_id`, the key of
//! [`BY_MADE`], is on connections only: the AWS id of what was made, while there is something.
//!
//! Times that are sort keys (`since`, and the `sk` of audit entries) are written with exactly six
//! fractional digits, so their order as text is their order in time.

mod audit;
mod codec;
#[cfg(test)]
mod image;
mod keys;
mod made;
mod outputs;
mod read;
#[cfg(test)]
mod samples;
mod senders;
mod subscriptions;
mod waits;
mod write;

use drawbridge_domain::Fault;
use drawbridge_domain::identity::Home;
use drawbridge_domain::ids::{AccountId, ConnectionId, Installation, ResourceShareArn};

pub use audit::{AUDIT_DAYS, Entry};
pub use read::Listing;
pub use subscriptions::{StoredSubscription, SubscriptionWrite};

/// The index "by status, oldest first": `attention` and `since`.
pub const BY_STATUS: &str = "by-status";
/// The index "connections of a share": `share_arn` and `pk`.
pub const BY_SHARE: &str = "by-share";

/// The index "connections by what was made for them": `made_id` and `pk`.
pub const BY_MADE: &str = "by-made";

/// The ledger of one installation.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: aws_sdk_dynamodb::Client,
    table: String,
}

impl Ledger {
    /// The ledger in the table of this name.
    #[must_use]
    pub fn new(sdk: &aws_types::SdkConfig, table: impl Into<String>) -> Self {
        Self { client: aws_sdk_dynamodb::Client::new(sdk), table: table.into() }
    }

    /// Where the installation is whose ledger this is: the account and Region that its table is in.
    ///
    /// # Errors
    /// Of the call; `InvalidConfiguration` if `DynamoDB` says nothing of use.
    pub async fn home(&self, installation: &Installation) -> Result<Home, Fault> {
        let answer = self.client.describe_table().table_name(&self.table).send().await;
        let answer = answer.map_err(|error| drawbridge_sdk::fault("dynamodb:DescribeTable", error))?;
        Home::of_table(installation, answer.table().and_then(|table| table.table_arn()).unwrap_or_default())
    }

    /// The table's name.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }
}

/// What an audit trail is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A share.
    Share(ResourceShareArn),
    /// A connection.
    Connection(ConnectionId),
    /// What was published for a connection.
    Outputs(ConnectionId),
    /// All subscriptions.
    Subscriptions,
    /// An account that shares.
    Sender(AccountId),
}
