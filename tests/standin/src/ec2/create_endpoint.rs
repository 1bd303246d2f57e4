//! Creating a VPC endpoint.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Outcome, Params, all_known, endpoints, refusal};
use crate::request::Caller;
use crate::settings::TokenAfterDelete;
use crate::wire::{Refusal, Xml};
use crate::world::World;
use crate::world::configurations;
use crate::world::endpoints::{Endpoint, Kind, State, Wanted};
use crate::world::network::Network;
use crate::world::tokens::Seen;

/// The parameters that the stand-in takes; others it refuses. \[botocore: `CreateVpcEndpoint`\]
pub const PARAMETERS: &[&str] = &[
    "VpcEndpointType",
    "VpcId",
    "ServiceName",
    "PolicyDocument",
    "RouteTableId",
    "SubnetId",
    "SecurityGroupId",
    "IpAddressType",
    "DnsOptions",
    "ClientToken",
    "PrivateDnsEnabled",
    "TagSpecification",
    "ServiceNetworkArn",
    "ResourceConfigurationArn",
    "ServiceRegion",
];
const OPERATION: &str = "CreateVpcEndpoint";
/// Zone ids where VPC Lattice does not work. \[AWS:vpc-lattice/ug/quotas\]
const UNSUPPORTED_ZONES: &[&str] =
    &["use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "euc1-az2", "euw1-az4", "cac1-az3", "ilc1-az2"];
const PREFERENCES: &[&str] =
    &["VERIFIED_DOMAINS_ONLY", "ALL_DOMAINS", "VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS", "SPECIFIED_DOMAINS_ONLY"];

/// Makes an endpoint, or gives back the one that the same token made. \[AWS:ec2/devguide/ec2-api-idempotency\]
pub fn create(world: &mut World, caller: &Caller, params: &Params, now: Timestamp) -> Outcome {
    let token = params.text("ClientToken");
    if token.is_some_and(|token| token.len() > 64 || !token.is_ascii()) {
        return Err(invalid("the client token must have at most 64 ASCII characters"));
    }
    let parameters = params.without(&["ClientToken", "Action", "Version"]);
    match world.tokens.seen(caller, OPERATION, token, &parameters, world.settings.token_retention_ms, now) {
        Seen::Never => {}
        Seen::Other(_) => {
            return Err(refusal(
                "IdempotentParameterMismatch",
                format!(
                    "The request uses the same client token {} as a previous, but non-identical request.",
                    token.unwrap_or_default()
                ),
            ));
        }
        Seen::Same(made) => {
            let old = world.endpoints.iter().find(|endpoint| endpoint.id == made);
            let live = old.is_some_and(|endpoint| endpoint.state != State::Deleted);
            if let Some(old) = old.filter(|_| live || world.settings.token_after_delete == TokenAfterDelete::Old) {
                return Ok(output(world, old, token));
            }
        }
    }
    let wanted = read(world, caller, params)?;
    check(world, caller, &wanted)?;
    quota(world, caller, &wanted)?;
    let addresses = i64::from(world.settings.addresses_per_endpoint);
    world.network(caller).take_addresses(&wanted.subnets, addresses);
    let mut endpoint = Endpoint::new(&caller.account, &caller.region, wanted, token.map(str::to_owned), now);
    if let Some(configuration) = &endpoint.wanted.configuration {
        let leaves: Vec<_> = world.leaves(configuration).into_iter().cloned().collect();
        endpoint.know(&leaves, now);
    }
    world.tokens.remember(caller, OPERATION, token, parameters, endpoint.id.clone(), now);
    let answer = output(world, &endpoint, token);
    world.endpoints.push(endpoint);
    Ok(answer)
}

fn output(world: &World, endpoint: &Endpoint, token: Option<&str>) -> Xml {
    let mut xml = Xml::default();
    xml.group("vpcEndpoint", |inner| endpoints::shape(inner, endpoint, &world.settings));
    xml.text_if("clientToken", token);
    xml
}

fn invalid(message: impl Into<String>) -> Refusal {
    // [AWS:ec2 error codes: InvalidParameter]
    refusal("InvalidParameter", message)
}

fn owned(list: Vec<&str>) -> Vec<String> {
    list.into_iter().map(str::to_owned).collect()
}

fn read(world: &mut World, caller: &Caller, params: &Params) -> Result<Wanted, Refusal> {
    // "Default: Gateway" [botocore]
    let kind = match params.text("VpcEndpointType").unwrap_or("Gateway") {
        "Resource" => Kind::Resource,
        "ServiceNetwork" => Kind::ServiceNetwork,
        "Interface" => Kind::Interface,
        "Gateway" => Kind::Gateway,
        other => {
            return Err(refusal(
                "InvalidParameterValue",
                format!("Value ({other}) for parameter VpcEndpointType is invalid, or is not in the stand-in."),
            ));
        }
    };
    let vpc = params.required("VpcId")?.to_owned();
    let private_dns = params.flag("PrivateDnsEnabled")?.unwrap_or(false);
    let lattice = matches!(kind, Kind::Resource | Kind::ServiceNetwork);
    let mut security_groups = owned(params.list("SecurityGroupId"));
    if security_groups.is_empty() && kind != Kind::Gateway {
        // The VPC's default group if none is named. [botocore: SecurityGroupIds]
        let groups = &world.network(caller).security_groups;
        security_groups.extend(
            groups
                .iter()
                .filter(|group| group.vpc == vpc && group.name.as_deref() == Some("default"))
                .map(|group| group.id.clone()),
        );
    }
    // The default preference where private DNS is on. [AWS:privatelink/use-resource-endpoint]
    let default = (lattice && private_dns).then_some("VERIFIED_DOMAINS_ONLY");
    Ok(Wanted {
        kind,
        vpc,
        configuration: params.text("ResourceConfigurationArn").map(str::to_owned),
        service_network: params.text("ServiceNetworkArn").map(str::to_owned),
        service_name: params.text("ServiceName").map(str::to_owned),
        subnets: owned(params.list("SubnetId")),
        security_groups,
        route_tables: owned(params.list("RouteTableId")),
        ip_address_type: params.text("IpAddressType").unwrap_or("ipv4").to_owned(),
        record_ip_type: params.text("DnsOptions.DnsRecordIpType").map(str::to_owned),
        private_dns,
        preference: params.text("DnsOptions.PrivateDnsPreference").or(default).map(str::to_owned),
        domains: owned(params.list("DnsOptions.PrivateDnsSpecifiedDomain")),
        tags: read_tags(params)?,
    })
}

fn read_tags(params: &Params) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for specification in params.structures("TagSpecification") {
        let on = params.required(&format!("{specification}.ResourceType"))?;
        if on != "vpc-endpoint" {
            return Err(refusal(
                "InvalidParameterValue",
                format!("'{on}' is not a valid taggable resource type for this operation."),
            ));
        }
        for tag in params.structures(&format!("{specification}.Tag")) {
            let key = params.required(&format!("{tag}.Key"))?;
            if key.starts_with("aws:") {
                return Err(refusal(
                    "InvalidParameterValue",
                    format!("Tag keys starting with 'aws:' are reserved for internal use: {key}"),
                ));
            }
            tags.insert(key.to_owned(), params.text(&format!("{tag}.Value")).unwrap_or_default().to_owned());
        }
    }
    Ok(tags)
}

