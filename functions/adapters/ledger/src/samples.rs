//! Records for tests, with every field filled.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use drawbridge_domain::connection::{
    Connection, Made, MadeGroup, Missing, Plan, PlannedCall, PlannedDns, PlannedGroup, Status,
};
use drawbridge_domain::ending::{Cause, Ending};
use drawbridge_domain::fault::FaultRecord;
use drawbridge_domain::ids::{
    AccountId, ConnectionId, InvitationArn, ResourceArn, ResourceShareArn, SecurityGroupId, SubnetId, SubscriptionName,
    VpcEndpointId, VpcId,
};
use drawbridge_domain::outputs::Outputs;
use drawbridge_domain::preflight::{Finding, Severity};
use drawbridge_domain::reach::{Database, DnsName, DnsScope, Port, PortSource};
use drawbridge_domain::share::{FoundBy, ShareRecord, ShareStatus, SharedResource};
use drawbridge_domain::subscription::{Kind, TargetKey};
use drawbridge_domain::waiting::{Answer, Wait};
use jiff::Timestamp;

const SHARE: &str = "arn:aws:ram:us-east-1:444455556666:resource-share/0a-1b";
const RESOURCE: &str = "arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a1b";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn share() -> ShareRecord {
    ShareRecord {
        arn: ResourceShareArn::parse(SHARE).unwrap(),
        name: "redis-42".to_owned(),
        sender: AccountId::parse("444455556666").unwrap(),
        invitation: Some(
            InvitationArn::parse("arn:aws:ram:us-east-1:444455556666:resource-share-invitation/0c-1d").unwrap(),
        ),
        expires_at: Some(at("2026-11-21T13:02:03Z")),
        status: ShareStatus::Accepting,
        since: at("2026-11-21T01:02:03.5Z"),
        why: vec!["`redis` trusts 444455556666".to_owned()],
        next: "it is accepted".to_owned(),
        attempt: 2,
        transient_runs: 1,
        accepted_at: Some(at("2026-11-21T01:02:04.000000001Z")),
        digest: "0123".to_owned(),
        settled: Some("4567".to_owned()),
        unseen_since: Some(at("2026-11-21T01:02:05.123456789Z")),
        wait: Some(Wait {
            who: "a person".to_owned(),
            what: "whether it is accepted".to_owned(),
            since: at("2026-11-21T01:02:03.000000001Z"),
            until: at("2026-11-21T12:02:03Z"),
            asked: "89ab".to_owned(),
            subscriptions: vec![SubscriptionName::parse("redis").unwrap()],
            approved: Vec::new(),
            by_a_run: true,
        }),
        answer: Some(Answer {
            approve: true,
            by: "drawbridge approve (ana)".to_owned(),
            at: at("2026-11-21T02:02:03Z"),
            because: Some("we know them".to_owned()),
            asked: "89ab".to_owned(),
            subscriptions: vec![SubscriptionName::parse("redis").unwrap()],
        }),
        claims: vec![SubscriptionName::parse("redis").unwrap()],
        resources: vec![SharedResource {
            arn: RESOURCE.to_owned(),
            ram_type: "vpc-lattice:ResourceConfiguration".to_owned(),
        }],
        found_by: FoundBy::Sweep,
        found_at: at("2026-11-21T01:02:02Z"),
        execution: Some("arn:aws:states:us-east-1:111122223333:execution:onboard:share-0a-a2".to_owned()),
        fault: Some(FaultRecord { name: "Throttled".to_owned(), message: "too many calls".to_owned() }),
        version: 3,
        change: "before".to_owned(),
    }
}

