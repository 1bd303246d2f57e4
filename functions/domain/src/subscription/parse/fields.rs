//! What stands where in a subscription.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    Approval, Cidr, EndpointItem, Grace, Limits, OnChange, OnRevoke, Otherwise, PrivateDns, Reconcile, Remedy,
    ResourceType, SecurityGroups, ServiceNetworkTarget, Sources, Subnets, Subscription, Target, Trust, VpcTarget,
    bounds,
};
use super::endpoints;
use super::reader::{Fields, Reader, below};
use super::tree::{Node, Scalar, Value, WHOLE};
use super::words::shown;
use crate::ids::{
    AccountId, AzId, OutputPrefix, ResourceShareArn, SecurityGroupId, ServiceName, ServiceNetworkId, SubnetId,
    SubscriptionName, VpcId,
};
use crate::profile::{Chosen, PortUse, ProfileName};

const ROOT: &[&str] = &[
    "version",
    "name",
    "trust",
    "otherwise",
    "approval",
    "on_revoke",
    "on_change",
    "profile",
    "targets",
    "endpoints",
    "reconcile",
    "outputs",
    "tags",
    "limits",
    "ports",
];
const TRUST: &[&str] = &["senders", "share_names", "shares", "resource_types"];
const VPC: &[&str] = &["vpc", "subnets", "security_groups", "private_dns"];
const SOURCES: &[&str] = &["cidrs", "security_groups"];
const SERVICE_NETWORK: &[&str] = &["service_network", "private_dns"];
const ENDPOINT: &[&str] = &["interface", "gateway", "region", "route_tables", "policy"];
const PROFILE: &[&str] = &["extends", "ports", "free_addresses_per_subnet", "unsupported_az_ids"];
const PORT_USE: &[&str] = &["from", "to", "use", "required"];
const LIMITS: &[&str] = &["connections_per_share", "monthly_cost_per_share", "endpoints", "monthly_cost_of_endpoints"];
const OUTPUTS: &[&str] = &["ssm"];
const RECONCILE: &[&str] = &["gone", "orphaned", "duplicated", "changed"];

const OTHERWISE: &[(&str, Otherwise)] =
    &[("hold", Otherwise::Hold), ("reject", Otherwise::Reject), ("ignore", Otherwise::Ignore)];
const APPROVAL: &[(&str, Approval)] =
    &[("never", Approval::Never), ("first-time", Approval::FirstTime), ("always", Approval::Always)];
const ON_REVOKE: &str = "`keep`, `close` or `close-after: 72h`";
const CLOSE_AFTER: &str = "close-after";
const ON_CHANGE: &[(&str, OnChange)] = &[("keep", OnChange::Keep), ("replace", OnChange::Replace)];
const REMEDIES: &[(&str, Remedy)] = &[("report", Remedy::Report), ("repair", Remedy::Repair), ("adopt", Remedy::Adopt)];
/// Without the last: there is nothing to adopt.
const WITHOUT_ADOPT: usize = 2;
const PRIVATE_DNS: &str = "`off`, `all-domains`, `verified-domains-only`, \
                           `verified-and-specified: [example.com]` or `specified-only: [example.com]`";

/// Where a key belongs that is not known where it stands.
pub(super) fn elsewhere(key: &str) -> Option<String> {
    let of = |keys: &[&str], place: &str| keys.contains(&key).then(|| format!("it belongs {place}"));
    of(TRUST, "under `trust`")
        .or_else(|| of(LIMITS, "under `limits`"))
        .or_else(|| of(RECONCILE, "under `reconcile`"))
        .or_else(|| of(OUTPUTS, "under `outputs`"))
        .or_else(|| of(ROOT, "at the top of the document"))
        .or_else(|| of(PROFILE, "under `profile`, beside `extends`"))
        .or_else(|| of(VPC, "under an item of `targets` with a `vpc`"))
        .or_else(|| of(SERVICE_NETWORK, "under an item of `targets`"))
        .or_else(|| of(ENDPOINT, "under an item of `endpoints`"))
}

