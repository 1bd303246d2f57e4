//! What a connection's plan is to become, by what its subscription says now.

use super::aspects::{Aspects, in_words, is_own, set};
use crate::claims::Known;
use crate::connection::{Connection, Plan, PlannedCall};
use crate::ids::{RouteTableId, SecurityGroupId};
use crate::subscription::{Policy, RouteTables, SecurityGroups, Settings, Subnets, Subscription};

/// What a connection's plan is to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a> {
    /// The subscription whose settings hold.
    pub subscription: &'a Subscription,
    /// What it says of this connection.
    pub settings: Settings<'a>,
    /// The plan of the record with everything that can be changed as the subscription says.
    pub plan: Plan,
    /// In what it differs from that of the record, and from those that the endpoint may have been changed to.
    pub aspects: Aspects,
    /// Whether the route tables in the plan are still those of before: which they are to be takes a look at the VPC.
    pub chooses: bool,
    /// Whether nothing else is said than when it was made, and what somebody changed by hand is put back.
    pub puts_back: bool,
}

impl Change<'_> {
    /// What makes it again what it was made as.
    pub(super) fn putting_back(mut self, connection: &Connection) -> Self {
        if let Some(plan) = &connection.plan {
            self.plan.clone_from(plan);
        }
        self.puts_back = true;
        self
    }

    /// Whether the record says that this is being done.
    #[must_use]
    pub fn is_begun(&self, connection: &Connection) -> bool {
        connection.changing.contains(&self.plan)
    }

    /// With these route tables.
    pub fn choose(&mut self, connection: &Connection, tables: Vec<RouteTableId>) {
        if let PlannedCall::GatewayEndpoint { route_tables, .. } = &mut self.plan.call {
            *route_tables = tables;
        }
        self.chooses = false;
        self.aspects = Aspects::from(&plans(connection), &self.plan);
    }

    /// Whether its names are to be read again: they may be others now, or were not shown yet after the last change.
    #[must_use]
    pub fn renames(&self, connection: &Connection) -> bool {
        let awaited = || connection.plan.as_ref().is_some_and(|plan| connection.changing.contains(plan));
        matches!(self.plan.call, PlannedCall::InterfaceEndpoint { .. }) && (self.aspects.renames() || awaited())
    }

    /// From what the record says to what it is to say.
    pub(super) fn in_words(&self, connection: &Connection) -> String {
        connection.plan.as_ref().map_or_else(String::new, |before| in_words(before, &self.plan))
    }
}

/// The plan with what the subscription says now, whether it differs or not.
#[must_use]
pub fn wanted<'a>(connection: &Connection, known: Known<'a>) -> Option<Change<'a>> {
    let before = connection.plan.as_ref()?;
    let subscription = known.find(connection.claims.first()?)?;
    let settings = subscription.settings(connection.kind, &connection.resource, &connection.target, known.home)?;
    let mut plan = before.clone();
    let mut chooses = false;
    match (&mut plan.call, settings) {
        (PlannedCall::ResourceEndpoint { security_groups, .. }, Settings::Resource(target))
        | (PlannedCall::ServiceNetworkEndpoint { security_groups, .. }, Settings::ServiceNetwork(target)) => {
            listed(before, security_groups, &target.security_groups);
        }
        (
            PlannedCall::InterfaceEndpoint { subnets, security_groups, private_dns, policy, .. },
            Settings::Interface(item),
        ) => {
            listed(before, security_groups, &item.security_groups);
            // Those that `auto` chose stay: on another day it would choose others, and nobody asked for that.
            if let Subnets::Listed(wished) = &item.subnets
                && set(subnets) != set(wished)
            {
                subnets.clone_from(wished);
            }
            // Without a word of its own the service decides, and it did when the plan was made.
            *private_dns = item.private_dns.unwrap_or(*private_dns);
            *policy = item.policy.as_ref().map(Policy::text);
        }
        (PlannedCall::GatewayEndpoint { route_tables, chosen_by, policy, .. }, Settings::Gateway(item)) => {
            let asked = item.route_tables.asked();
            let other_word = chosen_by.as_ref().is_some_and(|by| *by != asked);
            match &item.route_tables {
                RouteTables::Listed(wished) if other_word || set(route_tables) != set(wished) => {
                    route_tables.clone_from(wished);
                    *chosen_by = Some(asked);
                }
                // Those that were chosen by the same word stay: a table that was made since is nobody's wish yet.
                RouteTables::All | RouteTables::OfSubnets(_) if other_word => {
                    *chosen_by = Some(asked);
                    chooses = true;
                }
                _ => {}
            }
            *policy = item.policy.as_ref().map(Policy::text);
        }
        // Of an association VPC Lattice changes nothing but tags.
        (PlannedCall::ServiceNetworkResource { .. }, Settings::Association(_)) => {}
        _ => return None,
    }
    plan.tags.retain(|key, _| is_own(key));
    plan.tags.extend(subscription.tags.iter().map(|(key, value)| (key.clone(), value.clone())));
    let aspects = Aspects::from(&plans(connection), &plan);
    Some(Change { subscription, settings, plan, aspects, chooses, puts_back: false })
}

/// The plans that an endpoint may have been made by: the record's, and those that it is being changed to.
#[must_use]
pub fn plans(connection: &Connection) -> Vec<Plan> {
    connection.plan.iter().chain(&connection.changing).cloned().collect()
}

/// Between a group of its own and listed ones nothing is changed: the group's life is not decided here.
fn listed(plan: &Plan, groups: &mut Vec<SecurityGroupId>, wished: &SecurityGroups) {
    if let (None, SecurityGroups::Listed(wished)) = (&plan.group, wished)
        && set(groups) != set(wished)
    {
        groups.clone_from(wished);
    }
}
