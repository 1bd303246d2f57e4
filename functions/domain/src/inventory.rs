//! What an account has, listed in bulk: one call for many things, where [`crate::ports`] has one for one.
#![allow(async_fn_in_trait, reason = "only this workspace implements and calls them, always with concrete types")]

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::connection::{Connection, Made, PlannedDns};
use crate::fault::Fault;
use crate::ids::{ConnectionId, ResourceShareArn, SecurityGroupId, ServiceNetworkId, SubnetId, VpcEndpointId};
use crate::network::{Association, Endpoint, EndpointAssociation};
use crate::share::SharedResource;
use crate::truth::Round;

/// An endpoint with what it was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedEndpoint {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// When it was made, if EC2 says.
    pub created: Option<Timestamp>,
    /// Its subnets.
    pub subnets: Vec<SubnetId>,
    /// Its security groups.
    pub security_groups: Vec<SecurityGroupId>,
    /// Its private DNS.
    pub private_dns: PlannedDns,
    /// Those of its security groups whose names EC2 shows, with the names.
    pub group_names: Vec<(SecurityGroupId, String)>,
    /// Its policy, as JSON, if EC2 shows one.
    pub policy: Option<String>,
}

/// An association with when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAssociation {
    /// The association.
    pub association: Association,
    /// When it was made, if VPC Lattice says.
    pub created: Option<Timestamp>,
    /// Whether private DNS is on.
    pub private_dns: bool,
}

/// EC2: endpoints in bulk. What is looked for by filter and does not exist is left out.
pub trait ListEndpoints {
    /// The endpoints with this tag, all pages, deleted ones left out.
    async fn listed_with(&self, key: &str, value: &str) -> Result<Vec<ListedEndpoint>, Fault>;
    /// Those of these endpoints that EC2 shows, all pages, deleted ones left out.
    async fn listed(&self, ids: &[VpcEndpointId]) -> Result<Vec<ListedEndpoint>, Fault>;
    /// What is behind each of these endpoints, all pages; one with nothing behind it is left out.
    async fn behind(&self, ids: &[VpcEndpointId]) -> Result<BTreeMap<VpcEndpointId, Vec<EndpointAssociation>>, Fault>;
}

/// VPC Lattice: associations in bulk.
pub trait ListAssociations {
    /// Every resource association of a service network, without a row per child, all pages.
    async fn associations_in(&self, network: &ServiceNetworkId) -> Result<Vec<ListedAssociation>, Fault>;
}

/// RAM: everything that others share with this account.
pub trait ListShared {
    /// By share, all pages.
    async fn shared(&self) -> Result<BTreeMap<ResourceShareArn, Vec<SharedResource>>, Fault>;
}

/// Ledger: connections by what was made for them. The index finds candidates; a decision reads the item again.
pub trait FindMade {
    /// Every connection for which something was made: the AWS id and the connection, all pages, in no order.
    async fn everything_made(&self) -> Result<Vec<(String, ConnectionId)>, Fault>;
    /// The connections for which this was made; one, unless somebody wrote by hand.
    async fn made_as(&self, id: &str) -> Result<Vec<ConnectionId>, Fault>;
    /// Those of these connections that the ledger has, read consistently. One that can't be read is left out.
    async fn connections_of_ids(&self, ids: &[ConnectionId]) -> Result<Vec<Connection>, Fault>;
}

/// Ledger: where reconcile stands.
pub trait Rounds {
    /// The record; none before the first round.
    async fn round(&self) -> Result<Option<Round>, Fault>;
    /// Writes it on condition of its version; gives it back with the next one. `LedgerConflict` if another has it.
    async fn save_round(&self, round: Round) -> Result<Round, Fault>;
}

impl ListedEndpoint {
    /// As it stands in a record.
    #[must_use]
    pub fn made(&self) -> Made {
        Made::Endpoint(self.endpoint.id.clone())
    }
}