/// What to say of a document of a version that this Drawbridge cannot read; none if it can.
#[must_use]
pub fn newer_version(version: i64) -> Option<String> {
    (version > bounds::VERSION).then(|| {
        format!(
            "the document is of version {version}, this Drawbridge reads version {}: \
             read it with a newer Drawbridge",
            bounds::VERSION
        )
    })
}

/// Reads the tree of a document; none if there was a problem.
pub(super) fn subscription(reader: &mut Reader, root: &Node) -> Option<Subscription> {
    // Of a newer version nothing else can be said: its keys may mean anything.
    if let Value::Map(entries) = &root.value
        && let Some(version) = entries.iter().find(|entry| entry.key == "version")
        && let Value::Scalar(_, Scalar::Number(Some(number))) = version.value.value
        && let Some(message) = newer_version(number)
    {
        reader.problem(version.value.at, "version", message);
        return None;
    }
    let Value::Map(_) = &root.value else {
        return reader.expected(root, WHOLE, "a mapping that starts with `version: 1`");
    };
    let fields = reader.fields(root, "", ROOT, elsewhere)?;
    if let Some(node) = reader.require(&fields, "version", "`version: 1`") {
        let right = matches!(node.value, Value::Scalar(_, Scalar::Number(Some(bounds::VERSION))));
        if !right {
            reader.expected::<()>(node, "version", "the number `1`");
        }
    }
    let name = reader
        .require(&fields, "name", "one, such as `name: redis-production`")
        .and_then(|node| reader.id(node, "name", SubscriptionName::EXPECTED, SubscriptionName::parse));
    let endpoints = optional(&fields, "endpoints", Some(Vec::new()), |node, path| endpoints::read(reader, node, path));
    // Whoever only asks for endpoints trusts nobody and has nowhere to connect what is shared.
    let shares = ["trust", "targets"].iter().any(|key| fields.get(key).is_some()) || fields.get("endpoints").is_none();
    let trust = if shares {
        reader
            .require(&fields, "trust", "whom it trusts: `trust: {senders: [\"444455556666\"]}`")
            .and_then(|node| trust(reader, node))
    } else {
        for key in ["otherwise", "approval", "on_revoke"] {
            if let Some(node) = fields.get(key) {
                let message = "it says what happens to shares, and without `trust` and `targets` there are none to \
                               decide on: add both, or remove it";
                reader.problem(node.at, key, message);
            }
        }
        Some(Trust::nobody())
    };
    let otherwise =
        optional(&fields, "otherwise", Some(Otherwise::Ignore), |node, path| reader.one_of(node, path, OTHERWISE));
    let approval =
        optional(&fields, "approval", Some(Approval::Never), |node, path| reader.one_of(node, path, APPROVAL));
    let on_revoke = optional(&fields, "on_revoke", Some(OnRevoke::Keep), |node, path| on_revoke(reader, node, path));
    let on_change =
        optional(&fields, "on_change", Some(OnChange::Keep), |node, path| reader.one_of(node, path, ON_CHANGE));
    let profile =
        optional(&fields, "profile", Some(ProfileName::Generic.into()), |node, path| profile(reader, node, path));
    let targets = if shares {
        reader
            .require(&fields, "targets", "at least one, with a `vpc` or a `service_network`")
            .and_then(|node| targets(reader, node))
    } else {
        Some(Vec::new())
    };
    let tags = optional(&fields, "tags", Some(BTreeMap::new()), |node, path| tags(reader, node, path));
    let limits = optional(&fields, "limits", Some(Limits::default()), |node, path| limits(reader, node, path));
    let ports = optional(&fields, "ports", Some(BTreeMap::new()), |node, path| ports(reader, node, path));
    let reconcile =
        optional(&fields, "reconcile", Some(Reconcile::default()), |node, path| reconcile(reader, node, path));
    let outputs = optional(&fields, "outputs", Some(None), |node, path| {
        outputs(reader, node, path, targets.as_deref().unwrap_or_default(), endpoints.as_deref().unwrap_or_default())
            .map(Some)
    });
    if reader.count() > 0 {
        return None;
    }
    Some(Subscription {
        name: name?,
        trust: trust?,
        otherwise: otherwise?,
        approval: approval?,
        on_revoke: on_revoke?,
        on_change: on_change?,
        profile: profile?,
        targets: targets?,
        tags: tags?,
        limits: limits?,
        ports: ports?,
        endpoints: endpoints?,
        reconcile: reconcile?,
        outputs: outputs?,
    })
}

