//! The group stands in the plan before it is made, under the plan's token as its name: who asks for it
//! again finds it. `open` makes the endpoint when the record has it.

use drawbridge_domain::connection::{Connection, Status};
use drawbridge_domain::messages::{ConnectRequest, OpenAnswer};
use drawbridge_domain::ports::{AuditEntry, Connections, MakeGroup};
use drawbridge_domain::{Fault, FaultName, Timestamp};
use drawbridge_runtime::Handler;

/// The function's ports.
pub struct Guard<E, L> {
    pub ec2: E,
    pub ledger: L,
}

impl<E, L> Handler for Guard<E, L>
where
    E: MakeGroup,
    L: Connections,
{
    type Request = ConnectRequest;
    type Answer = OpenAnswer;

    async fn handle(&self, request: ConnectRequest, now: Timestamp) -> Result<OpenAnswer, Fault> {
        let id = &request.connection;
        let connection = self
            .ledger
            .connection(id)
            .await?
            .ok_or_else(|| FaultName::ConnectionNotFound.because(format!("the ledger has no connection {id}")))?;
        may_work(&connection, &request)?;
        if let Some(group) = &connection.group {
            return Ok(OpenAnswer { connection: id.clone(), made: group.id.to_string() });
        }
        let Some((plan, planned)) = connection.plan.as_ref().and_then(|plan| Some((plan, plan.group.as_ref()?))) else {
            return Err(FaultName::RunOver.because(format!("no security group is planned for {id}")));
        };
        let group = self.ec2.make_group(&plan.token, &planned.vpc, &plan.tags).await?;
        self.ec2.admit(&group, planned).await?;
        let what = format!("{group} is made");
        let mut next = connection;
        next.stand_behind(group.clone());
        next.next = format!("its endpoint is made behind {group}");
        let by = "guard".to_owned();
        let audit = AuditEntry { at: now, by, execution: Some(request.execution.clone()), what };
        self.ledger.save_connection(next, audit).await?;
        Ok(OpenAnswer { connection: request.connection, made: group.to_string() })
    }
}

/// Only the run that has the connection works on it, and not on what is over or ends.
fn may_work(connection: &Connection, request: &ConnectRequest) -> Result<(), Fault> {
    let id = &connection.id;
    let under_way = matches!(connection.status, Status::Opening | Status::Waiting | Status::Ready);
    if connection.attempt != request.attempt || !under_way {
        return Err(FaultName::RunOver.because(format!(
            "this is attempt {} at {id}, the ledger is at attempt {} and says {}",
            request.attempt,
            connection.attempt,
            connection.status.as_str()
        )));
    }
    if connection.execution.as_ref() != Some(&request.execution) {
        let holder = connection.execution.as_deref().unwrap_or("nobody");
        return Err(FaultName::ConnectionBusy.because(format!("{id} is held by {holder}")));
    }
    if let Some(ending) = &connection.ending {
        return Err(FaultName::Withdrawn.because(ending.why.clone()));
    }
    Ok(())
}
