//! What withdrawing a subscription comes to.

use std::collections::BTreeSet;

use drawbridge_domain::connection::Connection;
use drawbridge_domain::ids::SubscriptionName;
use jiff::Timestamp;

use super::listing::connections_table;
use super::{Screen, list};

/// What is closed, and what stays under the settings of another subscription.
pub fn withdrawal(
    name: &SubscriptionName,
    close: &[Connection],
    stay: &[Connection],
    now: Timestamp,
    screen: &Screen,
) -> String {
    let mut text = match close.len() {
        0 => format!("Without `{name}` no connection is closed.\n"),
        1 => format!("Without `{name}` this connection is closed, and what was made for it deleted:\n"),
        many => format!("Without `{name}` these {many} connections are closed, and what was made for them deleted:\n"),
    };
    if !close.is_empty() {
        text += &connections_table(close, &BTreeSet::new(), now, screen);
    }
    text + &stay.iter().map(|connection| stays(name, connection)).collect::<String>()
}

fn stays(name: &SubscriptionName, connection: &Connection) -> String {
    let others: Vec<_> = connection.claims.iter().filter(|claim| *claim != name).collect();
    let resource = connection.resource_name.as_deref().unwrap_or(connection.resource.id());
    let settings = match others.first() {
        Some(next) if connection.claims.first() == Some(name) => format!(", whose settings hold from then on: {next}"),
        _ => String::new(),
    };
    format!("{resource} to {} stays: it is claimed by {}{settings}.\n", connection.target, list(&others))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::render::samples;

    fn said(close: &[Connection], stay: &[Connection]) -> String {
        let name = SubscriptionName::parse("redis-production").unwrap();
        withdrawal(&name, close, stay, samples::now(), &Screen::default())
    }

    #[test]
    fn it_says_what_is_closed_and_what_stays() {
        let mut shared = samples::connection();
        shared.claims.push(SubscriptionName::parse("other").unwrap());
        assert_eq!(
            said(&[samples::connection()], &[shared]),
            "\
Without `redis-production` this connection is closed, and what was made for it deleted:
  ID                 STATUS  SINCE  RESOURCE          TARGET        MADE
  conn-0a1b2c3d4e5f  ready   2 h    redis-production  vpc-0a1b2c3d  vpce-0a1b2c3d
redis-production to vpc-0a1b2c3d stays: it is claimed by other, whose settings hold from then on: other.
"
        );
        assert_eq!(said(&[], &[]), "Without `redis-production` no connection is closed.\n");
    }
}
