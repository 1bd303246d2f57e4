//! Where an endpoint would stand: what every kind with network interfaces has in common.

use super::codes::Code;
use super::{Findings, Severity, listed};
use crate::identity::{TAG_CONNECTION, TAG_INSTALLATION};
use crate::ids::{AzId, ConnectionId, VpcId};
use crate::network::{Endpoint, Subnet, Vpc, same_word};
use crate::profile::Profile;
use crate::subscription::{InterfaceItem, SecurityGroups, Subnets, VpcTarget};

/// What a subscription says of the place.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub vpc: &'a VpcId,
    pub subnets: &'a Subnets,
    pub security_groups: &'a SecurityGroups,
    /// Where it says so, as the end of a sentence.
    pub said_in: &'static str,
}

impl<'a> From<&'a VpcTarget> for Site<'a> {
    fn from(target: &'a VpcTarget) -> Self {
        Self {
            vpc: &target.vpc,
            subnets: &target.subnets,
            security_groups: &target.security_groups,
            said_in: "the subscription's target",
        }
    }
}

impl<'a> From<&'a InterfaceItem> for Site<'a> {
    fn from(item: &'a InterfaceItem) -> Self {
        Self {
            vpc: &item.vpc,
            subnets: &item.subnets,
            security_groups: &item.security_groups,
            said_in: "the subscription's endpoint",
        }
    }
}

/// What a kind of endpoint needs of a subnet.
pub(super) struct Needs<'a> {
    /// Free addresses, at least.
    pub free_addresses: u32,
    /// Who needs them.
    pub title: &'a str,
    /// Which Availability Zones can be used.
    pub zones: Zones<'a>,
}

/// Which Availability Zones can be used.
pub(super) enum Zones<'a> {
    /// All but those that VPC Lattice does not support.
    LatticeWithout(&'a [AzId]),
    /// Those that a service is in, by id or name; all if it is not known.
    OfService(&'a str, &'a [String]),
}

impl<'a> Needs<'a> {
    /// Of an endpoint for what VPC Lattice leads to.
    pub fn lattice(profile: &'a Profile) -> Self {
        Self {
            free_addresses: profile.free_addresses_per_subnet,
            title: &profile.title,
            zones: Zones::LatticeWithout(&profile.unsupported_az_ids),
        }
    }
}

impl Zones<'_> {
    /// Whether an endpoint can stand in this subnet's zone.
    pub fn has(&self, subnet: &Subnet) -> bool {
        match self {
            Self::LatticeWithout(unsupported) => !unsupported.contains(&subnet.az),
            Self::OfService(_, zones) => {
                let is = |zone: &String| *zone == subnet.az.as_str() || Some(zone) == subnet.zone.as_ref();
                zones.is_empty() || zones.iter().any(is)
            }
        }
    }

    /// What is wrong with another zone.
    pub fn lack(&self) -> String {
        match self {
            Self::LatticeWithout(_) => "VPC Lattice does not support".to_owned(),
            Self::OfService(name, _) => format!("{name} is not in"),
        }
    }

    /// What a zone needs.
    pub fn needed(&self) -> String {
        match self {
            Self::LatticeWithout(_) => "an Availability Zone that VPC Lattice supports".to_owned(),
            Self::OfService(name, zones) => format!("an Availability Zone that {name} is in ({})", zones.join(", ")),
        }
    }

    /// Whether subnets can be changed while the endpoint stands [AWS: PrivateLink guide].
    pub const fn subnets_can_change(&self) -> bool {
        matches!(self, Self::OfService(..))
    }
}

/// Whether the VPC is there, with what private DNS needs of it.
pub(super) fn vpc(findings: &mut Findings, site: Site<'_>, vpc: Option<&Vpc>, private_dns: bool, off: &str) {
    match vpc {
        Some(vpc) => dns_attributes(findings, vpc, private_dns, off),
        None => not_found(findings, site.vpc, site.said_in),
    }
}

