//! Documents, good and bad, with what is to be said of each.

/// The document that the cases change.
pub const BASE: &str = "\
version: 1
name: redis
trust:
  senders: [\"444455556666\"]
targets:
  - vpc: vpc-0a
    security_groups: [sg-0a]
";

/// A change of [`BASE`].
pub struct Case {
    /// What is replaced; empty to append, `*` for everything.
    pub from: &'static str,
    pub to: &'static str,
    /// The problems, all of them, each from its beginning.
    pub problems: &'static [&'static str],
    /// Whether the schema refuses it too; not where a schema has no words for it.
    pub schema: Schema,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    RefusesToo,
    HasNoWords,
}

use Schema::{HasNoWords, RefusesToo};

impl Case {
    pub fn document(&self) -> String {
        change(self.from, self.to)
    }
}

pub fn change(from: &str, to: &str) -> String {
    match from {
        "*" => to.to_owned(),
        "" => format!("{BASE}{to}"),
        _ => {
            assert_eq!(BASE.matches(from).count(), 1, "{from:?} stands once in the base");
            BASE.replace(from, to)
        }
    }
}

pub const fn case(from: &'static str, to: &'static str, problems: &'static [&'static str], schema: Schema) -> Case {
    Case { from, to, problems, schema }
}

/// Documents that are read, as changes of [`BASE`].
pub fn good() -> Vec<String> {
    let mut good: Vec<String> = [
        ("", ""),
        ("version: 1", "---\nversion: 1"),
        ("version: 1", "\u{feff}version: 1"),
        ("version: 1", "version: 1 # a comment"),
        ("version: 1", "\"version\": 0x1"),
        ("\"444455556666\"", "444455556666"),
        ("\"444455556666\"", "'012345678901'"),
        ("[\"444455556666\"]", "\n    - \"444455556666\"\n    - \"111122223333\""),
        ("    security_groups", "    subnets: auto\n    security_groups"),
        ("    security_groups", "    subnets: [subnet-0a, subnet-0b]\n    security_groups"),
        ("[sg-0a]", "&unused [sg-0a]"),
        ("", "    private_dns: off\n"),
        ("", "    private_dns: all-domains\n"),
        ("", "    private_dns: verified-domains-only\n"),
        ("", "    private_dns: {verified-and-specified: [example.com, '*.a-b.example.com']}\n"),
        ("", "    private_dns: {specified-only: [xn--bcher-kva.example]}\n"),
        ("", "  - vpc: vpc-0b\n    security_groups: [sg-0a]\n  - service_network: sn-0a\n"),
        ("vpc: vpc-0a\n    security_groups: [sg-0a]", "service_network: sn-0a\n    private_dns: false"),
        ("", "otherwise: reject\nprofile: redis-cloud\n"),
        ("", "otherwise: ignore\nprofile: generic\n"),
        ("", "profile: {extends: redis-cloud}\n"),
        (
            "",
            "profile:\n  extends: generic\n  ports: [{from: 9092, to: 9094, use: brokers, required: true}, {from: 9443, use: admin}]\n  \
             free_addresses_per_subnet: 8\n  unsupported_az_ids: [use1-az3, usw2-lax1-az1]\n",
        ),
        ("", "approval: never\n"),
        ("", "approval: first-time\n"),
        ("", "approval: always\n"),
        ("", "on_revoke: keep\n"),
        ("", "on_revoke: close\n"),
        ("", "on_revoke: {close-after: 72h}\n"),
        ("", "on_revoke:\n  close-after: '5m'\n"),
        ("", "on_revoke: {close-after: 30d}\n"),
        ("", "reconcile: adopt\n"),
        ("", "reconcile: {gone: repair, orphaned: adopt}\n"),
        ("", "reconcile: {}\n"),
        ("", "outputs: {ssm: /drawbridge/redis}\n"),
        ("", "outputs: {ssm: '/a/{target}/c'}\n"),
        ("", "tags: {}\nlimits: {}\nports: {}\n"),
        ("", "tags: {team: payments, 12: '', 'a b': 'ü', 'aws': x, awsome:x: y}\n"),
        ("", "limits: {connections_per_share: 20}\n"),
        ("", "limits: {monthly_cost_per_share: 500}\non_change: replace\n"),
        ("", "limits: {endpoints: 50, monthly_cost_of_endpoints: 1000000}\n"),
        ("", "ports: {orders-db: 12000, rcfg-0a1b2c3d4e5f60718: 65535}\n"),
        ("targets:", "  share_names: [redis-*, '*', 'a ? b']\ntargets:"),
        (
            "targets:",
            "  shares: ['arn:aws:ram:us-east-1:444455556666:resource-share/0a']\n  \
             resource_types: ['vpc-lattice:ResourceConfiguration']\ntargets:",
        ),
        ("targets:", "  resource_types: ['vpc-lattice:ServiceNetwork', 'vpc-lattice:ResourceConfiguration']\ntargets:"),
        (
            "*",
            "{\"version\": 1, \"name\": \"a\", \"trust\": {\"senders\": [\"444455556666\"]},\n\
             \t\"targets\": [{\"vpc\": \"vpc-0a\", \"security_groups\": [\"sg-0a\"]}]}",
        ),
    ]
    .iter()
    .map(|(from, to)| change(from, to))
    .collect();
    good.push(include_str!("../../../../../../examples/minimal.yaml").to_owned());
    good.push(include_str!("../../../../../../examples/redis-production.yaml").to_owned());
    good.push(include_str!("../../../../../../examples/service-network.yaml").to_owned());
    good.extend(super::corpus_endpoints::good());
    good
}

