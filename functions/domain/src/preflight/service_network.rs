//! Is a service network ready for an association with a resource?

use std::collections::BTreeMap;

use super::codes::Code;
use super::{Findings, Preflight};
use crate::connection::PlannedCall;
use crate::identity::{TAG_CONNECTION, TAG_INSTALLATION};
use crate::ids::{AccountId, ConnectionId, ResourceArn};
use crate::network::{Association, ResourceConfiguration, ServiceNetwork, same_word};
use crate::subscription::ServiceNetworkTarget;

/// Whether `resource` can be associated with the target's service network, and how.
///
/// `account` is the one that is connected; `network` is none if it does not exist or is not
/// visible; `associations` are those of the resource with the network, each with its tags. `ours`
/// tells this connection's own association from those of others. Whether a CIDR can be associated
/// is documented nowhere, so AWS decides.
#[must_use]
pub fn service_network(
    target: &ServiceNetworkTarget,
    resource: &ResourceArn,
    configuration: Option<&ResourceConfiguration>,
    account: &AccountId,
    ours: &ConnectionId,
    network: Option<&ServiceNetwork>,
    associations: &[(Association, BTreeMap<String, String>)],
) -> Preflight {
    let mut findings = Findings::default();
    findings.child(configuration);
    match network {
        None => findings.error(
            Code::ServiceNetworkNotFound,
            format!("there is no service network {} that this account can see in this Region", target.service_network),
            "a service network that exists, owned by this account",
            "correct `service_network` in the subscription's target, or make the service network",
        ),
        Some(network) => {
            if network.arn.region() != resource.region() {
                findings.region_differs(resource, network.arn.region());
            }
            both_shared(&mut findings, network, resource, account);
        }
    }
    already_associated(&mut findings, target, resource, ours, associations);
    let call = PlannedCall::ServiceNetworkResource {
        resource: resource.clone(),
        service_network: target.service_network.clone(),
        private_dns: target.private_dns,
    };
    Preflight::of(findings, Some(call))
}

/// [AWS: VPC Lattice user guide, sharing]
fn both_shared(findings: &mut Findings, network: &ServiceNetwork, resource: &ResourceArn, account: &AccountId) {
    let own = account.as_str();
    if network.arn.owner() != own && resource.owner() != own {
        findings.error(
            Code::BothShared,
            format!(
                "service network {} belongs to account {}, the resource to account {}",
                network.id,
                network.arn.owner(),
                resource.owner()
            ),
            format!("a service network of account {own}'s own: VPC Lattice does not associate what others share with what others share"),
            "name a service network of this account, or a `vpc`, in the subscription's target",
        );
    }
}

fn already_associated(
    findings: &mut Findings,
    target: &ServiceNetworkTarget,
    resource: &ResourceArn,
    ours: &ConnectionId,
    associations: &[(Association, BTreeMap<String, String>)],
) {
    let mut others: Vec<_> = associations
        .iter()
        .filter(|(association, _)| association.resource.as_ref().is_none_or(|of| of == resource))
        .filter(|(_, tags)| tags.get(TAG_CONNECTION).is_none_or(|tag| tag != ours.as_str()))
        .collect();
    others.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    for (other, tags) in others {
        let maker = match (tags.get(TAG_CONNECTION), tags.get(TAG_INSTALLATION)) {
            (Some(connection), Some(installation)) => {
                format!(", made by Drawbridge's installation {installation} for connection {connection}")
            }
            (Some(connection), None) => format!(", made by Drawbridge for connection {connection}"),
            (None, _) => ", not made by Drawbridge".to_owned(),
        };
        let way_out = if same_word(&other.status, "DELETE_IN_PROGRESS") {
            format!("wait until {} is gone", other.id)
        } else {
            format!(
                "if {id} is used, keep it and take {network} out of the subscription's targets; else delete it: \
                 `aws vpc-lattice delete-service-network-resource-association \
                 --service-network-resource-association-identifier {id}`",
                id = other.id,
                network = target.service_network
            )
        };
        findings.error(
            Code::AssociationExists,
            format!(
                "{} associates {resource} with {} already ({}){maker}",
                other.id, target.service_network, other.status
            ),
            "one association of a resource with a service network",
            way_out,
        );
    }
}
