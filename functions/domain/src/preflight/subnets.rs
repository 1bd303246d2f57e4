//! Which subnets an endpoint stands in: one per Availability Zone, of those that can carry it.

use std::collections::BTreeMap;

use super::codes::Code;
use super::site::{Needs, Site};
use super::{Findings, VpcSeen, listed};
use crate::ids::{AzId, SubnetId};
use crate::network::Subnet;
use crate::subscription::Subnets;

/// Checks the listed subnets, or chooses: the best subnet of each usable Availability Zone, in the
/// order of their ids.
pub(super) fn check(findings: &mut Findings, site: Site<'_>, needs: &Needs<'_>, seen: &VpcSeen) -> Vec<SubnetId> {
    match site.subnets {
        Subnets::Listed(ids) => {
            check_listed(findings, ids, &[], site, needs, seen);
            ids.clone()
        }
        // Of a VPC that does not exist nothing more is to be said.
        Subnets::Auto if seen.vpc.is_none() => Vec::new(),
        Subnets::Auto => choose(findings, site, needs, seen),
    }
}

/// Checks listed subnets. `has` are those that the endpoint stands in already: they are their own proof, but for a zone
/// that they share with a new one.
pub(super) fn check_listed(
    findings: &mut Findings,
    ids: &[SubnetId],
    has: &[SubnetId],
    site: Site<'_>,
    needs: &Needs<'_>,
    seen: &VpcSeen,
) {
    let mut zones: BTreeMap<&AzId, Vec<&SubnetId>> = BTreeMap::new();
    for id in ids {
        let found = seen.subnets.iter().find(|subnet| subnet.id == *id);
        if has.contains(id) {
            if let Some(subnet) = found {
                zones.entry(&subnet.az).or_default().push(id);
            }
            continue;
        }
        let Some(subnet) = found else {
            findings.error(
                Code::SubnetNotFound,
                format!("there is no subnet {id} in this account and Region"),
                format!("subnets of {} that exist", site.vpc),
                format!("correct `subnets` in {}, or write `subnets: auto`", site.said_in),
            );
            continue;
        };
        if subnet.vpc != *site.vpc {
            findings.error(
                Code::SubnetInOtherVpc,
                format!("{id} belongs to {}", subnet.vpc),
                format!("subnets of {}", site.vpc),
                format!("correct `subnets` or `vpc` in {}, or write `subnets: auto`", site.said_in),
            );
            continue;
        }
        zones.entry(&subnet.az).or_default().push(id);
        if !needs.zones.has(subnet) {
            findings.error(
                Code::SubnetZoneUnsupported,
                format!("{id} is in {}, which {}", subnet.az, needs.zones.lack()),
                format!("a subnet in {}", needs.zones.needed()),
                format!("take {id} out of `subnets` in {}, or write `subnets: auto`", site.said_in),
            );
        }
        if subnet.ipv6_only {
            findings.error(
                Code::SubnetIpv6Only,
                format!("{id} has IPv6 addresses only"),
                "a subnet with IPv4 addresses: that is what an endpoint has if nothing else is asked for",
                format!("list another subnet in {}, or write `subnets: auto`", subnet.az),
            );
        } else if subnet.free_addresses < needs.free_addresses {
            findings.error(
                Code::SubnetAddressesLow,
                format!("{id} has {} free addresses", subnet.free_addresses),
                format!("at least {} for {}", needs.free_addresses, needs.title),
                format!("free addresses in {id}, or list another subnet in {}", subnet.az),
            );
        }
    }
    for (zone, ids) in zones.iter().filter(|(_, ids)| ids.len() > 1) {
        findings.error(
            Code::SubnetsShareZone,
            format!("{} are all in {zone}", listed(ids)),
            "one subnet per Availability Zone",
            format!("keep one of them in `subnets` in {} ({})", site.said_in, listed(ids)),
        );
    }
}

fn choose(findings: &mut Findings, site: Site<'_>, needs: &Needs<'_>, seen: &VpcSeen) -> Vec<SubnetId> {
    let mut best: BTreeMap<&AzId, &Subnet> = BTreeMap::new();
    for subnet in seen.subnets.iter().filter(|subnet| subnet.vpc == *site.vpc) {
        // Of two without an address to give, the one that could have some says more.
        let rank = |subnet: &Subnet| (!subnet.ipv6_only, subnet.free_addresses);
        let best = best.entry(&subnet.az).or_insert(subnet);
        let better = rank(subnet).cmp(&rank(best)).then_with(|| best.id.cmp(&subnet.id));
        if better.is_gt() {
            *best = subnet;
        }
    }
    let mut chosen = Vec::new();
    let mut left_out = Vec::new();
    let mut apart = 0;
    for (zone, subnet) in best {
        if !needs.zones.has(subnet) {
            apart += 1;
            left_out.push(format!("{zone} ({} it)", needs.zones.lack()));
        } else if subnet.ipv6_only {
            left_out.push(format!("{zone} (its subnets have IPv6 addresses only)"));
        } else if subnet.free_addresses < needs.free_addresses {
            left_out
                .push(format!("{zone} (its best subnet, {}, has {} free addresses)", subnet.id, subnet.free_addresses));
        } else {
            chosen.push(subnet.id.clone());
        }
    }
    let needed = format!("a subnet with at least {} free addresses in {}", needs.free_addresses, needs.zones.needed());
    if chosen.is_empty() {
        let seen = if left_out.is_empty() {
            format!("{} has no subnets", site.vpc)
        } else {
            format!("no subnet of {} can be used: {}", site.vpc, left_out.join("; "))
        };
        // VPC Lattice's zones are nobody's choice; those of a service are its owner's.
        let service = needs.zones.subnets_can_change();
        if service && apart > 0 && apart == left_out.len() {
            let way_out = "make one, or ask the service's owner to add one of these zones";
            findings.error(Code::NoZoneInCommon, seen, needed, way_out);
        } else {
            findings.error(Code::NoUsableSubnet, seen, needed, "make one, or free addresses");
        }
    } else if !left_out.is_empty() {
        findings.warning(
            Code::ZonesLeftOut,
            format!("`subnets: auto` left out {}", left_out.join("; ")),
            format!("for a zone to be used: {needed}"),
            if needs.zones.subnets_can_change() {
                "nothing unless clients in these zones must not reach across"
            } else {
                "nothing unless clients in these zones must not reach across; the endpoint's subnets can't be changed \
                 later, only by deleting and opening it anew"
            },
        );
    }
    chosen
}
