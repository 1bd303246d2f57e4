//! What an observation of an endpoint or association means: not yet, usable, or a fault.

use jiff::Timestamp;

use crate::fault::{Fault, FaultName};
use crate::ids::{ResourceArn, RouteTableId, Service};
use crate::network::{Association, Endpoint, EndpointAssociation, ResourceConfiguration, RouteTable, same_word};
use crate::reach::{Database, DnsName, DnsScope, Port, PortSource};
use crate::subscription::Subscription;

/// What stands behind a connection: one child of a GROUP, or the resource itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The resource configuration.
    pub resource: ResourceArn,
    /// Its name, where AWS shows it.
    pub name: Option<String>,
    /// Whether it can be used now.
    pub accessible: bool,
    /// Why it never will, in AWS's words.
    pub failed: Option<String>,
    /// Its DNS names.
    pub dns: Vec<DnsName>,
}

/// Which branches there should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Exactly these; names where AWS shows them.
    These(Vec<(ResourceArn, Option<String>)>),
    /// The list was denied, or not shown; the text says so.
    Unknown(String),
}

/// What was seen, taken together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Not yet: why, and the branches that are accessible already.
    NotReady {
        /// What is waited for.
        why: String,
        /// The accessible branches' ids, sorted.
        accessible: Vec<String>,
    },
    /// Usable.
    Ready {
        /// The branches, in the order of their ids.
        branches: Vec<Branch>,
        /// What a reader should know, such as that the list of children was denied.
        note: Option<String>,
    },
}

impl Look {
    /// The same, and this to be told with it.
    #[must_use]
    pub fn noting(mut self, more: Option<String>) -> Self {
        let Some(more) = more else { return self };
        match &mut self {
            Self::NotReady { why, .. } => *why = format!("{why}; {more}"),
            Self::Ready { note, .. } => {
                *note = Some(note.take().map_or(more.clone(), |note| format!("{note}; {more}")));
            }
        }
        self
    }
}

/// The endpoint, if it is usable.
///
/// # Errors
/// `NotReady` with its state, or the fault that its state means, with AWS's own reason. While
/// reads `may_lag`, one that is not shown is not ready; later it is gone.
pub fn endpoint<'e>(id: &str, endpoint: Option<&'e Endpoint>, may_lag: bool) -> Result<&'e Endpoint, Fault> {
    let Some(endpoint) = endpoint else {
        if may_lag {
            return Err(FaultName::NotReady.because(format!("EC2 does not show endpoint {id} yet")));
        }
        return Err(FaultName::EndpointGone.because(format!(
            "endpoint {id} does not exist any more; someone deleted it, or it never became visible"
        )));
    };
    let state = endpoint.state.as_str();
    let reason = endpoint.failure.as_deref().unwrap_or("AWS gives no reason");
    let is = |word: &str| same_word(state, word);
    if is("available") || is("partial") {
        // `Partial` is in EC2's model without a description: whether it is usable is decided by
        // the associations, as for `available`.
        Ok(endpoint)
    } else if let (true, Some(service)) = (is("pendingAcceptance"), &endpoint.service) {
        Err(FaultName::AcceptancePending
            .because(format!("endpoint {id} is {state}: the owner of {service} has to accept it")))
    } else if is("pending") || is("pendingAcceptance") {
        Err(FaultName::NotReady.because(format!("endpoint {id} is {state}")))
    } else if is("rejected") {
        Err(FaultName::EndpointRejected.because(format!("the provider rejected endpoint {id}: {reason}")))
    } else if is("deleting") || is("deleted") {
        Err(FaultName::EndpointGone.because(format!("endpoint {id} is {state}; Drawbridge did not delete it")))
    } else if is("failed") || is("expired") {
        Err(FaultName::EndpointFailed.because(format!("endpoint {id} is {state}: {reason}")))
    } else {
        Err(FaultName::NotReady.because(format!("endpoint {id} is in a state that Drawbridge does not know: {state}")))
    }
}

