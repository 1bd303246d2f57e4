//! Service-network endpoints: what differs from resource endpoints.

use super::*;
use crate::connection::PlannedDns;

fn network() -> ResourceArn {
    crate::testing::network("sn-0a")
}

fn checked(exists: Option<bool>, seen: &VpcSeen) -> Preflight {
    super::network_endpoint(&target(), redis(), &network(), exists, &ours(), seen)
}

#[test]
fn what_is_ready_gets_its_call() {
    // That its owner denies reading it stops nothing.
    for exists in [Some(true), None] {
        let preflight = checked(exists, &seen());
        assert_eq!(codes(&preflight), [""; 0]);
        assert_eq!(
            preflight.call,
            Some(PlannedCall::ServiceNetworkEndpoint {
                service_network: network(),
                vpc: vpc_id("vpc-0a"),
                subnets: vec![SubnetId::parse("subnet-0a").unwrap(), SubnetId::parse("subnet-0b").unwrap()],
                security_groups: vec![SecurityGroupId::parse("sg-0a").unwrap()],
                private_dns: PlannedDns {
                    enabled: true,
                    preference: Some("VERIFIED_DOMAINS_ONLY".to_owned()),
                    domains: Vec::new(),
                },
            })
        );
    }
}

#[test]
fn everything_is_found_at_once() {
    let mut seen = seen();
    seen.vpc = Some(Vpc { id: vpc_id("vpc-0a"), dns_support: false, dns_hostnames: true, cidrs: Vec::new() });
    seen.subnets = vec![subnet("subnet-0a", "use1-az1", 15), subnet("subnet-0c", "use1-az3", 200)];
    seen.security_groups = vec![group("sg-0a", Vec::new())];
    assert_eq!(
        codes(&checked(Some(false), &seen)),
        ["ServiceNetworkNotFound!", "VpcDnsAttributesOff!", "NoUsableSubnet!", "PortsClosed!", "OptionalPortsClosed"]
    );
}

#[test]
fn another_region_stops_it() {
    let preflight = checked(Some(true), &seen()).in_region(&network(), &Region::parse("eu-west-1").unwrap());
    assert_eq!(codes(&preflight), ["RegionDiffers!"]);
}

#[test]
fn one_endpoint_leads_to_a_service_network_from_a_vpc() {
    let to = |network: ResourceArn| Endpoint {
        service_network: Some(network),
        ..endpoint("vpce-0b", "ServiceNetwork", None)
    };
    let ours = tags(&[(TAG_CONNECTION, ours().as_str())]);
    for (other, found) in [
        (to(network()), &["EndpointExists!"][..]),
        (Endpoint { tags: ours, ..to(network()) }, &[]),
        (Endpoint { state: "deleted".to_owned(), ..to(network()) }, &[]),
        (to(crate::testing::network("sn-0b")), &["SecondServiceNetwork"]),
        (endpoint("vpce-0b", "resource", Some(resource())), &["ResourceEndpointBeside"]),
    ] {
        let seen = VpcSeen { endpoints: vec![other.clone()], ..seen() };
        assert_eq!(codes(&checked(Some(true), &seen)), found, "{other:?}");
    }
}

#[test]
fn a_second_service_network_of_the_vpc_is_told() {
    let other = crate::testing::network("sn-0b");
    let found = second_network(&vpc_id("vpc-0a"), &network(), &[network(), other.clone()]);
    assert_eq!(found.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["SecondServiceNetwork"; 2]);
    assert!(found.iter().all(|f| f.severity == Severity::Warning));
    assert!(found[0].seen.ends_with("sn-0a, the very same") && found[1].seen.ends_with("sn-0b"), "{found:?}");
    // Without private names there is nothing that could clash.
    let off = VpcTarget { private_dns: PrivateDns::Off, ..target() };
    let beside = Endpoint { service_network: Some(other), ..endpoint("vpce-0b", "ServiceNetwork", None) };
    let seen = VpcSeen { endpoints: vec![beside], ..seen() };
    let preflight = super::network_endpoint(&off, redis(), &network(), Some(true), &ours(), &seen);
    assert_eq!(codes(&preflight), [""; 0]);
}
