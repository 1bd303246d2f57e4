//! The sources that a connection's own security group admits.

use super::*;
use crate::connection::PlannedGroup;
use crate::subscription::{Cidr, Sources};

/// Ready behind a group of its own, which admits these.
fn guarded(cidrs: &[&str], from: &[&str]) -> Connection {
    let mut made = ready();
    let plan = made.plan.as_mut().unwrap();
    plan.group = Some(PlannedGroup {
        vpc: vpc("vpc-0a"),
        ports: vec![(10000, 19999)],
        cidrs: cidrs.iter().map(|cidr| (*cidr).to_owned()).collect(),
        security_groups: groups(from),
    });
    plan.call = plan.call.behind(&group("sg-0f"));
    made
}

fn admitting(cidrs: &[&str], from: &[&str]) -> Subscription {
    let mut managed = subscription("a");
    let [Target::Vpc(target)] = managed.targets.as_mut_slice() else { unreachable!() };
    let cidrs = cidrs.iter().map(|cidr| Cidr::parse(*cidr).unwrap()).collect();
    target.security_groups = SecurityGroups::Managed(Sources { cidrs, security_groups: groups(from) });
    managed
}

#[test]
fn named_sources_are_changed_and_those_of_the_vpc_stay() {
    let before = guarded(&["10.0.0.0/16"], &["sg-0a"]);
    assert_eq!(change_of(&before, &admitting(&[], &[])), None, "what the VPC had when it was made");
    assert_eq!(change_of(&before, &admitting(&["10.0.0.0/16"], &["sg-0a"])), None);
    let (plan, aspects, next, what) = change_of(&before, &admitting(&["10.1.0.0/16"], &["sg-0a", "sg-0b"])).unwrap();
    assert_eq!(aspects, Aspects { sources: true, ..Aspects::default() });
    assert!(what.contains("sources 10.1.0.0/16, sg-0a, sg-0b instead of 10.0.0.0/16, sg-0a"), "{what}");
    assert_eq!(plan.call, before.plan.as_ref().unwrap().call, "it stays behind its group");
    assert_eq!(change_of(&next, &admitting(&["10.1.0.0/16"], &["sg-0b", "sg-0a"])), None, "done is done");
    let told = |connection: &Connection, subscription: &Subscription| {
        with_known(std::slice::from_ref(subscription), &[], |known| {
            planned_otherwise(connection, known).map_or_else(Vec::new, |(_, differences)| differences)
        })
    };
    assert!(told(&before, &admitting(&["10.1.0.0/16"], &["sg-0a"])).iter().all(|d| d.applied));
    assert_eq!(told(&next, &admitting(&["10.1.0.0/16"], &["sg-0b", "sg-0a"])), []);
}

#[test]
fn all_that_is_named_is_admitted_and_what_a_plan_named_before_no_more() {
    let before = guarded(&["10.0.0.0/16", "10.9.0.0/16"], &["sg-0a"]);
    let (plan, ..) = change_of(&before, &admitting(&["10.0.0.0/16"], &["sg-0b"])).unwrap();
    let shown = shown(&["sg-0f"], &[], &plan.tags);
    // Another run began to admit something else, and nobody knows whether it did.
    let begun = guarded(&["10.7.0.0/16"], &[]).plan.unwrap();
    let old = [before.plan.unwrap(), begun];
    let made = calls(&old, &plan, &shown, &[shown.tags()]);
    assert!(made.modify.is_none() && made.set_tags.is_empty());
    assert_eq!(made.admit, plan.group);
    let revoke = made.revoke.unwrap();
    assert_eq!(
        (revoke.cidrs, revoke.security_groups),
        (vec!["10.7.0.0/16".to_owned(), "10.9.0.0/16".to_owned()], groups(&["sg-0a"]))
    );
    assert_eq!(revoke.ports, [(10000, 19999)]);
    let wider =
        Plan { group: guarded(&["10.0.0.0/16", "10.9.0.0/16", "10.8.0.0/16"], &["sg-0a"]).plan.unwrap().group, ..plan };
    assert_eq!(calls(&old[..1], &wider, &shown, &[shown.tags()]).revoke, None);
}

#[test]
fn the_sources_are_looked_at_before_they_are_admitted() {
    let after = admitting(&["10.1.0.0/16"], &["sg-0b"]);
    let before = guarded(&["10.0.0.0/16"], &[]);
    let of = |security_groups| {
        found(
            &before,
            &after,
            &ChangeSeen { site: VpcSeen { security_groups, ..VpcSeen::default() }, ..ChangeSeen::default() },
        )
    };
    assert_eq!(of(vec![]), ["SecurityGroupNotFound"]);
    assert_eq!(of(vec![admitting_group("sg-0b")]), [""; 0], "whatever that admits itself, and in whatever VPC");
}

fn admitting_group(id: &str) -> SecurityGroup {
    super::admitting(id, "vpc-0b", &[])
}
