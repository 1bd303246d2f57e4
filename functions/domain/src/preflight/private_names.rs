//! The private names that an endpoint would answer to, held against whatever else in the VPC answers to them: hosted zones
//! and other endpoints.

use std::collections::BTreeSet;

use super::codes::Code;
use super::{Findings, Looked, Severity, VpcSeen, interface, listed, site};
use crate::connection::PlannedDns;
use crate::ids::{ConnectionId, VpcEndpointId, VpcId};
use crate::network::{Endpoint, EndpointService, HostedZone, ResourceConfiguration, same_word};
use crate::subscription::InterfaceItem;

/// A name for which AWS makes a hosted zone with the endpoint, and associates it with the VPC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PrivateName {
    /// In lower case, without `*.` before it.
    domain: String,
    kind: NameKind,
    /// Whether its zone is made for certain.
    sure: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum NameKind {
    /// The zone has the name, and answers to it alone.
    Exact,
    /// `*.domain`: the zone has the name after the asterisk, as EC2 shows with the entries of such endpoints, and answers
    /// to whatever is under it.
    Wildcard,
    /// Any name under it may get a zone of its own: those of a GROUP's children.
    Under,
}

impl PrivateName {
    fn of(name: &str, sure: bool) -> Self {
        let name = plain(name);
        match name.strip_prefix("*.") {
            Some(domain) => Self { domain: domain.to_owned(), kind: NameKind::Wildcard, sure },
            None => Self { domain: name, kind: NameKind::Exact, sure },
        }
    }

    /// Whether it is known, as opposed to a domain that names are under.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.kind != NameKind::Under
    }

    fn under(domain: &str, sure: bool) -> Self {
        let name = plain(domain);
        Self { domain: name.strip_prefix("*.").unwrap_or(&name).to_owned(), kind: NameKind::Under, sure }
    }
}

impl std::fmt::Display for PrivateName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let before = if self.kind == NameKind::Exact { "" } else { "*." };
        write!(f, "{before}{}", self.domain)
    }
}

/// As names are compared: Route 53 shows them with a dot at the end and with an asterisk as `\052`.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').replace("\\052", "*").to_ascii_lowercase()
}

fn is_under(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|front| front.ends_with('.'))
}

/// Those of an interface endpoint that is to be made as `item` says: none without private DNS.
#[must_use]
pub fn names_of_service(item: &InterfaceItem, services: &[EndpointService]) -> Vec<PrivateName> {
    let found = services.iter().find(|found| same_word(&found.service_type, "Interface"));
    let Some(found) = found.filter(|found| interface::private_dns_is_on(item, found)) else { return Vec::new() };
    let names: BTreeSet<_> = found
        .private_dns_name
        .iter()
        .chain(&found.private_dns_names)
        .filter(|name| !name.is_empty())
        .map(|name| PrivateName::of(name, true))
        .collect();
    names.into_iter().collect()
}

/// Those of a resource endpoint, as far as its configuration says. A provider may deny reading it: then the subscription's
/// own list of domains is what is known.
#[must_use]
pub fn names_of_resource(configuration: Option<&ResourceConfiguration>, dns: &PlannedDns) -> Vec<PrivateName> {
    if !dns.enabled {
        return Vec::new();
    }
    let specified = || dns.domains.iter().map(|domain| PrivateName::of(domain, false));
    let Some(configuration) = configuration else {
        let possible: BTreeSet<_> = specified().map(|name| PrivateName { kind: name.kind.unsure(), ..name }).collect();
        return possible.into_iter().collect();
    };
    let preference = dns.preference.as_deref().unwrap_or_default();
    let every = preference == "ALL_DOMAINS"
        || configuration.verified
            && ["VERIFIED_DOMAINS_ONLY", "VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS"].contains(&preference);
    let (custom, group) = (configuration.custom_domain.as_ref(), configuration.group_domain.as_ref());
    let custom = custom.map(|name| PrivateName::of(name, true)).filter(|name| {
        every
            || specified().any(|wish| match wish.kind {
                NameKind::Exact => wish.domain == name.domain,
                _ => is_under(&name.domain, &wish.domain),
            })
    });
    let group = group.map(|domain| PrivateName::under(domain, false));
    let of_children = group.into_iter().flat_map(|group| -> Vec<_> {
        if every {
            return vec![group];
        }
        specified()
            .filter_map(|wish| match wish.kind {
                NameKind::Exact => is_under(&wish.domain, &group.domain).then_some(wish),
                _ if wish.domain == group.domain || is_under(&wish.domain, &group.domain) => {
                    Some(PrivateName { kind: NameKind::Under, ..wish })
                }
                _ => is_under(&group.domain, &wish.domain).then(|| group.clone()),
            })
            .collect()
    });
    custom.into_iter().chain(of_children).collect::<BTreeSet<_>>().into_iter().collect()
}

