//! The ledger held against what AWS shows.
//!
//! What can be used is left to itself: no run looks at it any more. So an event or a schedule looks, and decides here
//! whether a connection is as its record says, changed, or gone. Whatever is not `ready` belongs to a run or to nobody.
//!
//! A read that was denied or failed says nothing, and neither does one answer in which something is not shown: reads lag.
//! Only AWS's own word (`deleting`, `rejected`, `failed`), or that it was not shown at two looks, ends a connection.

mod act;
mod look;
mod names;
mod round;
mod shares;
mod strays;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::connection::{Connection, Made, Missing, PlannedCall, Status};
use crate::ending::{Cause, Ending, end};
use crate::facts::READS_MAY_LAG;
use crate::fault::{Fault, FaultName};
use crate::ids::{ResourceArn, RouteTableId};
use crate::inventory::ListedEndpoint;
use crate::network::{Association, ResourceConfiguration, same_word};
use crate::observation::{self, Branch};
use crate::ports::{ResourceConfigurations, made_text};
use crate::preflight::{Finding, Severity};
use crate::subscription::{Remedy, Subscription};

pub use act::{Done, Hand};
pub use look::{behind_association, complete, one};
pub use names::{association_rows, has_rows, unknown_children};
pub use round::{Held, MOST_FINDINGS, Round};
pub use shares::share_changed;
pub use strays::{Stray, StrayStep, Thing as StrayThing, decide as decide_stray, tell as tell_strays};

/// AWS does not show what was made.
pub const NOT_SHOWN: &str = "NotShown";
/// AWS shows what was made in a state in which it can't be used, perhaps for a moment.
pub const NOT_USABLE: &str = "NotUsable";
/// Something could not be read.
pub const READ_DENIED: &str = "ReadDenied";
/// Something behind the connection is not shown any more, or can't be used.
pub const CHILDREN_MISSING: &str = "ChildrenMissing";
/// Somebody changed what was made.
pub const SETTINGS_CHANGED: &str = "SettingsChanged";
/// Its owner took it out of the share.
pub const NOT_IN_SHARE: &str = "NotInShare";
/// A second one carries this connection's tags.
pub const DUPLICATED: &str = "Duplicated";
/// Something carries a connection's tags and stands in no live record.
pub const ORPHANED: &str = "Orphaned";

/// The findings that [`decide`] makes at every look.
const OF_EVERY_LOOK: [&str; 5] = [NOT_SHOWN, NOT_USABLE, READ_DENIED, CHILDREN_MISSING, SETTINGS_CHANGED];
/// The findings about what is in no live record.
const OF_STRAYS: [&str; 2] = [DUPLICATED, ORPHANED];

/// For how long a connection must have been ready to be opened anew when it is gone: what is deleted sooner, somebody
/// deletes as often as it is made.
pub const REOPENED_AFTER: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// What was made, as AWS shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A VPC endpoint.
    Endpoint(Box<ListedEndpoint>),
    /// A service-network resource association.
    Association(Box<Association>),
}

/// What a look at what was made showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It is there, in whatever state.
    Shown(Thing),
    /// AWS answered, and did not show it.
    NotShown,
    /// AWS did not answer what was asked.
    Unreadable(Fault),
}

/// What a look at what is behind it showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behind {
    /// Nothing is to be looked at: of an interface or a gateway endpoint, the endpoint itself says everything.
    Itself,
    /// A row per child of a GROUP, or one.
    Rows(Vec<Branch>),
    /// AWS did not answer what was asked.
    Unreadable(Fault),
}

/// Everything that was seen of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed<'a> {
    /// Of what was made.
    pub made: Seen,
    /// Of what is behind it.
    pub behind: Behind,
    /// The configurations of the children that the record does not know: see [`unknown_children`].
    pub configurations: BTreeMap<ResourceArn, Result<ResourceConfiguration, Fault>>,
    /// The subscription whose settings hold.
    pub subscription: Option<&'a Subscription>,
    /// Whether what it leads to is still in its share; none if that was not looked at.
    pub in_share: Option<bool>,
    /// What is said of others that carry its tags; none if that was not looked at.
    pub strays: Option<Vec<Finding>>,
}

