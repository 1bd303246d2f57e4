//! Service networks, and the VPCs associated with them.

use serde_json::{Value, json};

use super::{Input, Outcome, denied, invalid, missing, page};
use crate::ids;
use crate::request::Caller;
use crate::world::World;
use crate::world::network::{Network, ServiceNetwork};

/// The associations of VPCs that the caller made. \[AWS:vpc-lattice/ug/sharing: each account sees its own\]
fn own<'a>(world: &'a World, caller: &Caller) -> Option<&'a Network> {
    world.networks.get(&(caller.account.clone(), caller.region.clone()))
}

/// A service network that the account owns or that is shared with it. \[botocore: `GetServiceNetwork`\]
pub fn get(world: &mut World, caller: &Caller, input: &Input) -> Outcome {
    let Some((network, arn)) = world.service_network(caller, input.label) else {
        // One that is there and not shared is denied, as a resource configuration is.
        let exists = world.networks.values().any(|all| all.service_network(input.label).is_some());
        return Err(if exists {
            denied(caller, "GetServiceNetwork", input.label)
        } else {
            missing("SERVICE_NETWORK", input.label)
        });
    };
    let created = network.created.unwrap_or_default().to_string();
    let vpcs = own(world, caller)
        .map_or(0, |own| own.vpc_associations.iter().filter(|association| association.is_of(&network, &arn)).count());
    Ok((
        200,
        json!({
            "id": network.id,
            "name": network.name,
            "arn": arn,
            "authType": "NONE",
            "sharingConfig": {"enabled": true},
            "numberOfAssociatedVPCs": vpcs,
            "numberOfAssociatedServices": 0,
            "createdAt": created,
            "lastUpdatedAt": created,
        }),
    ))
}

/// "You must provide either the service network identifier or the VPC identifier." \[botocore: `ListServiceNetworkVpcAssociations`\]
pub fn list_vpcs(world: &mut World, caller: &Caller, input: &Input) -> Outcome {
    let (wanted, vpc) = (input.query("serviceNetworkIdentifier"), input.query("vpcIdentifier"));
    if wanted.is_none() && vpc.is_none() {
        return Err(invalid("either serviceNetworkIdentifier or vpcIdentifier must be given"));
    }
    let mut entries: Vec<Value> = Vec::new();
    for association in own(world, caller).into_iter().flat_map(|own| &own.vpc_associations) {
        let Some((network, arn)) = world.service_network(caller, &association.service_network) else { continue };
        let ServiceNetwork { id, name, created, .. } = &network;
        let asked = wanted.is_none_or(|wanted| wanted == id || wanted == arn);
        if !asked || vpc.is_some_and(|vpc| vpc != association.vpc) {
            continue;
        }
        let path = format!("servicenetworkvpcassociation/{}", association.id);
        let at = created.unwrap_or_default().to_string();
        entries.push(json!({
            "id": association.id,
            "arn": ids::arn("vpc-lattice", &caller.region, &caller.account, &path),
            "status": association.status,
            "createdBy": caller.account,
            "createdAt": at,
            "lastUpdatedAt": at,
            "serviceNetworkId": id,
            "serviceNetworkName": name,
            "serviceNetworkArn": arn,
            "privateDnsEnabled": association.private_dns,
            "vpcId": association.vpc,
        }));
    }
    page(world, input, format!("vpcs {} {wanted:?} {vpc:?}", caller.account), &entries)
}
