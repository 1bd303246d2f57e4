//! A connection holds the subscriptions that claim it: the first one's settings hold, and it ends
//! when the last claim goes.
//!
//! Which claims stand is decided from the subscriptions as they are now and, of what a share brought,
//! from what the ledger says of the share. What cannot be read is never taken for withdrawn: a document that a person
//! broke, or that a newer Drawbridge wrote, must not cut production off.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::connection::{Connection, Status};
use crate::ending::{Cause, Ending, end};
use crate::identity::{self, Home};
use crate::ids::{AccountId, ResourceArn, SubscriptionName};
use crate::outputs;
use crate::preflight::{Finding, Severity};
use crate::share::{ShareRecord, ShareStatus};
use crate::subscription::{Kind, OnChange, OnRevoke, ResourceType, Settings, Subscription};
use crate::verdict;
use crate::wanted::{self, Origin, Wish};
use crate::{Fault, FaultName, grace};

mod differences;

pub(crate) use differences::made_otherwise;
pub use differences::{Difference, planned_otherwise};

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
    /// Where they hold: what they name without its Region or account is here.
    pub home: &'a Home,
}

impl<'a> Known<'a> {
    pub(crate) fn find(self, name: &SubscriptionName) -> Option<&'a Subscription> {
        self.subscriptions.iter().find(|subscription| subscription.name == *name)
    }
}

/// The digest of everything that decides on the claims of a share's connections. While the share's
/// record has it, they need not be looked at.
#[must_use]
pub fn digest(known: Known<'_>, sender: &AccountId, status: ShareStatus) -> String {
    let deciding = verdict::deciding(known.subscriptions, sender);
    // A service network may be asked for by those, too, who say nothing of shares.
    let asks = |s: &&Subscription| s.endpoints.iter().any(|item| item.kind() == Kind::ServiceNetworkEndpoint);
    let mut asking: Vec<_> = known.subscriptions.iter().filter(asks).collect();
    asking.sort_by(|a, b| a.name.cmp(&b.name));
    identity::digest(&(deciding, asking, known.unreadable, status == ShareStatus::Revoked))
}

/// Whether every connection of this share is certain to be found: no run may be writing one, and
/// the index must have had time to show the last.
#[must_use]
pub fn all_are_found(share: &ShareRecord, now: Timestamp) -> bool {
    !share.status.is_running() && now.duration_since(share.since) >= INDEX_MAY_LAG
}

/// What becomes of a connection that subscriptions ask for by themselves: who asks for it is added to its
/// claims and who asks no more is taken out, in this order, so that it can change hands without an
/// interruption. None if its record says it all.
#[must_use]
pub fn fulfil_and_settle(
    wish: &Wish,
    existing: Option<&Connection>,
    known: Known<'_>,
    by: &str,
    now: Timestamp,
) -> Option<(Connection, String)> {
    let origin = Origin::subscriptions(wish.kind, &wish.resource, &wish.target, known.subscriptions);
    let fulfilled = wanted::fulfil(known.home, &origin, wish, existing, known.subscriptions, now);
    let Some(existing) = existing else {
        return fulfilled;
    };
    // What a share brought is held against the subscriptions with the share.
    if fulfilled.as_ref().map_or(existing, |(next, _)| next).share_arn.is_some() {
        return fulfilled;
    }
    let settled = settle(fulfilled.as_ref().map_or(existing, |(next, _)| next), None, known, by, now);
    let (next, what) = match (fulfilled, settled) {
        (None, settled) => settled?,
        (fulfilled, None) => fulfilled?,
        (Some((_, first)), Some((next, then))) => (next, format!("{first}; {then}")),
    };
    (next != *existing).then_some((next, what))
}

