//! What was published for a connection, as the ledger keeps it.

use super::{BTreeMap, ConnectionId, Deserialize, Fault, FaultRecord, Serialize, SignedDuration, Timestamp, Work};
use crate::{Class, identity};

/// How long a run of the function that publishes has a connection's outputs to itself: longer than one lasts, so
/// that no two write the same parameter at once and the older value stays.
const HELD: SignedDuration = SignedDuration::from_secs(120);
/// What could not be done is tried again after as long as it has lasted, and at least this often.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(6);

/// Whether everything is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputStatus {
    /// It is.
    Published,
    /// It is not, or a run is about to make it so.
    Unpublished,
}

impl OutputStatus {
    /// As it stands in the ledger and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Unpublished => "unpublished",
        }
    }
}

/// Why a parameter is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Which fault, with what was seen and the way out.
    pub fault: FaultRecord,
    /// Since when.
    pub since: Timestamp,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// What it leads to: the id of a resource configuration, or the name of a service.
    pub resource: String,
    /// The digest of the value that it was last given for certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// When the last call was made that may have made it and of which nothing certain is known; or, if none was, the first
    /// that was to remove it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// Why it is not as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

impl Parameter {
    /// Whether it may be there because of us.
    #[must_use]
    pub fn may_exist(&self) -> bool {
        self.digest.is_some() || self.asked_at.is_some()
    }
}

/// The run that has a connection's outputs to itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Which.
    pub run: String,
    /// Until when.
    pub until: Timestamp,
}

/// What was published for a connection, and what is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRecord {
    /// The connection.
    pub connection: ConnectionId,
    /// Where it stands.
    pub status: OutputStatus,
    /// Since when.
    pub since: Timestamp,
    /// Every parameter that may be there because of us, or that could not be written, by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// Who works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// When it was last worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<Timestamp>,
    /// Counts the writes; every write is conditional on it. 0: not written yet.
    pub version: u64,
    /// The id of the last change, the same as in its audit entry.
    pub change: String,
}

/// What became of one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has the value of this digest.
    Written(String),
    /// It is not there any more, or never was ours.
    Removed,
    /// It is not as it should be.
    Failed(Fault),
}

impl OutputRecord {
    /// Of a connection of which nothing was published.
    #[must_use]
    pub fn new(connection: ConnectionId, now: Timestamp) -> Self {
        Self {
            connection,
            status: OutputStatus::Published,
            since: now,
            parameters: BTreeMap::new(),
            holder: None,
            tried_at: None,
            version: 0,
            change: String::new(),
        }
    }

    /// Who has it to themselves by now, if not `run`.
    #[must_use]
    pub fn held_by_another(&self, run: &str, now: Timestamp) -> Option<&Holder> {
        self.holder.as_ref().filter(|holder| holder.run != run && holder.until > now)
    }

