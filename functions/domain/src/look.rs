//! Looks at everything that preflight of a connection needs, by kind, over the ports: the same for
//! `open` and for `drawbridge plan`.

use crate::connection::Connection;
use crate::identity::Home;
use crate::ids::{ConnectionId, ResourceArn, Service, VpcId};
use crate::network::Endpoint;
use crate::network::ResourceConfiguration;
use crate::ports::{
    AppliedQuotas, HostedZones, LookAtNetwork, LookAtPrivateNames, LookAtRoutes, LookAtServices,
    ResourceConfigurations, ServiceNetworks,
};
use crate::preflight::{self, Looked, Preflight, PrivateName, RoutesSeen, VpcSeen};
use crate::resource::Resource;
use crate::subscription::{
    GatewayItem, InterfaceItem, PrivateDns, RouteTables, ServiceNetworkTarget, Settings, Subnets, Subscription,
    VpcTarget,
};
use crate::{Class, Fault, FaultName};

/// What is looked through.
#[derive(Debug)]
pub struct Ports<'a, E, N, Z, Q> {
    /// EC2.
    pub ec2: &'a E,
    /// VPC Lattice.
    pub lattice: &'a N,
    /// Route 53.
    pub route53: &'a Z,
    /// Service Quotas.
    pub quotas: &'a Q,
}

