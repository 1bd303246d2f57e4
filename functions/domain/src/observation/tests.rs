#![allow(clippy::unwrap_used)]
mod kinds;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::reach::DnsScope;
use crate::testing::{self, at, endpoint_id, now, resource, subscription};

fn seen_endpoint(state: &str, failure: Option<&str>) -> Endpoint {
    Endpoint {
        id: endpoint_id(),
        endpoint_type: "Resource".to_owned(),
        state: state.to_owned(),
        vpc: None,
        resource: None,
        service_network: None,
        service: None,
        private_dns: false,
        route_tables: Vec::new(),
        dns: Vec::new(),
        tags: BTreeMap::new(),
        failure: failure.map(str::to_owned),
    }
}

fn seen_association(status: &str, failure: Option<&str>) -> Association {
    Association {
        resource_name: Some("orders".to_owned()),
        failure: failure.map(str::to_owned),
        dns: vec![dns(DnsScope::Regional, "regional")],
        ..testing::association(status)
    }
}

fn dns(scope: DnsScope, name: &str) -> DnsName {
    DnsName { scope, name: name.to_owned(), hosted_zone: None }
}

/// `pendingAcceptance`, `PendingAcceptance`, `PENDINGACCEPTANCE`, `PENDING_ACCEPTANCE`.
fn spellings(camel: &str) -> [String; 4] {
    let title = camel[..1].to_ascii_uppercase() + &camel[1..];
    let snake: String = camel.chars().flat_map(|c| c.is_uppercase().then_some('_').into_iter().chain([c])).collect();
    [camel.to_owned(), title, camel.to_ascii_uppercase(), snake.to_ascii_uppercase()]
}

#[test]
fn an_endpoint_state_means_the_same_in_any_spelling() {
    let table = [
        ("available", None),
        ("partial", None),
        ("pending", Some(FaultName::NotReady)),
        ("pendingAcceptance", Some(FaultName::NotReady)),
        ("rejected", Some(FaultName::EndpointRejected)),
        ("deleting", Some(FaultName::EndpointGone)),
        ("deleted", Some(FaultName::EndpointGone)),
        ("failed", Some(FaultName::EndpointFailed)),
        ("expired", Some(FaultName::EndpointFailed)),
        ("somethingNew", Some(FaultName::NotReady)),
    ];
    for (state, expected) in table {
        for spelling in spellings(state) {
            let seen = seen_endpoint(&spelling, Some("NoRoom: no address is free"));
            let found = endpoint("vpce-0a", Some(&seen), false);
            assert_eq!(found.as_ref().err().map(|fault| fault.name), expected, "{spelling}");
            if let Err(fault) = found {
                assert!(fault.message.contains("vpce-0a"), "{fault}");
                let reasoned = matches!(fault.name, FaultName::EndpointRejected | FaultName::EndpointFailed);
                assert_eq!(fault.message.contains("NoRoom: no address is free"), reasoned, "{fault}");
            }
        }
    }
}

#[test]
fn an_association_status_means_the_same_in_any_spelling() {
    let table = [
        ("active", None),
        ("partial", None),
        ("createInProgress", Some(FaultName::NotReady)),
        ("createFailed", Some(FaultName::AssociationFailed)),
        ("deleteInProgress", Some(FaultName::EndpointGone)),
        ("deleteFailed", Some(FaultName::EndpointGone)),
        ("somethingNew", Some(FaultName::NotReady)),
    ];
    for (status, expected) in table {
        for spelling in spellings(status) {
            let found = association("snra-0a", Some(&seen_association(&spelling, Some("Refused: not shared"))), false);
            assert_eq!(found.as_ref().err().map(|fault| fault.name), expected, "{spelling}");
            if let Err(fault) = found {
                assert_eq!(
                    fault.message.contains("Refused: not shared"),
                    fault.name == FaultName::AssociationFailed,
                    "{fault}"
                );
            }
        }
    }
}

#[test]
fn without_a_reason_of_awss_that_is_said() {
    let fault = endpoint("vpce-0a", Some(&seen_endpoint("failed", None)), false).unwrap_err();
    assert!(fault.message.contains("AWS gives no reason"), "{fault}");
    let fault = association("snra-0a", Some(&seen_association("CREATE_FAILED", None)), false).unwrap_err();
    assert!(fault.message.contains("VPC Lattice gives no reason"), "{fault}");
}

