//! `drawbridge withdraw NAME`

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};

use drawbridge_domain::connection::{Connection, Status};
use drawbridge_domain::ids::SubscriptionName;
use drawbridge_domain::ports::Subscriptions as _;
use drawbridge_ledger::Ledger;
use jiff::Timestamp;

use super::{Done, audit};
use crate::args::Operator;
use crate::failure::Failure;
use crate::render::{self, Screen};

pub async fn run(
    ledger: &Ledger,
    name: &str,
    yes: bool,
    operator: &Operator,
    now: Timestamp,
    screen: &Screen,
) -> Result<Done, Failure> {
    let (subscriptions, unreadable) = ledger.subscriptions().await?;
    let known: BTreeSet<String> =
        subscriptions.iter().map(|s| s.name.to_string()).chain(unreadable.into_iter().map(|u| u.name)).collect();
    let unknown = || {
        let all: Vec<&str> = known.iter().map(String::as_str).collect();
        Failure::Refused(format!(
            "{} holds no subscription `{name}`; it holds {}.\nWay out: is this the right name, account, Region (AWS_REGION) \
             and table (--table)?",
            ledger.table(),
            if all.is_empty() { "none".to_owned() } else { all.join(", ") }
        ))
    };
    let Some(name) = SubscriptionName::parse(name).ok().filter(|name| known.contains(name.as_str())) else {
        return Err(unknown());
    };
    let mut claimed = ledger.list().await?.connections;
    claimed.retain(|connection| connection.status != Status::Closed && connection.claims.contains(&name));
    // A claim of a subscription that went before it, and that no sweep has seen go, holds nothing either.
    for connection in &mut claimed {
        connection.claims.retain(|claim| *claim == name || known.contains(claim.as_str()));
    }
    let (close, stay): (Vec<Connection>, Vec<Connection>) = claimed.into_iter().partition(|c| c.claims.len() == 1);
    let consequences = render::withdrawal(&name, &close, &stay, now, screen);
    if !yes && !confirmed(&consequences)? {
        return Err(Failure::Refused(format!("{consequences}Nothing was withdrawn. To withdraw it, say --yes.")));
    }
    let entry = audit("withdraw", operator, now, format!("withdrew `{name}`"));
    if !ledger.delete_subscription(&name, entry).await? {
        return Err(unknown());
    }
    let next = if close.is_empty() {
        ""
    } else {
        "Next: they are closed within seconds, or at the latest by the sweep (every 5 minutes, unless the stack says otherwise); \
         follow it with `drawbridge ls`.\n"
    };
    let said = if yes { consequences } else { String::new() };
    Ok(format!("{said}`{name}` is withdrawn from {}.\n{next}", ledger.table()).into())
}

/// Asks, if there is somebody to ask.
fn confirmed(consequences: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    let unheard = |error: std::io::Error| Failure::Refused(format!("no answer could be read: {error}"));
    let mut out = std::io::stdout();
    write!(out, "{consequences}Withdraw it? [y/N] ").and_then(|()| out.flush()).map_err(unheard)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(unheard)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