/// Whether an association is usable.
///
/// # Errors
/// `NotReady` with its status, or the fault that its status means, with VPC Lattice's own reason.
/// While reads `may_lag`, one that is not shown is not ready; later it is gone.
pub fn association(id: &str, association: Option<&Association>, may_lag: bool) -> Result<(), Fault> {
    let Some(association) = association else {
        if may_lag {
            return Err(FaultName::NotReady.because(format!("VPC Lattice does not show association {id} yet")));
        }
        return Err(FaultName::EndpointGone.because(format!("association {id} does not exist any more")));
    };
    let status = association.status.as_str();
    let reason = association.failure.as_deref().unwrap_or("VPC Lattice gives no reason");
    let is = |word: &str| same_word(status, word);
    if is("ACTIVE") || is("PARTIAL") {
        Ok(())
    } else if is("CREATE_FAILED") {
        Err(FaultName::AssociationFailed.because(format!("association {id} is {status}: {reason}")))
    } else if is("DELETE_IN_PROGRESS") || is("DELETE_FAILED") {
        Err(FaultName::EndpointGone.because(format!("association {id} is {status}; Drawbridge did not delete it")))
    } else {
        Err(FaultName::NotReady.because(format!("association {id} is {status}")))
    }
}

/// What is to be told of an association that is `PARTIAL`: AWS does not say what that means, only that it is not `ACTIVE`.
#[must_use]
pub fn partial(association: &Association) -> Option<String> {
    let reason = association.failure.as_deref().unwrap_or("VPC Lattice gives no reason");
    same_word(&association.status, "PARTIAL").then(|| format!("association {} is PARTIAL: {reason}", association.id))
}

/// The branches that an endpoint's associations show. AWS's page and its filter disagree about the
/// words (`Accessible`, `AVAILABLE`), so both are taken.
#[must_use]
pub fn endpoint_branches(rows: Vec<EndpointAssociation>) -> Vec<Branch> {
    rows.into_iter()
        .filter_map(|row| {
            let word = row.accessibility.unwrap_or_default();
            let is = |expected: &str| same_word(&word, expected);
            let failed = is("failed").then(|| row.failure.unwrap_or_else(|| "AWS gives no reason".to_owned()));
            Some(Branch {
                resource: row.resource?,
                name: None,
                accessible: (is("accessible") || is("available") || is("active")) && !row.dns.is_empty(),
                failed,
                dns: row.dns,
            })
        })
        .collect()
}

/// The branches that a service network's associations show, with `includeChildren`.
#[must_use]
pub fn association_branches(rows: Vec<Association>) -> Vec<Branch> {
    rows.into_iter()
        .filter_map(|row| {
            let is = |expected: &str| same_word(&row.status, expected);
            let failed = is("CREATE_FAILED")
                .then(|| row.failure.clone().unwrap_or_else(|| "VPC Lattice gives no reason".to_owned()));
            Some(Branch {
                accessible: (is("ACTIVE") || is("PARTIAL")) && !row.dns.is_empty(),
                resource: row.resource?,
                name: row.resource_name,
                failed,
                dns: row.dns,
            })
        })
        .collect()
}

/// Whether everything that should be behind the connection can be used.
///
/// # Errors
/// `AssociationFailed` with AWS's reason if one of them never will.
pub fn branches(mut seen: Vec<Branch>, expected: &Expected, last_look: &[String]) -> Result<Look, Fault> {
    seen.sort_by(|a, b| a.resource.cmp(&b.resource));
    seen.dedup_by(|a, b| a.resource == b.resource);
    // One that failed may be mended by the provider before the deadline; all of them will not be.
    let failed: Vec<String> = seen
        .iter()
        .filter_map(|branch| Some(format!("{} failed: {}", branch.resource.id(), branch.failed.as_ref()?)))
        .collect();
    if !seen.is_empty() && failed.len() == seen.len() {
        return Err(FaultName::AssociationFailed.because(failed.join("; ")));
    }
    let failed = if failed.is_empty() { String::new() } else { format!(" ({})", failed.join("; ")) };
    let accessible: Vec<String> = seen.iter().filter(|b| b.accessible).map(|b| b.resource.id().to_owned()).collect();
    Ok(match expected {
        Expected::These(these) => {
            let missing: Vec<&str> = these
                .iter()
                .filter(|(arn, _)| !seen.iter().any(|b| b.accessible && b.resource.id() == arn.id()))
                .map(|(arn, _)| arn.id())
                .collect();
            if !missing.is_empty() || these.is_empty() {
                Look::NotReady {
                    why: format!(
                        "{} of {} can be used; waiting for {}{failed}",
                        these.len() - missing.len(),
                        these.len(),
                        if these.is_empty() { "the first child".to_owned() } else { missing.join(", ") }
                    ),
                    accessible,
                }
            } else {
                let mut branches: Vec<_> = seen.into_iter().filter(|b| b.accessible).collect();
                for branch in &mut branches {
                    let named = these.iter().find(|(arn, _)| arn.id() == branch.resource.id());
                    branch.name = branch.name.take().or_else(|| named.and_then(|(_, name)| name.clone()));
                }
                Look::Ready { branches, note: None }
            }
        }
        Expected::Unknown(why) => {
            let complete = accessible.len() == seen.len();
            if !accessible.is_empty() && complete && accessible == last_look {
                Look::Ready {
                    branches: seen.into_iter().filter(|b| b.accessible).collect(),
                    note: Some(format!(
                        "{why}, so ready means: the same {} could be used at two looks in a row",
                        accessible.len()
                    )),
                }
            } else {
                Look::NotReady {
                    why: format!(
                        "{why}; {} of {} that are shown can be used, and they are looked at once more{failed}",
                        accessible.len(),
                        seen.len()
                    ),
                    accessible,
                }
            }
        }
    })
}

