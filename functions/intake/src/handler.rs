//! Read what RAM and the ledger say is so, and make sure that each thing that should have a run
//! has one. An event and a sweep do the same: an event only makes it sooner.

use std::collections::BTreeMap;

use drawbridge_domain::connection::{Connection, Status};
use drawbridge_domain::identity::{self, Home};
use drawbridge_domain::ids::{ConnectionId, Installation, ResourceShareArn};
use drawbridge_domain::messages::{ConnectInput, OnboardInput};
use drawbridge_domain::ports::{
    Attention, AuditEntry, Connections, ExecutionState, FindShares, Shares, Started, Subscriptions, Workflows,
};
use drawbridge_domain::share::{FoundBy, Invitation, InvitationStatus, ShareRecord, ShareStatus};
use drawbridge_domain::subscription::Subscription;
use drawbridge_domain::sweep::{self, ConnectionStep, SeenShare, ShareStep};
use drawbridge_domain::trigger::{self, Trigger};
use drawbridge_domain::wanted::{self, Origin, Wish};
use drawbridge_domain::{Fault, FaultName, Timestamp, verdict};
use drawbridge_runtime::{Environment, Handler, count};
use futures_util::{StreamExt as _, stream};
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Value, json};

/// How many shares or connections are worked on at once.
const AT_ONCE: usize = 8;

/// What the environment sets.
pub struct Settings {
    onboard_machine: String,
    connect_machine: String,
    installation: Option<Installation>,
    backoff: SignedDuration,
}

impl Settings {
    pub fn read(environment: &mut Environment) -> Self {
        let seconds = environment.number("RETRY_BACKOFF_SECONDS", 60, 0);
        Self {
            onboard_machine: environment.text("ONBOARD_MACHINE_ARN"),
            connect_machine: environment.text("CONNECT_MACHINE_ARN"),
            installation: environment.installation(),
            backoff: SignedDuration::from_secs(i64::from(seconds)),
        }
    }
}

/// The function's ports.
pub struct Intake<R, L, W> {
    pub ram: R,
    pub ledger: L,
    pub workflows: W,
    pub settings: Settings,
}

/// What was done.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Why nothing was done, if the trigger is not for Drawbridge.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<String>,
    /// How many shares RAM showed.
    shares: usize,
    /// How many connections needed attention.
    connections: usize,
    /// How many endpoints subscriptions ask for by themselves.
    #[serde(skip_serializing_if = "is_none_at_all")]
    endpoints: usize,
    /// How many runs were started.
    started: usize,
    /// How many shares or connections were recorded without a run, such as expired ones.
    recorded: usize,
    /// How many runs had ended without a verdict.
    aborted: usize,
    /// How many were being changed by someone else, who goes on with them.
    left_to_others: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_none_at_all(count: &usize) -> bool {
    *count == 0
}

/// What was done about one share or connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Nothing,
    Started,
    Recorded,
    Aborted,
    LeftToOthers,
}

impl<R, L, W> Handler for Intake<R, L, W>
where
    R: FindShares,
    L: Subscriptions + Shares + Connections + Attention,
    W: Workflows,
{
    type Request = Value;
    type Answer = Summary;

    async fn handle(&self, input: Value, now: Timestamp) -> Result<Summary, Fault> {
        let woken_by = match trigger::read(&input)? {
            Trigger::Wake(woken_by) => woken_by,
            Trigger::Ignore(why) => {
                tracing::info!("ignored: {why}");
                return Ok(Summary { ignored: Some(why), ..Summary::default() });
            }
        };
        let (subscriptions, problems) = self.ledger.subscriptions().await?;
        for problem in &problems {
            tracing::error!(subscription = problem.source_name, "it is not valid and is left out: {problem}");
            count("InvalidSubscription", 1, &[], now);
        }
        let round = Round { intake: self, subscriptions: &subscriptions, woken_by, now };
        round.all().await
    }
}

/// One look at everything.
struct Round<'a, R, L, W> {
    intake: &'a Intake<R, L, W>,
    subscriptions: &'a [Subscription],
    woken_by: FoundBy,
    now: Timestamp,
}

