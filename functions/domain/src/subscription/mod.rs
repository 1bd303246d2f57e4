//! A subscription: a document in which an account says whom it trusts and where to connect what
//! they share. [`parse`] is the one parser: the CLI and every function use it.

mod bounds;
mod document;
mod endpoints;
mod grace;
mod groups;
mod parse;
mod reconcile;
mod schema;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::identity::Home;
use crate::ids::{
    AccountId, OutputPrefix, ResourceArn, ResourceShareArn, Service, ServiceNetworkId, SubnetId, SubscriptionName,
    VpcId,
};
use crate::profile::Chosen;
use crate::resource::Resource;

pub use bounds::VERSION;
pub use endpoints::{
    EndpointItem, GatewayItem, GatewayService, InterfaceItem, NetworkItem, NetworkName, Policy, RouteTables,
};
pub use grace::Grace;
pub use groups::{Cidr, SecurityGroups, Sources};
pub use parse::{Problem, Problems, newer_version, parse, parse_canonical};
pub use reconcile::{Reconcile, Remedy};
pub use schema::json_schema;

/// A valid subscription. What is not valid never becomes one: see [`parse`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// Its name, unique in the installation.
    pub name: SubscriptionName,
    /// Whom and what it trusts; nobody if it only asks for endpoints.
    pub trust: Trust,
    /// What happens to a share that nobody's trust covers.
    pub otherwise: Otherwise,
    /// Whether a person approves what is trusted before it is accepted. Left out of digests where nobody does, so that
    /// they are what they were before there was such a thing.
    #[serde(skip_serializing_if = "Approval::is_never")]
    pub approval: Approval,
    /// What happens to what is connected when its owner stops sharing it.
    pub on_revoke: OnRevoke,
    /// What happens to what is made when its settings change and AWS can't change them in place.
    #[serde(skip_serializing_if = "OnChange::keeps")]
    pub on_change: OnChange,
    /// What is true of the vendor.
    pub profile: Chosen,
    /// Where to connect what is shared, each VPC or service network at most once; at least one if it
    /// trusts anybody.
    pub targets: Vec<Target>,
    /// Tags for what is made, besides Drawbridge's own; at most 40, none starting with `aws:` or `drawbridge:`.
    pub tags: BTreeMap<String, String>,
    /// What it may cost at most.
    pub limits: Limits,
    /// Ports of resource configurations by name or id and of services by name, for when AWS does not
    /// show them.
    pub ports: BTreeMap<String, u16>,
    /// Endpoints that it asks for by itself, each service or service network in each VPC at most
    /// once. Left out of digests where there are none, so that they are what they were before
    /// there was such a thing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<EndpointItem>,
    /// What is done about what is not as it should be, besides saying it.
    #[serde(skip_serializing_if = "Reconcile::is_default")]
    pub reconcile: Reconcile,
    /// Under which path its databases have SSM parameters; none: nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<OutputPrefix>,
}

/// Whom and what a subscription trusts. All of its conditions must hold; the sender is the one
/// that grants, the others only narrow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trust {
    /// The accounts whose shares are accepted. None: nobody is trusted, and everything else here
    /// says nothing.
    pub senders: Vec<AccountId>,
    /// If not empty: the share's name must match one of these patterns (`*` any text, `?` one
    /// character). The sender chooses the name, so this narrows and never grants.
    pub share_names: Vec<String>,
    /// If not empty: the share must be one of these.
    pub shares: Vec<ResourceShareArn>,
    /// The resource types that may be inside; anything else and the share is not accepted.
    pub resource_types: Vec<ResourceType>,
}

impl Trust {
    /// Of a subscription that only asks for endpoints.
    #[must_use]
    pub fn nobody() -> Self {
        Self {
            senders: Vec::new(),
            share_names: Vec::new(),
            shares: Vec::new(),
            resource_types: ResourceType::DEFAULT.to_vec(),
        }
    }

