//! One run: take the round, list the account, go on page by page where the last run stopped, and at the end look at what
//! stands in no record and at what is shared.

use std::time::{Duration, Instant};

use drawbridge_domain::identity::Home;
use drawbridge_domain::ids::{Installation, ResourceShareArn};
use drawbridge_domain::inventory::{FindMade, ListAssociations, ListEndpoints, ListShared, Rounds};
use drawbridge_domain::ports::{
    Attention, AuditEntry, Connections, RemoveEndpoint, ResourceConfigurations, ServiceNetworks, Shares, Subscriptions,
};
use drawbridge_domain::subscription::Subscription;
use drawbridge_domain::truth::{self, Hand, Held, Round, TheSweep};
use drawbridge_domain::{Fault, FaultName, Timestamp, verdict};
use drawbridge_runtime::{Environment, Handler, count_fault};
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Value, json};

use crate::inventory::Inventory;

/// How many connections, shares or lists are worked on at once.
pub const AT_ONCE: usize = 8;
/// How many connections are looked at before it is written down how far it came.
const PAGE: usize = 500;
/// After this long no further page is begun: the function has a minute.
const ENOUGH: Duration = Duration::from_secs(35);

/// What the environment sets.
pub struct Settings {
    pub connect_machine: String,
    pub installation: Option<Installation>,
    /// How many connections one run looks at; the next one goes on after them.
    pub most: usize,
    /// How old something in no record must be before anything is done about it.
    pub safe_age: SignedDuration,
}

impl Settings {
    pub fn read(environment: &mut Environment) -> Self {
        let minutes = environment.number("STRAY_SAFE_MINUTES", 60, 0);
        Self {
            connect_machine: environment.text("CONNECT_MACHINE_ARN"),
            installation: environment.installation(),
            most: environment.number("CONNECTIONS_PER_RUN", 10_000, 1) as usize,
            safe_age: SignedDuration::from_mins(i64::from(minutes)),
        }
    }

    fn home(&self) -> Result<Home, Fault> {
        Home::of_machine(Environment::named(self.installation.as_ref())?, &self.connect_machine)
    }
}

/// EC2, as this function needs it.
pub trait Endpoints: ListEndpoints + RemoveEndpoint {}
impl<T: ListEndpoints + RemoveEndpoint> Endpoints for T {}

/// VPC Lattice, as this function needs it.
pub trait Networks: ServiceNetworks + ResourceConfigurations + ListAssociations {}
impl<T: ServiceNetworks + ResourceConfigurations + ListAssociations> Networks for T {}

/// The ledger, as this function needs it.
pub trait Records: Subscriptions + Shares + Connections + Attention + FindMade + Rounds {}
impl<T: Subscriptions + Shares + Connections + Attention + FindMade + Rounds> Records for T {}

/// The function's ports.
pub struct Reconcile<E, N, R, L> {
    pub ec2: E,
    pub lattice: N,
    pub ram: R,
    pub ledger: L,
    pub settings: Settings,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Which round it was.
    pub round: u64,
    /// Until when another run has the round, if one has: then nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Timestamp>,
    /// How many connections were looked at.
    pub connections: usize,
    /// How many records were written.
    pub recorded: usize,
    /// How many connections end.
    pub ended: usize,
    /// How many things that stand in no live record, or are a second one, were removed.
    pub removed: usize,
    /// How many were taken into their records.
    pub adopted: usize,
    /// How many shares are vetted anew.
    pub shares: usize,
    /// Whether the round is over; else the next run goes on.
    pub complete: bool,
}

impl<E, N, R, L> Handler for Reconcile<E, N, R, L>
where
    E: Endpoints,
    N: Networks,
    R: ListShared,
    L: Records,
{
    type Request = Value;
    type Answer = Summary;

    /// What woke it says nothing: there is one thing to do.
    async fn handle(&self, _: Value, now: Timestamp) -> Result<Summary, Fault> {
        let began = Instant::now();
        let taken = match Round::take(self.ledger.round().await?, now) {
            Ok(round) => self.ledger.save_round(round).await,
            Err(Held(until)) => return Ok(Summary { held_until: Some(until), ..Summary::default() }),
        };
        let mut round = match taken {
            Ok(round) => round,
            // Another run took it in the same moment.
            Err(fault) if fault.name == FaultName::LedgerConflict => {
                return Ok(Summary { held_until: Some(now), ..Summary::default() });
            }
            Err(fault) => return Err(fault),
        };
        let (subscriptions, _) = self.ledger.subscriptions().await?;
        let mut run = Run {
            of: self,
            home: &self.settings.home()?,
            subscriptions: &subscriptions,
            now,
            summary: Summary { round: round.number, ..Summary::default() },
            first_fault: None,
        };
        let outcome = run.all(&mut round, began).await;
        let Run { summary, first_fault, .. } = run;
        // Whatever happened, the next run need not wait until this one's time is over.
        round.held_until = None;
        for unread in &round.unread {
            tracing::warn!("it could not be read, so nothing is concluded from it: {unread}");
            count_fault(FaultName::AccessDenied, now);
        }
        let saved = self.ledger.save_round(round).await;
        outcome?;
        saved?;
        tracing::info!(summary = %json!(summary), "held the ledger against the account");
        first_fault.map_or(Ok(summary), Err)
    }
}

