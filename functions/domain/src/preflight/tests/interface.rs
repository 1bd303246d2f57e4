//! Interface endpoints: one table per rule.

use super::*;
use crate::ids::Service;
use crate::network::{DnsEntry, EndpointService};
use crate::subscription::InterfaceItem;
use crate::testing::{endpoint_service, interface_item};

const NAME: &str = "com.amazonaws.vpce.us-east-1.vpce-svc-0a";

fn service(text: &str) -> Service {
    Service::parse(text).unwrap()
}

fn offered() -> EndpointService {
    EndpointService {
        zones: vec!["use1-az1".to_owned(), "us-east-1b".to_owned()],
        private_dns_name: Some("db.example.com".to_owned()),
        private_dns_state: Some("verified".to_owned()),
        ..endpoint_service(NAME)
    }
}

fn item() -> InterfaceItem {
    interface_item(NAME)
}

fn checked(item: &InterfaceItem, services: &[EndpointService], seen: &VpcSeen) -> Preflight {
    super::interface(item, redis(), None, &service(NAME), services, &ours(), seen)
}

/// The service is in the zone of `subnet-0a` by its id and in that of `subnet-0b` by its name.
fn here() -> VpcSeen {
    let mut here = seen();
    here.subnets[1].zone = Some("us-east-1b".to_owned());
    here
}

fn call(preflight: Preflight) -> (Vec<String>, bool) {
    match preflight.call {
        Some(PlannedCall::InterfaceEndpoint { subnets, private_dns, .. }) => {
            (subnets.iter().map(ToString::to_string).collect(), private_dns)
        }
        other => panic!("{other:?}: {:?}", preflight.findings),
    }
}

#[test]
fn what_is_ready_gets_its_call() {
    let preflight = checked(&item(), &[offered()], &here());
    assert_eq!(codes(&preflight), [""; 0]);
    assert_eq!(call(preflight), (vec!["subnet-0a".to_owned(), "subnet-0b".to_owned()], true));
}

#[test]
fn the_service_is_there_and_takes_such_endpoints() {
    assert_eq!(codes(&checked(&item(), &[], &here())), ["ServiceNotFound!"]);
    let gateway = EndpointService { service_type: "Gateway".to_owned(), ..offered() };
    assert_eq!(codes(&checked(&item(), std::slice::from_ref(&gateway), &here())), ["ServiceTypeDiffers!"]);
    let in_capitals = EndpointService { service_type: "INTERFACE".to_owned(), ..offered() };
    assert_eq!(codes(&checked(&item(), &[gateway, in_capitals], &here())), [""; 0]);
}

#[test]
fn subnets_stand_in_zones_that_the_service_is_in() {
    let zones =
        |zones: &[&str]| EndpointService { zones: zones.iter().map(|zone| (*zone).to_owned()).collect(), ..offered() };
    for (in_zones, found, chosen) in [
        (&["use1-az1", "use1-az2"][..], &[][..], &["subnet-0a", "subnet-0b"][..]),
        (&["use1-az2"], &["ZonesLeftOut"], &["subnet-0b"]),
        (&["us-east-1b"], &["ZonesLeftOut"], &["subnet-0b"]),
        (&["use1-az6"], &["NoZoneInCommon!"], &[]),
        // EC2 does not say: let it decide.
        (&[], &[], &["subnet-0a", "subnet-0b"]),
    ] {
        let preflight = checked(&item(), &[zones(in_zones)], &here());
        assert_eq!(codes(&preflight), found, "{in_zones:?}");
        if !chosen.is_empty() {
            assert_eq!(call(preflight).0, chosen, "{in_zones:?}");
        }
    }
    let ids = ["subnet-0a", "subnet-0b"].map(|id| SubnetId::parse(id).unwrap()).to_vec();
    let listed = InterfaceItem { subnets: Subnets::Listed(ids), ..item() };
    let preflight = checked(&listed, &[zones(&["use1-az1"])], &here());
    assert_eq!(codes(&preflight), ["SubnetZoneUnsupported!"]);
    assert!(preflight.findings[0].seen.contains("subnet-0b is in use1-az2, which com.amazonaws.vpce"));
}

