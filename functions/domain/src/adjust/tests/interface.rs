//! An interface endpoint: its subnets, its private DNS, and the names that follow from both.

use super::*;
use crate::connection::Made;
use crate::network::{DnsEntry, Subnet, Vpc};
use crate::reach::{Database, DnsScope, Port};
use crate::testing::{endpoint_id, endpoint_service};

fn subnets(ids: &[&str]) -> Vec<SubnetId> {
    ids.iter().map(|id| SubnetId::parse(*id).unwrap()).collect()
}

/// In these subnets, with private DNS as is said here.
fn item(ids: &[&str], private_dns: Option<bool>) -> InterfaceItem {
    InterfaceItem { subnets: Subnets::Listed(subnets(ids)), private_dns, ..interface_item(S3) }
}

fn says(item: InterfaceItem) -> Subscription {
    asks(EndpointItem::Interface(item))
}

/// Made in `subnet-0a` and `subnet-0b`, with private DNS on.
fn made() -> Connection {
    let (mut made, _) = asked_for(EndpointItem::Interface(interface_item(S3)));
    let PlannedCall::InterfaceEndpoint { subnets: made_in, .. } = &mut made.plan.as_mut().unwrap().call else {
        unreachable!()
    };
    *made_in = subnets(&["subnet-0a", "subnet-0b"]);
    made
}

/// As EC2 shows it.
fn stands(plan: &Plan, ids: &[&str], private_dns: bool) -> Shown {
    Shown::Endpoint(Box::new(listed_as(plan, ids, private_dns)))
}

fn listed_as(plan: &Plan, ids: &[&str], private_dns: bool) -> ListedEndpoint {
    let mut listed = listed(&["sg-0a"], &[], &plan.tags);
    listed.subnets = subnets(ids);
    listed.endpoint.private_dns = private_dns;
    listed.endpoint.endpoint_type = "Interface".to_owned();
    let zones = ids.iter().map(|id| format!("vpce-0a-x-{}.s3.vpce.amazonaws.com", id.trim_start_matches("subnet-")));
    let private = private_dns.then(|| "s3.us-east-1.amazonaws.com".to_owned());
    let names = std::iter::once("vpce-0a-x.s3.vpce.amazonaws.com".to_owned()).chain(zones).chain(private);
    listed.endpoint.dns = names.map(|name| DnsEntry { name, hosted_zone: None }).collect();
    listed
}

#[test]
fn listed_subnets_are_changed_and_chosen_ones_never() {
    let place = |wished: Subnets| {
        let after = says(InterfaceItem { subnets: wished, ..interface_item(S3) });
        change_of(&made(), &after).map(|(plan, aspects, _, what)| (aspects, subnets_of(&plan.call).to_vec(), what))
    };
    assert_eq!(place(Subnets::Auto), None, "on another day it would choose others");
    assert_eq!(place(Subnets::Listed(subnets(&["subnet-0b", "subnet-0a"]))), None);
    let (aspects, chosen, what) = place(Subnets::Listed(subnets(&["subnet-0b", "subnet-0c"]))).unwrap();
    assert_eq!(aspects, Aspects { subnets: true, ..Aspects::default() });
    assert_eq!(chosen, subnets(&["subnet-0b", "subnet-0c"]));
    assert!(what.contains("subnets subnet-0b, subnet-0c instead of subnet-0a, subnet-0b"), "{what}");
}

#[test]
fn subnets_come_and_go_in_one_call_and_those_that_somebody_added_stay() {
    let before = made();
    let (plan, ..) = change_of(&before, &says(item(&["subnet-0b", "subnet-0c"], None))).unwrap();
    let old = [before.plan.unwrap()];
    let place = |has: &[&str]| {
        let shown = stands(&plan, has, true);
        let modify = calls(&old, &plan, &shown, &[shown.tags()]).modify;
        (modify.add_subnets, modify.remove_subnets)
    };
    let (here, there) = (subnets(&["subnet-0a"]), subnets(&["subnet-0c"]));
    assert_eq!(place(&["subnet-0a", "subnet-0b"]), (there.clone(), here.clone()));
    assert_eq!(place(&["subnet-0a", "subnet-0b", "subnet-0f"]), (there.clone(), here.clone()));
    assert_eq!(place(&["subnet-0a", "subnet-0b", "subnet-0c"]), (vec![], here), "half done");
    assert_eq!(place(&["subnet-0b"]), (there, vec![]), "somebody took one out");
    assert_eq!(place(&["subnet-0b", "subnet-0c"]), (vec![], vec![]));
}