impl NameKind {
    /// Of a domain of which it is not known whether anything has it.
    const fn unsure(self) -> Self {
        match self {
            Self::Wildcard => Self::Under,
            other => other,
        }
    }
}

/// The endpoints of others whose private names stand behind them, not with them.
#[must_use]
pub fn with_names_behind(endpoints: &[Endpoint], vpc: &VpcId, ours: &ConnectionId) -> Vec<VpcEndpointId> {
    let behind =
        |other: &&Endpoint| ["Resource", "ServiceNetwork"].iter().any(|of| same_word(of, &other.endpoint_type));
    answering(endpoints, vpc, ours).filter(behind).map(|other| other.id.clone()).collect()
}

/// The endpoints of others with private DNS.
pub(super) fn answering<'e>(
    endpoints: &'e [Endpoint],
    vpc: &VpcId,
    ours: &ConnectionId,
) -> impl Iterator<Item = &'e Endpoint> {
    let ended = |other: &Endpoint| ["failed", "rejected", "expired"].iter().any(|state| same_word(&other.state, state));
    site::others(endpoints, vpc, ours).into_iter().filter(move |other| other.private_dns && !ended(other))
}

/// Where the names are to be, and how to do without, as messages say it.
pub(super) struct Place<'a> {
    pub vpc: &'a VpcId,
    /// Where the subscription says it.
    pub said_in: &'static str,
    /// What turns private DNS off there.
    pub off: &'static str,
}

/// What clashes with the names, besides the endpoints that are told of already.
pub(super) fn check(
    findings: &mut Findings,
    names: &[PrivateName],
    place: &Place<'_>,
    ours: &ConnectionId,
    seen: &VpcSeen,
    told: &[VpcEndpointId],
) {
    if names.is_empty() {
        return;
    }
    taken(findings, names, place, ours, seen, told);
    match &seen.hosted_zones {
        Looked::Not => {}
        Looked::Failed(why) => findings.warning(
            Code::HostedZonesNotSeen,
            format!("the private hosted zones of {} could not be looked at: {why}", place.vpc),
            format!("none for {}, which is to be a private name of this endpoint", listed(names)),
            format!(
                "nothing if there is none (`aws route53 list-hosted-zones-by-vpc --vpc-id {} --vpc-region REGION`); allow \
                 route53:ListHostedZonesByVPC to have it looked at",
                place.vpc
            ),
        ),
        Looked::Seen(zones) => {
            let mut zones: Vec<_> = zones.iter().collect();
            zones.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
            for zone in zones {
                hosted_zone(findings, zone, names, place, seen);
            }
        }
    }
}

/// In one VPC a private name leads to one endpoint. The names of a GROUP's children are not held against those of others:
/// several GROUPs of one provider may well have them under one domain.
fn taken(
    findings: &mut Findings,
    names: &[PrivateName],
    place: &Place<'_>,
    ours: &ConnectionId,
    seen: &VpcSeen,
    told: &[VpcEndpointId],
) {
    let behind = match &seen.names_behind {
        Looked::Seen(rows) => rows.as_slice(),
        Looked::Not => &[],
        Looked::Failed(why) => {
            findings.warning(
                Code::PrivateNamesNotSeen,
                format!("the private names of the other endpoints of {} could not be looked at: {why}", place.vpc),
                format!("none of them answers to {}", listed(names)),
                "nothing if none does; allow ec2:DescribeVpcEndpointAssociations to have it looked at",
            );
            &[]
        }
    };
    for other in answering(&seen.endpoints, place.vpc, ours).filter(|other| !told.contains(&other.id)) {
        let its = behind.iter().filter(|(id, _)| *id == other.id).map(|(_, name)| name);
        let its: BTreeSet<_> =
            other.dns.iter().map(|dns| &dns.name).chain(its).map(|name| PrivateName::of(name, true)).collect();
        // None of theirs is a domain that names are under.
        let clash = |its: &PrivateName, ours: &PrivateName| ours.kind == its.kind && ours.domain == its.domain;
        let mut clashes = its.iter().filter_map(|name| Some((name, names.iter().find(|ours| clash(name, ours))?)));
        if let Some((name, own)) = clashes.next() {
            let needed = if own.sure {
                "one endpoint per private name in a VPC".to_owned()
            } else {
                format!("another name than {own} for what this endpoint leads to")
            };
            let severity = if own.sure { Severity::Error } else { Severity::Warning };
            findings.add(
                severity,
                Code::PrivateDnsTaken,
                format!(
                    "{} in {} answers to {name} already ({}){}",
                    other.id,
                    place.vpc,
                    other.state,
                    site::maker(other)
                ),
                needed,
                format!(
                    "{}; or set `{}` for this one",
                    site::keep_or_delete(other, place.vpc, place.said_in),
                    place.off
                ),
            );
        }
    }
}

