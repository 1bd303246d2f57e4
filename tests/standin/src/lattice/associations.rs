//! Associations of resource configurations with service networks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Input, Outcome, conflict, denied, invalid, looks, missing, page, put};
use crate::ids;
use crate::request::Caller;
use crate::settings::TokenAfterDelete;
use crate::wire::Refusal;
use crate::world::World;
use crate::world::associations::{Association, Pair, Status};
use crate::world::configurations::{Configuration, Kind};
use crate::world::tokens::Seen;

/// The hosted zone of the default names: any id of the right form.
const ZONE: &str = "Z09260342JG3NLCEXAMPL";
const KIND: &str = "SERVICE_NETWORK_RESOURCE_ASSOCIATION";
const OPERATION: &str = "CreateServiceNetworkResourceAssociation";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateInput {
    client_token: Option<String>,
    resource_configuration_identifier: String,
    service_network_identifier: String,
    #[serde(default)]
    private_dns_enabled: Option<bool>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// Makes an association. \[botocore; AWS:vpc-lattice/ug/service-network-associations, sharing\]
pub fn create(world: &mut World, caller: &Caller, input: &Input, now: Timestamp) -> Outcome {
    let wanted: CreateInput = input.read()?;
    if wanted.client_token.as_ref().is_some_and(|token| token.is_empty() || token.len() > 64) {
        // [botocore: ClientToken 1..64]
        return Err(invalid("clientToken must have 1 to 64 characters"));
    }
    let parameters = format!(
        "{} {} {:?} {:?}",
        wanted.resource_configuration_identifier,
        wanted.service_network_identifier,
        wanted.private_dns_enabled,
        wanted.tags
    );
    let token = wanted.client_token.as_deref();
    match world.tokens.seen(caller, OPERATION, token, &parameters, world.settings.token_retention_ms, now) {
        Seen::Never => {}
        // "If the parameters aren't identical, the retry fails": with which error is documented nowhere. [botocore]
        Seen::Other(made) => {
            return Err(conflict(KIND, &made, "the client token was used before with other parameters"));
        }
        Seen::Same(made) => {
            let old = world.associations.iter().find(|association| association.id == made);
            let live = old.is_some_and(|association| association.status != Status::Deleted);
            if let Some(old) = old.filter(|_| live || world.settings.token_after_delete == TokenAfterDelete::Old) {
                return Ok((201, created(old)));
            }
        }
    }
    let (configuration, pair) = checked(world, caller, &wanted)?;
    let known = world.associations.iter().find(|association| {
        association.account == caller.account
            && association.configuration == pair.configuration
            && association.network == pair.network
            && association.status != Status::Deleted
    });
    if let Some(old) = known {
        return Err(conflict(
            KIND,
            &old.id,
            "the resource configuration is already associated with the service network",
        ));
    }
    quota(world, caller, &pair.network)?;
    // ARN configurations always have private names. [AWS:vpc-lattice/ug/service-network-associations]
    let private_dns = wanted.private_dns_enabled.unwrap_or(false) || configuration.kind == Kind::Arn;
    let mut association = Association {
        token: wanted.client_token.clone(),
        tags: wanted.tags,
        ..Association::new(&caller.account, &caller.region, pair, private_dns, now)
    };
    association.know(&leaves(world, &configuration.arn));
    world.tokens.remember(caller, OPERATION, token, parameters, association.id.clone(), now);
    let output = created(&association);
    world.associations.push(association);
    Ok((201, output))
}

/// The configuration, and what the association is of, once both may be used.
fn checked(world: &World, caller: &Caller, wanted: &CreateInput) -> Result<(Configuration, Pair), Refusal> {
    let identifier = &wanted.resource_configuration_identifier;
    let configuration = world
        .configuration(&caller.region, identifier)
        .cloned()
        .ok_or_else(|| missing("RESOURCE_CONFIGURATION", identifier))?;
    if !world.may_use(caller, &configuration) {
        return Err(denied(caller, OPERATION, &configuration.arn));
    }
    if configuration.kind == Kind::Child {
        // Children cannot be targeted alone. [AWS:vpc-lattice/ug/resource-configuration]
        return Err(invalid("a child resource configuration cannot be associated: specify its group"));
    }
    let identifier = &wanted.service_network_identifier;
    let (network, arn) =
        world.service_network(caller, identifier).ok_or_else(|| missing("SERVICE_NETWORK", identifier))?;
    if network.owner.is_some() && configuration.owner != caller.account {
        // Two entities that are both shared with the caller cannot be associated; the error's name is documented nowhere. [AWS:vpc-lattice/ug/sharing]
        return Err(denied(caller, OPERATION, &arn));
    }
    if network.owner.is_some() && !configuration.into_shareable_network {
        // [AWS:vpc-lattice/ug/resource-configuration: allowAssociationToShareableServiceNetwork]
        return Err(invalid(
            "the resource configuration may not be associated with a service network that can be shared",
        ));
    }
    let pair = Pair {
        configuration: configuration.arn.clone(),
        network: network.id,
        network_arn: arn,
        network_name: network.name,
    };
    Ok((configuration, pair))
}

/// Resource configurations per service network, status 402. \[AWS:vpc-lattice/ug/quotas; botocore\]
fn quota(world: &World, caller: &Caller, network: &str) -> Result<(), Refusal> {
    let used = world
        .associations
        .iter()
        .filter(|known| known.live() && known.network == network && known.account == caller.account)
        .count();
    if used < world.settings.resources_per_service_network {
        return Ok(());
    }
    Err(Refusal::new(
        402,
        "ServiceQuotaExceededException",
        format!("service network {network} has {used} resource configurations already"),
    )
    .with("resourceId", network)
    .with("resourceType", "SERVICE_NETWORK")
    .with("serviceCode", "vpc-lattice")
    .with("quotaCode", "L-RESOURCE-CONFIGURATIONS-PER-SERVICE-NETWORK"))
}

fn created(association: &Association) -> Value {
    json!({
        "id": association.id,
        "arn": association.arn,
        "status": association.status.name(),
        "createdBy": association.account,
        "privateDnsEnabled": association.private_dns,
    })
}

fn leaves(world: &World, configuration: &str) -> Vec<Configuration> {
    world.leaves(configuration).into_iter().cloned().collect()
}

/// The index of the association that an id or ARN names, and the child's ARN if it names a child's row.
fn find(world: &World, caller: &Caller, identifier: &str) -> Result<(usize, Option<String>), Refusal> {
    let id = identifier.rsplit('/').next().unwrap_or(identifier);
    let mine = |association: &&Association| {
        association.account == caller.account
            && association.region == caller.region
            && association.status != Status::Deleted
    };
    for (at, association) in world.associations.iter().enumerate().filter(|(_, association)| mine(association)) {
        if association.id == id {
            return Ok((at, None));
        }
        if let Some((child, _)) = association.children.iter().find(|(_, row)| *row == id) {
            return Ok((at, Some(child.clone())));
        }
    }
    Err(missing(KIND, identifier))
}

/// What a list shows of an association, or of one child of it.
fn summary(association: &Association, id: &str, configuration: &Configuration) -> Value {
    let mut shape = json!({
        "id": id,
        "arn": ids::arn("vpc-lattice", &association.region, &association.account, &format!("servicenetworkresourceassociation/{id}")),
        "status": association.status.name(),
        "createdBy": association.account,
        "createdAt": association.created.to_string(),
        "resourceConfigurationId": configuration.id,
        "resourceConfigurationArn": configuration.arn,
        "resourceConfigurationName": configuration.name,
        "serviceNetworkId": association.network,
        "serviceNetworkArn": association.network_arn,
        "serviceNetworkName": association.network_name,
        "isManagedAssociation": false,
        "privateDnsEnabled": association.private_dns,
    });
    // A group has no address of its own; names are there once the association works.
    if configuration.kind != Kind::Group && matches!(association.status, Status::Active | Status::Partial) {
        shape["dnsEntry"] = json!({"domainName": configuration.dns_name(id), "hostedZoneId": ZONE});
        let private =
            configuration.custom_domain.as_deref().filter(|_| association.private_dns && configuration.verified);
        put(&mut shape, "privateDnsEntry", private.map(|name| json!({"domainName": name, "hostedZoneId": ZONE})));
    }
    put(&mut shape, "failureCode", association.failure.as_ref().map(|(code, _)| code.as_str()));
    shape
}

/// Lets an association move on; gone is not found.
pub fn get(world: &mut World, caller: &Caller, input: &Input, now: Timestamp) -> Outcome {
    let (at, child) = find(world, caller, input.label)?;
    world.associations[at].observe(&world.settings, now);
    let association = &world.associations[at];
    if association.status == Status::Deleted {
        return Err(missing(KIND, input.label));
    }
    let arn = child.as_ref().unwrap_or(&association.configuration);
    let configuration = world.configurations.get(arn).ok_or_else(|| missing("RESOURCE_CONFIGURATION", arn))?;
    let id = child.as_ref().and_then(|child| association.children.get(child)).unwrap_or(&association.id);
    let mut shape = summary(association, id, configuration);
    shape["lastUpdatedAt"] = json!(association.updated.to_string());
    put(&mut shape, "failureReason", association.failure.as_ref().map(|(_, reason)| reason.as_str()));
    if configuration.custom_domain.is_some() {
        shape["domainVerificationStatus"] = json!(if configuration.verified { "VERIFIED" } else { "PENDING" });
    }
    Ok((200, shape))
}

/// One row per association; with `includeChildren`, one more per child of a group. \[botocore\]
pub fn list(world: &mut World, caller: &Caller, input: &Input, now: Timestamp) -> Outcome {
    let network = input.query("serviceNetworkIdentifier").map(last);
    let wanted = input.query("resourceConfigurationIdentifier").map(last);
    let children = input.query("includeChildren") == Some("true");
    let look = looks(world, input);
    let mut entries = Vec::new();
    for at in 0..world.associations.len() {
        let association = &world.associations[at];
        let configuration_id = last(&association.configuration);
        let selected = association.account == caller.account
            && association.region == caller.region
            && network.is_none_or(|id| association.network == id)
            && wanted.is_none_or(|id| configuration_id == id);
        if !selected {
            continue;
        }
        let below = leaves(world, &association.configuration);
        let association = &mut world.associations[at];
        if look {
            association.observe(&world.settings, now);
        }
        association.know(&below);
        if association.status == Status::Deleted {
            continue;
        }
        if let Some(configuration) = world.configurations.get(&association.configuration) {
            entries.push(summary(association, &association.id, configuration));
        }
        for leaf in below.iter().filter(|leaf| children && leaf.kind == Kind::Child) {
            if let Some(id) = association.children.get(&leaf.arn) {
                entries.push(summary(association, id, leaf));
            }
        }
    }
    let request = format!("associations {} {network:?} {wanted:?} {children}", caller.account);
    page(world, input, request, &entries)
}

/// The id at the end of an ARN, or the id itself.
fn last(identifier: &str) -> &str {
    identifier.rsplit('/').next().unwrap_or(identifier)
}

/// Begins to delete; again is answered the same. \[botocore\]
pub fn delete(world: &mut World, caller: &Caller, input: &Input, now: Timestamp) -> Outcome {
    let (at, child) = find(world, caller, input.label)?;
    if child.is_some() {
        return Err(invalid("the association of a child cannot be deleted alone: delete that of its group"));
    }
    let conflicts = world.settings.delete_while_creating_conflicts;
    let association = &mut world.associations[at];
    if conflicts && association.status == Status::CreateInProgress {
        // ConflictException is modelled for this operation; for which states is documented nowhere. [botocore]
        return Err(conflict(KIND, &association.id, "the association is being created"));
    }
    association.become_status(Status::DeleteInProgress, now);
    Ok((200, json!({"id": association.id, "arn": association.arn, "status": association.status.name()})))
}
