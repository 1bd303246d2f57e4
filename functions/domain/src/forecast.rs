//! What applying a subscription would do, by the decisions that applying it would make: the same
//! verdict, the same wishes, the same claims.
//!
//! Nothing here looks at AWS. Who calls it has gathered the shares and what is in the ledger, and
//! runs preflight for whatever [`Step::is_made`].

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::claims::{self, Difference, Known};
use crate::connection::{Connection, Status};
use crate::grace::{self, Leave};
use crate::ids::{ConnectionId, ResourceShareArn, SubscriptionName};
use crate::limits::{self, Asked};
use crate::messages::Outcome;
use crate::offers;
use crate::preflight::Finding;
use crate::prices::{self, MicroUsd};
use crate::share::{ShareFacts, ShareRecord, ShareStatus};
use crate::subscription::Subscription;
use crate::verdict::{self, Said, Verdict};
use crate::waiting;
use crate::wanted::{self, Offer, Origin, Wish};

/// A share that RAM shows, and what the ledger knows of it.
#[derive(Debug, Clone)]
pub struct Gathered {
    /// As RAM shows it.
    pub facts: ShareFacts,
    /// Its record, if there is one.
    pub record: Option<ShareRecord>,
    /// What of it can be connected.
    pub offers: Vec<Offer>,
    /// What can't, each a sentence.
    pub left_out: Vec<String>,
    /// The subscriptions for which nobody is asked about its sender any more.
    pub approved: Vec<SubscriptionName>,
}

/// What would become of a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShareForecast {
    /// Its ARN.
    pub arn: ResourceShareArn,
    /// Its name.
    pub name: String,
    /// The account that sent it.
    pub sender: String,
    /// Where it stands in the ledger; none: it is new.
    pub status: Option<ShareStatus>,
    /// `accept`, `hold`, `reject` or `ignore`; none if RAM does not show enough yet.
    pub outcome: Option<Outcome>,
    /// Whether it is accepted already, which can't be undone.
    pub accepted: bool,
    /// Why, each a sentence.
    pub reasons: Vec<String>,
}

/// What would become of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made, for the first time or again.
    Make,
    /// It differs in what AWS can change while it stands.
    Change,
    /// It differs in what only another one could have.
    Replace,
    /// It is closed.
    Close,
    /// It stays as it is.
    Keep,
}

impl Action {
    /// In the order in which they are told.
    pub const ALL: &'static [Self] = &[Self::Make, Self::Change, Self::Replace, Self::Close, Self::Keep];

    /// As it stands in what is printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::Change => "change",
            Self::Replace => "replace",
            Self::Close => "close",
            Self::Keep => "keep",
        }
    }
}

/// One connection and what would become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What would become of it.
    pub action: Action,
    /// Whether applying the subscription does that. If not, it is told and stays as it is.
    pub applied: bool,
    /// Where it stands in the ledger; none: it is new.
    pub status: Option<Status>,
    /// Its record afterwards.
    pub connection: Connection,
    /// What is decided about it, in words.
    pub why: String,
    /// In what it differs from the settings that would hold.
    pub differences: Vec<Difference>,
}

impl Step {
    /// Whether something would be made, so that preflight has a say.
    #[must_use]
    pub const fn is_made(&self) -> bool {
        matches!(self.action, Action::Make | Action::Replace)
    }
}

/// Everything that applying a subscription would do, without what AWS has to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// Of the shares on which it has a say.
    pub shares: Vec<ShareForecast>,
    /// Of the connections that it claims, or did.
    pub steps: Vec<Step>,
}

