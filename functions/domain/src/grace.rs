//! The grace period: what its owner stopped sharing can be used for a while, in which the owner may share it again.
//!
//! A connection in its grace period is `closing` and says who is waited for, and until when; nothing of it is removed yet.
//! Its run, `disconnect`, waits on a task token. Out of the grace period leads one step alone, `close`, by one conditional
//! write: either the connection is as it was ([`kept`]), or its grace is over ([`over`]) and it is removed, whatever comes
//! after. Everybody else writes wishes, which [`leaves`] reads: that it is kept ([`keep`]), how long it lasts
//! ([`as_said`]), or that another cause ends it ([`cut_short`]), such as AWS's word that nothing is left to be used
//! ([`crate::truth`]).

use jiff::Timestamp;

use crate::connection::{Connection, Status};
use crate::ending::{Cause, Ending};
use crate::identity;
use crate::ports::made_text;
use crate::subscription::{Grace, OnRevoke};
use crate::waiting::Wait;

/// How a connection leaves its grace period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave<'a> {
    /// It stays as it was, for this reason.
    Kept(&'a str),
    /// It is removed from now on, for this reason.
    Over(&'static str),
}

/// The wait of a connection that is in its grace period.
#[must_use]
pub fn wait(connection: &Connection) -> Option<&Wait> {
    connection.wait.as_ref().filter(|_| connection.status == Status::Closing)
}

/// Until when it can be used, while it is in its grace period and nothing else ends it.
#[must_use]
pub fn until(connection: &Connection) -> Option<Timestamp> {
    let revoked = connection.ending.as_ref().is_some_and(|ending| ending.cause == Cause::Revoked);
    wait(connection).filter(|_| revoked).map(|wait| wait.until)
}

/// How it leaves its grace period now. None if that goes on, or if it is in none.
#[must_use]
pub fn leaves(connection: &Connection, now: Timestamp) -> Option<Leave<'_>> {
    let wait = wait(connection)?;
    match connection.ending.as_ref().filter(|ending| ending.cause == Cause::Revoked) {
        Some(Ending { reopen: Some(why), .. }) => Some(Leave::Kept(why)),
        Some(_) if wait.until > now => None,
        Some(_) => Some(Leave::Over("its grace period is over")),
        None => Some(Leave::Over("it is not waited for any more: it ends for another cause")),
    }
}

/// A connection that could be used and ends because of its share, from now on in its grace period.
#[must_use]
pub fn begin(ended: Connection, grace: Grace, share: &str, now: Timestamp) -> Connection {
    let mut next = ended;
    next.wait = Some(Wait {
        who: "its owner".to_owned(),
        what: format!("to share {share} with this account again"),
        since: now,
        until: end_of(now, grace),
        asked: identity::digest(&(&next.id, next.attempt)),
        subscriptions: Vec::new(),
        approved: Vec::new(),
        by_a_run: true,
    });
    tell(&mut next);
    next
}

/// The share is still revoked, and this is what the subscription whose settings hold says of it now. What changed, as a
/// clause; none if nothing did.
pub fn as_said(connection: &mut Connection, says: OnRevoke, by: &str, now: Timestamp) -> Option<String> {
    let wait = connection.wait.as_mut().filter(|_| connection.status == Status::Closing)?;
    let ending = connection.ending.as_mut().filter(|ending| ending.cause == Cause::Revoked)?;
    let what = match says {
        OnRevoke::Keep if ending.reopen.is_some() => return None,
        OnRevoke::Keep => {
            let why = format!("subscription {by} says `on_revoke: keep`");
            ending.reopen = Some(why.clone());
            why
        }
        OnRevoke::Close if wait.until <= now => return None,
        OnRevoke::Close => {
            wait.until = now;
            format!("subscription {by} says `on_revoke: close`: its grace period is over")
        }
        OnRevoke::CloseAfter(grace) if wait.until == end_of(wait.since, grace) => return None,
        OnRevoke::CloseAfter(grace) => {
            wait.until = end_of(wait.since, grace);
            format!("subscription {by} says `on_revoke: {{close-after: {grace}}}`: it can be used until {}", wait.until)
        }
    };
    tell(connection);
    Some(what)
}

/// A wish: that it is kept. Whether it is in its grace period, and was not to be kept before.
pub fn keep(connection: &mut Connection, why: &str) -> bool {
    let asks = wait(connection).is_some();
    let Some(ending) = connection.ending.as_mut().filter(|ending| asks && ending.cause == Cause::Revoked) else {
        return false;
    };
    let first = ending.reopen.is_none();
    if first {
        ending.reopen = Some(why.to_owned());
        tell(connection);
    }
    first
}

/// A wish: that it ends for another cause, which waits for nobody. Whether it is in its grace period.
pub fn cut_short(connection: &mut Connection, ending: Ending) -> bool {
    let cuts = wait(connection).is_some();
    if cuts {
        connection.ending = Some(ending);
        tell(connection);
    }
    cuts
}

/// Says why it stands as it does, and what happens next, by its wait and its ending.
pub(crate) fn tell(connection: &mut Connection) {
    let (Some(wait), Some(ending)) = (wait(connection), &connection.ending) else { return };
    let made = made_text(connection.made.as_ref());
    let (why, next) = match (ending.cause, &ending.reopen) {
        (Cause::Revoked, Some(why)) => (format!("{why}: it is kept"), "its run makes it ready again".to_owned()),
        (Cause::Revoked, None) => (
            format!("{}; it can be used until {}", ending.why, wait.until),
            format!(
                "{made} is removed at {}, unless its owner shares it again before, or the subscription says `on_revoke: \
                 keep`; to end it now: `drawbridge close {} --reason TEXT`",
                wait.until, connection.id
            ),
        ),
        _ => (ending.why.clone(), format!("its run removes {made}")),
    };
    (connection.why, connection.next) = (why, next);
}

/// The record of a connection that is kept: as it was before its grace period. Its attempt stays, so that the next run
/// that ends it has another name.
#[must_use]
pub fn kept(connection: &Connection, why: &str, now: Timestamp) -> Connection {
    let mut next = connection.clone();
    next.ending = None;
    next.fault = None;
    next.transient_runs = 0;
    next.become_status(Status::Ready, now, format!("{why}: it is kept as it was"), "nothing: it can be used");
    next
}

/// The record of a connection that was to be kept, and of which AWS says that it is over meanwhile: what is left is
/// removed, and it is opened anew then.
#[must_use]
pub fn gone(connection: &Connection, cause: Cause, seen: &str, now: Timestamp) -> Connection {
    let mut next = connection.clone();
    if let Some(ending) = &mut next.ending {
        ending.cause = cause;
        seen.clone_into(&mut ending.why);
    }
    over(&next, now)
}

/// The record of a connection whose grace is over: nothing brings it back from here but opening it anew.
#[must_use]
pub fn over(connection: &Connection, now: Timestamp) -> Connection {
    let mut next = connection.clone();
    let why = next.ending.as_ref().map_or_else(|| next.why.clone(), |ending| ending.why.clone());
    let made = made_text(next.made.as_ref());
    next.become_status(Status::Closing, now, why, format!("{made} is removed"));
    next
}

/// To the second: people read it.
fn end_of(since: Timestamp, grace: Grace) -> Timestamp {
    let exact = since.checked_add(grace.duration()).unwrap_or(Timestamp::MAX);
    Timestamp::from_second(exact.as_second()).unwrap_or(exact)
}

#[cfg(test)]
mod tests;
