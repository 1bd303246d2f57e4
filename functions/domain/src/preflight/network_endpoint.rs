//! Is a VPC ready for a service-network endpoint?

use super::codes::Code;
use super::site::{self, Needs, Site};
use super::vpc::planned_dns;
use super::{Finding, Findings, Preflight, VpcSeen, listed, quotas, security_groups, subnets};
use crate::connection::PlannedCall;
use crate::ids::{ConnectionId, ResourceArn, VpcId};
use crate::network::same_word;
use crate::profile::Profile;
use crate::subscription::VpcTarget;

/// Whether a service-network endpoint for `network` can be made in the target's VPC, and how.
///
/// `exists` is none where its owner denies reading it. `ours` tells this connection's own endpoint
/// from those of others.
#[must_use]
pub fn network_endpoint(
    target: &VpcTarget,
    profile: &Profile,
    network: &ResourceArn,
    exists: Option<bool>,
    ours: &ConnectionId,
    seen: &VpcSeen,
) -> Preflight {
    let private_dns = planned_dns(&target.private_dns, profile);
    let mut findings = Findings::default();
    let site = Site::from(target);
    if exists == Some(false) {
        findings.error(
            Code::ServiceNetworkNotFound,
            format!("there is no service network {network} that this account can see"),
            "a service network of this account, or one that is shared with it",
            "correct `service_network` in the subscription (another account's by its ARN), or ask its owner to share it",
        );
    }
    site::vpc(&mut findings, site, seen.vpc.as_ref(), private_dns.enabled, "off");
    let subnets = subnets::check(&mut findings, site, &Needs::lattice(profile), seen);
    let group = security_groups::check(&mut findings, site, &profile.ports, seen);
    beside(&mut findings, target, network, ours, seen, private_dns.enabled);
    quotas::check(&mut findings, "ServiceNetwork", &target.vpc, ours, &seen.endpoints, &seen.quota);
    let call = PlannedCall::ServiceNetworkEndpoint {
        service_network: network.clone(),
        vpc: target.vpc.clone(),
        subnets,
        security_groups: target.security_groups.listed(),
        private_dns,
    };
    Preflight::of(findings, Some(call)).behind(group)
}

fn beside(
    findings: &mut Findings,
    target: &VpcTarget,
    network: &ResourceArn,
    ours: &ConnectionId,
    seen: &VpcSeen,
    private_dns: bool,
) {
    let standing = site::others(&seen.endpoints, &target.vpc, ours);
    for other in standing.iter().filter(|endpoint| endpoint.service_network.as_ref() == Some(network)) {
        findings.error(
            Code::EndpointExists,
            format!(
                "{} in {} leads to {network} already ({}){}",
                other.id,
                target.vpc,
                other.state,
                site::maker(other)
            ),
            "one endpoint per service network in a VPC",
            site::keep_or_delete(other, &target.vpc, "the subscription"),
        );
    }
    let networks = standing.iter().filter(|other| other.service_network.as_ref().is_some_and(|of| of != network));
    let networks = listed(networks.map(|endpoint| &endpoint.id));
    if private_dns && !networks.is_empty() {
        second(findings, format!("{} reaches another service network by {networks}", target.vpc));
    }
    let resources = standing.iter().filter(|other| same_word(&other.endpoint_type, "Resource"));
    let resources = listed(resources.map(|endpoint| &endpoint.id));
    if private_dns && !resources.is_empty() {
        findings.warning(
            Code::ResourceEndpointBeside,
            format!("{} has resource endpoints ({resources})", target.vpc),
            "with private DNS on, AWS refuses a service-network endpoint that leads to a resource which a resource \
             endpoint of the VPC leads to",
            "nothing if it does not; else keep one of the two, or set `private_dns: off`",
        );
    }
}

/// What stands beside a service-network endpoint for `network`: the service networks that the VPC is
/// associated with. `open` does not look at these, since they stop nothing; `drawbridge plan` does.
#[must_use]
pub fn second_network(vpc: &VpcId, network: &ResourceArn, associated: &[ResourceArn]) -> Vec<Finding> {
    let mut findings = Findings::default();
    for other in associated {
        let again = if other == network { ", the very same" } else { "" };
        second(&mut findings, format!("{vpc} is associated with service network {other}{again}"));
    }
    findings.0
}

/// A VPC is associated with one service network at most, and reaches any number by endpoints
/// [AWS:vpc-lattice/ug/service-network-associations].
fn second(findings: &mut Findings, seen: String) {
    findings.warning(
        Code::SecondServiceNetwork,
        seen,
        "a private name that both service networks have leads into one of them",
        "nothing if they have none in common; else set `private_dns: off` for one of them",
    );
}
