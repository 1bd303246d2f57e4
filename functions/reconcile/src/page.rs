//! One page: some hundred connections, held against what was listed.

use std::collections::{BTreeMap, BTreeSet};

use drawbridge_domain::Fault;
use drawbridge_domain::connection::{Connection, Made, Status};
use drawbridge_domain::ids::{ConnectionId, VpcEndpointId};
use drawbridge_domain::inventory::ListShared;
use drawbridge_domain::network::EndpointAssociation;
use drawbridge_domain::observation;
use drawbridge_domain::preflight::Finding;
use drawbridge_domain::subscription::TargetKey;
use drawbridge_domain::truth::{self, Behind, Done, Observed, Round, Seen, Standing, StrayStep, Thing, told};
use futures_util::{StreamExt as _, stream};

use crate::handler::{AT_ONCE, Endpoints, Networks, Records, Run};
use crate::inventory::Inventory;

/// What was read for a page besides what was listed.
struct Read {
    /// Endpoints that the list by tag did not show, looked for by id: the tag may have been taken off.
    endpoints: Result<BTreeMap<VpcEndpointId, Seen>, Fault>,
    rows: Result<BTreeMap<VpcEndpointId, Vec<EndpointAssociation>>, Fault>,
}

/// What became of one connection.
struct Looked {
    standing: Standing,
    unread: Option<String>,
    done: Done,
    removed: usize,
}

