//! Connection notifications: a topic is told what the provider of an interface endpoint decides.

use aws_sdk_ec2::error::ProvideErrorMetadata as _;
use drawbridge_domain::ids::VpcEndpointId;
use drawbridge_domain::ports::{MakeNotification, RemoveNotifications};
use drawbridge_domain::{Fault, FaultName};
use drawbridge_sdk::{every_page, fault};

use crate::endpoints::refusal;
use crate::{Ec2, PAGE, filter, is_not_found};

const CREATE: &str = "ec2:CreateVpcEndpointConnectionNotification";
const DESCRIBE: &str = "ec2:DescribeVpcEndpointConnectionNotifications";
const DELETE: &str = "ec2:DeleteVpcEndpointConnectionNotifications";

/// What the account that made an endpoint can be told of it: `Connect` is for the service's owner.
const EVENTS: [&str; 3] = ["Accept", "Reject", "Delete"];

impl MakeNotification for Ec2 {
    async fn notify(&self, id: &VpcEndpointId, topic: &str, token: &str) -> Result<(), Fault> {
        if token.is_empty() {
            return Err(FaultName::InvalidRequest.because(format!("{CREATE} is never sent without a client token")));
        }
        let request = self.0.create_vpc_endpoint_connection_notification().vpc_endpoint_id(id.as_str());
        let request = request.connection_notification_arn(topic).client_token(token);
        let request = request.set_connection_events(Some(EVENTS.map(str::to_owned).to_vec()));
        request.send().await.map(drop).map_err(|error| fault(CREATE, error))
    }
}

impl RemoveNotifications for Ec2 {
    async fn remove_notifications(&self, id: &VpcEndpointId, topic: &str) -> Result<(), Fault> {
        let filter = filter("vpc-endpoint-id", [id.as_str()]);
        let found: Vec<String> = every_page(DESCRIBE, async |token| {
            let request = self.0.describe_vpc_endpoint_connection_notifications().filters(filter.clone());
            let page = request.set_next_token(token).max_results(PAGE).send().await;
            let page = page.map_err(|error| fault(DESCRIBE, error))?;
            // It carries no tags: what is ours tells our topic of this endpoint.
            let ours = page.connection_notification_set().iter().filter(|row| {
                row.connection_notification_arn() == Some(topic) && row.vpc_endpoint_id() == Some(id.as_str())
            });
            let ids = ours.filter_map(|row| row.connection_notification_id().map(str::to_owned)).collect();
            Ok((ids, page.next_token.clone()))
        })
        .await?;
        if found.is_empty() {
            return Ok(());
        }
        let request = self.0.delete_vpc_endpoint_connection_notifications();
        let refused = match request.set_connection_notification_ids(Some(found)).send().await {
            Ok(answer) => answer.unsuccessful.unwrap_or_default(),
            Err(error) if is_gone(error.code()) => return Ok(()),
            Err(error) => return Err(fault(DELETE, error)),
        };
        refusal(DELETE, &refused, is_gone)
    }
}

/// [terraform-provider-aws: `errCodeInvalidConnectionNotification`]
fn is_gone(code: Option<&str>) -> bool {
    is_not_found(code) || code == Some("InvalidConnectionNotification")
}

#[cfg(test)]
mod tests {
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:told";

    fn id() -> VpcEndpointId {
        VpcEndpointId::parse("vpce-0a").unwrap()
    }

    fn row(id: &str, endpoint: &str, topic: &str) -> String {
        format!(
            "<item><connectionNotificationId>{id}</connectionNotificationId><vpcEndpointId>{endpoint}</vpcEndpointId>\
             <connectionNotificationArn>{topic}</connectionNotificationArn></item>"
        )
    }

    fn page(rows: &[String], next: Option<&str>) -> Answer {
        let next = next.map_or(String::new(), |next| format!("<nextToken>{next}</nextToken>"));
        let name = "DescribeVpcEndpointConnectionNotificationsResponse";
        let rows = rows.concat();
        Answer::ok(&format!("<{name}><connectionNotificationSet>{rows}</connectionNotificationSet>{next}</{name}>"))
    }

