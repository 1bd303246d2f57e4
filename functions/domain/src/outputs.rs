//! Outputs: how the databases of a connection are reached, written where applications look, one SSM parameter each.
//!
//! A subscription asks for them; the connection's record says under which path ([`Outputs`]), and the ledger keeps
//! beside it what was published ([`OutputRecord`]): every name stands there before the call that may make it, so
//! nothing is left behind whatever became of the answer. Only what stands there and carries the connection's tag is
//! ever changed or removed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::connection::{Connection, Status};
use crate::fault::FaultRecord;
use crate::grace;
use crate::identity;
use crate::ids::{ConnectionId, Installation, InvalidId, OutputPrefix};
use crate::reach::{Database, DnsScope, Port};
use crate::subscription::{Kind, Subscription, TargetKey};
use crate::{Fault, FaultName};

mod record;
mod value;

pub use record::{Holder, Outcome, OutputRecord, OutputStatus, Parameter, Trouble};
pub use value::{LONGEST_VALUE, value};

/// Where the outputs of a connection are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Outputs {
    /// Under this path.
    Under(OutputPrefix),
    /// They were asked for once and are no more. It is said, and not left out, because the filter of the ledger's
    /// stream can look for what is there and not for what is gone.
    Nowhere,
}

const NOWHERE: &str = "nowhere";

impl TryFrom<String> for Outputs {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        if text == NOWHERE { Ok(Self::Nowhere) } else { OutputPrefix::parse(text).map(Self::Under) }
    }
}

impl From<Outputs> for String {
    fn from(outputs: Outputs) -> Self {
        match outputs {
            Outputs::Under(prefix) => prefix.into(),
            Outputs::Nowhere => NOWHERE.to_owned(),
        }
    }
}

impl OutputPrefix {
    /// What stands in a path for the VPC or service network.
    pub const TARGET: &'static str = "{target}";

    /// Whether each target has a path of its own.
    #[must_use]
    pub fn tells_targets_apart(&self) -> bool {
        self.as_str().contains(Self::TARGET)
    }

    /// The path for one target.
    #[must_use]
    pub fn at(&self, target: &TargetKey) -> Self {
        let path = self.as_str().replace(Self::TARGET, &target.to_string());
        // An id is shorter than a path may be long, but not than what is left of one that is nearly that long.
        Self::parse(path).unwrap_or_else(|_| self.clone())
    }
}

/// Writes into a connection's record where its first claim asks for outputs. A subscription that is not known is left
/// out: what cannot be read is never taken for withdrawn.
pub fn ask(connection: &mut Connection, subscriptions: &[Subscription]) {
    // A gateway endpoint has no name of its own: nothing could be published.
    if connection.kind == Kind::GatewayEndpoint {
        return;
    }
    let first = connection.claims.first().and_then(|claim| subscriptions.iter().find(|s| s.name == *claim));
    let Some(first) = first else { return };
    connection.outputs = match (&first.outputs, &connection.outputs) {
        (Some(prefix), _) => Some(Outputs::Under(prefix.at(&connection.target))),
        (None, None) => None,
        (None, Some(_)) => Some(Outputs::Nowhere),
    };
}

/// The parameter that a database should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Its name.
    pub name: String,
    /// What it leads to: the resource's id, or the service's name.
    pub resource: String,
    /// Its value.
    pub value: String,
}

/// What has to be done so that everything is as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work {
    /// What is to be written.
    pub writes: Vec<Write>,
    /// What is to be removed, by name.
    pub removals: Vec<String>,
    /// What can't be written, by name, with its resource and why.
    pub refused: Vec<(String, String, Fault)>,
    /// The names in the record that no call was ever made for, and that are not asked for any more.
    pub forgotten: Vec<String>,
}

impl Work {
    /// Whether a call has to be made.
    #[must_use]
    pub fn calls(&self) -> bool {
        !self.writes.is_empty() || !self.removals.is_empty()
    }

    /// What the calls may change, with what each leads to.
    fn touched(&self, known: &BTreeMap<String, Parameter>) -> Vec<(String, String)> {
        let written = self.writes.iter().map(|write| (write.name.clone(), write.resource.clone()));
        let resource = |name: &String| known.get(name).map(|p| p.resource.clone()).unwrap_or_default();
        written.chain(self.removals.iter().map(|name| (name.clone(), resource(name)))).collect()
    }
}

