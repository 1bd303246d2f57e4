//! Is a VPC ready for a resource endpoint?

use super::codes::Code;
use super::{Findings, Preflight, Severity, VpcSeen, listed, security_groups, subnets};
use crate::connection::{PlannedCall, PlannedDns};
use crate::identity::{TAG_CONNECTION, TAG_INSTALLATION};
use crate::ids::{ConnectionId, ResourceArn};
use crate::network::{Endpoint, ResourceConfiguration, Vpc, same_word};
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
    match &seen.vpc {
        Some(vpc) => dns_attributes(&mut findings, vpc, private_dns.enabled),
        None => findings.error(
            Code::VpcNotFound,
            format!("there is no VPC {} in this account and Region", target.vpc),
            "a VPC that exists",
            "correct `vpc` in the subscription's target, or make the VPC",
        ),
    }
    let subnets = subnets::check(&mut findings, target, profile, seen);
    security_groups::check(&mut findings, target, profile, seen);
    endpoints(&mut findings, target, resource, ours, seen, private_dns.enabled);
    let call = PlannedCall::ResourceEndpoint {
        resource: resource.clone(),
        vpc: target.vpc.clone(),
        subnets,
        security_groups: target.security_groups.clone(),
        private_dns,
    };
    Preflight::of(findings, Some(call))
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

/// Private DNS needs both attributes [AWS: PrivateLink guide]. Without private DNS the endpoint is
/// reached by its own names, which public DNS answers, so an attribute that is off stops nothing:
/// only clients that ask the VPC's own resolver are left without an answer.
fn dns_attributes(findings: &mut Findings, vpc: &Vpc, private_dns: bool) {
    let attributes = [("enableDnsSupport", vpc.dns_support), ("enableDnsHostnames", vpc.dns_hostnames)];
    let off: Vec<_> = attributes.iter().filter(|(_, on)| !on).map(|(name, _)| *name).collect();
    if off.is_empty() {
        return;
    }
    let (severity, needed) = if private_dns {
        (Severity::Error, "both on: private DNS is on for this target")
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
    let instead = if private_dns { "; or set `private_dns: off` for this target" } else { "" };
    findings.add(
        severity,
        Code::VpcDnsAttributesOff,
        format!("{} is off in {}", off.join(" and "), vpc.id),
        needed,
        format!("{turn_on}{instead}"),
    );
}

fn endpoints(
    findings: &mut Findings,
    target: &VpcTarget,
    resource: &ResourceArn,
    ours: &ConnectionId,
    seen: &VpcSeen,
    private_dns: bool,
) {
    let mut standing: Vec<&Endpoint> = seen
        .endpoints
        .iter()
        .filter(|endpoint| !endpoint.is_deleted() && !same_word(&endpoint.state, "deleting"))
        .filter(|endpoint| endpoint.vpc.as_ref().is_none_or(|vpc| *vpc == target.vpc))
        .filter(|endpoint| endpoint.tags.get(TAG_CONNECTION).is_none_or(|tag| tag != ours.as_str()))
        .collect();
    standing.sort_by(|a, b| a.id.cmp(&b.id));
    for other in standing.iter().filter(|endpoint| endpoint.resource.as_ref() == Some(resource)) {
        let maker = match (other.tags.get(TAG_CONNECTION), other.tags.get(TAG_INSTALLATION)) {
            (Some(connection), Some(installation)) => {
                format!(", made by Drawbridge's installation {installation} for connection {connection}")
            }
            (Some(connection), None) => format!(", made by Drawbridge for connection {connection}"),
            (None, _) => ", not made by Drawbridge".to_owned(),
        };
        findings.error(
            Code::EndpointExists,
            format!("{} in {} leads to {resource} already ({}){maker}", other.id, target.vpc, other.state),
            "one endpoint per resource in a VPC",
            format!(
                "if {id} is used, keep it and take {vpc} out of the subscription's targets; else delete it: \
                 `aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {id}`",
                id = other.id,
                vpc = target.vpc
            ),
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