fn check(world: &mut World, caller: &Caller, wanted: &Wanted) -> Result<(), Refusal> {
    let network = world.network(caller).clone();
    all_known(&[&wanted.vpc], |id| network.vpc(id).is_some(), "InvalidVpcID.NotFound", "vpc")?;
    dns(&network, wanted)?;
    let zones = match wanted.kind {
        Kind::Resource => resource(world, caller, wanted)?,
        Kind::ServiceNetwork => {
            service_network(&network, caller, wanted)?;
            Vec::new()
        }
        Kind::Interface | Kind::Gateway => {
            if wanted.service_name.is_none() {
                return Err(refusal("MissingParameter", "The request must contain the parameter ServiceName"));
            }
            Vec::new()
        }
    };
    if wanted.kind != Kind::Gateway {
        subnets(world.settings.addresses_per_endpoint, &network, wanted, &zones)?;
        groups(&network, wanted)?;
    }
    Ok(())
}

/// Private DNS needs both attributes of the VPC, and the options need private DNS. \[AWS:privatelink/use-resource-endpoint; botocore\]
fn dns(network: &Network, wanted: &Wanted) -> Result<(), Refusal> {
    if wanted.private_dns && network.vpc(&wanted.vpc).is_some_and(|vpc| !vpc.dns_support || !vpc.dns_hostnames) {
        return Err(invalid(format!(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {}",
            wanted.vpc
        )));
    }
    if let Some(preference) = &wanted.preference {
        if !PREFERENCES.contains(&preference.as_str()) {
            return Err(refusal(
                "InvalidParameterValue",
                format!("Value ({preference}) for parameter PrivateDnsPreference is invalid."),
            ));
        }
        if !wanted.private_dns || !matches!(wanted.kind, Kind::Resource | Kind::ServiceNetwork) {
            return Err(invalid(
                "PrivateDnsPreference is only for Resource and ServiceNetwork endpoints with private DNS enabled",
            ));
        }
    }
    if wanted.domains.len() > 10 {
        return Err(invalid("at most 10 PrivateDnsSpecifiedDomains can be given"));
    }
    Ok(())
}

