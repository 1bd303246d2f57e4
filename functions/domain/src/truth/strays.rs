//! What carries our tags and is not what a record says was made: a second one for a connection, or one that stands in no
//! live record. How it is taken into one: [`super::adopt`].

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{DUPLICATED, OF_STRAYS, ORPHANED};
use crate::connection::{Connection, Made, Status};
use crate::identity::{TAG_CONNECTION, TAG_OWNER};
use crate::ids::{ConnectionId, Service};
use crate::inventory::{ListedAssociation, ListedEndpoint};
use crate::network::same_word;
use crate::preflight::{Finding, Severity};
use crate::resource::Resource;
use crate::subscription::{Kind, Reconcile, Remedy, TargetKey};

/// What is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A VPC endpoint.
    Endpoint(Box<ListedEndpoint>),
    /// A service-network resource association, and where it is.
    Association(Box<ListedAssociation>, TargetKey),
}

/// Something that carries our tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The connection that its tag names.
    pub connection: ConnectionId,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What it is.
    pub thing: Thing,
}

impl Stray {
    /// An endpoint, if its tags name a connection.
    #[must_use]
    pub fn endpoint(listed: ListedEndpoint) -> Option<Self> {
        let tags = listed.endpoint.tags.clone();
        Some(Self { connection: named(&tags)?, tags, thing: Thing::Endpoint(Box::new(listed)) })
    }

    /// An association, if its tags name a connection.
    #[must_use]
    pub fn association(listed: ListedAssociation, at: TargetKey, tags: BTreeMap<String, String>) -> Option<Self> {
        Some(Self { connection: named(&tags)?, tags, thing: Thing::Association(Box::new(listed), at) })
    }

    /// What it is, as a record has it.
    #[must_use]
    pub fn made(&self) -> Made {
        match &self.thing {
            Thing::Endpoint(listed) => listed.made(),
            Thing::Association(listed, _) => Made::Association(listed.association.id.clone()),
        }
    }

    /// What kind of connection it would be, from where to where; none if it is of no kind that Drawbridge makes.
    #[must_use]
    pub fn leads(&self) -> Option<(Kind, Resource, TargetKey)> {
        let listed = match &self.thing {
            Thing::Association(listed, at) => {
                return Some((Kind::ServiceNetworkResource, listed.association.resource.clone()?.into(), at.clone()));
            }
            Thing::Endpoint(listed) => &listed.endpoint,
        };
        let is = |word: &str| same_word(&listed.endpoint_type, word);
        let service = || Service::parse(listed.service.clone()?).ok().map(Resource::Service);
        let (kind, resource) = if is("Resource") {
            (Kind::ResourceEndpoint, listed.resource.clone()?.into())
        } else if is("ServiceNetwork") {
            (Kind::ServiceNetworkEndpoint, listed.service_network.clone()?.into())
        } else if is("Interface") {
            (Kind::InterfaceEndpoint, service()?)
        } else if is("Gateway") {
            (Kind::GatewayEndpoint, service()?)
        } else {
            return None;
        };
        Some((kind, resource, TargetKey::Vpc(listed.vpc.clone()?)))
    }

    fn created(&self) -> Option<Timestamp> {
        match &self.thing {
            Thing::Endpoint(listed) => listed.created,
            Thing::Association(listed, _) => listed.created,
        }
    }

    pub(super) fn state(&self) -> &str {
        match &self.thing {
            Thing::Endpoint(listed) => &listed.endpoint.state,
            Thing::Association(listed, _) => &listed.association.status,
        }
    }

    /// Whether an AWS service keeps it, so that nobody else can delete it.
    fn is_managed(&self) -> bool {
        matches!(&self.thing, Thing::Association(listed, _) if listed.association.managed)
    }

    pub(super) fn is_in(&self, states: &[&str]) -> bool {
        states.iter().any(|state| same_word(state, self.state()))
    }
}

