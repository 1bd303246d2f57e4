//! Quotas: what is used up by default is told, and stops nothing unless the quota is known not to be higher.

use super::*;
use crate::testing::{gateway_item, interface_item};

fn many(count: usize, of: &str) -> Vec<Endpoint> {
    (0..count).map(|n| endpoint(&format!("vpce-{n:04}"), of, None)).collect()
}

fn finding(of: &str, endpoints: Vec<Endpoint>, quota: Looked<Option<usize>>) -> Option<Finding> {
    let seen = VpcSeen { endpoints, quota, ..seen() };
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
            let routes = RoutesSeen { endpoints: seen.endpoints, quota: seen.quota, ..RoutesSeen::default() };
            super::gateway(&gateway_item(), &service, &[], &ours(), &routes)
        }
    };
    let mut told = found.findings.into_iter().filter(|finding| finding.code == "QuotaReached");
    let finding = told.next();
    assert_eq!(told.next(), None, "told once");
    finding
}

fn told(of: &str, endpoints: Vec<Endpoint>) -> Option<String> {
    let finding = finding(of, endpoints, Looked::Not)?;
    assert_eq!(finding.severity, Severity::Warning, "it may have been raised");
    Some(finding.seen)
}

#[test]
fn what_the_account_has_decides_where_it_is_known() {
    for (of, default, code) in [
        ("Resource", 200, "L-CA6CC422"),
        ("ServiceNetwork", 50, "L-3B4E38D2"),
        ("Interface", 50, "L-29B6F2EB"),
        ("Gateway", 20, "L-1B52E74A"),
    ] {
        let with = |applied| finding(of, many(default, of), applied);
        assert_eq!(with(Looked::Seen(Some(default + 1))), None, "{of}: it was raised");
        let reached = with(Looked::Seen(Some(default))).unwrap();
        assert_eq!(reached.severity, Severity::Error, "{of}");
        assert!(reached.needed.contains(&format!("fewer than {default} ")), "{}", reached.needed);
        let request = format!("request-service-quota-increase --service-code vpc --quota-code {code} --desired-value ");
        assert!(reached.way_out.contains(&request), "{}", reached.way_out);
        assert!(reached.way_out.contains(&(default + default / 2).to_string()), "{}", reached.way_out);
        for (unknown, words) in
            [(Looked::Seen(None), "unless yours was raised"), (Looked::Failed("denied".to_owned()), "denied")]
        {
            let unknown = with(unknown).unwrap();
            assert_eq!(unknown.severity, Severity::Warning, "{of}");
            assert!(unknown.needed.contains(words), "{}", unknown.needed);
        }
        // What is looked at without need decides nothing.
        assert_eq!(finding(of, many(default - 1, of), Looked::Seen(Some(1))), None, "{of}");
    }
}

#[test]
fn it_is_asked_for_only_where_the_default_is_used_up() {
    let asked = |count, of: &str| used_up("Resource", &vpc_id("vpc-0a"), &ours(), &many(count, of));
    assert_eq!(asked(199, "Resource"), None);
    assert_eq!(asked(200, "resource").map(|quota| quota.code), Some("L-CA6CC422"));
    assert_eq!(asked(500, "Interface"), None);
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
fn gateway_endpoints_of_every_vpc_count() {
    let mut gateways = many(20, "Gateway");
    for one in &mut gateways {
        one.vpc = Some(vpc_id("vpc-0b"));
    }
    let seen = told("Gateway", gateways.clone()).unwrap();
    assert_eq!(seen, "this account has 20 endpoints of type Gateway in this Region");
    gateways[0].state = "deleting".to_owned();
    assert_eq!(told("Gateway", gateways), None);
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
