//! What a person means by an id, its beginning, or a name.

use drawbridge_domain::connection::Connection;
use drawbridge_domain::ids::{ConnectionId, ResourceShareArn};
use drawbridge_domain::ports::{Connections as _, Shares as _};
use drawbridge_domain::share::ShareRecord;
use drawbridge_ledger::{Ledger, Listing};

use crate::failure::Failure;

/// What was meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    Share(Box<ShareRecord>),
    Connection(Box<Connection>),
}

impl Found {
    fn in_words(&self) -> String {
        match self {
            Self::Share(share) => format!("share {} ({}), {}", share.name, share.arn, share.status.as_str()),
            Self::Connection(connection) => format!(
                "connection {} of {} to {}, {}",
                connection.id,
                connection.resource_name.as_deref().unwrap_or(connection.resource.id()),
                connection.target,
                connection.status.as_str()
            ),
        }
    }
}

/// The one share or connection that `text` means.
///
/// # Errors
/// Refused if there is none, or more than one: then each is named.
pub async fn find(ledger: &Ledger, text: &str) -> Result<Found, Failure> {
    if let Ok(id) = ConnectionId::parse(text) {
        let found = ledger.connection(&id).await?;
        return found.map(|connection| Found::Connection(Box::new(connection))).ok_or_else(|| nothing(text, ledger));
    }
    if let Ok(arn) = ResourceShareArn::parse(text)
        && let Some(share) = ledger.share(&arn).await?
    {
        return Ok(Found::Share(Box::new(share)));
    }
    let mut matches = matches(text, ledger.list().await?);
    match matches.len() {
        0 => Err(nothing(text, ledger)),
        1 => Ok(matches.remove(0)),
        _ => {
            let each: Vec<String> = matches.iter().map(Found::in_words).collect();
            Err(Failure::Refused(format!("`{text}` is ambiguous; give more of an id:\n  {}", each.join("\n  "))))
        }
    }
}

fn nothing(text: &str, ledger: &Ledger) -> Failure {
    Failure::Refused(format!(
        "{} holds nothing under `{text}`.\nWay out: `drawbridge ls` lists every share and connection; is this the right \
         account, Region (AWS_REGION) and table (--table)?",
        ledger.table()
    ))
}

/// What `text` names exactly; else whatever starts with it.
fn matches(text: &str, listing: Listing) -> Vec<Found> {
    let shares = listing.shares.into_iter().map(|share| Found::Share(Box::new(share)));
    let connections = listing.connections.into_iter().map(|connection| Found::Connection(Box::new(connection)));
    let (exact, rest): (Vec<_>, Vec<_>) = shares.chain(connections).partition(|found| names(found).contains(&text));
    if exact.is_empty() && !text.is_empty() {
        return rest.into_iter().filter(|found| names(found).iter().any(|name| name.starts_with(text))).collect();
    }
    exact
}

fn names(found: &Found) -> Vec<&str> {
    match found {
        Found::Share(share) => {
            let arn = share.arn.as_str();
            vec![arn, arn.rsplit('/').next().unwrap_or(arn), &share.name]
        }
        Found::Connection(connection) => {
            let id = connection.id.as_str();
            let mut names = vec![
                id,
                id.strip_prefix("conn-").unwrap_or(id),
                connection.resource.as_str(),
                connection.resource.id(),
            ];
            names.extend(connection.made.as_ref().map(drawbridge_domain::connection::Made::id));
            names
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::render::samples;

    fn listing() -> Listing {
        let mut other = samples::connection();
        other.id = ConnectionId::parse(format!("conn-0b{}", "0".repeat(30))).unwrap();
        other.made = None;
        Listing {
            shares: vec![samples::share()],
            connections: vec![samples::connection(), other],
            unreadable: Vec::new(),
        }
    }

    fn found(text: &str) -> Vec<String> {
        matches(text, listing()).iter().map(Found::in_words).collect()
    }

    #[test]
    fn a_beginning_is_enough_where_it_is_unambiguous() {
        let connection = "connection conn-0a1b2c3d4e5f60718293a4b5c6d7e8f9 of redis-production to vpc-0a1b2c3d, ready";
        for text in ["conn-0a1b", "0a1b2c3d4e", "vpce-0a1b2c3d", "vpce-0"] {
            assert_eq!(found(text), [connection], "{text}");
        }
        let share = "share redis-share (arn:aws:ram:us-east-1:444455556666:resource-share/5e6f7a8b-0000), held";
        for text in ["redis-share", "redis", "5e6f", "arn:aws:ram:us-east-1:444455556666:resource-share/5"] {
            assert_eq!(found(text), [share], "{text}");
        }
    }

    #[test]
    fn what_could_be_several_is_all_of_them() {
        assert_eq!(found("conn-0").len(), 2);
        assert_eq!(found("rcfg-0a1b2c3d4e5f60718").len(), 2);
        assert_eq!(found("nothing").len(), 0);
        assert_eq!(found("").len(), 0);
    }
}
