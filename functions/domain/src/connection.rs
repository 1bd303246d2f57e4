//! A connection: one resource reached from one target, as the ledger remembers it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ending::Ending;
use crate::fault::FaultRecord;
use crate::ids::{
    AssociationId, ConnectionId, ResourceArn, ResourceShareArn, RouteTableId, SecurityGroupId, Service,
    ServiceNetworkId, SubnetId, SubscriptionName, VpcEndpointId, VpcId,
};
use crate::outputs::Outputs;
use crate::preflight::Finding;
use crate::reach::Database;
use crate::resource::Resource;
use crate::subscription::{Kind, TargetKey};
use crate::waiting::Wait;

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Asked for; no run has taken it up yet.
    Wanted,
    /// A run holds it and is about to make, or makes, its endpoint.
    Opening,
    /// Its endpoint is made; it is waited for.
    Waiting,
    /// It can be used.
    Ready,
    /// What was made is being removed, or can be used for the rest of its grace period: see [`crate::grace`].
    Closing,
    /// A run ended in a fault and what it made is gone.
    Failed,
    /// Closed on purpose.
    Closed,
}

impl Status {
    /// Every one, in the order of a connection's life.
    pub const ALL: [Self; 7] =
        [Self::Wanted, Self::Opening, Self::Waiting, Self::Ready, Self::Closing, Self::Failed, Self::Closed];

    /// As it stands in the ledger, the announcements and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Opening => "opening",
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Closing => "closing",
            Self::Failed => "failed",
            Self::Closed => "closed",
        }
    }

    /// Whether a run should be under way.
    #[must_use]
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Wanted | Self::Opening | Self::Waiting | Self::Closing)
    }

    /// Whether it stands in the index of what needs attention.
    #[must_use]
    pub const fn needs_attention(self) -> bool {
        self.is_running() || matches!(self, Self::Failed)
    }
}

/// What was made for a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Made {
    /// A VPC endpoint.
    Endpoint(VpcEndpointId),
    /// A service-network resource association.
    Association(AssociationId),
}

impl Made {
    /// Its AWS id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Endpoint(id) => id.as_str(),
            Self::Association(id) => id.as_str(),
        }
    }
}

/// Everything that is said to AWS when the connection is made. Written before the first call, on
/// condition that none exists, and used by every retry: a subnet that would be chosen differently
/// a second later changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The client token, and the value of the owner tag.
    pub token: String,
    /// Every tag, Drawbridge's own included.
    pub tags: BTreeMap<String, String>,
    /// The call.
    pub call: PlannedCall,
    /// The security group that is made first, under the token as its name, and put before the endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<PlannedGroup>,
    /// When the plan was written; nothing was made before.
    pub planned_at: Timestamp,
}

/// A security group for one connection alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedGroup {
    /// The VPC.
    pub vpc: VpcId,
    /// TCP ports, inclusive.
    pub ports: Vec<(u16, u16)>,
    /// CIDR blocks from which they are admitted.
    pub cidrs: Vec<String>,
    /// Groups from which they are admitted.
    pub security_groups: Vec<SecurityGroupId>,
}

/// The security group that was made for a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeGroup {
    /// Its id.
    pub id: SecurityGroupId,
    /// Since when EC2 refuses to delete it, with nothing of ours left that uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_since: Option<Timestamp>,
}

