//! The calls that make what stands what its plan says.

use std::collections::{BTreeMap, BTreeSet};

use super::aspects::{Aspects, groups_of, is_own, policy_of, private_dns_of, subnets_of, tables_of};
use crate::connection::{Connection, Plan, PlannedCall};
use crate::ids::{RouteTableId, SecurityGroupId, SubnetId};
use crate::inventory::ListedEndpoint;
use crate::network::{Association, same_word};
use crate::truth::policy;

/// What was made, as AWS shows it, with its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// A VPC endpoint.
    Endpoint(Box<ListedEndpoint>),
    /// A service-network resource association.
    Association(Box<Association>, BTreeMap<String, String>),
}

impl Shown {
    /// Its tags.
    #[must_use]
    pub const fn tags(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Endpoint(listed) => &listed.endpoint.tags,
            Self::Association(_, tags) => tags,
        }
    }

    /// Whether it can be changed: what is being made or removed, or failed, is not touched.
    #[must_use]
    pub fn can_be_changed(&self) -> bool {
        let (state, of): (_, &[&str]) = match self {
            Self::Endpoint(listed) => (&listed.endpoint.state, &["available", "pending", "pendingAcceptance"]),
            Self::Association(association, _) => (&association.status, &["ACTIVE", "PARTIAL"]),
        };
        of.iter().any(|word| same_word(state, word))
    }
}

/// The calls that make an endpoint what a plan says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calls {
    /// What `ModifyVpcEndpoint` says.
    pub modify: Modification,
    /// The tags to add or overwrite.
    pub set_tags: BTreeMap<String, String>,
    /// The tags to take off, where they have these values still.
    pub remove_tags: BTreeMap<String, String>,
}

/// What one `ModifyVpcEndpoint` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Modification {
    /// Security groups to add.
    pub add_groups: Vec<SecurityGroupId>,
    /// Security groups to remove.
    pub remove_groups: Vec<SecurityGroupId>,
    /// Subnets to add.
    pub add_subnets: Vec<SubnetId>,
    /// Subnets to remove.
    pub remove_subnets: Vec<SubnetId>,
    /// Whether private DNS is to be on, if it is to be switched.
    pub private_dns: Option<bool>,
    /// Route tables to add.
    pub add_tables: Vec<RouteTableId>,
    /// Route tables to remove.
    pub remove_tables: Vec<RouteTableId>,
    /// The policy to set, or that AWS's default is to hold again.
    pub policy: Option<PolicyChange>,
}

/// What becomes of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyChange {
    /// It is this.
    Set(String),
    /// It is AWS's default.
    Reset,
}

impl Calls {
    /// Whether there is nothing to call.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Modification {
    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What makes what stands what `plan` says, as it is shown. `before` are the plans that it may have been made by. Only
/// what they differ in from `plan` is touched.
///
/// Security groups are those of the list and no others, since one more admits more. Subnets, route tables and tags that
/// somebody added by hand stay: only what a plan named is taken away. What is added and what is removed is one call, so
/// that the endpoint stands somewhere at every moment. The policy is said again, which changes nothing
/// if it is so already. `tagged` are the tags of each thing that carries the connection's.
#[must_use]
pub fn calls(before: &[Plan], plan: &Plan, shown: &Shown, tagged: &[&BTreeMap<String, String>]) -> Calls {
    let differ = Aspects::from(before, plan);
    let mut calls = Calls::default();
    if let Shown::Endpoint(listed) = shown {
        calls.modify = modification(before, plan, listed, differ);
    }
    if differ.tags {
        calls.set_tags = lacking_tags(plan, tagged);
        let named = before.iter().flat_map(|before| &before.tags);
        let gone = named.filter(|(key, _)| !is_own(key) && !plan.tags.contains_key(*key));
        let still = gone.filter(|(key, value)| tagged.iter().any(|tags| tags.get(*key) == Some(*value)));
        calls.remove_tags = still.map(|(key, value)| (key.clone(), value.clone())).collect();
    }
    calls
}

/// What makes what stands again what the record says that it was made as, where that can be done in place. What somebody
/// added stays, but for security groups, as in [`calls`].
#[must_use]
pub fn put_back(record: &Connection, shown: &Shown, tagged: &[&BTreeMap<String, String>]) -> Calls {
    let (Some(plan), Some(call)) = (&record.plan, record.call_said()) else { return Calls::default() };
    let plan = Plan { call, ..plan.clone() };
    let mut calls = Calls::default();
    if let Shown::Endpoint(listed) = shown {
        let has_policy =
            matches!(plan.call, PlannedCall::InterfaceEndpoint { .. } | PlannedCall::GatewayEndpoint { .. });
        let differ = Aspects {
            // Those that are not known are not taken for none.
            security_groups: !groups_of(&plan.call).is_empty(),
            subnets: true,
            private_dns: true,
            route_tables: true,
            policy: has_policy && policy::is_another(policy_of(&plan.call), listed.policy.as_deref()),
            tags: false,
        };
        calls.modify = modification(&[], &plan, listed, differ);
    }
    calls.set_tags = lacking_tags(&plan, tagged);
    calls
}

/// The subscription's tags that something lacks, or has with another value.
fn lacking_tags(plan: &Plan, tagged: &[&BTreeMap<String, String>]) -> BTreeMap<String, String> {
    let has = |key: &str, value: &str| tagged.iter().all(|tags| tags.get(key).is_some_and(|tag| tag == value));
    let given = plan.tags.iter().filter(|(key, value)| !is_own(key) && !has(key, value));
    given.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn modification(before: &[Plan], plan: &Plan, shown: &ListedEndpoint, differ: Aspects) -> Modification {
    let mut modify = Modification::default();
    if differ.security_groups {
        let (wished, has) = (groups_of(&plan.call), &shown.security_groups);
        modify.add_groups = lacking(wished, has);
        modify.remove_groups = lacking(has, wished);
    }
    if differ.subnets {
        let (wished, has) = (subnets_of(&plan.call), &shown.subnets);
        modify.add_subnets = lacking(wished, has);
        modify.remove_subnets = named(before, |before| subnets_of(&before.call), has, wished);
    }
    if differ.private_dns {
        modify.private_dns = private_dns_of(&plan.call).filter(|on| *on != shown.endpoint.private_dns);
    }
    if differ.route_tables {
        let (wished, has) = (tables_of(&plan.call), &shown.endpoint.route_tables);
        modify.add_tables = lacking(wished, has);
        modify.remove_tables = named(before, |before| tables_of(&before.call), has, wished);
    }
    if differ.policy {
        let said = policy_of(&plan.call).map(|policy| PolicyChange::Set(policy.to_owned()));
        modify.policy = Some(said.unwrap_or(PolicyChange::Reset));
    }
    modify
}

/// Of what the endpoint has and is not to have: what a plan named.
fn named<T: Clone + Ord>(before: &[Plan], of: impl Fn(&Plan) -> &[T], has: &[T], wished: &[T]) -> Vec<T> {
    let named: BTreeSet<&T> = before.iter().flat_map(of).collect();
    lacking(has, wished).into_iter().filter(|item| named.contains(item)).collect()
}

fn lacking<T: Clone + PartialEq>(of: &[T], has: &[T]) -> Vec<T> {
    of.iter().filter(|item| !has.contains(item)).cloned().collect()
}