/// The connection that tags name.
pub(super) fn named(tags: &BTreeMap<String, String>) -> Option<ConnectionId> {
    ConnectionId::parse(tags.get(TAG_CONNECTION)?.as_str()).ok()
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrayStep {
    /// Nothing: it is what its record says, or a run has it.
    Leave,
    /// Say it.
    Report(Finding),
    /// Say it, write that down, and remove it.
    Remove(Finding),
    /// Take it into its record, if it can be: see [`super::adopt`]. Else say it.
    Adopt(Finding),
}

/// Decides on something that carries our tags, by the record of the connection that its tag names. What is younger than
/// `safe_age` is only told: a run may just have made it, and its record may say so in a moment. So is what an AWS service
/// keeps: VPC Lattice refuses to delete it, and it is not for Drawbridge to take what somebody else keeps.
#[must_use]
pub fn decide(
    stray: &Stray,
    record: Option<&Connection>,
    reconcile: Reconcile,
    safe_age: SignedDuration,
    now: Timestamp,
) -> StrayStep {
    let made = stray.made();
    if stray.is_in(&["deleting", "deleted", "DELETE_IN_PROGRESS"]) {
        return StrayStep::Leave;
    }
    let code = match record {
        // A run has it: `open` finds by its tag what a call made that was never heard of, `close` removes it.
        Some(record) if record.is_under_way() || record.made.as_ref() == Some(&made) => return StrayStep::Leave,
        Some(record) if record.status == Status::Ready => DUPLICATED,
        _ => ORPHANED,
    };
    let young = stray.created().is_none_or(|created| now.duration_since(created) < safe_age);
    let finding = finding(stray, code, record, young);
    let remedy = if code == DUPLICATED { reconcile.duplicated } else { reconcile.orphaned };
    let told_only = young || stray.is_managed() || !stray.tags.contains_key(TAG_OWNER);
    match (remedy, record) {
        _ if told_only => StrayStep::Report(finding),
        (Remedy::Repair, _) => StrayStep::Remove(finding),
        (Remedy::Adopt, Some(_)) if code == ORPHANED => StrayStep::Adopt(finding),
        _ => StrayStep::Report(finding),
    }
}

fn finding(stray: &Stray, code: &str, record: Option<&Connection>, young: bool) -> Finding {
    let made = stray.made();
    let (id, connection) = (made.id(), &stray.connection);
    let is = match record {
        None => format!("the ledger has no connection {connection}"),
        Some(Connection { made: Some(other), .. }) => format!("{} is what was made for it", other.id()),
        Some(record) => format!("nothing of it should be left: it is {}", record.status.as_str()),
    };
    let since = stray.created().map_or_else(|| "of unknown age".to_owned(), |at| format!("made at {at}"));
    let wait = if young { "; it may be a run's that made it just now, so nothing is done about it yet" } else { "" };
    let key = if code == DUPLICATED { "duplicated" } else { "orphaned" };
    let adopt = if code == ORPHANED { " or `reconcile: {orphaned: adopt}`" } else { "" };
    let kept = if stray.is_managed() { "; an AWS service keeps it, and nobody else can delete it" } else { "" };
    let way_out = if stray.is_managed() {
        format!(
            "remove it with the AWS service that keeps it; if it is to stay, take the tag {TAG_CONNECTION} off, and it \
             is told no more"
        )
    } else {
        format!(
            "if nobody uses it, delete it, or say `reconcile: {{{key}: repair}}`{adopt} in the subscription; if it is \
             used, take the tag {TAG_CONNECTION} off"
        )
    };
    Finding {
        severity: Severity::Warning,
        code: code.to_owned(),
        seen: format!("{id}, {since}, carries the tags of {connection}, and {is}{wait}{kept}"),
        needed: "that whatever carries Drawbridge's tags stands in a live record".to_owned(),
        way_out,
    }
}

/// Writes into a record what is told of others that carry its tags; nothing takes it back. None if it says that already.
#[must_use]
pub fn tell(record: &Connection, findings: &[Finding]) -> Option<(Connection, String)> {
    let mut next = record.clone();
    next.findings.retain(|finding| !OF_STRAYS.contains(&finding.code.as_str()));
    next.findings.extend(findings.iter().cloned());
    let what: Vec<&str> = findings.iter().map(|finding| finding.seen.as_str()).collect();
    let what = if what.is_empty() { "nothing else carries its tags any more".to_owned() } else { what.join("; ") };
    (next != *record).then_some((next, what))
}
