//! Subnets.

use super::filters::Filters;
use super::{Outcome, Params, all_known, asked, part, tags};
use crate::ids;
use crate::request::Caller;
use crate::wire::Xml;
use crate::world::World;

/// \[botocore: `DescribeSubnets`\]
pub fn describe(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let filters = Filters::read(
        params,
        &[
            "vpc-id",
            "subnet-id",
            "availability-zone",
            "availabilityZone",
            "availability-zone-id",
            "availabilityZoneId",
            "state",
            "owner-id",
            "cidr-block",
            "tag-key",
        ],
    )?;
    let asked = asked(world, caller, params, false)?;
    let ids = params.list("SubnetId");
    let network = world.network(caller);
    all_known(&ids, |id| network.subnets.iter().any(|subnet| subnet.id == id), "InvalidSubnetID.NotFound", "subnet")?;
    let found: Vec<_> = network
        .subnets
        .iter()
        .filter(|subnet| ids.is_empty() || ids.contains(&subnet.id.as_str()))
        .filter(|subnet| {
            filters.match_with(&subnet.tags, |name| match name {
                "vpc-id" => vec![subnet.vpc.clone()],
                "subnet-id" => vec![subnet.id.clone()],
                "availability-zone" | "availabilityZone" => vec![subnet.az.clone()],
                "availability-zone-id" | "availabilityZoneId" => vec![subnet.az_id.clone()],
                "owner-id" => vec![caller.account.clone()],
                "cidr-block" => vec![subnet.cidr.clone()],
                _ => vec!["available".to_owned()],
            })
        })
        .collect();
    let part = part(&asked, found.len())?;
    let mut xml = Xml::default();
    xml.items("subnetSet", &found[part.from..part.to], |item, subnet| {
        item.text("subnetId", &subnet.id);
        item.text("subnetArn", ids::arn("ec2", &caller.region, &caller.account, &format!("subnet/{}", subnet.id)));
        item.text("ownerId", &caller.account);
        item.text("state", "available");
        item.text("vpcId", &subnet.vpc);
        item.text("cidrBlock", &subnet.cidr);
        item.text("availableIpAddressCount", subnet.free);
        item.text("availabilityZone", &subnet.az);
        item.text("availabilityZoneId", &subnet.az_id);
        item.text("defaultForAz", false);
        item.text("mapPublicIpOnLaunch", false);
        item.text("assignIpv6AddressOnCreation", false);
        item.text("ipv6Native", false);
        tags::shape(item, &subnet.tags);
    });
    xml.text_if("nextToken", part.next);
    Ok(xml)
}