/// The one mutating call of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedCall {
    /// EC2 `CreateVpcEndpoint`, type `Resource`.
    ResourceEndpoint {
        /// The resource configuration.
        resource: ResourceArn,
        /// The VPC.
        vpc: VpcId,
        /// One per Availability Zone.
        subnets: Vec<SubnetId>,
        /// At least one.
        security_groups: Vec<SecurityGroupId>,
        /// Private DNS, in EC2's words.
        private_dns: PlannedDns,
    },
    /// VPC Lattice `CreateServiceNetworkResourceAssociation`.
    ServiceNetworkResource {
        /// The resource configuration.
        resource: ResourceArn,
        /// The service network.
        service_network: ServiceNetworkId,
        /// Whether private DNS is on.
        private_dns: bool,
    },
    /// EC2 `CreateVpcEndpoint`, type `ServiceNetwork`.
    ServiceNetworkEndpoint {
        /// The service network.
        service_network: ResourceArn,
        /// The VPC.
        vpc: VpcId,
        /// One per Availability Zone.
        subnets: Vec<SubnetId>,
        /// At least one.
        security_groups: Vec<SecurityGroupId>,
        /// Private DNS, in EC2's words.
        private_dns: PlannedDns,
    },
    /// EC2 `CreateVpcEndpoint`, type `Interface`.
    InterfaceEndpoint {
        /// The service.
        service: Service,
        /// The VPC.
        vpc: VpcId,
        /// One per Availability Zone.
        subnets: Vec<SubnetId>,
        /// At least one.
        security_groups: Vec<SecurityGroupId>,
        /// Whether the service's private name answers with the endpoint.
        private_dns: bool,
        /// The endpoint's policy, as JSON; without one AWS's default allows everything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<String>,
    },
    /// EC2 `CreateVpcEndpoint`, type `Gateway`.
    GatewayEndpoint {
        /// The service.
        service: Service,
        /// The VPC.
        vpc: VpcId,
        /// Those that get a route to the service's prefix list; at least one.
        route_tables: Vec<RouteTableId>,
        /// By what word of the subscription they were chosen: see [`crate::subscription::RouteTables::asked`]. None where
        /// nobody knows it any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chosen_by: Option<String>,
        /// The endpoint's policy, as JSON; without one AWS's default allows everything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<String>,
    },
}

/// Private DNS of an endpoint, in EC2's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedDns {
    /// `PrivateDnsEnabled`.
    pub enabled: bool,
    /// `DnsOptions.PrivateDnsPreference`, such as `VERIFIED_DOMAINS_ONLY`; none if private DNS is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preference: Option<String>,
    /// `DnsOptions.PrivateDnsSpecifiedDomains`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
}

/// What AWS did not show at one look. Reads lag, and one answer may be wrong: only what is not shown at a second look,
/// some time after the first, is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// When it was first not shown.
    pub since: Timestamp,
    /// The ids: of what was made, or of the resources behind it.
    pub what: Vec<String>,
}

const fn first() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_first(version: &u32) -> bool {
    *version == 1
}

/// What the ledger knows of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Its identity.
    pub id: ConnectionId,
    /// What kind of connection.
    pub kind: Kind,
    /// The share that brought the resource; none if a subscription alone asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_arn: Option<ResourceShareArn>,
    /// What it leads to.
    pub resource: Resource,
    /// The resource's name, where AWS shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// Where it is reached from.
    pub target: TargetKey,
    /// The subscriptions that claim it, in the order of their claims: the first one's settings hold.
    pub claims: Vec<SubscriptionName>,
    /// Where it stands.
    pub status: Status,
    /// While it is wanted: the subscriptions whose limits leave no room for it, so that no run is started. See [`crate::limits`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_by: Vec<SubscriptionName>,
    /// Since when.
    pub since: Timestamp,
    /// Why it stands there.
    pub why: String,
    /// What happens next, and who does it.
    pub next: String,
    /// Goes up when it is opened anew after its close was confirmed; part of the client token.
    pub generation: u32,
    /// Counts the runs; part of the execution's name.
    pub attempt: u32,
    /// How many runs in a row ended in a transient fault.
    pub transient_runs: u32,
    /// The digest of the subscriptions that decided, when the last run was started.
    pub digest: String,
    /// The execution that holds it: two runs exclude each other here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// When the present run gives up. While the provider is waited for, that is the end of this wait, of whichever run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Who is waited for, if it is somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// What the present generation says to AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// The plans to which what was made is being changed, of which it is not known yet whether AWS did: written before the
    /// first call that changes something, and taken out when the plan is what was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changing: Vec<Plan>,
    /// What the present generation made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
    /// The security group that was made for the present generation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<MadeGroup>,
    /// Security groups that were made for it and stayed when it was closed, since somebody else used them. Each close tries
    /// again to remove them; until then they are in no other field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups_left: Vec<SecurityGroupId>,
    /// What preflight found, and differing claims.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The children that were accessible at the last look, when the list of them is denied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_look: Vec<String>,
    /// How to reach what is behind it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<Database>,
    /// Counts the changes of these names: whoever knows a lower one knows names that may lead nowhere by now.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub names_version: u32,
    /// Since when they are so, if they changed after it was ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names_since: Option<Timestamp>,
    /// What AWS did not show at the last look, though it should be there: see [`crate::truth`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// What the last run ended in, if in a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultRecord>,
    /// That it is to be closed, or was, for another reason than a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// Where its first claim asks for outputs, or did: what is published stands in [`crate::outputs::OutputRecord`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Outputs>,
    /// When it was first asked for.
    pub wanted_at: Timestamp,
    /// When it was first ready, since it was last opened anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<Timestamp>,
    /// Counts the writes; every write is conditional on it. 0: not written yet.
    pub version: u64,
    /// The id of the last change, the same as in its audit entry.
    pub change: String,
}

