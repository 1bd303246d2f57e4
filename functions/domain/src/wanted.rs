//! Which connections are asked for, by an accepted share or by a subscription alone, and what
//! becomes of those that exist already.

use jiff::Timestamp;

use crate::claims::SHARE_REVOKED;
use crate::connection::{Connection, Status};
use crate::ending::Cause;
use crate::grace;
use crate::identity::{self, Home};
use crate::ids::{ConnectionId, ResourceArn, ResourceShareArn, SubscriptionName};
use crate::outputs;
use crate::preflight::{Finding, Severity};
use crate::resource::Resource;
use crate::share::ShareRecord;
use crate::subscription::{EndpointItem, Kind, ResourceType, Settings, Subscription, Target, TargetKey};
use crate::sweep::want_again;

/// A resource that is shared and may be connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its ARN.
    pub arn: ResourceArn,
    /// What it is.
    pub of: ResourceType,
    /// Its name, where AWS shows it.
    pub name: Option<String>,
}

/// One connection that the claiming subscriptions ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// What kind of connection.
    pub kind: Kind,
    /// What it leads to.
    pub resource: Resource,
    /// Its name, where AWS shows it.
    pub resource_name: Option<String>,
    /// Where it is reached from.
    pub target: TargetKey,
    /// Who asks, in the order of their names.
    pub claims: Vec<SubscriptionName>,
}

impl Wish {
    /// The id of the connection that fulfils it.
    #[must_use]
    pub fn id(&self, home: &Home) -> ConnectionId {
        identity::connection_id(home, self.kind, &self.resource, &self.target)
    }
}

/// By whose word a connection is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The share that brought what it leads to; none: the subscriptions alone.
    pub share: Option<ResourceShareArn>,
    /// The digest of what decided.
    pub digest: String,
    /// When the share was accepted.
    pub accepted_at: Option<Timestamp>,
    /// Whose word it is, as the beginning of a sentence.
    pub word: String,
}

impl Origin {
    /// A share's.
    #[must_use]
    pub fn share(record: &ShareRecord) -> Self {
        Self {
            share: Some(record.arn.clone()),
            digest: record.digest.clone(),
            accepted_at: record.accepted_at,
            word: format!("share {} was accepted for", record.name),
        }
    }

    /// That of the subscriptions which ask for it by themselves. Its digest is of what they say of this
    /// connection (and of its namesake in another Region, if there is one) and of nothing else.
    #[must_use]
    pub fn subscriptions(kind: Kind, resource: &Resource, target: &TargetKey, subscriptions: &[Subscription]) -> Self {
        let means =
            |item: &&EndpointItem| item.kind() == kind && item.target() == *target && item.may_lead_to(resource);
        let mut by_name: Vec<&Subscription> = subscriptions.iter().collect();
        by_name.sort_by(|a, b| a.name.cmp(&b.name));
        let said: Vec<_> = by_name
            .into_iter()
            .map(|s| (&s.name, s.endpoints.iter().filter(means).collect::<Vec<_>>(), &s.profile, &s.tags, &s.ports))
            .filter(|(_, items, ..)| !items.is_empty())
            .collect();
        Self { share: None, digest: identity::digest(&said), accepted_at: None, word: "it is asked for by".to_owned() }
    }
}

/// Every connection that these subscriptions ask for: each resource from each target, once.
#[must_use]
pub fn wishes(offers: &[Offer], claiming: &[&Subscription]) -> Vec<Wish> {
    let mut wishes: Vec<Wish> = Vec::new();
    for offer in offers {
        for subscription in claiming {
            if !subscription.trust.resource_types.contains(&offer.of) {
                continue;
            }
            for target in subscription.targets.iter().map(Target::key) {
                let Some(kind) = Kind::of_shared(offer.of, &target) else { continue };
                add(
                    &mut wishes,
                    Wish {
                        kind,
                        resource: offer.arn.clone().into(),
                        resource_name: offer.name.clone(),
                        target,
                        claims: vec![subscription.name.clone()],
                    },
                );
            }
        }
    }
    wishes
}

/// Why some of what is shared is not connected with some of the targets: each a sentence.
#[must_use]
pub fn unconnected(offers: &[Offer], claiming: &[&Subscription]) -> Vec<String> {
    let mut why = Vec::new();
    for offer in offers {
        for subscription in claiming {
            if !subscription.trust.resource_types.contains(&offer.of) {
                why.push(format!(
                    "{} is not connected for subscription {}: its trust.resource_types do not name {}",
                    offer.arn,
                    subscription.name,
                    offer.of.as_str()
                ));
                continue;
            }
            let targets = subscription.targets.iter().map(Target::key);
            let left_out: Vec<_> = targets.filter(|target| Kind::of_shared(offer.of, target).is_none()).collect();
            why.extend(left_out.into_iter().map(|target| {
                format!(
                    "{} is not connected with {target} for subscription {}: a service network is reached from a VPC, \
                     not from another service network; name a `vpc` in its targets",
                    offer.arn, subscription.name
                )
            }));
        }
    }
    why
}

