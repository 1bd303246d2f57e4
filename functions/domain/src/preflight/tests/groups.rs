//! A security group of the endpoint's own.

use super::*;
use crate::connection::PlannedGroup;
use crate::profile::PortUse;
use crate::subscription::{Cidr, Sources};
use crate::testing::interface_item;

fn managed(sources: Sources) -> VpcTarget {
    VpcTarget { security_groups: SecurityGroups::Managed(sources), ..target() }
}

fn bare() -> VpcSeen {
    let mut bare = seen();
    bare.security_groups.clear();
    if let Some(vpc) = &mut bare.vpc {
        vpc.cidrs = vec!["10.0.0.0/16".to_owned(), "10.9.0.0/16".to_owned()];
    }
    bare
}

fn planned(cidrs: &[&str], groups: &[&str]) -> PlannedGroup {
    PlannedGroup {
        vpc: vpc_id("vpc-0a"),
        ports: vec![(10_000, 19_999), (8070, 8070)],
        cidrs: cidrs.iter().map(|cidr| (*cidr).to_owned()).collect(),
        security_groups: groups.iter().map(|id| SecurityGroupId::parse(*id).unwrap()).collect(),
    }
}

#[test]
fn it_admits_the_profiles_ports_from_the_vpc_or_from_what_is_named() {
    let found = check(&managed(Sources::default()), &bare());
    assert_eq!((codes(&found), &found.group), (vec![], &Some(planned(&["10.0.0.0/16", "10.9.0.0/16"], &[]))));
    match found.call {
        Some(PlannedCall::ResourceEndpoint { security_groups, .. }) => assert_eq!(security_groups, [], "not made yet"),
        other => panic!("{other:?}"),
    }
    // One that is named may be in a VPC that is peered.
    let mut peered = bare();
    peered.security_groups = vec![SecurityGroup { vpc: vpc_id("vpc-0b"), ..group("sg-0a", Vec::new()) }];
    let sources = Sources {
        cidrs: vec![Cidr::parse("192.168.0.0/24").unwrap()],
        security_groups: vec![SecurityGroupId::parse("sg-0a").unwrap()],
    };
    let found = check(&managed(sources.clone()), &peered);
    assert_eq!((codes(&found), found.group), (vec![], Some(planned(&["192.168.0.0/24"], &["sg-0a"]))));
    let found = check(&managed(sources), &bare());
    assert_eq!((codes(&found), found.group), (vec!["SecurityGroupNotFound!".to_owned()], None));
    assert_eq!(check(&target(), &seen()).group, None);
}

#[test]
fn without_ports_there_is_nothing_to_admit() {
    let generic = Profile::of(ProfileName::Generic);
    let found = super::vpc(&managed(Sources::default()), generic, &resource(), None, &ours(), &bare());
    assert_eq!((codes(&found), found.group), (vec!["ManagedPortsUnknown!".to_owned()], None));
    // The subscription's word for a service is enough.
    let mut item = interface_item("com.amazonaws.a.b");
    item.security_groups = SecurityGroups::Managed(Sources::default());
    let service = crate::ids::Service::parse("com.amazonaws.a.b").unwrap();
    let said = |port| {
        let found = super::interface(&item, generic, port, &service, &[], &ours(), &bare());
        found.findings.iter().any(|finding| finding.code == "ManagedPortsUnknown")
    };
    assert!(said(None) && !said(Some(9092)));
}

#[test]
fn a_port_of_the_profile_that_the_subscription_says_again_is_admitted_once() {
    let mut profile = Profile::of(ProfileName::RedisCloud).clone();
    let before = profile.ports.len();
    let again = PortUse { required: true, ..profile.ports[0].clone() };
    profile.ports.extend([again.clone(), PortUse { from: 1, to: 1, ..again }]);
    let found = super::vpc(&managed(Sources::default()), &profile, &resource(), None, &ours(), &bare());
    assert_eq!(found.group.unwrap().ports.len(), before + 1);
}

#[test]
fn the_call_is_the_same_behind_its_group() {
    let call = check(&managed(Sources::default()), &bare()).call.unwrap();
    let group = SecurityGroupId::parse("sg-0a").unwrap();
    assert_eq!(Some(call.behind(&group)), check(&target(), &seen()).call);
}
