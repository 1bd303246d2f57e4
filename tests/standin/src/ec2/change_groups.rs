//! Making, changing and deleting security groups.

use jiff::Timestamp;

use super::{Outcome, Params, all_known, ingress, refusal, tags};
use crate::ids;
use crate::request::Caller;
use crate::wire::{Refusal, Xml};
use crate::world::World;
use crate::world::endpoints::State;
use crate::world::security_groups::{Rule, SecurityGroup};

/// Makes a group. It has no client token: a second one of the same name is refused. \[botocore: `CreateSecurityGroup`\]
pub fn create(world: &mut World, caller: &Caller, params: &Params, now: Timestamp) -> Outcome {
    let name = params.required("GroupName")?;
    let description = params.required("GroupDescription")?;
    // "Required for a nondefault VPC", and there is no default one here. [botocore]
    let vpc = params.required("VpcId")?;
    let words = |text: &str| {
        text.len() <= 255 && text.chars().all(|c| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c))
    };
    if !words(name) || name.starts_with("sg-") {
        // "Can't start with sg-." [botocore]
        return Err(refusal("InvalidParameterValue", format!("Invalid value '{name}' for groupName.")));
    }
    if !words(description) {
        return Err(refusal("InvalidParameterValue", format!("Invalid value '{description}' for groupDescription.")));
    }
    let tags = tags::read(params, "security-group")?;
    let network = world.network(caller);
    all_known(&[vpc], |id| network.vpc(id).is_some(), "InvalidVpcID.NotFound", "vpc")?;
    // "Names are case-insensitive and must be unique within the VPC." [botocore]
    if network.security_groups.iter().any(|known| known.vpc == vpc && known.name().eq_ignore_ascii_case(name)) {
        // [AWS:ec2 error codes]
        return Err(refusal(
            "InvalidGroup.Duplicate",
            format!("The security group '{name}' already exists for VPC '{vpc}'"),
        ));
    }
    let group = SecurityGroup {
        id: ids::resource("sg"),
        vpc: vpc.to_owned(),
        name: Some(name.to_owned()),
        description: Some(description.to_owned()),
        ingress: Vec::new(),
        used_by: None,
        tags,
        created: Some(now),
    };
    let mut xml = Xml::default();
    xml.text("groupId", &group.id);
    tags::shape(&mut xml, &group.tags);
    let path = format!("security-group/{}", group.id);
    xml.text("securityGroupArn", ids::arn("ec2", &caller.region, &caller.account, &path));
    network.security_groups.push(group);
    Ok(xml)
}

/// The group that a request is about.
fn named<'a>(world: &'a mut World, caller: &Caller, params: &Params) -> Result<&'a mut SecurityGroup, Refusal> {
    let id = params.required("GroupId")?;
    let found = world.network(caller).security_groups.iter_mut().find(|group| group.id == id);
    found.ok_or_else(|| missing(id))
}

/// \[AWS:ec2 error codes: `InvalidGroup.NotFound`\]
fn missing(id: &str) -> Refusal {
    refusal("InvalidGroup.NotFound", format!("The security group '{id}' does not exist"))
}

/// A rule as the refusal of a second one names it. \[ansible 19759 has the words\]
fn words(rule: &Rule) -> String {
    let sources = [&rule.cidr, &rule.cidr_v6, &rule.group, &rule.prefix_list];
    let peer = sources.into_iter().flatten().next().map_or("", String::as_str);
    let (protocol, from, to) = (rule.protocol.to_uppercase(), rule.from.unwrap_or(-1), rule.to.unwrap_or(-1));
    format!("peer: {peer}, {protocol}, from port: {from}, to port: {to}, ALLOW")
}

/// Adds rules, all or none. \[botocore: `AuthorizeSecurityGroupIngress`\]
pub fn authorize(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let rules = ingress::read(params)?;
    let known: Vec<String> = world.network(caller).security_groups.iter().map(|group| group.id.clone()).collect();
    let group = named(world, caller, params)?;
    if let Some(stranger) = rules.iter().filter_map(|rule| rule.group.as_ref()).find(|id| !known.contains(id)) {
        return Err(missing(stranger));
    }
    let present = group.rules();
    if let Some(rule) = rules.iter().find(|rule| present.iter().any(|old| old.same(rule))) {
        // [AWS:ec2 error codes: InvalidPermission.Duplicate]
        return Err(refusal(
            "InvalidPermission.Duplicate",
            format!("the specified rule \"{}\" already exists", words(rule)),
        ));
    }
    group.ingress.extend(rules.iter().cloned());
    let id = group.id.clone();
    let mut xml = Xml::default();
    xml.text("return", true);
    xml.items("securityGroupRuleSet", &rules, |item, rule| {
        ingress::shape_rule(item, rule, &id);
        item.text("groupOwnerId", &caller.account);
        if let Some(other) = &rule.group {
            item.group("referencedGroupInfo", |info| {
                info.text("groupId", other);
                info.text("userId", &caller.account);
            });
        }
    });
    Ok(xml)
}

/// Takes rules away, all or none: in a nondefault VPC one that is not there is an error. \[botocore: `RevokeSecurityGroupIngress`\]
pub fn revoke(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let rules = ingress::read(params)?;
    let group = named(world, caller, params)?;
    let mut present = group.rules();
    if rules.iter().any(|rule| !present.iter().any(|old| old.same(rule))) {
        // [AWS:ec2 error codes: InvalidPermission.NotFound]
        return Err(refusal("InvalidPermission.NotFound", "The specified rule does not exist in this security group."));
    }
    present.retain(|old| !rules.iter().any(|rule| rule.same(old)));
    group.ingress = present;
    let id = group.id.clone();
    let mut xml = Xml::default();
    xml.text("return", true);
    xml.items("revokedSecurityGroupRuleSet", &rules, |item, rule| {
        ingress::shape_rule(item, rule, &id);
        item.text_if("referencedGroupId", rule.group.as_ref());
    });
    Ok(xml)
}

/// Deletes a group that nothing uses. \[botocore: `DeleteSecurityGroup`\]
pub fn delete(world: &mut World, caller: &Caller, params: &Params, now: Timestamp) -> Outcome {
    let group = named(world, caller, params)?.clone();
    if group.name() == "default" {
        // [AWS:ec2 error codes]
        return Err(refusal(
            "CannotDelete",
            format!("the specified group: \"{}\" name: \"default\" cannot be deleted by a user", group.id),
        ));
    }
    let settings = world.settings.clone();
    let mut used = group.used_by.is_some();
    for endpoint in world.endpoints.iter_mut().filter(|endpoint| {
        endpoint.account == caller.account
            && endpoint.region == caller.region
            && endpoint.wanted.security_groups.contains(&group.id)
    }) {
        // An endpoint that is being deleted still has its interfaces. This call looks at it, as a Describe would: else
        // nothing would ever move for one who only tries again.
        if endpoint.state == State::Deleting {
            endpoint.observe(&settings, now);
        }
        used |= endpoint.state != State::Deleted;
    }
    let groups = &mut world.network(caller).security_groups;
    used |= groups.iter().any(|other| {
        let refers = other.ingress.iter().any(|rule| rule.group.as_ref() == Some(&group.id));
        other.id != group.id && other.vpc == group.vpc && refers
    });
    if used {
        return Err(refusal("DependencyViolation", format!("resource {} has a dependent object", group.id)));
    }
    groups.retain(|known| known.id != group.id);
    let mut xml = Xml::default();
    xml.text("return", true);
    xml.text("groupId", &group.id);
    Ok(xml)
}