/// What has to be done. `root` is what every parameter's name begins with that the installation may write.
#[must_use]
pub fn work(connection: Option<&Connection>, record: &OutputRecord, root: &str) -> Work {
    let mut work = Work::default();
    let mut asked = BTreeSet::new();
    match connection.map(asked_for) {
        Some(Asked::Parameters(parameters)) => {
            for (name, resource, value) in parameters {
                asked.insert(name.clone());
                let before = record.parameters.get(&name);
                if !name.starts_with(root) {
                    let fault = FaultName::InvalidConfiguration.because(format!(
                        "{name} is not under {root}, where this installation may write parameters (OutputPrefix of its \
                         stack): change `outputs.ssm` in the subscription, or deploy with another OutputPrefix"
                    ));
                    work.refused.push((name, resource, fault));
                } else if before
                    .is_none_or(|p| p.trouble.is_some() || p.digest.as_deref() != Some(&identity::digest(&value)))
                {
                    work.writes.push(Write { name, resource, value });
                }
            }
        }
        // Whether it can be used is seen presently: until then what is published stays.
        Some(Asked::Undecided(prefix)) => {
            let under = format!("{prefix}/");
            asked.extend(record.parameters.keys().filter(|name| name.starts_with(&under)).cloned());
        }
        Some(Asked::Nothing) | None => {}
    }
    for (name, parameter) in record.parameters.iter().filter(|(name, _)| !asked.contains(*name)) {
        if parameter.may_exist() {
            work.removals.push(name.clone());
        } else {
            work.forgotten.push(name.clone());
        }
    }
    work
}

/// Whether there should be parameters: of what can be used, if it is asked for, and there is something to be reached.
#[must_use]
pub fn are_due(connection: &Connection) -> bool {
    matches!(asked_for(connection), Asked::Parameters(parameters) if !parameters.is_empty())
}

enum Asked {
    /// Name, resource, value.
    Parameters(Vec<(String, String, String)>),
    Undecided(OutputPrefix),
    Nothing,
}

fn asked_for(connection: &Connection) -> Asked {
    let Some(Outputs::Under(prefix)) = &connection.outputs else { return Asked::Nothing };
    let of = |database| {
        let name = format!("{prefix}/{}", leaf(database, &connection.databases));
        (name, database.resource.clone(), value(database, connection))
    };
    match connection.status {
        Status::Ready => Asked::Parameters(connection.databases.iter().map(of).collect()),
        // Nothing is removed yet, and it may be kept.
        Status::Closing if grace::wait(connection).is_some() => {
            Asked::Parameters(connection.databases.iter().map(of).collect())
        }
        Status::Wanted | Status::Opening | Status::Waiting => Asked::Undecided(prefix.clone()),
        Status::Closing | Status::Failed | Status::Closed => Asked::Nothing,
    }
}

/// The last part of a parameter's name: the database's name where AWS shows one, else the id of its resource
/// configuration or the name of its service. Resource configurations of one account have different names; should two
/// be the same all the same, both have their ids.
fn leaf(database: &Database, all: &[Database]) -> String {
    let clean = |text: &str| {
        !text.is_empty()
            && text.len() <= 128
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
    };
    let only = |name: &str| all.iter().filter(|other| other.name.as_deref() == Some(name)).count() == 1;
    match &database.name {
        Some(name) if clean(name) && only(name) => name.clone(),
        // A service of another Region is written `name@region`.
        _ => database.resource.replace(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')), "."),
    }
}

/// The tags of a connection's parameters.
#[must_use]
pub fn tags(connection: &ConnectionId, installation: &Installation) -> BTreeMap<String, String> {
    BTreeMap::from([
        (identity::TAG_CONNECTION.to_owned(), connection.to_string()),
        (identity::TAG_INSTALLATION.to_owned(), installation.to_string()),
    ])
}

/// Why a parameter that exists is not this connection's; none if it is.
///
/// # Errors
/// `Conflict`, which says whose it is and the way out.
pub fn owned(name: &str, found: &BTreeMap<String, String>, ours: &BTreeMap<String, String>) -> Result<(), Fault> {
    if ours.iter().all(|(key, value)| found.get(key) == Some(value)) {
        return Ok(());
    }
    let whose = match (found.get(identity::TAG_CONNECTION), found.get(identity::TAG_INSTALLATION)) {
        (Some(connection), Some(installation)) => format!("it is of {connection} of installation {installation}"),
        _ => "it carries no tags of Drawbridge's, so somebody else made it".to_owned(),
    };
    Err(FaultName::Conflict.because(format!(
        "parameter {name} exists and is not this connection's: {whose}. It is left as it is. Remove it, or give the \
         subscription another path (`outputs.ssm`; `{{target}}` in it tells VPCs apart)"
    )))
}

#[cfg(test)]
mod tests;
