//! What stands in an item of `endpoints`.

use serde_json::Value as Json;

use super::super::{
    EndpointItem, GatewayItem, GatewayService, InterfaceItem, NetworkItem, NetworkName, Policy, RouteTables, Subnets,
    bounds,
};
use super::fields::{elsewhere, optional, security_groups, subnet_ids, subnets, vpc_id, vpc_of};
use super::reader::{Fields, Reader, below};
use super::tree::{Node, Scalar, Value};
use super::words::shown;
use crate::ids::{InvalidId, Region, ResourceArn, RouteTableId, ServiceName, ServiceNetworkId};

/// The key that says which kind an item is of, and everything that may stand in it.
const KINDS: &[(&str, &[&str])] = &[
    ("interface", &["interface", "region", "vpc", "subnets", "security_groups", "private_dns", "policy"]),
    ("gateway", &["gateway", "vpc", "route_tables", "subnets", "policy"]),
    ("service_network", &["service_network", "vpc", "subnets", "security_groups", "private_dns"]),
];
const WHICH: &str = "an `interface`, a `gateway` or a `service_network`";
const SERVICE: &str = "the name of an endpoint service, like `com.amazonaws.us-east-1.secretsmanager`";

pub(super) fn read(reader: &mut Reader, node: &Node, path: &str) -> Option<Vec<EndpointItem>> {
    let items = reader.list(node, path, bounds::ENDPOINTS, "endpoints")?;
    // A Region that is named and the account's own can't be told from each other here; two such
    // items are one connection, and the first one's settings hold.
    let key = |item: &EndpointItem| {
        let to = match item {
            EndpointItem::Interface(item) => (item.service.to_string(), item.region.clone()),
            EndpointItem::Gateway(item) => (item.service.as_str().to_owned(), None),
            EndpointItem::ServiceNetwork(item) => (item.service_network.to_string(), None),
        };
        (item.kind(), to, item.vpc().clone())
    };
    Some(reader.distinct(items, endpoint, key))
}

fn endpoint(reader: &mut Reader, node: &Node, path: &str) -> Option<EndpointItem> {
    let Value::Map(entries) = &node.value else {
        return reader.expected(node, path, &format!("a mapping with {WHICH}"));
    };
    let has = |key: &str| entries.iter().any(|entry| entry.key == key);
    let kinds: Vec<_> = KINDS.iter().filter(|(kind, _)| has(kind)).collect();
    let [(kind, keys)] = kinds.as_slice() else {
        let message = if kinds.is_empty() {
            let known: Vec<_> = KINDS.iter().flat_map(|(_, keys)| *keys).copied().collect();
            reader.fields(node, path, &known, elsewhere)?;
            format!("neither {WHICH}; add one, such as `gateway: s3`")
        } else {
            format!("more than one of {WHICH}: make an item of each")
        };
        reader.problem(node.at, path, message);
        return None;
    };
    let of_others = |key: &str| {
        let others = KINDS.iter().filter(|(_, keys)| keys.contains(&key));
        let others: Vec<_> = others.map(|(kind, _)| format!("`{kind}`")).collect();
        (!others.is_empty()).then(|| format!("it is for items with {}", others.join(" or "))).or_else(|| elsewhere(key))
    };
    let fields = reader.fields(node, path, keys, of_others)?;
    match *kind {
        "interface" => interface(reader, &fields).map(EndpointItem::Interface),
        "gateway" => gateway(reader, node, &fields).map(EndpointItem::Gateway),
        _ => network(reader, &fields).map(EndpointItem::ServiceNetwork),
    }
}

fn interface(reader: &mut Reader, fields: &Fields<'_>) -> Option<InterfaceItem> {
    let service = reader
        .require(fields, "interface", SERVICE)
        .and_then(|node| reader.id(node, &fields.path("interface"), ServiceName::EXPECTED, ServiceName::parse));
    let region = optional(fields, "region", Some(None), |node, path| {
        reader.id(node, path, Region::EXPECTED, Region::parse).map(Some)
    });
    let vpc = vpc_id(reader, fields);
    let subnets = optional(fields, "subnets", Some(Subnets::Auto), |node, path| subnets(reader, node, path));
    let security_groups = security_groups(reader, fields);
    let private_dns = optional(fields, "private_dns", Some(None), |node, path| reader.boolean(node, path).map(Some));
    let policy = policy_of(reader, fields);
    Some(InterfaceItem {
        service: service?,
        region: region?,
        vpc: vpc?,
        subnets: subnets?,
        security_groups: security_groups?,
        private_dns: private_dns?,
        policy: policy?,
    })
}

