//! Gathering what a verdict is made from, over the ports.

use jiff::{SignedDuration, Timestamp};

use crate::fault::{Fault, FaultName};
use crate::ids::ResourceShareArn;
use crate::ports::{FindShares, LookInside};
use crate::share::{Invitation, InvitationStatus, ShareFacts};

/// RAM's reads lag behind, without a documented bound: for this long, what was seen once and is
/// not shown now is waited for.
pub const READS_MAY_LAG: SignedDuration = SignedDuration::from_mins(5);

/// Like [`gather`], but a share that was known to exist at `known_at` and is not shown is `NotReady`
/// for a while.
///
/// # Errors
/// As [`gather`].
pub async fn gather_known(
    ram: &(impl FindShares + LookInside),
    arn: &ResourceShareArn,
    known_at: Timestamp,
    now: Timestamp,
) -> Result<ShareFacts, Fault> {
    match gather(ram, arn).await {
        Err(fault) if fault.name == FaultName::ShareNotFound && now.duration_since(known_at) < READS_MAY_LAG => {
            Err(FaultName::NotReady.because(format!("{}; it was there at {known_at}", fault.message)))
        }
        facts => facts,
    }
}

/// Reads everything a verdict on this share needs: a pending invitation is looked into before it
/// is answered; without one, the share itself.
///
/// # Errors
/// `ShareNotFound` if there is neither; `NotReady` if an accepted share is not visible yet;
/// whatever RAM answers.
pub async fn gather(ram: &(impl FindShares + LookInside), arn: &ResourceShareArn) -> Result<ShareFacts, Fault> {
    let invitations = ram.invitations_to(arn).await?;
    let of = |invitation: Invitation, resources| ShareFacts {
        arn: arn.clone(),
        name: invitation.name.clone(),
        sender: invitation.sender.clone(),
        invitation: Some(invitation),
        resources,
    };
    if let Some(pending) = invitations.iter().find(|i| i.status == InvitationStatus::Pending) {
        let resources = ram.pending_resources(&pending.arn).await?;
        return Ok(of(pending.clone(), resources));
    }
    if let Some(share) = ram.visible_share(arn).await?.filter(|share| share.active) {
        let resources = ram.resources(arn).await?;
        let invitation = invitations.into_iter().find(|i| i.status == InvitationStatus::Accepted);
        return Ok(ShareFacts { arn: share.arn, name: share.name, sender: share.owner, invitation, resources });
    }
    match invitations.into_iter().next() {
        Some(accepted) if accepted.status == InvitationStatus::Accepted => Err(FaultName::NotReady
            .because(format!("the invitation to {arn} is accepted, but RAM does not show the share yet"))),
        Some(closed) => Ok(of(closed, Vec::new())),
        None => Err(FaultName::ShareNotFound
            .because(format!("RAM shows neither an invitation to {arn} nor the share itself to this account"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::ids::InvitationArn;
    use crate::share::{SharedResource, VisibleShare};
    use crate::testing::{SENDER, configurations, invitation, invitation_arn, now, share_arn, visible_share};

    /// What RAM shows of one share.
    #[derive(Default)]
    struct Shown {
        invitations: Vec<Invitation>,
        share: Option<VisibleShare>,
    }

    impl FindShares for Shown {
        async fn invitations(&self) -> Result<Vec<Invitation>, Fault> {
            Ok(self.invitations.clone())
        }
        async fn visible_shares(&self) -> Result<Vec<VisibleShare>, Fault> {
            Ok(self.share.iter().cloned().collect())
        }
        async fn invitations_to(&self, _: &ResourceShareArn) -> Result<Vec<Invitation>, Fault> {
            Ok(self.invitations.clone())
        }
        async fn visible_share(&self, _: &ResourceShareArn) -> Result<Option<VisibleShare>, Fault> {
            Ok(self.share.clone())
        }
    }

    impl LookInside for Shown {
        async fn pending_resources(&self, invitation: &InvitationArn) -> Result<Vec<SharedResource>, Fault> {
            assert!(self.invitations.iter().any(|i| i.arn == *invitation && i.status == InvitationStatus::Pending));
            Ok(configurations(&["rcfg-pending"]))
        }
        async fn resources(&self, _: &ResourceShareArn) -> Result<Vec<SharedResource>, Fault> {
            Ok(configurations(&["rcfg-visible"]))
        }
    }

    /// Nothing here waits, so one poll is enough.
    fn done<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("a fake never waits"),
        }
    }

    fn found(ram: &Shown) -> Result<ShareFacts, FaultName> {
        done(gather(ram, &share_arn(SENDER))).map_err(|fault| fault.name)
    }

    fn with(statuses: &[InvitationStatus], share: Option<VisibleShare>) -> Shown {
        let arns = ["newest", "older"];
        let invitations = statuses.iter().zip(arns);
        Shown {
            invitations: invitations
                .map(|(s, arn)| Invitation { arn: invitation_arn(arn), ..invitation(*s) })
                .collect(),
            share,
        }
    }

    /// The invitation's status and how much is inside.
    type Found = Result<(Option<InvitationStatus>, usize), FaultName>;

    #[test]
    fn what_is_looked_into() {
        use InvitationStatus::{Accepted, Expired, Pending, Rejected, Unknown};
        let visible = || Some(visible_share());
        let inactive = Some(VisibleShare { active: false, ..visible_share() });
        let table: Vec<(Shown, Found, &str)> = vec![
            (with(&[Pending], None), Ok((Some(Pending), 1)), "rcfg-pending"),
            (with(&[Expired, Pending], None), Ok((Some(Pending), 1)), "rcfg-pending"),
            (with(&[Pending, Accepted], visible()), Ok((Some(Pending), 1)), "rcfg-pending"),
            (with(&[Accepted], visible()), Ok((Some(Accepted), 1)), "rcfg-visible"),
            (with(&[Expired, Accepted], visible()), Ok((Some(Accepted), 1)), "rcfg-visible"),
            (with(&[Expired], visible()), Ok((None, 1)), "rcfg-visible"),
            (with(&[], visible()), Ok((None, 1)), "rcfg-visible"),
            (with(&[Accepted], None), Err(FaultName::NotReady), ""),
            (with(&[Accepted], inactive.clone()), Err(FaultName::NotReady), ""),
            (with(&[Expired, Accepted], None), Ok((Some(Expired), 0)), ""),
            (with(&[Rejected], None), Ok((Some(Rejected), 0)), ""),
            (with(&[Unknown], None), Ok((Some(Unknown), 0)), ""),
            (with(&[], None), Err(FaultName::ShareNotFound), ""),
            (with(&[], inactive), Err(FaultName::ShareNotFound), ""),
        ];
        for (index, (ram, expected, inside)) in table.into_iter().enumerate() {
            let facts = found(&ram);
            let seen = facts.as_ref().map(|f| (f.invitation.as_ref().map(|i| i.status), f.resources.len()));
            assert_eq!(seen.map_err(|name| *name), expected, "row {index}");
            if let Ok(facts) = facts {
                assert_eq!((facts.arn, facts.sender.as_str()), (share_arn(SENDER), SENDER));
                assert!(facts.resources.iter().all(|r| r.arn.ends_with(inside)), "row {index}");
            }
        }
    }

    #[test]
    fn what_was_there_a_moment_ago_is_waited_for() {
        let nothing = Shown::default();
        let asked = |since: Timestamp| done(gather_known(&nothing, &share_arn(SENDER), since, now())).unwrap_err();
        let ago = |seconds| now().checked_sub(SignedDuration::from_secs(seconds)).unwrap();
        assert_eq!(asked(ago(0)).name, FaultName::NotReady);
        assert_eq!(asked(ago(299)).name, FaultName::NotReady);
        assert_eq!(asked(ago(300)).name, FaultName::ShareNotFound);

        let gone = with(&[InvitationStatus::Expired], None);
        let facts = done(gather_known(&gone, &share_arn(SENDER), now(), now())).unwrap();
        assert!(!facts.is_accepted());
    }

    #[test]
    fn what_counts_as_accepted() {
        use InvitationStatus::{Accepted, Expired, Pending, Rejected, Unknown};
        for (status, accepted) in
            [(Accepted, true), (Pending, false), (Expired, false), (Rejected, false), (Unknown, false)]
        {
            let facts = ShareFacts { invitation: Some(invitation(status)), ..crate::testing::facts() };
            assert_eq!(facts.is_accepted(), accepted, "{status:?}");
        }
        assert!(ShareFacts { invitation: None, ..crate::testing::facts() }.is_accepted());
    }
}
