//! Read what RAM and the ledger say is so, and make sure that each thing that should have a run
//! has one. An event and a sweep do the same: an event only makes it sooner.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use drawbridge_domain::claims::Known;
use drawbridge_domain::connection::{Connection, Status};
use drawbridge_domain::identity::{self, Home};
use drawbridge_domain::ids::{AccountId, ConnectionId, Installation, ResourceShareArn, SubscriptionName};
use drawbridge_domain::limits::{self, Asked};
use drawbridge_domain::messages::{ConnectInput, OnboardInput, Subject};
use drawbridge_domain::ports::{
    Attention, AuditEntry, Connections, ExecutionState, FindShares, Resume, Senders, Shares, Started, Subscriptions,
    Unreadable, Waits, Workflows,
};
use drawbridge_domain::share::{FoundBy, Invitation, InvitationStatus, ShareRecord, ShareStatus};
use drawbridge_domain::sweep::{self, ConnectionStep, SeenShare, ShareStep};
use drawbridge_domain::trigger::{self, Trigger};
use drawbridge_domain::wanted::{self, Wish};
use drawbridge_domain::{Fault, FaultName, Timestamp, grace, presence, verdict, waiting};
use drawbridge_runtime::{Environment, Handler, count, count_fault};
use futures_util::{StreamExt as _, stream};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::summary::{Done, Summary};

/// How many shares or connections are worked on at once.
pub(crate) const AT_ONCE: usize = 8;

/// How many new shares of senders whom nobody trusts one look takes up. The rest waits for the next: an invitation lives
/// twelve hours, in which the sweep takes up thousands, and a flood of them must not use up this function's time.
const STRANGERS_AT_A_LOOK: usize = 50;

/// What the environment sets.
pub struct Settings {
    onboard_machine: String,
    pub(crate) connect_machine: String,
    pub(crate) disconnect_machine: String,
    installation: Option<Installation>,
    backoff: SignedDuration,
}

impl Settings {
    pub fn read(environment: &mut Environment) -> Self {
        let seconds = environment.number("RETRY_BACKOFF_SECONDS", 60, 0);
        Self {
            onboard_machine: environment.text("ONBOARD_MACHINE_ARN"),
            connect_machine: environment.text("CONNECT_MACHINE_ARN"),
            disconnect_machine: environment.text("DISCONNECT_MACHINE_ARN"),
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

impl<R, L, W> Handler for Intake<R, L, W>
where
    R: FindShares,
    L: Subscriptions + Shares + Connections + Attention + Waits + Senders,
    W: Workflows + Resume,
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
        let (subscriptions, unreadable) = self.ledger.subscriptions().await?;
        for Unreadable { name, problems } in &unreadable {
            tracing::error!(subscription = name, "it is not valid and is left out: {problems}");
            count("InvalidSubscription", 1, &[], now);
        }
        let unreadable = unreadable.into_iter().map(|unreadable| unreadable.name).collect();
        let home = self.home()?;
        let known = Known { subscriptions: &subscriptions, unreadable: &unreadable, home: &home };
        let (strangers, approved) = (Cell::new(STRANGERS_AT_A_LOOK), RefCell::default());
        Round { intake: self, known, woken_by, now, strangers, approved, asking: Cell::new(0) }.all().await
    }
}

impl<R, L, W> Intake<R, L, W> {
    fn home(&self) -> Result<Home, Fault> {
        let installation = Environment::named(self.settings.installation.as_ref())?;
        Home::of_machine(installation, &self.settings.connect_machine)
    }
}

/// What RAM shows.
#[derive(Default)]
struct Seen {
    /// What can be used or answered, or could once.
    shares: BTreeMap<ResourceShareArn, SeenShare>,
    /// What can't be used now, though nobody took it away: a share that failed or is pending.
    listed: BTreeSet<ResourceShareArn>,
}

/// One look at everything.
pub(crate) struct Round<'a, R, L, W> {
    pub(crate) intake: &'a Intake<R, L, W>,
    pub(crate) known: Known<'a>,
    pub(crate) woken_by: FoundBy,
    pub(crate) now: Timestamp,
    /// Of how many strangers shares may still be taken up.
    strangers: Cell<usize>,
    /// For which subscriptions senders are approved, as far as this look asked.
    approved: RefCell<BTreeMap<AccountId, Vec<SubscriptionName>>>,
    /// About how many shares a person is asked who has not answered.
    asking: Cell<u64>,
}