    /// Whether it trusts anybody at all.
    #[must_use]
    pub fn is_of_somebody(&self) -> bool {
        !self.senders.is_empty()
    }
}

/// The RAM resource types that can be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResourceType {
    /// `vpc-lattice:ResourceConfiguration`
    #[serde(rename = "vpc-lattice:ResourceConfiguration")]
    ResourceConfiguration,
    /// `vpc-lattice:ServiceNetwork`
    #[serde(rename = "vpc-lattice:ServiceNetwork")]
    ServiceNetwork,
}

impl ResourceType {
    /// All that can be named in a subscription.
    pub const ALL: &'static [Self] = &[Self::ResourceConfiguration, Self::ServiceNetwork];
    /// What a subscription trusts that names none. It stays so: no upgrade may widen trust.
    pub const DEFAULT: &'static [Self] = &[Self::ResourceConfiguration];

    /// RAM's own spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceConfiguration => "vpc-lattice:ResourceConfiguration",
            Self::ServiceNetwork => "vpc-lattice:ServiceNetwork",
        }
    }

    /// RAM's type strings are not case-sensitive, says botocore's model.
    #[must_use]
    pub fn is(self, ram_type: &str) -> bool {
        self.as_str().eq_ignore_ascii_case(ram_type)
    }

    /// RAM's type, if it is one of those that can be connected.
    #[must_use]
    pub fn of(ram_type: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|of| of.is(ram_type))
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

/// Whether a person approves what is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Approval {
    /// Nobody does: trust is enough.
    Never,
    /// The first share of each sender.
    FirstTime,
    /// Each share.
    Always,
}

impl Approval {
    /// Whether nobody approves anything.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub const fn is_never(&self) -> bool {
        matches!(self, Self::Never)
    }
}

/// What happens to connections of a share that its owner stops sharing. AWS keeps what is connected
/// and refuses only what is new [AWS:vpc-lattice/ug/sharing].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnRevoke {
    /// They stay.
    Keep,
    /// They are closed.
    Close,
    /// They can be used for so long, and are closed if it is not shared again by then.
    CloseAfter(Grace),
}

/// What happens to what was made with settings that AWS can't change in place, when they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnChange {
    /// It stays as it is, and its record says what differs.
    Keep,
    /// It is closed and made anew, which interrupts it.
    Replace,
}

impl OnChange {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    const fn keeps(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

/// One place to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A resource or service-network endpoint in a VPC.
    Vpc(VpcTarget),
    /// An association with a service network.
    ServiceNetwork(ServiceNetworkTarget),
}

/// A VPC to put resource and service-network endpoints into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VpcTarget {
    /// The VPC.
    pub vpc: VpcId,
    /// Which subnets.
    pub subnets: Subnets,
    /// The endpoint's security groups.
    pub security_groups: SecurityGroups,
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

/// Private DNS of a resource or service-network endpoint.
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
    /// A share whose connections would cost more US dollars per month than this, traffic apart, is
    /// held for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_cost_per_share: Option<u32>,
    /// Of what it asks for by itself, no more than this is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<u32>,
    /// What it asks for by itself costs no more US dollars per month than this, traffic apart: what would is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_cost_of_endpoints: Option<u32>,
}

