//! Is a VPC ready for a resource endpoint?

use super::codes::Code;
use super::private_names::{self, Place};
use super::site::{self, Needs, Site};
use super::{Findings, Preflight, VpcSeen, listed, quotas, security_groups, subnets};
use crate::connection::{PlannedCall, PlannedDns};
use crate::ids::{ConnectionId, ResourceArn};
use crate::network::{ResourceConfiguration, same_word};
use crate::profile::Profile;
use crate::subscription::{PrivateDns, VpcTarget};

/// Whether a resource endpoint for `resource` can be made in the target's VPC, and how.
///
/// `configuration` is none where its owner denies reading it. `ours` tells this connection's own
/// endpoint, which may stand already after an answer was lost, from those of others.
#[must_use]
pub fn vpc(
    target: &VpcTarget,
    profile: &Profile,
    resource: &ResourceArn,
    configuration: Option<&ResourceConfiguration>,
    ours: &ConnectionId,
    seen: &VpcSeen,
) -> Preflight {
    let private_dns = planned_dns(&target.private_dns, profile);
    let mut findings = Findings::default();
    findings.child(configuration);
    cidr(&mut findings, configuration);
    let site = Site::from(target);
    site::vpc(&mut findings, site, seen.vpc.as_ref(), private_dns.enabled, "off");
    let subnets = subnets::check(&mut findings, site, &Needs::lattice(profile), seen);
    let group = security_groups::check(&mut findings, site, &profile.ports, seen);
    endpoints(&mut findings, target, resource, ours, seen, private_dns.enabled);
    let names = private_names::names_of_resource(configuration, &private_dns);
    let place = Place { vpc: &target.vpc, said_in: "the subscription's targets", off: "private_dns: off" };
    private_names::check(&mut findings, &names, &place, ours, seen, &[]);
    quotas::check(&mut findings, "Resource", &target.vpc, ours, &seen.endpoints, &seen.quota);
    let call = PlannedCall::ResourceEndpoint {
        resource: resource.clone(),
        vpc: target.vpc.clone(),
        subnets,
        security_groups: target.security_groups.listed(),
        private_dns,
    };
    Preflight::of(findings, Some(call)).behind(group)
}

/// A target's private DNS in EC2's words.
pub(crate) fn planned_dns(wish: &PrivateDns, profile: &Profile) -> PlannedDns {
    let on = |preference: &str, domains: &[String]| PlannedDns {
        enabled: true,
        preference: Some(preference.to_owned()),
        domains: domains.to_vec(),
    };
    match wish {
        PrivateDns::Off => PlannedDns { enabled: false, preference: None, domains: Vec::new() },
        PrivateDns::ProfileDefault => on(profile.private_dns.as_str(), &[]),
        PrivateDns::VerifiedDomainsOnly => on("VERIFIED_DOMAINS_ONLY", &[]),
        PrivateDns::AllDomains => on("ALL_DOMAINS", &[]),
        PrivateDns::VerifiedAndSpecified(domains) => on("VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS", domains),
        PrivateDns::SpecifiedOnly(domains) => on("SPECIFIED_DOMAINS_ONLY", domains),
    }
}

/// A resource endpoint takes SINGLE, GROUP or ARN; CIDR takes a Tunnel endpoint [botocore: ec2].
fn cidr(findings: &mut Findings, configuration: Option<&ResourceConfiguration>) {
    if let Some(cidr) = configuration.filter(|configuration| same_word(&configuration.config_type, "CIDR")) {
        findings.error(
            Code::ConfigurationIsCidr,
            format!("{} is of type {}", cidr.arn, cidr.config_type),
            "a resource configuration of type GROUP, SINGLE or ARN",
            "make a Tunnel endpoint for it by hand, or ask the owner for a configuration of another type",
        );
    }
}

fn endpoints(
    findings: &mut Findings,
    target: &VpcTarget,
    resource: &ResourceArn,
    ours: &ConnectionId,
    seen: &VpcSeen,
    private_dns: bool,
) {
    let standing = site::others(&seen.endpoints, &target.vpc, ours);
    for other in standing.iter().filter(|endpoint| endpoint.resource.as_ref() == Some(resource)) {
        let maker = site::maker(other);
        findings.error(
            Code::EndpointExists,
            format!("{} in {} leads to {resource} already ({}){maker}", other.id, target.vpc, other.state),
            "one endpoint per resource in a VPC",
            site::keep_or_delete(other, &target.vpc, "the subscription's targets"),
        );
    }
    let networks = listed(
        standing
            .iter()
            .filter(|endpoint| same_word(&endpoint.endpoint_type, "ServiceNetwork"))
            .map(|endpoint| &endpoint.id),
    );
    if private_dns && !networks.is_empty() {
        findings.warning(
            Code::ServiceNetworkEndpointBeside,
            format!("{} has the service-network endpoint {networks}", target.vpc),
            format!(
                "with private DNS on, AWS refuses a resource endpoint for a resource that a service-network endpoint \
                 of the VPC leads to: {resource} must not be associated with that service network"
            ),
            "nothing if it is not; else reach the resource through the service network, or set `private_dns: off` \
             for this target",
        );
    }
}
