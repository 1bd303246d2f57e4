//! What is in its grace period can be used, and is looked at as what is ready.
use drawbridge_domain::ending::Cause;
use drawbridge_domain::preflight::{Finding, Severity};

use super::*;

fn later(minutes: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

/// The connection of this number, whose share was revoked; its run waits until three days are over.
fn waits(n: usize, reopen: Option<&str>) -> Connection {
    let mut record = serde_json::to_value(connection(n)).unwrap();
    record["status"] = json!("closing");
    record["execution"] = json!("its run");
    record["why"] = json!("it is shared no more; it can be used until then");
    record["wait"] = json!({
        "who": "its owner", "what": "to share it again", "since": now(), "until": later(72 * 60), "asked": "d", "by_a_run": true,
    });
    record["ending"] =
        json!({"cause": "revoked", "why": "it is shared no more", "by": "intake", "since": now(), "digest": "d"});
    if let Some(reopen) = reopen {
        record["ending"]["reopen"] = json!(reopen);
    }
    serde_json::from_value(record).unwrap()
}

fn graceful(count: usize) -> World {
    let world = world(count);
    *world.connections.borrow_mut() = (0..count).map(|n| (id(n), waits(n, None))).collect();
    world
}

async fn run_at(world: &World, minutes: i64) -> Summary {
    reconcile(world, 10_000).handle(json!({}), later(minutes)).await.unwrap()
}

fn cause(world: &World, n: usize) -> Option<Cause> {
    world.connections.borrow()[&id(n)].ending.as_ref().map(|ending| ending.cause)
}

#[tokio::test]
async fn one_of_which_nothing_is_left_ends() {
    let world = graceful(4);
    world.endpoints.borrow_mut()[0].endpoint.state = "Deleting".to_owned();
    world.endpoints.borrow_mut()[1].endpoint.state = "Rejected".to_owned();
    world.endpoints.borrow_mut().remove(2);
    let first = run_at(&world, 1).await;
    assert_eq!((first.connections, first.ended, first.recorded), (4, 2, 1), "{first:?}");
    assert_eq!((cause(&world, 0), cause(&world, 1)), (Some(Cause::Gone), Some(Cause::Rejected)));
    assert_eq!(
        (cause(&world, 2), cause(&world, 3)),
        (Some(Cause::Revoked), Some(Cause::Revoked)),
        "one look proves nothing"
    );
    let second = run_at(&world, 7).await;
    assert_eq!(
        (second.connections, second.ended, second.recorded),
        (2, 1, 0),
        "what is decided is left to its run: {second:?}"
    );
    assert_eq!((cause(&world, 2), cause(&world, 3)), (Some(Cause::Gone), Some(Cause::Revoked)));
    let gone = world.connections.borrow()[&id(2)].clone();
    assert_eq!(
        (gone.status, gone.attempt, gone.execution.as_deref()),
        (Status::Closing, 1, Some("its run")),
        "the same run closes it"
    );
    assert!(gone.why.starts_with("EndpointGone") && gone.wait.is_some(), "{}", gone.why);
    assert!(world.deleted.borrow().is_empty(), "whatever is left is its run's to remove");
}

#[tokio::test]
async fn one_that_is_kept_is_left_to_its_run() {
    let world = graceful(1);
    world.connections.borrow_mut().insert(id(0), waits(0, Some("the owner shared it again")));
    world.endpoints.borrow_mut()[0].endpoint.state = "Deleted".to_owned();
    assert_eq!(run_at(&world, 1).await.connections, 0);
    assert_eq!(cause(&world, 0), Some(Cause::Revoked));
}

#[tokio::test]
async fn what_is_said_of_a_second_one_stays_while_a_run_has_the_first() {
    let world = graceful(1);
    let told = Finding {
        severity: Severity::Warning,
        code: truth::DUPLICATED.to_owned(),
        seen: "so".to_owned(),
        needed: "so".to_owned(),
        way_out: "so".to_owned(),
    };
    world.connections.borrow_mut().get_mut(&id(0)).unwrap().findings = vec![told.clone()];
    world.endpoints.borrow_mut().push(listed(7, 0));
    run_at(&world, 1).await;
    let record = world.connections.borrow()[&id(0)].clone();
    assert_eq!((record.findings, world.deleted.borrow().len()), (vec![told], 0));
}
