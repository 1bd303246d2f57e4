//! Preflight: is the account ready for this connection? Every finding at once, before anything is made.

mod change;
mod codes;
mod gateway;
mod interface;
mod network_endpoint;
mod private_names;
mod quotas;
mod security_groups;
mod service_network;
mod site;
mod subnets;
#[cfg(test)]
mod tests;
mod vpc;

use serde::{Deserialize, Serialize};

use crate::connection::{PlannedCall, PlannedGroup};
use crate::fault::Fault;
use crate::ids::{Region, ResourceArn, VpcEndpointId};
use crate::network::{Endpoint, HostedZone, ResourceConfiguration, SecurityGroup, Subnet, Vpc, same_word};

pub use change::{ChangeSeen, change};
pub use codes::CODES;
use codes::Code;
pub use gateway::{RoutesSeen, chosen_tables, gateway};
pub use interface::interface;
pub use network_endpoint::{network_endpoint, second_network};
pub use private_names::{PrivateName, names_of_resource, names_of_service, with_names_behind};
pub use quotas::{Per, QUOTAS, Quota, used_up};
pub use service_network::service_network;
pub(crate) use vpc::planned_dns;
pub use vpc::vpc;

/// Whether a finding stops the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The connection is not made.
    Error,
    /// The connection is made; a person may want to know.
    Warning,
}

/// One thing that a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether it stops the connection.
    pub severity: Severity,
    /// A stable name, such as `SubnetAddressesLow`: preflight's are in [`CODES`].
    pub code: String,
    /// What was seen.
    pub seen: String,
    /// What is needed.
    pub needed: String,
    /// How to get there.
    pub way_out: String,
}

/// What preflight found, and what is to be done if nothing stands against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    /// Everything found, in an order that depends only on what was seen.
    pub findings: Vec<Finding>,
    /// The call to make; none if a finding is an error.
    pub call: Option<PlannedCall>,
    /// The security group to make before it, if it is to have one of its own.
    pub group: Option<PlannedGroup>,
}

/// What is looked at only if something wants it, and may be denied without harm: AWS itself refuses what it would have
/// foreseen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Looked<T> {
    /// Nobody looked.
    #[default]
    Not,
    /// It could not be looked at, for this reason.
    Failed(String),
    /// What was seen.
    Seen(T),
}

impl<T> From<Result<T, Fault>> for Looked<T> {
    fn from(answer: Result<T, Fault>) -> Self {
        match answer {
            Ok(seen) => Self::Seen(seen),
            Err(fault) => Self::Failed(fault.message),
        }
    }
}

/// What was seen of a VPC and of what a target names in it. The order of the lists does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VpcSeen {
    /// The VPC, if it exists.
    pub vpc: Option<Vpc>,
    /// For `auto` every subnet of the VPC; else those of the listed ones that exist, in whatever VPC.
    pub subnets: Vec<Subnet>,
    /// Those of the named security groups that exist, in whatever VPC.
    pub security_groups: Vec<SecurityGroup>,
    /// The endpoints in the VPC.
    pub endpoints: Vec<Endpoint>,
    /// The private hosted zones of the VPC, if there is to be a private name.
    pub hosted_zones: Looked<Vec<HostedZone>>,
    /// The private names behind other endpoints, if there is to be a private name.
    pub names_behind: Looked<Vec<(VpcEndpointId, String)>>,
    /// What the quota of such endpoints is, if it is used up by default; none if AWS does not show it.
    pub quota: Looked<Option<usize>>,
}

impl Preflight {
    /// What was found, with the call unless something stands against it.
    fn of(findings: Findings, call: Option<PlannedCall>) -> Self {
        let stopped = findings.0.iter().any(|finding| finding.severity == Severity::Error);
        Self { findings: findings.0, call: call.filter(|_| !stopped), group: None }
    }

    /// With the security group that it is to have.
    fn behind(self, group: Option<PlannedGroup>) -> Self {
        Self { group: group.filter(|_| self.call.is_some()), ..self }
    }

    /// Holds the resource's Region against the one that the target is in: VPC Lattice's resources
    /// and RAM's shares are Regional.
    #[must_use]
    pub fn in_region(mut self, resource: &ResourceArn, home: &Region) -> Self {
        let told = self.findings.iter().any(|finding| finding.code == Code::RegionDiffers.as_str());
        if resource.region() != home.as_str() && !told {
            let mut findings = Findings::default();
            findings.region_differs(resource, home.as_str());
            findings.0.append(&mut self.findings);
            return Self::of(findings, None);
        }
        self
    }
}

/// Findings as they are made.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn error(&mut self, code: Code, seen: String, needed: impl Into<String>, way_out: impl Into<String>) {
        self.add(Severity::Error, code, seen, needed, way_out);
    }

    fn warning(&mut self, code: Code, seen: String, needed: impl Into<String>, way_out: impl Into<String>) {
        self.add(Severity::Warning, code, seen, needed, way_out);
    }

    fn add(
        &mut self,
        severity: Severity,
        code: Code,
        seen: String,
        needed: impl Into<String>,
        way_out: impl Into<String>,
    ) {
        let code = code.as_str().to_owned();
        self.0.push(Finding { severity, code, seen, needed: needed.into(), way_out: way_out.into() });
    }

    fn region_differs(&mut self, resource: &ResourceArn, home: &str) {
        self.error(
            Code::RegionDiffers,
            format!("{resource} is in {}, the target is in {home}", resource.region()),
            "both in the same Region",
            format!("install Drawbridge in {}, or ask the owner to share the resource in {home}", resource.region()),
        );
    }

    /// A CHILD can be reached through its GROUP only, by whatever target.
    fn child(&mut self, configuration: Option<&ResourceConfiguration>) {
        let child = configuration.filter(|configuration| same_word(&configuration.config_type, "CHILD"));
        if let Some(child) = child {
            self.error(
                Code::ConfigurationIsChild,
                format!("{} is of type {}", child.arn, child.config_type),
                "a resource configuration of type GROUP, SINGLE or ARN",
                "ask the owner to share the GROUP that it belongs to",
            );
        }
    }
}

/// `a`, `b`: what a list holds, for messages.
fn listed<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
