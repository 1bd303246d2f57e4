#![allow(clippy::unwrap_used, clippy::expect_used)]

mod corpus;
mod corpus_endpoints;
mod evaluator;
mod properties;

use serde_json::{Value as Json, json};

use self::corpus::{BASE, Schema, bad, good};
use super::super::{bounds, json_schema};
use super::tree::{self, Node, Scalar, Value};
use super::*;

/// The tree as JSON, the way other readers see the document.
fn json_of(node: &Node) -> Json {
    match &node.value {
        Value::Scalar(_, Scalar::Null) => Json::Null,
        Value::Scalar(_, Scalar::Bool(value)) => json!(value),
        Value::Scalar(_, Scalar::Number(Some(value))) => json!(value),
        Value::Scalar(text, Scalar::Number(None)) => text.parse::<f64>().map_or(Json::Null, |value| json!(value)),
        Value::Scalar(text, Scalar::Text) => json!(text),
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), json_of(&entry.value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Told => unreachable!("a tree that was read has nothing told"),
    }
}

fn lines(text: &str) -> Vec<String> {
    let problems = parse("file.yaml", text).unwrap_err();
    let displayed = problems.to_string();
    let lines: Vec<_> = displayed
        .lines()
        .map(|line| line.strip_prefix("file.yaml:").expect("the file stands first").to_owned())
        .collect();
    assert_eq!(lines.len(), problems.problems.len(), "one line per problem");
    lines
}

