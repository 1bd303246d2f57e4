//! Making what stands what its plan says.

use std::collections::BTreeMap;

use drawbridge_domain::adjust::{self, Change, Refusal};
use drawbridge_domain::connection::Connection;
use drawbridge_domain::identity::TAG_CONNECTION;
use drawbridge_domain::inventory::ListedEndpoint;
use drawbridge_domain::{Class, Fault, FaultName};

use crate::handler::{Adjust, Network, Records, lasting};

/// What became of one endpoint.
pub enum Outcome {
    /// It is as the plan says; whether this run made it so.
    Converged(bool),
    /// It is not; whether nothing was changed, by this run or one before it.
    Refused(Refusal, bool),
}

impl<E: Network, L: Records> Adjust<E, L> {
    /// Makes the endpoint what the plan says.
    pub async fn converge(
        &self,
        record: &Connection,
        change: &Change<'_>,
        shown: ListedEndpoint,
        mut untouched: bool,
    ) -> Result<Outcome, Fault> {
        let id = &shown.endpoint.id;
        let own = match self.own_group(record, change).await {
            Ok(own) => own,
            Err(fault) => return Ok(Outcome::Refused(lasting(fault)?, untouched)),
        };
        let tagged: Vec<_> = std::iter::once(&shown.endpoint.tags).chain(own.iter().map(|(_, tags)| tags)).collect();
        let calls = adjust::calls(&adjust::plans(record), &change.plan, &shown, &tagged);
        if !calls.modify.is_none() {
            match self.ec2.modify(id, &calls.modify).await {
                Ok(()) => untouched = false,
                Err(fault) if fault.class() == Class::Transient => return Err(fault),
                // It may be otherwise by now: by another run, or by a call whose answer was lost.
                Err(fault) => {
                    return match self.shown(id).await {
                        Ok(Some(other)) if other != shown => Err(FaultName::LedgerConflict
                            .because(format!("{id} was changed by somebody else meanwhile; {fault}"))),
                        _ => Ok(Outcome::Refused(Refusal::Refused(fault), untouched)),
                    };
                }
            }
        }
        let ids: Vec<_> = std::iter::once(id.to_string()).chain(own.iter().map(|(id, _)| id.clone())).collect();
        if let Err(fault) = self.ec2.set_tags(&ids, &calls.set_tags).await {
            return Ok(Outcome::Refused(lasting(fault)?, untouched));
        }
        untouched &= calls.set_tags.is_empty();
        match self.ec2.remove_tags(&ids, &calls.remove_tags).await {
            Ok(()) => Ok(Outcome::Converged(!calls.is_none())),
            Err(fault) => Ok(Outcome::Refused(lasting(fault)?, untouched)),
        }
    }

    /// The connection's own security group, which carries the same tags, if these are to be changed.
    async fn own_group(
        &self,
        record: &Connection,
        change: &Change<'_>,
    ) -> Result<Option<(String, BTreeMap<String, String>)>, Fault> {
        let Some(group) = record.group.as_ref().filter(|_| change.aspects.tags) else { return Ok(None) };
        let tagged = self.ec2.groups_tagged(TAG_CONNECTION, record.id.as_str()).await?;
        let own = tagged.into_iter().find(|tagged| tagged.id == group.id && adjust::is_ours(record, &tagged.tags));
        Ok(own.map(|own| (own.id.to_string(), own.tags)))
    }
}
