//! A service-network resource association, of which VPC Lattice changes only tags.

use super::*;
use crate::ids::ServiceNetworkId;
use crate::testing::{association, association_id, network_target, resource};

/// A ready association as its subscription `a` says.
fn associated() -> (Connection, Subscription) {
    let target = TargetKey::ServiceNetwork(ServiceNetworkId::parse("sn-0a").unwrap());
    let id = identity::connection_id(&home(), Kind::ServiceNetworkResource, &resource("rcfg-1").into(), &target);
    let mut made = Connection { id: id.clone(), kind: Kind::ServiceNetworkResource, target, ..ready() };
    made.made = Some(crate::connection::Made::Association(association_id()));
    let plan = made.plan.as_mut().unwrap();
    plan.call = PlannedCall::ServiceNetworkResource {
        resource: resource("rcfg-1"),
        service_network: ServiceNetworkId::parse("sn-0a").unwrap(),
        private_dns: true,
    };
    plan.tags.extend(tags(&[("team", "data"), ("stage", "test")]));
    own_tags(&id, plan);
    let said = tags(&[("team", "data"), ("stage", "test")]);
    (made, Subscription { targets: vec![network_target("sn-0a")], tags: said, ..subscription("a") })
}

fn shown_as(status: &str, tags: BTreeMap<String, String>) -> Shown {
    Shown::Association(Box::new(association(status)), tags)
}

#[test]
fn its_tags_are_changed_and_those_that_somebody_added_stay() {
    let (before, says) = associated();
    assert_eq!(change_of(&before, &says), None);
    let after = Subscription { tags: tags(&[("team", "core"), ("new", "1")]), ..says.clone() };
    let (plan, aspects, next, what) = change_of(&before, &after).unwrap();
    assert_eq!(aspects, Aspects { tags: true, ..Aspects::default() });
    assert!(what.contains("snra-0a") && what.contains("tags new=1, team=core"), "{what}");
    assert_eq!(change_of(&next, &after), None, "done is done");
    let old = [before.plan.clone().unwrap()];
    let mut has = old[0].tags.clone();
    has.extend(tags(&[("theirs", "x")]));
    let shown = shown_as("ACTIVE", has);
    let made = calls(&old, &plan, &shown, &[shown.tags()]);
    assert!(made.modify.is_none() && is_ours(&before, shown.tags()));
    assert_eq!(made.set_tags, tags(&[("new", "1"), ("team", "core")]));
    assert_eq!(made.remove_tags, tags(&[("stage", "test")]));

    // Private DNS can't be changed [CFN]: that stays told.
    let mut off = after;
    let [Target::ServiceNetwork(target)] = off.targets.as_mut_slice() else { unreachable!() };
    target.private_dns = false;
    let told = with_known(std::slice::from_ref(&off), &[], |known| planned_otherwise(&before, known).unwrap().1);
    assert_eq!(told.iter().map(|d| (d.in_place, d.applied)).collect::<Vec<_>>(), [(false, false), (true, true)]);
    let (plan, ..) = change_of(&before, &off).unwrap();
    assert_eq!(plan.call, before.plan.unwrap().call);
}

/// A run was cut off after it began to take back what another one had begun.
#[test]
fn no_names_are_awaited_of_what_is_no_interface_endpoint() {
    let (mut before, says) = associated();
    let plan = before.plan.clone().unwrap();
    before.changing = vec![Plan { tags: tags(&[("team", "core")]), ..plan.clone() }, plan];
    with_known(std::slice::from_ref(&says), &[], |known| {
        let Step::Change(change) = step(&before, known) else { panic!("nothing to change") };
        assert!(change.is_begun(&before) && !change.renames(&before));
        assert_eq!(changed(&before, &change, Vec::new(), known).0.changing, []);
    });
}

#[test]
fn what_is_being_made_or_removed_is_not_touched() {
    for (status, can) in [
        ("ACTIVE", true),
        ("PARTIAL", true),
        ("CREATE_IN_PROGRESS", false),
        ("DELETE_IN_PROGRESS", false),
        ("DELETE_FAILED", false),
    ] {
        assert_eq!(shown_as(status, BTreeMap::new()).can_be_changed(), can, "{status}");
    }
}
