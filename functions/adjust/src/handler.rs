//! One run: find what differs from its subscription in what AWS can change in place, and change each. What cannot be
//! changed is told in its record and keeps no other waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use drawbridge_domain::adjust::{self, Change, Refusal, Step};
use drawbridge_domain::claims::Known;
use drawbridge_domain::connection::{Connection, Made, Plan, PlannedCall};
use drawbridge_domain::identity::{Home, TAG_CONNECTION};
use drawbridge_domain::ids::{ConnectionId, Installation, VpcEndpointId};
use drawbridge_domain::inventory::{FindMade, ListEndpoints, ListedEndpoint};
use drawbridge_domain::ports::{
    ChangeEndpoint, Connections, LookAtNetwork, LookAtRoutes, LookAtServices, RemoveGroup, Subscriptions,
};
use drawbridge_domain::preflight::{self, ChangeSeen, RoutesSeen, Severity};
use drawbridge_domain::resource::Resource;
use drawbridge_domain::subscription::{Settings as Said, Subscription};
use drawbridge_domain::{Class, Fault, FaultName, Timestamp};
use drawbridge_runtime::{Environment, Handler, count_fault};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use serde_json::{Value, json};

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
}

impl Settings {
    pub fn read(environment: &mut Environment) -> Self {
        Self { connect_machine: environment.text("CONNECT_MACHINE_ARN"), installation: environment.installation() }
    }

    fn home(&self) -> Result<Home, Fault> {
        let unset = || FaultName::InvalidConfiguration.because("INSTALLATION is not a valid name");
        Home::of_machine(self.installation.as_ref().ok_or_else(unset)?, &self.connect_machine)
    }
}

/// EC2, as this function needs it.
pub trait Network:
    ListEndpoints + LookAtNetwork + LookAtServices + LookAtRoutes + RemoveGroup + ChangeEndpoint
{
}
impl<T: ListEndpoints + LookAtNetwork + LookAtServices + LookAtRoutes + RemoveGroup + ChangeEndpoint> Network for T {}

/// The ledger, as this function needs it.
pub trait Records: Subscriptions + Connections + FindMade {}
impl<T: Subscriptions + Connections + FindMade> Records for T {}

/// The function's ports.
pub struct Adjust<E, L> {
    pub ec2: E,
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
}

/// What became of one endpoint.
enum Outcome {
    /// It is as the plan says.
    Converged,
    /// It is not; whether nothing was changed, by this run or one before it.
    Refused(Refusal, bool),
}

