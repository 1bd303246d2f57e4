//! What is shared with this account.

use std::cmp::Reverse;

use aws_sdk_ram::error::ProvideErrorMetadata as _;
use aws_sdk_ram::primitives::DateTime;
use aws_sdk_ram::types::{ResourceOwner, ResourceShare, ResourceShareInvitation};
use drawbridge_domain::Fault;
use drawbridge_domain::ids::{AccountId, InvitationArn, ResourceShareArn};
use drawbridge_domain::network::same_word;
use drawbridge_domain::ports::FindShares;
use drawbridge_domain::share::{Invitation, InvitationStatus, VisibleShare};
use drawbridge_sdk::{BadRow, every_page, fault, field, usable};
use jiff::Timestamp;

use crate::{PAGE, Ram};

const INVITATIONS: &str = "ram:GetResourceShareInvitations";
const SHARES: &str = "ram:GetResourceShares";

/// How RAM says that nothing of that ARN is visible to this account.
const UNKNOWN: [&str; 2] = ["UnknownResourceException", "ResourceShareInvitationArnNotFoundException"];

impl FindShares for Ram {
    async fn invitations(&self) -> Result<Vec<Invitation>, Fault> {
        self.read_invitations(None).await
    }

    async fn visible_shares(&self) -> Result<Vec<VisibleShare>, Fault> {
        self.read_shares(None).await
    }

    async fn invitations_to(&self, share: &ResourceShareArn) -> Result<Vec<Invitation>, Fault> {
        let mut invitations = self.read_invitations(Some(share)).await?;
        invitations.retain(|invitation| invitation.share == *share);
        invitations.sort_by_key(|invitation| Reverse(invitation.invited_at));
        Ok(invitations)
    }

    async fn visible_share(&self, share: &ResourceShareArn) -> Result<Option<VisibleShare>, Fault> {
        let shares = self.read_shares(Some(share)).await?;
        Ok(shares.into_iter().find(|visible| visible.arn == *share))
    }
}

impl Ram {
    /// There is no filter by status, and a page may be empty though more follow.
    async fn read_invitations(&self, share: Option<&ResourceShareArn>) -> Result<Vec<Invitation>, Fault> {
        every_page(INVITATIONS, async |token| {
            let request = self.0.get_resource_share_invitations().set_next_token(token).max_results(PAGE);
            let request = request.set_resource_share_arns(share.map(|share| vec![share.to_string()]));
            match request.send().await {
                Ok(page) => {
                    let rows = page.resource_share_invitations().iter();
                    Ok((rows.filter_map(|row| usable(INVITATIONS, invitation(row))).collect(), page.next_token))
                }
                Err(error) if error.code().is_some_and(|code| UNKNOWN.contains(&code)) => Ok((Vec::new(), None)),
                Err(error) => Err(fault(INVITATIONS, error)),
            }
        })
        .await
    }

    async fn read_shares(&self, share: Option<&ResourceShareArn>) -> Result<Vec<VisibleShare>, Fault> {
        every_page(SHARES, async |token| {
            let request = self.0.get_resource_shares().resource_owner(ResourceOwner::OtherAccounts);
            let request = request.set_next_token(token).max_results(PAGE);
            let request = request.set_resource_share_arns(share.map(|share| vec![share.to_string()]));
            match request.send().await {
                Ok(page) => {
                    let rows = page.resource_shares().iter();
                    Ok((rows.filter_map(|row| usable(SHARES, visible(row))).collect(), page.next_token))
                }
                Err(error) if error.code().is_some_and(|code| UNKNOWN.contains(&code)) => Ok((Vec::new(), None)),
                Err(error) => Err(fault(SHARES, error)),
            }
        })
        .await
    }
}

