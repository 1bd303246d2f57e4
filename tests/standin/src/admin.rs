//! What tests and demos tell the stand-in, under `/_standin/`.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::bus;
use crate::faults::Order;
use crate::gate::App;
use crate::seed::{ChildSeed, ResourceSeed, ShareSeed};
use crate::world::World;
use crate::world::associations::Status;
use crate::world::endpoints::{Endpoint, Kind, State as EndpointState};
use crate::world::network::Network;
use crate::world::notifications::Notification;
use crate::world::shares::InvitationStatus;

/// All routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/health", get(health))
        .route("/reset", post(reset))
        .route("/seed", post(seed))
        .route("/shares", post(share))
        .route("/shares/resources", post(add_resources))
        .route("/shares/resources/remove", post(remove_resources))
        .route("/shares/children", post(add_children))
        .route("/shares/children/remove", post(remove_children))
        .route("/networks/resources", post(add_to_network))
        .route("/shares/invite", post(invite))
        .route("/shares/revoke", post(revoke))
        .route("/shares/event", post(event))
        .route("/invitations", post(invitation))
        .route("/endpoints", post(endpoint))
        .route("/endpoints/accept", post(accept))
        .route("/endpoints/reject", post(reject))
        .route("/endpoints/detach", post(detach))
        .route("/associations", post(association))
        .route("/settings", get(settings).post(change_settings))
        .route("/faults", get(faults).post(arm).delete(disarm_all))
        .route("/faults/{id}", delete(disarm))
        .route("/calls", get(calls))
        .route("/state", get(state))
}

/// A sentence about what of the request cannot be, with status 400.
struct Refused(String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({"error": self.0}))).into_response()
    }
}

type Answer = Result<Json<Value>, Refused>;

async fn health() -> Json<Value> {
    Json(json!({"ok": true}))
}

async fn reset(State(app): State<App>) -> Json<Value> {
    app.world().reset();
    Json(json!({}))
}

#[derive(Deserialize)]
struct Seed {
    account: String,
    #[serde(default = "region")]
    region: String,
    #[serde(flatten)]
    network: Map<String, Value>,
}

fn region() -> String {
    "us-east-1".to_owned()
}

async fn seed(State(app): State<App>, Json(seed): Json<Seed>) -> Answer {
    let network: Network = serde_json::from_value(Value::Object(seed.network))
        .map_err(|error| Refused(format!("nothing was seeded: {error}")))?;
    app.world().networks.entry((seed.account, seed.region)).or_default().seed(network, Timestamp::now());
    Ok(Json(json!({})))
}

async fn share(State(app): State<App>, Json(seed): Json<ShareSeed>) -> Answer {
    let (share, invitations, made) = app.world().make_share(&seed, Timestamp::now()).map_err(Refused)?;
    let told = if seed.event { tell(&app, &seed.principals, &seed.region, &share, 1).await } else { BTreeMap::new() };
    let mut output = made.json();
    output.extend([
        ("share".to_owned(), json!(share)),
        ("invitations".to_owned(), json!(invitations)),
        ("events".to_owned(), json!(told)),
    ]);
    Ok(Json(Value::Object(output)))
}

/// Puts the event on the bus for each account; says for each whether that worked.
async fn tell(app: &App, accounts: &[String], region: &str, share: &str, times: u32) -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    for account in accounts {
        for _ in 0..times {
            let said = bus::tell(app, account, region, share).await.err().unwrap_or_else(|| "sent".to_owned());
            told.insert(account.clone(), said);
        }
    }
    told
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddedResources {
    share: String,
    resources: Vec<ResourceSeed>,
}

