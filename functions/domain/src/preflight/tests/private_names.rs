//! Private names: what else in the VPC has them is told, and stops the endpoint where AWS is known not to take two.

use super::*;
use crate::connection::PlannedDns;
use crate::ids::Service;
use crate::network::{DnsEntry, EndpointService, HostedZone};
use crate::subscription::InterfaceItem;
use crate::testing::{endpoint_service, interface_item};

const SERVICE: &str = "com.amazonaws.us-east-1.ecr.dkr";

fn zone(name: &str, owner: &str) -> HostedZone {
    let is_account = owner.bytes().all(|byte| byte.is_ascii_digit());
    HostedZone {
        id: format!("Z{}", name.len()),
        name: name.to_owned(),
        account: is_account.then(|| owner.to_owned()),
        service: (!is_account).then(|| owner.to_owned()),
    }
}

fn ecr() -> EndpointService {
    EndpointService {
        private_dns_name: Some("*.dkr.ecr.us-east-1.amazonaws.com".to_owned()),
        private_dns_names: ["*.dkr.ecr.us-east-1.amazonaws.com", "dkr.ecr.us-east-1.amazonaws.com"]
            .map(str::to_owned)
            .to_vec(),
        private_dns_state: Some("verified".to_owned()),
        ..endpoint_service(SERVICE)
    }
}

fn single(name: &str) -> EndpointService {
    EndpointService { private_dns_name: Some(name.to_owned()), private_dns_names: vec![name.to_owned()], ..ecr() }
}

fn interface(service: &EndpointService, seen: &VpcSeen) -> Preflight {
    let name = Service::parse(SERVICE).unwrap();
    super::super::interface(
        &interface_item(SERVICE),
        redis(),
        None,
        &name,
        std::slice::from_ref(service),
        &ours(),
        seen,
    )
}

fn with_zones(zones: &[(&str, &str)]) -> VpcSeen {
    let zones = zones.iter().map(|(name, owner)| zone(name, owner)).collect();
    VpcSeen { hosted_zones: Looked::Seen(zones), ..seen() }
}

fn domains(custom: Option<&str>, group: Option<&str>, verified: bool) -> ResourceConfiguration {
    ResourceConfiguration {
        custom_domain: custom.map(str::to_owned),
        group_domain: group.map(str::to_owned),
        verified,
        ..configuration(if group.is_some() { "GROUP" } else { "SINGLE" })
    }
}

fn resource_with(configuration: &ResourceConfiguration, seen: &VpcSeen) -> Preflight {
    super::super::vpc(&target(), redis(), &resource(), Some(configuration), &ours(), seen)
}

#[test]
fn a_hosted_zone_of_the_very_name_stops_an_interface_endpoint() {
    for (zones, found) in [
        (&[][..], &[][..]),
        (&[("db.example.com", "111122223333")], &["HostedZoneClashes!"]),
        (&[("DB.Example.com.", "444455556666")], &["HostedZoneClashes!"]),
        // It answers there itself, and the zone above it does so no more.
        (&[("example.com.", "111122223333")], &["HostedZoneOverlaps"]),
        // Other names.
        (
            &[("a.db.example.com.", "111122223333"), ("b.example.com", "111122223333"), ("ample.com", "111122223333")],
            &[],
        ),
        (&[("b.example.com", "111122223333"), ("example.com", "1")], &["HostedZoneOverlaps"]),
    ] {
        assert_eq!(codes(&interface(&single("db.example.com"), &with_zones(zones))), found, "{zones:?}");
    }
    let stopped = interface(&single("db.example.com"), &with_zones(&[("db.example.com", "444455556666")]));
    let told = &stopped.findings[0];
    assert!(
        told.seen.contains("vpc-0a") && told.seen.contains("db.example.com (Z14) of account 444455556666"),
        "{}",
        told.seen
    );
    assert!(told.way_out.contains("disassociate-vpc-from-hosted-zone --hosted-zone-id Z14"), "{}", told.way_out);
    assert!(told.way_out.contains("`private_dns: false`"), "{}", told.way_out);
}

