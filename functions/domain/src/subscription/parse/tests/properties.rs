use std::collections::BTreeMap;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::super::endpoints::Policy;
use super::super::super::{
    Approval, Cidr, EndpointItem, GatewayItem, GatewayService, Grace, InterfaceItem, Limits, NetworkItem, NetworkName,
    OnChange, OnRevoke, Otherwise, PrivateDns, Reconcile, Remedy, ResourceType, RouteTables, SecurityGroups,
    ServiceNetworkTarget, Sources, Subnets, Target, Trust, VpcTarget,
};
use super::super::{Problem, Problems, Subscription, parse, parse_canonical, reader::unprintable};
use super::corpus::{BASE, bad, good};
use super::evaluator;
use crate::ids::{
    AccountId, AzId, OutputPrefix, Region, ResourceArn, ResourceShareArn, RouteTableId, SecurityGroupId, ServiceName,
    ServiceNetworkId, SubnetId, SubscriptionName, VpcId,
};
use crate::profile::{Chosen, PortUse, ProfileName};

/// Never a panic, and every place inside the document.
fn withstands(text: &str) -> Result<(), TestCaseError> {
    if let Err(problems) = parse("any", text) {
        prop_assert!(!problems.problems.is_empty());
        let mut last = (0, 0);
        for problem in &problems.problems {
            let line = text.split('\n').nth(problem.line - 1);
            prop_assert!(line.is_some(), "line {} of {:?}", problem.line, text);
            let columns = line.unwrap().chars().count() + 1;
            prop_assert!((1..=columns).contains(&problem.column), "column {} of {:?}", problem.column, line);
            prop_assert!(!problem.message.chars().any(char::is_control), "{:?}", problem.message);
            prop_assert!(!problem.path.chars().any(char::is_control), "{:?}", problem.path);
            prop_assert!(last <= (problem.line, problem.column), "{problems}");
            last = (problem.line, problem.column);
        }
    }
    Ok(())
}

/// Pieces of which YAML is made, so that random text gets past the first character.
fn yamlish(most: usize) -> impl Strategy<Value = String> {
    let piece = select(vec![
        "\n",
        "\n  ",
        "\n    ",
        " ",
        ": ",
        ":",
        "- ",
        "? ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "\"",
        "'",
        "|",
        ">",
        "&a",
        "*a",
        "!x ",
        "!!str ",
        "<<: ",
        "#",
        " # ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "\t",
        "\r",
        "\r\n",
        "\\u00",
        "\u{feff}",
        "\u{85}",
        "\u{2028}",
        "\u{0}",
        "é",
        "~",
        "null",
        "true",
        "0x",
        "1e5",
        "version: 1\n",
        "name: a\n",
        "trust:\n",
        "senders:",
        "targets:\n",
        "vpc: vpc-0a",
        "security_groups: [sg-0a]",
        "private_dns: ",
        "tags: ",
        "ports:",
        "444455556666",
    ]);
    vec(piece, 0..=most).prop_map(|pieces| pieces.concat())
}

/// One of these documents with a few characters replaced: little enough that some stay readable.
fn damaged(documents: Vec<String>) -> impl Strategy<Value = String> {
    let with = prop_oneof![yamlish(2), "[a-z0-9]{0,2}"];
    (select(documents), any::<prop::sample::Index>(), 0usize..4, with).prop_map(|(document, from, length, with)| {
        let chars: Vec<char> = document.chars().collect();
        let from = from.index(chars.len() + 1);
        let to = (from + length).min(chars.len());
        chars[..from].iter().copied().chain(with.chars()).chain(chars[to..].iter().copied()).collect()
    })
}

fn good_and_bad() -> Vec<String> {
    good().into_iter().chain(bad().map(super::corpus::Case::document)).collect()
}

fn text(length: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        any::<char>(),
        select(vec![
            '"',
            '\\',
            '\'',
            ':',
            '#',
            '*',
            ' ',
            '\u{2028}',
            '\u{feff}',
            '\u{a0}',
            '\u{e000}',
            '\u{10ffff}',
            '~',
            '1'
        ]),
    ]
    .prop_map(|c| if unprintable(c) { 'x' } else { c });
    vec(character, length).prop_map(|characters| characters.into_iter().collect())
}

fn domain() -> impl Strategy<Value = String> {
    "(\\*\\.)?([a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?\\.){1,3}[a-z]{2,8}"
}

