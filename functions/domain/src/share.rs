//! A share, as RAM shows it and as the ledger remembers it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fault::FaultRecord;
use crate::ids::{AccountId, InvitationArn, ResourceShareArn, SubscriptionName};
use crate::waiting::{Answer, Wait};

/// How long an invitation to anything but RAM's seven-day types lives; VPC Lattice's are not among
/// those [AWS:ram/userguide/working-with-shared-invitations].
pub const INVITATION_LIFETIME: SignedDuration = SignedDuration::from_hours(12);

/// An invitation's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InvitationStatus {
    /// Can be accepted.
    Pending,
    /// Was accepted, by Drawbridge or by a person.
    Accepted,
    /// Was rejected.
    Rejected,
    /// Was not answered in time.
    Expired,
    /// A word of AWS's that Drawbridge does not know: treated as not pending.
    Unknown,
}

/// An invitation to a share, as `GetResourceShareInvitations` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its ARN; carries the sender's account.
    pub arn: InvitationArn,
    /// The share it invites to.
    pub share: ResourceShareArn,
    /// The share's name, chosen by the sender.
    pub name: String,
    /// The account that sent it.
    pub sender: AccountId,
    /// When it was sent.
    pub invited_at: Timestamp,
    /// Where it stands.
    pub status: InvitationStatus,
}

impl Invitation {
    /// When it dies if nobody answers.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.invited_at.checked_add(INVITATION_LIFETIME).unwrap_or(Timestamp::MAX)
    }
}

/// A share that others share with this account, as `GetResourceShares` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisibleShare {
    /// Its ARN.
    pub arn: ResourceShareArn,
    /// Its name, chosen by the owner.
    pub name: String,
    /// The account that owns it.
    pub owner: AccountId,
    /// `ACTIVE`, as against pending, failed, deleting or deleted.
    pub active: bool,
    /// `DELETING` or `DELETED`: RAM goes on listing it for a while.
    pub deleted: bool,
}

/// A resource inside a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedResource {
    /// Its ARN as RAM gives it; checked only when it is to be connected.
    pub arn: String,
    /// RAM's type, such as `vpc-lattice:ResourceConfiguration`.
    pub ram_type: String,
}

/// How many resources of a share are written down: a share may hold 5,000
/// [AWS:ram/userguide/service-quotas], a ledger item 400 KB. VPC Lattice allows 60 children in a
/// group, and a group is one resource, so this is far above what is connected.
pub const MOST_RESOURCES: usize = 500;

/// Everything a verdict is made from, read from the APIs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareFacts {
    /// The share.
    pub arn: ResourceShareArn,
    /// Its name; chosen by the sender.
    pub name: String,
    /// The account that sent it; not chosen by the sender.
    pub sender: AccountId,
    /// The invitation, unless none was needed (same organization).
    pub invitation: Option<Invitation>,
    /// What is inside.
    pub resources: Vec<SharedResource>,
}

impl ShareFacts {
    /// Whether this account can use the share already: it was accepted, or needed no invitation.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.invitation.as_ref().is_none_or(|invitation| invitation.status == InvitationStatus::Accepted)
    }
}

/// Where a share stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShareStatus {
    /// Seen, not yet vetted.
    Found,
    /// Trusted; being accepted.
    Accepting,
    /// Not wanted; being rejected.
    Declining,
    /// Accepted; its connections say the rest.
    Accepted,
    /// Waits for a person.
    Held,
    /// The invitation was rejected.
    Rejected,
    /// Recorded and left alone.
    Ignored,
    /// The invitation was not answered in time.
    Expired,
    /// A run ended in a fault.
    Failed,
    /// It was accepted, and RAM shows it no more: its owner stopped sharing it.
    Revoked,
}

impl ShareStatus {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Found,
        Self::Accepting,
        Self::Declining,
        Self::Accepted,
        Self::Held,
        Self::Rejected,
        Self::Ignored,
        Self::Expired,
        Self::Failed,
        Self::Revoked,
    ];

    /// As it stands in the ledger and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Accepting => "accepting",
            Self::Declining => "declining",
            Self::Accepted => "accepted",
            Self::Held => "held",
            Self::Rejected => "rejected",
            Self::Ignored => "ignored",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Revoked => "revoked",
        }
    }

    /// Whether a run should be under way.
    #[must_use]
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Found | Self::Accepting | Self::Declining)
    }

    /// Whether it stands in the index of what needs attention. What was accepted does, too: that RAM
    /// shows it no more can only be told of what is known.
    #[must_use]
    pub const fn needs_attention(self) -> bool {
        !matches!(self, Self::Rejected | Self::Expired)
    }
}

/// What first told Drawbridge of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FoundBy {
    /// An event.
    Event,
    /// The schedule: no event came, or not in time.
    Sweep,
    /// A person.
    Manual,
    /// A subscription that was applied or withdrawn.
    Subscription,
}

/// What the ledger knows of a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareRecord {
    /// Its ARN: its identity.
    pub arn: ResourceShareArn,
    /// Its name; chosen by the sender.
    pub name: String,
    /// The account that sent it.
    pub sender: AccountId,
    /// The invitation that is being answered or was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationArn>,
    /// When that invitation dies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Where it stands.
    pub status: ShareStatus,
    /// Since when.
    pub since: Timestamp,
    /// Why: every reason, each a sentence.
    pub why: Vec<String>,
    /// What happens next, and who does it.
    pub next: String,
    /// Counts the runs; part of the execution's name.
    pub attempt: u32,
    /// How many runs in a row ended in a transient fault.
    pub transient_runs: u32,
    /// When the invitation was accepted, or found to be: from then on the share stays, whatever
    /// becomes of the run, since the one who accepts cannot undo it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// The digest of the subscriptions that decided.
    pub digest: String,
    /// The digest of everything that its connections were last held against: see [`crate::claims`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<String>,
    /// Since when RAM shows it no more, though it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen_since: Option<Timestamp>,
    /// Who is waited for, while it is held and somebody can say something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// What a person last said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// The subscriptions that accept it.
    pub claims: Vec<SubscriptionName>,
    /// What was inside when it was last looked at.
    pub resources: Vec<SharedResource>,
    /// What first told of it.
    pub found_by: FoundBy,
    /// When it was first seen.
    pub found_at: Timestamp,
    /// The last run's execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// What the last run ended in, if in a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultRecord>,
    /// Counts the writes; every write is conditional on it. 0: not written yet.
    pub version: u64,
    /// The id of the last change, the same as in its audit entry.
    pub change: String,
}

impl ShareRecord {
    /// Moves to `status`; `since` only changes if the status does.
    pub fn become_status(&mut self, status: ShareStatus, now: Timestamp, why: Vec<String>, next: impl Into<String>) {
        if self.status != status {
            self.since = now;
        }
        self.status = status;
        self.why = why;
        self.next = next.into();
        if status != ShareStatus::Held {
            self.wait = None;
        }
    }

    /// Whom a run of it waits for, if one waits.
    #[must_use]
    pub fn awaited(&self) -> Option<&Wait> {
        self.wait.as_ref().filter(|wait| self.status == ShareStatus::Held && wait.by_a_run)
    }

    /// Whether a person is asked about it who has not answered yet.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.status == ShareStatus::Held && self.wait.is_some() && !self.is_answered()
    }

    /// Whether a run should be under way, be it one that waits.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.status.is_running() || self.awaited().is_some()
    }

    /// Whether what is asked is answered.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.wait.as_ref().zip(self.answer.as_ref()).is_some_and(|(wait, answer)| wait.asked == answer.asked)
    }
}
