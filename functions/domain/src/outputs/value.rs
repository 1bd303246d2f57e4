//! What stands in a parameter: `schema/output-v1.schema.json`.

use serde::Serialize;

use super::{Connection, Database, DnsScope, Port};

/// Bytes that a parameter of the standard tier holds [botocore: ssm `PutParameter`].
pub const LONGEST_VALUE: usize = 4096;

#[derive(Serialize)]
struct Value<'a> {
    version: &'static str,
    dns_name: &'a str,
    /// None if it is not one port, or unknown.
    port: Option<u16>,
    /// The ports or ranges, where it is not one port.
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port_unknown: Option<&'a str>,
    /// Every name, in a list of pairs: SSM refuses `{{` and `}}`, which objects in objects would end in.
    dns_names: Vec<Name<'a>>,
    #[serde(skip_serializing_if = "is_false")]
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<&'a str>,
    resource: &'a str,
    target: String,
    connection: &'a str,
}

#[derive(Serialize)]
struct Name<'a> {
    scope: &'static str,
    name: &'a str,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// The value of a database's parameter: JSON of at most [`LONGEST_VALUE`] bytes.
#[must_use]
pub fn value(database: &Database, connection: &Connection) -> String {
    let names = |wanted: fn(DnsScope) -> bool| {
        let of = database.dns.iter().filter(move |dns| wanted(dns.scope));
        of.map(|dns| Name { scope: dns.scope.as_str(), name: &dns.name }).collect::<Vec<_>>()
    };
    let (port, ports, port_unknown) = match &database.port {
        Port::Known { ranges, .. } => match ranges.as_slice() {
            [one] if one.parse::<u16>().is_ok() => (one.parse().ok(), None, None),
            several => (None, Some(several), None),
        },
        Port::Unknown { reason } => (None, None, Some(reason.as_str())),
    };
    let mut value = Value {
        version: "1",
        dns_name: database.dns_name().map_or("", |dns| dns.name.as_str()),
        port,
        ports,
        port_unknown,
        dns_names: names(|_| true),
        truncated: false,
        database: database.name.as_deref(),
        resource: &database.resource,
        target: connection.target.to_string(),
        connection: connection.id.as_str(),
    };
    let mut text = written(&value);
    for fewer in [|scope| scope != DnsScope::Zonal, |_| false] as [fn(DnsScope) -> bool; 2] {
        if text.len() <= LONGEST_VALUE {
            break;
        }
        value.dns_names = names(fewer);
        value.truncated = true;
        text = written(&value);
    }
    text
}

/// Strings and numbers have JSON; two brackets in a row, in a name that somebody chose, would not be taken by SSM.
fn written(value: &Value<'_>) -> String {
    serde_json::to_string(value).unwrap_or_default().replace("{{", "{ {").replace("}}", "} }")
}
