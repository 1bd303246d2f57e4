//! What becomes of a wish for something that ends or ended.
#![allow(clippy::unwrap_used)]

use jiff::SignedDuration;

use super::*;
use crate::ending::Ending;
use crate::share::ShareStatus;
use crate::testing::{connection, home, name, now, resource, share_record, subscription, vpc_target};

fn ended(status: Status, cause: Cause, claims: &[&str]) -> Connection {
    let ending = Ending {
        cause,
        why: "because".to_owned(),
        by: "somebody".to_owned(),
        since: now(),
        digest: "by then".to_owned(),
        reopen: None,
        in_grace: false,
    };
    Connection {
        ending: Some(ending),
        claims: claims.iter().map(|claim| name(claim)).collect(),
        digest: "by then".to_owned(),
        ..connection(status)
    }
}

fn share(digest: &str) -> ShareRecord {
    ShareRecord { digest: digest.to_owned(), ..share_record(ShareStatus::Accepting) }
}

fn asked(existing: &Connection, share: &ShareRecord) -> Option<(Connection, String)> {
    let wish = Wish {
        kind: Kind::ResourceEndpoint,
        resource: resource("rcfg-1").into(),
        resource_name: Some("orders".to_owned()),
        target: vpc_target("vpc-0a").key(),
        claims: vec![name("a")],
    };
    fulfil(&home(), &Origin::share(share), &wish, Some(existing), &[subscription("a")], now())
}

#[test]
fn what_was_closed_for_want_of_claims_is_opened_anew_when_one_comes() {
    for digest in ["by then", "another"] {
        let (next, what) = asked(&ended(Status::Closed, Cause::Withdrawn, &[]), &share(digest)).unwrap();
        assert_eq!((next.status, next.generation, next.attempt), (Status::Wanted, 2, 2), "{what}");
        assert_eq!((next.ending, next.digest.as_str(), next.claims.len()), (None, digest, 1));
    }
}

#[test]
fn what_an_operator_closed_stays_so_until_the_subscriptions_change() {
    // Planned by subscriptions that changed before it was closed: that is no reason to open it.
    let closed = Connection { digest: "planned by".to_owned(), ..ended(Status::Closed, Cause::Operator, &["a"]) };
    assert_eq!(asked(&closed, &share("by then")), None);
    let (next, _) = asked(&closed, &share("another")).unwrap();
    assert_eq!((next.status, next.generation, next.ending), (Status::Wanted, 2, None));
}

#[test]
fn what_was_closed_for_its_share_is_opened_when_the_share_is_taken_up_again() {
    let (next, what) = asked(&ended(Status::Closed, Cause::Revoked, &["a"]), &share("by then")).unwrap();
    assert_eq!((next.status, what.as_str()), (Status::Wanted, "the owner shared it again"));
}

#[test]
fn a_new_invitation_opens_what_was_closed_before_it() {
    let later = now().checked_add(SignedDuration::from_secs(1)).ok();
    for cause in [Cause::Withdrawn, Cause::Operator] {
        let closed = ended(Status::Closed, cause, &["a"]);
        let again = ShareRecord { accepted_at: later, ..share("by then") };
        assert_eq!(asked(&closed, &again).unwrap().0.status, Status::Wanted, "{cause:?}");
    }
}

#[test]
fn a_wish_that_no_run_has_seen_is_taken_back() {
    for status in [Status::Wanted, Status::Opening, Status::Waiting] {
        let (next, what) = asked(&ended(status, Cause::Withdrawn, &[]), &share("by then")).unwrap();
        assert_eq!((next.status, next.ending, next.attempt), (status, None, 1), "{what}");
        let (next, _) = asked(&ended(status, Cause::Revoked, &["a"]), &share("by then")).unwrap();
        assert_eq!(next.ending, None);
        assert_eq!(
            asked(&ended(status, Cause::Operator, &["a"]), &share("by then")),
            None,
            "an operator's word stands"
        );
    }
}

#[test]
fn what_is_being_removed_is_opened_anew_afterwards() {
    for cause in [Cause::Withdrawn, Cause::Revoked] {
        let claims: &[&str] = if cause == Cause::Withdrawn { &[] } else { &["a"] };
        let (next, what) = asked(&ended(Status::Closing, cause, claims), &share("by then")).unwrap();
        assert_eq!((next.status, next.attempt, next.generation), (Status::Closing, 1, 1), "{what}");
        assert!(next.ending.as_ref().unwrap().reopen.is_some(), "{cause:?}");
        assert_eq!(asked(&next, &share("by then")), None, "said once");
    }
    assert_eq!(asked(&ended(Status::Closing, Cause::Operator, &["a"]), &share("by then")), None);
    let (next, _) = asked(&ended(Status::Closing, Cause::Operator, &["a"]), &share("another")).unwrap();
    assert!(next.ending.unwrap().reopen.is_some(), "the subscriptions changed after the operator's word");
}
