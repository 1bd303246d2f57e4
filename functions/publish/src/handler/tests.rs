//! What only time shows: a call without an answer that takes effect after somebody looked.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;

use drawbridge_domain::outputs::Parameter;
use drawbridge_domain::ports::HeldParameter;

use super::*;

const NAME: &str = "/drawbridge/redis/orders-db";

/// The connection may be gone, and one record is there.
struct OneRecord(RefCell<OutputRecord>, Option<Connection>);

impl Connections for OneRecord {
    async fn connection(&self, _: &ConnectionId) -> Result<Option<Connection>, Fault> {
        Ok(self.1.clone())
    }
    async fn save_connection(&self, record: Connection, _: AuditEntry) -> Result<Connection, Fault> {
        Ok(record)
    }
}

impl Publications for OneRecord {
    async fn outputs(&self, _: &ConnectionId) -> Result<Option<OutputRecord>, Fault> {
        Ok(Some(self.0.borrow().clone()))
    }
    async fn save_outputs(&self, mut record: OutputRecord, _: AuditEntry) -> Result<OutputRecord, Fault> {
        assert_eq!(record.version, self.0.borrow().version, "decided from what is there");
        record.version += 1;
        *self.0.borrow_mut() = record.clone();
        Ok(record)
    }
    async fn unpublished(&self) -> Result<Vec<ConnectionId>, Fault> {
        Ok(vec![self.0.borrow().connection.clone()])
    }
    async fn published(&self) -> Result<Vec<ConnectionId>, Fault> {
        self.unpublished().await
    }
}

struct Store(RefCell<Option<HeldParameter>>);

impl Parameters for Store {
    async fn create(&self, _: &str, _: &str, _: &str, _: &BTreeMap<String, String>) -> Result<bool, Fault> {
        unreachable!("nothing is to be written")
    }
    async fn parameter(&self, _: &str) -> Result<Option<HeldParameter>, Fault> {
        Ok(self.0.borrow().clone())
    }
    async fn values(&self, names: &[String]) -> Result<BTreeMap<String, String>, Fault> {
        let held = self.0.borrow().as_ref().map(|held| held.value.clone());
        Ok(names.iter().cloned().zip(held).collect())
    }
    async fn overwrite(&self, _: &str, _: &str) -> Result<(), Fault> {
        unreachable!("nothing is to be written")
    }
    async fn remove(&self, _: &str) -> Result<(), Fault> {
        *self.0.borrow_mut() = None;
        Ok(())
    }
}

fn at(time: &str) -> Timestamp {
    format!("2026-11-21T{time}Z").parse().unwrap()
}

/// A parameter was asked for at noon without an answer, and its connection is gone.
fn unanswered() -> (ConnectionId, Publish<OneRecord, Store>) {
    let id = ConnectionId::parse(format!("conn-{}", "0a".repeat(16))).unwrap();
    let mut record = OutputRecord::new(id.clone(), at("12:00:00"));
    let asked_at = Some(at("12:00:00"));
    let parameter = Parameter { resource: "rcfg-1".to_owned(), digest: None, asked_at, trouble: None };
    record.parameters.insert(NAME.to_owned(), parameter);
    let settings = Settings {
        installation: Installation::parse("drawbridge").ok(),
        root: "/drawbridge/".to_owned(),
        settle: SignedDuration::from_mins(1),
    };
    (id, Publish { ledger: OneRecord(RefCell::new(record), None), ssm: Store(RefCell::new(None)), settings })
}

async fn looked(publish: &Publish<OneRecord, Store>, time: &str) -> Result<Vec<String>, Fault> {
    let id = publish.ledger.0.borrow().connection.clone();
    let record = publish.look(&id, "run", Instant::now(), at(time)).await?;
    Ok(record.parameters.into_keys().collect())
}

#[tokio::test]
async fn what_may_still_be_made_is_not_forgotten() {
    let (id, publish) = unanswered();
    assert_eq!(looked(&publish, "12:00:59").await.unwrap_err().name, FaultName::NotReady);
    let made =
        HeldParameter { value: "{}".to_owned(), tags: outputs::tags(&id, &Installation::parse("drawbridge").unwrap()) };
    *publish.ssm.0.borrow_mut() = Some(made);
    assert_eq!(looked(&publish, "12:01:30").await, Ok(vec![]));
    assert!(publish.ssm.0.borrow().is_none(), "it was made after all, and is removed");
}

#[tokio::test]
async fn what_was_never_made_is_forgotten_when_it_can_be_no_more() {
    let (_, publish) = unanswered();
    assert_eq!(looked(&publish, "12:01:00").await, Ok(vec![]));
}

