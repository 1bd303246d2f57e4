//! The state of all accounts, behind one mutex. Time is passed in; nothing here waits.

pub mod associations;
pub mod configurations;
pub mod endpoint_names;
pub mod endpoints;
pub mod network;
pub mod notifications;
pub mod routes;
pub mod security_groups;
pub mod services;
pub mod shares;
pub mod states;
pub mod tokens;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::calls::Calls;
use crate::faults::Faults;
use crate::paging::Asked;
use crate::request::Caller;
use crate::settings::Settings;
use associations::Association;
use configurations::Configuration;
use endpoints::Endpoint;
use network::Network;
use notifications::Notification;
use shares::{Invitation, Share};
use tokens::Tokens;

/// Everything there is.
#[derive(Debug, Default)]
pub struct World {
    /// The knobs.
    pub settings: Settings,
    /// The networks of each account and Region.
    pub networks: BTreeMap<(String, String), Network>,
    /// The resource configurations of all accounts, by ARN.
    pub configurations: BTreeMap<String, Configuration>,
    /// All resource shares.
    pub shares: Vec<Share>,
    /// All invitations.
    pub invitations: Vec<Invitation>,
    /// All VPC endpoints ever made, deleted ones too.
    pub endpoints: Vec<Endpoint>,
    /// The connection notifications of endpoints.
    pub notifications: Vec<Notification>,
    /// All service network resource associations ever made, deleted ones too.
    pub associations: Vec<Association>,
    /// What client tokens were used for.
    pub tokens: Tokens,
    /// Faults ordered.
    pub faults: Faults,
    /// Calls made.
    pub calls: Calls,
}

impl World {
    /// Forgets everything; call numbers go on.
    pub fn reset(&mut self) {
        let mut calls = std::mem::take(&mut self.calls);
        calls.clear();
        *self = Self { calls, ..Self::default() };
    }

    /// The network of the caller's account in the caller's Region; an empty one if nothing was seeded.
    pub fn network(&mut self, caller: &Caller) -> &mut Network {
        self.networks.entry((caller.account.clone(), caller.region.clone())).or_default()
    }

    /// A list request's page in the terms of [`crate::paging`].
    pub fn asked<'a>(&self, token: Option<&'a str>, most: Option<usize>, ceiling: usize, request: String) -> Asked<'a> {
        Asked {
            token,
            most,
            ceiling: self.settings.page_size.unwrap_or(ceiling).min(ceiling),
            empty_first: self.settings.empty_pages,
            request,
        }
    }

    /// Everything, for a test to look at.
    pub fn dump(&self) -> Value {
        let mut accounts: BTreeMap<&str, BTreeMap<&str, &Network>> = BTreeMap::new();
        for ((account, region), network) in &self.networks {
            accounts.entry(account).or_default().insert(region, network);
        }
        json!({
            "accounts": accounts,
            "shares": self.shares,
            "invitations": self.invitations,
            "resource_configurations": self.configurations.values().collect::<Vec<_>>(),
            "endpoints": self.endpoints.iter().map(Endpoint::dump).collect::<Vec<_>>(),
            "associations": self.associations.iter().map(Association::dump).collect::<Vec<_>>(),
            "notifications": self.notifications,
            "settings": self.settings,
        })
    }
}

/// A state that passes after so many answers and so much time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Wait {
    /// When it began.
    pub since: Timestamp,
    /// How many answers showed it.
    pub polls: u32,
}

impl Wait {
    /// A wait that begins now.
    pub fn from(now: Timestamp) -> Self {
        Self { since: now, polls: 0 }
    }

    /// Counts one answer and says whether the state has passed before it.
    pub fn passes(&mut self, polls: u32, milliseconds: u64, now: Timestamp) -> bool {
        self.polls = self.polls.saturating_add(1);
        self.polls > polls && elapsed(self.since, now) >= milliseconds
    }
}

/// Whole milliseconds between two instants; none if the second is the earlier.
pub fn elapsed(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond() - from.as_millisecond()).unwrap_or(0)
}

/// One entry of a history: since when something had a state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stage {
    /// Since when.
    pub at: Timestamp,
    /// The state.
    pub state: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_needs_both_its_polls_and_its_time() {
        let begin = Timestamp::UNIX_EPOCH;
        let later = Timestamp::from_millisecond(100).unwrap_or_default();
        let mut wait = Wait::from(begin);
        assert!(!wait.passes(1, 100, later), "the first answer still shows the old state");
        assert!(!wait.passes(1, 100, begin), "not enough time");
        assert!(wait.passes(1, 100, later));
        assert!(Wait::from(begin).passes(0, 0, begin), "no poll needed");
    }

    #[test]
    fn a_reset_forgets_all_but_the_call_numbers() {
        let mut world = World::default();
        let operation = crate::request::Operation {
            service: "ram".to_owned(),
            name: "ListResources".to_owned(),
            protocol: crate::wire::Protocol::RestJson,
            label: String::new(),
        };
        world.calls.begin(&Caller::default(), &operation, Timestamp::UNIX_EPOCH);
        world.settings.page_size = Some(1);
        world.reset();
        assert_eq!((world.calls.next(), world.calls.since(0).len(), world.settings.page_size), (1, 0, None));
    }
}
