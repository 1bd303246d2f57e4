//! What to do about what was found: which runs to start, and which ended without a verdict.
//!
//! The attempt, and with it the execution's name, goes up for these causes only: an operator, a
//! change of the subscriptions that decided, a run that ended in a transient fault, and (for a
//! share) a new invitation. Everything else finds the run of that name and leaves it alone.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::connection::{Connection, Status};
use crate::fault::{Class, FaultName, FaultRecord};
use crate::grace;
use crate::identity;
use crate::ids::{AccountId, ResourceShareArn};
use crate::share::{FoundBy, Invitation, InvitationStatus, ShareRecord, ShareStatus};
use crate::waiting::share_is_due;

/// How many runs may follow one that ended in a transient fault.
pub const MAX_TRANSIENT_RUNS: u32 = 3;

/// A share as RAM shows it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenShare {
    /// Its ARN.
    pub arn: ResourceShareArn,
    /// Its name.
    pub name: String,
    /// The account that sent it.
    pub sender: AccountId,
    /// The newest invitation, if there is one.
    pub invitation: Option<Invitation>,
    /// Whether this account can see it already: accepted, or no invitation was needed.
    pub visible: bool,
}

/// What to do about a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShareStep {
    /// Nothing.
    Nothing,
    /// Make sure that the run of its attempt exists.
    Ensure,
    /// Let the run that waits look again; if none does any more, as for [`ShareStep::Ensure`].
    Wake,
    /// Write this record, then start its run.
    Run(Box<ShareRecord>, String),
    /// Write this record; there is nothing to run.
    Record(Box<ShareRecord>, String),
}

/// Decides what to do about a share that RAM shows.
#[must_use]
pub fn share_step(
    seen: &SeenShare,
    record: Option<&ShareRecord>,
    digest: &str,
    found_by: FoundBy,
    backoff: SignedDuration,
    now: Timestamp,
) -> ShareStep {
    let Some(record) = record else {
        return first_seen(seen, digest, found_by, now);
    };
    if record.status.is_running() {
        return ShareStep::Ensure;
    }
    let invitation = seen.invitation.as_ref();
    // RAM's word counts and not our clock: what it shows as pending can be answered.
    let pending = invitation.filter(|i| i.status == InvitationStatus::Pending);
    let is_new = |i: &Invitation| record.invitation.as_ref() != Some(&i.arn);
    if record.awaited().is_some() && record.accepted_at.is_some() && !seen.visible {
        // Whether its owner took it back is a question of more than one look: see [`crate::presence`].
        return ShareStep::Nothing;
    }
    if record.awaited().is_some() {
        // Its run decides anew, whatever it is that changed.
        let changed = pending.is_some_and(is_new)
            || pending.is_none() && !seen.visible
            || (seen.visible && record.accepted_at.is_none())
            || record.digest != digest;
        let looks = changed || share_is_due(record, now).is_some() || is_empty_for_long(record, now);
        return if looks { ShareStep::Wake } else { ShareStep::Ensure };
    }

    if let Some(new) = pending.filter(|i| is_new(i)) {
        let mut next = run_again(record, digest, now, "the owner sent a new invitation");
        next.transient_runs = 0;
        next.invitation = Some(new.arn.clone());
        next.accepted_at = None;
        next.answer = None;
        next.expires_at = Some(new.expires_at());
        next.name.clone_from(&seen.name);
        return ShareStep::Run(Box::new(next), "found a new invitation".to_owned());
    }
    let can_run = pending.is_some() || seen.visible;
    if seen.visible && record.accepted_at.is_none() {
        let why = "it was accepted outside Drawbridge, or needs no invitation any more";
        let mut next = run_again(record, digest, now, why);
        next.transient_runs = 0;
        // Written here and not only by the run: one that faults before it writes must not be
        // followed by another for the same reason.
        next.accepted_at = Some(now);
        return ShareStep::Run(Box::new(next), why.to_owned());
    }
    if seen.visible && record.status == ShareStatus::Revoked {
        let why = "its owner shares it again";
        let mut next = run_again(record, digest, now, why);
        next.transient_runs = 0;
        return ShareStep::Run(Box::new(next), why.to_owned());
    }
    if can_run && record.digest != digest {
        let mut next = run_again(record, digest, now, "the subscriptions that decide on it changed");
        next.transient_runs = 0;
        return ShareStep::Run(Box::new(next), "the subscriptions that decide on it changed".to_owned());
    }
    if can_run
        && record.status == ShareStatus::Failed
        && may_rerun(record.fault.as_ref(), record.transient_runs, record.since, backoff, now)
    {
        let why = format!("the last run ended in {}", fault_name(record.fault.as_ref()));
        return ShareStep::Run(Box::new(run_again(record, digest, now, &why)), why);
    }
    if can_run && record.status == ShareStatus::Held && record.is_answered() {
        let why = "a person answered";
        return ShareStep::Run(Box::new(run_again(record, digest, now, why)), why.to_owned());
    }
    if can_run && is_empty_for_long(record, now) {
        let why = "nothing was inside when it was looked at";
        return ShareStep::Run(Box::new(run_again(record, digest, now, why)), why.to_owned());
    }
    if !can_run && matches!(record.status, ShareStatus::Held | ShareStatus::Ignored | ShareStatus::Failed) {
        return closed(invitation, record, now);
    }
    ShareStep::Nothing
}

