//! What was made stays as it is when the settings change: AWS can't change most of them in place, and
//! Drawbridge changes none. So it is told.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::{Known, SETTINGS_DIFFER};
use crate::connection::{Connection, Plan, PlannedCall, PlannedDns};
use crate::ids::{SecurityGroupId, SubnetId};
use crate::preflight::{Finding, Severity, planned_dns};
use crate::profile::Profile;
use crate::subscription::{Policy, RouteTables, Settings, Subnets, Subscription, VpcTarget};

pub(super) fn made_otherwise(connection: &Connection, known: Known<'_>) -> Option<Finding> {
    let (plan, made) = (connection.plan.as_ref()?, connection.made.as_ref()?);
    let first = known.find(connection.claims.first()?)?;
    let settings = first.settings(connection.kind, &connection.resource, &connection.target, known.home)?;
    let differences = differences(plan, first, settings);
    (!differences.is_empty()).then(|| Finding {
        severity: Severity::Warning,
        code: SETTINGS_DIFFER.to_owned(),
        seen: format!("{} was made with {}", made.id(), differences.join(", and with ")),
        needed: format!("the settings of subscription {}, which hold for whatever is made from now on", first.name),
        way_out: format!(
            "nothing if it may stay as it is; else open it anew, which interrupts it: \
             `drawbridge close {id} --reason TEXT`, and `drawbridge retry {id}` when it is closed",
            id = connection.id
        ),
    })
}

fn differences(plan: &Plan, subscription: &Subscription, settings: Settings<'_>) -> Vec<String> {
    let profile = Profile::of(subscription.profile);
    let mut differences = match (&plan.call, settings) {
        (PlannedCall::ResourceEndpoint { subnets, security_groups, private_dns, .. }, Settings::Resource(target))
        | (
            PlannedCall::ServiceNetworkEndpoint { subnets, security_groups, private_dns, .. },
            Settings::ServiceNetwork(target),
        ) => at_vpc(subnets, security_groups, private_dns, target, profile),
        (PlannedCall::ServiceNetworkResource { private_dns, .. }, Settings::Association(target)) => {
            switched(*private_dns, target.private_dns).into_iter().collect()
        }
        (
            PlannedCall::InterfaceEndpoint { subnets, security_groups, private_dns, policy, .. },
            Settings::Interface(item),
        ) => {
            let mut differences = placed(subnets, security_groups, &item.subnets, &item.security_groups);
            // Without a word of its own the service decides, and it did when the plan was made.
            differences.extend(item.private_dns.and_then(|wished| switched(*private_dns, wished)));
            differences.extend(other_policy(policy.as_deref(), item.policy.as_ref()));
            differences
        }
        (PlannedCall::GatewayEndpoint { route_tables, policy, .. }, Settings::Gateway(item)) => {
            // Which tables a VPC or its subnets have can't be told without a look at them.
            let wished = match &item.route_tables {
                RouteTables::Listed(wished) => other("route tables", route_tables, wished),
                RouteTables::All | RouteTables::OfSubnets(_) => None,
            };
            wished.into_iter().chain(other_policy(policy.as_deref(), item.policy.as_ref())).collect()
        }
        _ => Vec::new(),
    };
    let own = |key: &str| key.starts_with("drawbridge:");
    let given = plan.tags.iter().filter(|(key, _)| !own(key));
    if !given.eq(subscription.tags.iter()) {
        differences.push("other tags".to_owned());
    }
    differences
}

fn at_vpc(
    subnets: &[SubnetId],
    security_groups: &[SecurityGroupId],
    private_dns: &PlannedDns,
    target: &VpcTarget,
    profile: &Profile,
) -> Vec<String> {
    let mut differences = placed(subnets, security_groups, &target.subnets, &target.security_groups);
    let wished = planned_dns(&target.private_dns, profile);
    if *private_dns != wished {
        let word = |dns: &PlannedDns| dns.preference.clone().unwrap_or_else(|| "off".to_owned());
        differences.push(format!("private DNS {} instead of {}", word(private_dns), word(&wished)));
    }
    differences
}

fn placed(
    subnets: &[SubnetId],
    security_groups: &[SecurityGroupId],
    wished: &Subnets,
    wished_groups: &[SecurityGroupId],
) -> Vec<String> {
    let moved = match wished {
        Subnets::Listed(wished) => other("subnets", subnets, wished),
        Subnets::Auto => None,
    };
    moved.into_iter().chain(other("security groups", security_groups, wished_groups)).collect()
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
