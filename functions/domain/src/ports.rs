//! What Drawbridge needs from the world, one narrow trait a need. The adapters implement them;
//! the functions are generic over them.
#![allow(async_fn_in_trait, reason = "only this workspace implements and calls them, always with concrete types")]

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::adjust::Modification;
use crate::announcement::Announcement;
use crate::connection::{Connection, Made, PlannedCall, PlannedGroup};
use crate::fault::Fault;
use crate::ids::{
    AccountId, AssociationId, ConnectionId, InvitationArn, Region, ResourceArn, ResourceShareArn, RouteTableId,
    SecurityGroupId, Service, ServiceNetworkId, SubnetId, SubscriptionName, VpcEndpointId, VpcId,
};
use crate::messages::Subject;
use crate::network::{
    Association, Endpoint, EndpointAssociation, EndpointService, HostedZone, ResourceConfiguration, RouteTable,
    SecurityGroup, ServiceNetwork, Subnet, Vpc,
};
use crate::outputs::OutputRecord;
use crate::share::{Invitation, ShareRecord, SharedResource, VisibleShare};
use crate::subscription::{Problems, Subscription};
use crate::waiting::{TaskToken, Ticket};

/// RAM: find what is shared with this account.
pub trait FindShares {
    /// Every invitation this account has, of any status, all pages.
    async fn invitations(&self) -> Result<Vec<Invitation>, Fault>;
    /// Every share of others that this account can see, all pages.
    async fn visible_shares(&self) -> Result<Vec<VisibleShare>, Fault>;
    /// The invitations to one share, newest first; empty if there are none.
    async fn invitations_to(&self, share: &ResourceShareArn) -> Result<Vec<Invitation>, Fault>;
    /// One share of others, if this account can see it.
    async fn visible_share(&self, share: &ResourceShareArn) -> Result<Option<VisibleShare>, Fault>;
}

/// RAM: look inside a share.
pub trait LookInside {
    /// What is inside the share of a pending invitation, before accepting. All pages.
    async fn pending_resources(&self, invitation: &InvitationArn) -> Result<Vec<SharedResource>, Fault>;
    /// What is inside a share that this account can see. All pages.
    async fn resources(&self, share: &ResourceShareArn) -> Result<Vec<SharedResource>, Fault>;
}

/// RAM: answer an invitation. Each is idempotent: what is already so is success.
pub trait Answer {
    /// Accepts. Faults: `InvitationExpired`, `InvitationRejected`, `ShareNotFound`.
    async fn accept(&self, invitation: &InvitationArn, token: &str) -> Result<(), Fault>;
    /// Rejects. An invitation that is already accepted is a `Conflict`.
    async fn reject(&self, invitation: &InvitationArn, token: &str) -> Result<(), Fault>;
}

/// VPC Lattice: read resource configurations. `AccessDenied` is to be expected for what others own
/// (AWS's guide contradicts itself here) and is never fatal.
pub trait ResourceConfigurations {
    /// One configuration.
    async fn resource_configuration(&self, resource: &ResourceArn) -> Result<ResourceConfiguration, Fault>;
    /// The children of a GROUP, all pages. Their ports are not in the list: read each.
    async fn children(&self, group: &ResourceArn) -> Result<Vec<ResourceConfiguration>, Fault>;
}

