//! Connection notifications: which topic is told what a provider decides on an Interface endpoint.

use super::filters::Filters;
use super::{Outcome, Params, asked, part, refusal, unsuccessful};
use crate::ids;
use crate::request::Caller;
use crate::wire::{Refusal, Xml};
use crate::world::World;
use crate::world::endpoints::Kind;
use crate::world::notifications::Notification;
use crate::world::tokens::Seen;
use jiff::Timestamp;

/// The parameters of `CreateVpcEndpointConnectionNotification` for an endpoint; none for a provider's service.
pub const PARAMETERS: &[&str] = &["VpcEndpointId", "ConnectionNotificationArn", "ConnectionEvents", "ClientToken"];

/// \[botocore: `DescribeVpcEndpointConnectionNotifications`\]
const FILTERS: &[&str] = &[
    "connection-notification-arn",
    "connection-notification-id",
    "connection-notification-state",
    "connection-notification-type",
    "vpc-endpoint-id",
];

/// \[botocore: `ConnectionEvents`\]
const EVENTS: &[&str] = &["Accept", "Connect", "Delete", "Reject"];

const OPERATION: &str = "CreateVpcEndpointConnectionNotification";

/// Makes one. It has no tags, and nothing is documented of a second one for the same topic: it is made.
pub fn create(world: &mut World, caller: &Caller, params: &Params, now: Timestamp) -> Outcome {
    let endpoint = params.required("VpcEndpointId")?;
    let topic = params.required("ConnectionNotificationArn")?;
    let events: Vec<String> = params.list("ConnectionEvents").into_iter().map(str::to_owned).collect();
    if events.is_empty() {
        params.required("ConnectionEvents.1")?;
    }
    if let Some(event) = events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
        return Err(refusal(
            "InvalidParameterValue",
            format!("Value ({event}) for parameter ConnectionEvents is invalid."),
        ));
    }
    // "The ARN of the SNS topic for the notifications." [botocore]
    if !topic.starts_with(&ids::arn("sns", &caller.region, &caller.account, "")) {
        return Err(refusal("InvalidParameterValue", format!("'{topic}' is no topic of this account and Region.")));
    }
    of_interface(world, caller, endpoint)?;
    let token = params.text("ClientToken");
    let parameters = params.without(&["ClientToken"]);
    let retention = world.settings.token_retention_ms;
    let before = match world.tokens.seen(caller, OPERATION, token, &parameters, retention, now) {
        Seen::Other(_) => {
            // [AWS:ec2/devguide/ec2-api-idempotency]
            return Err(refusal(
                "IdempotentParameterMismatch",
                "The client token you specified was used with other parameters.",
            ));
        }
        Seen::Same(id) => world.notifications.iter().find(|known| known.id == id).cloned(),
        Seen::Never => None,
    };
    let made = before.unwrap_or_else(|| {
        let made = Notification {
            id: ids::resource("vpce-nfn"),
            account: caller.account.clone(),
            region: caller.region.clone(),
            endpoint: endpoint.to_owned(),
            topic: topic.to_owned(),
            events,
        };
        world.tokens.remember(caller, OPERATION, token, parameters, made.id.clone(), now);
        world.notifications.push(made.clone());
        made
    });
    let mut xml = Xml::default();
    xml.group("connectionNotification", |item| shape(item, &made));
    xml.text_if("clientToken", token);
    Ok(xml)
}

/// "You can create a connection notification for interface endpoints only." \[botocore\]
fn of_interface(world: &World, caller: &Caller, id: &str) -> Result<(), Refusal> {
    let found = world.endpoints.iter().find(|endpoint| {
        endpoint.id == id && endpoint.account == caller.account && endpoint.region == caller.region && endpoint.live()
    });
    match found {
        None => Err(refusal("InvalidVpcEndpointId.NotFound", format!("The Vpc Endpoint ID '{id}' does not exist"))),
        Some(endpoint) if endpoint.wanted.kind != Kind::Interface => {
            Err(refusal("InvalidParameter", format!("{id} is of type {}", endpoint.wanted.kind.name())))
        }
        Some(_) => Ok(()),
    }
}

/// \[botocore: `DescribeVpcEndpointConnectionNotifications`\]
pub fn describe(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let filters = Filters::read(params, FILTERS)?;
    let asked = asked(world, caller, params, true)?;
    let id = params.text("ConnectionNotificationId");
    let found: Vec<&Notification> = world
        .notifications
        .iter()
        .filter(|known| known.account == caller.account && known.region == caller.region)
        .filter(|known| id.is_none_or(|id| known.id == id))
        .filter(|known| {
            filters.match_with(&std::collections::BTreeMap::new(), |name| match name {
                "connection-notification-arn" => vec![known.topic.clone()],
                "connection-notification-id" => vec![known.id.clone()],
                "connection-notification-state" => vec!["Enabled".to_owned()],
                "connection-notification-type" => vec!["Topic".to_owned()],
                _ => vec![known.endpoint.clone()],
            })
        })
        .collect();
    let part = part(&asked, found.len())?;
    let mut xml = Xml::default();
    xml.items("connectionNotificationSet", &found[part.from..part.to], |item, known| shape(item, known));
    xml.text_if("nextToken", part.next);
    Ok(xml)
}

/// One of them. \[botocore: `ConnectionNotification`\]
fn shape(xml: &mut Xml, known: &Notification) {
    xml.text("connectionNotificationId", &known.id);
    xml.text("vpcEndpointId", &known.endpoint);
    xml.text("connectionNotificationType", "Topic");
    xml.text("connectionNotificationArn", &known.topic);
    xml.texts("connectionEvents", &known.events);
    xml.text("connectionNotificationState", "Enabled");
    xml.text("serviceRegion", &known.region);
}

/// Deletes them. What cannot be deleted is listed inside a 200. \[botocore: `DeleteVpcEndpointConnectionNotifications`\]
pub fn delete(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let ids = params.list("ConnectionNotificationId");
    if ids.is_empty() {
        params.required("ConnectionNotificationId.1")?;
    }
    let mut missing = Vec::new();
    for id in ids {
        let before = world.notifications.len();
        world
            .notifications
            .retain(|known| known.id != id || known.account != caller.account || known.region != caller.region);
        if world.notifications.len() == before {
            missing.push(id);
        }
    }
    // [terraform-provider-aws: errCodeInvalidConnectionNotification]
    Ok(unsuccessful(missing.into_iter(), "InvalidConnectionNotification", "The connection notification does not exist"))
}
