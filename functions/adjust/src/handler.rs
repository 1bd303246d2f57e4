//! One run: find what differs from its subscription in what AWS can change in place, and change each. What cannot be
//! changed is told in its record and keeps no other waiting.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use drawbridge_domain::adjust::{self, Change, Names, Refusal, Step};
use drawbridge_domain::claims::Known;
use drawbridge_domain::connection::{Connection, Made, Plan};
use drawbridge_domain::identity::Home;
use drawbridge_domain::ids::{ConnectionId, Installation};
use drawbridge_domain::inventory::{FindMade, ListEndpoints};
use drawbridge_domain::ports::{
    ChangeEndpoint, Connections, LookAtNetwork, LookAtRoutes, LookAtServices, RemoveGroup, ServiceNetworks,
    Subscriptions, TagAssociation,
};
use drawbridge_domain::preflight::{Finding, Severity};
use drawbridge_domain::subscription::Subscription;
use drawbridge_domain::{Class, Fault, FaultName, Timestamp};
use drawbridge_runtime::{Environment, Handler, count_fault};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use serde_json::{Value, json};

use crate::converge::Outcome;

/// How many connections are changed at once.
const AT_ONCE: usize = 4;
/// How many records are read at once.
const PAGE: usize = 500;
/// After this long no further connection is begun: the function has a minute.
const ENOUGH: Duration = Duration::from_secs(35);
/// How often a decision is made anew because somebody else wrote the record, or changed the endpoint.
const TRIES: usize = 4;

/// What the environment sets.
pub struct Settings {
    connect_machine: String,
    installation: Option<Installation>,
    /// How much time was spent since this moment.
    spent: fn(Instant) -> Duration,
}

impl Settings {
    pub fn read(environment: &mut Environment) -> Self {
        let connect_machine = environment.text("CONNECT_MACHINE_ARN");
        Self { connect_machine, installation: environment.installation(), spent: |began| began.elapsed() }
    }

    fn home(&self) -> Result<Home, Fault> {
        Home::of_machine(Environment::named(self.installation.as_ref())?, &self.connect_machine)
    }
}

/// EC2, as this function needs it.
pub trait Network:
    ListEndpoints + LookAtNetwork + LookAtServices + LookAtRoutes + RemoveGroup + ChangeEndpoint
{
}
impl<T: ListEndpoints + LookAtNetwork + LookAtServices + LookAtRoutes + RemoveGroup + ChangeEndpoint> Network for T {}

/// VPC Lattice, as this function needs it.
pub trait Associations: ServiceNetworks + TagAssociation {}
impl<T: ServiceNetworks + TagAssociation> Associations for T {}

/// The ledger, as this function needs it.
pub trait Records: Subscriptions + Connections + FindMade {}
impl<T: Subscriptions + Connections + FindMade> Records for T {}

/// The function's ports.
pub struct Adjust<E, N, L> {
    pub ec2: E,
    pub lattice: N,
    pub ledger: L,
    pub settings: Settings,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many connections were looked at.
    pub connections: usize,
    /// How many were changed.
    pub changed: usize,
    /// How many could not be, which is told in their records.
    pub refused: usize,
    /// Whether none was left for the next run.
    pub complete: bool,
}

/// The subscriptions as they are at one moment.
struct Knowledge {
    subscriptions: Vec<Subscription>,
    unreadable: BTreeSet<String>,
    home: Home,
}

impl Knowledge {
    fn known(&self) -> Known<'_> {
        Known { subscriptions: &self.subscriptions, unreadable: &self.unreadable, home: &self.home }
    }
}

/// What became of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Nothing,
    Changed,
    Refused,
    /// Its names are not shown yet: the next run looks again.
    Awaited,
}

impl<E: Network, N: Associations, L: Records> Handler for Adjust<E, N, L> {
    type Request = Value;
    type Answer = Summary;