#[test]
fn an_asterisk_stands_for_every_name_under_it() {
    for (zones, found) in [
        (&[("dkr.ecr.us-east-1.amazonaws.com.", "1")][..], &["HostedZoneClashes!"][..]),
        (&[("\\052.dkr.ecr.us-east-1.amazonaws.com.", "1")], &["HostedZoneOverlaps"]),
        (&[("1234.dkr.ecr.us-east-1.amazonaws.com.", "1")], &["HostedZoneOverlaps"]),
        (&[("ecr.us-east-1.amazonaws.com.", "1")], &["HostedZoneOverlaps"]),
        (&[("api.ecr.us-east-1.amazonaws.com.", "1")], &[]),
    ] {
        assert_eq!(codes(&interface(&ecr(), &with_zones(zones))), found, "{zones:?}: told once for both names");
    }
    let told = interface(&ecr(), &with_zones(&[("\\052.dkr.ecr.us-east-1.amazonaws.com.", "1")]));
    assert!(told.findings[0].seen.contains(" *.dkr.ecr.us-east-1.amazonaws.com ("), "{}", told.findings[0].seen);
}

/// Each endpoint has zones of AWS's. One that no endpoint explains is told, and stops nothing: it may go in a moment.
#[test]
fn the_zones_of_aws_are_those_of_endpoints() {
    let mut seen = with_zones(&[("db.example.com", "vpce.amazonaws.com"), ("example.com", "efs.amazonaws.com")]);
    let service = single("db.example.com");
    assert_eq!(codes(&interface(&service, &seen)), ["HostedZoneClashes"]);
    let dns = vec![DnsEntry { name: "db.example.com".to_owned(), hosted_zone: None }];
    let own = tags(&[(TAG_CONNECTION, ours().as_str())]);
    let standing = Endpoint { private_dns: true, dns, ..endpoint("vpce-0b", "Interface", None) };
    seen.endpoints = vec![Endpoint { tags: own, ..standing.clone() }];
    assert_eq!(codes(&interface(&service, &seen)), [""; 0], "it is this connection's own");
    seen.endpoints = vec![Endpoint { state: "deleting".to_owned(), ..standing.clone() }];
    assert_eq!(codes(&interface(&service, &seen)), [""; 0], "it goes with its endpoint");
    seen.endpoints = vec![standing];
    assert_eq!(codes(&interface(&service, &seen)), ["PrivateDnsTaken!"], "told once");
}

#[test]
fn what_cannot_be_looked_at_stops_nothing() {
    let seen = VpcSeen {
        hosted_zones: Looked::Failed("route53:ListHostedZonesByVPC is not allowed".to_owned()),
        names_behind: Looked::Failed("ec2:DescribeVpcEndpointAssociations is not allowed".to_owned()),
        ..seen()
    };
    let found = interface(&single("db.example.com"), &seen);
    assert_eq!(codes(&found), ["PrivateNamesNotSeen", "HostedZonesNotSeen"]);
    assert!(found.findings.iter().all(|finding| finding.seen.contains("is not allowed")));
    let found = resource_with(&domains(Some("db.example.com"), None, true), &seen);
    assert_eq!(codes(&found), ["PrivateNamesNotSeen", "HostedZonesNotSeen"]);
}

#[test]
fn without_private_dns_no_name_is_of_interest() {
    let zones = with_zones(&[("db.example.com", "1"), ("example.com", "1")]);
    let off = InterfaceItem { private_dns: Some(false), ..interface_item(SERVICE) };
    assert_eq!(names_of_service(&off, &[single("db.example.com")]), []);
    assert_eq!(names_of_service(&interface_item(SERVICE), &[]), []);
    let unverified =
        EndpointService { private_dns_state: Some("pendingVerification".to_owned()), ..single("db.example.com") };
    assert_eq!(codes(&interface(&unverified, &zones)), ["PrivateDnsNotVerified"]);
    let off = VpcTarget { private_dns: PrivateDns::Off, ..target() };
    let found = super::super::vpc(
        &off,
        redis(),
        &resource(),
        Some(&domains(Some("db.example.com"), None, true)),
        &ours(),
        &zones,
    );
    assert_eq!(codes(&found), [""; 0]);
}

