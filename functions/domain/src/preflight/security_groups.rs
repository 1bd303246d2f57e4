//! Do the endpoint's security groups exist, and do they let in what has to come in?

use super::codes::Code;
use super::site::Site;
use super::{Findings, VpcSeen, listed};
use crate::connection::PlannedGroup;
use crate::ids::SecurityGroupId;
use crate::network::{Ingress, SecurityGroup};
use crate::profile::PortUse;
use crate::subscription::SecurityGroups;

/// Ports, inclusive.
type Range = (u16, u16);

/// Checks the listed groups; or says what the endpoint's own is to admit.
pub(super) fn check(findings: &mut Findings, site: Site<'_>, used: &[PortUse], seen: &VpcSeen) -> Option<PlannedGroup> {
    let managed = match site.security_groups {
        SecurityGroups::Listed(_) => None,
        SecurityGroups::Managed(sources) => Some(sources),
    };
    let mut ours: Vec<&SecurityGroup> = Vec::new();
    for id in site.security_groups.named() {
        match seen.security_groups.iter().find(|group| group.id == *id) {
            None => findings.error(
                Code::SecurityGroupNotFound,
                format!("there is no security group {id} in this account and Region"),
                format!("security groups of {} that exist", site.vpc),
                format!("correct `security_groups` in {}", site.said_in),
            ),
            // What a managed group admits may be in a VPC that is peered.
            Some(group) if group.vpc != *site.vpc && managed.is_none() => findings.error(
                Code::SecurityGroupInOtherVpc,
                format!("{id} belongs to {}", group.vpc),
                format!("security groups of {}", site.vpc),
                format!("correct `security_groups` or `vpc` in {}", site.said_in),
            ),
            Some(group) => ours.push(group),
        }
    }
    let Some(sources) = managed else {
        ports(findings, used, &ours);
        return None;
    };
    if used.is_empty() {
        findings.error(
            Code::ManagedPortsUnknown,
            "neither the profile nor the subscription says which ports are used".to_owned(),
            "ports that the endpoint's own security group can admit",
            format!(
                "name a vendor's `profile` or, for a service, its port in `ports`; or list `security_groups` in {}",
                site.said_in
            ),
        );
    }
    let own = sources.cidrs.is_empty() && sources.security_groups.is_empty();
    let vpc = seen.vpc.as_ref()?;
    // A subscription may say of a profile's own port that it is required; EC2 refuses a rule that is asked for twice.
    let mut ports = Vec::with_capacity(used.len());
    for range in used.iter().map(|ports| (ports.from, ports.to)) {
        if !ports.contains(&range) {
            ports.push(range);
        }
    }
    Some(PlannedGroup {
        vpc: vpc.id.clone(),
        ports,
        cidrs: if own { vpc.cidrs.clone() } else { sources.cidrs.iter().map(ToString::to_string).collect() },
        security_groups: sources.security_groups.clone(),
    })
}

/// An endpoint's groups act together: what one of them admits is admitted. Of no groups, which was
/// told already, nothing is said.
fn ports(findings: &mut Findings, used: &[PortUse], groups: &[&SecurityGroup]) {
    let admitted = merged(groups.iter().flat_map(|group| &group.ingress).filter_map(tcp).collect());
    let names = listed(groups.iter().map(|group| &group.id));
    let Some(example) = groups.first().map(|group| &group.id) else { return };
    let (required, optional): (Vec<&PortUse>, Vec<&PortUse>) = used.iter().partition(|ports| ports.required);

    let closed = |ports: &PortUse| closed((ports.from, ports.to), &admitted);
    let entirely = |ports: &PortUse| closed(ports) == [(ports.from, ports.to)];
    if required.is_empty() && admitted.is_empty() {
        // Whatever the port is, it is none of those that are admitted.
        findings.error(
            Code::PortsClosed,
            format!("{names} admit no TCP port at all"),
            "ingress of the ports that the resource listens on",
            format!("{}, with its port and from where the clients are", admit(example, None)),
        );
    } else if !required.is_empty() && required.iter().all(|ports| entirely(ports)) {
        findings.error(
            Code::PortsClosed,
            format!("{names} admit none of TCP {}", uses(&required)),
            format!("ingress of TCP {}", uses(&required)),
            required.iter().map(|ports| admit(example, Some(ports))).collect::<Vec<_>>().join("; "),
        );
    } else {
        for ports in required.iter().filter(|ports| !closed(ports).is_empty()) {
            findings.warning(
                Code::PortsPartlyClosed,
                format!("{names} do not admit TCP {} of {}", ranges(&closed(ports)), uses(&[ports])),
                format!("ingress of TCP {}: whatever listens on another one of them can't be reached", uses(&[ports])),
                admit(example, Some(ports)),
            );
        }
    }
    for ports in optional.iter().filter(|ports| !closed(ports).is_empty()) {
        findings.warning(
            Code::OptionalPortsClosed,
            format!("{names} do not admit TCP {} ({})", ranges(&closed(ports)), ports.used_for),
            format!("ingress of TCP {} only if {} are to be reached", one((ports.from, ports.to)), ports.used_for),
            format!("nothing, or {}", admit(example, Some(ports))),
        );
    }
}