/// What a key holds, or what holds without it.
pub(super) fn optional<T>(
    fields: &Fields<'_>,
    key: &str,
    default: Option<T>,
    read: impl FnOnce(&Node, &str) -> Option<T>,
) -> Option<T> {
    match fields.get(key) {
        Some(node) => read(node, &fields.path(key)),
        None => default,
    }
}

fn trust(reader: &mut Reader, node: &Node) -> Option<Trust> {
    let fields = reader.fields(node, "trust", TRUST, elsewhere)?;
    let problems = reader.count();
    let senders =
        reader.require(&fields, "senders", "the accounts it trusts: `senders: [\"444455556666\"]`").and_then(|node| {
            let items = reader.list(node, "trust.senders", bounds::SENDERS, "AWS account ids")?;
            Some(reader.distinct(items, sender, Clone::clone))
        });
    // Beside an account that could not be read, a share of its owner would be told to be a stranger's.
    let known_senders = senders.as_deref().filter(|_| reader.count() == problems);
    // An empty list could be read as "none" or as "no narrowing", so `list` refuses it.
    let share_names = optional(&fields, "share_names", Some(Vec::new()), |node, path| {
        let expected = "patterns of share names, like `redis-*`";
        let items = reader.list(node, path, bounds::SHARE_NAMES, expected)?;
        let read = |reader: &mut Reader, node: &Node, path: &str| {
            reader.line(node, path, 1..=bounds::SHARE_NAME_LENGTH, "a pattern, like `redis-*`").map(str::to_owned)
        };
        Some(reader.distinct(items, read, Clone::clone))
    });
    let shares = optional(&fields, "shares", Some(Vec::new()), |node, path| {
        let items = reader.list(node, path, bounds::SHARES, "ARNs of resource shares")?;
        let read = |reader: &mut Reader, node: &Node, path: &str| share(reader, node, path, known_senders);
        Some(reader.distinct(items, read, Clone::clone))
    });
    let all_types: Vec<_> = ResourceType::ALL.iter().map(|t| (t.as_str(), *t)).collect();
    let resource_types = optional(&fields, "resource_types", Some(ResourceType::DEFAULT.to_vec()), |node, path| {
        let items = reader.list(node, path, ResourceType::ALL.len(), "resource types of RAM's")?;
        let read = |reader: &mut Reader, node: &Node, path: &str| reader.one_of(node, path, &all_types);
        Some(reader.distinct(items, read, |resource_type| *resource_type))
    });
    Some(Trust { senders: senders?, share_names: share_names?, shares: shares?, resource_types: resource_types? })
}

fn sender(reader: &mut Reader, node: &Node, path: &str) -> Option<AccountId> {
    let Value::Scalar(text, kind) = &node.value else {
        return reader.expected(node, path, AccountId::EXPECTED);
    };
    let account = match kind {
        Scalar::Text | Scalar::Number(_) => AccountId::parse(text.as_str()).ok(),
        Scalar::Null | Scalar::Bool(_) => return reader.expected(node, path, AccountId::EXPECTED),
    };
    match (account, kind) {
        (Some(_), Scalar::Number(_)) if text.starts_with('0') => {
            let message = format!(
                "`{text}` without quotes is a number to YAML, and other readers of this document lose its leading \
                 zero: quote it, `\"{text}\"`"
            );
            reader.problem(node.at, path, message);
            None
        }
        (Some(account), _) => Some(account),
        (None, Scalar::Number(_)) => {
            let message = format!("`{}` is not {}; quote it, too", shown(text), AccountId::EXPECTED);
            reader.problem(node.at, path, message);
            None
        }
        (None, _) => {
            let message = format!("`{}` is not {}", shown(text), AccountId::EXPECTED);
            reader.problem(node.at, path, message);
            None
        }
    }
}

