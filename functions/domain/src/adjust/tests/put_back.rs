//! What somebody changed by hand, put back where the subscription says so.

use super::*;
use crate::subscription::{Reconcile, Remedy};

fn found(mut record: Connection) -> Connection {
    record.findings.push(Finding {
        severity: Severity::Warning,
        code: SETTINGS_CHANGED.to_owned(),
        seen: "so".to_owned(),
        needed: "so".to_owned(),
        way_out: "so".to_owned(),
    });
    record
}

fn repairs(subscription: Subscription) -> Subscription {
    Subscription { reconcile: Reconcile { changed: Remedy::Repair, ..Reconcile::default() }, ..subscription }
}

#[test]
fn only_what_was_found_and_only_where_the_subscription_says_so() {
    let record = ready();
    assert_eq!(change_of(&record, &repairs(subscription("a"))), None, "nothing was found");
    assert_eq!(change_of(&found(record.clone()), &subscription("a")), None, "it is only told");
    let (plan, aspects, next, what) = change_of(&found(record.clone()), &repairs(subscription("a"))).unwrap();
    assert_eq!((Some(plan), aspects), (record.plan.clone(), Aspects::default()));
    assert_eq!(
        (next.findings.clone(), next.changing.clone()),
        (Vec::new(), Vec::new()),
        "the next look finds the rest"
    );
    assert_eq!(what, "what somebody changed of vpce-0a is put back, as subscription a says");
    // Whatever became of the call, it is still to be put back: as the record's own plan it differs from nothing.
    let begun = Connection { changing: record.plan.clone().into_iter().collect(), ..found(record.clone()) };
    let (_, _, next, what) = change_of(&begun, &repairs(subscription("a"))).unwrap();
    assert_eq!(
        (what, next.changing),
        ("what somebody changed of vpce-0a is put back, as subscription a says".to_owned(), vec![])
    );
    // What it says now comes first.
    let (plan, aspects, next, _) = change_of(&found(record.clone()), &repairs(behind(&["sg-0b"]))).unwrap();
    assert!(aspects.security_groups && plan != record.plan.unwrap() && !next.findings.is_empty());
}

#[test]
fn an_endpoint_has_again_what_it_was_made_with() {
    let record = ready();
    let plan = record.plan.clone().unwrap();
    let as_made = shown(&["sg-0a"], &[], &plan.tags);
    assert!(put_back(&record, &as_made, &[as_made.tags()]).is_none());
    let other = shown(&["sg-0b"], &[], &plan.tags);
    let calls = put_back(&record, &other, &[other.tags()]);
    let groups_only =
        Modification { add_groups: groups(&["sg-0a"]), remove_groups: groups(&["sg-0b"]), ..Modification::default() };
    assert_eq!((calls.modify, calls.set_tags.len()), (groups_only, 0));
    let tagged = Connection { plan: Some(Plan { tags: tags(&[("team", "data")]), ..plan }), ..record };
    let calls = put_back(&tagged, &as_made, &[as_made.tags()]);
    assert_eq!((calls.set_tags, calls.remove_tags.len()), (tags(&[("team", "data")]), 0));
}

#[test]
fn a_group_of_its_own_that_is_not_known_is_not_taken_for_none() {
    let mut record = ready();
    let PlannedCall::ResourceEndpoint { security_groups, .. } = &mut record.plan.as_mut().unwrap().call else {
        unreachable!()
    };
    security_groups.clear();
    let own = shown(&["sg-0f"], &[], &record.plan.as_ref().unwrap().tags);
    assert!(put_back(&record, &own, &[own.tags()]).is_none());
    record.group = Some(MadeGroup { id: group("sg-0f"), refused_since: None });
    assert!(put_back(&record, &own, &[own.tags()]).is_none());
    let other = shown(&["sg-0b"], &[], &record.plan.as_ref().unwrap().tags);
    assert_eq!(put_back(&record, &other, &[other.tags()]).modify.add_groups, groups(&["sg-0f"]));
}

#[test]
fn routes_and_policies_come_back_and_what_was_added_stays() {
    let item = |policy| {
        EndpointItem::Gateway(GatewayItem {
            route_tables: RouteTables::Listed(tables(&["rtb-0a", "rtb-0b"])),
            policy,
            ..gateway_item()
        })
    };
    let (record, _) = asked_for(item(None));
    let plan_tags = record.plan.as_ref().unwrap().tags.clone();
    let shown = |ids: &[&str], policy: Option<&str>| {
        let Shown::Endpoint(mut listed) = shown(&[], ids, &plan_tags) else { unreachable!() };
        listed.policy = policy.map(str::to_owned);
        Shown::Endpoint(listed)
    };
    let modify = |record: &Connection, shown: &Shown| put_back(record, shown, &[shown.tags()]).modify;
    assert!(modify(&record, &shown(&["rtb-0a", "rtb-0b", "rtb-0c"], None)).is_none(), "one more is somebody's own");
    let back = modify(&record, &shown(&["rtb-0b"], None));
    assert_eq!(back, Modification { add_tables: tables(&["rtb-0a"]), ..Modification::default() });
    let theirs = policy("s3:*").map(|policy| policy.text()).unwrap();
    let both = ["rtb-0a", "rtb-0b"];
    assert_eq!(modify(&record, &shown(&both, Some(&theirs))).policy, Some(PolicyChange::Reset));
    let own = policy("s3:GetObject").map(|policy| policy.text()).unwrap();
    let (record, _) = asked_for(item(policy("s3:GetObject")));
    assert_eq!(modify(&record, &shown(&both, Some(&theirs))).policy, Some(PolicyChange::Set(own.clone())));
    assert_eq!(modify(&record, &shown(&both, Some(&own))).policy, None);
}
