//! Claim, check, plan, make. The whole plan is in the ledger before the first mutating call, and
//! every retry says to AWS exactly what the plan says.

use std::collections::BTreeMap;

use drawbridge_domain::connection::{Connection, Made, Plan, PlannedCall, Status};
use drawbridge_domain::identity::{self, Home, TAG_CONNECTION, TAG_INSTALLATION, TAG_OWNER};
use drawbridge_domain::ids::{AssociationId, Installation, ResourceArn, ServiceNetworkId, VpcEndpointId};
use drawbridge_domain::look::Ports;
use drawbridge_domain::messages::{ConnectRequest, OpenAnswer};
use drawbridge_domain::network::same_word;
use drawbridge_domain::ports::{
    AuditEntry, Connections, Defaults, FindEndpoints, HostedZones, LookAtNetwork, LookAtPrivateNames, LookAtRoutes,
    LookAtServices, MakeEndpoint, ResourceConfigurations, ServiceNetworks, Subscriptions,
};
use drawbridge_domain::preflight::Severity;
use drawbridge_domain::sweep::MAX_TRANSIENT_RUNS;
use drawbridge_domain::{Fault, FaultName, Timestamp, claims};
use drawbridge_runtime::{Environment, Handler};

/// What the environment sets.
pub struct Settings {
    installation: Option<Installation>,
    deadline_minutes: u32,
}

impl Settings {
    pub fn read(environment: &mut Environment) -> Self {
        Self {
            installation: environment.installation(),
            deadline_minutes: environment.number("CONNECT_DEADLINE_MINUTES", 30, 1),
        }
    }
}

/// The function's ports.
pub struct Open<E, N, Z, L> {
    pub ec2: E,
    pub lattice: N,
    pub route53: Z,
    pub ledger: L,
    pub settings: Settings,
}

impl<E, N, Z, L> Handler for Open<E, N, Z, L>
where
    E: LookAtNetwork + LookAtServices + LookAtRoutes + LookAtPrivateNames + FindEndpoints + MakeEndpoint,
    N: ResourceConfigurations + ServiceNetworks,
    Z: HostedZones,
    L: Subscriptions + Connections,
{
    type Request = ConnectRequest;
    type Answer = OpenAnswer;

    async fn handle(&self, request: ConnectRequest, now: Timestamp) -> Result<OpenAnswer, Fault> {
        let run = Run { request: &request, now };
        let connection = self.load(&run).await?;
        if let (Status::Ready, Some(made)) = (connection.status, &connection.made) {
            return Ok(OpenAnswer { connection: connection.id.clone(), made: made.id().to_owned() });
        }
        let connection = self.claim(connection, &run).await?;
        if connection.transient_runs > MAX_TRANSIENT_RUNS {
            return Err(FaultName::AttemptsExhausted.because(format!(
                "{} runs in a row ended in a transient fault, the last in {}",
                connection.transient_runs,
                connection.fault.as_ref().map_or("an unknown one", |fault| fault.name.as_str())
            )));
        }
        let retried = connection.plan.is_some();
        let (connection, plan) = self.plan(connection, &run).await?;
        if plan.group.is_some() && connection.group.is_none() && connection.made.is_none() {
            return Err(
                FaultName::GroupWanted.because(format!("{} has no security group of its own yet", connection.id))
            );
        }
        let made = match self.make(&connection, &plan, retried).await {
            Err(fault) if may_not_be_known_yet(&connection, &fault, now) => {
                return Err(FaultName::NotReady.because(fault.message));
            }
            made => made?,
        };
        let answer = OpenAnswer { connection: connection.id.clone(), made: made.id().to_owned() };
        self.remember(connection, made, &run).await?;
        Ok(answer)
    }
}

/// One request, and when it came.
struct Run<'a> {
    request: &'a ConnectRequest,
    now: Timestamp,
}

impl Run<'_> {
    fn audit(&self, what: impl Into<String>) -> AuditEntry {
        AuditEntry {
            at: self.now,
            by: "open".to_owned(),
            execution: Some(self.request.execution.clone()),
            what: what.into(),
        }
    }
}

