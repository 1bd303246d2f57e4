//! Records for tests.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use drawbridge_domain::connection::{Connection, Made, Plan, PlannedCall, PlannedDns, Status};
use drawbridge_domain::ending::{Cause, Ending, end};
use drawbridge_domain::fault::FaultRecord;
use drawbridge_domain::grace;
use drawbridge_domain::ids::{
    AccountId, ConnectionId, InvitationArn, ResourceArn, ResourceShareArn, SecurityGroupId, ServiceNetworkId,
    SubscriptionName, VpcEndpointId, VpcId,
};
use drawbridge_domain::ports::AuditEntry;
use drawbridge_domain::preflight::{Finding, Severity};
use drawbridge_domain::profile::ProfileName;
use drawbridge_domain::reach::{Database, DnsName, DnsScope, Port, PortSource};
use drawbridge_domain::resource::Resource;
use drawbridge_domain::share::{FoundBy, ShareRecord, ShareStatus, SharedResource};
use drawbridge_domain::subscription::{
    Approval, Grace, Kind, Limits, OnChange, OnRevoke, Otherwise, PrivateDns, Reconcile, ResourceType, SecurityGroups,
    ServiceNetworkTarget, Subnets, Subscription, Target, TargetKey, Trust, VpcTarget,
};
use drawbridge_domain::waiting::Wait;
use drawbridge_ledger::Entry;
use jiff::Timestamp;

const RESOURCE: &str = "arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a1b2c3d4e5f60718";
const SHARE: &str = "arn:aws:ram:us-east-1:444455556666:resource-share/5e6f7a8b-0000";

pub fn now() -> Timestamp {
    at("12:00:00")
}

fn at(time: &str) -> Timestamp {
    format!("2026-11-21T{time}Z").parse().unwrap()
}

fn sender() -> AccountId {
    AccountId::parse("444455556666").unwrap()
}

fn name() -> SubscriptionName {
    SubscriptionName::parse("redis-production").unwrap()
}

pub fn subscription() -> Subscription {
    Subscription {
        name: name(),
        trust: Trust {
            senders: vec![sender()],
            share_names: vec!["redis-*".to_owned()],
            shares: Vec::new(),
            resource_types: vec![ResourceType::ResourceConfiguration],
        },
        otherwise: Otherwise::Hold,
        approval: Approval::Never,
        on_revoke: OnRevoke::Close,
        on_change: OnChange::Keep,
        profile: ProfileName::RedisCloud.into(),
        targets: vec![
            Target::Vpc(VpcTarget {
                vpc: VpcId::parse("vpc-0a1b2c3d").unwrap(),
                subnets: Subnets::Auto,
                security_groups: SecurityGroups::Listed(vec![SecurityGroupId::parse("sg-0a1b2c3d").unwrap()]),
                private_dns: PrivateDns::ProfileDefault,
            }),
            Target::ServiceNetwork(ServiceNetworkTarget {
                service_network: ServiceNetworkId::parse("sn-0a1b2c3d").unwrap(),
                private_dns: true,
            }),
        ],
        tags: BTreeMap::from([("team".to_owned(), "core".to_owned())]),
        limits: Limits { connections_per_share: Some(20), ..Limits::default() },
        ports: BTreeMap::from([("db-cache".to_owned(), 12000)]),
        endpoints: Vec::new(),
        reconcile: Reconcile::default(),
        outputs: None,
    }
}