/// Documents that are refused.
pub fn bad() -> impl Iterator<Item = &'static Case> {
    BAD.iter().chain(super::corpus_endpoints::BAD)
}

const BAD: &[Case] = &[
    // The document as a whole.
    case("*", "\u{feff}version: 2\n", &["1:10: version: the document is of version 2"], RefusesToo),
    case("*", "", &["1:1: document: the document is empty; a subscription starts with `version: 1`"], HasNoWords),
    case("*", "# only this\n", &["1:1: document: the document is empty"], HasNoWords),
    case("*", "---\n~\n", &["1:1: document: the document is empty"], HasNoWords),
    case(
        "*",
        "hello",
        &["1:1: document: expected a mapping that starts with `version: 1`, found the text `hello`"],
        RefusesToo,
    ),
    case(
        "*",
        "- version: 1\n",
        &["1:1: document: expected a mapping that starts with `version: 1`, found a list"],
        RefusesToo,
    ),
    case(
        "*",
        "{}",
        &[
            "1:1: version: `version` is missing; add `version: 1`",
            "1:1: name: `name` is missing; add one, such as",
            "1:1: trust: `trust` is missing; add whom it trusts",
            "1:1: targets: `targets` is missing; add at least one",
        ],
        RefusesToo,
    ),
    case(
        "",
        "---\nversion: 1\n",
        &["8:1: document: a second document starts here; a file holds one subscription"],
        HasNoWords,
    ),
    case(
        "[\"444455556666\"]",
        "[\"444455556666\"",
        &["5:1: document: not valid YAML or JSON: invalid indentation"],
        HasNoWords,
    ),
    case(
        "  senders",
        "\tsenders",
        &[
            "4:2: document: not valid YAML or JSON: tabs disallowed within this context (block indentation); indent with spaces, not with tabs",
        ],
        HasNoWords,
    ),
    case(
        "name: redis",
        "name: redis: x",
        &[
            "2:12: document: not valid YAML or JSON: mapping values are not allowed in this context; quote a text that holds `: `",
        ],
        HasNoWords,
    ),
    case("[sg-0a]", "*other", &["7:22: document: not valid YAML or JSON: "], HasNoWords),
    case(
        "senders: [\"444455556666\"]",
        "senders: &a [\"444455556666\"]\n  share_names: *a",
        &["5:16: document: aliases (`*name`) and merge keys are not read"],
        HasNoWords,
    ),
    case("name: redis", "name: !!str redis", &["2:7: document: YAML tags such as `!!str` are not read"], HasNoWords),
    case("[sg-0a]", "!mine [sg-0a]", &["7:22: document: YAML tags such as `!mine` are not read"], HasNoWords),
    case("", "? [a]\n: b\n", &["8:3: document: a key must be text, not a list or a mapping"], HasNoWords),
    case(
        "*",
        "[!x ",
        &["1:1: document: not valid YAML or JSON: ", "1:2: document: YAML tags such as `!x`"],
        HasNoWords,
    ),
    // Keys.
    case("", "name: other\n", &["8:1: name: `name` is given twice; the first is in line 2"], HasNoWords),
    case("", "otherwsie: hold\n", &["8:1: otherwsie: unknown key `otherwsie`; did you mean `otherwise`?"], RefusesToo),
    case("", "colour: red\n", &["8:1: colour: unknown key `colour`; known here: `version`, `name`"], RefusesToo),
    case("", "<<: {a: b}\n", &["8:1: [\"<<\"]: unknown key `<<`; known here: "], RefusesToo),
    case(
        "",
        "senders: ['444455556666']\n",
        &["8:1: senders: unknown key `senders`; it belongs under `trust`"],
        RefusesToo,
    ),
    case(
        "",
        "connections_per_share: 3\n",
        &["8:1: connections_per_share: unknown key `connections_per_share`; it belongs under `limits`"],
        RefusesToo,
    ),
    case(
        "",
        "    tags: {a: b}\n",
        &["8:5: targets[0].tags: unknown key `tags`; it belongs at the top of the document"],
        RefusesToo,
    ),
    case(
        "security_groups",
        "securityGroups",
        &[
            "6:5: targets[0].security_groups: `security_groups` is missing; add those of the endpoint",
            "7:5: targets[0].securityGroups: unknown key `securityGroups`; did you mean `security_groups`?",
        ],
        RefusesToo,
    ),
    case("name: redis\n", "", &["1:1: name: `name` is missing"], RefusesToo),
    case("trust:\n  senders: [\"444455556666\"]\n", "", &["1:1: trust: `trust` is missing"], RefusesToo),
    case(
        "targets:\n  - vpc: vpc-0a\n    security_groups: [sg-0a]\n",
        "",
        &["1:1: targets: `targets` is missing"],
        RefusesToo,
    ),
    // The version.
    case("version: 1\n", "", &["1:1: version: `version` is missing"], RefusesToo),
    case("version: 1", "version: \"1\"", &["1:10: version: expected the number `1`, found the text `1`"], RefusesToo),
    case("version: 1", "version: 0", &["1:10: version: expected the number `1`, found the number `0`"], RefusesToo),
    case("version: 1", "version: 1.0", &["1:10: version: expected the number `1`, found the number `1.0`"], HasNoWords),
    case("version: 1", "version:", &["1:8: version: expected the number `1`, found nothing"], RefusesToo),
    case(
        "*",
        "name: 7\nversion: 2\nnew_things: {}\n",
        &[
            "2:10: version: the document is of version 2, this Drawbridge reads version 1: read it with a newer Drawbridge",
        ],
        RefusesToo,
    ),
    // The name.
    case("redis", "Redis_1", &["2:7: name: `Redis_1` is not a name of 1 to 64 characters"], RefusesToo),
    case(
        "redis",
        "12",
        &[
            "2:7: name: expected a name of 1 to 64 characters from a-z, 0-9 and -, starting with a letter, like redis-production, found the number `12`: quote it, `\"12\"`",
        ],
        RefusesToo,
    ),
    case("redis", "[a]", &["2:7: name: expected a name of 1 to 64 characters"], RefusesToo),
    case("redis", "\"a\\u001b[31m\"", &["2:7: name: `a\\u{1b}[31m` is not a name"], RefusesToo),
    // Trust.
    case(
        "\n  senders: [\"444455556666\"]",
        " [\"444455556666\"]",
        &["3:8: trust: expected a mapping with `senders`, `share_names`, `shares` or `resource_types`, found a list"],
        RefusesToo,
    ),
    case(
        "\n  senders: [\"444455556666\"]",
        " {}",
        &["3:8: trust.senders: `senders` is missing; add the accounts it trusts"],
        RefusesToo,
    ),
    case(
        "[\"444455556666\"]",
        "\"444455556666\"",
        &["4:12: trust.senders: expected a list of AWS account ids, found the text `444455556666`"],
        RefusesToo,
    ),
    case(
        "[\"444455556666\"]",
        "[]",
        &["4:12: trust.senders: the list is empty; expected 1 to 50 of AWS account ids"],
        RefusesToo,
    ),
    case(
        "\"444455556666\"",
        "\"4444\"",
        &["4:13: trust.senders[0]: `4444` is not an AWS account id: 12 digits"],
        RefusesToo,
    ),
    case(
        "\"444455556666\"",
        "4444",
        &["4:13: trust.senders[0]: `4444` is not an AWS account id: 12 digits, like 444455556666; quote it, too"],
        RefusesToo,
    ),
    case(
        "\"444455556666\"",
        "012345678901",
        &[
            "4:13: trust.senders[0]: `012345678901` without quotes is a number to YAML, and other readers of this document lose its leading zero: quote it, `\"012345678901\"`",
        ],
        RefusesToo,
    ),
    case(
        "\"444455556666\"",
        "0x6B8A2A9B12",
        &["4:13: trust.senders[0]: `0x6B8A2A9B12` is not an AWS account id"],
        HasNoWords,
    ),
    case(
        "\"444455556666\"",
        "4.44455556666",
        &["4:13: trust.senders[0]: `4.44455556666` is not an AWS account id"],
        RefusesToo,
    ),
    case(
        "\"444455556666\"",
        "true",
        &["4:13: trust.senders[0]: expected an AWS account id: 12 digits, like 444455556666, found `true`"],
        RefusesToo,
    ),
    case("\"444455556666\"", "~", &["4:13: trust.senders[0]: expected an AWS account id"], RefusesToo),
    case(
        "\"444455556666\"",
        "\"444455556666\", 444455556666",
        &["4:29: trust.senders[1]: given twice; the first is in line 4"],
        HasNoWords,
    ),
    case(
        "\"444455556666\"",
        "\"444455556666\", \"444455556666\"",
        &["4:29: trust.senders[1]: given twice"],
        RefusesToo,
    ),
    case("targets:", "  share_names: []\ntargets:", &["5:16: trust.share_names: the list is empty"], RefusesToo),
    case(
        "targets:",
        "  share_names: ['', \"a\\tb\"]\ntargets:",
        &[
            "5:17: trust.share_names[0]: 0 characters; expected 1 to 256",
            "5:21: trust.share_names[1]: `a\\u{9}b` holds a control character",
        ],
        RefusesToo,
    ),
    case(
        "targets:",
        "  shares: [arn:aws:s3:::bucket]\ntargets:",
        &["5:12: trust.shares[0]: `arn:aws:s3:::bucket` is not the ARN of a resource share"],
        RefusesToo,
    ),
    case(
        "targets:",
        "  shares: ['arn:aws:ram:us-east-1:111122223333:resource-share/0a']\ntargets:",
        &["5:12: trust.shares[0]: the share belongs to account 111122223333, which is not among trust.senders"],
        HasNoWords,
    ),
    // An account that can't be read makes no share a stranger's.
    case(
        "senders: [\"444455556666\"]",
        "senders: [\"1\"]\n  shares: ['arn:aws:ram:us-east-1:111122223333:resource-share/0a']",
        &["4:13: trust.senders[0]: `1` is not"],
        RefusesToo,
    ),
    case(
        "targets:",
        "  resource_types: ['vpc-lattice:Service']\ntargets:",
        &[
            "5:20: trust.resource_types[0]: expected `vpc-lattice:ResourceConfiguration` or `vpc-lattice:ServiceNetwork`, found the text `vpc-lattice:Service`",
        ],
        RefusesToo,
    ),
    // Words.
    case(
        "",
        "otherwise: Hold\n",
        &["8:12: otherwise: expected `hold`, `reject` or `ignore`, found the text `Hold`; did you mean `hold`?"],
        RefusesToo,
    ),
    case(
        "",
        "on_revoke: closed\n",
        &["8:12: on_revoke: expected `keep`, `close` or `close-after: 72h`, found the text `closed`"],
        RefusesToo,
    ),
    case(
        "",
        "on_revoke: close-after\n",
        &["8:12: on_revoke: it says not after how long: write `on_revoke: {close-after: 72h}`"],
        RefusesToo,
    ),
    case("", "on_revoke: {}\n", &["8:12: on_revoke.close-after: `close-after` is missing; add the time"], RefusesToo),
    case("", "on_revoke: {close-after: 72h, close: 1h}\n", &["8:31: on_revoke.close: "], RefusesToo),
    case("", "on_revoke: {close-after: 72}\n", &["8:26: on_revoke.close-after: "], RefusesToo),
    case(
        "",
        "on_revoke: {close-after: 4m}\n",
        &["8:26: on_revoke.close-after: `4m` is not a time from 5m to 30d"],
        RefusesToo,
    ),
    case(
        "",
        "on_revoke: {close-after: 31d}\n",
        &["8:26: on_revoke.close-after: `31d` is not a time from 5m to 30d"],
        RefusesToo,
    ),
    case(
        "",
        "on_revoke: {close-after: 9999h}\n",
        &["8:26: on_revoke.close-after: `9999h` is not a time from 5m to 30d"],
        RefusesToo,
    ),
    case(
        "",
        "on_revoke: [close-after]\n",
        &["8:12: on_revoke: expected `keep`, `close` or `close-after: 72h`, found a list"],
        RefusesToo,
    ),
    case(
        "",
        "approval: first\n",
        &["8:11: approval: expected `never`, `first-time` or `always`, found the text `first`"],
        RefusesToo,
    ),
    case(
        "",
        "reconcile: mend\n",
        &["8:12: reconcile: expected `report`, `repair` or `adopt`, found the text `mend`"],
        RefusesToo,
    ),
    case(
        "",
        "reconcile: {gone: adopt}\n",
        &["8:19: reconcile.gone: expected `report` or `repair`, found the text `adopt`"],
        RefusesToo,
    ),
    case(
        "",
        "outputs: {}\n",
        &["8:10: outputs.ssm: `ssm` is missing; add a path, such as `ssm: /drawbridge/redis`"],
        RefusesToo,
    ),
    case(
        "",
        "outputs: {ssm: drawbridge/redis}\n",
        &["8:16: outputs.ssm: `drawbridge/redis` is not a path"],
        RefusesToo,
    ),
    case("", "outputs: {ssm: /a/}\n", &["8:16: outputs.ssm: `/a/` is not a path"], RefusesToo),
    case("", "outputs: {ssm: /Aws-a}\n", &["8:16: outputs.ssm: `/Aws-a` is not a path"], RefusesToo),
    case("", "outputs: {ssm: /a b}\n", &["8:16: outputs.ssm: `/a b` is not a path"], RefusesToo),
    case("", "outputs: {ssm: '/a/{vpc}'}\n", &["8:16: outputs.ssm: `/a/{vpc}` is not a path"], RefusesToo),
    case(
        "",
        "outputs: {ssm: /1/2/3/4/5/6/7/8/9/10/11/12/13/14/15}\n",
        &["8:16: outputs.ssm: `/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15` is not a path of 1 to 14 levels"],
        RefusesToo,
    ),
    case(
        "",
        "  - vpc: vpc-0b\n    security_groups: [sg-0a]\noutputs: {ssm: /a}\n",
        &["10:16: outputs.ssm: the subscription connects to 2 VPCs or service networks"],
        HasNoWords,
    ),
    case("", "otherwise:\n", &["8:10: otherwise: expected `hold`, `reject` or `ignore`, found nothing"], RefusesToo),
    case(
        "",
        "profile: redis\n",
        &["8:10: profile: expected `generic`, `aws-service` or `redis-cloud`, found the text `redis`"],
        RefusesToo,
    ),
    case("", "profile: {}\n", &["8:10: profile.extends: `extends` is missing; add what it begins with"], RefusesToo),
    case(
        "",
        "profile:\n  extends: redis\n  ports:\n    - {from: 0, use: admin}\n    - {from: 9443, to: 9442, use: admin}\n    \
         - {from: 9443}\n    - {from: 1, use: a}\n    - {from: 1, to: 1, use: b}\n  unsupported_az_ids: [us-east-1a]\n  \
         free_addresses_per_subnet: 0\n",
        &[
            "9:12: profile.extends: expected `generic`",
            "11:14: profile.ports[0].from: expected a whole number from 1 to 65535",
            "12:7: profile.ports[1]: it goes from 9443 to 9442: expected the lower port first",
            "13:7: profile.ports[2].use: `use` is missing; add what listens there",
            "15:7: profile.ports[4]: given twice; the first is in line 14",
            "16:24: profile.unsupported_az_ids[0]: `us-east-1a` is not an Availability Zone id, like use1-az1",
            "17:30: profile.free_addresses_per_subnet: expected a whole number from 1 to 65531",
        ],
        RefusesToo,
    ),
    case(
        "",
        "unsupported_az_ids: [use1-az3]\n",
        &["8:1: unsupported_az_ids: unknown key `unsupported_az_ids`; it belongs under `profile`"],
        RefusesToo,
    ),
    // Targets.
    case(
        "targets:\n  - vpc: vpc-0a\n    security_groups: [sg-0a]",
        "targets: []",
        &["5:10: targets: the list is empty"],
        RefusesToo,
    ),
    case(
        "targets:\n  - vpc: vpc-0a\n    security_groups: [sg-0a]",
        "targets: vpc-0a",
        &["5:10: targets: expected a list of VPCs and service networks, found the text `vpc-0a`"],
        RefusesToo,
    ),
    case(
        "targets:\n  - vpc: vpc-0a\n    security_groups: [sg-0a]",
        "targets: [vpc-0a]",
        &["5:11: targets[0]: expected a mapping with a `vpc` or a `service_network`, found the text `vpc-0a`"],
        RefusesToo,
    ),
    case("", "  - {}\n", &["8:5: targets[1]: neither a `vpc` nor a `service_network`; add one"], RefusesToo),
    case(
        "",
        "  - {vcp: vpc-0b}\n",
        &["8:5: targets[1]: neither a `vpc` nor", "8:6: targets[1].vcp: unknown key `vcp`; did you mean `vpc`?"],
        RefusesToo,
    ),
    case(
        "",
        "  - security_groups: [sg-0a]\n",
        &["8:5: targets[1].vpc: `vpc` is missing; add one, such as `vpc: vpc-0a1b2c3d`"],
        RefusesToo,
    ),
    case(
        "",
        "    service_network: sn-0a\n",
        &["6:5: targets[0]: both a `vpc` and a `service_network`: make two targets of it"],
        RefusesToo,
    ),
    case(
        "",
        "  - vpc: vpc-0a\n    security_groups: [sg-0b]\n",
        &["8:5: targets[1]: given twice; the first is in line 6"],
        HasNoWords,
    ),
    case("vpc-0a", "vpc-0A", &["6:10: targets[0].vpc: `vpc-0A` is not a VPC id, like vpc-0a1b2c3d"], RefusesToo),
    case(
        "    security_groups: [sg-0a]\n",
        "",
        &["6:5: targets[0].security_groups: `security_groups` is missing"],
        RefusesToo,
    ),
    case(
        "[sg-0a]",
        "[]",
        &["7:22: targets[0].security_groups: the list is empty; expected 1 to 16 of security group ids"],
        RefusesToo,
    ),
    case(
        "[sg-0a]",
        "[sg-0a, subnet-0a, sg-0a]",
        &[
            "7:30: targets[0].security_groups[1]: `subnet-0a` is not a security group id",
            "7:41: targets[0].security_groups[2]: given twice",
        ],
        RefusesToo,
    ),
    case(
        "[sg-0a]",
        "[sg-1, sg-2, sg-3, sg-4, sg-5, sg-6, sg-7, sg-8, sg-9, sg-10, sg-11, sg-12, sg-13, sg-14, sg-15, sg-16, sg-17]",
        &["7:126: targets[0].security_groups: 17 items, at most 16 are allowed"],
        RefusesToo,
    ),
    case(
        "",
        "    subnets: all\n",
        &["8:14: targets[0].subnets: expected `auto` or a list of subnet ids, found the text `all`"],
        RefusesToo,
    ),
    case("", "    subnets: [subnet-0a, subnet-0a]\n", &["8:26: targets[0].subnets[1]: given twice"], RefusesToo),
    case(
        "",
        "    private_dns: true\n",
        &["8:18: targets[0].private_dns: expected `off`, `all-domains`, `verified-domains-only`"],
        RefusesToo,
    ),
    case("", "    private_dns: {}\n", &["8:18: targets[0].private_dns: expected `off`"], RefusesToo),
    case(
        "",
        "    private_dns: {specified-only: []}\n",
        &["8:35: targets[0].private_dns.specified-only: the list is empty; expected 1 to 10 of domain names"],
        RefusesToo,
    ),
    case(
        "",
        "    private_dns: {specified-only: [a.b], verified-and-specified: [a.b]}\n",
        &["8:18: targets[0].private_dns: expected `off`"],
        RefusesToo,
    ),
    case(
        "",
        "    private_dns: {specified-only: [com, 'a.*.com', '-a.com', a..com, 'b.com.', 'http://c.com', d.com, D.com]}\n",
        &[
            "8:36: targets[0].private_dns.specified-only[0]: `com` is not a full domain name",
            "8:41: targets[0].private_dns.specified-only[1]: `a.*.com` is not",
            "8:52: targets[0].private_dns.specified-only[2]: `-a.com` is not",
            "8:62: targets[0].private_dns.specified-only[3]: `a..com` is not",
            "8:70: targets[0].private_dns.specified-only[4]: `b.com.` is not",
            "8:80: targets[0].private_dns.specified-only[5]: `http://c.com` is not",
            "8:103: targets[0].private_dns.specified-only[7]: given twice",
        ],
        RefusesToo,
    ),
    case(
        "",
        "    private_dns: {specified-only: [d.com, D.com]}\n",
        &["8:43: targets[0].private_dns.specified-only[1]: given twice"],
        HasNoWords,
    ),
    case(
        "",
        "  - service_network: sn-0a\n    subnets: auto\n    private_dns: off\n",
        &[
            "9:5: targets[1].subnets: unknown key `subnets`; it is for targets with a `vpc`",
            "10:18: targets[1].private_dns: expected `true` or `false`, found the text `off`",
        ],
        RefusesToo,
    ),
    // Tags, limits, ports.
    case("", "tags: [a]\n", &["8:7: tags: expected a mapping of tags"], RefusesToo),
    case(
        "",
        "tags: {aws:x: a, Drawbridge:x: b, '': c, n: 1, f: false, l: [a]}\n",
        &[
            "8:8: tags[\"aws:x\"]: tags that start with `aws:` are reserved",
            "8:18: tags[\"Drawbridge:x\"]: tags that start with `drawbridge:` are reserved",
            "8:35: tags[\"\"]: 0 characters; expected 1 to 128",
            "8:45: tags.n: expected the tag's value as text, found the number `1`: quote it, `\"1\"`",
            "8:51: tags.f: expected the tag's value as text, found `false`: quote it, `\"false\"`",
            "8:61: tags.l: expected the tag's value as text, found a list",
        ],
        RefusesToo,
    ),
    case(
        "",
        "limits: {connections_per_share: 0}\n",
        &["8:33: limits.connections_per_share: expected a whole number from 1 to 10000, found the number `0`"],
        RefusesToo,
    ),
    case(
        "",
        "limits: {connections: 5}\n",
        &[
            "8:10: limits.connections: unknown key `connections`; known here: `connections_per_share`, `monthly_cost_per_share`, `endpoints` or `monthly_cost_of_endpoints`",
        ],
        RefusesToo,
    ),
    case(
        "",
        "ports: {orders-db: 70000, b: 1, Orders: 5, c-d: '6', rcfg-0a: 0}\n",
        &[
            "8:20: ports.orders-db: expected a whole number from 1 to 65535, found the number `70000`",
            "8:27: ports.b: `b` is neither the name of a resource configuration",
            "8:33: ports.Orders: `Orders` is neither the name",
            "8:49: ports.c-d: expected a whole number from 1 to 65535, found the text `6`",
            "8:63: ports.rcfg-0a: expected a whole number",
        ],
        RefusesToo,
    ),
];