#[test]
fn what_is_not_shown_is_waited_for_while_reads_may_lag() {
    assert_eq!(endpoint("vpce-0a", None, true).unwrap_err().name, FaultName::NotReady);
    assert_eq!(endpoint("vpce-0a", None, false).unwrap_err().name, FaultName::EndpointGone);
    assert_eq!(association("snra-0a", None, true).unwrap_err().name, FaultName::NotReady);
    assert_eq!(association("snra-0a", None, false).unwrap_err().name, FaultName::EndpointGone);
}

fn row(id: &str, accessibility: Option<&str>) -> EndpointAssociation {
    EndpointAssociation {
        resource: Some(resource(id)),
        accessibility: accessibility.map(str::to_owned),
        failure: None,
        dns: vec![dns(DnsScope::Regional, id)],
    }
}

#[test]
fn a_branch_of_an_endpoint_is_accessible_in_either_of_awss_words() {
    let table = [
        (Some("Accessible"), true),
        (Some("accessible"), true),
        (Some("AVAILABLE"), true),
        (Some("Active"), true),
        (Some("inaccessible"), false),
        (Some("Inaccessible"), false),
        (Some("PENDING"), false),
        (Some("unavailable"), false),
        (Some("somethingNew"), false),
        (None, false),
    ];
    for (word, accessible) in table {
        let branches = endpoint_branches(vec![row("rcfg-1", word)]);
        assert_eq!((branches[0].accessible, &branches[0].failed), (accessible, &None), "{word:?}");
    }
}

#[test]
fn a_branch_of_an_endpoint_that_failed_says_why() {
    let failed = |failure: Option<&str>| {
        let row = EndpointAssociation { failure: failure.map(str::to_owned), ..row("rcfg-1", Some("FAILED")) };
        endpoint_branches(vec![row]).remove(0).failed
    };
    assert_eq!(failed(Some("Unsupported: no such zone")).as_deref(), Some("Unsupported: no such zone"));
    assert_eq!(failed(None).as_deref(), Some("AWS gives no reason"));
}

#[test]
fn what_has_no_name_or_leads_nowhere_cannot_be_used() {
    let nameless = EndpointAssociation { dns: Vec::new(), ..row("rcfg-1", Some("Accessible")) };
    assert!(!endpoint_branches(vec![nameless])[0].accessible);
    let nowhere = EndpointAssociation { resource: None, ..row("rcfg-1", Some("Accessible")) };
    assert_eq!(endpoint_branches(vec![nowhere]), []);

    let nameless = Association { dns: Vec::new(), ..seen_association("ACTIVE", None) };
    assert!(!association_branches(vec![nameless])[0].accessible);
    let nowhere = Association { resource: None, ..seen_association("ACTIVE", None) };
    assert_eq!(association_branches(vec![nowhere]), []);
}

#[test]
fn branches_of_a_service_network() {
    for (status, accessible) in
        [("ACTIVE", true), ("Partial", true), ("CREATE_IN_PROGRESS", false), ("DELETE_FAILED", false)]
    {
        let branch = association_branches(vec![seen_association(status, None)]).remove(0);
        assert_eq!((branch.accessible, branch.failed), (accessible, None), "{status}");
        assert_eq!(branch.name.as_deref(), Some("orders"));
    }
    let failed = |failure| association_branches(vec![seen_association("CREATE_FAILED", failure)]).remove(0).failed;
    assert_eq!(failed(Some("Refused")).as_deref(), Some("Refused"));
    assert_eq!(failed(None).as_deref(), Some("VPC Lattice gives no reason"));
}

fn branch(id: &str, accessible: bool) -> Branch {
    Branch { resource: resource(id), name: None, accessible, failed: None, dns: vec![dns(DnsScope::Regional, id)] }
}

fn failed(id: &str, why: &str) -> Branch {
    Branch { failed: Some(why.to_owned()), ..branch(id, false) }
}

fn these(ids: &[&str]) -> Expected {
    Expected::These(ids.iter().map(|id| (resource(id), Some(format!("name of {id}")))).collect())
}

fn denied() -> Expected {
    Expected::Unknown("the list of children can't be read (AccessDenied)".to_owned())
}

fn ids(look: &Look) -> Vec<&str> {
    match look {
        Look::Ready { branches, .. } => branches.iter().map(|branch| branch.resource.id()).collect(),
        Look::NotReady { accessible, .. } => accessible.iter().map(String::as_str).collect(),
    }
}

