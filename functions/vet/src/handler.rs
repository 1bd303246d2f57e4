//! Look inside the share, decide, write the verdict down.

use drawbridge_domain::ids::ResourceShareArn;
use drawbridge_domain::messages::{Outcome, VetAnswer, VetRequest};
use drawbridge_domain::ports::{AuditEntry, FindShares, LookInside, Shares, Subscriptions};
use drawbridge_domain::share::{InvitationStatus, MOST_RESOURCES, ShareFacts, ShareRecord, ShareStatus};
use drawbridge_domain::subscription::Subscription;
use drawbridge_domain::{Fault, FaultName, Timestamp, facts, verdict};
use drawbridge_runtime::Handler;

/// The function's ports.
pub struct Vet<R, L> {
    pub ram: R,
    pub ledger: L,
}

impl<R: FindShares + LookInside, L: Subscriptions + Shares> Handler for Vet<R, L> {
    type Request = VetRequest;
    type Answer = VetAnswer;

    async fn handle(&self, request: VetRequest, now: Timestamp) -> Result<VetAnswer, Fault> {
        let record = self.load(&request.share, request.attempt).await?;
        if record.status != ShareStatus::Found {
            return delivered_again(&record);
        }
        let facts = facts::gather_known(&self.ram, &request.share, record.since, now).await?;
        let (subscriptions, _) = self.ledger.subscriptions().await?;
        may_still_fill(&record, &facts, &subscriptions, now)?;
        let verdict = verdict::decide(&facts, &subscriptions, now)?;

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
        next.become_status(verdict.status, now, reasons, what_next(verdict.status));
        let what = format!("verdict: {}", next.why.join("; "));
        let audit = AuditEntry { at: now, by: "vet".to_owned(), execution: Some(request.execution), what };
        self.ledger.save_share(next, audit).await?;
        Ok(VetAnswer { verdict: verdict.outcome })
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
        ShareStatus::Held => Outcome::Hold,
        ShareStatus::Ignored | ShareStatus::Expired => Outcome::Ignore,
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

const fn what_next(status: ShareStatus) -> &'static str {
    match status {
        ShareStatus::Accepting => "accept answers the invitation and asks for the connections",
        ShareStatus::Declining => "accept declines the invitation",
        ShareStatus::Held => {
            "a person decides: subscribe to it (`drawbridge subscribe FILE`), or reject it in RAM; the invitation expires by itself"
        }
        ShareStatus::Expired => "nothing until the owner removes this account from the share and adds it again",
        _ => "nothing until a subscription comes to trust it (`drawbridge subscribe FILE`)",
    }
}
