//! Prefix lists: those of Gateway services, and an account's own.

use std::collections::BTreeMap;

use super::filters::Filters;
use super::{Outcome, Params, all_known, asked, part};
use crate::ids;
use crate::request::Caller;
use crate::wire::Xml;
use crate::world::World;
use crate::world::endpoints::Kind;
use crate::world::routes::PrefixList;
use crate::world::services;

/// Blocks of AWS that nobody routes to here.
const BLOCKS: [&str; 2] = ["52.216.0.0/15", "3.5.0.0/19"];

/// A list and its owner: of a Gateway service, `AWS`. \[AWS:privatelink/gateway-endpoints\]
fn all(world: &mut World, caller: &Caller) -> Vec<(PrefixList, String)> {
    let here = caller.region.as_str();
    let network = world.network(caller);
    let mut lists: Vec<(PrefixList, String)> = network
        .services(here)
        .iter()
        .filter(|service| service.kind == Kind::Gateway.name() && service.region(here) == here)
        .map(|service| service.name(here))
        .map(|name| {
            let cidrs = BLOCKS.map(str::to_owned).to_vec();
            (PrefixList { id: services::prefix_list(&name), name, cidrs }, "AWS".to_owned())
        })
        .collect();
    lists.extend(network.prefix_lists.iter().map(|list| (list.clone(), caller.account.clone())));
    lists
}

/// The lists that a request is about: of AWS's services alone, or of the account too.
fn wanted(
    world: &mut World,
    caller: &Caller,
    params: &Params,
    services_only: bool,
) -> Result<Vec<(PrefixList, String)>, crate::wire::Refusal> {
    let known: &[&str] = if services_only {
        &["prefix-list-id", "prefix-list-name"]
    } else {
        &["prefix-list-id", "prefix-list-name", "owner-id"]
    };
    let filters = Filters::read(params, known)?;
    let ids = params.list("PrefixListId");
    let mut lists = all(world, caller);
    lists.retain(|(_, owner)| !services_only || owner == "AWS");
    all_known(&ids, |id| lists.iter().any(|(list, _)| list.id == id), "InvalidPrefixListID.NotFound", "prefix list")?;
    lists.retain(|(list, owner)| {
        (ids.is_empty() || ids.contains(&list.id.as_str()))
            && filters.match_with(&BTreeMap::new(), |name| match name {
                "prefix-list-id" => vec![list.id.clone()],
                "prefix-list-name" => vec![list.name.clone()],
                _ => vec![owner.clone()],
            })
    });
    Ok(lists)
}

/// "Available AWS services in a prefix list format". \[botocore: `DescribePrefixLists`\]
pub fn describe(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let asked = asked(world, caller, params, false)?;
    let lists = wanted(world, caller, params, true)?;
    let part = part(&asked, lists.len())?;
    let mut xml = Xml::default();
    xml.items("prefixListSet", &lists[part.from..part.to], |item, (list, _)| {
        item.texts("cidrSet", &list.cidrs);
        item.text("prefixListId", &list.id);
        item.text("prefixListName", &list.name);
    });
    xml.text_if("nextToken", part.next);
    Ok(xml)
}

/// "Your managed prefix lists and any AWS-managed prefix lists". \[botocore: `DescribeManagedPrefixLists`\]
pub fn describe_managed(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let asked = asked(world, caller, params, false)?;
    let lists = wanted(world, caller, params, false)?;
    let part = part(&asked, lists.len())?;
    let mut xml = Xml::default();
    xml.items("prefixListSet", &lists[part.from..part.to], |item, (list, owner)| {
        let account = if owner == "AWS" { "aws" } else { owner };
        item.text("prefixListId", &list.id);
        item.text("addressFamily", "IPv4");
        item.text("state", "create-complete");
        item.text("prefixListArn", ids::arn("ec2", &caller.region, account, &format!("prefix-list/{}", list.id)));
        item.text("prefixListName", &list.name);
        item.text("ownerId", owner);
    });
    xml.text_if("nextToken", part.next);
    Ok(xml)
}
