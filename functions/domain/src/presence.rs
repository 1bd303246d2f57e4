//! Whether a share that was accepted is still there.
//!
//! No event tells for certain that an owner stopped sharing, and RAM's reads lag. So a share counts
//! as revoked when RAM's whole list did not show it at two looks, the later one long enough after
//! the first. Who calls this has seen the whole list: a call that failed says nothing.

use jiff::Timestamp;

use crate::facts::READS_MAY_LAG;
use crate::share::{ShareRecord, ShareStatus};

/// What one look at RAM makes of a share's record. None if that is nothing new.
#[must_use]
pub fn looked(record: &ShareRecord, shown: bool, now: Timestamp) -> Option<(ShareRecord, String)> {
    if record.status.is_running() || record.status == ShareStatus::Revoked || record.accepted_at.is_none() {
        return None;
    }
    let mut next = record.clone();
    match (shown, record.unseen_since) {
        (true, None) => None,
        (true, Some(_)) => {
            next.unseen_since = None;
            Some((next, "RAM shows it again".to_owned()))
        }
        (false, None) => {
            next.unseen_since = Some(now);
            Some((next, "RAM does not show it: it is looked for once more before that means anything".to_owned()))
        }
        (false, Some(since)) if now.duration_since(since) < READS_MAY_LAG => None,
        (false, Some(since)) => {
            let mut why = vec![format!("RAM does not show it any more, since {since}: its owner stopped sharing it")];
            why.extend(record.why.iter().cloned());
            next.become_status(
                ShareStatus::Revoked,
                now,
                why,
                "nothing until its owner shares it again; what is connected stays, unless the subscription says `on_revoke: close` or `close-after`",
            );
            Some((next, "its owner stopped sharing it".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::SignedDuration;

    use super::*;
    use crate::testing::{now, share_record};

    fn accepted(status: ShareStatus) -> ShareRecord {
        ShareRecord { accepted_at: Some(now()), ..share_record(status) }
    }

    fn later(minutes: i64) -> Timestamp {
        now().checked_add(SignedDuration::from_mins(minutes)).unwrap()
    }

    #[test]
    fn one_look_says_nothing_and_two_in_a_hurry_neither() {
        let (once, _) = looked(&accepted(ShareStatus::Accepted), false, now()).unwrap();
        assert_eq!((once.status, once.unseen_since), (ShareStatus::Accepted, Some(now())));
        for minutes in [0, 1, 4] {
            assert_eq!(looked(&once, false, later(minutes)), None, "{minutes}");
        }
        let (gone, _) = looked(&once, false, later(5)).unwrap();
        assert_eq!((gone.status, gone.since, gone.unseen_since), (ShareStatus::Revoked, later(5), Some(now())));
        assert!(gone.why[0].contains("stopped sharing") && gone.why[1] == "because", "{:?}", gone.why);
        assert_eq!(looked(&gone, false, later(60)), None, "said once");
    }

    #[test]
    fn one_that_is_shown_in_between_starts_anew() {
        let (once, _) = looked(&accepted(ShareStatus::Accepted), false, now()).unwrap();
        let (back, _) = looked(&once, true, later(2)).unwrap();
        assert_eq!(back.unseen_since, None);
        assert_eq!(looked(&back, true, later(3)), None);
        let (again, _) = looked(&back, false, later(7)).unwrap();
        assert_eq!((again.status, again.unseen_since), (ShareStatus::Accepted, Some(later(7))));
    }

    #[test]
    fn only_what_was_accepted_and_has_no_run_can_be_revoked() {
        for status in ShareStatus::ALL {
            let running = status.is_running() || status == ShareStatus::Revoked;
            assert_eq!(looked(&accepted(status), false, now()).is_some(), !running, "{status:?}");
            assert_eq!(looked(&share_record(status), false, now()), None, "{status:?} was never accepted");
        }
    }
}
