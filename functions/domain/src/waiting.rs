//! Waits for somebody: a person who decides on a share, the provider who accepts an endpoint, or the owner who may share
//! again what was revoked.
//!
//! A run that waits holds a task token. What everybody may know of a wait ([`Wait`]) stands in the record of what
//! waits; the token stands in an item of its own ([`Ticket`]), because whoever has it can resume the run. Resuming says
//! nothing but "look again": what was decided is read from the ledger and from AWS by the step that follows, so a wait
//! that is ended twice, too early or for no reason does no harm.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::connection::{Connection, Status};
use crate::fault::{Fault, FaultName};
use crate::grace::{self, Leave};
use crate::identity;
use crate::ids::{ResourceShareArn, SubscriptionName};
use crate::messages::Subject;
use crate::network::{Endpoint, same_word};
use crate::ports::{Resume, Waits};
use crate::share::{InvitationStatus, ShareFacts, ShareRecord, ShareStatus, SharedResource};
use crate::subscription::{Approval, Subscription};

/// How long before an invitation ends nobody is waited for any more: accepting takes its time, too.
const MARGIN: SignedDuration = SignedDuration::from_mins(15);

/// How long a run waits for a person where no invitation ends. Afterwards the share stays held, and an answer starts
/// another run.
const PATIENCE: SignedDuration = SignedDuration::from_hours(12);

/// Why a token must never be seen, in place of the token.
const HIDDEN: &str = "(a task token)";

/// A Step Functions task token. Whoever has it can resume the execution, so it is shown nowhere.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskToken(String);

impl TaskToken {
    /// A token, as Step Functions gives it.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// Its text, for the ledger and for Step Functions and for nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TaskToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// Who is waited for, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Who: `a person`, the owner of a service, or that of a share.
    pub who: String,
    /// What they are asked.
    pub what: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The digest of what was asked: an answer to something else is none.
    pub asked: String,
    /// The subscriptions that go on with the share if a person approves; none if nobody trusts it, which an approval
    /// does not change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<SubscriptionName>,
    /// Those of them for which its sender needed no approval any more when it was asked: a person is waited for all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved: Vec<SubscriptionName>,
    /// Whether a run waits for it. If none does, the sweep starts one when there is an answer.
    pub by_a_run: bool,
}

/// A person's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it is yes.
    pub approve: bool,
    /// Who gave it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, if they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// The digest of what was asked.
    pub asked: String,
    /// The subscriptions that it lets go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<SubscriptionName>,
}

impl Answer {
    /// Whether it is a yes to this subscription's going on with exactly this.
    #[must_use]
    pub fn approves(&self, subscription: &SubscriptionName, asked: &str) -> bool {
        self.approve && self.asked == asked && self.subscriptions.contains(subscription)
    }
}

/// When a token was given out: a later one takes the place of an earlier one, however late its invocation is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Turn {
    /// The run.
    pub attempt: u32,
    /// When the run entered the state that waits.
    pub entered: Timestamp,
    /// How often that state was retried.
    pub retry: u32,
}

/// A wait with its token, as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// What waits.
    #[serde(flatten)]
    pub subject: Subject,
    /// What resumes it.
    pub token: TaskToken,
    /// The execution that waits.
    pub execution: String,
    /// Which turn of it.
    #[serde(flatten)]
    pub turn: Turn,
    /// Who is waited for.
    #[serde(flatten)]
    pub wait: Wait,
    /// Whether AWS was asked to tell us of the answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told: bool,
    /// Counts the writes; every write is conditional on it. 0: not written yet.
    pub version: u64,
}

/// The digest of what a person is asked about a share: this share, with this inside.
#[must_use]
pub fn asked(share: &ResourceShareArn, resources: &[SharedResource]) -> String {
    let mut inside: Vec<&str> = resources.iter().map(|resource| resource.arn.as_str()).collect();
    inside.sort_unstable();
    inside.dedup();
    identity::digest(&(share, inside))
}

