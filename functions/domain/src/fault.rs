//! Named errors: the only words in which Drawbridge says that something went wrong.
//!
//! A fault's name is a contract. State machines retry and catch by it, alarms count it, people
//! search for it. A contract test holds the names in `statemachine/` against [`FaultName::ALL`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The same call may succeed later: the state machine retries it.
    Transient,
    /// Only a change made by someone can help: never retried, the run ends.
    Permanent,
}

macro_rules! faults {
    ($($(#[$doc:meta])+ $name:ident, $class:ident, $remedy:literal;)+) => {
        /// The stable name of a [`Fault`]; on the wire it is spelled as here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum FaultName { $($(#[$doc])+ $name,)+ }

        impl FaultName {
            /// Every name, in the order of declaration.
            pub const ALL: &'static [FaultName] = &[$(FaultName::$name,)+];

            /// The name as it stands on the wire, in state machines and in the ledger.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(FaultName::$name => stringify!($name),)+ }
            }

            /// Whether trying again can help.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(FaultName::$name => Class::$class,)+ }
            }

            /// What a person does about it: the way out, in one sentence.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(FaultName::$name => $remedy,)+ }
            }
        }
    };
}

faults! {
    /// What is waited for is not there yet.
    NotReady, Transient, "Nothing to do: it is looked at again.";
    /// AWS refused the call because too many were made.
    Throttled, Transient, "Nothing to do unless it lasts: then ask AWS for a higher request rate.";
    /// AWS answered with a 5xx, not at all, or the connection broke.
    ServiceUnavailable, Transient, "Nothing to do unless it lasts: then look at the AWS Health Dashboard.";
    /// Somebody else changed the record between the read and the write.
    LedgerConflict, Transient, "Nothing to do: the decision is made again from the new state.";
    /// A run ended without a verdict (stopped, timed out, or crashed). Recorded by the sweep only.
    RunAborted, Transient, "Nothing to do: the sweep starts another attempt.";

    /// The input is not what this function takes.
    UndecodableInput, Permanent, "Compare the input with events/README.md and send it again.";
    /// The function's environment is incomplete or wrong.
    InvalidConfiguration, Permanent, "Correct the environment in infra/template.yaml and deploy again.";
    /// A permission is missing; the message names the action.
    AccessDenied, Permanent, "Grant the named action to the function's role (or lift the SCP or boundary that denies it), then `drawbridge retry`.";
    /// AWS refused the request for what is in it; the message carries AWS's own code and words.
    InvalidRequest, Permanent, "Correct what AWS's message names, then `drawbridge retry`.";
    /// Neither an invitation nor a share is visible under this ARN.
    ShareNotFound, Permanent, "Ask the owner to share it again with this account in this Region.";
    /// The invitation was not answered in time (12 hours for VPC Lattice resources).
    InvitationExpired, Permanent, "Ask the owner to remove this account from the share and add it again.";
    /// The invitation was rejected, by Drawbridge or by a person.
    InvitationRejected, Permanent, "If it was a mistake, ask the owner to remove this account from the share and add it again.";
    /// What it would make is more than the subscription allows: a person is asked. Caught, and waited for.
    ApprovalNeeded, Permanent, "Decide: `drawbridge approve ID` or `drawbridge reject ID --because TEXT`.";
    /// Nobody answered in time: the invitation is left to expire.
    ApprovalExpired, Permanent, "Ask the owner to remove this account from the share and add it again, then answer in time.";
    /// When it came to accepting, no subscription trusted the share any more.
    TrustWithdrawn, Permanent, "If it should be accepted, subscribe to it: `drawbridge subscribe FILE`.";
    /// The ledger has no connection with this id.
    ConnectionNotFound, Permanent, "Look it up with `drawbridge ls`; the id is a hash and cannot be written by hand.";
    /// The subscription that the connection follows is gone or cannot be read.
    SubscriptionMissing, Permanent, "Apply it again with `drawbridge subscribe FILE`, then `drawbridge retry`.";
    /// The account is not ready for this connection; the findings say what is missing.
    PreflightFailed, Permanent, "Do what each finding says, then `drawbridge retry`.";
    /// A quota of the account is used up.
    QuotaExceeded, Permanent, "Raise the quota in Service Quotas or remove what is not needed, then `drawbridge retry`.";
    /// AWS says that the same client token was used with other parameters, and nothing of ours carries it.
    IdempotencyConflict, Permanent, "Look for an endpoint with this connection's tag, then `drawbridge retry`.";
    /// Something else in the account already stands in this place.
    Conflict, Permanent, "Remove what the message names, or point the subscription elsewhere, then `drawbridge retry`.";
    /// AWS reports the endpoint as failed; the message carries AWS's reason.
    EndpointFailed, Permanent, "Mend what AWS's reason names, then `drawbridge retry`.";
    /// The provider has to accept the endpoint. Caught, and waited for.
    AcceptancePending, Permanent, "Ask the owner of the service to accept the endpoint.";
    /// The provider rejected the endpoint.
    EndpointRejected, Permanent, "Ask the provider why, then `drawbridge retry`.";
    /// The endpoint or association was deleted by someone else.
    EndpointGone, Permanent, "Find out who deleted it (CloudTrail), then `drawbridge retry`.";
    /// VPC Lattice could not make the association; the message carries its reason.
    AssociationFailed, Permanent, "Mend what VPC Lattice's reason names, then `drawbridge retry`.";
    /// It was not usable in the time allowed.
    DeadlinePassed, Permanent, "Look at the last observation, ask the provider, then `drawbridge retry`.";
    /// The connection is to have a security group of its own, which is not made yet. It is caught and leads to `guard`.
    GroupWanted, Permanent, "Nothing to do: the run makes the security group and goes on.";
    /// Its owner stopped sharing it, and its grace period is not over: nothing is removed yet. Caught, and waited for.
    GraceRunning, Permanent, "Nothing to do: it can be used until its grace period is over.";
    /// It was to be closed after its grace period, and is kept: it can be used as before. The run that would close it ends well.
    KeptAfterAll, Permanent, "Nothing to do: it can be used.";
    /// Another run holds the connection.
    ConnectionBusy, Permanent, "Nothing to do: the other run finishes it.";
    /// The run that this input belongs to is over: a late or repeated delivery.
    RunOver, Permanent, "Nothing to do: a later run, or none, owns the record.";
    /// The connection is not wanted any more: what its run made is removed, and it ends as closed.
    Withdrawn, Permanent, "Nothing to do: it is closed as was asked.";
    /// An earlier run's close was not confirmed: it is closed first, opened by the next attempt.
    CloseUnconfirmed, Permanent, "Nothing to do: the sweep starts another attempt when the close is confirmed.";
    /// A run and its three repetitions ended in a transient fault each.
    AttemptsExhausted, Permanent, "Look at the faults in the audit trail, then `drawbridge retry`.";
    /// A function panicked: a bug.
    Panicked, Permanent, "Report it with the function's log; then `drawbridge retry`.";
}