impl<E, N, R, L> Run<'_, E, N, R, L>
where
    E: Endpoints,
    N: Networks,
    R: ListShared,
    L: Records,
{
    pub async fn page(
        &mut self,
        round: &mut Round,
        inventory: &mut Inventory,
        page: &[(String, ConnectionId)],
    ) -> Result<(), Fault> {
        let ids: BTreeSet<ConnectionId> = page.iter().map(|(_, id)| id.clone()).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let records = self.of.ledger.connections_of_ids(&ids).await?;
        let usable: Vec<_> = records.into_iter().filter(|record| truth::is_looked_at(record, self.now)).collect();
        let networks = usable.iter().filter_map(|record| match (&record.made, &record.target) {
            (Some(Made::Association(_)), TargetKey::ServiceNetwork(network)) => Some(network.clone()),
            _ => None,
        });
        inventory.list_networks(&self.of.lattice, networks.collect()).await?;
        let read = self.read(inventory, &usable).await?;
        let (run, inventory) = (&*self, &*inventory);
        let looked: Vec<_> = stream::iter(&usable)
            .map(|record| run.one(inventory, &read, record))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        self.summary.connections += looked.len();
        for one in looked {
            match one {
                Ok(looked) => {
                    round.count(&looked.standing);
                    looked.unread.into_iter().for_each(|unread| round.not_read(unread));
                    self.summary.removed += looked.removed;
                    self.summary.recorded += usize::from(looked.done == Done::Recorded);
                    self.summary.ended += usize::from(looked.done == Done::Ended);
                }
                Err(fault) => self.failed(fault),
            }
        }
        Ok(())
    }

    async fn read(&self, inventory: &Inventory, records: &[Connection]) -> Result<Read, Fault> {
        let mut unlisted = Vec::new();
        let mut with_rows = Vec::new();
        for record in records {
            let Some(Made::Endpoint(id)) = &record.made else { continue };
            if inventory.endpoint(id).is_none() {
                unlisted.push(id.clone());
            }
            if truth::has_rows(record) {
                with_rows.push(id.clone());
            }
        }
        let seen = |found: Vec<_>| {
            let mut seen: BTreeMap<_, _> = unlisted.iter().map(|id| (id.clone(), Seen::NotShown)).collect();
            for listed in found {
                let listed: drawbridge_domain::inventory::ListedEndpoint = listed;
                seen.insert(listed.endpoint.id.clone(), Seen::Shown(Thing::Endpoint(Box::new(listed))));
            }
            seen
        };
        let endpoints = told(self.of.ec2.listed(&unlisted).await)?.map(seen);
        let rows = told(self.of.ec2.behind(&with_rows).await)?;
        Ok(Read { endpoints, rows })
    }

    async fn one(&self, inventory: &Inventory, read: &Read, record: &Connection) -> Result<Looked, Fault> {
        let hand = self.hand();
        // What else carries its tags is no question while a run has it.
        let others = inventory.others(record).filter(|_| record.status == Status::Ready);
        let (record, strays, removed) = match others {
            Some(others) if !others.is_empty() => {
                let mut record = record.clone();
                let (mut findings, mut removed) = (Vec::new(), 0);
                for other in others {
                    match truth::decide_stray(
                        &other,
                        Some(&record),
                        hand.reconcile(&record),
                        self.of.settings.safe_age,
                        self.now,
                    ) {
                        // What is ready has its own, so nothing is adopted.
                        StrayStep::Report(finding) | StrayStep::Adopt(finding) => findings.push(finding),
                        StrayStep::Remove(finding) => {
                            if let Some(saved) = self.remove(&record, &other.made(), &finding).await? {
                                record = saved;
                                removed += 1;
                            }
                        }
                        StrayStep::Leave => {}
                    }
                }
                (record, Some(findings), removed)
            }
            others => (record.clone(), others.map(|_| Vec::<Finding>::new()), 0),
        };
        let observed = self.observe(inventory, read, &record).await?;
        let observed = Observed { in_share: inventory.is_in_share(&record), strays, ..observed };
        let unread = match (&observed.made, &observed.behind) {
            (Seen::Unreadable(fault), _) | (_, Behind::Unreadable(fault)) => Some(fault.to_string()),
            _ => None,
        };
        let plan = truth::decide(&record, observed, self.now);
        let standing = plan.standing.clone();
        let done = hand.carry_out(&record, plan).await?;
        Ok(Looked { standing, unread, done, removed })
    }

    async fn observe<'s>(
        &'s self,
        inventory: &Inventory,
        read: &Read,
        record: &Connection,
    ) -> Result<Observed<'s>, Fault> {
        let lattice = &self.of.lattice;
        let made = match &record.made {
            None => Seen::NotShown,
            Some(Made::Endpoint(id)) => match (inventory.endpoint(id), &read.endpoints) {
                (Some(seen), _) => seen,
                (None, Err(fault)) => Seen::Unreadable(fault.clone()),
                (None, Ok(found)) => found.get(id).cloned().unwrap_or(Seen::NotShown),
            },
            Some(Made::Association(id)) => match inventory.association(id, record) {
                Some(seen) => seen,
                None => match told(lattice.association(id).await)? {
                    Err(fault) => Seen::Unreadable(fault),
                    Ok(found) => found.map_or(Seen::NotShown, |found| Seen::Shown(Thing::Association(Box::new(found)))),
                },
            },
        };
        let behind = match (&made, &record.made) {
            (Seen::Shown(Thing::Association(own)), _) => truth::behind_association(lattice, record, own).await?,
            (Seen::Shown(_), Some(Made::Endpoint(id))) if truth::has_rows(record) => match &read.rows {
                Err(fault) => Behind::Unreadable(fault.clone()),
                Ok(rows) => Behind::Rows(observation::endpoint_branches(rows.get(id).cloned().unwrap_or_default())),
            },
            _ => Behind::Itself,
        };
        truth::complete(lattice, record, made, behind, self.hand().first_claim(record)).await
    }

    /// Removes something that carries a connection's tags. What is done is written down first, on condition that the record
    /// is still what this was decided from; nothing if it is not.
    pub async fn remove(
        &self,
        record: &Connection,
        made: &Made,
        finding: &Finding,
    ) -> Result<Option<Connection>, Fault> {
        let what = format!("removes {}: {}", made.id(), finding.seen);
        let next = truth::tell_strays(record, &[]).map_or_else(|| record.clone(), |(next, _)| next);
        let Some(saved) = self.hand().save(next, what).await? else { return Ok(None) };
        self.delete(made).await?;
        Ok(Some(saved))
    }

    pub async fn delete(&self, made: &Made) -> Result<(), Fault> {
        tracing::warn!(id = made.id(), "it carries our tags, stands in no live record, and is removed");
        match made {
            Made::Endpoint(id) => self.of.ec2.delete(id).await,
            Made::Association(id) => self.of.lattice.disassociate(id).await,
        }
    }
}