/// What applying the subscription called `name`, which is among the known ones as it would be, does to these
/// shares and connections. `before` are the subscriptions as they are.
#[must_use]
pub fn forecast(
    name: &SubscriptionName,
    known: Known<'_>,
    before: &[Subscription],
    gathered: &[Gathered],
    existing: &[Connection],
    shares: &[ShareRecord],
    now: Timestamp,
) -> Forecast {
    let mut told = Vec::new();
    let mut all: Vec<Wanted> = Vec::new();
    for share in gathered {
        let judged = judge(share, known, now);
        if let Some(origin) = judged.origin {
            // What was accepted by the same subscriptions is not looked into again.
            let decided =
                share.record.as_ref().is_some_and(|r| r.status == ShareStatus::Accepted && r.digest == origin.digest);
            let is_new = |wish: &Wish| !existing.iter().any(|record| record.id == wish.id(known.home));
            let wishes = judged.wishes.into_iter().filter(|wish| !(decided && is_new(wish)));
            all.extend(wishes.map(|wish| Wanted { wish, origin: origin.clone() }));
        }
        if has_a_say(name, share, known.subscriptions) || has_a_say(name, share, before) {
            told.push(judged.told);
        }
    }
    let mut steps: Vec<Step> = Vec::new();
    let record_of = |id: &ConnectionId| existing.iter().find(|connection| connection.id == *id);
    for Wanted { wish, origin } in &all {
        let id = wish.id(known.home);
        // Two shares may bring the same.
        let earlier = steps.iter().position(|step| step.connection.id == id);
        let present = earlier.map_or_else(|| record_of(&id), |at| Some(&steps[at].connection)).cloned();
        let next = fulfilled(wish, origin, present.as_ref(), shares, known, now);
        put(&mut steps, record_of(&id), present, next, known, now);
    }
    // What a share brings and a subscription asks for besides is one connection, too.
    let alone = wanted::endpoint_wishes(known.home, known.subscriptions);
    let asked = alone.iter().map(|wish| {
        let id = wish.id(known.home);
        let earlier = steps.iter().map(|step| &step.connection).find(|connection| connection.id == id);
        Asked::new(wish, earlier.or_else(|| record_of(&id)).cloned(), known, BY, now)
    });
    let mut asked: Vec<Asked> = asked.collect();
    limits::allot(&mut asked, known, now);
    for Asked { wish, existing: present, next, .. } in asked {
        put(&mut steps, record_of(&wish.id(known.home)), present, next, known, now);
    }
    let seen: BTreeSet<ConnectionId> = steps.iter().map(|step| step.connection.id.clone()).collect();
    for record in existing.iter().filter(|record| !seen.contains(&record.id)) {
        let share = record.share_arn.as_ref().and_then(|arn| shares.iter().find(|share| share.arn == *arn));
        // Without its share's record nobody could tell whether its claims stand.
        let settled = if record.share_arn.is_some() && share.is_none() {
            None
        } else {
            claims::settle(record, share, known, BY, now)
        };
        let (next, what) = settled.unwrap_or_else(|| (record.clone(), String::new()));
        steps.push(step(Some(record), &next, &what, known, now));
    }
    let claimed = |step: &Step| {
        step.connection.claims.contains(name)
            || existing.iter().any(|record| record.id == step.connection.id && record.claims.contains(name))
    };
    steps.retain(|step| claimed(step) && !(step.action == Action::Keep && step.status == Some(Status::Closed)));
    steps.sort_by(|a, b| (a.action, &a.connection.id).cmp(&(b.action, &b.connection.id)));
    told.sort_by(|a, b| a.arn.cmp(&b.arn));
    Forecast { shares: told, steps }
}

/// Who would say that a connection is to end.
const BY: &str = "drawbridge plan";

struct Wanted {
    wish: Wish,
    origin: Origin,
}

/// What becomes of one, in place of what was said of it before.
fn put(
    steps: &mut Vec<Step>,
    record: Option<&Connection>,
    present: Option<Connection>,
    next: Option<(Connection, String)>,
    known: Known<'_>,
    now: Timestamp,
) {
    let Some((next, what)) = next.or_else(|| present.map(|present| (present, String::new()))) else { return };
    let step = step(record, &next, &what, known, now);
    match steps.iter_mut().find(|earlier| earlier.connection.id == step.connection.id) {
        Some(earlier) => *earlier = step,
        None => steps.push(step),
    }
}

/// What `accept` makes of a wish.
fn fulfilled(
    wish: &Wish,
    origin: &Origin,
    existing: Option<&Connection>,
    shares: &[ShareRecord],
    known: Known<'_>,
    now: Timestamp,
) -> Option<(Connection, String)> {
    let fulfilled = wanted::fulfil(known.home, origin, wish, existing, known.subscriptions, now);
    let present = fulfilled.as_ref().map(|(next, _)| next).or(existing)?;
    let share = shares.iter().find(|share| Some(&share.arn) == origin.share.as_ref());
    let Some(share) = share.filter(|_| existing.is_some()) else { return fulfilled };
    match (claims::settle(present, Some(share), known, BY, now), fulfilled) {
        (None, fulfilled) => fulfilled,
        (settled, None) => settled,
        (Some((next, then)), Some((_, first))) => Some((next, format!("{first}; {then}"))),
    }
}

fn step(record: Option<&Connection>, next: &Connection, what: &str, known: Known<'_>, now: Timestamp) -> Step {
    let of = |action, applied, differences| Step {
        action,
        applied,
        status: record.map(|record| record.status),
        why: if what.is_empty() { next.why.clone() } else { what.to_owned() },
        connection: next.clone(),
        differences,
    };
    if next.is_held() {
        return of(Action::Make, false, Vec::new());
    }
    match grace::leaves(next, now) {
        Some(Leave::Kept(_)) => return of(Action::Keep, true, Vec::new()),
        Some(Leave::Over(_)) => return of(Action::Close, true, Vec::new()),
        None => {}
    }
    let ends = next.ending.as_ref().filter(|_| record.is_none_or(|record| record.ending != next.ending));
    match (record.map(|record| record.status), ends) {
        (None, _) => of(Action::Make, true, Vec::new()),
        (_, Some(ending)) if ending.reopen.is_some() => {
            let differences = record.and_then(|record| claims::planned_otherwise(record, known));
            of(Action::Replace, true, differences.map_or_else(Vec::new, |(_, differences)| differences))
        }
        (Some(Status::Closed | Status::Failed), None) if next.status == Status::Wanted => {
            of(Action::Make, true, Vec::new())
        }
        (Some(Status::Closed | Status::Failed), None) => of(Action::Keep, true, Vec::new()),
        (_, Some(_)) => of(Action::Close, true, Vec::new()),
        (Some(Status::Wanted | Status::Opening), None) if next.plan.is_none() => of(Action::Make, true, Vec::new()),
        (_, None) if next.status == Status::Closing || next.ending.is_some() => of(Action::Keep, true, Vec::new()),
        _ => match claims::planned_otherwise(next, known) {
            None => of(Action::Keep, true, Vec::new()),
            Some((_, differences)) => {
                let applied = differences.iter().all(|difference| difference.applied);
                of(if applied { Action::Change } else { Action::Replace }, applied, differences)
            }
        },
    }
}

