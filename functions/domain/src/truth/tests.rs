//! What a look means, as tables: each row is something that AWS may show.
#![allow(clippy::unwrap_used)]

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::connection::{Made, MadeGroup, PlannedCall, PlannedDns, PlannedGroup};
use crate::fault::FaultName;
use crate::identity::{TAG_CONNECTION, TAG_OWNER};
use crate::ids::{RouteTableId, SecurityGroupId, SubnetId, VpcEndpointId};
use crate::network::{DnsEntry, Endpoint};
use crate::preflight::Severity;
use crate::reach::{Database, DnsName, DnsScope, Port};
use crate::share::{ShareRecord, ShareStatus};
use crate::subscription::{Kind, Reconcile, TargetKey};
use crate::testing::{
    association, association_id, configurations, connection, endpoint_id, fault, now, resource, share_record,
};
use crate::waiting::Wait;

mod adopt;
mod in_grace;
mod strays;

fn later(minutes: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

fn names(child: &str) -> Vec<DnsName> {
    vec![DnsName { scope: DnsScope::Regional, name: format!("{child}.on.aws"), hosted_zone: None }]
}

fn database(child: &str) -> Database {
    let port = Port::Unknown { reason: "hidden".to_owned() };
    Database { resource: child.to_owned(), name: Some(format!("name-of-{child}")), dns: names(child), port }
}

fn row(child: &str) -> Branch {
    Branch { resource: resource(child), name: None, accessible: true, failed: None, dns: names(child) }
}

/// A GROUP of three that can be used since noon.
fn ready() -> Connection {
    let databases = ["rcfg-a", "rcfg-b", "rcfg-c"].map(database).to_vec();
    Connection { databases, since: now(), ready_at: Some(now()), ..connection(Status::Ready) }
}

pub(super) fn listed(id: &str, state: &str) -> ListedEndpoint {
    ListedEndpoint {
        endpoint: Endpoint {
            id: VpcEndpointId::parse(id).unwrap(),
            endpoint_type: "Resource".to_owned(),
            state: state.to_owned(),
            vpc: Some(crate::testing::vpc("vpc-0a")),
            resource: Some(resource("rcfg-1")),
            service_network: None,
            service: None,
            private_dns: false,
            route_tables: Vec::new(),
            dns: Vec::new(),
            tags: BTreeMap::new(),
            failure: None,
        },
        created: Some(now()),
        subnets: vec![SubnetId::parse("subnet-0a").unwrap()],
        security_groups: vec![SecurityGroupId::parse("sg-0a").unwrap()],
        private_dns: PlannedDns { enabled: false, preference: None, domains: Vec::new() },
        policy: None,
        group_names: Vec::new(),
    }
}

fn shown(state: &str) -> Seen {
    Seen::Shown(Thing::Endpoint(Box::new(listed(endpoint_id().as_str(), state))))
}

fn observed(made: Seen, rows: &[Branch]) -> Observed<'static> {
    Observed {
        made,
        behind: Behind::Rows(rows.to_vec()),
        configurations: BTreeMap::new(),
        subscription: None,
        in_share: None,
        strays: None,
    }
}

fn as_it_was() -> Observed<'static> {
    observed(shown("Available"), &["rcfg-a", "rcfg-b", "rcfg-c"].map(row))
}

fn codes(record: &Connection) -> Vec<&str> {
    record.findings.iter().map(|finding| finding.code.as_str()).collect()
}

fn written(plan: Plan) -> Connection {
    plan.write.unwrap().0
}

fn denied() -> Fault {
    FaultName::AccessDenied.because("ec2:DescribeVpcEndpoints")
}

#[test]
fn what_is_as_recorded_writes_nothing() {
    let plan = decide(&ready(), as_it_was(), later(60));
    assert_eq!(plan, Plan { standing: Standing::AsRecorded, write: None });
    let mut other_order = as_it_was();
    other_order.behind = Behind::Rows(["rcfg-c", "rcfg-a", "rcfg-b", "rcfg-a"].map(row).to_vec());
    assert_eq!(decide(&ready(), other_order, later(60)).write, None);
}

