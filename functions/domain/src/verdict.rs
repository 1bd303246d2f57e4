//! The verdict on a share: trusted or not, from facts that the sender can't choose.
//!
//! Default is deny. The sender's account grants; the share's name, its ARN and the types inside
//! only narrow.

use jiff::{SignedDuration, Timestamp};

use crate::fault::{Fault, FaultName};
use crate::identity;
use crate::ids::{AccountId, ResourceArn, ResourceShareArn, SubscriptionName};
use crate::limits;
use crate::messages::Outcome;
use crate::share::{InvitationStatus, ShareFacts, ShareRecord, ShareStatus, SharedResource};
use crate::subscription::{Approval, Kind, Limits, Otherwise, Reconcile, ResourceType, Subscription, Target, Trust};
use crate::waiting::{self, Answer};

/// How long an invitation whose content RAM does not list yet is looked at again, before it
/// counts as empty: RAM is eventually consistent, without a documented bound.
const CONTENT_MAY_LAG: SignedDuration = SignedDuration::from_mins(10);

/// How many of a subscription's objections are written down: a share may hold 5,000 resources
/// [AWS:ram/userguide/service-quotas], a ledger item 400 KB.
const MOST_OBJECTIONS: usize = 20;

/// What should become of a share, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What should become of it.
    pub outcome: Outcome,
    /// Where that puts it in the ledger.
    pub status: ShareStatus,
    /// Every reason, each a sentence.
    pub reasons: Vec<String>,
    /// The subscriptions that accept it, by name.
    pub claims: Vec<SubscriptionName>,
    /// The subscriptions that would, if a person approved it.
    pub asking: Vec<SubscriptionName>,
}

/// What persons said.
#[derive(Debug, Clone, Copy, Default)]
pub struct Said<'a> {
    /// Of this share.
    pub of_share: Option<&'a Answer>,
    /// The subscriptions for which no more needs to be said: its sender was approved for them, or this share was.
    pub approved: &'a [SubscriptionName],
}

/// The subscriptions that decide on what this account shares: those that trust it, or, for a
/// stranger, all of them (each says what happens to strangers).
#[must_use]
pub fn deciding<'a>(subscriptions: &'a [Subscription], sender: &AccountId) -> Vec<&'a Subscription> {
    let mut trusting: Vec<_> = subscriptions.iter().filter(|s| s.trusts_sender(sender)).collect();
    if trusting.is_empty() {
        // One that only asks for endpoints says nothing of shares.
        trusting = subscriptions.iter().filter(|s| s.trust.is_of_somebody()).collect();
    }
    trusting.sort_by(|a, b| a.name.cmp(&b.name));
    trusting
}

/// The subscriptions for which nobody needs to be asked about a share any more: what is accepted for one was approved, or
/// needed no approval then, and `known` are those for which its sender was.
#[must_use]
pub fn approved(
    record: Option<&ShareRecord>,
    known: Vec<SubscriptionName>,
    subscriptions: &[Subscription],
) -> Vec<SubscriptionName> {
    let accepted = record.filter(|record| record.accepted_at.is_some());
    let once =
        |name: &SubscriptionName| subscriptions.iter().any(|s| s.name == *name && s.approval == Approval::FirstTime);
    accepted.iter().flat_map(|record| record.claims.iter().cloned()).chain(known.into_iter().filter(once)).collect()
}

/// The digest of the subscriptions that decide on what this account shares.
#[must_use]
pub fn digest(subscriptions: &[Subscription], sender: &AccountId) -> String {
    // The endpoints that a subscription asks for by itself decide nothing of a share, nor does what is done about drift.
    let of_share = |s: &Subscription| Subscription {
        endpoints: Vec::new(),
        limits: Limits { endpoints: None, monthly_cost_of_endpoints: None, ..s.limits.clone() },
        reconcile: Reconcile::default(),
        ..s.clone()
    };
    let of_shares: Vec<_> = deciding(subscriptions, sender).into_iter().map(of_share).collect();
    identity::digest(&of_shares)
}