/// It takes one address, not the sixteen of what VPC Lattice leads to, and its zones are not Lattice's.
#[test]
fn an_interface_endpoint_needs_one_address_in_a_subnet() {
    let mut small = here();
    small.subnets = vec![subnet("subnet-0a", "use1-az1", 1), subnet("subnet-0c", "use1-az3", 0)];
    let everywhere = EndpointService { zones: vec!["use1-az1".to_owned(), "use1-az3".to_owned()], ..offered() };
    let preflight = checked(&item(), &[everywhere], &small);
    assert_eq!(codes(&preflight), ["ZonesLeftOut"]);
    assert!(preflight.findings[0].seen.contains("subnet-0c, has 0 free addresses"));
}

#[test]
fn the_zones_of_another_region_are_not_ours() {
    let there = service(&format!("{NAME}@eu-west-1"));
    let service = EndpointService { zones: vec!["euw1-az1".to_owned()], ..offered() };
    let mut seen = here();
    let check = |seen: &VpcSeen| {
        super::interface(&item(), redis(), None, &there, std::slice::from_ref(&service), &ours(), seen)
    };
    assert_eq!(codes(&check(&seen)), [""; 0]);
    seen.subnets.push(subnet("subnet-0c", "use1-az3", 200));
    assert_eq!(codes(&check(&seen)), ["ZonesLeftOut"]);
    seen.subnets.retain(|subnet| subnet.az.as_str() == "use1-az3");
    assert_eq!(codes(&check(&seen)), ["NoZoneInCommon!"]);
}

#[test]
fn private_dns_is_on_if_it_can_be_and_an_error_only_if_asked_for() {
    let name = |name: Option<&str>, state: Option<&str>| EndpointService {
        private_dns_name: name.map(str::to_owned),
        private_dns_state: state.map(str::to_owned),
        ..offered()
    };
    let named = Some("db.example.com");
    for (asked, service, found, on) in [
        (None, name(named, Some("verified")), &[][..], true),
        (None, name(named, Some("Verified")), &[], true),
        (None, name(named, None), &[], true),
        (None, name(None, None), &[], false),
        (None, name(named, Some("pendingVerification")), &["PrivateDnsNotVerified"], false),
        (Some(true), name(named, Some("verified")), &[], true),
        (Some(true), name(None, None), &["PrivateDnsNotOffered!"], false),
        (Some(true), name(named, Some("failed")), &["PrivateDnsNotVerified!"], false),
        (Some(false), name(named, Some("verified")), &[], false),
        (Some(false), name(named, Some("failed")), &[], false),
    ] {
        let item = InterfaceItem { private_dns: asked, ..item() };
        let preflight = checked(&item, std::slice::from_ref(&service), &here());
        assert_eq!(codes(&preflight), found, "{asked:?} {service:?}");
        if preflight.call.is_some() {
            assert_eq!(call(preflight).1, on, "{asked:?} {service:?}");
        }
    }
}

#[test]
fn private_dns_needs_the_vpcs_attributes() {
    let mut off = here();
    off.vpc = Some(Vpc { id: vpc_id("vpc-0a"), dns_support: true, dns_hostnames: false, cidrs: Vec::new() });
    let preflight = checked(&item(), &[offered()], &off);
    assert_eq!(codes(&preflight), ["VpcDnsAttributesOff!"]);
    assert!(preflight.findings[0].way_out.ends_with("or set `private_dns: false` for it"), "{preflight:?}");
    let without = InterfaceItem { private_dns: Some(false), ..item() };
    assert_eq!(codes(&checked(&without, &[offered()], &off)), ["VpcDnsAttributesOff"]);
}