#[test]
fn an_empty_service_network_is_waited_for_and_no_failure() {
    let at = |text| Some(crate::testing::at(text));
    let look = |seen: Vec<Branch>, deadline| network_branches(seen, &[], deadline, now()).unwrap();
    for deadline in [None, Some(now()), at("2026-11-20T12:30:00Z")] {
        assert!(matches!(look(Vec::new(), deadline), Look::NotReady { .. }), "{deadline:?}");
    }
    let over = at("2026-11-20T11:59:59Z");
    let Look::Ready { branches, note: Some(note) } = look(Vec::new(), over) else { panic!("it is as it will be") };
    assert!(branches.is_empty() && note.starts_with("nothing is associated"), "{note}");
    assert!(
        matches!(look(vec![branch("rcfg-1", false)], over), Look::NotReady { .. }),
        "there is something to wait for"
    );
}

#[test]
fn an_association_that_is_partial_is_told_as_such() {
    assert_eq!(partial(&seen_association("ACTIVE", Some("old"))), None);
    let told = partial(&seen_association("PARTIAL", None));
    assert_eq!(told.as_deref(), Some("association snra-0a is PARTIAL: VPC Lattice gives no reason"));
    let ready = || branches(vec![branch("rcfg-1", true)], &these(&["rcfg-1"]), &[]).unwrap();
    assert_eq!(ready().noting(None), ready());
    let Look::Ready { note, .. } = ready().noting(told.clone()) else { panic!("it can be used") };
    assert_eq!(note, told);
    let again = branches(vec![branch("rcfg-1", true)], &denied(), &["rcfg-1".to_owned()]).unwrap();
    let Look::Ready { note: Some(note), .. } = again.noting(told.clone()) else { panic!("it can be used") };
    assert!(note.contains("at two looks in a row; association snra-0a is PARTIAL"), "{note}");
    let not_yet = branches(vec![branch("rcfg-1", false)], &these(&["rcfg-1"]), &[]).unwrap();
    let Look::NotReady { why, .. } = not_yet.noting(told) else { panic!("it can't be used yet") };
    assert!(why.starts_with("0 of 1") && why.contains("; association snra-0a is PARTIAL"), "{why}");
}

#[test]
fn a_group_is_ready_when_every_child_can_be_used() {
    let look =
        branches(vec![branch("rcfg-2", true), branch("rcfg-1", true)], &these(&["rcfg-2", "rcfg-1"]), &[]).unwrap();
    assert!(matches!(look, Look::Ready { note: None, .. }), "{look:?}");
    assert_eq!(ids(&look), ["rcfg-1", "rcfg-2"]);
    let Look::Ready { branches, .. } = look else { return };
    assert_eq!(branches[0].name.as_deref(), Some("name of rcfg-1"));
}

#[test]
fn a_name_that_the_association_shows_is_kept() {
    let named = Branch { name: Some("orders".to_owned()), ..branch("rcfg-1", true) };
    let Look::Ready { branches, .. } = branches(vec![named], &these(&["rcfg-1"]), &[]).unwrap() else {
        panic!("it is ready");
    };
    assert_eq!(branches[0].name.as_deref(), Some("orders"));
}

#[test]
fn a_group_of_which_something_is_missing_is_not_ready() {
    let table = [
        (vec![branch("rcfg-1", true)], "1 of 2 can be used; waiting for rcfg-2"),
        (vec![branch("rcfg-1", true), branch("rcfg-2", false)], "1 of 2 can be used; waiting for rcfg-2"),
        (vec![], "0 of 2 can be used; waiting for rcfg-1, rcfg-2"),
    ];
    for (seen, expected) in table {
        let look = branches(seen, &these(&["rcfg-1", "rcfg-2"]), &["rcfg-1".to_owned()]).unwrap();
        let Look::NotReady { why, .. } = look else { panic!("{look:?}") };
        assert_eq!(why, expected);
    }
    let look = branches(vec![branch("rcfg-1", true)], &these(&[]), &[]).unwrap();
    assert!(matches!(&look, Look::NotReady { why, .. } if why.contains("the first child")), "{look:?}");
}

#[test]
fn a_child_that_is_shown_and_not_listed_is_reachable_too() {
    let look = branches(vec![branch("rcfg-2", true), branch("rcfg-1", true)], &these(&["rcfg-1"]), &[]).unwrap();
    assert_eq!(ids(&look), ["rcfg-1", "rcfg-2"]);
}

#[test]
fn one_row_twice_is_one_branch() {
    let look = branches(vec![branch("rcfg-1", true), branch("rcfg-1", true)], &these(&["rcfg-1"]), &[]).unwrap();
    assert_eq!(ids(&look), ["rcfg-1"]);
}

