//! Look; say not ready, ready, or what went wrong; write it down.

use drawbridge_domain::connection::{Connection, Made, Missing, PlannedCall, Status};
use drawbridge_domain::ids::{ResourceArn, RouteTableId, Service};
use drawbridge_domain::messages::{ConnectRequest, ObserveAnswer};
use drawbridge_domain::network::{ResourceConfiguration, same_word};
use drawbridge_domain::observation::{self, Branch, Expected, Look};
use drawbridge_domain::ports::{
    AuditEntry, Connections, FindEndpoints, LookAtRoutes, ReadEndpoint, ResourceConfigurations, ServiceNetworks,
    Subscriptions,
};
use drawbridge_domain::reach::{Database, DnsName, Port};
use drawbridge_domain::resource::Resource;
use drawbridge_domain::subscription::{Subscription, TargetKey};
use drawbridge_domain::{Class, Fault, FaultName, Timestamp, waiting};
use drawbridge_runtime::{Environment, Handler, count};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::SignedDuration;

/// EC2's and VPC Lattice's reads lag behind their writes, without a documented bound; after this
/// long, what is not shown is gone.
const READS_MAY_LAG: SignedDuration = SignedDuration::from_mins(5);

/// How many configurations are read at once.
const AT_ONCE: usize = 8;

/// What the environment sets.
pub struct Settings {
    /// How long a connection may take to become usable: from its claim, or from when its provider accepted.
    allowed: SignedDuration,
    /// How long a provider is waited for.
    patience: SignedDuration,
}

impl Settings {
    pub fn read(environment: &mut Environment) -> Self {
        let minutes = environment.number("CONNECT_DEADLINE_MINUTES", 30, 1);
        let hours = environment.number("PROVIDER_DEADLINE_HOURS", 12, 1);
        Self {
            allowed: SignedDuration::from_mins(i64::from(minutes)),
            patience: SignedDuration::from_hours(i64::from(hours)),
        }
    }
}

/// What a look showed.
enum Seen {
    /// Nothing yet, in words.
    Nothing(String),
    /// Of what VPC Lattice leads to.
    Lattice(Look),
    /// An interface endpoint that can be used, and its names.
    Service(Service, Vec<DnsName>),
    /// A gateway endpoint that can be used, in words.
    Routes(String),
}

/// The function's ports.
pub struct Observe<E, N, L> {
    pub ec2: E,
    pub lattice: N,
    pub ledger: L,
    pub settings: Settings,
}

impl<E, N, L> Handler for Observe<E, N, L>
where
    E: FindEndpoints + ReadEndpoint + LookAtRoutes,
    N: ResourceConfigurations + ServiceNetworks,
    L: Connections + Subscriptions,
{
    type Request = ConnectRequest;
    type Answer = ObserveAnswer;

    async fn handle(&self, request: ConnectRequest, now: Timestamp) -> Result<ObserveAnswer, Fault> {
        let mut connection = self.load(&request).await?;
        let ready = ObserveAnswer { connection: connection.id.clone(), status: Status::Ready };
        if connection.status == Status::Ready {
            return Ok(ready);
        }
        let seen = self.look(&connection, now).await;
        let missing = connection.missing.take();
        match seen {
            Ok(Seen::Lattice(Look::Ready { branches, note })) => {
                let databases = self.databases(&connection, branches).await?;
                self.save_ready(connection, databases, note, &request, now).await?;
                Ok(ready)
            }
            Ok(Seen::Service(service, names)) => {
                let subscription = self.first_claim(&connection).await?;
                let database = observation::service_reached(&service, names, subscription.as_ref());
                self.save_ready(connection, vec![database], None, &request, now).await?;
                Ok(ready)
            }
            Ok(Seen::Routes(note)) => {
                self.save_ready(connection, Vec::new(), Some(note), &request, now).await?;
                Ok(ready)
            }
            // A read that lags says nothing of the provider: whether that is waited for stays as it was.
            Ok(Seen::Nothing(why)) => {
                let what = || connection.made.iter().map(|made| made.id().to_owned()).collect();
                connection.missing = missing.or_else(|| Some(Missing { since: now, what: what() }));
                Err(self.not_ready(connection, why, Vec::new(), &request, now).await?)
            }
            Ok(Seen::Lattice(Look::NotReady { why, accessible })) => {
                Err(self.accepted(connection, why, accessible, &request, now).await?)
            }
            Err(fault) if fault.name == FaultName::AcceptancePending => {
                Err(self.awaited(connection, fault, missing.is_some(), &request, now).await?)
            }
            Err(fault) if fault.name == FaultName::NotReady => {
                Err(self.accepted(connection, fault.message, Vec::new(), &request, now).await?)
            }
            Err(fault) => Err(fault),
        }
    }
}

