//! Amazon VPC Lattice, as far as the consumer of a shared resource configuration calls it. \[botocore: vpc-lattice/2022-11-30\]

mod associations;
mod configurations;
mod networks;
mod tags;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::paging::BadToken;
use crate::request::Caller;
use crate::wire::Refusal;
use crate::world::World;

/// The most entries of one page. \[botocore: `MaxResults` 1..100\]
const CEILING: usize = 100;

/// Status and output of an operation.
type Outcome = Result<(u16, Value), Refusal>;

/// What a request carries.
pub struct Input<'a> {
    /// The identifier in the path.
    pub label: &'a str,
    /// The query string. What is there several times is one text, with a line for each.
    pub query: &'a BTreeMap<String, String>,
    /// The body.
    pub body: &'a [u8],
}

impl Input<'_> {
    fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(self.body)
            .map_err(|error| invalid(format!("the stand-in cannot read the request: {error}")))
    }
}

/// Answers one operation.
///
/// # Errors
/// The service's own refusals, with the statuses that the model gives them. \[botocore\]
pub fn answer(world: &mut World, caller: &Caller, operation: &str, input: &Input, now: Timestamp) -> Outcome {
    match operation {
        "GetResourceConfiguration" => configurations::get(world, caller, input),
        "ListResourceConfigurations" => configurations::list(world, caller, input),
        "GetServiceNetwork" => networks::get(world, caller, input),
        "ListServiceNetworkVpcAssociations" => networks::list_vpcs(world, caller, input),
        "CreateServiceNetworkResourceAssociation" => associations::create(world, caller, input, now),
        "GetServiceNetworkResourceAssociation" => associations::get(world, caller, input, now),
        "ListServiceNetworkResourceAssociations" => associations::list(world, caller, input, now),
        "DeleteServiceNetworkResourceAssociation" => associations::delete(world, caller, input, now),
        "ListTagsForResource" => tags::list(world, caller, input),
        "TagResource" => tags::add(world, caller, input),
        "UntagResource" => tags::remove(world, caller, input),
        other => Err(invalid(format!("the stand-in has no VPC Lattice operation {other}"))),
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationException", message).with("reason", "other")
}

fn denied(caller: &Caller, action: &str, on: &str) -> Refusal {
    let role = caller.app.as_deref().unwrap_or("unknown");
    Refusal::new(
        403,
        "AccessDeniedException",
        format!(
            "User: arn:aws:sts::{}:assumed-role/{role}/session is not authorized to perform: vpc-lattice:{action} on resource: {on}",
            caller.account
        ),
    )
}

fn missing(kind: &str, id: &str) -> Refusal {
    Refusal::new(404, "ResourceNotFoundException", format!("{kind} {id} not found"))
        .with("resourceId", id)
        .with("resourceType", kind)
}

fn conflict(kind: &str, id: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(409, "ConflictException", message).with("resourceId", id).with("resourceType", kind)
}

/// One page under `items`, which every list of this service has.
fn page(world: &World, input: &Input, request: String, entries: &[Value]) -> Outcome {
    let most =
        input.query("maxResults").map(str::parse).transpose().map_err(|_| invalid("maxResults is not a number"))?;
    let asked = world.asked(input.query("nextToken"), most, CEILING, request);
    let part = asked.part(entries.len()).map_err(|BadToken| invalid("nextToken is not valid"))?;
    let mut output = json!({ "items": entries[part.from..part.to] });
    if let Some(next) = part.next {
        output["nextToken"] = json!(next);
    }
    Ok((200, output))
}

/// Whether this request gets entries at all, and is the first that does: then it counts as a look at the states.
fn looks(world: &World, input: &Input) -> bool {
    match input.query("nextToken") {
        None => !world.settings.empty_pages,
        Some(token) => token.ends_with(".0"),
    }
}

/// Puts a member into an object if there is a value.
fn put(object: &mut Value, member: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object[member] = value.into();
    }
}
