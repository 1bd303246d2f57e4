//! A gateway endpoint whose route tables are asked for without a list.

use super::*;
use crate::preflight::chosen_tables;

fn item(route_tables: RouteTables) -> GatewayItem {
    GatewayItem { route_tables, ..gateway_item() }
}

fn of_subnets(ids: &[&str]) -> RouteTables {
    RouteTables::OfSubnets(ids.iter().map(|id| SubnetId::parse(*id).unwrap()).collect())
}

fn listed(ids: &[&str]) -> RouteTables {
    RouteTables::Listed(tables(ids))
}

fn says(route_tables: RouteTables) -> Subscription {
    asks(EndpointItem::Gateway(item(route_tables)))
}

/// In these tables, which were chosen by that word.
fn made(ids: &[&str], by: Option<&str>) -> Connection {
    let (mut made, _) = asked_for(EndpointItem::Gateway(item(listed(ids))));
    if let PlannedCall::GatewayEndpoint { chosen_by, .. } = &mut made.plan.as_mut().unwrap().call {
        *chosen_by = by.map(str::to_owned);
    }
    made
}

fn table(id: &str, of: &str, subnets: &[&str]) -> RouteTable {
    RouteTable {
        id: tables(&[id])[0].clone(),
        vpc: vpc(of),
        main: id == "rtb-0a",
        subnets: subnets.iter().map(|id| SubnetId::parse(*id).unwrap()).collect(),
        routes: Vec::new(),
    }
}

/// Whether tables are to be chosen; those that it is to have with these in the VPC, and the record afterwards.
fn chosen(
    connection: &Connection,
    after: &Subscription,
    seen: &[RouteTable],
) -> Option<(Vec<RouteTableId>, Connection, String)> {
    with_known(std::slice::from_ref(after), &[], |known| {
        let Step::Change(mut wanted) = step(connection, known) else { return None };
        let EndpointItem::Gateway(item) = &after.endpoints[0] else { unreachable!() };
        if wanted.chooses {
            let subnets = ["subnet-0a", "subnet-0b"].map(|id| crate::network::Subnet {
                id: SubnetId::parse(id).unwrap(),
                vpc: vpc("vpc-0a"),
                az: crate::ids::AzId::parse("use1-az1").unwrap(),
                zone: None,
                free_addresses: 1,
                ipv6_only: false,
            });
            let routes = RoutesSeen { route_tables: seen.to_vec(), subnets: subnets.to_vec(), ..RoutesSeen::default() };
            let (tables, findings) = chosen_tables(item, &routes);
            assert_eq!(findings, []);
            wanted.choose(connection, tables);
        }
        let tables = tables_of(&wanted.plan.call).to_vec();
        let (next, what) = changed(connection, &wanted, Vec::new(), known);
        Some((tables, next, what))
    })
}

