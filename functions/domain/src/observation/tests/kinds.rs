//! What is seen of service-network, interface and gateway endpoints.

use super::*;
use crate::ids::{RouteTableId, Service, VpcId};
use crate::network::{DnsEntry, PrefixRoute, RouteTable};

fn interface(names: &[&str], private_dns: bool) -> Endpoint {
    let entry = |name: &&str| DnsEntry { name: (*name).to_owned(), hosted_zone: Some("Z1".to_owned()) };
    Endpoint {
        endpoint_type: "Interface".to_owned(),
        service: Some("com.amazonaws.us-east-1.s3".to_owned()),
        private_dns,
        dns: names.iter().map(entry).collect(),
        ..seen_endpoint("available", None)
    }
}

#[test]
fn an_endpoint_that_is_to_be_accepted_says_by_whom() {
    for state in ["pendingAcceptance", "PendingAcceptance", "PENDING_ACCEPTANCE"] {
        let waiting = Endpoint { state: state.to_owned(), ..interface(&[], false) };
        let fault = endpoint("vpce-0a", Some(&waiting), false).unwrap_err();
        assert_eq!(fault.name, FaultName::AcceptancePending);
        assert!(fault.message.ends_with("the owner of com.amazonaws.us-east-1.s3 has to accept it"), "{fault}");
    }
    for (state, name) in [
        ("rejected", FaultName::EndpointRejected),
        ("Failed", FaultName::EndpointFailed),
        ("EXPIRED", FaultName::EndpointFailed),
        ("deleted", FaultName::EndpointGone),
    ] {
        let ended = Endpoint { state: state.to_owned(), ..interface(&[], false) };
        assert_eq!(endpoint("vpce-0a", Some(&ended), false).unwrap_err().name, name);
    }
}

#[test]
fn each_name_of_an_interface_endpoint_says_what_it_is_for() {
    use DnsScope::{Private, Regional, Zonal};
    let names = [
        ("vpce-0a-1b2c3d4e.s3.us-east-1.vpce.amazonaws.com", Regional),
        ("*.vpce-0a-1b2c3d4e.s3.us-east-1.vpce.amazonaws.com", Regional),
        ("vpce-0a-1b2c3d4e-us-east-1a.s3.us-east-1.vpce.amazonaws.com", Zonal),
        ("*.vpce-0a-1b2c3d4e-use1-az1.s3.us-east-1.vpce.amazonaws.com", Zonal),
        ("s3.us-east-1.amazonaws.com", Private),
        ("*.s3.us-east-1.amazonaws.com", Private),
        ("vpce-0ab-1b2c3d4e.example.com", Private),
    ];
    let seen = interface_names(&interface(&names.map(|(name, _)| name), true), true).unwrap();
    assert_eq!(seen.iter().map(|dns| (dns.name.as_str(), dns.scope)).collect::<Vec<_>>(), names);
    assert!(seen.iter().all(|dns| dns.hosted_zone.as_deref() == Some("Z1")));
}

#[test]
fn an_interface_endpoint_is_ready_with_its_names() {
    let (regional, private) = ("vpce-0a-1b.s3.us-east-1.vpce.amazonaws.com", "s3.us-east-1.amazonaws.com");
    for (seen, planned, ready) in [
        (interface(&[regional], false), false, true),
        (interface(&[regional, private], true), true, true),
        (interface(&[], false), false, false),
        (interface(&[private], true), true, false),
        (interface(&[regional, private], false), true, false),
        (interface(&[regional], true), true, false),
    ] {
        let found = interface_names(&seen, planned).map_err(|fault| fault.name);
        assert_eq!(found.is_ok(), ready, "{seen:?}");
        assert!(ready || found == Err(FaultName::NotReady), "{found:?}");
    }
}

