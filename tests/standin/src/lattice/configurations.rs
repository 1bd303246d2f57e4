//! Resource configurations, as those see them that they are shared with.

use serde_json::{Value, json};

use super::{Input, Outcome, denied, missing, page, put};
use crate::request::Caller;
use crate::world::World;
use crate::world::configurations::{Configuration, Kind};

/// The members that the list's entries and the single answer have in common.
fn summary(configuration: &Configuration) -> Value {
    let mut shape = json!({
        "id": configuration.id,
        "name": configuration.name,
        "arn": configuration.arn,
        "type": configuration.kind.name(),
        "status": configuration.status,
        "amazonManaged": false,
        "createdAt": configuration.created.to_string(),
        "lastUpdatedAt": configuration.created.to_string(),
    });
    // A child has its group's gateway.
    put(&mut shape, "resourceGatewayId", (configuration.kind != Kind::Child).then_some(configuration.gateway.as_str()));
    put(&mut shape, "resourceConfigurationGroupId", configuration.group_id());
    put(&mut shape, "customDomainName", configuration.custom_domain.as_deref());
    put(&mut shape, "groupDomain", configuration.group_domain.as_deref());
    shape
}

/// AWS says both that a consumer "can describe a resource configuration shared with them" and that it "can't retrieve
/// information of one that they don't own": the knob `deny_resource_configuration` chooses. \[AWS:vpc-lattice/ug/sharing\]
pub fn get(world: &mut World, caller: &Caller, input: &Input) -> Outcome {
    let configuration = world
        .configuration(&caller.region, input.label)
        .ok_or_else(|| missing("RESOURCE_CONFIGURATION", input.label))?;
    let foreign = configuration.owner != caller.account;
    if !world.may_use(caller, configuration) || (foreign && world.settings.deny_resource_configuration) {
        return Err(denied(caller, "GetResourceConfiguration", &configuration.arn));
    }
    let mut shape = summary(configuration);
    shape["allowAssociationToShareableServiceNetwork"] = json!(configuration.into_shareable_network);
    if matches!(configuration.kind, Kind::Child | Kind::Single) {
        shape["portRanges"] = json!(configuration.ports);
    }
    if configuration.kind != Kind::Arn {
        shape["protocol"] = json!("TCP");
    }
    put(&mut shape, "resourceConfigurationDefinition", definition(configuration));
    if configuration.custom_domain.is_some() || configuration.group_domain.is_some() {
        shape["domainVerificationStatus"] = json!(if configuration.verified { "VERIFIED" } else { "PENDING" });
    }
    Ok((200, shape))
}

fn definition(configuration: &Configuration) -> Option<Value> {
    let target = configuration.dns_target.as_deref()?;
    match configuration.kind {
        Kind::Group => None,
        Kind::Arn => Some(json!({"arnResource": {"arn": target}})),
        Kind::Child | Kind::Single => Some(json!({"dnsResource": {"domainName": target, "ipAddressType": "IPV4"}})),
    }
}

/// "Owned by or shared with this account"; with a group, its children. \[botocore\]
pub fn list(world: &mut World, caller: &Caller, input: &Input) -> Outcome {
    let group = input.query("resourceConfigurationGroupIdentifier");
    let gateway = input.query("resourceGatewayIdentifier");
    if world.settings.deny_group_listing {
        return Err(denied(caller, "ListResourceConfigurations", group.unwrap_or("*")));
    }
    let entries: Vec<Value> = world
        .configurations
        .values()
        .filter(|configuration| configuration.region == caller.region && world.may_use(caller, configuration))
        .filter(|configuration| match group {
            Some(id) => configuration.group.as_deref() == Some(id) || configuration.group_id() == Some(id),
            None => true,
        })
        .filter(|configuration| gateway.is_none_or(|id| configuration.gateway == id))
        .map(summary)
        .collect();
    let request = format!("configurations {} {group:?} {gateway:?}", caller.account);
    page(world, input, request, &entries)
}
