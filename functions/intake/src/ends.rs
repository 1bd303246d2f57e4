//! What ends: claims that stand no more, shares that RAM shows no more, and the runs that close.

use drawbridge_domain::connection::{Connection, Status};
use drawbridge_domain::grace::{self, Leave};
use drawbridge_domain::identity;
use drawbridge_domain::ids::ConnectionId;
use drawbridge_domain::ports::{
    Attention, Connections, FindShares, Resume, Senders, Shares, Subscriptions, Waits, Workflows,
};
use drawbridge_domain::share::ShareRecord;
use drawbridge_domain::sweep::ShareStep;
use drawbridge_domain::{Fault, FaultName, claims};
use futures_util::{StreamExt as _, stream};

use crate::handler::{AT_ONCE, Round};
use crate::summary::Done;

impl<R, L, W> Round<'_, R, L, W>
where
    R: FindShares,
    L: Subscriptions + Shares + Connections + Attention + Waits + Senders,
    W: Workflows + Resume,
{
    /// Holds the share's connections against the subscriptions, if anything changed since that was
    /// done, and writes down that it was. Not that it was done while a connection may have escaped:
    /// then the next sweep does it again.
    pub(crate) async fn settle(
        &self,
        record: Option<&ShareRecord>,
        step: ShareStep,
    ) -> (ShareStep, Vec<Result<Done, Fault>>) {
        let upcoming = match (&step, record) {
            (ShareStep::Run(next, _) | ShareStep::Record(next, _), _) => next.as_ref(),
            (ShareStep::Ensure | ShareStep::Wake | ShareStep::Nothing, Some(record)) => record,
            (ShareStep::Ensure | ShareStep::Wake | ShareStep::Nothing, None) => return (step, Vec::new()),
        };
        let settled = claims::digest(self.known, &upcoming.sender, upcoming.status);
        let Some(record) = record else {
            // It is new, so nothing can be connected yet.
            return (with_settled(step, None, settled), Vec::new());
        };
        // A run is started because something changed, maybe back to what it was: what was done about it since and is
        // not written down is undone here.
        // One that waits for a person writes nothing.
        let runs = matches!(step, ShareStep::Run(..) | ShareStep::Wake) || record.status.is_running();
        if record.settled.as_ref() == Some(&settled) && !runs {
            return (step, Vec::new());
        }
        let outcomes = match self.intake.ledger.connections_of_share(&record.arn).await {
            Err(fault) => vec![Err(fault)],
            Ok(ids) => {
                stream::iter(&ids)
                    .map(|id| self.settle_one(id, Some(upcoming)))
                    .buffer_unordered(AT_ONCE)
                    .collect::<Vec<_>>()
                    .await
            }
        };
        let each = outcomes.iter().all(|outcome| matches!(outcome, Ok(done) if *done != Done::LeftToOthers));
        if each && claims::all_are_found(record, self.now) {
            return (with_settled(step, Some(record), settled), outcomes);
        }
        (step, outcomes)
    }

    /// Holds one connection against the subscriptions and the share that brought it, if one did.
    pub(crate) async fn settle_one(&self, id: &ConnectionId, share: Option<&ShareRecord>) -> Result<Done, Fault> {
        let Some(connection) = self.intake.ledger.connection(id).await? else {
            return Ok(Done::Nothing);
        };
        // By whose word it is made may have changed since the index was written.
        if connection.share_arn.is_some() != share.is_some() {
            return Ok(Done::Nothing);
        }
        // One that is kept is `ready` as soon as its run has seen that, and is looked at again then.
        let rest = if self.is_kept(&connection) { Done::LeftToOthers } else { Done::Nothing };
        let Some((next, what)) = claims::settle(&connection, share, self.known, &self.by(), self.now) else {
            return Ok(rest);
        };
        match self.intake.ledger.save_connection(next, self.audit(what)).await {
            Ok(saved) if saved.status == Status::Closing && connection.status != Status::Closing => {
                self.start_run(&saved).await?;
                Ok(Done::Ended)
            }
            Ok(saved) if saved.ending.is_some() && connection.ending.is_none() => {
                self.wake_to_end(&saved).await?;
                Ok(Done::Ended)
            }
            Ok(saved) if grace::leaves(&saved, self.now).is_some() => {
                self.wake_to_end(&saved).await?;
                Ok(if self.is_kept(&saved) { Done::LeftToOthers } else { Done::Ended })
            }
            Ok(_) => Ok(rest),
            Err(fault) if fault.name == FaultName::LedgerConflict => Ok(Done::LeftToOthers),
            Err(fault) => Err(fault),
        }
    }

    /// Whether its run has yet to see that it leaves its grace period as it was.
    fn is_kept(&self, connection: &Connection) -> bool {
        matches!(grace::leaves(connection, self.now), Some(Leave::Kept(_)))
    }

    /// The machine whose run has the connection, or is to have it. One that a connect run closes
    /// stays with that run, also when it is to be closed for good by now.
    pub(crate) fn machine_of(&self, connection: &Connection) -> &str {
        let settings = &self.intake.settings;
        let of_connect = identity::execution_arn(&settings.connect_machine, "");
        let held = connection.execution.as_ref().is_some_and(|holder| holder.starts_with(&of_connect));
        if connection.status == Status::Closing && connection.ending.is_some() && !held {
            &settings.disconnect_machine
        } else {
            &settings.connect_machine
        }
    }
}

fn with_settled(step: ShareStep, record: Option<&ShareRecord>, settled: String) -> ShareStep {
    let settled = Some(settled);
    match (step, record) {
        (ShareStep::Run(next, what), _) => ShareStep::Run(Box::new(ShareRecord { settled, ..*next }), what),
        (ShareStep::Record(next, what), _) => ShareStep::Record(Box::new(ShareRecord { settled, ..*next }), what),
        (ShareStep::Nothing, Some(record)) => ShareStep::Record(
            Box::new(ShareRecord { settled, ..record.clone() }),
            "its connections were held against the subscriptions".to_owned(),
        ),
        (step, _) => step,
    }
}
