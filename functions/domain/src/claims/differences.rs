//! In what the settings that hold now differ from those that something was made with. What Drawbridge changes in place
//! (see [`crate::adjust`]) is told until it is done; the rest stays as it is, unless the subscription says
//! `on_change: replace`.

use std::collections::BTreeSet;
use std::fmt::Display;

use serde::Serialize;

use super::{Known, SETTINGS_DIFFER};
use crate::connection::{Connection, Plan, PlannedCall, PlannedDns};
use crate::identity::OWN_TAGS;
use crate::ids::{SecurityGroupId, SubnetId};
use crate::preflight::{Finding, Severity, planned_dns};
use crate::profile::Profile;
use crate::subscription::{Policy, RouteTables, SecurityGroups, Settings, Sources, Subnets, Subscription, VpcTarget};

/// One setting in which what was made differs from what holds now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In words: what it was made with instead of what.
    pub what: String,
    /// Whether AWS can change it while the endpoint or association stands. Of endpoints for what VPC Lattice
    /// leads to AWS changes only security groups and tags [AWS:privatelink/use-resource-endpoint,
    /// access-with-service-network-endpoint]; of an association only tags [CFN]; of others everything that a
    /// subscription says [botocore: ec2 `ModifyVpcEndpoint`].
    pub in_place: bool,
    /// Whether Drawbridge changes it while it stands; what it does not is made anew, if the subscription says so.
    pub applied: bool,
}

fn applied(what: String) -> Difference {
    Difference { what, in_place: true, applied: true }
}

fn in_place(what: String) -> Difference {
    Difference { what, in_place: true, applied: false }
}

fn anew(what: String) -> Difference {
    Difference { what, in_place: false, applied: false }
}

pub(crate) fn made_otherwise(connection: &Connection, known: Known<'_>) -> Option<Finding> {
    let made = connection.made.as_ref()?;
    let (first, differences) = planned_otherwise(connection, known)?;
    let words: Vec<_> = differences.iter().map(|difference| difference.what.as_str()).collect();
    let by_itself: Vec<_> = differences.iter().filter(|d| d.applied).map(|d| d.what.as_str()).collect();
    let anew = format!(
        "open it anew, which interrupts it: `drawbridge close {id} --reason TEXT`, and `drawbridge retry {id}` when it is \
         closed; or let the sweep do both: `on_change: replace` in the subscription",
        id = connection.id
    );
    let way_out = if by_itself.is_empty() {
        format!("nothing if it may stay as it is; else {anew}")
    } else if by_itself.len() == differences.len() {
        "nothing: Drawbridge changes it in place; what stands against that is told as ChangeNotMade".to_owned()
    } else {
        format!(
            "Drawbridge changes in place what was made with {}; for the rest nothing if it may stay as it is, else {anew}",
            by_itself.join(", and with ")
        )
    };
    Some(Finding {
        severity: Severity::Warning,
        code: SETTINGS_DIFFER.to_owned(),
        seen: format!("{} was made with {}", made.id(), words.join(", and with ")),
        needed: format!("the settings of subscription {}, which hold for whatever is made from now on", first.name),
        way_out,
    })
}

/// The subscription whose settings hold, and in what they differ from those that the connection was planned
/// with. None if they do not.
#[must_use]
pub fn planned_otherwise<'a>(connection: &Connection, known: Known<'a>) -> Option<(&'a Subscription, Vec<Difference>)> {
    let plan = connection.plan.as_ref()?;
    let first = known.find(connection.claims.first()?)?;
    let settings = first.settings(connection.kind, &connection.resource, &connection.target, known.home)?;
    let differences = differences(plan, first, settings);
    (!differences.is_empty()).then_some((first, differences))
}

