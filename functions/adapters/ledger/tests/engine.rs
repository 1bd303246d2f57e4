//! The adapter against a real engine: `LEDGER_TEST_ENDPOINT=http://127.0.0.1:PORT cargo test -- --ignored`
//! with `DynamoDB` (an emulator of it) at that address. Each test makes a table of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../src/samples.rs"]
mod samples;

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use drawbridge_domain::FaultName;
use drawbridge_domain::connection::{Connection, Status};
use drawbridge_domain::ids::{AccountId, ConnectionId, ResourceShareArn, SubscriptionName};
use drawbridge_domain::inventory::{FindMade as _, Rounds as _};
use drawbridge_domain::messages;
use drawbridge_domain::ports::{
    Attention as _, AuditEntry, Connections as _, Senders as _, Shares as _, Subscriptions as _, Waits as _,
};
use drawbridge_domain::share::{ShareRecord, ShareStatus};
use drawbridge_domain::subscription::{Subscription, parse};
use drawbridge_domain::truth::Round;
use drawbridge_domain::waiting::{TaskToken, Ticket, Turn};
use drawbridge_ledger::{AUDIT_DAYS, Ledger, Subject, SubscriptionWrite};

const NEEDS: &str = "needs DynamoDB or an emulator of it at the URL in LEDGER_TEST_ENDPOINT";

struct Engine {
    client: Client,
    ledger: Ledger,
    table: String,
}

/// A table as `infra/template.yaml` makes it.
async fn engine() -> Engine {
    static TABLES: AtomicU32 = AtomicU32::new(0);
    #[expect(clippy::disallowed_methods, reason = "where the engine is, is told by whoever starts it")]
    let endpoint = std::env::var("LEDGER_TEST_ENDPOINT").expect(NEEDS);
    let sdk = aws_types::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("111122223333", "s", None, None, "test")))
        .endpoint_url(endpoint)
        .http_client(drawbridge_sdk::http_client())
        .build();
    let client = Client::new(&sdk);
    let table = format!("ledger-{}-{}", std::process::id(), TABLES.fetch_add(1, Ordering::Relaxed));
    let key =
        |name: &str, key_type| KeySchemaElement::builder().attribute_name(name).key_type(key_type).build().unwrap();
    let index = |name: &str, hash: &str, range: &str| {
        GlobalSecondaryIndex::builder()
            .index_name(name)
            .key_schema(key(hash, KeyType::Hash))
            .key_schema(key(range, KeyType::Range))
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
            .build()
            .unwrap()
    };
    let attribute = |name: &str| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    client
        .create_table()
        .table_name(&table)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .set_attribute_definitions(Some(
            ["pk", "sk", "attention", "since", "share_arn", "made_id"].map(attribute).to_vec(),
        ))
        .global_secondary_indexes(index("by-status", "attention", "since"))
        .global_secondary_indexes(index("by-share", "share_arn", "pk"))
        .global_secondary_indexes(index("by-made", "made_id", "pk"))
        .send()
        .await
        .unwrap();
    Engine { ledger: Ledger::new(&sdk, table.clone()), client, table }
}

impl Engine {
    /// Sets one attribute behind the ledger's back.
    async fn tamper(&self, pk: String, sk: &str, name: &str, value: AttributeValue) {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(pk))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .update_expression("SET #name = :value")
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":value", value)
            .send()
            .await
            .unwrap();
    }

    async fn scan(&self) -> Vec<std::collections::HashMap<String, AttributeValue>> {
        self.client
            .scan()
            .table_name(&self.table)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .unwrap()
    }
}

fn audit(at: &str, what: &str) -> AuditEntry {
    AuditEntry { at: at.parse().unwrap(), by: "test".to_owned(), execution: None, what: what.to_owned() }
}

fn at_first() -> AuditEntry {
    audit("2026-11-21T01:02:03Z", "made")
}

fn new_connection(number: u32) -> Connection {
    let mut connection = samples::connection();
    connection.id = ConnectionId::parse(format!("conn-{number:032x}")).unwrap();
    connection.version = 0;
    connection
}

fn new_share() -> ShareRecord {
    ShareRecord { version: 0, ..samples::share() }
}

fn subscription(sender: &str) -> Subscription {
    let text = format!(
        "version: 1\nname: redis\ntrust: {{senders: [\"{sender}\"]}}\n\
         targets: [{{vpc: vpc-0a1b, security_groups: [sg-0a1b]}}]\n"
    );
    parse("test", &text).unwrap()
}

