//! Which subnets an endpoint stands in: one per Availability Zone, of those that can carry it.

use std::collections::BTreeMap;

use super::codes::Code;
use super::{Findings, VpcSeen, listed};
use crate::ids::{AzId, SubnetId};
use crate::network::Subnet;
use crate::profile::Profile;
use crate::subscription::{Subnets, VpcTarget};

/// Checks the listed subnets, or chooses: the best subnet of each usable Availability Zone, in the
/// order of their ids.
pub(super) fn check(findings: &mut Findings, target: &VpcTarget, profile: &Profile, seen: &VpcSeen) -> Vec<SubnetId> {
    match &target.subnets {
        Subnets::Listed(ids) => {
            check_listed(findings, ids, target, profile, seen);
            ids.clone()
        }
        // Of a VPC that does not exist nothing more is to be said.
        Subnets::Auto if seen.vpc.is_none() => Vec::new(),
        Subnets::Auto => choose(findings, target, profile, seen),
    }
}

fn check_listed(findings: &mut Findings, ids: &[SubnetId], target: &VpcTarget, profile: &Profile, seen: &VpcSeen) {
    let mut zones: BTreeMap<&AzId, Vec<&SubnetId>> = BTreeMap::new();
    for id in ids {
        let Some(subnet) = seen.subnets.iter().find(|subnet| subnet.id == *id) else {
            findings.error(
                Code::SubnetNotFound,
                format!("there is no subnet {id} in this account and Region"),
                format!("subnets of {} that exist", target.vpc),
                "correct `subnets` in the subscription's target, or write `subnets: auto`",
            );
            continue;
        };
        if subnet.vpc != target.vpc {
            findings.error(
                Code::SubnetInOtherVpc,
                format!("{id} belongs to {}", subnet.vpc),
                format!("subnets of {}", target.vpc),
                "correct `subnets` or `vpc` in the subscription's target, or write `subnets: auto`",
            );
            continue;
        }
        zones.entry(&subnet.az).or_default().push(id);
        if profile.unsupported_az_ids.contains(&subnet.az) {
            findings.error(
                Code::SubnetZoneUnsupported,
                format!("{id} is in {}, which VPC Lattice does not support", subnet.az),
                "subnets in other Availability Zones",
                format!("take {id} out of `subnets` in the subscription's target, or write `subnets: auto`"),
            );
        }
        if subnet.free_addresses < profile.free_addresses_per_subnet {
            findings.error(
                Code::SubnetAddressesLow,
                format!("{id} has {} free addresses", subnet.free_addresses),
                format!("at least {} for {}", profile.free_addresses_per_subnet, profile.title),
                format!("free addresses in {id}, or list another subnet in {}", subnet.az),
            );
        }
    }
    for (zone, ids) in zones.iter().filter(|(_, ids)| ids.len() > 1) {
        findings.error(
            Code::SubnetsShareZone,
            format!("{} are all in {zone}", listed(ids)),
            "one subnet per Availability Zone",
            format!("keep one of them in `subnets` in the subscription's target ({})", listed(ids)),
        );
    }
}

fn choose(findings: &mut Findings, target: &VpcTarget, profile: &Profile, seen: &VpcSeen) -> Vec<SubnetId> {
    let mut best: BTreeMap<&AzId, &Subnet> = BTreeMap::new();
    for subnet in seen.subnets.iter().filter(|subnet| subnet.vpc == target.vpc) {
        let best = best.entry(&subnet.az).or_insert(subnet);
        let better = subnet.free_addresses.cmp(&best.free_addresses).then_with(|| best.id.cmp(&subnet.id));
        if better.is_gt() {
            *best = subnet;
        }
    }
    let mut chosen = Vec::new();
    let mut left_out = Vec::new();
    for (zone, subnet) in best {
        if profile.unsupported_az_ids.contains(zone) {
            left_out.push(format!("{zone} (VPC Lattice does not support it)"));
        } else if subnet.free_addresses < profile.free_addresses_per_subnet {
            left_out
                .push(format!("{zone} (its best subnet, {}, has {} free addresses)", subnet.id, subnet.free_addresses));
        } else {
            chosen.push(subnet.id.clone());
        }
    }
    let needed = format!(
        "a subnet with at least {} free addresses in an Availability Zone that VPC Lattice supports",
        profile.free_addresses_per_subnet
    );
    if chosen.is_empty() {
        let seen = if left_out.is_empty() {
            format!("{} has no subnets", target.vpc)
        } else {
            format!("no subnet of {} can be used: {}", target.vpc, left_out.join("; "))
        };
        findings.error(Code::NoUsableSubnet, seen, needed, "make one, or free addresses");
    } else if !left_out.is_empty() {
        findings.warning(
            Code::ZonesLeftOut,
            format!("`subnets: auto` left out {}", left_out.join("; ")),
            format!("for a zone to be used: {needed}"),
            "nothing unless clients in these zones must not reach across; a resource endpoint's subnets can't be \
             changed later, only by deleting and opening it anew",
        );
    }
    chosen
}