/// Whether what is behind a service network can be used. Nothing says what should be there, so one
/// is enough; while others are on their way, it is looked at once more. An empty network is waited for until `deadline`, and
/// is no failure then: what comes later is found by the looks at what is ready.
///
/// # Errors
/// `AssociationFailed` with AWS's reason if all of them failed.
pub fn network_branches(
    seen: Vec<Branch>,
    last_look: &[String],
    deadline: Option<Timestamp>,
    now: Timestamp,
) -> Result<Look, Fault> {
    let shown = seen.len();
    let accessible: std::collections::BTreeSet<&ResourceArn> =
        seen.iter().filter(|branch| branch.accessible).map(|branch| &branch.resource).collect();
    let accessible: Vec<_> = accessible.into_iter().map(|arn| (arn.clone(), None)).collect();
    let ids: Vec<String> = accessible.iter().map(|(arn, _)| arn.id().to_owned()).collect();
    let settled = seen.iter().all(|branch| branch.accessible || branch.failed.is_some());
    let left_out: Vec<String> = seen.iter().filter(|b| !b.accessible).map(|b| b.resource.id().to_owned()).collect();
    if shown == 0 {
        let why = "nothing is associated with the service network yet".to_owned();
        return Ok(match within(deadline, now, &why) {
            Ok(()) => Look::NotReady { why, accessible: Vec::new() },
            Err(_) => Look::Ready { branches: Vec::new(), note: Some(format!("{why}: its names follow")) },
        });
    }
    let look = branches(seen, &Expected::These(accessible), last_look)?;
    Ok(match look {
        Look::Ready { .. } if !settled && ids != last_look => Look::NotReady {
            why: format!("{} of {shown} can be used; {} is looked at once more", ids.len(), left_out.join(", ")),
            accessible: ids,
        },
        Look::Ready { branches, .. } => Look::Ready {
            branches,
            note: (!left_out.is_empty()).then(|| format!("not usable so far: {}", left_out.join(", "))),
        },
        Look::NotReady { .. } => Look::NotReady {
            why: format!("none of the {shown} in the service network can be used yet"),
            accessible: ids,
        },
    })
}

/// The names of an interface endpoint that is available: regional, zonal, and private if planned.
///
/// # Errors
/// `NotReady` until EC2 shows them.
pub fn interface_names(endpoint: &Endpoint, private_dns: bool) -> Result<Vec<DnsName>, Fault> {
    let names: Vec<DnsName> = endpoint
        .dns
        .iter()
        .map(|entry| DnsName {
            scope: scope(endpoint.id.as_str(), &entry.name),
            name: entry.name.clone(),
            hosted_zone: entry.hosted_zone.clone(),
        })
        .collect();
    if !names.iter().any(|name| name.scope == DnsScope::Regional) {
        return Err(FaultName::NotReady.because(format!("EC2 shows no name of endpoint {} yet", endpoint.id)));
    }
    if private_dns && !(endpoint.private_dns && names.iter().any(|name| name.scope == DnsScope::Private)) {
        return Err(FaultName::NotReady.because(format!("private DNS is not on yet for endpoint {}", endpoint.id)));
    }
    Ok(names)
}