/// A share waits for a person, and its sender was approved since for a subscription that asks no more than that: with
/// another share, or by the same subscription under other conditions. It is decided on anew. `seen` as in [`share_step`].
#[must_use]
pub fn sender_approved(seen: &SeenShare, record: &ShareRecord, digest: &str, now: Timestamp) -> ShareStep {
    let pending = seen.invitation.as_ref().is_some_and(|i| i.status == InvitationStatus::Pending);
    // Whether its owner took it back is a question of more than one look.
    if !pending && !seen.visible {
        return ShareStep::Nothing;
    }
    if record.awaited().is_some() {
        return ShareStep::Wake;
    }
    let why = "its sender was approved";
    ShareStep::Run(Box::new(run_again(record, digest, now, why)), why.to_owned())
}

/// Of how many shares, or connections in their grace period, a sweep asks each time whether the run that waits is still there. Step Functions lets an account
/// describe 15 executions a second [AWS:step-functions/dg/service-quotas], and others do so, too.
const ASKED_AT_ONCE: usize = 100;

/// Whether it is asked this time if the run of one of `of` that wait is still there: always, unless there are very many.
#[must_use]
pub fn has_its_turn(one: &impl Serialize, of: usize, now: Timestamp) -> bool {
    let turns = 1 + of / (ASKED_AT_ONCE + 1);
    let digest = identity::digest(&(one, now));
    let draw = digest.get(..8).and_then(|digits| usize::from_str_radix(digits, 16).ok()).unwrap_or_default();
    draw % turns == 0
}

/// An owner may make the share first and put the resources in later: it is looked at again, at
/// most once an hour.
fn is_empty_for_long(record: &ShareRecord, now: Timestamp) -> bool {
    matches!(record.status, ShareStatus::Held | ShareStatus::Ignored)
        && record.resources.is_empty()
        && now.duration_since(record.since) >= SignedDuration::from_hours(1)
}

fn first_seen(seen: &SeenShare, digest: &str, found_by: FoundBy, now: Timestamp) -> ShareStep {
    let record = ShareRecord {
        arn: seen.arn.clone(),
        name: seen.name.clone(),
        sender: seen.sender.clone(),
        invitation: seen.invitation.as_ref().map(|i| i.arn.clone()),
        expires_at: seen.invitation.as_ref().map(Invitation::expires_at),
        status: ShareStatus::Found,
        since: now,
        why: vec!["it was found and is not vetted yet".to_owned()],
        next: "the onboarding run vets it".to_owned(),
        attempt: 1,
        transient_runs: 0,
        accepted_at: seen.visible.then_some(now),
        digest: digest.to_owned(),
        settled: None,
        unseen_since: None,
        wait: None,
        answer: None,
        claims: Vec::new(),
        resources: Vec::new(),
        found_by,
        found_at: now,
        execution: None,
        fault: None,
        version: 0,
        change: String::new(),
    };
    if !seen.visible {
        if let step @ ShareStep::Record(..) = closed(seen.invitation.as_ref(), &record, now) {
            return step;
        }
        // Of a share that was accepted and is gone since, RAM may still list the invitation; one
        // that was accepted just now becomes visible soon.
        if seen.invitation.as_ref().is_some_and(|i| i.status == InvitationStatus::Accepted) {
            return ShareStep::Nothing;
        }
    }
    ShareStep::Run(Box::new(record), format!("found by {}", found_by_text(found_by)))
}