#[test]
fn a_failed_child_is_waited_for_with_its_reason_while_another_may_be_used() {
    for expected in [these(&["rcfg-1", "rcfg-2"]), denied()] {
        let seen = vec![branch("rcfg-1", true), failed("rcfg-2", "no such zone")];
        let look = branches(seen, &expected, &["rcfg-1".to_owned()]).unwrap();
        let Look::NotReady { why, .. } = look else { panic!("{look:?}") };
        assert!(why.contains("rcfg-2 failed: no such zone"), "{why}");
    }
}

#[test]
fn when_all_failed_that_is_the_end() {
    for expected in [these(&["rcfg-1", "rcfg-2"]), denied()] {
        let seen = vec![failed("rcfg-1", "no such zone"), failed("rcfg-2", "refused")];
        let fault = branches(seen, &expected, &[]).unwrap_err();
        assert_eq!(fault.name, FaultName::AssociationFailed);
        assert_eq!(fault.message, "rcfg-1 failed: no such zone; rcfg-2 failed: refused");
    }
}

#[test]
fn when_the_list_is_denied_two_looks_must_agree() {
    let look = |seen: Vec<Branch>, last: &[&str]| {
        let last: Vec<String> = last.iter().map(|id| (*id).to_owned()).collect();
        branches(seen, &denied(), &last).unwrap()
    };
    let both = || vec![branch("rcfg-1", true), branch("rcfg-2", true)];

    let first = look(both(), &[]);
    assert!(matches!(first, Look::NotReady { .. }), "{first:?}");
    assert_eq!(ids(&first), ["rcfg-1", "rcfg-2"]);

    let second = look(both(), &ids(&first));
    assert_eq!(ids(&second), ["rcfg-1", "rcfg-2"]);
    let Look::Ready { note: Some(note), .. } = second else { panic!("{second:?}") };
    assert!(note.contains("the list of children can't be read (AccessDenied)") && note.contains("same 2"), "{note}");

    for (seen, last, because) in [
        (both(), vec!["rcfg-1"], "one more"),
        (vec![branch("rcfg-1", true)], vec!["rcfg-1", "rcfg-2"], "one less"),
        (vec![branch("rcfg-3", true)], vec!["rcfg-1"], "another"),
        (vec![], vec![], "none at all"),
        (vec![branch("rcfg-1", false)], vec![], "none to be used"),
        (vec![branch("rcfg-1", true), branch("rcfg-2", false)], vec!["rcfg-1"], "one is shown and can't be used yet"),
    ] {
        assert!(matches!(look(seen, &last), Look::NotReady { .. }), "{because}");
    }
}

fn configuration(ranges: &[&str]) -> ResourceConfiguration {
    ResourceConfiguration {
        arn: resource("rcfg-1"),
        name: Some("orders".to_owned()),
        config_type: "CHILD".to_owned(),
        port_ranges: ranges.iter().map(|range| (*range).to_owned()).collect(),
        custom_domain: None,
        group_domain: None,
        verified: false,
    }
}

#[test]
fn where_a_port_comes_from() {
    let mut telling = subscription("a");
    telling.ports.insert("orders".to_owned(), 12000);
    let mut by_id = subscription("a");
    by_id.ports.insert("rcfg-1".to_owned(), 13000);
    let mut of_another = subscription("a");
    of_another.ports.insert("carts".to_owned(), 14000);
    let refused = FaultName::AccessDenied.because("vpc-lattice:GetResourceConfiguration");
    let shown = configuration(&["6379-6379", "10000-10010", "7000"]);
    let hidden = configuration(&[]);

    let port = |configuration, subscription| database(branch("rcfg-1", true), configuration, subscription).port;
    let known =
        |ranges: &[&str], source| Port::Known { ranges: ranges.iter().map(|r| (*r).to_owned()).collect(), source };

    let of_configuration = known(&["6379", "10000-10010", "7000"], PortSource::Configuration);
    assert_eq!(port(Ok(&shown), None), of_configuration);
    assert_eq!(port(Ok(&shown), Some(&telling)), of_configuration, "the configuration counts before the subscription");
    assert_eq!(port(Ok(&hidden), Some(&telling)), known(&["12000"], PortSource::Subscription));
    assert_eq!(port(Err(&refused), Some(&by_id)), known(&["13000"], PortSource::Subscription));

    for (configuration, subscription, because) in [
        (Ok(&hidden), None, ["shows no port", "ports: {orders: PORT}"]),
        (Ok(&hidden), Some(&of_another), ["shows no port", "ports: {orders: PORT}"]),
        (Err(&refused), None, ["can't be read (AccessDenied)", "ports: {rcfg-1: PORT}"]),
        (Err(&refused), Some(&telling), ["can't be read (AccessDenied)", "ports: {rcfg-1: PORT}"]),
    ] {
        let Port::Unknown { reason } = port(configuration, subscription) else { panic!("{because:?}") };
        assert!(because.iter().all(|part| reason.contains(part)), "{reason}");
    }
}