#[tokio::test]
#[ignore = "needs LEDGER_TEST_ENDPOINT"]
async fn what_is_saved_is_what_is_read() {
    let Engine { ledger, .. } = engine().await;
    let connection = ledger.save_connection(new_connection(1), at_first()).await.unwrap();
    assert_eq!(connection.version, 1);
    assert_eq!(ledger.connection(&connection.id).await.unwrap(), Some(connection.clone()));
    let share = ledger.save_share(new_share(), at_first()).await.unwrap();
    assert_eq!(ledger.share(&share.arn).await.unwrap(), Some(share));
    assert_eq!(ledger.connection(&new_connection(2).id).await.unwrap(), None);
    let other = ResourceShareArn::parse("arn:aws:ram:us-east-1:444455556666:resource-share/none").unwrap();
    assert_eq!(ledger.share(&other).await.unwrap(), None);

    let next = ledger.save_connection(Connection { attempt: 9, ..connection.clone() }, at_first()).await.unwrap();
    assert_eq!((next.version, next.attempt), (2, 9));
    assert_ne!(next.change, connection.change);
    assert_eq!(ledger.connection(&connection.id).await.unwrap(), Some(next));
}

#[tokio::test]
#[ignore = "needs LEDGER_TEST_ENDPOINT"]
async fn a_race_has_one_winner() {
    let Engine { ledger, .. } = engine().await;
    let saved = ledger.save_connection(new_connection(1), at_first()).await.unwrap();
    let decide = |by: &str| Connection { execution: Some(by.to_owned()), ..saved.clone() };
    let (a, b) =
        tokio::join!(ledger.save_connection(decide("a"), at_first()), ledger.save_connection(decide("b"), at_first()));
    let (winner, loser) = if a.is_ok() { (a, b) } else { (b, a) };
    let fault = loser.expect_err("both won");
    assert_eq!(fault.name, FaultName::LedgerConflict);
    assert!(fault.message.contains("version 1") && fault.message.contains("version 2"), "{fault}");
    assert_eq!(ledger.connection(&saved.id).await.unwrap(), Some(winner.expect("nobody won")));

    let again = ledger.save_connection(Connection { attempt: 7, ..new_connection(1) }, at_first()).await;
    assert_eq!(again.expect_err("it exists").name, FaultName::LedgerConflict);
    let trail = ledger.audit_trail(&Subject::Connection(saved.id)).await.unwrap();
    assert_eq!(trail.len(), 2, "a write that was refused leaves no trace");
}

