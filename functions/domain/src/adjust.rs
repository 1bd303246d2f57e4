//! What AWS can change in place is changed in place: what was made converges to what the subscription says now.
//!
//! Every decision is made from what is: the record, the subscription and the endpoint as EC2 shows it. So doing it twice
//! changes nothing. Before the first call the record says to what the endpoint is being changed ([`Connection::changing`]):
//! whoever stops half-way, or never hears whether AWS did, leaves that to the next look, also if the subscription says
//! something else by then. What stands against a change leaves the endpoint as it is, which works, and is told in the record.

mod aspects;
mod calls;
mod names;
#[cfg(test)]
mod tests;
mod wanted;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::claims::{self, Known, SETTINGS_DIFFER};
use crate::connection::{Connection, Made, Plan, Status};
use crate::fault::Fault;
use crate::identity::{TAG_CONNECTION, TAG_OWNER};
use crate::ports::AuditEntry;
use crate::preflight::{Finding, Severity};
use crate::subscription::Remedy;
use crate::truth::SETTINGS_CHANGED;

pub use aspects::{Aspects, in_words};
pub use calls::{Calls, Modification, PolicyChange, Shown, calls, put_back};
pub use names::{Names, names};
pub use wanted::{Change, plans, wanted};

/// What a subscription says now could not be changed in place.
pub const CHANGE_NOT_MADE: &str = "ChangeNotMade";

/// What preflight says of security groups: of others it is said anew.
const OF_GROUPS: [&str; 3] = ["PortsClosed", "PortsPartlyClosed", "OptionalPortsClosed"];
/// What preflight says of the subnets that it chose.
const OF_SUBNETS: [&str; 1] = ["ZonesLeftOut"];
/// What preflight says of private DNS.
const OF_PRIVATE_DNS: [&str; 2] = ["PrivateDnsNotVerified", "VpcDnsAttributesOff"];

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
    if !works || connection.made.is_none() {
        return Step::Nothing;
    }
    // What can't be read is not known to differ.
    let unreadable = connection.claims.first().is_some_and(|claim| known.unreadable.contains(claim.as_str()));
    let change = wanted(connection, known).filter(|_| claims::to_be_replaced(connection, known).is_none());
    // What is being put back stands there as the plan of the record: it is still to be put back, whatever became of the call.
    let settled = connection.changing.iter().all(|plan| Some(plan) == connection.plan.as_ref());
    let repairs =
        |change: &Change<'_>| change.subscription.reconcile.changed == Remedy::Repair && is_changed_by_hand(connection);
    match change {
        Some(change) if settled && change.aspects.is_none() && repairs(&change) => {
            Step::Change(Box::new(change.putting_back(connection)))
        }
        Some(change) if !change.aspects.is_none() || !connection.changing.is_empty() => Step::Change(Box::new(change)),
        _ if !unreadable && is_told(connection) => Step::TakeBack,
        _ => Step::Nothing,
    }
}

/// Whether the record says that a change could not be made.
#[must_use]
pub fn is_told(connection: &Connection) -> bool {
    connection.findings.iter().any(|finding| finding.code == CHANGE_NOT_MADE)
}

/// Whether the last look found that somebody changed what was made.
fn is_changed_by_hand(connection: &Connection) -> bool {
    connection.findings.iter().any(|finding| finding.code == SETTINGS_CHANGED)
}

/// Whether an endpoint is the one of the record: by its tags, and by the record itself.
#[must_use]
pub fn is_ours(connection: &Connection, tags: &BTreeMap<String, String>) -> bool {
    let token = connection.plan.as_ref().map(|plan| &plan.token);
    tags.get(TAG_CONNECTION).is_some_and(|id| id == connection.id.as_str())
        && token.is_some_and(|token| tags.get(TAG_OWNER) == Some(token))
}

/// The record that says to what its endpoint is being changed, and that, in words.
#[must_use]
pub fn begun(connection: &Connection, change: &Change<'_>) -> (Connection, String) {
    let (id, name) = (made_id(connection), &change.subscription.name);
    let words = change.in_words(connection);
    let mut next = connection.clone();
    next.changing.push(change.plan.clone());
    if change.puts_back {
        return (next, format!("what somebody changed of {id} is being put back, as subscription {name} says"));
    }
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
    let stale = |code: &str| {
        change.aspects.security_groups && OF_GROUPS.contains(&code)
            || change.aspects.subnets && OF_SUBNETS.contains(&code)
            || change.aspects.private_dns && OF_PRIVATE_DNS.contains(&code)
    };
    next.findings.retain(|finding| !stale(&finding.code));
    next.findings.extend(warnings);
    if change.puts_back {
        // What was added and stays is found again by the next look.
        next.findings.retain(|finding| finding.code != SETTINGS_CHANGED);
    }
    let what = if change.puts_back {
        format!("what somebody changed of {id} is put back, as subscription {name} says")
    } else if change.aspects.is_none() {
        format!("{id} is as subscription {name} says")
    } else {
        format!("{id} is changed in place, as subscription {name} says: {words}")
    };
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