#[test]
fn a_port_is_never_guessed_from_the_profile() {
    // The profile of `redis-cloud` knows 10000-19999 and 8070.
    assert_eq!(subscription("a").profile, crate::profile::ProfileName::RedisCloud.into());
    let found = database(branch("rcfg-1", true), Ok(&configuration(&[])), Some(&subscription("a")));
    let Port::Unknown { reason } = found.port else { panic!("{:?}", found.port) };
    assert!(!reason.contains("10000") && !reason.contains("8070"), "{reason}");
}

#[test]
fn a_database_is_told_with_every_name() {
    let names = vec![dns(DnsScope::Regional, "r"), dns(DnsScope::Zonal, "z"), dns(DnsScope::Private, "p")];
    let found = database(Branch { dns: names.clone(), ..branch("rcfg-1", true) }, Ok(&configuration(&["1"])), None);
    assert_eq!((found.resource.as_str(), found.name.as_deref(), found.dns), ("rcfg-1", Some("orders"), names));
    let told = Branch { name: Some("by the association".to_owned()), ..branch("rcfg-1", true) };
    assert_eq!(database(told, Ok(&configuration(&["1"])), None).name.as_deref(), Some("by the association"));
}

#[test]
fn the_deadline_is_the_last_moment() {
    assert_eq!(within(None, now(), "pending"), Ok(()));
    assert_eq!(within(Some(now()), now(), "pending"), Ok(()));
    let fault = within(Some(at("2026-11-20T11:59:59Z")), now(), "endpoint vpce-0a is pending").unwrap_err();
    assert_eq!(fault.name, FaultName::DeadlinePassed);
    assert!(fault.message.contains("2026-11-20T11:59:59Z") && fault.message.contains("vpce-0a is pending"), "{fault}");
}

fn any_branches() -> impl Strategy<Value = Vec<Branch>> {
    let one = (0..6, any::<bool>(), proptest::option::weighted(0.1, Just("refused".to_owned()))).prop_map(
        |(id, accessible, failed)| {
            let accessible = accessible && failed.is_none();
            Branch { failed, ..branch(&format!("rcfg-{id}"), accessible) }
        },
    );
    proptest::collection::vec(one, 0..8)
}

proptest! {
    #[test]
    fn ready_means_that_all_that_is_expected_can_be_used(
        seen in any_branches(),
        expected in proptest::option::of(proptest::collection::vec(0..6, 0..4)),
        last in proptest::collection::vec("rcfg-[0-5]", 0..4),
    ) {
        let expected = expected.map_or_else(denied, |ids| {
            Expected::These(ids.into_iter().map(|id| (resource(&format!("rcfg-{id}")), None)).collect())
        });
        if let Ok(Look::Ready { branches, note }) = branches(seen.clone(), &expected, &last) {
            prop_assert!(!branches.is_empty());
            prop_assert!(branches.is_sorted_by(|a, b| a.resource < b.resource));
            prop_assert!(branches.iter().all(|b| b.accessible && seen.contains(b)));
            match expected {
                Expected::These(these) => {
                    prop_assert!(these.iter().all(|(arn, _)| branches.iter().any(|b| b.resource == *arn)));
                    prop_assert_eq!(note, None);
                }
                Expected::Unknown(_) => {
                    prop_assert!(note.is_some());
                    prop_assert_eq!(branches.iter().map(|b| b.resource.id().to_owned()).collect::<Vec<_>>(), last);
                }
            }
        }
    }

    #[test]
    fn any_word_of_awss_is_survived(word in ".*", failure in proptest::option::of(".*")) {
        let _ = endpoint("vpce-0a", Some(&seen_endpoint(&word, failure.as_deref())), false);
        let _ = association("snra-0a", Some(&seen_association(&word, failure.as_deref())), false);
        let _ = endpoint_branches(vec![row("rcfg-1", Some(&word))]);
    }
}
