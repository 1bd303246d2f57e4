//! Taking what carries our tags, and stands in no live record, into its record.
//!
//! The plan that is written here is what [`crate::adjust`] later takes for made by Drawbridge, and takes away when the
//! subscription says otherwise. So it names, of what somebody may have added by hand, only what the subscription asks for
//! (ADR 16): of the tags our own and those that it gives, of listed subnets, route tables and security groups those of the
//! list. What is chosen by a word (`auto`, `all`, the tables of subnets) can't be told from what was added without a look at
//! the VPC, which reconcile does not take: there it names what is there.

use std::fmt::Display;

use jiff::Timestamp;

use super::OF_STRAYS;
use super::policy::is_another;
use super::strays::{Stray, Thing};
use crate::connection::{Connection, Plan, PlannedCall, PlannedGroup, Status};
use crate::ending::Cause;
use crate::identity::{Home, OWN_TAGS, TAG_OWNER};
use crate::ids::{ResourceArn, SecurityGroupId, Service, VpcId};
use crate::inventory::ListedEndpoint;
use crate::resource::Resource;
use crate::subscription::{Policy, RouteTables, SecurityGroups, Settings, Subnets, Subscription, TargetKey};

/// What is known of who wants it.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    /// The subscription whose settings hold.
    pub subscription: Option<&'a Subscription>,
    /// Where this installation runs.
    pub home: &'a Home,
}

/// The record that has it: a connect run looks whether it can be used, and goes on from there.
///
/// # Errors
/// Why it is not adopted, in words: it is not what the record is about, can't be used any more, somebody wanted the
/// connection to end, or what it was made with can't be known.
pub fn adopt(stray: &Stray, record: &Connection, grounds: Grounds<'_>, now: Timestamp) -> Result<Connection, String> {
    if record.claims.is_empty() {
        return Err("no subscription claims the connection".to_owned());
    }
    if record.is_held() {
        return Err("limits leave no room for the connection".to_owned());
    }
    // What is replaced is opened anew by itself; what ended in a grace period is not shared any more.
    let on_purpose = [Cause::Operator, Cause::Withdrawn, Cause::Revoked, Cause::Replaced];
    if let Some(ending) = record.ending.as_ref().filter(|ending| ending.in_grace || on_purpose.contains(&ending.cause))
    {
        return Err(format!("the connection was ended on purpose ({})", ending.cause.as_str()));
    }
    if !stray.is_in(&["available", "partial", "pending", "ACTIVE", "CREATE_IN_PROGRESS"]) {
        return Err(format!("it is {}", stray.state()));
    }
    // The token says of which generation it is; the next one must not have the same again.
    let token = stray.tags.get(TAG_OWNER).cloned().unwrap_or_default();
    let generation = token.strip_prefix(stray.connection.as_str()).and_then(|rest| rest.strip_prefix("-g"));
    let generation: u32 = generation
        .and_then(|generation| generation.parse().ok())
        .ok_or_else(|| format!("its tag {TAG_OWNER} names no generation of the connection"))?;
    let subscription = grounds.subscription.ok_or("no subscription that claims the connection can be read")?;
    let settings = subscription
        .settings(record.kind, &record.resource, &record.target, grounds.home)
        .ok_or_else(|| format!("subscription {} does not ask for the connection any more", subscription.name))?;
    let group = match &stray.thing {
        Thing::Endpoint(listed) => match &record.target {
            TargetKey::Vpc(vpc) => own_group(listed, stray, &token, vpc, wished_groups(settings))?,
            TargetKey::ServiceNetwork(_) => None,
        },
        Thing::Association(..) => None,
    };
    let call = call(stray, record, settings, group.is_some())?;
    let mut tags = std::collections::BTreeMap::new();
    for (key, value) in &stray.tags {
        if key.starts_with(OWN_TAGS) || subscription.tags.contains_key(key) {
            tags.insert(key.clone(), value.clone());
        }
    }

    let mut next = record.clone();
    next.start_over();
    next.generation = record.generation.max(generation);
    next.transient_runs = 0;
    next.fault = None;
    next.findings.retain(|finding| !OF_STRAYS.contains(&finding.code.as_str()));
    let (own, group) = group.unzip();
    next.plan = Some(Plan { token, tags, call, group, planned_at: now });
    next.made = Some(stray.made());
    next.group = None;
    if let Some(group) = own {
        next.stand_behind(group);
    }
    let why = format!("{} carries its tags and is adopted", stray.made().id());
    next.become_status(Status::Waiting, now, why, "observe looks until it can be used");
    Ok(next)
}

