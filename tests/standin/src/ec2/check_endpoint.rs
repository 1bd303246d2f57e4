//! Whether an endpoint can be as it is wanted, when it is made and when it is changed.

use std::collections::BTreeSet;

use super::{Params, all_known, check_lattice, refusal, services};
use crate::request::Caller;
use crate::wire::Refusal;
use crate::world::World;
use crate::world::endpoints::{Endpoint, Kind, State, Wanted};
use crate::world::network::Network;
use crate::world::services::{EndpointService, Verification, prefix_list};

/// Zone ids where VPC Lattice does not work. \[AWS:vpc-lattice/ug/quotas\]
const WITHOUT_LATTICE: &[&str] =
    &["use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "euc1-az2", "euw1-az4", "cac1-az3", "ilc1-az2"];
/// Zone ids from where no other Region's service can be reached. \[AWS:privatelink: cross-Region endpoints\]
const WITHOUT_OTHER_REGIONS: &[&str] = &["use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "apne2-az4"];
const PREFERENCES: &[&str] =
    &["VERIFIED_DOMAINS_ONLY", "ALL_DOMAINS", "VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS", "SPECIFIED_DOMAINS_ONLY"];
/// \[AWS:privatelink/vpc-limits-endpoints\]
const POLICY_CEILING: usize = 20_480;

/// \[AWS:ec2 error codes: `InvalidParameter`\]
pub fn invalid(message: impl Into<String>) -> Refusal {
    refusal("InvalidParameter", message)
}

/// Refuses the parameters that belong to other types. \[botocore: `CreateVpcEndpoint` names the types of each\]
pub fn of_its_type(params: &Params, kind: Kind) -> Result<(), Refusal> {
    let lattice = matches!(kind, Kind::Resource | Kind::ServiceNetwork);
    let given = |name: &str| params.text(name).is_some();
    let targets = [
        ("ServiceName", !lattice),
        ("ServiceRegion", !lattice),
        ("ResourceConfigurationArn", kind == Kind::Resource),
        ("ServiceNetworkArn", kind == Kind::ServiceNetwork),
    ];
    if let Some((name, _)) = targets.into_iter().find(|(name, fits)| !fits && given(name)) {
        return Err(refusal("InvalidParameterCombination", format!("A {} endpoint has no {name}", kind.name())));
    }
    let many = |name: &str| !params.list(name).is_empty();
    if kind == Kind::Gateway && many("SubnetId") {
        // [nanlabs/terraform-aws-starter 18 has the words]
        return Err(invalid("Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints."));
    }
    if kind == Kind::Gateway && many("SecurityGroupId") {
        return Err(invalid("Security group IDs are only supported for Interface type VPC Endpoint."));
    }
    if kind != Kind::Gateway && many("RouteTableId") {
        return Err(invalid("Route table IDs are only supported for Gateway type VPC Endpoint."));
    }
    if kind == Kind::Gateway && params.flag("PrivateDnsEnabled")? == Some(true) {
        return Err(invalid("Private DNS can't be enabled for a Gateway type VPC Endpoint."));
    }
    if lattice && given("PolicyDocument") {
        return Err(invalid("A policy is only supported for Interface and Gateway type VPC Endpoints."));
    }
    if kind != Kind::Interface && given("DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint") {
        // [terraform-provider-aws 45846 has the words]
        return Err(invalid(
            "DnsOptions PrivateDnsOnlyForInboundResolverEndpoint is applicable only to Interface VPC Endpoints.",
        ));
    }
    Ok(())
}

/// Everything else. `own` is the endpoint as it was, if it is one that changes.
pub fn check(world: &mut World, caller: &Caller, wanted: &Wanted, own: Option<&Endpoint>) -> Result<(), Refusal> {
    let network = world.network(caller).clone();
    all_known(&[&wanted.vpc], |id| network.vpc(id).is_some(), "InvalidVpcID.NotFound", "vpc")?;
    dns(&network, wanted)?;
    policy(wanted)?;
    match wanted.kind {
        Kind::Gateway => {
            let service = service(caller, &network, wanted)?;
            return route_tables(world, caller, &network, wanted, &service, own);
        }
        Kind::Interface => {
            let service = service(caller, &network, wanted)?;
            interface(world, caller, &network, wanted, &service, own)?;
            subnets(1, &network, wanted, own)?;
        }
        Kind::Resource => {
            let zones = check_lattice::resource(world, caller, wanted)?;
            subnets(world.settings.addresses_per_endpoint, &network, wanted, own)?;
            check_lattice::common_zone(&network, wanted, &zones)?;
        }
        Kind::ServiceNetwork => {
            check_lattice::service_network(world, caller, wanted)?;
            subnets(world.settings.addresses_per_endpoint, &network, wanted, own)?;
        }
    }
    groups(&network, wanted)
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

/// "The policy must be in valid JSON format". \[botocore; AWS:ec2 error codes: `InvalidPolicyDocument`\]
fn policy(wanted: &Wanted) -> Result<(), Refusal> {
    let Some(policy) = &wanted.policy else { return Ok(()) };
    let object = serde_json::from_str::<serde_json::Value>(policy).is_ok_and(|value| value.is_object());
    if object && policy.len() <= POLICY_CEILING {
        return Ok(());
    }
    Err(refusal("InvalidPolicyDocument", "The specified policy document is not a valid JSON policy document."))
}

/// The service of that name and type.
fn service(caller: &Caller, network: &Network, wanted: &Wanted) -> Result<EndpointService, Refusal> {
    let Some(name) = &wanted.service_name else {
        return Err(refusal("MissingParameter", "The request must contain the parameter ServiceName"));
    };
    let region = wanted.service_region.as_ref().unwrap_or(&caller.region);
    let all = network.services_named(&caller.region, region, name);
    if all.is_empty() {
        return Err(services::unknown(name));
    }
    let kinds: Vec<String> = all.iter().map(|service| service.kind.clone()).collect();
    let service = all.into_iter().find(|service| service.kind == wanted.kind.name()).ok_or_else(|| {
        // [the words are in many reports of terraform-provider-aws's users]
        invalid(format!(
            "Endpoint type ({}) does not match available service types ([{}]).",
            wanted.kind.name(),
            kinds.join(", ")
        ))
    })?;
    if wanted.policy.is_some() && !service.policy_supported {
        // [botocore: VpcEndpointPolicySupported]
        return Err(invalid(format!("The service {name} does not support endpoint policies.")));
    }
    Ok(service)
}

fn interface(
    world: &World,
    caller: &Caller,
    network: &Network,
    wanted: &Wanted,
    service: &EndpointService,
    own: Option<&Endpoint>,
) -> Result<(), Refusal> {
    let name = service.name(&caller.region);
    let types: &[&str] = match wanted.ip_address_type.as_str() {
        "ipv4" => &["ipv4"],
        "ipv6" => &["ipv6"],
        "dualstack" => &["ipv4", "ipv6"],
        other => {
            return Err(refusal(
                "InvalidParameterValue",
                format!("Value ({other}) for parameter IpAddressType is invalid."),
            ));
        }
    };
    if let Some(lacking) = types.iter().find(|kind| !service.ip_address_types.iter().any(|known| known == *kind)) {
        // [botocore: SupportedIpAddressTypes]
        return Err(invalid(format!("The service {name} does not support {lacking}.")));
    }
    let elsewhere = service.region(&caller.region) != caller.region;
    let zones: BTreeSet<&str> = service.zones(network).into_values().collect();
    let stranger = network.subnets.iter().filter(|subnet| wanted.subnets.contains(&subnet.id)).find(|subnet| {
        let id = subnet.az_id.as_str();
        if elsewhere { WITHOUT_OTHER_REGIONS.contains(&id) } else { !zones.contains(id) }
    });
    if let Some(subnet) = stranger {
        return Err(invalid(format!(
            "The VPC endpoint service {name} does not support the availability zone of the subnet: {}.",
            subnet.id
        )));
    }
    if wanted.inbound_only == Some(true) {
        let gateway = world.endpoints.iter().any(|other| {
            other.live()
                && other.account == caller.account
                && other.wanted.vpc == wanted.vpc
                && other.wanted.kind == Kind::Gateway
                && other.wanted.service_name == wanted.service_name
        });
        if !gateway {
            // [terraform-provider-aws 32407, 33689]
            return Err(invalid(format!(
                "To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC {} must have a Gateway endpoint for the service.",
                wanted.vpc
            )));
        }
    }
    if wanted.private_dns { private_name(world, caller, wanted, service, own) } else { Ok(()) }
}

/// The private name can be used once the service has one that is verified, its owner accepted the endpoint, and no other
/// endpoint of the VPC has it. \[botocore: `PrivateDnsNameVerificationState`; terraform-provider-aws 7148, 17535\]
fn private_name(
    world: &World,
    caller: &Caller,
    wanted: &Wanted,
    service: &EndpointService,
    own: Option<&Endpoint>,
) -> Result<(), Refusal> {
    let name = service.name(&caller.region);
    let Some(private) = &service.private_dns_name else {
        return Err(invalid(format!(
            "Private DNS can't be enabled because the service {name} does not provide a private DNS name."
        )));
    };
    if service.private_dns_state != Verification::Verified {
        return Err(invalid(format!(
            "Private DNS can't be enabled because the service {name} has not verified the private DNS name."
        )));
    }
    let accepted = own.is_some_and(|own| matches!(own.state, State::Available | State::Pending));
    if service.acceptance_required && !accepted {
        return Err(invalid(format!(
            "Private DNS can only be enabled after the endpoint connection is accepted by the owner of {name}."
        )));
    }
    let clash = world.endpoints.iter().any(|other| {
        other.live()
            && own.is_none_or(|own| own.id != other.id)
            && other.account == caller.account
            && other.wanted.vpc == wanted.vpc
            && other.wanted.private_dns
            && world.dns_entries(other).iter().any(|(taken, _)| taken == private)
    });
    // Of a hosted zone that a person made no page has the words; Route 53's rule is the same. [AWS:Route53 ConflictingDomainExists]
    if clash || world.has_zone(caller, &wanted.vpc, private) {
        return Err(invalid(format!(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {private} in the VPC {}",
            wanted.vpc
        )));
    }
    Ok(())
}

/// One subnet per zone, in the VPC, in a zone that works, with a free address. \[botocore: `SubnetIds`; AWS:privatelink, vpc-lattice/ug/quotas\]
fn subnets(addresses: u32, network: &Network, wanted: &Wanted, own: Option<&Endpoint>) -> Result<(), Refusal> {
    if wanted.subnets.is_empty() && wanted.kind != Kind::Interface {
        return Err(refusal("MissingParameter", "The request must contain the parameter SubnetIds"));
    }
    let ids: Vec<&str> = wanted.subnets.iter().map(String::as_str).collect();
    all_known(&ids, |id| network.subnets.iter().any(|subnet| subnet.id == id), "InvalidSubnetID.NotFound", "subnet")?;
    let mut zones = BTreeSet::new();
    for subnet in network.subnets.iter().filter(|subnet| wanted.subnets.contains(&subnet.id)) {
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
        if wanted.kind != Kind::Interface && WITHOUT_LATTICE.contains(&subnet.az_id.as_str()) {
            return Err(invalid(format!("{} is in {}, which VPC Lattice does not support", subnet.id, subnet.az_id)));
        }
        let new = own.is_none_or(|own| !own.wanted.subnets.contains(&subnet.id));
        if new && subnet.free < addresses {
            // [AWS:ec2 error codes]
            return Err(refusal(
                "InsufficientFreeAddressesInSubnet",
                format!("The subnet {} has not enough free addresses", subnet.id),
            ));
        }
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

/// Route tables of the VPC that have no route to the service yet: a table has one per prefix list. \[AWS:privatelink/gateway-endpoints\]
fn route_tables(
    world: &World,
    caller: &Caller,
    network: &Network,
    wanted: &Wanted,
    service: &EndpointService,
    own: Option<&Endpoint>,
) -> Result<(), Refusal> {
    let ids: Vec<&str> = wanted.route_tables.iter().map(String::as_str).collect();
    let known = |id: &str| network.route_tables.iter().any(|table| table.id == id);
    all_known(&ids, known, "InvalidRouteTableId.NotFound", "routeTable")?;
    let list = prefix_list(&service.name(&caller.region));
    for table in network.route_tables.iter().filter(|table| ids.contains(&table.id.as_str())) {
        if table.vpc != wanted.vpc {
            return Err(invalid(format!("The route table {} does not belong to {}", table.id, wanted.vpc)));
        }
        let made = world.gateway_routes(caller, &table.id);
        let taken = table.routes.iter().any(|route| route.prefix_list.as_ref() == Some(&list))
            || made.iter().any(|(to, by)| *to == list && own.is_none_or(|own| own.id != *by));
        if taken {
            // Reports name this code and InvalidParameter for these words.
            return Err(refusal(
                "RouteAlreadyExists",
                format!("route table {} already has a route with destination-prefix-list-id {list}", table.id),
            ));
        }
    }
    Ok(())
}
