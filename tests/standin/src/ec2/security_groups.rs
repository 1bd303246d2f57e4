//! Security groups.

use super::filters::Filters;
use super::{Outcome, Params, all_known, asked, part, tags};
use crate::ids;
use crate::request::Caller;
use crate::wire::Xml;
use crate::world::World;
use crate::world::network::{Rule, SecurityGroup};

fn group_name(group: &SecurityGroup) -> &str {
    group.name.as_deref().unwrap_or(&group.id)
}

/// \[botocore: `DescribeSecurityGroups`\]
pub fn describe(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let filters = Filters::read(params, &["vpc-id", "group-id", "group-name", "owner-id", "tag-key"])?;
    let asked = asked(world, caller, params, false)?;
    let (ids, names) = (params.list("GroupId"), params.list("GroupName"));
    let network = world.network(caller);
    let groups = &network.security_groups;
    all_known(&ids, |id| groups.iter().any(|group| group.id == id), "InvalidGroup.NotFound", "security group")?;
    all_known(
        &names,
        |name| groups.iter().any(|group| group_name(group) == name),
        "InvalidGroup.NotFound",
        "security group",
    )?;
    let found: Vec<_> = groups
        .iter()
        .filter(|group| ids.is_empty() || ids.contains(&group.id.as_str()))
        .filter(|group| names.is_empty() || names.contains(&group_name(group)))
        .filter(|group| {
            filters.match_with(&group.tags, |name| match name {
                "vpc-id" => vec![group.vpc.clone()],
                "group-id" => vec![group.id.clone()],
                "group-name" => vec![group_name(group).to_owned()],
                _ => vec![caller.account.clone()],
            })
        })
        .collect();
    let part = part(&asked, found.len())?;
    let mut xml = Xml::default();
    xml.items("securityGroupInfo", &found[part.from..part.to], |item, group| {
        item.text("groupId", &group.id);
        item.text("groupName", group_name(group));
        item.text("groupDescription", group_name(group));
        item.text("ownerId", &caller.account);
        item.text("vpcId", &group.vpc);
        item.text(
            "securityGroupArn",
            ids::arn("ec2", &caller.region, &caller.account, &format!("security-group/{}", group.id)),
        );
        item.items("ipPermissions", &group.ingress, |permission, rule| ingress(permission, rule, caller));
        item.items("ipPermissionsEgress", [()], |permission, ()| {
            permission.text("ipProtocol", "-1");
            permission.items("ipRanges", ["0.0.0.0/0"], |range, cidr| range.text("cidrIp", cidr));
        });
        tags::shape(item, &group.tags);
    });
    xml.text_if("nextToken", part.next);
    Ok(xml)
}

/// One permission. Protocol `-1` is all traffic, and has no ports. \[botocore: `IpPermission`\]
fn ingress(xml: &mut Xml, rule: &Rule, caller: &Caller) {
    xml.text("ipProtocol", &rule.protocol);
    if rule.protocol != "-1" {
        xml.text_if("fromPort", rule.from);
        xml.text_if("toPort", rule.to);
    }
    xml.items("groups", rule.group.iter(), |group, id| {
        group.text("groupId", id);
        group.text("userId", &caller.account);
    });
    xml.items("ipRanges", rule.cidr.iter(), |range, cidr| range.text("cidrIp", cidr));
    xml.items("ipv6Ranges", rule.cidr_v6.iter(), |range, cidr| range.text("cidrIpv6", cidr));
    xml.items("prefixListIds", rule.prefix_list.iter(), |list, id| list.text("prefixListId", id));
}
