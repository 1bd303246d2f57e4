//! Record why, remove what this run made, see it gone. Only what carries the connection's tag
//! *and* stands in its record is removed; what is gone already is success.

use std::collections::BTreeMap;
use std::mem;

use drawbridge_domain::connection::{Connection, Made, MadeGroup, Plan, PlannedCall, Status};
use drawbridge_domain::ending::Cause;
use drawbridge_domain::fault::FaultRecord;
use drawbridge_domain::grace::{self, Leave};
use drawbridge_domain::identity::{TAG_CONNECTION, TAG_OWNER};
use drawbridge_domain::ids::{ConnectionId, ResourceShareArn, SecurityGroupId, VpcEndpointId};
use drawbridge_domain::messages::{CloseAnswer, CloseRequest, ErrorOutput, Subject};
use drawbridge_domain::network::same_word;
use drawbridge_domain::ports::{
    AuditEntry, Connections, FindEndpoints, LookAtNetwork, RemoveEndpoint, RemoveGroup, RemoveNotifications,
    ServiceNetworks, Shares, made_text,
};
use drawbridge_domain::share::ShareStatus;
use drawbridge_domain::sweep::{self, MAX_TRANSIENT_RUNS};
use drawbridge_domain::{Class, Fault, FaultName, Timestamp, ending, truth};
use drawbridge_runtime::{Environment, Handler, count, count_fault};
use jiff::SignedDuration;

/// What the environment sets.
pub struct Settings {
    settle: SignedDuration,
    /// The topic that is told what providers decide.
    topic: String,
    /// For how long a security group that EC2 refuses to delete is tried again: its interfaces may go late.
    patience: SignedDuration,
}

impl Settings {
    pub fn read(environment: &mut Environment) -> Self {
        let settle = i64::from(environment.number("SETTLE_SECONDS", 60, 0));
        Self {
            settle: SignedDuration::from_secs(settle),
            topic: environment.text("NOTIFICATIONS_TOPIC_ARN"),
            patience: SignedDuration::from_secs(10 * settle),
        }
    }
}

/// The function's ports.
pub struct Close<E, N, L> {
    pub ec2: E,
    pub lattice: N,
    pub ledger: L,
    pub settings: Settings,
}

impl<E, N, L> Handler for Close<E, N, L>
where
    E: FindEndpoints + RemoveEndpoint + RemoveNotifications + RemoveGroup + LookAtNetwork,
    N: ServiceNetworks,
    L: Connections + Shares,
{
    type Request = CloseRequest;
    type Answer = CloseAnswer;

    async fn handle(&self, request: CloseRequest, now: Timestamp) -> Result<CloseAnswer, Fault> {
        match &request.subject {
            Subject::Connection(id) => self.close_connection(id, &request, now).await,
            Subject::Share(arn) => self.record_share(arn, &request, now).await,
        }
    }
}