/// How a connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is not ready: a run has it, or there is nothing of it.
    Untouched,
    /// It is as its record says.
    AsRecorded,
    /// It is there, and not as its record said.
    Changed,
    /// Not shown at this look; the next one decides.
    Missing,
    /// It could not be read, so nothing is concluded.
    Unknown,
    /// It is over, for this cause and in these words.
    Over(Cause, String),
}

impl Standing {
    /// As it is counted.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::AsRecorded => "as recorded",
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
            Self::Over(cause, _) => cause.as_str(),
        }
    }
}

/// What is to be done about a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How it stands.
    pub standing: Standing,
    /// What to write, and what that is in the audit trail; none if the record says it all. Of what is over: see [`over`].
    pub write: Option<(Connection, String)>,
}

/// Holds a record against what was seen.
#[must_use]
pub fn decide(record: &Connection, observed: Observed<'_>, now: Timestamp) -> Plan {
    let (Status::Ready, Some(made)) = (record.status, &record.made) else {
        return Plan { standing: Standing::Untouched, write: None };
    };
    let mut look = Look { next: record.clone(), findings: Vec::new(), what: Vec::new(), now };
    let standing = match &observed.made {
        Seen::Unreadable(fault) => {
            look.unreadable(made.id(), fault);
            Standing::Unknown
        }
        Seen::NotShown => look.not_shown(made),
        Seen::Shown(thing) => look.shown(thing, &observed),
    };
    if let Standing::Over(..) = standing {
        return Plan { standing, write: None };
    }
    look.finish(record, standing, observed)
}

/// The record of a connection that is over: what is left of it is removed, and it is opened anew afterwards if the
/// subscription says so and it was not ready for too short a time.
#[must_use]
pub fn over(
    record: &Connection,
    cause: Cause,
    why: &str,
    gone: Remedy,
    by: &str,
    digest: String,
    now: Timestamp,
) -> Option<Connection> {
    let mut why = why.to_owned();
    let mut reopen = None;
    if cause == Cause::Gone && gone == Remedy::Repair && !record.claims.is_empty() {
        if now.duration_since(record.since) >= REOPENED_AFTER {
            reopen = Some("it was deleted, and the subscription says `reconcile: {gone: repair}`".to_owned());
        } else {
            why.push_str("; it is not opened anew, because it was ready for less than an hour: somebody may delete it as often as it is made");
        }
    }
    let mut next = record.clone();
    next.missing = None;
    end(&next, Ending { cause, why, by: by.to_owned(), since: now, digest, reopen })
}

/// The configurations of these resources, each or why it can't be read.
///
/// # Errors
/// A transient fault: what can't be read now is read later.
pub async fn configurations(
    lattice: &impl ResourceConfigurations,
    ids: &[ResourceArn],
) -> Result<BTreeMap<ResourceArn, Result<ResourceConfiguration, Fault>>, Fault> {
    let mut found = BTreeMap::new();
    for id in ids {
        let configuration = told(lattice.resource_configuration(id).await)?;
        found.insert(id.clone(), configuration);
    }
    Ok(found)
}

/// What was read; a fault that lasts is told, one that passes ends the look.
///
/// # Errors
/// A transient fault.
pub fn told<T>(read: Result<T, Fault>) -> Result<Result<T, Fault>, Fault> {
    match read {
        Err(fault) if fault.class() == crate::Class::Transient => Err(fault),
        other => Ok(other),
    }
}

/// One look at one connection.
struct Look {
    next: Connection,
    findings: Vec<Finding>,
    what: Vec<String>,
    now: Timestamp,
}

impl Look {
    fn find(&mut self, code: &str, seen: String, needed: &str, way_out: String) {
        let severity = Severity::Warning;
        self.findings.push(Finding { severity, code: code.to_owned(), seen, needed: needed.to_owned(), way_out });
    }

    fn unreadable(&mut self, id: &str, fault: &Fault) {
        let way_out = fault.name.remedy().to_owned();
        let seen = format!("{id} could not be looked at: {fault}");
        self.find(
            READ_DENIED,
            seen,
            "to read it; until then nothing is concluded, and it is taken to be as it was",
            way_out,
        );
    }

