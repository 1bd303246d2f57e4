//! The types and states of VPC endpoints, and the words for them.

use serde::Serialize;

use crate::settings::Accessibility;

/// The type of a VPC endpoint. \[botocore: `VpcEndpointType`\]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// For one resource configuration.
    Resource,
    /// For one service network.
    ServiceNetwork,
    /// For one endpoint service.
    Interface,
    /// For S3 and `DynamoDB`, by routes.
    Gateway,
}

impl Kind {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resource => "Resource",
            Self::ServiceNetwork => "ServiceNetwork",
            Self::Interface => "Interface",
            Self::Gateway => "Gateway",
        }
    }
}

/// The state of a VPC endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for the service's owner.
    PendingAcceptance,
    /// Is being made.
    Pending,
    /// Works.
    Available,
    /// Is being deleted.
    Deleting,
    /// Is gone.
    Deleted,
    /// Was turned away.
    Rejected,
    /// Could not be made.
    Failed,
}

impl State {
    /// In camel case: "The AWS `PrivateLink` API returns the possible states using camel case". \[AWS:privatelink/concepts\]
    pub fn name(self) -> &'static str {
        match self {
            Self::PendingAcceptance => "pendingAcceptance",
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }

    /// With a capital, as Resource endpoints answer. \[AWS CLI reference: create-vpc-endpoint of a Resource endpoint\]
    pub fn capital(self) -> &'static str {
        match self {
            Self::PendingAcceptance => "PendingAcceptance",
            Self::Pending => "Pending",
            Self::Available => "Available",
            Self::Deleting => "Deleting",
            Self::Deleted => "Deleted",
            Self::Rejected => "Rejected",
            Self::Failed => "Failed",
        }
    }
}

/// Whether a child of an endpoint can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Not yet.
    Pending,
    /// Yes.
    Accessible,
    /// No.
    Inaccessible,
}

impl Reach {
    /// The word on the wire; there are two sets of them.
    pub fn name(self, words: Accessibility) -> &'static str {
        match (self, words) {
            (Self::Pending, Accessibility::Accessible) => "Pending",
            (Self::Pending, Accessibility::Available) => "PENDING",
            (Self::Accessible, Accessibility::Accessible) => "Accessible",
            (Self::Accessible, Accessibility::Available) => "AVAILABLE",
            (Self::Inaccessible, Accessibility::Accessible) => "Inaccessible",
            (Self::Inaccessible, Accessibility::Available) => "FAILED",
        }
    }
}
