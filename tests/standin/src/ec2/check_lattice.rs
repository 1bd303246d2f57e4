//! Whether the target of a Resource or `ServiceNetwork` endpoint can be one.

use std::collections::BTreeSet;

use super::check_endpoint::invalid;
use super::refusal;
use crate::request::Caller;
use crate::wire::Refusal;
use crate::world::World;
use crate::world::configurations;
use crate::world::endpoints::Wanted;
use crate::world::network::Network;

/// The configuration of a Resource endpoint: shared with the account and accepted, and no CHILD. Gives the gateway's zones.
///
/// What EC2 answers for one that is not shared is documented nowhere.
pub fn resource(world: &World, caller: &Caller, wanted: &Wanted) -> Result<Vec<String>, Refusal> {
    let Some(arn) = &wanted.configuration else {
        return Err(refusal("MissingParameter", "The request must contain the parameter ResourceConfigurationArn"));
    };
    let configuration =
        world.configurations.get(arn).filter(|known| known.region == caller.region && world.may_use(caller, known));
    let Some(configuration) = configuration else {
        return Err(invalid(format!(
            "The resource configuration {arn} does not exist or is not shared with this account"
        )));
    };
    if configuration.kind == configurations::Kind::Child {
        // "Specify the parent GROUP" [AWS:privatelink/use-resource-endpoint]
        return Err(invalid(format!(
            "{arn} is a child resource configuration: specify the group resource configuration"
        )));
    }
    let networks = networks_with(world, arn);
    let clash = world.endpoints.iter().find(|endpoint| {
        endpoint.live()
            && endpoint.wanted.vpc == wanted.vpc
            && endpoint.wanted.private_dns
            && endpoint.wanted.service_network.as_ref().is_some_and(|network| networks.contains(network))
    });
    if let Some(other) = clash.filter(|_| wanted.private_dns) {
        return Err(invalid(format!(
            "private DNS for {arn} is already made by the service network endpoint {}",
            other.id
        )));
    }
    Ok(configuration.az_ids.clone())
}

/// The service networks that a configuration is in.
fn networks_with<'a>(world: &'a World, configuration: &str) -> BTreeSet<&'a String> {
    world
        .associations
        .iter()
        .filter(|known| known.live() && known.configuration == configuration)
        .map(|known| &known.network_arn)
        .collect()
}

/// "At least one zone in common" with the resource gateway. \[AWS:privatelink\]
pub fn common_zone(network: &Network, wanted: &Wanted, gateway: &[String]) -> Result<(), Refusal> {
    let mut chosen = network.subnets.iter().filter(|subnet| wanted.subnets.contains(&subnet.id));
    if gateway.is_empty() || chosen.any(|subnet| gateway.contains(&subnet.az_id)) {
        return Ok(());
    }
    Err(invalid(format!("none of the subnets is in a zone of the resource gateway: {}", gateway.join(", "))))
}

/// The service network of a `ServiceNetwork` endpoint: owned by the account, or shared with it.
///
/// "When private DNS is enabled for your VPC, you can't create a resource endpoint and service network endpoint for the same
/// resource configuration." \[AWS:privatelink\]
pub fn service_network(world: &World, caller: &Caller, wanted: &Wanted) -> Result<(), Refusal> {
    let Some(arn) = &wanted.service_network else {
        return Err(refusal("MissingParameter", "The request must contain the parameter ServiceNetworkArn"));
    };
    if world.service_network(caller, arn).is_none_or(|(_, known)| known != *arn) {
        return Err(invalid(format!("The service network {arn} does not exist or is not shared with this account")));
    }
    let clash = world.endpoints.iter().filter(|_| wanted.private_dns).find(|endpoint| {
        endpoint.live()
            && endpoint.wanted.vpc == wanted.vpc
            && endpoint.wanted.private_dns
            && endpoint.wanted.configuration.as_ref().is_some_and(|one| networks_with(world, one).contains(arn))
    });
    match clash {
        Some(other) => Err(invalid(format!(
            "private DNS for a resource of {arn} is already made by the resource endpoint {}",
            other.id
        ))),
        None => Ok(()),
    }
}
