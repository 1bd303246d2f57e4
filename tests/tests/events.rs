//! The samples in `events/` are what `events/README.md` says, and intake does with them what it says.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use drawbridge_domain::announcement::{self, Change, ConnectionChange, ShareChange, SubscriptionChange};
use drawbridge_domain::connection::Status;
use drawbridge_domain::hint;
use drawbridge_domain::share::{FoundBy, ShareStatus};
use drawbridge_domain::trigger::{self, Trigger};
use drawbridge_tests::{json, root, text};
use serde_json::{Value, json};

/// What Drawbridge sends; the rest is what it receives.
const SENT: [&str; 9] = [
    "announced-ready.json",
    "announced-closing.json",
    "announced-no-room.json",
    "announced-waiting.json",
    "announced-held.json",
    "announced-approval-expired.json",
    "connection-status-change.schema.json",
    "share-status-change.schema.json",
    "subscription-change.schema.json",
];

/// The rows of the README's table: file, what intake does.
fn rows() -> Vec<(String, String)> {
    let readme = text("events/README.md");
    let rows = readme.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [file, _, intake] = cells[..] else { panic!("three cells: {row}") };
        (file.trim_matches('`').to_owned(), intake.to_owned())
    })
    .collect()
}

fn does(input: &Value) -> String {
    match trigger::read(input) {
        Ok(Trigger::Wake(FoundBy::Event)) => "wakes: event".to_owned(),
        Ok(Trigger::Wake(FoundBy::Sweep)) => "wakes: sweep".to_owned(),
        Ok(Trigger::Wake(FoundBy::Manual)) => "wakes: manual".to_owned(),
        Ok(Trigger::Wake(FoundBy::Subscription)) => "wakes: subscription".to_owned(),
        Ok(Trigger::Ignore(_)) => "ignores".to_owned(),
        Err(fault) => fault.name.to_string(),
    }
}

#[test]
fn intake_does_with_every_sample_what_the_table_says() {
    for (file, intake) in rows() {
        assert_eq!(does(&json(&format!("events/{file}"))), intake, "{file}");
    }
}

#[test]
fn the_table_lists_every_sample_once() {
    let listed: Vec<_> = rows().into_iter().map(|(file, _)| file).collect();
    let once: BTreeSet<_> = listed.iter().cloned().chain(SENT.map(str::to_owned)).collect();
    assert_eq!(once.len(), listed.len() + SENT.len(), "a file is listed twice");
    let there =
        std::fs::read_dir(root().join("events")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    assert_eq!(there.filter(|name| name != "README.md").collect::<BTreeSet<_>>(), once, "files (left), table (right)");
}

#[test]
fn a_quarter_of_a_megabyte_is_a_wake_up_too() {
    let mut event = json("events/share-state-change.json");
    event["detail"]["padding"] = "x".repeat(256 * 1024).into();
    assert_eq!(does(&event), "wakes: event");
    event["detail-type"] = "x".repeat(256 * 1024).into();
    let Ok(Trigger::Ignore(why)) = trigger::read(&event) else { panic!("not ours") };
    assert!(why.len() < 1000, "what is written of it stays short");
}

#[test]
fn what_is_said_of_a_hostile_event_is_one_plain_line() {
    let Ok(Trigger::Ignore(why)) = trigger::read(&json("events/foreign-event-hostile-name.json")) else {
        panic!("ours")
    };
    assert!(!why.chars().any(char::is_control), "{why:?}");
}

#[test]
fn endpoint_event_finds_the_one_thing_that_a_sample_names() {
    for (file, id) in [
        ("endpoint-deleted.json", "vpce-0a1b2c3d4e5f67890"),
        ("association-deleted-by-owner.json", "snra-0a1b2c3d4e5f67890"),
        ("connection-notification.json", "vpce-0a1b2c3d4e5f67890"),
    ] {
        let hint = hint::read(&json(&format!("events/{file}")));
        assert_eq!((hint.made.iter().map(String::as_str).collect::<Vec<_>>(), hint.count()), (vec![id], 1), "{file}");
    }
    for (file, _) in rows() {
        assert!(hint::read(&json(&format!("events/{file}"))).count() <= hint::MOST_IDS, "{file} is survived");
    }
}

#[test]
fn the_schema_of_a_subscriptions_change_has_every_field() {
    let schema = json("events/subscription-change.schema.json");
    let event = json("events/subscription-applied.json");
    assert_eq!(
        (&event["source"], &event["detail-type"]),
        (&json!(announcement::SOURCE), &json!(SubscriptionChange::DETAIL_TYPE))
    );
    let mut read: SubscriptionChange = serde_json::from_value(event["detail"].clone()).unwrap();
    assert_eq!(fields(&schema["properties"]), fields(&serde_json::to_value(&read).unwrap()));
    read.by = None;
    assert_eq!(required(&schema), fields(&serde_json::to_value(&read).unwrap()));
    assert_eq!(schema["properties"]["change"]["enum"], json!([Change::Applied, Change::Withdrawn]));
}

fn announced() -> Value {
    json("events/announced-ready.json")["detail"].clone()
}

#[test]
fn the_announcement_is_what_announce_sends() {
    for file in ["announced-ready.json", "announced-closing.json", "announced-no-room.json", "announced-waiting.json"] {
        let event = json(&format!("events/{file}"));
        assert_eq!(event["source"], announcement::SOURCE);
        assert_eq!(event["detail-type"], ConnectionChange::DETAIL_TYPE);
        let read: ConnectionChange = serde_json::from_value(event["detail"].clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), event["detail"]);
    }
}