impl<E, N, Z, Q> Ports<'_, E, N, Z, Q>
where
    E: LookAtNetwork + LookAtServices + LookAtRoutes + LookAtPrivateNames,
    N: ResourceConfigurations + ServiceNetworks,
    Z: HostedZones,
    Q: AppliedQuotas,
{
    /// What stands against the connection, and the call to make if nothing does.
    ///
    /// # Errors
    /// Whatever AWS answers; `InvalidRequest` if the connection's kind does not lead to what it says.
    pub async fn preflight(
        &self,
        connection: &Connection,
        subscription: &Subscription,
        settings: Settings<'_>,
        home: &Home,
    ) -> Result<Preflight, Fault> {
        match (settings, &connection.resource) {
            (Settings::Resource(target), Resource::Arn(arn)) => {
                self.resource(connection, subscription, target, arn, home).await
            }
            (Settings::Association(target), Resource::Arn(arn)) => {
                self.association(connection, target, arn, home).await
            }
            (Settings::ServiceNetwork(target), Resource::Arn(arn)) => {
                self.network(connection, subscription, target, arn, home).await
            }
            (Settings::Interface(item), Resource::Service(service)) => {
                self.interface(connection, subscription, item, service, home).await
            }
            (Settings::Gateway(item), Resource::Service(service)) => self.gateway(connection, item, service).await,
            (_, resource) => Err(FaultName::InvalidRequest
                .because(format!("the ledger says that a {} leads to {resource}", connection.kind.as_str()))),
        }
    }

    async fn resource(
        &self,
        connection: &Connection,
        subscription: &Subscription,
        target: &VpcTarget,
        resource: &ResourceArn,
        home: &Home,
    ) -> Result<Preflight, Fault> {
        let configuration = self.configuration(resource).await?;
        let mut seen = self.vpc(target).await?;
        let profile = &subscription.profile.profile();
        let dns = preflight::planned_dns(&target.private_dns, profile);
        let names = preflight::names_of_resource(configuration.as_ref(), &dns);
        self.names(&mut seen, &names, &target.vpc, &connection.id, home).await;
        seen.quota = self.quota("Resource", &target.vpc, &connection.id, &seen.endpoints).await;
        let preflight = preflight::vpc(target, profile, resource, configuration.as_ref(), &connection.id, &seen);
        Ok(preflight.in_region(resource, &home.region))
    }

    async fn association(
        &self,
        connection: &Connection,
        target: &ServiceNetworkTarget,
        resource: &ResourceArn,
        home: &Home,
    ) -> Result<Preflight, Fault> {
        let configuration = self.configuration(resource).await?;
        let network = self.lattice.service_network(&target.service_network).await?;
        let mut associations = Vec::new();
        if network.is_some() {
            for association in self.lattice.associations(&target.service_network, resource, false).await? {
                let tags = self.lattice.association_tags(&association.arn).await?;
                associations.push((association, tags));
            }
        }
        let preflight = preflight::service_network(
            target,
            resource,
            configuration.as_ref(),
            &home.account,
            &connection.id,
            network.as_ref(),
            &associations,
        );
        Ok(preflight.in_region(resource, &home.region))
    }

    async fn network(
        &self,
        connection: &Connection,
        subscription: &Subscription,
        target: &VpcTarget,
        network: &ResourceArn,
        home: &Home,
    ) -> Result<Preflight, Fault> {
        let exists = may_be_denied(network, self.lattice.service_network_exists(network).await)?;
        let mut seen = self.vpc(target).await?;
        seen.quota = self.quota("ServiceNetwork", &target.vpc, &connection.id, &seen.endpoints).await;
        let profile = &subscription.profile.profile();
        let preflight = preflight::network_endpoint(target, profile, network, exists, &connection.id, &seen);
        Ok(preflight.in_region(network, &home.region))
    }

    async fn interface(
        &self,
        connection: &Connection,
        subscription: &Subscription,
        item: &InterfaceItem,
        service: &Service,
        home: &Home,
    ) -> Result<Preflight, Fault> {
        let services = self.ec2.endpoint_services(service).await?;
        let place = VpcTarget {
            vpc: item.vpc.clone(),
            subnets: item.subnets.clone(),
            security_groups: item.security_groups.clone(),
            private_dns: PrivateDns::Off,
        };
        let mut seen = self.vpc(&place).await?;
        let names = preflight::names_of_service(item, &services);
        self.names(&mut seen, &names, &item.vpc, &connection.id, home).await;
        seen.quota = self.quota("Interface", &item.vpc, &connection.id, &seen.endpoints).await;
        let (profile, port) = (&subscription.profile.profile(), subscription.port_of_service(service));
        Ok(preflight::interface(item, profile, port, service, &services, &connection.id, &seen))
    }

    async fn gateway(
        &self,
        connection: &Connection,
        item: &GatewayItem,
        service: &Service,
    ) -> Result<Preflight, Fault> {
        let services = self.ec2.endpoint_services(service).await?;
        let mut seen = RoutesSeen { vpc: self.ec2.vpc(&item.vpc).await?, ..RoutesSeen::default() };
        if seen.vpc.is_some() {
            seen.endpoints = self.ec2.gateways().await?;
        }
        seen.quota = self.quota("Gateway", &item.vpc, &connection.id, &seen.endpoints).await;
        match &item.route_tables {
            RouteTables::Listed(ids) => seen.route_tables = self.ec2.route_tables(ids).await?,
            RouteTables::OfSubnets(ids) => {
                seen.subnets = self.ec2.subnets(ids).await?;
                seen.route_tables = self.ec2.route_tables_of(&item.vpc).await?;
            }
            RouteTables::All => seen.route_tables = self.ec2.route_tables_of(&item.vpc).await?,
        }
        Ok(preflight::gateway(item, service, &services, &connection.id, &seen))
    }

    /// AWS's guide contradicts itself on whether a consumer may read what another account owns, so a
    /// denial costs only what it would have told.
    async fn configuration(&self, resource: &ResourceArn) -> Result<Option<ResourceConfiguration>, Fault> {
        may_be_denied(resource, self.lattice.resource_configuration(resource).await)
    }

    async fn vpc(&self, target: &VpcTarget) -> Result<VpcSeen, Fault> {
        let vpc = self.ec2.vpc(&target.vpc).await?;
        let subnets = match &target.subnets {
            Subnets::Auto => self.ec2.subnets_of(&target.vpc).await?,
            Subnets::Listed(ids) => self.ec2.subnets(ids).await?,
        };
        let security_groups = self.ec2.security_groups(target.security_groups.named()).await?;
        let endpoints = if vpc.is_some() { self.ec2.endpoints_in(&target.vpc).await? } else { Vec::new() };
        Ok(VpcSeen { vpc, subnets, security_groups, endpoints, ..VpcSeen::default() })
    }

    /// What else in the VPC answers to private names. Whatever goes wrong with that look is told and stops nothing: EC2
    /// refuses a clash itself, and Route 53 is run from one Region for all.
    async fn names(&self, seen: &mut VpcSeen, names: &[PrivateName], vpc: &VpcId, ours: &ConnectionId, home: &Home) {
        if names.is_empty() || seen.vpc.is_none() {
            return;
        }
        seen.hosted_zones = self.route53.hosted_zones(vpc, &home.region).await.into();
        let others = preflight::with_names_behind(&seen.endpoints, vpc, ours);
        if !others.is_empty() && names.iter().any(PrivateName::is_one) {
            seen.names_behind = self.ec2.private_names(&others).await.into();
        }
    }

    /// The quota of endpoints of this type, asked for only if it is used up by default; as [`Self::names`] else.
    async fn quota(&self, of: &str, vpc: &VpcId, ours: &ConnectionId, endpoints: &[Endpoint]) -> Looked<Option<usize>> {
        match preflight::used_up(of, vpc, ours, endpoints) {
            Some(quota) => self.quotas.applied_quota(quota.code).await.into(),
            None => Looked::Not,
        }
    }
}

fn may_be_denied<T>(what: &ResourceArn, read: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(fault) if fault.class() == Class::Transient => Err(fault),
        Err(fault) => {
            tracing::info!(resource = %what, "it can't be read: {fault}");
            Ok(None)
        }
    }
}
