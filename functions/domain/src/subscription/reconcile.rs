//! What reconcile does about what it finds, besides saying it.

use serde::{Deserialize, Serialize};

/// What is done about a finding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Remedy {
    /// It is told.
    #[default]
    Report,
    /// What is gone is opened anew; what is too many is removed.
    Repair,
    /// What is in no record is taken into one.
    Adopt,
}

/// What is done about which finding. Left out of digests while everything is only reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Reconcile {
    /// About a connection whose endpoint or association somebody deleted: `report` or `repair`.
    pub gone: Remedy,
    /// About what carries a connection's tags while its record knows of nothing made.
    pub orphaned: Remedy,
    /// About a second one for a connection that has one: `report` or `repair`.
    pub duplicated: Remedy,
    /// About what somebody changed of what was made: `report` or `repair`. Left out of digests while it is only reported.
    #[serde(skip_serializing_if = "Remedy::is_report")]
    pub changed: Remedy,
}

impl Remedy {
    /// Whether it is only said.
    #[must_use]
    pub const fn is_report(&self) -> bool {
        matches!(self, Self::Report)
    }
}

impl Reconcile {
    /// One word for every finding; what can't be adopted is then only reported.
    #[must_use]
    pub const fn all(remedy: Remedy) -> Self {
        let but_adopt = match remedy {
            Remedy::Adopt => Remedy::Report,
            other => other,
        };
        Self { gone: but_adopt, orphaned: remedy, duplicated: but_adopt, changed: but_adopt }
    }

    /// Whether everything is only reported, which is the default.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