#[allow(clippy::too_many_lines, reason = "every field is filled")]
pub(crate) fn connection() -> Connection {
    let resource = ResourceArn::parse(RESOURCE).unwrap();
    let vpc = VpcId::parse("vpc-0a1b").unwrap();
    let id = ConnectionId::parse(format!("conn-{}", "0a".repeat(16))).unwrap();
    Connection {
        kind: Kind::ResourceEndpoint,
        share_arn: Some(ResourceShareArn::parse(SHARE).unwrap()),
        resource: resource.clone().into(),
        resource_name: Some("redis-42".to_owned()),
        target: TargetKey::Vpc(vpc.clone()),
        claims: vec![SubscriptionName::parse("redis").unwrap()],
        status: Status::Waiting,
        held_by: Vec::new(),
        since: at("2026-11-21T01:02:03.123456Z"),
        why: "its endpoint is pending".to_owned(),
        next: "it is looked at again".to_owned(),
        generation: 2,
        attempt: 3,
        transient_runs: 1,
        digest: "0123".to_owned(),
        execution: Some(format!("arn:aws:states:us-east-1:111122223333:execution:connect:{id}-g2-a3")),
        deadline: Some(at("2026-11-21T01:32:03.123456789Z")),
        wait: Some(Wait {
            who: "a person".to_owned(),
            what: "whether it is accepted".to_owned(),
            since: at("2026-11-21T01:02:03.000000001Z"),
            until: at("2026-11-21T12:02:03Z"),
            asked: "89ab".to_owned(),
            subscriptions: vec![SubscriptionName::parse("redis").unwrap()],
            approved: Vec::new(),
            by_a_run: true,
        }),
        plan: Some(Plan {
            token: format!("{id}-g2"),
            tags: BTreeMap::from([
                ("drawbridge:connection".to_owned(), id.to_string()),
                ("team".to_owned(), String::new()),
            ]),
            call: PlannedCall::ResourceEndpoint {
                resource,
                vpc,
                subnets: vec![SubnetId::parse("subnet-0a1b").unwrap()],
                security_groups: vec![SecurityGroupId::parse("sg-0a1b").unwrap()],
                private_dns: PlannedDns {
                    enabled: true,
                    preference: Some("VERIFIED_DOMAINS_ONLY".to_owned()),
                    domains: vec!["*.example.com".to_owned()],
                },
            },
            group: Some(PlannedGroup {
                vpc: VpcId::parse("vpc-0a").unwrap(),
                ports: vec![(8070, 8070)],
                cidrs: vec!["10.0.0.0/16".to_owned()],
                security_groups: Vec::new(),
            }),
            planned_at: at("2026-11-21T01:02:03Z"),
        }),
        made: Some(Made::Endpoint(VpcEndpointId::parse("vpce-0a1b").unwrap())),
        group: Some(MadeGroup { id: SecurityGroupId::parse("sg-0b").unwrap(), refused_since: None }),
        groups_left: vec![SecurityGroupId::parse("sg-0a").unwrap()],
        findings: vec![Finding {
            severity: Severity::Warning,
            code: "MetricsPortClosed".to_owned(),
            seen: "no group admits 8070".to_owned(),
            needed: "TCP 8070".to_owned(),
            way_out: "add a rule".to_owned(),
        }],
        last_look: vec!["rcfg-0c".to_owned()],
        databases: vec![
            Database {
                resource: "rcfg-0c".to_owned(),
                name: Some("db-1".to_owned()),
                dns: vec![DnsName {
                    scope: DnsScope::Regional,
                    name: "rcfg-0c.example.com".to_owned(),
                    hosted_zone: Some("Z1".to_owned()),
                }],
                port: Port::Known { ranges: vec!["12000".to_owned()], source: PortSource::Configuration },
            },
            Database {
                resource: "rcfg-0d".to_owned(),
                name: None,
                dns: vec![DnsName { scope: DnsScope::Private, name: "db-2.example.com".to_owned(), hosted_zone: None }],
                port: Port::Unknown { reason: "the configuration shows none".to_owned() },
            },
        ],
        names_version: 3,
        names_since: Some(at("2026-11-21T01:01:30Z")),
        changing: Vec::new(),
        missing: Some(Missing { since: at("2026-11-21T01:01:40Z"), what: vec!["rcfg-0d".to_owned()] }),
        fault: Some(FaultRecord { name: "RunAborted".to_owned(), message: "stopped".to_owned() }),
        ending: Some(Ending {
            cause: Cause::Operator,
            why: "the service moved".to_owned(),
            by: "drawbridge close (ana)".to_owned(),
            since: at("2026-11-21T01:02:03.000000001Z"),
            digest: "0123".to_owned(),
            reopen: Some("a subscription asks for it again".to_owned()),
            in_grace: true,
        }),
        outputs: Some(Outputs::try_from("/drawbridge/redis".to_owned()).unwrap()),
        wanted_at: at("2026-11-21T01:00:00Z"),
        ready_at: Some(at("2026-11-21T01:01:00Z")),
        version: 7,
        change: "before".to_owned(),
        id,
    }
}
