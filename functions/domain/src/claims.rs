//! A connection holds the subscriptions that claim it: the first one's settings hold, and it ends
//! when the last claim goes.
//!
//! Which claims stand is decided from the subscriptions as they are now and from what the ledger
//! says of the share. What cannot be read is never taken for withdrawn: a document that a person
//! broke, or that a newer Drawbridge wrote, must not cut production off.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::connection::{Connection, Plan, PlannedCall, Status};
use crate::ending::{Cause, Ending, end};
use crate::identity;
use crate::ids::{AccountId, SubscriptionName};
use crate::preflight::{Finding, Severity, planned_dns};
use crate::profile::Profile;
use crate::share::{ShareRecord, ShareStatus};
use crate::subscription::{OnRevoke, Subnets, Subscription, Target};
use crate::{verdict, wanted};

/// The made thing was made with other settings than those that hold now.
pub const SETTINGS_DIFFER: &str = "SettingsDiffer";
/// The owner stopped sharing what is connected.
pub const SHARE_REVOKED: &str = "ShareRevoked";

/// For how long the index of a share's connections may not show one that was written just now. No
/// bound is documented; it is milliseconds as a rule.
const INDEX_MAY_LAG: SignedDuration = SignedDuration::from_mins(1);

/// The subscriptions in the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Those that are valid.
    pub subscriptions: &'a [Subscription],
    /// The names of those that can't be read.
    pub unreadable: &'a BTreeSet<String>,
}

impl Known<'_> {
    fn find(&self, name: &SubscriptionName) -> Option<&Subscription> {
        self.subscriptions.iter().find(|subscription| subscription.name == *name)
    }
}

/// The digest of everything that decides on the claims of a share's connections. While the share's
/// record has it, they need not be looked at.
#[must_use]
pub fn digest(known: Known<'_>, sender: &AccountId, status: ShareStatus) -> String {
    let deciding = verdict::deciding(known.subscriptions, sender);
    identity::digest(&(deciding, known.unreadable, status == ShareStatus::Revoked))
}

/// Whether every connection of this share is certain to be found: no run may be writing one, and
/// the index must have had time to show the last.
#[must_use]
pub fn all_are_found(share: &ShareRecord, now: Timestamp) -> bool {
    !share.status.is_running() && now.duration_since(share.since) >= INDEX_MAY_LAG
}

/// What becomes of a connection by what the subscriptions and its share are now. None if its record
/// says it all.
#[must_use]
pub fn settle(
    connection: &Connection,
    share: &ShareRecord,
    known: Known<'_>,
    by: &str,
    now: Timestamp,
) -> Option<(Connection, String)> {
    let mut next = connection.clone();
    let mut what: Vec<String> =
        connection.claims.iter().filter_map(|claim| gone(claim, connection, share, known)).collect();
    next.claims.retain(|claim| gone(claim, connection, share, known).is_none());
    let withdrawn = what.join("; ");

    let revoked = share.status == ShareStatus::Revoked;
    let closes = revoked
        && next.claims.first().and_then(|claim| known.find(claim)).is_some_and(|s| s.on_revoke == OnRevoke::Close);
    next.findings.retain(|finding| !OF_CLAIMS.contains(&finding.code.as_str()));
    if next.status != Status::Closed {
        next.findings.extend(wanted::differing(&next, known.subscriptions));
        next.findings.extend(made_otherwise(&next, known));
        next.findings.extend(revoked.then(|| no_longer_shared(share)));
    }

    let ends = if next.claims.is_empty() && !connection.claims.is_empty() {
        Some((Cause::Withdrawn, withdrawn))
    } else if closes {
        Some((Cause::Revoked, format!("share {} is not shared with this account any more", share.name)))
    } else {
        None
    };
    if let Some(ending) = next.ending.as_mut().filter(|ending| ending.reopen.is_some() && ends.is_some()) {
        ending.reopen = None;
        what.push("it stays closed after all".to_owned());
    }
    let pending = matches!(next.status, Status::Wanted | Status::Opening | Status::Waiting);
    if pending && !revoked && next.ending.as_ref().is_some_and(|ending| ending.cause == Cause::Revoked) {
        next.ending = None;
        what.push("its owner shares it again".to_owned());
    }
    if let Some((cause, why)) = ends {
        let digest = verdict::digest(known.subscriptions, &share.sender);
        let ending = Ending { cause, why: why.clone(), by: by.to_owned(), since: now, digest, reopen: None };
        if let Some(ended) = end(&next, ending) {
            next = ended;
            what.push(if cause == Cause::Withdrawn { "no claim is left, so it ends".to_owned() } else { why });
        }
    }
    (next != *connection).then(|| {
        let what = if what.is_empty() { "held against the subscriptions".to_owned() } else { what.join("; ") };
        (next, what)
    })
}

