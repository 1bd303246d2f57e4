//! What AWS can change in place is changed in place: what was made converges to what the subscription says now.
//!
//! Every decision is made from what is: the record, the subscription and the endpoint as EC2 shows it. So doing it twice
//! changes nothing. Before the first call the record says to what the endpoint is being changed ([`Connection::changing`]):
//! whoever stops half-way, or never hears whether AWS did, leaves that to the next look, also if the subscription says
//! something else by then. What stands against a change leaves the endpoint as it is, which works, and is told in the record.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use jiff::Timestamp;

use crate::claims::{self, Known, SETTINGS_DIFFER};
use crate::connection::{Connection, Made, Plan, PlannedCall, Status};
use crate::fault::Fault;
use crate::identity::{OWN_TAGS, TAG_CONNECTION, TAG_OWNER};
use crate::ids::{RouteTableId, SecurityGroupId};
use crate::inventory::ListedEndpoint;
use crate::network::same_word;
use crate::ports::AuditEntry;
use crate::preflight::{Finding, Severity};
use crate::subscription::{Policy, RouteTables, SecurityGroups, Settings, Subscription};

/// What a subscription says now could not be changed in place.
pub const CHANGE_NOT_MADE: &str = "ChangeNotMade";

/// What preflight says of security groups: of others it is said anew.
const OF_GROUPS: [&str; 3] = ["PortsClosed", "PortsPartlyClosed", "OptionalPortsClosed"];

/// In what two plans differ of what can be changed.
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Aspects {
    /// The listed security groups.
    pub security_groups: bool,
    /// The listed route tables.
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

    fn from(before: &[Plan], plan: &Plan) -> Self {
        let differ = |aspect: fn(Self) -> bool| before.iter().any(|before| aspect(Self::between(before, plan)));
        Self {
            security_groups: differ(|aspects| aspects.security_groups),
            route_tables: differ(|aspects| aspects.route_tables),
            policy: differ(|aspects| aspects.policy),
            tags: differ(|aspects| aspects.tags),
        }
    }

    fn between(a: &Plan, b: &Plan) -> Self {
        Self {
            security_groups: set(groups_of(&a.call)) != set(groups_of(&b.call)),
            route_tables: set(tables_of(&a.call)) != set(tables_of(&b.call)),
            policy: policy_of(&a.call) != policy_of(&b.call),
            tags: a.tags != b.tags,
        }
    }
}

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
}

impl Change<'_> {
    /// Whether the record says that this is being done.
    #[must_use]
    pub fn is_begun(&self, connection: &Connection) -> bool {
        connection.changing.contains(&self.plan)
    }

    /// From what the record says to what it is to say.
    fn in_words(&self, connection: &Connection) -> String {
        connection.plan.as_ref().map_or_else(String::new, |before| in_words(before, &self.plan))
    }
}

/// What is to be done about a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// Nothing.
    Nothing,
    /// What was told of it is so no more.
    TakeBack,
    /// It is to be changed.
    Change(Box<Change<'a>>),
}

/// Whether a connection is to be changed in place. Only what is ready and not to be replaced anyway: what a run has, or
/// what ends, is theirs.
#[must_use]
pub fn step<'a>(connection: &Connection, known: Known<'a>) -> Step<'a> {
    let works = connection.status == Status::Ready && connection.ending.is_none();
    if !works || !matches!(connection.made, Some(Made::Endpoint(_))) {
        return Step::Nothing;
    }
    // What can't be read is not known to differ.
    let unreadable = connection.claims.first().is_some_and(|claim| known.unreadable.contains(claim.as_str()));
    let change = wanted(connection, known).filter(|_| claims::to_be_replaced(connection, known).is_none());
    match change.filter(|change| !change.aspects.is_none() || !connection.changing.is_empty()) {
        Some(change) => Step::Change(Box::new(change)),
        None if !unreadable && is_told(connection) => Step::TakeBack,
        None => Step::Nothing,
    }
}

/// Whether the record says that a change could not be made.
#[must_use]
pub fn is_told(connection: &Connection) -> bool {
    connection.findings.iter().any(|finding| finding.code == CHANGE_NOT_MADE)
}

/// The plan with what the subscription says now, whether it differs or not.
#[must_use]
pub fn wanted<'a>(connection: &Connection, known: Known<'a>) -> Option<Change<'a>> {
    let before = connection.plan.as_ref()?;
    let subscription = known.find(connection.claims.first()?)?;
    let settings = subscription.settings(connection.kind, &connection.resource, &connection.target, known.home)?;
    let mut plan = before.clone();
    match (&mut plan.call, settings) {
        (PlannedCall::ResourceEndpoint { security_groups, .. }, Settings::Resource(target))
        | (PlannedCall::ServiceNetworkEndpoint { security_groups, .. }, Settings::ServiceNetwork(target)) => {
            listed(before, security_groups, &target.security_groups);
        }
        (PlannedCall::InterfaceEndpoint { security_groups, policy, .. }, Settings::Interface(item)) => {
            listed(before, security_groups, &item.security_groups);
            *policy = item.policy.as_ref().map(Policy::text);
        }
        (PlannedCall::GatewayEndpoint { route_tables, policy, .. }, Settings::Gateway(item)) => {
            if let RouteTables::Listed(wished) = &item.route_tables
                && set(route_tables) != set(wished)
            {
                route_tables.clone_from(wished);
            }
            *policy = item.policy.as_ref().map(Policy::text);
        }
        // Of an association VPC Lattice changes nothing but tags, and those are not looked after yet.
        _ => return None,
    }
    plan.tags.retain(|key, _| is_own(key));
    plan.tags.extend(subscription.tags.iter().map(|(key, value)| (key.clone(), value.clone())));
    let aspects = Aspects::from(&plans(connection), &plan);
    Some(Change { subscription, settings, plan, aspects })
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