async fn add_resources(State(app): State<App>, Json(added): Json<AddedResources>) -> Answer {
    let made = app.world().add_resources(&added.share, &added.resources, Timestamp::now()).map_err(Refused)?;
    Ok(Json(Value::Object(made.json())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddedChildren {
    group: String,
    children: Vec<ChildSeed>,
}

async fn add_children(State(app): State<App>, Json(added): Json<AddedChildren>) -> Answer {
    let made = app.world().add_children(&added.group, &added.children, Timestamp::now()).map_err(Refused)?;
    Ok(Json(json!({"children": made})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RemovedResources {
    share: String,
    resources: Vec<String>,
}

/// What is connected stays so, only new connections are refused. \[AWS:vpc-lattice/ug/sharing\]
async fn remove_resources(State(app): State<App>, Json(removed): Json<RemovedResources>) -> Answer {
    app.world().remove_resources(&removed.share, &removed.resources, Timestamp::now()).map_err(Refused)?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RemovedChildren {
    children: Vec<String>,
}

async fn remove_children(State(app): State<App>, Json(removed): Json<RemovedChildren>) -> Answer {
    app.world().remove_children(&removed.children).map_err(Refused)?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddedToNetwork {
    network: String,
    resources: Vec<ResourceSeed>,
}

async fn add_to_network(State(app): State<App>, Json(added): Json<AddedToNetwork>) -> Answer {
    let made = app.world().add_to_network(&added.network, &added.resources, Timestamp::now()).map_err(Refused)?;
    Ok(Json(json!({"resources": made})))
}

fn yes() -> bool {
    true
}

fn once() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Principal {
    share: String,
    account: String,
    #[serde(default = "yes")]
    invitation: bool,
    #[serde(default = "yes")]
    event: bool,
    #[serde(default = "once")]
    times: u32,
}

/// The owner shares again, as it must after an invitation expired. \[AWS:ram/userguide/working-with-shared-invitations\]
async fn invite(State(app): State<App>, Json(asked): Json<Principal>) -> Answer {
    let (invitation, region) = {
        let mut world = app.world();
        let invitation =
            world.add_principal(&asked.share, &asked.account, asked.invitation, Timestamp::now()).map_err(Refused)?;
        (invitation, world.share_mut(&asked.share).map_err(Refused)?.region.clone())
    };
    let told = if asked.event {
        tell(&app, std::slice::from_ref(&asked.account), &region, &asked.share, 1).await
    } else {
        BTreeMap::new()
    };
    Ok(Json(json!({"invitation": invitation, "events": told})))
}

/// The event again, as often as asked.
async fn event(State(app): State<App>, Json(asked): Json<Principal>) -> Answer {
    let region = app.world().share_mut(&asked.share).map_err(Refused)?.region.clone();
    let told = tell(&app, std::slice::from_ref(&asked.account), &region, &asked.share, asked.times).await;
    Ok(Json(json!({"events": told})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoked {
    share: String,
    /// Everybody, and the share itself, if nobody is named.
    #[serde(default)]
    account: Option<String>,
}

/// The owner stops sharing: what is connected stays so, only new connections are refused. \[AWS:vpc-lattice/ug/sharing\]
async fn revoke(State(app): State<App>, Json(asked): Json<Revoked>) -> Answer {
    let mut world = app.world();
    let share = world.share_mut(&asked.share).map_err(Refused)?;
    share.deleted |= asked.account.is_none();
    share
        .principals
        .iter_mut()
        .filter(|principal| asked.account.as_ref().is_none_or(|account| *account == principal.account))
        .for_each(|principal| principal.revoked = true);
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvitationChange {
    arn: String,
    status: InvitationStatus,
    /// How old it is to be, if that changes: as if time had passed.
    #[serde(default)]
    age_minutes: Option<i64>,
}

/// What happens to an invitation outside Drawbridge.
async fn invitation(State(app): State<App>, Json(change): Json<InvitationChange>) -> Answer {
    let mut world = app.world();
    let invitation = world.invitations.iter_mut().find(|invitation| invitation.arn == change.arn);
    let invitation = invitation.ok_or_else(|| Refused(format!("there is no invitation {}", change.arn)))?;
    invitation.status = change.status;
    invitation.lag = 0;
    if let Some(age) = change.age_minutes {
        invitation.at = Timestamp::now() - jiff::SignedDuration::from_mins(age);
    }
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    id: String,
    state: String,
}

/// What happens to an endpoint outside Drawbridge.
async fn endpoint(State(app): State<App>, Json(change): Json<Change>) -> Answer {
    let states = [
        EndpointState::PendingAcceptance,
        EndpointState::Pending,
        EndpointState::Available,
        EndpointState::Deleting,
        EndpointState::Deleted,
        EndpointState::Rejected,
        EndpointState::Failed,
    ];
    let state = states
        .into_iter()
        .find(|state| state.name() == change.state)
        .ok_or_else(|| Refused(format!("no endpoint has state {}", change.state)))?;
    let mut world = app.world();
    let failure = Some((world.settings.failure_code.clone(), world.settings.failure_reason.clone()));
    let endpoint = known(&mut world, &change.id)?;
    endpoint.failure = failure.filter(|_| matches!(state, EndpointState::Rejected | EndpointState::Failed));
    endpoint.become_state(state, Timestamp::now());
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    id: String,
}

/// The endpoint of that id.
fn known<'a>(world: &'a mut World, id: &str) -> Result<&'a mut Endpoint, Refused> {
    let endpoint = world.endpoints.iter_mut().find(|endpoint| endpoint.id == id);
    endpoint.ok_or_else(|| Refused(format!("there is no endpoint {id}")))
}

/// The service's owner decides on an Interface endpoint, in one of the states in which it can. The topics of the endpoint's
/// connection notifications are told. \[AWS:privatelink/manage-notifications-endpoint\]
async fn decide(app: &App, id: &str, from: &[EndpointState], to: EndpointState, event: &str) -> Answer {
    let to_tell: Vec<Notification> = {
        let mut world = app.world();
        let endpoint = known(&mut world, id)?;
        if endpoint.wanted.kind != Kind::Interface || !from.contains(&endpoint.state) {
            let (kind, state) = (endpoint.wanted.kind.name(), endpoint.state.name());
            return Err(Refused(format!("the owner of a service has no say in {id}: type {kind}, state {state}")));
        }
        endpoint.become_state(to, Timestamp::now());
        let wanted = |known: &&Notification| known.endpoint == id && known.events.iter().any(|named| named == event);
        world.notifications.iter().filter(wanted).cloned().collect()
    };
    let mut told = BTreeMap::new();
    for each in to_tell {
        let said = bus::notify(app, &each, event).await.err().unwrap_or_else(|| "sent".to_owned());
        told.insert(each.id, said);
    }
    Ok(Json(json!({"notifications": told})))
}

/// The service's owner accepts: pending, then available. It may do so after it rejected. \[botocore: `AcceptVpcEndpointConnections`\]
async fn accept(State(app): State<App>, Json(asked): Json<Named>) -> Answer {
    let from = [EndpointState::PendingAcceptance, EndpointState::Rejected];
    decide(&app, &asked.id, &from, EndpointState::Pending, "Accept").await
}

/// The service's owner rejects, an available one too. \[AWS:privatelink/configure-endpoint-service\]
async fn reject(State(app): State<App>, Json(asked): Json<Named>) -> Answer {
    let from = [EndpointState::PendingAcceptance, EndpointState::Pending, EndpointState::Available];
    decide(&app, &asked.id, &from, EndpointState::Rejected, "Reject").await
}

/// The provider deletes the association of its resource with an endpoint, which then reaches nothing. What becomes of the
/// endpoint's state is documented nowhere: a test says it with [`endpoint`]. \[botocore: vpc-lattice `DeleteResourceEndpointAssociation`\]
async fn detach(State(app): State<App>, Json(asked): Json<Named>) -> Answer {
    let mut world = app.world();
    let endpoint = known(&mut world, &asked.id)?;
    if endpoint.wanted.kind != Kind::Resource {
        return Err(Refused(format!("{} is no Resource endpoint: end the associations of its network", asked.id)));
    }
    endpoint.detached = true;
    Ok(Json(json!({})))
}

/// What happens to an association outside Drawbridge.
async fn association(State(app): State<App>, Json(change): Json<Change>) -> Answer {
    let statuses = [
        Status::CreateInProgress,
        Status::Active,
        Status::Partial,
        Status::CreateFailed,
        Status::DeleteInProgress,
        Status::DeleteFailed,
        Status::Deleted,
    ];
    let status = statuses
        .into_iter()
        .find(|status| status.name() == change.state)
        .ok_or_else(|| Refused(format!("no association has status {}", change.state)))?;
    let mut world = app.world();
    let association = world.associations.iter_mut().find(|association| association.id == change.id);
    let association = association.ok_or_else(|| Refused(format!("there is no association {}", change.id)))?;
    association.become_status(status, Timestamp::now());
    Ok(Json(json!({})))
}

async fn settings(State(app): State<App>) -> Json<Value> {
    Json(json!(app.world().settings))
}

async fn change_settings(State(app): State<App>, Json(patch): Json<Map<String, Value>>) -> Answer {
    let mut world = app.world();
    world.settings = world.settings.patched(patch).map_err(Refused)?;
    Ok(Json(json!(world.settings)))
}

async fn faults(State(app): State<App>) -> Json<Value> {
    Json(json!({"faults": app.world().faults.armed}))
}

async fn arm(State(app): State<App>, Json(order): Json<Order>) -> Answer {
    let id = app.world().faults.arm(order).map_err(Refused)?;
    Ok(Json(json!({"id": id})))
}

async fn disarm_all(State(app): State<App>) -> Json<Value> {
    app.world().faults.armed.clear();
    Json(json!({}))
}

async fn disarm(State(app): State<App>, Path(id): Path<usize>) -> Json<Value> {
    app.world().faults.armed.retain(|armed| armed.id != id);
    Json(json!({}))
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: usize,
}

async fn calls(State(app): State<App>, Query(asked): Query<Since>) -> Json<Value> {
    let world = app.world();
    Json(json!({"next": world.calls.next(), "calls": world.calls.since(asked.since)}))
}

async fn state(State(app): State<App>) -> Json<Value> {
    Json(app.world().dump())
}
