//! Looking: at what was made, and at what it is to be put behind, into or onto.

use drawbridge_domain::Fault;
use drawbridge_domain::adjust::Change;
use drawbridge_domain::connection::{Connection, PlannedCall};
use drawbridge_domain::ids::{VpcEndpointId, VpcId};
use drawbridge_domain::inventory::ListedEndpoint;
use drawbridge_domain::preflight::{self, ChangeSeen, Finding, RoutesSeen};
use drawbridge_domain::resource::Resource;
use drawbridge_domain::subscription::Settings as Said;

use crate::handler::{Adjust, Network, Records};

impl<E: Network, L: Records> Adjust<E, L> {
    pub async fn shown(&self, id: &VpcEndpointId) -> Result<Option<ListedEndpoint>, Fault> {
        let found = self.ec2.listed(std::slice::from_ref(id)).await?;
        Ok(found.into_iter().find(|listed| listed.endpoint.id == *id))
    }

    /// Whether the account is ready for what would be new.
    pub async fn look(
        &self,
        record: &Connection,
        change: &Change<'_>,
        shown: &ListedEndpoint,
    ) -> Result<Vec<Finding>, Fault> {
        let aspects = change.aspects;
        let private_dns = shown.endpoint.private_dns;
        let mut seen = ChangeSeen { subnets: shown.subnets.clone(), private_dns, ..ChangeSeen::default() };
        let groups = match change.settings {
            Said::Resource(target) | Said::ServiceNetwork(target) => target.security_groups.named(),
            Said::Interface(item) => item.security_groups.named(),
            Said::Association(_) | Said::Gateway(_) => &[],
        };
        if aspects.security_groups {
            seen.site.security_groups = self.ec2.security_groups(groups).await?;
        }
        if let Resource::Service(service) = &record.resource
            && (aspects.policy || aspects.security_groups || aspects.renames())
        {
            seen.services = self.ec2.endpoint_services(service).await?;
        }
        match &change.plan.call {
            PlannedCall::InterfaceEndpoint { vpc, subnets, private_dns, .. } => {
                if aspects.subnets {
                    seen.site.subnets = self.ec2.subnets(subnets).await?;
                }
                if aspects.private_dns && *private_dns {
                    self.look_around(vpc, &mut seen).await?;
                }
            }
            PlannedCall::GatewayEndpoint { vpc, route_tables, .. } if aspects.route_tables => {
                let endpoints = self.ec2.endpoints_in(vpc).await?;
                let route_tables = self.ec2.route_tables(route_tables).await?;
                seen.routes = RoutesSeen { route_tables, endpoints, ..RoutesSeen::default() };
            }
            _ => {}
        }
        Ok(preflight::change(change, record, &seen))
    }

    /// What private DNS needs of the VPC, and who else answers to the name there.
    async fn look_around(&self, vpc: &VpcId, seen: &mut ChangeSeen) -> Result<(), Fault> {
        seen.site.vpc = self.ec2.vpc(vpc).await?;
        seen.site.endpoints = self.ec2.endpoints_in(vpc).await?;
        Ok(())
    }
}