#[test]
fn one_endpoint_of_a_vpc_answers_to_a_private_name() {
    let other = |change: &dyn Fn(&mut Endpoint)| {
        let mut other = endpoint("vpce-0b", "Interface", None);
        other.service = Some(NAME.to_owned());
        other.private_dns = true;
        other.dns = vec![DnsEntry { name: "db.example.com".to_owned(), hosted_zone: None }];
        change(&mut other);
        other
    };
    let ours = ours();
    for (other, found) in [
        (other(&|_| ()), &["PrivateDnsTaken!"][..]),
        (other(&|e| "Pending".clone_into(&mut e.state)), &["PrivateDnsTaken!"]),
        (other(&|e| e.private_dns = false), &[]),
        (other(&|e| "rejected".clone_into(&mut e.state)), &[]),
        (other(&|e| "deleting".clone_into(&mut e.state)), &[]),
        (other(&|e| e.service = Some("com.amazonaws.us-east-1.sqs".to_owned())), &["PrivateDnsTaken!"]),
        (
            other(&|e| {
                e.service = Some("com.amazonaws.us-east-1.sqs".to_owned());
                e.dns[0].name = "sqs.us-east-1.amazonaws.com".to_owned();
            }),
            &[],
        ),
        (other(&|e| e.vpc = Some(vpc_id("vpc-0b"))), &[]),
        (other(&|e| e.tags = tags(&[(TAG_CONNECTION, ours.as_str())])), &[]),
    ] {
        let seen = VpcSeen { endpoints: vec![other.clone()], ..here() };
        assert_eq!(codes(&checked(&item(), &[offered()], &seen)), found, "{other:?}");
        let without = InterfaceItem { private_dns: Some(false), ..item() };
        assert_eq!(codes(&checked(&without, &[offered()], &seen)), [""; 0], "{other:?}");
    }
}

/// Another service may have the same private name: EC2 shows it among the endpoint's names.
#[test]
fn a_private_name_may_be_another_services() {
    let name = |name: &str| vec![DnsEntry { name: name.to_owned(), hosted_zone: None }];
    let other = |dns| Endpoint {
        service: Some("com.amazonaws.vpce.us-east-1.vpce-svc-0b".to_owned()),
        private_dns: true,
        dns,
        ..endpoint("vpce-0b", "Interface", None)
    };
    for (dns, found) in [("DB.example.com", &["PrivateDnsTaken!"][..]), ("*.db.example.com", &[]), ("example.com", &[])]
    {
        let seen = VpcSeen { endpoints: vec![other(name(dns))], ..here() };
        assert_eq!(codes(&checked(&item(), &[offered()], &seen)), found, "{dns}");
        let without = InterfaceItem { private_dns: Some(false), ..item() };
        assert_eq!(codes(&checked(&without, &[offered()], &seen)), [""; 0], "{dns}");
    }
}

#[test]
fn an_endpoint_has_ipv4_addresses() {
    let with = |families: &[&str]| EndpointService {
        address_families: families.iter().map(|family| (*family).to_owned()).collect(),
        ..offered()
    };
    for (families, found) in [(&[][..], &[][..]), (&["ipv6", "IPv4"], &[]), (&["ipv6"], &["AddressFamilyDiffers!"])] {
        assert_eq!(codes(&checked(&item(), &[with(families)], &here())), found, "{families:?}");
    }
    let ipv6 = |mut seen: VpcSeen| {
        seen.subnets[1] = Subnet { ipv6_only: true, free_addresses: 0, ..seen.subnets[1].clone() };
        seen
    };
    let auto = checked(&item(), &[offered()], &ipv6(here()));
    assert_eq!(codes(&auto), ["ZonesLeftOut"]);
    assert!(auto.findings[0].seen.contains("IPv6 addresses only"), "{}", auto.findings[0].seen);
    let listed = InterfaceItem { subnets: Subnets::Listed(vec![SubnetId::parse("subnet-0b").unwrap()]), ..item() };
    assert_eq!(codes(&checked(&listed, &[offered()], &ipv6(here()))), ["SubnetIpv6Only!"]);
    // Of two in one zone the one with IPv4 addresses is meant, however few it has.
    let mut both = here();
    both.subnets[1] = Subnet { ipv6_only: true, free_addresses: 300, ..subnet("subnet-0c", "use1-az1", 300) };
    assert_eq!(call(checked(&item(), &[offered()], &both)).0, ["subnet-0a"]);
}

#[test]
fn who_has_to_accept_it_is_told() {
    let asked = EndpointService { acceptance_required: true, ..offered() };
    let preflight = checked(&item(), &[asked], &here());
    assert_eq!(codes(&preflight), ["AcceptanceRequired", "PrivateDnsAfterAcceptance"]);
    assert!(preflight.findings[0].seen.contains("account 444455556666"));
}

