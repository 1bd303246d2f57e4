//! The adapter against scripted answers of `DynamoDB`: what an engine cannot be brought to say.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[allow(dead_code, reason = "shared with the unit tests")]
#[path = "../src/samples.rs"]
mod samples;

use std::collections::BTreeMap;

use drawbridge_domain::FaultName;
use drawbridge_domain::connection::Connection;
use drawbridge_domain::outputs::{OutputRecord, OutputStatus, Parameter};
use drawbridge_domain::ports::{Attention as _, AuditEntry, Connections as _, Publications as _};
use drawbridge_ledger::Ledger;
use drawbridge_sdk::script::{Answer, Script};
use serde_json::{Value, json};

fn ledger(answers: impl IntoIterator<Item = Answer>) -> (Ledger, Script) {
    let script = Script::new(answers);
    (Ledger::new(&script.config(), "ledger"), script)
}

fn says(body: &Value) -> Answer {
    Answer::ok(&body.to_string())
}

fn asked(script: &Script) -> Vec<Value> {
    script.requests().iter().map(|request| serde_json::from_str(&request.body).unwrap()).collect()
}

fn audit() -> AuditEntry {
    AuditEntry {
        at: "2026-11-21T01:02:03.5Z".parse().unwrap(),
        by: "observe".to_owned(),
        execution: Some("execution".to_owned()),
        what: "looked".to_owned(),
    }
}

fn cancelled(codes: [&str; 2]) -> Answer {
    let reasons: Vec<Value> = codes.iter().map(|code| json!({"Code": code, "Message": "AWS's words"})).collect();
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": reasons,
    });
    Answer::Says(400, None, body.to_string())
}

fn error(name: &str) -> Answer {
    let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": "AWS's words"});
    Answer::Says(400, None, body.to_string())
}

fn item(version: &str, change: &str) -> Answer {
    says(&json!({"Item": {"pk": {"S": "x"}, "version": {"N": version}, "change": {"S": change}}}))
}

async fn saved() -> (Connection, Value) {
    let (ledger, script) = ledger([says(&json!({}))]);
    let saved = ledger.save_connection(samples::connection(), audit()).await.unwrap();
    (saved, asked(&script).remove(0))
}

#[tokio::test]
async fn a_save_is_one_transaction_of_record_and_audit_entry() {
    let (saved, body) = saved().await;
    assert_eq!(saved.version, 8);
    assert!(body["ClientRequestToken"].as_str().unwrap().len() <= 36);
    let puts = body["TransactItems"].as_array().unwrap();
    assert_eq!(puts.len(), 2);
    let record = &puts[0]["Put"];
    assert_eq!(record["ConditionExpression"], "#version = :from");
    assert_eq!(record["ExpressionAttributeValues"], json!({":from": {"N": "7"}}));
    assert_eq!(record["Item"]["sk"]["S"], "CONNECTION");
    assert_eq!(record["Item"]["attention"]["S"], "waiting");
    assert_eq!(record["Item"]["since"]["S"], "2026-11-21T01:02:03.123456Z");
    assert_eq!(record["Item"]["version"]["N"], "8");
    assert_eq!(record["Item"]["change"]["S"], saved.change.as_str());
    let entry = &puts[1]["Put"]["Item"];
    assert_eq!(entry["pk"], record["Item"]["pk"]);
    assert_eq!(entry["sk"]["S"], format!("AUDIT#2026-11-21T01:02:03.500000Z#{}", saved.change));
    // 400 days later.
    assert_eq!(entry["expires"]["N"], (1_795_222_923 + 400 * 86_400).to_string());
}

#[tokio::test]
async fn what_no_share_brought_is_found_under_a_key_of_its_own_while_it_is_claimed() {
    let (ledger, script) = ledger([says(&json!({})), says(&json!({}))]);
    let alone = Connection { share_arn: None, ..samples::connection() };
    let saved = ledger.save_connection(alone.clone(), audit()).await.unwrap();
    assert_eq!(saved.share_arn, None);
    ledger.save_connection(Connection { claims: Vec::new(), ..alone }, audit()).await.unwrap();
    let [claimed, unclaimed] = &asked(&script)[..] else { panic!("two writes") };
    let key = |body: &serde_json::Value| body["TransactItems"][0]["Put"]["Item"].get("share_arn").cloned();
    assert_eq!(key(claimed), Some(json!({"S": "none"})));
    // An item without the key is not in the index; one whose key is null would be refused.
    assert_eq!(key(unclaimed), None, "{unclaimed}");
}