/// How a hosted zone stands to a private name, the weightiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// A VPC is associated with one zone of a name at most, whoever owns them [AWS:Route53 `AssociateVPCWithHostedZone`,
    /// `ConflictingDomainExists`].
    Same,
    /// The same, if what is to be connected has this name.
    MaybeSame,
    /// Of two zones the one with the longer name answers [AWS:Route53 considerations of private hosted zones, overlapping
    /// namespaces]: this one does no more.
    Above,
    /// It goes on answering for its part of the names.
    Below,
}

fn standing(zone: &str, name: &PrivateName) -> Option<Standing> {
    let (same, below) = (zone == name.domain, is_under(zone, &name.domain));
    match name.kind {
        NameKind::Exact | NameKind::Wildcard if same && name.sure => Some(Standing::Same),
        NameKind::Exact | NameKind::Wildcard if same => Some(Standing::MaybeSame),
        NameKind::Under if below => Some(Standing::MaybeSame),
        NameKind::Under if same => Some(Standing::Above),
        NameKind::Wildcard if below => Some(Standing::Below),
        _ => is_under(&name.domain, zone).then_some(Standing::Above),
    }
}

fn hosted_zone(findings: &mut Findings, zone: &HostedZone, names: &[PrivateName], place: &Place<'_>, seen: &VpcSeen) {
    let its = plain(&zone.name);
    let standings = names.iter().filter_map(|name| Some((standing(&its, name)?, name)));
    let Some((standing, name)) = standings.min() else { return };
    let (vpc, id, off, said_in) = (place.vpc, &zone.id, place.off, place.said_in);
    let told = |whose: String| format!("{vpc} is associated with the private hosted zone {its} ({id}) of {whose}");
    if let Some(service) = &zone.service {
        // One of an endpoint that is seen, this connection's own included, is told with that endpoint.
        if standing == Standing::Same && !shown(seen, &its) {
            findings.warning(
                Code::HostedZoneClashes,
                told(format!("AWS's service {service}")),
                format!("no other zone of this name: {name} is to be a private name of this endpoint"),
                format!(
                    "if an endpoint was deleted a moment ago, nothing: its zone goes soon after it; in a VPC that another \
                     account shares, ask that account for its endpoint; or set `{off}` in {said_in}"
                ),
            );
        }
        return;
    }
    let seen = told(
        zone.account
            .as_ref()
            .map_or_else(|| "an owner whom Route 53 does not name".to_owned(), |account| format!("account {account}")),
    );
    let disassociate = format!(
        "`aws route53 disassociate-vpc-from-hosted-zone --hosted-zone-id {id} --vpc VPCRegion=REGION,VPCId={vpc}`"
    );
    match standing {
        Standing::Same | Standing::MaybeSame => findings.add(
            if standing == Standing::Same { Severity::Error } else { Severity::Warning },
            Code::HostedZoneClashes,
            seen,
            format!(
                "no other zone of this name: {name} is to be a private name of this endpoint, and a VPC has one zone of a name"
            ),
            format!(
                "if the zone leads to the same, take it off the VPC ({disassociate}) or delete it; else keep it, and set \
                 `{off}` in {said_in}"
            ),
        ),
        Standing::Above => findings.warning(
            Code::HostedZoneOverlaps,
            seen,
            format!("no record in it for {name}, or under that: the endpoint's own zone answers there instead"),
            format!("nothing if it has none; else set `{off}` in {said_in}"),
        ),
        Standing::Below => findings.warning(
            Code::HostedZoneOverlaps,
            seen,
            format!("nothing, if it is meant to answer for {its} instead of this endpoint with its private name {name}"),
            format!("if it is not, take it off the VPC ({disassociate})"),
        ),
    }
}

/// Whether an endpoint of the VPC has a private name that such a zone is for.
fn shown(seen: &VpcSeen, zone: &str) -> bool {
    let behind = if let Looked::Seen(rows) = &seen.names_behind { rows.as_slice() } else { &[] };
    let with = seen.endpoints.iter().flat_map(|endpoint| endpoint.dns.iter().map(|dns| &dns.name));
    with.chain(behind.iter().map(|(_, name)| name)).any(|name| PrivateName::of(name, true).domain == zone)
}
