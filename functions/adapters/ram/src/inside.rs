//! What is inside a share.

use aws_sdk_ram::error::ProvideErrorMetadata as _;
use aws_sdk_ram::types::{Resource, ResourceOwner};
use drawbridge_domain::ids::{InvitationArn, ResourceShareArn};
use drawbridge_domain::ports::LookInside;
use drawbridge_domain::share::SharedResource;
use drawbridge_domain::{Fault, FaultName};
use drawbridge_sdk::{every_page, fault};

use crate::answer::invitation_fault;
use crate::{PAGE, Ram};

const PENDING: &str = "ram:ListPendingInvitationResources";
const RESOURCES: &str = "ram:ListResources";

impl LookInside for Ram {
    async fn pending_resources(&self, invitation: &InvitationArn) -> Result<Vec<SharedResource>, Fault> {
        every_page(PENDING, async |token| {
            let request = self.0.list_pending_invitation_resources().resource_share_invitation_arn(invitation.as_str());
            let page = request.set_next_token(token).max_results(PAGE).send().await;
            let page = page.map_err(|error| invitation_fault(PENDING, invitation, error))?;
            Ok((page.resources().iter().map(resource).collect(), page.next_token))
        })
        .await
    }

    async fn resources(&self, share: &ResourceShareArn) -> Result<Vec<SharedResource>, Fault> {
        every_page(RESOURCES, async |token| {
            let request = self.0.list_resources().resource_owner(ResourceOwner::OtherAccounts);
            let request = request.resource_share_arns(share.as_str()).set_next_token(token).max_results(PAGE);
            match request.send().await {
                Ok(page) => Ok((page.resources().iter().map(resource).collect(), page.next_token)),
                Err(error) if error.code() == Some("UnknownResourceException") => Err(FaultName::ShareNotFound
                    .because(format!("{RESOURCES} knows no share {share} that others share with this account"))),
                Err(error) => Err(fault(RESOURCES, error)),
            }
        })
        .await
    }
}

/// Unlike other odd rows, one in here is kept: a share is trusted for everything inside it, so what
/// can't be read must be seen as something that nobody trusts.
pub(crate) fn resource(row: &Resource) -> SharedResource {
    SharedResource {
        arn: row.arn().unwrap_or_default().to_owned(),
        ram_type: row.r#type().unwrap_or("unknown").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    fn invitation() -> InvitationArn {
        InvitationArn::parse("arn:aws:ram:us-east-1:444455556666:resource-share-invitation/1").unwrap()
    }

    fn share() -> ResourceShareArn {
        ResourceShareArn::parse("arn:aws:ram:us-east-1:444455556666:resource-share/0a").unwrap()
    }

    #[tokio::test]
    async fn every_resource_is_seen_even_one_that_cannot_be_read() {
        let script = Script::new([
            Answer::ok(r#"{"resources":[],"nextToken":"t1"}"#),
            Answer::ok(
                r#"{"resources":[{"arn":"arn:1","type":"vpc-lattice:ResourceConfiguration"},{"arn":"arn:2"},{}]}"#,
            ),
        ]);
        let inside = Ram::new(&script.config()).pending_resources(&invitation()).await.unwrap();
        let inside: Vec<_> =
            inside.iter().map(|resource| (resource.arn.as_str(), resource.ram_type.as_str())).collect();
        assert_eq!(inside, [("arn:1", "vpc-lattice:ResourceConfiguration"), ("arn:2", "unknown"), ("", "unknown")]);
        assert_eq!(script.requests()[1].path, "/listpendinginvitationresources");
        assert!(script.requests()[1].body.contains(invitation().as_str()));
    }

    #[tokio::test]
    async fn an_invitation_that_is_over_says_how() {
        for (code, name) in [
            ("ResourceShareInvitationExpiredException", FaultName::InvitationExpired),
            ("ResourceShareInvitationAlreadyRejectedException", FaultName::InvitationRejected),
            ("ResourceShareInvitationArnNotFoundException", FaultName::ShareNotFound),
            ("ServerInternalException", FaultName::ServiceUnavailable),
        ] {
            let script = Script::new([Answer::json_error(400, code)]);
            let fault = Ram::new(&script.config()).pending_resources(&invitation()).await.unwrap_err();
            assert_eq!(fault.name, name, "{fault}");
            assert!(fault.message.contains(PENDING), "{fault}");
        }
    }

    #[tokio::test]
    async fn the_resources_of_a_visible_share_are_those_of_others() {
        let script = Script::new([
            Answer::ok(r#"{"resources":[],"nextToken":"t1"}"#),
            Answer::ok(r#"{"resources":[{"arn":"arn:1","type":"vpc-lattice:Service"}]}"#),
            Answer::json_error(400, "UnknownResourceException"),
        ]);
        let ram = Ram::new(&script.config());
        assert_eq!(ram.resources(&share()).await.unwrap().len(), 1);
        assert!(script.requests().iter().all(|request| {
            request.path == "/listresources"
                && request.body.contains(r#""resourceOwner":"OTHER-ACCOUNTS""#)
                && request.body.contains(share().as_str())
        }));
        assert_eq!(ram.resources(&share()).await.unwrap_err().name, FaultName::ShareNotFound);
    }
}
