//! VPC Lattice: resource configurations, service networks and their associations.

mod association;
mod configurations;
mod inventory;
mod networks;
mod tags;
mod vpcs;

use aws_sdk_vpclattice::Client;
use aws_types::SdkConfig;

/// The most that a page of VPC Lattice's lists can hold.
const PAGE: i32 = 100;

/// How VPC Lattice says that there is none of that id.
const NOT_FOUND: &str = "ResourceNotFoundException";

/// VPC Lattice, seen from the account that connects.
#[derive(Debug, Clone)]
pub struct Lattice(Client);

impl Lattice {
    /// With this configuration.
    #[must_use]
    pub fn new(sdk: &SdkConfig) -> Self {
        Self(Client::new(sdk))
    }
}
