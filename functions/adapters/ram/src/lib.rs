//! AWS RAM: find what is shared with this account, look inside, and answer.

mod answer;
mod find;
mod inside;
mod inventory;

use aws_sdk_ram::Client;
use aws_types::SdkConfig;

/// The most that a page of RAM's lists can hold.
const PAGE: i32 = 500;

/// AWS RAM, seen from the account that things are shared with.
#[derive(Debug, Clone)]
pub struct Ram(Client);

impl Ram {
    /// With this configuration.
    #[must_use]
    pub fn new(sdk: &SdkConfig) -> Self {
        Self(Client::new(sdk))
    }
}
