//! How a command fails.

use std::process::ExitCode;

use drawbridge_domain::{Fault, FaultName};

/// Why a command did not do what it was asked. Usage errors are clap's: exit code 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It is refused or not found; in words, with the way out. Exit code 1.
    Refused(String),
    /// What was given is wrong in itself; in words. Exit code 2, as clap's own.
    Invalid(String),
    /// AWS cannot be reached, or does not answer. Exit code 3.
    Unreachable(String),
}

impl Failure {
    /// Nothing for stdout, the words for stderr, and the exit code.
    pub fn parts(self) -> (String, Vec<String>, ExitCode) {
        let (words, code) = match self {
            Self::Refused(words) => (words, 1),
            Self::Invalid(words) => (words, 2),
            Self::Unreachable(words) => (words, 3),
        };
        (String::new(), vec![words], ExitCode::from(code))
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault.name {
            FaultName::ServiceUnavailable | FaultName::Throttled => Self::Unreachable(format!(
                "{fault}\nWay out: try again; if it lasts, look at the network, AWS_REGION and the AWS Health Dashboard."
            )),
            FaultName::LedgerConflict => Self::Refused(format!(
                "{fault}\nWay out: somebody else changed it in this moment; look again, then repeat the command."
            )),
            FaultName::AccessDenied => Self::Refused(format!(
                "{fault}\nWay out: use credentials (AWS_PROFILE) that may do this, on the ledger's table if it is about that."
            )),
            _ => Self::Refused(fault.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_mended_by_waiting_is_unreachable() {
        let unreachable = |name: FaultName| matches!(Failure::from(name.because("x")), Failure::Unreachable(_));
        assert!(unreachable(FaultName::ServiceUnavailable));
        assert!(unreachable(FaultName::Throttled));
        assert!(!unreachable(FaultName::AccessDenied));
        assert!(!unreachable(FaultName::LedgerConflict));
        assert!(!unreachable(FaultName::InvalidRequest));
    }
}
