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

/// The quota that is used up by those seen in the VPC, unless it was raised: whoever looks asks for
/// what it is here, and no sooner.
#[must_use]
pub fn used_up(of: &str, vpc: &VpcId, ours: &ConnectionId, endpoints: &[Endpoint]) -> Option<&'static Quota> {
    let quota = QUOTAS.iter().find(|quota| quota.types.contains(&of))?;
    (used(quota, vpc, ours, endpoints) >= quota.default).then_some(quota)
}

fn used(quota: &Quota, vpc: &VpcId, ours: &ConnectionId, endpoints: &[Endpoint]) -> usize {
    let counts = |endpoint: &&Endpoint| quota.types.iter().any(|of| same_word(of, &endpoint.endpoint_type));
    site::others(endpoints, vpc, ours).into_iter().filter(counts).count()
}

/// Whether there is room for one more endpoint of this type beside those seen in the VPC. `applied`
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
    let (code, per) = (quota.code, quota.per);
    let seen = format!("{vpc} has {used} endpoints of type {}", quota.types.join(" or "));
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
