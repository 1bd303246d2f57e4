//! VPCs and their DNS attributes.

use super::filters::Filters;
use super::{Outcome, Params, all_known, asked, part, refusal, tags};
use crate::ids;
use crate::request::Caller;
use crate::wire::Xml;
use crate::world::World;
use crate::world::network::Vpc;

/// The first block and those that were added. \[botocore: `CidrBlockAssociationSet`\]
fn blocks(vpc: &Vpc) -> impl Iterator<Item = &str> {
    std::iter::once(vpc.cidr.as_str()).chain(vpc.more_cidrs.iter().map(String::as_str))
}

/// \[botocore: `DescribeVpcs`\]
pub fn describe(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let filters = Filters::read(
        params,
        &["vpc-id", "cidr", "cidr-block-association.cidr-block", "state", "owner-id", "tag-key"],
    )?;
    let asked = asked(world, caller, params, false)?;
    let ids = params.list("VpcId");
    let network = world.network(caller);
    all_known(&ids, |id| network.vpc(id).is_some(), "InvalidVpcID.NotFound", "vpc")?;
    let found: Vec<_> = network
        .vpcs
        .iter()
        .filter(|vpc| ids.is_empty() || ids.contains(&vpc.id.as_str()))
        .filter(|vpc| {
            filters.match_with(&vpc.tags, |name| match name {
                "vpc-id" => vec![vpc.id.clone()],
                "cidr" => vec![vpc.cidr.clone()],
                "cidr-block-association.cidr-block" => blocks(vpc).map(str::to_owned).collect(),
                "owner-id" => vec![caller.account.clone()],
                _ => vec!["available".to_owned()],
            })
        })
        .collect();
    let part = part(&asked, found.len())?;
    let mut xml = Xml::default();
    xml.items("vpcSet", &found[part.from..part.to], |item, vpc| {
        item.text("vpcId", &vpc.id);
        item.text("ownerId", &caller.account);
        item.text("state", "available");
        item.text("cidrBlock", &vpc.cidr);
        item.items("cidrBlockAssociationSet", blocks(vpc), |block, cidr| {
            block.text("associationId", format!("vpc-cidr-assoc-0{}", ids::digest(&format!("{} {cidr}", vpc.id))));
            block.text("cidrBlock", cidr);
            block.group("cidrBlockState", |state| state.text("state", "associated"));
        });
        item.text("dhcpOptionsId", "default");
        item.text("instanceTenancy", "default");
        item.text("isDefault", false);
        tags::shape(item, &vpc.tags);
    });
    xml.text_if("nextToken", part.next);
    Ok(xml)
}

/// One attribute per call. \[botocore: `DescribeVpcAttribute`\]
pub fn attribute(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let id = params.required("VpcId")?;
    let attribute = params.required("Attribute")?;
    let network = world.network(caller);
    all_known(&[id], |id| network.vpc(id).is_some(), "InvalidVpcID.NotFound", "vpc")?;
    let value = network.vpc(id).and_then(|vpc| match attribute {
        "enableDnsSupport" => Some(vpc.dns_support),
        "enableDnsHostnames" => Some(vpc.dns_hostnames),
        "enableNetworkAddressUsageMetrics" => Some(false),
        _ => None,
    });
    let value = value.ok_or_else(|| {
        refusal("InvalidParameterValue", format!("Value ({attribute}) for parameter attribute is invalid."))
    })?;
    let mut xml = Xml::default();
    xml.text("vpcId", id);
    xml.group(attribute, |inner| inner.text("value", value));
    Ok(xml)
}