/// The security group of this generation's own that it stands behind, if it does: who forgets it never removes it. It is
/// known by its name, which is the token. From where it admits what is not known here, and taken to be as the subscription
/// says; whether it carries our tags is looked at before it is deleted.
fn own_group(
    listed: &ListedEndpoint,
    stray: &Stray,
    token: &str,
    vpc: &VpcId,
    wished: Option<&SecurityGroups>,
) -> Result<Option<(SecurityGroupId, PlannedGroup)>, String> {
    let of_connection = |name: &str| name.starts_with(stray.connection.as_str());
    if let Some((id, name)) = listed.group_names.iter().find(|(_, name)| of_connection(name) && name != token) {
        return Err(format!("it stands behind {id}, which was made for {name}"));
    }
    let Some((id, _)) = listed.group_names.iter().find(|(_, name)| name == token) else { return Ok(None) };
    let (cidrs, security_groups) = match wished {
        Some(SecurityGroups::Managed(sources)) => {
            (sources.cidrs.iter().map(ToString::to_string).collect(), sources.security_groups.clone())
        }
        _ => (Vec::new(), Vec::new()),
    };
    let planned = PlannedGroup { vpc: vpc.clone(), ports: Vec::new(), cidrs, security_groups };
    Ok(Some((id.clone(), planned)))
}

/// The call that would have made it, if it leads from where to where the record says.
fn call(stray: &Stray, record: &Connection, settings: Settings<'_>, own_group: bool) -> Result<PlannedCall, String> {
    let (kind, shown, target) = stray.leads().ok_or("it is of no kind that Drawbridge makes")?;
    // EC2 shows a service's name without its Region.
    let same = match (&shown, &record.resource) {
        (Resource::Service(shown), Resource::Service(known)) => shown.name() == known.name(),
        (shown, known) => shown == known,
    };
    if kind != record.kind || target != record.target || !same {
        return Err(format!(
            "it leads from {target} to {shown}, the connection from {} to {}",
            record.target, record.resource
        ));
    }
    match (&stray.thing, &record.resource, target, settings) {
        (
            Thing::Association(listed, _),
            Resource::Arn(resource),
            TargetKey::ServiceNetwork(service_network),
            Settings::Association(_),
        ) => Ok(PlannedCall::ServiceNetworkResource {
            resource: resource.clone(),
            service_network,
            private_dns: listed.private_dns,
        }),
        (Thing::Endpoint(listed), Resource::Arn(arn), TargetKey::Vpc(vpc), settings) => {
            for_lattice(listed, arn, vpc, settings, own_group)
        }
        (Thing::Endpoint(listed), Resource::Service(service), TargetKey::Vpc(vpc), settings) => {
            for_service(listed, service, vpc, settings, own_group)
        }
        _ => Err("the subscription asks for something else".to_owned()),
    }
}