impl<E, N, L> Observe<E, N, L>
where
    E: FindEndpoints + ReadEndpoint + LookAtRoutes,
    N: ResourceConfigurations + ServiceNetworks,
    L: Connections + Subscriptions,
{
    async fn load(&self, request: &ConnectRequest) -> Result<Connection, Fault> {
        let id = &request.connection;
        let connection = self
            .ledger
            .connection(id)
            .await?
            .ok_or_else(|| FaultName::ConnectionNotFound.because(format!("the ledger has no connection {id}")))?;
        let over = matches!(connection.status, Status::Closing | Status::Failed | Status::Closed);
        if connection.attempt != request.attempt || over {
            return Err(FaultName::RunOver.because(format!(
                "this is attempt {} at {id}, the ledger is at attempt {} and says {}",
                request.attempt,
                connection.attempt,
                connection.status.as_str()
            )));
        }
        if let Some(holder) = connection.execution.as_ref().filter(|holder| **holder != request.execution) {
            return Err(FaultName::ConnectionBusy.because(format!("{id} is held by {holder}")));
        }
        if let Some(ending) = &connection.ending {
            return Err(FaultName::Withdrawn.because(ending.why.clone()));
        }
        Ok(connection)
    }

    async fn look(&self, connection: &Connection, now: Timestamp) -> Result<Seen, Fault> {
        // Who waits for days is looked at often, and a single look of those may be wrong.
        let unseen = connection.missing.as_ref().map_or(now, |missing| missing.since);
        let may_lag = now.duration_since(connection.since) < READS_MAY_LAG
            || connection.wait.is_some() && now.duration_since(unseen) < READS_MAY_LAG;
        let mut partial = None;
        let (branches, resource) = match (&connection.made, &connection.target, &connection.resource) {
            (Some(Made::Endpoint(id)), _, resource) => {
                let endpoint = self.ec2.endpoint(id).await?;
                let seen = observation::endpoint(id.as_str(), endpoint.as_ref(), may_lag);
                let unanswered = endpoint.is_none() || waiting::is_pending(endpoint.as_ref());
                let endpoint = match seen {
                    Err(fault) if unanswered && fault.name == FaultName::NotReady => {
                        return Ok(Seen::Nothing(fault.message));
                    }
                    seen => seen?,
                };
                let call = connection.plan.as_ref().map(|plan| &plan.call);
                match (call, resource) {
                    (Some(PlannedCall::InterfaceEndpoint { service, private_dns, .. }), _) => {
                        let names = observation::interface_names(endpoint, *private_dns)?;
                        return Ok(Seen::Service(service.clone(), names));
                    }
                    (Some(PlannedCall::GatewayEndpoint { route_tables, .. }), _) => {
                        let tables = self.ec2.route_tables(route_tables).await?;
                        let lists = observation::gateway_routes(id.as_str(), route_tables, &tables)?;
                        let tables: Vec<_> = route_tables.iter().map(RouteTableId::as_str).collect();
                        return Ok(Seen::Routes(format!("{} is routed in {}", lists.join(", "), tables.join(", "))));
                    }
                    (Some(PlannedCall::ServiceNetworkEndpoint { .. }), _) => {
                        let rows = self.ec2.endpoint_associations(id).await?;
                        let branches = observation::endpoint_branches(rows);
                        let look =
                            observation::network_branches(branches, &connection.last_look, connection.deadline, now);
                        return look.map(Seen::Lattice);
                    }
                    (_, Resource::Service(service)) => return Err(nothing_to_see(connection, service.as_str())),
                    (_, Resource::Arn(arn)) => {
                        (observation::endpoint_branches(self.ec2.endpoint_associations(id).await?), arn)
                    }
                }
            }
            (Some(Made::Association(id)), TargetKey::ServiceNetwork(network), Resource::Arn(arn)) => {
                let association = self.lattice.association(id).await?;
                observation::association(id.as_str(), association.as_ref(), may_lag)?;
                partial = association.as_ref().and_then(observation::partial);
                let rows = self.lattice.associations(network, arn, true).await?;
                // A GROUP's own row stands beside those of its children; only the children lead anywhere.
                let children = rows.iter().any(|row| row.id != *id);
                let rows = rows.into_iter().filter(|row| !children || row.id != *id);
                (observation::association_branches(rows.chain(association.filter(|_| !children)).collect()), arn)
            }
            (_, target, _) => return Err(nothing_to_see(connection, &target.to_string())),
        };
        let expected = self.expected(resource).await?;
        let look = observation::branches(branches, &expected, &connection.last_look)?;
        Ok(Seen::Lattice(look.noting(partial)))
    }

    /// What should be behind the connection. AWS's guide contradicts itself on whether a consumer
    /// may read it, so a denial is expected and never fatal.
    async fn expected(&self, resource: &ResourceArn) -> Result<Expected, Fault> {
        let configuration = tolerate(self.lattice.resource_configuration(resource).await)?;
        if let Ok(configuration) = &configuration
            && !same_word(&configuration.config_type, "GROUP")
        {
            return Ok(Expected::These(vec![(resource.clone(), configuration.name.clone())]));
        }
        Ok(match tolerate(self.lattice.children(resource).await)? {
            Ok(children) if !children.is_empty() || configuration.is_ok() => {
                Expected::These(children.into_iter().map(|child| (child.arn, child.name)).collect())
            }
            Ok(_) => Expected::Unknown("VPC Lattice does not show what is in the share's configuration".to_owned()),
            Err(fault) => Expected::Unknown(format!("the list of children can't be read ({})", fault.name)),
        })
    }

    /// The subscription whose settings hold.
    async fn first_claim(&self, connection: &Connection) -> Result<Option<Subscription>, Fault> {
        let (subscriptions, _) = self.ledger.subscriptions().await?;
        Ok(connection.claims.iter().find_map(|claim| subscriptions.iter().find(|s| s.name == *claim).cloned()))
    }

    async fn databases(&self, connection: &Connection, branches: Vec<Branch>) -> Result<Vec<Database>, Fault> {
        let subscription = self.first_claim(connection).await?;
        let subscription = subscription.as_ref();
        let mut databases: Vec<Database> = stream::iter(branches)
            .map(|branch| async move {
                let configuration: Result<ResourceConfiguration, Fault> =
                    tolerate(self.lattice.resource_configuration(&branch.resource).await)?;
                Ok(observation::database(branch, configuration.as_ref(), subscription))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        databases.sort_by(|a, b| (&a.name, &a.resource).cmp(&(&b.name, &b.resource)));
        Ok(databases)
    }

    async fn save_ready(
        &self,
        connection: Connection,
        databases: Vec<Database>,
        note: Option<String>,
        request: &ConnectRequest,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let unknown = databases.iter().filter(|d| matches!(d.port, Port::Unknown { .. })).count();
        let mut why = Vec::new();
        // A gateway endpoint leads to no name of its own.
        if !databases.is_empty() {
            why.push(format!("{} can be used", databases.len()));
        }
        if unknown > 0 {
            why.push(format!("the port of {unknown} is unknown"));
        }
        why.extend(note);
        let why = why.join("; ");
        let mut next = connection;
        next.databases = databases;
        next.ready_at = next.ready_at.or(Some(now));
        next.transient_runs = 0;
        next.fault = None;
        next.deadline = None;
        next.last_look.clear();
        next.become_status(Status::Ready, now, why.clone(), "nothing: it can be used");
        let seconds = now.duration_since(next.wanted_at).as_secs();
        self.ledger.save_connection(next, audit(request, now, format!("ready: {why}"))).await?;
        count("SecondsToReady", u64::try_from(seconds).unwrap_or(0), &[], now);
        Ok(())
    }
}

impl<E, N, L: Connections> Observe<E, N, L> {
    /// It does not wait for its provider, or does so no more; it can't be used yet.
    async fn accepted(
        &self,
        connection: Connection,
        why: String,
        accessible: Vec<String>,
        request: &ConnectRequest,
        now: Timestamp,
    ) -> Result<Fault, Fault> {
        let mut next = connection;
        if next.wait.is_none() {
            return self.not_ready(next, why, accessible, request, now).await;
        }
        waiting::accepted(&mut next, self.settings.allowed, now);
        self.seen(next, why, accessible, request, now).await
    }

    /// Writes down what is waited for, if that is news, and says `NotReady` or that time is up.
    async fn not_ready(
        &self,
        connection: Connection,
        why: String,
        accessible: Vec<String>,
        request: &ConnectRequest,
        now: Timestamp,
    ) -> Result<Fault, Fault> {
        if let Err(passed) = observation::within(connection.deadline, now, &why) {
            return Ok(passed);
        }
        if connection.why == why && connection.last_look == accessible {
            return Ok(FaultName::NotReady.because(why));
        }
        self.seen(connection, why, accessible, request, now).await
    }

    /// Writes down what was seen, and says `NotReady`.
    async fn seen(
        &self,
        mut next: Connection,
        why: String,
        accessible: Vec<String>,
        request: &ConnectRequest,
        now: Timestamp,
    ) -> Result<Fault, Fault> {
        next.why.clone_from(&why);
        next.last_look = accessible;
        self.ledger.save_connection(next, audit(request, now, why.clone())).await?;
        Ok(FaultName::NotReady.because(why))
    }

    /// Writes down who is waited for, if that is news or it was not shown at the last look, and says so or that time is up.
    async fn awaited(
        &self,
        connection: Connection,
        pending: Fault,
        was_missing: bool,
        request: &ConnectRequest,
        now: Timestamp,
    ) -> Result<Fault, Fault> {
        let wait = waiting::for_the_provider(&connection, connection.resource.as_str(), self.settings.patience, now);
        if let Err(passed) = waiting::in_time(&wait, now, &pending.message) {
            return Ok(passed);
        }
        if was_missing || connection.wait.as_ref() != Some(&wait) || connection.deadline != Some(wait.until) {
            let mut next = connection;
            next.why.clone_from(&pending.message);
            next.next = format!("{} is waited for until {}", wait.who, wait.until);
            next.deadline = Some(wait.until);
            next.wait = Some(wait);
            self.ledger.save_connection(next, audit(request, now, pending.message.clone())).await?;
        }
        Ok(pending)
    }
}

fn nothing_to_see(connection: &Connection, at: &str) -> Fault {
    FaultName::EndpointGone.because(format!(
        "the ledger says that {} was made for {at}: there is nothing to look at",
        drawbridge_domain::ports::made_text(connection.made.as_ref())
    ))
}

fn audit(request: &ConnectRequest, now: Timestamp, what: String) -> AuditEntry {
    AuditEntry { at: now, by: "observe".to_owned(), execution: Some(request.execution.clone()), what }
}

/// A transient fault is passed on, a permanent one becomes a value.
fn tolerate<T>(result: Result<T, Fault>) -> Result<Result<T, Fault>, Fault> {
    match result {
        Err(fault) if fault.class() == Class::Transient => Err(fault),
        other => Ok(other),
    }
}
