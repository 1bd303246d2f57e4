//! Tags: given when a thing is made, and later.

use std::collections::BTreeMap;

use super::{Outcome, Params, refusal};
use crate::request::Caller;
use crate::wire::{Refusal, Xml};
use crate::world::World;
use crate::world::endpoints::State;

/// "Each resource can have a maximum of 50 tags." \[botocore: `CreateTags`\]
const CEILING: usize = 50;

/// A tag set.
pub fn shape(xml: &mut Xml, tags: &BTreeMap<String, String>) {
    xml.items("tagSet", tags, |item, (key, value)| {
        item.text("key", key);
        item.text("value", value);
    });
}

/// The tags of a `TagSpecification`, which must be for what is being made.
pub fn read(params: &Params, kind: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for specification in params.structures("TagSpecification") {
        let on = params.required(&format!("{specification}.ResourceType"))?;
        if on != kind {
            return Err(refusal(
                "InvalidParameterValue",
                format!("'{on}' is not a valid taggable resource type for this operation."),
            ));
        }
        tags.extend(given(params, &format!("{specification}.Tag"))?);
    }
    Ok(tags)
}

/// The tags under a prefix.
fn given(params: &Params, prefix: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in params.structures(prefix) {
        let key = params.required(&format!("{tag}.Key"))?;
        if key.starts_with("aws:") {
            return Err(refusal(
                "InvalidParameterValue",
                format!("Tag keys starting with 'aws:' are reserved for internal use: {key}"),
            ));
        }
        tags.insert(key.to_owned(), params.text(&format!("{tag}.Value")).unwrap_or_default().to_owned());
    }
    Ok(tags)
}

/// The tags of an endpoint, a security group, a VPC, a subnet or a route table.
fn of<'a>(world: &'a mut World, caller: &Caller, id: &str) -> Result<&'a mut BTreeMap<String, String>, Refusal> {
    // The codes that each noun has elsewhere. [AWS:ec2 error codes]
    let code = match id.split('-').next() {
        Some("vpce") => "InvalidVpcEndpointId.NotFound",
        Some("sg") => "InvalidGroup.NotFound",
        Some("vpc") => "InvalidVpcID.NotFound",
        Some("subnet") => "InvalidSubnetID.NotFound",
        Some("rtb") => "InvalidRouteTableID.NotFound",
        _ => "InvalidID",
    };
    let endpoint = world.endpoints.iter().position(|endpoint| {
        endpoint.id == id
            && endpoint.account == caller.account
            && endpoint.region == caller.region
            && endpoint.state != State::Deleted
    });
    if let Some(at) = endpoint {
        return Ok(&mut world.endpoints[at].wanted.tags);
    }
    let network = world.network(caller);
    let groups = network.security_groups.iter_mut().map(|group| (&group.id, &mut group.tags));
    let vpcs = network.vpcs.iter_mut().map(|vpc| (&vpc.id, &mut vpc.tags));
    let subnets = network.subnets.iter_mut().map(|subnet| (&subnet.id, &mut subnet.tags));
    let tables = network.route_tables.iter_mut().map(|table| (&table.id, &mut table.tags));
    let mut all = groups.chain(vpcs).chain(subnets).chain(tables);
    let found = all.find(|(known, _)| *known == id).map(|(_, tags)| tags);
    found.ok_or_else(|| refusal(code, format!("The ID '{id}' does not exist")))
}

/// The things that a request is about, all of which there must be.
fn named<'a>(world: &mut World, caller: &Caller, params: &'a Params) -> Result<Vec<&'a str>, Refusal> {
    params.required("ResourceId.1")?;
    let ids = params.list("ResourceId");
    for id in &ids {
        of(world, caller, id)?;
    }
    Ok(ids)
}

fn done() -> Xml {
    let mut xml = Xml::default();
    xml.text("return", true);
    xml
}

/// "Adds or overwrites only the specified tags". \[botocore: `CreateTags`\]
pub fn add(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    params.required("Tag.1.Key")?;
    let added = given(params, "Tag")?;
    let ids = named(world, caller, params)?;
    for id in &ids {
        let mut all = of(world, caller, id)?.clone();
        all.extend(added.clone());
        if all.len() > CEILING {
            // [AWS:ec2 error codes]
            return Err(refusal("TagLimitExceeded", format!("{id} can have no more than {CEILING} tags")));
        }
    }
    for id in ids {
        of(world, caller, id)?.extend(added.clone());
    }
    Ok(done())
}

/// By key, or by key and value; without any, all. What is not there is no error. \[botocore: `DeleteTags`\]
pub fn remove(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let mut gone: Vec<(&str, Option<&str>)> = Vec::new();
    let prefixes = params.structures("Tag");
    for tag in &prefixes {
        let value = format!("{tag}.Value");
        // "A tag key with an empty string as the tag value": only if it is empty. [botocore]
        let wanted = params.names(&value).then(|| params.text(&value).unwrap_or_default());
        gone.push((params.required(&format!("{tag}.Key"))?, wanted));
    }
    for id in named(world, caller, params)? {
        of(world, caller, id)?.retain(|key, value| {
            let all = gone.is_empty() && !key.starts_with("aws:");
            !all && !gone.iter().any(|(name, wanted)| name == key && wanted.is_none_or(|wanted| wanted == value))
        });
    }
    Ok(done())
}
