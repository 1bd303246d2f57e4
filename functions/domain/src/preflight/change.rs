//! Is a VPC ready for a change of an endpoint that is there? Only what would be new is looked at: what the endpoint has
//! already is its own proof, and a warning that stood when it was made stands in its record.

use super::gateway::{check_listed, taken};
use super::interface::{needs, of_type, policy, ports, private_dns, private_name_taken, zones};
use super::site::{self, Site};
use super::{Finding, Findings, RoutesSeen, VpcSeen, security_groups, subnets};
use crate::adjust::Change;
use crate::connection::{Connection, PlannedCall};
use crate::ids::{Service, SubnetId};
use crate::network::EndpointService;
use crate::resource::Resource;
use crate::subscription::{InterfaceItem, RouteTables, Settings};

/// What was seen of what an endpoint is to be changed to. What is not to be changed is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeSeen {
    /// Those of the listed security groups and subnets that exist, in whatever VPC; and for private DNS the VPC and the
    /// endpoints in it.
    pub site: VpcSeen,
    /// The subnets that the endpoint stands in.
    pub subnets: Vec<SubnetId>,
    /// Whether private DNS is on.
    pub private_dns: bool,
    /// What EC2 shows under the service's name.
    pub services: Vec<EndpointService>,
    /// Those of the listed route tables that exist, in whatever VPC, or all of the VPC's with the listed subnets; and the
    /// endpoints in the VPC.
    pub routes: RoutesSeen,
}

/// What stands against a change, and what a person may want to know of it.
#[must_use]
pub fn change(change: &Change<'_>, connection: &Connection, seen: &ChangeSeen) -> Vec<Finding> {
    let mut findings = Findings::default();
    let profile = &change.subscription.profile.profile();
    let aspects = change.aspects;
    match (change.settings, &connection.resource) {
        (Settings::Resource(target) | Settings::ServiceNetwork(target), _) if aspects.security_groups => {
            security_groups::check(&mut findings, Site::from(target), &profile.ports, &seen.site);
        }
        (Settings::Interface(item), Resource::Service(service)) => {
            interface(&mut findings, change, connection, item, service, seen);
        }
        (Settings::Gateway(item), Resource::Service(service)) => {
            if aspects.policy
                && let Some(found) = of_type(&mut findings, service, &seen.services, "Gateway")
            {
                policy(&mut findings, item.policy.is_some(), service, found);
            }
            if let PlannedCall::GatewayEndpoint { route_tables, .. } = &change.plan.call
                && aspects.route_tables
            {
                if matches!(item.route_tables, RouteTables::Listed(_)) {
                    check_listed(&mut findings, item, route_tables, &seen.routes);
                }
                taken(&mut findings, item, service, route_tables, &connection.id, &seen.routes);
            }
        }
        _ => {}
    }
    findings.0
}

fn interface(
    findings: &mut Findings,
    change: &Change<'_>,
    connection: &Connection,
    item: &InterfaceItem,
    service: &Service,
    seen: &ChangeSeen,
) {
    let aspects = change.aspects;
    let PlannedCall::InterfaceEndpoint { subnets: wished, private_dns: on, .. } = &change.plan.call else { return };
    let turns_on = aspects.private_dns && *on && !seen.private_dns;
    let adds = aspects.subnets && wished.iter().any(|subnet| !seen.subnets.contains(subnet));
    let looks = aspects.security_groups || adds || turns_on || aspects.policy;
    let found = looks.then(|| of_type(findings, service, &seen.services, "Interface")).flatten();
    let site = Site::from(item);
    if let Some(found) = found.filter(|_| aspects.policy) {
        policy(findings, item.policy.is_some(), service, found);
    }
    if aspects.subnets {
        let zones = zones(service, found, &seen.site);
        subnets::check_listed(findings, wished, &seen.subnets, site, &needs(service, &zones), &seen.site);
    }
    if aspects.security_groups {
        let used = ports(&change.subscription.profile.profile(), change.subscription.port_of_service(service), found);
        security_groups::check(findings, site, &used, &seen.site);
    }
    if let Some(found) = found.filter(|_| turns_on) {
        private_dns(findings, item, service, found);
        site::vpc(findings, site, seen.site.vpc.as_ref(), true, "false");
        private_name_taken(findings, item, service, &seen.services, &connection.id, &seen.site);
    }
}
