//! A subscription: a document in which an account says whom it trusts and where to connect what
//! they share. [`parse`] is the one parser: the CLI and every function use it.

mod bounds;
mod document;
mod parse;
mod schema;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{
    AccountId, ResourceArn, ResourceShareArn, SecurityGroupId, ServiceNetworkId, SubnetId, SubscriptionName, VpcId,
};
use crate::profile::ProfileName;

pub use bounds::VERSION;
pub use parse::{Problem, Problems, newer_version, parse};
pub use schema::json_schema;

/// A valid subscription. What is not valid never becomes one: see [`parse`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// Its name, unique in the installation.
    pub name: SubscriptionName,
    /// Whom and what it trusts.
    pub trust: Trust,
    /// What happens to a share that nobody's trust covers.
    pub otherwise: Otherwise,
    /// What happens to what is connected when its owner stops sharing it.
    pub on_revoke: OnRevoke,
    /// What is true of the vendor.
    pub profile: ProfileName,
    /// Where to connect; at least one, each VPC or service network at most once.
    pub targets: Vec<Target>,
    /// Tags for what is made, besides Drawbridge's own; at most 40, none starting with `aws:` or `drawbridge:`.
    pub tags: BTreeMap<String, String>,
    /// What it may cost at most.
    pub limits: Limits,
    /// Ports of resource configurations by name, for when AWS does not show them.
    pub ports: BTreeMap<String, u16>,
}

/// Whom and what a subscription trusts. All of its conditions must hold; the sender is the one
/// that grants, the others only narrow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trust {
    /// The accounts whose shares are accepted; at least one.
    pub senders: Vec<AccountId>,
    /// If not empty: the share's name must match one of these patterns (`*` any text, `?` one
    /// character). The sender chooses the name, so this narrows and never grants.
    pub share_names: Vec<String>,
    /// If not empty: the share must be one of these.
    pub shares: Vec<ResourceShareArn>,
    /// The resource types that may be inside; anything else and the share is not accepted.
    pub resource_types: Vec<ResourceType>,
}

/// The RAM resource types that can be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResourceType {
    /// `vpc-lattice:ResourceConfiguration`
    #[serde(rename = "vpc-lattice:ResourceConfiguration")]
    ResourceConfiguration,
}

impl ResourceType {
    /// All that can be named in a subscription.
    pub const ALL: &'static [Self] = &[Self::ResourceConfiguration];

    /// RAM's own spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceConfiguration => "vpc-lattice:ResourceConfiguration",
        }
    }

    /// RAM's type strings are not case-sensitive, says botocore's model.
    #[must_use]
    pub fn is(self, ram_type: &str) -> bool {
        self.as_str().eq_ignore_ascii_case(ram_type)
    }
}

/// What happens to a share that no subscription accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Otherwise {
    /// It is recorded as waiting for a person; the invitation stays open until it expires.
    Hold,
    /// The invitation is rejected.
    Reject,
    /// It is recorded and left alone.
    Ignore,
}

/// What happens to connections of a share that its owner stops sharing. AWS keeps what is connected
/// and refuses only what is new [AWS:vpc-lattice/ug/sharing].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnRevoke {
    /// They stay.
    Keep,
    /// They are closed.
    Close,
}

/// One place to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A resource endpoint in a VPC.
    Vpc(VpcTarget),
    /// An association with a service network.
    ServiceNetwork(ServiceNetworkTarget),
}

/// A VPC to put resource endpoints into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VpcTarget {
    /// The VPC.
    pub vpc: VpcId,
    /// Which subnets.
    pub subnets: Subnets,
    /// The endpoint's security groups; at least one.
    pub security_groups: Vec<SecurityGroupId>,
    /// Whether, and for which names, private DNS answers.
    pub private_dns: PrivateDns,
}

/// Which subnets of a VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subnets {
    /// The best one of each usable Availability Zone.
    Auto,
    /// Exactly these, one per Availability Zone.
    Listed(Vec<SubnetId>),
}

/// Private DNS of a resource endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivateDns {
    /// No private names.
    Off,
    /// As the profile prefers.
    ProfileDefault,
    /// On, for names of domains whose owner AWS has verified.
    VerifiedDomainsOnly,
    /// On, for every name.
    AllDomains,
    /// On, for verified domains and those listed (1 to 10, `*.example.com` allowed).
    VerifiedAndSpecified(Vec<String>),
    /// On, for those listed only (1 to 10).
    SpecifiedOnly(Vec<String>),
}

/// A service network to associate resources with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceNetworkTarget {
    /// The service network.
    pub service_network: ServiceNetworkId,
    /// Whether private DNS is on; the association decides for every VPC behind it.
    pub private_dns: bool,
}

/// What a subscription may cost at most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// A share that would make more connections than this is held for a person.
    pub connections_per_share: Option<u32>,
}

/// What kind of connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// EC2 `CreateVpcEndpoint`, type `Resource`.
    ResourceEndpoint,
    /// VPC Lattice `CreateServiceNetworkResourceAssociation`.
    ServiceNetworkResource,
}

impl Kind {
    /// As it stands in ids, the ledger and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceEndpoint => "resource-endpoint",
            Self::ServiceNetworkResource => "service-network-resource",
        }
    }
}

/// What a target *is*, without its settings: two subscriptions that name the same VPC mean the
/// same connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKey {
    /// A VPC.
    Vpc(VpcId),
    /// A service network.
    ServiceNetwork(ServiceNetworkId),
}

impl TargetKey {
    /// The kind of connection that reaches it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Vpc(_) => Kind::ResourceEndpoint,
            Self::ServiceNetwork(_) => Kind::ServiceNetworkResource,
        }
    }
}

impl fmt::Display for TargetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vpc(vpc) => vpc.fmt(f),
            Self::ServiceNetwork(network) => network.fmt(f),
        }
    }
}

impl Target {
    /// What it is, without its settings.
    #[must_use]
    pub fn key(&self) -> TargetKey {
        match self {
            Self::Vpc(target) => TargetKey::Vpc(target.vpc.clone()),
            Self::ServiceNetwork(target) => TargetKey::ServiceNetwork(target.service_network.clone()),
        }
    }
}

impl Subscription {
    /// The settings for this target, if the subscription names it.
    #[must_use]
    pub fn target(&self, key: &TargetKey) -> Option<&Target> {
        self.targets.iter().find(|target| target.key() == *key)
    }

    /// Whether the sender is one that it trusts.
    #[must_use]
    pub fn trusts_sender(&self, sender: &AccountId) -> bool {
        self.trust.senders.contains(sender)
    }

    /// The port that it gives for a resource configuration, by name or id.
    #[must_use]
    pub fn port_of(&self, name: Option<&str>, resource: &ResourceArn) -> Option<u16> {
        name.and_then(|name| self.ports.get(name)).or_else(|| self.ports.get(resource.id())).copied()
    }
}
