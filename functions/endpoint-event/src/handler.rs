//! Find what an event may be about, read the truth back, write it down, and start what follows from it. The event itself
//! says nothing: whatever is wrong with it, the worst is a look that finds everything as it was.

use std::collections::BTreeSet;

use drawbridge_domain::connection::{Connection, Status};
use drawbridge_domain::hint::{self, Hint};
use drawbridge_domain::identity::Home;
use drawbridge_domain::ids::{ConnectionId, Installation};
use drawbridge_domain::inventory::{FindMade, ListEndpoints};
use drawbridge_domain::messages::Subject;
use drawbridge_domain::ports::{
    Attention, Connections, ResourceConfigurations, Resume, ServiceNetworks, Shares, Subscriptions, Waits, Workflows,
};
use drawbridge_domain::subscription::Subscription;
use drawbridge_domain::truth::{self, Done, Hand, Machines, Standing};
use drawbridge_domain::{Fault, FaultName, Timestamp, grace, waiting};
use drawbridge_runtime::{Environment, Handler, count_fault};
use serde::Serialize;
use serde_json::{Value, json};

/// How often a connection is looked at again whose record somebody else wrote meanwhile.
const LOOKS: usize = 2;

/// What the environment sets.
pub struct Settings {
    connect_machine: String,
    disconnect_machine: String,
    installation: Option<Installation>,
}

impl Settings {
    pub fn read(environment: &mut Environment) -> Self {
        Self {
            connect_machine: environment.text("CONNECT_MACHINE_ARN"),
            disconnect_machine: environment.text("DISCONNECT_MACHINE_ARN"),
            installation: environment.installation(),
        }
    }
}

/// The function's ports.
pub struct EndpointEvent<E, N, L, W> {
    pub ec2: E,
    pub lattice: N,
    pub ledger: L,
    pub workflows: W,
    /// Whoever waits for a provider's or a person's answer.
    pub settings: Settings,
}

/// What was done.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many ids the event had.
    ids: usize,
    /// How many connections it may have been about.
    connections: usize,
    /// How many records were written.
    recorded: usize,
    /// How many connections end.
    ended: usize,
}

impl<E, N, L, W> Handler for EndpointEvent<E, N, L, W>
where
    E: ListEndpoints,
    N: ServiceNetworks + ResourceConfigurations,
    L: Subscriptions + Shares + Connections + Attention + FindMade + Waits,
    W: Workflows + Resume,
{
    type Request = Value;
    type Answer = Summary;

    async fn handle(&self, event: Value, now: Timestamp) -> Result<Summary, Fault> {
        let hint = hint::read(&event);
        let mut summary = Summary { ids: hint.count(), ..Summary::default() };
        if hint.is_empty() {
            tracing::info!("no id in it is one that a connection could have");
            return Ok(summary);
        }
        if hint.more {
            tracing::warn!(
                ids = summary.ids,
                "the event has more ids than are followed; reconcile looks at everything"
            );
        }
        let (subscriptions, _) = self.ledger.subscriptions().await?;
        let found = self.candidates(&hint, &subscriptions).await?;
        let records = self.ledger.connections_of_ids(&found.into_iter().collect::<Vec<_>>()).await?;
        summary.connections = records.len();
        let runs = Machines {
            workflows: &self.workflows,
            connect: &self.settings.connect_machine,
            disconnect: &self.settings.disconnect_machine,
        };
        let hand = Hand { ledger: &self.ledger, runs: &runs, subscriptions: &subscriptions, by: "endpoint-event", now };
        let mut first_fault = None;
        for record in records {
            match self.one(&hand, record).await {
                Ok(Done::Recorded) => summary.recorded += 1,
                Ok(Done::Ended) => summary.ended += 1,
                Ok(Done::Nothing | Done::LeftToOthers) => {}
                Err(fault) => {
                    tracing::warn!(fault = fault.name.as_str(), "{}", fault.message);
                    first_fault.get_or_insert(fault);
                }
            }
        }
        tracing::info!(summary = %json!(summary), "looked at what the event may be about");
        first_fault.map_or(Ok(summary), Err)
    }
}

impl<E, N, L, W> EndpointEvent<E, N, L, W>
where
    E: ListEndpoints,
    N: ServiceNetworks + ResourceConfigurations,
    L: Subscriptions + Shares + Connections + Attention + FindMade + Waits,
    W: Workflows + Resume,
{
    /// The connections that the event may be about: each by a look into an index, or by its id.
    async fn candidates(&self, hint: &Hint, subscriptions: &[Subscription]) -> Result<BTreeSet<ConnectionId>, Fault> {
        let mut found = hint.connections.clone();
        for id in &hint.made {
            found.extend(self.ledger.made_as(id).await?);
        }
        for share in &hint.shares {
            found.extend(self.ledger.connections_of_share(share).await?);
        }
        if !hint.resources.is_empty() {
            let home = self.home()?;
            found.extend(hint.resources.iter().flat_map(|resource| hint::leading_to(resource, subscriptions, &home)));
        }
        Ok(found)
    }

    fn home(&self) -> Result<Home, Fault> {
        let installation = Environment::named(self.settings.installation.as_ref())?;
        Home::of_machine(installation, &self.settings.connect_machine)
    }

    async fn one(&self, hand: &Hand<'_, L, Machines<'_, W>>, record: Connection) -> Result<Done, Fault> {
        let mut record = record;
        for _ in 0..LOOKS {
            let done = match record.status {
                Status::Ready => self.look(hand, &record).await?,
                // A run has it, and whoever waits in it may go on.
                Status::Opening | Status::Waiting => {
                    waiting::wake(&self.ledger, &self.workflows, &Subject::Connection(record.id.clone())).await?;
                    Done::Nothing
                }
                // Its limits leave no room for it.
                Status::Wanted if record.is_held() => Done::Nothing,
                // A run should have it: opened anew after it was closed, or closed.
                Status::Wanted => {
                    hand.start(&record).await?;
                    Done::Nothing
                }
                Status::Closing => self.closing(hand, &record).await?,
                Status::Failed | Status::Closed => Done::Nothing,
            };
            if done != Done::LeftToOthers {
                return Ok(done);
            }
            match self.ledger.connection(&record.id).await? {
                Some(again) => record = again,
                None => return Ok(Done::Nothing),
            }
        }
        Ok(Done::LeftToOthers)
    }

    /// A run should have it. One that waits in a grace period looks only when somebody wakes it.
    async fn closing(&self, hand: &Hand<'_, L, Machines<'_, W>>, record: &Connection) -> Result<Done, Fault> {
        hand.start(record).await?;
        let done = if truth::is_looked_at(record, hand.now) { self.look(hand, record).await? } else { Done::Nothing };
        // By this look, or by one whose word it did not hear.
        if done == Done::Ended || grace::leaves(record, hand.now).is_some() {
            waiting::wake(&self.ledger, &self.workflows, &Subject::Connection(record.id.clone())).await?;
        }
        Ok(done)
    }

    async fn look(&self, hand: &Hand<'_, L, Machines<'_, W>>, record: &Connection) -> Result<Done, Fault> {
        let observed = truth::one(&self.ec2, &self.lattice, record, hand.first_claim(record)).await?;
        let plan = truth::decide(record, observed, hand.now);
        if plan.standing == Standing::Unknown {
            // Nothing is concluded from it, and somebody has to grant what is missing.
            count_fault(FaultName::AccessDenied, hand.now);
        }
        hand.carry_out(record, plan).await
    }
}