impl<E, N, L> Close<E, N, L>
where
    E: FindEndpoints + RemoveEndpoint + RemoveNotifications + RemoveGroup + LookAtNetwork,
    N: ServiceNetworks,
    L: Connections + Shares,
{
    async fn close_connection(
        &self,
        id: &ConnectionId,
        request: &CloseRequest,
        now: Timestamp,
    ) -> Result<CloseAnswer, Fault> {
        let connection = self
            .ledger
            .connection(id)
            .await?
            .ok_or_else(|| FaultName::ConnectionNotFound.because(format!("the ledger has no connection {id}")))?;
        // Told once more, because the answer was lost or the task came twice.
        if is_kept(&connection, request) {
            return Err(FaultName::KeptAfterAll.because(connection.why));
        }
        let asked_for = request.fault.is_some() || connection.ending.is_some();
        if connection.attempt != request.attempt || connection.status == Status::Ready || !asked_for {
            return Err(FaultName::RunOver.because(format!(
                "this is attempt {} at {id}, the ledger is at attempt {} and says {}: nothing is closed",
                request.attempt,
                connection.attempt,
                connection.status.as_str()
            )));
        }
        if let Some(holder) = connection.execution.as_ref().filter(|holder| **holder != request.execution) {
            return Err(FaultName::ConnectionBusy.because(format!("{id} is held by {holder}: nothing is closed")));
        }
        if matches!(connection.status, Status::Failed | Status::Closed) {
            let fault = request.fault.as_ref().map(|said| connection.fault.unwrap_or_else(|| said.fault()));
            return Ok(CloseAnswer { fault, removed: Vec::new() });
        }
        let connection = self.leave_grace(connection, request, now).await?;
        let connection = self.begin(connection, request, now).await?;
        let mut connection = self.remember_made(connection, request, now).await?;
        let removed = match self.remove(&connection).await {
            Ok(kept) => self.remove_group(&connection, now).await.map(|group| (kept, group)),
            Err(fault) => Err(fault),
        };
        let (kept, group) = match removed {
            Ok(removed) => removed,
            Err(fault) => {
                self.tell_obstacle(connection, &fault, request, now).await?;
                return Err(fault);
            }
        };
        if let Group::Used(id, None) = group {
            return self.wait_for_group(connection, id, request, now).await;
        }
        self.settle(&connection, now)?;
        let mut left = match &connection.made {
            Some(Made::Endpoint(id)) => self.untell(&connection, id).await?.unwrap_or_default(),
            Some(Made::Association(_)) | None => String::new(),
        };
        left += &self.remove_groups_left(&mut connection).await?;
        self.finish(connection, &kept, &group, &left, request, now).await
    }

    /// Of what can be used for the rest of its grace period nothing is removed: the run waits, or it ends because the
    /// connection is kept. Which of the two ends a grace period is decided by one conditional write: this one.
    async fn leave_grace(
        &self,
        connection: Connection,
        request: &CloseRequest,
        now: Timestamp,
    ) -> Result<Connection, Fault> {
        let Some(wait) = grace::wait(&connection) else {
            return Ok(connection);
        };
        if request.fault.is_some() {
            return Err(FaultName::ConnectionBusy
                .because(format!("{} is in its grace period, which no run of `connect` ends", connection.id)));
        }
        let until = format!("it can be used until {}: nothing is removed yet", wait.until);
        match grace::leaves(&connection, now) {
            None => {
                if connection.execution.is_none() {
                    let mut next = connection;
                    next.execution = Some(request.execution.clone());
                    self.ledger.save_connection(next, audit(request, now, until.clone())).await?;
                }
                Err(FaultName::GraceRunning.because(until))
            }
            Some(Leave::Kept(why)) => {
                if let Some((cause, seen)) = self.is_gone(&connection).await? {
                    let mut next = grace::gone(&connection, cause, &seen, now);
                    next.execution = Some(request.execution.clone());
                    return self.ledger.save_connection(next, audit(request, now, format!("closing: {seen}"))).await;
                }
                let mut next = grace::kept(&connection, why, now);
                next.execution = Some(request.execution.clone());
                let why = next.why.clone();
                self.ledger.save_connection(next, audit(request, now, why.clone())).await?;
                count("Kept", 1, &[], now);
                Err(FaultName::KeptAfterAll.because(why))
            }
            Some(Leave::Over(why)) => {
                let mut next = grace::over(&connection, now);
                next.execution = Some(request.execution.clone());
                let what = format!("closing, because {why}: {}", next.why);
                self.ledger.save_connection(next, audit(request, now, what)).await
            }
        }
    }

    /// Whether AWS says that what was made is over, and why. What is not shown, or not to be read, is no word on it: that
    /// is looked at again when it is ready.
    async fn is_gone(&self, connection: &Connection) -> Result<Option<(Cause, String)>, Fault> {
        Ok(match &connection.made {
            Some(Made::Endpoint(id)) => {
                let shown = truth::told(self.ec2.endpoint(id).await)?.ok().flatten();
                shown.and_then(|endpoint| truth::endpoint_over(&endpoint))
            }
            Some(Made::Association(id)) => {
                let shown = truth::told(self.lattice.association(id).await)?.ok().flatten();
                shown.and_then(|association| truth::association_over(&association))
            }
            None => None,
        })
    }

    /// Writes down that and why it is closed, before anything is removed.
    async fn begin(&self, connection: Connection, request: &CloseRequest, now: Timestamp) -> Result<Connection, Fault> {
        if connection.status == Status::Closing && connection.execution.is_some() {
            return Ok(connection);
        }
        let mut next = connection;
        next.execution = Some(request.execution.clone());
        let Some(fault) = request.fault.as_ref().map(ErrorOutput::fault) else {
            // Whoever wrote that it is to be closed wrote the reason, and a run before this one what is in the way.
            let why = if next.status == Status::Closing { next.why.clone() } else { reason(&next, request) };
            let what = format!("closing: {why}");
            next.become_status(Status::Closing, now, why, format!("{} is removed", made_text(next.made.as_ref())));
            return self.ledger.save_connection(next, audit(request, now, what)).await;
        };
        if next.status != Status::Closing || next.fault.is_none() {
            if fault.class() == Class::Transient {
                next.transient_runs += 1;
            }
            count("Closed", 1, &[("fault", &fault.name)], now);
            next.fault = Some(fault.clone());
        }
        let why = reason(&next, request);
        let what = format!("closing because of {}: {}", fault.name, fault.message);
        next.become_status(Status::Closing, now, why, format!("{} is removed", made_text(next.made.as_ref())));
        self.ledger.save_connection(next, audit(request, now, what)).await
    }

    /// What a call made whose answer was never heard: written down before it is removed, so that
    /// the ledger knows everything that ever was.
    async fn remember_made(
        &self,
        connection: Connection,
        request: &CloseRequest,
        now: Timestamp,
    ) -> Result<Connection, Fault> {
        let (None, Some(plan)) = (&connection.made, &connection.plan) else {
            return Ok(connection);
        };
        let Some(made) = self.find(&connection, plan).await? else {
            return Ok(connection);
        };
        let what = format!("{} was made and is removed", made.id());
        let mut next = connection;
        next.next = format!("{} is removed", made.id());
        next.made = Some(made);
        self.ledger.save_connection(next, audit(request, now, what)).await
    }

    /// What carries the tags of this connection's present generation.
    async fn find(&self, connection: &Connection, plan: &Plan) -> Result<Option<Made>, Fault> {
        if let PlannedCall::ServiceNetworkResource { resource, service_network, .. } = &plan.call {
            for association in self.lattice.associations(service_network, resource, false).await? {
                let tags = self.lattice.association_tags(&association.arn).await?;
                if is_ours(&tags, connection, plan) {
                    return Ok(Some(Made::Association(association.id)));
                }
            }
            return Ok(None);
        }
        let tagged = self.ec2.endpoints_tagged(TAG_CONNECTION, connection.id.as_str()).await?;
        let ours = tagged.into_iter().find(|e| !e.is_deleted() && is_ours(&e.tags, connection, plan));
        Ok(ours.map(|endpoint| Made::Endpoint(endpoint.id)))
    }

    /// Why closing does not get done is what the person on call needs to know.
    async fn tell_obstacle(
        &self,
        connection: Connection,
        obstacle: &Fault,
        request: &CloseRequest,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let why = format!("{}; it can't be removed: {obstacle}", reason(&connection, request));
        if obstacle.class() == Class::Transient || connection.why == why {
            return Ok(());
        }
        let mut next = connection;
        next.why = why;
        next.next = format!("{} Until then the sweep tries again, at most hourly.", obstacle.name.remedy());
        let what = format!("it can't be removed: {obstacle}");
        self.ledger.save_connection(next, audit(request, now, what)).await.map(drop)
    }

    /// Removes what is ours. `NotReady` until nothing of it is shown any more. Gives back what an AWS service keeps.
    async fn remove(&self, connection: &Connection) -> Result<Vec<String>, Fault> {
        let Some(plan) = &connection.plan else {
            return Ok(Vec::new());
        };
        match &plan.call {
            PlannedCall::ServiceNetworkResource { .. } => self.remove_associations(connection, plan).await,
            PlannedCall::ResourceEndpoint { .. }
            | PlannedCall::ServiceNetworkEndpoint { .. }
            | PlannedCall::InterfaceEndpoint { .. }
            | PlannedCall::GatewayEndpoint { .. } => self.remove_endpoints(connection, plan).await.map(|()| Vec::new()),
        }
    }

    async fn remove_endpoints(&self, connection: &Connection, plan: &Plan) -> Result<(), Fault> {
        let mut endpoints = self.ec2.endpoints_tagged(TAG_CONNECTION, connection.id.as_str()).await?;
        if let Some(Made::Endpoint(id)) = &connection.made
            && !endpoints.iter().any(|endpoint| endpoint.id == *id)
        {
            endpoints.extend(self.ec2.endpoint(id).await?);
        }
        let mut left = Vec::new();
        for endpoint in endpoints.into_iter().filter(|endpoint| !endpoint.is_deleted()) {
            if is_anothers(endpoint.id.as_str(), connection) {
                continue;
            }
            let deleting = same_word(&endpoint.state, "deleting");
            // What is being deleted already may have lost its tags: that is no question any more.
            if !deleting && !is_ours(&endpoint.tags, connection, plan) {
                left_alone(endpoint.id.as_str(), connection)?;
                continue;
            }
            if !deleting {
                // Whether it goes with its endpoint is documented nowhere, and it is the endpoint's tags that permit this.
                self.untell(connection, &endpoint.id).await?;
                self.ec2.delete(&endpoint.id).await?;
            }
            left.push(endpoint.id.to_string());
        }
        still_there(&left)
    }

    /// Has nobody told any more of what an interface endpoint's provider decides. What lasts and is in the way of that, in words:
    /// it keeps no endpoint from being removed.
    async fn untell(&self, connection: &Connection, id: &VpcEndpointId) -> Result<Option<String>, Fault> {
        if !matches!(&connection.plan, Some(Plan { call: PlannedCall::InterfaceEndpoint { .. }, .. })) {
            return Ok(None);
        }
        let removed = truth::told(self.ec2.remove_notifications(id, &self.settings.topic).await)?;
        let Err(fault) = removed else { return Ok(None) };
        tracing::warn!(id = id.as_str(), "its connection notification can't be removed: {fault}");
        Ok(Some(format!("; a connection notification of {id} may be left: {fault}")))
    }

    async fn remove_associations(&self, connection: &Connection, plan: &Plan) -> Result<Vec<String>, Fault> {
        let PlannedCall::ServiceNetworkResource { resource, service_network, .. } = &plan.call else {
            return Ok(Vec::new());
        };
        let mut associations = self.lattice.associations(service_network, resource, false).await?;
        if let Some(Made::Association(id)) = &connection.made
            && !associations.iter().any(|association| association.id == *id)
        {
            associations.extend(self.lattice.association(id).await?);
        }
        let (mut left, mut kept) = (Vec::new(), Vec::new());
        for association in associations {
            if is_anothers(association.id.as_str(), connection) {
                continue;
            }
            let made = connection.made.as_ref().is_some_and(|made| made.id() == association.id.as_str());
            if same_word(&association.status, "DELETE_IN_PROGRESS") {
                if made {
                    left.push(association.id.to_string());
                }
                continue;
            }
            let tags = self.lattice.association_tags(&association.arn).await?;
            if !is_ours(&tags, connection, plan) {
                // One that went away since the list was read has no tags either.
                if !made || self.lattice.association(&association.id).await?.is_some() {
                    left_alone(association.id.as_str(), connection)?;
                }
                continue;
            }
            // Nobody but the service that keeps it can delete it: that is told, not fought.
            if association.managed {
                kept.push(association.id.to_string());
                continue;
            }
            // While it is still being created, VPC Lattice answers ConflictException.
            match self.lattice.disassociate(&association.id).await {
                Err(fault) if fault.name == FaultName::Conflict => {}
                outcome => outcome?,
            }
            left.push(association.id.to_string());
        }
        still_there(&left).map(|()| kept)
    }

    /// Removes the connection's own security group, once nothing of ours is left that uses it.
    async fn remove_group(&self, connection: &Connection, now: Timestamp) -> Result<Group, Fault> {
        let Some(plan) = connection.plan.as_ref().filter(|plan| plan.group.is_some()) else {
            return Ok(Group::None);
        };
        let tagged = self.ec2.groups_tagged(TAG_CONNECTION, connection.id.as_str()).await?;
        let recorded = connection.group.as_ref();
        let Some(ours) = tagged.into_iter().find(|group| is_ours(&group.tags, connection, plan)) else {
            // Somebody may have deleted it, or taken its tags off.
            let Some(group) = recorded else { return Ok(Group::None) };
            return match self.ec2.security_groups(std::slice::from_ref(&group.id)).await?.first() {
                Some(_) => Err(FaultName::Conflict.because(format!(
                    "{} stands in the ledger as made for {}, but does not carry its tags {TAG_CONNECTION} and \
                     {TAG_OWNER}; delete it by hand, or put the tags back",
                    group.id, connection.id
                ))),
                None => Ok(Group::Removed(group.id.clone())),
            };
        };
        match self.ec2.delete_group(&ours.id).await {
            Ok(()) => Ok(Group::Removed(ours.id)),
            // EC2 takes a while to let go of what an endpoint stood on. What lasts is somebody else's use of it.
            Err(fault) if fault.name == FaultName::Conflict => {
                match recorded.filter(|group| group.id == ours.id).and_then(|group| group.refused_since) {
                    Some(since) if now.duration_since(since) < self.settings.patience => {
                        Err(FaultName::NotReady.because(format!("waiting until nothing uses {}", ours.id)))
                    }
                    since => Ok(Group::Used(ours.id, since)),
                }
            }
            Err(fault) => Err(fault),
        }
    }

    /// Tries again to remove what an earlier close left to whoever used it; says what became of it. Nothing is waited for, and
    /// nothing keeps the connection from being closed: what can't be removed stays in the record.
    async fn remove_groups_left(&self, connection: &mut Connection) -> Result<String, Fault> {
        if connection.groups_left.is_empty() {
            return Ok(String::new());
        }
        let tagged = match truth::told(self.ec2.groups_tagged(TAG_CONNECTION, connection.id.as_str()).await)? {
            Ok(tagged) => tagged,
            Err(fault) => return Ok(format!("; what an earlier close left could not be looked at: {fault}")),
        };
        let mut said = String::new();
        for id in mem::take(&mut connection.groups_left) {
            let became = if tagged.iter().any(|group| group.id == id) {
                match truth::told(self.ec2.delete_group(&id).await)? {
                    Ok(()) => "is removed".to_owned(),
                    Err(fault) => {
                        connection.groups_left.push(id.clone());
                        if fault.name == FaultName::Conflict {
                            "is still used by somebody else".to_owned()
                        } else {
                            format!("can't be removed: {fault}")
                        }
                    }
                }
            } else {
                "is gone or carries our tags no more".to_owned()
            };
            said = format!("{said}; {id}, which an earlier close left, {became}");
        }
        Ok(said)
    }

    /// Writes down since when the group is refused, so that it is not waited for without end.
    async fn wait_for_group(
        &self,
        connection: Connection,
        id: SecurityGroupId,
        request: &CloseRequest,
        now: Timestamp,
    ) -> Result<CloseAnswer, Fault> {
        let what = format!("waiting until nothing uses {id}");
        let mut next = connection;
        next.next = format!("{id} is removed when nothing uses it; if that lasts, it is left to whoever does");
        next.group = Some(MadeGroup { id, refused_since: Some(now) });
        self.ledger.save_connection(next, audit(request, now, what.clone())).await?;
        Err(FaultName::NotReady.because(what))
    }

    /// A plan without a result: the call may have been made and never answered, and reads lag. So
    /// "nothing is shown" only counts after a while.
    fn settle(&self, connection: &Connection, now: Timestamp) -> Result<(), Fault> {
        let unsure = connection.plan.is_some() && connection.made.is_none();
        if unsure && now.duration_since(connection.since) < self.settings.settle {
            return Err(FaultName::NotReady.because(format!(
                "whether anything was made is not known for certain; it is looked at again for {} s",
                self.settings.settle.as_secs()
            )));
        }
        Ok(())
    }

    async fn finish(
        &self,
        mut connection: Connection,
        kept: &[String],
        group: &Group,
        left: &str,
        request: &CloseRequest,
        now: Timestamp,
    ) -> Result<CloseAnswer, Fault> {
        let made = connection.made.iter().map(|made| made.id().to_owned());
        let mut removed: Vec<String> = made.filter(|made| !kept.contains(made)).collect();
        if let Group::Removed(group) = group {
            removed.push(group.to_string());
        }
        let gone = if !kept.is_empty() {
            format!("{} is managed by an AWS service, which alone can delete it, and stays", kept.join(", "))
        } else if removed.is_empty() {
            "nothing was made".to_owned()
        } else {
            format!("{} is removed", removed.join(" and "))
        };
        let gone = match group {
            Group::Used(id, _) => {
                connection.groups_left.push(id.clone());
                format!("{gone}; somebody else uses {id}, its security group, so it stays: delete it when they do not")
            }
            Group::None | Group::Removed(_) => gone,
        };
        let gone = gone + left;
        let said = request.fault.as_ref().map(ErrorOutput::fault);
        if let Some(cause) = connection.ending.as_ref().map(|ending| ending.cause) {
            let next = ending::finished(&connection, &gone, now);
            count("Ended", 1, &[("cause", cause.as_str())], now);
            // No run failed in it: it had been ready. Where nothing opens it again, a person is needed all the same.
            let is_association = matches!(connection.made, Some(Made::Association(_)));
            if let Some(fault) = cause.fault(is_association).filter(|_| next.status == Status::Closed) {
                count_fault(fault, now);
            }
            let what = format!("closed; {gone}");
            self.ledger.save_connection(next, audit(request, now, what)).await?;
            return Ok(CloseAnswer { fault: said, removed });
        }
        let Some(fault) = connection.fault.clone().or(said) else {
            return Err(nothing_said());
        };
        let fault = exhausted(connection.transient_runs, &fault, now);
        let mut next = connection;
        next.nothing_stands();
        next.fault = Some(fault.clone());
        let why = format!("{}: {} ({gone})", fault.name, fault.message);
        let what = format!("failed; {gone}");
        let what_next = what_next(&fault, next.transient_runs);
        next.become_status(Status::Failed, now, why, what_next);
        self.ledger.save_connection(next, audit(request, now, what)).await?;
        Ok(CloseAnswer { fault: Some(fault), removed })
    }

    /// An onboarding: there is nothing to remove, the reason is recorded.
    async fn record_share(
        &self,
        arn: &ResourceShareArn,
        request: &CloseRequest,
        now: Timestamp,
    ) -> Result<CloseAnswer, Fault> {
        let fault = request.fault.as_ref().map(ErrorOutput::fault).ok_or_else(nothing_said)?;
        let record = self
            .ledger
            .share(arn)
            .await?
            .ok_or_else(|| FaultName::ShareNotFound.because(format!("the ledger has no record of {arn}")))?;
        if record.attempt != request.attempt {
            return Err(FaultName::RunOver.because(format!(
                "this is attempt {} at {arn}, the ledger is at attempt {}: nothing is recorded",
                request.attempt, record.attempt
            )));
        }
        if !record.is_under_way() {
            let fault = record.fault.unwrap_or(fault);
            return Ok(CloseAnswer { fault: Some(fault), removed: Vec::new() });
        }
        let mut next = record;
        if fault.class() == Class::Transient {
            next.transient_runs += 1;
        }
        count("Closed", 1, &[("fault", &fault.name)], now);
        let fault = exhausted(next.transient_runs, &fault, now);
        let status = match FaultName::parse(&fault.name) {
            Some(FaultName::InvitationExpired) => ShareStatus::Expired,
            Some(FaultName::InvitationRejected) => ShareStatus::Rejected,
            _ => ShareStatus::Failed,
        };
        let mut why = vec![format!("{}: {}", fault.name, fault.message)];
        if next.accepted_at.is_some() {
            why.push("it is accepted and stays so: only its owner can take it back".to_owned());
        }
        let what_next = what_next(&fault, next.transient_runs);
        next.fault = Some(fault.clone());
        next.execution = Some(request.execution.clone());
        next.become_status(status, now, why, what_next);
        let what = format!("{} because of {}", status.as_str(), fault.name);
        self.ledger.save_share(next, audit(request, now, what)).await?;
        Ok(CloseAnswer { fault: Some(fault), removed: Vec::new() })
    }
}