#[tokio::test]
async fn the_token_is_the_same_for_the_same_bytes_only() {
    let token = async |table: &str, at: &str| {
        let script = Script::new([says(&json!({}))]);
        let audit = AuditEntry { at: at.parse().unwrap(), ..audit() };
        let saved = Ledger::new(&script.config(), table).save_connection(samples::connection(), audit).await.unwrap();
        (asked(&script)[0]["ClientRequestToken"].as_str().unwrap().to_owned(), saved.change)
    };
    let (first, change) = token("ledger", "2026-11-21T01:02:03Z").await;
    assert_eq!(token("ledger", "2026-11-21T01:02:03Z").await, (first.clone(), change.clone()));
    for (table, at) in [("ledger", "2026-11-21T01:02:09Z"), ("another", "2026-11-21T01:02:03Z")] {
        let (other, same_change) = token(table, at).await;
        assert_ne!(other, first);
        assert_eq!(same_change, change);
    }
}

#[tokio::test]
async fn a_lost_answer_is_a_success() {
    let (mine, _) = saved().await;
    for refusal in [
        cancelled(["ConditionalCheckFailed", "None"]),
        cancelled(["TransactionConflict", "None"]),
        error("IdempotentParameterMismatchException"),
        error("TransactionInProgressException"),
    ] {
        let (ledger, script) = ledger([refusal, item("8", &mine.change)]);
        assert_eq!(ledger.save_connection(samples::connection(), audit()).await.unwrap(), mine);
        assert_eq!(asked(&script)[1]["ConsistentRead"], true);
    }
}

#[tokio::test]
async fn a_race_that_was_lost_is_a_conflict_that_names_both_versions() {
    for refusal in [
        cancelled(["ConditionalCheckFailed", "None"]),
        cancelled(["TransactionConflict", "None"]),
        error("IdempotentParameterMismatchException"),
        error("TransactionInProgressException"),
    ] {
        let (ledger, _) = ledger([refusal, item("9", "of somebody else")]);
        let fault = ledger.save_connection(samples::connection(), audit()).await.expect_err("lost");
        assert_eq!(fault.name, FaultName::LedgerConflict);
        assert!(fault.message.contains("version 7") && fault.message.contains("version 9"), "{fault}");
    }
}

#[tokio::test]
async fn an_item_that_vanished_is_a_conflict_too() {
    let (ledger, _) = ledger([cancelled(["ConditionalCheckFailed", "None"]), says(&json!({}))]);
    let fault = ledger.save_connection(samples::connection(), audit()).await.expect_err("lost");
    assert_eq!(fault.name, FaultName::LedgerConflict);
    assert!(fault.message.contains("version 7") && fault.message.contains("no item"), "{fault}");
}

#[tokio::test]
async fn other_refusals_keep_their_names() {
    for (refusal, name) in [
        (cancelled(["None", "ThrottlingError"]), FaultName::Throttled),
        (cancelled(["ValidationError", "None"]), FaultName::InvalidRequest),
        (error("ThrottlingException"), FaultName::Throttled),
        (error("AccessDeniedException"), FaultName::AccessDenied),
        (Answer::Cut, FaultName::ServiceUnavailable),
    ] {
        let (ledger, _) = ledger([refusal]);
        let fault = ledger.save_connection(samples::connection(), audit()).await.expect_err("refused");
        assert_eq!(fault.name, name, "{fault}");
    }
}

