//! Is a VPC ready for a gateway endpoint?

use super::codes::Code;
use super::interface::{of_type, policy};
use super::{Finding, Findings, Looked, Preflight, listed, quotas, site};
use crate::connection::PlannedCall;
use crate::ids::{ConnectionId, RouteTableId, Service};
use crate::network::{Endpoint, EndpointService, RouteTable, Subnet, Vpc, same_word};
use crate::subscription::{GatewayItem, RouteTables};

const SAID_IN: &str = "the subscription's endpoint";

/// What was seen of a VPC and its routes. The order of the lists does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoutesSeen {
    /// The VPC, if it exists.
    pub vpc: Option<Vpc>,
    /// Every route table of the VPC, and those of the listed ones that exist, in whatever VPC.
    pub route_tables: Vec<RouteTable>,
    /// Those of the listed subnets that exist, in whatever VPC.
    pub subnets: Vec<Subnet>,
    /// The gateway endpoints, at least those of the VPC; all of the account and Region where their quota is looked at.
    pub endpoints: Vec<Endpoint>,
    /// What the quota of gateway endpoints is, if it is used up by default; none if AWS does not show it.
    pub quota: Looked<Option<usize>>,
}

/// Whether a gateway endpoint for `service` can be made as the subscription says, and how.
///
/// `services` is what EC2 shows under the service's name. `ours` tells this connection's own
/// endpoint from those of others.
#[must_use]
pub fn gateway(
    item: &GatewayItem,
    service: &Service,
    services: &[EndpointService],
    ours: &ConnectionId,
    seen: &RoutesSeen,
) -> Preflight {
    let mut findings = Findings::default();
    if let Some(found) = of_type(&mut findings, service, services, "Gateway") {
        policy(&mut findings, item.policy.is_some(), service, found);
    }
    if seen.vpc.is_none() {
        site::not_found(&mut findings, &item.vpc, SAID_IN);
    }
    let route_tables = match &item.route_tables {
        // Of a VPC that does not exist nothing more is to be said.
        RouteTables::All if seen.vpc.is_none() => Vec::new(),
        RouteTables::All => all(&mut findings, item, seen),
        RouteTables::Listed(ids) => {
            check_listed(&mut findings, item, ids, seen);
            ids.clone()
        }
        RouteTables::OfSubnets(_) => of_subnets(&mut findings, item, seen),
    };
    taken(&mut findings, item, service, &route_tables, ours, seen);
    quotas::check(&mut findings, "Gateway", &item.vpc, ours, &seen.endpoints, &seen.quota);
    let call = PlannedCall::GatewayEndpoint {
        service: service.clone(),
        vpc: item.vpc.clone(),
        route_tables,
        chosen_by: Some(item.route_tables.asked()),
        policy: item.policy.as_ref().map(crate::subscription::Policy::text),
    };
    Preflight::of(findings, Some(call))
}

/// The route tables that a subscription asks for without a list, as they are now, and what stands against that. `seen`
/// has those of the VPC, and the subnets.
#[must_use]
pub fn chosen_tables(item: &GatewayItem, seen: &RoutesSeen) -> (Vec<RouteTableId>, Vec<Finding>) {
    let mut findings = Findings::default();
    let tables = match &item.route_tables {
        RouteTables::All => all(&mut findings, item, seen),
        RouteTables::OfSubnets(_) => of_subnets(&mut findings, item, seen),
        RouteTables::Listed(ids) => ids.clone(),
    };
    (tables, findings.0)
}

fn all(findings: &mut Findings, item: &GatewayItem, seen: &RoutesSeen) -> Vec<RouteTableId> {
    let mut tables: Vec<_> =
        seen.route_tables.iter().filter(|table| table.vpc == item.vpc).map(|table| table.id.clone()).collect();
    tables.sort();
    tables.dedup();
    if tables.is_empty() {
        findings.error(
            Code::NoRouteTable,
            format!("EC2 shows no route table of {}", item.vpc),
            "at least one route table",
            "look whether the VPC has its main route table",
        );
    }
    tables
}

pub(super) fn check_listed(findings: &mut Findings, item: &GatewayItem, ids: &[RouteTableId], seen: &RoutesSeen) {
    for id in ids {
        match seen.route_tables.iter().find(|table| table.id == *id) {
            None => findings.error(
                Code::RouteTableNotFound,
                format!("there is no route table {id} in this account and Region"),
                format!("route tables of {} that exist", item.vpc),
                format!("correct `route_tables` in {SAID_IN}, or write `route_tables: all`"),
            ),
            Some(table) if table.vpc != item.vpc => findings.error(
                Code::RouteTableInOtherVpc,
                format!("{id} belongs to {}", table.vpc),
                format!("route tables of {}", item.vpc),
                format!("correct `route_tables` or `vpc` in {SAID_IN}"),
            ),
            Some(_) => {}
        }
    }
}

/// The tables by which the listed subnets are routed: the one that a subnet names, else the VPC's main one.
fn of_subnets(findings: &mut Findings, item: &GatewayItem, seen: &RoutesSeen) -> Vec<RouteTableId> {
    let RouteTables::OfSubnets(ids) = &item.route_tables else { return Vec::new() };
    let mut tables = Vec::new();
    for id in ids {
        let Some(subnet) = seen.subnets.iter().find(|subnet| subnet.id == *id) else {
            findings.error(
                Code::SubnetNotFound,
                format!("there is no subnet {id} in this account and Region"),
                format!("subnets of {} that exist", item.vpc),
                format!("correct `subnets` in {SAID_IN}"),
            );
            continue;
        };
        if subnet.vpc != item.vpc {
            findings.error(
                Code::SubnetInOtherVpc,
                format!("{id} belongs to {}", subnet.vpc),
                format!("subnets of {}", item.vpc),
                format!("correct `subnets` or `vpc` in {SAID_IN}"),
            );
            continue;
        }
        let of_vpc = || seen.route_tables.iter().filter(|table| table.vpc == item.vpc);
        match of_vpc().find(|table| table.subnets.contains(id)).or_else(|| of_vpc().find(|table| table.main)) {
            Some(table) => tables.push(table.id.clone()),
            None => findings.error(
                Code::NoRouteTable,
                format!("EC2 shows no route table by which {id} is routed"),
                "a route table that the subnet names, or the VPC's main one",
                "associate the subnet with a route table",
            ),
        }
    }
    tables.sort();
    tables.dedup();
    tables
}

/// A route table has one route to a prefix list. Gateway endpoints for one service in different route
/// tables of a VPC are lawful: that is how different subnets get different policies.
pub(super) fn taken(
    findings: &mut Findings,
    item: &GatewayItem,
    service: &Service,
    tables: &[RouteTableId],
    ours: &ConnectionId,
    seen: &RoutesSeen,
) {
    for other in site::others(&seen.endpoints, &item.vpc, ours) {
        if !same_word(&other.endpoint_type, "Gateway") || other.service.as_deref() != Some(service.name()) {
            continue;
        }
        let mut both: Vec<_> = tables.iter().filter(|id| other.route_tables.contains(id)).collect();
        both.sort();
        if both.is_empty() {
            continue;
        }
        findings.error(
            Code::GatewayExists,
            format!(
                "{} leads to {} from {} already ({}){}",
                other.id,
                service.name(),
                listed(&both),
                other.state,
                site::maker(other)
            ),
            "one gateway endpoint per service in a route table",
            format!("{}; or name other route tables", site::keep_or_delete(other, &item.vpc, SAID_IN)),
        );
    }
}