impl<R, L, W> Round<'_, R, L, W>
where
    R: FindShares,
    L: Subscriptions + Shares + Connections + Attention,
    W: Workflows,
{
    /// One share or connection that fails does not keep the others waiting: the first fault is
    /// raised when all were tried, so that the trigger is delivered again.
    async fn all(&self) -> Result<Summary, Fault> {
        // Connections first: cleaning up needs nothing of RAM.
        let connections = self.intake.ledger.connections_needing_attention().await?;
        let mut outcomes: Vec<Result<Done, Fault>> =
            stream::iter(&connections).map(|id| self.connection(id)).buffer_unordered(AT_ONCE).collect().await;
        // What subscriptions ask for by themselves needs nothing of RAM, either.
        let asked_for = match self.asked_for().await {
            Ok(asked_for) => asked_for,
            Err(fault) => {
                outcomes.push(Err(fault));
                Vec::new()
            }
        };
        let endpoints = asked_for.len();
        outcomes.extend(asked_for);
        let (seen, all_seen) = match self.seen().await {
            Ok(seen) => (seen, true),
            Err(fault) => {
                outcomes.push(Err(fault));
                (BTreeMap::new(), false)
            }
        };
        let waiting = self.intake.ledger.shares_needing_attention().await?;
        let unseen: Vec<_> = waiting.into_iter().filter(|arn| !seen.contains_key(arn)).collect();
        let mut summary =
            Summary { shares: seen.len(), connections: connections.len(), endpoints, ..Summary::default() };
        outcomes.extend(
            stream::iter(seen.values())
                .map(|share| self.share(share))
                .buffer_unordered(AT_ONCE)
                .collect::<Vec<_>>()
                .await,
        );
        outcomes.extend(
            stream::iter(&unseen)
                .map(|arn| self.unseen(arn, all_seen))
                .buffer_unordered(AT_ONCE)
                .collect::<Vec<_>>()
                .await,
        );
        let mut first_fault = None;
        for outcome in outcomes {
            match outcome {
                Ok(Done::Nothing) => {}
                Ok(Done::Started) => summary.started += 1,
                Ok(Done::Recorded) => summary.recorded += 1,
                Ok(Done::Aborted) => summary.aborted += 1,
                Ok(Done::LeftToOthers) => summary.left_to_others += 1,
                Err(fault) => {
                    tracing::warn!(fault = fault.name.as_str(), "{}", fault.message);
                    first_fault.get_or_insert(fault);
                }
            }
        }
        tracing::info!(summary = %json!(summary), "looked at everything");
        first_fault.map_or(Ok(summary), Err)
    }

    /// What was done about each connection that subscriptions ask for by themselves.
    async fn asked_for(&self) -> Result<Vec<Result<Done, Fault>>, Fault> {
        if self.subscriptions.iter().all(|subscription| subscription.endpoints.is_empty()) {
            return Ok(Vec::new());
        }
        let settings = &self.intake.settings;
        let installation = settings
            .installation
            .as_ref()
            .ok_or_else(|| FaultName::InvalidConfiguration.because("INSTALLATION is not a valid name"))?;
        let home = Home::of_machine(installation, &settings.connect_machine)?;
        let wishes = wanted::endpoint_wishes(&home, self.subscriptions);
        Ok(stream::iter(&wishes).map(|wish| self.wish(&home, wish)).buffer_unordered(AT_ONCE).collect().await)
    }

    async fn wish(&self, home: &Home, wish: &Wish) -> Result<Done, Fault> {
        let existing = self.intake.ledger.connection(&wish.id(home)).await?;
        let origin = Origin::subscriptions(wish, self.subscriptions, home);
        let fulfilled = wanted::fulfil(home, &origin, wish, existing.as_ref(), self.subscriptions, self.now);
        match fulfilled {
            None => Ok(Done::Nothing),
            Some((next, what)) if next.status == Status::Wanted => self.rerun(next, what, Done::Started).await,
            Some((next, what)) => match self.intake.ledger.save_connection(next, self.audit(what)).await {
                Ok(_) => Ok(Done::Recorded),
                Err(fault) if fault.name == FaultName::LedgerConflict => Ok(Done::LeftToOthers),
                Err(fault) => Err(fault),
            },
        }
    }

    /// Every share that RAM shows, with its newest invitation; a pending one counts before all.
    async fn seen(&self) -> Result<BTreeMap<ResourceShareArn, SeenShare>, Fault> {
        let mut seen: BTreeMap<ResourceShareArn, SeenShare> = BTreeMap::new();
        for invitation in self.intake.ram.invitations().await? {
            let entry = seen.entry(invitation.share.clone()).or_insert_with(|| SeenShare {
                arn: invitation.share.clone(),
                name: invitation.name.clone(),
                sender: invitation.sender.clone(),
                invitation: None,
                visible: false,
            });
            let rank = |i: &Invitation| (i.status == InvitationStatus::Pending, i.invited_at, i.arn.clone());
            if entry.invitation.as_ref().is_none_or(|known| rank(&invitation) > rank(known)) {
                entry.name.clone_from(&invitation.name);
                entry.invitation = Some(invitation);
            }
        }
        for share in self.intake.ram.visible_shares().await?.into_iter().filter(|share| share.active) {
            seen.entry(share.arn.clone()).and_modify(|entry| entry.visible = true).or_insert_with(|| SeenShare {
                arn: share.arn,
                name: share.name,
                sender: share.owner,
                invitation: None,
                visible: true,
            });
        }
        Ok(seen)
    }

    async fn share(&self, seen: &SeenShare) -> Result<Done, Fault> {
        let record = self.intake.ledger.share(&seen.arn).await?;
        let digest = verdict::digest(self.subscriptions, &seen.sender);
        let step =
            sweep::share_step(seen, record.as_ref(), &digest, self.woken_by, self.intake.settings.backoff, self.now);
        match (step, record) {
            (ShareStep::Run(next, what), record) => {
                let Some(saved) = self.save_share(*next, what).await? else {
                    return Ok(Done::LeftToOthers);
                };
                if record.is_none() {
                    count("FirstFound", 1, &[("by", found_by(self.woken_by))], self.now);
                }
                self.start_onboard(&saved).await?;
                Ok(Done::Started)
            }
            (ShareStep::Record(next, what), _) => {
                Ok(self.save_share(*next, what).await?.map_or(Done::LeftToOthers, |_| Done::Recorded))
            }
            (ShareStep::Ensure, Some(record)) => self.ensure_onboard(record).await,
            (ShareStep::Ensure | ShareStep::Nothing, _) => Ok(Done::Nothing),
        }
    }

    /// A share that needs attention and that RAM does not show, or (`all_seen` is false) could not be asked for.
    async fn unseen(&self, arn: &ResourceShareArn, all_seen: bool) -> Result<Done, Fault> {
        match self.intake.ledger.share(arn).await? {
            Some(record) if record.status.is_running() => self.ensure_onboard(record).await,
            Some(record) if all_seen => match sweep::gone_share(&record, self.now) {
                Some((next, what)) => {
                    Ok(self.save_share(next, what).await?.map_or(Done::LeftToOthers, |_| Done::Recorded))
                }
                None => Ok(Done::Nothing),
            },
            _ => Ok(Done::Nothing),
        }
    }

    async fn ensure_onboard(&self, record: ShareRecord) -> Result<Done, Fault> {
        if self.start_onboard(&record).await? == Started::Now {
            return Ok(Done::Started);
        }
        let name = identity::onboard_execution(&record.arn, record.attempt);
        if !self.is_over(&self.intake.settings.onboard_machine, &name, record.execution.as_deref()).await? {
            return Ok(Done::Nothing);
        }
        let Some((next, what)) = sweep::aborted_share(&record, self.intake.settings.backoff, self.now) else {
            return Ok(Done::Nothing);
        };
        let Some(saved) = self.save_share(next, what).await? else {
            return Ok(Done::LeftToOthers);
        };
        if saved.status == ShareStatus::Found {
            self.start_onboard(&saved).await?;
        }
        Ok(Done::Aborted)
    }

    async fn connection(&self, id: &ConnectionId) -> Result<Done, Fault> {
        let Some(connection) = self.intake.ledger.connection(id).await? else {
            return Ok(Done::Nothing);
        };
        let backoff = self.intake.settings.backoff;
        match sweep::connection_step(&connection, backoff, self.now) {
            ConnectionStep::Nothing => {
                // Of what no share brought, the subscriptions that ask for it decide: see `wish`.
                let Some(arn) = &connection.share_arn else { return Ok(Done::Nothing) };
                let share = self.intake.ledger.share(arn).await?;
                match share.and_then(|share| sweep::decided_anew(&connection, &share, self.now)) {
                    Some((next, what)) => self.rerun(next, what, Done::Started).await,
                    None => Ok(Done::Nothing),
                }
            }
            ConnectionStep::Run(next, what) => self.rerun(*next, what, Done::Started).await,
            ConnectionStep::Ensure => {
                if self.start_connect(&connection).await? == Started::Now {
                    return Ok(Done::Started);
                }
                let name = identity::connect_execution(&connection.id, connection.generation, connection.attempt);
                let holder = connection.execution.as_deref();
                if !self.is_over(&self.intake.settings.connect_machine, &name, holder).await? {
                    return Ok(Done::Nothing);
                }
                match sweep::aborted_connection(&connection, backoff, self.now) {
                    Some((next, what)) => self.rerun(next, what, Done::Aborted).await,
                    None => Ok(Done::Nothing),
                }
            }
        }
    }

    async fn rerun(&self, next: Connection, what: String, done: Done) -> Result<Done, Fault> {
        match self.intake.ledger.save_connection(next, self.audit(what)).await {
            Ok(saved) => {
                self.start_connect(&saved).await?;
                Ok(done)
            }
            Err(fault) if fault.name == FaultName::LedgerConflict => Ok(Done::LeftToOthers),
            Err(fault) => Err(fault),
        }
    }

    /// None if somebody else wrote it at the same time: they go on with it, or the next sweep does.
    async fn save_share(&self, record: ShareRecord, what: String) -> Result<Option<ShareRecord>, Fault> {
        match self.intake.ledger.save_share(record, self.audit(what)).await {
            Ok(saved) => Ok(Some(saved)),
            Err(fault) if fault.name == FaultName::LedgerConflict => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn start_onboard(&self, record: &ShareRecord) -> Result<Started, Fault> {
        let input = OnboardInput { share: record.arn.clone(), attempt: record.attempt };
        let name = identity::onboard_execution(&record.arn, record.attempt);
        self.intake.workflows.start(&self.intake.settings.onboard_machine, &name, &json!(input)).await
    }

    async fn start_connect(&self, connection: &Connection) -> Result<Started, Fault> {
        let input = ConnectInput { connection: connection.id.clone(), attempt: connection.attempt };
        let name = identity::connect_execution(&connection.id, connection.generation, connection.attempt);
        self.intake.workflows.start(&self.intake.settings.connect_machine, &name, &json!(input)).await
    }

    /// Whether the run that holds the record is over; if none does, whether that of this name is.
    async fn is_over(&self, machine: &str, name: &str, holder: Option<&str>) -> Result<bool, Fault> {
        let arn = holder.map_or_else(|| identity::execution_arn(machine, name), str::to_owned);
        let state = self.intake.workflows.execution(&arn).await?;
        Ok(matches!(state, ExecutionState::Succeeded | ExecutionState::Ended))
    }

    fn audit(&self, what: String) -> AuditEntry {
        AuditEntry { at: self.now, by: format!("intake ({})", found_by(self.woken_by)), execution: None, what }
    }
}

const fn found_by(woken_by: FoundBy) -> &'static str {
    match woken_by {
        FoundBy::Event => "event",
        FoundBy::Sweep => "sweep",
        FoundBy::Manual => "manual",
    }
}
