//! How to reach what is behind a connection.

use serde::{Deserialize, Serialize};

/// One thing that can be connected to: a database, a metrics endpoint, or the resource itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// The id of its resource configuration, such as `rcfg-0a1b…`, or the name of its service.
    pub resource: String,
    /// Its name, where AWS shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Every DNS name that leads to it; at least one.
    pub dns: Vec<DnsName>,
    /// The port.
    pub port: Port,
}

impl Database {
    /// The name to use where there is no reason to use another: the private one if it has one, else the regional one.
    #[must_use]
    pub fn dns_name(&self) -> Option<&DnsName> {
        let by = |scope| self.dns.iter().find(|dns| dns.scope == scope);
        by(DnsScope::Private).or_else(|| by(DnsScope::Regional)).or_else(|| self.dns.first())
    }
}

/// A DNS name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsName {
    /// What the name is for.
    pub scope: DnsScope,
    /// The name.
    pub name: String,
    /// The hosted zone that holds it, if AWS says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted_zone: Option<String>,
}

/// What a DNS name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DnsScope {
    /// Answers with the endpoint in any zone; public DNS, private addresses.
    Regional,
    /// Stays in one Availability Zone.
    Zonal,
    /// The provider's own name, answered inside the VPC only.
    Private,
}

impl DnsScope {
    /// As it stands in the ledger and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Regional => "regional",
            Self::Zonal => "zonal",
            Self::Private => "private",
        }
    }
}

/// The port of a database. Never guessed: a profile's range is what security groups must admit,
/// not where a database listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// Known, as one or several ports or ranges (`6379`, `10000-10010`).
    Known {
        /// The ports or ranges.
        ranges: Vec<String>,
        /// Who says so.
        source: PortSource,
    },
    /// Not known.
    Unknown {
        /// Why not, and what would make it known.
        reason: String,
    },
}

/// Who says what the port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PortSource {
    /// The resource configuration.
    Configuration,
    /// The subscription.
    Subscription,
}