/// The wait for a person's word on a share. What is asked already goes on being asked, until the same time. `approved` are
/// the subscriptions for which nobody is asked about its sender any more.
#[must_use]
pub fn for_a_person(
    facts: &ShareFacts,
    subscriptions: Vec<SubscriptionName>,
    approved: &[SubscriptionName],
    before: Option<&Wait>,
    now: Timestamp,
) -> Wait {
    let asked = asked(&facts.arn, &facts.resources);
    let before = before.filter(|wait| wait.asked == asked);
    let pending = facts.invitation.as_ref().filter(|i| i.status == InvitationStatus::Pending);
    let since = before.map_or(now, |wait| wait.since);
    let until = pending.map_or_else(
        || since.checked_add(PATIENCE).unwrap_or(Timestamp::MAX),
        |invitation| invitation.expires_at().checked_sub(MARGIN).unwrap_or(now),
    );
    let what = if subscriptions.is_empty() {
        format!("whether share {} of account {} is wanted", facts.name, facts.sender)
    } else {
        format!("whether share {} of account {} is accepted and connected", facts.name, facts.sender)
    };
    // One whose time was over stays without a run until it is answered.
    let by_a_run = now < until || pending.is_some();
    let approved = subscriptions.iter().filter(|name| approved.contains(name)).cloned().collect();
    Wait { who: "a person".to_owned(), what, since, until, asked, subscriptions, approved, by_a_run }
}

/// The subscriptions that ask a person about the sender of a share that waits, where one approval of the sender is enough and
/// was not known when that was asked. None: however its sender stands, the share goes on waiting.
pub fn asks_about_the_sender<'a>(
    record: &'a ShareRecord,
    subscriptions: &'a [Subscription],
) -> impl Iterator<Item = &'a SubscriptionName> {
    let once = |name: &SubscriptionName| {
        subscriptions
            .iter()
            .any(|s| s.name == *name && s.approval == Approval::FirstTime && s.trusts_sender(&record.sender))
    };
    let wait = record.wait.as_ref().filter(|_| record.status == ShareStatus::Held);
    let asking =
        wait.into_iter().flat_map(|wait| wait.subscriptions.iter().filter(|name| !wait.approved.contains(name)));
    asking.filter(move |name| once(name))
}

/// The wait for the owner of a service to accept an endpoint, for as long as `patience` from when it was first waited for:
/// however often it is looked at, and by however many runs.
#[must_use]
pub fn for_the_provider(connection: &Connection, service: &str, patience: SignedDuration, now: Timestamp) -> Wait {
    let endpoint = crate::ports::made_text(connection.made.as_ref());
    let asked = identity::digest(&(&connection.id, &endpoint));
    let before = connection.wait.as_ref().filter(|wait| wait.asked == asked);
    let since = before.map_or(now, |wait| wait.since);
    Wait {
        who: format!("the owner of {service}"),
        what: format!("to accept endpoint {endpoint}"),
        since,
        until: since.checked_add(patience).unwrap_or(Timestamp::MAX),
        asked,
        subscriptions: Vec::new(),
        approved: Vec::new(),
        by_a_run: true,
    }
}

/// Whether a provider may still accept.
///
/// # Errors
/// `DeadlinePassed`, with what was last seen.
pub fn in_time(wait: &Wait, now: Timestamp, last_seen: &str) -> Result<(), Fault> {
    if now <= wait.until {
        return Ok(());
    }
    let Wait { who, what, since, until, .. } = wait;
    Err(FaultName::DeadlinePassed
        .because(format!("{who} was waited for {what} since {since} and did not by {until}; last seen: {last_seen}")))
}

/// What waited for its provider is seen to be accepted: nobody is waited for any more, and it has the time that any
/// connection has (`allowed`), from now on. Once: afterwards there is no wait that could end.
pub fn accepted(connection: &mut Connection, allowed: SignedDuration, now: Timestamp) {
    if connection.wait.take().is_some() {
        connection.deadline = now.checked_add(allowed).ok();
        "observe looks until it can be used".clone_into(&mut connection.next);
    }
}

