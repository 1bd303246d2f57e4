//! The published JSON Schema, for editors and other tools: `schema/subscription-v1.schema.json`.
//!
//! It says what a schema can say, with the parser's own bounds; [`super::parse`] decides. A test
//! holds the two against each other, document by document.

use serde_json::{Value, json};

use super::{
    Approval, Cidr, GatewayService, Grace, NetworkName, OnChange, OnRevoke, Otherwise, Remedy, ResourceType, bounds,
};
use crate::ids::{
    AccountId, AzId, OutputPrefix, Region, ResourceShareArn, RouteTableId, SecurityGroupId, ServiceName,
    ServiceNetworkId, SubnetId, SubscriptionName, VpcId,
};
use crate::profile::ProfileName;

/// The JSON Schema (2020-12) of a subscription document, version 1.
#[must_use]
pub fn json_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Drawbridge subscription, version 1",
        "description": "Whom an account trusts to share AWS PrivateLink resources with it, where it connects them, and which endpoints it asks for by itself.",
        "type": "object",
        "additionalProperties": false,
        "required": ["version", "name"],
        "anyOf": [{"required": ["targets"]}, {"required": ["endpoints"]}],
        "dependentRequired": {"trust": ["targets"], "targets": ["trust"], "otherwise": ["trust"], "approval": ["trust"], "on_revoke": ["trust"]},
        "properties": {
            "version": {"const": bounds::VERSION, "description": "The version of this document's format."},
            "name": text("^[a-z][a-z0-9-]{0,63}$", SubscriptionName::EXPECTED),
            "trust": {"$ref": "#/$defs/trust"},
            "otherwise": {
                "description": "What happens to a share that no subscription accepts: hold it for a person, reject the invitation, or record it and leave it alone.",
                "enum": [Otherwise::Hold, Otherwise::Reject, Otherwise::Ignore],
                "default": Otherwise::Ignore,
            },
            "approval": {
                "description": "Whether a person approves what is trusted before it is accepted: nobody, once for each sender, or for each share.",
                "enum": [Approval::Never, Approval::FirstTime, Approval::Always],
                "default": Approval::Never,
            },
            "on_revoke": on_revoke(),
            "on_change": {
                "description": "What happens to what was made with settings that AWS can't change in place, when they change: keep it and say so, or replace it, which interrupts it.",
                "enum": [OnChange::Keep, OnChange::Replace],
                "default": OnChange::Keep,
            },
            "reconcile": reconcile(),
            "profile": profile(),
            "targets": {
                "description": "Where to connect what is shared; each VPC or service network at most once.",
                "type": "array",
                "minItems": 1,
                "maxItems": bounds::TARGETS,
                "items": {"oneOf": [{"$ref": "#/$defs/vpc"}, {"$ref": "#/$defs/serviceNetwork"}]},
            },
            "endpoints": {
                "description": "Endpoints that need no share; each service or service network in each VPC at most once.",
                "type": "array",
                "minItems": 1,
                "maxItems": bounds::ENDPOINTS,
                "items": {
                    "oneOf": [
                        {"$ref": "#/$defs/interfaceEndpoint"},
                        {"$ref": "#/$defs/gatewayEndpoint"},
                        {"$ref": "#/$defs/serviceNetworkEndpoint"},
                    ],
                },
            },
            "outputs": outputs(),
            "tags": tags(),
            "limits": limits(),
            "ports": {
                "description": "Ports of resource configurations, by name or id, and of services, by name, for when AWS does not show them.",
                "type": "object",
                "propertyNames": {
                    "maxLength": 255,
                    "pattern": format!("^[a-z0-9][a-z0-9-]{{1,38}}[a-z0-9]$|{SERVICE}"),
                },
                "additionalProperties": {"type": "integer", "minimum": 1, "maximum": u16::MAX},
            },
        },
        "$defs": {
            "trust": trust(),
            "vpc": vpc(),
            "serviceNetwork": service_network(),
            "interfaceEndpoint": interface_endpoint(),
            "gatewayEndpoint": gateway_endpoint(),
            "serviceNetworkEndpoint": service_network_endpoint(),
            "policy": {
                "description": "An endpoint policy, of at most 20,480 characters. Quote account ids.",
                "type": "object",
                "required": ["Statement"],
            },
            "domains": list(
                bounds::DOMAINS,
                &json!({
                    "description": "A full domain name, like example.com or *.example.com.",
                    "type": "string",
                    "maxLength": bounds::DOMAIN_LENGTH,
                    "pattern": "^(\\*\\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
                }),
            ),
        },
    })
}