fn distinct<T: Ord + std::fmt::Debug>(
    items: impl Strategy<Value = T>,
    size: std::ops::RangeInclusive<usize>,
) -> impl Strategy<Value = Vec<T>> {
    btree_set(items, size).prop_map(|set| set.into_iter().collect::<Vec<_>>()).prop_shuffle()
}

fn subnet() -> impl Strategy<Value = SubnetId> {
    "subnet-[0-9a-f]{1,17}".prop_map(|id| SubnetId::parse(id).unwrap())
}

fn subnets() -> impl Strategy<Value = Subnets> {
    prop_oneof![Just(Subnets::Auto), distinct(subnet(), 1..=6).prop_map(Subnets::Listed)]
}

fn groups() -> impl Strategy<Value = SecurityGroups> {
    let ids = || distinct("sg-[0-9a-f]{1,17}".prop_map(|id| SecurityGroupId::parse(id).unwrap()), 1..=5);
    let cidr = (any::<u32>(), 0u32..=32).prop_map(|(address, length)| {
        let first = u64::from(address) >> (32 - length) << (32 - length);
        let first = std::net::Ipv4Addr::from(u32::try_from(first).unwrap());
        Cidr::parse(format!("{first}/{length}")).unwrap()
    });
    let sources = (distinct(cidr, 0..=5), option::of(ids()))
        .prop_map(|(cidrs, groups)| Sources { cidrs, security_groups: groups.unwrap_or_default() });
    prop_oneof![ids().prop_map(SecurityGroups::Listed), sources.prop_map(SecurityGroups::Managed)]
}

fn vpc() -> impl Strategy<Value = VpcId> {
    "vpc-[0-9a-f]{1,17}".prop_map(|id| VpcId::parse(id).unwrap())
}

fn vpc_target() -> impl Strategy<Value = VpcTarget> {
    let private_dns = prop_oneof![
        Just(PrivateDns::Off),
        Just(PrivateDns::ProfileDefault),
        Just(PrivateDns::VerifiedDomainsOnly),
        Just(PrivateDns::AllDomains),
        distinct(domain(), 1..=10).prop_map(PrivateDns::VerifiedAndSpecified),
        distinct(domain(), 1..=10).prop_map(PrivateDns::SpecifiedOnly),
    ];
    (vpc(), subnets(), groups(), private_dns).prop_map(|(vpc, subnets, security_groups, private_dns)| VpcTarget {
        vpc,
        subnets,
        security_groups,
        private_dns,
    })
}

fn policy() -> impl Strategy<Value = Option<Policy>> {
    let value = prop_oneof![text(0..=9).prop_map(serde_json::Value::from), any::<bool>().prop_map(Into::into)];
    let statement = btree_map(text(1..=9), prop_oneof![value.clone(), vec(value, 0..3).prop_map(Into::into)], 0..4);
    option::of(vec(statement, 0..3).prop_map(|all| Policy(serde_json::json!({"Statement": all}))))
}

fn endpoint() -> impl Strategy<Value = EndpointItem> {
    let region = option::of(select(vec!["eu-west-1", "us-gov-east-1"]).prop_map(|r| Region::parse(r).unwrap()));
    let service = "com(\\.[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?){2,4}".prop_map(|name| ServiceName::parse(name).unwrap());
    let interface = (service, region, vpc(), subnets(), groups(), option::of(any::<bool>()), policy()).prop_map(
        |(service, region, vpc, subnets, security_groups, private_dns, policy)| {
            let item = InterfaceItem { service, region, vpc, subnets, security_groups, private_dns, policy };
            EndpointItem::Interface(item)
        },
    );
    let table = "rtb-[0-9a-f]{1,17}".prop_map(|id| RouteTableId::parse(id).unwrap());
    let route_tables = prop_oneof![
        Just(RouteTables::All),
        distinct(subnet(), 1..=3).prop_map(RouteTables::OfSubnets),
        distinct(table, 1..=3).prop_map(RouteTables::Listed),
    ];
    let gateway = (select(GatewayService::ALL.to_vec()), vpc(), route_tables, policy()).prop_map(
        |(service, vpc, route_tables, policy)| {
            EndpointItem::Gateway(GatewayItem { service, vpc, route_tables, policy })
        },
    );
    let name = ("sn-[0-9a-f]{1,17}", any::<bool>()).prop_map(|(id, own)| {
        if own {
            return NetworkName::Own(ServiceNetworkId::parse(id).unwrap());
        }
        let arn = format!("arn:aws:vpc-lattice:us-east-1:444455556666:servicenetwork/{id}");
        NetworkName::Arn(ResourceArn::parse(arn).unwrap())
    });
    let network = (name, vpc_target())
        .prop_map(|(service_network, at)| EndpointItem::ServiceNetwork(NetworkItem { service_network, at }));
    prop_oneof![interface, gateway, network]
}