/// VPC Lattice: service networks and their resource associations.
pub trait ServiceNetworks {
    /// One service network, if it exists and is visible.
    async fn service_network(&self, id: &ServiceNetworkId) -> Result<Option<ServiceNetwork>, Fault>;
    /// Whether there is such a service network, of whatever account. `AccessDenied` is to be expected
    /// for what others own and is never fatal.
    async fn service_network_exists(&self, arn: &ResourceArn) -> Result<bool, Fault>;
    /// The associations of a resource with a service network; with `children`, one row per child of a GROUP. All pages.
    async fn associations(
        &self,
        network: &ServiceNetworkId,
        resource: &ResourceArn,
        children: bool,
    ) -> Result<Vec<Association>, Fault>;
    /// One association, if it exists.
    async fn association(&self, id: &AssociationId) -> Result<Option<Association>, Fault>;
    /// The tags of an association, by its ARN; empty if it is gone.
    async fn association_tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Fault>;
    /// Makes an association; idempotent by `token`.
    async fn associate(
        &self,
        network: &ServiceNetworkId,
        resource: &ResourceArn,
        private_dns: bool,
        token: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<AssociationId, Fault>;
    /// Removes an association; what is gone is success.
    async fn disassociate(&self, id: &AssociationId) -> Result<(), Fault>;
}

/// VPC Lattice: change the tags of an association that is there, by its ARN.
pub trait TagAssociation {
    /// Adds or overwrites tags; without any, nothing is said.
    async fn tag_association(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), Fault>;
    /// Takes off the tags of these keys; without any, nothing is said. What is gone is success.
    async fn untag_association(&self, arn: &str, keys: &[String]) -> Result<(), Fault>;
}

/// VPC Lattice: the service networks that a VPC is associated with.
pub trait VpcAssociations {
    /// Their ARNs, all pages; those that are being deleted are left out.
    async fn service_networks_of(&self, vpc: &VpcId) -> Result<Vec<ResourceArn>, Fault>;
}

/// EC2: look at the network that an endpoint would stand in.
pub trait LookAtNetwork {
    /// One VPC with its DNS attributes, if it exists.
    async fn vpc(&self, id: &VpcId) -> Result<Option<Vpc>, Fault>;
    /// Every subnet of a VPC, all pages.
    async fn subnets_of(&self, vpc: &VpcId) -> Result<Vec<Subnet>, Fault>;
    /// Those of the listed subnets that exist, in whatever VPC. One that does not exist is left out.
    async fn subnets(&self, ids: &[SubnetId]) -> Result<Vec<Subnet>, Fault>;
    /// Those of the listed security groups that exist, in whatever VPC. One that does not exist is left out.
    async fn security_groups(&self, ids: &[SecurityGroupId]) -> Result<Vec<SecurityGroup>, Fault>;
    /// The VPC's endpoints that are not deleted, all pages.
    async fn endpoints_in(&self, vpc: &VpcId) -> Result<Vec<Endpoint>, Fault>;

