//! The log of every call: who called what, whether it changes something, and how it ended.

use jiff::Timestamp;
use serde::Serialize;

use crate::request::{Caller, Operation};

/// One call.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Its number, counted from 0 over the life of the process.
    pub seq: usize,
    /// When it arrived.
    pub at: Timestamp,
    /// The account that signed it; empty when the access key id is not one.
    pub account: String,
    /// The Region that it was signed for.
    pub region: String,
    /// The function, from the user agent.
    pub caller: Option<String>,
    /// Which try of the SDK's own retries it is.
    pub attempt: Option<u32>,
    /// The service.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// Whether the operation changes something.
    pub mutating: bool,
    /// The HTTP status of the answer that was made (even if a fault kept it from being sent); none while there is none.
    pub status: Option<u16>,
    /// The error's code, if it ended in one.
    pub error: Option<String>,
    /// The kind of fault that struck it.
    pub fault: Option<String>,
}

/// All calls since the last reset.
#[derive(Debug, Default)]
pub struct Calls {
    first: usize,
    entries: Vec<Call>,
}

impl Calls {
    /// Writes down that a call arrived, and gives its number.
    pub fn begin(&mut self, caller: &Caller, operation: &Operation, now: Timestamp) -> usize {
        let seq = self.next();
        self.entries.push(Call {
            seq,
            at: now,
            account: caller.account.clone(),
            region: caller.region.clone(),
            caller: caller.app.clone(),
            attempt: caller.attempt,
            service: operation.service.clone(),
            operation: operation.name.clone(),
            mutating: operation.mutates(),
            status: None,
            error: None,
            fault: None,
        });
        seq
    }

    /// Writes down how a call ended. A call from before a reset is forgotten.
    pub fn end(&mut self, seq: usize, status: u16, error: Option<String>) {
        if let Some(call) = self.of(seq) {
            call.status = Some(status);
            call.error = error;
        }
    }

    /// Writes down that a fault struck a call.
    pub fn struck(&mut self, seq: usize, fault: &str) {
        if let Some(call) = self.of(seq) {
            call.fault = Some(fault.to_owned());
        }
    }

    fn of(&mut self, seq: usize) -> Option<&mut Call> {
        self.entries.get_mut(seq.checked_sub(self.first)?)
    }

    /// The number that the next call gets.
    pub fn next(&self) -> usize {
        self.first + self.entries.len()
    }

    /// The calls numbered `since` and up.
    pub fn since(&self, since: usize) -> &[Call] {
        &self.entries[since.saturating_sub(self.first).min(self.entries.len())..]
    }

    /// Forgets all calls; numbers go on, so that a reader's `since` stays good.
    pub fn clear(&mut self) {
        self.first = self.next();
        self.entries.clear();
    }
}
