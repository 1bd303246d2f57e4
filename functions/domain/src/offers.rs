//! What of a share can be connected, over the ports, and whether that is too much.

use crate::ids::{ResourceArn, SubscriptionName};
use crate::network::same_word;
use crate::ports::ResourceConfigurations;
use crate::share::ShareFacts;
use crate::subscription::{ResourceType, Subscription};
use crate::waiting::Answer;
use crate::wanted::{Offer, Wish};
use crate::{Class, Fault, limits, verdict};

/// The resources that may be connected, each vetted again, and why the others are not. A name
/// that can't be read does no harm.
///
/// # Errors
/// Whatever VPC Lattice answers that is only passing.
pub async fn of(lattice: &impl ResourceConfigurations, facts: &ShareFacts) -> Result<(Vec<Offer>, Vec<String>), Fault> {
    let mut offers = Vec::new();
    let mut left_out = Vec::new();
    for (resource, of) in verdict::connectable(facts) {
        if resource.owner() != facts.sender.as_str() {
            left_out.push(format!("{resource} is left out: it is not the sender's own"));
            continue;
        }
        if of == ResourceType::ServiceNetwork {
            offers.push(Offer { arn: resource, of, name: None });
            continue;
        }
        match lattice.resource_configuration(&resource).await {
            Ok(configuration) if !can_be_target(&configuration.config_type) => left_out.push(format!(
                "{resource} is left out: a {} can't be connected by itself; share its GROUP",
                configuration.config_type
            )),
            Ok(configuration) => offers.push(Offer { arn: resource, of, name: configuration.name }),
            Err(fault) if fault.class() == Class::Transient => return Err(fault),
            Err(fault) => {
                unreadable(&resource, &fault);
                offers.push(Offer { arn: resource, of, name: None });
            }
        }
    }
    let connectable_types = verdict::connectable(facts).count();
    if facts.resources.len() > connectable_types {
        left_out.push(format!(
            "{} resources are left out: no kind of connection reaches their type",
            facts.resources.len() - connectable_types
        ));
    }
    Ok((offers, left_out))
}

fn unreadable(resource: &ResourceArn, fault: &Fault) {
    tracing::info!(%resource, "its configuration can't be read: {fault}");
}

/// A CHILD is reached through its GROUP; a CIDR needs a Tunnel endpoint [botocore].
fn can_be_target(config_type: &str) -> bool {
    !["CHILD", "CIDR"].iter().any(|word| same_word(word, config_type))
}

/// The subscriptions for which these wishes of a share need a person who has not approved them yet, and why.
#[must_use]
pub fn over_limit(
    wishes: &[Wish],
    claiming: &[&Subscription],
    region: &str,
    said: Option<&Answer>,
    asked: &str,
) -> Vec<(SubscriptionName, String)> {
    let unapproved =
        claiming.iter().filter(|subscription| !said.is_some_and(|answer| answer.approves(&subscription.name, asked)));
    unapproved
        .filter_map(|subscription| {
            let wants = wishes.iter().filter(|wish| wish.claims.contains(&subscription.name));
            let kinds: Vec<_> = wants.map(|wish| wish.kind).collect();
            let exceeded = limits::exceeded(subscription, &kinds, region)?;
            Some((subscription.name.clone(), format!("subscription {}: {exceeded}", subscription.name)))
        })
        .collect()
}
