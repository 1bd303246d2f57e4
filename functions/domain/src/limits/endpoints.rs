//! Which of the connections that subscriptions ask for by themselves are made, and which are held until there is room.
//!
//! A held one is `wanted` and says whose limits hold it; no run of it was ever started, so nothing of it is made. What is
//! decided is where a record becomes wanted, and nowhere else: what has its place keeps it, whatever is said afterwards.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::claims::{self, Known};
use crate::connection::{Connection, Status};
use crate::forecast::{self, Cost};
use crate::ids::SubscriptionName;
use crate::prices::MicroUsd;
use crate::subscription::{Limits, Settings, Subnets, Subscription};
use crate::wanted::Wish;

/// What a subscription asks for by itself, with what the ledger knows of it and what becomes of that.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// What is asked for.
    pub wish: &'a Wish,
    /// Its record, if there is one.
    pub existing: Option<Connection>,
    /// The record as it is to be, and what changed; none if the one that exists says it all.
    pub next: Option<(Connection, String)>,
    /// Whether its record could not be read, and may say that it stands.
    unread: bool,
}

impl<'a> Asked<'a> {
    /// What the claims make of it, limits apart.
    #[must_use]
    pub fn new(wish: &'a Wish, existing: Option<Connection>, known: Known<'_>, by: &str, now: Timestamp) -> Self {
        let next = claims::fulfil_and_settle(wish, existing.as_ref(), known, by, now);
        Self { wish, existing, next, unread: false }
    }

    /// Of a record that could not be read: it is left alone, and has its place.
    #[must_use]
    pub const fn unread(wish: &'a Wish) -> Self {
        Self { wish, existing: None, next: None, unread: true }
    }

    fn outcome(&self) -> Option<&Connection> {
        self.next.as_ref().map(|(next, _)| next).or(self.existing.as_ref())
    }

    /// Whether it stands, or may be made again by itself: what failed is tried again and does not lose its place.
    fn has_its_place(&self) -> bool {
        let stands = |existing: &Connection| existing.status != Status::Closed && !existing.is_held();
        self.unread || self.existing.as_ref().is_some_and(stands)
    }

    /// Whether a run would be started of it, for the first time or after its end. Of what is shared the share's limits decide.
    fn waits_for_a_place(&self) -> bool {
        let wanted = |next: &Connection| next.status == Status::Wanted && next.share_arn.is_none();
        !self.has_its_place() && self.outcome().is_some_and(wanted)
    }
}

/// Holds what the limits leave no room for, and lets go on what there is room for by now. What stands comes first, then each in
/// the order in which it is asked for.
pub fn allot(asked: &mut [Asked<'_>], known: Known<'_>, now: Timestamp) {
    let mut over: BTreeMap<usize, Vec<(SubscriptionName, String)>> = BTreeMap::new();
    let mut by_name: Vec<&Subscription> = known.subscriptions.iter().collect();
    by_name.sort_by(|a, b| a.name.cmp(&b.name));
    for subscription in by_name {
        let of_it = || asked.iter().enumerate().filter(|(_, one)| one.wish.claims.contains(&subscription.name));
        let mut room = Room::of(subscription);
        for (_, one) in of_it().filter(|(_, one)| one.has_its_place()) {
            room.take(one, known);
        }
        for (number, one) in of_it().filter(|(_, one)| one.waits_for_a_place()) {
            match room.lacks(one, known) {
                Some(why) => over.entry(number).or_default().push((subscription.name.clone(), why)),
                None => room.take(one, known),
            }
        }
    }
    for (number, one) in asked.iter_mut().enumerate().filter(|(_, one)| one.waits_for_a_place()) {
        // Whoever has room for it may have it.
        let over = over.remove(&number).filter(|over| over.len() == one.wish.claims.len());
        match over {
            Some(over) => hold(one, over, now),
            None => let_go(one, now),
        }
    }
}

/// What a subscription has left.
struct Room<'a> {
    subscription: &'a Subscription,
    taken: u32,
    cost: Result<MicroUsd, String>,
}

impl<'a> Room<'a> {
    const fn of(subscription: &'a Subscription) -> Self {
        Self { subscription, taken: 0, cost: Ok(MicroUsd(0)) }
    }

    fn take(&mut self, one: &Asked<'_>, known: Known<'_>) {
        self.taken = self.taken.saturating_add(1);
        match (self.of_one(one, known), &mut self.cost) {
            (Cost::MicroUsdPerMonth(cost), Ok(sum)) => *sum += cost,
            (Cost::Unknown(why), sum @ Ok(_)) => *sum = Err(why),
            (_, Err(_)) => {}
        }
    }