const SERVICE: &str = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?){2,}$";
const PRINTABLE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

fn profile() -> Value {
    let port =
        |description: &str| json!({"description": description, "type": "integer", "minimum": 1, "maximum": u16::MAX});
    json!({
        "description": "What is true of the vendor: ports, Availability Zones, free addresses, private DNS. A name, or a name and what is true besides.",
        "oneOf": [
            {"enum": ProfileName::ALL},
            {
                "type": "object",
                "additionalProperties": false,
                "required": ["extends"],
                "properties": {
                    "extends": {"description": "The profile that it begins with.", "enum": ProfileName::ALL},
                    "ports": list(bounds::PORT_USES, &json!({
                        "description": "Ports that the vendor uses besides.",
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["from", "use"],
                        "properties": {
                            "from": port("The first port."),
                            "to": port("The last port; left out, the first is the only one."),
                            "use": {
                                "description": "What listens there.",
                                "type": "string",
                                "minLength": 1,
                                "maxLength": bounds::USE_LENGTH,
                                "pattern": PRINTABLE,
                            },
                            "required": {
                                "description": "Whether a connection is useless without it.",
                                "type": "boolean",
                                "default": false,
                            },
                        },
                    })),
                    "free_addresses_per_subnet": {
                        "description": "How many free addresses an endpoint needs in each subnet, in place of the profile's number.",
                        "type": "integer",
                        "minimum": 1,
                        "maximum": bounds::FREE_ADDRESSES,
                    },
                    "unsupported_az_ids": list(
                        bounds::ZONES,
                        &text("^[a-z0-9-]+-az[0-9]+$", AzId::EXPECTED),
                    ),
                },
            },
        ],
        "default": ProfileName::Generic,
    })
}

fn on_revoke() -> Value {
    json!({
        "description": "What happens to what is connected when its owner stops sharing it: keep it, as AWS does, close it, or close it if it is not shared again within a grace period.",
        "oneOf": [
            {"enum": [OnRevoke::Keep, OnRevoke::Close]},
            {
                "type": "object",
                "additionalProperties": false,
                "required": ["close-after"],
                "properties": {"close-after": text(Grace::PATTERN, Grace::EXPECTED)},
            },
        ],
        "default": OnRevoke::Keep,
    })
}

fn reconcile() -> Value {
    let report_or_repair = [Remedy::Report, Remedy::Repair];
    json!({
        "description": "What reconcile does about what is not as it should be, besides saying it: one word for everything, or one for each finding.",
        "oneOf": [
            {"enum": [Remedy::Report, Remedy::Repair, Remedy::Adopt]},
            {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "gone": remedy("Somebody deleted what was made for a connection: say it, or open it anew as well.", &report_or_repair),
                    "orphaned": remedy("Something carries Drawbridge's tags and stands in no live record: say it, remove it, or take it into its record.", &[Remedy::Report, Remedy::Repair, Remedy::Adopt]),
                    "duplicated": remedy("A second one was made for a connection: say it, or remove it as well.", &report_or_repair),
                    "changed": remedy("Somebody changed what was made for a connection: say it, or put it back as well.", &report_or_repair),
                },
            },
        ],
        "default": Remedy::Report,
    })
}

fn outputs() -> Value {
    let mut prefix = text("^(/([A-Za-z0-9_.-]+|\\{target\\})){1,14}$", OutputPrefix::EXPECTED);
    prefix["maxLength"] = json!(512);
    prefix["not"] = json!({"pattern": "^/([aA][wW][sS]|[sS][sS][mM])"});
    json!({
        "description": "Where applications find how the databases are reached: one SSM parameter each, named by this path and the database's name.",
        "type": "object",
        "additionalProperties": false,
        "required": ["ssm"],
        "properties": {"ssm": prefix},
    })
}