/// Whether a subscription decides on a share.
fn has_a_say(name: &SubscriptionName, share: &Gathered, subscriptions: &[Subscription]) -> bool {
    verdict::deciding(subscriptions, &share.facts.sender).iter().any(|deciding| deciding.name == *name)
}

/// What `vet`, and then `accept`, would say of a share.
struct Judged {
    told: ShareForecast,
    /// None: it is not connected.
    origin: Option<Origin>,
    wishes: Vec<Wish>,
}

impl Judged {
    const fn nothing(told: ShareForecast) -> Self {
        Self { told, origin: None, wishes: Vec::new() }
    }
}

fn judge(share: &Gathered, known: Known<'_>, now: Timestamp) -> Judged {
    let Gathered { facts, record, offers, left_out, approved } = share;
    let answer = record.as_ref().and_then(|record| record.answer.as_ref());
    let mut told = ShareForecast {
        arn: facts.arn.clone(),
        name: facts.name.clone(),
        sender: facts.sender.to_string(),
        status: record.as_ref().map(|record| record.status),
        outcome: None,
        accepted: facts.is_accepted(),
        reasons: Vec::new(),
    };
    let verdict = match verdict::decide(facts, known.subscriptions, Said { of_share: answer, approved }, now) {
        Ok(verdict) => verdict,
        Err(fault) => {
            told.reasons.push(fault.message);
            return Judged::nothing(told);
        }
    };
    let Verdict { outcome, reasons, claims, .. } = verdict;
    told.outcome = Some(outcome);
    told.reasons = reasons;
    if outcome != Outcome::Accept {
        return Judged::nothing(told);
    }
    let claiming: Vec<&Subscription> =
        claims.iter().filter_map(|claim| known.subscriptions.iter().find(|s| s.name == *claim)).collect();
    let wishes = wanted::wishes(offers, &claiming);
    told.reasons.extend(left_out.iter().cloned());
    told.reasons.extend(wanted::unconnected(offers, &claiming));
    let asked = waiting::asked(&facts.arn, &facts.resources);
    let over = offers::over_limit(&wishes, &claiming, facts.arn.region(), answer, &asked);
    if !over.is_empty() {
        told.outcome = Some(Outcome::Hold);
        told.reasons.extend(over.into_iter().map(|(_, why)| why));
        return Judged::nothing(told);
    }
    let origin = Origin {
        share: Some(facts.arn.clone()),
        digest: verdict::digest(known.subscriptions, &facts.sender),
        accepted_at: record.as_ref().and_then(|record| record.accepted_at),
        word: format!("share {} is accepted for", facts.name),
    };
    Judged { told, origin: Some(origin), wishes }
}

/// What a connection costs per month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// In millionths of a US dollar, traffic apart.
    MicroUsdPerMonth(MicroUsd),
    /// Why it is not known.
    Unknown(String),
}

/// What a connection costs per month in a Region, by the call that makes it, if that is known.
#[must_use]
pub fn cost(connection: &Connection, zones: Option<usize>, region: &str) -> Cost {
    let abroad =
        matches!(&connection.resource, crate::resource::Resource::Service(service) if service.region().is_some());
    if abroad {
        return Cost::Unknown("what an endpoint to another Region costs is not known to this Drawbridge".to_owned());
    }
    prices::list().per_month(connection.kind, region, zones).map_or_else(Cost::Unknown, Cost::MicroUsdPerMonth)
}

/// What some connections cost per month together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Total {
    /// Of those whose cost is known.
    pub micro_usd_per_month: MicroUsd,
    /// How many there are whose cost is not.
    pub unknown: usize,
}

impl Total {
    /// One more.
    pub fn add(&mut self, cost: &Cost) {
        match cost {
            Cost::MicroUsdPerMonth(cost) => self.micro_usd_per_month += *cost,
            Cost::Unknown(_) => self.unknown += 1,
        }
    }
}

/// What preflight found of a step, and whether that stops it.
#[must_use]
pub fn stops(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == crate::preflight::Severity::Error)
}

#[cfg(test)]
mod tests;
