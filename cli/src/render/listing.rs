//! Lists of shares and connections.

use std::collections::BTreeSet;

use comfy_table::{Attribute, Cell, Color};
use drawbridge_domain::connection::{Connection, Made, Status};
use drawbridge_domain::grace::{self, Leave};
use drawbridge_domain::ids::ConnectionId;
use drawbridge_domain::share::ShareRecord;
use jiff::Timestamp;

use super::Screen;
use super::distance;
use super::screen::{Colour, colour_of, colour_of_share};
use super::waits;

/// As many characters of an id as tell it from its neighbours; `drawbridge show` takes them.
const SHORT: usize = 17;

/// Shares and connections, oldest first.
pub fn listing(
    shares: &[ShareRecord],
    connections: &[Connection],
    unpublished: &BTreeSet<ConnectionId>,
    statuses: &[String],
    now: Timestamp,
    screen: &Screen,
) -> String {
    if shares.is_empty() && connections.is_empty() {
        return if statuses.is_empty() {
            "The ledger holds no shares and no connections yet.\n\
             Next: `drawbridge subscribe FILE`; what is shared shows up with the next event or sweep.\n"
                .to_owned()
        } else {
            format!("No share and no connection is {}.\n", statuses.join(" or "))
        };
    }
    let mut parts = Vec::new();
    if !shares.is_empty() {
        parts.push(format!("{}\n{}", screen.bold("Shares"), shares_table(shares, now, screen)));
    }
    if !connections.is_empty() {
        parts.push(format!(
            "{}\n{}",
            screen.bold("Connections"),
            connections_table(connections, unpublished, now, screen)
        ));
    }
    parts.join("\n")
}

fn shares_table(shares: &[ShareRecord], now: Timestamp, screen: &Screen) -> String {
    let mut table = screen.table(&["NAME", "STATUS", "SINCE", "SENDER", "RESOURCES", "ID"]);
    for share in shares {
        let id = share.arn.as_str().rsplit('/').next().unwrap_or_default();
        table.add_row([
            Cell::new(&share.name),
            status(&standing_of_share(share), colour_of_share(share.status), screen),
            Cell::new(distance(share.since, now)),
            Cell::new(&share.sender),
            Cell::new(share.resources.len()),
            Cell::new(short(id)),
        ]);
    }
    screen.text(&table)
}

pub(super) fn connections_table(
    connections: &[Connection],
    unpublished: &BTreeSet<ConnectionId>,
    now: Timestamp,
    screen: &Screen,
) -> String {
    let mut table = screen.table(&["ID", "STATUS", "SINCE", "RESOURCE", "TARGET", "MADE"]);
    for connection in connections {
        table.add_row([
            Cell::new(short(connection.id.as_str())),
            status(&told(connection, unpublished), colour_of(connection.status), screen),
            Cell::new(distance(connection.since, now)),
            Cell::new(connection.resource_name.as_deref().unwrap_or(connection.resource.id())),
            Cell::new(&connection.target),
            Cell::new(connection.made.as_ref().map_or("-", Made::id)),
        ]);
    }
    screen.text(&table)
}

/// Its status, and whom it waits for.
fn standing_of_share(share: &ShareRecord) -> String {
    let word = share.status.as_str();
    match &share.wait {
        Some(_) if share.is_answered() => format!("{word}, answered"),
        Some(wait) if wait.by_a_run => format!("{word}, {}", waits(wait)),
        Some(wait) => format!("{word}, waits for {}", wait.who),
        None => word.to_owned(),
    }
}

/// Its status, and whether applications find it where they look.
fn told(connection: &Connection, unpublished: &BTreeSet<ConnectionId>) -> String {
    let standing = standing(connection);
    if unpublished.contains(&connection.id) { format!("{standing}, outputs not published") } else { standing }
}

/// Its status; a run that is under way may be about to close what it opens, or wait until a grace period is over.
fn standing(connection: &Connection) -> String {
    let word = connection.status.as_str();
    if let Some(wait) = grace::wait(connection) {
        return match grace::leaves(connection, Timestamp::MIN) {
            None => format!("{word}, can be used until {}", wait.until.strftime("%Y-%m-%d %H:%M UTC")),
            Some(Leave::Kept(_)) => format!("{word}, is kept"),
            Some(Leave::Over(_)) => word.to_owned(),
        };
    }
    if let (Some(wait), None) = (&connection.wait, &connection.ending) {
        return format!("{word}, {}", waits(wait));
    }
    if connection.is_held() {
        return format!("{word}, held by a limit");
    }
    match connection.status {
        Status::Wanted | Status::Opening | Status::Waiting if connection.ending.is_some() => {
            format!("{word}, to be closed")
        }
        _ => word.to_owned(),
    }
}

fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