fn target() -> impl Strategy<Value = Target> {
    let network = ("sn-[0-9a-f]{1,17}", any::<bool>()).prop_map(|(id, private_dns)| {
        let service_network = ServiceNetworkId::parse(id).unwrap();
        Target::ServiceNetwork(ServiceNetworkTarget { service_network, private_dns })
    });
    prop_oneof![vpc_target().prop_map(Target::Vpc), network]
}

fn trust() -> impl Strategy<Value = Trust> {
    let types = distinct(select(ResourceType::ALL.to_vec()).prop_map(ResourceType::as_str), 1..=2);
    (distinct("[0-9]{12}", 1..=5), distinct(text(1..=20), 0..=3), btree_set("[0-9a-f-]{1,36}", 0..=3), types).prop_map(
        |(senders, share_names, shares, types)| Trust {
            shares: shares
                .iter()
                .map(|id| format!("arn:aws:ram:us-east-1:{}:resource-share/{id}", senders[0]))
                .map(|arn| ResourceShareArn::parse(arn).unwrap())
                .collect(),
            senders: senders.into_iter().map(|id| AccountId::parse(id).unwrap()).collect(),
            share_names,
            resource_types: types.into_iter().filter_map(ResourceType::of).collect(),
        },
    )
}

fn reconcile() -> impl Strategy<Value = Reconcile> {
    let but_adopt = || select(vec![Remedy::Report, Remedy::Repair]);
    let all = select(vec![Remedy::Report, Remedy::Repair, Remedy::Adopt]);
    (but_adopt(), all, but_adopt(), but_adopt()).prop_map(|(gone, orphaned, duplicated, changed)| Reconcile {
        gone,
        orphaned,
        duplicated,
        changed,
    })
}

fn profile() -> impl Strategy<Value = Chosen> {
    let port = (1u16.., 0u16..9, "[a-z]{1,9}", any::<bool>()).prop_map(|(from, more, used_for, required)| PortUse {
        from,
        to: from.saturating_add(more),
        used_for,
        required,
    });
    let ports = vec(port, 0..3).prop_map(|all| {
        let mut ports: Vec<PortUse> = Vec::new();
        for one in all {
            if ports.iter().all(|other| (other.from, other.to) != (one.from, one.to)) {
                ports.push(one);
            }
        }
        ports
    });
    let zones = btree_set("[a-z]{3,5}[0-9]-az[0-9]", 0..3)
        .prop_map(|zones| zones.into_iter().map(|zone| AzId::parse(zone).unwrap()).collect());
    (select(ProfileName::ALL.to_vec()), ports, option::of(1u32..=65_531), zones).prop_map(
        |(extends, ports, free_addresses_per_subnet, unsupported_az_ids)| Chosen {
            extends,
            ports,
            free_addresses_per_subnet,
            unsupported_az_ids,
        },
    )
}

fn limits() -> impl Strategy<Value = Limits> {
    let dollars = || option::of(1u32..=1_000_000);
    (option::of(1u32..=10_000), dollars(), option::of(1u32..=50), dollars()).prop_map(
        |(connections_per_share, monthly_cost_per_share, endpoints, monthly_cost_of_endpoints)| Limits {
            connections_per_share,
            monthly_cost_per_share,
            endpoints,
            monthly_cost_of_endpoints,
        },
    )
}

