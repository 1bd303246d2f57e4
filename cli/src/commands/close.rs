//! `drawbridge close ID --reason TEXT`

use drawbridge_domain::claims::deciding_digest;
use drawbridge_domain::connection::Status;
use drawbridge_domain::ending::close_connection;
use drawbridge_domain::messages::Subject;
use drawbridge_domain::ports::{Connections as _, Shares as _, Subscriptions as _};
use drawbridge_ledger::Ledger;
use drawbridge_workflows::Workflows;
use jiff::Timestamp;

use super::find::{Found, find};
use super::{Done, audit, wake};
use crate::args::Operator;
use crate::failure::Failure;

pub async fn run(
    ledger: &Ledger,
    workflows: &Workflows,
    id: &str,
    reason: &str,
    operator: &Operator,
    now: Timestamp,
) -> Result<Done, Failure> {
    let connection = match find(ledger, id).await? {
        Found::Connection(connection) => connection,
        Found::Share(share) => {
            return Err(Failure::Refused(format!(
                "{} is a share, which only its owner can take back; close its connections one by one: `drawbridge show {}` \
                 lists them.",
                share.name, share.arn
            )));
        }
    };
    let entry = audit("close", operator, now, format!("an operator closes it: {reason}"));
    // As the subscriptions are now: one that changed since the last sweep changed before the operator's word, and is no
    // reason to open it again.
    let subscriptions = ledger.subscriptions().await?.0;
    let digest = match &connection.share_arn {
        Some(arn) => {
            let share = ledger.share(arn).await?;
            share.map_or_else(
                || connection.digest.clone(),
                |share| deciding_digest(&connection, Some(&share), &subscriptions),
            )
        }
        None => deciding_digest(&connection, None, &subscriptions),
    };
    let next = close_connection(&connection, reason, &entry.by, &digest, now).map_err(Failure::Refused)?;
    let saved = ledger.save_connection(next, entry).await?;
    let mut notes = Vec::new();
    if saved.wait.is_some() {
        wake(ledger, workflows, &Subject::Connection(saved.id.clone()), &mut notes).await;
    }
    let next = match saved.status {
        Status::Closed => "Next: nothing, there is nothing to remove. It stays closed",
        Status::Closing if connection.status == Status::Ready => {
            "Next: the sweep (every 5 minutes, unless the stack says otherwise) starts the run that removes what was made. \
             Then it stays closed"
        }
        _ => "Next: the run that has it removes what was made. Then it stays closed",
    };
    let text = format!(
        "{} is {}: {reason}\n{next} until `drawbridge retry {}` or until the subscriptions change.\n",
        saved.id,
        if saved.status == Status::Closed { "closed" } else { "to be closed" },
        saved.id
    );
    Ok(Done { text, notes, ..Done::default() })
}