    /// Whether what could not be done is tried again now.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        if self.status == OutputStatus::Published || self.held_by_another("", now).is_some() {
            return false;
        }
        self.tried_at.is_none_or(|tried| {
            now.duration_since(tried) >= tried.duration_since(self.since).clamp(SignedDuration::ZERO, LONGEST_PAUSE)
        })
    }

    /// The parameters whose values are known for certain, and to be looked at: nobody works on them, and none is in trouble.
    #[must_use]
    pub fn certain(&self) -> Vec<&String> {
        if self.status != OutputStatus::Published {
            return Vec::new();
        }
        self.parameters.iter().filter(|(_, parameter)| parameter.digest.is_some()).map(|(name, _)| name).collect()
    }

    /// The record with nothing certain any more of what SSM has otherwise, or not at all: somebody changed or removed it.
    /// None if all is as it was published. `values` are those of [`OutputRecord::certain`] that exist.
    #[must_use]
    pub fn differing(&self, values: &BTreeMap<String, String>, now: Timestamp) -> Option<Self> {
        let mut next = self.clone();
        for name in self.certain() {
            let digest = values.get(name).map(identity::digest);
            let Some(parameter) = next.parameters.get_mut(name).filter(|parameter| parameter.digest != digest) else {
                continue;
            };
            parameter.digest = None;
            parameter.asked_at = Some(now);
        }
        (next != *self).then_some(next)
    }

    /// The record before the calls: every name that they may make stands in it, and nothing is certain any more of
    /// those that they may change or remove.
    #[must_use]
    pub fn begun(&self, work: &Work, run: &str, now: Timestamp) -> Self {
        let mut next = self.clone();
        for write in &work.writes {
            let parameter = next.parameters.entry(write.name.clone()).or_insert_with(|| Parameter::of(&write.resource));
            parameter.resource.clone_from(&write.resource);
        }
        for name in work.writes.iter().map(|write| &write.name).chain(&work.removals) {
            if let Some(parameter) = next.parameters.get_mut(name) {
                parameter.digest = None;
                parameter.is_asked_for(work, name, now);
            }
        }
        next.become_status(OutputStatus::Unpublished, now);
        next.holder = Some(Holder { run: run.to_owned(), until: now.checked_add(HELD).unwrap_or(now) });
        next
    }

    /// The record after the calls, made from the one before them. What has no outcome was left for the next run.
    #[must_use]
    pub fn finished(&self, work: &Work, outcomes: &BTreeMap<String, Outcome>, now: Timestamp) -> Self {
        let mut next = self.clone();
        for name in &work.forgotten {
            next.parameters.remove(name);
        }
        for (name, resource, fault) in &work.refused {
            next.parameters.entry(name.clone()).or_insert_with(|| Parameter::of(resource)).is_troubled_by(fault, now);
        }
        let mut left = false;
        for (name, resource) in work.touched(&self.parameters) {
            let parameter = next.parameters.entry(name.clone()).or_insert_with(|| Parameter::of(&resource));
            match outcomes.get(&name) {
                Some(Outcome::Written(digest)) => {
                    *parameter = Parameter { digest: Some(digest.clone()), ..Parameter::of(&resource) };
                }
                Some(Outcome::Failed(fault)) => {
                    // A call that was refused did nothing; of one without an answer nothing is known.
                    if fault.class() == Class::Transient {
                        parameter.digest = None;
                        parameter.is_asked_for(work, &name, now);
                    }
                    parameter.is_troubled_by(fault, now);
                }
                None => left = true,
                Some(Outcome::Removed) => {}
            }
            let never_was = outcomes.get(&name).is_none() && !self.parameters.contains_key(&name);
            if never_was || outcomes.get(&name) == Some(&Outcome::Removed) {
                next.parameters.remove(&name);
            }
        }
        if work.calls() {
            next.tried_at = Some(now);
        }
        next.holder = None;
        left |= next.parameters.values().any(|parameter| parameter.trouble.is_some());
        next.become_status(if left { OutputStatus::Unpublished } else { OutputStatus::Published }, now);
        next
    }

    fn become_status(&mut self, status: OutputStatus, now: Timestamp) {
        if self.status != status {
            self.since = now;
        }
        self.status = status;
    }

    /// What was decided, in a few words for the audit trail.
    #[must_use]
    pub fn summary(&self) -> String {
        let troubles: Vec<_> = self
            .parameters
            .iter()
            .filter_map(|(name, p)| p.trouble.as_ref().map(|trouble| format!("{name}: {}", trouble.fault.name)))
            .collect();
        let written = self.parameters.values().filter(|p| p.digest.is_some()).count();
        match (self.status, troubles.is_empty()) {
            (OutputStatus::Published, _) => format!("{written} parameters are published"),
            (OutputStatus::Unpublished, false) => {
                format!("{written} parameters are published; {}", troubles.join(", "))
            }
            (OutputStatus::Unpublished, true) => format!("{written} parameters are published, and there is more to do"),
        }
    }
}

impl Parameter {
    fn of(resource: &str) -> Self {
        Self { resource: resource.to_owned(), digest: None, asked_at: None, trouble: None }
    }

    /// A call that makes it counts from the last one; one that removes it can make nothing, and must not put off the day
    /// on which it is known to be gone.
    fn is_asked_for(&mut self, work: &Work, name: &str, now: Timestamp) {
        let made = work.writes.iter().any(|write| write.name == name);
        self.asked_at = self.asked_at.filter(|_| !made).or(Some(now));
    }

    fn is_troubled_by(&mut self, fault: &Fault, now: Timestamp) {
        let since = self.trouble.as_ref().filter(|t| t.fault.name == fault.name.as_str()).map_or(now, |t| t.since);
        self.trouble = Some(Trouble { fault: fault.clone().into(), since });
    }
}
