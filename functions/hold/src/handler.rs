//! Store the token, then read the truth once more: whoever answers writes the answer first and looks for a token then,
//! so one of the two always sees the other.

use drawbridge_domain::connection::{Connection, Made, Status};
use drawbridge_domain::ids::{ConnectionId, ResourceShareArn};
use drawbridge_domain::messages::{HoldAnswer, HoldRequest, Subject};
use drawbridge_domain::ports::{Connections, FindEndpoints, MakeNotification, Resume, Shares, Waits};
use drawbridge_domain::share::ShareRecord;
use drawbridge_domain::waiting::{self, Ticket, Wait};
use drawbridge_domain::{Class, Fault, FaultName, Timestamp};
use drawbridge_runtime::{Handler, count_fault};

/// The function's ports.
pub struct Hold<E, L, W> {
    pub ec2: E,
    pub ledger: L,
    pub workflows: W,
    /// The topic that is told what providers decide.
    pub topic: String,
}

impl<E, L, W> Handler for Hold<E, L, W>
where
    E: FindEndpoints + MakeNotification,
    L: Shares + Connections + Waits,
    W: Resume,
{
    type Request = HoldRequest;
    type Answer = HoldAnswer;

    async fn handle(&self, request: HoldRequest, now: Timestamp) -> Result<HoldAnswer, Fault> {
        let outcome = self.hold(&request, now).await;
        if let Err(fault) = &outcome {
            // A run must never wait on a token that nobody has. AWS fails the task when its function fails; not every
            // engine does, and to be told twice does no harm.
            if let Err(unheard) = self.workflows.fail(&request.token, fault).await {
                tracing::warn!("the run could not be told: {unheard}");
            }
        }
        outcome
    }
}

impl<E, L, W> Hold<E, L, W>
where
    E: FindEndpoints + MakeNotification,
    L: Shares + Connections + Waits,
    W: Resume,
{
    async fn hold(&self, request: &HoldRequest, now: Timestamp) -> Result<HoldAnswer, Fault> {
        let due = match &request.subject {
            Subject::Share(arn) => self.share(arn, request, now).await?,
            Subject::Connection(id) => self.connection(id, request, now).await?,
        };
        if let Some(why) = due {
            tracing::info!("it does not wait: {why}");
            self.workflows.resume(&request.token).await?;
        }
        Ok(HoldAnswer { resumed: due.map(str::to_owned) })
    }

    /// Why a share's run does not wait after all; none if it does.
    async fn share(
        &self,
        arn: &ResourceShareArn,
        request: &HoldRequest,
        now: Timestamp,
    ) -> Result<Option<&'static str>, Fault> {
        let record = self.load_share(arn, request).await?;
        let Some(wait) = record.awaited() else {
            return Ok(waiting::share_is_due(&record, now));
        };
        let before = self.ledger.ticket(&request.subject).await?;
        self.store(request, wait, before, false).await?;
        Ok(waiting::share_is_due(&self.load_share(arn, request).await?, now))
    }

    /// Why a connection's run does not wait after all; none if it does.
    async fn connection(
        &self,
        id: &ConnectionId,
        request: &HoldRequest,
        now: Timestamp,
    ) -> Result<Option<&'static str>, Fault> {
        let connection = self.load_connection(id, request).await?;
        let Some(wait) = &connection.wait else {
            return Ok(waiting::connection_is_due(&connection, now));
        };
        let before = self.ledger.ticket(&request.subject).await?;
        let known = before.as_ref().is_some_and(|before| before.told && before.wait.asked == wait.asked);
        let told = known || self.have_told(&connection, now).await;
        self.store(request, wait, before, told).await?;
        let connection = self.load_connection(id, request).await?;
        if let Some(why) = waiting::connection_is_due(&connection, now) {
            return Ok(Some(why));
        }
        // Of a grace period the record says everything.
        if connection.status == Status::Closing {
            return Ok(None);
        }
        let Some(Made::Endpoint(endpoint)) = &connection.made else {
            return Ok(Some("there is nothing to be accepted"));
        };
        let endpoint = self.ec2.endpoint(endpoint).await?;
        Ok((!waiting::is_pending(endpoint.as_ref())).then_some("its provider answered"))
    }

    /// Has our topic told what the provider decides; whether that is so. The sweep sees the answer anyway, so what goes wrong
    /// here fails nothing: it is tried again with the next token. What does not pass by itself rings.
    async fn have_told(&self, connection: &Connection, now: Timestamp) -> bool {
        let plan = connection.plan.as_ref().filter(|_| connection.status == Status::Waiting);
        let (Some(plan), Some(Made::Endpoint(endpoint))) = (plan, &connection.made) else { return false };
        match self.ec2.notify(endpoint, &self.topic, &format!("{}-told", plan.token)).await {
            Ok(()) => true,
            Err(fault) => {
                tracing::warn!(
                    connection = connection.id.as_str(),
                    fault = fault.name.as_str(),
                    "the provider's answer is seen by the sweep only: {}",
                    fault.message
                );
                if fault.class() != Class::Transient {
                    count_fault(fault.name, now);
                }
                false
            }
        }
    }

    /// Writes the token down in place of an earlier one. One that comes late is no use to anybody.
    async fn store(&self, request: &HoldRequest, wait: &Wait, before: Option<Ticket>, told: bool) -> Result<(), Fault> {
        if before.as_ref().is_some_and(|before| before.turn > request.turn) {
            return Err(FaultName::RunOver.because("a later token waits already: this one was delivered late"));
        }
        let ticket = Ticket {
            subject: request.subject.clone(),
            token: request.token.clone(),
            execution: request.execution.clone(),
            turn: request.turn,
            wait: wait.clone(),
            told,
            version: before.map_or(0, |before| before.version),
        };
        self.ledger.save_ticket(ticket).await
    }

    async fn load_share(&self, arn: &ResourceShareArn, request: &HoldRequest) -> Result<ShareRecord, Fault> {
        let record = self
            .ledger
            .share(arn)
            .await?
            .ok_or_else(|| FaultName::ShareNotFound.because(format!("the ledger has no record of {arn}")))?;
        if record.attempt != request.turn.attempt {
            return Err(over(arn.as_str(), request, record.attempt));
        }
        Ok(record)
    }

    async fn load_connection(&self, id: &ConnectionId, request: &HoldRequest) -> Result<Connection, Fault> {
        let connection = self
            .ledger
            .connection(id)
            .await?
            .ok_or_else(|| FaultName::ConnectionNotFound.because(format!("the ledger has no connection {id}")))?;
        if connection.attempt != request.turn.attempt {
            return Err(over(id.as_str(), request, connection.attempt));
        }
        if let Some(holder) = connection.execution.as_ref().filter(|holder| **holder != request.execution) {
            return Err(FaultName::ConnectionBusy.because(format!("{id} is held by {holder}")));
        }
        Ok(connection)
    }
}

fn over(of: &str, request: &HoldRequest, attempt: u32) -> Fault {
    FaultName::RunOver
        .because(format!("this is attempt {} at {of}, the ledger is at attempt {attempt}", request.turn.attempt))
}
