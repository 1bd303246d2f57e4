//! What was made otherwise, of every kind that is an endpoint in subnets.

use super::alone::asking;
use super::*;
use crate::ids::{Service, SubnetId};
use crate::subscription::VpcTarget;
use crate::testing::{interface_item, network_item};

fn group(id: &str) -> SecurityGroupId {
    SecurityGroupId::parse(id).unwrap()
}

/// A ready connection of what `item` asks for, made by this call.
fn made_by(call: PlannedCall, item: &EndpointItem) -> Connection {
    let made = connection(Status::Ready);
    Connection {
        kind: item.kind(),
        share_arn: None,
        resource: item.resource(&home()).unwrap(),
        target: item.target(),
        plan: made.plan.clone().map(|plan| Plan { call, ..plan }),
        ..made
    }
}

fn told(connection: &Connection, item: EndpointItem) -> String {
    let (unreadable, home, known) = (unreadable(&[]), home(), [asking("a", vec![item])]);
    let known = Known { subscriptions: &known, unreadable: &unreadable, home: &home };
    let next = settle(connection, None, known, "intake", now());
    next.map_or_else(String::new, |(next, _)| next.findings.iter().map(|finding| finding.seen.clone()).collect())
}

#[test]
fn an_interface_endpoint() {
    type Change = fn(&mut crate::subscription::InterfaceItem);
    let item = interface_item("com.amazonaws.us-east-1.s3");
    let call = PlannedCall::InterfaceEndpoint {
        service: Service::of(&item.service, None),
        vpc: item.vpc.clone(),
        subnets: vec![SubnetId::parse("subnet-0a").unwrap()],
        security_groups: item.security_groups.clone(),
        private_dns: true,
        policy: None,
    };
    let ready = made_by(call, &EndpointItem::Interface(item.clone()));
    let cases: &[(Change, &str)] = &[
        (|_| {}, ""),
        (|item| item.private_dns = Some(true), ""),
        (|item| item.private_dns = Some(false), "private DNS on instead of off"),
        (|item| item.security_groups = vec![group("sg-0b")], "security groups sg-0a instead of sg-0b"),
        (
            |item| item.subnets = Subnets::Listed(vec![SubnetId::parse("subnet-0b").unwrap()]),
            "subnets subnet-0a instead of subnet-0b",
        ),
    ];
    for (change, difference) in cases {
        let mut changed = item.clone();
        change(&mut changed);
        let seen = told(&ready, EndpointItem::Interface(changed));
        assert!(seen.contains(difference) && seen.is_empty() == difference.is_empty(), "{difference}: {seen}");
    }
}

#[test]
fn a_service_network_endpoint() {
    let item = network_item(NetworkName::Arn(testing::network("sn-0a")));
    let call = PlannedCall::ServiceNetworkEndpoint {
        service_network: testing::network("sn-0a"),
        vpc: item.at.vpc.clone(),
        subnets: vec![SubnetId::parse("subnet-0a").unwrap()],
        security_groups: item.at.security_groups.clone(),
        private_dns: planned_dns(&item.at.private_dns, Profile::of(ProfileName::RedisCloud)),
    };
    let ready = made_by(call, &EndpointItem::ServiceNetwork(item.clone()));
    assert_eq!(told(&ready, EndpointItem::ServiceNetwork(item.clone())), "");
    let mut changed = item;
    changed.at = VpcTarget { private_dns: PrivateDns::Off, security_groups: vec![group("sg-0b")], ..changed.at };
    let seen = told(&ready, EndpointItem::ServiceNetwork(changed));
    assert!(seen.contains("security groups sg-0a instead of sg-0b"), "{seen}");
    assert!(seen.contains("private DNS VERIFIED_DOMAINS_ONLY instead of off"), "{seen}");
}
