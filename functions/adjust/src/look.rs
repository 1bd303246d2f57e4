//! Looking: at what was made, and at what it is to be put behind, into or onto.

use drawbridge_domain::Fault;
use drawbridge_domain::adjust::{Change, Shown};
use drawbridge_domain::connection::{Connection, Made, PlannedCall};
use drawbridge_domain::ids::VpcId;
use drawbridge_domain::preflight::{self, ChangeSeen, Finding, Severity};
use drawbridge_domain::resource::Resource;
use drawbridge_domain::subscription::{RouteTables, Settings as Said};

use crate::handler::{Adjust, Associations, Network, Records};

impl<E: Network, N: Associations, L: Records> Adjust<E, N, L> {
    /// What was made, as AWS shows it; none if it does not.
    pub async fn shown(&self, made: &Made) -> Result<Option<Shown>, Fault> {
        match made {
            Made::Endpoint(id) => {
                let found = self.ec2.listed(std::slice::from_ref(id)).await?;
                let found = found.into_iter().find(|listed| listed.endpoint.id == *id);
                Ok(found.map(|listed| Shown::Endpoint(Box::new(listed))))
            }
            Made::Association(id) => {
                let Some(association) = self.lattice.association(id).await? else { return Ok(None) };
                let tags = self.lattice.association_tags(&association.arn).await?;
                Ok(Some(Shown::Association(Box::new(association), tags)))
            }
        }
    }

    /// Whether the account is ready for what would be new. Chooses the route tables that are asked for without a list.
    pub async fn look(
        &self,
        record: &Connection,
        change: &mut Change<'_>,
        shown: &Shown,
    ) -> Result<Vec<Finding>, Fault> {
        let Shown::Endpoint(shown) = shown else { return Ok(Vec::new()) };
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
                seen.routes.endpoints = self.ec2.endpoints_in(vpc).await?;
                seen.routes.route_tables = if change.chooses {
                    self.ec2.route_tables_of(vpc).await?
                } else {
                    self.ec2.route_tables(route_tables).await?
                };
            }
            _ => {}
        }
        if let (true, Said::Gateway(item)) = (change.chooses, change.settings) {
            if let RouteTables::OfSubnets(subnets) = &item.route_tables {
                seen.routes.subnets = self.ec2.subnets(subnets).await?;
            }
            let (tables, findings) = preflight::chosen_tables(item, &seen.routes);
            if findings.iter().any(|finding| finding.severity == Severity::Error) {
                return Ok(findings);
            }
            change.choose(record, tables);
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