fn remedy(description: &str, words: &[Remedy]) -> Value {
    json!({"description": description, "enum": words, "default": Remedy::Report})
}

fn text(pattern: &str, description: &str) -> Value {
    json!({"description": description, "type": "string", "pattern": pattern})
}

fn list(most: usize, items: &Value) -> Value {
    json!({"type": "array", "minItems": 1, "maxItems": most, "uniqueItems": true, "items": items})
}

fn trust() -> Value {
    let mut share = text("^arn:aws[^:\\s]*:ram:[^:\\s]+:[0-9]{12}:resource-share/[^\\s]+$", ResourceShareArn::EXPECTED);
    share["maxLength"] = json!(2048);
    let account = json!({
        "description": AccountId::EXPECTED,
        "anyOf": [
            {"type": "string", "pattern": "^[0-9]{12}$"},
            {"type": "integer", "minimum": 100_000_000_000_i64, "maximum": 999_999_999_999_i64},
        ],
    });
    let share_name = json!({
        "description": "A pattern: * is any text, ? one character. The sender chooses the name, so it narrows and never grants.",
        "type": "string",
        "minLength": 1,
        "maxLength": bounds::SHARE_NAME_LENGTH,
        "pattern": PRINTABLE,
    });
    json!({
        "description": "Whom and what it trusts. The senders grant; everything else only narrows.",
        "type": "object",
        "additionalProperties": false,
        "required": ["senders"],
        "properties": {
            "senders": list(bounds::SENDERS, &account),
            "share_names": list(bounds::SHARE_NAMES, &share_name),
            "shares": list(bounds::SHARES, &share),
            "resource_types": list(ResourceType::ALL.len(), &json!({"enum": ResourceType::ALL})),
        },
    })
}

fn limits() -> Value {
    json!({
        "description": "What the subscription may cost at most.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "connections_per_share": {
                "description": "A share that would make more connections than this is held for a person.",
                "type": "integer",
                "minimum": 1,
                "maximum": bounds::CONNECTIONS_PER_SHARE,
            },
            "monthly_cost_per_share": {
                "description": "A share whose connections would cost more US dollars per month than this, traffic apart, is held for a person; so is one whose price is not known.",
                "type": "integer",
                "minimum": 1,
                "maximum": bounds::MONTHLY_COST,
            },
            "endpoints": {
                "description": "Of the endpoints that the subscription asks for by itself, no more than this are made; the others are held.",
                "type": "integer",
                "minimum": 1,
                "maximum": bounds::ENDPOINTS_LIMIT,
            },
            "monthly_cost_of_endpoints": {
                "description": "The endpoints that the subscription asks for by itself cost no more US dollars per month than this, traffic apart: one that would is held; so is one whose price is not known.",
                "type": "integer",
                "minimum": 1,
                "maximum": bounds::MONTHLY_COST,
            },
        },
    })
}

fn vpc() -> Value {
    let domains = |key: &str| {
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": [key],
            "properties": {key: {"$ref": "#/$defs/domains"}},
        })
    };
    json!({
        "description": "A VPC to put an endpoint into, for each resource.",
        "type": "object",
        "additionalProperties": false,
        "required": ["vpc", "security_groups"],
        "properties": {
            "vpc": vpc_id(),
            "subnets": subnets(),
            "security_groups": security_groups(),
            "private_dns": {
                "description": "For which names private DNS answers with the endpoint; as the profile prefers if left out.",
                "oneOf": [
                    {"enum": ["off", "all-domains", "verified-domains-only"]},
                    domains("verified-and-specified"),
                    domains("specified-only"),
                ],
            },
        },
    })
}

fn vpc_id() -> Value {
    text("^vpc-[a-z0-9]{1,32}$", VpcId::EXPECTED)
}

fn subnet_ids() -> Value {
    list(bounds::SUBNETS, &text("^subnet-[a-z0-9]{1,32}$", SubnetId::EXPECTED))
}

fn subnets() -> Value {
    json!({
        "description": "auto: the best subnet of each usable Availability Zone; or exactly these, one per zone.",
        "oneOf": [{"const": "auto"}, subnet_ids()],
        "default": "auto",
    })
}

