//! `drawbridge show ID`, and `drawbridge show reconcile`

use drawbridge_domain::inventory::Rounds as _;
use drawbridge_domain::ports::Publications as _;
use drawbridge_ledger::{Ledger, Subject};
use jiff::Timestamp;
use serde_json::json;

use super::find::{Found, find};
use super::{Done, json as done};
use crate::failure::Failure;
use crate::render::{self, Screen};

/// What is shown under this word: where reconcile stands.
const RECONCILE: &str = "reconcile";

pub async fn run(ledger: &Ledger, id: &str, as_json: bool, now: Timestamp, screen: &Screen) -> Result<Done, Failure> {
    // A share of this name is found by its ARN.
    if id == RECONCILE {
        let round = ledger.round().await?;
        if as_json {
            return done(&json!({"reconcile": round}));
        }
        return Ok(render::round(round.as_ref(), now, screen).into());
    }
    match find(ledger, id).await? {
        Found::Connection(connection) => {
            let audit = ledger.audit_trail(&Subject::Connection(connection.id.clone())).await?;
            let outputs = ledger.outputs(&connection.id).await?;
            if as_json {
                return done(&json!({"connection": connection, "outputs": outputs, "audit": audit}));
            }
            Ok(render::connection(&connection, outputs.as_ref(), &audit, now, screen).into())
        }
        Found::Share(share) => {
            let connections = ledger.connections_of(&share.arn).await?;
            let audit = ledger.audit_trail(&Subject::Share(share.arn.clone())).await?;
            if as_json {
                return done(&json!({"share": share, "connections": connections, "audit": audit}));
            }
            Ok(render::share(&share, &connections, &audit, now, screen).into())
        }
    }
}