    /// What woke it says nothing: there is one thing to do.
    async fn handle(&self, _: Value, now: Timestamp) -> Result<Summary, Fault> {
        let began = Instant::now();
        let knowledge = self.knowledge().await?;
        let mut summary = Summary::default();
        let differing = self.differing(&knowledge, &mut summary, now).await?;
        let mut first_fault: Option<Fault> = None;
        let mut left = differing.len();
        for some in differing.chunks(AT_ONCE) {
            if (self.settings.spent)(began) > ENOUGH {
                break;
            }
            let done: Vec<_> = stream::iter(some)
                .map(|record| self.one(&record.id, &knowledge, now))
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            left -= done.len();
            for outcome in done {
                match outcome {
                    Ok(Done::Nothing) => {}
                    Ok(Done::Changed) => summary.changed += 1,
                    Ok(Done::Refused) => summary.refused += 1,
                    Ok(Done::Awaited) => left += 1,
                    Err(fault) => {
                        tracing::warn!(fault = fault.name.as_str(), "{}", fault.message);
                        first_fault.get_or_insert(fault);
                    }
                }
            }
        }
        summary.complete = left == 0;
        tracing::info!(summary = %json!(summary), "changed in place what differed");
        // Raised, so that it is repeated: what is done is not done again.
        first_fault.map_or(Ok(summary), Err)
    }
}

impl<E: Network, N: Associations, L: Records> Adjust<E, N, L> {
    async fn knowledge(&self) -> Result<Knowledge, Fault> {
        let (subscriptions, unreadable) = self.ledger.subscriptions().await?;
        let unreadable = unreadable.into_iter().map(|unreadable| unreadable.name).collect();
        Ok(Knowledge { subscriptions, unreadable, home: self.settings.home()? })
    }

    /// What is to be changed: first that of which nothing is told, so that what is refused again and again keeps
    /// nothing else from its turn. Of those another one is first each minute.
    async fn differing(
        &self,
        knowledge: &Knowledge,
        summary: &mut Summary,
        now: Timestamp,
    ) -> Result<Vec<Connection>, Fault> {
        let everything = self.ledger.everything_made().await?;
        let ids: BTreeSet<ConnectionId> = everything.into_iter().map(|(_, id)| id).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        summary.connections = ids.len();
        let (mut fresh, mut told) = (Vec::new(), Vec::new());
        for page in ids.chunks(PAGE) {
            for record in self.ledger.connections_of_ids(page).await? {
                match adjust::step(&record, knowledge.known()) {
                    Step::Nothing => {}
                    _ if adjust::is_told(&record) => told.push(record),
                    _ => fresh.push(record),
                }
            }
        }
        fresh.sort_by(|a, b| a.id.cmp(&b.id));
        told.sort_by(|a, b| a.id.cmp(&b.id));
        let turn = usize::try_from(now.as_second() / 60).unwrap_or_default();
        let first = turn.checked_rem(told.len()).unwrap_or_default();
        told.rotate_left(first);
        fresh.append(&mut told);
        Ok(fresh)
    }

    /// One connection, from what is; again if somebody else wrote its record or changed the endpoint meanwhile.
    async fn one(&self, id: &ConnectionId, knowledge: &Knowledge, now: Timestamp) -> Result<Done, Fault> {
        let mut begun = Vec::new();
        let mut outcome = self.attempt(id, knowledge.known(), &mut begun, now).await;
        for _ in 1..TRIES {
            if !matches!(&outcome, Err(fault) if fault.name == FaultName::LedgerConflict) {
                break;
            }
            let knowledge = self.knowledge().await?;
            outcome = self.attempt(id, knowledge.known(), &mut begun, now).await;
        }
        outcome
    }