/// EC2 makes no such endpoint with private DNS: it is made without, and `adjust` turns it on where it is asked for.
#[test]
fn private_dns_comes_after_acceptance() {
    let verified = EndpointService {
        private_dns_name: Some("orders.example.com".to_owned()),
        private_dns_state: Some("verified".to_owned()),
        ..offered()
    };
    let accepted = EndpointService { acceptance_required: true, ..verified.clone() };
    let unverified = EndpointService { private_dns_state: Some("pendingVerification".to_owned()), ..accepted.clone() };
    let made = |service: &EndpointService, private_dns| {
        let item = InterfaceItem { private_dns, ..item() };
        let preflight = checked(&item, std::slice::from_ref(service), &here());
        let on = preflight.call.as_ref().and_then(|call| match call {
            PlannedCall::InterfaceEndpoint { private_dns, .. } => Some(*private_dns),
            _ => None,
        });
        (codes(&preflight).join(" "), on)
    };
    let told = "AcceptanceRequired PrivateDnsAfterAcceptance".to_owned();
    for (private_dns, found, on) in [
        (Some(true), told.clone(), Some(false)),
        (None, told, Some(false)),
        (Some(false), "AcceptanceRequired".to_owned(), Some(false)),
    ] {
        assert_eq!(made(&accepted, private_dns), (found, on), "{private_dns:?}");
        let at_once = private_dns != Some(false);
        assert_eq!(made(&verified, private_dns), (String::new(), Some(at_once)), "{private_dns:?}");
    }
    let (found, on) = made(&unverified, Some(true));
    assert!(found.contains("PrivateDnsNotVerified!") && on.is_none(), "{found}");
}

#[test]
fn the_groups_admit_what_the_service_listens_on() {
    let admits = |rules: Vec<Ingress>| VpcSeen { security_groups: vec![group("sg-0a", rules)], ..here() };
    let https = || admits(vec![rule("tcp", 443, 443)]);
    let amazon = EndpointService { owner: "amazon".to_owned(), ..offered() };
    let check = |service: &EndpointService, port, seen: &VpcSeen| {
        let found = super::interface(
            &item(),
            redis(),
            port,
            &super::interface::service(NAME),
            std::slice::from_ref(service),
            &ours(),
            seen,
        );
        codes(&found)
    };
    // AWS's own: 443, whatever the subscription's profile; others: as the profile says; either: as the subscription says.
    assert_eq!(check(&amazon, None, &https()), [""; 0]);
    assert_eq!(check(&amazon, None, &here()), ["PortsClosed!"]);
    assert_eq!(check(&offered(), None, &https()), ["PortsClosed!", "OptionalPortsClosed"]);
    assert_eq!(check(&offered(), Some(443), &https()), [""; 0]);
    assert_eq!(check(&amazon, Some(587), &https()), ["PortsClosed!"]);
}

#[test]
fn a_policy_is_for_services_that_take_one() {
    let text = "version: 1\nname: a\nendpoints: [{interface: com.a.b, vpc: vpc-0a, security_groups: [sg-0a], policy: {Statement: []}}]";
    let subscription = crate::subscription::parse("policy", text).unwrap();
    let crate::subscription::EndpointItem::Interface(with_policy) = &subscription.endpoints[0] else { panic!() };
    match checked(with_policy, &[offered()], &here()).call {
        Some(PlannedCall::InterfaceEndpoint { policy, .. }) => {
            assert_eq!(policy.as_deref(), Some(r#"{"Statement":[]}"#));
        }
        other => panic!("{other:?}"),
    }
    let without = EndpointService { policy_supported: false, ..offered() };
    assert_eq!(codes(&checked(with_policy, std::slice::from_ref(&without), &here())), ["PolicyNotSupported!"]);
    assert_eq!(codes(&checked(&item(), &[without], &here())), [""; 0]);
}

#[test]
fn everything_is_found_at_once() {
    let nothing = VpcSeen::default();
    let found = codes(&checked(&InterfaceItem { private_dns: Some(true), ..item() }, &[], &nothing));
    assert_eq!(found, ["ServiceNotFound!", "VpcNotFound!", "SecurityGroupNotFound!"]);
}