/// What kind of connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// EC2 `CreateVpcEndpoint`, type `Resource`.
    ResourceEndpoint,
    /// VPC Lattice `CreateServiceNetworkResourceAssociation`.
    ServiceNetworkResource,
    /// EC2 `CreateVpcEndpoint`, type `ServiceNetwork`.
    ServiceNetworkEndpoint,
    /// EC2 `CreateVpcEndpoint`, type `Interface`.
    InterfaceEndpoint,
    /// EC2 `CreateVpcEndpoint`, type `Gateway`.
    GatewayEndpoint,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::ResourceEndpoint,
        Self::ServiceNetworkResource,
        Self::ServiceNetworkEndpoint,
        Self::InterfaceEndpoint,
        Self::GatewayEndpoint,
    ];

    /// The kind that connects what is shared with a target; none if nothing does: a service network
    /// is no resource of another one.
    #[must_use]
    pub const fn of_shared(shared: ResourceType, target: &TargetKey) -> Option<Self> {
        match (shared, target) {
            (ResourceType::ResourceConfiguration, TargetKey::Vpc(_)) => Some(Self::ResourceEndpoint),
            (ResourceType::ResourceConfiguration, TargetKey::ServiceNetwork(_)) => Some(Self::ServiceNetworkResource),
            (ResourceType::ServiceNetwork, TargetKey::Vpc(_)) => Some(Self::ServiceNetworkEndpoint),
            (ResourceType::ServiceNetwork, TargetKey::ServiceNetwork(_)) => None,
        }
    }

    /// As it stands in ids, the ledger and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceEndpoint => "resource-endpoint",
            Self::ServiceNetworkResource => "service-network-resource",
            Self::ServiceNetworkEndpoint => "service-network-endpoint",
            Self::InterfaceEndpoint => "interface-endpoint",
            Self::GatewayEndpoint => "gateway-endpoint",
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

/// What a subscription says of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settings<'a> {
    /// Of a resource endpoint.
    Resource(&'a VpcTarget),
    /// Of an association with a service network.
    Association(&'a ServiceNetworkTarget),
    /// Of a service-network endpoint.
    ServiceNetwork(&'a VpcTarget),
    /// Of an interface endpoint.
    Interface(&'a InterfaceItem),
    /// Of a gateway endpoint.
    Gateway(&'a GatewayItem),
}

impl Subscription {
    /// The settings for this target, if the subscription names it.
    #[must_use]
    pub fn target(&self, key: &TargetKey) -> Option<&Target> {
        self.targets.iter().find(|target| target.key() == *key)
    }

    /// The settings with which it asks for this connection by itself, whoever owns what it leads to.
    #[must_use]
    pub fn asks_for(&self, kind: Kind, resource: &Resource, target: &TargetKey, home: &Home) -> Option<Settings<'_>> {
        let item = self.endpoints.iter().find(|item| {
            item.kind() == kind && item.target() == *target && item.resource(home).as_ref() == Some(resource)
        })?;
        Some(match item {
            EndpointItem::Interface(item) => Settings::Interface(item),
            EndpointItem::Gateway(item) => Settings::Gateway(item),
            EndpointItem::ServiceNetwork(item) => Settings::ServiceNetwork(&item.at),
        })
    }

    /// The settings with which it connects what is shared with it, whatever it trusts.
    #[must_use]
    pub fn connects(&self, kind: Kind, target: &TargetKey) -> Option<Settings<'_>> {
        let trusts = |of| self.trust.resource_types.contains(&of);
        match (kind, self.target(target)?) {
            (Kind::ResourceEndpoint, Target::Vpc(target)) => Some(Settings::Resource(target)),
            (Kind::ServiceNetworkResource, Target::ServiceNetwork(target)) => Some(Settings::Association(target)),
            (Kind::ServiceNetworkEndpoint, Target::Vpc(target)) if trusts(ResourceType::ServiceNetwork) => {
                Some(Settings::ServiceNetwork(target))
            }
            _ => None,
        }
    }

    /// The settings that it has for a connection: as it asks for it by itself, else as it connects
    /// what is shared.
    #[must_use]
    pub fn settings(&self, kind: Kind, resource: &Resource, target: &TargetKey, home: &Home) -> Option<Settings<'_>> {
        self.asks_for(kind, resource, target, home).or_else(|| self.connects(kind, target))
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

    /// The port that it gives for a service.
    #[must_use]
    pub fn port_of_service(&self, service: &Service) -> Option<u16> {
        self.ports.get(service.name()).copied()
    }
}