/// What makes an endpoint what `plan` says, as it is shown. `before` are the plans that it may have been made by. Only
/// what they differ in from `plan` is touched.
///
/// Security groups are those of the list and no others, since one more admits more. Route tables and tags that
/// somebody added by hand stay: only what a plan named is taken away. The policy is said again, which changes nothing
/// if it is so already. `tagged` are the tags of each thing that carries the connection's.
#[must_use]
pub fn calls(before: &[Plan], plan: &Plan, shown: &ListedEndpoint, tagged: &[&BTreeMap<String, String>]) -> Calls {
    let mut calls = Calls::default();
    let differ = Aspects::from(before, plan);
    let modify = &mut calls.modify;
    if differ.security_groups {
        let (wished, has) = (groups_of(&plan.call), &shown.security_groups);
        modify.add_groups = lacking(wished, has);
        modify.remove_groups = lacking(has, wished);
    }
    if differ.route_tables {
        let (wished, has) = (tables_of(&plan.call), &shown.endpoint.route_tables);
        let named: BTreeSet<_> = before.iter().flat_map(|before| tables_of(&before.call)).collect();
        modify.add_tables = lacking(wished, has);
        modify.remove_tables = lacking(has, wished).into_iter().filter(|table| named.contains(table)).collect();
    }
    if differ.policy {
        let said = policy_of(&plan.call).map(|policy| PolicyChange::Set(policy.to_owned()));
        modify.policy = Some(said.unwrap_or(PolicyChange::Reset));
    }
    if differ.tags {
        let has = |key: &str, value: &str| tagged.iter().all(|tags| tags.get(key).is_some_and(|tag| tag == value));
        let given = plan.tags.iter().filter(|(key, value)| !is_own(key) && !has(key, value));
        calls.set_tags = given.map(|(key, value)| (key.clone(), value.clone())).collect();
        let named = before.iter().flat_map(|before| &before.tags);
        let gone = named.filter(|(key, _)| !is_own(key) && !plan.tags.contains_key(*key));
        let still = gone.filter(|(key, value)| tagged.iter().any(|tags| tags.get(*key) == Some(*value)));
        calls.remove_tags = still.map(|(key, value)| (key.clone(), value.clone())).collect();
    }
    calls
}

/// Whether an endpoint is the one of the record: by its tags, and by the record itself.
#[must_use]
pub fn is_ours(connection: &Connection, tags: &BTreeMap<String, String>) -> bool {
    let token = connection.plan.as_ref().map(|plan| &plan.token);
    tags.get(TAG_CONNECTION).is_some_and(|id| id == connection.id.as_str())
        && token.is_some_and(|token| tags.get(TAG_OWNER) == Some(token))
}

/// Whether an endpoint can be changed: what is being made or removed, or failed, is not touched.
#[must_use]
pub fn can_be_changed(shown: &ListedEndpoint) -> bool {
    ["available", "pending", "pendingAcceptance"].iter().any(|state| same_word(&shown.endpoint.state, state))
}

/// The record that says to what its endpoint is being changed, and that, in words.
#[must_use]
pub fn begun(connection: &Connection, change: &Change<'_>) -> (Connection, String) {
    let (id, name) = (made_id(connection), &change.subscription.name);
    let words = change.in_words(connection);
    let mut next = connection.clone();
    next.changing.push(change.plan.clone());
    (next, format!("{id} is being changed in place, as subscription {name} says: {words}"))
}

/// The record that says again what a run began of which it can't know whether it took effect after another run was
/// done: `mine`, if the record knows nothing of it any more.
#[must_use]
pub fn doubted(connection: &Connection, mine: &[Plan]) -> Option<(Connection, String)> {
    let known = plans(connection);
    let works = connection.status == Status::Ready && connection.ending.is_none();
    let token = connection.plan.as_ref().map(|plan| &plan.token);
    let lost = mine.iter().filter(|plan| works && Some(&plan.token) == token && !known.contains(plan));
    let mut next = connection.clone();
    next.changing.extend(lost.cloned());
    let id = made_id(connection);
    (next != *connection).then(|| (next, format!("{id} was changed by two runs at once, so it is looked at again")))
}