    fn deleted(unsuccessful: &str) -> Answer {
        let name = "DeleteVpcEndpointConnectionNotificationsResponse";
        Answer::ok(&format!("<{name}><unsuccessful>{unsuccessful}</unsuccessful></{name}>"))
    }

    fn refused(code: &str) -> String {
        format!(
            "<item><resourceId>vpce-nfn-1</resourceId><error><code>{code}</code><message>no</message></error></item>"
        )
    }

    #[tokio::test]
    async fn our_topic_is_told_what_the_provider_decides() {
        let name = "CreateVpcEndpointConnectionNotificationResponse";
        let made = Answer::ok(&format!("<{name}><connectionNotification></connectionNotification></{name}>"));
        let script = Script::new([made, Answer::ec2_error(403, "UnauthorizedOperation")]);
        let ec2 = Ec2::new(&script.config());
        assert_eq!(ec2.notify(&id(), TOPIC, "t-1").await, Ok(()));
        let body = &script.requests()[0].body;
        for part in [
            "Action=CreateVpcEndpointConnectionNotification",
            "VpcEndpointId=vpce-0a",
            "ConnectionNotificationArn=arn%3Aaws%3Asns%3Aus-east-1%3A111122223333%3Atold",
            "ConnectionEvents.1=Accept&ConnectionEvents.2=Reject&ConnectionEvents.3=Delete",
            "ClientToken=t-1",
        ] {
            assert!(body.contains(part), "{part} is not in {body}");
        }
        assert_eq!(ec2.notify(&id(), TOPIC, "t-1").await.unwrap_err().name, FaultName::AccessDenied);
        assert_eq!(ec2.notify(&id(), TOPIC, "").await.unwrap_err().name, FaultName::InvalidRequest);
        assert_eq!(script.requests().len(), 2, "never without a token");
    }

    #[tokio::test]
    async fn only_what_tells_our_topic_of_this_endpoint_is_removed() {
        let rows = [row("vpce-nfn-1", "vpce-0a", TOPIC), row("vpce-nfn-2", "vpce-0a", "arn:aws:sns:us-east-1:1:other")];
        let more = [row("vpce-nfn-3", "vpce-0ab", TOPIC), row("vpce-nfn-4", "vpce-0a", TOPIC)];
        let script = Script::new([page(&rows, Some("t1")), page(&more, None), deleted(""), page(&[], None)]);
        let ec2 = Ec2::new(&script.config());
        assert_eq!(ec2.remove_notifications(&id(), TOPIC).await, Ok(()));
        assert_eq!(ec2.remove_notifications(&id(), TOPIC).await, Ok(()));
        let requests = script.requests();
        assert!(requests[0].body.contains("Filter.1.Name=vpc-endpoint-id&Filter.1.Value.1=vpce-0a"));
        assert!(
            requests[2].body.contains("ConnectionNotificationId.1=vpce-nfn-1&ConnectionNotificationId.2=vpce-nfn-4")
        );
        assert_eq!(requests.len(), 4, "nothing is deleted where there is nothing");
    }

    #[tokio::test]
    async fn what_is_gone_is_removed_and_what_is_refused_inside_a_200_is_a_fault() {
        let ours = || page(&[row("vpce-nfn-1", "vpce-0a", TOPIC)], None);
        let gone = deleted(&refused("InvalidConnectionNotification"));
        let script = Script::new([ours(), gone, ours(), deleted(&refused("UnauthorizedOperation"))]);
        let ec2 = Ec2::new(&script.config());
        assert_eq!(ec2.remove_notifications(&id(), TOPIC).await, Ok(()));
        assert_eq!(ec2.remove_notifications(&id(), TOPIC).await.unwrap_err().name, FaultName::AccessDenied);
    }
}