    /// Whether these were missing before, for long enough.
    fn is_gone_for_long(&self, what: &[String]) -> bool {
        let known = self.next.missing.as_ref().filter(|missing| what.iter().all(|id| missing.what.contains(id)));
        !what.is_empty() && known.is_some_and(|missing| self.now.duration_since(missing.since) >= READS_MAY_LAG)
    }

    /// Writes down what is missing, since when it first was.
    fn miss(&mut self, what: Vec<String>) {
        let known = self.next.missing.take().filter(|missing| missing.what == what);
        self.next.missing = (!what.is_empty()).then(|| known.unwrap_or(Missing { since: self.now, what }));
    }

    fn not_shown(&mut self, made: &Made) -> Standing {
        let id = made.id().to_owned();
        if self.is_gone_for_long(std::slice::from_ref(&id)) {
            let since = self.next.missing.as_ref().map_or(self.now, |missing| missing.since);
            let fault =
                FaultName::EndpointGone.because(format!("AWS shows {id} no more, since {since}; somebody deleted it"));
            return Standing::Over(Cause::Gone, fault.to_string());
        }
        self.miss(vec![id.clone()]);
        let seen = format!("AWS does not show {id}");
        self.find(
            NOT_SHOWN,
            seen,
            "a second look, 5 minutes or more after the first, before that means anything",
            FaultName::EndpointGone.remedy().to_owned(),
        );
        Standing::Missing
    }

    fn shown(&mut self, thing: &Thing, observed: &Observed<'_>) -> Standing {
        let usable = match thing {
            Thing::Endpoint(listed) => {
                let endpoint = &listed.endpoint;
                observation::endpoint(endpoint.id.as_str(), Some(endpoint), false).map(drop)
            }
            // Somebody tried to delete it and could not: it may still work.
            Thing::Association(association) if same_word(&association.status, "DELETE_FAILED") => {
                Err(FaultName::NotReady.because(format!("association {} is DELETE_FAILED", association.id)))
            }
            Thing::Association(association) => {
                observation::association(association.id.as_str(), Some(association), false)
            }
        };
        match usable {
            Ok(()) => self.usable(thing, observed),
            Err(fault) => {
                if let Some(cause) = cause_of(fault.name) {
                    return Standing::Over(cause, fault.to_string());
                }
                self.miss(Vec::new());
                let way_out = "nothing if somebody is changing it; else ask its provider".to_owned();
                self.find(NOT_USABLE, fault.message, "a state in which it can be used", way_out);
                Standing::Changed
            }
        }
    }

    fn usable(&mut self, thing: &Thing, observed: &Observed<'_>) -> Standing {
        if let Thing::Endpoint(listed) = thing {
            self.settings(listed);
        }
        let call = self.next.plan.as_ref().map(|plan| &plan.call);
        match (&observed.behind, thing, call) {
            (Behind::Itself, Thing::Endpoint(listed), Some(PlannedCall::InterfaceEndpoint { service, .. })) => {
                let service = service.clone();
                match observation::interface_names(&listed.endpoint, false) {
                    Ok(dns) => self.service_names(&service, dns, observed.subscription),
                    Err(fault) => {
                        let way_out = "nothing if somebody is changing it; else ask its provider".to_owned();
                        self.find(NOT_USABLE, fault.message, "the endpoint's own names", way_out);
                    }
                }
                self.miss(Vec::new());
            }
            (Behind::Itself, ..) => self.miss(Vec::new()),
            (Behind::Unreadable(fault), ..) => {
                self.unreadable("what is behind it", fault);
                return Standing::Unknown;
            }
            (Behind::Rows(rows), ..) => self.children(rows, observed),
        }
        Standing::AsRecorded
    }

