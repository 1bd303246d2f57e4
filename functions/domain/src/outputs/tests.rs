#![allow(clippy::unwrap_used, clippy::large_stack_arrays)]

use super::*;
use crate::reach::{DnsName, PortSource};
use crate::subscription::Grace;
use crate::testing::{at, connection, network_target, now, subscription, vpc_target};

const ROOT: &str = "/drawbridge/";

fn database(id: &str, name: Option<&str>, port: Port) -> Database {
    let dns = |scope, name: &str| DnsName { scope, name: name.to_owned(), hosted_zone: None };
    Database {
        resource: id.to_owned(),
        name: name.map(str::to_owned),
        dns: vec![
            dns(DnsScope::Regional, "vpce-0a.rcfg-1.example.aws"),
            dns(DnsScope::Zonal, "vpce-0a-use1-az1.rcfg-1.example.aws"),
        ],
        port,
    }
}

fn port(range: &str) -> Port {
    Port::Known { ranges: vec![range.to_owned()], source: PortSource::Configuration }
}

fn ready(databases: &[(&str, Option<&str>)]) -> Connection {
    Connection {
        outputs: Some(Outputs::Under(OutputPrefix::parse("/drawbridge/redis").unwrap())),
        databases: databases.iter().map(|(id, name)| database(id, *name, port("12000"))).collect(),
        ..connection(Status::Ready)
    }
}

fn nothing() -> OutputRecord {
    OutputRecord::new(connection(Status::Ready).id, now())
}

/// As the function does it, every call well: what each parameter was given is its digest.
fn done(connection: &Connection, record: &OutputRecord) -> OutputRecord {
    let work = work(Some(connection), record, ROOT);
    let mut outcomes: BTreeMap<String, Outcome> = BTreeMap::new();
    outcomes.extend(work.writes.iter().map(|w| (w.name.clone(), Outcome::Written(identity::digest(&w.value)))));
    outcomes.extend(work.removals.iter().map(|name| (name.clone(), Outcome::Removed)));
    record.finished(&work, &outcomes, now())
}

fn in_grace(connection: &Connection) -> Connection {
    let closing = Connection { status: Status::Closing, ..connection.clone() };
    grace::begin(closing, Grace::parse("72h").unwrap(), "redis", now())
}

fn names(record: &OutputRecord) -> Vec<&str> {
    record.parameters.keys().map(String::as_str).collect()
}

const ORDERS: (&str, Option<&str>) = ("rcfg-1", Some("orders-db"));
const CARTS: (&str, Option<&str>) = ("rcfg-2", Some("carts-db"));

/// What should be against what is: a step and what is published after it.
#[test]
fn a_connection_has_the_parameters_of_what_can_be_reached_now() {
    let mut record = nothing();
    let elsewhere = Outputs::Under(OutputPrefix::parse("/drawbridge/elsewhere").unwrap());
    let as_status = |status| Connection { status, ..ready(&[ORDERS, CARTS]) };
    for (step, connection, published) in [
        ("not ready yet", as_status(Status::Waiting), &[][..]),
        ("ready", ready(&[ORDERS]), &["/drawbridge/redis/orders-db"]),
        ("the same", ready(&[ORDERS]), &["/drawbridge/redis/orders-db"]),
        ("grown", ready(&[ORDERS, CARTS]), &["/drawbridge/redis/carts-db", "/drawbridge/redis/orders-db"]),
        ("looked at again", as_status(Status::Waiting), &["/drawbridge/redis/carts-db", "/drawbridge/redis/orders-db"]),
        ("shrunk", ready(&[CARTS]), &["/drawbridge/redis/carts-db"]),
        (
            "moved",
            Connection { outputs: Some(elsewhere.clone()), ..ready(&[CARTS]) },
            &["/drawbridge/elsewhere/carts-db"],
        ),
        (
            "moved while it is opened",
            Connection { outputs: Some(elsewhere), ..as_status(Status::Opening) },
            &["/drawbridge/elsewhere/carts-db"],
        ),
        ("back", ready(&[CARTS]), &["/drawbridge/redis/carts-db"]),
        ("asked for nowhere", Connection { outputs: Some(Outputs::Nowhere), ..ready(&[CARTS]) }, &[]),
        ("asked for again", ready(&[CARTS]), &["/drawbridge/redis/carts-db"]),
        ("in its grace period", in_grace(&ready(&[CARTS])), &["/drawbridge/redis/carts-db"]),
        ("closing", as_status(Status::Closing), &[]),
        ("ready anew", ready(&[CARTS]), &["/drawbridge/redis/carts-db"]),
        ("failed", as_status(Status::Failed), &[]),
        ("ready once more", ready(&[CARTS]), &["/drawbridge/redis/carts-db"]),
        ("closed", as_status(Status::Closed), &[]),
    ] {
        record = done(&connection, &record);
        assert_eq!(names(&record), published, "{step}");
        assert_eq!(record.status, OutputStatus::Published, "{step}");
        assert_eq!(work(Some(&connection), &record, ROOT), Work::default(), "{step}: done is done");
    }
    record = done(&ready(&[CARTS]), &record);
    assert_eq!(work(None, &record, ROOT).removals, ["/drawbridge/redis/carts-db"], "the record is gone");
}