#[tokio::test]
async fn what_somebody_else_made_meanwhile_is_left_alone() {
    let (_, publish) = unanswered();
    *publish.ssm.0.borrow_mut() = Some(HeldParameter { value: "theirs".to_owned(), tags: BTreeMap::new() });
    assert_eq!(looked(&publish, "12:01:00").await, Ok(vec![]));
    assert_eq!(publish.ssm.0.borrow().as_ref().unwrap().value, "theirs");
}

/// Its connection ended, and before anybody saw that somebody had removed the parameter: it is not made again.
#[tokio::test]
async fn what_is_asked_for_no_more_is_not_mended() {
    let (_, publish) = unanswered();
    {
        let mut record = publish.ledger.0.borrow_mut();
        let parameter = record.parameters.get_mut(NAME).unwrap();
        (parameter.digest, parameter.asked_at) = (Some("0123".to_owned()), None);
    }
    // The record says that it was just asked for, which is waited out.
    let answer = publish.handle(json!({"trigger": "look"}), at("13:00:00")).await.unwrap();
    assert_eq!(answer, json!({"looked_at": 1, "differing": 1, "failing": 1, "complete": true}));
    assert_eq!(looked(&publish, "13:02:01").await, Ok(vec![]));
}

/// It was published for certain, by us or, without our tags, so that only the record says so.
fn published(is_tagged: bool) -> (ConnectionId, Publish<OneRecord, Store>) {
    let (id, publish) = unanswered();
    {
        let mut record = publish.ledger.0.borrow_mut();
        let parameter = record.parameters.get_mut(NAME).unwrap();
        (parameter.digest, parameter.asked_at) = (Some(identity::digest(&"{}")), None);
    }
    let tags = outputs::tags(&id, &Installation::parse("drawbridge").unwrap());
    let tags = if is_tagged { tags } else { BTreeMap::new() };
    *publish.ssm.0.borrow_mut() = Some(HeldParameter { value: "{}".to_owned(), tags });
    (id, publish)
}

#[tokio::test]
async fn what_is_as_it_was_published_is_left_alone() {
    let (id, mut publish) = published(true);
    // It is looked at whether it can be used, so what is published stays.
    let connection = json!({
        "id": id, "kind": "resource-endpoint", "resource": "arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-1",
        "target": {"vpc": "vpc-0a"}, "claims": ["redis"], "status": "waiting", "since": at("12:00:00"), "why": "so",
        "next": "so", "generation": 1, "attempt": 1, "transient_runs": 0, "digest": "d", "wanted_at": at("12:00:00"),
        "outputs": "/drawbridge/redis", "version": 1, "change": "c",
    });
    publish.ledger.1 = Some(serde_json::from_value(connection).unwrap());
    let before = publish.ledger.0.borrow().clone();
    let answer = publish.handle(json!({"trigger": "look"}), at("13:00:00")).await.unwrap();
    assert_eq!(answer, json!({"looked_at": 1, "differing": 0, "failing": 0, "complete": true}));
    assert_eq!(*publish.ledger.0.borrow(), before);
}

/// Nobody heard of it: what the stream tells is given up after some hours.
#[tokio::test]
async fn what_is_published_of_a_connection_that_ended_unheard_is_removed() {
    let (_, publish) = published(true);
    let answer = publish.handle(json!({"trigger": "look"}), at("13:00:00")).await.unwrap();
    assert_eq!(answer, json!({"looked_at": 1, "differing": 0, "failing": 0, "complete": true}));
    assert!(publish.ssm.0.borrow().is_none() && publish.ledger.0.borrow().parameters.is_empty());
}

#[tokio::test]
async fn what_somebody_made_in_its_place_is_left_alone() {
    let (_, publish) = published(false);
    publish.ssm.0.borrow_mut().as_mut().unwrap().value = "theirs".to_owned();
    assert_eq!(looked(&publish, "12:01:00").await, Ok(vec![]));
    assert!(publish.ssm.0.borrow().is_some());
}

#[tokio::test]
async fn what_was_ours_and_carries_our_tags_no_more_is_told_and_not_forgotten() {
    let (_, publish) = published(false);
    for time in ["12:01:00", "12:05:00"] {
        assert_eq!(looked(&publish, time).await, Ok(vec![NAME.to_owned()]));
        let record = publish.ledger.0.borrow().clone();
        let trouble = record.parameters[NAME].trouble.clone().unwrap();
        assert_eq!((trouble.fault.name.as_str(), record.status), ("Conflict", OutputStatus::Unpublished));
    }
    // A person removed it.
    *publish.ssm.0.borrow_mut() = None;
    assert_eq!(looked(&publish, "12:10:00").await, Ok(vec![]));
}
