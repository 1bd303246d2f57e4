//! Look inside the share, decide, write the verdict down.

use drawbridge_domain::ids::{ResourceShareArn, SubscriptionName};
use drawbridge_domain::messages::{Outcome, VetAnswer, VetRequest};
use drawbridge_domain::ports::{AuditEntry, FindShares, LookInside, Senders, Shares, Subscriptions};
use drawbridge_domain::share::{InvitationStatus, MOST_RESOURCES, ShareFacts, ShareRecord, ShareStatus};
use drawbridge_domain::subscription::{Approval, Subscription};
use drawbridge_domain::verdict::{Said, Verdict};
use drawbridge_domain::waiting::{self, Wait};
use drawbridge_domain::{Fault, FaultName, Timestamp, facts, verdict};
use drawbridge_runtime::Handler;

/// The function's ports.
pub struct Vet<R, L> {
    pub ram: R,
    pub ledger: L,
}

impl<R: FindShares + LookInside, L: Subscriptions + Shares + Senders> Handler for Vet<R, L> {
    type Request = VetRequest;
    type Answer = VetAnswer;

    async fn handle(&self, request: VetRequest, now: Timestamp) -> Result<VetAnswer, Fault> {
        let record = self.load(&request.share, request.attempt).await?;
        // What waits for a person is decided anew whenever its run goes on, whoever let it.
        if record.status != ShareStatus::Found && record.awaited().is_none() {
            return delivered_again(&record);
        }
        let facts = facts::gather_known(&self.ram, &request.share, record.since, now).await?;
        let (subscriptions, _) = self.ledger.subscriptions().await?;
        may_still_fill(&record, &facts, &subscriptions, now)?;
        let approved = self.approved(&record, &facts, &subscriptions).await?;
        let said = Said { of_share: record.answer.as_ref(), approved: &approved };
        let verdict = verdict::decide(&facts, &subscriptions, said, now)?;
        self.remember_sender(&record, &facts, &subscriptions, &verdict, &request, now).await?;
        let wait = wait(&record, &facts, &verdict, &approved, now)?;

        let before = record.clone();
        let mut next = record;
        next.name.clone_from(&facts.name);
        next.sender = facts.sender.clone();
        next.digest = verdict::digest(&subscriptions, &facts.sender);
        next.claims = verdict.claims;
        if facts.is_accepted() {
            next.accepted_at = next.accepted_at.or(Some(now));
        }
        next.resources = facts.resources;
        let mut reasons = verdict.reasons;
        if next.resources.len() > MOST_RESOURCES {
            reasons.push(format!("{} resources are inside; {MOST_RESOURCES} are listed here", next.resources.len()));
            next.resources.truncate(MOST_RESOURCES);
        }
        next.execution = Some(request.execution.clone());
        next.fault = None;
        if let Some(invitation) = &facts.invitation {
            next.invitation = Some(invitation.arn.clone());
            next.expires_at = (invitation.status == InvitationStatus::Pending).then(|| invitation.expires_at());
        }
        next.become_status(verdict.status, now, reasons, what_next(verdict.status, wait.as_ref()));
        next.wait = wait;
        if before.awaited().is_some() && next.resources.is_empty() {
            // What is empty is looked into again after a while.
            next.since = now;
        }
        let waits = next.awaited().is_some();
        let outcome = if verdict.outcome == Outcome::Hold && !waits { Outcome::Ignore } else { verdict.outcome };
        if next == before {
            return Ok(VetAnswer { verdict: outcome });
        }
        let what = format!("verdict: {}", next.why.join("; "));
        let audit = AuditEntry { at: now, by: "vet".to_owned(), execution: Some(request.execution), what };
        self.ledger.save_share(next, audit).await?;
        Ok(VetAnswer { verdict: outcome })
    }
}

impl<R, L: Senders> Vet<R, L> {
    /// The subscriptions for which nobody needs to be asked about this share any more.
    async fn approved(
        &self,
        record: &ShareRecord,
        facts: &ShareFacts,
        subscriptions: &[Subscription],
    ) -> Result<Vec<SubscriptionName>, Fault> {
        let asks_once =
            subscriptions.iter().any(|s| s.approval == Approval::FirstTime && s.trusts_sender(&facts.sender));
        let known = if asks_once { self.ledger.approved_for(&facts.sender).await? } else { Vec::new() };
        Ok(verdict::approved(Some(record), known, subscriptions))
    }

