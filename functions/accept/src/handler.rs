//! Accept: vet once more, answer, wait until RAM shows the share, ask for its connections.
//! Decline: answer.

use drawbridge_domain::connection::{self, Connection};
use drawbridge_domain::grace::{self, Leave};
use drawbridge_domain::identity::{self, Home};
use drawbridge_domain::ids::{Installation, InvitationArn, SubscriptionName};
use drawbridge_domain::messages::{AcceptAnswer, AcceptRequest, ConnectStart, InvitationAnswer, Outcome, Subject};
use drawbridge_domain::ports::{
    Answer, AuditEntry, Connections, FindShares, LookInside, ResourceConfigurations, Resume, Shares, Subscriptions,
    Waits,
};
use drawbridge_domain::share::{InvitationStatus, MOST_RESOURCES, ShareFacts, ShareRecord, ShareStatus};
use drawbridge_domain::subscription::Subscription;
use drawbridge_domain::verdict::Said;
use drawbridge_domain::wanted::{self, Offer, Origin};
use drawbridge_domain::{Fault, FaultName, Timestamp, facts, offers, verdict, waiting};
use drawbridge_runtime::Handler;

/// The function's ports.
pub struct Accept<R, C, L, W> {
    pub ram: R,
    pub lattice: C,
    pub ledger: L,
    pub workflows: W,
    pub installation: Installation,
}

impl<R, C, L, W> Handler for Accept<R, C, L, W>
where
    R: FindShares + LookInside + Answer,
    C: ResourceConfigurations,
    L: Subscriptions + Shares + Connections + Waits,
    W: Resume,
{
    type Request = AcceptRequest;
    type Answer = AcceptAnswer;

    async fn handle(&self, request: AcceptRequest, now: Timestamp) -> Result<AcceptAnswer, Fault> {
        let home = Home::of_execution(&self.installation, &request.execution)?;
        let share = &request.share;
        let record = self.ledger.share(share).await?.ok_or_else(|| {
            FaultName::ShareNotFound.because(format!("the ledger has no record of {share}; only intake makes one"))
        })?;
        if record.attempt != request.attempt {
            return Err(over(&record, &request));
        }
        match (request.answer, record.status) {
            (InvitationAnswer::Accept, ShareStatus::Accepting) => self.accept(&home, record, &request, now).await,
            (InvitationAnswer::Accept, ShareStatus::Accepted) => self.starts(&home, &record).await,
            (InvitationAnswer::Decline, ShareStatus::Declining) => self.decline(record, &request, now).await,
            (InvitationAnswer::Accept, ShareStatus::Held) if record.awaited().is_some() => Err(asks(&record)),
            (InvitationAnswer::Accept, ShareStatus::Held)
            | (InvitationAnswer::Decline, ShareStatus::Rejected | ShareStatus::Expired) => Ok(AcceptAnswer::default()),
            _ => Err(over(&record, &request)),
        }
    }
}

fn over(record: &ShareRecord, request: &AcceptRequest) -> Fault {
    FaultName::RunOver.because(format!(
        "this is attempt {} at {}, the ledger is at attempt {} and says {}",
        request.attempt,
        record.arn,
        record.attempt,
        record.status.as_str()
    ))
}