/// The findings that are made here and in [`crate::wanted`].
const OF_CLAIMS: [&str; 3] = [wanted::CLAIM_DIFFERS, SETTINGS_DIFFER, SHARE_REVOKED];

/// Whether a finding is about who claims the connection, so that a preflight does not replace it.
#[must_use]
pub fn outlives_preflight(finding: &Finding) -> bool {
    [wanted::CLAIM_DIFFERS, SHARE_REVOKED].contains(&finding.code.as_str())
}

/// Why a claim stands no more; none if it does.
fn gone(claim: &SubscriptionName, connection: &Connection, share: &ShareRecord, known: Known<'_>) -> Option<String> {
    if known.unreadable.contains(claim.as_str()) {
        return None;
    }
    let Some(subscription) = known.find(claim) else {
        return Some(format!("subscription {claim} is withdrawn"));
    };
    if subscription.target(&connection.target).is_none() {
        return Some(format!("subscription {claim} does not name {} any more", connection.target));
    }
    if !subscription.trusts_sender(&share.sender) {
        return Some(format!("subscription {claim} does not trust account {} any more", share.sender));
    }
    let objections = verdict::narrowed_away(&subscription.trust, &share.arn, &share.name);
    (!objections.is_empty())
        .then(|| format!("subscription {claim} does not accept it any more: {}", objections.join("; ")))
}

fn no_longer_shared(share: &ShareRecord) -> Finding {
    let since = share.unseen_since.unwrap_or(share.since);
    Finding {
        severity: Severity::Warning,
        code: SHARE_REVOKED.to_owned(),
        seen: format!("RAM does not show share {} any more, since {since}", share.name),
        needed: "nothing for what is connected: AWS keeps it until its owner deletes it. Nothing new can be made from it"
            .to_owned(),
        way_out: "ask its owner; or close it (`drawbridge close ID --reason TEXT`, or `on_revoke: close` in the subscription)"
            .to_owned(),
    }
}

/// What was made stays as it is when the settings change: AWS can't change most of them in place.
fn made_otherwise(connection: &Connection, known: Known<'_>) -> Option<Finding> {
    let (plan, made) = (connection.plan.as_ref()?, connection.made.as_ref()?);
    let first = known.find(connection.claims.first()?)?;
    let differences = differences(plan, first, first.target(&connection.target)?);
    (!differences.is_empty()).then(|| Finding {
        severity: Severity::Warning,
        code: SETTINGS_DIFFER.to_owned(),
        seen: format!("{} was made with {}", made.id(), differences.join(", and with ")),
        needed: format!("the settings of subscription {}, which hold for whatever is made from now on", first.name),
        way_out: format!(
            "nothing if it may stay as it is; else open it anew, which interrupts it: \
             `drawbridge close {id} --reason TEXT`, and `drawbridge retry {id}` when it is closed",
            id = connection.id
        ),
    })
}

fn differences(plan: &Plan, subscription: &Subscription, target: &Target) -> Vec<String> {
    let mut differences = Vec::new();
    match (&plan.call, target) {
        (PlannedCall::ResourceEndpoint { subnets, security_groups, private_dns, .. }, Target::Vpc(target)) => {
            if let Subnets::Listed(wished) = &target.subnets {
                differences.extend(other("subnets", subnets, wished));
            }
            differences.extend(other("security groups", security_groups, &target.security_groups));
            let wished = planned_dns(&target.private_dns, Profile::of(subscription.profile));
            if *private_dns != wished {
                let word =
                    |dns: &crate::connection::PlannedDns| dns.preference.clone().unwrap_or_else(|| "off".to_owned());
                differences.push(format!("private DNS {} instead of {}", word(private_dns), word(&wished)));
            }
        }
        (PlannedCall::ServiceNetworkResource { private_dns, .. }, Target::ServiceNetwork(target))
            if *private_dns != target.private_dns =>
        {
            let word = |on: bool| if on { "on" } else { "off" };
            differences.push(format!("private DNS {} instead of {}", word(*private_dns), word(target.private_dns)));
        }
        _ => {}
    }
    let own = |key: &str| key.starts_with("drawbridge:");
    let given = plan.tags.iter().filter(|(key, _)| !own(key));
    if !given.eq(subscription.tags.iter()) {
        differences.push("other tags".to_owned());
    }
    differences
}

fn other<T: Ord + std::fmt::Display>(what: &str, made: &[T], wished: &[T]) -> Option<String> {
    let (made, wished): (BTreeSet<&T>, BTreeSet<&T>) = (made.iter().collect(), wished.iter().collect());
    let words = |ids: &BTreeSet<&T>| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (made != wished).then(|| format!("{what} {} instead of {}", words(&made), words(&wished)))
}

#[cfg(test)]
mod tests;