/// Every connection that subscriptions ask for by themselves, once.
#[must_use]
pub fn endpoint_wishes(home: &Home, subscriptions: &[Subscription]) -> Vec<Wish> {
    let mut by_name: Vec<&Subscription> = subscriptions.iter().collect();
    by_name.sort_by(|a, b| a.name.cmp(&b.name));
    let mut wishes = Vec::new();
    for subscription in by_name {
        for wish in subscription.endpoints.iter().filter_map(|item| wanted_by(item, home)) {
            add(&mut wishes, Wish { claims: vec![subscription.name.clone()], ..wish });
        }
    }
    wishes
}

fn wanted_by(item: &EndpointItem, home: &Home) -> Option<Wish> {
    Some(Wish {
        kind: item.kind(),
        resource: item.resource(home)?,
        resource_name: None,
        target: item.target(),
        claims: Vec::new(),
    })
}

fn add(wishes: &mut Vec<Wish>, new: Wish) {
    let same = |w: &&mut Wish| w.kind == new.kind && w.resource == new.resource && w.target == new.target;
    match wishes.iter_mut().find(same) {
        Some(wish) => {
            for claim in new.claims {
                if !wish.claims.contains(&claim) {
                    wish.claims.push(claim);
                }
            }
        }
        None => wishes.push(new),
    }
}

/// The record that fulfils a wish: new, claimed by more, or tried again because the subscriptions
/// changed. None if the record that exists says it all.
#[must_use]
pub fn fulfil(
    home: &Home,
    origin: &Origin,
    wish: &Wish,
    existing: Option<&Connection>,
    subscriptions: &[Subscription],
    now: Timestamp,
) -> Option<(Connection, String)> {
    let Some(existing) = existing else {
        return Some((new(home, origin, wish, subscriptions, now), "asked for".to_owned()));
    };
    let mut next = existing.clone();
    let mut what = Vec::new();
    for claim in wish.claims.iter().filter(|claim| !existing.claims.contains(claim)) {
        next.claims.push(claim.clone());
        what.push(format!("claimed by subscription {claim} too"));
    }
    next.findings.retain(|f| f.code != CLAIM_DIFFERS);
    next.findings.extend(differing(home, &next, subscriptions));
    outputs::ask(&mut next, subscriptions);
    if next.resource_name.is_none() {
        next.resource_name.clone_from(&wish.resource_name);
    }
    if next.share_arn.is_none() && origin.share.is_some() {
        next.share_arn.clone_from(&origin.share);
        what.push("what it leads to is shared now".to_owned());
        // Of what is shared the share's own limits decide, and they did.
        if next.is_held() {
            next.held_by.clear();
            "what it leads to is shared now".clone_into(&mut next.why);
            "a connect run opens it".clone_into(&mut next.next);
        }
    }
    // Of what is shared the share decides, and what a subscription asks for besides only claims it:
    // two digests that take turns would start it for ever.
    let decides = existing.share_arn.is_none() || origin.share.is_some();
    // The digest is that of the subscriptions from which the present generation was planned, so it
    // stays as it is while a plan is carried out: should that fail, the change is seen then.
    let claimed = next.claims.len() > existing.claims.len();
    let why = again_because(existing, origin, decides, claimed);
    match (existing.status, why) {
        (Status::Failed | Status::Closed, Some(why)) => {
            next = want_again(&next, now, why);
            next.transient_runs = 0;
            if decides {
                next.digest.clone_from(&origin.digest);
            }
            what.push(why.to_owned());
        }
        (status, Some(why)) if existing.ending.is_some() => {
            what.extend(take_back(&mut next, status, origin, why));
        }
        _ => {}
    }
    if decides && existing.digest != origin.digest && next.status == Status::Wanted && next.plan.is_none() {
        next.digest.clone_from(&origin.digest);
    }
    (!what.is_empty() || next != *existing)
        .then(|| (next, if what.is_empty() { "looked at again".to_owned() } else { what.join("; ") }))
}