impl<R, C, L, W> Accept<R, C, L, W>
where
    R: FindShares + LookInside + Answer,
    C: ResourceConfigurations,
    L: Subscriptions + Shares + Connections + Waits,
    W: Resume,
{
    async fn accept(
        &self,
        home: &Home,
        record: ShareRecord,
        request: &AcceptRequest,
        now: Timestamp,
    ) -> Result<AcceptAnswer, Fault> {
        // The share may have changed since it was vetted, and accepting can't be undone: the
        // verdict is made once more from what is true now.
        let facts = facts::gather_known(&self.ram, &record.arn, record.since, now).await?;
        let (subscriptions, _) = self.ledger.subscriptions().await?;
        let pending = facts.invitation.as_ref().filter(|i| i.status == InvitationStatus::Pending);
        let record = if facts.is_accepted() {
            let claims = record.claims.clone();
            self.remember_accepted(record, claims, request, now).await?
        } else {
            record
        };
        // What is in a share that is accepted is no longer a question; each resource still is.
        let record = if facts.is_accepted() {
            record
        } else {
            // Whom vet let claim it is approved already.
            let said = Said { of_share: record.answer.as_ref(), approved: &record.claims };
            let verdict = verdict::decide(&facts, &subscriptions, said, now)?;
            let (Outcome::Accept, Some(invitation)) = (verdict.outcome, pending) else {
                let fault = withdrawn(&verdict.reasons, verdict.status);
                self.save(to_be_vetted_again(record), request, now, &fault.message).await?;
                return Err(fault);
            };
            self.ram.accept(&invitation.arn, &token("accept", &invitation.arn)).await?;
            self.remember_accepted(record, verdict.claims, request, now).await?
        };

        let (facts, missing) = self.visible(&record, now).await?;
        let claiming: Vec<&Subscription> = record
            .claims
            .iter()
            .filter_map(|claim| subscriptions.iter().find(|s| s.name == *claim && s.trusts_sender(&facts.sender)))
            .collect();
        if claiming.is_empty() {
            return Err(FaultName::TrustWithdrawn
                .because("it is accepted and stays so, but no subscription claims it any more: nothing is connected"));
        }
        let (offers, mut why) = offers::of(&self.lattice, &facts).await?;
        why.extend(wanted::unconnected(&offers, &claiming));
        why.extend(missing);
        let wishes = wanted::wishes(&offers, &claiming);
        let asked = waiting::asked(&facts.arn, &facts.resources);
        let over = offers::over_limit(&wishes, &claiming, record.arn.region(), record.answer.as_ref(), &asked);
        let obstacle = over
            .first()
            .map(|(_, why)| why.clone())
            .or_else(|| wishes.is_empty().then(|| "nothing inside can be connected".to_owned()));
        if let Some(obstacle) = obstacle {
            let mut next = record;
            let mut reasons =
                vec!["it is accepted and stays so, but nothing is connected".to_owned(), obstacle.clone()];
            reasons.append(&mut why);
            let what_next = if over.is_empty() {
                "a person decides: ask the owner to change what is inside"
            } else {
                "a person decides: `drawbridge approve ID`, or change the subscription's limits, or ask the owner to change \
                 what is inside"
            };
            next.become_status(ShareStatus::Held, now, reasons, what_next);
            next.wait = (!over.is_empty()).then(|| {
                // Whom vet let claim it is approved already.
                let asking: Vec<_> = claiming.iter().map(|subscription| subscription.name.clone()).collect();
                waiting::for_a_person(&facts, asking.clone(), &asking, None, now)
            });
            let next = self.save(next, request, now, &format!("held: {obstacle}")).await?;
            return if next.awaited().is_some() { Err(asks(&next)) } else { Ok(AcceptAnswer::default()) };
        }
        let origin = Origin::share(&record);
        for wish in &wishes {
            let existing = self.ledger.connection(&wish.id(home)).await?;
            let record = match wanted::fulfil(home, &origin, wish, existing.as_ref(), &subscriptions, now) {
                Some((next, what)) => Some(self.ledger.save_connection(next, audit(request, now, what)).await?),
                None => existing,
            };
            self.wake_if_kept(record.as_ref(), now).await;
        }
        why.insert(0, format!("accepted for {}; connections asked for: {}", join(&record.claims), wishes.len()));
        let mut next = record;
        next.resources = facts.resources;
        next.resources.truncate(MOST_RESOURCES);
        next.transient_runs = 0;
        next.fault = None;
        next.become_status(ShareStatus::Accepted, now, why, "each connection goes its own way: `drawbridge ls`");
        let record = self.save(next, request, now, "accepted").await?;
        self.starts(home, &record).await
    }

    /// What its owner shares again within its grace period is kept: its run, which waits, sees that at once. Nothing depends
    /// on it: the sweep wakes it, too.
    async fn wake_if_kept(&self, record: Option<&Connection>, now: Timestamp) {
        let kept = record.filter(|record| matches!(grace::leaves(record, now), Some(Leave::Kept(_))));
        let Some(record) = kept else { return };
        let subject = Subject::Connection(record.id.clone());
        if let Err(fault) = waiting::wake(&self.ledger, &self.workflows, &subject).await {
            tracing::warn!(fault = fault.name.as_str(), connection = %record.id, "left to the sweep: {}", fault.message);
        }
    }

    /// Writes down that the share is accepted, before anything else can go wrong.
    async fn remember_accepted(
        &self,
        record: ShareRecord,
        claims: Vec<SubscriptionName>,
        request: &AcceptRequest,
        now: Timestamp,
    ) -> Result<ShareRecord, Fault> {
        if record.accepted_at.is_some() && record.claims == claims {
            return Ok(record);
        }
        let mut next = record;
        next.accepted_at = next.accepted_at.or(Some(now));
        next.expires_at = None;
        next.claims = claims;
        next.execution = Some(request.execution.clone());
        "waiting until RAM shows what is inside".clone_into(&mut next.next);
        self.save(next, request, now, "the invitation is accepted").await
    }

    /// The share with its content, as RAM shows it to whoever accepted it, and what is missing of
    /// what was inside when it was vetted.
    async fn visible(&self, record: &ShareRecord, now: Timestamp) -> Result<(ShareFacts, Option<String>), Fault> {
        let accepted_at = record.accepted_at.unwrap_or(record.since);
        let facts = facts::gather_known(&self.ram, &record.arn, accepted_at, now).await?;
        if facts.invitation.as_ref().is_some_and(|i| i.status == InvitationStatus::Pending) {
            return Err(FaultName::NotReady
                .because(format!("{} was accepted, but RAM still shows the invitation as pending", record.arn)));
        }
        if facts.resources.is_empty() {
            return Err(
                FaultName::NotReady.because(format!("{} is accepted, but RAM lists nothing inside it yet", record.arn))
            );
        }
        let missing: Vec<&str> = record
            .resources
            .iter()
            .filter(|vetted| !facts.resources.iter().any(|seen| seen.arn == vetted.arn))
            .map(|vetted| vetted.arn.as_str())
            .collect();
        if missing.is_empty() {
            return Ok((facts, None));
        }
        let missing = missing.join(", ");
        if now.duration_since(accepted_at) < facts::READS_MAY_LAG {
            return Err(FaultName::NotReady.because(format!("RAM does not list all that was vetted yet: {missing}")));
        }
        Ok((facts, Some(format!("was inside when it was vetted, and is not shown any more: {missing}"))))
    }

    /// The connections of this share that want a run.
    async fn starts(&self, home: &Home, record: &ShareRecord) -> Result<AcceptAnswer, Fault> {
        let (subscriptions, _) = self.ledger.subscriptions().await?;
        let claiming: Vec<&Subscription> =
            record.claims.iter().filter_map(|claim| subscriptions.iter().find(|s| s.name == *claim)).collect();
        let offers: Vec<_> =
            verdict::connectable_of(&record.resources).map(|(arn, of)| Offer { arn, of, name: None }).collect();
        let mut connections = Vec::new();
        for wish in wanted::wishes(&offers, &claiming) {
            let id = wish.id(home);
            if let Some(found) = self.ledger.connection(&id).await?
                && found.status == connection::Status::Wanted
            {
                let name = identity::connect_execution(&id, found.generation, found.attempt);
                connections.push(ConnectStart { connection: id, attempt: found.attempt, name });
            }
        }
        Ok(AcceptAnswer { connections })
    }

    async fn decline(
        &self,
        record: ShareRecord,
        request: &AcceptRequest,
        now: Timestamp,
    ) -> Result<AcceptAnswer, Fault> {
        // A rejection is as final as an acceptance: the verdict is made once more.
        let facts = facts::gather_known(&self.ram, &record.arn, record.since, now).await?;
        let (subscriptions, _) = self.ledger.subscriptions().await?;
        let pending = facts.invitation.as_ref().filter(|i| i.status == InvitationStatus::Pending);
        let ask = "nothing until the owner removes this account from the share and adds it again";
        let mut next = record;
        let (status, why, what_next) = if let Some(invitation) = pending {
            let said = Said { of_share: next.answer.as_ref(), approved: &next.claims };
            let verdict = verdict::decide(&facts, &subscriptions, said, now)?;
            if verdict.outcome != Outcome::Reject {
                self.save(to_be_vetted_again(next), request, now, "it is not declined any more").await?;
                return Err(
                    FaultName::TrustWithdrawn.because(format!("it is not declined: {}", verdict.reasons.join("; ")))
                );
            }
            self.ram.reject(&invitation.arn, &token("reject", &invitation.arn)).await?;
            (ShareStatus::Rejected, next.why.clone(), ask)
        } else if facts.is_accepted() {
            next.accepted_at = next.accepted_at.or(Some(now));
            let why = "it was accepted outside Drawbridge before it could be declined, and stays so".to_owned();
            (ShareStatus::Ignored, vec![why], "only its owner can take it back")
        } else {
            // Rejected already (perhaps by us, unheard), or expired meanwhile.
            let verdict = verdict::decide(&facts, &subscriptions, Said::default(), now)?;
            let why = if verdict.status == ShareStatus::Rejected { next.why.clone() } else { verdict.reasons };
            (verdict.status, why, ask)
        };
        next.become_status(status, now, why, what_next);
        next.expires_at = None;
        self.save(next, request, now, &format!("the share is {}", status.as_str())).await?;
        Ok(AcceptAnswer::default())
    }

    async fn save(
        &self,
        record: ShareRecord,
        request: &AcceptRequest,
        now: Timestamp,
        what: &str,
    ) -> Result<ShareRecord, Fault> {
        self.ledger.save_share(record, audit(request, now, what.to_owned())).await
    }
}