#[test]
fn private_dns_is_switched_where_the_subscription_says_so() {
    let before = made();
    assert_eq!(change_of(&before, &says(InterfaceItem { private_dns: None, ..interface_item(S3) })), None);
    assert_eq!(change_of(&before, &says(InterfaceItem { private_dns: Some(true), ..interface_item(S3) })), None);
    let off = says(InterfaceItem { private_dns: Some(false), ..interface_item(S3) });
    let (plan, aspects, _, what) = change_of(&before, &off).unwrap();
    assert_eq!(aspects, Aspects { private_dns: true, ..Aspects::default() });
    assert!(what.contains("private DNS off instead of on"), "{what}");
    let old = [before.plan.unwrap()];
    let said = |on: bool| calls(&old, &plan, &stands(&plan, &["subnet-0a"], on), &[&plan.tags]).modify.private_dns;
    assert_eq!((said(true), said(false)), (Some(false), None), "what is so already is not said again");
}

fn subnet(id: &str, of: &str, az: &str, free: u32) -> Subnet {
    let az = crate::ids::AzId::parse(az).unwrap();
    Subnet { id: subnets(&[id])[0].clone(), vpc: vpc(of), az, zone: None, free_addresses: free, ipv6_only: false }
}

fn service(verified: &str) -> EndpointService {
    EndpointService {
        owner: "amazon".to_owned(),
        private_dns_name: Some("s3.us-east-1.amazonaws.com".to_owned()),
        private_dns_state: Some(verified.to_owned()),
        ..endpoint_service(S3)
    }
}

#[test]
fn only_subnets_that_are_new_are_looked_at() {
    let after = says(item(&["subnet-0b", "subnet-0c"], None));
    let look = |has: &[&str], there: Vec<Subnet>| {
        let site = VpcSeen { subnets: there, ..VpcSeen::default() };
        let services = vec![service("verified")];
        found(&made(), &after, &ChangeSeen { site, services, subnets: subnets(has), ..ChangeSeen::default() })
    };
    let here = || subnet("subnet-0b", "vpc-0a", "use1-az1", 0);
    let new = |of, az, free| vec![here(), subnet("subnet-0c", of, az, free)];
    let has = ["subnet-0a", "subnet-0b"];
    assert_eq!(look(&has, new("vpc-0a", "use1-az2", 1)), [""; 0], "the one that it stands in may be full");
    assert_eq!(look(&has, new("vpc-0a", "use1-az2", 0)), ["SubnetAddressesLow"]);
    assert_eq!(look(&has, new("vpc-0b", "use1-az2", 1)), ["SubnetInOtherVpc"]);
    assert_eq!(look(&has, new("vpc-0a", "use1-az1", 1)), ["SubnetsShareZone"]);
    assert_eq!(look(&has, new("vpc-0a", "use1-az4", 1)), ["SubnetZoneUnsupported"]);
    assert_eq!(look(&has, vec![here()]), ["SubnetNotFound"]);
    // What a lost answer did took the last address: it stands there, and nothing is looked for.
    assert_eq!(look(&["subnet-0b", "subnet-0c"], new("vpc-0a", "use1-az2", 0)), [""; 0]);
}

#[test]
fn what_private_dns_needs_is_looked_at_when_it_is_turned_on() {
    let mut off = made();
    if let PlannedCall::InterfaceEndpoint { private_dns, .. } = &mut off.plan.as_mut().unwrap().call {
        *private_dns = false;
    }
    let on = says(InterfaceItem { private_dns: Some(true), ..interface_item(S3) });
    let look = |service: EndpointService, support: bool, endpoints: Vec<Endpoint>, private_dns: bool| {
        let seen = Vpc { id: vpc("vpc-0a"), dns_support: support, dns_hostnames: true, cidrs: Vec::new() };
        let site = VpcSeen { vpc: Some(seen), endpoints, ..VpcSeen::default() };
        found(&off, &on, &ChangeSeen { site, services: vec![service], private_dns, ..ChangeSeen::default() })
    };
    assert_eq!(look(service("verified"), true, vec![], false), [""; 0]);
    assert_eq!(look(service("pendingVerification"), true, vec![], false), ["PrivateDnsNotVerified"]);
    let nameless = EndpointService { private_dns_name: None, ..service("verified") };
    assert_eq!(look(nameless, true, vec![], false), ["PrivateDnsNotOffered"]);
    assert_eq!(look(service("verified"), false, vec![], false), ["VpcDnsAttributesOff"]);
    let other = listed_as(&Plan { tags: BTreeMap::new(), ..off.plan.clone().unwrap() }, &["subnet-0a"], true).endpoint;
    let other = Endpoint { service: Some(S3.to_owned()), ..other };
    assert_eq!(look(service("verified"), true, vec![other.clone()], false), ["PrivateDnsTaken"]);
    assert_eq!(look(service("verified"), true, vec![other], true), [""; 0], "it is on already: an answer was lost");
    let turned_off = says(InterfaceItem { private_dns: Some(false), ..interface_item(S3) });
    assert_eq!(found(&made(), &turned_off, &ChangeSeen::default()), [""; 0], "to turn it off nothing is needed");
}

