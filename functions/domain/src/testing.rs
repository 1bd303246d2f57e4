//! What most tests need: one plausible thing of each kind, to be changed field by field.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::connection::{Connection, Made, Plan, PlannedCall, Status};
use crate::fault::{FaultName, FaultRecord};
use crate::identity::{self, Home};
use crate::ids::{
    AccountId, AssociationId, Installation, InvitationArn, Region, ResourceArn, ResourceShareArn, SecurityGroupId,
    ServiceName, ServiceNetworkId, SubnetId, SubscriptionName, VpcEndpointId, VpcId,
};
use crate::network::{Association, EndpointService};
use crate::profile::ProfileName;
use crate::share::{
    FoundBy, Invitation, InvitationStatus, ShareFacts, ShareRecord, ShareStatus, SharedResource, VisibleShare,
};
use crate::subscription::{
    Approval, GatewayItem, GatewayService, InterfaceItem, Kind, Limits, NetworkItem, NetworkName, OnChange, OnRevoke,
    Otherwise, PrivateDns, Reconcile, ResourceType, RouteTables, SecurityGroups, ServiceNetworkTarget, Subnets,
    Subscription, Target, TargetKey, Trust, VpcTarget,
};

/// The account that shares.
pub const SENDER: &str = "444455556666";
/// An account that nobody trusts.
pub const STRANGER: &str = "777788889999";
/// RAM's word for what can be connected.
pub const RESOURCE_CONFIGURATION: &str = "vpc-lattice:ResourceConfiguration";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Noon; the invitation of [`invitation`] came at eleven.
pub fn now() -> Timestamp {
    at("2026-11-20T12:00:00Z")
}

pub fn account(id: &str) -> AccountId {
    AccountId::parse(id).unwrap()
}

pub fn name(text: &str) -> SubscriptionName {
    SubscriptionName::parse(text).unwrap()
}

pub fn vpc(id: &str) -> VpcId {
    VpcId::parse(id).unwrap()
}

pub fn share_arn(owner: &str) -> ResourceShareArn {
    ResourceShareArn::parse(format!("arn:aws:ram:us-east-1:{owner}:resource-share/0a1b")).unwrap()
}

pub fn invitation_arn(id: &str) -> InvitationArn {
    InvitationArn::parse(format!("arn:aws:ram:us-east-1:{SENDER}:resource-share-invitation/{id}")).unwrap()
}

/// The sender's resource configuration.
pub fn resource(id: &str) -> ResourceArn {
    ResourceArn::parse(format!("arn:aws:vpc-lattice:us-east-1:{SENDER}:resourceconfiguration/{id}")).unwrap()
}

pub fn inside(arn: &str, ram_type: &str) -> SharedResource {
    SharedResource { arn: arn.to_owned(), ram_type: ram_type.to_owned() }
}

/// The resource configurations of the sender, as RAM lists them.
pub fn configurations(ids: &[&str]) -> Vec<SharedResource> {
    ids.iter().map(|id| inside(resource(id).as_str(), RESOURCE_CONFIGURATION)).collect()
}

pub fn vpc_target(id: &str) -> Target {
    Target::Vpc(VpcTarget {
        vpc: vpc(id),
        subnets: Subnets::Auto,
        security_groups: SecurityGroups::Listed(vec![SecurityGroupId::parse("sg-0a").unwrap()]),
        private_dns: PrivateDns::ProfileDefault,
    })
}

pub fn network_target(id: &str) -> Target {
    Target::ServiceNetwork(ServiceNetworkTarget {
        service_network: ServiceNetworkId::parse(id).unwrap(),
        private_dns: true,
    })
}

/// The sender's service network.
pub fn network(id: &str) -> ResourceArn {
    ResourceArn::parse(format!("arn:aws:vpc-lattice:us-east-1:{SENDER}:servicenetwork/{id}")).unwrap()
}

/// An interface endpoint in `vpc-0a`.
pub fn interface_item(service: &str) -> InterfaceItem {
    InterfaceItem {
        service: ServiceName::parse(service).unwrap(),
        region: None,
        vpc: vpc("vpc-0a"),
        subnets: Subnets::Auto,
        security_groups: SecurityGroups::Listed(vec![SecurityGroupId::parse("sg-0a").unwrap()]),
        private_dns: None,
        policy: None,
    }
}

/// A gateway endpoint for S3 in all route tables of `vpc-0a`.
pub fn gateway_item() -> GatewayItem {
    GatewayItem { service: GatewayService::S3, vpc: vpc("vpc-0a"), route_tables: RouteTables::All, policy: None }
}

/// A service-network endpoint in `vpc-0a`.
pub fn network_item(service_network: NetworkName) -> NetworkItem {
    let Target::Vpc(at) = vpc_target("vpc-0a") else { unreachable!() };
    NetworkItem { service_network, at }
}

/// Trusts [`SENDER`], connects to `vpc-0a`, holds what it does not trust.
pub fn subscription(called: &str) -> Subscription {
    Subscription {
        name: name(called),
        trust: Trust {
            senders: vec![account(SENDER)],
            share_names: Vec::new(),
            shares: Vec::new(),
            resource_types: vec![ResourceType::ResourceConfiguration],
        },
        otherwise: Otherwise::Hold,
        approval: Approval::Never,
        on_revoke: OnRevoke::Keep,
        on_change: OnChange::Keep,
        profile: ProfileName::RedisCloud.into(),
        targets: vec![vpc_target("vpc-0a")],
        tags: BTreeMap::new(),
        limits: Limits::default(),
        ports: BTreeMap::new(),
        endpoints: Vec::new(),
        reconcile: Reconcile::default(),
        outputs: None,
    }
}