/// Decides on a share.
///
/// # Errors
/// `NotReady` if RAM does not list what is inside yet.
pub fn decide(
    facts: &ShareFacts,
    subscriptions: &[Subscription],
    said: Said<'_>,
    now: Timestamp,
) -> Result<Verdict, Fault> {
    if let Some(verdict) = closed_invitation(facts) {
        return Ok(verdict);
    }
    let asked = waiting::asked(&facts.arn, &facts.resources);
    let no = said.of_share.filter(|answer| !answer.approve && answer.asked == asked);
    if let Some(no) = no.filter(|_| !facts.is_accepted()) {
        return Ok(refused(facts, no, Vec::new()));
    }
    let deciding = deciding(subscriptions, &facts.sender);
    let stranger = !deciding.iter().any(|s| s.trusts_sender(&facts.sender));
    if stranger {
        return Ok(otherwise(
            facts,
            &deciding,
            vec![format!("account {} is trusted by no subscription ({} looked at)", facts.sender, subscriptions.len())],
        ));
    }
    if facts.resources.is_empty() {
        let age = facts.invitation.as_ref().map(|i| now.duration_since(i.invited_at));
        if age.is_some_and(|age| age < CONTENT_MAY_LAG) {
            return Err(FaultName::NotReady
                .because(format!("RAM lists nothing inside share {} yet; it is looked at again", facts.arn)));
        }
    }

    let mut claims = Vec::new();
    let mut reasons = Vec::new();
    let mut asking = Vec::new();
    for subscription in &deciding {
        let objections = first_of(objections(facts, subscription));
        let keys: Vec<_> = subscription.targets.iter().map(Target::key).collect();
        let kinds: Vec<_> = connectable(facts)
            .flat_map(|(_, of)| keys.iter().filter_map(move |key| Kind::of_shared(of, key)))
            .collect();
        let obstacles = to_approve(subscription, &kinds, facts, said, &asked);
        if !objections.is_empty() {
            reasons.extend(objections.into_iter().map(|o| format!("subscription {}: {o}", subscription.name)));
        } else if !obstacles.is_empty() {
            asking.push(subscription.name.clone());
            reasons.extend(obstacles);
        } else {
            reasons.push(format!(
                "subscription {} trusts account {} and everything inside (resources: {})",
                subscription.name,
                facts.sender,
                facts.resources.len()
            ));
            claims.push(subscription.name.clone());
        }
    }
    let stale = said.of_share.filter(|answer| answer.approve && answer.asked != asked && !asking.is_empty());
    reasons.extend(stale.map(|answer| {
        format!("{} approved it at {}, when something else was inside: that is no answer to this", answer.by, answer.at)
    }));
    Ok(if !claims.is_empty() {
        Verdict { outcome: Outcome::Accept, status: ShareStatus::Accepting, reasons, claims, asking }
    } else if let Some(no) = no {
        refused(facts, no, reasons)
    } else if !asking.is_empty() {
        Verdict { outcome: Outcome::Hold, status: ShareStatus::Held, reasons, claims, asking }
    } else {
        otherwise(facts, &deciding, reasons)
    })
}

/// An invitation that can be answered no more, unless the share is visible without it.
fn closed_invitation(facts: &ShareFacts) -> Option<Verdict> {
    let invitation = facts.invitation.as_ref()?;
    let verdict = |status, reason| {
        let (claims, asking) = (Vec::new(), Vec::new());
        Some(Verdict { outcome: Outcome::Ignore, status, reasons: vec![reason], claims, asking })
    };
    match invitation.status {
        InvitationStatus::Expired => verdict(
            ShareStatus::Expired,
            format!(
                "the invitation of {} was not accepted within 12 hours and expired at {}",
                invitation.invited_at,
                invitation.expires_at()
            ),
        ),
        InvitationStatus::Rejected => {
            verdict(ShareStatus::Rejected, "the invitation was rejected outside Drawbridge".to_owned())
        }
        InvitationStatus::Unknown => verdict(
            ShareStatus::Ignored,
            "AWS reports a status of the invitation that Drawbridge does not know".to_owned(),
        ),
        InvitationStatus::Pending | InvitationStatus::Accepted => None,
    }
}

/// A person said no.
fn refused(facts: &ShareFacts, no: &Answer, mut reasons: Vec<String>) -> Verdict {
    let because = no.because.as_ref().map_or_else(String::new, |because| format!(": {because}"));
    reasons.insert(0, format!("{} rejected it{because}", no.by));
    let (outcome, status) = if facts.is_accepted() {
        reasons.push("it is accepted already and stays so: only its owner can take it back".to_owned());
        (Outcome::Ignore, ShareStatus::Ignored)
    } else {
        (Outcome::Reject, ShareStatus::Declining)
    };
    Verdict { outcome, status, reasons, claims: Vec::new(), asking: Vec::new() }
}

/// Why a person has to approve a share that the subscription trusts; nothing if nobody has to, or it is approved.
fn to_approve(
    subscription: &Subscription,
    kinds: &[Kind],
    facts: &ShareFacts,
    said: Said<'_>,
    asked: &str,
) -> Vec<String> {
    let Subscription { name, approval, .. } = subscription;
    if said.of_share.is_some_and(|answer| answer.approves(name, asked)) {
        return Vec::new();
    }
    let exceeded = limits::exceeded(subscription, kinds, facts.arn.region());
    let mut why: Vec<_> = exceeded.into_iter().map(|exceeded| format!("subscription {name}: {exceeded}")).collect();
    if !approval.is_never() && !said.approved.contains(name) {
        let whom = match approval {
            Approval::FirstTime => format!("account {} for the first time", facts.sender),
            Approval::Never | Approval::Always => "each share".to_owned(),
        };
        why.push(format!("subscription {name} trusts it, and asks a person about {whom}"));
    }
    why
}