impl FaultName {
    /// The fault of this name, if it is one of ours.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|n| n.as_str() == name)
    }

    /// A fault of this name.
    #[must_use]
    pub fn because(self, message: impl Into<String>) -> Fault {
        Fault { name: self, message: message.into() }
    }
}

impl fmt::Display for FaultName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A named error. The message names what was seen, what was expected and, where it is not the
/// same for every fault of that name, the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct Fault {
    /// The stable name.
    pub name: FaultName,
    /// What was seen and what was expected.
    pub message: String,
}

impl Fault {
    /// Whether trying again can help.
    #[must_use]
    pub fn class(&self) -> Class {
        self.name.class()
    }
}

/// A fault as it stands in the ledger. Its name may also be one that only Step Functions or
/// Lambda uses (`States.Timeout`, `Lambda.Unknown`), so it is text here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// Ours, or a service's own.
    pub name: String,
    /// What was seen and what was expected.
    pub message: String,
}

impl FaultRecord {
    /// Ours are classed by name; a service's own names (`States.*`, `Lambda.*`) say that the
    /// platform failed, which another attempt may find mended.
    #[must_use]
    pub fn class(&self) -> Class {
        FaultName::parse(&self.name).map_or(Class::Transient, FaultName::class)
    }

    /// What a person does about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        FaultName::parse(&self.name).map_or(
            "Nothing to do unless it lasts: then look at the execution and the function's log.",
            FaultName::remedy,
        )
    }
}

impl From<Fault> for FaultRecord {
    fn from(fault: Fault) -> Self {
        Self { name: fault.name.as_str().to_owned(), message: fault.message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for name in FaultName::ALL {
            assert_eq!(FaultName::parse(name.as_str()), Some(*name));
        }
        assert_eq!(FaultName::parse("States.Timeout"), None);
    }

    #[test]
    fn a_foreign_name_is_worth_another_attempt() {
        let record = FaultRecord { name: "States.Timeout".into(), message: String::new() };
        assert_eq!(record.class(), Class::Transient);
    }
}