#[test]
fn the_announcement_of_a_share_is_what_announce_sends() {
    for file in ["announced-held.json", "announced-approval-expired.json"] {
        let event = json(&format!("events/{file}"));
        assert_eq!(event["source"], announcement::SOURCE);
        assert_eq!(event["detail-type"], ShareChange::DETAIL_TYPE);
        assert_eq!(event["resources"], json!([event["detail"]["share"]]));
        let read: ShareChange = serde_json::from_value(event["detail"].clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), event["detail"]);
    }
}

fn fields(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

fn required(schema: &Value) -> BTreeSet<String> {
    schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_schema_of_a_shares_change_has_every_field() {
    let schema = json("events/share-status-change.schema.json");
    // One that is held says whom it waits for, one that failed why: together they have every field there is.
    let held = json("events/announced-held.json")["detail"].clone();
    let failed = json("events/announced-approval-expired.json")["detail"].clone();
    assert_eq!(fields(&schema["properties"]), &fields(&held) | &fields(&failed));
    let mut least: ShareChange = serde_json::from_value(held.clone()).unwrap();
    (least.previous, least.waits_for, least.asked, least.until) = (None, None, None, None);
    least.subscriptions.clear();
    assert_eq!(required(&schema), fields(&serde_json::to_value(least).unwrap()));
    for field in ["status", "previous"] {
        assert_eq!(schema["properties"][field]["enum"], json!(ShareStatus::ALL), "{field}");
    }
    assert_eq!(schema["properties"]["version"]["const"], held["version"]);
    assert_ne!(schema["additionalProperties"], json!(false), "an old schema takes what a new Drawbridge adds");
}

/// Who is to say something hears of it by the rules that `events/README.md` shows.
#[test]
fn the_rules_that_page_somebody_name_what_is_sent() {
    let readme = text("events/README.md");
    let rules: Vec<Value> =
        readme.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("    ")?).ok()).collect();
    for (file, field) in [("announced-held.json", "waits_for"), ("announced-no-room.json", "held_by")] {
        let event = json(&format!("events/{file}"));
        assert!(event["detail"].get(field).is_some(), "{file}");
        let takes = |rule: &&Value| {
            ["source", "detail-type"]
                .iter()
                .all(|key| rule[key].as_array().is_some_and(|all| all.contains(&event[key])))
                && rule["detail"].as_object().is_some_and(|detail| {
                    detail.iter().all(|(key, wanted)| {
                        let wanted = wanted.as_array().unwrap();
                        let there = event["detail"].get(key);
                        there.is_some_and(|value| wanted.contains(value) || *wanted == [json!({"exists": true})])
                    })
                })
        };
        assert_eq!(rules.iter().filter(takes).count(), 1, "{file}");
    }
}

#[test]
fn the_schema_has_every_field_of_an_announcement() {
    let schema = json("events/connection-status-change.schema.json");
    // That of a grace period, that of one which limits hold and that of a wait have every field there is; without what may be
    // absent, one has those that are required.
    let full = json("events/announced-closing.json")["detail"].clone();
    let others = ["no-room", "waiting"].map(|name| fields(&json(&format!("events/announced-{name}.json"))["detail"]));
    assert_eq!(fields(&schema["properties"]), others.iter().fold(fields(&full), |all, more| &all | more));
    let mut least: ConnectionChange = serde_json::from_value(full.clone()).unwrap();
    (least.previous, least.made, least.share, least.names_since, least.until) = (None, None, None, None, None);
    assert_eq!(required(&schema), fields(&serde_json::to_value(least).unwrap()));

    let database = &schema["properties"]["databases"]["items"];
    assert_eq!(fields(&database["properties"]), fields(&full["databases"][0]));
    assert_eq!(required(database), fields(&full["databases"][1]), "the second sample is the least there can be");
    assert_eq!(schema["properties"]["databases"]["maxItems"], ConnectionChange::MOST_DATABASES);
    assert_eq!(schema["properties"]["version"]["const"], full["version"]);
}

/// Fields are added under the same version: whoever wrote or read announcements before goes on as before.
#[test]
fn what_was_added_may_be_absent() {
    let schema = json("events/connection-status-change.schema.json");
    for added in ["until", "held_by"] {
        assert!(!required(&schema).contains(added), "{added}");
    }
    assert_eq!(announced().get("until"), None);
    let mut old = json("events/announced-closing.json")["detail"].clone();
    old.as_object_mut().unwrap().remove("until");
    assert!(serde_json::from_value::<ConnectionChange>(old).is_ok());
    assert_ne!(schema["additionalProperties"], json!(false), "an old schema takes what a new Drawbridge adds");
}

#[test]
fn the_schema_has_every_status() {
    let schema = json("events/connection-status-change.schema.json");
    for field in ["status", "previous"] {
        let listed = &schema["properties"][field]["enum"];
        for status in listed.as_array().unwrap() {
            assert!(serde_json::from_value::<Status>(status.clone()).is_ok(), "{field}: {status} is no status");
        }
        assert_eq!(listed, &json!(Status::ALL), "{field}");
    }
}