fn invitation(row: &ResourceShareInvitation) -> Result<Invitation, BadRow> {
    let arn = InvitationArn::parse(field(row.resource_share_invitation_arn(), "resourceShareInvitationArn")?)?;
    let sender = AccountId::parse(field(row.sender_account_id(), "senderAccountId")?)?;
    // Trust is given to the sender. Where AWS names two, neither can be trusted.
    if arn.sender() != sender.as_str() {
        return Err(BadRow::because(format!("{arn} says that {sender} sent it, its ARN says {}", arn.sender())));
    }
    Ok(Invitation {
        share: ResourceShareArn::parse(field(row.resource_share_arn(), "resourceShareArn")?)?,
        name: row.resource_share_name().unwrap_or_default().to_owned(),
        sender,
        invited_at: timestamp(field(row.invitation_timestamp(), "invitationTimestamp")?)?,
        status: status(field(row.status(), "status")?.as_str()),
        arn,
    })
}

fn visible(row: &ResourceShare) -> Result<VisibleShare, BadRow> {
    let arn = ResourceShareArn::parse(field(row.resource_share_arn(), "resourceShareArn")?)?;
    let owner = AccountId::parse(field(row.owning_account_id(), "owningAccountId")?)?;
    if arn.owner() != owner.as_str() {
        return Err(BadRow::because(format!("{arn} says that {owner} owns it, its ARN says {}", arn.owner())));
    }
    let is = |word| row.status().is_some_and(|status| same_word(status.as_str(), word));
    let (active, deleted) = (is("ACTIVE"), is("DELETING") || is("DELETED"));
    Ok(VisibleShare { arn, name: row.name().unwrap_or_default().to_owned(), owner, active, deleted })
}

fn status(word: &str) -> InvitationStatus {
    [
        ("PENDING", InvitationStatus::Pending),
        ("ACCEPTED", InvitationStatus::Accepted),
        ("REJECTED", InvitationStatus::Rejected),
        ("EXPIRED", InvitationStatus::Expired),
    ]
    .into_iter()
    .find(|(known, _)| same_word(known, word))
    .map_or(InvitationStatus::Unknown, |(_, status)| status)
}

