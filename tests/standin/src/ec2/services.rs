//! Endpoint services that an account may use.

use std::collections::BTreeSet;

use super::filters::Filters;
use super::{Outcome, Params, asked, part, refusal, tags};
use crate::request::Caller;
use crate::wire::{Refusal, Xml};
use crate::world::World;
use crate::world::network::Network;
use crate::world::services::EndpointService;

/// The filters that AWS documents. \[botocore: `DescribeVpcEndpointServices`\]
const FILTERS: &[&str] =
    &["owner", "service-name", "service-region", "service-type", "supported-ip-address-types", "tag-key"];

/// An unknown service and one that the account may not use are the same. \[terraform-aws-modules/terraform-aws-vpc 481\]
pub fn unknown(name: &str) -> Refusal {
    refusal("InvalidServiceName", format!("The Vpc Endpoint Service '{name}' does not exist"))
}

/// \[botocore: `DescribeVpcEndpointServices`\]
pub fn describe(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let filters = Filters::read(params, FILTERS)?;
    let (names, regions) = (params.list("ServiceName"), params.list("ServiceRegion"));
    let asked = asked(world, caller, params, false)?;
    let here = caller.region.as_str();
    let network = world.network(caller).clone();
    let mut found = network.services(here);
    // The caller's own Region, if none is named. [botocore: ServiceRegion of CreateVpcEndpoint]
    found.retain(|service| match regions.as_slice() {
        [] => service.region(here) == here,
        asked => asked.contains(&service.region(here)),
    });
    if let Some(name) = names.iter().find(|name| !found.iter().any(|service| service.name(here) == **name)) {
        return Err(unknown(name));
    }
    found.retain(|service| names.is_empty() || names.contains(&service.name(here).as_str()));
    found.retain(|service| {
        filters.match_with(&service.tags, |name| match name {
            "owner" => vec![service.owner.clone()],
            "service-name" => vec![service.name(here)],
            "service-region" => vec![service.region(here).to_owned()],
            "service-type" => vec![service.kind.clone()],
            _ => service.ip_address_types.clone(),
        })
    });
    let part = part(&asked, found.len())?;
    let shown = &found[part.from..part.to];
    let mut xml = Xml::default();
    // A name with two types is there once. [botocore: ServiceNames]
    let distinct: BTreeSet<String> = shown.iter().map(|service| service.name(here)).collect();
    xml.texts("serviceNameSet", distinct);
    xml.items("serviceDetailSet", shown, |item, service| shape(item, service, &network, here));
    xml.text_if("nextToken", part.next);
    Ok(xml)
}

/// One service. \[botocore: `ServiceDetail`\]
fn shape(xml: &mut Xml, service: &EndpointService, network: &Network, here: &str) {
    let zones = service.zones(network);
    xml.text("serviceName", service.name(here));
    xml.text("serviceId", &service.id);
    xml.items("serviceType", [&service.kind], |item, kind| item.text("serviceType", kind));
    xml.text("serviceRegion", service.region(here));
    xml.texts("availabilityZoneIdSet", zones.values());
    xml.texts("availabilityZoneSet", zones.keys());
    xml.text("owner", &service.owner);
    xml.texts("baseEndpointDnsNameSet", service.base_name(here));
    if let Some(name) = &service.private_dns_name {
        xml.text("privateDnsName", name);
        xml.items("privateDnsNameSet", [name], |item, name| item.text("privateDnsName", name));
        xml.text("privateDnsNameVerificationState", service.private_dns_state.name());
    }
    xml.text("vpcEndpointPolicySupported", service.policy_supported);
    xml.text("acceptanceRequired", service.acceptance_required);
    xml.text("managesVpcEndpoints", false);
    tags::shape(xml, &service.tags);
    xml.texts("supportedIpAddressTypeSet", &service.ip_address_types);
}
