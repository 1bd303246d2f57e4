//! Service Quotas: the limits of VPC endpoints that [`crate::settings`] has. \[botocore: service-quotas/2019-06-24\]

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ids;
use crate::paging::BadToken;
use crate::request::Caller;
use crate::settings::Settings;
use crate::wire::Refusal;
use crate::world::World;

/// The most entries of one page. \[botocore: `MaxResults` 1..100\]
const CEILING: usize = 100;

type Outcome = Result<Value, Refusal>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Input {
    service_code: String,
    quota_code: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

/// Answers one operation.
///
/// # Errors
/// The service's own refusals.
pub fn answer(world: &World, caller: &Caller, operation: &str, body: &[u8]) -> Outcome {
    let input: Input = serde_json::from_slice(body).map_err(|error| {
        refusal("IllegalArgumentException", format!("the stand-in cannot read the request: {error}"))
    })?;
    let quotas: Vec<Value> = if input.service_code == "vpc" {
        all(&world.settings).into_iter().map(|quota| shape(caller, quota)).collect()
    } else {
        Vec::new()
    };
    let missing =
        || refusal("NoSuchResourceException", "The request failed because the specified service does not exist.");
    match operation {
        "GetServiceQuota" => {
            let code = input.quota_code.as_deref().unwrap_or_default();
            let found = quotas.into_iter().find(|quota| quota["QuotaCode"] == code);
            found.map(|quota| json!({ "Quota": quota })).ok_or_else(missing)
        }
        "ListServiceQuotas" if quotas.is_empty() => Err(missing()),
        "ListServiceQuotas" => {
            let request = format!("quotas {} {}", caller.account, input.service_code);
            // Its tokens have letters, digits, + and / alone. [botocore: NextToken]
            let token = input.next_token.map(|token| token.replace('/', "."));
            let mut asked = world.asked(token.as_deref(), input.max_results, CEILING, request);
            asked.empty_first = false;
            let part = asked.part(quotas.len());
            let part = part.map_err(|BadToken| refusal("InvalidPaginationTokenException", "Invalid token."))?;
            let mut output = json!({ "Quotas": quotas[part.from..part.to] });
            if let Some(next) = part.next {
                output["NextToken"] = json!(next.replace('.', "/"));
            }
            Ok(output)
        }
        other => Err(refusal("IllegalArgumentException", format!("the stand-in has no operation {other}"))),
    }
}

fn refusal(code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(400, code, message)
}

/// Code, name and value of each. \[AWS:privatelink/vpc-limits-endpoints\]
fn all(settings: &Settings) -> [(&'static str, &'static str, usize); 4] {
    [
        ("L-29B6F2EB", "Interface VPC endpoints per VPC", settings.interface_endpoints_per_vpc),
        ("L-1B52E74A", "Gateway VPC endpoints per Region", settings.gateway_endpoints_per_region),
        ("L-CA6CC422", "Resource VPC endpoints per VPC", settings.resource_endpoints_per_vpc),
        ("L-3B4E38D2", "Service network VPC endpoints per VPC", settings.service_network_endpoints_per_vpc),
    ]
}

/// \[botocore: `ServiceQuota`\]
fn shape(caller: &Caller, (code, name, value): (&str, &str, usize)) -> Value {
    json!({
        "ServiceCode": "vpc",
        "ServiceName": "Amazon Virtual Private Cloud (Amazon VPC)",
        "QuotaArn": ids::arn("servicequotas", &caller.region, &caller.account, &format!("vpc/{code}")),
        "QuotaCode": code,
        "QuotaName": name,
        "Value": f64::from(u32::try_from(value).unwrap_or(u32::MAX)),
        "Unit": "None",
        "Adjustable": true,
        "GlobalQuota": false,
        "QuotaAppliedAtLevel": "ACCOUNT",
    })
}
