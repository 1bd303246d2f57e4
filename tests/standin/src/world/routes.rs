//! Route tables and prefix lists. The shapes are those of a seed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::World;
use super::endpoints::{Kind, State};
use super::services::prefix_list;
use crate::request::Caller;

/// A route that was there before; the local one of the VPC's block and those of Gateway endpoints are not seeded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The destination, an IPv4 block.
    #[serde(default)]
    pub cidr: Option<String>,
    /// The destination, a prefix list.
    #[serde(default)]
    pub prefix_list: Option<String>,
    /// `igw-…`, `nat-…` and so on; only those that AWS calls a gateway.
    pub gateway: String,
}

/// A route table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// Whether it is for the subnets that name none.
    #[serde(default)]
    pub main: bool,
    /// The subnets that name it.
    #[serde(default)]
    pub subnets: Vec<String>,
    /// Its routes.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A prefix list of the account; those of AWS's Gateway services are not seeded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrefixList {
    /// `pl-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its blocks.
    #[serde(default)]
    pub cidrs: Vec<String>,
}

impl World {
    /// Prefix list and endpoint of the Gateway endpoints that a route table has now: a route is there for as long as its
    /// endpoint is. \[AWS:privatelink/gateway-endpoints\]
    pub fn gateway_routes(&self, caller: &Caller, table: &str) -> Vec<(String, String)> {
        self.endpoints
            .iter()
            .filter(|endpoint| {
                endpoint.wanted.kind == Kind::Gateway
                    && endpoint.account == caller.account
                    && endpoint.region == caller.region
                    && endpoint.state == State::Available
                    && endpoint.wanted.route_tables.iter().any(|known| known == table)
            })
            .map(|endpoint| {
                let name = endpoint.wanted.service_name.as_deref().unwrap_or_default();
                (prefix_list(name), endpoint.id.clone())
            })
            .collect()
    }
}
