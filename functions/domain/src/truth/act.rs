//! Carrying out what was decided, over the ports.
#![allow(async_fn_in_trait, reason = "only this workspace implements and calls it, always with concrete types")]

use jiff::Timestamp;

use super::{Plan, Standing, over};
use crate::claims::deciding_digest;
use crate::connection::{Connection, Status};
use crate::fault::{Fault, FaultName};
use crate::identity;
use crate::messages::ConnectInput;
use crate::ports::{AuditEntry, Connections, Shares, Workflows};
use crate::subscription::{Reconcile, Subscription};

/// Who starts the run that a record waits for.
pub trait StartRun {
    /// Starts it. Known by its name: twice is once.
    async fn start_run(&self, record: &Connection) -> Result<(), Fault>;
}

/// The machines, by Step Functions: at once.
#[derive(Debug)]
pub struct Machines<'a, W> {
    /// Step Functions.
    pub workflows: &'a W,
    /// The machine that opens.
    pub connect: &'a str,
    /// The machine that closes what was ready.
    pub disconnect: &'a str,
}

impl<W: Workflows> StartRun for Machines<'_, W> {
    async fn start_run(&self, record: &Connection) -> Result<(), Fault> {
        let closes = record.status == Status::Closing && record.ending.is_some();
        let machine = if closes { self.disconnect } else { self.connect };
        let name = identity::connect_execution(&record.id, record.generation, record.attempt);
        let input = ConnectInput { connection: record.id.clone(), attempt: record.attempt };
        let input = serde_json::to_value(input)
            .map_err(|error| FaultName::Panicked.because(format!("the input can't be written as JSON: {error}")))?;
        self.workflows.start(machine, &name, &input).await.map(drop)
    }
}

/// The next sweep, as it does for every record that has no run: within minutes. For who looks every hour that is soon
/// enough, and needs neither Step Functions' client nor the permission.
#[derive(Debug, Clone, Copy, Default)]
pub struct TheSweep;

impl StartRun for TheSweep {
    async fn start_run(&self, _: &Connection) -> Result<(), Fault> {
        Ok(())
    }
}

/// Who carries it out, and with what.
#[derive(Debug)]
pub struct Hand<'a, L, S> {
    /// The ledger.
    pub ledger: &'a L,
    /// Who starts runs.
    pub runs: &'a S,
    /// The subscriptions as they are now.
    pub subscriptions: &'a [Subscription],
    /// Who does it, for the audit trail.
    pub by: &'a str,
    /// When.
    pub now: Timestamp,
}

/// What was done about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Nothing.
    Nothing,
    /// Its record was written.
    Recorded,
    /// It ends: what is left of it is being removed.
    Ended,
    /// Somebody else wrote its record at the same time: they go on with it, or the next look does.
    LeftToOthers,
}

impl<'a, L: Connections + Shares, S: StartRun> Hand<'a, L, S> {
    /// The subscription whose settings hold.
    #[must_use]
    pub fn first_claim(&self, record: &Connection) -> Option<&'a Subscription> {
        record.claims.iter().find_map(|claim| self.subscriptions.iter().find(|s| s.name == *claim))
    }

    /// The same where something is done by its word: if it can't be read, nobody speaks in its place.
    #[must_use]
    pub fn speaker(&self, record: &Connection) -> Option<&'a Subscription> {
        self.subscriptions.iter().find(|subscription| Some(&subscription.name) == record.claims.first())
    }

    /// What the subscription says of what is not as it should be.
    #[must_use]
    pub fn reconcile(&self, record: &Connection) -> Reconcile {
        self.speaker(record).map(|subscription| subscription.reconcile).unwrap_or_default()
    }

    /// Writes what was decided; of what is over, starts the run that removes what is left. The run of a grace period, which
    /// waits, is left to whoever can wake it, and to the sweep.
    ///
    /// # Errors
    /// Of the ledger and of Step Functions. What was written and not started is started by the next sweep.
    pub async fn carry_out(&self, record: &Connection, plan: Plan) -> Result<Done, Fault> {
        let ends = matches!(plan.standing, Standing::Over(..));
        let (next, what) = match (plan.standing, plan.write) {
            (Standing::Over(cause, why), _) => {
                let share = match &record.share_arn {
                    Some(arn) => self.ledger.share(arn).await?,
                    None => None,
                };
                let digest = deciding_digest(record, share.as_ref(), self.subscriptions);
                let gone = self.reconcile(record).gone;
                let Some(next) = over(record, cause, &why, gone, self.by, digest, self.now) else {
                    return Ok(Done::Nothing);
                };
                (next, why)
            }
            (_, Some(write)) => write,
            (_, None) => return Ok(Done::Nothing),
        };
        let Some(saved) = self.save(next, what).await? else { return Ok(Done::LeftToOthers) };
        if ends {
            self.start(&saved).await?;
            return Ok(Done::Ended);
        }
        Ok(Done::Recorded)
    }

    /// Writes a record; none if somebody else wrote it at the same time.
    ///
    /// # Errors
    /// Of the ledger.
    pub async fn save(&self, next: Connection, what: String) -> Result<Option<Connection>, Fault> {
        let audit = AuditEntry { at: self.now, by: self.by.to_owned(), execution: None, what };
        match self.ledger.save_connection(next, audit).await {
            Ok(saved) => Ok(Some(saved)),
            Err(fault) if fault.name == FaultName::LedgerConflict => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Starts the run that a record waits for, if no run has it.
    ///
    /// # Errors
    /// Of whoever starts it.
    pub async fn start(&self, record: &Connection) -> Result<(), Fault> {
        if !record.is_under_way() || record.execution.is_some() {
            return Ok(());
        }
        self.runs.start_run(record).await
    }
}
