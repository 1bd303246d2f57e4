//! The DNS names of Interface endpoints. Those of Resource and `ServiceNetwork` endpoints are in their associations.

use std::collections::BTreeSet;

use super::World;
use super::endpoints::{Endpoint, Kind};
use super::network::Network;
use super::services::EndpointService;
use crate::ids;

/// The hosted zones of the Region's names and of the private one: any ids of the right form.
const ZONES: [&str; 2] = ["Z7HUB22UULQXV", "Z09260342JG3NLCEXAMPL"];

impl World {
    /// The service of an Interface or Gateway endpoint, if it still exists for the account.
    pub fn service_of(&self, endpoint: &Endpoint) -> Option<(EndpointService, &Network)> {
        let network = self.networks.get(&(endpoint.account.clone(), endpoint.region.clone()))?;
        let wanted = &endpoint.wanted;
        let region = wanted.service_region.as_ref().unwrap_or(&endpoint.region);
        let all = network.services_named(&endpoint.region, region, wanted.service_name.as_deref()?);
        all.into_iter().find(|service| service.kind == wanted.kind.name()).map(|service| (service, network))
    }

    /// Names with their hosted zones: the regional one, one per zone, and the private one.
    ///
    /// `<endpoint id>-<unique>[-<zone>].<service id>.<region>.vpce.amazonaws.com` \[AWS:privatelink/privatelink-share-your-services\]
    pub fn dns_entries(&self, endpoint: &Endpoint) -> Vec<(String, &'static str)> {
        if endpoint.wanted.kind != Kind::Interface {
            return Vec::new();
        }
        let Some((service, network)) = self.service_of(endpoint) else { return Vec::new() };
        let Some(base) = service.base_name(&endpoint.region) else { return Vec::new() };
        let own = format!("{}-{}", endpoint.id, &ids::digest(&endpoint.id)[..8]);
        let zones: BTreeSet<&str> = network
            .subnets
            .iter()
            .filter(|subnet| endpoint.wanted.subnets.contains(&subnet.id))
            .map(|subnet| subnet.az.as_str())
            .collect();
        let mut entries = vec![(format!("{own}.{base}"), ZONES[0])];
        entries.extend(zones.into_iter().map(|zone| (format!("{own}-{zone}.{base}"), ZONES[0])));
        entries.extend(
            service.private_dns_name.filter(|_| endpoint.wanted.private_dns).map(|private| (private, ZONES[1])),
        );
        entries
    }
}