fn timestamp(time: &DateTime) -> Result<Timestamp, BadRow> {
    let nanosecond = i32::try_from(time.subsec_nanos()).unwrap_or_default();
    Timestamp::new(time.secs(), nanosecond).map_err(|error| BadRow::because(format!("its time is none: {error}")))
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::FaultName;
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    const SHARE: &str = "arn:aws:ram:us-east-1:444455556666:resource-share/0a";

    fn row(id: &str, sender: &str, time: &str, status: &str) -> String {
        format!(
            r#"{{"resourceShareInvitationArn":"arn:aws:ram:us-east-1:444455556666:resource-share-invitation/{id}",
            "resourceShareArn":"{SHARE}","resourceShareName":"redis-1","senderAccountId":"{sender}",
            "receiverAccountId":"111122223333","invitationTimestamp":{time},"status":"{status}"}}"#
        )
    }

    fn page(list: &str, rows: &[String], next: Option<&str>) -> Answer {
        let next = next.map_or(String::new(), |next| format!(r#","nextToken":"{next}""#));
        Answer::ok(&format!(r#"{{"{list}":[{}]{next}}}"#, rows.join(",")))
    }

    fn invitations(rows: &[String], next: Option<&str>) -> Answer {
        page("resourceShareInvitations", rows, next)
    }

    fn share() -> ResourceShareArn {
        ResourceShareArn::parse(SHARE).unwrap()
    }

    #[tokio::test]
    async fn an_empty_page_with_a_next_token_does_not_hide_the_rest() {
        let script = Script::new([
            invitations(&[], Some("t1")),
            invitations(&[row("1", "444455556666", "1700000000.5", "PENDING")], Some("t2")),
            invitations(&[row("2", "444455556666", "1700000000", "pending")], None),
        ]);
        let found = Ram::new(&script.config()).invitations().await.unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].sender.as_str(), "444455556666");
        assert_eq!(found[0].invited_at, "2023-11-14T22:13:20.5Z".parse().unwrap());
        assert_eq!(found[1].status, InvitationStatus::Pending);

        let requests = script.requests();
        assert!(requests.iter().all(|request| request.path == "/getresourceshareinvitations"));
        assert!(!requests[0].body.contains("nextToken") && !requests[0].body.contains("resourceShareArns"));
        assert!(requests[1].body.contains(r#""nextToken":"t1""#) && requests[2].body.contains(r#""nextToken":"t2""#));
    }

    #[tokio::test]
    async fn an_invitation_whose_arn_names_another_sender_is_left_out() {
        let script = Script::new([invitations(
            &[
                row("1", "444455556666", "1700000000", "PENDING"),
                row("2", "777788889999", "1700000000", "PENDING"),
                row("3", "redis", "1700000000", "PENDING"),
                "{}".to_owned(),
            ],
            None,
        )]);
        let found = Ram::new(&script.config()).invitations().await.unwrap();
        assert_eq!(
            found.iter().map(|invitation| invitation.arn.as_str()).collect::<Vec<_>>(),
            ["arn:aws:ram:us-east-1:444455556666:resource-share-invitation/1"]
        );
    }

    #[tokio::test]
    async fn the_invitations_to_a_share_come_newest_first_in_any_status() {
        let rows = ["EXPIRED", "ACCEPTED", "SOMETHING_NEW", "REJECTED"];
        let rows =
            rows.iter().zip([1, 4, 2, 3]).map(|(status, time)| row("1", "444455556666", &time.to_string(), status));
        let script = Script::new([invitations(&rows.collect::<Vec<_>>(), None)]);
        let found = Ram::new(&script.config()).invitations_to(&share()).await.unwrap();
        assert_eq!(
            found.iter().map(|invitation| invitation.status).collect::<Vec<_>>(),
            [
                InvitationStatus::Accepted,
                InvitationStatus::Rejected,
                InvitationStatus::Unknown,
                InvitationStatus::Expired,
            ]
        );
        assert!(script.requests()[0].body.contains(&format!(r#""resourceShareArns":["{SHARE}"]"#)));
    }

    #[tokio::test]
    async fn what_ram_does_not_know_is_not_there() {
        let script = Script::new([
            Answer::json_error(400, "UnknownResourceException"),
            Answer::json_error(400, "UnknownResourceException"),
            page("resourceShares", &[], None),
        ]);
        let ram = Ram::new(&script.config());
        assert_eq!(ram.invitations_to(&share()).await.unwrap(), []);
        assert_eq!(ram.visible_share(&share()).await.unwrap(), None);
        assert_eq!(ram.visible_share(&share()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_share_of_others_is_seen_with_its_owner() {
        let row = |id: &str, owner: &str, status: &str| {
            let arn = format!("arn:aws:ram:us-east-1:444455556666:resource-share/{id}");
            format!(
                r#"{{"resourceShareArn":"{arn}","name":"redis-1","owningAccountId":"{owner}","status":"{status}"}}"#
            )
        };
        let rows = [
            row("0a", "444455556666", "ACTIVE"),
            row("0b", "444455556666", "DELETING"),
            row("0c", "777788889999", "ACTIVE"),
        ];
        let script = Script::new([page("resourceShares", &[], Some("t1")), page("resourceShares", &rows, None)]);
        let found = Ram::new(&script.config()).visible_shares().await.unwrap();
        assert_eq!(
            found.iter().map(|share| (share.arn.as_str(), share.active, share.deleted)).collect::<Vec<_>>(),
            [(SHARE, true, false), ("arn:aws:ram:us-east-1:444455556666:resource-share/0b", false, true),]
        );
        assert!(script.requests().iter().all(|request| request.body.contains(r#""resourceOwner":"OTHER-ACCOUNTS""#)));
    }

    #[tokio::test]
    async fn a_lost_connection_is_an_unavailable_service() {
        let script = Script::new([invitations(&[], Some("t1")), Answer::Cut]);
        let fault = Ram::new(&script.config()).invitations().await.unwrap_err();
        assert_eq!(fault.name, FaultName::ServiceUnavailable);
        assert!(fault.message.starts_with("ram:GetResourceShareInvitations "), "{fault}");
    }
}
