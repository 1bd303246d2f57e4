//! Creating a VPC endpoint.

use jiff::Timestamp;

use super::check_endpoint::{check, invalid, of_its_type};
use super::{Outcome, Params, endpoints, refusal, tags};
use crate::request::Caller;
use crate::settings::TokenAfterDelete;
use crate::wire::{Refusal, Xml};
use crate::world::World;
use crate::world::endpoints::{Endpoint, Kind, State, Wanted};
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
    check(world, caller, &wanted, None)?;
    quota(world, caller, &wanted)?;
    let addresses = wanted.addresses(&world.settings);
    world.network(caller).take_addresses(&wanted.subnets, addresses);
    let acceptance = acceptance(world, caller, &wanted);
    let token_kept = token.map(str::to_owned);
    let mut endpoint = Endpoint::new(&caller.account, &caller.region, wanted, token_kept, acceptance, now);
    if let Some(configuration) = &endpoint.wanted.configuration {
        let leaves: Vec<_> = world.leaves(configuration).into_iter().cloned().collect();
        endpoint.know(&leaves, now);
    }
    world.tokens.remember(caller, OPERATION, token, parameters, endpoint.id.clone(), now);
    let answer = output(world, &endpoint, token);
    world.endpoints.push(endpoint);
    Ok(answer)
}

/// Whether the service's owner accepts each endpoint. \[botocore: `AcceptanceRequired`\]
fn acceptance(world: &mut World, caller: &Caller, wanted: &Wanted) -> bool {
    let (here, name) = (caller.region.as_str(), wanted.service_name.as_deref().unwrap_or_default());
    let region = wanted.service_region.as_deref().unwrap_or(here);
    let services = world.network(caller).services_named(here, region, name);
    services.iter().any(|service| service.kind == wanted.kind.name() && service.acceptance_required)
}

fn output(world: &World, endpoint: &Endpoint, token: Option<&str>) -> Xml {
    let mut xml = Xml::default();
    xml.group("vpcEndpoint", |inner| endpoints::shape(inner, world, endpoint));
    xml.text_if("clientToken", token);
    xml
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
    of_its_type(params, kind)?;
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
        service_region: params.text("ServiceRegion").map(str::to_owned),
        policy: params.text("PolicyDocument").map(str::to_owned),
        subnets: owned(params.list("SubnetId")),
        security_groups,
        route_tables: owned(params.list("RouteTableId")),
        ip_address_type: params.text("IpAddressType").unwrap_or("ipv4").to_owned(),
        record_ip_type: params.text("DnsOptions.DnsRecordIpType").map(str::to_owned),
        private_dns,
        inbound_only: params.flag("DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint")?,
        preference: params.text("DnsOptions.PrivateDnsPreference").or(default).map(str::to_owned),
        domains: owned(params.list("DnsOptions.PrivateDnsSpecifiedDomain")),
        tags: tags::read(params, "vpc-endpoint")?,
    })
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