#[test]
fn a_resource_has_the_name_that_its_provider_gave_it() {
    let own = domains(Some("db.example.com"), None, true);
    assert_eq!(codes(&resource_with(&own, &with_zones(&[("db.example.com.", "1")]))), ["HostedZoneClashes!"]);
    assert_eq!(codes(&resource_with(&own, &with_zones(&[("example.com.", "1")]))), ["HostedZoneOverlaps"]);
    // Its zone is AWS's, too, and a name that nobody proved gets none.
    assert_eq!(
        codes(&resource_with(&own, &with_zones(&[("db.example.com.", "vpc-lattice.amazonaws.com")]))),
        ["HostedZoneClashes"]
    );
    let unproved = domains(Some("db.example.com"), None, false);
    assert_eq!(codes(&resource_with(&unproved, &with_zones(&[("db.example.com.", "1")]))), [""; 0]);
}

/// Which of a GROUP's children there are is not looked at: any name under its domain may be one's.
#[test]
fn a_group_has_names_under_its_domain() {
    let group = domains(None, Some("db.example.com"), true);
    for (zones, found) in [
        (&[("redis-1.db.example.com.", "1")][..], &["HostedZoneClashes"][..]),
        (&[("db.example.com.", "1")], &["HostedZoneOverlaps"]),
        (&[("example.com.", "1")], &["HostedZoneOverlaps"]),
        (&[("other.example.com.", "1"), ("redis-1.db.example.com.", "vpc-lattice.amazonaws.com")], &[]),
    ] {
        assert_eq!(codes(&resource_with(&group, &with_zones(zones))), found, "{zones:?}");
    }
}

#[test]
fn which_names_get_a_zone_is_a_matter_of_preference() {
    let dns = |preference: &str, domains: &[&str]| PlannedDns {
        enabled: true,
        preference: Some(preference.to_owned()),
        domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
    };
    let names = |configuration: Option<&ResourceConfiguration>, dns: &PlannedDns| -> Vec<String> {
        names_of_resource(configuration, dns).iter().map(ToString::to_string).collect()
    };
    let (both, specified) = ("VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS", "SPECIFIED_DOMAINS_ONLY");
    let of = |custom, group, verified| Some(domains(custom, group, verified));
    let (custom, group) = (Some("Db.example.com"), Some("example.com"));
    for (configuration, dns, found) in [
        (of(custom, None, false), dns("ALL_DOMAINS", &[]), &["db.example.com"][..]),
        (of(custom, None, true), dns("VERIFIED_DOMAINS_ONLY", &[]), &["db.example.com"]),
        (of(custom, None, false), dns("VERIFIED_DOMAINS_ONLY", &[]), &[]),
        (of(custom, None, true), dns(both, &["a.com"]), &["db.example.com"]),
        (of(custom, None, false), dns(both, &["db.example.com"]), &["db.example.com"]),
        (of(custom, None, true), dns(specified, &["a.com"]), &[]),
        (of(custom, None, false), dns(specified, &["*.example.com"]), &["db.example.com"]),
        (of(custom, None, false), dns(specified, &["*.db.example.com"]), &[]),
        (of(None, group, true), dns("VERIFIED_DOMAINS_ONLY", &[]), &["*.example.com"]),
        (of(None, group, false), dns("VERIFIED_DOMAINS_ONLY", &[]), &[]),
        (of(None, group, false), dns(specified, &["a.example.com", "a.com"]), &["a.example.com"]),
        (of(None, group, false), dns(specified, &["*.a.example.com"]), &["*.a.example.com"]),
        (of(None, group, false), dns(specified, &["*.com"]), &["*.example.com"]),
        (of(None, group, false), dns(specified, &["*.example.com"]), &["*.example.com"]),
        (of(None, None, true), dns("ALL_DOMAINS", &[]), &[]),
        // Its provider lets nobody read it.
        (None, dns("ALL_DOMAINS", &[]), &[]),
        (None, dns(specified, &["db.example.com", "*.a.com"]), &["*.a.com", "db.example.com"]),
        (of(custom, None, true), PlannedDns { enabled: false, preference: None, domains: Vec::new() }, &[]),
    ] {
        assert_eq!(names(configuration.as_ref(), &dns), found, "{configuration:?} {dns:?}");
    }
}