/// One run.
pub struct Run<'a, E, N, R, L> {
    pub of: &'a Reconcile<E, N, R, L>,
    pub home: &'a Home,
    pub subscriptions: &'a [Subscription],
    pub now: Timestamp,
    pub summary: Summary,
    /// The first of what one connection or share could not be done for, which keeps no other waiting.
    pub first_fault: Option<Fault>,
}

impl<E, N, R, L> Run<'_, E, N, R, L>
where
    E: Endpoints,
    N: Networks,
    R: ListShared,
    L: Records,
{
    async fn all(&mut self, round: &mut Round, began: Instant) -> Result<(), Fault> {
        let mut everything = self.of.ledger.everything_made().await?;
        everything.sort();
        let mut inventory = Inventory::list(self.of, self.home, self.subscriptions).await?;
        for unread in inventory.unread() {
            round.not_read(unread);
        }
        let left = round.left(&everything).to_vec();
        let most = self.of.settings.most;
        for page in left[..left.len().min(most)].chunks(PAGE.min(most)) {
            if began.elapsed() > ENOUGH {
                return Ok(());
            }
            self.page(round, &mut inventory, page).await?;
            round.cursor = page.last().map(|(id, _)| id.clone());
            *round = self.of.ledger.save_round(round.clone()).await?;
        }
        if left.len() > most || began.elapsed() > ENOUGH {
            return Ok(());
        }
        let (findings, told) = self.strays(round, &inventory, &everything).await?;
        self.shares(&inventory).await?;
        round.end(findings, told, self.now);
        self.summary.complete = true;
        Ok(())
    }

    pub fn hand(&self) -> Hand<'_, L, TheSweep> {
        Hand {
            ledger: &self.of.ledger,
            runs: &TheSweep,
            subscriptions: self.subscriptions,
            by: "reconcile",
            now: self.now,
        }
    }

    pub fn failed(&mut self, fault: Fault) {
        tracing::warn!(fault = fault.name.as_str(), "{}", fault.message);
        self.first_fault.get_or_insert(fault);
    }

    /// Shares in which something else is now are vetted anew; nothing is decided here on what was added.
    async fn shares(&mut self, inventory: &Inventory) -> Result<(), Fault> {
        if inventory.shared.is_err() {
            return Ok(());
        }
        let arns = self.of.ledger.shares_needing_attention().await?;
        // One by one: a thousand take some seconds of an hourly minute, and less code than several at once.
        for arn in &arns {
            match self.share(arn, inventory).await {
                Ok(vetted) => self.summary.shares += usize::from(vetted),
                Err(fault) => self.failed(fault),
            }
        }
        Ok(())
    }

    async fn share(&self, arn: &ResourceShareArn, inventory: &Inventory) -> Result<bool, Fault> {
        // One of which RAM lists nothing is revoked, or not shown for a moment: intake tells which.
        let Some(seen) = inventory.shared.as_ref().ok().and_then(|shared| shared.get(arn)) else {
            return Ok(false);
        };
        let Some(record) = self.of.ledger.share(arn).await? else { return Ok(false) };
        let digest = verdict::digest(self.subscriptions, &record.sender);
        let Some((next, what)) = truth::share_changed(&record, seen, &digest, self.now) else { return Ok(false) };
        let audit = AuditEntry { at: self.now, by: "reconcile".to_owned(), execution: None, what };
        // The next sweep starts its run.
        match self.of.ledger.save_share(next, audit).await {
            Ok(_) => Ok(true),
            Err(fault) if fault.name == FaultName::LedgerConflict => Ok(false),
            Err(fault) => Err(fault),
        }
    }
}

#[cfg(test)]
mod tests;
