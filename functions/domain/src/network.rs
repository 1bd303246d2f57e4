//! What the APIs show of the network: EC2's and VPC Lattice's things, as plain data.
//! States and types stay text here, since AWS spells them in several cases: compare with
//! [`same_word`] only.

use std::collections::BTreeMap;

use crate::ids::{
    AssociationId, AzId, ResourceArn, RouteTableId, SecurityGroupId, ServiceNetworkId, SubnetId, VpcEndpointId, VpcId,
};
use crate::reach::DnsName;

/// Whether AWS means the same word: `available`, `Available` and `AVAILABLE`, and also
/// `pendingAcceptance` and `PENDING_ACCEPTANCE`.
#[must_use]
pub fn same_word(a: &str, b: &str) -> bool {
    let letters = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    letters(a) == letters(b)
}

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// Its id.
    pub id: VpcId,
    /// The attribute `enableDnsSupport`.
    pub dns_support: bool,
    /// The attribute `enableDnsHostnames`.
    pub dns_hostnames: bool,
    /// Its IPv4 CIDR blocks.
    pub cidrs: Vec<String>,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// Its id.
    pub id: SubnetId,
    /// Its VPC.
    pub vpc: VpcId,
    /// Its Availability Zone's physical id.
    pub az: AzId,
    /// The name that its zone has in this account, such as `us-east-1a`.
    pub zone: Option<String>,
    /// `AvailableIpAddressCount`, of IPv4 only.
    pub free_addresses: u32,
    /// `Ipv6Native`: it has no IPv4 addresses at all.
    pub ipv6_only: bool,
}

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Its id.
    pub id: SecurityGroupId,
    /// Its VPC.
    pub vpc: VpcId,
    /// What it admits.
    pub ingress: Vec<Ingress>,
}

/// One ingress rule: a protocol and ports, from anywhere at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingress {
    /// `tcp`, `6`, `-1` (all) …
    pub protocol: String,
    /// Ports, inclusive; none means all.
    pub ports: Option<(u16, u16)>,
}

/// A VPC endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: VpcEndpointId,
    /// `Resource`, `ServiceNetwork`, `Interface` … in any case.
    pub endpoint_type: String,
    /// `available`, `Pending` … in any case.
    pub state: String,
    /// Its VPC.
    pub vpc: Option<VpcId>,
    /// The resource configuration behind a resource endpoint.
    pub resource: Option<ResourceArn>,
    /// The service network behind a service-network endpoint.
    pub service_network: Option<ResourceArn>,
    /// The service behind an interface or gateway endpoint.
    pub service: Option<String>,
    /// `PrivateDnsEnabled`.
    pub private_dns: bool,
    /// The route tables of a gateway endpoint.
    pub route_tables: Vec<RouteTableId>,
    /// The names of an interface endpoint.
    pub dns: Vec<DnsEntry>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// `LastError` and `FailureReason`, in AWS's words.
    pub failure: Option<String>,
}

impl Endpoint {
    /// Whether it is gone, or as good as.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        same_word(&self.state, "deleted")
    }
}

/// A name as EC2 shows it, without a word on what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsEntry {
    /// The name.
    pub name: String,
    /// The hosted zone that holds it.
    pub hosted_zone: Option<String>,
}

/// An endpoint service of one type, as `DescribeVpcEndpointServices` shows it: a name with two types,
/// as of S3, is two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointService {
    /// Its name.
    pub name: String,
    /// `Interface`, `Gateway` …
    pub service_type: String,
    /// The Availability Zones that it is in: their ids, and their names in this account. Empty if
    /// EC2 does not say.
    pub zones: Vec<String>,
    /// `amazon`, or the account that owns it.
    pub owner: String,
    /// The name that endpoints may answer to.
    pub private_dns_name: Option<String>,
    /// Every such name, where it has several: `*.dkr.ecr.us-east-1.amazonaws.com` …
    pub private_dns_names: Vec<String>,
    /// `verified` if its owner proved that this name is its own; AWS does not say it of each of its own.
    pub private_dns_state: Option<String>,
    /// Whether its owner accepts each endpoint.
    pub acceptance_required: bool,
    /// Whether endpoints may have a policy.
    pub policy_supported: bool,
    /// `ipv4` and `ipv6`, as far as endpoints may have addresses of them; empty if EC2 does not say.
    pub address_families: Vec<String>,
}