fn subscription() -> impl Strategy<Value = Subscription> {
    let tags = btree_map(text(1..=40), text(0..=60), 0..4).prop_map(|tags| {
        let reserved = |key: &str| {
            let key = key.to_ascii_lowercase();
            key.starts_with("aws:") || key.starts_with("drawbridge:")
        };
        tags.into_iter().filter(|(key, _)| !reserved(key)).collect::<BTreeMap<_, _>>()
    });
    let targets = vec(target(), 1..6).prop_map(|all| {
        let mut targets: Vec<Target> = Vec::new();
        for target in all {
            if targets.iter().all(|other| other.key() != target.key()) {
                targets.push(target);
            }
        }
        targets
    });
    (
        "[a-z][a-z0-9-]{0,63}",
        trust(),
        (
            select(vec![Otherwise::Hold, Otherwise::Reject, Otherwise::Ignore]),
            select(vec![Approval::Never, Approval::FirstTime, Approval::Always]),
            select(vec![
                OnRevoke::Keep,
                OnRevoke::Close,
                OnRevoke::CloseAfter(Grace::parse("5m").unwrap()),
                OnRevoke::CloseAfter(Grace::parse("720h").unwrap()),
                OnRevoke::CloseAfter(Grace::parse("7d").unwrap()),
            ]),
            select(vec![OnChange::Keep, OnChange::Replace]),
            reconcile(),
            option::of("(/[a-zA-Z0-9_.-]{1,9}|/\\{target\\}){1,5}"),
        ),
        profile(),
        targets,
        tags,
        limits(),
        btree_map("[a-z0-9][a-z0-9-]{1,38}[a-z0-9]|com\\.[a-z]{1,9}\\.[a-z0-9]{1,9}", 1u16.., 0..4),
        (vec(endpoint(), 0..3), any::<bool>()),
    )
        .prop_map(
            |(
                name,
                trust,
                (otherwise, approval, on_revoke, on_change, reconcile, outputs),
                profile,
                targets,
                tags,
                limits,
                ports,
                (all, only),
            )| {
                let mut endpoints: Vec<EndpointItem> = Vec::new();
                for endpoint in all {
                    let same = |other: &EndpointItem| other.kind() == endpoint.kind() && other.vpc() == endpoint.vpc();
                    if !endpoints.iter().any(same) {
                        endpoints.push(endpoint);
                    }
                }
                let only = only && !endpoints.is_empty();
                let outputs =
                    outputs.map(|path| format!("{path}/{{target}}")).and_then(|p| OutputPrefix::parse(p).ok());
                Subscription {
                    name: SubscriptionName::parse(name).unwrap(),
                    trust: if only { Trust::nobody() } else { trust },
                    otherwise: if only { Otherwise::Ignore } else { otherwise },
                    approval: if only { Approval::Never } else { approval },
                    on_revoke: if only { OnRevoke::Keep } else { on_revoke },
                    on_change,
                    profile,
                    targets: if only { Vec::new() } else { targets },
                    tags,
                    limits,
                    ports,
                    endpoints,
                    reconcile,
                    outputs,
                }
            },
        )
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        withstands(&text)?;
    }

    #[test]
    fn anything_like_yaml_is_read_or_refused(text in yamlish(60)) {
        withstands(&text)?;
        withstands(&format!("{BASE}{text}"))?;
    }

    #[test]
    fn damaged_documents_are_read_or_refused(text in damaged(good_and_bad())) {
        withstands(&text)?;
    }

    #[test]
    fn the_canonical_document_is_read_back_to_an_equal_value(subscription in subscription()) {
        let document = subscription.to_document();
        prop_assert!(evaluator::accepts(&super::json_schema(), &document), "{}", document);
        for text in [document.to_string(), serde_json::to_string_pretty(&document).unwrap()] {
            for read in [parse("canonical", &text), parse_canonical("canonical", &text)] {
                match read {
                    Ok(read) => prop_assert_eq!(&read, &subscription),
                    Err(problems) => prop_assert!(false, "{}\n{}", text, problems),
                }
            }
        }
    }

    /// Of JSON, both ways to the tree lead to the same value, or to the same problems.
    #[test]
    fn json_is_read_the_same_without_its_places(text in damaged(good_and_bad())) {
        if let Ok(tree) = super::tree::read(&text) {
            let json = super::json_of(&tree).to_string();
            let told = |read: Result<Subscription, Problems>| {
                let of = |problem: Problem| (problem.path, problem.message);
                read.map_err(|problems| problems.problems.into_iter().map(of).collect::<std::collections::BTreeSet<_>>())
            };
            prop_assert_eq!(told(parse("a", &json)), told(parse_canonical("a", &json)), "{}", json);
        }
    }

    /// What the parser reads, the schema accepts; the other way round a schema lacks the words.
    #[test]
    fn the_schema_accepts_whatever_is_read(text in damaged(good())) {
        if parse("any", &text).is_ok() {
            let tree = super::tree::read(&text).unwrap();
            let document = super::json_of(&tree);
            prop_assert!(evaluator::accepts(&super::json_schema(), &document), "{}", document);
        }
    }
}
