//! The end of a connection that could be used: nobody asks for it any more, its owner stopped
//! sharing it, an operator said so, or it was deleted, rejected or failed behind our back.
//!
//! Runs exclude each other in the ledger. What a connect run holds is never closed beside it: the
//! ending is written into the record as a wish, the run sees it and removes what it made. What no
//! run holds is closed by a run of its own, `disconnect`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::connection::{Connection, Status};
use crate::fault::FaultName;
use crate::grace;
use crate::ports::made_text;
use crate::sweep::want_again;

/// What ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// No subscription claims it any more.
    Withdrawn,
    /// The owner stopped sharing it, and the subscription whose settings hold says `on_revoke: close`, or
    /// `close-after`: then it can be used for a while, see [`crate::grace`].
    Revoked,
    /// It is opened anew with other settings, as the subscription says by `on_change: replace`.
    Replaced,
    /// An operator's word.
    Operator,
    /// Somebody deleted what was made.
    Gone,
    /// The provider rejected it after it could be used.
    Rejected,
    /// AWS says that it failed or expired after it could be used.
    Failed,
}

impl Cause {
    /// As it stands in the ledger and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Revoked => "revoked",
            Self::Replaced => "replaced",
            Self::Operator => "operator",
            Self::Gone => "gone",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }

    /// What a run would have failed in, if this had happened while it opened the connection. None if somebody wanted it.
    #[must_use]
    pub const fn fault(self, is_association: bool) -> Option<FaultName> {
        match self {
            Self::Withdrawn | Self::Revoked | Self::Replaced | Self::Operator => None,
            Self::Gone => Some(FaultName::EndpointGone),
            Self::Rejected => Some(FaultName::EndpointRejected),
            Self::Failed if is_association => Some(FaultName::AssociationFailed),
            Self::Failed => Some(FaultName::EndpointFailed),
        }
    }

    /// What opens a connection again that was closed for this.
    const fn until(self) -> &'static str {
        match self {
            Self::Withdrawn | Self::Replaced => "nothing until a subscription asks for it again",
            Self::Revoked => "nothing until its owner shares it again",
            Self::Operator => "nothing until an operator says `drawbridge retry` or a subscription changes",
            Self::Gone => {
                "find out who deleted it (CloudTrail), then `drawbridge retry`; `reconcile: {gone: repair}` in the subscription opens such anew"
            }
            Self::Rejected => "ask the provider why it was rejected, then `drawbridge retry`",
            Self::Failed => "mend what AWS's reason names, or ask the provider, then `drawbridge retry`",
        }
    }
}

/// That a connection is to be closed, is being closed, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// What ends it.
    pub cause: Cause,
    /// In words.
    pub why: String,
    /// Who says so.
    pub by: String,
    /// Since when it is to be closed.
    pub since: Timestamp,
    /// The digest of the subscriptions that decided when it was said: what was closed stays so
    /// until they change, and not because they had changed before.
    pub digest: String,
    /// Why it is opened anew as soon as its close is confirmed; none if it stays closed. In a grace period: why it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopen: Option<String>,
    /// Whether it came in the grace period of what its owner stopped sharing, by AWS's word and by nobody's wish: shared again,
    /// it is opened anew, whatever the cause.
    #[serde(default, skip_serializing_if = "is_not")]
    pub in_grace: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_not(flag: &bool) -> bool {
    !*flag
}

/// The record of a connection that ends. None if that is said already.
#[must_use]
pub fn end(connection: &Connection, ending: Ending) -> Option<Connection> {
    if connection.ending.is_some() || connection.status == Status::Closed {
        return None;
    }
    let (now, why) = (ending.since, ending.why.clone());
    let mut next = connection.clone();
    next.ending = Some(ending);
    match connection.status {
        // No run has it, and nothing of it is made.
        Status::Wanted if connection.is_held() => next = finished(&next, "nothing was made of it", now),
        Status::Wanted | Status::Opening | Status::Waiting | Status::Closing => {
            "the run that has it removes what it made".clone_into(&mut next.next);
        }
        Status::Ready => {
            next.attempt += 1;
            next.transient_runs = 0;
            next.execution = None;
            next.deadline = None;
            let made = made_text(next.made.as_ref());
            next.become_status(Status::Closing, now, why, format!("a disconnect run removes {made}"));
        }
        // Its run closed it already, so there is nothing that a run could remove.
        Status::Failed => next = finished(&next, "nothing was left of it", now),
        Status::Closed => return None,
    }
    Some(next)
}

/// The record of a connection that ends, once nothing of it is left: closed, or wanted again.
#[must_use]
pub fn finished(connection: &Connection, gone: &str, now: Timestamp) -> Connection {
    let mut next = connection.clone();
    next.nothing_stands();
    next.findings.clear();
    next.fault = None;
    next.transient_runs = 0;
    let Some(ending) = &connection.ending else {
        return next;
    };
    next.become_status(Status::Closed, now, format!("{} ({gone})", ending.why), ending.cause.until());
    match &ending.reopen {
        Some(why) => want_again(&next, now, why),
        None => next,
    }
}

/// An operator's word: a connection is closed and stays so.
///
/// # Errors
/// Why that is not possible, as a sentence.
pub fn close_connection(
    connection: &Connection,
    reason: &str,
    by: &str,
    digest: &str,
    now: Timestamp,
) -> Result<Connection, String> {
    let said = |ending: &Ending| ending.cause == Cause::Operator && ending.reopen.is_none();
    if let Some(ending) = connection.ending.as_ref().filter(|ending| said(ending)) {
        let is = if connection.status == Status::Closed { "is closed" } else { "is being closed" };
        return Err(format!("{} {is} already, by {}: {}", connection.id, ending.by, ending.why));
    }
    let ending = Ending {
        cause: Cause::Operator,
        why: reason.to_owned(),
        by: by.to_owned(),
        since: now,
        digest: digest.to_owned(),
        reopen: None,
        in_grace: false,
    };
    if let Some(next) = end(connection, ending.clone()) {
        return Ok(next);
    }
    // It ends or ended for another cause: from now on it stays closed for this one. A grace period is over with it.
    let mut next = connection.clone();
    if next.status == Status::Closed {
        next.become_status(Status::Closed, now, reason, ending.cause.until());
    }
    next.ending = Some(ending);
    grace::tell(&mut next);
    Ok(next)
}

#[cfg(test)]
mod tests;
