//! What is taken into a record, and with which plan: whatever the plan names may be taken away later.

use super::*;
use crate::adjust;
use crate::claims::Known;
use crate::identity::{self, TAG_CONNECTION, TAG_INSTALLATION, TAG_OWNER};
use crate::ids::Service;
use crate::resource::Resource;
use crate::subscription::{
    EndpointItem, GatewayService, InterfaceItem, RouteTables, SecurityGroups, Sources, Subnets, Subscription, Target,
};
use crate::testing::{gateway_item, home, interface_item, subscription};

fn groups(ids: &[&str]) -> Vec<SecurityGroupId> {
    ids.iter().map(|id| SecurityGroupId::parse(*id).unwrap()).collect()
}

fn subnets(ids: &[&str]) -> Vec<SubnetId> {
    ids.iter().map(|id| SubnetId::parse(*id).unwrap()).collect()
}

fn tables(ids: &[&str]) -> Vec<RouteTableId> {
    ids.iter().map(|id| RouteTableId::parse(*id).unwrap()).collect()
}

/// What is left of a connection that failed, of which nothing should be left.
fn failed() -> Connection {
    Connection {
        made: None,
        plan: None,
        fault: Some(fault(FaultName::EndpointFailed)),
        since: now(),
        ..connection(Status::Failed)
    }
}

/// The same of an endpoint that a subscription asks for by itself.
fn failed_for(kind: Kind, service: &str) -> Connection {
    let resource = Resource::Service(Service::parse(service).unwrap());
    let target = TargetKey::Vpc(crate::testing::vpc("vpc-0a"));
    let id = identity::connection_id(&home(), kind, &resource, &target);
    Connection { id, kind, resource, target, share_arn: None, ..failed() }
}

/// An endpoint with the tags of the third generation of a connection, and two that somebody added.
fn stray_of(record: &Connection, change: impl FnOnce(&mut ListedEndpoint)) -> Stray {
    let mut listed = listed("vpce-0b", "available");
    listed.endpoint.tags = BTreeMap::from([
        (TAG_CONNECTION.to_owned(), record.id.to_string()),
        (TAG_OWNER.to_owned(), format!("{}-g3", record.id)),
        (TAG_INSTALLATION.to_owned(), "drawbridge".to_owned()),
        ("team".to_owned(), "data".to_owned()),
        ("by-hand".to_owned(), "yes".to_owned()),
    ]);
    change(&mut listed);
    Stray::endpoint(listed).unwrap()
}

fn adopted_as(record: &Connection, stray: &Stray, of: &Subscription) -> Result<Connection, String> {
    adopt(stray, record, Grounds { subscription: Some(of), home: &home() }, later(61))
}

/// What adjust would call about it once it is ready.
fn calls_later(record: &Connection, stray: &Stray, of: &Subscription) -> adjust::Calls {
    let adopted = adopted_as(record, stray, of).unwrap();
    let ready = Connection { status: Status::Ready, ..adopted };
    let StrayThing::Endpoint(listed) = &stray.thing else { unreachable!() };
    let (subscriptions, home, unreadable) = ([of.clone()], home(), std::collections::BTreeSet::new());
    let known = Known { home: &home, subscriptions: &subscriptions, unreadable: &unreadable };
    let change = adjust::wanted(&ready, known).unwrap();
    adjust::calls(&adjust::plans(&ready), &change.plan, &adjust::Shown::Endpoint(listed.clone()), &[&stray.tags])
}

#[test]
fn what_is_adopted_is_looked_at_by_a_run_and_removed_by_it_if_it_must() {
    let record = failed();
    let stray = stray_of(&record, |_| {});
    let next = adopted_as(&record, &stray, &subscription("a")).unwrap();
    assert_eq!((next.status, next.attempt, next.generation, next.names_version), (Status::Waiting, 2, 3, 2));
    assert_eq!((next.made.clone(), next.fault.clone(), next.execution.clone()), (Some(stray.made()), None, None));
    let plan = next.plan.unwrap();
    assert_eq!((plan.token.as_str(), plan.group, next.group), (stray.tags[TAG_OWNER].as_str(), None, None));
    let PlannedCall::ResourceEndpoint { subnets, resource: leads_to, .. } = plan.call else { panic!("as it is") };
    assert_eq!((subnets.len(), leads_to), (1, resource("rcfg-1")));
}