fn status(word: &str, colour: Colour, screen: &Screen) -> Cell {
    let cell = Cell::new(word);
    match colour {
        _ if !screen.colours => cell,
        Colour::Good => cell.fg(Color::DarkGreen),
        Colour::Bad => cell.fg(Color::DarkRed),
        Colour::Busy => cell.fg(Color::DarkYellow),
        Colour::Quiet => cell.add_attribute(Attribute::Dim),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::render::samples;

    fn now() -> Timestamp {
        samples::now()
    }

    fn all_published() -> BTreeSet<ConnectionId> {
        BTreeSet::new()
    }

    #[test]
    fn what_applications_do_not_find_where_they_look_says_so() {
        let one = samples::connection();
        let unpublished = BTreeSet::from([one.id.clone()]);
        let text = listing(&[], &[one], &unpublished, &[], now(), &Screen::default());
        assert!(text.contains("  ready, outputs not published  2 h  "), "{text}");
    }

    #[test]
    fn shares_and_connections_are_a_line_each() {
        let text = listing(
            &[samples::share()],
            &[samples::connection(), samples::failed_connection()],
            &all_published(),
            &[],
            now(),
            &Screen::default(),
        );
        assert_eq!(
            text,
            "\
Shares
  NAME         STATUS  SINCE       SENDER        RESOURCES  ID
  redis-share  held    1 h 30 min  444455556666  1          5e6f7a8b-0000

Connections
  ID                 STATUS  SINCE  RESOURCE                TARGET        MADE
  conn-0a1b2c3d4e5f  ready   2 h    redis-production        vpc-0a1b2c3d  vpce-0a1b2c3d
  conn-0f0f0f0f0f0f  failed  3 min  rcfg-0a1b2c3d4e5f60718  sn-0a1b2c3d   -
"
        );
    }

    #[test]
    fn whoever_is_waited_for_is_named() {
        let mut open_ended = samples::waiting_share(true);
        open_ended.wait.as_mut().unwrap().by_a_run = false;
        let shares = [samples::waiting_share(true), open_ended];
        let text = listing(&shares, &[samples::waiting_connection()], &all_published(), &[], now(), &Screen::default());
        assert_eq!(
            text,
            "\
Shares
  NAME         STATUS                                    SINCE       SENDER        RESOURCES  ID
  redis-share  held, waits for a person until 21:45 UTC  1 h 30 min  444455556666  1          5e6f7a8b-0000
  redis-share  held, waits for a person                  1 h 30 min  444455556666  1          5e6f7a8b-0000

Connections
  ID                 STATUS                                                              SINCE  RESOURCE          TARGET        MADE
  conn-0a1b2c3d4e5f  waiting, waits for the owner of com.example.orders until 12:20 UTC  2 h    redis-production  vpc-0a1b2c3d  vpce-0a1b2c3d
"
        );
    }

    #[test]
    fn what_is_in_its_grace_period_says_until_when() {
        let mut kept = samples::graceful_connection();
        kept.ending.as_mut().unwrap().reopen = Some("the owner shared it again".to_owned());
        let text =
            listing(&[], &[samples::graceful_connection(), kept], &all_published(), &[], now(), &Screen::default());
        assert_eq!(
            text,
            "\
Connections
  ID                 STATUS                                           SINCE  RESOURCE          TARGET        MADE
  conn-0a1b2c3d4e5f  closing, can be used until 2026-11-24 11:00 UTC  1 h    redis-production  vpc-0a1b2c3d  vpce-0a1b2c3d
  conn-0a1b2c3d4e5f  closing, is kept                                 1 h    redis-production  vpc-0a1b2c3d  vpce-0a1b2c3d
"
        );
    }

    #[test]
    fn what_a_limit_holds_says_so() {
        let text = listing(&[], &[samples::held_connection()], &all_published(), &[], now(), &Screen::default());
        assert_eq!(
            text,
            "\
Connections
  ID                 STATUS                   SINCE  RESOURCE                     TARGET        MADE
  conn-0c0c0c0c0c0c  wanted, held by a limit  2 h    com.amazonaws.us-east-1.sqs  vpc-0a1b2c3d  -
"
        );
    }

    #[test]
    fn nothing_is_said_in_words() {
        assert_eq!(
            listing(&[], &[], &all_published(), &[], now(), &Screen::default()),
            "The ledger holds no shares and no connections yet.\n\
             Next: `drawbridge subscribe FILE`; what is shared shows up with the next event or sweep.\n"
        );
        assert_eq!(
            listing(&[], &[], &all_published(), &["held".to_owned(), "failed".to_owned()], now(), &Screen::default()),
            "No share and no connection is held or failed.\n"
        );
    }

    #[test]
    fn a_status_is_coloured_where_colours_are_shown() {
        let screen = Screen { width: Some(120), colours: true };
        let text = listing(&[], &[samples::connection()], &all_published(), &[], now(), &screen);
        assert!(text.contains("mready"), "{text:?}");
    }
}