impl EndpointService {
    /// Whether it is one of AWS's own.
    #[must_use]
    pub fn is_amazon_s(&self) -> bool {
        same_word(&self.owner, "amazon")
    }
}

/// A route table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTable {
    /// Its id.
    pub id: RouteTableId,
    /// Its VPC.
    pub vpc: VpcId,
    /// Whether subnets that name no table are routed by it.
    pub main: bool,
    /// The subnets that name it.
    pub subnets: Vec<SubnetId>,
    /// Its routes to prefix lists; others are not of interest.
    pub routes: Vec<PrefixRoute>,
}

/// A route to a prefix list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixRoute {
    /// The prefix list.
    pub prefix_list: String,
    /// Through what: of a gateway endpoint, its id.
    pub gateway: String,
    /// `active` or `blackhole`.
    pub state: String,
}

/// A private hosted zone that a VPC is associated with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedZone {
    /// Its id.
    pub id: String,
    /// Its name, with or without a dot at its end.
    pub name: String,
    /// The account that owns it, if one does.
    pub account: Option<String>,
    /// The AWS service that made and owns it, if one does: `vpce.amazonaws.com`, `efs.amazonaws.com` …
    pub service: Option<String>,
}

/// One row of `DescribeVpcEndpointAssociations`: one per child of a GROUP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointAssociation {
    /// The resource behind it: the child, or the configuration itself.
    pub resource: Option<ResourceArn>,
    /// `Accessible`, `AVAILABLE`, `PENDING` …: documented inconsistently.
    pub accessibility: Option<String>,
    /// Failure code and reason, in AWS's words.
    pub failure: Option<String>,
    /// Its names, regional and private.
    pub dns: Vec<DnsName>,
}

/// A VPC Lattice resource configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceConfiguration {
    /// Its ARN.
    pub arn: ResourceArn,
    /// Its name.
    pub name: Option<String>,
    /// `GROUP`, `CHILD`, `SINGLE`, `ARN`, `CIDR`.
    pub config_type: String,
    /// Ports and ranges, `6379` or `1-65535`; often empty for what others own.
    pub port_ranges: Vec<String>,
    /// The name that its provider gave it.
    pub custom_domain: Option<String>,
    /// Of a GROUP: the domain that its children's names are under.
    pub group_domain: Option<String>,
    /// Whether its provider proved that the domain is its own. Children inherit it.
    pub verified: bool,
}

/// A VPC Lattice service network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceNetwork {
    /// Its id.
    pub id: ServiceNetworkId,
    /// Its ARN, which says whose it is.
    pub arn: ResourceArn,
}

/// A service-network resource association.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// Its id.
    pub id: AssociationId,
    /// Its ARN.
    pub arn: String,
    /// `CREATE_IN_PROGRESS`, `ACTIVE`, `PARTIAL` …
    pub status: String,
    /// The resource configuration; with `includeChildren`, a child.
    pub resource: Option<ResourceArn>,
    /// That configuration's name.
    pub resource_name: Option<String>,
    /// Failure code and reason, in AWS's words.
    pub failure: Option<String>,
    /// Whether an AWS service keeps it, so that nobody else can delete it.
    pub managed: bool,
    /// Its names, regional and private.
    pub dns: Vec<DnsName>,
}

#[cfg(test)]
mod tests {
    use super::same_word;

    #[test]
    fn case_and_punctuation_do_not_matter() {
        assert!(same_word("available", "Available"));
        assert!(same_word("pendingAcceptance", "PENDING_ACCEPTANCE"));
        assert!(!same_word("available", "unavailable"));
    }
}
