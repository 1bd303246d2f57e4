//! Resource shares and invitations.

use jiff::Timestamp;
use serde::Serialize;

/// An invitation's status. \[botocore: `ResourceShareInvitationStatus`\]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InvitationStatus {
    /// Waits for an answer.
    Pending,
    /// Was accepted.
    Accepted,
    /// Was rejected.
    Rejected,
    /// Nobody answered in time.
    Expired,
}

/// One invitation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Invitation {
    /// Its ARN, with the SENDER's account. \[AWS:ram/userguide/working-with-shared-invitations\]
    pub arn: String,
    /// The share's ARN.
    pub share: String,
    /// Who sent it.
    pub sender: String,
    /// Who got it.
    pub receiver: String,
    /// When it was sent.
    pub at: Timestamp,
    /// What really is.
    pub status: InvitationStatus,
    /// How many more reads do not know of an acceptance yet.
    pub lag: u32,
}

impl Invitation {
    /// What a read shows: RAM's reads lag behind an acceptance.
    /// \[terraform-provider-aws retries look-ups after accepting: eventual consistency\]
    pub fn shown(&self) -> InvitationStatus {
        if self.lag > 0 { InvitationStatus::Pending } else { self.status }
    }

    /// Lets a pending invitation expire when its time is over. \[AWS:ram: 12 hours for VPC Lattice's types\]
    pub fn expire(&mut self, lifetime_hours: u32, now: Timestamp) {
        let lifetime = u64::from(lifetime_hours) * 3_600_000;
        if self.status == InvitationStatus::Pending && super::elapsed(self.at, now) >= lifetime {
            self.status = InvitationStatus::Expired;
        }
    }
}

/// One resource in a share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SharedResource {
    /// Its ARN.
    pub arn: String,
    /// Its type, such as `vpc-lattice:ResourceConfiguration`.
    pub ram_type: String,
    /// When it was added.
    pub at: Timestamp,
}

/// One account that a share is for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Principal {
    /// The account.
    pub account: String,
    /// Whether it has to accept an invitation; not within one organization. \[AWS:ram/userguide\]
    pub invited: bool,
    /// Whether the owner took it off the share.
    pub revoked: bool,
    /// When it was put on the share (again): what it accepted before does not count.
    pub since: Timestamp,
}

/// One resource share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    /// Its ARN.
    pub arn: String,
    /// Its name, which its owner chose.
    pub name: String,
    /// The owning account.
    pub owner: String,
    /// Its Region. \[AWS:ram: shares are Regional\]
    pub region: String,
    /// Whether the owner deleted it.
    pub deleted: bool,
    /// Whom it is for.
    pub principals: Vec<Principal>,
    /// What is in it.
    pub resources: Vec<SharedResource>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl Share {
    /// Whether a resource is in it.
    pub fn has(&self, arn: &str) -> bool {
        self.resources.iter().any(|resource| resource.arn == arn)
    }

    /// Whether an account that does not own it sees and may use it.
    pub fn shows_to(&self, account: &str, invitations: &[Invitation]) -> bool {
        let principal = self.principals.iter().find(|principal| principal.account == account && !principal.revoked);
        !self.deleted
            && principal.is_some_and(|principal| {
                !principal.invited
                    || invitations.iter().any(|invitation| {
                        invitation.share == self.arn
                            && invitation.receiver == account
                            && invitation.at >= principal.since
                            && invitation.shown() == InvitationStatus::Accepted
                    })
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invitation(status: InvitationStatus) -> Invitation {
        Invitation {
            arn: "arn:invitation".to_owned(),
            share: "arn:share".to_owned(),
            sender: "444455556666".to_owned(),
            receiver: "111122223333".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            status,
            lag: 0,
        }
    }

    fn share(invited: bool) -> Share {
        Share {
            arn: "arn:share".to_owned(),
            name: "redis".to_owned(),
            owner: "444455556666".to_owned(),
            region: "us-east-1".to_owned(),
            deleted: false,
            principals: vec![Principal {
                account: "111122223333".to_owned(),
                invited,
                revoked: false,
                since: Timestamp::UNIX_EPOCH,
            }],
            resources: Vec::new(),
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_invitation_lives_twelve_hours() {
        let after = |hours: i64| Timestamp::from_second(hours * 3600).unwrap_or_default();
        let mut pending = invitation(InvitationStatus::Pending);
        pending.expire(12, after(11));
        assert_eq!(pending.status, InvitationStatus::Pending);
        pending.expire(12, after(12));
        assert_eq!(pending.status, InvitationStatus::Expired);
        let mut accepted = invitation(InvitationStatus::Accepted);
        accepted.expire(12, after(100));
        assert_eq!(accepted.status, InvitationStatus::Accepted);
    }

    #[test]
    fn a_share_shows_only_once_its_acceptance_is_known() {
        let mut accepted = invitation(InvitationStatus::Accepted);
        accepted.lag = 1;
        assert_eq!(accepted.shown(), InvitationStatus::Pending);
        assert!(!share(true).shows_to("111122223333", std::slice::from_ref(&accepted)));
        accepted.lag = 0;
        let mut again = share(true);
        again.principals[0].since = Timestamp::from_second(1).unwrap_or_default();
        assert!(!again.shows_to("111122223333", std::slice::from_ref(&accepted)), "shared again, and not yet accepted");
        assert!(share(true).shows_to("111122223333", &[accepted]));
        assert!(share(false).shows_to("111122223333", &[]), "an organization needs no invitation");
        assert!(!share(false).shows_to("999999999999", &[]));
    }
}
