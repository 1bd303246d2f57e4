#![allow(clippy::unwrap_used, clippy::expect_used)]

mod gateway;
mod groups;
mod interface;
mod network_endpoint;
mod private_names;
mod properties;
mod quotas;
mod service_network;
mod vpc;

use std::collections::BTreeMap;

use super::*;
use crate::identity::{TAG_CONNECTION, TAG_INSTALLATION};
use crate::ids::{AccountId, AzId, ConnectionId, SecurityGroupId, SubnetId, VpcEndpointId, VpcId};
use crate::network::Ingress;
use crate::profile::{Profile, ProfileName};
use crate::subscription::{PrivateDns, SecurityGroups, Subnets, VpcTarget};

fn redis() -> &'static Profile {
    Profile::of(ProfileName::RedisCloud)
}

fn resource() -> ResourceArn {
    resource_of("us-east-1", "444455556666")
}

fn resource_of(region: &str, owner: &str) -> ResourceArn {
    ResourceArn::parse(format!("arn:aws:vpc-lattice:{region}:{owner}:resourceconfiguration/rcfg-0a")).unwrap()
}

fn ours() -> ConnectionId {
    ConnectionId::parse(format!("conn-{}", "0a".repeat(16))).unwrap()
}

fn configuration(config_type: &str) -> ResourceConfiguration {
    ResourceConfiguration {
        arn: resource(),
        name: None,
        config_type: config_type.to_owned(),
        port_ranges: Vec::new(),
        custom_domain: None,
        group_domain: None,
        verified: false,
    }
}

fn vpc_id(id: &str) -> VpcId {
    VpcId::parse(id).unwrap()
}

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn subnet(id: &str, zone: &str, free_addresses: u32) -> Subnet {
    Subnet {
        id: SubnetId::parse(id).unwrap(),
        vpc: vpc_id("vpc-0a"),
        az: AzId::parse(zone).unwrap(),
        zone: None,
        free_addresses,
        ipv6_only: false,
    }
}

fn rule(protocol: &str, from: u16, to: u16) -> Ingress {
    Ingress { protocol: protocol.to_owned(), ports: Some((from, to)) }
}

fn group(id: &str, ingress: Vec<Ingress>) -> SecurityGroup {
    SecurityGroup { id: SecurityGroupId::parse(id).unwrap(), vpc: vpc_id("vpc-0a"), ingress }
}

fn endpoint(id: &str, endpoint_type: &str, resource: Option<ResourceArn>) -> Endpoint {
    Endpoint {
        id: VpcEndpointId::parse(id).unwrap(),
        endpoint_type: endpoint_type.to_owned(),
        state: "available".to_owned(),
        vpc: Some(vpc_id("vpc-0a")),
        resource,
        service_network: None,
        service: None,
        private_dns: false,
        route_tables: Vec::new(),
        dns: Vec::new(),
        tags: BTreeMap::new(),
        failure: None,
    }
}

/// A target against which nothing stands.
fn target() -> VpcTarget {
    VpcTarget {
        vpc: vpc_id("vpc-0a"),
        subnets: Subnets::Auto,
        security_groups: SecurityGroups::Listed(vec![SecurityGroupId::parse("sg-0a").unwrap()]),
        private_dns: PrivateDns::ProfileDefault,
    }
}

fn seen() -> VpcSeen {
    VpcSeen {
        vpc: Some(Vpc { id: vpc_id("vpc-0a"), dns_support: true, dns_hostnames: true, cidrs: Vec::new() }),
        subnets: vec![subnet("subnet-0a", "use1-az1", 200), subnet("subnet-0b", "use1-az2", 200)],
        security_groups: vec![group("sg-0a", vec![rule("tcp", 10_000, 19_999), rule("tcp", 8070, 8070)])],
        ..VpcSeen::default()
    }
}

fn check(target: &VpcTarget, seen: &VpcSeen) -> Preflight {
    super::vpc(target, redis(), &resource(), Some(&configuration("GROUP")), &ours(), seen)
}

/// Each finding's code, errors marked with `!`.
fn codes(preflight: &Preflight) -> Vec<String> {
    let stopped = preflight.findings.iter().any(|finding| finding.severity == Severity::Error);
    assert_eq!(preflight.call.is_none(), stopped, "a call exactly if nothing stands against it");
    for finding in &preflight.findings {
        assert!(CODES.iter().any(|(code, _)| *code == finding.code), "{} is not in CODES", finding.code);
        assert!(!finding.seen.is_empty() && !finding.needed.is_empty() && !finding.way_out.is_empty(), "{finding:?}");
    }
    let mark = |severity| if severity == Severity::Error { "!" } else { "" };
    preflight.findings.iter().map(|finding| format!("{}{}", finding.code, mark(finding.severity))).collect()
}

#[test]
fn codes_are_named_once() {
    let mut names: Vec<_> = CODES.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CODES.len());
}

#[test]
fn another_region_stops_the_connection() {
    let preflight = check(&target(), &seen());
    let same = preflight.clone().in_region(&resource(), &Region::parse("us-east-1").unwrap());
    assert_eq!(same, preflight);
    let mut warned = seen();
    warned.subnets.push(subnet("subnet-0c", "use1-az3", 200));
    let other = check(&target(), &warned).in_region(&resource(), &Region::parse("eu-west-1").unwrap());
    assert_eq!(codes(&other), ["RegionDiffers!", "ZonesLeftOut"]);
    assert!(other.findings[0].seen.contains("us-east-1") && other.findings[0].seen.contains("eu-west-1"));
    let again = other.clone().in_region(&resource(), &Region::parse("eu-west-1").unwrap());
    assert_eq!(again, other, "told once");
}