#[test]
fn what_a_run_has_or_nobody_has_is_not_touched() {
    use Status::{Closed, Closing, Failed, Opening, Waiting, Wanted};
    for status in [Wanted, Opening, Waiting, Closing, Failed, Closed] {
        for seen in [shown("deleted"), Seen::NotShown, Seen::Unreadable(denied())] {
            let plan = decide(&connection(status), observed(seen, &[]), later(600));
            assert_eq!(plan, Plan { standing: Standing::Untouched, write: None }, "{status:?}");
        }
    }
    let unmade = Connection { made: None, ..ready() };
    assert_eq!(decide(&unmade, as_it_was(), now()).standing, Standing::Untouched);
}

#[test]
fn what_a_state_means() {
    let over = |state: &str| match decide(&ready(), observed(shown(state), &[]), later(1)).standing {
        Standing::Over(cause, why) => {
            assert!(why.contains("vpce-0a"), "{why}");
            Some(cause)
        }
        _ => None,
    };
    for (state, cause) in [
        ("deleting", Some(Cause::Gone)),
        ("Deleted", Some(Cause::Gone)),
        ("rejected", Some(Cause::Rejected)),
        ("failed", Some(Cause::Failed)),
        ("expired", Some(Cause::Failed)),
        ("available", None),
        ("pending", None),
        ("pendingAcceptance", None),
        ("unheard-of", None),
    ] {
        assert_eq!(over(state), cause, "{state}");
    }
    for state in ["pending", "pendingAcceptance", "unheard-of"] {
        let record = written(decide(&ready(), observed(shown(state), &[]), later(1)));
        assert_eq!((codes(&record), record.status, record.databases.len()), (vec![NOT_USABLE], Status::Ready, 3));
        let back = written(decide(&record, as_it_was(), later(2)));
        assert_eq!((codes(&back), back.status), (vec![], Status::Ready), "taken back when it is over");
    }
}

#[test]
fn what_the_status_of_an_association_means() {
    let record = Connection { made: Some(Made::Association(association_id())), ..ready() };
    for (status, cause) in [
        ("ACTIVE", None),
        ("PARTIAL", None),
        ("Partial", None),
        ("DELETE_IN_PROGRESS", Some(Cause::Gone)),
        ("CREATE_FAILED", Some(Cause::Failed)),
        ("DELETE_FAILED", None),
    ] {
        let seen = Seen::Shown(Thing::Association(Box::new(association(status))));
        let over = match decide(&record, observed(seen, &["rcfg-a", "rcfg-b", "rcfg-c"].map(row)), later(1)).standing {
            Standing::Over(cause, _) => Some(cause),
            _ => None,
        };
        assert_eq!(over, cause, "{status}");
    }
    let partial = Association { failure: Some("two of three".to_owned()), ..association("PARTIAL") };
    let behind = ["rcfg-a", "rcfg-b", "rcfg-c"].map(row);
    let look = |shown, record: &Connection, minutes| {
        decide(record, observed(Seen::Shown(Thing::Association(Box::new(shown))), &behind), later(minutes))
    };
    let told = written(look(partial, &record, 1));
    assert_eq!((codes(&told), told.status), (vec![PARTIAL], Status::Ready));
    assert_eq!(told.findings[0].seen, "association snra-0a is PARTIAL: two of three");
    assert_eq!(codes(&written(look(association("ACTIVE"), &told, 2))), [""; 0], "taken back when it is whole");
}