impl<E: Network, L: Records> Handler for Adjust<E, L> {
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
            if began.elapsed() > ENOUGH {
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

impl<E: Network, L: Records> Adjust<E, L> {
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
        let change = match adjust::step(record, known) {
            Step::Nothing => return Ok(Done::Nothing),
            Step::TakeBack => {
                let what = "what could not be changed in place needs no change any more".to_owned();
                self.ledger.save_connection(adjust::taken_back(record, known), adjust::audit(now, what)).await?;
                return Ok(Done::Nothing);
            }
            Step::Change(change) => change,
        };
        let Some(Made::Endpoint(id)) = &record.made else { return Ok(Done::Nothing) };
        let shown = match self.shown(id).await {
            Ok(Some(shown)) if adjust::can_be_changed(&shown) => shown,
            // Whoever looks at what can be used tells it.
            Ok(_) => return Ok(Done::Nothing),
            Err(fault) => return self.tell(record, &change, lasting(fault)?, false, now).await,
        };
        if !adjust::is_ours(record, &shown.endpoint.tags) {
            return self.tell(record, &change, Refusal::NotOurs, false, now).await;
        }
        let warnings = match self.look(record, &change).await {
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
            Outcome::Converged => {
                let (next, what) = adjust::changed(&begun, &change, warnings, known);
                self.ledger.save_connection(next, adjust::audit(now, what)).await?;
                Ok(Done::Changed)
            }
        }
    }

    async fn shown(&self, id: &VpcEndpointId) -> Result<Option<ListedEndpoint>, Fault> {
        let found = self.ec2.listed(std::slice::from_ref(id)).await?;
        Ok(found.into_iter().find(|listed| listed.endpoint.id == *id))
    }

    /// Whether the account is ready for what would be new.
    async fn look(&self, record: &Connection, change: &Change<'_>) -> Result<Vec<preflight::Finding>, Fault> {
        let aspects = change.aspects;
        let mut seen = ChangeSeen::default();
        let groups = match change.settings {
            Said::Resource(target) | Said::ServiceNetwork(target) => target.security_groups.named(),
            Said::Interface(item) => item.security_groups.named(),
            Said::Association(_) | Said::Gateway(_) => &[],
        };
        if aspects.security_groups {
            seen.security_groups = self.ec2.security_groups(groups).await?;
        }
        if let Resource::Service(service) = &record.resource
            && (aspects.policy || aspects.security_groups)
        {
            seen.services = self.ec2.endpoint_services(service).await?;
        }
        if let PlannedCall::GatewayEndpoint { vpc, route_tables, .. } = &change.plan.call
            && aspects.route_tables
        {
            let endpoints = self.ec2.endpoints_in(vpc).await?;
            let route_tables = self.ec2.route_tables(route_tables).await?;
            seen.routes = RoutesSeen { route_tables, endpoints, ..RoutesSeen::default() };
        }
        Ok(preflight::change(change, record, seen))
    }

    /// Makes the endpoint what the plan says.
    async fn converge(
        &self,
        record: &Connection,
        change: &Change<'_>,
        shown: ListedEndpoint,
        mut untouched: bool,
    ) -> Result<Outcome, Fault> {
        let id = &shown.endpoint.id;
        let own = match self.own_group(record, change).await {
            Ok(own) => own,
            Err(fault) => return Ok(Outcome::Refused(lasting(fault)?, untouched)),
        };
        let tagged: Vec<_> = std::iter::once(&shown.endpoint.tags).chain(own.iter().map(|(_, tags)| tags)).collect();
        let calls = adjust::calls(&adjust::plans(record), &change.plan, &shown, &tagged);
        if !calls.modify.is_none() {
            match self.ec2.modify(id, &calls.modify).await {
                Ok(()) => untouched = false,
                Err(fault) if fault.class() == Class::Transient => return Err(fault),
                // It may be otherwise by now: by another run, or by a call whose answer was lost.
                Err(fault) => {
                    return match self.shown(id).await {
                        Ok(Some(other)) if other != shown => Err(FaultName::LedgerConflict
                            .because(format!("{id} was changed by somebody else meanwhile; {fault}"))),
                        _ => Ok(Outcome::Refused(Refusal::Refused(fault), untouched)),
                    };
                }
            }
        }
        let ids: Vec<_> = std::iter::once(id.to_string()).chain(own.iter().map(|(id, _)| id.clone())).collect();
        if let Err(fault) = self.ec2.set_tags(&ids, &calls.set_tags).await {
            return Ok(Outcome::Refused(lasting(fault)?, untouched));
        }
        untouched &= calls.set_tags.is_empty();
        match self.ec2.remove_tags(&ids, &calls.remove_tags).await {
            Ok(()) => Ok(Outcome::Converged),
            Err(fault) => Ok(Outcome::Refused(lasting(fault)?, untouched)),
        }
    }

    /// The connection's own security group, which carries the same tags, if these are to be changed.
    async fn own_group(
        &self,
        record: &Connection,
        change: &Change<'_>,
    ) -> Result<Option<(String, BTreeMap<String, String>)>, Fault> {
        let Some(group) = record.group.as_ref().filter(|_| change.aspects.tags) else { return Ok(None) };
        let tagged = self.ec2.groups_tagged(TAG_CONNECTION, record.id.as_str()).await?;
        let own = tagged.into_iter().find(|tagged| tagged.id == group.id && adjust::is_ours(record, &tagged.tags));
        Ok(own.map(|own| (own.id.to_string(), own.tags)))
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
fn lasting(fault: Fault) -> Result<Refusal, Fault> {
    if fault.class() == Class::Transient { Err(fault) } else { Ok(Refusal::Refused(fault)) }
}
