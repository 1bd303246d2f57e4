//! Service networks.

use serde_json::json;

use super::{Input, Outcome, missing};
use crate::request::Caller;
use crate::world::World;

/// A service network that the account owns or that is shared with it. \[botocore: `GetServiceNetwork`\]
pub fn get(world: &mut World, caller: &Caller, input: &Input) -> Outcome {
    let (account, region) = (caller.account.clone(), caller.region.clone());
    let network =
        world.network(caller).service_network(input.label).ok_or_else(|| missing("SERVICE_NETWORK", input.label))?;
    let created = network.created.unwrap_or_default().to_string();
    Ok((
        200,
        json!({
            "id": network.id,
            "name": network.name,
            "arn": network.arn(&account, &region),
            "authType": "NONE",
            "sharingConfig": {"enabled": true},
            "numberOfAssociatedVPCs": 0,
            "numberOfAssociatedServices": 0,
            "createdAt": created,
            "lastUpdatedAt": created,
        }),
    ))
}