fn audit(request: &AcceptRequest, now: Timestamp, what: String) -> AuditEntry {
    AuditEntry { at: now, by: "accept".to_owned(), execution: Some(request.execution.clone()), what }
}

/// The verdict changed between vetting and accepting: nothing is accepted.
fn withdrawn(reasons: &[String], status: ShareStatus) -> Fault {
    let name = match status {
        ShareStatus::Expired => FaultName::InvitationExpired,
        ShareStatus::Rejected => FaultName::InvitationRejected,
        _ => FaultName::TrustWithdrawn,
    };
    name.because(format!("it is not accepted: {}", reasons.join("; ")))
}

/// A person is asked before anything is connected.
fn asks(record: &ShareRecord) -> Fault {
    FaultName::ApprovalNeeded.because(record.why.join("; "))
}

/// The verdict by which this run was started does not hold any more, be it for the subscriptions
/// or for what is inside: a digest that no subscriptions have lets the next sweep vet it again.
fn to_be_vetted_again(mut record: ShareRecord) -> ShareRecord {
    "overtaken".clone_into(&mut record.digest);
    record
}

/// A RAM client token: the same answer to the same invitation, the same token.
fn token(answer: &str, invitation: &InvitationArn) -> String {
    identity::digest(&(answer, invitation))
}

fn join(names: &[SubscriptionName]) -> String {
    names.iter().map(SubscriptionName::as_str).collect::<Vec<_>>().join(", ")
}
