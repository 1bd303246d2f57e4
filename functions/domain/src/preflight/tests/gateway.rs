//! Gateway endpoints: one table per rule.

use super::*;
use crate::ids::{RouteTableId, Service};
use crate::network::{EndpointService, RouteTable};
use crate::subscription::{GatewayItem, RouteTables};
use crate::testing::{endpoint_service, gateway_item};

const NAME: &str = "com.amazonaws.us-east-1.s3";

fn id(text: &str) -> RouteTableId {
    RouteTableId::parse(text).unwrap()
}

fn table(text: &str, vpc: &str, main: bool, subnets: &[&str]) -> RouteTable {
    let subnets = subnets.iter().map(|id| SubnetId::parse(*id).unwrap()).collect();
    RouteTable { id: id(text), vpc: vpc_id(vpc), main, subnets, routes: Vec::new() }
}

fn offered(service_type: &str) -> EndpointService {
    EndpointService {
        service_type: service_type.to_owned(),
        zones: Vec::new(),
        owner: "amazon".to_owned(),
        ..endpoint_service(NAME)
    }
}

fn here() -> RoutesSeen {
    RoutesSeen {
        vpc: Some(Vpc { id: vpc_id("vpc-0a"), dns_support: false, dns_hostnames: false, cidrs: Vec::new() }),
        route_tables: vec![
            table("rtb-0b", "vpc-0a", false, &["subnet-0b"]),
            table("rtb-0a", "vpc-0a", true, &[]),
            table("rtb-0c", "vpc-0b", false, &[]),
        ],
        subnets: vec![
            subnet("subnet-0a", "use1-az1", 0),
            subnet("subnet-0b", "use1-az2", 0),
            Subnet { vpc: vpc_id("vpc-0b"), ..subnet("subnet-0c", "use1-az1", 0) },
        ],
        ..RoutesSeen::default()
    }
}

fn item(route_tables: RouteTables) -> GatewayItem {
    GatewayItem { route_tables, ..gateway_item() }
}

fn listed(ids: &[&str]) -> RouteTables {
    RouteTables::Listed(ids.iter().map(|text| id(text)).collect())
}

fn of(ids: &[&str]) -> RouteTables {
    RouteTables::OfSubnets(ids.iter().map(|id| SubnetId::parse(*id).unwrap()).collect())
}

fn checked(route_tables: RouteTables, services: &[EndpointService], seen: &RoutesSeen) -> Preflight {
    super::gateway(&item(route_tables), &Service::parse(NAME).unwrap(), services, &ours(), seen)
}

fn both() -> [EndpointService; 2] {
    [offered("Interface"), offered("Gateway")]
}

#[test]
fn which_route_tables_get_the_route() {
    for (asked, found, tables) in [
        (RouteTables::All, &[][..], &["rtb-0a", "rtb-0b"][..]),
        (listed(&["rtb-0b"]), &[], &["rtb-0b"]),
        (listed(&["rtb-0b", "rtb-0d", "rtb-0c"]), &["RouteTableNotFound!", "RouteTableInOtherVpc!"], &[]),
        (of(&["subnet-0a"]), &[], &["rtb-0a"]),
        (of(&["subnet-0b", "subnet-0a"]), &[], &["rtb-0a", "rtb-0b"]),
        (of(&["subnet-0c", "subnet-0d"]), &["SubnetInOtherVpc!", "SubnetNotFound!"], &[]),
    ] {
        let preflight = checked(asked.clone(), &both(), &here());
        assert_eq!(codes(&preflight), found, "{asked:?}");
        if let Some(PlannedCall::GatewayEndpoint { route_tables, .. }) = preflight.call {
            let route_tables: Vec<_> = route_tables.iter().map(RouteTableId::as_str).collect();
            assert_eq!(route_tables, tables, "{asked:?}");
        } else {
            assert!(tables.is_empty(), "{asked:?}");
        }
    }
    let mut bare = here();
    bare.route_tables.retain(|table| !table.main && table.vpc != vpc_id("vpc-0a"));
    assert_eq!(codes(&checked(RouteTables::All, &both(), &bare)), ["NoRouteTable!"]);
    assert_eq!(codes(&checked(of(&["subnet-0a"]), &both(), &bare)), ["NoRouteTable!"]);
}

#[test]
fn the_service_takes_gateways() {
    assert_eq!(codes(&checked(RouteTables::All, &[], &here())), ["ServiceNotFound!"]);
    assert_eq!(codes(&checked(RouteTables::All, &[offered("Interface")], &here())), ["ServiceTypeDiffers!"]);
    assert_eq!(codes(&checked(RouteTables::All, &[], &RoutesSeen::default())), ["ServiceNotFound!", "VpcNotFound!"]);
}

#[test]
fn a_route_table_has_one_route_to_a_service() {
    let other = |change: &dyn Fn(&mut Endpoint)| {
        let mut other = endpoint("vpce-0b", "Gateway", None);
        other.service = Some(NAME.to_owned());
        other.route_tables = vec![id("rtb-0b")];
        change(&mut other);
        other
    };
    let ours = ours();
    for (other, found) in [
        (other(&|_| ()), &["GatewayExists!"][..]),
        // Another policy for other subnets is lawful.
        (other(&|e| e.route_tables = vec![id("rtb-0d")]), &[]),
        (other(&|e| e.service = Some("com.amazonaws.us-east-1.dynamodb".to_owned())), &[]),
        (other(&|e| "Interface".clone_into(&mut e.endpoint_type)), &[]),
        (other(&|e| "Deleting".clone_into(&mut e.state)), &[]),
        (other(&|e| e.tags = tags(&[(TAG_CONNECTION, ours.as_str())])), &[]),
    ] {
        let seen = RoutesSeen { endpoints: vec![other.clone()], ..here() };
        let preflight = checked(RouteTables::All, &both(), &seen);
        assert_eq!(codes(&preflight), found, "{other:?}");
        assert!(found.is_empty() || preflight.findings[0].seen.contains("from rtb-0b already"), "{preflight:?}");
    }
}
