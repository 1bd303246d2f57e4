//! What an owner adds to a share after it was accepted, or takes out of it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::share::{MOST_RESOURCES, ShareRecord, ShareStatus, SharedResource};
use crate::sweep::run_again;

/// How many resources are named in a reason.
const NAMED: usize = 5;

/// The record of a share that is vetted anew, because something else is in it now. None if nothing is, or if a run has
/// it, also while that waits for a person. Nothing is decided here on what was added: that is the onboarding's.
#[must_use]
pub fn share_changed(
    record: &ShareRecord,
    seen: &[SharedResource],
    digest: &str,
    now: Timestamp,
) -> Option<(ShareRecord, String)> {
    let settled = matches!(record.status, ShareStatus::Accepted | ShareStatus::Held | ShareStatus::Ignored);
    // Of a share that holds more than is written down, nothing can be told to be new.
    let has_run = record.awaited().is_some();
    if !settled || has_run || record.accepted_at.is_none() || record.resources.len() >= MOST_RESOURCES {
        return None;
    }
    let arns = |resources: &[SharedResource]| -> BTreeSet<String> { resources.iter().map(|r| r.arn.clone()).collect() };
    let (known, seen) = (arns(&record.resources), arns(seen));
    let told = |what: &str, ids: Vec<&String>| {
        let few: Vec<&str> = ids.iter().take(NAMED).map(|id| id.as_str()).collect();
        let more = if ids.len() > NAMED { format!(" and {} more", ids.len() - NAMED) } else { String::new() };
        (!ids.is_empty()).then(|| format!("its owner {what} {}{more}", few.join(", ")))
    };
    let why = [told("put in", seen.difference(&known).collect()), told("took out", known.difference(&seen).collect())];
    let why: Vec<String> = why.into_iter().flatten().collect();
    if why.is_empty() {
        return None;
    }
    let why = why.join("; ");
    let mut next = run_again(record, digest, now, &why);
    next.transient_runs = 0;
    Some((next, why))
}