#[test]
fn what_is_not_shown_once_is_told_and_gone_only_at_a_second_look() {
    let gone = |record: &Connection, minutes| decide(record, observed(Seen::NotShown, &[]), later(minutes));
    let first = gone(&ready(), 0);
    assert_eq!(first.standing, Standing::Missing);
    let once = written(first);
    assert_eq!((once.status, codes(&once)), (Status::Ready, vec![NOT_SHOWN]));
    for minutes in [0, 1, 4] {
        let again = gone(&once, minutes);
        assert_eq!((again.standing, again.write), (Standing::Missing, None), "{minutes}: told once, and too soon");
    }
    let Standing::Over(Cause::Gone, why) = gone(&once, 5).standing else { panic!("it is gone") };
    assert!(why.starts_with("EndpointGone: AWS shows vpce-0a no more, since 2026-11-20T12:00:00Z"), "{why}");

    let back = written(decide(&once, as_it_was(), later(2)));
    assert_eq!((back.missing.clone(), codes(&back)), (None, vec![]));
    assert_eq!(gone(&back, 7).standing, Standing::Missing, "it starts anew");
}

#[test]
fn what_cannot_be_read_is_never_taken_for_gone() {
    let once = written(decide(&ready(), observed(Seen::NotShown, &[]), now()));
    for minutes in [0, 5, 6000] {
        let plan = decide(&once, observed(Seen::Unreadable(denied()), &[]), later(minutes));
        assert_eq!(plan.standing, Standing::Unknown);
        let record = written(plan);
        assert_eq!((record.status, codes(&record)), (Status::Ready, vec![READ_DENIED]));
        assert!(record.findings[0].seen.contains("ec2:DescribeVpcEndpoints"), "{:?}", record.findings);
        assert_eq!(
            decide(&record, observed(Seen::Unreadable(denied()), &[]), later(minutes + 1)).write,
            None,
            "told once"
        );
    }
    let mut behind = as_it_was();
    behind.behind = Behind::Unreadable(denied());
    let plan = decide(&ready(), behind, later(1));
    assert_eq!(plan.standing, Standing::Unknown);
    assert_eq!(written(plan).databases.len(), 3);
}

#[test]
fn a_group_that_grows_has_new_names_and_a_new_version_of_them() {
    let rows = ["rcfg-a", "rcfg-b", "rcfg-c", "rcfg-d", "rcfg-e"].map(row);
    assert_eq!(unknown_children(&ready(), &rows), [resource("rcfg-d"), resource("rcfg-e")]);
    let mut seen = observed(shown("Available"), &rows);
    let found = |id: &str, called: Option<&str>| ResourceConfiguration {
        arn: resource(id),
        name: called.map(str::to_owned),
        config_type: "CHILD".to_owned(),
        port_ranges: vec!["12004-12004".to_owned()],
        custom_domain: None,
        group_domain: None,
        verified: false,
    };
    seen.configurations.insert(resource("rcfg-d"), Ok(found("rcfg-d", Some("orders-d"))));
    seen.configurations.insert(resource("rcfg-e"), Err(denied()));
    let plan = decide(&ready(), seen, later(1));
    let (record, what) = plan.write.unwrap();
    assert_eq!((plan.standing, record.databases.len()), (Standing::Changed, 5));
    assert_eq!((record.names_version, record.names_since), (2, Some(later(1))));
    assert!(what.contains("orders-d is new") && what.contains("rcfg-e is new"), "{what}");
    assert!(record.why.starts_with("5 can be used; version 2 of the names"), "{}", record.why);
    let by = |id: &str| record.databases.iter().find(|database| database.resource == id).unwrap();
    assert!(matches!(&by("rcfg-d").port, Port::Known { ranges, .. } if ranges == &["12004"]));
    assert!(matches!(&by("rcfg-e").port, Port::Unknown { reason } if reason.contains("AccessDenied")));
    assert_eq!(decide(&record, observed(shown("Available"), &rows), later(2)).write, None, "once");
}