/// The configuration of a Resource endpoint: shared with the account and accepted, and no CHILD. Gives the gateway's zones.
///
/// What EC2 answers for one that is not shared is documented nowhere.
fn resource(world: &World, caller: &Caller, wanted: &Wanted) -> Result<Vec<String>, Refusal> {
    let Some(arn) = &wanted.configuration else {
        return Err(refusal("MissingParameter", "The request must contain the parameter ResourceConfigurationArn"));
    };
    if wanted.service_name.is_some() || wanted.service_network.is_some() {
        return Err(refusal(
            "InvalidParameterCombination",
            "A Resource endpoint has neither ServiceName nor ServiceNetworkArn",
        ));
    }
    let configuration =
        world.configurations.get(arn).filter(|known| known.region == caller.region && world.may_use(caller, known));
    let Some(configuration) = configuration else {
        return Err(invalid(format!(
            "The resource configuration {arn} does not exist or is not shared with this account"
        )));
    };
    if configuration.kind == configurations::Kind::Child {
        // "Specify the parent GROUP" [AWS:privatelink/use-resource-endpoint]
        return Err(invalid(format!(
            "{arn} is a child resource configuration: specify the group resource configuration"
        )));
    }
    // "You can't create a resource endpoint and service network endpoint for the same resource configuration" with private DNS. [AWS:privatelink]
    let networks: BTreeSet<&String> = world
        .associations
        .iter()
        .filter(|known| known.live() && known.configuration == *arn)
        .map(|known| &known.network_arn)
        .collect();
    let clash = world.endpoints.iter().find(|endpoint| {
        endpoint.live()
            && endpoint.wanted.vpc == wanted.vpc
            && endpoint.wanted.private_dns
            && endpoint.wanted.service_network.as_ref().is_some_and(|network| networks.contains(network))
    });
    if let Some(other) = clash.filter(|_| wanted.private_dns) {
        return Err(invalid(format!(
            "private DNS for {arn} is already made by the service network endpoint {}",
            other.id
        )));
    }
    Ok(configuration.az_ids.clone())
}

fn service_network(network: &Network, caller: &Caller, wanted: &Wanted) -> Result<(), Refusal> {
    let Some(arn) = &wanted.service_network else {
        return Err(refusal("MissingParameter", "The request must contain the parameter ServiceNetworkArn"));
    };
    match network.service_network(arn) {
        Some(known) if known.arn(&caller.account, &caller.region) == *arn => Ok(()),
        _ => Err(invalid(format!("The service network {arn} does not exist or is not shared with this account"))),
    }
}

