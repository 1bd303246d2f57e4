//! Quotas: what is used up by default is told, and stops nothing.

use super::*;
use crate::testing::{gateway_item, interface_item};

fn many(count: usize, of: &str) -> Vec<Endpoint> {
    (0..count).map(|n| endpoint(&format!("vpce-{n:04}"), of, None)).collect()
}

fn told(of: &str, endpoints: Vec<Endpoint>) -> Option<String> {
    let seen = VpcSeen { endpoints, ..seen() };
    let found = match of {
        "Resource" => check(&target(), &seen),
        "ServiceNetwork" => {
            super::network_endpoint(&target(), redis(), &crate::testing::network("sn-0a"), None, &ours(), &seen)
        }
        "Interface" => {
            let item = interface_item("com.amazonaws.a.b");
            let service = crate::ids::Service::parse("com.amazonaws.a.b").unwrap();
            super::interface(&item, redis(), None, &service, &[], &ours(), &seen)
        }
        _ => {
            let service = crate::ids::Service::parse("com.amazonaws.us-east-1.s3").unwrap();
            let routes = RoutesSeen { endpoints: seen.endpoints, ..RoutesSeen::default() };
            super::gateway(&gateway_item(), &service, &[], &ours(), &routes)
        }
    };
    let mut told = found.findings.into_iter().filter(|finding| finding.code == "QuotaReached");
    let finding = told.next()?;
    assert_eq!((finding.severity, told.next()), (Severity::Warning, None), "it may have been raised");
    Some(finding.seen)
}

#[test]
fn each_type_has_its_own() {
    for (of, default) in [("Resource", 200), ("ServiceNetwork", 50), ("Interface", 50), ("Gateway", 20)] {
        assert_eq!(told(of, many(default - 1, of)), None, "{of}");
        assert!(told(of, many(default, &of.to_lowercase())).unwrap().contains(&default.to_string()), "{of}");
        assert_eq!(told(of, many(default + 100, "Tunnel")), None, "{of}: others do not count");
    }
    let mut mixed = many(30, "GatewayLoadBalancer");
    mixed.extend((30..50).map(|n| endpoint(&format!("vpce-{n:04}"), "Interface", None)));
    assert!(told("Interface", mixed).is_some(), "they count together");
}

#[test]
fn what_goes_or_is_ours_takes_no_room() {
    let with = |change: fn(&mut Endpoint)| {
        let mut endpoints = many(200, "Resource");
        change(&mut endpoints[0]);
        told("Resource", endpoints)
    };
    assert!(with(|_| ()).is_some());
    assert_eq!(with(|one| one.state = "deleting".to_owned()), None);
    assert_eq!(with(|one| one.vpc = Some(vpc_id("vpc-0b"))), None);
    assert_eq!(with(|one| one.tags = tags(&[(TAG_CONNECTION, ours().as_str())])), None);
}