#[tokio::test]
#[ignore = "needs LEDGER_TEST_ENDPOINT"]
async fn the_same_write_repeated_is_done_once() {
    let Engine { ledger, .. } = engine().await;
    let first = ledger.save_connection(new_connection(1), at_first()).await.unwrap();
    // The same token and payload: the engine knows it.
    assert_eq!(ledger.save_connection(new_connection(1), at_first()).await.unwrap(), first);
    // A repetition comes later, so its audit entry differs: another token, a refused condition.
    let later = audit("2026-11-21T01:02:09Z", "made");
    assert_eq!(ledger.save_connection(new_connection(1), later).await.unwrap(), first);
    assert_eq!(ledger.connection(&first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(ledger.audit_trail(&Subject::Connection(first.id)).await.unwrap().len(), 1);
}

#[tokio::test]
#[ignore = "needs LEDGER_TEST_ENDPOINT"]
async fn the_index_holds_what_needs_attention_and_nothing_else() {
    let Engine { ledger, .. } = engine().await;
    let mut expected = Vec::new();
    for (number, second, status) in
        [(1, "09.5", Status::Failed), (2, "08", Status::Wanted), (3, "07", Status::Ready), (4, "09", Status::Failed)]
    {
        let since = format!("2026-11-21T01:02:{second}Z").parse().unwrap();
        let saved = Connection { status, since, ..new_connection(number) };
        expected.push(ledger.save_connection(saved, at_first()).await.unwrap());
    }
    let share =
        ledger.save_share(ShareRecord { status: ShareStatus::Failed, ..new_share() }, at_first()).await.unwrap();
    let ids = |numbers: &[usize]| numbers.iter().map(|number| expected[number - 1].id.clone()).collect::<Vec<_>>();
    assert_eq!(ledger.connections_needing_attention().await.unwrap(), ids(&[2, 4, 1]), "oldest first");
    assert_eq!(ledger.shares_needing_attention().await.unwrap(), std::slice::from_ref(&share.arn));

    let mended = Connection { status: Status::Ready, ..expected[3].clone() };
    ledger.save_connection(mended, at_first()).await.unwrap();
    assert_eq!(ledger.connections_needing_attention().await.unwrap(), ids(&[2, 1]), "it left the index");

    let of_share: Vec<ConnectionId> =
        ledger.connections_of(&share.arn).await.unwrap().into_iter().map(|connection| connection.id).collect();
    assert_eq!(of_share, ids(&[1, 2, 3, 4]), "only connections, all of them");
}

#[tokio::test]
#[ignore = "needs LEDGER_TEST_ENDPOINT"]
async fn more_than_a_page_is_read_to_its_end() {
    let Engine { ledger, .. } = engine().await;
    let mut last = ledger
        .save_connection(new_connection(1), audit("2026-11-21T01:02:05Z", "made by a clock that is ahead"))
        .await
        .unwrap();
    // A page has a megabyte: eight entries and eight records of this size are more than that.
    let long = "x".repeat(150_000);
    for number in 2..10 {
        let at = format!("2026-11-21T01:02:0{number}Z");
        last = ledger.save_connection(Connection { attempt: number, ..last }, audit(&at, &long)).await.unwrap();
        ledger.save_connection(Connection { why: long.clone(), ..new_connection(number) }, at_first()).await.unwrap();
    }
    let trail = ledger.audit_trail(&Subject::Connection(last.id)).await.unwrap();
    assert_eq!(trail.iter().map(|entry| entry.version).collect::<Vec<_>>(), (1..10).collect::<Vec<_>>(), "newest last");
    assert_eq!(ledger.list().await.unwrap().connections.len(), 9);
    assert_eq!(ledger.connections_needing_attention().await.unwrap().len(), 9);
}

#[tokio::test]
#[ignore = "needs LEDGER_TEST_ENDPOINT"]
async fn an_audit_entry_says_who_did_what_and_when_it_goes() {
    let engine = engine().await;
    let entry = AuditEntry { execution: Some("execution".to_owned()), ..audit("2026-11-21T01:02:03.1234567Z", "made") };
    let saved = engine.ledger.save_connection(new_connection(1), entry.clone()).await.unwrap();
    let trail = engine.ledger.audit_trail(&Subject::Connection(saved.id.clone())).await.unwrap();
    let [line] = trail.as_slice() else { panic!("one entry, not {trail:?}") };
    assert_eq!(line.entry, AuditEntry { at: "2026-11-21T01:02:03.123456Z".parse().unwrap(), ..entry });
    assert_eq!((line.status.as_str(), line.version, &line.change), ("waiting", 1, &saved.change));

    let items = engine.scan().await;
    let item = items.iter().find(|item| item["sk"].as_s().unwrap().starts_with("AUDIT#")).unwrap();
    assert_eq!(item["sk"].as_s().unwrap(), &format!("AUDIT#2026-11-21T01:02:03.123456Z#{}", saved.change));
    let expires: i64 = item["expires"].as_n().unwrap().parse().unwrap();
    assert_eq!(expires - line.entry.at.as_second(), AUDIT_DAYS * 86_400);
    assert!(items.iter().filter(|item| item.contains_key("expires")).count() == 1, "records do not expire");
}

#[tokio::test]
#[ignore = "needs LEDGER_TEST_ENDPOINT"]
async fn an_item_that_cannot_be_read_is_named_and_hides_no_other() {
    let engine = engine().await;
    let Engine { ledger, .. } = &engine;
    let broken = ledger.save_connection(new_connection(1), at_first()).await.unwrap();
    let sound = ledger.save_connection(new_connection(2), at_first()).await.unwrap();
    let pk = format!("CONNECTION#{}", broken.id);
    engine.tamper(pk.clone(), "CONNECTION", "generation", AttributeValue::S("two".to_owned())).await;

    let fault = ledger.connection(&broken.id).await.expect_err("refused");
    assert_eq!(fault.name, FaultName::InvalidRequest);
    assert!(fault.message.contains(&pk) && fault.message.contains("generation"), "{fault}");
    let listing = ledger.list().await.unwrap();
    assert_eq!(listing.connections, std::slice::from_ref(&sound));
    assert_eq!(listing.unreadable, [fault]);
    assert_eq!(ledger.connections_of(&sound.share_arn.clone().unwrap()).await.unwrap(), [sound]);
}

#[tokio::test]
#[ignore = "needs LEDGER_TEST_ENDPOINT"]
async fn subscriptions_are_written_once_and_read_by_the_one_parser() {
    let engine = engine().await;
    let Engine { ledger, .. } = &engine;
    let (first, second) = (subscription("444455556666"), subscription("777788889999"));
    assert_eq!(ledger.put_subscription(&first, at_first()).await.unwrap(), SubscriptionWrite::Created);
    assert_eq!(ledger.put_subscription(&first, at_first()).await.unwrap(), SubscriptionWrite::Unchanged);
    assert_eq!(ledger.put_subscription(&second, at_first()).await.unwrap(), SubscriptionWrite::Replaced(2));
    assert_eq!(ledger.subscriptions().await.unwrap(), (vec![second.clone()], vec![]));
    let stored = ledger.subscription(&second.name).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.by.as_str()), (2, "test"));
    let trail = ledger.audit_trail(&Subject::Subscriptions).await.unwrap();
    assert_eq!(
        trail.iter().map(|entry| (entry.status.as_str(), entry.version)).collect::<Vec<_>>(),
        [("redis", 1), ("redis", 2)]
    );

    let of = |name: &str| format!("the ledger's subscription `{name}`");
    engine.tamper("SUBSCRIPTION".to_owned(), "by-hand", "document", AttributeValue::S("version: [".to_owned())).await;
    engine.tamper("SUBSCRIPTION".to_owned(), "renamed", "document", AttributeValue::S(stored.document)).await;
    let (subscriptions, unreadable) = ledger.subscriptions().await.unwrap();
    assert_eq!(subscriptions, [second]);
    let names: Vec<_> = unreadable.iter().map(|each| (each.name.as_str(), each.problems.source_name.clone())).collect();
    assert_eq!(names, [("by-hand", of("by-hand")), ("renamed", of("renamed"))]);
    assert!(unreadable[1].problems.problems[0].message.contains("`redis`"), "{}", unreadable[1].problems);

    // What was written by hand, and has no version, can be replaced.
    let mended = Subscription { name: "by-hand".to_owned().try_into().unwrap(), ..first };
    assert_eq!(ledger.put_subscription(&mended, at_first()).await.unwrap(), SubscriptionWrite::Replaced(1));
    assert_eq!(ledger.subscriptions().await.unwrap().0.len(), 2);

    // What is withdrawn is gone, be it unreadable, and leaves its audit trail.
    let withdrawn = || AuditEntry { what: "withdrew it".to_owned(), ..at_first() };
    for name in ["redis", "renamed"] {
        let name = name.to_owned().try_into().unwrap();
        assert!(ledger.delete_subscription(&name, withdrawn()).await.unwrap(), "{name}");
        assert!(!ledger.delete_subscription(&name, withdrawn()).await.unwrap(), "{name} is gone already");
    }
    let (subscriptions, unreadable) = ledger.subscriptions().await.unwrap();
    assert_eq!((subscriptions, unreadable.len()), (vec![mended], 0));
    let trail = ledger.audit_trail(&Subject::Subscriptions).await.unwrap();
    let told = trail.iter().filter(|entry| entry.entry.what == "withdrew it").map(|entry| entry.version);
    assert_eq!(told.collect::<Vec<_>>(), [1, 3]);
}