    /// `mine` are the plans that this run began to change the endpoint to.
    async fn attempt(
        &self,
        id: &ConnectionId,
        known: Known<'_>,
        mine: &mut Vec<Plan>,
        now: Timestamp,
    ) -> Result<Done, Fault> {
        let Some(mut record) = self.ledger.connection(id).await? else { return Ok(Done::Nothing) };
        // Another run may have finished before this one's calls took effect.
        if let Some((next, what)) = adjust::doubted(&record, mine) {
            record = self.ledger.save_connection(next, adjust::audit(now, what)).await?;
        }
        let record = &record;
        let mut change = match adjust::step(record, known) {
            Step::Nothing => return Ok(Done::Nothing),
            Step::TakeBack => {
                self.take_back(record, known, now).await?;
                return Ok(Done::Nothing);
            }
            Step::Change(change) => *change,
        };
        let Some(made) = &record.made else { return Ok(Done::Nothing) };
        let shown = match self.shown(made).await {
            Ok(Some(shown)) if shown.can_be_changed() => shown,
            // Whoever looks at what can be used tells it.
            Ok(_) => return Ok(Done::Nothing),
            Err(fault) => return self.tell(record, &change, lasting(fault)?, false, now).await,
        };
        let is_ours = adjust::is_ours(record, shown.tags());
        // That its tags were taken off, and what somebody added and keeps, is told by whoever looks at what can be used.
        let nothing = || adjust::put_back(record, &shown, &[shown.tags()]).is_none();
        // What was begun is ended, also where nothing is left to call: its names are read then.
        if change.puts_back && (!is_ours || record.changing.is_empty() && nothing()) {
            if is_ours && adjust::is_told(record) {
                self.take_back(record, known, now).await?;
            }
            return Ok(Done::Nothing);
        }
        if !is_ours {
            return self.tell(record, &change, Refusal::NotOurs, false, now).await;
        }
        let warnings = match self.look(record, &mut change, &shown).await {
            Ok(findings) if findings.iter().any(|finding| finding.severity == Severity::Error) => {
                return self.tell(record, &change, Refusal::NotReadyFor(findings), false, now).await;
            }
            Ok(findings) => findings,
            Err(fault) => return self.tell(record, &change, lasting(fault)?, false, now).await,
        };
        // Before the first call it is written down: who never hears whether AWS did it leaves word for the next.
        let untouched = !change.is_begun(record);
        let begun = if untouched {
            let (next, what) = adjust::begun(record, &change);
            self.ledger.save_connection(next, adjust::audit(now, what)).await?
        } else {
            record.clone()
        };
        mine.push(change.plan.clone());
        match self.converge(&begun, &change, shown, untouched).await? {
            Outcome::Refused(refusal, untouched) => self.tell(&begun, &change, refusal, untouched, now).await,
            Outcome::Converged(called) => self.done(&begun, &change, warnings, called, known, now).await,
        }
    }

    /// Writes down that it is as the plan says. `called`: whether this run made it so.
    async fn done(
        &self,
        begun: &Connection,
        change: &Change<'_>,
        warnings: Vec<Finding>,
        called: bool,
        known: Known<'_>,
        now: Timestamp,
    ) -> Result<Done, Fault> {
        let (next, what) = adjust::changed(begun, change, warnings, known);
        let names = match &begun.made {
            Some(made) if change.renames(begun) => adjust::names(next, change, self.shown(made).await?, now),
            _ => Names::Known(Box::new(next), None),
        };
        match names {
            Names::Known(next, other) => {
                let what = [Some(what), other].into_iter().flatten().collect::<Vec<_>>().join("; ");
                self.ledger.save_connection(*next, adjust::audit(now, what)).await?;
                Ok(Done::Changed)
            }
            Names::Awaited(next) => {
                if *next != *begun {
                    self.ledger.save_connection(*next, adjust::audit(now, what)).await?;
                }
                // Whoever changed it comes back in a minute; after that the hourly look is soon enough.
                if !called {
                    return Ok(Done::Awaited);
                }
                let id = begun.made.as_ref().map_or("it", Made::id);
                Err(FaultName::NotReady.because(format!("{id} is changed, and does not show its names yet")))
            }
        }
    }

    /// Tells no more of a change that could not be made.
    async fn take_back(&self, record: &Connection, known: Known<'_>, now: Timestamp) -> Result<(), Fault> {
        let what = "what could not be changed in place needs no change any more".to_owned();
        self.ledger.save_connection(adjust::taken_back(record, known), adjust::audit(now, what)).await.map(drop)
    }

    async fn tell(
        &self,
        record: &Connection,
        change: &Change<'_>,
        refusal: Refusal,
        untouched: bool,
        now: Timestamp,
    ) -> Result<Done, Fault> {
        if let Refusal::Refused(fault) = &refusal {
            tracing::warn!(fault = fault.name.as_str(), connection = record.id.as_str(), "{}", fault.message);
            count_fault(fault.name, now);
        }
        if let Some((next, what)) = adjust::told(record, change, &refusal, untouched) {
            self.ledger.save_connection(next, adjust::audit(now, what)).await?;
        }
        Ok(Done::Refused)
    }
}

/// What passes is raised, so that the run is repeated; what lasts is told.
pub fn lasting(fault: Fault) -> Result<Refusal, Fault> {
    if fault.class() == Class::Transient { Err(fault) } else { Ok(Refusal::Refused(fault)) }
}

#[cfg(test)]
mod tests;
