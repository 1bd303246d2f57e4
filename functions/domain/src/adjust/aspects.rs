//! In what two plans differ of what can be changed while the endpoint stands.

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::connection::{Plan, PlannedCall};
use crate::identity::OWN_TAGS;
use crate::ids::{RouteTableId, SecurityGroupId, SubnetId};

/// In what two plans differ of what can be changed.
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Aspects {
    /// The listed security groups.
    pub security_groups: bool,
    /// The listed subnets, of an interface endpoint.
    pub subnets: bool,
    /// Whether private DNS is on, of an interface endpoint.
    pub private_dns: bool,
    /// The route tables, or the word by which they are chosen.
    pub route_tables: bool,
    /// The endpoint's policy.
    pub policy: bool,
    /// The tags.
    pub tags: bool,
}

impl Aspects {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Whether the endpoint's names follow from it: each zone of an interface endpoint has one, and so has private DNS.
    #[must_use]
    pub const fn renames(self) -> bool {
        self.subnets || self.private_dns
    }

    pub(super) fn from(before: &[Plan], plan: &Plan) -> Self {
        let differ = |aspect: fn(Self) -> bool| before.iter().any(|before| aspect(Self::between(before, plan)));
        Self {
            security_groups: differ(|aspects| aspects.security_groups),
            subnets: differ(|aspects| aspects.subnets),
            private_dns: differ(|aspects| aspects.private_dns),
            route_tables: differ(|aspects| aspects.route_tables),
            policy: differ(|aspects| aspects.policy),
            tags: differ(|aspects| aspects.tags),
        }
    }

    fn between(a: &Plan, b: &Plan) -> Self {
        Self {
            security_groups: set(groups_of(&a.call)) != set(groups_of(&b.call)),
            subnets: set(subnets_of(&a.call)) != set(subnets_of(&b.call)),
            private_dns: private_dns_of(&a.call) != private_dns_of(&b.call),
            route_tables: set(tables_of(&a.call)) != set(tables_of(&b.call))
                || chosen_by(&a.call) != chosen_by(&b.call),
            policy: policy_of(&a.call) != policy_of(&b.call),
            tags: a.tags != b.tags,
        }
    }
}

/// From what one plan says to what another says, of what can be changed.
#[must_use]
pub fn in_words(before: &Plan, after: &Plan) -> String {
    let aspects = Aspects::between(before, after);
    let mut words = Vec::new();
    if aspects.security_groups {
        words.push(from_to("security groups", groups_of(&before.call), groups_of(&after.call)));
    }
    if aspects.subnets {
        words.push(from_to("subnets", subnets_of(&before.call), subnets_of(&after.call)));
    }
    if aspects.private_dns {
        let on = private_dns_of(&after.call) == Some(true);
        words.push(if on { "private DNS on instead of off" } else { "private DNS off instead of on" }.to_owned());
    }
    if aspects.route_tables {
        words.push(from_to("route tables", tables_of(&before.call), tables_of(&after.call)));
        if let (Some(was), Some(is)) = (chosen_by(&before.call), chosen_by(&after.call))
            && was != is
        {
            words.push(format!("route tables that are {is} instead of {was}"));
        }
    }
    if aspects.policy {
        words.push(match (policy_of(&before.call), policy_of(&after.call)) {
            (None, _) => "a policy instead of AWS's default".to_owned(),
            (_, None) => "AWS's default policy instead of its own".to_owned(),
            _ => "another policy".to_owned(),
        });
    }
    if aspects.tags {
        let tags = |plan: &Plan| -> Vec<String> {
            let given = plan.tags.iter().filter(|(key, _)| !is_own(key));
            given.map(|(key, value)| format!("{key}={value}")).collect()
        };
        words.push(from_to("tags", &tags(before), &tags(after)));
    }
    if words.is_empty() { "what it was made with".to_owned() } else { words.join("; ") }
}

fn from_to<T: Display>(what: &str, from: &[T], to: &[T]) -> String {
    let list = |items: &[T]| {
        let items: Vec<_> = items.iter().map(ToString::to_string).collect();
        if items.is_empty() { "none".to_owned() } else { items.join(", ") }
    };
    format!("{what} {} instead of {}", list(to), list(from))
}

pub(super) fn is_own(key: &str) -> bool {
    key.starts_with(OWN_TAGS)
}

pub(super) fn set<T: Ord>(items: &[T]) -> BTreeSet<&T> {
    items.iter().collect()
}

pub(super) fn groups_of(call: &PlannedCall) -> &[SecurityGroupId] {
    match call {
        PlannedCall::ResourceEndpoint { security_groups, .. }
        | PlannedCall::ServiceNetworkEndpoint { security_groups, .. }
        | PlannedCall::InterfaceEndpoint { security_groups, .. } => security_groups,
        PlannedCall::GatewayEndpoint { .. } | PlannedCall::ServiceNetworkResource { .. } => &[],
    }
}

/// Of others than interface endpoints subnets stay as they are [botocore: ec2 `ModifyVpcEndpoint`].
pub(super) fn subnets_of(call: &PlannedCall) -> &[SubnetId] {
    match call {
        PlannedCall::InterfaceEndpoint { subnets, .. } => subnets,
        _ => &[],
    }
}

/// Of others than interface endpoints private DNS stays as it is [botocore: ec2 `ModifyVpcEndpoint`].
pub(super) const fn private_dns_of(call: &PlannedCall) -> Option<bool> {
    match call {
        PlannedCall::InterfaceEndpoint { private_dns, .. } => Some(*private_dns),
        _ => None,
    }
}

pub(super) fn tables_of(call: &PlannedCall) -> &[RouteTableId] {
    match call {
        PlannedCall::GatewayEndpoint { route_tables, .. } => route_tables,
        _ => &[],
    }
}

fn chosen_by(call: &PlannedCall) -> Option<&str> {
    match call {
        PlannedCall::GatewayEndpoint { chosen_by, .. } => chosen_by.as_deref(),
        _ => None,
    }
}

pub(super) fn policy_of(call: &PlannedCall) -> Option<&str> {
    match call {
        PlannedCall::InterfaceEndpoint { policy, .. } | PlannedCall::GatewayEndpoint { policy, .. } => {
            policy.as_deref()
        }
        _ => None,
    }
}