#[test]
fn one_that_can_not_be_used_yet_is_no_name() {
    let pending = Branch { accessible: false, dns: Vec::new(), ..row("rcfg-d") };
    let failed = Branch { failed: Some("no zone".to_owned()), ..pending.clone() };
    let mut rows = ["rcfg-a", "rcfg-b", "rcfg-c"].map(row).to_vec();
    rows.push(pending);
    assert!(unknown_children(&ready(), &rows).is_empty(), "its configuration is read when it can be used");
    assert_eq!(decide(&ready(), observed(shown("Available"), &rows), later(1)).write, None);
    rows[3] = failed;
    let record = written(decide(&ready(), observed(shown("Available"), &rows), later(1)));
    assert_eq!((codes(&record), record.names_version), (vec![CHILDREN_MISSING], 1));
    assert!(record.findings[0].seen.contains("rcfg-d failed: no zone"));
}

#[test]
fn one_that_can_not_be_used_for_a_while_keeps_its_names() {
    let mut rows = ["rcfg-a", "rcfg-b", "rcfg-c"].map(row);
    rows[1] = Branch { accessible: false, dns: Vec::new(), ..row("rcfg-b") };
    assert_eq!(decide(&ready(), observed(shown("Available"), &rows), later(1)).write, None);
}

#[test]
fn a_group_that_shrinks_loses_names_at_the_second_look_and_never_all() {
    let two = ["rcfg-a", "rcfg-b"].map(row);
    let look = |record: &Connection, rows: &[Branch], minutes| {
        decide(record, observed(shown("Available"), rows), later(minutes))
    };
    let once = written(look(&ready(), &two, 0));
    assert_eq!((once.databases.len(), once.names_version, codes(&once)), (3, 1, vec![CHILDREN_MISSING]));
    assert_eq!(look(&once, &two, 4).write, None);
    let gone = written(look(&once, &two, 5));
    assert_eq!((gone.databases.len(), gone.names_version, codes(&gone)), (2, 2, vec![]));
    assert_eq!(gone.missing, None);
    assert!(gone.why.contains("name-of-rcfg-c is gone"), "{}", gone.why);

    let another = written(look(&once, &[row("rcfg-a")], 5));
    assert_eq!((another.databases.len(), another.missing.unwrap().since), (3, later(5)), "what is missing is another");

    let nothing = written(look(&ready(), &[], 0));
    for minutes in [5, 500] {
        let plan = look(&nothing, &[], minutes);
        assert_eq!((plan.standing, plan.write), (Standing::AsRecorded, None), "the names stay while nothing is shown");
    }
}

#[test]
fn other_names_of_the_same_thing_are_a_new_version() {
    let mut rows = ["rcfg-a", "rcfg-b", "rcfg-c"].map(row);
    rows[1].dns = names("elsewhere");
    let record = written(decide(&ready(), observed(shown("Available"), &rows), later(1)));
    assert_eq!((record.names_version, record.databases[1].dns.clone()), (2, names("elsewhere")));
    assert_eq!(record.databases[1].name.as_deref(), Some("name-of-rcfg-b"), "what was known of it stays");
}

#[test]
fn an_interface_endpoint_has_its_names_itself() {
    let service = crate::ids::Service::parse("com.amazonaws.us-east-1.sqs").unwrap();
    let mut record = ready();
    record.kind = Kind::InterfaceEndpoint;
    let call = PlannedCall::InterfaceEndpoint {
        service,
        vpc: crate::testing::vpc("vpc-0a"),
        subnets: vec![SubnetId::parse("subnet-0a").unwrap()],
        security_groups: vec![SecurityGroupId::parse("sg-0a").unwrap()],
        private_dns: true,
        policy: None,
    };
    record.plan.as_mut().unwrap().call = call;
    let entry = |name: &str| DnsEntry { name: name.to_owned(), hosted_zone: None };
    let scoped = |scope, name: &str| DnsName { scope, name: name.to_owned(), hosted_zone: None };
    record.databases = vec![Database {
        dns: vec![scoped(DnsScope::Regional, "vpce-0a-x.sqs"), scoped(DnsScope::Private, "sqs.us-east-1")],
        ..database("sqs")
    }];
    let look = |private_dns, names: &[&str]| {
        let mut listed = listed("vpce-0a", "available");
        listed.endpoint.private_dns = private_dns;
        listed.endpoint.dns = names.iter().map(|name| entry(name)).collect();
        Observed { behind: Behind::Itself, ..observed(Seen::Shown(Thing::Endpoint(Box::new(listed))), &[]) }
    };
    assert_eq!(decide(&record, look(true, &["sqs.us-east-1", "vpce-0a-x.sqs"]), later(1)).write, None);
    let off = written(decide(&record, look(false, &["vpce-0a-x.sqs"]), later(1)));
    assert_eq!((codes(&off), off.names_version), (vec![SETTINGS_CHANGED], 2));
    assert!(off.findings[0].seen.contains("private DNS off instead of on"), "{:?}", off.findings);
    let nameless = written(decide(&record, look(true, &[]), later(1)));
    assert_eq!((codes(&nameless), nameless.names_version), (vec![NOT_USABLE], 1));
}

