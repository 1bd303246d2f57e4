use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::connection::PlannedCall;

fn zone() -> impl Strategy<Value = String> {
    // use1-az3 is one that VPC Lattice does not support.
    select(vec!["use1-az1", "use1-az2", "use1-az3", "use1-az4", "use1-az5", "use1-az6"]).prop_map(str::to_owned)
}

fn subnets() -> impl Strategy<Value = Vec<Subnet>> {
    vec((zone(), 0u32..40), 0..12).prop_map(|subnets| {
        subnets.into_iter().enumerate().map(|(i, (zone, free))| subnet(&format!("subnet-{i}"), &zone, free)).collect()
    })
}

/// Worlds with something of everything in them.
fn worlds() -> impl Strategy<Value = VpcSeen> {
    let vpc = proptest::option::weighted(0.9, (any::<bool>(), any::<bool>())).prop_map(|dns| {
        dns.map(|(dns_support, dns_hostnames)| Vpc {
            id: vpc_id("vpc-0a"),
            dns_support,
            dns_hostnames,
            cidrs: Vec::new(),
        })
    });
    let rules = vec((select(vec!["tcp", "udp", "-1"]), 8000u16..20_000, 0u16..9000), 0..4).prop_map(|rules| {
        rules.into_iter().map(|(protocol, from, length)| rule(protocol, from, from + length)).collect::<Vec<_>>()
    });
    let groups = vec((rules, select(vec!["vpc-0a", "vpc-0a", "vpc-0b"])), 0..3).prop_map(|groups| {
        let named = groups.into_iter().enumerate();
        named.map(|(i, (rules, vpc))| SecurityGroup { vpc: vpc_id(vpc), ..group(&format!("sg-{i}"), rules) }).collect()
    });
    let types = select(vec!["Resource", "ServiceNetwork", "interface"]);
    let endpoints = vec((types, select(vec!["available", "Deleted"]), any::<bool>()), 0..4).prop_map(|endpoints| {
        let endpoints = endpoints.into_iter().enumerate();
        endpoints
            .map(|(i, (kind, state, same))| Endpoint {
                state: state.to_owned(),
                ..endpoint(&format!("vpce-{i}"), kind, same.then(resource))
            })
            .collect()
    });
    (vpc, subnets(), groups, endpoints).prop_map(|(vpc, subnets, security_groups, endpoints)| VpcSeen {
        vpc,
        subnets,
        security_groups,
        endpoints,
        ..VpcSeen::default()
    })
}

fn shuffled() -> impl Strategy<Value = (VpcSeen, VpcSeen)> {
    worlds().prop_flat_map(|seen| {
        let parts = (
            Just(seen.subnets.clone()).prop_shuffle(),
            Just(seen.security_groups.clone()).prop_shuffle(),
            Just(seen.endpoints.clone()).prop_shuffle(),
        );
        parts.prop_map(move |(subnets, security_groups, endpoints)| {
            (seen.clone(), VpcSeen { vpc: seen.vpc.clone(), subnets, security_groups, endpoints, ..VpcSeen::default() })
        })
    })
}

fn targets() -> impl Strategy<Value = VpcTarget> {
    let subnets = prop_oneof![
        Just(Subnets::Auto),
        vec(0usize..14, 1..4).prop_map(|ids| {
            Subnets::Listed(ids.iter().map(|i| SubnetId::parse(format!("subnet-{i}")).unwrap()).collect())
        }),
    ];
    (subnets, select(vec![PrivateDns::Off, PrivateDns::ProfileDefault])).prop_map(|(subnets, private_dns)| VpcTarget {
        subnets,
        private_dns,
        security_groups: SecurityGroups::Listed(
            ["sg-0", "sg-1"].map(|id| SecurityGroupId::parse(id).unwrap()).to_vec(),
        ),
        ..target()
    })
}

proptest! {
    #[test]
    fn auto_takes_one_usable_subnet_per_zone(subnets in subnets()) {
        let preflight = check(&target(), &VpcSeen { subnets: subnets.clone(), ..seen() });
        let usable = |subnet: &&Subnet| subnet.az.as_str() != "use1-az3" && subnet.free_addresses >= 16;
        let mut zones: Vec<_> = subnets.iter().filter(usable).map(|subnet| &subnet.az).collect();
        zones.sort();
        zones.dedup();
        match preflight.call {
            None => prop_assert!(zones.is_empty()),
            Some(PlannedCall::ResourceEndpoint { subnets: chosen, .. }) => {
                let chosen: Vec<_> =
                    chosen.iter().map(|id| subnets.iter().find(|subnet| subnet.id == *id).unwrap()).collect();
                prop_assert_eq!(chosen.iter().map(|subnet| &subnet.az).collect::<Vec<_>>(), zones, "each usable zone once");
                for one in chosen {
                    prop_assert!(usable(&one));
                    let zone = subnets.iter().filter(|subnet| subnet.az == one.az);
                    prop_assert_eq!(zone.map(|subnet| subnet.free_addresses).max(), Some(one.free_addresses));
                }
            }
            Some(other) => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn the_order_of_what_was_seen_does_not_matter((seen, shuffled) in shuffled(), target in targets()) {
        let preflight = check(&target, &seen);
        codes(&preflight);
        prop_assert_eq!(preflight, check(&target, &shuffled));
    }
}