impl PlannedCall {
    /// In how many Availability Zones the endpoint stands: it has one subnet in each. None: it stands in none.
    #[must_use]
    pub const fn zones(&self) -> Option<usize> {
        match self {
            Self::ResourceEndpoint { subnets, .. }
            | Self::ServiceNetworkEndpoint { subnets, .. }
            | Self::InterfaceEndpoint { subnets, .. } => Some(subnets.len()),
            Self::ServiceNetworkResource { .. } | Self::GatewayEndpoint { .. } => None,
        }
    }

    /// The same call, behind this security group.
    #[must_use]
    pub fn behind(&self, group: &SecurityGroupId) -> Self {
        let mut call = self.clone();
        if let Self::ResourceEndpoint { security_groups, .. }
        | Self::ServiceNetworkEndpoint { security_groups, .. }
        | Self::InterfaceEndpoint { security_groups, .. } = &mut call
        {
            *security_groups = vec![group.clone()];
        }
        call
    }
}

impl Connection {
    /// The planned call as it is said to AWS: behind the security group of its own, if it has one. The plan is written
    /// before that group has an id, so it can't name it.
    #[must_use]
    pub fn call_said(&self) -> Option<PlannedCall> {
        let call = &self.plan.as_ref()?.call;
        Some(self.group.as_ref().map_or_else(|| call.clone(), |group| call.behind(&group.id)))
    }

    /// It stands behind this group of its own, which an earlier close may have left.
    pub fn stand_behind(&mut self, group: SecurityGroupId) {
        self.groups_left.retain(|left| *left != group);
        self.group = Some(MadeGroup { id: group, refused_since: None });
    }

    /// Nothing of it stands any more: what was made, how, and how it was reached.
    pub fn nothing_stands(&mut self) {
        self.plan = None;
        self.changing.clear();
        self.made = None;
        self.group = None;
        self.deadline = None;
        self.last_look.clear();
        self.databases.clear();
        self.missing = None;
    }

    /// Another attempt at what stands otherwise than before, if it stands at all: nothing that was seen of it holds, and its
    /// names are other ones.
    pub(crate) fn start_over(&mut self) {
        self.attempt += 1;
        self.execution = None;
        self.deadline = None;
        self.ending = None;
        self.missing = None;
        self.last_look.clear();
        self.databases.clear();
        self.names_version += 1;
        self.names_since = None;
        self.ready_at = None;
    }

    /// Moves to `status`; `since` only changes if the status does.
    pub fn become_status(&mut self, status: Status, now: Timestamp, why: impl Into<String>, next: impl Into<String>) {
        if self.status != status {
            self.since = now;
        }
        self.status = status;
        self.why = why.into();
        self.next = next.into();
        if status != Status::Waiting {
            self.wait = None;
        }
        if status != Status::Wanted {
            self.held_by.clear();
        }
    }

    /// Whether it is asked for and no run is started, since limits leave no room for it: nothing of it is made.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        matches!(self.status, Status::Wanted) && !self.held_by.is_empty()
    }

    /// Whether a run should be under way.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        self.status.is_running() && !self.is_held()
    }
}
