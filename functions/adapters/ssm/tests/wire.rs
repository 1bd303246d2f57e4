//! The adapter against scripted answers of SSM.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;

use drawbridge_domain::FaultName;
use drawbridge_domain::ports::Parameters as _;
use drawbridge_sdk::script::{Answer, Script};
use drawbridge_ssm::ParameterStore;
use serde_json::{Value, json};

const NAME: &str = "/drawbridge/redis/orders-db";

fn ssm(answers: impl IntoIterator<Item = Answer>) -> (ParameterStore, Script) {
    let script = Script::new(answers);
    (ParameterStore::new(&script.config()), script)
}

fn says(body: &Value) -> Answer {
    Answer::ok(&body.to_string())
}

fn refuses(code: &str) -> Answer {
    Answer::Says(400, None, json!({"__type": code, "message": "AWS's words."}).to_string())
}

fn asked(script: &Script) -> Vec<Value> {
    script.requests().iter().map(|request| serde_json::from_str(&request.body).unwrap()).collect()
}

fn tags() -> BTreeMap<String, String> {
    BTreeMap::from([("drawbridge:connection".to_owned(), "conn-0".to_owned())])
}

#[tokio::test]
async fn one_is_made_only_where_there_is_none() {
    let (store, script) = ssm([says(&json!({"Version": 1, "Tier": "Standard"})), refuses("ParameterAlreadyExists")]);
    assert!(store.create(NAME, "{}", "about", &tags()).await.unwrap());
    assert!(!store.create(NAME, "{}", "about", &tags()).await.unwrap());
    assert_eq!(
        asked(&script)[0],
        json!({
            "Name": NAME,
            "Value": "{}",
            "Description": "about",
            "Type": "String",
            "Tier": "Standard",
            "Overwrite": false,
            "Tags": [{"Key": "drawbridge:connection", "Value": "conn-0"}],
        })
    );
}

/// SSM asks for a type of a new one only: without it, what somebody removed is not made again without its tags.
#[tokio::test]
async fn another_value_is_given_without_tags_and_without_a_type() {
    let (store, script) = ssm([says(&json!({"Version": 2, "Tier": "Standard"}))]);
    store.overwrite(NAME, "{}").await.unwrap();
    assert_eq!(asked(&script), [json!({"Name": NAME, "Value": "{}", "Overwrite": true})]);
}

#[tokio::test]
async fn one_is_read_with_its_tags() {
    let (store, script) = ssm([
        says(&json!({"TagList": [{"Key": "drawbridge:connection", "Value": "conn-0"}]})),
        says(&json!({"Parameter": {"Name": NAME, "Value": "{}", "Version": 3}})),
    ]);
    let held = store.parameter(NAME).await.unwrap().unwrap();
    assert_eq!((held.value.as_str(), held.tags), ("{}", tags()));
    assert_eq!(
        asked(&script),
        [json!({"ResourceType": "Parameter", "ResourceId": NAME}), json!({"Name": NAME})],
        "no decryption"
    );
}

#[tokio::test]
async fn one_that_is_not_there_is_not_there_whatever_says_so() {
    let (store, _) = ssm([refuses("InvalidResourceId")]);
    assert!(store.parameter(NAME).await.unwrap().is_none());
    let (store, _) = ssm([says(&json!({"TagList": []})), refuses("ParameterNotFound")]);
    assert!(store.parameter(NAME).await.unwrap().is_none());
    let (store, _) = ssm([says(&json!({})), refuses("ParameterNotFound")]);
    store.remove(NAME).await.unwrap();
    store.remove(NAME).await.unwrap();
}

#[tokio::test]
async fn what_is_refused_has_a_name_and_says_no_value() {
    for (code, name) in [
        ("ThrottlingException", FaultName::Throttled),
        ("TooManyUpdates", FaultName::Throttled),
        ("AccessDeniedException", FaultName::AccessDenied),
        ("ParameterLimitExceeded", FaultName::QuotaExceeded),
        ("ParameterMaxVersionLimitExceeded", FaultName::QuotaExceeded),
        ("InternalServerError", FaultName::ServiceUnavailable),
        ("HierarchyTypeMismatchException", FaultName::InvalidRequest),
        ("ValidationException", FaultName::InvalidRequest),
    ] {
        let (store, _) = ssm([refuses(code), refuses(code), refuses(code), refuses(code)]);
        let fault = store.create(NAME, "a secret", "about", &tags()).await.unwrap_err();
        assert_eq!(fault.name, name, "{code}");
        assert!(fault.message.starts_with("ssm:PutParameter") && !fault.message.contains("a secret"), "{fault}");
        assert_eq!(store.overwrite(NAME, "a secret").await.unwrap_err().name, name, "{code}");
        let fault = store.parameter(NAME).await.err().unwrap();
        assert!(fault.name == name && fault.message.starts_with("ssm:ListTagsForResource"), "{fault}");
        let fault = store.remove(NAME).await.unwrap_err();
        assert!(fault.name == name && fault.message.starts_with("ssm:DeleteParameter"), "{fault}");
    }
    let (store, _) = ssm([Answer::Cut]);
    assert_eq!(store.create(NAME, "{}", "about", &tags()).await.unwrap_err().name, FaultName::ServiceUnavailable);
}

#[tokio::test]
async fn some_are_read_at_once_and_what_is_not_there_is_left_out() {
    let (store, script) = ssm([says(&json!({
        "Parameters": [{"Name": NAME, "Value": "{}", "Version": 3}],
        "InvalidParameters": ["/drawbridge/redis/carts-db"],
    }))]);
    let names = [NAME.to_owned(), "/drawbridge/redis/carts-db".to_owned()];
    let values = store.values(&names).await.unwrap();
    assert_eq!(values, BTreeMap::from([(NAME.to_owned(), "{}".to_owned())]));
    assert_eq!(asked(&script), [json!({"Names": names})], "no decryption");
}
