//! Security groups of ours that no live record has.

use super::*;
use crate::identity::{TAG_CONNECTION, TAG_OWNER};
use crate::ports::TaggedGroup;

const SAFE: SignedDuration = SignedDuration::from_mins(60);

fn group(owner: &str) -> TaggedGroup {
    let id = connection(Status::Ready).id;
    let tags = [(TAG_CONNECTION, id.to_string()), (TAG_OWNER, owner.to_owned())];
    TaggedGroup {
        id: SecurityGroupId::parse("sg-0d").unwrap(),
        tags: tags.map(|(key, value)| (key.to_owned(), value)).into(),
        admits: None,
    }
}

fn token() -> String {
    connection(Status::Ready).plan.unwrap().token
}

fn made(id: &str) -> MadeGroup {
    MadeGroup { id: SecurityGroupId::parse(id).unwrap(), refused_since: None }
}

fn told(record: Option<&Connection>, minutes: i64) -> Option<Finding> {
    let group = group(&token());
    orphaned_group(&group, &connection(Status::Ready).id, record, SAFE, later(minutes))
}

#[test]
fn what_no_live_record_has_is_told() {
    let at_rest = |status| Connection { plan: None, made: None, since: now(), ..connection(status) };
    let planned = {
        let mut record = at_rest(Status::Ready);
        record.plan = connection(Status::Ready).plan;
        record.plan.as_mut().unwrap().group = Some(PlannedGroup {
            vpc: crate::testing::vpc("vpc-0a"),
            ports: Vec::new(),
            cidrs: Vec::new(),
            security_groups: Vec::new(),
        });
        record
    };
    let rows = [
        ("no record", None, Some("has no connection")),
        ("closed", Some(at_rest(Status::Closed)), Some("it is closed")),
        ("failed", Some(at_rest(Status::Failed)), Some("it is failed")),
        ("listed ones", Some(at_rest(Status::Ready)), Some("it has none of its own")),
        ("another", Some(Connection { group: Some(made("sg-0e")), ..planned.clone() }), Some("sg-0e is the one")),
        ("its own", Some(Connection { group: Some(made("sg-0d")), ..planned.clone() }), None),
        ("its own, planned", Some(planned), None),
        ("a run has it", Some(at_rest(Status::Wanted)), None),
        ("a run has it", Some(at_rest(Status::Opening)), None),
        ("a run has it", Some(at_rest(Status::Waiting)), None),
        ("a run has it", Some(at_rest(Status::Closing)), None),
    ];
    for (case, record, expected) in rows {
        let seen = told(record.as_ref(), 60);
        assert_eq!(seen.is_some(), expected.is_some(), "{case}: {seen:?}");
        if let (Some(finding), Some(expected)) = (seen, expected) {
            assert_eq!(finding.code, ORPHANED);
            assert!(finding.seen.contains("sg-0d") && finding.seen.contains(expected), "{case}: {}", finding.seen);
            assert!(finding.way_out.contains("aws ec2 delete-security-group --group-id sg-0d"), "{}", finding.way_out);
        }
    }
    let closed = at_rest(Status::Closed);
    assert_eq!([told(Some(&closed), 59), told(None, 0)].map(|told| told.is_some()), [false, true], "a close just over");
}

#[test]
fn only_of_what_no_endpoint_of_its_own_stands_behind_records_are_read() {
    let stands = |owner: &str| {
        let mut listed = listed("vpce-0a", "available");
        listed.endpoint.tags.insert(TAG_OWNER.to_owned(), owner.to_owned());
        listed.security_groups = vec![SecurityGroupId::parse("sg-0d").unwrap()];
        listed
    };
    let doubted = |endpoint: &ListedEndpoint| doubtful_groups(&[group(&token())], std::iter::once(endpoint)).len();
    assert_eq!(doubted(&stands(&token())), 0);
    assert_eq!(doubted(&stands("another-g1")), 1, "somebody put another endpoint behind it");
    assert_eq!(doubted(&listed("vpce-0a", "available")), 1);
    let foreign = TaggedGroup { tags: BTreeMap::new(), ..group("x") };
    assert_eq!(doubtful_groups(&[foreign], std::iter::empty()), []);
}
