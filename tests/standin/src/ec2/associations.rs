//! The associations of VPC endpoints: where the DNS names are.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::filters::Filters;
use super::{Outcome, Params, all_known, asked, endpoints, part};
use crate::request::Caller;
use crate::wire::Xml;
use crate::world::World;
use crate::world::configurations::{Configuration, Kind};
use crate::world::endpoints::{Endpoint, Reach, State};

/// The filters that AWS documents. \[botocore: `DescribeVpcEndpointAssociations`\]
const FILTERS: &[&str] = &[
    "vpc-endpoint-id",
    "associated-resource-accessibility",
    "association-id",
    "associated-resource-id",
    "service-network-arn",
    "resource-configuration-group-arn",
];
/// The most entries of one page. \[botocore: `MaxResults` 1..100\]
const CEILING: usize = 100;
const ZONE: &str = "Z09260342JG3NLCEXAMPL";

/// One row as it goes onto the wire.
struct Seen {
    id: String,
    endpoint: String,
    network: Option<(String, String)>,
    accessibility: &'static str,
    failure: Option<(String, String)>,
    dns: Option<String>,
    private: Option<String>,
    resource: String,
    group: Option<String>,
}

/// One row per child of a GROUP; one for any other configuration. \[AWS:privatelink/privatelink-access-resources\]
pub fn describe(world: &mut World, caller: &Caller, params: &Params, now: Timestamp) -> Outcome {
    let filters = Filters::read(params, FILTERS)?;
    let mut asked = asked(world, caller, params, true)?;
    asked.empty_first = world.settings.empty_pages;
    asked.ceiling = asked.ceiling.min(CEILING);
    let ids = params.list("VpcEndpointId");
    let visible = endpoints::shown(world, caller, now);
    all_known(
        &ids,
        |id| visible.iter().any(|at| world.endpoints[*at].id == id),
        "InvalidVpcEndpointId.NotFound",
        "Vpc Endpoint",
    )?;
    let look = asked.start() == Ok(Some(0));
    let mut rows = Vec::new();
    for at in 0..world.associations.len() {
        let leaves: Vec<Configuration> =
            world.leaves(&world.associations[at].configuration).into_iter().cloned().collect();
        world.associations[at].know(&leaves);
    }
    for at in visible {
        let endpoint = &world.endpoints[at];
        if (!ids.is_empty() && !ids.contains(&endpoint.id.as_str())) || endpoint.state == State::Deleted {
            continue;
        }
        let leaves = reached(world, endpoint);
        let settings = world.settings.clone();
        let configurations: Vec<Configuration> = leaves.iter().map(|(leaf, _)| leaf.clone()).collect();
        let endpoint = &mut world.endpoints[at];
        if look {
            endpoint.observe_rows(&configurations, &settings, now);
        }
        endpoint.know(&configurations, now);
        let endpoint = &world.endpoints[at];
        rows.extend(leaves.into_iter().filter_map(|(leaf, via)| row(world, endpoint, &leaf, via)));
    }
    rows.retain(|seen| {
        filters.match_with(&BTreeMap::new(), |name| match name {
            "vpc-endpoint-id" => vec![seen.endpoint.clone()],
            "association-id" => vec![seen.id.clone()],
            "associated-resource-accessibility" => vec![seen.accessibility.to_owned()],
            "associated-resource-id" => seen.resource.rsplit('/').next().map(str::to_owned).into_iter().collect(),
            "service-network-arn" => seen.network.iter().map(|(arn, _)| arn.clone()).collect(),
            _ => seen.group.iter().cloned().collect(),
        })
    });
    let part = part(&asked, rows.len())?;
    let mut xml = Xml::default();
    xml.items("vpcEndpointAssociationSet", &rows[part.from..part.to], shape);
    xml.text_if("nextToken", part.next);
    Ok(xml)
}

/// The association of a service network that leads an endpoint to a configuration.
struct Via {
    id: String,
    network: (String, String),
    private_dns: bool,
}

/// What an endpoint reaches: its configuration, or all that its service network has.
fn reached(world: &World, endpoint: &Endpoint) -> Vec<(Configuration, Option<Via>)> {
    if endpoint.detached {
        return Vec::new();
    }
    if let Some(configuration) = &endpoint.wanted.configuration {
        return world.leaves(configuration).into_iter().map(|leaf| (leaf.clone(), None)).collect();
    }
    let mut found = Vec::new();
    for association in world.associations.iter().filter(|association| {
        // Of a shared network, its owner's too. [AWS:vpc-lattice/ug/sharing]
        association.live() && Some(&association.network_arn) == endpoint.wanted.service_network.as_ref()
    }) {
        for leaf in world.leaves(&association.configuration) {
            let via = Via {
                id: association.children.get(&leaf.arn).unwrap_or(&association.id).clone(),
                network: (association.network_arn.clone(), association.network_name.clone()),
                private_dns: association.private_dns,
            };
            found.push((leaf.clone(), Some(via)));
        }
    }
    found
}

fn row(world: &World, endpoint: &Endpoint, leaf: &Configuration, via: Option<Via>) -> Option<Seen> {
    let row = endpoint.rows.get(&leaf.arn)?;
    let group = leaf.group.as_ref().and_then(|arn| world.configurations.get(arn));
    let reachable = row.reach == Reach::Accessible;
    // <endpoint id>[-<snra id>].<rcfg id>.<hash>.vpc-lattice-rsc.<region>.on.aws [AWS:privatelink/privatelink-access-resources]
    let prefix = via.as_ref().map_or_else(|| endpoint.id.clone(), |via| format!("{}-{}", endpoint.id, via.id));
    // "If it is off no hosted zones are made anywhere". [AWS:vpc-lattice/ug/service-network-associations]
    let private = reachable && via.as_ref().is_none_or(|via| via.private_dns);
    let has_name = reachable && leaf.kind != Kind::Group;
    Some(Seen {
        id: row.id.clone(),
        endpoint: endpoint.id.clone(),
        network: via.map(|via| via.network),
        accessibility: row.reach.name(world.settings.accessibility),
        failure: row.failure.clone(),
        dns: has_name.then(|| leaf.dns_name(&prefix)),
        private: endpoint.private_name(leaf, group).filter(|_| private),
        resource: leaf.arn.clone(),
        group: leaf.group.clone(),
    })
}

/// \[botocore: `VpcEndpointAssociation`\]. No member has a port.
fn shape(xml: &mut Xml, seen: &Seen) {
    xml.text("id", &seen.id);
    xml.text("vpcEndpointId", &seen.endpoint);
    if let Some((arn, name)) = &seen.network {
        xml.text("serviceNetworkArn", arn);
        xml.text("serviceNetworkName", name);
    }
    xml.text("associatedResourceAccessibility", seen.accessibility);
    if let Some((code, reason)) = &seen.failure {
        xml.text("failureReason", reason);
        xml.text("failureCode", code);
    }
    for (name, value) in [("dnsEntry", &seen.dns), ("privateDnsEntry", &seen.private)] {
        if let Some(value) = value {
            xml.group(name, |entry| {
                entry.text("dnsName", value);
                entry.text("hostedZoneId", ZONE);
            });
        }
    }
    xml.text("associatedResourceArn", &seen.resource);
    xml.text_if("resourceConfigurationGroupArn", seen.group.as_ref());
    xml.items("tagSet", [(); 0], |_, ()| {});
}
