//! VPC endpoints: what there is, and deleting it.

use jiff::Timestamp;

use super::filters::Filters;
use super::{Outcome, Params, all_known, asked, part, tags};
use crate::request::Caller;
use crate::settings::{DeletedEndpoints, Settings};
use crate::wire::Xml;
use crate::world::World;
use crate::world::endpoints::{Endpoint, State};
use crate::world::security_groups::SecurityGroup;

/// The filters that AWS documents. There is none for the resource configuration. \[botocore: `DescribeVpcEndpoints`\]
const FILTERS: &[&str] = &[
    "ip-address-type",
    "service-name",
    "service-region",
    "tag-key",
    "vpc-id",
    "vpc-endpoint-id",
    "vpc-endpoint-state",
    "vpc-endpoint-type",
];

const FULL_ACCESS: &str =
    r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// The indexes of the caller's endpoints that Describe may show now.
pub fn shown(world: &World, caller: &Caller, now: Timestamp) -> Vec<usize> {
    let listed = world.settings.deleted_endpoints == DeletedEndpoints::Listed;
    (0..world.endpoints.len())
        .filter(|at| {
            let endpoint = &world.endpoints[*at];
            endpoint.account == caller.account
                && endpoint.region == caller.region
                && endpoint.visible(&world.settings, now)
                && (listed || endpoint.state != State::Deleted)
        })
        .collect()
}

/// \[botocore: `DescribeVpcEndpoints`\]
pub fn describe(world: &mut World, caller: &Caller, params: &Params, now: Timestamp) -> Outcome {
    let filters = Filters::read(params, FILTERS)?;
    let asked = asked(world, caller, params, true)?;
    let ids = params.list("VpcEndpointId");
    // States move when an answer shows them, once per listing and not once per page.
    if asked.start() == Ok(Some(0)) {
        for at in shown(world, caller, now) {
            if chosen(&world.endpoints[at], &ids, &filters, &world.settings) {
                let settings = &world.settings;
                world.endpoints[at].observe(settings, now);
            }
        }
    }
    let visible = shown(world, caller, now);
    all_known(
        &ids,
        |id| visible.iter().any(|at| world.endpoints[*at].id == id),
        // [AWS:ec2 error codes]
        "InvalidVpcEndpointId.NotFound",
        "Vpc Endpoint",
    )?;
    let found: Vec<&Endpoint> = visible
        .into_iter()
        .map(|at| &world.endpoints[at])
        .filter(|endpoint| chosen(endpoint, &ids, &filters, &world.settings))
        .collect();
    let part = part(&asked, found.len())?;
    let mut xml = Xml::default();
    xml.items("vpcEndpointSet", &found[part.from..part.to], |item, endpoint| shape(item, world, endpoint));
    xml.text_if("nextToken", part.next);
    Ok(xml)
}

fn chosen(endpoint: &Endpoint, ids: &[&str], filters: &Filters, settings: &Settings) -> bool {
    (ids.is_empty() || ids.contains(&endpoint.id.as_str()))
        && filters.match_with(&endpoint.wanted.tags, |name| match name {
            "vpc-id" => vec![endpoint.wanted.vpc.clone()],
            "vpc-endpoint-id" => vec![endpoint.id.clone()],
            "vpc-endpoint-state" => vec![endpoint.state.name().to_owned()],
            "vpc-endpoint-type" => vec![endpoint.wanted.kind.name().to_owned()],
            "ip-address-type" => vec![endpoint.ip_address_type(settings)],
            "service-name" => endpoint.wanted.service_name.iter().cloned().collect(),
            _ => vec![endpoint.wanted.service_region.as_ref().unwrap_or(&endpoint.region).clone()],
        })
}