const fn found_by_text(found_by: FoundBy) -> &'static str {
    match found_by {
        FoundBy::Event => "an event",
        FoundBy::Sweep => "the sweep",
        FoundBy::Manual => "a manual call",
        FoundBy::Subscription => "a change of a subscription",
    }
}

/// Records that the invitation can be answered no more.
fn closed(invitation: Option<&Invitation>, record: &ShareRecord, now: Timestamp) -> ShareStep {
    let Some(invitation) = invitation else {
        return ShareStep::Nothing;
    };
    let mut next = record.clone();
    let ask = "nothing until the owner removes this account from the share and adds it again";
    let (status, why) = match invitation.status {
        InvitationStatus::Rejected => {
            (ShareStatus::Rejected, "the invitation was rejected outside Drawbridge".to_owned())
        }
        InvitationStatus::Expired => (
            ShareStatus::Expired,
            format!("the invitation of {} was not accepted within 12 hours", invitation.invited_at),
        ),
        _ => return ShareStep::Nothing,
    };
    let mut why = vec![why];
    why.extend(record.why.iter().filter(|_| record.version > 0).cloned());
    next.become_status(status, now, why, ask);
    ShareStep::Record(Box::new(next), format!("the invitation is {}", status.as_str()))
}

/// The record of a share that is vetted anew.
pub(crate) fn run_again(record: &ShareRecord, digest: &str, now: Timestamp, why: &str) -> ShareRecord {
    let mut next = record.clone();
    next.attempt += 1;
    digest.clone_into(&mut next.digest);
    next.execution = None;
    next.unseen_since = None;
    next.become_status(ShareStatus::Found, now, vec![why.to_owned()], "the onboarding run vets it again");
    next
}

/// A share that waits and that RAM does not list any more, its invitation's time being over: the
/// record says so. None if it still waits.
#[must_use]
pub fn gone_share(record: &ShareRecord, now: Timestamp) -> Option<(ShareRecord, String)> {
    let over = record.expires_at.is_some_and(|expires_at| expires_at <= now);
    let waits = matches!(record.status, ShareStatus::Held | ShareStatus::Ignored | ShareStatus::Failed);
    if !waits || record.accepted_at.is_some() || !over {
        return None;
    }
    let mut next = record.clone();
    let mut why = vec!["RAM does not list the invitation any more, and its 12 hours are over".to_owned()];
    why.extend(record.why.iter().cloned());
    next.become_status(
        ShareStatus::Expired,
        now,
        why,
        "nothing until the owner removes this account from the share and adds it again",
    );
    Some((next, "the invitation is gone".to_owned()))
}

/// A run of the share that is over although the ledger says it should be under way: the next one.
/// None while it backs off.
#[must_use]
pub fn aborted_share(record: &ShareRecord, backoff: SignedDuration, now: Timestamp) -> Option<(ShareRecord, String)> {
    if record.transient_runs > 0 && !backed_off(record.transient_runs, record.since, backoff, now) {
        return None;
    }
    let fault = FaultName::RunAborted.because(format!(
        "the onboarding run of attempt {} ended without a verdict while the share was {}",
        record.attempt,
        record.status.as_str()
    ));
    let mut next = record.clone();
    next.transient_runs += 1;
    let what = fault.to_string();
    let fault = exhausted(next.transient_runs, &fault.into());
    let is_over = fault.name == FaultName::AttemptsExhausted.as_str();
    next.fault = Some(fault);
    if is_over {
        next.become_status(
            ShareStatus::Failed,
            now,
            vec![format!("{} runs in a row ended without a verdict", next.transient_runs)],
            "nothing until an operator says `drawbridge retry` or a subscription changes",
        );
    } else {
        next.attempt += 1;
        next.execution = None;
        next.become_status(ShareStatus::Found, now, vec![what.clone()], "the onboarding run vets it again");
        next.since = now;
    }
    Some((next, what))
}