#[test]
fn a_value_that_changed_is_written_again() {
    let record = done(&ready(&[ORDERS]), &nothing());
    let mut moved = ready(&[ORDERS]);
    moved.databases[0].port = port("12001");
    let work = work(Some(&moved), &record, ROOT);
    assert_eq!(work.writes.len(), 1);
    assert!(work.writes[0].value.contains(r#""port":12001"#), "{}", work.writes[0].value);
}

#[test]
fn before_the_calls_every_name_stands_in_the_record_and_nothing_is_certain() {
    let record = done(&ready(&[ORDERS]), &nothing());
    let now_carts = ready(&[CARTS]);
    let begun = record.begun(&work(Some(&now_carts), &record, ROOT), "run-1", now());
    assert_eq!(names(&begun), ["/drawbridge/redis/carts-db", "/drawbridge/redis/orders-db"]);
    assert_eq!(begun.status, OutputStatus::Unpublished, "so that the sweep finds it, should the run end here");
    assert!(begun.parameters.values().all(|p| p.may_exist() && p.digest.is_none()));
    // The run ended here, and what was asked for changed back: both have to be looked at.
    let again = work(Some(&ready(&[ORDERS])), &begun, ROOT);
    assert_eq!(again.writes.iter().map(|w| w.name.as_str()).collect::<Vec<_>>(), ["/drawbridge/redis/orders-db"]);
    assert_eq!(again.removals, ["/drawbridge/redis/carts-db"]);
}

#[test]
fn one_run_at_a_time_has_a_connection_s_outputs() {
    let begun = nothing().begun(&work(Some(&ready(&[ORDERS])), &nothing(), ROOT), "run-1", now());
    assert!(begun.held_by_another("run-2", now()).is_some());
    assert!(begun.held_by_another("run-1", now()).is_none(), "the answer to its own write was lost");
    assert!(!begun.is_due(now()));
    let later = at("2026-11-20T12:02:00Z");
    assert!(begun.held_by_another("run-2", later).is_none(), "a run that ended without a word");
    assert!(begun.is_due(later));
    assert_eq!(done(&ready(&[ORDERS]), &begun).holder, None, "whoever finishes it leaves it to the next");
}

#[test]
fn what_failed_is_told_and_what_is_known_of_it_kept() {
    let one = ready(&[ORDERS, CARTS]);
    let to_do = work(Some(&one), &nothing(), ROOT);
    let failed = |name: FaultName| Outcome::Failed(name.because("so it is"));
    let (orders, carts) = ("/drawbridge/redis/orders-db".to_owned(), "/drawbridge/redis/carts-db".to_owned());
    let outcomes = BTreeMap::from([
        (orders.clone(), failed(FaultName::ServiceUnavailable)),
        (carts.clone(), failed(FaultName::Conflict)),
    ]);
    let record = nothing().finished(&to_do, &outcomes, now());
    assert_eq!(record.status, OutputStatus::Unpublished);
    assert!(record.parameters[&orders].may_exist(), "its answer was lost");
    assert!(!record.parameters[&carts].may_exist(), "it is somebody else's");
    assert_eq!(record.parameters[&carts].trouble.as_ref().unwrap().fault.name, "Conflict");
    assert_eq!(work(Some(&one), &record, ROOT).writes.len(), 2, "both are tried again");
    let gone = work(Some(&Connection { status: Status::Closed, ..one }), &record, ROOT);
    assert_eq!((gone.removals, gone.forgotten), (vec![orders], vec![carts]));
}

#[test]
fn what_could_not_be_removed_and_is_asked_for_again_is_written_again() {
    let published = done(&ready(&[ORDERS]), &nothing());
    let over = Connection { status: Status::Closed, ..ready(&[ORDERS]) };
    let to_do = work(Some(&over), &published, ROOT);
    let denied = Outcome::Failed(FaultName::AccessDenied.because("no"));
    let left = published.finished(&to_do, &BTreeMap::from([(to_do.removals[0].clone(), denied)]), now());
    assert_eq!((left.status, work(Some(&over), &left, ROOT).removals), (OutputStatus::Unpublished, to_do.removals));
    let again = done(&ready(&[ORDERS]), &left);
    assert_eq!(again.parameters, published.parameters, "which takes the trouble out of the record");
    assert_eq!(again.status, OutputStatus::Published);
}

#[test]
fn what_was_left_for_the_next_run_is_as_it_was() {
    let published = done(&ready(&[ORDERS]), &nothing());
    let grown = ready(&[CARTS]);
    let to_do = work(Some(&grown), &published, ROOT);
    let record = published.finished(&to_do, &BTreeMap::new(), now());
    assert_eq!(record.parameters, published.parameters);
    assert_eq!(record.status, OutputStatus::Unpublished);
    assert_eq!(work(Some(&grown), &record, ROOT), to_do);
}

#[test]
fn what_fails_is_tried_again_after_as_long_as_it_has_lasted() {
    let to_do = work(Some(&ready(&[ORDERS])), &nothing(), ROOT);
    let failed = BTreeMap::from([(
        "/drawbridge/redis/orders-db".to_owned(),
        Outcome::Failed(FaultName::AccessDenied.because("no")),
    )]);
    let first = nothing().finished(&to_do, &failed, now());
    assert!(first.is_due(now()));
    let then = first.begun(&to_do, "run-2", at("2026-11-20T12:10:00Z"));
    assert_eq!(then.since, now());
    let second = first.finished(&to_do, &failed, at("2026-11-20T12:10:00Z"));
    assert_eq!(second.since, now());
    assert!(!second.is_due(at("2026-11-20T12:19:59Z")));
    assert!(second.is_due(at("2026-11-20T12:20:00Z")));
    let old = OutputRecord { tried_at: Some(at("2026-11-25T12:00:00Z")), ..second };
    assert!(!old.is_due(at("2026-11-25T17:59:00Z")));
    assert!(old.is_due(at("2026-11-25T18:00:00Z")), "at least every six hours");
}

#[test]
fn what_the_installation_may_not_write_is_told_and_never_called_for() {
    let outside =
        Connection { outputs: Some(Outputs::Under(OutputPrefix::parse("/other").unwrap())), ..ready(&[ORDERS]) };
    let to_do = work(Some(&outside), &nothing(), ROOT);
    assert!(!to_do.calls());
    let record = nothing().finished(&to_do, &BTreeMap::new(), now());
    let trouble = record.parameters["/other/orders-db"].trouble.as_ref().unwrap();
    assert_eq!(trouble.fault.name, "InvalidConfiguration");
    assert!(trouble.fault.message.contains("/other/orders-db is not under /drawbridge/"), "{}", trouble.fault.message);
    assert_eq!(
        record.finished(&work(Some(&outside), &record, ROOT), &BTreeMap::new(), at("2026-11-20T13:00:00Z")),
        record
    );
    assert_eq!(work(None, &record, ROOT).forgotten, ["/other/orders-db"]);
}

#[test]
fn a_name_is_the_database_s_or_its_id() {
    let of = |databases: &[(&str, Option<&str>)]| {
        work(Some(&ready(databases)), &nothing(), "/").writes.into_iter().map(|w| w.name).collect::<Vec<_>>()
    };
    let path = |leaf: &str| format!("/drawbridge/redis/{leaf}");
    assert_eq!(of(&[ORDERS]), [path("orders-db")]);
    assert_eq!(of(&[("rcfg-1", None)]), [path("rcfg-1")]);
    assert_eq!(of(&[("rcfg-1", Some("orders db"))]), [path("rcfg-1")], "SSM takes no blanks");
    assert_eq!(of(&[("rcfg-1", Some("a/b"))]), [path("rcfg-1")], "and / is a level");
    assert_eq!(of(&[("rcfg-1", Some("a")), ("rcfg-2", Some("a"))]), [path("rcfg-1"), path("rcfg-2")]);
    assert_eq!(of(&[("com.amazonaws.eu-west-1.s3@eu-west-1", None)]), [path("com.amazonaws.eu-west-1.s3.eu-west-1")]);
}

#[test]
fn a_value_says_how_to_reach_it_and_fits() {
    let connection = ready(&[ORDERS]);
    let read = |database: &Database| -> serde_json::Value {
        let text = value(database, &connection);
        assert!(text.len() <= LONGEST_VALUE && !text.contains("{{") && !text.contains("}}"), "{text}");
        serde_json::from_str(&text).unwrap()
    };
    let known = read(&connection.databases[0]);
    assert_eq!(
        known,
        serde_json::json!({
            "version": "1",
            "dns_name": "vpce-0a.rcfg-1.example.aws",
            "port": 12000,
            "dns_names": [
                {"scope": "regional", "name": "vpce-0a.rcfg-1.example.aws"},
                {"scope": "zonal", "name": "vpce-0a-use1-az1.rcfg-1.example.aws"},
            ],
            "database": "orders-db",
            "resource": "rcfg-1",
            "target": "vpc-0a",
            "connection": connection.id,
        })
    );
    let unknown = read(&database("rcfg-1", None, Port::Unknown { reason: "AWS {{does}} not say".to_owned() }));
    assert_eq!(
        (&unknown["port"], &unknown["port_unknown"]),
        (&serde_json::Value::Null, &"AWS { {does} } not say".into())
    );
    let ranges = read(&database("rcfg-1", None, port("10000-10010")));
    assert_eq!((&ranges["port"], &ranges["ports"]), (&serde_json::Value::Null, &serde_json::json!(["10000-10010"])));
    let mut long = database("rcfg-1", None, port("1"));
    for _ in 0..60 {
        let zonal = long.dns[1].clone();
        long.dns.push(DnsName { name: format!("{}{}", "x".repeat(60), zonal.name), ..zonal });
    }
    let cut = read(&long);
    assert_eq!((cut["dns_names"].as_array().unwrap().len(), &cut["truncated"]), (1, &true.into()));
}

#[test]
fn the_first_claim_says_where() {
    let prefix = |path: &str| Some(OutputPrefix::parse(path).unwrap());
    let asking = |called: &str, outputs| Subscription { outputs, ..subscription(called) };
    let asked = |before: Option<Outputs>, subscriptions: &[Subscription]| {
        let mut connection = Connection { outputs: before, ..connection(Status::Ready) };
        ask(&mut connection, subscriptions);
        connection.outputs.map(String::from)
    };
    let here = || Some(Outputs::Under(OutputPrefix::parse("/a").unwrap()));
    assert_eq!(asked(None, &[asking("a", prefix("/drawbridge/{target}/x"))]).unwrap(), "/drawbridge/vpc-0a/x");
    assert_eq!(asked(None, &[asking("a", None)]), None, "nothing wakes the function where nothing was ever asked");
    assert_eq!(asked(here(), &[asking("a", None)]).unwrap(), "nowhere");
    assert_eq!(asked(here(), &[asking("b", None)]).unwrap(), "/a", "what can't be read is not withdrawn");
    assert_eq!(asked(None, &[asking("b", prefix("/b"))]), None, "b claims nothing");
    let back = |text: &str| serde_json::from_value::<Outputs>(text.into());
    assert_eq!(back("nowhere").unwrap(), Outputs::Nowhere);
    assert!(back("elsewhere").is_err());
    let Some(Outputs::Under(here)) = here() else { unreachable!() };
    assert!(!here.tells_targets_apart());
    let each = OutputPrefix::parse("/a/{target}").unwrap();
    assert!(each.tells_targets_apart());
    assert_ne!(each.at(&vpc_target("vpc-0a").key()), each.at(&network_target("sn-0a").key()));
}

#[test]
fn what_is_not_ours_is_told_apart() {
    let installation = Installation::parse("drawbridge").unwrap();
    let id = connection(Status::Ready).id;
    let ours = tags(&id, &installation);
    assert_eq!(owned("/x", &ours, &ours), Ok(()));
    let more = ours.iter().map(|(k, v)| (k.clone(), v.clone())).chain([("team".to_owned(), "x".to_owned())]).collect();
    assert_eq!(owned("/x", &more, &ours), Ok(()), "an organization adds tags of its own");
    let by_hand = owned("/x", &BTreeMap::new(), &ours).unwrap_err();
    assert_eq!(by_hand.name, FaultName::Conflict);
    assert!(by_hand.message.contains("somebody else made it"), "{by_hand}");
    let other = ConnectionId::parse(format!("conn-{}", "0".repeat(32))).unwrap();
    let fault = owned("/x", &tags(&other, &installation), &ours).unwrap_err();
    assert!(fault.message.contains(other.as_str()), "{fault}");
    assert!(owned("/x", &tags(&id, &Installation::parse("second").unwrap()), &ours).is_err());
}

#[test]
fn what_ssm_has_otherwise_is_certain_no_more() {
    let digest = Some(identity::digest(&"{}"));
    let parameter = Parameter { resource: "rcfg-1".to_owned(), digest, asked_at: None, trouble: None };
    let mut record = nothing();
    for name in ["/drawbridge/a", "/drawbridge/b", "/drawbridge/c"] {
        record.parameters.insert(name.to_owned(), parameter.clone());
    }
    assert_eq!(record.certain().len(), 3);
    let same: BTreeMap<_, _> = record.parameters.keys().map(|name| (name.clone(), "{}".to_owned())).collect();
    assert_eq!(record.differing(&same, now()), None);
    let mut other = same.clone();
    other.remove("/drawbridge/a");
    other.insert("/drawbridge/c".to_owned(), "theirs".to_owned());
    let next = record.differing(&other, now()).unwrap();
    let digests: Vec<_> = next.parameters.values().map(|p| (p.digest.is_some(), p.asked_at)).collect();
    assert_eq!(digests, [(false, Some(now())), (true, None), (false, Some(now()))]);
    // Whoever works on it, or what is told already, is left to them.
    let work = Work { removals: vec!["/drawbridge/a".to_owned()], ..Work::default() };
    assert!(record.begun(&work, "run", now()).certain().is_empty());
    assert_eq!(record.begun(&work, "run", now()).differing(&BTreeMap::new(), now()), None);
}

/// A call without an answer may take effect some time after the last of several, not after the first.
#[test]
fn a_call_that_makes_it_counts_from_the_last_and_one_that_removes_it_from_the_first() {
    let name = "/drawbridge/a".to_owned();
    let cut = BTreeMap::from([(name.clone(), Outcome::Failed(FaultName::ServiceUnavailable.because("cut")))]);
    let asked = |work: &Work, record: &OutputRecord, at| {
        let begun = record.begun(work, "run", at);
        assert_eq!(begun.parameters[&name].asked_at, record.finished(work, &cut, at).parameters[&name].asked_at);
        begun
    };
    let later = now().checked_add(jiff::SignedDuration::from_mins(5)).unwrap();
    let write = Write { name: name.clone(), resource: "rcfg-1".to_owned(), value: "{}".to_owned() };
    let write = Work { writes: vec![write], ..Work::default() };
    let removal = Work { removals: vec![name.clone()], ..Work::default() };
    let once = asked(&write, &nothing(), now());
    let when = [&once, &asked(&write, &once, later), &asked(&removal, &once, later)];
    assert_eq!(when.map(|record| record.parameters[&name].asked_at), [now(), later, now()].map(Some));
}

#[test]
fn outputs_are_due_of_what_can_be_used_and_is_asked_for() {
    assert!(!are_due(&ready(&[])), "there is nothing to be reached");
    let one = ready(&[ORDERS]);
    assert!(are_due(&one) && are_due(&in_grace(&one)));
    assert!(!are_due(&Connection { status: Status::Closing, ..one.clone() }));
    assert!(!are_due(&Connection { outputs: Some(Outputs::Nowhere), ..one.clone() }));
    assert!(!are_due(&Connection { outputs: None, ..one }));
}
