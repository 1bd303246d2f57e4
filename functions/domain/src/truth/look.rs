//! Looking at one connection, over the ports.

use std::collections::BTreeMap;

use super::{Behind, Observed, Seen, Thing, association_rows, configurations, has_rows, told, unknown_children};
use crate::connection::{Connection, Made};
use crate::fault::Fault;
use crate::inventory::ListEndpoints;
use crate::network::Association;
use crate::observation;
use crate::ports::{ResourceConfigurations, ServiceNetworks};
use crate::subscription::{Subscription, TargetKey};

/// Everything that can be seen of one connection.
///
/// # Errors
/// A transient fault: what can't be read now is read later. A lasting one is part of what was seen.
pub async fn one<'a>(
    ec2: &impl ListEndpoints,
    lattice: &(impl ServiceNetworks + ResourceConfigurations),
    record: &Connection,
    subscription: Option<&'a Subscription>,
) -> Result<Observed<'a>, Fault> {
    let made = match &record.made {
        None => Seen::NotShown,
        Some(Made::Endpoint(id)) => match told(ec2.listed(std::slice::from_ref(id)).await)? {
            Err(fault) => Seen::Unreadable(fault),
            Ok(found) => found
                .into_iter()
                .find(|listed| listed.endpoint.id == *id)
                .map_or(Seen::NotShown, |listed| Seen::Shown(Thing::Endpoint(Box::new(listed)))),
        },
        Some(Made::Association(id)) => match told(lattice.association(id).await)? {
            Err(fault) => Seen::Unreadable(fault),
            Ok(found) => found.map_or(Seen::NotShown, |found| Seen::Shown(Thing::Association(Box::new(found)))),
        },
    };
    let behind = match (&made, &record.made) {
        (Seen::Shown(Thing::Association(own)), _) => behind_association(lattice, record, own).await?,
        (Seen::Shown(Thing::Endpoint(_)), Some(Made::Endpoint(id))) if has_rows(record) => {
            match told(ec2.behind(std::slice::from_ref(id)).await)? {
                Err(fault) => Behind::Unreadable(fault),
                Ok(mut rows) => Behind::Rows(observation::endpoint_branches(rows.remove(id).unwrap_or_default())),
            }
        }
        _ => Behind::Itself,
    };
    complete(lattice, record, made, behind, subscription).await
}

/// What is behind an association: a row per child of a GROUP.
///
/// # Errors
/// A transient fault.
pub async fn behind_association(
    lattice: &impl ServiceNetworks,
    record: &Connection,
    own: &Association,
) -> Result<Behind, Fault> {
    let (TargetKey::ServiceNetwork(network), Some(resource)) = (&record.target, record.resource.arn()) else {
        return Ok(Behind::Itself);
    };
    Ok(match told(lattice.associations(network, resource, true).await)? {
        Err(fault) => Behind::Unreadable(fault),
        Ok(rows) => Behind::Rows(association_rows(own, rows)),
    })
}

/// What was seen, with the configurations of what is new in it.
///
/// # Errors
/// A transient fault.
pub async fn complete<'a>(
    lattice: &impl ResourceConfigurations,
    record: &Connection,
    made: Seen,
    behind: Behind,
    subscription: Option<&'a Subscription>,
) -> Result<Observed<'a>, Fault> {
    let configurations = match &behind {
        Behind::Rows(rows) => configurations(lattice, &unknown_children(record, rows)).await?,
        Behind::Itself | Behind::Unreadable(_) => BTreeMap::new(),
    };
    Ok(Observed { made, behind, configurations, subscription, in_share: None, strays: None })
}