fn share(reader: &mut Reader, node: &Node, path: &str, senders: Option<&[AccountId]>) -> Option<ResourceShareArn> {
    let share = reader.id(node, path, ResourceShareArn::EXPECTED, ResourceShareArn::parse)?;
    if let Some(senders) = senders
        && !senders.iter().any(|sender| sender.as_str() == share.owner())
    {
        let message = format!(
            "the share belongs to account {}, which is not among trust.senders, so it could never be accepted: \
             add the account there, or remove the share",
            share.owner()
        );
        reader.problem(node.at, path, message);
        return None;
    }
    Some(share)
}

fn targets(reader: &mut Reader, node: &Node) -> Option<Vec<Target>> {
    let items = reader.list(node, "targets", bounds::TARGETS, "VPCs and service networks")?;
    Some(reader.distinct(items, target, Target::key))
}

fn target(reader: &mut Reader, node: &Node, path: &str) -> Option<Target> {
    let Value::Map(entries) = &node.value else {
        return reader.expected(node, path, "a mapping with a `vpc` or a `service_network`");
    };
    let has = |key: &str| entries.iter().any(|entry| entry.key == key);
    match (has("vpc"), has("service_network")) {
        (true, true) => {
            let message = "both a `vpc` and a `service_network`: make two targets of it";
            reader.problem(node.at, path, message);
            None
        }
        (false, true) => service_network(reader, node, path).map(Target::ServiceNetwork),
        // Without either, what else stands there tells which was meant.
        (true, false) => vpc(reader, node, path).map(Target::Vpc),
        (false, false) if has("subnets") || has("security_groups") => vpc(reader, node, path).map(Target::Vpc),
        (false, false) => {
            let known: Vec<_> = VPC.iter().chain(SERVICE_NETWORK).copied().collect();
            reader.fields(node, path, &known, elsewhere)?;
            let message = "neither a `vpc` nor a `service_network`; add one, such as `vpc: vpc-0a1b2c3d`";
            reader.problem(node.at, path, message);
            None
        }
    }
}

pub(super) fn vpc(reader: &mut Reader, node: &Node, path: &str) -> Option<VpcTarget> {
    let fields = reader.fields(node, path, VPC, elsewhere)?;
    vpc_of(reader, &fields)
}

/// The place of an endpoint for what VPC Lattice leads to.
pub(super) fn vpc_of(reader: &mut Reader, fields: &Fields<'_>) -> Option<VpcTarget> {
    let vpc = vpc_id(reader, fields);
    let subnets = optional(fields, "subnets", Some(Subnets::Auto), |node, path| subnets(reader, node, path));
    let security_groups = security_groups(reader, fields);
    let private_dns =
        optional(fields, "private_dns", Some(PrivateDns::ProfileDefault), |node, path| private_dns(reader, node, path));
    Some(VpcTarget { vpc: vpc?, subnets: subnets?, security_groups: security_groups?, private_dns: private_dns? })
}

pub(super) fn vpc_id(reader: &mut Reader, fields: &Fields<'_>) -> Option<VpcId> {
    let node = reader.require(fields, "vpc", "one, such as `vpc: vpc-0a1b2c3d`")?;
    reader.id(node, &fields.path("vpc"), VpcId::EXPECTED, VpcId::parse)
}

