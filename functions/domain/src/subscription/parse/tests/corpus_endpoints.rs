//! Documents with `endpoints`, good and bad.

use super::corpus::Schema::{HasNoWords, RefusesToo};
use super::corpus::{Case, case, change};

/// Documents that are read.
pub fn good() -> Vec<String> {
    let mut good: Vec<String> = [
        ("", "ports: {com.amazonaws.us-east-1.email-smtp: 587}\n"),
        ("", "endpoints:\n  - {interface: com.amazonaws.us-east-1.ecr.api, vpc: vpc-0a, security_groups: [sg-0a]}\n"),
        (
            "",
            "endpoints:\n  - interface: com.amazonaws.vpce.eu-west-1.vpce-svc-0a1b\n    region: eu-west-1\n    vpc: vpc-0a\n    \
             subnets: [subnet-0a]\n    security_groups: [sg-0a]\n    private_dns: false\n    policy:\n      \
             Version: 2012-10-17\n      Statement:\n        - {Effect: Allow, Principal: '*', Action: [a, b]}\n",
        ),
        ("", "endpoints: [{gateway: s3, vpc: vpc-0a, route_tables: all}, {gateway: dynamodb, vpc: vpc-0a, subnets: [subnet-0a]}]\n"),
        ("", "endpoints: [{gateway: s3, vpc: vpc-0a, route_tables: [rtb-0a], policy: {Statement: []}}]\n"),
        ("", "endpoints: [{service_network: sn-0a, vpc: vpc-0a, security_groups: [sg-0a], private_dns: off}]\n"),
        (
            "*",
            "version: 1\nname: a\nendpoints:\n  - service_network: arn:aws:vpc-lattice:us-east-1:444455556666:servicenetwork/sn-0a\n    \
             vpc: vpc-0a\n    security_groups: [sg-0a]\n",
        ),
    ]
    .iter()
    .map(|(from, to)| change(from, to))
    .collect();
    good.push(include_str!("../../../../../../examples/endpoints.yaml").to_owned());
    good
}