/// One subnet per zone, in the VPC, in a zone that works, with a free address. \[botocore: `SubnetIds`; AWS:privatelink, vpc-lattice/ug/quotas\]
fn subnets(addresses: u32, network: &Network, wanted: &Wanted, gateway_zones: &[String]) -> Result<(), Refusal> {
    if wanted.subnets.is_empty() && wanted.kind != Kind::Interface {
        return Err(refusal("MissingParameter", "The request must contain the parameter SubnetIds"));
    }
    let ids: Vec<&str> = wanted.subnets.iter().map(String::as_str).collect();
    all_known(&ids, |id| network.subnets.iter().any(|subnet| subnet.id == id), "InvalidSubnetID.NotFound", "subnet")?;
    let chosen: Vec<_> = network.subnets.iter().filter(|subnet| wanted.subnets.contains(&subnet.id)).collect();
    let mut zones = BTreeSet::new();
    for subnet in &chosen {
        if subnet.vpc != wanted.vpc {
            return Err(invalid(format!("The subnet {} does not belong to {}", subnet.id, wanted.vpc)));
        }
        if !zones.insert(&subnet.az_id) {
            // [AWS:ec2 error codes]
            return Err(refusal(
                "DuplicateSubnetsInSameZone",
                format!("Found another subnet in the zone of {}: {}", subnet.id, subnet.az),
            ));
        }
        if wanted.kind != Kind::Interface && UNSUPPORTED_ZONES.contains(&subnet.az_id.as_str()) {
            return Err(invalid(format!("{} is in {}, which VPC Lattice does not support", subnet.id, subnet.az_id)));
        }
        if subnet.free < addresses {
            // [AWS:ec2 error codes]
            return Err(refusal(
                "InsufficientFreeAddressesInSubnet",
                format!("The subnet {} has not enough free addresses", subnet.id),
            ));
        }
    }
    // "At least one zone in common" with the resource gateway. [AWS:privatelink]
    if !gateway_zones.is_empty() && !zones.iter().any(|zone| gateway_zones.contains(zone)) {
        return Err(invalid(format!(
            "none of the subnets is in a zone of the resource gateway: {}",
            gateway_zones.join(", ")
        )));
    }
    Ok(())
}

fn groups(network: &Network, wanted: &Wanted) -> Result<(), Refusal> {
    let ids: Vec<&str> = wanted.security_groups.iter().map(String::as_str).collect();
    let known = |id: &str| network.security_groups.iter().any(|group| group.id == id);
    all_known(&ids, known, "InvalidSecurityGroupID.NotFound", "security group")?;
    let stranger = network
        .security_groups
        .iter()
        .find(|group| wanted.security_groups.contains(&group.id) && group.vpc != wanted.vpc);
    match stranger {
        Some(group) => Err(invalid(format!("The security group {} does not belong to {}", group.id, wanted.vpc))),
        None => Ok(()),
    }
}

/// \[AWS:privatelink/vpc-limits-endpoints: per VPC; of Gateway endpoints, per Region\]
fn quota(world: &World, caller: &Caller, wanted: &Wanted) -> Result<(), Refusal> {
    let settings = &world.settings;
    let limit = match wanted.kind {
        Kind::Resource => settings.resource_endpoints_per_vpc,
        Kind::ServiceNetwork => settings.service_network_endpoints_per_vpc,
        Kind::Interface => settings.interface_endpoints_per_vpc,
        Kind::Gateway => settings.gateway_endpoints_per_region,
    };
    let used = world.endpoints.iter().filter(|endpoint| {
        endpoint.live()
            && endpoint.account == caller.account
            && endpoint.region == caller.region
            && endpoint.wanted.kind == wanted.kind
            && (wanted.kind == Kind::Gateway || endpoint.wanted.vpc == wanted.vpc)
    });
    if used.count() < limit {
        return Ok(());
    }
    // [AWS:ec2 error codes]
    Err(refusal(
        "VpcEndpointLimitExceeded",
        format!("The maximum number of VPC endpoints of type {} ({limit}) has been reached.", wanted.kind.name()),
    ))
}