/// What became of the connection's own security group.
enum Group {
    /// It has none.
    None,
    /// It is gone.
    Removed(SecurityGroupId),
    /// Something that is not ours uses it; since when EC2 said so, if it did before.
    Used(SecurityGroupId, Option<Timestamp>),
}

/// Whether this run was to close it, and kept it at the end of its grace period.
fn is_kept(connection: &Connection, request: &CloseRequest) -> bool {
    connection.status == Status::Ready
        && connection.attempt == request.attempt
        && connection.execution.as_ref() == Some(&request.execution)
        && request.fault.is_none()
}

/// Why it is closed, in words: what failed, or what ends it.
fn reason(connection: &Connection, request: &CloseRequest) -> String {
    if let Some(ending) = &connection.ending {
        return ending.why.clone();
    }
    let fault = connection.fault.clone().or_else(|| request.fault.as_ref().map(ErrorOutput::fault));
    fault.map_or_else(String::new, |fault| format!("{}: {}", fault.name, fault.message))
}

fn nothing_said() -> Fault {
    FaultName::UndecodableInput.because("the input says of no fault, and the record of nothing that ends it")
}

/// Both must hold: it carries this connection's tag, and it is in the connection's record, by the
/// owner token of its plan.
fn is_ours(tags: &BTreeMap<String, String>, connection: &Connection, plan: &Plan) -> bool {
    tags.get(TAG_CONNECTION).is_some_and(|id| id == connection.id.as_str()) && tags.get(TAG_OWNER) == Some(&plan.token)
}

