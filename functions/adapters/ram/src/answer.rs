//! Answering an invitation.

use std::error::Error;

use aws_sdk_ram::config::http::HttpResponse;
use aws_sdk_ram::error::{ProvideErrorMetadata, SdkError};
use drawbridge_domain::ids::InvitationArn;
use drawbridge_domain::ports::Answer;
use drawbridge_domain::{Fault, FaultName};
use drawbridge_sdk::fault;

use crate::Ram;

const ACCEPT: &str = "ram:AcceptResourceShareInvitation";
const REJECT: &str = "ram:RejectResourceShareInvitation";

const ACCEPTED: &str = "ResourceShareInvitationAlreadyAcceptedException";
const REJECTED: &str = "ResourceShareInvitationAlreadyRejectedException";
const EXPIRED: &str = "ResourceShareInvitationExpiredException";
const NOT_FOUND: &str = "ResourceShareInvitationArnNotFoundException";

impl Answer for Ram {
    async fn accept(&self, invitation: &InvitationArn, token: &str) -> Result<(), Fault> {
        let request = self.0.accept_resource_share_invitation().resource_share_invitation_arn(invitation.as_str());
        match request.client_token(token).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some(ACCEPTED) => Ok(()),
            Err(error) => Err(invitation_fault(ACCEPT, invitation, error)),
        }
    }

    async fn reject(&self, invitation: &InvitationArn, token: &str) -> Result<(), Fault> {
        let request = self.0.reject_resource_share_invitation().resource_share_invitation_arn(invitation.as_str());
        match request.client_token(token).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some(REJECTED) => Ok(()),
            Err(error) => Err(invitation_fault(REJECT, invitation, error)),
        }
    }
}

/// What an error means where an invitation was to be read or answered.
pub(crate) fn invitation_fault<E>(action: &str, invitation: &InvitationArn, error: SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error.code() {
        Some(EXPIRED) => FaultName::InvitationExpired
            .because(format!("{action}: {invitation} was not answered in time and can't be answered any more")),
        Some(REJECTED) => FaultName::InvitationRejected.because(format!("{action}: {invitation} was rejected before")),
        Some(ACCEPTED) => FaultName::Conflict.because(format!(
            "{action}: {invitation} was accepted before, and accepting can't be undone from this account: ask the \
             owner to remove this account from the share"
        )),
        Some(NOT_FOUND) => {
            FaultName::ShareNotFound.because(format!("{action}: RAM knows no {invitation} to this account and Region"))
        }
        _ => fault(action, error),
    }
}

#[cfg(test)]
mod tests {
    use drawbridge_sdk::script::{Answer as Said, Script};

    use super::*;

    fn invitation() -> InvitationArn {
        InvitationArn::parse("arn:aws:ram:us-east-1:444455556666:resource-share-invitation/1").unwrap()
    }

    async fn accept(said: Said) -> Result<(), Fault> {
        Ram::new(&Script::new([said]).config()).accept(&invitation(), "t").await
    }

    async fn reject(said: Said) -> Result<(), Fault> {
        Ram::new(&Script::new([said]).config()).reject(&invitation(), "t").await
    }

    #[tokio::test]
    async fn an_answer_goes_out_with_its_token() {
        let script = Script::new([Said::ok("{}"), Said::ok("{}")]);
        let ram = Ram::new(&script.config());
        ram.accept(&invitation(), "share-1").await.unwrap();
        ram.reject(&invitation(), "share-1").await.unwrap();
        let requests = script.requests();
        assert_eq!(requests[0].path, "/acceptresourceshareinvitation");
        assert_eq!(requests[1].path, "/rejectresourceshareinvitation");
        assert!(requests.iter().all(|request| {
            request.body.contains(r#""clientToken":"share-1""#) && request.body.contains(invitation().as_str())
        }));
    }

    #[tokio::test]
    async fn what_is_already_so_is_success() {
        accept(Said::json_error(400, ACCEPTED)).await.unwrap();
        reject(Said::json_error(400, REJECTED)).await.unwrap();
    }

    #[tokio::test]
    async fn what_cannot_be_answered_any_more_says_why() {
        for (code, name) in [
            (REJECTED, FaultName::InvitationRejected),
            (EXPIRED, FaultName::InvitationExpired),
            (NOT_FOUND, FaultName::ShareNotFound),
            ("IdempotentParameterMismatchException", FaultName::IdempotencyConflict),
            ("OperationNotPermittedException", FaultName::InvalidRequest),
        ] {
            let fault = accept(Said::json_error(400, code)).await.unwrap_err();
            assert_eq!(fault.name, name, "{fault}");
            assert!(fault.message.contains(ACCEPT), "{fault}");
        }
        assert_eq!(reject(Said::json_error(400, ACCEPTED)).await.unwrap_err().name, FaultName::Conflict);
        assert_eq!(reject(Said::json_error(400, EXPIRED)).await.unwrap_err().name, FaultName::InvitationExpired);
    }

    #[tokio::test]
    async fn a_lost_answer_is_an_unavailable_service() {
        assert_eq!(accept(Said::Cut).await.unwrap_err().name, FaultName::ServiceUnavailable);
        assert_eq!(
            accept(Said::json_error(503, "ServiceUnavailableException")).await.unwrap_err().name,
            FaultName::ServiceUnavailable
        );
    }
}