/// What to do about a connection that needs attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionStep {
    /// Nothing.
    Nothing,
    /// Make sure that the run of its attempt exists; if that run is over, it ended without a verdict.
    Ensure,
    /// Let the run that waits look again; if none does any more, as for [`ConnectionStep::Ensure`].
    Wake,
    /// Write this record, then start its run.
    Run(Box<Connection>, String),
}

/// Decides what to do about a connection that needs attention.
#[must_use]
pub fn connection_step(connection: &Connection, backoff: SignedDuration, now: Timestamp) -> ConnectionStep {
    match connection.status {
        // Only a look tells whether the provider answered, and events may be lost.
        Status::Waiting if connection.wait.is_some() => ConnectionStep::Wake,
        // Of a grace period the record says everything.
        Status::Closing if grace::leaves(connection, now).is_some() => ConnectionStep::Wake,
        _ if connection.is_under_way() => ConnectionStep::Ensure,
        Status::Failed
            if may_rerun(connection.fault.as_ref(), connection.transient_runs, connection.since, backoff, now) =>
        {
            let why = format!("the last run ended in {}", fault_name(connection.fault.as_ref()));
            ConnectionStep::Run(Box::new(want_again(connection, now, &why)), why)
        }
        _ => ConnectionStep::Nothing,
    }
}

/// A failed connection whose share was decided on anew since: the subscriptions changed while it
/// was being made, or the owner shared it again. None if nothing changed.
#[must_use]
pub fn decided_anew(connection: &Connection, share: &ShareRecord, now: Timestamp) -> Option<(Connection, String)> {
    if connection.status != Status::Failed || share.status != ShareStatus::Accepted {
        return None;
    }
    let why = if share.digest != connection.digest {
        "the subscriptions that decide on it changed"
    } else if share.accepted_at.is_some_and(|at| at > connection.since) {
        "the owner shared it again"
    } else {
        return None;
    };
    let mut next = want_again(connection, now, why);
    next.digest.clone_from(&share.digest);
    next.transient_runs = 0;
    Some((next, why.to_owned()))
}

/// A run of the connection that is over although the ledger says it should be under way: the
/// next one, which finishes or cleans up. None while it backs off.
#[must_use]
pub fn aborted_connection(
    connection: &Connection,
    backoff: SignedDuration,
    now: Timestamp,
) -> Option<(Connection, String)> {
    // Cleaning up is tried for as long as it takes, so only the delay grows.
    if connection.transient_runs > 0 && !backed_off(connection.transient_runs, connection.since, backoff, now) {
        return None;
    }
    let fault = FaultName::RunAborted.because(format!(
        "the run of attempt {} ended without a verdict while the connection was {}",
        connection.attempt,
        connection.status.as_str()
    ));
    let what = fault.to_string();
    let mut next = connection.clone();
    next.attempt += 1;
    next.transient_runs += 1;
    next.execution = None;
    // A close keeps the reason for which it was begun, and what keeps it from getting done.
    let is_told = next.ending.is_some() || next.fault.is_some();
    if next.status != Status::Closing || !is_told {
        next.fault = Some(fault.into());
        next.why.clone_from(&what);
    }
    next.since = now;
    if grace::wait(&next).is_none() {
        "the next run finishes it or cleans up".clone_into(&mut next.next);
    }
    Some((next, what))
}

