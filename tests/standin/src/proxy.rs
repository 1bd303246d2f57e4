//! Passing on what the emulator behind answers (`DynamoDB`, Step Functions, `EventBridge`, SSM), unless a fault strikes.

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{Request, Response, Uri, header};
use axum::response::IntoResponse;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use serde_json::Value;

use crate::faults::{Kind, Order};
use crate::gate::{After, App};
use crate::request::{Caller, Operation};
use crate::wire::{Answer, Protocol, Refusal};

/// Headers that are about one connection and not about the message. \[RFC 9110, 7.6.1\]
const HOP: &[&str] = &["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/// The emulator behind, and the way to it.
#[derive(Clone)]
pub struct Upstream {
    authority: Option<Authority>,
    client: Client<HttpConnector, Body>,
}

impl Upstream {
    /// The way to a plain http address; none means that there is no emulator.
    pub fn new(address: Option<&Uri>) -> Self {
        // A connection kept open may be closed by the emulator at the moment of its next use: that would be a fault nobody ordered.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        Self { authority: address.and_then(|uri| uri.authority().cloned()), client }
    }

    /// Sends a request on.
    ///
    /// # Errors
    /// A sentence for whoever reads the answer.
    pub async fn send(&self, mut parts: Parts, body: Body) -> Result<Response<Body>, String> {
        let authority = self
            .authority
            .clone()
            .ok_or("the stand-in was started without --upstream, so it cannot pass this call on")?;
        let mut uri = parts.uri.into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(authority.clone());
        uri.path_and_query.get_or_insert(PathAndQuery::from_static("/"));
        parts.uri =
            Uri::from_parts(uri).map_err(|error| format!("the stand-in cannot pass this address on: {error}"))?;
        for name in HOP {
            parts.headers.remove(*name);
        }
        let answer = self.client.request(Request::from_parts(parts, body)).await;
        let mut response =
            answer.map_err(|error| format!("the emulator behind at {authority} does not answer: {error}"))?;
        for name in HOP {
            response.headers_mut().remove(*name);
        }
        Ok(response.map(Body::new))
    }
}

/// Passes one call on.
pub async fn pass(app: &App, caller: &Caller, operation: &Operation, parts: Parts, body: Body) -> Response<Body> {
    let (seq, order) = {
        let mut world = app.world();
        let seq = world.calls.begin(caller, operation, Timestamp::now());
        let order = world.faults.strike(caller, operation);
        if let Some(order) = &order {
            world.calls.struck(seq, order.kind.name());
        }
        (seq, order)
    };
    if let Some(response) = without_effect(app, caller, operation, order.as_ref(), seq) {
        // The request is read to its end, so that closing the connection is the only thing that differs.
        if axum::body::to_bytes(body, usize::MAX).await.is_err() {
            return After::Cut.finish(Response::new(Body::empty())).await;
        }
        return After::of(order.as_ref()).finish(response).await;
    }
    let after = After::of(order.as_ref());
    let task = app.clone();
    let protocol = operation.protocol;
    let service = operation.service.clone();
    // A task of its own: whoever sent the call may be gone before it takes effect, and it takes effect all the same.
    let forwarding = tokio::spawn(async move {
        let whole = after != After::Send;
        match forward(&task, parts, body, whole).await {
            Ok((response, error)) => {
                task.world().calls.end(seq, response.status().as_u16(), error);
                response
            }
            Err(why) => {
                let answer = Answer::refused(protocol, &service, &Refusal::new(502, "BadGateway", why));
                task.world().calls.end(seq, answer.status, Some("BadGateway".to_owned()));
                answer.into_response()
            }
        }
    });
    match forwarding.await {
        Ok(response) => after.finish(response).await,
        Err(_) => After::Cut.finish(Response::new(Body::empty())).await,
    }
}

/// The answer of a fault that keeps the call from the emulator.
fn without_effect(
    app: &App,
    caller: &Caller,
    operation: &Operation,
    order: Option<&Order>,
    seq: usize,
) -> Option<Response<Body>> {
    let order = order?;
    if order.kind == Kind::CutBefore {
        return Some(Response::new(Body::empty()));
    }
    let refusal = order.refusal(caller, operation)?;
    let answer = Answer::refused(Protocol::AwsJson, &operation.service, &refusal);
    app.world().calls.end(seq, answer.status, Some(refusal.code));
    Some(answer.into_response())
}

/// Sends the call on; `whole` waits for the answer's end. Gives the error's code beside an answer that is one.
async fn forward(app: &App, parts: Parts, body: Body, whole: bool) -> Result<(Response<Body>, Option<String>), String> {
    let response = app.upstream.send(parts, body).await?;
    if !whole && response.status().is_success() {
        return Ok((response, None));
    }
    let (mut head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .map_err(|error| format!("the emulator behind broke off its answer: {error}"))?;
    head.headers.remove(header::CONTENT_LENGTH);
    let error = (!head.status.is_success()).then(|| code(&body));
    Ok(((head, body).into_response(), error))
}

/// The code of an awsJson error: the part of `__type` behind the `#`.
fn code(body: &Bytes) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let name = value["__type"].as_str().unwrap_or("Unknown");
    name.rsplit('#').next().unwrap_or(name).to_owned()
}