/// Documents that are refused.
pub const BAD: &[Case] = &[
    case("", "endpoints: []\n", &["8:12: endpoints: the list is empty; expected 1 to 50 of endpoints"], RefusesToo),
    case(
        "",
        "endpoints: [s3]\n",
        &[
            "8:13: endpoints[0]: expected a mapping with an `interface`, a `gateway` or a `service_network`, found the text `s3`",
        ],
        RefusesToo,
    ),
    case(
        "",
        "endpoints: [{vpc: vpc-0a, colour: red}]\n",
        &[
            "8:13: endpoints[0]: neither an `interface`, a `gateway` or a `service_network`; add one",
            "8:27: endpoints[0].colour: unknown key `colour`",
        ],
        RefusesToo,
    ),
    case(
        "",
        "endpoints: [{gateway: s3, interface: com.amazonaws.us-east-1.s3}]\n",
        &[
            "8:13: endpoints[0]: more than one of an `interface`, a `gateway` or a `service_network`: make an item of each",
        ],
        RefusesToo,
    ),
    case(
        "",
        "endpoints: [{interface: s3, region: here, route_tables: all, private_dns: off}]\n",
        &[
            "8:13: endpoints[0].vpc: `vpc` is missing",
            "8:13: endpoints[0].security_groups: `security_groups` is missing",
            "8:25: endpoints[0].interface: `s3` is not the name of an endpoint service",
            "8:37: endpoints[0].region: `here` is not an AWS Region",
            "8:43: endpoints[0].route_tables: unknown key `route_tables`; it is for items with `gateway`",
            "8:75: endpoints[0].private_dns: expected `true` or `false`, found the text `off`",
        ],
        RefusesToo,
    ),
    case(
        "",
        "endpoints: [{gateway: sqs, vpc: vpc-0a}]\n",
        &[
            "8:13: endpoints[0].route_tables: it says not which route tables get a route",
            "8:23: endpoints[0].gateway: expected `s3` or `dynamodb`, found the text `sqs`",
        ],
        RefusesToo,
    ),
    case(
        "",
        "endpoints: [{gateway: s3, vpc: vpc-0a, route_tables: all, subnets: [subnet-0a]}]\n",
        &["8:13: endpoints[0].route_tables: both `route_tables` and `subnets`"],
        RefusesToo,
    ),
    case(
        "",
        "endpoints: [{gateway: s3, vpc: vpc-0a, route_tables: every}, {gateway: s3, vpc: vpc-0b, route_tables: [rtb-0a, rtb_1]}]\n",
        &[
            "8:54: endpoints[0].route_tables: expected `all` or a list of route table ids, found the text `every`",
            "8:112: endpoints[1].route_tables[1]: `rtb_1` is not a route table id",
        ],
        RefusesToo,
    ),
    case(
        "",
        "endpoints: [{gateway: s3, vpc: vpc-0a, subnets: auto}]\n",
        &["8:49: endpoints[0].subnets: expected a list of subnet ids, found the text `auto`"],
        RefusesToo,
    ),
    case(
        "",
        "endpoints: [{service_network: 'arn:aws:vpc-lattice:us-east-1:444455556666:service/svc-0a', vpc: vpc-0a, security_groups: [sg-0a]}]\n",
        &[
            "8:31: endpoints[0].service_network: `arn:aws:vpc-lattice:us-east-1:444455556666:service/svc-0a` is not the id of a service network",
        ],
        RefusesToo,
    ),
    case(
        "",
        "endpoints: [{gateway: s3, vpc: vpc-0a, route_tables: all}, {gateway: s3, vpc: vpc-0a, route_tables: [rtb-0a]}]\n",
        &["8:60: endpoints[1]: given twice"],
        HasNoWords,
    ),
    case(
        "",
        "endpoints: [{gateway: s3, vpc: vpc-0a, route_tables: all, policy: {Version: 2012-10-17}}]\n",
        &["8:67: endpoints[0].policy.Statement: `Statement` is missing"],
        RefusesToo,
    ),
    case(
        "",
        "endpoints: [{gateway: s3, vpc: vpc-0a, route_tables: all, policy: {Statement: [{Principal: 444455556666, Sid: ~}]}}]\n",
        &[
            "8:92: endpoints[0].policy.Statement[0].Principal: `444455556666` is a number: quote it",
            "8:111: endpoints[0].policy.Statement[0].Sid: expected a value, found `~`",
        ],
        HasNoWords,
    ),
    case(
        "",
        "endpoints: [{gateway: s3, vpc: vpc-0a, route_tables: all, policy: '{}'}]\n",
        &["8:67: endpoints[0].policy: expected an endpoint policy: a mapping with a `Statement`, found the text `{}`"],
        RefusesToo,
    ),
    case(
        "",
        "    policy: {Statement: []}\n",
        &["8:5: targets[0].policy: unknown key `policy`; it belongs under an item of `endpoints`"],
        RefusesToo,
    ),
    case(
        "trust:\n  senders: [\"444455556666\"]",
        "endpoints: [{gateway: s3, vpc: vpc-0a, route_tables: all}]",
        &["1:1: trust: `trust` is missing"],
        RefusesToo,
    ),
    case(
        "targets:\n  - vpc: vpc-0a\n    security_groups: [sg-0a]",
        "endpoints: [{gateway: s3, vpc: vpc-0a, route_tables: all}]",
        &["1:1: targets: `targets` is missing"],
        RefusesToo,
    ),
    case(
        "*",
        "version: 1\nname: a\notherwise: hold\nendpoints: [{gateway: s3, vpc: vpc-0a, route_tables: all}]\n",
        &["3:12: otherwise: it says what happens to shares"],
        RefusesToo,
    ),
    case(
        "*",
        "version: 1\nname: a\napproval: always\nendpoints: [{gateway: s3, vpc: vpc-0a, route_tables: all}]\n",
        &["3:11: approval: it says what happens to shares"],
        RefusesToo,
    ),
    case(
        "*",
        "version: 1\nname: a\non_revoke: keep\nendpoints: [{gateway: s3, vpc: vpc-0a, route_tables: all}]\n",
        &["3:12: on_revoke: it says what happens to shares"],
        RefusesToo,
    ),
];