/// What becomes of a connection by what the subscriptions and its share, if one brought it, are now. None
/// if its record says it all.
#[must_use]
pub fn settle(
    connection: &Connection,
    share: Option<&ShareRecord>,
    known: Known<'_>,
    by: &str,
    now: Timestamp,
) -> Option<(Connection, String)> {
    let mut next = connection.clone();
    let mut what: Vec<String> =
        connection.claims.iter().filter_map(|claim| gone(claim, connection, share, known)).collect();
    next.claims.retain(|claim| gone(claim, connection, share, known).is_none());
    let withdrawn = what.join("; ");

    let revoked = share.filter(|share| share.status == ShareStatus::Revoked);
    let says = revoked.and(next.claims.first()).and_then(|claim| known.find(claim));
    let on_revoke = says.map(|subscription| subscription.on_revoke);
    let closes = revoked.filter(|_| matches!(on_revoke, Some(OnRevoke::Close | OnRevoke::CloseAfter(_))));
    next.findings.retain(|finding| !OF_CLAIMS.contains(&finding.code.as_str()));
    if next.status != Status::Closed {
        next.findings.extend(wanted::differing(known.home, &next, known.subscriptions));
        next.findings.extend(made_otherwise(&next, known));
        outputs::ask(&mut next, known.subscriptions);
        next.findings.extend(revoked.map(no_longer_shared));
    }

    let ends = if next.claims.is_empty() && !connection.claims.is_empty() {
        Some((Cause::Withdrawn, withdrawn))
    } else {
        closes.map(|share| (Cause::Revoked, format!("share {} is not shared with this account any more", share.name)))
    };
    if let Some(ending) = next.ending.as_mut().filter(|ending| ending.reopen.is_some() && ends.is_some()) {
        ending.reopen = None;
        let after_all =
            if grace::wait(&next).is_some() { "it is not kept after all" } else { "it stays closed after all" };
        what.push(after_all.to_owned());
        grace::tell(&mut next);
    }
    if let Some(says) = says {
        what.extend(grace::as_said(&mut next, says.on_revoke, says.name.as_str(), now));
    }
    // `accept` said so already, unless somebody who did not know it yet took it back.
    if share.is_some_and(|share| is_shared_again(&next, share)) && grace::keep(&mut next, "its owner shares it again") {
        what.push("its owner shares it again: it is kept".to_owned());
    }
    let pending = matches!(next.status, Status::Wanted | Status::Opening | Status::Waiting);
    if pending && revoked.is_none() && is_revoked(&next) {
        next.ending = None;
        what.push("its owner shares it again".to_owned());
    }
    let replaced = next.ending.as_ref().is_some_and(|ending| ending.cause == Cause::Replaced);
    let replace = if ends.is_none() { to_be_replaced(&next, known) } else { None };
    if replaced && pending && ends.is_none() && replace.is_none() {
        next.ending = None;
        what.push("its settings are again those that it was planned with".to_owned());
    }
    if let Some(why) = replace {
        let digest = deciding_digest(&next, share, known.subscriptions);
        let reopen = Some("its settings changed".to_owned());
        let ending = Ending {
            cause: Cause::Replaced,
            why: why.clone(),
            by: by.to_owned(),
            since: now,
            digest,
            reopen,
            in_grace: false,
        };
        if let Some(ended) = end(&next, ending) {
            next = ended;
            what.push(why);
        }
    }
    if let Some((cause, why)) = ends {
        let digest = deciding_digest(&next, share, known.subscriptions);
        let ending =
            Ending { cause, why: why.clone(), by: by.to_owned(), since: now, digest, reopen: None, in_grace: false };
        let graceful = match on_revoke.filter(|_| cause == Cause::Revoked && next.status == Status::Ready) {
            Some(OnRevoke::CloseAfter(grace)) => Some(grace),
            _ => None,
        };
        let cuts = cause != Cause::Revoked && is_revoked(&next) && grace::cut_short(&mut next, ending.clone());
        if cuts {
            what.push("no claim is left, so its grace period ends".to_owned());
        } else if let Some(ended) = end(&next, ending) {
            next = match (graceful, revoked) {
                (Some(grace), Some(share)) => grace::begin(ended, grace, &share.name, now),
                _ => ended,
            };
            what.push(match (cause, &next.wait) {
                (Cause::Withdrawn, _) => "no claim is left, so it ends".to_owned(),
                (_, Some(wait)) if graceful.is_some() => format!("{why}: it can be used until {}", wait.until),
                _ => why,
            });
        }
    }
    (next != *connection).then(|| {
        let what = if what.is_empty() { "held against the subscriptions".to_owned() } else { what.join("; ") };
        (next, what)
    })
}

/// Whether a connection ends because its share was revoked, and what it leads to was accepted again since.
fn is_shared_again(connection: &Connection, share: &ShareRecord) -> bool {
    let since = connection.ending.as_ref().map(|ending| ending.since);
    let inside = || share.resources.iter().any(|resource| resource.arn == connection.resource.as_str());
    is_revoked(connection) && share.status == ShareStatus::Accepted && since < Some(share.since) && inside()
}

fn is_revoked(connection: &Connection) -> bool {
    connection.ending.as_ref().is_some_and(|ending| ending.cause == Cause::Revoked)
}

/// Why a connection is closed and opened anew: what changed is not changed in place, and the subscription whose
/// settings hold says that it is to be replaced then.
pub(crate) fn to_be_replaced(connection: &Connection, known: Known<'_>) -> Option<String> {
    if !matches!(connection.status, Status::Opening | Status::Waiting | Status::Ready) {
        return None;
    }
    let (first, differences) = planned_otherwise(connection, known)?;
    let anew: Vec<_> = differences.iter().filter(|d| !d.applied).map(|d| d.what.as_str()).collect();
    (first.on_change == OnChange::Replace && !anew.is_empty()).then(|| {
        format!(
            "subscription {} changed: it has {}, which is not changed while it stands",
            first.name,
            anew.join(", and ")
        )
    })
}