/// An operator's word: a failed or closed connection is tried again.
///
/// # Errors
/// Why that is not possible, as a sentence.
pub fn retry_connection(connection: &Connection, now: Timestamp) -> Result<Connection, String> {
    if let Some(wait) = grace::wait(connection) {
        let (id, until) = (&connection.id, wait.until);
        return Err(format!(
            "{id} can be used until {until}: there is nothing to try again. Way out: it is kept if its owner shares it again \
             before that, or if the subscription says `on_revoke: keep`; to end it now: `drawbridge close {id} --reason TEXT`"
        ));
    }
    match connection.status {
        Status::Failed | Status::Closed if connection.claims.is_empty() => Err(format!(
            "no subscription claims {}: subscribe to it again (`drawbridge subscribe FILE`), and the sweep opens it",
            connection.id
        )),
        Status::Failed | Status::Closed => {
            let mut next = want_again(connection, now, "an operator asked for another attempt");
            next.transient_runs = 0;
            Ok(next)
        }
        Status::Ready => Err(format!("{} is ready: there is nothing to try again", connection.id)),
        Status::Wanted if connection.is_held() => Err(format!("{}; {}", connection.why, connection.next)),
        status => Err(format!(
            "{} is {}: a run has it, or the next sweep starts one; wait until it is ready or failed",
            connection.id,
            status.as_str()
        )),
    }
}

/// An operator's word: a share is vetted again.
///
/// # Errors
/// Why that is not possible, as a sentence.
pub fn retry_share(record: &ShareRecord, now: Timestamp) -> Result<ShareRecord, String> {
    if let Some(wait) = record.awaited() {
        return Err(format!("{} waits for {}: `drawbridge approve` or `drawbridge reject` it", record.arn, wait.who));
    }
    match record.status {
        ShareStatus::Held | ShareStatus::Ignored | ShareStatus::Failed | ShareStatus::Accepted => {
            let mut next = run_again(record, &record.digest, now, "an operator asked for another attempt");
            next.transient_runs = 0;
            next.answer = None;
            Ok(next)
        }
        ShareStatus::Revoked => Err(format!(
            "{} is revoked, RAM shows it no more: ask its owner to share it again, and the sweep takes it up",
            record.arn
        )),
        ShareStatus::Expired | ShareStatus::Rejected => Err(format!(
            "the invitation to {} is {}: ask the owner to remove this account from the share and add it again",
            record.arn,
            record.status.as_str()
        )),
        status => Err(format!("{} is {}: a run has it, or the next sweep starts one", record.arn, status.as_str())),
    }
}

/// The record for another attempt at a connection whose close was confirmed: a new generation.
#[must_use]
pub fn want_again(connection: &Connection, now: Timestamp, why: &str) -> Connection {
    let mut next = connection.clone();
    next.start_over();
    next.generation += 1;
    next.plan = None;
    next.made = None;
    next.become_status(Status::Wanted, now, why, "a connect run opens it");
    next
}

fn fault_name(fault: Option<&FaultRecord>) -> &str {
    fault.map_or("an unknown fault", |fault| fault.name.as_str())
}

/// What a run failed in, or that no run follows it by itself: this one was the last of several that ended in a
/// transient fault.
#[must_use]
pub fn exhausted(runs: u32, last: &FaultRecord) -> FaultRecord {
    if last.class() != Class::Transient || runs <= MAX_TRANSIENT_RUNS {
        return last.clone();
    }
    let message =
        format!("{runs} runs in a row ended in a transient fault, the last in {}: {}", last.name, last.message);
    FaultName::AttemptsExhausted.because(message).into()
}

fn may_rerun(
    fault: Option<&FaultRecord>,
    runs: u32,
    since: Timestamp,
    backoff: SignedDuration,
    now: Timestamp,
) -> bool {
    fault.is_some_and(|fault| fault.class() == Class::Transient)
        && runs <= MAX_TRANSIENT_RUNS
        && backed_off(runs, since, backoff, now)
}

/// Whether the delay before run number `runs + 1` is over: it grows fourfold, to an hour at most.
fn backed_off(runs: u32, since: Timestamp, backoff: SignedDuration, now: Timestamp) -> bool {
    let factor = 4_i32.saturating_pow(runs.saturating_sub(1).min(8));
    let delay = backoff.checked_mul(factor).unwrap_or(SignedDuration::MAX).min(SignedDuration::from_hours(1));
    now.duration_since(since) >= delay
}

#[cfg(test)]
mod tests;
