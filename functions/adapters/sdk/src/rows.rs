//! Reading rows of AWS's answers: a row that is not what it should be is left out and logged, since
//! one odd row must not hide the others.

use drawbridge_domain::ids::InvalidId;

/// Why a row can't be used.
#[derive(Debug, PartialEq, Eq)]
pub struct BadRow(String);

impl BadRow {
    /// For this reason, a sentence without a full stop.
    #[must_use]
    pub fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl From<InvalidId> for BadRow {
    fn from(error: InvalidId) -> Self {
        Self(error.to_string())
    }
}

/// The value of a field that every row should have.
///
/// # Errors
/// [`BadRow`] if it is absent.
pub fn field<T>(value: Option<T>, name: &str) -> Result<T, BadRow> {
    value.ok_or_else(|| BadRow(format!("it has no {name}")))
}

/// The row, or nothing and a warning in the log.
pub fn usable<T>(action: &str, row: Result<T, BadRow>) -> Option<T> {
    row.inspect_err(|BadRow(reason)| tracing::warn!(action, reason, "a row of the answer is left out")).ok()
}

impl std::fmt::Display for BadRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
