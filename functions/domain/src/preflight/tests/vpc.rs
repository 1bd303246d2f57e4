//! One table per rule: what is seen, and what is found.

use super::*;
use crate::connection::{PlannedCall, PlannedDns};

fn planned(preflight: Preflight) -> (Vec<SubnetId>, PlannedDns) {
    match preflight.call {
        Some(PlannedCall::ResourceEndpoint { subnets, private_dns, .. }) => (subnets, private_dns),
        other => panic!("{other:?}"),
    }
}

fn listed(ids: &[&str]) -> VpcTarget {
    let ids = ids.iter().map(|id| SubnetId::parse(*id).unwrap()).collect();
    VpcTarget { subnets: Subnets::Listed(ids), ..target() }
}

#[test]
fn what_is_ready_gets_its_call() {
    let preflight = check(&target(), &seen());
    assert_eq!(codes(&preflight), [""; 0]);
    assert_eq!(
        preflight.call.unwrap(),
        PlannedCall::ResourceEndpoint {
            resource: resource(),
            vpc: vpc_id("vpc-0a"),
            subnets: vec![SubnetId::parse("subnet-0a").unwrap(), SubnetId::parse("subnet-0b").unwrap()],
            security_groups: vec![SecurityGroupId::parse("sg-0a").unwrap()],
            private_dns: PlannedDns {
                enabled: true,
                preference: Some("VERIFIED_DOMAINS_ONLY".to_owned()),
                domains: Vec::new(),
            },
        }
    );
}

#[test]
fn private_dns_is_said_in_ec2_s_words() {
    let domains = vec!["example.com".to_owned()];
    for (wish, enabled, preference, listed) in [
        (PrivateDns::Off, false, None, Vec::new()),
        (PrivateDns::ProfileDefault, true, Some("VERIFIED_DOMAINS_ONLY"), Vec::new()),
        (PrivateDns::VerifiedDomainsOnly, true, Some("VERIFIED_DOMAINS_ONLY"), Vec::new()),
        (PrivateDns::AllDomains, true, Some("ALL_DOMAINS"), Vec::new()),
        (
            PrivateDns::VerifiedAndSpecified(domains.clone()),
            true,
            Some("VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS"),
            domains.clone(),
        ),
        (PrivateDns::SpecifiedOnly(domains.clone()), true, Some("SPECIFIED_DOMAINS_ONLY"), domains.clone()),
    ] {
        let target = VpcTarget { private_dns: wish, ..target() };
        let expected = PlannedDns { enabled, preference: preference.map(str::to_owned), domains: listed };
        assert_eq!(planned(check(&target, &seen())).1, expected);
    }
}

#[test]
fn a_resource_endpoint_takes_some_configurations_only() {
    for (config_type, found) in [
        ("GROUP", &[] as &[&str]),
        ("SINGLE", &[]),
        ("ARN", &[]),
        ("SOMETHING_NEW", &[]),
        ("CHILD", &["ConfigurationIsChild!"]),
        ("child", &["ConfigurationIsChild!"]),
        ("CIDR", &["ConfigurationIsCidr!"]),
    ] {
        let configuration = configuration(config_type);
        let preflight = super::super::vpc(&target(), redis(), &resource(), Some(&configuration), &ours(), &seen());
        assert_eq!(codes(&preflight), found, "{config_type}");
    }
    let denied = super::super::vpc(&target(), redis(), &resource(), None, &ours(), &seen());
    assert_eq!(codes(&denied), [""; 0]);
}

#[test]
fn the_vpc_exists_and_resolves_names() {
    let on = PrivateDns::AllDomains;
    for (support, hostnames, private_dns, found) in [
        (true, true, on.clone(), &[] as &[&str]),
        (false, true, on.clone(), &["VpcDnsAttributesOff!"]),
        (true, false, on.clone(), &["VpcDnsAttributesOff!"]),
        (false, false, on, &["VpcDnsAttributesOff!"]),
        (true, true, PrivateDns::Off, &[]),
        (false, true, PrivateDns::Off, &["VpcDnsAttributesOff"]),
        (true, false, PrivateDns::Off, &["VpcDnsAttributesOff"]),
    ] {
        let mut seen = seen();
        seen.vpc =
            Some(Vpc { id: vpc_id("vpc-0a"), dns_support: support, dns_hostnames: hostnames, cidrs: Vec::new() });
        let preflight = check(&VpcTarget { private_dns, ..target() }, &seen);
        assert_eq!(codes(&preflight), found, "{support} {hostnames}");
        for finding in preflight.findings {
            assert_eq!(finding.seen.contains("enableDnsSupport"), !support);
            assert_eq!(finding.way_out.contains("--enable-dns-hostnames"), !hostnames);
        }
    }
}

