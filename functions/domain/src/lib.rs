//! Every decision of Drawbridge, as pure functions over plain types.
//!
//! Nothing here knows AWS's SDK, a clock, an environment or an async runtime: what was observed and
//! what time it is come in as arguments, what should be done goes out as a value. The shape of a
//! decision is `decide(observed, subscriptions, now) -> plan`, so most tests need no fake.

pub mod adjust;
pub mod announcement;
pub mod claims;
pub mod connection;
pub mod ending;
pub mod facts;
pub mod fault;
pub mod forecast;
pub mod grace;
pub mod hint;
pub mod identity;
pub mod ids;
pub mod inventory;
pub mod limits;
pub mod look;
pub mod messages;
pub mod network;
pub mod observation;
pub mod offers;
pub mod outputs;
pub mod ports;
pub mod preflight;
pub mod presence;
pub mod prices;
pub mod profile;
pub mod reach;
pub mod resource;
pub mod share;
pub mod subscription;
pub mod sweep;
#[cfg(test)]
mod testing;
pub mod trigger;
pub mod truth;
pub mod verdict;
pub mod waiting;
pub mod wanted;

pub use fault::{Class, Fault, FaultName};
pub use jiff::Timestamp;