pub(super) fn security_groups(reader: &mut Reader, fields: &Fields<'_>) -> Option<SecurityGroups> {
    let example =
        "those of the endpoint: `security_groups: [sg-0a1b2c3d]`, or `security_groups: managed` for one of its own";
    let node = reader.require(fields, "security_groups", example)?;
    let path = fields.path("security_groups");
    match &node.value {
        Value::Scalar(text, Scalar::Text) if text == "managed" => Some(SecurityGroups::Managed(Sources::default())),
        Value::List(_) => group_ids(reader, node, &path).map(SecurityGroups::Listed),
        Value::Map(_) => sources(reader, node, &path).map(SecurityGroups::Managed),
        _ => reader.expected(
            node,
            &path,
            "a list of security group ids, `managed`, or its sources (`cidrs`, `security_groups`)",
        ),
    }
}

/// From where a managed one admits.
fn sources(reader: &mut Reader, node: &Node, path: &str) -> Option<Sources> {
    let fields = reader.fields(node, path, SOURCES, |_| None)?;
    let cidrs = optional(&fields, "cidrs", Some(Vec::new()), |node, path| {
        let items = reader.list(node, path, bounds::CIDRS, "CIDR blocks")?;
        let read = |reader: &mut Reader, node: &Node, path: &str| reader.id(node, path, Cidr::EXPECTED, Cidr::parse);
        Some(reader.distinct(items, read, Clone::clone))
    });
    let security_groups =
        optional(&fields, "security_groups", Some(Vec::new()), |node, path| group_ids(reader, node, path));
    if fields.get("cidrs").or_else(|| fields.get("security_groups")).is_none() {
        let message = "neither `cidrs` nor `security_groups`: name one, or write `security_groups: managed` for the VPC's own addresses";
        reader.problem(node.at, path, message);
        return None;
    }
    Some(Sources { cidrs: cidrs?, security_groups: security_groups? })
}

fn group_ids(reader: &mut Reader, node: &Node, path: &str) -> Option<Vec<SecurityGroupId>> {
    let items = reader.list(node, path, bounds::SECURITY_GROUPS, "security group ids")?;
    let read = |reader: &mut Reader, node: &Node, path: &str| {
        reader.id(node, path, SecurityGroupId::EXPECTED, SecurityGroupId::parse)
    };
    Some(reader.distinct(items, read, Clone::clone))
}

pub(super) fn subnets(reader: &mut Reader, node: &Node, path: &str) -> Option<Subnets> {
    match &node.value {
        Value::Scalar(text, Scalar::Text) if text == "auto" => Some(Subnets::Auto),
        Value::List(_) => subnet_ids(reader, node, path).map(Subnets::Listed),
        _ => reader.expected(node, path, "`auto` or a list of subnet ids"),
    }
}

pub(super) fn subnet_ids(reader: &mut Reader, node: &Node, path: &str) -> Option<Vec<SubnetId>> {
    let items = reader.list(node, path, bounds::SUBNETS, "subnet ids")?;
    let read =
        |reader: &mut Reader, node: &Node, path: &str| reader.id(node, path, SubnetId::EXPECTED, SubnetId::parse);
    Some(reader.distinct(items, read, Clone::clone))
}

pub(super) fn private_dns(reader: &mut Reader, node: &Node, path: &str) -> Option<PrivateDns> {
    match &node.value {
        Value::Scalar(text, Scalar::Text) => match text.as_str() {
            "off" => Some(PrivateDns::Off),
            "all-domains" => Some(PrivateDns::AllDomains),
            "verified-domains-only" => Some(PrivateDns::VerifiedDomainsOnly),
            _ => reader.expected(node, path, PRIVATE_DNS),
        },
        Value::Map(_) => {
            let known = ["verified-and-specified", "specified-only"];
            let fields = reader.fields(node, path, &known, |_| None)?;
            match known.map(|key| fields.get(key)) {
                [Some(node), None] => {
                    domains(reader, node, &fields.path(known[0])).map(PrivateDns::VerifiedAndSpecified)
                }
                [None, Some(node)] => domains(reader, node, &fields.path(known[1])).map(PrivateDns::SpecifiedOnly),
                _ => reader.expected(node, path, PRIVATE_DNS),
            }
        }
        _ => reader.expected(node, path, PRIVATE_DNS),
    }
}

