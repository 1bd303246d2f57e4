//! Where every AWS call comes in: who calls what is read, a fault may strike, the service answers, the log is written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use jiff::Timestamp;

use crate::faults::{Kind, Order};
use crate::proxy::Upstream;
use crate::request::{Caller, Operation};
use crate::wire::{Answer, Payload, Protocol, Refusal};
use crate::world::World;
use crate::{ec2, lattice, proxy, quotas, ram, route53};

/// What every request handler has.
#[derive(Clone)]
pub struct App {
    world: Arc<Mutex<World>>,
    /// The emulator behind.
    pub upstream: Upstream,
    /// The `source` of the events that RAM sends.
    pub event_source: String,
}

impl App {
    /// An empty world before an emulator.
    pub fn new(upstream: Upstream, event_source: String) -> Self {
        Self { world: Arc::default(), upstream, event_source }
    }

    /// The world. No `await` while it is held.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks a response that must never be sent: the connection closes instead.
#[derive(Clone, Copy)]
pub struct Cut;

/// What happens once the answer is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It is sent.
    Send,
    /// It is sent later.
    Hold(Duration),
    /// The connection closes without it.
    Cut,
    /// The connection closes, and what was asked for happens later.
    Late(Duration),
}

impl After {
    /// What a fault does to an answer.
    pub fn of(order: Option<&Order>) -> Self {
        match order.map(|order| order.kind) {
            Some(Kind::CutBefore | Kind::CutAfter) => Self::Cut,
            Some(Kind::Timeout) => Self::Hold(Duration::from_millis(order.map_or(0, |order| order.hold_ms))),
            Some(Kind::Late) => Self::Late(Duration::from_millis(order.map_or(0, |order| order.hold_ms))),
            _ => Self::Send,
        }
    }

    /// Does it.
    pub async fn finish(self, response: Response<Body>) -> Response<Body> {
        match self {
            Self::Send => response,
            Self::Hold(time) => {
                tokio::time::sleep(time).await;
                response
            }
            Self::Cut | Self::Late(_) => cut(),
        }
    }
}

fn cut() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Cut);
    response
}

/// Answers one AWS call.
pub async fn answer(State(app): State<App>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let mut operation = match Operation::of(&parts) {
        Ok(operation) => operation,
        Err(why) => return (StatusCode::NOT_FOUND, why).into_response(),
    };
    let caller = Caller::of(&parts.headers);
    if operation.protocol == Protocol::AwsJson && operation.service != "servicequotas" {
        return proxy::pass(&app, &caller, &operation, parts, body).await;
    }
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else { return cut() };
    let form = ec2::Params::read(&body);
    if operation.protocol == Protocol::Ec2Query {
        form.action().clone_into(&mut operation.name);
    }
    let mut query: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned() {
        query
            .entry(name)
            .and_modify(|first| {
                first.push('\n');
                first.push_str(&value);
            })
            .or_insert(value.clone());
    }
    let input = Input { form: &form, query: &query, body: &body };
    let (answer, after) = act(&mut app.world(), &caller, &operation, &input, Timestamp::now());
    if let After::Late(time) = after {
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            let input = Input { form: &form, query: &query, body: &body };
            land(&mut app.world(), &caller, &operation, &input, Timestamp::now());
        });
        return cut();
    }
    after.finish(answer.into_response()).await
}

/// What a request carries, in the forms of the services.
struct Input<'a> {
    form: &'a ec2::Params,
    query: &'a BTreeMap<String, String>,
    body: &'a [u8],
}

/// Everything that happens under the lock.
fn act(world: &mut World, caller: &Caller, operation: &Operation, input: &Input, now: Timestamp) -> (Answer, After) {
    let seq = world.calls.begin(caller, operation, now);
    let order = world.faults.strike(caller, operation);
    if let Some(order) = &order {
        world.calls.struck(seq, order.kind.name());
    }
    let outcome = match &order {
        Some(order) if matches!(order.kind, Kind::CutBefore | Kind::Late) => {
            return (Answer::good(200, Payload::Json(serde_json::Value::Null)), After::of(Some(order)));
        }
        Some(order) if order.kind == Kind::Unsuccessful => Ok((200, unsuccessful(order, input.form))),
        Some(order) => match order.refusal(caller, operation) {
            Some(refusal) => Err(refusal),
            None => perform(world, caller, operation, input, now),
        },
        None => perform(world, caller, operation, input, now),
    };
    let (answer, error) = match outcome {
        Ok((status, payload)) => (Answer::good(status, payload), None),
        Err(refusal) => (Answer::refused(operation.protocol, &operation.service, &refusal), Some(refusal.code)),
    };
    world.calls.end(seq, answer.status, error);
    (answer, After::of(order.as_ref()))
}

/// What was asked for long ago happens, if it still can; it stands in the log for itself.
fn land(world: &mut World, caller: &Caller, operation: &Operation, input: &Input, now: Timestamp) {
    let seq = world.calls.begin(caller, operation, now);
    world.calls.struck(seq, "landed");
    match perform(world, caller, operation, input, now) {
        Ok((status, _)) => world.calls.end(seq, status, None),
        Err(refusal) => world.calls.end(seq, refusal.status, Some(refusal.code)),
    }
}

fn unsuccessful(order: &Order, form: &ec2::Params) -> Payload {
    let code = order.code.as_deref().unwrap_or("InternalError");
    let message = order.message.as_deref().unwrap_or("An internal error has occurred");
    let ids = [form.list("VpcEndpointId"), form.list("ConnectionNotificationId")].concat();
    let content = ec2::unsuccessful(ids.into_iter(), code, message);
    Payload::Xml { operation: form.action().to_owned(), content }
}

fn perform(
    world: &mut World,
    caller: &Caller,
    operation: &Operation,
    input: &Input,
    now: Timestamp,
) -> Result<(u16, Payload), Refusal> {
    if caller.account.is_empty() {
        return Err(unsigned(operation.protocol));
    }
    match operation.service.as_str() {
        "ec2" => {
            let content = ec2::answer(world, caller, input.form, now)?;
            Ok((200, Payload::Xml { operation: operation.name.clone(), content }))
        }
        "ram" => {
            ram::answer(world, caller, &operation.name, input.body, now).map(|output| (200, Payload::Json(output)))
        }
        "servicequotas" => {
            quotas::answer(world, caller, &operation.name, input.body).map(|output| (200, Payload::Json(output)))
        }
        "route53" => {
            let content = route53::answer(world, caller, &operation.name, input.query)?;
            Ok((200, Payload::RestXml { operation: operation.name.clone(), content }))
        }
        _ => {
            let input = lattice::Input { label: &operation.label, query: input.query, body: input.body };
            lattice::answer(world, caller, &operation.name, &input, now)
                .map(|(status, output)| (status, Payload::Json(output)))
        }
    }
}

/// Without an account there is no world to answer from.
fn unsigned(protocol: Protocol) -> Refusal {
    let message = "the stand-in takes the access key id for the account: sign with one of 12 digits";
    match protocol {
        // [AWS:ec2 error codes]
        Protocol::Ec2Query => Refusal::new(401, "AuthFailure", message),
        // [AWS: common errors]
        Protocol::RestJson | Protocol::RestXml | Protocol::AwsJson => {
            Refusal::new(403, "UnrecognizedClientException", message)
        }
    }
}