/// Their subnets can't be changed, so whatever is shown is what they were made with [AWS:privatelink/use-resource-endpoint].
fn for_lattice(
    listed: &ListedEndpoint,
    arn: &ResourceArn,
    vpc: VpcId,
    settings: Settings<'_>,
    own_group: bool,
) -> Result<PlannedCall, String> {
    let (subnets, private_dns) = (listed.subnets.clone(), listed.private_dns.clone());
    match settings {
        Settings::Resource(target) => Ok(PlannedCall::ResourceEndpoint {
            resource: arn.clone(),
            vpc,
            subnets,
            security_groups: groups(listed, &target.security_groups, own_group),
            private_dns,
        }),
        Settings::ServiceNetwork(target) => Ok(PlannedCall::ServiceNetworkEndpoint {
            service_network: arn.clone(),
            vpc,
            subnets,
            security_groups: groups(listed, &target.security_groups, own_group),
            private_dns,
        }),
        _ => Err("the subscription asks for something else".to_owned()),
    }
}

fn for_service(
    listed: &ListedEndpoint,
    service: &Service,
    vpc: VpcId,
    settings: Settings<'_>,
    own_group: bool,
) -> Result<PlannedCall, String> {
    let service = service.clone();
    match settings {
        Settings::Interface(item) => Ok(PlannedCall::InterfaceEndpoint {
            service,
            vpc,
            subnets: match &item.subnets {
                Subnets::Listed(wished) => of_the_list("subnets", &listed.subnets, wished)?,
                Subnets::Auto => listed.subnets.clone(),
            },
            security_groups: groups(listed, &item.security_groups, own_group),
            private_dns: listed.endpoint.private_dns,
            policy: policy(listed, item.policy.as_ref()),
        }),
        Settings::Gateway(item) => {
            let shown = &listed.endpoint.route_tables;
            let (route_tables, chosen_by) = match &item.route_tables {
                RouteTables::Listed(wished) => {
                    (of_the_list("route tables", shown, wished)?, Some(item.route_tables.asked()))
                }
                RouteTables::All | RouteTables::OfSubnets(_) => (shown.clone(), None),
            };
            let policy = policy(listed, item.policy.as_ref());
            Ok(PlannedCall::GatewayEndpoint { service, vpc, route_tables, chosen_by, policy })
        }
        _ => Err("the subscription asks for something else".to_owned()),
    }
}

/// Of what it has, what the subscription lists. It has nothing of that: then nobody knows what of it is others'.
fn of_the_list<T: Clone + PartialEq + Display>(what: &str, has: &[T], wished: &[T]) -> Result<Vec<T>, String> {
    let common: Vec<T> = has.iter().filter(|item| wished.contains(item)).cloned().collect();
    if common.is_empty() && !has.is_empty() {
        let has: Vec<_> = has.iter().map(ToString::to_string).collect();
        return Err(format!("the subscription lists none of its {what}, {}", has.join(", ")));
    }
    Ok(common)
}

const fn wished_groups(settings: Settings<'_>) -> Option<&SecurityGroups> {
    match settings {
        Settings::Resource(target) | Settings::ServiceNetwork(target) => Some(&target.security_groups),
        Settings::Interface(item) => Some(&item.security_groups),
        Settings::Association(_) | Settings::Gateway(_) => None,
    }
}

/// Of its security groups those that the subscription lists. If it lists none of them all are named, since the list holds:
/// they make way for it. One of its own is named by the record alone.
fn groups(listed: &ListedEndpoint, wished: &SecurityGroups, own_group: bool) -> Vec<SecurityGroupId> {
    if own_group {
        return Vec::new();
    }
    let common: Vec<_> = listed.security_groups.iter().filter(|id| wished.named().contains(id)).cloned().collect();
    match wished {
        SecurityGroups::Listed(_) if !common.is_empty() => common,
        SecurityGroups::Listed(_) | SecurityGroups::Managed(_) => listed.security_groups.clone(),
    }
}

/// The subscription's policy, if that is the one that it has. Else it is told that it has another one than AWS's default,
/// and changed if the subscription says one.
fn policy(listed: &ListedEndpoint, wished: Option<&Policy>) -> Option<String> {
    let wished = wished.map(Policy::text)?;
    let same = listed.policy.is_some() && !is_another(Some(&wished), listed.policy.as_deref());
    same.then_some(wished)
}