#[test]
fn what_is_not_adopted_says_why() {
    let over = |cause| {
        let (why, by, digest) = ("so".to_owned(), "x".to_owned(), String::new());
        let ending = Ending { cause, why, by, since: now(), digest, reopen: None, in_grace: false };
        Connection { ending: Some(ending), ..failed() }
    };
    let other = crate::testing::vpc("vpc-0b");
    let a = subscription("a");
    let of = |name: &str| Subscription { targets: vec![crate::testing::vpc_target("vpc-0b")], ..subscription(name) };
    let known = stray_of(&failed(), |_| {});
    let rows = [
        (Connection { claims: Vec::new(), ..failed() }, known.clone(), a.clone(), "no subscription claims"),
        (over(Cause::Operator), known.clone(), a.clone(), "on purpose (operator)"),
        (over(Cause::Withdrawn), known.clone(), a.clone(), "on purpose (withdrawn)"),
        (over(Cause::Revoked), known.clone(), a.clone(), "on purpose (revoked)"),
        (over(Cause::Replaced), known.clone(), a.clone(), "on purpose (replaced)"),
        (failed(), stray_of(&failed(), |l| l.endpoint.state = "failed".to_owned()), a.clone(), "it is failed"),
        (failed(), known.clone(), of("a"), "subscription a does not ask for"),
        (failed(), stray_of(&failed(), |l| l.endpoint.vpc = Some(other)), a.clone(), "it leads from vpc-0b"),
        (
            failed(),
            stray_of(&failed(), |l| drop(l.endpoint.tags.insert(TAG_OWNER.to_owned(), "x".to_owned()))),
            a.clone(),
            "names no generation",
        ),
    ];
    let held = Connection { status: Status::Wanted, held_by: failed().claims, ..failed() };
    assert!(adopted_as(&held, &known, &a).unwrap_err().contains("limits leave no room"));
    let mut unshared = over(Cause::Gone);
    unshared.ending.as_mut().unwrap().in_grace = true;
    assert!(adopted_as(&unshared, &known, &a).unwrap_err().contains("on purpose (gone)"), "nobody shares it any more");
    for (record, stray, of, why) in rows {
        let said = adopted_as(&record, &stray, &of).unwrap_err();
        assert!(said.contains(why), "{why}: {said}");
    }
    for cause in [Cause::Gone, Cause::Rejected, Cause::Failed] {
        assert!(adopted_as(&over(cause), &known, &a).is_ok(), "{cause:?}");
    }
    let home = home();
    let unknown = Grounds { subscription: None, home: &home };
    assert!(adopt(&known, &failed(), unknown, now()).unwrap_err().contains("can be read"));
}

/// Each row is what somebody may have added: nothing of it is taken away afterwards.
#[test]
fn what_others_added_stays() {
    let record = failed();
    let tagged = Subscription { tags: BTreeMap::from([("team".to_owned(), "web".to_owned())]), ..subscription("a") };
    let two = stray_of(&record, |listed| listed.security_groups = groups(&["sg-0a", "sg-0f"]));
    let plan = adopted_as(&record, &two, &tagged).unwrap().plan.unwrap();
    let keys: Vec<_> = plan.tags.keys().map(String::as_str).collect();
    assert_eq!(keys, [TAG_CONNECTION, TAG_INSTALLATION, TAG_OWNER, "team"]);
    let later = calls_later(&record, &two, &tagged);
    assert_eq!(later.set_tags, tagged.tags, "the subscription's word holds");
    assert_eq!((later.remove_tags.len(), later.modify.is_none()), (0, true), "{later:?}");
    assert!(calls_later(&record, &two, &subscription("a")).is_none());

    let gateway = failed_for(Kind::GatewayEndpoint, "com.amazonaws.us-east-1.s3");
    let asks = |route_tables| Subscription {
        endpoints: vec![EndpointItem::Gateway(crate::subscription::GatewayItem {
            service: GatewayService::S3,
            route_tables,
            ..gateway_item()
        })],
        ..subscription("a")
    };
    let routes = stray_of(&gateway, |listed| {
        listed.endpoint.endpoint_type = "Gateway".to_owned();
        listed.endpoint.resource = None;
        listed.endpoint.service = Some("com.amazonaws.us-east-1.s3".to_owned());
        listed.endpoint.route_tables = tables(&["rtb-0a", "rtb-0f"]);
        listed.security_groups.clear();
    });
    let later = calls_later(&gateway, &routes, &asks(RouteTables::Listed(tables(&["rtb-0a", "rtb-0b"]))));
    assert_eq!((later.modify.add_tables, later.modify.remove_tables), (tables(&["rtb-0b"]), tables(&[])));
    let none = adopted_as(&gateway, &routes, &asks(RouteTables::Listed(tables(&["rtb-0b"])))).unwrap_err();
    assert!(none.contains("none of its route tables, rtb-0a, rtb-0f"), "{none}");
    assert!(calls_later(&gateway, &routes, &asks(RouteTables::All)).is_none());

    let interface = failed_for(Kind::InterfaceEndpoint, "com.amazonaws.us-east-1.kms");
    let asks = |wished| Subscription {
        endpoints: vec![EndpointItem::Interface(InterfaceItem {
            subnets: wished,
            ..interface_item("com.amazonaws.us-east-1.kms")
        })],
        ..subscription("a")
    };
    let zones = stray_of(&interface, |listed| {
        listed.endpoint.endpoint_type = "Interface".to_owned();
        listed.endpoint.resource = None;
        listed.endpoint.service = Some("com.amazonaws.us-east-1.kms".to_owned());
        listed.subnets = subnets(&["subnet-0a", "subnet-0f"]);
    });
    let later = calls_later(&interface, &zones, &asks(Subnets::Listed(subnets(&["subnet-0a", "subnet-0b"]))));
    assert_eq!((later.modify.add_subnets, later.modify.remove_subnets), (subnets(&["subnet-0b"]), subnets(&[])));
    let none = adopted_as(&interface, &zones, &asks(Subnets::Listed(subnets(&["subnet-0b"])))).unwrap_err();
    assert!(none.contains("none of its subnets, subnet-0a, subnet-0f"), "{none}");
    assert!(calls_later(&interface, &zones, &asks(Subnets::Auto)).is_none());
}