/// An invitation of [`SENDER`], an hour old.
pub fn invitation(status: InvitationStatus) -> Invitation {
    Invitation {
        arn: invitation_arn("first"),
        share: share_arn(SENDER),
        name: "redis-production".to_owned(),
        sender: account(SENDER),
        invited_at: at("2026-11-20T11:00:00Z"),
        status,
    }
}

/// A share of [`SENDER`] with one resource configuration and a pending invitation.
pub fn facts() -> ShareFacts {
    ShareFacts {
        arn: share_arn(SENDER),
        name: "redis-production".to_owned(),
        sender: account(SENDER),
        invitation: Some(invitation(InvitationStatus::Pending)),
        resources: configurations(&["rcfg-1"]),
    }
}

pub fn visible_share() -> VisibleShare {
    VisibleShare {
        arn: share_arn(SENDER),
        name: "redis-production".to_owned(),
        owner: account(SENDER),
        active: true,
        deleted: false,
    }
}

pub fn fault(name: FaultName) -> FaultRecord {
    name.because("it was so").into()
}

/// What the ledger knows of that share after its first run.
pub fn share_record(status: ShareStatus) -> ShareRecord {
    ShareRecord {
        arn: share_arn(SENDER),
        name: "redis-production".to_owned(),
        sender: account(SENDER),
        invitation: Some(invitation_arn("first")),
        expires_at: None,
        status,
        since: at("2026-11-20T11:00:00Z"),
        why: vec!["because".to_owned()],
        next: "nothing".to_owned(),
        attempt: 1,
        transient_runs: 0,
        accepted_at: None,
        digest: "digest".to_owned(),
        settled: Some("settled".to_owned()),
        unseen_since: None,
        wait: None,
        answer: None,
        claims: vec![name("a")],
        resources: configurations(&["rcfg-1"]),
        found_by: FoundBy::Event,
        found_at: at("2026-11-20T11:00:00Z"),
        execution: Some(execution("onboard", "first")),
        fault: None,
        version: 3,
        change: "change-3".to_owned(),
    }
}

pub fn execution(machine: &str, called: &str) -> String {
    format!("arn:aws:states:us-east-1:111122223333:execution:{machine}:{called}")
}

pub fn home() -> Home {
    Home {
        installation: Installation::parse("drawbridge").unwrap(),
        account: account("111122223333"),
        region: Region::parse("us-east-1").unwrap(),
        partition: "aws".to_owned(),
    }
}

pub fn endpoint_id() -> VpcEndpointId {
    VpcEndpointId::parse("vpce-0a").unwrap()
}

pub fn association_id() -> AssociationId {
    AssociationId::parse("snra-0a").unwrap()
}

/// An association with `rcfg-1`, as Lattice shows it.
pub fn association(status: &str) -> Association {
    Association {
        id: association_id(),
        arn: "arn:aws:vpc-lattice:us-east-1:111122223333:servicenetworkresourceassociation/snra-0a".to_owned(),
        status: status.to_owned(),
        resource: Some(resource("rcfg-1")),
        resource_name: None,
        managed: false,
        failure: None,
        dns: Vec::new(),
    }
}

/// The sender's interface service, without a private name.
pub fn endpoint_service(name: &str) -> EndpointService {
    EndpointService {
        name: name.to_owned(),
        service_type: "Interface".to_owned(),
        zones: vec!["use1-az1".to_owned(), "use1-az2".to_owned()],
        owner: SENDER.to_owned(),
        private_dns_name: None,
        private_dns_names: Vec::new(),
        private_dns_state: None,
        acceptance_required: false,
        policy_supported: true,
        address_families: vec!["ipv4".to_owned()],
    }
}

/// The connection of `rcfg-1` to `vpc-0a`, planned and made, claimed by `a`.
pub fn connection(status: Status) -> Connection {
    let target = TargetKey::Vpc(vpc("vpc-0a"));
    let id = identity::connection_id(&home(), Kind::ResourceEndpoint, &resource("rcfg-1").into(), &target);
    let plan = Plan {
        token: identity::owner_token(&id, 1),
        tags: BTreeMap::new(),
        call: PlannedCall::ResourceEndpoint {
            resource: resource("rcfg-1"),
            vpc: vpc("vpc-0a"),
            subnets: vec![SubnetId::parse("subnet-0a").unwrap()],
            security_groups: vec![SecurityGroupId::parse("sg-0a").unwrap()],
            private_dns: crate::connection::PlannedDns { enabled: false, preference: None, domains: Vec::new() },
        },
        group: None,
        planned_at: at("2026-11-20T11:00:00Z"),
    };
    Connection {
        id,
        kind: Kind::ResourceEndpoint,
        share_arn: Some(share_arn(SENDER)),
        resource: resource("rcfg-1").into(),
        resource_name: Some("orders".to_owned()),
        target,
        claims: vec![name("a")],
        status,
        held_by: Vec::new(),
        since: at("2026-11-20T11:00:00Z"),
        why: "because".to_owned(),
        next: "nothing".to_owned(),
        generation: 1,
        attempt: 1,
        transient_runs: 0,
        digest: "digest".to_owned(),
        execution: Some(execution("connect", "first")),
        deadline: Some(at("2026-11-20T11:30:00Z")),
        wait: None,
        plan: Some(plan),
        made: Some(Made::Endpoint(endpoint_id())),
        group: None,
        groups_left: Vec::new(),
        findings: Vec::new(),
        last_look: Vec::new(),
        databases: Vec::new(),
        names_version: 1,
        names_since: None,
        changing: Vec::new(),
        missing: None,
        fault: None,
        ending: None,
        outputs: None,
        wanted_at: at("2026-11-20T11:00:00Z"),
        ready_at: None,
        version: 3,
        change: "change-3".to_owned(),
    }
}