#[test]
fn of_a_vpc_that_does_not_exist_only_that_is_said() {
    assert_eq!(
        codes(&check(&target(), &VpcSeen { security_groups: seen().security_groups, ..VpcSeen::default() })),
        ["VpcNotFound!"]
    );
    // What is listed says where it belongs: often the way out of a wrong id.
    let mut elsewhere = VpcSeen { vpc: None, ..seen() };
    elsewhere.subnets[0].vpc = vpc_id("vpc-0b");
    elsewhere.security_groups[0].vpc = vpc_id("vpc-0b");
    let preflight = check(&listed(&["subnet-0a"]), &elsewhere);
    assert_eq!(codes(&preflight), ["VpcNotFound!", "SubnetInOtherVpc!", "SecurityGroupInOtherVpc!"]);
    assert!(preflight.findings[1].seen.contains("vpc-0b"));
}

#[test]
fn listed_subnets_can_carry_the_endpoint() {
    let mut elsewhere = subnet("subnet-0f", "use1-az5", 200);
    elsewhere.vpc = vpc_id("vpc-0b");
    let world = [
        subnet("subnet-0a", "use1-az1", 16),
        subnet("subnet-0b", "use1-az2", 200),
        subnet("subnet-0c", "use1-az2", 200),
        subnet("subnet-0d", "use1-az3", 200),
        subnet("subnet-0e", "use1-az4", 15),
        elsewhere,
    ];
    for (ids, found) in [
        (&["subnet-0b", "subnet-0a"] as &[&str], &[] as &[&str]),
        (&["subnet-99"], &["SubnetNotFound!"]),
        (&["subnet-0f"], &["SubnetInOtherVpc!"]),
        (&["subnet-0d"], &["SubnetZoneUnsupported!"]),
        (&["subnet-0e"], &["SubnetAddressesLow!"]),
        (&["subnet-0b", "subnet-0a", "subnet-0c"], &["SubnetsShareZone!"]),
        (
            &["subnet-0e", "subnet-99", "subnet-0d", "subnet-0f", "subnet-0c", "subnet-0b"],
            &[
                "SubnetAddressesLow!",
                "SubnetNotFound!",
                "SubnetZoneUnsupported!",
                "SubnetInOtherVpc!",
                "SubnetsShareZone!",
            ],
        ),
    ] {
        let there = world.iter().filter(|subnet| ids.contains(&subnet.id.as_str())).cloned().collect();
        let preflight = check(&listed(ids), &VpcSeen { subnets: there, ..seen() });
        assert_eq!(codes(&preflight), found, "{ids:?}");
        if found.is_empty() {
            let (subnets, _) = planned(preflight);
            assert_eq!(subnets.iter().map(SubnetId::as_str).collect::<Vec<_>>(), ids, "exactly these, in this order");
        }
    }
}

#[test]
fn auto_takes_the_best_subnet_of_each_usable_zone() {
    let mut elsewhere = subnet("subnet-1f", "use1-az6", 200);
    elsewhere.vpc = vpc_id("vpc-0b");
    for (subnets, chosen, found) in [
        (
            vec![
                subnet("subnet-0c", "use1-az1", 50),
                subnet("subnet-0b", "use1-az1", 99),
                subnet("subnet-0a", "use1-az1", 99),
                subnet("subnet-0d", "use1-az2", 16),
            ],
            &["subnet-0a", "subnet-0d"] as &[&str],
            &[] as &[&str],
        ),
        (
            vec![
                subnet("subnet-0a", "use1-az1", 99),
                subnet("subnet-0b", "use1-az2", 15),
                subnet("subnet-0c", "use1-az2", 3),
                subnet("subnet-0d", "use1-az3", 250),
            ],
            &["subnet-0a"],
            &["ZonesLeftOut"],
        ),
        (vec![subnet("subnet-0a", "use1-az3", 99), subnet("subnet-0b", "use1-az2", 15)], &[], &["NoUsableSubnet!"]),
        (vec![elsewhere], &[], &["NoUsableSubnet!"]),
        (vec![], &[], &["NoUsableSubnet!"]),
    ] {
        let preflight = check(&target(), &VpcSeen { subnets, ..seen() });
        assert_eq!(codes(&preflight), found);
        if !chosen.is_empty() {
            assert_eq!(planned(preflight).0.iter().map(SubnetId::as_str).collect::<Vec<_>>(), chosen);
        }
    }
}