    /// What somebody changed of the endpoint itself, against what it was made with.
    fn settings(&mut self, listed: &ListedEndpoint) {
        let Some(plan) = &self.next.plan else { return };
        let mut changed = Vec::new();
        match &plan.call {
            // Their private DNS can't be changed [AWS:privatelink/use-resource-endpoint].
            PlannedCall::ResourceEndpoint { subnets, security_groups, .. }
            | PlannedCall::ServiceNetworkEndpoint { subnets, security_groups, .. } => {
                changed.extend(other("subnets", subnets, &listed.subnets));
                changed.extend(other("security groups", security_groups, &listed.security_groups));
            }
            PlannedCall::InterfaceEndpoint { subnets, security_groups, private_dns, .. } => {
                changed.extend(other("subnets", subnets, &listed.subnets));
                changed.extend(other("security groups", security_groups, &listed.security_groups));
                changed.extend(switched(*private_dns, listed.endpoint.private_dns));
            }
            PlannedCall::GatewayEndpoint { route_tables, .. } => {
                let shown = &listed.endpoint.route_tables;
                let lacking: Vec<_> = route_tables.iter().filter(|table| !shown.contains(table)).collect();
                if !lacking.is_empty() {
                    let tables: Vec<_> = lacking.into_iter().map(RouteTableId::as_str).collect();
                    changed.push(format!("no route in {}", tables.join(", ")));
                }
            }
            PlannedCall::ServiceNetworkResource { .. } => {}
        }
        if !changed.is_empty() {
            let seen = format!("{} has {}", listed.endpoint.id, changed.join(", and "));
            let way_out = "undo it (CloudTrail says who did it), or change the subscription and open it anew: \
                           `drawbridge close ID --reason TEXT`, then `drawbridge retry ID`";
            self.find(SETTINGS_CHANGED, seen, "what it was made with", way_out.to_owned());
        }
    }

    fn finish(mut self, record: &Connection, standing: Standing, observed: Observed<'_>) -> Plan {
        if observed.in_share == Some(false) {
            let share = record.share_arn.as_ref().map_or_else(String::new, ToString::to_string);
            let seen = format!("{} is not in share {share} any more", record.resource);
            let needed = "nothing for what is connected: AWS keeps it until its owner deletes it. Nothing new can be made from it";
            self.find(
                NOT_IN_SHARE,
                seen,
                needed,
                "ask its owner; or close it: `drawbridge close ID --reason TEXT`".to_owned(),
            );
        }
        let looked_at = |code: &str| {
            OF_EVERY_LOOK.contains(&code)
                || (observed.in_share.is_some() && code == NOT_IN_SHARE)
                || (observed.strays.is_some() && OF_STRAYS.contains(&code))
        };
        self.next.findings.retain(|finding| !looked_at(&finding.code));
        self.next.findings.append(&mut self.findings);
        self.next.findings.extend(observed.strays.into_iter().flatten());
        if self.next == *record {
            return Plan { standing, write: None };
        }
        let standing = if standing == Standing::AsRecorded { Standing::Changed } else { standing };
        let mut what = self.what;
        if self.next.findings != record.findings {
            let codes: Vec<_> = self.next.findings.iter().map(|finding| finding.code.as_str()).collect();
            what.push(if codes.is_empty() {
                "nothing is amiss any more".to_owned()
            } else {
                format!("found {}", codes.join(", "))
            });
        }
        if what.is_empty() {
            what.push(self.next.missing.as_ref().map_or_else(
                || format!("{} is shown again", made_text(record.made.as_ref())),
                |missing| format!("not shown at this look: {}", missing.what.join(", ")),
            ));
        }
        Plan { standing, write: Some((self.next, what.join("; "))) }
    }
}

/// What ends a connection that could be used, by what an observation says of it.
const fn cause_of(fault: FaultName) -> Option<Cause> {
    match fault {
        FaultName::EndpointGone => Some(Cause::Gone),
        FaultName::EndpointRejected => Some(Cause::Rejected),
        FaultName::EndpointFailed | FaultName::AssociationFailed => Some(Cause::Failed),
        _ => None,
    }
}

fn switched(made: bool, shown: bool) -> Option<String> {
    let word = |on: bool| if on { "on" } else { "off" };
    (made != shown).then(|| format!("private DNS {} instead of {}", word(shown), word(made)))
}

fn other<T: Ord + std::fmt::Display>(what: &str, made: &[T], shown: &[T]) -> Option<String> {
    let sorted = |ids: &[T]| {
        let mut ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        ids.sort();
        ids
    };
    let (made, shown) = (sorted(made), sorted(shown));
    // What EC2 does not show is no change.
    (!shown.is_empty() && made != shown).then(|| format!("{what} {} instead of {}", shown.join(", "), made.join(", ")))
}
