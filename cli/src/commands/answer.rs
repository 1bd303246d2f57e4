//! `drawbridge approve ID` and `drawbridge reject ID --because TEXT`

use drawbridge_domain::connection::Connection;
use drawbridge_domain::messages::Subject;
use drawbridge_domain::ports::{Connections as _, Shares as _};
use drawbridge_domain::share::{ShareRecord, ShareStatus};
use drawbridge_domain::{FaultName, limits, waiting};
use drawbridge_ledger::Ledger;
use drawbridge_workflows::Workflows;
use jiff::Timestamp;

use super::find::{Found, find};
use super::retry::NEXT;
use super::{Done, audit, wake};
use crate::args::Operator;
use crate::failure::Failure;

/// How often the answer is given to the record as it is by then: a run may write it at the same time.
const TRIES: u32 = 3;

/// Approves, or rejects for a reason.
pub async fn run(
    ledger: &Ledger,
    workflows: &Workflows,
    id: &str,
    because: Option<&str>,
    operator: &Operator,
    now: Timestamp,
) -> Result<Done, Failure> {
    let approve = because.is_none();
    let share = match find(ledger, id).await? {
        Found::Share(share) => *share,
        Found::Connection(connection) => return of_connection(ledger, *connection, because, operator, now).await,
    };
    let (saved, before) = save(ledger, share, because, operator, now).await?;
    let mut notes = Vec::new();
    // Also when it was said before: the run may not have been told then.
    let held = saved.status == ShareStatus::Held;
    let woken = held && wake(ledger, workflows, &Subject::Share(saved.arn.clone()), &mut notes).await;
    let verb = if approve { "approved" } else { "rejected" };
    let already = if before { " already" } else { "" };
    let reason = because.map_or_else(String::new, |because| format!(": {because}"));
    let next = match (held, woken, approve) {
        (false, ..) => format!("Next: {}", saved.next),
        (true, true, true) => "Next: its run accepts and connects it".to_owned(),
        (true, true, false) => "Next: its run rejects the invitation".to_owned(),
        (true, false, _) => {
            "Next: the sweep (every 5 minutes, unless the stack says otherwise) goes on with it".to_owned()
        }
    };
    let text = format!(
        "{} is {verb}{already}{reason}.\n{next}; follow it with `drawbridge show {}`.\n",
        saved.name, saved.arn
    );
    Ok(Done { text, notes, ..Done::default() })
}

/// Of a connection only one can be approved that its limits hold.
async fn of_connection(
    ledger: &Ledger,
    connection: Connection,
    because: Option<&str>,
    operator: &Operator,
    now: Timestamp,
) -> Result<Done, Failure> {
    if because.is_some() && connection.is_held() {
        return Err(Failure::Refused(format!(
            "{id} is a connection and has no invitation to be rejected. It stays held; take it out of `endpoints`, or \
             `drawbridge close {id} --reason TEXT`.",
            id = connection.id
        )));
    }
    let next = limits::approve(&connection, &operator.name, now).map_err(Failure::Refused)?;
    let entry = audit("approve", operator, now, "a person approved it beyond the limits".to_owned());
    let saved = ledger.save_connection(next, entry).await?;
    Ok(format!("{} is approved.\n{NEXT}; follow it with `drawbridge show {}`.\n", saved.id, saved.id).into())
}

/// The record with the answer, and whether it was in it before.
async fn save(
    ledger: &Ledger,
    mut share: ShareRecord,
    because: Option<&str>,
    operator: &Operator,
    now: Timestamp,
) -> Result<(ShareRecord, bool), Failure> {
    let (command, verb) = if because.is_some() { ("reject", "rejected") } else { ("approve", "approved") };
    let reason = because.map_or_else(String::new, |because| format!(": {because}"));
    let entry = audit(command, operator, now, format!("a person {verb} it{reason}"));
    for again in 1.. {
        let next =
            waiting::answer(&share, because.is_none(), because, &operator.name, now).map_err(Failure::Refused)?;
        let Some(next) = next else {
            return Ok((share, true));
        };
        match ledger.save_share(next, entry.clone()).await {
            Ok(saved) => return Ok((saved, false)),
            Err(fault) if fault.name == FaultName::LedgerConflict && again < TRIES => {
                let arn = share.arn.clone();
                share = ledger.share(&arn).await?.unwrap_or(share);
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    Err(Failure::Refused("somebody else writes the record all the time: try it again".to_owned()))
}
