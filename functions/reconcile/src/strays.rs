//! The end of a round: what carries our tags while no record that is ready knows of it.

use std::collections::{BTreeMap, BTreeSet};

use drawbridge_domain::Fault;
use drawbridge_domain::connection::{Connection, Status};
use drawbridge_domain::identity::TAG_INSTALLATION;
use drawbridge_domain::ids::ConnectionId;
use drawbridge_domain::inventory::ListShared;
use drawbridge_domain::preflight::Finding;
use drawbridge_domain::subscription::{Reconcile, TargetKey};
use drawbridge_domain::truth::{self, Grounds, Round, Stray, StrayStep, told};

use crate::handler::{Endpoints, Networks, Records, Run};
use crate::inventory::Inventory;

/// How many associations that no record knows are asked for their tags in a round: in a network that many use, most
/// are others'.
const MOST_ASKED: usize = 500;

/// What was done about one whose connection is not ready.
enum Outcome {
    /// Nothing, or it is removed.
    Nothing,
    /// It is told.
    Told(Finding),
    /// It is in this record now.
    Adopted(Box<Connection>),
}

impl<E, N, R, L> Run<'_, E, N, R, L>
where
    E: Endpoints,
    N: Networks,
    R: ListShared,
    L: Records,
{
    /// Does about strays what is to be done, and gives back what stands in no record, and the connections that are not
    /// ready and whose records tell of one.
    pub async fn strays(
        &mut self,
        round: &mut Round,
        inventory: &Inventory,
        everything: &[(String, ConnectionId)],
    ) -> Result<(Vec<Finding>, Vec<ConnectionId>), Fault> {
        let known: BTreeSet<&str> = everything.iter().map(|(id, _)| id.as_str()).collect();
        let endpoints = inventory.endpoints.iter().flat_map(BTreeMap::values);
        let mut strays: Vec<Stray> = endpoints
            .filter(|listed| !known.contains(listed.endpoint.id.as_str()))
            .filter_map(|listed| Stray::endpoint(listed.clone()))
            .collect();
        strays.extend(self.stray_associations(round, inventory, &known).await?);

        let ids = strays.iter().map(|stray| &stray.connection);
        let asked: BTreeSet<ConnectionId> = ids.chain(&round.told).cloned().collect();
        let records = self.of.ledger.connections_of_ids(&asked.into_iter().collect::<Vec<_>>()).await?;
        let mut records: BTreeMap<_, _> = records.into_iter().map(|record| (record.id.clone(), record)).collect();

        let mut unrecorded = Vec::new();
        let mut of_records: BTreeMap<ConnectionId, Vec<Finding>> = BTreeMap::new();
        for stray in strays {
            match records.get(&stray.connection) {
                // A second one for it was found with it.
                Some(record) if record.status == Status::Ready => {}
                Some(record) => match self.recorded(&stray, record).await {
                    Ok(Outcome::Nothing) => {
                        of_records.entry(stray.connection).or_default();
                    }
                    Ok(Outcome::Told(finding)) => of_records.entry(stray.connection).or_default().push(finding),
                    Ok(Outcome::Adopted(saved)) => {
                        records.insert(stray.connection, *saved);
                    }
                    Err(fault) => self.failed(fault),
                },
                None => match self.unrecorded(&stray).await {
                    Ok(finding) => unrecorded.extend(finding),
                    Err(fault) => self.failed(fault),
                },
            }
        }
        // What was told before and is not so any more is taken back.
        for id in &round.told {
            of_records.entry(id.clone()).or_default();
        }
        let mut telling = Vec::new();
        for (id, findings) in of_records {
            if !findings.is_empty() {
                telling.push(id.clone());
            }
            let Some(record) = records.get(&id).filter(|record| !record.status.is_running()) else { continue };
            let Some((next, what)) = truth::tell_strays(record, &findings) else { continue };
            match self.hand().save(next, what).await {
                Ok(saved) => self.summary.recorded += usize::from(saved.is_some()),
                Err(fault) => self.failed(fault),
            }
        }
        Ok((unrecorded, telling))
    }

    /// One that names a connection which is not ready.
    async fn recorded(&mut self, stray: &Stray, record: &Connection) -> Result<Outcome, Fault> {
        let reconcile = self.hand().reconcile(record);
        let finding = match truth::decide_stray(stray, Some(record), reconcile, self.of.settings.safe_age, self.now) {
            StrayStep::Leave => return Ok(Outcome::Nothing),
            StrayStep::Report(finding) => return Ok(Outcome::Told(finding)),
            StrayStep::Remove(finding) => {
                let removed = self.remove(record, &stray.made(), &finding).await?.is_some();
                self.summary.removed += usize::from(removed);
                return Ok(Outcome::Nothing);
            }
            StrayStep::Adopt(finding) => finding,
        };
        let grounds = Grounds { subscription: self.hand().speaker(record), home: self.home };
        let next = match truth::adopt(stray, record, grounds, self.now) {
            Ok(next) => next,
            Err(why) => {
                let seen = format!("{}; it is not adopted: {why}", finding.seen);
                return Ok(Outcome::Told(Finding { seen, ..finding }));
            }
        };
        let Some(saved) = self.hand().save(next, format!("adopts {}", stray.made().id())).await? else {
            return Ok(Outcome::Nothing);
        };
        self.summary.adopted += 1;
        self.hand().start(&saved).await?;
        Ok(Outcome::Adopted(Box::new(saved)))
    }

    /// One that names a connection which the ledger does not have. What is done about it says a subscription that asks for
    /// such a connection, the first by name.
    async fn unrecorded(&mut self, stray: &Stray) -> Result<Option<Finding>, Fault> {
        let reconcile = stray.leads().and_then(|(kind, resource, target)| {
            let asks = self.subscriptions.iter().filter(|s| s.settings(kind, &resource, &target, self.home).is_some());
            asks.min_by(|a, b| a.name.cmp(&b.name)).map(|subscription| subscription.reconcile)
        });
        let reconcile: Reconcile = reconcile.unwrap_or_default();
        match truth::decide_stray(stray, None, reconcile, self.of.settings.safe_age, self.now) {
            // There is no record to take it into.
            StrayStep::Report(finding) | StrayStep::Adopt(finding) => Ok(Some(finding)),
            StrayStep::Remove(finding) => {
                // A record may have been written since.
                if self.of.ledger.connection(&stray.connection).await?.is_some() {
                    return Ok(None);
                }
                self.delete(&stray.made()).await?;
                self.summary.removed += 1;
                let seen = format!("{}; it is removed", finding.seen);
                Ok(Some(Finding { seen, way_out: "nothing: the next round sees it gone".to_owned(), ..finding }))
            }
            StrayStep::Leave => Ok(None),
        }
    }

    /// Associations in the service networks that were listed which no record knows and which carry our tags.
    async fn stray_associations(
        &mut self,
        round: &mut Round,
        inventory: &Inventory,
        known: &BTreeSet<&str>,
    ) -> Result<Vec<Stray>, Fault> {
        let mut unknown = Vec::new();
        for (network, listed) in &inventory.networks {
            for association in listed.iter().flat_map(BTreeMap::values) {
                if !known.contains(association.association.id.as_str()) {
                    unknown.push((network.clone(), association.clone()));
                }
            }
        }
        if unknown.len() > MOST_ASKED {
            round.not_read(format!("the tags of {} of {} associations", unknown.len() - MOST_ASKED, unknown.len()));
            unknown.truncate(MOST_ASKED);
        }
        let mut strays = Vec::new();
        // One by one: it is seldom that there are any, and several at once are more code.
        for (network, listed) in unknown {
            match told(self.of.lattice.association_tags(&listed.association.arn).await)? {
                Err(fault) => round.not_read(fault.to_string()),
                Ok(tags) if tags.get(TAG_INSTALLATION).is_some_and(|name| name == self.home.installation.as_str()) => {
                    strays.extend(Stray::association(listed, TargetKey::ServiceNetwork(network), tags));
                }
                Ok(_) => {}
            }
        }
        Ok(strays)
    }
}