#[tokio::test]
async fn an_index_is_read_over_empty_pages() {
    let key = json!({"pk": {"S": "x"}, "sk": {"S": "x"}, "attention": {"S": "wanted"}, "since": {"S": "x"}});
    let row = |id: &str, since: &str| json!({"pk": {"S": format!("CONNECTION#conn-{}", id.repeat(32))}, "sk": {"S": "CONNECTION"}, "since": {"S": since}});
    let page = |rows: Vec<Value>, more: bool| {
        let mut page = json!({"Count": rows.len(), "Items": rows});
        if more {
            page["LastEvaluatedKey"] = key.clone();
        }
        says(&page)
    };
    let other = json!({"pk": {"S": "SHARE#arn:aws:ram:us-east-1:444455556666:resource-share/0a"}, "sk": {"S": "SHARE"}, "since": {"S": "2020"}});
    let (ledger, script) = ledger([
        page(vec![], true),
        page(vec![row("a", "2026-11-21T01:00:01.000000Z")], false),
        page(vec![], false),
        page(vec![], false),
        page(vec![], false),
        page(vec![other, row("b", "2026-11-21T01:00:00.500000Z")], false),
    ]);
    let found = ledger.connections_needing_attention().await.unwrap();
    let ids: Vec<&str> = found.iter().map(|id| &id.as_str()[5..6]).collect();
    assert_eq!(ids, ["b", "a"], "oldest first, whatever the status; the share of the same status is left out");
    let asked = asked(&script);
    assert_eq!(asked.len(), 6);
    assert_eq!(asked[1]["ExclusiveStartKey"], key);
    assert!(asked.iter().all(|asked| asked["IndexName"] == "by-status"));
}

/// It stands apart from the connection, so that neither's writes get in the other's way, and in the index, under one status
/// while it is not as it should be and under another while it is, as long as there is something to look at.
#[tokio::test]
async fn what_was_published_is_a_record_of_its_own() {
    let (ledger, script) = ledger([
        says(&json!({})),
        says(&json!({})),
        says(&json!({})),
        says(&json!({"Count": 2, "Items": [
            {"pk": {"S": format!("OUTPUT#conn-{}", "0a".repeat(16))}, "sk": {"S": "OUTPUT"}, "since": {"S": "2026"}},
            {"pk": {"S": "CONNECTION#conn-0"}, "sk": {"S": "CONNECTION"}, "since": {"S": "2025"}},
        ]})),
        says(&json!({"Count": 0, "Items": []})),
    ]);
    let id = samples::connection().id;
    let mut record = OutputRecord::new(id.clone(), "2026-11-21T01:02:03.5Z".parse().unwrap());
    record.status = OutputStatus::Unpublished;
    let parameter =
        Parameter { resource: "rcfg-0c".to_owned(), digest: Some("0123".to_owned()), asked_at: None, trouble: None };
    record.parameters.insert("/drawbridge/redis/orders-db".to_owned(), parameter);
    let saved = ledger.save_outputs(record, audit()).await.unwrap();
    assert_eq!(saved.version, 1);
    let published = OutputRecord { status: OutputStatus::Published, ..saved };
    let published = ledger.save_outputs(published, audit()).await.unwrap();
    ledger.save_outputs(OutputRecord { parameters: BTreeMap::new(), ..published }, audit()).await.unwrap();
    assert_eq!(ledger.unpublished().await.unwrap(), std::slice::from_ref(&id));
    assert!(ledger.published().await.unwrap().is_empty());
    let asked = asked(&script);
    let put = &asked[0]["TransactItems"][0]["Put"];
    assert_eq!(put["ConditionExpression"], "attribute_not_exists(#version)");
    assert_eq!((&put["Item"]["pk"]["S"], &put["Item"]["sk"]["S"]), (&json!(format!("OUTPUT#{id}")), &json!("OUTPUT")));
    assert_eq!(put["Item"]["attention"]["S"], "unpublished");
    assert_eq!(put["Item"]["parameters"]["M"]["/drawbridge/redis/orders-db"]["M"]["digest"]["S"], "0123");
    assert_eq!(asked[0]["TransactItems"][1]["Put"]["Item"]["pk"]["S"], format!("OUTPUT#{id}"));
    assert_eq!(asked[1]["TransactItems"][0]["Put"]["Item"]["attention"]["S"], "published");
    assert!(asked[2]["TransactItems"][0]["Put"]["Item"].get("attention").is_none(), "there is nothing to look at");
    assert_eq!(asked[3]["ExpressionAttributeValues"], json!({":value": {"S": "unpublished"}}));
    assert_eq!(asked[4]["ExpressionAttributeValues"], json!({":value": {"S": "published"}}));
}