impl<E, N, Z, L> Open<E, N, Z, L>
where
    E: LookAtNetwork + LookAtServices + LookAtRoutes + LookAtPrivateNames + FindEndpoints + MakeEndpoint,
    N: ResourceConfigurations + ServiceNetworks,
    Z: HostedZones,
    L: Subscriptions + Connections,
{
    /// The record, if this run may work on it.
    async fn load(&self, run: &Run<'_>) -> Result<Connection, Fault> {
        let id = &run.request.connection;
        let connection = self
            .ledger
            .connection(id)
            .await?
            .ok_or_else(|| FaultName::ConnectionNotFound.because(format!("the ledger has no connection {id}")))?;
        if connection.attempt != run.request.attempt || matches!(connection.status, Status::Failed | Status::Closed) {
            return Err(FaultName::RunOver.because(format!(
                "this is attempt {} at {id}, the ledger is at attempt {} and says {}",
                run.request.attempt,
                connection.attempt,
                connection.status.as_str()
            )));
        }
        if let Some(holder) = connection.execution.as_ref().filter(|holder| **holder != run.request.execution) {
            return Err(FaultName::ConnectionBusy.because(format!("{id} is held by {holder}")));
        }
        if connection.status == Status::Closing {
            // This run must hold it to be allowed to go on closing.
            if connection.execution.is_none() {
                let mut next = connection;
                next.execution = Some(run.request.execution.clone());
                self.ledger.save_connection(next, run.audit("goes on closing")).await?;
            }
            return Err(FaultName::CloseUnconfirmed
                .because("an earlier run began to close it and did not see it closed; that is finished first"));
        }
        if let Some(ending) = &connection.ending {
            return Err(FaultName::Withdrawn.because(ending.why.clone()));
        }
        Ok(connection)
    }

    async fn claim(&self, connection: Connection, run: &Run<'_>) -> Result<Connection, Fault> {
        if connection.execution.is_some() {
            return Ok(connection);
        }
        let minutes = i64::from(self.settings.deadline_minutes);
        let mut next = connection;
        next.execution = Some(run.request.execution.clone());
        next.deadline = run.now.checked_add(jiff::SignedDuration::from_mins(minutes)).ok();
        if next.status != Status::Waiting {
            next.become_status(Status::Opening, run.now, "a run took it up", "preflight, then its endpoint is made");
        }
        self.ledger.save_connection(next, run.audit("claimed")).await
    }

    /// The plan of this generation: the one that is written down, or a new one, written down.
    async fn plan(&self, connection: Connection, run: &Run<'_>) -> Result<(Connection, Plan), Fault> {
        if let Some(plan) = connection.plan.clone() {
            return Ok((connection, plan));
        }
        let home = self.home(run)?;
        let (subscriptions, _) = self.ledger.subscriptions().await?;
        let (subscription, settings) = claims::settings_that_hold(&connection, &subscriptions, &home)?;
        // Of a quota that is used up EC2's refusal tells as much (docs/adr/0017).
        let ports = Ports { ec2: &self.ec2, lattice: &self.lattice, route53: &self.route53, quotas: &Defaults };
        let preflight = ports.preflight(&connection, subscription, settings, &home).await?;

        let mut next = connection;
        next.findings.retain(claims::outlives_preflight);
        next.findings.extend(preflight.findings);
        let Some(call) = preflight.call else {
            let errors: Vec<_> = next
                .findings
                .iter()
                .filter(|finding| finding.severity == Severity::Error)
                .map(|f| format!("{}: {}; needed: {}; {}", f.code, f.seen, f.needed, f.way_out))
                .collect();
            let fault = FaultName::PreflightFailed.because(errors.join(" | "));
            self.ledger.save_connection(next, run.audit("preflight found errors")).await?;
            return Err(fault);
        };
        let token = identity::owner_token(&next.id, next.generation);
        let mut tags: BTreeMap<String, String> = subscription.tags.clone();
        tags.insert(TAG_CONNECTION.to_owned(), next.id.to_string());
        tags.insert(TAG_OWNER.to_owned(), token.clone());
        tags.insert(TAG_INSTALLATION.to_owned(), home.installation.to_string());
        let plan = Plan { token, tags, call, group: preflight.group, planned_at: run.now };
        next.plan = Some(plan.clone());
        "its endpoint is made as planned".clone_into(&mut next.next);
        let saved = self.ledger.save_connection(next, run.audit("preflight passed; planned")).await?;
        Ok((saved, plan))
    }

    fn home(&self, run: &Run<'_>) -> Result<Home, Fault> {
        let installation = Environment::named(self.settings.installation.as_ref())?;
        Home::of_execution(installation, &run.request.execution)
    }

    /// Makes what the plan says, or finds that it was made: a lost answer must not make a second.
    async fn make(&self, connection: &Connection, plan: &Plan, retried: bool) -> Result<Made, Fault> {
        if let Some(made) = &connection.made {
            return Ok(made.clone());
        }
        // The client token makes a repetition harmless, but AWS does not document for how long it
        // is remembered; the tag is found however late the retry comes.
        if retried && let Some(made) = self.find(plan, connection).await? {
            return Ok(made);
        }
        let call = match &connection.group {
            Some(group) => &plan.call.behind(&group.id),
            None => &plan.call,
        };
        match self.call(call, plan).await {
            Err(fault) if matches!(fault.name, FaultName::IdempotencyConflict | FaultName::Conflict) => {
                self.find(plan, connection).await?.ok_or(fault)
            }
            made => made,
        }
    }

    async fn call(&self, call: &PlannedCall, plan: &Plan) -> Result<Made, Fault> {
        match call {
            PlannedCall::ServiceNetworkResource { resource, service_network, private_dns } => self
                .lattice
                .associate(service_network, resource, *private_dns, &plan.token, &plan.tags)
                .await
                .map(Made::Association),
            call @ (PlannedCall::ResourceEndpoint { .. }
            | PlannedCall::ServiceNetworkEndpoint { .. }
            | PlannedCall::InterfaceEndpoint { .. }
            | PlannedCall::GatewayEndpoint { .. }) => {
                self.ec2.create(call, &plan.token, &plan.tags).await.map(Made::Endpoint)
            }
        }
    }

    /// What carries this generation's owner tag.
    async fn find(&self, plan: &Plan, connection: &Connection) -> Result<Option<Made>, Fault> {
        match &plan.call {
            PlannedCall::ServiceNetworkResource { resource, service_network, .. } => {
                self.find_association(plan, service_network, resource).await.map(|id| id.map(Made::Association))
            }
            PlannedCall::ResourceEndpoint { .. }
            | PlannedCall::ServiceNetworkEndpoint { .. }
            | PlannedCall::InterfaceEndpoint { .. }
            | PlannedCall::GatewayEndpoint { .. } => {
                self.find_endpoint(plan, connection).await.map(|id| id.map(Made::Endpoint))
            }
        }
    }

    async fn find_endpoint(&self, plan: &Plan, connection: &Connection) -> Result<Option<VpcEndpointId>, Fault> {
        let tagged = self.ec2.endpoints_tagged(TAG_CONNECTION, connection.id.as_str()).await?;
        Ok(tagged
            .into_iter()
            .find(|e| e.tags.get(TAG_OWNER) == Some(&plan.token) && !same_word(&e.state, "deleting"))
            .map(|e| e.id))
    }

    async fn find_association(
        &self,
        plan: &Plan,
        network: &ServiceNetworkId,
        resource: &ResourceArn,
    ) -> Result<Option<AssociationId>, Fault> {
        for association in self.lattice.associations(network, resource, false).await? {
            if same_word(&association.status, "DELETE_IN_PROGRESS") {
                continue;
            }
            let tags = self.lattice.association_tags(&association.arn).await?;
            if tags.get(TAG_OWNER) == Some(&plan.token) {
                return Ok(Some(association.id));
            }
        }
        Ok(None)
    }

    async fn remember(&self, connection: Connection, made: Made, run: &Run<'_>) -> Result<(), Fault> {
        if connection.status == Status::Waiting && connection.made.as_ref() == Some(&made) {
            return Ok(());
        }
        let what = format!("{} is made", made.id());
        let mut next = connection;
        next.made = Some(made);
        next.become_status(Status::Waiting, run.now, what.clone(), "observe looks until it can be used");
        self.ledger.save_connection(next, run.audit(what)).await?;
        Ok(())
    }
}

/// EC2 and VPC Lattice may not know yet what RAM already shows: for some minutes after a share was
/// accepted, "not found" is not the last word. AWS does not document the code for a resource
/// configuration, so it is any but those of the things that preflight has just seen.
fn may_not_be_known_yet(connection: &Connection, fault: &Fault, now: Timestamp) -> bool {
    let names = |codes: &[&str]| codes.iter().any(|code| fault.message.contains(code));
    // A group of its own was made a moment ago; others have just been seen.
    let group = names(&["InvalidGroup", "InvalidSecurityGroup"]);
    let since = match &connection.plan {
        Some(plan) if group && plan.group.is_some() => plan.planned_at,
        _ if group => return false,
        _ => connection.wanted_at,
    };
    fault.name == FaultName::InvalidRequest
        && fault.message.contains("NotFound")
        && !names(&["InvalidSubnet", "InvalidVpc"])
        && now.duration_since(since) < drawbridge_domain::facts::READS_MAY_LAG
}