    /// Once a person approved a share of it, a sender is known to whoever asks the first time only. Written before the
    /// verdict: a run that ends in between finds the same answer again.
    async fn remember_sender(
        &self,
        record: &ShareRecord,
        facts: &ShareFacts,
        subscriptions: &[Subscription],
        verdict: &Verdict,
        request: &VetRequest,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let Some(answer) = record.answer.as_ref().filter(|answer| answer.approve) else {
            return Ok(());
        };
        let first_time: Vec<_> = subscriptions
            .iter()
            .filter(|s| s.approval == Approval::FirstTime)
            .filter(|s| verdict.claims.contains(&s.name) && answer.subscriptions.contains(&s.name))
            .map(|s| s.name.clone())
            .collect();
        if first_time.is_empty() {
            return Ok(());
        }
        let what = format!("{} approved it with share {}", answer.by, record.arn);
        let audit = AuditEntry { at: now, by: "vet".to_owned(), execution: Some(request.execution.clone()), what };
        self.ledger.approve_sender(&facts.sender, &first_time, audit).await
    }
}

impl<R, L: Shares> Vet<R, L> {
    async fn load(&self, share: &ResourceShareArn, attempt: u32) -> Result<ShareRecord, Fault> {
        let record = self.ledger.share(share).await?.ok_or_else(|| {
            FaultName::ShareNotFound.because(format!("the ledger has no record of {share}; only intake makes one"))
        })?;
        if record.attempt != attempt {
            return Err(FaultName::RunOver.because(format!(
                "this is attempt {attempt} at {share}, the ledger is at attempt {}",
                record.attempt
            )));
        }
        Ok(record)
    }
}

/// Who is waited for by this verdict, if somebody is.
fn wait(
    record: &ShareRecord,
    facts: &ShareFacts,
    verdict: &Verdict,
    approved: &[SubscriptionName],
    now: Timestamp,
) -> Result<Option<Wait>, Fault> {
    if verdict.outcome != Outcome::Hold {
        return Ok(None);
    }
    let wait = waiting::for_a_person(facts, verdict.asking.clone(), approved, record.wait.as_ref(), now);
    if wait.by_a_run && wait.until <= now {
        return Err(FaultName::ApprovalExpired.because(format!(
            "nobody answered by {}, shortly before the invitation ends, so it is left unanswered: {}",
            wait.until,
            verdict.reasons.join("; ")
        )));
    }
    Ok(Some(wait))
}

/// RAM may list what is inside a trusted share only some time after it shows the share.
fn may_still_fill(
    record: &ShareRecord,
    facts: &ShareFacts,
    subscriptions: &[Subscription],
    now: Timestamp,
) -> Result<(), Fault> {
    let open = facts.invitation.as_ref().is_some_and(|i| i.status == InvitationStatus::Pending) || facts.is_accepted();
    let trusted = subscriptions.iter().any(|s| s.trusts_sender(&facts.sender));
    if open && trusted && facts.resources.is_empty() && now.duration_since(record.found_at) < facts::READS_MAY_LAG {
        return Err(FaultName::NotReady.because(format!("RAM lists nothing inside share {} yet", facts.arn)));
    }
    Ok(())
}

/// The verdict that stands already.
fn delivered_again(record: &ShareRecord) -> Result<VetAnswer, Fault> {
    let verdict = match record.status {
        ShareStatus::Accepting | ShareStatus::Accepted => Outcome::Accept,
        ShareStatus::Declining | ShareStatus::Rejected => Outcome::Reject,
        ShareStatus::Held | ShareStatus::Ignored | ShareStatus::Expired => Outcome::Ignore,
        ShareStatus::Found | ShareStatus::Failed | ShareStatus::Revoked => {
            return Err(FaultName::RunOver.because(format!(
                "attempt {} at {} ended as {}",
                record.attempt,
                record.arn,
                record.status.as_str()
            )));
        }
    };
    Ok(VetAnswer { verdict })
}

fn what_next(status: ShareStatus, wait: Option<&Wait>) -> &'static str {
    match status {
        ShareStatus::Accepting => "accept answers the invitation and asks for the connections",
        ShareStatus::Declining => "accept declines the invitation",
        ShareStatus::Held if wait.is_some_and(|wait| !wait.subscriptions.is_empty()) => {
            "a person decides: `drawbridge approve ID` or `drawbridge reject ID --because TEXT`"
        }
        ShareStatus::Held => {
            "a person decides: subscribe to it (`drawbridge subscribe FILE`), or `drawbridge reject ID --because TEXT`; the invitation expires by itself"
        }
        ShareStatus::Expired => "nothing until the owner removes this account from the share and adds it again",
        _ => "nothing until a subscription comes to trust it (`drawbridge subscribe FILE`)",
    }
}