/// What a subscription's narrowing has against a share, whatever is inside.
pub(crate) fn narrowed_away(trust: &Trust, arn: &ResourceShareArn, name: &str) -> Vec<String> {
    let mut objections = Vec::new();
    if !trust.shares.is_empty() && !trust.shares.contains(arn) {
        objections.push(format!("share {arn} is not one of its trust.shares"));
    }
    if !trust.share_names.is_empty() && !trust.share_names.iter().any(|p| glob(p, name)) {
        objections.push(format!(
            "the share's name `{name}` matches none of its trust.share_names ({})",
            trust.share_names.join(", ")
        ));
    }
    objections
}

/// Everything that this subscription, which trusts the sender, has against the share.
fn objections(facts: &ShareFacts, subscription: &Subscription) -> Vec<String> {
    let trust = &subscription.trust;
    let mut objections = Vec::new();
    if facts.arn.owner() != facts.sender.as_str() {
        objections.push(format!(
            "the share belongs to account {}, but account {} sent it",
            facts.arn.owner(),
            facts.sender
        ));
    }
    objections.extend(narrowed_away(trust, &facts.arn, &facts.name));
    if facts.resources.is_empty() {
        objections.push("nothing is inside".to_owned());
    }
    for resource in &facts.resources {
        if trust.resource_types.iter().any(|allowed| allowed.is(&resource.ram_type)) {
            match ResourceArn::parse(resource.arn.clone()) {
                Err(invalid) => objections.push(invalid.to_string()),
                Ok(arn) if arn.owner() != facts.sender.as_str() => objections.push(format!(
                    "{arn} belongs to account {}, but account {} shares it",
                    arn.owner(),
                    facts.sender
                )),
                Ok(_) => {}
            }
        } else {
            objections.push(format!(
                "{} is a {}; it allows {}",
                resource.arn,
                resource.ram_type,
                trust.resource_types.iter().map(|t| t.as_str()).collect::<Vec<_>>().join(", ")
            ));
        }
    }
    objections
}

fn first_of(mut objections: Vec<String>) -> Vec<String> {
    let more = objections.len().saturating_sub(MOST_OBJECTIONS);
    if more > 0 {
        objections.truncate(MOST_OBJECTIONS);
        objections.push(format!("and {more} more objections like these"));
    }
    objections
}

/// The resources of a share that Drawbridge can connect, each with its type.
pub fn connectable(facts: &ShareFacts) -> impl Iterator<Item = (ResourceArn, ResourceType)> + '_ {
    connectable_of(&facts.resources)
}

/// Those of these resources that Drawbridge can connect, each with its type.
pub fn connectable_of(resources: &[SharedResource]) -> impl Iterator<Item = (ResourceArn, ResourceType)> + '_ {
    resources.iter().filter_map(|resource| {
        let of = ResourceType::of(&resource.ram_type)?;
        Some((ResourceArn::parse(resource.arn.clone()).ok()?, of))
    })
}

/// Nobody accepts it. Of what the deciding subscriptions say, the one that can be undone most
/// easily is done: holding only waits, ignoring changes nothing, and a rejection, which only the
/// owner can mend, needs all of them to agree.
fn otherwise(facts: &ShareFacts, deciding: &[&Subscription], mut reasons: Vec<String>) -> Verdict {
    let says = |what| deciding.iter().any(|s| s.otherwise == what);
    let answerable = facts.invitation.as_ref().is_some_and(|i| i.status == InvitationStatus::Pending);
    if !answerable {
        reasons.push(
            "it is accepted already (or needed no invitation) and stays so: only its owner can take it back".to_owned(),
        );
    }
    // In an organization, shares of subnets and the like are visible without an invitation: a
    // person has nothing to decide about them.
    let foreign = !answerable && !facts.resources.is_empty() && connectable(facts).next().is_none();
    let (outcome, status) = if says(Otherwise::Hold) && !foreign {
        (Outcome::Hold, ShareStatus::Held)
    } else if deciding.is_empty() || says(Otherwise::Ignore) || !answerable {
        (Outcome::Ignore, ShareStatus::Ignored)
    } else {
        (Outcome::Reject, ShareStatus::Declining)
    };
    Verdict { outcome, status, reasons, claims: Vec::new(), asking: Vec::new() }
}

/// Whether a name matches a pattern of `*` (any text) and `?` (one character).
#[must_use]
pub fn glob(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            retry = Some((p, n));
            p += 1;
        } else if pattern.get(p).is_some_and(|c| *c == '?' || *c == name[n]) {
            p += 1;
            n += 1;
        } else if let Some((star, from)) = retry {
            p = star + 1;
            n = from + 1;
            retry = Some((star, from + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests;
