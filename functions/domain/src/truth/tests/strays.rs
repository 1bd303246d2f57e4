//! What carries our tags and stands in no live record: what is done about it.

use super::*;
use crate::identity::{TAG_CONNECTION, TAG_INSTALLATION, TAG_OWNER};
use crate::ids::AssociationId;
use crate::inventory::ListedAssociation;

/// What it is, its record, what the subscription says, and what is done.
type Row = (&'static str, Option<Connection>, Remedy, Option<(&'static str, &'static str)>);

const SAFE: SignedDuration = SignedDuration::from_mins(60);

fn stray(state: &str) -> Stray {
    let id = connection(Status::Ready).id;
    let mut listed = listed("vpce-0b", state);
    listed.endpoint.tags = BTreeMap::from([
        (TAG_CONNECTION.to_owned(), id.to_string()),
        (TAG_OWNER.to_owned(), format!("{id}-g3")),
        (TAG_INSTALLATION.to_owned(), "drawbridge".to_owned()),
    ]);
    Stray::endpoint(listed).unwrap()
}

fn over(status: Status, cause: Option<Cause>) -> Connection {
    let ending = cause.map(|cause| Ending {
        cause,
        why: "so".to_owned(),
        by: "x".to_owned(),
        since: now(),
        digest: String::new(),
        reopen: None,
        in_grace: false,
    });
    Connection { made: None, plan: None, ending, fault: Some(fault(FaultName::EndpointFailed)), ..connection(status) }
}

fn step(record: Option<&Connection>, remedy: Remedy) -> StrayStep {
    let reconcile = Reconcile { gone: remedy, orphaned: remedy, duplicated: remedy, changed: remedy };
    decide_stray(&stray("available"), record, reconcile, SAFE, later(61))
}

fn code(step: &StrayStep) -> Option<(&'static str, String)> {
    match step {
        StrayStep::Leave => None,
        StrayStep::Report(finding) => Some(("report", finding.code.clone())),
        StrayStep::Remove(finding) => Some(("remove", finding.code.clone())),
        StrayStep::Adopt(finding) => Some(("adopt", finding.code.clone())),
    }
}

#[test]
fn what_is_done_follows_from_the_record_and_the_subscription() {
    let failed = over(Status::Failed, None);
    let rows: Vec<Row> = vec![
        ("no record", None, Remedy::Report, Some(("report", ORPHANED))),
        ("no record", None, Remedy::Repair, Some(("remove", ORPHANED))),
        ("no record to adopt it into", None, Remedy::Adopt, Some(("report", ORPHANED))),
        ("failed", Some(failed.clone()), Remedy::Report, Some(("report", ORPHANED))),
        ("failed", Some(failed.clone()), Remedy::Repair, Some(("remove", ORPHANED))),
        ("failed", Some(failed.clone()), Remedy::Adopt, Some(("adopt", ORPHANED))),
        ("gone", Some(over(Status::Closed, Some(Cause::Gone))), Remedy::Adopt, Some(("adopt", ORPHANED))),
        ("a second one", Some(ready()), Remedy::Report, Some(("report", DUPLICATED))),
        ("a second one", Some(ready()), Remedy::Repair, Some(("remove", DUPLICATED))),
        ("a second one", Some(ready()), Remedy::Adopt, Some(("report", DUPLICATED))),
        ("itself", Some(Connection { made: Some(stray("x").made()), ..ready() }), Remedy::Repair, None),
        ("a run has it", Some(connection(Status::Wanted)), Remedy::Repair, None),
        ("a run has it", Some(connection(Status::Opening)), Remedy::Repair, None),
        ("a run has it", Some(connection(Status::Waiting)), Remedy::Repair, None),
        ("a run has it", Some(connection(Status::Closing)), Remedy::Repair, None),
    ];
    for (case, record, remedy, expected) in rows {
        let seen = step(record.as_ref(), remedy);
        let expected = expected.map(|(what, code)| (what, code.to_owned()));
        assert_eq!(code(&seen), expected, "{case}, {remedy:?}: {seen:?}");
    }
}

#[test]
fn what_may_have_been_made_just_now_is_only_told() {
    let all = Reconcile::all(Remedy::Repair);
    let at = |created, minutes| {
        let mut stray = stray("available");
        if let StrayThing::Endpoint(listed) = &mut stray.thing {
            listed.created = created;
        }
        code(&decide_stray(&stray, None, all, SAFE, later(minutes))).unwrap().0
    };
    assert_eq!([at(Some(now()), 59), at(Some(now()), 60), at(None, 6000)], ["report", "remove", "report"]);
    let mut unowned = stray("available");
    unowned.tags.remove(TAG_OWNER);
    assert_eq!(code(&decide_stray(&unowned, None, all, SAFE, later(600))).unwrap().0, "report");
    for state in ["deleting", "deleted"] {
        assert_eq!(decide_stray(&stray(state), None, all, SAFE, later(600)), StrayStep::Leave);
    }
    let mut foreign = listed("vpce-0b", "available");
    foreign.endpoint.tags.insert(TAG_CONNECTION.to_owned(), "something else".to_owned());
    assert_eq!(Stray::endpoint(foreign), None);
}

/// VPC Lattice would refuse to delete it, in every round.
#[test]
fn what_an_aws_service_keeps_is_told_and_not_fought() {
    let look = |managed, record: Option<&Connection>, remedy| {
        let network = crate::ids::ServiceNetworkId::parse("sn-0a").unwrap();
        let association = Association { managed, ..association("ACTIVE") };
        let listed = ListedAssociation { association, created: Some(now()), private_dns: true };
        let stray = Stray::association(listed, TargetKey::ServiceNetwork(network), stray("available").tags).unwrap();
        decide_stray(&stray, record, Reconcile::all(remedy), SAFE, later(61))
    };
    let closed = over(Status::Closed, Some(Cause::Withdrawn));
    let second = Connection { made: Some(Made::Association(AssociationId::parse("snra-0b").unwrap())), ..ready() };
    for (record, expected) in [(None, ORPHANED), (Some(&closed), ORPHANED), (Some(&second), DUPLICATED)] {
        assert_eq!(code(&look(false, record, Remedy::Repair)), Some(("remove", expected.to_owned())));
        assert_eq!(code(&look(true, record, Remedy::Adopt)), Some(("report", expected.to_owned())), "nor adopted");
        let StrayStep::Report(finding) = look(true, record, Remedy::Repair) else { panic!("told only") };
        assert_eq!(finding.code, expected);
        assert!(finding.seen.contains("an AWS service keeps it"), "{}", finding.seen);
        assert!(!finding.way_out.contains("repair") && finding.way_out.contains(TAG_CONNECTION), "{}", finding.way_out);
    }
}

#[test]
fn a_record_tells_of_strays_once() {
    let StrayStep::Report(finding) = step(Some(&over(Status::Failed, None)), Remedy::Report) else { panic!("told") };
    let record = over(Status::Failed, None);
    let (told, what) = tell_strays(&record, std::slice::from_ref(&finding)).unwrap();
    assert_eq!((told.findings.len(), what.contains("vpce-0b")), (1, true));
    assert_eq!(tell_strays(&told, &[finding]), None);
    let (back, _) = tell_strays(&told, &[]).unwrap();
    assert_eq!(back, record);
}