#[test]
fn the_tables_are_chosen_anew_when_other_words_ask_for_them_and_only_then() {
    let seen =
        [table("rtb-0a", "vpc-0a", &[]), table("rtb-0b", "vpc-0a", &["subnet-0b"]), table("rtb-0f", "vpc-0f", &[])];
    let everywhere = made(&["rtb-0a"], Some("all"));
    assert_eq!(chosen(&everywhere, &says(RouteTables::All), &seen), None, "a table that came since is no change");
    assert_eq!(
        chosen(&made(&["rtb-0a"], None), &says(RouteTables::All), &seen),
        None,
        "nobody knows how they were chosen"
    );
    let tagged = Subscription { tags: tags(&[("team", "data")]), ..says(RouteTables::All) };
    assert_eq!(chosen(&everywhere, &tagged, &seen).unwrap().0, tables(&["rtb-0a"]), "nor are other tags");

    let (now, next, what) = chosen(&everywhere, &says(of_subnets(&["subnet-0b"])), &seen).unwrap();
    assert_eq!(now, tables(&["rtb-0b"]));
    assert!(what.contains("rtb-0b instead of rtb-0a; route tables that are of subnet-0b instead of all"), "{what}");
    assert_eq!(chosen(&next, &says(of_subnets(&["subnet-0b"])), &seen), None, "done is done");
    let (now, next, _) = chosen(&next, &says(of_subnets(&["subnet-0b", "subnet-0a"])), &seen).unwrap();
    assert_eq!(now, tables(&["rtb-0a", "rtb-0b"]));
    assert_eq!(chosen(&next, &says(of_subnets(&["subnet-0a", "subnet-0b"])), &seen), None, "their order says nothing");

    // The same tables in other words: nothing is called, and the record says by which.
    let (same, next, what) = chosen(&next, &says(RouteTables::All), &seen).unwrap();
    assert_eq!(same, now);
    assert!(what.contains("route tables that are all instead of of subnet-0a, subnet-0b"), "{what}");
    let plan = next.plan.clone().unwrap();
    let stands = shown(&[], &["rtb-0a", "rtb-0b"], &plan.tags);
    assert!(calls(std::slice::from_ref(&plan), &plan, &stands, &[&plan.tags]).is_none());
    let (now, next, _) = chosen(&next, &says(listed(&["rtb-0b", "rtb-0a"])), &seen).unwrap();
    assert_eq!(now, tables(&["rtb-0b", "rtb-0a"]));
    assert_eq!(chosen(&next, &says(listed(&["rtb-0b", "rtb-0a"])), &seen), None);
    assert_eq!(chosen(&next, &says(RouteTables::All), &seen).unwrap().0, tables(&["rtb-0a", "rtb-0b"]));
}

#[test]
fn other_words_are_told_until_it_is_done() {
    let told = |connection: &Connection, subscription: &Subscription| {
        with_known(std::slice::from_ref(subscription), &[], |known| {
            planned_otherwise(connection, known).map_or_else(Vec::new, |(_, differences)| differences)
        })
    };
    for (by, asked, differs) in [
        (Some("all"), RouteTables::All, false),
        (Some("all"), listed(&["rtb-0a"]), true),
        (Some("listed"), RouteTables::All, true),
        (Some("listed"), of_subnets(&["subnet-0a"]), true),
        (Some("of subnet-0a"), of_subnets(&["subnet-0a"]), false),
        (None, RouteTables::All, false),
        (None, listed(&["rtb-0a"]), false),
        (None, listed(&["rtb-0b"]), true),
    ] {
        let (made, says) = (made(&["rtb-0a"], by), says(asked));
        let found = told(&made, &says);
        assert_eq!(
            found.iter().map(|d| d.applied).collect::<Vec<_>>(),
            vec![true; usize::from(differs)],
            "{by:?} {found:?}"
        );
        assert_eq!(chosen(&made, &says, &[table("rtb-0a", "vpc-0a", &[])]).is_some(), differs, "{by:?}");
    }
}

/// A run that was cut off chose tables that are not there any more when the next one chooses.
#[test]
fn what_was_begun_is_chosen_anew() {
    let before = made(&["rtb-0a"], Some("listed"));
    let everywhere = says(RouteTables::All);
    let mut begun = before.clone();
    let mut plan = before.plan.clone().unwrap();
    if let PlannedCall::GatewayEndpoint { route_tables, chosen_by, .. } = &mut plan.call {
        (*route_tables, *chosen_by) = (tables(&["rtb-0a", "rtb-0b"]), Some("all".to_owned()));
    }
    begun.changing = vec![plan];
    let seen = [table("rtb-0a", "vpc-0a", &[]), table("rtb-0c", "vpc-0a", &[])];
    let (now, next, _) = chosen(&begun, &everywhere, &seen).unwrap();
    assert_eq!((now, next.changing.len()), (tables(&["rtb-0a", "rtb-0c"]), 0));
    let plan = next.plan.unwrap();
    let stands = shown(&[], &["rtb-0a", "rtb-0b"], &plan.tags);
    let modify = calls(&plans(&begun), &plan, &stands, &[&plan.tags]).modify;
    assert_eq!((modify.add_tables, modify.remove_tables), (tables(&["rtb-0c"]), tables(&["rtb-0b"])));
    // Taken back: those that it was made with, and none of those that were begun.
    let (now, ..) = chosen(&begun, &says(listed(&["rtb-0a"])), &seen).unwrap();
    assert_eq!(now, tables(&["rtb-0a"]));
}