/// Tags can be copied. Of a connection that was ready the record knows what was made, by its id: whatever else
/// carries the same tags was made by somebody else. Before that, an answer that was lost may have left a second one.
fn is_anothers(id: &str, connection: &Connection) -> bool {
    // A gateway endpoint has no names that could tell that it was ready.
    let was_ready = !connection.databases.is_empty()
        || connection.plan.as_ref().zip(connection.ready_at).is_some_and(|(plan, at)| at >= plan.planned_at);
    let anothers = was_ready && connection.made.as_ref().is_some_and(|made| made.id() != id);
    if anothers {
        tracing::warn!(id, connection = connection.id.as_str(), "it is left alone: it does not stand in the record");
    }
    anothers
}

/// What is not ours is left alone. If the record says that it *is* ours, its tags were taken off,
/// and nobody but a person can tell.
fn left_alone(id: &str, connection: &Connection) -> Result<(), Fault> {
    if connection.made.as_ref().is_some_and(|made| made.id() == id) {
        return Err(FaultName::Conflict.because(format!(
            "{id} stands in the ledger as made for {}, but does not carry its tags {TAG_CONNECTION} and {TAG_OWNER}; \
             delete it by hand, or put the tags back",
            connection.id
        )));
    }
    tracing::warn!(id, "it is left alone: it does not carry this connection's tags");
    Ok(())
}

fn still_there(left: &[String]) -> Result<(), Fault> {
    if left.is_empty() {
        return Ok(());
    }
    Err(FaultName::NotReady.because(format!("waiting until {} is gone", left.join(", "))))
}

/// Tells of the last of several runs, too, which no run follows: its own fault is one that rings nothing.
fn exhausted(runs: u32, fault: &FaultRecord, now: Timestamp) -> FaultRecord {
    let told = sweep::exhausted(runs, fault);
    if told != *fault {
        count_fault(FaultName::AttemptsExhausted, now);
    }
    told
}

fn what_next(fault: &FaultRecord, transient_runs: u32) -> String {
    if fault.class() == Class::Transient {
        format!("the sweep starts another attempt ({transient_runs} of {MAX_TRANSIENT_RUNS})")
    } else {
        fault.remedy().to_owned()
    }
}

fn audit(request: &CloseRequest, now: Timestamp, what: String) -> AuditEntry {
    AuditEntry { at: now, by: "close".to_owned(), execution: Some(request.execution.clone()), what }
}