/// The list of security groups holds (ADR 16).
#[test]
fn groups_of_which_none_is_listed_make_way_for_the_list() {
    let record = failed();
    let stray = stray_of(&record, |listed| listed.security_groups = groups(&["sg-0e", "sg-0f"]));
    let later = calls_later(&record, &stray, &subscription("a"));
    assert_eq!(later.modify.add_groups, groups(&["sg-0a"]));
    assert_eq!(later.modify.remove_groups, groups(&["sg-0e", "sg-0f"]));
}

#[test]
fn a_group_of_its_own_is_not_forgotten() {
    let record = failed();
    let managed = {
        let mut a = subscription("a");
        let Target::Vpc(target) = &mut a.targets[0] else { unreachable!() };
        target.security_groups = SecurityGroups::Managed(Sources::default());
        target.private_dns = crate::subscription::PrivateDns::Off;
        a
    };
    let owner = |generation: u32| format!("{}-g{generation}", record.id);
    let behind = |known: &[(&str, String)]| {
        stray_of(&record, |listed| {
            let id = |id: &str| SecurityGroupId::parse(id).unwrap();
            listed.security_groups = known.iter().map(|(group, _)| id(group)).collect();
            listed.group_names = known.iter().map(|(group, name)| (id(group), name.clone())).collect();
        })
    };
    let (own, other) = (("sg-0d", owner(3)), ("sg-0f", "web".to_owned()));
    // Somebody added another one, which is drift like any other.
    for known in [vec![own.clone()], vec![own, other.clone()]] {
        let next = adopted_as(&record, &behind(&known), &managed).unwrap();
        assert_eq!(next.group.as_ref().map(|group| group.id.as_str()), Some("sg-0d"));
        assert!(next.plan.as_ref().unwrap().group.is_some());
        let Some(PlannedCall::ResourceEndpoint { security_groups, .. }) = next.call_said() else { panic!("behind it") };
        assert_eq!(security_groups, groups(&["sg-0d"]));
        let (home, subscriptions, unreadable) = (home(), [managed.clone()], std::collections::BTreeSet::new());
        let known = Known { home: &home, subscriptions: &subscriptions, unreadable: &unreadable };
        assert_eq!(crate::claims::planned_otherwise(&next, known), None, "nothing to tell or to replace");
    }
    let why = adopted_as(&record, &behind(&[("sg-0c", owner(1))]), &managed).unwrap_err();
    assert!(why.contains("sg-0c, which was made for") && why.contains("-g1"), "{why}");
    let next = adopted_as(&record, &behind(&[other]), &subscription("a")).unwrap();
    assert_eq!((next.group, next.plan.unwrap().group), (None, None), "before others it has none");
}