fn domains(reader: &mut Reader, node: &Node, path: &str) -> Option<Vec<String>> {
    let items = reader.list(node, path, bounds::DOMAINS, "domain names")?;
    let read = |reader: &mut Reader, node: &Node, path: &str| {
        let expected = "a full domain name, like `example.com` or `*.example.com`";
        let text = reader.text(node, path, expected)?;
        if is_domain(text) {
            return Some(text.to_owned());
        }
        reader.problem(node.at, path, format!("`{}` is not {expected}", shown(text)));
        None
    };
    Some(reader.distinct(items, read, |domain| domain.to_ascii_lowercase()))
}

/// At least two labels of letters, digits and inner hyphens; the first may be a further `*`.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = text.strip_prefix("*.").unwrap_or(text);
    text.len() <= bounds::DOMAIN_LENGTH && name.contains('.') && name.split('.').all(label)
}

fn service_network(reader: &mut Reader, node: &Node, path: &str) -> Option<ServiceNetworkTarget> {
    let only_vpc = |key: &str| {
        VPC.contains(&key)
            .then(|| "it is for targets with a `vpc`: the VPCs behind a service network have their own".to_owned())
    };
    let fields = reader.fields(node, path, SERVICE_NETWORK, |key| only_vpc(key).or_else(|| elsewhere(key)))?;
    let service_network =
        reader.require(&fields, "service_network", "one, such as `service_network: sn-0a1b2c3d`").and_then(|node| {
            reader.id(node, &fields.path("service_network"), ServiceNetworkId::EXPECTED, ServiceNetworkId::parse)
        });
    let private_dns = optional(&fields, "private_dns", Some(true), |node, path| reader.boolean(node, path));
    Some(ServiceNetworkTarget { service_network: service_network?, private_dns: private_dns? })
}

/// Its name, or a mapping that extends it.
fn profile(reader: &mut Reader, node: &Node, path: &str) -> Option<Chosen> {
    let names: Vec<_> = ProfileName::ALL.iter().map(|name| (name.as_str(), *name)).collect();
    let Value::Map(_) = &node.value else {
        return reader.one_of(node, path, &names).map(Chosen::from);
    };
    let fields = reader.fields(node, path, PROFILE, elsewhere)?;
    let extends = reader
        .require(&fields, "extends", "what it begins with, such as `extends: generic`")
        .and_then(|node| reader.one_of(node, &fields.path("extends"), &names));
    let ports = optional(&fields, "ports", Some(Vec::new()), |node, path| {
        let expected = "ranges of ports, like `{from: 9443, use: admin}`";
        let items = reader.list(node, path, bounds::PORT_USES, expected)?;
        Some(reader.distinct(items, port_use, |ports| (ports.from, ports.to)))
    });
    let free_addresses = optional(&fields, "free_addresses_per_subnet", Some(None), |node, path| {
        reader.integer(node, path, 1..=bounds::FREE_ADDRESSES).map(|count| u32::try_from(count).ok())
    });
    let zones = optional(&fields, "unsupported_az_ids", Some(Vec::new()), |node, path| {
        let items = reader.list(node, path, bounds::ZONES, "Availability Zone ids, like use1-az3")?;
        let read = |reader: &mut Reader, node: &Node, path: &str| reader.id(node, path, AzId::EXPECTED, AzId::parse);
        Some(reader.distinct(items, read, Clone::clone))
    });
    Some(Chosen {
        extends: extends?,
        ports: ports?,
        free_addresses_per_subnet: free_addresses?,
        unsupported_az_ids: zones?,
    })
}