    /// Why there is no room for it; none if there is.
    fn lacks(&self, one: &Asked<'_>, known: Known<'_>) -> Option<String> {
        let Subscription { name, limits: Limits { endpoints, monthly_cost_of_endpoints, .. }, .. } = self.subscription;
        if let Some(limit) = endpoints.filter(|limit| self.taken >= *limit) {
            return Some(format!(
                "it would be endpoint number {} of subscription {name}, whose limits.endpoints is {limit}",
                self.taken.saturating_add(1)
            ));
        }
        let limit = (*monthly_cost_of_endpoints)?;
        let unknown = |why: &str| {
            Some(format!(
                "whether the endpoints of subscription {name} would cost more with it than its \
                 limits.monthly_cost_of_endpoints, {limit} USD, can't be told: {why}"
            ))
        };
        match (self.of_one(one, known), &self.cost) {
            // What costs nothing exceeds nothing.
            (Cost::MicroUsdPerMonth(MicroUsd(0)), _) => None,
            (Cost::Unknown(why), _) => unknown(&why),
            (_, Err(why)) => unknown(why),
            (Cost::MicroUsdPerMonth(more), Ok(sum)) => {
                let mut cost = *sum;
                cost += more;
                (cost > MicroUsd::dollars(limit)).then(|| {
                    format!(
                        "with it the endpoints of subscription {name} would cost {cost} per month besides traffic, its \
                         limits.monthly_cost_of_endpoints is {limit} USD"
                    )
                })
            }
        }
    }

    fn of_one(&self, one: &Asked<'_>, known: Known<'_>) -> Cost {
        let Some(connection) = one.outcome() else {
            return Cost::Unknown(format!("the record of {} can't be read", one.wish.id(known.home)));
        };
        let planned = connection.plan.as_ref().and_then(|plan| plan.call.zones());
        let zones = planned.or_else(|| self.listed(connection, known));
        forecast::cost(connection, zones, known.home.region.as_str())
    }

    /// In how many zones it will stand, if the subscription lists its subnets: preflight takes one in each zone.
    fn listed(&self, connection: &Connection, known: Known<'_>) -> Option<usize> {
        let Connection { kind, resource, target, .. } = connection;
        match self.subscription.asks_for(*kind, resource, target, known.home)? {
            Settings::Interface(item) => match &item.subnets {
                Subnets::Listed(subnets) => Some(subnets.len()),
                Subnets::Auto => None,
            },
            _ => None,
        }
    }
}

fn hold(one: &mut Asked<'_>, over: Vec<(SubscriptionName, String)>, now: Timestamp) {
    let Some(mut next) = one.outcome().cloned() else { return };
    let first = !next.is_held();
    let (by, reasons): (Vec<_>, Vec<_>) = over.into_iter().unzip();
    let why = reasons.join("; ");
    // `approve` needs no room, so an unknown price can be lived with.
    let way_out = format!(
        "it starts by itself when there is room: raise the limit, or take something else out of `endpoints`; or \
         `drawbridge approve {}`, which makes it all the same",
        next.id
    );
    if first {
        next.since = now;
    }
    (next.held_by, next.why, next.next) = (by, format!("it is held: {why}"), way_out);
    if one.existing.as_ref() == Some(&next) {
        one.next = None;
        return;
    }
    let before = one.next.take().map(|(_, what)| what).filter(|what| !what.is_empty());
    let what = before.into_iter().chain([format!("held: {why}")]).collect::<Vec<_>>().join("; ");
    one.next = Some((next, what));
}

fn let_go(one: &mut Asked<'_>, now: Timestamp) {
    let Some(held) = one.outcome().filter(|next| next.is_held()) else { return };
    let next = let_through(held, "there is room for it".to_owned(), now);
    one.next = Some((next, "there is room for it: it is not held any more".to_owned()));
}

/// An operator's word: what is held is made all the same.
///
/// # Errors
/// Why that is not possible, as a sentence.
pub fn approve(connection: &Connection, by: &str, now: Timestamp) -> Result<Connection, String> {
    if !connection.is_held() {
        let who = connection.wait.as_ref().map_or("nobody", |wait| wait.who.as_str());
        return Err(format!(
            "{id} is {} and waits for no person of this account, but for {who}. To end it: `drawbridge close {id} --reason TEXT`",
            connection.status.as_str(),
            id = connection.id,
        ));
    }
    let why = format!("{by} approved it beyond the limits of {}", crate::wanted::join(&connection.held_by));
    Ok(let_through(connection, why, now))
}

fn let_through(held: &Connection, why: String, now: Timestamp) -> Connection {
    let next = "a connect run opens it".to_owned();
    Connection { held_by: Vec::new(), since: now, why, next, ..held.clone() }
}

#[cfg(test)]
mod tests;