#[test]
fn what_somebody_changed_is_told() {
    let mut other_groups = listed("vpce-0a", "available");
    other_groups.security_groups = vec![SecurityGroupId::parse("sg-0b").unwrap()];
    let rows = ["rcfg-a", "rcfg-b", "rcfg-c"].map(row);
    let record =
        written(decide(&ready(), observed(Seen::Shown(Thing::Endpoint(Box::new(other_groups))), &rows), now()));
    assert!(record.findings[0].seen.contains("security groups sg-0b instead of sg-0a"), "{:?}", record.findings);

    let mut gateway = ready();
    gateway.plan.as_mut().unwrap().call = PlannedCall::GatewayEndpoint {
        service: crate::ids::Service::parse("com.amazonaws.us-east-1.s3").unwrap(),
        vpc: crate::testing::vpc("vpc-0a"),
        route_tables: ["rtb-0a", "rtb-0b"].map(|id| RouteTableId::parse(id).unwrap()).to_vec(),
        chosen_by: None,
        policy: None,
    };
    let look = |tables: &[&str]| {
        let mut listed = listed("vpce-0a", "available");
        listed.endpoint.route_tables = tables.iter().map(|id| RouteTableId::parse(*id).unwrap()).collect();
        Observed { behind: Behind::Itself, ..observed(Seen::Shown(Thing::Endpoint(Box::new(listed))), &[]) }
    };
    assert_eq!(decide(&gateway, look(&["rtb-0b", "rtb-0a", "rtb-0c"]), now()).write, None, "others may be added");
    let record = written(decide(&gateway, look(&["rtb-0a"]), now()));
    assert!(record.findings[0].seen.contains("no route in rtb-0b"), "{:?}", record.findings);
    assert_eq!(codes(&written(decide(&gateway, look(&[]), now()))), [SETTINGS_CHANGED]);
}

#[test]
fn another_policy_is_told_and_the_same_in_other_words_is_not() {
    let mut record = ready();
    let full =
        r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
    let less = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}}"#;
    let less_shown = less.replace("\"s3:GetObject\"", "[\"s3:GetObject\"]");
    for gateway in [true, false] {
        let look = |made: Option<&str>, shown: Option<&str>| {
            let service = crate::ids::Service::parse("com.amazonaws.us-east-1.s3").unwrap();
            let (vpc, policy) = (crate::testing::vpc("vpc-0a"), made.map(str::to_owned));
            record.plan.as_mut().unwrap().call = if gateway {
                PlannedCall::GatewayEndpoint { service, vpc, route_tables: Vec::new(), chosen_by: None, policy }
            } else {
                let (subnets, security_groups) = (Vec::new(), Vec::new());
                PlannedCall::InterfaceEndpoint { service, vpc, subnets, security_groups, private_dns: false, policy }
            };
            let listed = ListedEndpoint { policy: shown.map(str::to_owned), ..listed("vpce-0a", "available") };
            let made = Seen::Shown(Thing::Endpoint(Box::new(listed)));
            let plan = decide(&record, Observed { behind: Behind::Itself, ..observed(made, &[]) }, now());
            let findings = plan.write.map(|(record, _)| record.findings).unwrap_or_default();
            findings.into_iter().find(|finding| finding.code == SETTINGS_CHANGED).map(|finding| finding.seen)
        };
        let mut look = look;
        for (made, shown) in [(None, None), (None, Some(full)), (Some(less), None), (Some(less), Some(&*less_shown))] {
            assert_eq!(look(made, shown), None, "{made:?} {shown:?}");
        }
        for (made, shown, told) in
            [(None, less, "than AWS's default"), (Some(less), full, "than the one of the subscription")]
        {
            let seen = look(made, Some(shown)).unwrap();
            assert!(seen.starts_with("vpce-0a has another policy") && seen.contains(told), "{seen}");
        }
    }
}