/// Why a share's run that waits is to look again; none if it goes on waiting.
#[must_use]
pub fn share_is_due(record: &ShareRecord, now: Timestamp) -> Option<&'static str> {
    let Some(wait) = record.awaited() else {
        return Some("nobody is waited for any more");
    };
    if record.is_answered() {
        Some("it is answered")
    } else if wait.until <= now {
        Some("its time is over")
    } else {
        None
    }
}

/// Why a connection's run that waits is to look again, as far as the ledger knows; none if it goes on waiting.
#[must_use]
pub fn connection_is_due(connection: &Connection, now: Timestamp) -> Option<&'static str> {
    if grace::wait(connection).is_some() {
        return grace::leaves(connection, now).map(|leave| match leave {
            Leave::Kept(_) => "it is kept",
            Leave::Over(why) => why,
        });
    }
    let Some(wait) = connection.wait.as_ref().filter(|_| connection.status == Status::Waiting) else {
        return Some("nobody is waited for any more");
    };
    if connection.ending.is_some() {
        Some("it is to be closed")
    } else if wait.until <= now {
        Some("its time is over")
    } else {
        None
    }
}

/// Whether an endpoint still waits for its provider. One that is not shown is looked at again by who knows what that means.
#[must_use]
pub fn is_pending(endpoint: Option<&Endpoint>) -> bool {
    endpoint.is_some_and(|endpoint| same_word(&endpoint.state, "pendingAcceptance"))
}

/// Something may have changed for this share or connection: if a run of it waits, it looks again. Gives back whether one did.
///
/// # Errors
/// Of the ledger and of Step Functions. A token that nobody waits on any more is none.
pub async fn wake<L: Waits, W: Resume>(ledger: &L, workflows: &W, subject: &Subject) -> Result<bool, Fault> {
    match ledger.ticket(subject).await? {
        Some(ticket) => workflows.resume(&ticket.token).await,
        None => Ok(false),
    }
}

/// A person's word on a share. None if they said so already.
///
/// # Errors
/// Why it can't be taken, as a sentence.
pub fn answer(
    record: &ShareRecord,
    approve: bool,
    because: Option<&str>,
    by: &str,
    now: Timestamp,
) -> Result<Option<ShareRecord>, String> {
    let verb = if approve { "approved" } else { "rejected" };
    let name = &record.name;
    let held = record.wait.as_ref().filter(|_| record.status == ShareStatus::Held);
    if let Some(said) = &record.answer
        && held.is_none_or(|wait| wait.asked == said.asked)
    {
        if said.approve == approve && (held.is_some() || record.status.is_running() || record.accepted_at.is_some()) {
            return Ok(None);
        }
        if held.is_some() {
            let word = if said.approve { "approved" } else { "rejected" };
            return Err(format!("{name} was {word} at {} by {}; it can't be {verb} as well", said.at, said.by));
        }
    }
    let Some(wait) = held else {
        let fault =
            record.fault.as_ref().map_or_else(String::new, |fault| format!(": {}: {}", fault.name, fault.message));
        return Err(format!(
            "{name} does not wait for a person: it is {}{fault}. Nothing is {verb}",
            record.status.as_str()
        ));
    };
    if wait.by_a_run && wait.until <= now {
        return Err(format!(
            "it is too late: {name} was waited for until {}, and its invitation is left to expire. Way out: ask its owner \
             to remove this account from the share and add it again",
            wait.until
        ));
    }
    if approve && wait.subscriptions.is_empty() {
        return Err(format!(
            "no subscription trusts {name} ({}), and an approval does not widen trust. Way out: a subscription that \
             trusts it (`drawbridge subscribe FILE`), or `drawbridge reject`",
            record.why.join("; ")
        ));
    }
    let mut next = record.clone();
    next.answer = Some(Answer {
        approve,
        by: by.to_owned(),
        at: now,
        because: because.map(str::to_owned),
        asked: wait.asked.clone(),
        subscriptions: if approve { wait.subscriptions.clone() } else { Vec::new() },
    });
    next.next = if wait.by_a_run {
        format!("it is {verb}: the run that waits goes on")
    } else {
        format!("it is {verb}: the sweep starts a run")
    };
    Ok(Some(next))
}

#[cfg(test)]
mod tests;