pub fn connection() -> Connection {
    let id = ConnectionId::parse("conn-0a1b2c3d4e5f60718293a4b5c6d7e8f9").unwrap();
    let dns = |scope, name: &str| DnsName { scope, name: name.to_owned(), hosted_zone: None };
    Connection {
        kind: Kind::ResourceEndpoint,
        share_arn: Some(ResourceShareArn::parse(SHARE).unwrap()),
        resource: ResourceArn::parse(RESOURCE).unwrap().into(),
        resource_name: Some("redis-production".to_owned()),
        target: TargetKey::Vpc(VpcId::parse("vpc-0a1b2c3d").unwrap()),
        claims: vec![name()],
        status: Status::Ready,
        since: at("10:00:00"),
        why: "the endpoint is available and all 2 children can be reached".to_owned(),
        next: "nothing: the sweep keeps an eye on it".to_owned(),
        generation: 1,
        attempt: 1,
        transient_runs: 0,
        digest: "0123".to_owned(),
        execution: Some(format!("arn:aws:states:us-east-1:111122223333:execution:connect:{id}-g1-a1")),
        deadline: Some(at("10:30:00")),
        wait: None,
        plan: None,
        made: Some(Made::Endpoint(VpcEndpointId::parse("vpce-0a1b2c3d").unwrap())),
        group: None,
        groups_left: Vec::new(),
        findings: Vec::new(),
        last_look: Vec::new(),
        names_version: 1,
        names_since: None,
        held_by: Vec::new(),
        changing: Vec::new(),
        missing: None,
        databases: vec![
            Database {
                resource: "rcfg-0000000c".to_owned(),
                name: Some("db-cache".to_owned()),
                dns: vec![
                    dns(DnsScope::Private, "db-cache.redis.example.com"),
                    dns(DnsScope::Regional, "vpce-0a1b2c3d-rcfg-1.example.com"),
                ],
                port: Port::Known { ranges: vec!["12000".to_owned()], source: PortSource::Configuration },
            },
            Database {
                resource: "rcfg-0000000d".to_owned(),
                name: None,
                dns: vec![dns(DnsScope::Regional, "vpce-0a1b2c3d-rcfg-2.example.com")],
                port: Port::Unknown { reason: "the configuration shows no port".to_owned() },
            },
        ],
        fault: None,
        ending: None,
        outputs: None,
        wanted_at: at("09:58:00"),
        ready_at: Some(at("10:00:00")),
        version: 5,
        change: "c5".to_owned(),
        id,
    }
}

pub fn failed_connection() -> Connection {
    Connection {
        id: ConnectionId::parse(format!("conn-{}", "0f".repeat(16))).unwrap(),
        kind: Kind::ServiceNetworkResource,
        resource_name: None,
        target: TargetKey::ServiceNetwork(ServiceNetworkId::parse("sn-0a1b2c3d").unwrap()),
        status: Status::Failed,
        since: at("11:57:00"),
        why: "the account is not ready for it".to_owned(),
        next: "nothing until an operator says `drawbridge retry`".to_owned(),
        generation: 2,
        attempt: 3,
        transient_runs: 2,
        execution: None,
        made: None,
        group: None,
        groups_left: Vec::new(),
        databases: Vec::new(),
        names_version: 1,
        names_since: None,
        held_by: Vec::new(),
        changing: Vec::new(),
        missing: None,
        findings: vec![Finding {
            severity: Severity::Error,
            code: "ServiceNetworkMissing".to_owned(),
            seen: "no service network sn-0a1b2c3d".to_owned(),
            needed: "one that this account can see".to_owned(),
            way_out: "create it, or correct the subscription".to_owned(),
        }],
        fault: Some(FaultRecord { name: "PreflightFailed".to_owned(), message: "1 error".to_owned() }),
        ready_at: None,
        ..connection()
    }
}

/// What a subscription asked for by itself.
pub fn gateway_connection() -> Connection {
    Connection {
        kind: Kind::GatewayEndpoint,
        share_arn: None,
        resource: Resource::try_from("com.amazonaws.us-east-1.s3".to_owned()).unwrap(),
        resource_name: None,
        why: "pl-0a1b2c3d is routed in rtb-0a1b2c3d".to_owned(),
        databases: Vec::new(),
        names_version: 1,
        names_since: None,
        held_by: Vec::new(),
        changing: Vec::new(),
        missing: None,
        ..connection()
    }
}

/// What a connection was made with, its tags apart.
pub fn plan(team: &str) -> Plan {
    Plan {
        token: "conn-0a1b2c3d4e5f60718293a4b5c6d7e8f9-g1".to_owned(),
        tags: BTreeMap::from([
            ("team".to_owned(), team.to_owned()),
            ("drawbridge:installation".to_owned(), "drawbridge".to_owned()),
        ]),
        call: PlannedCall::ResourceEndpoint {
            resource: ResourceArn::parse(RESOURCE).unwrap(),
            vpc: VpcId::parse("vpc-0a1b2c3d").unwrap(),
            subnets: Vec::new(),
            security_groups: Vec::new(),
            private_dns: PlannedDns { enabled: false, preference: None, domains: Vec::new() },
        },
        group: None,
        planned_at: at("09:58:00"),
    }
}