fn gateway(reader: &mut Reader, node: &Node, fields: &Fields<'_>) -> Option<GatewayItem> {
    let services: Vec<_> = GatewayService::ALL.iter().map(|service| (service.as_str(), *service)).collect();
    let service = reader
        .require(fields, "gateway", "the service: `gateway: s3`")
        .and_then(|node| reader.one_of(node, &fields.path("gateway"), &services));
    let vpc = vpc_id(reader, fields);
    let route_tables = match (fields.get("route_tables"), fields.get("subnets")) {
        (Some(node), None) => route_tables(reader, node, &fields.path("route_tables")),
        (None, Some(node)) => subnet_ids(reader, node, &fields.path("subnets")).map(RouteTables::OfSubnets),
        (both, _) => {
            let message = if both.is_some() {
                "both `route_tables` and `subnets`: keep the one that says which route tables are meant"
            } else {
                // What is routed otherwise from one moment to the next is not for a default to say.
                "it says not which route tables get a route to the service; add `route_tables: all`, \
                 `route_tables: [rtb-0a1b2c3d]`, or `subnets: [subnet-0a1b2c3d]` for those of these subnets"
            };
            reader.problem(node.at, &fields.path("route_tables"), message);
            None
        }
    };
    let policy = policy_of(reader, fields);
    Some(GatewayItem { service: service?, vpc: vpc?, route_tables: route_tables?, policy: policy? })
}

fn route_tables(reader: &mut Reader, node: &Node, path: &str) -> Option<RouteTables> {
    match &node.value {
        Value::Scalar(text, Scalar::Text) if text == "all" => Some(RouteTables::All),
        Value::List(_) => {
            let items = reader.list(node, path, bounds::ROUTE_TABLES, "route table ids")?;
            let read = |reader: &mut Reader, node: &Node, path: &str| {
                reader.id(node, path, RouteTableId::EXPECTED, RouteTableId::parse)
            };
            Some(RouteTables::Listed(reader.distinct(items, read, Clone::clone)))
        }
        _ => reader.expected(node, path, "`all` or a list of route table ids"),
    }
}

fn network(reader: &mut Reader, fields: &Fields<'_>) -> Option<NetworkItem> {
    let service_network = reader
        .require(fields, "service_network", "one, such as `service_network: sn-0a1b2c3d`")
        .and_then(|node| reader.id(node, &fields.path("service_network"), NetworkName::EXPECTED, network_name));
    let at = vpc_of(reader, fields);
    Some(NetworkItem { service_network: service_network?, at: at? })
}

fn network_name(text: String) -> Result<NetworkName, InvalidId> {
    if let Ok(id) = ServiceNetworkId::parse(text.as_str()) {
        return Ok(NetworkName::Own(id));
    }
    match ResourceArn::parse(text.as_str()) {
        Ok(arn) if arn.is_service_network() => Ok(NetworkName::Arn(arn)),
        _ => Err(InvalidId { seen: text, expected: NetworkName::EXPECTED }),
    }
}

/// None inside: there is no policy. None: there was a problem.
#[allow(clippy::option_option, reason = "one level is the value's, the other the parser's")]
fn policy_of(reader: &mut Reader, fields: &Fields<'_>) -> Option<Option<Policy>> {
    optional(fields, "policy", Some(None), |node, path| policy(reader, node, path).map(Some))
}

fn policy(reader: &mut Reader, node: &Node, path: &str) -> Option<Policy> {
    let Value::Map(entries) = &node.value else {
        return reader.expected(node, path, "an endpoint policy: a mapping with a `Statement`");
    };
    if !entries.iter().any(|entry| entry.key == "Statement") {
        reader.problem(node.at, &below(path, "Statement"), "`Statement` is missing; add the policy's statements");
    }
    let policy = Policy(json(reader, node, path)?);
    let characters = policy.text().chars().count();
    if characters > bounds::POLICY_CHARACTERS {
        let message = format!(
            "the policy has {characters} characters as JSON, AWS takes at most {}: make it shorter",
            bounds::POLICY_CHARACTERS
        );
        reader.problem(node.at, path, message);
        return None;
    }
    Some(policy)
}

/// The value as JSON. What YAML and IAM read differently is refused instead of guessed.
fn json(reader: &mut Reader, node: &Node, path: &str) -> Option<Json> {
    match &node.value {
        Value::Scalar(text, Scalar::Text) => Some(Json::from(text.as_str())),
        Value::Scalar(_, Scalar::Bool(value)) => Some(Json::from(*value)),
        Value::Scalar(text, Scalar::Number(_)) => {
            // An account's id as a number would lose its leading zeros, and policies hold no numbers
            // that could not be text.
            let message = format!("`{0}` is a number: quote it, `\"{0}\"`", shown(text));
            reader.problem(node.at, path, message);
            None
        }
        Value::Scalar(_, Scalar::Null) => reader.expected(node, path, "a value"),
        Value::List(items) => {
            let values: Vec<_> =
                items.iter().enumerate().map(|(i, item)| json(reader, item, &format!("{path}[{i}]"))).collect();
            values.into_iter().collect::<Option<Vec<_>>>().map(Json::from)
        }
        Value::Map(_) => {
            let entries = reader.entries(node, path, "a mapping")?;
            let values: Vec<_> = entries
                .into_iter()
                .map(|entry| Some((entry.key.clone(), json(reader, &entry.value, &below(path, &entry.key))?)))
                .collect();
            values.into_iter().collect::<Option<serde_json::Map<_, _>>>().map(Json::from)
        }
        Value::Told => None,
    }
}
