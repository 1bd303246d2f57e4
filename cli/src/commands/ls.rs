//! `drawbridge ls`

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;
use drawbridge_domain::connection::Connection;
use drawbridge_domain::ids::ConnectionId;
use drawbridge_domain::ports::Publications as _;
use drawbridge_domain::{Fault, outputs};
use drawbridge_ledger::{Ledger, Listing};
use jiff::Timestamp;

use super::{Done, json};
use crate::failure::Failure;
use crate::render::{self, Screen};

/// Every status of a share or a connection, in the order of their lives.
const STATUSES: [&str; 16] = [
    "found",
    "accepting",
    "declining",
    "accepted",
    "held",
    "rejected",
    "ignored",
    "expired",
    "revoked",
    "wanted",
    "opening",
    "waiting",
    "ready",
    "closing",
    "closed",
    "failed",
];

/// What `--status` takes.
pub fn statuses() -> PossibleValuesParser {
    PossibleValuesParser::new(STATUSES)
}

pub async fn run(
    ledger: &Ledger,
    statuses: &[String],
    as_json: bool,
    now: Timestamp,
    screen: &Screen,
) -> Result<Done, Failure> {
    let Listing { mut shares, mut connections, unreadable } = ledger.list().await?;
    let wanted = |status: &str| statuses.is_empty() || statuses.iter().any(|wanted| wanted == status);
    shares.retain(|share| wanted(share.status.as_str()));
    connections.retain(|connection| wanted(connection.status.as_str()));
    let unpublished = unpublished(ledger, &connections).await?;
    let mut done = if as_json {
        json(&serde_json::json!({"shares": shares, "connections": connections, "unpublished": unpublished}))?
    } else {
        render::listing(&shares, &connections, &unpublished, statuses, now, screen).into()
    };
    done.notes = unreadable.iter().map(|fault| format!("left out: {}", fault.message)).collect();
    Ok(done)
}

/// The connections of which outputs are asked for and are not all published.
async fn unpublished(ledger: &Ledger, connections: &[Connection]) -> Result<BTreeSet<ConnectionId>, Fault> {
    let asking: BTreeSet<ConnectionId> =
        connections.iter().filter(|connection| outputs::are_due(connection)).map(|asking| asking.id.clone()).collect();
    // Mostly nobody asks for any.
    if asking.is_empty() {
        return Ok(asking);
    }
    let published: BTreeSet<_> = ledger.published().await?.into_iter().collect();
    Ok(asking.difference(&published).cloned().collect())
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::connection::Status;
    use drawbridge_domain::share::ShareStatus;

    use super::*;

    #[test]
    fn every_status_can_be_asked_for() {
        use ShareStatus::{Accepted, Accepting, Declining, Expired, Failed, Found, Held, Ignored, Rejected, Revoked};
        let shares = [Found, Accepting, Declining, Accepted, Held, Rejected, Ignored, Expired, Failed, Revoked];
        let known: BTreeSet<&str> =
            shares.map(ShareStatus::as_str).into_iter().chain(Status::ALL.map(Status::as_str)).collect();
        assert_eq!(known, BTreeSet::from(STATUSES));
    }
}
