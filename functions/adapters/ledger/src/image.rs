//! What the table's stream shows is what this crate wrote.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use drawbridge_domain::FaultName;
use drawbridge_items::connection_from_image;

use crate::codec::encode;
use crate::samples;

#[test]
fn a_connection_is_read_from_the_json_of_the_stream() {
    let mut connection = samples::connection();
    let image: serde_dynamo::Item = encode(&mut connection).unwrap().into();
    let image = serde_json::to_value(image).unwrap();
    assert_eq!(image.pointer("/version/N").unwrap(), "7");
    assert_eq!(connection_from_image(&image).unwrap(), Some(connection));
}

#[test]
fn what_no_share_brought_has_none_when_it_is_read() {
    let mut connection = samples::connection();
    connection.share_arn = None;
    let image: serde_dynamo::Item = encode(&mut connection).unwrap().into();
    let image = serde_json::to_value(image).unwrap();
    assert_eq!(image.pointer("/share_arn/S").unwrap(), "none");
    assert_eq!(connection_from_image(&image).unwrap(), Some(connection));
}

#[test]
fn other_items_are_none_of_its_business() {
    let mut share = samples::share();
    let image: serde_dynamo::Item = encode(&mut share).unwrap().into();
    assert_eq!(connection_from_image(&serde_json::to_value(image).unwrap()).unwrap(), None);
    let entry = serde_json::json!({"pk": {"S": "CONNECTION#conn-1"}, "sk": {"S": "AUDIT#2026#1"}});
    assert_eq!(connection_from_image(&entry).unwrap(), None);
}

#[test]
fn what_is_no_image_is_undecodable_and_what_is_half_a_connection_names_the_field() {
    for hostile in [
        serde_json::json!(null),
        serde_json::json!([]),
        serde_json::json!({}),
        serde_json::json!({"sk": 3}),
        serde_json::json!({"sk": {"S": 3}}),
    ] {
        let fault = connection_from_image(&hostile).expect_err("refused");
        assert_eq!(fault.name, FaultName::UndecodableInput, "{hostile}");
    }
    let mut connection = samples::connection();
    let mut item = encode(&mut connection).unwrap();
    item.insert("target".to_owned(), crate::codec::text("vpc-1"));
    let image: serde_dynamo::Item = item.into();
    let fault = connection_from_image(&serde_json::to_value(image).unwrap()).expect_err("refused");
    assert_eq!(fault.name, FaultName::InvalidRequest);
    assert!(fault.message.contains("target"), "{fault}");
    assert!(fault.message.contains("CONNECTION#conn-0a0a"), "{fault}");
}