fn port_use(reader: &mut Reader, node: &Node, path: &str) -> Option<PortUse> {
    let fields = reader.fields(node, path, PORT_USE, |_| None)?;
    let port = |reader: &mut Reader, node: &Node, path: &str| {
        reader.integer(node, path, 1..=u16::MAX.into()).and_then(|port| u16::try_from(port).ok())
    };
    let from = reader
        .require(&fields, "from", "the first port, such as `from: 9443`")
        .and_then(|node| port(reader, node, &fields.path("from")));
    let to = optional(&fields, "to", from, |node, path| port(reader, node, path));
    let used_for = reader.require(&fields, "use", "what listens there, such as `use: admin`").and_then(|node| {
        let path = fields.path("use");
        reader.line(node, &path, 1..=bounds::USE_LENGTH, "what listens there, as text").map(str::to_owned)
    });
    let required = optional(&fields, "required", Some(false), |node, path| reader.boolean(node, path));
    let (from, to) = (from?, to?);
    if from > to {
        reader.problem(node.at, path, format!("it goes from {from} to {to}: expected the lower port first"));
        return None;
    }
    Some(PortUse { from, to, used_for: used_for?, required: required? })
}

fn tags(reader: &mut Reader, node: &Node, path: &str) -> Option<BTreeMap<String, String>> {
    let entries = reader.entries(node, path, "a mapping of tags, like `{team: payments}`")?;
    if let Some(first_over) = entries.get(bounds::TAGS) {
        let message = format!(
            "{} tags, at most {} are allowed: AWS takes 50, and some are Drawbridge's own",
            entries.len(),
            bounds::TAGS
        );
        reader.problem(first_over.at, path, message);
    }
    let mut tags = BTreeMap::new();
    for entry in entries {
        let path = below(path, &entry.key);
        let key = entry.key.as_str();
        let reserved = ["aws:", "drawbridge:"]
            .into_iter()
            .find(|prefix| key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)));
        if let Some(prefix) = reserved {
            reader.problem(entry.at, &path, format!("tags that start with `{prefix}` are reserved: name it otherwise"));
        } else {
            reader.check_line(key, entry.at, &path, 1..=bounds::TAG_KEY_LENGTH);
        }
        if let Some(value) = reader.line(&entry.value, &path, 0..=bounds::TAG_VALUE_LENGTH, "the tag's value as text") {
            tags.insert(entry.key.clone(), value.to_owned());
        }
    }
    Some(tags)
}

fn limits(reader: &mut Reader, node: &Node, path: &str) -> Option<Limits> {
    let fields = reader.fields(node, path, LIMITS, elsewhere)?;
    let mut limit = |key: &str, most: i64| {
        optional(&fields, key, Some(None), |node, path| {
            reader.integer(node, path, 1..=most).map(|limit| u32::try_from(limit).ok())
        })
    };
    let connections_per_share = limit("connections_per_share", bounds::CONNECTIONS_PER_SHARE);
    let monthly_cost_per_share = limit("monthly_cost_per_share", bounds::MONTHLY_COST);
    let endpoints = limit("endpoints", bounds::ENDPOINTS_LIMIT);
    let monthly_cost_of_endpoints = limit("monthly_cost_of_endpoints", bounds::MONTHLY_COST);
    Some(Limits {
        connections_per_share: connections_per_share?,
        monthly_cost_per_share: monthly_cost_per_share?,
        endpoints: endpoints?,
        monthly_cost_of_endpoints: monthly_cost_of_endpoints?,
    })
}

