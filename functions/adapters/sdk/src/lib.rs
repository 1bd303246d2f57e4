//! What the adapters share: how Drawbridge speaks to AWS, and what AWS's refusals are called.

mod config;
mod fault;
mod pages;
mod rows;
#[cfg(feature = "script")]
pub mod script;

pub use config::{config, config_with_profiles, http_client};
pub use fault::{answered, fault};
pub use pages::every_page;
pub use rows::{BadRow, field, usable};
