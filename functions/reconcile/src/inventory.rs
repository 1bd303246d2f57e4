//! What the account has, listed once a run: few calls for everything, however many connections there are.

use std::collections::{BTreeMap, BTreeSet};

use drawbridge_domain::Fault;
use drawbridge_domain::connection::{Connection, Made};
use drawbridge_domain::identity::{Home, TAG_INSTALLATION};
use drawbridge_domain::ids::{AssociationId, ConnectionId, ResourceShareArn, ServiceNetworkId, VpcEndpointId};
use drawbridge_domain::inventory::{ListShared, ListedAssociation, ListedEndpoint};
use drawbridge_domain::share::SharedResource;
use drawbridge_domain::subscription::{Subscription, Target, TargetKey};
use drawbridge_domain::truth::{Seen, Stray, Thing, told};

use crate::handler::{Endpoints, Networks, Reconcile};

type Listed = BTreeMap<AssociationId, ListedAssociation>;

/// What was listed. What could not be read for good is a fault in its place; what can be read later ends the run.
pub struct Inventory {
    /// The endpoints with this installation's tag, by id.
    pub endpoints: Result<BTreeMap<VpcEndpointId, ListedEndpoint>, Fault>,
    /// The ids of those with a connection's tag.
    tagged: BTreeMap<ConnectionId, Vec<VpcEndpointId>>,
    /// The resource associations of service networks.
    pub networks: BTreeMap<ServiceNetworkId, Result<Listed, Fault>>,
    /// What others share with this account.
    pub shared: Result<BTreeMap<ResourceShareArn, Vec<SharedResource>>, Fault>,
}

impl Inventory {
    pub async fn list<E: Endpoints, N: Networks, R: ListShared, L>(
        of: &Reconcile<E, N, R, L>,
        home: &Home,
        subscriptions: &[Subscription],
    ) -> Result<Self, Fault> {
        let endpoints = told(of.ec2.listed_with(TAG_INSTALLATION, home.installation.as_str()).await)?;
        let mut tagged: BTreeMap<ConnectionId, Vec<VpcEndpointId>> = BTreeMap::new();
        for stray in endpoints.iter().flatten().cloned().filter_map(Stray::endpoint) {
            if let Made::Endpoint(id) = stray.made() {
                tagged.entry(stray.connection).or_default().push(id);
            }
        }
        let by_id = |listed: Vec<ListedEndpoint>| listed.into_iter().map(|l| (l.endpoint.id.clone(), l)).collect();
        let shared = told(of.ram.shared().await)?;
        let mut inventory = Self { endpoints: endpoints.map(by_id), tagged, networks: BTreeMap::new(), shared };
        let networks = subscriptions.iter().flat_map(|s| &s.targets).filter_map(|target| match target {
            Target::ServiceNetwork(target) => Some(target.service_network.clone()),
            Target::Vpc(_) => None,
        });
        inventory.list_networks(&of.lattice, networks.collect()).await?;
        Ok(inventory)
    }

    /// Lists these service networks, those that are listed already left out.
    pub async fn list_networks(
        &mut self,
        lattice: &impl Networks,
        networks: BTreeSet<ServiceNetworkId>,
    ) -> Result<(), Fault> {
        let unknown = networks.into_iter().filter(|network| !self.networks.contains_key(network));
        for network in unknown.collect::<Vec<_>>() {
            let found = told(lattice.associations_in(&network).await)?;
            let by_id = |listed: Vec<ListedAssociation>| listed.into_iter().map(|l| (l.association.id.clone(), l));
            self.networks.insert(network, found.map(|listed| by_id(listed).collect::<Listed>()));
        }
        Ok(())
    }

    /// What could not be read, each in a sentence.
    pub fn unread(&self) -> Vec<String> {
        let networks = self.networks.values().filter_map(|listed| listed.as_ref().err());
        let others = [self.endpoints.as_ref().err(), self.shared.as_ref().err()];
        others.into_iter().flatten().chain(networks).map(ToString::to_string).collect()
    }

    /// The listed endpoint of a record, or why there is none; nothing if the list does not show it.
    pub fn endpoint(&self, id: &VpcEndpointId) -> Option<Seen> {
        match &self.endpoints {
            Err(fault) => Some(Seen::Unreadable(fault.clone())),
            Ok(listed) => listed.get(id).map(|listed| Seen::Shown(Thing::Endpoint(Box::new(listed.clone())))),
        }
    }

    /// The listed association of a record, likewise.
    pub fn association(&self, id: &AssociationId, record: &Connection) -> Option<Seen> {
        let TargetKey::ServiceNetwork(network) = &record.target else { return None };
        match self.networks.get(network)? {
            Err(fault) => Some(Seen::Unreadable(fault.clone())),
            Ok(listed) => {
                let found = listed.get(id)?.association.clone();
                Some(Seen::Shown(Thing::Association(Box::new(found))))
            }
        }
    }

    /// Others than what its record says was made that carry a connection's tags; none if they could not be listed.
    pub fn others(&self, record: &Connection) -> Option<Vec<Stray>> {
        let listed = self.endpoints.as_ref().ok()?;
        let ids = self.tagged.get(&record.id).map(Vec::as_slice).unwrap_or_default();
        let others = ids.iter().filter(|id| record.made.as_ref().is_none_or(|made| made.id() != id.as_str()));
        Some(others.filter_map(|id| Stray::endpoint(listed.get(id)?.clone())).collect())
    }

    /// Whether what a connection leads to is in the share that brought it; none if that can't be told.
    pub fn is_in_share(&self, record: &Connection) -> Option<bool> {
        let inside = self.shared.as_ref().ok()?.get(record.share_arn.as_ref()?)?;
        Some(inside.iter().any(|resource| resource.arn == record.resource.as_str()))
    }
}
