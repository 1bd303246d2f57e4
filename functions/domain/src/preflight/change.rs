//! Is a VPC ready for a change of an endpoint that is there? Only what would be new is looked at: what the endpoint has
//! already is its own proof, and a warning that stood when it was made stands in its record.

use super::gateway::{check_listed, taken};
use super::interface::{of_type, policy, ports};
use super::site::Site;
use super::{Finding, Findings, RoutesSeen, VpcSeen, security_groups};
use crate::adjust::Change;
use crate::connection::{Connection, PlannedCall};
use crate::network::{EndpointService, SecurityGroup};
use crate::resource::Resource;
use crate::subscription::Settings;

/// What was seen of what an endpoint is to be changed to. What is not to be changed is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeSeen {
    /// Those of the listed security groups that exist, in whatever VPC.
    pub security_groups: Vec<SecurityGroup>,
    /// What EC2 shows under the service's name.
    pub services: Vec<EndpointService>,
    /// Those of the listed route tables that exist, in whatever VPC, and the endpoints in the VPC.
    pub routes: RoutesSeen,
}

/// What stands against a change, and what a person may want to know of it.
#[must_use]
pub fn change(change: &Change<'_>, connection: &Connection, seen: ChangeSeen) -> Vec<Finding> {
    let mut findings = Findings::default();
    let profile = &change.subscription.profile.profile();
    let ChangeSeen { security_groups, services, routes } = seen;
    let groups = VpcSeen { security_groups, ..VpcSeen::default() };
    let aspects = change.aspects;
    match (change.settings, &connection.resource) {
        (Settings::Resource(target) | Settings::ServiceNetwork(target), _) if aspects.security_groups => {
            security_groups::check(&mut findings, Site::from(target), &profile.ports, &groups);
        }
        (Settings::Interface(item), Resource::Service(service)) => {
            let found = (aspects.security_groups || aspects.policy)
                .then(|| of_type(&mut findings, service, &services, "Interface"))
                .flatten();
            if let Some(found) = found.filter(|_| aspects.policy) {
                policy(&mut findings, item.policy.is_some(), service, found);
            }
            if aspects.security_groups {
                let used = ports(profile, change.subscription.port_of_service(service), found);
                security_groups::check(&mut findings, Site::from(item), &used, &groups);
            }
        }
        (Settings::Gateway(item), Resource::Service(service)) => {
            if aspects.policy
                && let Some(found) = of_type(&mut findings, service, &services, "Gateway")
            {
                policy(&mut findings, item.policy.is_some(), service, found);
            }
            if let PlannedCall::GatewayEndpoint { route_tables, .. } = &change.plan.call
                && aspects.route_tables
            {
                check_listed(&mut findings, item, route_tables, &routes);
                taken(&mut findings, item, service, route_tables, &connection.id, &routes);
            }
        }
        _ => {}
    }
    findings.0
}
