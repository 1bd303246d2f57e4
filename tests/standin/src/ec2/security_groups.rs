//! Security groups: what there is.

use jiff::Timestamp;

use super::filters::Filters;
use super::{Outcome, Params, all_known, asked, ingress, part, tags};
use crate::ids;
use crate::request::Caller;
use crate::wire::Xml;
use crate::world::security_groups::SecurityGroup;
use crate::world::{World, elapsed};

/// \[botocore: `DescribeSecurityGroups`\]
pub fn describe(world: &mut World, caller: &Caller, params: &Params, now: Timestamp) -> Outcome {
    let filters = Filters::read(params, &["vpc-id", "group-id", "group-name", "owner-id", "tag-key"])?;
    let asked = asked(world, caller, params, false)?;
    let (ids, names) = (params.list("GroupId"), params.list("GroupName"));
    let lag = world.settings.describe_lag_ms;
    let network = world.network(caller);
    // A new group may not be seen yet, as a new endpoint. [AWS:ec2/devguide: eventual consistency]
    let groups: Vec<&SecurityGroup> =
        network.security_groups.iter().filter(|group| group.created.is_none_or(|at| elapsed(at, now) >= lag)).collect();
    all_known(&ids, |id| groups.iter().any(|group| group.id == id), "InvalidGroup.NotFound", "security group")?;
    all_known(
        &names,
        |name| groups.iter().any(|group| group.name() == name),
        "InvalidGroup.NotFound",
        "security group",
    )?;
    let found: Vec<_> = groups
        .iter()
        .filter(|group| ids.is_empty() || ids.contains(&group.id.as_str()))
        .filter(|group| names.is_empty() || names.contains(&group.name()))
        .filter(|group| {
            filters.match_with(&group.tags, |name| match name {
                "vpc-id" => vec![group.vpc.clone()],
                "group-id" => vec![group.id.clone()],
                "group-name" => vec![group.name().to_owned()],
                _ => vec![caller.account.clone()],
            })
        })
        .collect();
    let part = part(&asked, found.len())?;
    let mut xml = Xml::default();
    xml.items("securityGroupInfo", &found[part.from..part.to], |item, group| {
        item.text("groupId", &group.id);
        item.text("groupName", group.name());
        item.text("groupDescription", group.description.as_deref().unwrap_or(group.name()));
        item.text("ownerId", &caller.account);
        item.text("vpcId", &group.vpc);
        item.text(
            "securityGroupArn",
            ids::arn("ec2", &caller.region, &caller.account, &format!("security-group/{}", group.id)),
        );
        item.items("ipPermissions", group.permissions(), |permission, rules| {
            ingress::shape(permission, &rules, caller);
        });
        item.items("ipPermissionsEgress", [()], |permission, ()| {
            permission.text("ipProtocol", "-1");
            permission.items("ipRanges", ["0.0.0.0/0"], |range, cidr| range.text("cidrIp", cidr));
        });
        tags::shape(item, &group.tags);
    });
    xml.text_if("nextToken", part.next);
    Ok(xml)
}