#[test]
fn auto_says_which_zones_it_left_out_and_why() {
    let mut seen = seen();
    seen.subnets.extend([
        subnet("subnet-0d", "use1-az4", 3),
        subnet("subnet-0c", "use1-az4", 7),
        subnet("subnet-0e", "use1-az3", 200),
    ]);
    let preflight = check(&target(), &seen);
    assert_eq!(
        preflight.findings[0].seen,
        "`subnets: auto` left out use1-az3 (VPC Lattice does not support it); \
         use1-az4 (its best subnet, subnet-0c, has 7 free addresses)"
    );
}

#[test]
fn security_groups_admit_what_is_needed() {
    let all = || rule("tcp", 10_000, 19_999);
    let metrics = || rule("tcp", 8070, 8070);
    for (what, ingress, found) in [
        ("both", vec![all(), metrics()], &[] as &[&str]),
        ("everything", vec![Ingress { protocol: "-1".to_owned(), ports: None }], &[]),
        ("by number", vec![rule("6", 0, 65_535)], &[]),
        ("in pieces", vec![rule("tcp", 15_000, 20_000), rule("tcp", 8000, 14_999)], &[]),
        ("no metrics", vec![all()], &["OptionalPortsClosed"]),
        ("one port short", vec![rule("tcp", 10_001, 19_999), metrics()], &["PortsPartlyClosed"]),
        ("one port", vec![rule("tcp", 12_000, 12_000)], &["PortsPartlyClosed", "OptionalPortsClosed"]),
        ("a hole", vec![rule("tcp", 8070, 12_000), rule("tcp", 12_002, 19_999)], &["PortsPartlyClosed"]),
        ("only metrics", vec![metrics()], &["PortsClosed!"]),
        ("beside it", vec![rule("tcp", 0, 9999), rule("tcp", 20_000, 65_535)], &["PortsClosed!"]),
        ("another protocol", vec![rule("udp", 0, 65_535)], &["PortsClosed!", "OptionalPortsClosed"]),
        ("nothing", vec![], &["PortsClosed!", "OptionalPortsClosed"]),
    ] {
        let seen = VpcSeen { security_groups: vec![group("sg-0a", ingress)], ..seen() };
        assert_eq!(codes(&check(&target(), &seen)), found, "{what}");
    }
}

#[test]
fn groups_act_together_and_gaps_are_named() {
    let two = VpcTarget {
        security_groups: SecurityGroups::Listed(
            ["sg-0a", "sg-0b"].map(|id| SecurityGroupId::parse(id).unwrap()).to_vec(),
        ),
        ..target()
    };
    let groups = |second| {
        vec![group("sg-0b", vec![rule("tcp", 8070, 8070), second]), group("sg-0a", vec![rule("tcp", 10_000, 14_999)])]
    };
    let together = VpcSeen { security_groups: groups(rule("tcp", 15_000, 19_999)), ..seen() };
    assert_eq!(codes(&check(&two, &together)), [""; 0]);
    let gap = VpcSeen { security_groups: groups(rule("tcp", 15_001, 19_000)), ..seen() };
    let preflight = check(&two, &gap);
    assert_eq!(codes(&preflight), ["PortsPartlyClosed"]);
    assert_eq!(
        preflight.findings[0].seen,
        "sg-0a, sg-0b do not admit TCP 15000, 19001-19999 of 10000-19999 (databases)"
    );
    assert!(preflight.findings[0].way_out.contains("--group-id sg-0a --protocol tcp --port 10000-19999"));
}

#[test]
fn security_groups_exist_in_the_vpc() {
    let three = VpcTarget {
        security_groups: SecurityGroups::Listed(
            ["sg-0c", "sg-0b", "sg-0a"].map(|id| SecurityGroupId::parse(id).unwrap()).to_vec(),
        ),
        ..target()
    };
    let mut elsewhere = group("sg-0b", vec![]);
    elsewhere.vpc = vpc_id("vpc-0b");
    let mut world = seen();
    world.security_groups.push(elsewhere);
    assert_eq!(codes(&check(&three, &world)), ["SecurityGroupNotFound!", "SecurityGroupInOtherVpc!"]);
    // What none of its groups admits can't be said when there are none.
    let none = VpcSeen { security_groups: Vec::new(), ..seen() };
    assert_eq!(codes(&check(&target(), &none)), ["SecurityGroupNotFound!"]);
}

