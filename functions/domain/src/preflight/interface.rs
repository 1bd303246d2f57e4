//! Is a VPC ready for an interface endpoint to a service?

use super::codes::Code;
use super::private_names::{self, Place};
use super::site::{self, Needs, Site, Zones};
use super::{Findings, Preflight, Severity, VpcSeen, quotas, security_groups, subnets};
use crate::connection::PlannedCall;
use crate::ids::{ConnectionId, Service, VpcEndpointId};
use crate::network::{Endpoint, EndpointService, same_word};
use crate::profile::{PortUse, Profile, ProfileName};
use crate::subscription::InterfaceItem;

/// An interface endpoint takes one address for its network interface in each subnet
/// [AWS:privatelink/create-interface-endpoint].
const ADDRESSES: u32 = 1;

/// Zones from which no service of another Region can be reached
/// [AWS:privatelink/create-interface-endpoint, cross-Region].
const NOT_ACROSS_REGIONS: [&str; 5] = ["use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "apne2-az4"];

/// Whether an interface endpoint for `service` can be made as the subscription says, and how.
///
/// `services` is what EC2 shows under the service's name: none if there is no such service or this
/// account may not use it. `port` is the one that the subscription gives for the service, `profile`
/// is the subscription's, which counts for services that are not AWS's own. `ours` tells this
/// connection's own endpoint from those of others.
#[must_use]
pub fn interface(
    item: &InterfaceItem,
    profile: &Profile,
    port: Option<u16>,
    service: &Service,
    services: &[EndpointService],
    ours: &ConnectionId,
    seen: &VpcSeen,
) -> Preflight {
    let mut findings = Findings::default();
    let site = Site::from(item);
    let found = of_type(&mut findings, service, services, "Interface");
    let private_dns = found.is_some_and(|found| private_dns(&mut findings, item, service, found));
    let on_acceptance = found.is_some_and(|found| found.acceptance_required);
    if let Some(found) = found {
        acceptance(&mut findings, item, service, found);
        policy(&mut findings, item.policy.is_some(), service, found);
    }
    site::vpc(&mut findings, site, seen.vpc.as_ref(), private_dns, "false");
    let zones = zones(service, found, seen);
    let subnets = subnets::check(&mut findings, site, &needs(service, &zones), seen);
    let group = security_groups::check(&mut findings, site, &ports(profile, port, found), seen);
    if private_dns {
        private_name_taken(&mut findings, item, service, services, ours, seen);
    }
    quotas::check(&mut findings, "Interface", &item.vpc, ours, &seen.endpoints, &seen.quota);
    let call = PlannedCall::InterfaceEndpoint {
        service: service.clone(),
        vpc: item.vpc.clone(),
        subnets,
        security_groups: item.security_groups.listed(),
        private_dns: private_dns && !on_acceptance,
        policy: item.policy.as_ref().map(crate::subscription::Policy::text),
    };
    Preflight::of(findings, Some(call)).behind(group)
}

/// What an interface endpoint needs of a subnet, to a service that is in these zones.
pub(super) fn needs<'a>(service: &'a Service, zones: &'a [String]) -> Needs<'a> {
    let zones = Zones::OfService(service.name(), zones);
    Needs { free_addresses: ADDRESSES, title: "an interface endpoint", zones }
}

/// The zones that can be used. Those of a service in another Region are that Region's.
pub(super) fn zones(service: &Service, found: Option<&EndpointService>, seen: &VpcSeen) -> Vec<String> {
    match (service.region(), found) {
        (None, Some(found)) => found.zones.clone(),
        (Some(_), _) => across_regions(seen),
        (None, None) => Vec::new(),
    }
}

/// The service, if it takes endpoints of this type.
pub(super) fn of_type<'s>(
    findings: &mut Findings,
    service: &Service,
    services: &'s [EndpointService],
    wanted: &str,
) -> Option<&'s EndpointService> {
    let found = services.iter().find(|found| same_word(&found.service_type, wanted));
    let place = service.region().map_or_else(|| "this Region".to_owned(), |region| format!("Region {region}"));
    if services.is_empty() {
        findings.error(
            Code::ServiceNotFound,
            format!("EC2 shows no endpoint service {} in {place} to this account", service.name()),
            "a service that exists and that its owner allows this account to use",
            "correct the name in the subscription's endpoint (`aws ec2 describe-vpc-endpoint-services` lists those there \
             are), or ask its owner to add this account to the service's allowed principals",
        );
    } else if found.is_none() {
        let types: Vec<_> = services.iter().map(|found| found.service_type.as_str()).collect();
        findings.error(
            Code::ServiceTypeDiffers,
            format!("{} takes endpoints of type {}", service.name(), types.join(", ")),
            format!("a service that takes endpoints of type {wanted}"),
            "correct the name, or the kind of endpoint, in the subscription",
        );
    }
    if let Some(found) = found {
        address_family(findings, service, found);
    }
    found
}

/// An endpoint has IPv4 addresses if the request says nothing else, and Drawbridge's says nothing.
fn address_family(findings: &mut Findings, service: &Service, found: &EndpointService) {
    let families = &found.address_families;
    if !families.is_empty() && !families.iter().any(|family| same_word(family, "ipv4")) {
        findings.error(
            Code::AddressFamilyDiffers,
            format!("{} takes endpoints with {} addresses", service.name(), families.join(" and ")),
            "a service that takes endpoints with IPv4 addresses",
            "ask the service's owner to support ipv4, or make the endpoint by hand",
        );
    }
}

pub(super) fn policy(findings: &mut Findings, has_one: bool, service: &Service, found: &EndpointService) {
    if has_one && !found.policy_supported {
        findings.error(
            Code::PolicyNotSupported,
            format!("{} takes no endpoint policy", service.name()),
            "an endpoint without a policy",
            "take `policy` out of the subscription's endpoint; security groups still say who reaches it",
        );
    }
}