/// `<endpoint id>-<unique>.…` is for the whole Region, `<endpoint id>-<unique>-<zone>.…` for one zone,
/// any with `*.` before it; anything else is the service's own name
/// [AWS:privatelink/privatelink-share-your-services].
fn scope(endpoint: &str, name: &str) -> DnsScope {
    let label = name.strip_prefix("*.").unwrap_or(name).split('.').next().unwrap_or_default();
    match label.strip_prefix(endpoint).and_then(|rest| rest.strip_prefix('-')) {
        None => DnsScope::Private,
        Some(rest) if rest.contains('-') => DnsScope::Zonal,
        Some(_) => DnsScope::Regional,
    }
}

/// What is reached through an interface endpoint: the service, by these names.
#[must_use]
pub fn service_reached(service: &Service, dns: Vec<DnsName>, subscription: Option<&Subscription>) -> Database {
    let port = match subscription.and_then(|s| s.port_of_service(service)) {
        Some(port) => Port::Known { ranges: vec![port.to_string()], source: PortSource::Subscription },
        None => Port::Unknown {
            reason: format!(
                "EC2 shows no port of a service; name it in the subscription: `ports: {{{}: PORT}}`",
                service.name()
            ),
        },
    };
    Database { resource: service.to_string(), name: None, dns, port }
}

/// Whether each of the planned route tables has the route of a gateway endpoint; if so, the prefix
/// lists that they lead to.
///
/// # Errors
/// `NotReady` with the tables that have none.
pub fn gateway_routes(id: &str, planned: &[RouteTableId], tables: &[RouteTable]) -> Result<Vec<String>, Fault> {
    let route = |table: &RouteTableId| {
        let table = tables.iter().find(|seen| seen.id == *table)?;
        table.routes.iter().find(|route| route.gateway == id && same_word(&route.state, "active"))
    };
    let missing: Vec<_> = planned.iter().filter(|table| route(table).is_none()).map(RouteTableId::as_str).collect();
    if !missing.is_empty() || planned.is_empty() {
        return Err(FaultName::NotReady.because(format!("no route through {id} in {} yet", missing.join(", "))));
    }
    let mut lists: Vec<_> = planned.iter().filter_map(route).map(|route| route.prefix_list.clone()).collect();
    lists.sort();
    lists.dedup();
    Ok(lists)
}

/// The database behind a branch: its port comes from its configuration, else from a subscription,
/// else it is unknown. Never from a profile's range.
#[must_use]
pub fn database(
    branch: Branch,
    configuration: Result<&ResourceConfiguration, &Fault>,
    subscription: Option<&Subscription>,
) -> Database {
    let name = branch.name.or_else(|| configuration.ok().and_then(|c| c.name.clone()));
    let shown = configuration.ok().map(|c| &c.port_ranges).filter(|ranges| !ranges.is_empty());
    let told = subscription.and_then(|s| s.port_of(name.as_deref(), &branch.resource));
    let port = match (shown, told) {
        (Some(ranges), _) => {
            Port::Known { ranges: ranges.iter().map(|r| plain(r)).collect(), source: PortSource::Configuration }
        }
        (None, Some(port)) => Port::Known { ranges: vec![port.to_string()], source: PortSource::Subscription },
        (None, None) => {
            let why = match configuration {
                Ok(_) => "its resource configuration shows no port".to_owned(),
                Err(fault) => format!("its resource configuration can't be read ({})", fault.name),
            };
            let key = name.as_deref().unwrap_or_else(|| branch.resource.id());
            Port::Unknown { reason: format!("{why}; name it in the subscription: `ports: {{{key}: PORT}}`") }
        }
    };
    Database { resource: branch.resource.id().to_owned(), name, dns: branch.dns, port }
}

/// `12000-12000` is `12000`.
fn plain(range: &str) -> String {
    match range.split_once('-') {
        Some((from, to)) if from == to => from.to_owned(),
        _ => range.to_owned(),
    }
}

/// Whether the time allowed is over.
///
/// # Errors
/// `DeadlinePassed`, with what was last seen.
pub fn within(deadline: Option<Timestamp>, now: Timestamp, last_seen: &str) -> Result<(), Fault> {
    match deadline {
        Some(deadline) if now > deadline => {
            Err(FaultName::DeadlinePassed.because(format!("it was not usable by {deadline}; last seen: {last_seen}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