#[test]
fn of_an_unknown_vendor_some_tcp_port_must_be_open() {
    let generic = Profile::of(ProfileName::Generic);
    for (ingress, found) in [
        (vec![rule("tcp", 5432, 5432)], &[] as &[&str]),
        (vec![rule("udp", 5432, 5432)], &["PortsClosed!"]),
        (vec![], &["PortsClosed!"]),
    ] {
        let seen = VpcSeen { security_groups: vec![group("sg-0a", ingress)], ..seen() };
        assert_eq!(codes(&super::super::vpc(&target(), generic, &resource(), None, &ours(), &seen)), found);
    }
}

#[test]
fn one_endpoint_per_resource_in_a_vpc() {
    let resource_endpoint = |change: &dyn Fn(&mut Endpoint)| {
        let mut endpoint = endpoint("vpce-0a", "Resource", Some(resource()));
        change(&mut endpoint);
        endpoint
    };
    let other = format!("conn-{}", "0b".repeat(16));
    for (what, endpoint, found) in [
        ("of another maker", resource_endpoint(&|_| ()), &["EndpointExists!"] as &[&str]),
        ("just being made", resource_endpoint(&|e| e.state = "Pending".to_owned()), &["EndpointExists!"]),
        ("failed", resource_endpoint(&|e| e.state = "failed".to_owned()), &["EndpointExists!"]),
        ("in no VPC that AWS names", resource_endpoint(&|e| e.vpc = None), &["EndpointExists!"]),
        (
            "of another installation",
            resource_endpoint(&|e| e.tags = tags(&[(TAG_CONNECTION, &other), (TAG_INSTALLATION, "second")])),
            &["EndpointExists!"],
        ),
        ("our own", resource_endpoint(&|e| e.tags = tags(&[(TAG_CONNECTION, ours().as_str())])), &[]),
        ("deleted", resource_endpoint(&|e| e.state = "Deleted".to_owned()), &[]),
        ("going", resource_endpoint(&|e| e.state = "deleting".to_owned()), &[]),
        ("in another VPC", resource_endpoint(&|e| e.vpc = Some(vpc_id("vpc-0b"))), &[]),
        (
            "for another resource",
            resource_endpoint(&|e| e.resource = Some(resource_of("us-east-1", "111122223333"))),
            &[],
        ),
        ("of another type", endpoint("vpce-0a", "Interface", None), &[]),
    ] {
        let preflight = check(&target(), &VpcSeen { endpoints: vec![endpoint], ..seen() });
        assert_eq!(codes(&preflight), found, "{what}");
        for finding in &preflight.findings {
            assert!(finding.seen.contains("vpce-0a") && finding.way_out.contains("vpce-0a"), "{finding:?}");
            assert_eq!(finding.seen.contains("installation second"), what == "of another installation");
        }
    }
}

#[test]
fn a_service_network_endpoint_beside_it_is_worth_a_word() {
    let endpoints = |state: &str| {
        let mut network = endpoint("vpce-0b", "serviceNetwork", None);
        network.state = state.to_owned();
        vec![network]
    };
    let off = VpcTarget { private_dns: PrivateDns::Off, ..target() };
    for (target, state, found) in [
        (target(), "available", &["ServiceNetworkEndpointBeside"] as &[&str]),
        (target(), "deleted", &[]),
        (off, "available", &[]),
    ] {
        let preflight = check(&target, &VpcSeen { endpoints: endpoints(state), ..seen() });
        assert_eq!(codes(&preflight), found, "{state}");
    }
}

#[test]
fn everything_is_found_at_once() {
    let world = VpcSeen {
        vpc: Some(Vpc { id: vpc_id("vpc-0a"), dns_support: false, dns_hostnames: false, cidrs: Vec::new() }),
        subnets: vec![subnet("subnet-0a", "use1-az3", 200)],
        security_groups: vec![group("sg-0a", vec![])],
        endpoints: vec![endpoint("vpce-0a", "Resource", Some(resource())), endpoint("vpce-0b", "ServiceNetwork", None)],
        ..VpcSeen::default()
    };
    let preflight = super::super::vpc(&target(), redis(), &resource(), Some(&configuration("CIDR")), &ours(), &world)
        .in_region(&resource(), &Region::parse("eu-west-1").unwrap());
    assert_eq!(
        codes(&preflight),
        [
            "RegionDiffers!",
            "ConfigurationIsCidr!",
            "VpcDnsAttributesOff!",
            "NoUsableSubnet!",
            "PortsClosed!",
            "OptionalPortsClosed",
            "EndpointExists!",
            "ServiceNetworkEndpointBeside",
        ]
    );
}