fn security_groups() -> Value {
    let ids = list(bounds::SECURITY_GROUPS, &text("^sg-[a-z0-9]{1,32}$", SecurityGroupId::EXPECTED));
    let cidr = text("^[0-9a-f.:]+/[0-9]{1,3}$", Cidr::EXPECTED);
    json!({
        "description": "Those of the endpoint; or managed: one of its own, which admits the ports that are needed from the VPC's own CIDR blocks, or from the blocks and groups named.",
        "oneOf": [
            ids,
            {"const": "managed"},
            {
                "type": "object",
                "additionalProperties": false,
                "anyOf": [{"required": ["cidrs"]}, {"required": ["security_groups"]}],
                "properties": {"cidrs": list(bounds::CIDRS, &cidr), "security_groups": ids},
            },
        ],
    })
}

fn interface_endpoint() -> Value {
    let mut service = text(SERVICE, ServiceName::EXPECTED);
    service["maxLength"] = json!(255);
    let mut region = text("^[a-z0-9-]*[0-9]$", Region::EXPECTED);
    region["minLength"] = json!(5);
    region["maxLength"] = json!(25);
    json!({
        "description": "An interface endpoint to a service.",
        "type": "object",
        "additionalProperties": false,
        "required": ["interface", "vpc", "security_groups"],
        "properties": {
            "interface": service,
            "region": region,
            "vpc": vpc_id(),
            "subnets": subnets(),
            "security_groups": security_groups(),
            "private_dns": {
                "description": "Whether the service's private name answers with the endpoint; if the service has one, if left out.",
                "type": "boolean",
            },
            "policy": {"$ref": "#/$defs/policy"},
        },
    })
}

fn gateway_endpoint() -> Value {
    json!({
        "description": "A gateway endpoint: a route to the service in route tables.",
        "type": "object",
        "additionalProperties": false,
        "required": ["gateway", "vpc"],
        "oneOf": [{"required": ["route_tables"]}, {"required": ["subnets"]}],
        "properties": {
            "gateway": {"enum": GatewayService::ALL},
            "vpc": vpc_id(),
            "route_tables": {
                "description": "all: every route table of the VPC; or exactly these.",
                "oneOf": [
                    {"const": "all"},
                    list(bounds::ROUTE_TABLES, &text("^rtb-[a-z0-9]{1,32}$", RouteTableId::EXPECTED)),
                ],
            },
            "subnets": subnet_ids(),
            "policy": {"$ref": "#/$defs/policy"},
        },
    })
}

fn service_network_endpoint() -> Value {
    let mut endpoint = vpc();
    let mut network = text(
        "^(sn-[a-z0-9]{1,32}|arn:aws[^:\\s]*:vpc-lattice:[^:\\s]+:[0-9]{12}:servicenetwork/sn-[a-z0-9]{1,32})$",
        NetworkName::EXPECTED,
    );
    network["maxLength"] = json!(2048);
    endpoint["description"] =
        json!("A service-network endpoint: everything in the service network, reached from a VPC.");
    endpoint["required"] = json!(["service_network", "vpc", "security_groups"]);
    endpoint["properties"]["service_network"] = network;
    endpoint
}

fn service_network() -> Value {
    json!({
        "description": "A VPC Lattice service network to associate each resource with.",
        "type": "object",
        "additionalProperties": false,
        "required": ["service_network"],
        "properties": {
            "service_network": text("^sn-[a-z0-9]{1,32}$", ServiceNetworkId::EXPECTED),
            "private_dns": {
                "description": "Whether private DNS is on for the association; it decides for every VPC behind the service network.",
                "type": "boolean",
                "default": true,
            },
        },
    })
}

fn tags() -> Value {
    json!({
        "description": "Tags for what is made, besides Drawbridge's own.",
        "type": "object",
        "maxProperties": bounds::TAGS,
        "propertyNames": {
            "minLength": 1,
            "maxLength": bounds::TAG_KEY_LENGTH,
            "pattern": PRINTABLE,
            "not": {"pattern": "^([aA][wW][sS]|[dD][rR][aA][wW][bB][rR][iI][dD][gG][eE]):"},
        },
        "additionalProperties": {"type": "string", "maxLength": bounds::TAG_VALUE_LENGTH, "pattern": PRINTABLE},
    })
}
