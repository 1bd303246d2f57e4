//! Changing a VPC endpoint.

use jiff::Timestamp;

use super::check_endpoint::{check, invalid};
use super::{Outcome, Params, refusal};
use crate::ids;
use crate::request::Caller;
use crate::wire::{Refusal, Xml};
use crate::world::World;
use crate::world::endpoints::{Endpoint, Kind, State, Wanted};

/// The parameters that the stand-in takes; others it refuses. \[botocore: `ModifyVpcEndpoint`\]
pub const PARAMETERS: &[&str] = &[
    "VpcEndpointId",
    "ResetPolicy",
    "PolicyDocument",
    "AddRouteTableId",
    "RemoveRouteTableId",
    "AddSubnetId",
    "RemoveSubnetId",
    "AddSecurityGroupId",
    "RemoveSecurityGroupId",
    "PrivateDnsEnabled",
];

/// What of an endpoint can be changed. \[botocore: `ModifyVpcEndpoint` names the types of each\]
///
/// Of Resource and `ServiceNetwork` endpoints only the groups. \[AWS:privatelink/use-resource-endpoint, access-with-service-network-endpoint\]
fn changeable(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Gateway => &["ResetPolicy", "PolicyDocument", "AddRouteTableId", "RemoveRouteTableId"],
        Kind::Interface => &[
            "ResetPolicy",
            "PolicyDocument",
            "AddSubnetId",
            "RemoveSubnetId",
            "AddSecurityGroupId",
            "RemoveSecurityGroupId",
            "PrivateDnsEnabled",
        ],
        Kind::Resource | Kind::ServiceNetwork => &["AddSecurityGroupId", "RemoveSecurityGroupId"],
    }
}

/// \[botocore: `ModifyVpcEndpoint`\]
pub fn modify(world: &mut World, caller: &Caller, params: &Params, now: Timestamp) -> Outcome {
    let id = params.required("VpcEndpointId")?;
    let at = world.endpoints.iter().position(|endpoint| {
        endpoint.id == id
            && endpoint.account == caller.account
            && endpoint.region == caller.region
            && endpoint.state != State::Deleted
    });
    let Some(at) = at else {
        // [AWS:ec2 error codes]
        return Err(refusal("InvalidVpcEndpointId.NotFound", format!("The Vpc Endpoint ID '{id}' does not exist")));
    };
    let own = world.endpoints[at].clone();
    let wanted = changed(params, &own)?;
    if world.settings.refuse_subnet_swap {
        no_swap(world, caller, params, &own)?;
    }
    check(world, caller, &wanted, Some(&own))?;
    let addresses = wanted.addresses(&world.settings);
    let lacks = |some: &[String], of: &[String]| of.iter().filter(|id| !some.contains(id)).cloned().collect::<Vec<_>>();
    let (added, removed) = (lacks(&own.wanted.subnets, &wanted.subnets), lacks(&wanted.subnets, &own.wanted.subnets));
    let network = world.network(caller);
    network.take_addresses(&added, addresses);
    network.take_addresses(&removed, -addresses);
    let endpoint = &mut world.endpoints[at];
    endpoint.interfaces = wanted
        .subnets
        .iter()
        .map(|subnet| {
            let before = own.wanted.subnets.iter().position(|known| known == subnet);
            before.and_then(|at| own.interfaces.get(at).cloned()).unwrap_or_else(|| ids::resource("eni"))
        })
        .collect();
    endpoint.wanted = wanted;
    // "Pending is also re-entered after a modification". [terraform-provider-aws PR 19059]
    if endpoint.wanted.kind == Kind::Interface && endpoint.state == State::Available {
        endpoint.become_state(State::Pending, now);
    }
    let mut xml = Xml::default();
    xml.text("return", true);
    Ok(xml)
}

/// Refuses a subnet in whose zone the endpoint has another one, which goes in the same moment. The words are
/// those of many reports. \[terraform-aws-modules/terraform-aws-vpc 583\]
fn no_swap(world: &mut World, caller: &Caller, params: &Params, own: &Endpoint) -> Result<(), Refusal> {
    let network = world.network(caller);
    let zone = |id: &str| network.subnets.iter().find(|subnet| subnet.id == id).map(|subnet| &subnet.az_id);
    let taken = |id: &&str| own.wanted.subnets.iter().any(|has| has != id && zone(has) == zone(id));
    match params.list("AddSubnetId").into_iter().find(taken) {
        Some(id) => Err(refusal(
            "DuplicateSubnetsInSameZone",
            format!("Found another VPC endpoint subnet in the availability zone of {id}."),
        )),
        None => Ok(()),
    }
}

/// What the endpoint becomes.
fn changed(params: &Params, own: &Endpoint) -> Result<Wanted, Refusal> {
    let kind = own.wanted.kind;
    let given: Vec<&str> = PARAMETERS[1..].iter().copied().filter(|name| params.names(name)).collect();
    if given.is_empty() {
        return Err(refusal("MissingParameter", "The request must contain a parameter to modify"));
    }
    if let Some(name) = given.iter().find(|name| !changeable(kind).contains(name)) {
        return Err(invalid(format!("{name} cannot be modified for an endpoint of type {}", kind.name())));
    }
    if !matches!(own.state, State::Available | State::Pending | State::PendingAcceptance) {
        // In which states it can be changed is documented nowhere. [AWS:ec2 error codes: IncorrectState]
        return Err(refusal("IncorrectState", format!("The endpoint {} is {}", own.id, own.state.name())));
    }
    let mut wanted = own.wanted.clone();
    change(&mut wanted.subnets, params, "SubnetId")?;
    change(&mut wanted.security_groups, params, "SecurityGroupId")?;
    change(&mut wanted.route_tables, params, "RouteTableId")?;
    match (params.flag("ResetPolicy")?, params.text("PolicyDocument")) {
        (Some(true), Some(_)) => {
            return Err(refusal("InvalidParameterCombination", "Either ResetPolicy or PolicyDocument can be given"));
        }
        (Some(true), None) => wanted.policy = None,
        (_, Some(policy)) => wanted.policy = Some(policy.to_owned()),
        (_, None) => {}
    }
    wanted.private_dns = params.flag("PrivateDnsEnabled")?.unwrap_or(wanted.private_dns);
    Ok(wanted)
}

/// Adds to a list and removes from it; removing what is not there is refused. \[terraform-provider-aws takes `InvalidParameter` for gone\]
fn change(list: &mut Vec<String>, params: &Params, name: &str) -> Result<(), Refusal> {
    for id in params.list(&format!("Remove{name}")) {
        let at = list.iter().position(|known| known == id);
        let at = at.ok_or_else(|| invalid(format!("{id} is not associated with the endpoint")))?;
        list.remove(at);
    }
    for id in params.list(&format!("Add{name}")) {
        if !list.iter().any(|known| known == id) {
            list.push(id.to_owned());
        }
    }
    Ok(())
}
