//! One round of reconcile: from the first connection to the last, in as many runs as it takes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Standing;
use crate::ids::ConnectionId;
use crate::preflight::Finding;

/// How many findings without a record are written down.
pub const MOST_FINDINGS: usize = 100;

/// For how long a run has a round to itself: longer than the function may take.
const HELD_FOR: SignedDuration = SignedDuration::from_secs(90);

/// Where reconcile stands, as the ledger remembers it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Counts the rounds.
    pub number: u64,
    /// When the present one was begun; none between two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<Timestamp>,
    /// The AWS id of what was looked at last: the next run goes on after it. None: at the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Until when a run has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Timestamp>,
    /// How many connections were looked at in the present round, by how they stand.
    #[serde(default)]
    pub standing: BTreeMap<String, u64>,
    /// When the last round ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// How the connections stood in it.
    #[serde(default)]
    pub last: BTreeMap<String, u64>,
    /// What was found at its end that stands in no record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The connections in whose records it is told that something else carries their tags, and that are not ready: to be
    /// taken back when it is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<ConnectionId>,
    /// What could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// Counts the writes; every write is conditional on it. 0: not written yet.
    #[serde(default)]
    pub version: u64,
}

/// Another run has the round until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held(pub Timestamp);

impl Round {
    /// Takes the round for this run: the one that is under way, or a new one.
    ///
    /// # Errors
    /// [`Held`] while another run has it.
    pub fn take(known: Option<Self>, now: Timestamp) -> Result<Self, Held> {
        let mut round = known.unwrap_or_default();
        if let Some(until) = round.held_until.filter(|until| now < *until) {
            return Err(Held(until));
        }
        if round.began_at.is_none() {
            round.number += 1;
            round.began_at = Some(now);
            round.standing.clear();
        }
        round.unread.clear();
        round.held_until = now.checked_add(HELD_FOR).ok();
        Ok(round)
    }

    /// Counts one connection.
    pub fn count(&mut self, standing: &Standing) {
        *self.standing.entry(standing.as_str().to_owned()).or_default() += 1;
    }

    /// What could not be read is told once.
    pub fn not_read(&mut self, what: String) {
        if self.unread.len() < MOST_FINDINGS && !self.unread.contains(&what) {
            self.unread.push(what);
        }
    }

    /// What is still to be looked at of everything made, which is in order: what comes after the cursor.
    #[must_use]
    pub fn left<'a>(&self, everything: &'a [(String, ConnectionId)]) -> &'a [(String, ConnectionId)] {
        let done = self.cursor.as_ref().map_or(0, |cursor| everything.partition_point(|(id, _)| id <= cursor));
        &everything[done..]
    }

    /// Ends the round: everything was looked at.
    pub fn end(&mut self, mut findings: Vec<Finding>, mut told: Vec<ConnectionId>, now: Timestamp) {
        findings.truncate(MOST_FINDINGS);
        told.sort();
        told.dedup();
        self.findings = findings;
        self.told = told;
        self.last = std::mem::take(&mut self.standing);
        self.began_at = None;
        self.cursor = None;
        self.ended_at = Some(now);
    }
}