#[test]
fn tags_of_its_own_that_were_taken_off_are_told() {
    let mut record = ready();
    let own = [(TAG_CONNECTION, record.id.as_str()), (TAG_OWNER, "token"), ("team", "data")];
    let own = BTreeMap::from(own.map(|(key, value)| (key.to_owned(), value.to_owned())));
    record.plan.as_mut().unwrap().tags = own.clone();
    let look = |change: fn(&mut BTreeMap<String, String>)| {
        let mut listed = listed("vpce-0a", "available");
        listed.endpoint.tags = own.clone();
        change(&mut listed.endpoint.tags);
        let made = Seen::Shown(Thing::Endpoint(Box::new(listed)));
        let plan = decide(&record, Observed { made, ..as_it_was() }, now());
        plan.write.map(|(record, _)| record.findings[0].clone())
    };
    assert_eq!(look(|tags| drop(tags.insert("by-hand".to_owned(), "yes".to_owned()))), None);
    assert_eq!(look(|tags| drop(tags.remove("team"))), None, "what is not ours to go by is told by nobody");
    let told = look(|tags| drop(tags.remove(TAG_OWNER))).unwrap();
    assert_eq!((told.code.as_str(), told.seen.as_str()), (SETTINGS_CHANGED, "vpce-0a has no tag drawbridge:owner"));
    assert!(told.way_out.contains("--tags Key=drawbridge:owner,Value=token`"), "{}", told.way_out);
    let told = look(|tags| *tags = BTreeMap::from([(TAG_OWNER.to_owned(), "x".to_owned())])).unwrap();
    assert_eq!(told.seen, "vpce-0a has no tag drawbridge:connection, and drawbridge:owner=x");
}

/// As `open` stores it: the plan is written before its group has an id.
#[test]
fn a_group_of_its_own_is_what_it_was_made_with() {
    let group = |id: &str| SecurityGroupId::parse(id).unwrap();
    let rows = ["rcfg-a", "rcfg-b", "rcfg-c"].map(row);
    let look = |id: &str| {
        let listed = ListedEndpoint { security_groups: vec![group(id)], ..listed("vpce-0a", "available") };
        observed(Seen::Shown(Thing::Endpoint(Box::new(listed))), &rows)
    };
    let mut record = Connection { group: Some(MadeGroup { id: group("sg-0f"), refused_since: None }), ..ready() };
    let plan = record.plan.as_mut().unwrap();
    let PlannedCall::ResourceEndpoint { security_groups, .. } = &mut plan.call else { unreachable!() };
    security_groups.clear();
    plan.group = Some(PlannedGroup {
        vpc: crate::testing::vpc("vpc-0a"),
        ports: vec![(8070, 8070)],
        cidrs: vec!["10.0.0.0/16".to_owned()],
        security_groups: Vec::new(),
    });
    assert_eq!(decide(&record, look("sg-0f"), now()).write, None);
    let changed = written(decide(&record, look("sg-0b"), now()));
    assert!(changed.findings[0].seen.contains("security groups sg-0b instead of sg-0f"), "{:?}", changed.findings);
    record.group = None;
    assert_eq!(decide(&record, look("sg-0b"), now()).write, None, "which one is not known");
}

