//! What every function of Drawbridge shares: its configuration read once, its log and metrics,
//! and the one way in which a request becomes an answer or a named fault.

mod environment;
mod metrics;
mod run;

pub use environment::Environment;
pub use metrics::{count, count_fault};
pub use run::{Handler, run};
