//! The ledger held against what AWS shows.
//!
//! What can be used is left to itself: no run looks at it any more. So an event or a schedule looks, and decides here
//! whether a connection is as its record says, changed, or gone. What is in its grace period can be used, too, and its run
//! only waits: it is looked at as long as nothing is decided about its end ([`is_looked_at`]). Whatever else is not `ready`
//! belongs to a run or to nobody.
//!
//! A read that was denied or failed says nothing, and neither does one answer in which something is not shown: reads lag.
//! Only AWS's own word (`deleting`, `rejected`, `failed`), or that it was not shown at two looks, ends a connection.

mod act;
mod adopt;
mod look;
mod names;
pub(crate) mod policy;
mod round;
mod shares;
mod standing;
mod strays;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::connection::{Connection, Status};
use crate::ending::{Cause, Ending, end};
use crate::fault::Fault;
use crate::grace;
use crate::ids::ResourceArn;
use crate::inventory::ListedEndpoint;
use crate::network::{Association, ResourceConfiguration};
use crate::observation::Branch;
use crate::ports::ResourceConfigurations;
use crate::preflight::Finding;
use crate::subscription::{Remedy, Subscription};

pub use act::{Done, Hand, Machines, StartRun, TheSweep};
pub use adopt::{Grounds, adopt};
pub use look::{behind_association, complete, one};
pub use names::{association_rows, has_rows, unknown_children};
pub use round::{Held, MOST_FINDINGS, Round};
pub use shares::share_changed;
use standing::Look;
pub use standing::{association_over, endpoint_over};
pub use strays::{Stray, StrayStep, Thing as StrayThing, decide as decide_stray, tell as tell_strays};

/// AWS does not show what was made.
pub const NOT_SHOWN: &str = "NotShown";
/// AWS shows what was made in a state in which it can't be used, perhaps for a moment.
pub const NOT_USABLE: &str = "NotUsable";
/// VPC Lattice says of an association that it is `PARTIAL`.
pub const PARTIAL: &str = "Partial";
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
const OF_EVERY_LOOK: [&str; 6] = [NOT_SHOWN, NOT_USABLE, PARTIAL, READ_DENIED, CHILDREN_MISSING, SETTINGS_CHANGED];
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
    /// It can't be used: a run has it, or there is nothing of it.
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

/// Whether a look says anything: it can be used, and no run is about to look at it or to remove it.
#[must_use]
pub fn is_looked_at(record: &Connection, now: Timestamp) -> bool {
    record.made.is_some()
        && match record.status {
            Status::Ready => true,
            Status::Closing => grace::wait(record).is_some() && grace::leaves(record, now).is_none(),
            _ => false,
        }
}

/// Holds a record against what was seen.
#[must_use]
pub fn decide(record: &Connection, observed: Observed<'_>, now: Timestamp) -> Plan {
    let Some(made) = record.made.as_ref().filter(|_| is_looked_at(record, now)) else {
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
/// subscription says so and it was not ready for too short a time. Of one in its grace period that is a wish, as everything
/// that ends it: its run removes what is left, and sharing it again opens it anew.
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
    let in_grace = record.status == Status::Closing && is_looked_at(record, now);
    if in_grace {
        why.push_str("; that ends its grace period, and it is opened anew if its owner shares it again");
    } else if cause == Cause::Gone && gone == Remedy::Repair && !record.claims.is_empty() {
        if now.duration_since(record.since) >= REOPENED_AFTER {
            reopen = Some("it was deleted, and the subscription says `reconcile: {gone: repair}`".to_owned());
        } else {
            why.push_str("; it is not opened anew, because it was ready for less than an hour: somebody may delete it as often as it is made");
        }
    }
    let mut next = record.clone();
    next.missing = None;
    let ending = Ending { cause, why, by: by.to_owned(), since: now, digest, reopen, in_grace };
    if in_grace { grace::cut_short(&mut next, ending).then_some(next) } else { end(&next, ending) }
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