/// One endpoint. \[botocore: `VpcEndpoint`\]
pub fn shape(xml: &mut Xml, world: &World, endpoint: &Endpoint) {
    let (wanted, settings) = (&endpoint.wanted, &world.settings);
    xml.text("vpcEndpointId", &endpoint.id);
    xml.text("vpcEndpointType", wanted.kind.name());
    xml.text("vpcId", &wanted.vpc);
    xml.text_if("serviceName", wanted.service_name.as_ref());
    xml.text("state", endpoint.state_name(settings));
    xml.text_if("policyDocument", policy(world, endpoint));
    xml.texts("routeTableIdSet", &wanted.route_tables);
    xml.texts("subnetIdSet", &wanted.subnets);
    xml.items("groupSet", &wanted.security_groups, |group, id| {
        group.text("groupId", id);
        let network = world.networks.get(&(endpoint.account.clone(), endpoint.region.clone()));
        let known = network.and_then(|network| network.security_groups.iter().find(|known| known.id == *id));
        group.text("groupName", known.map_or(id.as_str(), SecurityGroup::name));
    });
    xml.text("ipAddressType", endpoint.ip_address_type(settings));
    xml.group("dnsOptions", |options| {
        options.text_if("dnsRecordIpType", wanted.record_ip_type.as_ref());
        options.text_if("privateDnsOnlyForInboundResolverEndpoint", wanted.inbound_only);
        options.text_if("privateDnsPreference", wanted.preference.as_ref());
        if !wanted.domains.is_empty() {
            options.texts("privateDnsSpecifiedDomainSet", &wanted.domains);
        }
    });
    xml.text("privateDnsEnabled", wanted.private_dns);
    xml.text("requesterManaged", false);
    xml.texts("networkInterfaceIdSet", &endpoint.interfaces);
    // A Resource endpoint's names are in its associations. [AWS:privatelink/privatelink-access-resources]
    xml.items("dnsEntrySet", world.dns_entries(endpoint), |entry, (name, zone)| {
        entry.text("dnsName", name);
        entry.text("hostedZoneId", zone);
    });
    xml.text("creationTimestamp", endpoint.created);
    tags::shape(xml, &wanted.tags);
    xml.text("ownerId", &endpoint.account);
    if let Some((code, message)) = &endpoint.failure {
        xml.text("failureReason", message);
        xml.group("lastError", |error| {
            error.text("code", code);
            error.text("message", message);
        });
    }
    xml.text_if("serviceNetworkArn", wanted.service_network.as_ref());
    xml.text_if("resourceConfigurationArn", wanted.configuration.as_ref());
    xml.text("serviceRegion", wanted.service_region.as_ref().unwrap_or(&endpoint.region));
}

/// "If this parameter is not specified, we attach a default policy that allows full access to the service." \[botocore\]
fn policy(world: &World, endpoint: &Endpoint) -> Option<String> {
    let supported = world.service_of(endpoint).is_some_and(|(service, _)| service.policy_supported);
    supported.then(|| endpoint.wanted.policy.clone().unwrap_or_else(|| FULL_ACCESS.to_owned()))
}

/// Deletes endpoints. What cannot be deleted is listed inside a 200, one entry per id. \[botocore: `DeleteVpcEndpoints`\]
pub fn delete(world: &mut World, caller: &Caller, params: &Params, now: Timestamp) -> Outcome {
    let ids = params.list("VpcEndpointId");
    if ids.is_empty() {
        params.required("VpcEndpointId.1")?;
    }
    let mut missing = Vec::new();
    for id in ids {
        let at = world.endpoints.iter().position(|endpoint| {
            endpoint.id == id
                && endpoint.account == caller.account
                && endpoint.region == caller.region
                && endpoint.state != State::Deleted
        });
        match at {
            // Deleting what is being deleted changes nothing.
            Some(at) if world.endpoints[at].live() => {
                let subnets = world.endpoints[at].wanted.subnets.clone();
                let taken = world.endpoints[at].wanted.addresses(&world.settings);
                world.endpoints[at].become_state(State::Deleting, now);
                world.network(caller).take_addresses(&subnets, -taken);
                if !world.settings.notifications_stay {
                    world.notifications.retain(|known| known.endpoint != id);
                }
            }
            Some(_) => {}
            None => missing.push(id),
        }
    }
    // This operation's own code for what is not there. [terraform-provider-aws: errCodeInvalidVPCEndpointNotFound]
    Ok(unsuccessful(missing.into_iter(), "InvalidVpcEndpoint.NotFound", "The Vpc Endpoint Id does not exist"))
}

/// The output of a deletion that failed for some ids.
pub fn unsuccessful<'a>(ids: impl Iterator<Item = &'a str>, code: &str, message: &str) -> Xml {
    let mut xml = Xml::default();
    xml.items("unsuccessful", ids, |item, id| {
        item.text("resourceId", id);
        item.group("error", |error| {
            error.text("code", code);
            error.text("message", message);
        });
    });
    xml
}