/// What a subscription asks for by itself, and what its limits leave no room for.
pub fn held_connection() -> Connection {
    let id = ConnectionId::parse(format!("conn-{}", "0c".repeat(16))).unwrap();
    let resource = Resource::try_from("com.amazonaws.us-east-1.sqs".to_owned()).unwrap();
    let why = "it is held: it would be endpoint number 3 of subscription redis-production, whose limits.endpoints is 2";
    Connection {
        id,
        kind: Kind::InterfaceEndpoint,
        resource,
        status: Status::Wanted,
        held_by: vec![name()],
        why: why.to_owned(),
        made: None,
        execution: None,
        ready_at: None,
        ..gateway_connection()
    }
}

pub fn share() -> ShareRecord {
    ShareRecord {
        arn: ResourceShareArn::parse(SHARE).unwrap(),
        name: "redis-share".to_owned(),
        sender: sender(),
        invitation: Some(
            InvitationArn::parse("arn:aws:ram:us-east-1:444455556666:resource-share-invitation/9c-9d").unwrap(),
        ),
        expires_at: Some(at("22:00:00")),
        status: ShareStatus::Held,
        since: at("10:30:00"),
        why: vec![
            "no subscription trusts 444455556666".to_owned(),
            "`redis-production` asks for such shares to be held".to_owned(),
        ],
        next: "a person decides; the invitation expires".to_owned(),
        attempt: 1,
        transient_runs: 0,
        accepted_at: None,
        digest: "0123".to_owned(),
        settled: None,
        unseen_since: None,
        wait: None,
        answer: None,
        claims: Vec::new(),
        resources: vec![SharedResource {
            arn: RESOURCE.to_owned(),
            ram_type: "vpc-lattice:ResourceConfiguration".to_owned(),
        }],
        found_by: FoundBy::Sweep,
        found_at: at("10:29:00"),
        execution: None,
        fault: None,
        version: 2,
        change: "c2".to_owned(),
    }
}

pub fn trail() -> Vec<Entry> {
    let entry = |time: &str, by: &str, what: &str, status: &str, version| Entry {
        entry: AuditEntry { at: at(time), by: by.to_owned(), execution: None, what: what.to_owned() },
        status: status.to_owned(),
        version,
        change: format!("c{version}"),
    };
    vec![
        entry("09:58:00", "accept", "asked for it", "wanted", 1),
        entry("10:00:00", "drawbridge retry (ana)", "it can be reached", "ready", 5),
    ]
}

/// A share that waits for a person, answered or not.
pub fn waiting_share(asking: bool) -> ShareRecord {
    let wait = Wait {
        who: "a person".to_owned(),
        what: "whether share redis-share of account 444455556666 is accepted and connected".to_owned(),
        since: at("10:30:00"),
        until: at("21:45:00"),
        asked: "89ab".to_owned(),
        subscriptions: if asking { vec![name()] } else { Vec::new() },
        approved: Vec::new(),
        by_a_run: true,
    };
    ShareRecord { wait: Some(wait), ..share() }
}

/// A connection whose owner stopped sharing it an hour ago, with three days of grace.
pub fn graceful_connection() -> Connection {
    let revoked = at("11:00:00");
    let ending = Ending {
        cause: Cause::Revoked,
        why: "share redis-share is not shared with this account any more".to_owned(),
        by: "intake (sweep)".to_owned(),
        since: revoked,
        digest: "0123".to_owned(),
        reopen: None,
        in_grace: false,
    };
    let ended = end(&connection(), ending).unwrap();
    grace::begin(ended, Grace::parse("72h").unwrap(), "redis-share", revoked)
}

/// A connection that waits for its provider.
pub fn waiting_connection() -> Connection {
    let wait = Wait {
        who: "the owner of com.example.orders".to_owned(),
        what: "to accept endpoint vpce-0a1b2c3d".to_owned(),
        since: at("11:50:00"),
        until: at("12:20:00"),
        asked: "89ab".to_owned(),
        subscriptions: Vec::new(),
        approved: Vec::new(),
        by_a_run: true,
    };
    Connection { status: Status::Waiting, wait: Some(wait), databases: Vec::new(), ..connection() }
}