impl<R, L, W> Round<'_, R, L, W>
where
    R: FindShares,
    L: Subscriptions + Shares + Connections + Attention + Waits + Senders,
    W: Workflows + Resume,
{
    /// One share or connection that fails does not keep the others waiting: the first fault is
    /// raised when all were tried, so that the trigger is delivered again.
    async fn all(&self) -> Result<Summary, Fault> {
        // Connections first: cleaning up needs nothing of RAM.
        let connections = self.intake.ledger.connections_needing_attention().await?;
        count("NeedAttention", u64::try_from(connections.len()).unwrap_or(u64::MAX), &[], self.now);
        let mut outcomes: Vec<Result<Done, Fault>> = stream::iter(&connections)
            .map(|id| self.connection(id, connections.len()))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        // What subscriptions ask for by themselves needs nothing of RAM, either.
        let (endpoints, asked_for) = self.asked_for().await;
        outcomes.extend(asked_for);
        let (Seen { shares: seen, listed }, all_seen) = match self.seen().await {
            Ok(seen) => (seen, true),
            Err(fault) => {
                outcomes.push(Err(fault));
                (Seen::default(), false)
            }
        };
        let waiting = self.intake.ledger.shares_needing_attention().await?;
        let unseen: Vec<_> = waiting.into_iter().filter(|arn| !seen.contains_key(arn)).collect();
        let mut summary =
            Summary { shares: seen.len(), connections: connections.len(), endpoints, ..Summary::default() };
        // Who is trusted does not stand in line behind strangers, of whom there may be any number.
        let (trusted, strangers): (Vec<_>, Vec<_>) = seen.values().partition(|share| self.is_trusted(&share.sender));
        let of_seen = stream::iter(trusted.into_iter().chain(strangers))
            .map(|share| self.share(share, &listed, seen.len()))
            .buffer_unordered(AT_ONCE);
        outcomes.extend(of_seen.collect::<Vec<_>>().await.into_iter().flatten());
        let of_unseen =
            stream::iter(&unseen).map(|arn| self.unseen(arn, all_seen.then_some(&listed))).buffer_unordered(AT_ONCE);
        outcomes.extend(of_unseen.collect::<Vec<_>>().await.into_iter().flatten());
        count("PeopleAsked", self.asking.get(), &[], self.now);
        let mut first_fault = None;
        for outcome in outcomes {
            match outcome {
                Ok(done) => summary.add(done),
                Err(fault) => {
                    tracing::warn!(fault = fault.name.as_str(), "{}", fault.message);
                    first_fault.get_or_insert(fault);
                }
            }
        }
        tracing::info!(summary = %json!(summary), "looked at everything");
        first_fault.map_or(Ok(summary), Err)
    }

    fn is_trusted(&self, sender: &AccountId) -> bool {
        self.known.subscriptions.iter().any(|subscription| subscription.trusts_sender(sender))
    }

    /// Whether this look still takes up a share of somebody whom nobody trusts.
    fn takes_up_a_stranger(&self) -> bool {
        let more = self.strangers.get().checked_sub(1);
        self.strangers.set(more.unwrap_or(0));
        more.is_some()
    }

    fn note_asking(&self, record: Option<&ShareRecord>) {
        self.asking.set(self.asking.get() + u64::from(record.is_some_and(ShareRecord::asks)));
    }

    /// How many endpoints subscriptions ask for by themselves, and what was done about each and about those that
    /// nobody asks for any more.
    async fn asked_for(&self) -> (usize, Vec<Result<Done, Fault>>) {
        let wishes = wanted::endpoint_wishes(self.known.home, self.known.subscriptions);
        let asked: BTreeSet<ConnectionId> = wishes.iter().map(|wish| wish.id(self.known.home)).collect();
        // What there is room for is decided of all of them together.
        let mut outcomes = Vec::new();
        let mut known = Vec::new();
        for (wish, asked) in
            stream::iter(&wishes).map(|wish| self.asked(wish)).buffered(AT_ONCE).collect::<Vec<_>>().await
        {
            known.push(asked.unwrap_or_else(|fault| {
                outcomes.push(Err(fault));
                Asked::unread(wish)
            }));
        }
        limits::allot(&mut known, self.known, self.now);
        let fulfilled = stream::iter(known).map(|asked| self.fulfil(asked)).buffer_unordered(AT_ONCE);
        outcomes.extend(fulfilled.collect::<Vec<_>>().await);
        match self.intake.ledger.connections_without_share().await {
            Err(fault) => outcomes.push(Err(fault)),
            Ok(mut ids) => {
                ids.retain(|id| !asked.contains(id));
                let settled = stream::iter(&ids).map(|id| self.settle_one(id, None)).buffer_unordered(AT_ONCE);
                outcomes.extend(settled.collect::<Vec<_>>().await);
            }
        }
        (wishes.len(), outcomes)
    }

    async fn asked<'w>(&self, wish: &'w Wish) -> (&'w Wish, Result<Asked<'w>, Fault>) {
        let existing = self.intake.ledger.connection(&wish.id(self.known.home)).await;
        (wish, existing.map(|existing| Asked::new(wish, existing, self.known, &self.by(), self.now)))
    }

    async fn fulfil(&self, asked: Asked<'_>) -> Result<Done, Fault> {
        match asked.next {
            None => Ok(Done::Nothing),
            // Whatever else it is, a run has it or nothing is to run.
            Some((next, what)) if next.status == Status::Wanted && !next.is_held() => {
                self.rerun(next, what, Done::Started).await
            }
            Some((next, what)) => match self.intake.ledger.save_connection(next, self.audit(what)).await {
                Ok(saved) => self.wake_to_end(&saved).await.map(|()| Done::Recorded),
                Err(fault) if fault.name == FaultName::LedgerConflict => Ok(Done::LeftToOthers),
                Err(fault) => Err(fault),
            },
        }
    }

    /// Every share that RAM shows, with its newest invitation; a pending one counts before all.
    async fn seen(&self) -> Result<Seen, Fault> {
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
        let (active, others): (Vec<_>, Vec<_>) =
            self.intake.ram.visible_shares().await?.into_iter().partition(|share| share.active);
        for share in active {
            seen.entry(share.arn.clone()).and_modify(|entry| entry.visible = true).or_insert_with(|| SeenShare {
                arn: share.arn,
                name: share.name,
                sender: share.owner,
                invitation: None,
                visible: true,
            });
        }
        let listed = others.into_iter().filter(|share| !share.deleted).map(|share| share.arn).collect();
        Ok(Seen { shares: seen, listed })
    }

    async fn share(
        &self,
        seen: &SeenShare,
        listed: &BTreeSet<ResourceShareArn>,
        shares: usize,
    ) -> Vec<Result<Done, Fault>> {
        let record = match self.intake.ledger.share(&seen.arn).await {
            Ok(record) => record,
            Err(fault) => return vec![Err(fault)],
        };
        if record.is_none() && !self.is_trusted(&seen.sender) && !self.takes_up_a_stranger() {
            return vec![Ok(Done::LeftForLater)];
        }
        self.note_asking(record.as_ref());
        let digest = verdict::digest(self.known.subscriptions, &seen.sender);
        let backoff = self.intake.settings.backoff;
        let mut step = sweep::share_step(seen, record.as_ref(), &digest, self.woken_by, backoff, self.now);
        if step == ShareStep::Nothing {
            step =
                record.as_ref().map_or(step, |record| self.looked(record, seen.visible || listed.contains(&seen.arn)));
        }
        if let Some(record) = record.as_ref().filter(|_| matches!(step, ShareStep::Nothing | ShareStep::Ensure)) {
            match self.is_approved_since(record).await {
                Ok(true) => step = sweep::sender_approved(seen, record, &digest, self.now),
                Ok(false) => {}
                Err(fault) => return vec![Err(fault)],
            }
        }
        let waits = record.as_ref().is_some_and(|record| record.awaited().is_some());
        if step == ShareStep::Ensure && waits && !sweep::has_its_turn(&seen.arn, shares, self.now) {
            step = ShareStep::Nothing;
        }
        self.go_on(record, step).await
    }

    /// Whether the sender of a share that waits was approved since for one of those who only ask about the sender.
    async fn is_approved_since(&self, record: &ShareRecord) -> Result<bool, Fault> {
        let mut asking = waiting::asks_about_the_sender(record, self.known.subscriptions).peekable();
        if asking.peek().is_none() {
            return Ok(false);
        }
        // Of one sender a thousand shares may wait.
        let known = self.approved.borrow().get(&record.sender).cloned();
        let approved_for = match known {
            Some(known) => known,
            None => self.intake.ledger.approved_for(&record.sender).await?,
        };
        let is_approved = asking.any(|name| approved_for.contains(name));
        self.approved.borrow_mut().insert(record.sender.clone(), approved_for);
        Ok(is_approved)
    }

    /// A share that needs attention and that RAM does not show, or (`listed` is none) could not be asked for.
    async fn unseen(
        &self,
        arn: &ResourceShareArn,
        listed: Option<&BTreeSet<ResourceShareArn>>,
    ) -> Vec<Result<Done, Fault>> {
        let record = match self.intake.ledger.share(arn).await {
            Ok(Some(record)) => record,
            Ok(None) => return Vec::new(),
            Err(fault) => return vec![Err(fault)],
        };
        self.note_asking(Some(&record));
        let step = match (listed, sweep::gone_share(&record, self.now)) {
            _ if record.status.is_running() => ShareStep::Ensure,
            (Some(_), Some((next, what))) => ShareStep::Record(Box::new(next), what),
            (Some(listed), None) if record.accepted_at.is_some() => self.looked(&record, listed.contains(arn)),
            _ if record.awaited().is_none() => ShareStep::Nothing,
            _ if waiting::share_is_due(&record, self.now).is_some() => ShareStep::Wake,
            _ => ShareStep::Ensure,
        };
        self.go_on(Some(record), step).await
    }

    /// What this look at RAM says of a share that there is nothing else to do about.
    fn looked(&self, record: &ShareRecord, shown: bool) -> ShareStep {
        let looked = presence::looked(record, shown, self.now);
        looked.map_or(ShareStep::Nothing, |(next, what)| ShareStep::Record(Box::new(next), what))
    }

    async fn go_on(&self, record: Option<ShareRecord>, step: ShareStep) -> Vec<Result<Done, Fault>> {
        let (step, mut outcomes) = self.settle(record.as_ref(), step).await;
        outcomes.push(self.take(record, step).await);
        outcomes
    }

    async fn take(&self, record: Option<ShareRecord>, step: ShareStep) -> Result<Done, Fault> {
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
            (ShareStep::Record(next, what), record) => {
                let Some(saved) = self.save_share(*next, what).await? else {
                    return Ok(Done::LeftToOthers);
                };
                // Nobody is to wait for what is decided.
                if saved.awaited().is_none() && record.is_some_and(|record| record.awaited().is_some()) {
                    self.wake(Subject::Share(saved.arn)).await?;
                }
                Ok(Done::Recorded)
            }
            (ShareStep::Wake, Some(record)) => {
                if self.wake(Subject::Share(record.arn.clone())).await? {
                    return Ok(Done::Woken);
                }
                self.ensure_onboard(record).await
            }
            (ShareStep::Ensure, Some(record)) => self.ensure_onboard(record).await,
            (ShareStep::Ensure | ShareStep::Wake | ShareStep::Nothing, _) => Ok(Done::Nothing),
        }
    }

    async fn ensure_onboard(&self, record: ShareRecord) -> Result<Done, Fault> {
        // One that waits was started for certain.
        if record.awaited().is_none() && self.start_onboard(&record).await? == Started::Now {
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
        } else {
            count_fault(FaultName::AttemptsExhausted, self.now);
        }
        Ok(Done::Aborted)
    }

    async fn connection(&self, id: &ConnectionId, of: usize) -> Result<Done, Fault> {
        let Some(connection) = self.intake.ledger.connection(id).await? else {
            return Ok(Done::Nothing);
        };
        let backoff = self.intake.settings.backoff;
        // One that waits and has its run was started for certain.
        let waits = grace::wait(&connection).is_some() && connection.execution.is_some();
        match sweep::connection_step(&connection, backoff, self.now) {
            ConnectionStep::Ensure if waits && !sweep::has_its_turn(id, of, self.now) => Ok(Done::Nothing),
            ConnectionStep::Nothing => {
                // Of what no share brought, the subscriptions that ask for it decide: see `asked_for`.
                let Some(arn) = &connection.share_arn else { return Ok(Done::Nothing) };
                let share = self.intake.ledger.share(arn).await?;
                match share.and_then(|share| sweep::decided_anew(&connection, &share, self.now)) {
                    Some((next, what)) => self.rerun(next, what, Done::Started).await,
                    None => Ok(Done::Nothing),
                }
            }
            ConnectionStep::Run(next, what) => self.rerun(*next, what, Done::Started).await,
            ConnectionStep::Wake if self.wake(Subject::Connection(id.clone())).await? => Ok(Done::Woken),
            ConnectionStep::Ensure | ConnectionStep::Wake => {
                if !waits && self.start_run(&connection).await? == Started::Now {
                    return Ok(Done::Started);
                }
                let name = identity::connect_execution(&connection.id, connection.generation, connection.attempt);
                let holder = connection.execution.as_deref();
                if !self.is_over(self.machine_of(&connection), &name, holder).await? {
                    return Ok(Done::Nothing);
                }
                match sweep::aborted_connection(&connection, backoff, self.now) {
                    Some((next, what)) => self.rerun(next, what, Done::Aborted).await,
                    None => Ok(Done::Nothing),
                }
            }
        }
    }

    /// Whether a run waited, and looks again now.
    async fn wake(&self, subject: Subject) -> Result<bool, Fault> {
        waiting::wake(&self.intake.ledger, &self.intake.workflows, &subject).await
    }

    /// A run that waits for somebody does not see by itself that its connection is to end, or is kept.
    pub(crate) async fn wake_to_end(&self, connection: &Connection) -> Result<(), Fault> {
        let waits = connection.ending.is_some() && connection.wait.is_some();
        if waits && waiting::connection_is_due(connection, self.now).is_some() {
            self.wake(Subject::Connection(connection.id.clone())).await?;
        }
        Ok(())
    }

    async fn rerun(&self, next: Connection, what: String, done: Done) -> Result<Done, Fault> {
        match self.intake.ledger.save_connection(next, self.audit(what)).await {
            Ok(saved) => {
                self.start_run(&saved).await?;
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

    pub(crate) async fn start_run(&self, connection: &Connection) -> Result<Started, Fault> {
        let input = ConnectInput { connection: connection.id.clone(), attempt: connection.attempt };
        let name = identity::connect_execution(&connection.id, connection.generation, connection.attempt);
        self.intake.workflows.start(self.machine_of(connection), &name, &json!(input)).await
    }

    /// Whether the run that holds the record is over; if none does, whether that of this name is.
    async fn is_over(&self, machine: &str, name: &str, holder: Option<&str>) -> Result<bool, Fault> {
        let arn = holder.map_or_else(|| identity::execution_arn(machine, name), str::to_owned);
        let state = self.intake.workflows.execution(&arn).await?;
        Ok(matches!(state, ExecutionState::Succeeded | ExecutionState::Ended))
    }

    pub(crate) fn audit(&self, what: String) -> AuditEntry {
        AuditEntry { at: self.now, by: self.by(), execution: None, what }
    }

    pub(crate) fn by(&self) -> String {
        format!("intake ({})", found_by(self.woken_by))
    }
}

const fn found_by(woken_by: FoundBy) -> &'static str {
    match woken_by {
        FoundBy::Event => "event",
        FoundBy::Sweep => "sweep",
        FoundBy::Manual => "manual",
        FoundBy::Subscription => "subscription",
    }
}
