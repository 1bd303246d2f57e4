//! Making what stands what its plan says.

use std::collections::BTreeMap;

use drawbridge_domain::adjust::{self, Calls, Change, Refusal, Shown};
use drawbridge_domain::connection::Connection;
use drawbridge_domain::identity::TAG_CONNECTION;
use drawbridge_domain::{Class, Fault, FaultName};

use crate::handler::{Adjust, Associations, Network, Records, lasting};

/// What became of what was made.
pub enum Outcome {
    /// It is as the plan says; whether this run made it so.
    Converged(bool),
    /// It is not; whether nothing was changed, by this run or one before it.
    Refused(Refusal, bool),
}

impl<E: Network, N: Associations, L: Records> Adjust<E, N, L> {
    /// Makes what was made what the plan says.
    pub async fn converge(
        &self,
        record: &Connection,
        change: &Change<'_>,
        shown: Shown,
        mut untouched: bool,
    ) -> Result<Outcome, Fault> {
        let own = match self.own_group(record, change).await {
            Ok(own) => own,
            Err(fault) => return Ok(Outcome::Refused(lasting(fault)?, untouched)),
        };
        let tagged: Vec<_> = std::iter::once(shown.tags()).chain(own.iter().map(|(_, tags)| tags)).collect();
        let calls = if change.puts_back {
            adjust::put_back(record, &shown, &tagged)
        } else {
            adjust::calls(&adjust::plans(record), &change.plan, &shown, &tagged)
        };
        if let (Shown::Endpoint(listed), false) = (&shown, calls.modify.is_none()) {
            let id = &listed.endpoint.id;
            match self.ec2.modify(id, &calls.modify).await {
                Ok(()) => untouched = false,
                Err(fault) if fault.class() == Class::Transient => return Err(fault),
                // It may be otherwise by now: by another run, or by a call whose answer was lost.
                Err(fault) => {
                    return match self.shown(&listed.made()).await {
                        Ok(Some(other)) if other != shown => Err(FaultName::LedgerConflict
                            .because(format!("{id} was changed by somebody else meanwhile; {fault}"))),
                        _ => Ok(Outcome::Refused(Refusal::Refused(fault), untouched)),
                    };
                }
            }
        }
        let group = own.as_ref().map(|(id, _)| id.as_str());
        if let Err(fault) = self.set_tags(&shown, group, &calls).await {
            return Ok(Outcome::Refused(lasting(fault)?, untouched));
        }
        untouched &= calls.set_tags.is_empty();
        match self.remove_tags(&shown, group, &calls).await {
            Ok(()) => Ok(Outcome::Converged(!calls.is_none())),
            Err(fault) => Ok(Outcome::Refused(lasting(fault)?, untouched)),
        }
    }

    async fn set_tags(&self, shown: &Shown, group: Option<&str>, calls: &Calls) -> Result<(), Fault> {
        match shown {
            Shown::Endpoint(listed) => {
                self.ec2.set_tags(&both(listed.endpoint.id.as_str(), group), &calls.set_tags).await
            }
            Shown::Association(association, _) => self.lattice.tag_association(&association.arn, &calls.set_tags).await,
        }
    }

    async fn remove_tags(&self, shown: &Shown, group: Option<&str>, calls: &Calls) -> Result<(), Fault> {
        match shown {
            Shown::Endpoint(listed) => {
                self.ec2.remove_tags(&both(listed.endpoint.id.as_str(), group), &calls.remove_tags).await
            }
            // VPC Lattice takes them off by their keys alone: that they have these values still was seen just now.
            Shown::Association(association, _) => {
                let keys: Vec<_> = calls.remove_tags.keys().cloned().collect();
                self.lattice.untag_association(&association.arn, &keys).await
            }
        }
    }

    /// The connection's own security group, which carries the same tags, if these are to be changed.
    async fn own_group(
        &self,
        record: &Connection,
        change: &Change<'_>,
    ) -> Result<Option<(String, BTreeMap<String, String>)>, Fault> {
        let Some(group) = record.group.as_ref().filter(|_| change.aspects.tags || change.puts_back) else {
            return Ok(None);
        };
        let tagged = self.ec2.groups_tagged(TAG_CONNECTION, record.id.as_str()).await?;
        let own = tagged.into_iter().find(|tagged| tagged.id == group.id && adjust::is_ours(record, &tagged.tags));
        Ok(own.map(|own| (own.id.to_string(), own.tags)))
    }
}

/// An endpoint, and the security group that carries the same tags.
fn both(endpoint: &str, group: Option<&str>) -> Vec<String> {
    std::iter::once(endpoint).chain(group).map(str::to_owned).collect()
}