#[test]
fn the_port_of_a_service_is_the_subscriptions_word() {
    let service = Service::parse("com.amazonaws.vpce.eu-west-1.vpce-svc-0a@eu-west-1").unwrap();
    let mut told = subscription("a");
    told.ports.insert(service.name().to_owned(), 9092);
    let reached = service_reached(&service, Vec::new(), Some(&told));
    assert_eq!((reached.resource.as_str(), reached.name), (service.as_str(), None));
    assert_eq!(reached.port, Port::Known { ranges: vec!["9092".to_owned()], source: PortSource::Subscription });
    let Port::Unknown { reason } = service_reached(&service, Vec::new(), Some(&subscription("a"))).port else {
        panic!()
    };
    assert!(reason.ends_with("`ports: {com.amazonaws.vpce.eu-west-1.vpce-svc-0a: PORT}`"), "{reason}");
}

fn table(id: &str, gateway: &str, state: &str) -> RouteTable {
    let route = PrefixRoute { prefix_list: "pl-0a".to_owned(), gateway: gateway.to_owned(), state: state.to_owned() };
    RouteTable {
        id: RouteTableId::parse(id).unwrap(),
        vpc: VpcId::parse("vpc-0a").unwrap(),
        main: false,
        subnets: Vec::new(),
        routes: vec![route],
    }
}

#[test]
fn a_gateway_endpoint_is_ready_when_each_table_has_its_route() {
    let planned = ["rtb-0a", "rtb-0b"].map(|id| RouteTableId::parse(id).unwrap());
    let here = || table("rtb-0a", "vpce-0a", "active");
    let seen = |tables: &[RouteTable]| gateway_routes("vpce-0a", &planned, tables);
    assert_eq!(seen(&[here(), table("rtb-0b", "vpce-0a", "Active")]), Ok(vec!["pl-0a".to_owned()]));
    for missing in [
        vec![here()],
        vec![here(), table("rtb-0b", "vpce-0b", "active")],
        vec![here(), table("rtb-0b", "vpce-0a", "blackhole")],
        vec![here(), table("rtb-0c", "vpce-0a", "active")],
    ] {
        let fault = seen(&missing).unwrap_err();
        assert_eq!(
            (fault.name, fault.message.as_str()),
            (FaultName::NotReady, "no route through vpce-0a in rtb-0b yet")
        );
    }
    assert!(gateway_routes("vpce-0a", &[], &[]).is_err());
}

#[test]
fn a_service_network_is_ready_with_one_and_those_on_their_way_are_looked_at_once_more() {
    let look = |seen: Vec<Branch>, last: &[&str]| {
        let last: Vec<String> = last.iter().map(|id| (*id).to_owned()).collect();
        network_branches(seen, &last, None, now())
    };
    let waits = |look: Result<Look, Fault>, with: &[&str]| match look.unwrap() {
        Look::NotReady { accessible, .. } => assert_eq!(accessible, with),
        ready @ Look::Ready { .. } => panic!("{ready:?}"),
    };
    let ready = |look: Result<Look, Fault>, with: &[&str], noted: Option<&str>| match look.unwrap() {
        Look::Ready { branches, note } => {
            assert_eq!(branches.iter().map(|branch| branch.resource.id()).collect::<Vec<_>>(), with);
            assert_eq!(note.as_deref(), noted);
        }
        waits @ Look::NotReady { .. } => panic!("{waits:?}"),
    };
    waits(look(Vec::new(), &[]), &[]);
    waits(look(vec![branch("rcfg-1", false)], &[]), &[]);
    ready(look(vec![branch("rcfg-1", true)], &[]), &["rcfg-1"], None);
    let some = || vec![branch("rcfg-2", true), branch("rcfg-1", false)];
    waits(look(some(), &[]), &["rcfg-2"]);
    ready(look(some(), &["rcfg-2"]), &["rcfg-2"], Some("not usable so far: rcfg-1"));
    ready(
        look(vec![branch("rcfg-1", true), failed("rcfg-2", "no route")], &[]),
        &["rcfg-1"],
        Some("not usable so far: rcfg-2"),
    );
    let fault = look(vec![failed("rcfg-1", "no route")], &[]).unwrap_err();
    assert_eq!(fault.name, FaultName::AssociationFailed);
}