/// One of two words, or after how long.
fn on_revoke(reader: &mut Reader, node: &Node, path: &str) -> Option<OnRevoke> {
    match &node.value {
        Value::Scalar(text, Scalar::Text) => match text.as_str() {
            "keep" => Some(OnRevoke::Keep),
            "close" => Some(OnRevoke::Close),
            CLOSE_AFTER => {
                let message = "it says not after how long: write `on_revoke: {close-after: 72h}`";
                reader.problem(node.at, path, message);
                None
            }
            _ => reader.expected(node, path, ON_REVOKE),
        },
        Value::Map(_) => {
            let fields = reader.fields(node, path, &[CLOSE_AFTER], |_| None)?;
            let node = reader.require(&fields, CLOSE_AFTER, "the time for which it can be used: `close-after: 72h`")?;
            reader.id(node, &fields.path(CLOSE_AFTER), Grace::EXPECTED, Grace::parse).map(OnRevoke::CloseAfter)
        }
        _ => reader.expected(node, path, ON_REVOKE),
    }
}

/// One word for everything, or one for each finding.
fn reconcile(reader: &mut Reader, node: &Node, path: &str) -> Option<Reconcile> {
    if let Value::Scalar(..) = &node.value {
        return reader.one_of(node, path, REMEDIES).map(Reconcile::all);
    }
    let fields = reader.fields(node, path, RECONCILE, elsewhere)?;
    let mut remedy = |key: &str, words: &[(&str, Remedy)]| {
        optional(&fields, key, Some(Remedy::Report), |node, path| reader.one_of(node, path, words))
    };
    Some(Reconcile {
        gone: remedy("gone", &REMEDIES[..WITHOUT_ADOPT])?,
        orphaned: remedy("orphaned", REMEDIES)?,
        duplicated: remedy("duplicated", &REMEDIES[..WITHOUT_ADOPT])?,
        changed: remedy("changed", &REMEDIES[..WITHOUT_ADOPT])?,
    })
}

/// One database has one parameter in each target, so several targets need paths of their own.
fn outputs(
    reader: &mut Reader,
    node: &Node,
    path: &str,
    targets: &[Target],
    endpoints: &[EndpointItem],
) -> Option<OutputPrefix> {
    let fields = reader.fields(node, path, OUTPUTS, elsewhere)?;
    let ssm = reader.require(&fields, "ssm", "a path, such as `ssm: /drawbridge/redis`")?;
    let path = fields.path("ssm");
    let prefix = reader.id(ssm, &path, OutputPrefix::EXPECTED, OutputPrefix::parse)?;
    let places: BTreeSet<_> =
        targets.iter().map(Target::key).chain(endpoints.iter().map(EndpointItem::target)).collect();
    if places.len() > 1 && !prefix.tells_targets_apart() {
        let message = format!(
            "the subscription connects to {} VPCs or service networks, and a database would have the same parameter \
             in each: tell them apart, `ssm: {prefix}/{{target}}`",
            places.len()
        );
        reader.problem(ssm.at, &path, message);
        return None;
    }
    Some(prefix)
}

fn ports(reader: &mut Reader, node: &Node, path: &str) -> Option<BTreeMap<String, u16>> {
    let entries = reader.entries(
        node,
        path,
        "a mapping of resource configurations or services to ports, like `{orders-db: 12000}`",
    )?;
    let mut ports = BTreeMap::new();
    for entry in entries {
        let path = below(path, &entry.key);
        if !is_configuration(&entry.key) && ServiceName::parse(entry.key.as_str()).is_err() {
            let message = format!(
                "`{}` is neither the name of a resource configuration (3 to 40 characters from a-z, 0-9 and -), nor \
                 its id, like rcfg-0a1b2c3d4e5f60718, nor the name of an endpoint service",
                shown(&entry.key)
            );
            reader.problem(entry.at, &path, message);
        }
        if let Some(port) = reader.integer(&entry.value, &path, 1..=i64::from(u16::MAX)) {
            ports.insert(entry.key.clone(), u16::try_from(port).unwrap_or(u16::MAX));
        }
    }
    Some(ports)
}

/// A name or an id of a resource configuration [botocore: vpc-lattice]; ids pass as names do.
fn is_configuration(text: &str) -> bool {
    (3..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}
