//! Service networks that a provider shares, with what it associated with them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ids;
use crate::seed::ResourceSeed;
use crate::world::World;
use crate::world::associations::{Association, Pair, Status};
use crate::world::configurations::Kind;
use crate::world::network::ServiceNetwork;

impl World {
    /// The service network to share, made unless the seed names one; gives its ARN and those of the resources put into it.
    ///
    /// # Errors
    /// A sentence that names what of the seed cannot be.
    pub fn make_network(
        &mut self,
        owner: &str,
        region: &str,
        seed: &ResourceSeed,
        now: Timestamp,
    ) -> Result<(String, Vec<String>), String> {
        let arn = if let Some(arn) = &seed.arn {
            arn.clone()
        } else {
            let network = ServiceNetwork {
                id: ids::resource("sn"),
                name: seed.name.clone().unwrap_or_else(|| "network".to_owned()),
                owner: None,
                tags: BTreeMap::new(),
                created: Some(now),
            };
            let arn = network.arn(owner, region);
            let key = (owner.to_owned(), region.to_owned());
            self.networks.entry(key).or_default().service_networks.push(network);
            arn
        };
        let resources = self.add_to_network(&arn, &seed.resources, now)?;
        Ok((arn, resources))
    }

    /// The owner of a service network associates resources of its own with it: they work at once.
    ///
    /// # Errors
    /// A sentence when there is no such network, or that names what of the seed cannot be.
    pub fn add_to_network(&mut self, arn: &str, seeds: &[ResourceSeed], now: Timestamp) -> Result<Vec<String>, String> {
        let found = self.networks.iter().find_map(|((account, region), network)| {
            let known = network.service_networks.iter().find(|known| known.arn(account, region) == arn)?;
            known.owner.is_none().then(|| (account.clone(), region.clone(), known.clone()))
        });
        let (owner, region, network) = found.ok_or_else(|| format!("nobody owns a service network {arn}"))?;
        let mut made = Vec::new();
        for seed in seeds {
            let (configuration, _, _) = self.make_resource(&owner, &region, seed, now)?;
            let known = self.configurations.get(&configuration);
            let known = known.ok_or_else(|| format!("{configuration} is no resource configuration"))?;
            let pair = Pair {
                configuration: configuration.clone(),
                network: network.id.clone(),
                network_arn: arn.to_owned(),
                network_name: network.name.clone(),
            };
            let private_dns = known.custom_domain.is_some() || known.kind == Kind::Group;
            let mut association = Association::new(&owner, &region, pair, private_dns, now);
            let leaves: Vec<_> = self.leaves(&configuration).into_iter().cloned().collect();
            association.know(&leaves);
            association.become_status(Status::Active, now);
            self.associations.push(association);
            made.push(configuration);
        }
        Ok(made)
    }
}
