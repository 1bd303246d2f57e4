//! RAM's events, put on the emulator's bus in the consumer's name, and what PrivateLink tells a topic.

use axum::body::Body;
use axum::http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::gate::App;
use crate::world::notifications::Notification;

/// The only direct detail-type of RAM. \[AWS:eventbridge/ref/events-ref-ram\]
const DETAIL_TYPE: &str = "Resource Sharing State Change";

/// Tells a topic what the owner of a service decided on an endpoint. The message is documented nowhere: this one is made up, and
/// receivers must not rely on more than that it names the endpoint.
///
/// # Errors
/// A sentence saying why it is not published.
pub async fn notify(app: &App, told: &Notification, event: &str) -> Result<(), String> {
    let message = json!({"connectionEvent": event, "vpcEndpoint": {"id": told.endpoint, "ownerId": told.account}});
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("Action", "Publish"), ("Version", "2010-03-31"), ("TopicArn", &told.topic)])
        .append_pair("Message", &message.to_string())
        .finish();
    let now = Timestamp::now();
    let (account, region, day) = (&told.account, &told.region, now.strftime("%Y%m%d"));
    let request = Request::post("/")
        .header("host", "sns.localhost")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-amz-date", now.strftime("%Y%m%dT%H%M%SZ").to_string())
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={account}/{day}/{region}/sns/aws4_request, SignedHeaders=host;x-amz-date, Signature=0"),
        )
        .body(form)
        .map_err(|error| format!("the message cannot be put into a request: {error}"))?;
    let (parts, body) = request.into_parts();
    let response = app.upstream.send(parts, Body::from(body)).await?;
    let status = response.status();
    if status.is_success() { Ok(()) } else { Err(format!("Publish answered {status}")) }
}

/// Tells an account of a share. The detail is what the only published sample has; nothing more is known of it, and receivers
/// must not rely on it. \[AWS:ram/userguide/using-eventbridge\]
///
/// # Errors
/// A sentence saying why the event is not on the bus.
pub async fn tell(app: &App, account: &str, region: &str, share: &str) -> Result<(), String> {
    let now = Timestamp::now();
    let entry = json!({
        "Source": app.event_source,
        "DetailType": DETAIL_TYPE,
        "Detail": json!({"event": "Resource Share Association", "status": "associated"}).to_string(),
        "Resources": [share],
    });
    let day = now.strftime("%Y%m%d");
    let request = Request::post("/")
        .header("host", "events.localhost")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AWSEvents.PutEvents")
        .header("x-amz-date", now.strftime("%Y%m%dT%H%M%SZ").to_string())
        // The emulator reads the account from the scope and checks no signature.
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={account}/{day}/{region}/events/aws4_request, SignedHeaders=host;x-amz-date, Signature=0"),
        )
        .body(json!({"Entries": [entry]}).to_string())
        .map_err(|error| format!("the event cannot be put into a request: {error}"))?;
    let (parts, body) = request.into_parts();
    let response = app.upstream.send(parts, Body::from(body)).await?;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .map_err(|error| format!("PutEvents broke off: {error}"))?;
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    if status.is_success() && answer["FailedEntryCount"].as_u64().unwrap_or(0) == 0 {
        Ok(())
    } else {
        Err(format!("PutEvents answered {status}: {}", String::from_utf8_lossy(&body)))
    }
}
