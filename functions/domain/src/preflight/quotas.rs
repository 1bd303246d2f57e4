//! How many endpoints of a type there may be.

use super::codes::Code;
use super::{Findings, site};
use crate::ids::{ConnectionId, VpcId};
use crate::network::{Endpoint, same_word};

/// A quota of AWS's, with its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The types of endpoints that count together.
    pub types: &'static [&'static str],
    /// Its code in Service Quotas, of service `vpc`.
    pub code: &'static str,
    /// What it is unless it was raised.
    pub default: usize,
    /// What it is a quota of, as the end of a sentence.
    pub per: &'static str,
}

/// The default quotas of endpoints, as of November 2026 [AWS:privatelink/vpc-limits-endpoints].
pub const QUOTAS: &[Quota] = &[
    Quota { types: &["Interface", "GatewayLoadBalancer"], code: "L-29B6F2EB", default: 50, per: "per VPC" },
    Quota { types: &["Gateway"], code: "L-1B52E74A", default: 20, per: "per Region" },
    Quota { types: &["Resource"], code: "L-CA6CC422", default: 200, per: "per VPC" },
    Quota { types: &["ServiceNetwork"], code: "L-3B4E38D2", default: 50, per: "per VPC" },
];

/// Whether there is room for one more endpoint of this type beside those seen in the VPC. A quota
/// may have been raised, so what is used up by default stops nothing: EC2 itself has the last word.
pub(super) fn check(findings: &mut Findings, of: &str, vpc: &VpcId, ours: &ConnectionId, endpoints: &[Endpoint]) {
    let Some(quota) = QUOTAS.iter().find(|quota| quota.types.contains(&of)) else { return };
    let counts = |endpoint: &&Endpoint| quota.types.iter().any(|of| same_word(of, &endpoint.endpoint_type));
    let used = site::others(endpoints, vpc, ours).into_iter().filter(counts).count();
    if used >= quota.default {
        findings.warning(
            Code::QuotaReached,
            format!("{vpc} has {used} endpoints of type {}", quota.types.join(" or ")),
            format!(
                "fewer than {} {}, AWS's default for quota {}, unless yours was raised",
                quota.default, quota.per, quota.code
            ),
            format!(
                "nothing if it was (`aws service-quotas get-service-quota --service-code vpc --quota-code {}`); else have \
                 it raised, or delete endpoints that nobody uses",
                quota.code
            ),
        );
    }
}
