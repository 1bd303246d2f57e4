//! `drawbridge subscribe FILE`

use drawbridge_ledger::{Ledger, SubscriptionWrite};
use jiff::Timestamp;

use super::{Done, audit, read};
use crate::args::{Document, Operator};
use crate::failure::Failure;
use crate::render::{self, Screen};

/// Reads the document before it looks for credentials: a problem in it needs none.
pub async fn run(
    ledger: impl AsyncFnOnce() -> Result<Ledger, Failure>,
    document: &Document,
    operator: &Operator,
    now: Timestamp,
    screen: &Screen,
) -> Result<Done, Failure> {
    let (subscription, _) = read(document)?;
    let ledger = ledger().await?;
    let entry = audit("subscribe", operator, now, format!("subscribed with `{}`", subscription.name));
    let written = ledger.put_subscription(&subscription, entry).await?;
    let what_now = outcome(written, subscription.name.as_str(), ledger.table());
    Ok(format!("{}\n{what_now}", render::subscription(&subscription, screen)).into())
}

fn outcome(written: SubscriptionWrite, name: &str, table: &str) -> String {
    let next = "Next: within seconds, or at the latest with the sweep (every 5 minutes, unless the stack says otherwise), every \
                open invitation and visible share is decided on anew and every endpoint that is asked for is made sure of; \
                follow it with `drawbridge ls`.";
    match written {
        SubscriptionWrite::Created => format!("Written to {table} as the new subscription `{name}`.\n{next}\n"),
        SubscriptionWrite::Replaced(version) => {
            format!("Written to {table}: `{name}` is at version {version} now.\n{next}\n")
        }
        SubscriptionWrite::Unchanged => {
            format!("{table} holds `{name}` just like this already: nothing was written.\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_was_written_and_what_comes_next() {
        let created = outcome(SubscriptionWrite::Created, "redis", "drawbridge-ledger");
        assert!(
            created.starts_with("Written to drawbridge-ledger as the new subscription `redis`.\nNext: within seconds")
        );
        let replaced = outcome(SubscriptionWrite::Replaced(3), "redis", "drawbridge-ledger");
        assert!(
            replaced.starts_with("Written to drawbridge-ledger: `redis` is at version 3 now.\nNext: within seconds")
        );
        let unchanged = outcome(SubscriptionWrite::Unchanged, "redis", "drawbridge-ledger");
        assert_eq!(unchanged, "drawbridge-ledger holds `redis` just like this already: nothing was written.\n");
    }
}