#[test]
fn every_problem_is_told_with_its_place() {
    let mut wrong = Vec::new();
    for case in bad() {
        let document = case.document();
        let told = lines(&document);
        let right = told.len() == case.problems.len()
            && told.iter().zip(case.problems).all(|(told, expected)| told.starts_with(expected));
        if !right {
            let (expected, told) = (case.problems.join("\n"), told.join("\n"));
            wrong.push(format!("{document}\nexpected:\n{expected}\ntold:\n{told}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn good_documents_are_read() {
    for document in good() {
        if let Err(problems) = parse("good", &document) {
            panic!("{document}\n{problems}");
        }
    }
}

#[test]
fn schema_and_parser_agree() {
    let schema = json_schema();
    for document in good() {
        let document = json_of(&tree::read(&document).unwrap());
        assert!(evaluator::accepts(&schema, &document), "the parser reads, the schema refuses {document}");
    }
    for case in bad() {
        // Not every document is JSON at all.
        let Ok(tree) = tree::read(&case.document()) else { continue };
        let document = json_of(&tree);
        let refuses = !evaluator::accepts(&schema, &document);
        assert_eq!(refuses, case.schema == Schema::RefusesToo, "{document}");
    }
}

#[test]
fn the_published_schema_is_the_codes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema/subscription-v1.schema.json");
    let schema = json_schema();
    let published: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(published == schema, "write it anew: drawbridge schema > schema/subscription-v1.schema.json");
}

#[test]
fn what_is_left_out_has_its_default() {
    use super::super::{OnRevoke, Otherwise, PrivateDns, ResourceType, Subnets, Target};
    use crate::profile::ProfileName;
    let subscription = parse("base", BASE).unwrap();
    assert_eq!(subscription.otherwise, Otherwise::Ignore);
    assert_eq!(subscription.on_revoke, OnRevoke::Keep);
    assert_eq!(subscription.profile, ProfileName::Generic.into());
    assert_eq!(subscription.trust.resource_types, [ResourceType::ResourceConfiguration], "no upgrade widens trust");
    assert!(subscription.endpoints.is_empty());
    assert!(subscription.trust.share_names.is_empty() && subscription.trust.shares.is_empty());
    assert_eq!(subscription.limits.connections_per_share, None);
    let [Target::Vpc(vpc)] = subscription.targets.as_slice() else { panic!() };
    assert_eq!((&vpc.subnets, &vpc.private_dns), (&Subnets::Auto, &PrivateDns::ProfileDefault));
    let network = BASE.replace("vpc: vpc-0a\n    security_groups: [sg-0a]", "service_network: sn-0a");
    let subscription = parse("base", &network).unwrap();
    let [Target::ServiceNetwork(network)] = subscription.targets.as_slice() else { panic!() };
    assert!(network.private_dns);
}

#[test]
fn the_examples_say_what_they_show() {
    use super::super::{Kind, PrivateDns, Target};
    let text = include_str!("../../../../../../examples/endpoints.yaml");
    let subscription = parse("endpoints.yaml", text).unwrap();
    assert!(!subscription.trust.is_of_somebody() && subscription.targets.is_empty());
    let kinds: Vec<_> = subscription.endpoints.iter().map(super::super::EndpointItem::kind).collect();
    assert_eq!(
        kinds,
        [Kind::InterfaceEndpoint, Kind::InterfaceEndpoint, Kind::GatewayEndpoint, Kind::ServiceNetworkEndpoint]
    );
    let text = include_str!("../../../../../../examples/redis-production.yaml");
    let subscription = parse("redis-production.yaml", text).unwrap();
    assert_eq!(subscription.ports.len(), 2);
    assert_eq!(subscription.limits.connections_per_share, Some(20));
    assert_eq!(subscription.tags["cost-center"], "1234");
    let [Target::Vpc(vpc)] = subscription.targets.as_slice() else { panic!() };
    assert_eq!(vpc.private_dns, PrivateDns::VerifiedDomainsOnly);
}

#[test]
fn the_documentation_s_own_document_is_valid_and_it_lists_every_finding() {
    let text = include_str!("../../../../../../docs/subscription.md");
    let blocks: Vec<_> = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let whole = blocks.iter().find(|block| block.starts_with("version: 1")).unwrap();
    if let Err(problems) = parse("docs/subscription.md", whole) {
        panic!("{problems}");
    }
    for (code, meaning) in crate::preflight::CODES {
        assert!(text.contains(&format!("| `{code}` | {meaning} |")), "docs/subscription.md lacks {code}: {meaning}");
    }
}

#[test]
fn a_version_is_told_to_be_too_new() {
    assert_eq!(newer_version(1), None);
    assert_eq!(newer_version(0), None);
    assert!(newer_version(2).unwrap().contains("read it with a newer Drawbridge"));
}

#[test]
fn a_document_that_is_too_big_is_not_looked_at() {
    let text = format!("{BASE}#{}\n", "x".repeat(bounds::DOCUMENT_BYTES));
    let told = lines(&text);
    assert!(told[0].starts_with("1:1: document: the document has 65"), "{told:?}");
    assert_eq!(told.len(), 1);
}

fn each(numbers: std::ops::Range<usize>, line: impl Fn(usize) -> String) -> String {
    numbers.map(line).collect::<Vec<_>>().concat()
}

#[test]
fn lists_have_their_bounds() {
    let senders: Vec<_> = (0..51).map(|i| format!("\"4444555566{i:02}\"")).collect();
    let accept = BASE.replace("\"444455556666\"", &senders[..50].join(", "));
    assert!(parse("50", &accept).is_ok());
    let refuse = BASE.replace("\"444455556666\"", &senders.join(", "));
    assert!(lines(&refuse)[0].contains("trust.senders: 51 items, at most 50 are allowed"));

    let targets = |n: usize| each(1..n, |i| format!("  - service_network: sn-{i}\n"));
    assert!(parse("50", &format!("{BASE}{}", targets(50))).is_ok());
    assert!(lines(&format!("{BASE}{}", targets(51)))[0].contains("targets: 51 items, at most 50"));

    let tags = |n: usize| each(0..n, |i| format!("  k{i}: v\n"));
    assert!(parse("40", &format!("{BASE}tags:\n{}", tags(40))).is_ok());
    assert!(lines(&format!("{BASE}tags:\n{}", tags(41)))[0].starts_with("49:3: tags: 41 tags, at most 40"));

    let tag =
        |key: usize, value: usize| format!("{BASE}tags: {{\"{}\": \"{}\"}}\n", "é".repeat(key), "é".repeat(value));
    assert!(parse("tag", &tag(128, 256)).is_ok());
    assert!(lines(&tag(129, 256))[0].contains("129 characters; expected 1 to 128"));
    assert!(lines(&tag(128, 257))[0].contains("257 characters; expected 0 to 256"));
}

#[test]
fn a_policy_has_its_bound() {
    let policy = |length: usize| {
        let statement = format!("{{\"Sid\": \"{}\"}}", "x".repeat(length - r#"{"Statement":[{"Sid":""}]}"#.len()));
        let item = "gateway: s3, vpc: vpc-0a, route_tables: all";
        format!("{BASE}endpoints:\n  - {{{item}, policy: {{Statement: [{statement}]}}}}\n")
    };
    assert!(parse("policy", &policy(bounds::POLICY_CHARACTERS)).is_ok());
    let told = lines(&policy(bounds::POLICY_CHARACTERS + 1));
    assert!(told[0].contains("endpoints[0].policy: the policy has 20481 characters as JSON"), "{told:?}");
}

#[test]
fn many_problems_end_in_a_word_on_the_rest() {
    let unknown = each(0..500, |i| format!("x{i}: 1\n"));
    let told = lines(&format!("{BASE}{unknown}"));
    assert_eq!(told.len(), bounds::PROBLEMS + 1);
    assert!(told[bounds::PROBLEMS].ends_with("400 more problems follow; mend these first"));
}

#[test]
fn hostile_documents_are_refused_quickly() {
    let limit = bounds::DOCUMENT_BYTES;
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n";
    let started = std::time::Instant::now();
    let mut wrong = Vec::new();
    for (text, said) in [
        (bomb.to_owned(), "aliases"),
        ("[".repeat(limit), "recursion limit exceeded"),
        ("{a: ".repeat(limit / 4), "recursion limit exceeded"),
        ("- ".repeat(limit / 2), "more than 16 levels deep"),
        ("? ".repeat(limit / 2), "more than 16 levels deep"),
        (each(0..200, |i| format!("{}a:\n", " ".repeat(i))), "more than 16 levels deep"),
        (format!("[{}]", "1,".repeat(20_000)), "more than 10000 values"),
        (format!("[{}]", "*a,".repeat(20_000)), "not valid YAML"),
        (format!("&a [{}]", "&b b,".repeat(12_000)), "more than 10000 values"),
        ("\"".repeat(limit), "not valid YAML"),
        ("a".repeat(limit), "expected a mapping"),
        (format!("{BASE}{}: 1\n", "a".repeat(1000)), "unknown key"),
        (format!("{BASE}? {}\n: 1\n", "a".repeat(60_000)), "unknown key"),
        ("a: |\n".to_owned() + &" x\n".repeat(limit / 3 - 2), "`version` is missing"),
        ("\t".repeat(limit), ""),
        ("%".repeat(limit), ""),
        ("!".repeat(limit), ""),
        ("\r".repeat(limit), "empty"),
        ("#\n".repeat(limit / 2), "empty"),
        ("---\n".repeat(limit / 4), "second document"),
        ("...\n".repeat(limit / 4), ""),
        ("\u{0}".repeat(limit), ""),
    ] {
        let told = lines(&text);
        let beginning: String = text.chars().take(20).collect();
        if !told.iter().any(|line| line.contains(said)) {
            wrong.push((beginning, told));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Generous, for a busy machine: what takes this long is not linear.
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
