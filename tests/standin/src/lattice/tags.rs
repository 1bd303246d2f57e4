//! Tags of VPC Lattice's resources.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{Input, Outcome, invalid, missing};
use crate::request::Caller;
use crate::wire::Refusal;
use crate::world::World;
use crate::world::associations::Status;

/// The tags of an association or service network of the caller.
fn of<'a>(world: &'a mut World, caller: &Caller, arn: &str) -> Result<&'a mut BTreeMap<String, String>, Refusal> {
    let association = world.associations.iter().position(|association| {
        association.arn == arn && association.account == caller.account && association.status != Status::Deleted
    });
    if let Some(at) = association {
        return Ok(&mut world.associations[at].tags);
    }
    let network = world
        .network(caller)
        .service_networks
        .iter_mut()
        .find(|network| arn.ends_with(&format!(":servicenetwork/{}", network.id)));
    network.map(|network| &mut network.tags).ok_or_else(|| missing("RESOURCE", arn))
}

/// All tags. \[botocore: `ListTagsForResource`\]
pub fn list(world: &mut World, caller: &Caller, input: &Input) -> Outcome {
    of(world, caller, input.label).map(|tags| (200, json!({ "tags": tags })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagInput {
    tags: BTreeMap<String, String>,
}

/// Takes off the tags of these keys, whatever their values; of what has none of them, nothing. \[botocore: `UntagResource`\]
pub fn remove(world: &mut World, caller: &Caller, input: &Input) -> Outcome {
    let keys = input.query("tagKeys").ok_or_else(|| invalid("tagKeys is missing"))?;
    let tags = of(world, caller, input.label)?;
    for key in keys.lines() {
        tags.remove(key);
    }
    Ok((200, json!({})))
}

/// Adds tags, replacing those of the same key. \[botocore: `TagResource`\]
pub fn add(world: &mut World, caller: &Caller, input: &Input) -> Outcome {
    let added: TagInput = input.read()?;
    of(world, caller, input.label)?.extend(added.tags);
    Ok((200, json!({})))
}
