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
        security_groups: item.security_groups.listed(),
        private_dns: true,
        policy: None,
    };
    let ready = made_by(call, &EndpointItem::Interface(item.clone()));
    let cases: &[(Change, &str)] = &[
        (|_| {}, ""),
        (|item| item.private_dns = Some(true), ""),
        (|item| item.private_dns = Some(false), "private DNS on instead of off"),
        (
            |item| item.security_groups = SecurityGroups::Listed(vec![group("sg-0b")]),
            "security groups sg-0a instead of sg-0b",
        ),
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
        security_groups: item.at.security_groups.listed(),
        private_dns: planned_dns(&item.at.private_dns, Profile::of(ProfileName::RedisCloud)),
    };
    let ready = made_by(call, &EndpointItem::ServiceNetwork(item.clone()));
    assert_eq!(told(&ready, EndpointItem::ServiceNetwork(item.clone())), "");
    let mut changed = item;
    changed.at = VpcTarget {
        private_dns: PrivateDns::Off,
        security_groups: SecurityGroups::Listed(vec![group("sg-0b")]),
        ..changed.at
    };
    let seen = told(&ready, EndpointItem::ServiceNetwork(changed));
    assert!(seen.contains("security groups sg-0a instead of sg-0b"), "{seen}");
    assert!(seen.contains("private DNS VERIFIED_DOMAINS_ONLY instead of off"), "{seen}");
}

#[test]
fn a_security_group_of_its_own_differs_from_listed_ones_and_by_its_sources() {
    use crate::connection::PlannedGroup;
    use crate::subscription::{Cidr, Sources};
    let with = |security_groups: SecurityGroups| {
        let mut of = subscription("a");
        if let crate::subscription::Target::Vpc(target) = &mut of.targets[0] {
            target.security_groups = security_groups;
        }
        of
    };
    let sources = |cidr: &str| {
        let cidrs = vec![Cidr::parse(cidr).unwrap()];
        SecurityGroups::Managed(Sources { cidrs, ..Sources::default() })
    };
    let mut managed = made_for(Status::Ready, &["a"]);
    if let Some(plan) = &mut managed.plan {
        let cidrs = vec!["10.0.0.0/16".to_owned()];
        plan.group = Some(PlannedGroup {
            vpc: crate::testing::vpc("vpc-0a"),
            ports: Vec::new(),
            cidrs,
            security_groups: Vec::new(),
        });
    }
    let own = || SecurityGroups::Managed(Sources::default());
    let listed = || SecurityGroups::Listed(vec![group("sg-0a")]);
    for (made, wished, differs) in [
        (&managed, own(), None),
        (&managed, sources("10.0.0.0/16"), None),
        (&managed, sources("10.1.0.0/16"), Some("sources 10.0.0.0/16 instead of 10.1.0.0/16")),
        (&managed, listed(), Some("a security group of its own instead of sg-0a")),
        (&made_for(Status::Ready, &["a"]), own(), Some("security groups sg-0a instead of one of its own")),
        (&made_for(Status::Ready, &["a"]), listed(), None),
    ] {
        let told = settled(made, &accepted(), &[with(wished)]);
        let finding = told.map(|(next, _)| next.findings[0].clone());
        assert_eq!(finding.is_some(), differs.is_some(), "{finding:?}");
        let Some(finding) = finding else { continue };
        assert!(finding.seen.contains(differs.unwrap_or_default()), "{finding:?}");
        assert!(
            finding.way_out.contains("`on_change: replace`"),
            "Drawbridge does not change it in place: {finding:?}"
        );
    }
}
