//! Service network resource associations and how their statuses move.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::configurations::Configuration;
use super::{Stage, Wait};
use crate::ids;
use crate::settings::{AssociationOutcome, Settings};

/// The status of an association. \[botocore: `ServiceNetworkResourceAssociationStatus`, and gone\]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Is being made.
    CreateInProgress,
    /// Works.
    Active,
    /// Works for some.
    Partial,
    /// Could not be made.
    CreateFailed,
    /// Is being deleted.
    DeleteInProgress,
    /// Could not be deleted.
    DeleteFailed,
    /// Is gone, and so never on the wire.
    Deleted,
}

impl Status {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateInProgress => "CREATE_IN_PROGRESS",
            Self::Active => "ACTIVE",
            Self::Partial => "PARTIAL",
            Self::CreateFailed => "CREATE_FAILED",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
            Self::DeleteFailed => "DELETE_FAILED",
            Self::Deleted => "DELETED",
        }
    }
}

/// One association of a resource configuration with a service network.
#[derive(Clone, Debug, PartialEq)]
pub struct Association {
    /// `snra-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The account that made it.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// The configuration's ARN.
    pub configuration: String,
    /// The service network's id.
    pub network: String,
    /// The service network's ARN.
    pub network_arn: String,
    /// The service network's name.
    pub network_name: String,
    /// Whether private DNS names are made.
    pub private_dns: bool,
    /// The token that it was asked for with.
    pub token: Option<String>,
    /// Its status.
    pub status: Status,
    /// Since when it has it, and how many answers showed it.
    pub wait: Wait,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Why it failed: code and message.
    pub failure: Option<(String, String)>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The ids of the children's own rows, by the child's ARN.
    pub children: BTreeMap<String, String>,
    /// All statuses it ever had.
    pub history: Vec<Stage>,
}

/// The two that an association is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The configuration's ARN.
    pub configuration: String,
    /// The service network's id.
    pub network: String,
    /// The service network's ARN.
    pub network_arn: String,
    /// The service network's name.
    pub network_name: String,
}

impl Association {
    /// A new one, being made.
    pub fn new(account: &str, region: &str, pair: Pair, private_dns: bool, now: Timestamp) -> Self {
        let id = ids::resource("snra");
        Self {
            arn: ids::arn("vpc-lattice", region, account, &format!("servicenetworkresourceassociation/{id}")),
            id,
            account: account.to_owned(),
            region: region.to_owned(),
            configuration: pair.configuration,
            network: pair.network,
            network_arn: pair.network_arn,
            network_name: pair.network_name,
            private_dns,
            token: None,
            status: Status::CreateInProgress,
            wait: Wait::from(now),
            created: now,
            updated: now,
            failure: None,
            tags: BTreeMap::new(),
            children: BTreeMap::new(),
            history: vec![Stage { at: now, state: Status::CreateInProgress.name() }],
        }
    }

    /// Gives it a status.
    pub fn become_status(&mut self, status: Status, now: Timestamp) {
        if self.status != status {
            self.status = status;
            self.updated = now;
            self.wait = Wait::from(now);
            self.history.push(Stage { at: now, state: status.name() });
        }
    }

    /// Lets the status move on, as one more answer is about to show it.
    pub fn observe(&mut self, settings: &Settings, now: Timestamp) {
        match self.status {
            Status::CreateInProgress => {
                if !self.wait.passes(settings.association_pending_polls, settings.association_pending_ms, now) {
                    return;
                }
                let failure = Some((settings.failure_code.clone(), settings.failure_reason.clone()));
                match settings.association_outcome {
                    AssociationOutcome::Active => self.become_status(Status::Active, now),
                    AssociationOutcome::Partial => {
                        self.failure = failure;
                        self.become_status(Status::Partial, now);
                    }
                    AssociationOutcome::CreateFailed => {
                        self.failure = failure;
                        self.become_status(Status::CreateFailed, now);
                    }
                    AssociationOutcome::Stuck => {}
                }
            }
            Status::DeleteInProgress if self.wait.passes(settings.delete_pending_polls, 0, now) => {
                self.become_status(Status::Deleted, now);
            }
            _ => {}
        }
    }

    /// Makes an id for each child that has none.
    pub fn know(&mut self, leaves: &[Configuration]) {
        for leaf in leaves.iter().filter(|leaf| leaf.arn != self.configuration) {
            self.children.entry(leaf.arn.clone()).or_insert_with(|| ids::resource("snra"));
        }
    }

    /// Whether it is there and not on its way out.
    pub fn live(&self) -> bool {
        !matches!(self.status, Status::DeleteInProgress | Status::Deleted)
    }

    /// Everything, for a test to look at.
    pub fn dump(&self) -> Value {
        json!({
            "id": self.id, "arn": self.arn, "account": self.account, "region": self.region,
            "resource_configuration": self.configuration, "service_network": self.network,
            "service_network_arn": self.network_arn, "private_dns": self.private_dns, "status": self.status.name(),
            "live": self.live(), "client_token": self.token, "created": self.created, "failure": self.failure,
            "tags": self.tags, "children": self.children, "history": self.history,
        })
    }
}