fn ticket(token: &str, retry: u32) -> Ticket {
    let share = samples::share();
    Ticket {
        subject: messages::Subject::Share(share.arn),
        token: TaskToken::new(token),
        execution: "arn".to_owned(),
        turn: Turn { attempt: 1, entered: "2026-11-21T01:02:03Z".parse().unwrap(), retry },
        wait: share.wait.unwrap(),
        told: false,
        version: 0,
    }
}

#[tokio::test]
#[ignore = "needs LEDGER_TEST_ENDPOINT"]
async fn what_was_made_is_found_by_its_id_as_long_as_it_is_there() {
    let engine = engine().await;
    let Engine { ledger, .. } = &engine;
    let fresh = Connection { version: 0, ..samples::connection() };
    let saved = ledger.save_connection(fresh, at_first()).await.unwrap();
    assert_eq!(ledger.made_as("vpce-0a1b").await.unwrap(), std::slice::from_ref(&saved.id));
    assert!(ledger.made_as("vpce-0a1c").await.unwrap().is_empty());
    assert_eq!(ledger.everything_made().await.unwrap(), [("vpce-0a1b".to_owned(), saved.id.clone())]);

    // More than one batch, of which the ledger has one.
    let unknown = (0..205).map(|n| ConnectionId::parse(format!("conn-{n:032x}")).unwrap());
    let asked: Vec<_> = unknown.chain([saved.id.clone()]).collect();
    assert_eq!(ledger.connections_of_ids(&asked).await.unwrap(), std::slice::from_ref(&saved));
    assert!(ledger.connections_of_ids(&[]).await.unwrap().is_empty());

    let removed = Connection { made: None, ..saved };
    ledger.save_connection(removed, AuditEntry { what: "removed it".to_owned(), ..at_first() }).await.unwrap();
    assert!(ledger.everything_made().await.unwrap().is_empty());
}