    /// Those of type Gateway in every VPC of this account and Region, of which their quota is.
    async fn gateways(&self) -> Result<Vec<Endpoint>, Fault>;
}

/// EC2: look at the services that endpoints lead to.
pub trait LookAtServices {
    /// The service of this name, once for each type that it has; empty if there is none, or this account may not use it.
    async fn endpoint_services(&self, service: &Service) -> Result<Vec<EndpointService>, Fault>;
}

/// EC2: look at route tables.
pub trait LookAtRoutes {
    /// Every route table of a VPC, all pages.
    async fn route_tables_of(&self, vpc: &VpcId) -> Result<Vec<RouteTable>, Fault>;
    /// Those of the listed route tables that exist, in whatever VPC. One that does not exist is left out.
    async fn route_tables(&self, ids: &[RouteTableId]) -> Result<Vec<RouteTable>, Fault>;
}

/// Route 53: look at private hosted zones.
pub trait HostedZones {
    /// The private hosted zones that a VPC of this Region is associated with, whosever they are, all pages. Those that a
    /// Route 53 Profile brings are not among them.
    async fn hosted_zones(&self, vpc: &VpcId, region: &Region) -> Result<Vec<HostedZone>, Fault>;
}

/// Service Quotas: what a quota of VPC is here.
pub trait AppliedQuotas {
    /// The value that a quota has in this account and Region; none if AWS shows only its default.
    async fn applied_quota(&self, code: &str) -> Result<Option<usize>, Fault>;
}

/// Nobody who asks: only AWS's defaults are known.
#[derive(Debug, Clone, Copy)]
pub struct Defaults;

impl AppliedQuotas for Defaults {
    async fn applied_quota(&self, _: &str) -> Result<Option<usize>, Fault> {
        Ok(None)
    }
}

/// EC2: look at the private names behind endpoints.
pub trait LookAtPrivateNames {
    /// The private names behind these endpoints, one row a name, all pages. Of interface endpoints EC2 shows none here:
    /// theirs stand in [`Endpoint::dns`].
    async fn private_names(&self, ids: &[VpcEndpointId]) -> Result<Vec<(VpcEndpointId, String)>, Fault>;
}

/// EC2: find VPC endpoints.
pub trait FindEndpoints {
    /// One endpoint, if it exists (a deleted one may still be shown for a while).
    async fn endpoint(&self, id: &VpcEndpointId) -> Result<Option<Endpoint>, Fault>;
    /// The endpoints with this tag, all pages, deleted ones left out.
    async fn endpoints_tagged(&self, key: &str, value: &str) -> Result<Vec<Endpoint>, Fault>;
}

/// EC2: make a VPC endpoint.
pub trait MakeEndpoint {
    /// Makes what the plan says; idempotent by `token`. `call` must be for an endpoint.
    /// Faults: `IdempotencyConflict` when the token was used with other parameters, `QuotaExceeded`.
    async fn create(
        &self,
        call: &PlannedCall,
        token: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<VpcEndpointId, Fault>;
}

/// EC2: make a security group.
pub trait MakeGroup {
    /// Makes a group without rules, or finds the one of this name in the VPC: a name is given once.
    /// `tags` must hold the owner tag; `Conflict` if the one found has another.
    async fn make_group(
        &self,
        name: &str,
        vpc: &VpcId,
        tags: &BTreeMap<String, String>,
    ) -> Result<SecurityGroupId, Fault>;
    /// Admits what is planned; what is admitted already is success.
    async fn admit(&self, id: &SecurityGroupId, planned: &PlannedGroup) -> Result<(), Fault>;
}

/// EC2: remove a security group.
pub trait RemoveGroup {
    /// The groups with this tag, each with all of its tags.
    async fn groups_tagged(&self, key: &str, value: &str) -> Result<Vec<TaggedGroup>, Fault>;
    /// Removes a group; what is gone is success. `Conflict` while something uses it.
    async fn delete_group(&self, id: &SecurityGroupId) -> Result<(), Fault>;
}

/// A security group and its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedGroup {
    /// Its id.
    pub id: SecurityGroupId,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// EC2: remove a VPC endpoint.
pub trait RemoveEndpoint {
    /// Starts the removal; what is gone is success. Reads `Unsuccessful[]` inside a 200.
    async fn delete(&self, id: &VpcEndpointId) -> Result<(), Fault>;
}

/// EC2: have a topic told what the provider of an interface endpoint decides.
pub trait MakeNotification {
    /// Makes a connection notification; asked again under the same token, it is the same one.
    async fn notify(&self, id: &VpcEndpointId, topic: &str, token: &str) -> Result<(), Fault>;
}

/// EC2: have it told no more.
pub trait RemoveNotifications {
    /// Removes every connection notification that tells this topic of this endpoint; what is gone is success, and so is an
    /// endpoint that is. Reads `Unsuccessful[]` inside a 200.
    async fn remove_notifications(&self, id: &VpcEndpointId, topic: &str) -> Result<(), Fault>;
}

/// EC2: change a VPC endpoint that is there.
pub trait ChangeEndpoint {
    /// Changes it, all or nothing. Faults: `InvalidRequest` also if what is to be removed is not there.
    async fn modify(&self, id: &VpcEndpointId, modification: &Modification) -> Result<(), Fault>;
    /// Adds or overwrites tags of these things; without any, nothing is said.
    async fn set_tags(&self, ids: &[String], tags: &BTreeMap<String, String>) -> Result<(), Fault>;
    /// Takes these tags off where they have these values; without any, nothing is said. What is gone is success.
    async fn remove_tags(&self, ids: &[String], tags: &BTreeMap<String, String>) -> Result<(), Fault>;
}

/// EC2: read what is behind an endpoint.
pub trait ReadEndpoint {
    /// The endpoint's associations, one per child of a GROUP, all pages.
    async fn endpoint_associations(&self, id: &VpcEndpointId) -> Result<Vec<EndpointAssociation>, Fault>;
}

/// A subscription that is in the ledger and can't be read: written by hand, or by a newer Drawbridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The name under which it stands.
    pub name: String,
    /// What is wrong with it.
    pub problems: Problems,
}

/// Ledger: the subscriptions.
pub trait Subscriptions {
    /// Every valid subscription, and those that can't be read. Read consistently.
    async fn subscriptions(&self) -> Result<(Vec<Subscription>, Vec<Unreadable>), Fault>;
}

/// Who did something, for the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Which function or command.
    pub by: String,
    /// In which execution, if in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// What was done, in a sentence.
    pub what: String,
}

/// Ledger: shares. Reads are consistent; a write is conditional on `version` and made in one
/// transaction with its audit entry. A write whose answer was lost and which is repeated is a
/// success; one that lost a race is `LedgerConflict`.
pub trait Shares {
    /// The record of a share.
    async fn share(&self, arn: &ResourceShareArn) -> Result<Option<ShareRecord>, Fault>;
    /// Writes the record; gives it back with its new version and change id.
    async fn save_share(&self, record: ShareRecord, audit: AuditEntry) -> Result<ShareRecord, Fault>;
}

/// Ledger: connections, as for [`Shares`].
pub trait Connections {
    /// The record of a connection.
    async fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>, Fault>;
    /// Writes the record; gives it back with its new version and change id.
    async fn save_connection(&self, record: Connection, audit: AuditEntry) -> Result<Connection, Fault>;
}

/// Ledger: waits with their tokens. Read consistently.
pub trait Waits {
    /// The newest wait of a share or connection, over or not.
    async fn ticket(&self, subject: &Subject) -> Result<Option<Ticket>, Fault>;
    /// Writes it, on condition of its version.
    /// Faults: `LedgerConflict` if somebody else did.
    async fn save_ticket(&self, ticket: Ticket) -> Result<(), Fault>;
}

