//! What a look at everything did, as the log and whoever invokes `intake` see it.

use serde::Serialize;

/// What was done.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Why nothing was done, if the trigger is not for Drawbridge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ignored: Option<String>,
    /// How many shares RAM showed.
    pub(crate) shares: usize,
    /// How many connections needed attention.
    pub(crate) connections: usize,
    /// How many endpoints subscriptions ask for by themselves.
    #[serde(skip_serializing_if = "is_none")]
    pub(crate) endpoints: usize,
    /// How many runs were started, those that close left out.
    pub(crate) started: usize,
    /// How many runs that wait were let look again.
    #[serde(skip_serializing_if = "is_none")]
    pub(crate) woken: usize,
    /// How many connections end, for their claims or for their share.
    #[serde(skip_serializing_if = "is_none")]
    pub(crate) ended: usize,
    /// How many shares or connections were recorded without a run, such as expired ones.
    pub(crate) recorded: usize,
    /// How many runs had ended without a verdict.
    pub(crate) aborted: usize,
    /// How many were being changed by someone else, who goes on with them.
    pub(crate) left_to_others: usize,
    /// How many new shares of senders whom nobody trusts were left to the next look.
    #[serde(skip_serializing_if = "is_none")]
    pub(crate) left_for_later: usize,
}

impl Summary {
    /// Counts what was done about one share or connection.
    pub(crate) const fn add(&mut self, done: Done) {
        match done {
            Done::Nothing => {}
            Done::Started => self.started += 1,
            Done::Woken => self.woken += 1,
            Done::Ended => self.ended += 1,
            Done::Recorded => self.recorded += 1,
            Done::Aborted => self.aborted += 1,
            Done::LeftToOthers => self.left_to_others += 1,
            Done::LeftForLater => self.left_for_later += 1,
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_none(count: &usize) -> bool {
    *count == 0
}

/// What was done about one share or connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    Nothing,
    Started,
    Woken,
    Ended,
    Recorded,
    Aborted,
    LeftToOthers,
    LeftForLater,
}