/// The record once EC2 shows this after the change, and whether its names are known.
fn after(record: &Connection, says: &Subscription, shown: Option<Shown>) -> (Connection, Option<String>, bool) {
    with_known(std::slice::from_ref(says), &[], |known| {
        let Step::Change(change) = step(record, known) else { panic!("nothing to change") };
        assert!(change.renames(record));
        let (next, _) = changed(record, &change, Vec::new(), known);
        match names(next, &change, shown, now()) {
            Names::Known(next, what) => (*next, what, true),
            Names::Awaited(next) => (*next, None, false),
        }
    })
}

#[test]
fn its_names_are_read_when_it_shows_those_that_it_is_to_have() {
    let mut before = made();
    let named = |plan: &Plan, ids: &[&str], private| {
        let listed = listed_as(plan, ids, private);
        crate::observation::interface_names(&listed.endpoint, false).unwrap()
    };
    let plan = before.plan.clone().unwrap();
    let dns = named(&plan, &["subnet-0a", "subnet-0b"], true);
    let port = Port::Unknown { reason: "EC2 shows none".to_owned() };
    before.databases = vec![Database { resource: S3.to_owned(), name: None, dns, port }];
    let off = says(item(&["subnet-0c"], Some(false)));

    let mut pending = listed_as(&plan, &["subnet-0c"], false);
    pending.endpoint.state = "pending".to_owned();
    let pending = Shown::Endpoint(Box::new(pending));
    let lagging = stands(&plan, &["subnet-0c"], true);
    for shown in [None, Some(pending), Some(lagging)] {
        let (awaited, what, known) = after(&before, &off, shown.clone());
        assert!(!known && what.is_none());
        let plan = awaited.plan.clone().unwrap();
        assert_eq!(
            (subnets_of(&plan.call), awaited.changing.as_slice()),
            (&*subnets(&["subnet-0c"]), &[plan.clone()][..])
        );
        assert_eq!(awaited.databases, before.databases, "nothing is guessed");
        // The next run finds it so, and says nothing more than it knows.
        let (again, _, known) = after(&awaited, &off, shown);
        assert_eq!((&again, known), (&awaited, false));
    }
    let (awaited, ..) = after(&before, &off, None);
    let (done, what, known) = after(&awaited, &off, Some(stands(&plan, &["subnet-0c"], false)));
    assert!(known && done.changing.is_empty() && done.findings.is_empty(), "{done:?}");
    assert_eq!((done.names_version, done.names_since), (2, Some(now())));
    assert!(what.unwrap().contains("version 2 of the names"));
    let scopes: Vec<_> = done.databases[0].dns.iter().map(|dns| dns.scope).collect();
    assert_eq!(scopes, [DnsScope::Regional, DnsScope::Zonal]);
    assert_eq!(change_of(&done, &off), None);

    let on = says(item(&["subnet-0c"], Some(true)));
    assert!(!after(&done, &on, Some(stands(&plan, &["subnet-0c"], false))).2, "its private name is not shown yet");
    let (back, _, known) = after(&done, &on, Some(stands(&plan, &["subnet-0c"], true)));
    assert!(known && back.names_version == 3);
    assert!(back.databases[0].dns.iter().any(|dns| dns.scope == DnsScope::Private));
    assert_eq!(back.made, Some(Made::Endpoint(endpoint_id())));
}

/// AWS changes these while it stands; of an endpoint for what VPC Lattice leads to it does not.
#[test]
fn both_are_told_as_changed_in_place_for_interface_endpoints_alone() {
    let told = |connection: &Connection, subscription: &Subscription| {
        with_known(std::slice::from_ref(subscription), &[], |known| {
            planned_otherwise(connection, known).map_or_else(Vec::new, |(_, differences)| differences)
        })
    };
    let of_interface = told(&made(), &says(item(&["subnet-0c"], Some(false))));
    assert_eq!(of_interface.iter().map(|d| (d.in_place, d.applied)).collect::<Vec<_>>(), [(true, true); 2]);
    let mut resource = subscription("a");
    let [Target::Vpc(target)] = resource.targets.as_mut_slice() else { unreachable!() };
    target.subnets = Subnets::Listed(subnets(&["subnet-0c"]));
    target.private_dns = PrivateDns::Off;
    let of_resource = told(&ready(), &resource);
    assert_eq!(of_resource.iter().map(|d| (d.in_place, d.applied)).collect::<Vec<_>>(), [(false, false); 2]);
}