/// Why a connection that failed or ended is asked for again; none if nothing changed since.
fn again_because(existing: &Connection, origin: &Origin, decides: bool, claimed: bool) -> Option<&'static str> {
    let ending = existing.ending.as_ref();
    let decided_by = ending.map_or(&existing.digest, |ending| &ending.digest);
    let since = ending.map_or(existing.since, |ending| ending.since);
    let revoked = ending.is_some_and(|ending| ending.cause == Cause::Revoked || ending.in_grace);
    if decides && *decided_by != origin.digest {
        Some("the subscriptions that decide on it changed")
    } else if origin.accepted_at.is_some_and(|at| at > since) || (revoked && origin.share.is_some()) {
        Some("the owner shared it again")
    } else {
        (ending.is_some() && claimed).then_some("a subscription asks for it again")
    }
}

/// What ends is asked for again before its end: a wish that no run has seen is taken back, and what
/// is being removed is opened anew afterwards. An operator's word is carried out first.
fn take_back(next: &mut Connection, status: Status, origin: &Origin, why: &str) -> Option<String> {
    // What can be used still is kept by who accepted its share again, and by nobody who only asks for it besides.
    if grace::wait(next).is_some() && next.ending.as_ref().is_some_and(|ending| ending.cause == Cause::Revoked) {
        return (origin.share.is_some() && grace::keep(next, "the owner shared it again")).then(|| {
            next.findings.retain(|finding| finding.code != SHARE_REVOKED);
            "the owner shared it again: it is kept".to_owned()
        });
    }
    let unseen = matches!(status, Status::Wanted | Status::Opening | Status::Waiting);
    let ending = next.ending.as_mut()?;
    if unseen && ending.cause != Cause::Operator {
        next.ending = None;
        "the run that has it goes on".clone_into(&mut next.next);
        return Some(format!("{why}: it is not closed"));
    }
    if ending.reopen.is_some() {
        return None;
    }
    ending.reopen = Some(why.to_owned());
    Some(format!("{why}: it is opened anew when it is closed"))
}

fn new(home: &Home, origin: &Origin, wish: &Wish, subscriptions: &[Subscription], now: Timestamp) -> Connection {
    let mut connection = Connection {
        id: wish.id(home),
        kind: wish.kind,
        share_arn: origin.share.clone(),
        resource: wish.resource.clone(),
        resource_name: wish.resource_name.clone(),
        target: wish.target.clone(),
        claims: wish.claims.clone(),
        status: Status::Wanted,
        held_by: Vec::new(),
        since: now,
        why: format!("{} {}", origin.word, join(&wish.claims)),
        next: "a connect run opens it".to_owned(),
        generation: 1,
        attempt: 1,
        transient_runs: 0,
        digest: origin.digest.clone(),
        execution: None,
        deadline: None,
        wait: None,
        plan: None,
        made: None,
        group: None,
        groups_left: Vec::new(),
        findings: Vec::new(),
        last_look: Vec::new(),
        databases: Vec::new(),
        names_version: 1,
        names_since: None,
        changing: Vec::new(),
        missing: None,
        fault: None,
        ending: None,
        outputs: None,
        wanted_at: now,
        ready_at: None,
        version: 0,
        change: String::new(),
    };
    connection.findings = differing(home, &connection, subscriptions);
    outputs::ask(&mut connection, subscriptions);
    connection
}

/// A claim asks for other settings than the first, which hold.
pub const CLAIM_DIFFERS: &str = "ClaimDiffers";

/// The first claim's settings hold; one that differs is told.
pub(crate) fn differing(home: &Home, connection: &Connection, subscriptions: &[Subscription]) -> Vec<Finding> {
    let Connection { kind, resource, target, .. } = connection;
    let settings = |name: &SubscriptionName| -> Option<(Settings<'_>, _, _, _)> {
        let subscription = subscriptions.iter().find(|s| s.name == *name)?;
        let Subscription { profile, tags, outputs, .. } = subscription;
        Some((subscription.settings(*kind, resource, target, home)?, profile, tags, outputs))
    };
    let Some((first, rest)) = connection.claims.split_first() else {
        return Vec::new();
    };
    let holds = settings(first);
    rest.iter()
        .filter(|name| holds.is_some() && settings(name).is_some() && settings(name) != holds)
        .map(|name| Finding {
            severity: Severity::Warning,
            code: CLAIM_DIFFERS.to_owned(),
            seen: format!("subscription {name} asks for {} with other settings than {first}", connection.target),
            needed: format!("the settings of {first}, which claimed it first, hold"),
            way_out: format!("make the settings for {} in {name} and {first} the same", connection.target),
        })
        .collect()
}

pub(crate) fn join(names: &[SubscriptionName]) -> String {
    names.iter().map(SubscriptionName::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod again;
#[cfg(test)]
mod tests;