fn admit(group: &SecurityGroupId, ports: Option<&PortUse>) -> String {
    let port = ports.map_or_else(|| "PORT".to_owned(), |ports| one((ports.from, ports.to)));
    format!("`aws ec2 authorize-security-group-ingress --group-id {group} --protocol tcp --port {port} --cidr CLIENTS`")
}

/// The TCP ports of a rule; an endpoint for resources carries TCP only.
fn tcp(rule: &Ingress) -> Option<Range> {
    let protocol = rule.protocol.to_ascii_lowercase();
    match protocol.as_str() {
        // All protocols means all ports, whatever a rule says besides [AWS: IpPermission].
        "-1" | "all" => Some((0, u16::MAX)),
        "tcp" | "6" => Some(rule.ports.unwrap_or((0, u16::MAX))).filter(|(from, to)| from <= to),
        _ => None,
    }
}

/// Ranges in order, none of them in another.
fn merged(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_unstable();
    let mut merged: Vec<Range> = Vec::new();
    for (from, to) in ranges {
        match merged.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// What of a range lies outside the admitted ones, which are merged.
fn closed((mut from, to): Range, admitted: &[Range]) -> Vec<Range> {
    let mut gaps = Vec::new();
    for (start, end) in admitted.iter().copied() {
        if end < from || start > to {
            continue;
        }
        if start > from {
            gaps.push((from, start - 1));
        }
        if end >= to {
            return gaps;
        }
        from = end + 1;
    }
    gaps.push((from, to));
    gaps
}

fn one((from, to): Range) -> String {
    if from == to { from.to_string() } else { format!("{from}-{to}") }
}

fn ranges(ranges: &[Range]) -> String {
    listed(ranges.iter().map(|range| one(*range)))
}

fn uses(ports: &[&PortUse]) -> String {
    listed(ports.iter().map(|ports| format!("{} ({})", one((ports.from, ports.to)), ports.used_for)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_port_is_closed_exactly_if_no_range_holds_it(
            ranges in proptest::collection::vec((0u16..400, 0u16..100).prop_map(|(from, n)| (from, from + n)), 0..8),
            from in 0u16..400, length in 0u16..200,
        ) {
            let gaps = closed((from, from + length), &merged(ranges.clone()));
            for port in from..=from + length {
                let is_closed = gaps.iter().any(|(a, b)| (*a..=*b).contains(&port));
                let is_open = ranges.iter().any(|(a, b)| (*a..=*b).contains(&port));
                prop_assert_ne!(is_closed, is_open, "{}", port);
            }
        }
    }

    #[test]
    fn only_rules_for_tcp_count() {
        let rule = |protocol: &str, ports| tcp(&Ingress { protocol: protocol.to_owned(), ports });
        assert_eq!(rule("tcp", Some((1, 2))), Some((1, 2)));
        assert_eq!(rule("TCP", None), Some((0, u16::MAX)));
        assert_eq!(rule("6", Some((1, 2))), Some((1, 2)));
        assert_eq!(rule("-1", Some((1, 2))), Some((0, u16::MAX)));
        assert_eq!(rule("all", None), Some((0, u16::MAX)));
        assert_eq!(rule("udp", None), None);
        assert_eq!(rule("17", Some((1, 2))), None);
        assert_eq!(rule("icmp", None), None);
        assert_eq!(rule("tcp", Some((2, 1))), None);
    }
}
