//! What an account has before Drawbridge comes: VPCs, subnets, security groups, service networks, and what it may connect to. The shapes are those of a seed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::World;
use super::routes::{PrefixList, RouteTable};
use super::security_groups::SecurityGroup;
use super::services::EndpointService;
use crate::request::Caller;
use crate::route53::HostedZone;

fn yes() -> bool {
    true
}

fn many() -> u32 {
    200
}

/// A VPC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// Its block.
    #[serde(default)]
    pub cidr: String,
    /// Blocks that were added to it.
    #[serde(default)]
    pub more_cidrs: Vec<String>,
    /// `enableDnsSupport`.
    #[serde(default = "yes")]
    pub dns_support: bool,
    /// `enableDnsHostnames`.
    #[serde(default = "yes")]
    pub dns_hostnames: bool,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// The zone's name, `us-east-1a`.
    pub az: String,
    /// The zone's id, `use1-az1`, which is the same in every account.
    pub az_id: String,
    /// Its block.
    #[serde(default)]
    pub cidr: String,
    /// Free addresses; an endpoint takes some.
    #[serde(default = "many")]
    pub free: u32,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A service network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceNetwork {
    /// `sn-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The account that owns it, if it is only shared with this one.
    #[serde(default)]
    pub owner: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// When it was made: when it was seeded, unless the seed says otherwise.
    #[serde(default)]
    pub created: Option<Timestamp>,
}

fn active() -> String {
    "ACTIVE".to_owned()
}

/// An association of a VPC with a service network: one per VPC. \[AWS:vpc-lattice/ug/service-network-associations\]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpcAssociation {
    /// `snva-…`.
    pub id: String,
    /// The VPC.
    pub vpc: String,
    /// The service network's id or ARN.
    pub service_network: String,
    /// Whether private DNS names are made.
    #[serde(default)]
    pub private_dns: bool,
    /// Its status. \[botocore: `ServiceNetworkVpcAssociationStatus`\]
    #[serde(default = "active")]
    pub status: String,
}

impl VpcAssociation {
    /// Whether it is with that network.
    pub fn is_of(&self, network: &ServiceNetwork, arn: &str) -> bool {
        self.service_network == network.id || self.service_network == arn
    }
}

/// All of one account in one Region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// VPCs.
    #[serde(default)]
    pub vpcs: Vec<Vpc>,
    /// Subnets.
    #[serde(default)]
    pub subnets: Vec<Subnet>,
    /// Security groups.
    #[serde(default)]
    pub security_groups: Vec<SecurityGroup>,
    /// Service networks.
    #[serde(default)]
    pub service_networks: Vec<ServiceNetwork>,
    /// Associations of its VPCs with service networks.
    #[serde(default)]
    pub vpc_associations: Vec<VpcAssociation>,
    /// Endpoint services that it may use, besides those of AWS that everybody has.
    #[serde(default)]
    pub endpoint_services: Vec<EndpointService>,
    /// Route tables.
    #[serde(default)]
    pub route_tables: Vec<RouteTable>,
    /// Prefix lists of its own.
    #[serde(default)]
    pub prefix_lists: Vec<PrefixList>,
    /// Private hosted zones that its VPCs are associated with.
    #[serde(default)]
    pub hosted_zones: Vec<HostedZone>,
}

/// Puts entries into a list, replacing those with the same id.
fn put<T>(list: &mut Vec<T>, entries: Vec<T>, id: impl Fn(&T) -> &str) {
    for entry in entries {
        list.retain(|old| id(old) != id(&entry));
        list.push(entry);
    }
}

impl Network {
    /// Adds what a seed names, replacing by id.
    pub fn seed(&mut self, mut seed: Self, now: Timestamp) {
        seed.service_networks.iter_mut().for_each(|network| network.created = network.created.or(Some(now)));
        put(&mut self.vpcs, seed.vpcs, |vpc| &vpc.id);
        put(&mut self.subnets, seed.subnets, |subnet| &subnet.id);
        put(&mut self.security_groups, seed.security_groups, |group| &group.id);
        put(&mut self.service_networks, seed.service_networks, |network| &network.id);
        put(&mut self.vpc_associations, seed.vpc_associations, |association| &association.id);
        put(&mut self.endpoint_services, seed.endpoint_services, |service| &service.id);
        put(&mut self.route_tables, seed.route_tables, |table| &table.id);
        put(&mut self.hosted_zones, seed.hosted_zones, |zone| &zone.id);
        put(&mut self.prefix_lists, seed.prefix_lists, |list| &list.id);
    }

    /// The VPC of that id.
    pub fn vpc(&self, id: &str) -> Option<&Vpc> {
        self.vpcs.iter().find(|vpc| vpc.id == id)
    }

    /// The service network of that id or ARN.
    pub fn service_network(&self, id: &str) -> Option<&ServiceNetwork> {
        self.service_networks
            .iter()
            .find(|network| network.id == id || id.ends_with(&format!(":servicenetwork/{}", network.id)))
    }

    /// Takes addresses from subnets, or gives them back when negative.
    pub fn take_addresses(&mut self, subnets: &[String], count: i64) {
        for subnet in self.subnets.iter_mut().filter(|subnet| subnets.contains(&subnet.id)) {
            subnet.free = u32::try_from((i64::from(subnet.free) - count).max(0)).unwrap_or(u32::MAX);
        }
    }
}

impl ServiceNetwork {
    /// Its ARN, which carries its owner's account.
    pub fn arn(&self, account: &str, region: &str) -> String {
        let owner = self.owner.as_deref().unwrap_or(account);
        crate::ids::arn("vpc-lattice", region, owner, &format!("servicenetwork/{}", self.id))
    }
}

impl World {
    /// The service network of that id or ARN that the caller owns, was seeded as shared with it, or sees by a resource share;
    /// and its ARN. \[AWS:vpc-lattice/ug/sharing\]
    pub fn service_network(&self, caller: &Caller, identifier: &str) -> Option<(ServiceNetwork, String)> {
        let key = (caller.account.clone(), caller.region.clone());
        if let Some(own) = self.networks.get(&key).and_then(|network| network.service_network(identifier)) {
            return Some((own.clone(), own.arn(&caller.account, &caller.region)));
        }
        self.networks
            .iter()
            .filter(|((account, region), _)| *region == caller.region && *account != caller.account)
            .flat_map(|((account, region), network)| {
                network.service_networks.iter().map(move |known| (account, known, known.arn(account, region)))
            })
            .find(|(_, known, arn)| {
                (known.id == identifier || *arn == identifier)
                    && self
                        .shares
                        .iter()
                        .any(|share| share.has(arn) && share.shows_to(&caller.account, &self.invitations))
            })
            .map(|(owner, known, arn)| (ServiceNetwork { owner: Some(owner.clone()), ..known.clone() }, arn))
    }
}