fn differences(plan: &Plan, subscription: &Subscription, settings: Settings<'_>) -> Vec<Difference> {
    let profile = &subscription.profile.profile();
    let mut differences: Vec<Difference> = match (&plan.call, settings) {
        (PlannedCall::ResourceEndpoint { subnets, security_groups, private_dns, .. }, Settings::Resource(target))
        | (
            PlannedCall::ServiceNetworkEndpoint { subnets, security_groups, private_dns, .. },
            Settings::ServiceNetwork(target),
        ) => {
            let groups = groups(plan, security_groups, &target.security_groups);
            let moved = moved(subnets, &target.subnets).map(anew);
            moved.into_iter().chain(groups).chain(at_vpc(private_dns, target, profile).map(anew)).collect()
        }
        (PlannedCall::ServiceNetworkResource { private_dns, .. }, Settings::Association(target)) => {
            switched(*private_dns, target.private_dns).map(anew).into_iter().collect()
        }
        (
            PlannedCall::InterfaceEndpoint { subnets, security_groups, private_dns, policy, .. },
            Settings::Interface(item),
        ) => {
            let groups = groups(plan, security_groups, &item.security_groups);
            let moved = moved(subnets, &item.subnets).map(applied);
            // Without a word of its own the service decides, and it did when the plan was made.
            let dns = item.private_dns.and_then(|wished| switched(*private_dns, wished)).map(applied);
            let policy = other_policy(policy.as_deref(), item.policy.as_ref()).map(applied);
            moved.into_iter().chain(groups).chain(dns).chain(policy).collect()
        }
        (PlannedCall::GatewayEndpoint { route_tables, chosen_by, policy, .. }, Settings::Gateway(item)) => {
            // Which tables a VPC or its subnets have can't be told without a look at them: only whether they are asked for
            // in other words than when they were chosen.
            let asked = item.route_tables.asked();
            let otherwise = chosen_by.as_ref().filter(|by| **by != asked);
            let listed = match &item.route_tables {
                RouteTables::Listed(wished) => other("route tables", route_tables, wished),
                RouteTables::All | RouteTables::OfSubnets(_) => None,
            };
            let wished =
                listed.or_else(|| otherwise.map(|by| format!("route tables that are {by} instead of {asked}")));
            wished.into_iter().chain(other_policy(policy.as_deref(), item.policy.as_ref())).map(applied).collect()
        }
        _ => Vec::new(),
    };
    let given = plan.tags.iter().filter(|(key, _)| !key.starts_with(OWN_TAGS));
    if !given.eq(subscription.tags.iter()) {
        differences.push(applied("other tags".to_owned()));
    }
    differences
}

fn at_vpc(private_dns: &PlannedDns, target: &VpcTarget, profile: &Profile) -> Option<String> {
    let wished = planned_dns(&target.private_dns, profile);
    let word = |dns: &PlannedDns| dns.preference.clone().unwrap_or_else(|| "off".to_owned());
    (*private_dns != wished).then(|| format!("private DNS {} instead of {}", word(private_dns), word(&wished)))
}

/// Between listed groups and one of its own, and between the sources of that, AWS could change it, and Drawbridge
/// does not. A managed group's ports follow from the profile, and where nothing is named its sources from the VPC: those
/// are looked at when it is made.
fn groups(plan: &Plan, made: &[SecurityGroupId], wished: &SecurityGroups) -> Option<Difference> {
    match (&plan.group, wished) {
        (None, SecurityGroups::Listed(wished)) => other("security groups", made, wished).map(applied),
        (Some(_), SecurityGroups::Listed(_)) => {
            Some(in_place(format!("a security group of its own instead of {wished}")))
        }
        (None, SecurityGroups::Managed(_)) => {
            Some(in_place(format!("security groups {} instead of one of its own", words(made))))
        }
        (Some(_), SecurityGroups::Managed(sources)) if *sources == Sources::default() => None,
        (Some(group), SecurityGroups::Managed(sources)) => {
            let wished: Vec<_> = sources.cidrs.iter().map(ToString::to_string).collect();
            other("sources", &group.cidrs, &wished)
                .or_else(|| other("sources", &group.security_groups, &sources.security_groups))
                .map(in_place)
        }
    }
}

fn words<T: Display>(ids: &[T]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn moved(subnets: &[SubnetId], wished: &Subnets) -> Option<String> {
    match wished {
        Subnets::Listed(wished) => other("subnets", subnets, wished),
        Subnets::Auto => None,
    }
}

fn switched(made: bool, wished: bool) -> Option<String> {
    let word = |on: bool| if on { "on" } else { "off" };
    (made != wished).then(|| format!("private DNS {} instead of {}", word(made), word(wished)))
}

fn other_policy(made: Option<&str>, wished: Option<&Policy>) -> Option<String> {
    let wished = wished.map(Policy::text);
    match (made, wished.as_deref()) {
        (made, wished) if made == wished => None,
        (None, _) => Some("no policy instead of one".to_owned()),
        (_, None) => Some("a policy instead of none".to_owned()),
        _ => Some("another policy".to_owned()),
    }
}

fn other<T: Ord + Display>(what: &str, made: &[T], wished: &[T]) -> Option<String> {
    let (made, wished): (BTreeSet<&T>, BTreeSet<&T>) = (made.iter().collect(), wished.iter().collect());
    let words = |ids: &BTreeSet<&T>| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (made != wished).then(|| format!("{what} {} instead of {}", words(&made), words(&wished)))
}
