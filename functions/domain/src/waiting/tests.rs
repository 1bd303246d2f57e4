#![allow(clippy::unwrap_used)]
use super::*;
use crate::connection::Made;
use crate::ending::{Cause, Ending};
use crate::ids::VpcEndpointId;
use crate::share::Invitation;
use crate::testing::{SENDER, configurations, connection, facts, invitation, name, now, share_arn, share_record};

const HOURS: SignedDuration = SignedDuration::from_hours(3);

fn later(minutes: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

fn held(subscriptions: &[&str]) -> ShareRecord {
    let subscriptions = subscriptions.iter().map(|called| name(called)).collect();
    let wait = for_a_person(&facts(), subscriptions, &[], None, now());
    ShareRecord { wait: Some(wait), ..share_record(ShareStatus::Held) }
}

fn said(record: &ShareRecord, approve: bool, now: Timestamp) -> Result<Option<ShareRecord>, String> {
    answer(record, approve, None, "ana", now)
}

#[test]
fn a_token_is_never_shown() {
    let token = TaskToken::new("AAAAKgAAAAIAAAAA");
    let ticket = Ticket {
        subject: Subject::Share(share_arn(SENDER)),
        token: token.clone(),
        execution: "arn".to_owned(),
        turn: Turn { attempt: 1, entered: now(), retry: 0 },
        wait: held(&["a"]).wait.unwrap(),
        told: true,
        version: 0,
    };
    assert!(!format!("{token:?} {ticket:?}").contains("AAAA"));
    let stored = serde_json::to_value(&ticket).unwrap();
    assert_eq!(stored["token"], "AAAAKgAAAAIAAAAA", "the ledger must have it");
    assert_eq!(serde_json::from_value::<Ticket>(stored).unwrap(), ticket);
}

#[test]
fn a_persons_time_ends_before_the_invitation_does() {
    let wait = held(&["a"]).wait.unwrap();
    assert_eq!(wait.until, invitation(InvitationStatus::Pending).expires_at().checked_sub(MARGIN).unwrap());
    assert!(wait.by_a_run);
    // Asked again, with the same inside, it is the same question.
    let again = for_a_person(&facts(), vec![name("a")], &[], Some(&wait), later(60));
    assert_eq!(again, wait);
    let other = ShareFacts { resources: configurations(&["rcfg-1", "rcfg-2"]), ..facts() };
    let other = for_a_person(&other, vec![name("a")], &[], Some(&wait), later(60));
    assert!(other.asked != wait.asked && other.since == later(60), "{other:?}");
}

#[test]
fn where_no_invitation_ends_a_run_waits_for_half_a_day_and_the_question_stays() {
    let visible = ShareFacts { invitation: None, ..facts() };
    let wait = for_a_person(&visible, vec![name("a")], &[], None, now());
    assert_eq!((wait.until, wait.by_a_run), (later(12 * 60), true));
    let over = for_a_person(&visible, vec![name("a")], &[], Some(&wait), later(12 * 60));
    assert_eq!((over.until, over.by_a_run), (wait.until, false));
    let record = ShareRecord { wait: Some(over), ..share_record(ShareStatus::Held) };
    assert!(record.awaited().is_none() && !record.is_under_way());
    let next = said(&record, true, later(24 * 60)).unwrap().unwrap();
    assert!(next.is_answered() && next.next.contains("sweep"), "{next:?}");
}

#[test]
fn the_order_of_what_is_inside_is_no_matter() {
    let one = asked(&share_arn(SENDER), &configurations(&["rcfg-1", "rcfg-2"]));
    assert_eq!(one, asked(&share_arn(SENDER), &configurations(&["rcfg-2", "rcfg-1"])));
    assert_ne!(one, asked(&share_arn(SENDER), &configurations(&["rcfg-1"])));
}

#[test]
fn who_only_asks_about_the_sender_is_told_apart_from_who_asks_for_more() {
    use crate::subscription::{Approval, Subscription};
    use crate::testing::subscription;
    let of = |called: &str, approval| Subscription { approval, ..subscription(called) };
    let all = [of("a", Approval::FirstTime), of("b", Approval::Always), of("c", Approval::Never)];
    let asks = |record: &ShareRecord, known: &[Subscription]| -> Vec<String> {
        asks_about_the_sender(record, known).map(ToString::to_string).collect()
    };
    let mut record = held(&["a", "b", "c", "withdrawn"]);
    assert_eq!(asks(&record, &all), ["a"], "b asks about each share, c about something else");
    // What was asked with the sender known is asked for another reason: however often one looks, nobody is woken for it.
    record.wait = Some(for_a_person(&facts(), vec![name("a")], &[name("a"), name("b")], None, now()));
    assert_eq!(record.wait.as_ref().unwrap().approved, [name("a")]);
    assert!(asks(&record, &all).is_empty());
    let accepted = ShareRecord { status: ShareStatus::Accepted, ..held(&["a"]) };
    assert!(asks(&accepted, &all).is_empty());
    let mut strangers = all.clone();
    strangers[0].trust.senders.clear();
    assert!(asks(&held(&["a"]), &strangers).is_empty());
}

#[test]
fn an_answer_is_taken_once_and_makes_the_wait_due() {
    let record = held(&["a"]);
    assert_eq!(share_is_due(&record, now()), None);
    for approve in [true, false] {
        let next = said(&record, approve, now()).unwrap().unwrap();
        assert_eq!(share_is_due(&next, now()), Some("it is answered"));
        assert_eq!(said(&next, approve, later(1)), Ok(None), "twice is once");
        assert!(said(&next, !approve, later(1)).unwrap_err().contains("ana"), "and not both");
    }
    // While its run goes on, and when it is accepted.
    let mut next = said(&record, true, now()).unwrap().unwrap();
    next.become_status(ShareStatus::Accepting, now(), Vec::new(), "");
    assert_eq!(said(&next, true, later(1)), Ok(None));
    assert!(said(&next, false, later(1)).unwrap_err().contains("accepting"));
}

#[test]
fn what_is_too_late_or_would_widen_trust_is_refused() {
    let record = held(&["a"]);
    let until = record.wait.as_ref().unwrap().until;
    assert!(said(&record, true, until).unwrap_err().contains("too late"));
    assert_eq!(share_is_due(&record, until), Some("its time is over"));
    let stranger = held(&[]);
    assert!(said(&stranger, true, now()).unwrap_err().contains("does not widen trust"));
    assert!(said(&stranger, false, now()).is_ok(), "a person may say no to anybody");
    for status in [ShareStatus::Accepted, ShareStatus::Failed, ShareStatus::Expired, ShareStatus::Found] {
        let other = share_record(status);
        assert!(said(&other, true, now()).unwrap_err().contains(status.as_str()));
    }
}

#[test]
fn an_answer_to_something_else_is_none() {
    let mut record = said(&held(&["a"]), true, now()).unwrap().unwrap();
    let other = ShareFacts { resources: configurations(&["rcfg-1", "rcfg-2"]), ..facts() };
    record.wait = Some(for_a_person(&other, vec![name("a")], &[], record.wait.as_ref(), now()));
    assert_eq!(share_is_due(&record, now()), None);
    let again = said(&record, true, later(1)).unwrap().unwrap();
    assert!(again.is_answered());
}

#[test]
fn leaving_the_status_ends_the_wait() {
    let mut record = held(&["a"]);
    record.become_status(ShareStatus::Expired, now(), Vec::new(), "");
    assert_eq!((record.wait.clone(), share_is_due(&record, now())), (None, Some("nobody is waited for any more")));
    let mut waiting = connection(Status::Waiting);
    waiting.wait = Some(for_the_provider(&waiting, "com.example", HOURS, now()));
    waiting.become_status(Status::Closing, now(), "", "");
    assert_eq!(waiting.wait, None);
}

#[test]
fn a_connection_waits_for_its_provider_for_so_long_from_when_it_was_first_asked() {
    let mut waiting = connection(Status::Waiting);
    waiting.deadline = Some(later(30));
    waiting.wait = Some(for_the_provider(&waiting, "com.example", HOURS, now()));
    let wait = waiting.wait.clone().unwrap();
    assert_eq!((wait.until, wait.who.as_str()), (later(180), "the owner of com.example"));
    // Looked at again, by the same run or by the next one.
    waiting.deadline = Some(later(90));
    waiting.attempt += 1;
    assert_eq!(for_the_provider(&waiting, "com.example", HOURS, later(5)), wait, "it is the same wait");
    assert_eq!(for_the_provider(&waiting, "com.example", HOURS, later(500)), wait, "and does not begin anew");
    let other = Connection { made: Some(Made::Endpoint(VpcEndpointId::parse("vpce-0b").unwrap())), ..waiting.clone() };
    assert_eq!(for_the_provider(&other, "com.example", HOURS, later(5)).since, later(5), "another one is asked anew");
    // As it was written when its end was the connection's deadline.
    let before = Wait { until: later(30), ..wait.clone() };
    let old = Connection { wait: Some(before), ..waiting.clone() };
    assert_eq!(for_the_provider(&old, "com.example", HOURS, later(5)), wait);
    assert_eq!(connection_is_due(&waiting, now()), None);
    assert_eq!(connection_is_due(&waiting, later(180)), Some("its time is over"));
    assert_eq!(in_time(&wait, later(180), "pending"), Ok(()));
    let over = in_time(&wait, later(181), "pending").unwrap_err();
    assert_eq!(over.name, FaultName::DeadlinePassed);
    for words in ["the owner of com.example", "to accept endpoint", "last seen: pending"] {
        assert!(over.message.contains(words), "{over}");
    }
    let ending = Ending {
        cause: Cause::Operator,
        why: String::new(),
        by: String::new(),
        since: now(),
        digest: String::new(),
        reopen: None,
        in_grace: false,
    };
    waiting.ending = Some(ending);
    assert_eq!(connection_is_due(&waiting, now()), Some("it is to be closed"));
}

#[test]
fn what_is_accepted_has_the_time_of_any_connection_from_then_on_and_once() {
    let mut waiting = connection(Status::Waiting);
    let wait = for_the_provider(&waiting, "com.example", HOURS, now());
    waiting.deadline = Some(wait.until);
    waiting.wait = Some(wait);
    // Accepted when its time was over already, and nobody had looked.
    accepted(&mut waiting, SignedDuration::from_mins(30), later(200));
    assert_eq!((&waiting.wait, waiting.deadline), (&None, Some(later(230))));
    let once = waiting.clone();
    accepted(&mut waiting, SignedDuration::from_mins(30), later(210));
    assert_eq!(waiting, once, "looked at again, it has no more");
}

#[test]
fn only_what_is_pending_acceptance_goes_on_waiting() {
    let endpoint = |state: &str| Endpoint {
        id: VpcEndpointId::parse("vpce-0a").unwrap(),
        endpoint_type: "Interface".to_owned(),
        state: state.to_owned(),
        vpc: None,
        resource: None,
        service_network: None,
        service: None,
        private_dns: false,
        route_tables: Vec::new(),
        dns: Vec::new(),
        tags: std::collections::BTreeMap::new(),
        failure: None,
    };
    for (state, pending) in
        [("pendingAcceptance", true), ("PendingAcceptance", true), ("available", false), ("rejected", false)]
    {
        assert_eq!(is_pending(Some(&endpoint(state))), pending, "{state}");
    }
    assert!(!is_pending(None));
}

#[test]
fn a_later_turn_takes_the_place_of_an_earlier_one() {
    let turn = |attempt, minutes, retry| Turn { attempt, entered: later(minutes), retry };
    let turns = [turn(1, 0, 0), turn(1, 0, 1), turn(1, 1, 0), turn(2, 0, 0)];
    assert!(turns.is_sorted());
}

#[test]
fn an_invitation_that_was_found_too_late_leaves_no_time() {
    let old = Invitation { invited_at: later(-11 * 60 - 50), ..invitation(InvitationStatus::Pending) };
    let wait = for_a_person(&ShareFacts { invitation: Some(old), ..facts() }, vec![name("a")], &[], None, now());
    assert!(wait.until <= now() && wait.by_a_run);
}