pub(super) fn not_found(findings: &mut Findings, vpc: &VpcId, said_in: &str) {
    findings.error(
        Code::VpcNotFound,
        format!("there is no VPC {vpc} in this account and Region"),
        "a VPC that exists",
        format!("correct `vpc` in {said_in}, or make the VPC"),
    );
}

/// Private DNS needs both attributes [AWS: PrivateLink guide]. Without private DNS the endpoint is
/// reached by its own names, which public DNS answers, so an attribute that is off stops nothing:
/// only clients that ask the VPC's own resolver are left without an answer.
fn dns_attributes(findings: &mut Findings, vpc: &Vpc, private_dns: bool, off_word: &str) {
    let attributes = [("enableDnsSupport", vpc.dns_support), ("enableDnsHostnames", vpc.dns_hostnames)];
    let off: Vec<_> = attributes.iter().filter(|(_, on)| !on).map(|(name, _)| *name).collect();
    if off.is_empty() {
        return;
    }
    let (severity, needed) = if private_dns {
        (Severity::Error, "both on: private DNS is on for this endpoint")
    } else {
        (
            Severity::Warning,
            "nothing for the endpoint's own names, which public DNS answers; vendors ask for both on, and clients \
             that use the VPC's resolver need enableDnsSupport",
        )
    };
    let turn_on = listed(off.iter().map(|name| {
        let option = if *name == "enableDnsSupport" { "--enable-dns-support" } else { "--enable-dns-hostnames" };
        format!("`aws ec2 modify-vpc-attribute --vpc-id {} {option}`", vpc.id)
    }));
    let instead = if private_dns { format!("; or set `private_dns: {off_word}` for it") } else { String::new() };
    findings.add(
        severity,
        Code::VpcDnsAttributesOff,
        format!("{} is off in {}", off.join(" and "), vpc.id),
        needed,
        format!("{turn_on}{instead}"),
    );
}

/// The endpoints of others in the VPC that are there, in the order of their ids.
pub(super) fn others<'e>(endpoints: &'e [Endpoint], vpc: &VpcId, ours: &ConnectionId) -> Vec<&'e Endpoint> {
    let mut standing: Vec<&Endpoint> = standing(endpoints, Some(vpc), ours).collect();
    standing.sort_by(|a, b| a.id.cmp(&b.id));
    standing
}

/// The endpoints of others that are there, in this VPC or, if none is named, in all.
pub(super) fn standing<'e>(
    endpoints: &'e [Endpoint],
    vpc: Option<&VpcId>,
    ours: &ConnectionId,
) -> impl Iterator<Item = &'e Endpoint> {
    endpoints
        .iter()
        .filter(|endpoint| !endpoint.is_deleted() && !same_word(&endpoint.state, "deleting"))
        .filter(move |endpoint| vpc.is_none_or(|vpc| endpoint.vpc.as_ref().is_none_or(|of| of == vpc)))
        .filter(move |endpoint| endpoint.tags.get(TAG_CONNECTION).is_none_or(|tag| tag != ours.as_str()))
}

/// Who made an endpoint, as the end of a sentence.
pub(super) fn maker(endpoint: &Endpoint) -> String {
    match (endpoint.tags.get(TAG_CONNECTION), endpoint.tags.get(TAG_INSTALLATION)) {
        (Some(connection), Some(installation)) => {
            format!(", made by Drawbridge's installation {installation} for connection {connection}")
        }
        (Some(connection), None) => format!(", made by Drawbridge for connection {connection}"),
        (None, _) => ", not made by Drawbridge".to_owned(),
    }
}

/// What to do about another endpoint in the same place.
pub(super) fn keep_or_delete(other: &Endpoint, vpc: &VpcId, said_in: &str) -> String {
    let id = &other.id;
    format!(
        "if {id} is used, keep it and take {vpc} out of {said_in}; else delete it: \
         `aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {id}`"
    )
}