#[tokio::test]
#[ignore = "needs LEDGER_TEST_ENDPOINT"]
async fn a_token_is_kept_apart_and_the_later_one_takes_its_place() {
    let engine = engine().await;
    let ledger = &engine.ledger;
    let first = ticket("first", 0);
    assert_eq!(ledger.ticket(&first.subject).await.unwrap(), None);
    ledger.save_ticket(first.clone()).await.unwrap();
    ledger.save_ticket(first.clone()).await.expect("the same write again: its answer was lost");
    let held = ledger.ticket(&first.subject).await.unwrap().unwrap();
    assert_eq!((held.version, &held.token), (1, &first.token));
    let conflict = ledger.save_ticket(ticket("second", 1)).await.expect_err("decided from nothing");
    assert_eq!(conflict.name, FaultName::LedgerConflict);
    ledger.save_ticket(Ticket { version: 1, ..ticket("second", 1) }).await.unwrap();
    assert_eq!(ledger.ticket(&first.subject).await.unwrap().unwrap().token, TaskToken::new("second"));
    // Neither among what is listed, nor in an audit trail; and it goes by itself.
    assert!(ledger.list().await.unwrap().shares.is_empty());
    let items = engine.scan().await;
    let [item] = &items[..] else { panic!("one item: {}", items.len()) };
    assert!(item["expires"].as_n().unwrap().parse::<i64>().unwrap() > first.wait.until.as_second());
    assert!(!item.contains_key("attention"));
}

#[tokio::test]
#[ignore = "needs LEDGER_TEST_ENDPOINT"]
async fn a_sender_is_approved_once_for_each_subscription() {
    let engine = engine().await;
    let ledger = &engine.ledger;
    let sender = AccountId::parse("444455556666").unwrap();
    let names = |names: &[&str]| names.iter().map(|name| SubscriptionName::parse(*name).unwrap()).collect::<Vec<_>>();
    assert_eq!(ledger.approved_for(&sender).await.unwrap(), []);
    ledger.approve_sender(&sender, &names(&["b"]), at_first()).await.unwrap();
    ledger.approve_sender(&sender, &names(&["b"]), at_first()).await.unwrap();
    ledger.approve_sender(&sender, &names(&["a", "b"]), audit("2026-11-21T02:02:03Z", "again")).await.unwrap();
    assert_eq!(ledger.approved_for(&sender).await.unwrap(), names(&["a", "b"]));
    let other = AccountId::parse("111122223333").unwrap();
    assert_eq!(ledger.approved_for(&other).await.unwrap(), []);
    assert_eq!(ledger.audit_trail(&Subject::Sender(sender)).await.unwrap().len(), 2);
}

#[tokio::test]
#[ignore = "needs LEDGER_TEST_ENDPOINT"]
async fn a_round_is_one_run_s_at_a_time() {
    let engine = engine().await;
    let Engine { ledger, .. } = &engine;
    assert_eq!(ledger.round().await.unwrap(), None);
    let first = ledger.save_round(Round { number: 1, ..Round::default() }).await.unwrap();
    assert_eq!((first.version, ledger.round().await.unwrap()), (1, Some(first.clone())));
    let other = ledger.save_round(Round { number: 1, ..Round::default() }).await.unwrap_err();
    assert_eq!(other.name, FaultName::LedgerConflict);
    let next = ledger.save_round(Round { cursor: Some("vpce-0a".to_owned()), ..first.clone() }).await.unwrap();
    assert_eq!(ledger.save_round(first).await.unwrap_err().name, FaultName::LedgerConflict);
    assert_eq!(ledger.round().await.unwrap(), Some(next));
}
