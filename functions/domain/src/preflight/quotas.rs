//! How many endpoints of a type there may be.

use super::codes::Code;
use super::{Findings, Looked, Severity, site};
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
    /// Where those are that count.
    pub per: Per,
}

/// Where the endpoints are that one quota counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// In one VPC.
    Vpc,
    /// In all VPCs of an account in a Region.
    Region,
}

/// The default quotas of endpoints, as of November 2026 [AWS:privatelink/vpc-limits-endpoints].
pub const QUOTAS: &[Quota] = &[
    Quota { types: &["Interface", "GatewayLoadBalancer"], code: "L-29B6F2EB", default: 50, per: Per::Vpc },
    Quota { types: &["Gateway"], code: "L-1B52E74A", default: 20, per: Per::Region },
    Quota { types: &["Resource"], code: "L-CA6CC422", default: 200, per: Per::Vpc },
    Quota { types: &["ServiceNetwork"], code: "L-3B4E38D2", default: 50, per: Per::Vpc },
];

/// The quota that is used up by those seen, unless it was raised: whoever looks asks for
/// what it is here, and no sooner.
#[must_use]
pub fn used_up(of: &str, vpc: &VpcId, ours: &ConnectionId, endpoints: &[Endpoint]) -> Option<&'static Quota> {
    let quota = QUOTAS.iter().find(|quota| quota.types.contains(&of))?;
    (used(quota, vpc, ours, endpoints) >= quota.default).then_some(quota)
}

fn used(quota: &Quota, vpc: &VpcId, ours: &ConnectionId, endpoints: &[Endpoint]) -> usize {
    let counts = |endpoint: &&Endpoint| quota.types.iter().any(|of| same_word(of, &endpoint.endpoint_type));
    let vpc = match quota.per {
        Per::Vpc => Some(vpc),
        Per::Region => None,
    };
    site::standing(endpoints, vpc, ours).filter(counts).count()
}

/// Whether there is room for one more endpoint of this type beside those seen. `applied`
/// is what the quota is in this account: while that is not known, what is used up by default stops
/// nothing, and EC2 itself has the last word.
pub(super) fn check(
    findings: &mut Findings,
    of: &str,
    vpc: &VpcId,
    ours: &ConnectionId,
    endpoints: &[Endpoint],
    applied: &Looked<Option<usize>>,
) {
    let Some(quota) = used_up(of, vpc, ours, endpoints) else { return };
    let used = used(quota, vpc, ours, endpoints);
    let code = quota.code;
    let types = quota.types.join(" or ");
    let (seen, per) = match quota.per {
        Per::Vpc => (format!("{vpc} has {used} endpoints of type {types}"), "per VPC"),
        Per::Region => (format!("this account has {used} endpoints of type {types} in this Region"), "per Region"),
    };
    if let Looked::Seen(Some(applied)) = applied {
        if used >= *applied {
            findings.add(
                Severity::Error,
                Code::QuotaReached,
                seen,
                format!("fewer than {applied} {per}: this is quota {code} of this account and Region"),
                format!(
                    "have it raised: `aws service-quotas request-service-quota-increase --service-code vpc --quota-code \
                     {code} --desired-value {}`; or delete endpoints that nobody uses",
                    applied.saturating_add(applied.div_ceil(2).max(1))
                ),
            );
        }
        return;
    }
    let unknown = match applied {
        Looked::Failed(why) => format!("; whether yours was could not be looked at: {why}"),
        _ => String::new(),
    };
    findings.warning(
        Code::QuotaReached,
        seen,
        format!("fewer than {} {per}, AWS's default for quota {code}, unless yours was raised{unknown}", quota.default),
        format!(
            "nothing if it was (`aws service-quotas get-service-quota --service-code vpc --quota-code {code}`); else have \
             it raised, or delete endpoints that nobody uses"
        ),
    );
}