#[test]
fn only_what_was_looked_at_is_told_anew() {
    let mut record = ready();
    let of = |code: &str| Finding {
        severity: Severity::Warning,
        code: code.to_owned(),
        seen: "x".to_owned(),
        needed: "x".to_owned(),
        way_out: "x".to_owned(),
    };
    record.findings = vec![of("ClaimDiffers"), of(NOT_IN_SHARE), of(DUPLICATED)];
    assert_eq!(decide(&record, as_it_was(), now()).write, None, "an event looks at neither");
    let full = Observed { in_share: Some(true), strays: Some(Vec::new()), ..as_it_was() };
    assert_eq!(codes(&written(decide(&record, full, now()))), ["ClaimDiffers"]);
    let out = Observed { in_share: Some(false), strays: Some(vec![of(DUPLICATED)]), ..as_it_was() };
    assert_eq!(codes(&written(decide(&ready(), out, now()))), [NOT_IN_SHARE, DUPLICATED]);
}

#[test]
fn what_is_over_ends_and_is_opened_anew_only_if_that_is_asked_for() {
    let end_of = |cause, remedy, minutes| {
        over(&ready(), cause, "EndpointGone: so", remedy, "reconcile", "digest".to_owned(), later(minutes)).unwrap()
    };
    let closing = end_of(Cause::Gone, Remedy::Report, 600);
    let ending = closing.ending.clone().unwrap();
    assert_eq!((closing.status, closing.attempt, closing.execution.clone()), (Status::Closing, 2, None));
    assert_eq!((ending.cause, ending.reopen, ending.digest.as_str()), (Cause::Gone, None, "digest"));
    let reopened = end_of(Cause::Gone, Remedy::Repair, 60).ending.unwrap();
    assert!(reopened.reopen.is_some(), "it was ready for an hour");
    let fought = end_of(Cause::Gone, Remedy::Repair, 59).ending.unwrap();
    assert!(fought.reopen.is_none() && fought.why.contains("less than an hour"), "{fought:?}");
    for cause in [Cause::Rejected, Cause::Failed] {
        assert_eq!(end_of(cause, Remedy::Repair, 600).ending.unwrap().reopen, None, "{cause:?}");
    }
    let finished = crate::ending::finished(&closing, "it is gone", later(601));
    assert_eq!(finished.status, Status::Closed);
    assert!(finished.next.contains("CloudTrail") && finished.why.contains("EndpointGone"), "{}", finished.next);
    let reopening = end_of(Cause::Gone, Remedy::Repair, 600);
    let again = crate::ending::finished(&reopening, "it is gone", later(601));
    assert_eq!((again.status, again.generation, again.names_version), (Status::Wanted, 2, 2));
}

#[test]
fn what_is_put_into_a_share_is_vetted_anew() {
    let accepted = |resources: &[&str]| ShareRecord {
        accepted_at: Some(now()),
        resources: configurations(resources),
        ..share_record(ShareStatus::Accepted)
    };
    let look = |record: &ShareRecord, ids: &[&str]| share_changed(record, &configurations(ids), "digest", later(1));
    assert_eq!(look(&accepted(&["rcfg-1", "rcfg-2"]), &["rcfg-2", "rcfg-1"]), None);
    let (next, why) = look(&accepted(&["rcfg-1"]), &["rcfg-1", "rcfg-2"]).unwrap();
    assert_eq!((next.status, next.attempt, next.execution.clone()), (ShareStatus::Found, 2, None));
    assert!(why.contains("put in") && why.contains("rcfg-2") && !why.contains("rcfg-1,"), "{why}");
    assert!(look(&accepted(&["rcfg-1"]), &["rcfg-3"]).unwrap().1.contains("took out"));
    for status in [ShareStatus::Found, ShareStatus::Accepting, ShareStatus::Failed, ShareStatus::Revoked] {
        assert_eq!(look(&ShareRecord { status, ..accepted(&["rcfg-1"]) }, &["rcfg-2"]), None, "{status:?}");
    }
    let asked = ShareRecord { status: ShareStatus::Held, ..accepted(&["rcfg-1"]) };
    assert!(look(&asked, &["rcfg-2"]).is_some(), "held, and nobody is asked");
    let wait = |by_a_run| Wait {
        who: "a person".to_owned(),
        what: String::new(),
        since: now(),
        until: later(60),
        asked: "asked".to_owned(),
        subscriptions: Vec::new(),
        approved: Vec::new(),
        by_a_run,
    };
    let waited = |by_a_run| ShareRecord { wait: Some(wait(by_a_run)), ..asked.clone() };
    assert!(look(&waited(false), &["rcfg-2"]).is_some());
    let asked = waited(true);
    assert_eq!(look(&asked, &["rcfg-2"]), None, "its run has it");
    let unaccepted = ShareRecord { accepted_at: None, ..accepted(&["rcfg-1"]) };
    assert_eq!(look(&unaccepted, &["rcfg-2"]), None);
}

