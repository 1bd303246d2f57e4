//! The binary against a ledger: `LEDGER_TEST_ENDPOINT=http://127.0.0.1:PORT cargo test -- --ignored` with
//! `DynamoDB` (an emulator of it) at that address.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[allow(dead_code, unreachable_pub, reason = "shared with the unit tests")]
#[path = "../src/render/samples.rs"]
mod samples;

use std::io::Write as _;
use std::process::{Command, Stdio};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};
use drawbridge_domain::connection::Connection;
use drawbridge_domain::ports::{AuditEntry, Connections as _, Shares as _};
use drawbridge_domain::share::ShareRecord;
use drawbridge_ledger::Ledger;
use serde_json::Value;

const SUBSCRIPTION: &str = "\
version: 1
name: redis-production
trust: {senders: [\"444455556666\"]}
targets: [{vpc: vpc-0a1b2c3d, security_groups: [sg-0a1b2c3d]}]
";

struct Story {
    endpoint: String,
    table: String,
}

/// A table as `infra/template.yaml` makes it.
async fn table(client: &Client, name: &str) {
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
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .set_attribute_definitions(Some(["pk", "sk", "attention", "since", "share_arn"].map(attribute).to_vec()))
        .global_secondary_indexes(index("by-status", "attention", "since"))
        .global_secondary_indexes(index("by-share", "share_arn", "pk"))
        .send()
        .await
        .unwrap();
}

async fn story() -> (Story, Ledger) {
    #[expect(clippy::disallowed_methods, reason = "where the engine is, is told by whoever starts it")]
    let endpoint = std::env::var("LEDGER_TEST_ENDPOINT").expect("needs a DynamoDB at LEDGER_TEST_ENDPOINT");
    let sdk = aws_types::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("111122223333", "s", None, None, "test")))
        .endpoint_url(&endpoint)
        .http_client(drawbridge_sdk::http_client())
        .build();
    let name = format!("story-{}", std::process::id());
    table(&Client::new(&sdk), &name).await;
    let ledger = Ledger::new(&sdk, &name);
    (Story { endpoint, table: name }, ledger)
}

impl Story {
    /// The exit code, what is on stdout and what is on stderr.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_drawbridge"))
            .args(arguments)
            .envs([("AWS_ENDPOINT_URL", self.endpoint.as_str()), ("LEDGER_TABLE", &self.table), ("USER", "ana")])
            .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "111122223333"), ("AWS_SECRET_ACCESS_KEY", "s")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(SUBSCRIPTION.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn does(&self, arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {stderr}");
        stdout
    }

    fn is_refused(&self, arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.run(arguments);
        assert_eq!((code, stdout.as_str()), (1, ""), "{arguments:?}: {stderr}");
        stderr
    }
}

#[tokio::test]
#[ignore = "needs LEDGER_TEST_ENDPOINT"]
async fn an_operator_s_day() {
    let (story, ledger) = story().await;
    assert!(story.does(&["ls"]).starts_with("The ledger holds no shares and no connections yet.\n"));

    let written = story.does(&["subscribe", "-"]);
    assert!(written.contains("as the new subscription `redis-production`.\nNext: within seconds"), "{written}");
    assert!(story.does(&["subscribe", "-"]).ends_with("just like this already: nothing was written.\n"));

    let audit = || AuditEntry { at: samples::now(), by: "accept".to_owned(), execution: None, what: "made".to_owned() };
    let new = Connection { version: 0, ..samples::failed_connection() };
    let failed = ledger.save_connection(new, audit()).await.unwrap();
    ledger.save_connection(Connection { version: 0, ..samples::connection() }, audit()).await.unwrap();
    let share = ledger.save_share(ShareRecord { version: 0, ..samples::share() }, audit()).await.unwrap();

    let all = story.does(&["ls"]);
    for word in ["Shares", "redis-share  held", "Connections", "conn-0a1b2c3d4e5f  ready", "conn-0f0f0f0f0f0f  failed"]
    {
        assert!(all.contains(word), "{all}");
    }
    let some: Value = serde_json::from_str(&story.does(&["ls", "--status", "failed", "--json"])).unwrap();
    assert_eq!(some["connections"][0]["id"], failed.id.as_str());
    assert_eq!((some["connections"].as_array().unwrap().len(), some["shares"].as_array().unwrap().len()), (1, 0));

    let shown = story.does(&["show", "conn-0f"]);
    assert!(shown.starts_with(&format!("{}  failed\n", failed.id)), "{shown}");
    assert!(shown.contains("way out    Do what each finding says, then `drawbridge retry`.\n"), "{shown}");
    let shown: Value = serde_json::from_str(&story.does(&["show", "redis-share", "--json"])).unwrap();
    assert_eq!(shown["share"]["arn"], share.arn.as_str());
    assert_eq!(shown["connections"].as_array().unwrap().len(), 2);
    assert_eq!(shown["audit"][0]["by"], "accept");
    assert!(story.is_refused(&["show", "conn-0"]).contains("is ambiguous"));
    assert!(story.is_refused(&["show", "vpce-ffff"]).contains("holds nothing under `vpce-ffff`"));

    let retried = story.does(&["retry", "conn-0f"]);
    assert!(
        retried.starts_with(&format!("{} is wanted again: attempt 4, generation 3.\nNext: the sweep", failed.id)),
        "{retried}"
    );
    assert!(story.is_refused(&["retry", "conn-0f"]).contains("is wanted"));
    assert!(story.is_refused(&["retry", "conn-0a"]).contains("is ready"));
    let shown: Value = serde_json::from_str(&story.does(&["show", failed.id.as_str(), "--json"])).unwrap();
    assert_eq!((&shown["connection"]["attempt"], &shown["connection"]["transient_runs"]), (&4.into(), &0.into()));
    let last = shown["audit"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["by"], &last["status"]), (&"drawbridge retry (ana)".into(), &"wanted".into()));
    // A run may have what is wanted, so it is only told; what is ready gets a run of its own.
    let told = story.does(&["close", "conn-0f", "--reason", "the service moved"]);
    assert!(told.contains("is to be closed: the service moved\nNext: the run that has it"), "{told}");
    assert!(
        story
            .is_refused(&["close", "conn-0f", "--reason", "x"])
            .contains("by drawbridge close (ana): the service moved")
    );
    assert!(story.does(&["close", "conn-0a", "--reason", "x"]).contains("Next: the sweep"));
    assert!(story.is_refused(&["close", "redis-share", "--reason", "x"]).contains("only its owner can take back"));
    let shown = story.does(&["show", "conn-0a1b"]);
    assert!(shown.contains("closing") && shown.contains("  ended by   drawbridge close (ana), "), "{shown}");

    let asked = story.is_refused(&["withdraw", "redis-production"]);
    assert!(asked.contains("these 2 connections are closed") && asked.contains("Nothing was withdrawn"), "{asked}");
    assert!(
        story
            .is_refused(&["withdraw", "other", "--yes"])
            .contains("no subscription `other`; it holds redis-production")
    );
    assert!(story.does(&["withdraw", "redis-production", "--yes"]).contains("`redis-production` is withdrawn from"));
    assert!(story.is_refused(&["withdraw", "redis-production", "--yes"]).contains("it holds none"));
    assert!(story.does(&["retry", "redis-share"]).starts_with("redis-share is found again: attempt 2.\n"));
}
