//! Waits with their task tokens. They stand apart from what waits, where nobody reads them by the way, and have no
//! audit entry: that somebody is waited for stands in the audit trail of what waits.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use drawbridge_domain::messages::Subject as Waiting;
use drawbridge_domain::ports::Waits;
use drawbridge_domain::waiting::Ticket;
use drawbridge_domain::{Fault, FaultName};
use jiff::SignedDuration;

use crate::Ledger;
use crate::codec::{decode, text, to_item};
use crate::keys::{WAIT, connection_pk, share_pk};
use crate::write::unchanged;

/// How long a token is kept after its wait: it is of no use then. `DynamoDB` removes it some time after. A grace period may
/// be made longer while it is waited out, and its run waits on: so it is as much longer as the longest that there is, 30 days.
const KEPT: SignedDuration = SignedDuration::from_hours(32 * 24);

fn pk(subject: &Waiting) -> String {
    let of = match subject {
        Waiting::Share(arn) => share_pk(arn),
        Waiting::Connection(id) => connection_pk(id),
    };
    format!("{WAIT}#{of}")
}

impl Waits for Ledger {
    async fn ticket(&self, subject: &Waiting) -> Result<Option<Ticket>, Fault> {
        self.item(&pk(subject), WAIT).await?.map(decode).transpose()
    }

    async fn save_ticket(&self, mut ticket: Ticket) -> Result<(), Fault> {
        let (pk, from) = (pk(&ticket.subject), ticket.version);
        ticket.version += 1;
        let mut item = to_item(&pk, &ticket)?;
        let expires = ticket.wait.until.as_second().saturating_add(KEPT.as_secs());
        item.insert("pk".to_owned(), text(&pk));
        item.insert("sk".to_owned(), text(WAIT));
        item.insert("expires".to_owned(), AttributeValue::N(expires.to_string()));
        let (condition, values) = unchanged(from);
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .expression_attribute_names("#version", "version")
            .condition_expression(condition)
            .set_expression_attribute_values(values);
        let Err(error) = put.send().await else {
            return Ok(());
        };
        if !error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) {
            return Err(drawbridge_sdk::fault("dynamodb:PutItem", error));
        }
        // If that is what this write made of it, only the answer was lost.
        let found = self.ticket(&ticket.subject).await?;
        if found.as_ref() == Some(&ticket) {
            return Ok(());
        }
        Err(FaultName::LedgerConflict.because(format!("`{pk}`: somebody else wrote it in between")))
    }
}