/// Whether private DNS is to be on: if asked for, or if nothing is said and it can be. EC2 turns it on when the service's
/// owner has accepted the endpoint, and refuses to make one with it before; without a word it stays off then.
pub(super) fn private_dns(
    findings: &mut Findings,
    item: &InterfaceItem,
    service: &Service,
    found: &EndpointService,
) -> bool {
    match (item.private_dns, &found.private_dns_name) {
        (Some(false), _) | (None, None) => false,
        (None, Some(_)) if found.acceptance_required => false,
        (Some(true), None) => {
            findings.error(
                Code::PrivateDnsNotOffered,
                format!("{} has no private name", service.name()),
                "a private name, since `private_dns: true` asks for it",
                "take `private_dns` out of the subscription's endpoint, or ask the service's owner for a private name",
            );
            false
        }
        _ if private_dns_is_on(item, found) => true,
        (asked, Some(name)) => {
            let severity = if asked.is_some() { Severity::Error } else { Severity::Warning };
            findings.add(
                severity,
                Code::PrivateDnsNotVerified,
                format!(
                    "the private name {name} of {} is {}",
                    service.name(),
                    found.private_dns_state.as_deref().unwrap_or("not verified")
                ),
                "a name that the service's owner has verified",
                "ask the owner to verify it; without it the endpoint is reached by its own names",
            );
            false
        }
    }
}

/// As [`private_dns`], without a word.
pub(super) fn private_dns_is_on(item: &InterfaceItem, found: &EndpointService) -> bool {
    let verified = found.private_dns_state.as_ref().is_none_or(|state| same_word(state, "verified"));
    item.private_dns.unwrap_or(!found.acceptance_required) && found.private_dns_name.is_some() && verified
}

fn acceptance(findings: &mut Findings, item: &InterfaceItem, service: &Service, found: &EndpointService) {
    if !found.acceptance_required {
        return;
    }
    findings.warning(
        Code::AcceptanceRequired,
        format!("account {}, which owns {}, accepts each endpoint", found.owner, service.name()),
        "its acceptance: until then the endpoint is pendingAcceptance",
        "tell the owner to expect an endpoint from this account",
    );
    let Some(name) = found.private_dns_name.as_ref().filter(|_| item.private_dns != Some(false)) else { return };
    findings.warning(
        Code::PrivateDnsAfterAcceptance,
        format!("{} has the private name {name}, and its owner accepts each endpoint", service.name()),
        "its acceptance: EC2 makes no such endpoint with private DNS, and turns it on afterwards",
        if item.private_dns.is_some() {
            "nothing: Drawbridge turns it on once the endpoint is accepted"
        } else {
            "write `private_dns: true` in the subscription's endpoint to have it turned on then, or `false` if it is not to be"
        },
    );
}

/// The port that the subscription gives; else what is known of AWS's own services, or of the vendor.
pub(super) fn ports(profile: &Profile, port: Option<u16>, found: Option<&EndpointService>) -> Vec<PortUse> {
    match (port, found) {
        (Some(port), _) => {
            vec![PortUse {
                from: port,
                to: port,
                used_for: "by `ports` in the subscription".to_owned(),
                required: true,
            }]
        }
        (None, Some(found)) if found.is_amazon_s() => Profile::of(ProfileName::AwsService).ports.clone(),
        (None, _) => profile.ports.clone(),
    }
}

/// The zones of the subnets seen from which a service of another Region can be reached.
fn across_regions(seen: &VpcSeen) -> Vec<String> {
    let zones: std::collections::BTreeSet<_> = seen.subnets.iter().map(|subnet| subnet.az.as_str()).collect();
    let usable: Vec<_> =
        zones.iter().filter(|zone| !NOT_ACROSS_REGIONS.contains(zone)).map(|zone| (*zone).to_owned()).collect();
    // No list would mean all of them.
    if usable.is_empty() { vec!["another one".to_owned()] } else { usable }
}

/// In one VPC a private name leads to one endpoint, and none of it stands in somebody's hosted zone.
pub(super) fn private_name_taken(
    findings: &mut Findings,
    item: &InterfaceItem,
    service: &Service,
    services: &[EndpointService],
    ours: &ConnectionId,
    seen: &VpcSeen,
) {
    let told = service_taken(findings, item, service, ours, seen);
    let names = private_names::names_of_service(item, services);
    let place = Place { vpc: &item.vpc, said_in: "the subscription's endpoint", off: "private_dns: false" };
    private_names::check(findings, &names, &place, ours, seen, &told);
}

/// In one VPC a service has one endpoint with private DNS.
fn service_taken(
    findings: &mut Findings,
    item: &InterfaceItem,
    service: &Service,
    ours: &ConnectionId,
    seen: &VpcSeen,
) -> Vec<VpcEndpointId> {
    let same = |other: &&Endpoint| {
        same_word(&other.endpoint_type, "Interface") && other.service.as_deref() == Some(service.name())
    };
    let mut told = Vec::new();
    for other in private_names::answering(&seen.endpoints, &item.vpc, ours).filter(same) {
        findings.error(
            Code::PrivateDnsTaken,
            format!(
                "{} in {} answers to the private name of {} already ({}){}",
                other.id,
                item.vpc,
                service.name(),
                other.state,
                site::maker(other)
            ),
            "one endpoint per private name in a VPC",
            format!(
                "{}; or set `private_dns: false` for this one",
                site::keep_or_delete(other, &item.vpc, "the subscription's endpoint")
            ),
        );
        told.push(other.id.clone());
    }
    told
}