/// The digest of the subscriptions that decide on a connection as they are now: what was closed stays so
/// while it is the same.
#[must_use]
pub fn deciding_digest(connection: &Connection, share: Option<&ShareRecord>, subscriptions: &[Subscription]) -> String {
    let Connection { kind, resource, target, .. } = connection;
    share.map_or_else(
        || Origin::subscriptions(*kind, resource, target, subscriptions).digest,
        |share| verdict::digest(subscriptions, &share.sender),
    )
}

/// The findings that are made here and in [`crate::wanted`].
const OF_CLAIMS: [&str; 3] = [wanted::CLAIM_DIFFERS, SETTINGS_DIFFER, SHARE_REVOKED];

/// Whether a finding is about who claims the connection, so that a preflight does not replace it.
#[must_use]
pub fn outlives_preflight(finding: &Finding) -> bool {
    [wanted::CLAIM_DIFFERS, SHARE_REVOKED].contains(&finding.code.as_str())
}

/// Why a claim stands no more; none if it does.
fn gone(
    claim: &SubscriptionName,
    connection: &Connection,
    share: Option<&ShareRecord>,
    known: Known<'_>,
) -> Option<String> {
    if known.unreadable.contains(claim.as_str()) {
        return None;
    }
    let Some(subscription) = known.find(claim) else {
        return Some(format!("subscription {claim} is withdrawn"));
    };
    let Connection { kind, resource, target, .. } = connection;
    if subscription.asks_for(*kind, resource, target, known.home).is_some() {
        return None;
    }
    let Some(share) = share else {
        return Some(format!("subscription {claim} does not ask for it any more"));
    };
    if subscription.target(target).is_none() {
        return Some(format!("subscription {claim} does not name {target} any more"));
    }
    if !subscription.trusts_sender(&share.sender) {
        return Some(format!("subscription {claim} does not trust account {} any more", share.sender));
    }
    // What is inside a share is its owner's to change; which types may be connected is the subscription's.
    let untrusted = shared_type(*kind).filter(|of| !subscription.trust.resource_types.contains(of));
    if let Some(of) = untrusted {
        return Some(format!("subscription {claim} does not trust a {} any more", of.as_str()));
    }
    let objections = verdict::narrowed_away(&subscription.trust, &share.arn, &share.name);
    (!objections.is_empty())
        .then(|| format!("subscription {claim} does not accept it any more: {}", objections.join("; ")))
}

/// The type of what is shared that connections of this kind lead to; none if no share brings such.
const fn shared_type(kind: Kind) -> Option<ResourceType> {
    match kind {
        Kind::ResourceEndpoint | Kind::ServiceNetworkResource => Some(ResourceType::ResourceConfiguration),
        Kind::ServiceNetworkEndpoint => Some(ResourceType::ServiceNetwork),
        Kind::InterfaceEndpoint | Kind::GatewayEndpoint => None,
    }
}

/// The settings that hold: those of the first claim that still stands and, unless it asks for the
/// connection by itself, trusts the owner.
///
/// # Errors
/// `SubscriptionMissing` if no claim stands, `TrustWithdrawn` if none trusts the owner.
pub fn settings_that_hold<'a>(
    connection: &Connection,
    subscriptions: &'a [Subscription],
    home: &Home,
) -> Result<(&'a Subscription, Settings<'a>), Fault> {
    let Connection { kind, resource, target, .. } = connection;
    let standing: Vec<_> = connection
        .claims
        .iter()
        .filter_map(|claim| subscriptions.iter().find(|s| s.name == *claim))
        .filter_map(|s| Some((s, s.settings(*kind, resource, target, home)?)))
        .collect();
    if standing.is_empty() {
        let claims: Vec<_> = connection.claims.iter().map(ToString::to_string).collect();
        return Err(FaultName::SubscriptionMissing.because(format!(
            "none of the subscriptions that claim it ({}) is there, valid, and names {target} for a {}",
            claims.join(", "),
            kind.as_str()
        )));
    }
    let owner = resource.arn().map(ResourceArn::owner);
    let trusts = |s: &Subscription| s.trust.senders.iter().any(|sender| Some(sender.as_str()) == owner);
    standing.into_iter().find(|(s, _)| trusts(s) || s.asks_for(*kind, resource, target, home).is_some()).ok_or_else(
        || {
            let owner = owner.unwrap_or("of AWS");
            FaultName::TrustWithdrawn.because(format!(
                "no subscription that claims it trusts account {owner} any more, which owns {resource}"
            ))
        },
    )
}

fn no_longer_shared(share: &ShareRecord) -> Finding {
    let since = share.unseen_since.unwrap_or(share.since);
    Finding {
        severity: Severity::Warning,
        code: SHARE_REVOKED.to_owned(),
        seen: format!("RAM does not show share {} any more, since {since}", share.name),
        needed: "nothing for what is connected: AWS keeps it until its owner deletes it. Nothing new can be made from it"
            .to_owned(),
        way_out: "ask its owner; or close it (`drawbridge close ID --reason TEXT`, or `on_revoke: close`, or `close-after`, in the subscription)"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests;