#[test]
fn a_round_is_taken_by_one_run_and_goes_on_where_it_stopped() {
    let id = |n: u32| (format!("vpce-{n:03}"), connection(Status::Ready).id);
    let everything: Vec<_> = (0..5).map(id).collect();
    let mut round = Round::take(None, now()).unwrap();
    assert_eq!((round.number, round.left(&everything).len()), (1, 5));
    assert_eq!(Round::take(Some(round.clone()), later(1)).unwrap_err(), Held(round.held_until.unwrap()));
    assert_eq!(Round::take(Some(round.clone()), later(2)).unwrap().number, 1, "a run that died lets go");
    round.cursor = Some("vpce-001".to_owned());
    assert_eq!(round.left(&everything)[0].0, "vpce-002");
    round.cursor = Some("vpce-0015".to_owned());
    assert_eq!(round.left(&everything)[0].0, "vpce-002", "what it stopped at may be gone");
    round.count(&Standing::AsRecorded);
    round.end(Vec::new(), Vec::new(), later(1));
    assert_eq!((round.cursor.clone(), round.last["as recorded"], round.standing.len()), (None, 1, 0));
    round.held_until = None;
    assert_eq!(Round::take(Some(round), later(1)).unwrap().number, 2);
}

#[test]
fn a_lasting_fault_is_told_and_a_passing_one_ends_the_look() {
    assert_eq!(told::<()>(Err(denied())).unwrap(), Err(denied()));
    assert!(told::<()>(Err(FaultName::Throttled.because("x"))).is_err());
}

proptest! {
    /// Whatever is seen: only AWS's own word or a second look ends a connection, and looking twice is looking once.
    #[test]
    fn looking_again_writes_nothing(
        state in prop::sample::select(vec!["available", "pending", "unheard-of", "rejected", "deleting", ""]),
        seen in 0..3u8,
        rows in prop::collection::vec((0..6u8, any::<bool>(), any::<bool>()), 0..8),
        in_share in prop::option::of(any::<bool>()),
    ) {
        let rows: Vec<Branch> = rows
            .into_iter()
            .map(|(n, accessible, failed)| Branch {
                accessible,
                failed: (failed && !accessible).then(|| "so".to_owned()),
                ..row(&format!("rcfg-{}", char::from(b'a' + n)))
            })
            .collect();
        let look = || Observed {
            made: match seen {
                0 => Seen::NotShown,
                1 => Seen::Unreadable(denied()),
                _ => shown(state),
            },
            in_share,
            ..observed(Seen::NotShown, &rows)
        };
        let plan = decide(&ready(), look(), later(1));
        let over = matches!(plan.standing, Standing::Over(..));
        prop_assert_eq!(over, seen == 2 && ["rejected", "deleting"].contains(&state));
        if let Some((next, what)) = plan.write {
            prop_assert!(!what.is_empty() && next.status == Status::Ready && !next.databases.is_empty());
            prop_assert!(next.databases.iter().all(|database| !database.dns.is_empty()));
            prop_assert_eq!(next.names_version > 1, next.databases != ready().databases);
            prop_assert_eq!(decide(&next, look(), later(2)).write, None);
        }
    }
}