/// Ledger: the senders whom a person approved, once for each subscription.
pub trait Senders {
    /// The subscriptions for which this account was approved. Read consistently.
    async fn approved_for(&self, sender: &AccountId) -> Result<Vec<SubscriptionName>, Fault>;
    /// Remembers that it is approved for these, too. What is remembered already is success.
    async fn approve_sender(
        &self,
        sender: &AccountId,
        subscriptions: &[SubscriptionName],
        audit: AuditEntry,
    ) -> Result<(), Fault>;
}

/// Ledger: what needs attention, by status, oldest first. The index finds candidates; a decision
/// reads the item again.
pub trait Attention {
    /// Connections in a status that needs attention, all pages.
    async fn connections_needing_attention(&self) -> Result<Vec<ConnectionId>, Fault>;
    /// Shares in a status that needs attention, all pages.
    async fn shares_needing_attention(&self) -> Result<Vec<ResourceShareArn>, Fault>;
    /// The connections of a share in whatever status, all pages.
    async fn connections_of_share(&self, share: &ResourceShareArn) -> Result<Vec<ConnectionId>, Fault>;
    /// The connections that no share brought and that subscriptions claim, in whatever status, all pages.
    async fn connections_without_share(&self) -> Result<Vec<ConnectionId>, Fault>;
}

/// Ledger: what was published, as for [`Shares`].
pub trait Publications {
    /// What was published for a connection.
    async fn outputs(&self, id: &ConnectionId) -> Result<Option<OutputRecord>, Fault>;
    /// Writes the record; gives it back with its new version and change id.
    async fn save_outputs(&self, record: OutputRecord, audit: AuditEntry) -> Result<OutputRecord, Fault>;
    /// The connections whose outputs are not as they should be, oldest first, all pages. The index finds candidates.
    async fn unpublished(&self) -> Result<Vec<ConnectionId>, Fault>;
    /// The connections whose outputs are as they should be, as far as Drawbridge knows; those without any left out. As above.
    async fn published(&self) -> Result<Vec<ConnectionId>, Fault>;
}

/// A parameter as SSM holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct HeldParameter {
    /// Its value; of one that is encrypted, the encrypted one.
    pub value: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// How many parameters SSM gives in one call [botocore: ssm `GetParameters`].
pub const MOST_VALUES: usize = 10;

/// SSM: parameters.
pub trait Parameters {
    /// Makes one, if there is none of this name. False: there is one, whosever it is.
    async fn create(
        &self,
        name: &str,
        value: &str,
        about: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<bool, Fault>;
    /// The parameter of this name, if there is one.
    async fn parameter(&self, name: &str) -> Result<Option<HeldParameter>, Fault>;
    /// The values of those that exist, whosever they are, by name. At most [`MOST_VALUES`] names.
    async fn values(&self, names: &[String]) -> Result<BTreeMap<String, String>, Fault>;
    /// Gives one that exists another value.
    async fn overwrite(&self, name: &str, value: &str) -> Result<(), Fault>;
    /// Removes one; gone is success.
    async fn remove(&self, name: &str) -> Result<(), Fault>;
}

/// What became of a request to start an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It was started, or one of the same name and input is running.
    Now,
    /// One of that name exists already, running or over: read the ledger.
    Existed,
}

/// How an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionState {
    /// Under way.
    Running,
    /// Ended well.
    Succeeded,
    /// Failed, timed out or was stopped.
    Ended,
    /// There is none of that name.
    Missing,
}

/// Step Functions.
pub trait Workflows {
    /// Starts an execution of the machine; idempotent by `name`.
    async fn start(&self, machine: &str, name: &str, input: &serde_json::Value) -> Result<Started, Fault>;
    /// How the execution with this ARN stands.
    async fn execution(&self, arn: &str) -> Result<ExecutionState, Fault>;
}

/// Step Functions: end the wait on a task token. The answer says whether anybody still waited on it.
pub trait Resume {
    /// The task succeeds, with an empty object for its output.
    async fn resume(&self, token: &TaskToken) -> Result<bool, Fault>;
    /// The task fails under the fault's name.
    async fn fail(&self, token: &TaskToken, fault: &Fault) -> Result<bool, Fault>;
}

/// The event bus.
pub trait Announce {
    /// Publishes; the answer has one entry per announcement, in order (entries fail one by one
    /// inside a 200).
    async fn announce(&self, announcements: &[Announcement]) -> Result<Vec<Result<(), Fault>>, Fault>;
}

/// What `Made` names, for messages.
#[must_use]
pub fn made_text(made: Option<&Made>) -> String {
    made.map_or_else(|| "nothing".to_owned(), |made| made.id().to_owned())
}