/// A domain that the subscription names is what the provider may have given to the resource, or not.
#[test]
fn a_name_that_is_not_certain_stops_nothing() {
    let wish = VpcTarget { private_dns: PrivateDns::SpecifiedOnly(vec!["db.example.com".to_owned()]), ..target() };
    let zones = with_zones(&[("db.example.com", "1")]);
    let denied = super::super::vpc(&wish, redis(), &resource(), None, &ours(), &zones);
    assert_eq!(codes(&denied), ["HostedZoneClashes"]);
    let certain = domains(Some("db.example.com"), None, false);
    let seen = super::super::vpc(&wish, redis(), &resource(), Some(&certain), &ours(), &zones);
    assert_eq!(codes(&seen), ["HostedZoneClashes!"]);
}

fn beside(kind: &str, names: &[&str]) -> VpcSeen {
    let other = Endpoint { private_dns: true, ..endpoint("vpce-0b", kind, None) };
    let rows = names.iter().map(|name| (other.id.clone(), (*name).to_owned())).collect();
    VpcSeen { endpoints: vec![other], names_behind: Looked::Seen(rows), ..seen() }
}

#[test]
fn other_endpoints_answer_to_names_of_what_is_behind_them() {
    let own = domains(Some("db.example.com"), None, true);
    let group = domains(None, Some("example.com"), true);
    for (names, single_finds) in [
        (&[][..], &[][..]),
        (&["DB.example.com"], &["PrivateDnsTaken!"]),
        (&["a.example.com", "b.example.com", "a.db.example.com", "example.com"], &[]),
    ] {
        let seen = beside("Resource", names);
        assert_eq!(codes(&resource_with(&own, &seen)), single_finds, "{names:?}");
        assert_eq!(codes(&resource_with(&group, &seen)), [""; 0], "{names:?}: of several GROUPs under one domain");
        assert_eq!(codes(&interface(&single("db.example.com"), &seen)), single_finds, "{names:?}");
    }
    let taken = resource_with(&own, &beside("resource", &["db.example.com"]));
    assert!(
        taken.findings[0].seen.contains("vpce-0b in vpc-0a answers to db.example.com"),
        "{}",
        taken.findings[0].seen
    );
    assert!(taken.findings[0].way_out.contains("`private_dns: off`"), "{}", taken.findings[0].way_out);
    // An interface endpoint's stand with it.
    let dns = vec![DnsEntry { name: "db.example.com".to_owned(), hosted_zone: None }];
    let mut seen = beside("Interface", &[]);
    seen.endpoints[0].dns = dns;
    assert_eq!(codes(&resource_with(&own, &seen)), ["PrivateDnsTaken!"]);
    for change in [
        |other: &mut Endpoint| other.private_dns = false,
        |other: &mut Endpoint| other.state = "failed".to_owned(),
        |other: &mut Endpoint| other.state = "deleting".to_owned(),
        |other: &mut Endpoint| other.tags = tags(&[(TAG_CONNECTION, ours().as_str())]),
    ] {
        let mut seen = seen.clone();
        change(&mut seen.endpoints[0]);
        assert_eq!(codes(&resource_with(&own, &seen)), [""; 0], "{:?}", seen.endpoints);
    }
}

#[test]
fn names_behind_are_looked_at_where_they_can_be() {
    let all = ["Resource", "servicenetwork", "Interface", "Gateway"].iter().enumerate();
    let mut endpoints: Vec<_> =
        all.map(|(n, kind)| Endpoint { private_dns: true, ..endpoint(&format!("vpce-0{n}"), kind, None) }).collect();
    endpoints.push(endpoint("vpce-09", "Resource", None));
    let ids = with_names_behind(&endpoints, &vpc_id("vpc-0a"), &ours());
    assert_eq!(ids.iter().map(VpcEndpointId::as_str).collect::<Vec<_>>(), ["vpce-00", "vpce-01"]);
}