/// The record after a change, and what was done, in words. `warnings` are what preflight found.
#[must_use]
pub fn changed(
    connection: &Connection,
    change: &Change<'_>,
    warnings: Vec<Finding>,
    known: Known<'_>,
) -> (Connection, String) {
    let (id, name) = (made_id(connection), &change.subscription.name);
    let words = change.in_words(connection);
    let mut next = connection.clone();
    next.plan = Some(change.plan.clone());
    next.changing.clear();
    let stale = |code: &str| change.aspects.security_groups && OF_GROUPS.contains(&code);
    next.findings.retain(|finding| !stale(&finding.code));
    next.findings.extend(warnings);
    let what = format!("{id} is changed in place, as subscription {name} says: {words}");
    (taken_back(&next, known), what)
}

/// The record without what is so no more.
#[must_use]
pub fn taken_back(connection: &Connection, known: Known<'_>) -> Connection {
    let mut next = connection.clone();
    next.findings.retain(|finding| ![CHANGE_NOT_MADE, SETTINGS_DIFFER].contains(&finding.code.as_str()));
    next.findings.extend(claims::made_otherwise(&next, known));
    next
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The account is not ready for it.
    NotReadyFor(Vec<Finding>),
    /// AWS refused it.
    Refused(Fault),
    /// The endpoint does not carry the connection's tags.
    NotOurs,
}

/// The record that tells why a change was not made, and that, in words. None if it tells it already. `untouched`: nothing
/// was changed, so that there is nothing to go on with.
#[must_use]
pub fn told(
    connection: &Connection,
    change: &Change<'_>,
    refusal: &Refusal,
    untouched: bool,
) -> Option<(Connection, String)> {
    let (id, name) = (made_id(connection), &change.subscription.name);
    let words = change.in_words(connection);
    let again = "it is tried again every hour, and when a subscription is applied";
    let (why, way_out) = match refusal {
        Refusal::NotReadyFor(findings) => {
            let errors: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
            let seen: Vec<_> = errors.iter().map(|f| format!("{}: {}", f.code, f.seen)).collect();
            let ways: Vec<_> = errors.iter().map(|f| f.way_out.as_str()).collect();
            (seen.join(" | "), ways.join(" | "))
        }
        Refusal::Refused(fault) => (fault.to_string(), "mend what is said there, or take the change back".to_owned()),
        Refusal::NotOurs => (
            format!("it does not carry the connection's tags {TAG_CONNECTION} and {TAG_OWNER}"),
            "put the tags back; or change it by hand".to_owned(),
        ),
    };
    let finding = Finding {
        severity: Severity::Warning,
        code: CHANGE_NOT_MADE.to_owned(),
        seen: format!("{id} stands, but could not be changed: {why}"),
        needed: format!("what subscription {name} says: {words}"),
        way_out: format!("{way_out}; {again}"),
    };
    let mut next = connection.clone();
    if untouched {
        next.changing.retain(|plan| *plan != change.plan);
    }
    if !next.findings.contains(&finding) {
        next.findings.retain(|known| known.code != CHANGE_NOT_MADE);
        next.findings.push(finding);
    }
    (next != *connection).then_some((next, format!("{id} is not changed as subscription {name} says ({words}): {why}")))
}

/// The audit entry.
#[must_use]
pub fn audit(now: Timestamp, what: String) -> AuditEntry {
    AuditEntry { at: now, by: "adjust".to_owned(), execution: None, what }
}

fn made_id(connection: &Connection) -> &str {
    connection.made.as_ref().map_or("it", Made::id)
}

/// From what to what.
/// From what one plan says to what another says, of what can be changed.
#[must_use]
pub fn in_words(before: &Plan, after: &Plan) -> String {
    let aspects = Aspects::between(before, after);
    let mut words = Vec::new();
    if aspects.security_groups {
        words.push(from_to("security groups", groups_of(&before.call), groups_of(&after.call)));
    }
    if aspects.route_tables {
        words.push(from_to("route tables", tables_of(&before.call), tables_of(&after.call)));
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

fn is_own(key: &str) -> bool {
    key.starts_with(OWN_TAGS)
}

fn set<T: Ord>(items: &[T]) -> BTreeSet<&T> {
    items.iter().collect()
}

fn lacking<T: Clone + PartialEq>(of: &[T], has: &[T]) -> Vec<T> {
    of.iter().filter(|item| !has.contains(item)).cloned().collect()
}

fn groups_of(call: &PlannedCall) -> &[SecurityGroupId] {
    match call {
        PlannedCall::ResourceEndpoint { security_groups, .. }
        | PlannedCall::ServiceNetworkEndpoint { security_groups, .. }
        | PlannedCall::InterfaceEndpoint { security_groups, .. } => security_groups,
        PlannedCall::GatewayEndpoint { .. } | PlannedCall::ServiceNetworkResource { .. } => &[],
    }
}

fn tables_of(call: &PlannedCall) -> &[RouteTableId] {
    match call {
        PlannedCall::GatewayEndpoint { route_tables, .. } => route_tables,
        _ => &[],
    }
}

fn policy_of(call: &PlannedCall) -> Option<&str> {
    match call {
        PlannedCall::InterfaceEndpoint { policy, .. } | PlannedCall::GatewayEndpoint { policy, .. } => {
            policy.as_deref()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
