//! `drawbridge retry ID`

use drawbridge_domain::messages::Subject;
use drawbridge_domain::ports::{Connections as _, Shares as _};
use drawbridge_domain::sweep::{retry_connection, retry_share};
use drawbridge_ledger::Ledger;
use drawbridge_workflows::Workflows;
use jiff::Timestamp;

use super::find::{Found, find};
use super::{Done, audit, wake};
use crate::args::Operator;
use crate::failure::Failure;

const WHAT: &str = "an operator asked for another attempt";
pub(super) const NEXT: &str = "Next: the sweep (every 5 minutes, unless the stack says otherwise) starts it";

pub async fn run(
    ledger: &Ledger,
    workflows: &Workflows,
    id: &str,
    operator: &Operator,
    now: Timestamp,
) -> Result<Done, Failure> {
    let entry = audit("retry", operator, now, WHAT);
    match find(ledger, id).await? {
        Found::Connection(connection) => {
            let next = retry_connection(&connection, now).map_err(Failure::Refused)?;
            let saved = ledger.save_connection(next, entry).await?;
            Ok(format!(
                "{} is {} again: attempt {}, generation {}.\n{NEXT}; follow it with `drawbridge show {}`.\n",
                saved.id,
                saved.status.as_str(),
                saved.attempt,
                saved.generation,
                saved.id
            )
            .into())
        }
        Found::Share(share) if share.awaited().is_some() => {
            let mut notes = Vec::new();
            wake(ledger, workflows, &Subject::Share(share.arn.clone()), &mut notes).await;
            let text = format!("{} waits for a person; its run looks again. {}\n", share.name, share.next);
            Ok(Done { text, notes, ..Done::default() })
        }
        Found::Share(share) => {
            let next = retry_share(&share, now).map_err(Failure::Refused)?;
            let saved = ledger.save_share(next, entry).await?;
            Ok(format!(
                "{} is {} again: attempt {}.\n{NEXT}; follow it with `drawbridge show {}`.\n",
                saved.name,
                saved.status.as_str(),
                saved.attempt,
                saved.arn
            )
            .into())
        }
    }
}
