//! The plan of an endpoint in `CreateVpcEndpoint`'s words.

use aws_sdk_ec2::operation::create_vpc_endpoint::builders::CreateVpcEndpointFluentBuilder as Request;
use aws_sdk_ec2::types::{DnsOptionsSpecification, VpcEndpointType};
use drawbridge_domain::connection::{PlannedCall, PlannedDns};
use drawbridge_domain::ids::{SecurityGroupId, SubnetId, VpcId};

/// The request with what the plan says; none if the plan is of something that is no endpoint.
pub(crate) fn fill(request: Request, call: &PlannedCall) -> Option<Request> {
    Some(match call {
        PlannedCall::ResourceEndpoint { resource, vpc, subnets, security_groups, private_dns } => {
            let request = request.vpc_endpoint_type(VpcEndpointType::Resource);
            let request = request.resource_configuration_arn(resource.as_str());
            with_dns(standing(request, vpc, subnets, security_groups), private_dns)
        }
        PlannedCall::ServiceNetworkEndpoint { service_network, vpc, subnets, security_groups, private_dns } => {
            let request = request.vpc_endpoint_type(VpcEndpointType::ServiceNetwork);
            let request = request.service_network_arn(service_network.as_str());
            with_dns(standing(request, vpc, subnets, security_groups), private_dns)
        }
        PlannedCall::InterfaceEndpoint { service, vpc, subnets, security_groups, private_dns, policy } => {
            let request = request.vpc_endpoint_type(VpcEndpointType::Interface);
            let request = request.service_name(service.name()).set_service_region(service.region().map(str::to_owned));
            let request = standing(request, vpc, subnets, security_groups);
            // Said either way: EC2's own default is not the same for every service.
            request.private_dns_enabled(*private_dns).set_policy_document(policy.clone())
        }
        PlannedCall::GatewayEndpoint { service, vpc, route_tables, policy, .. } => {
            let request = request.vpc_endpoint_type(VpcEndpointType::Gateway);
            let request = request.service_name(service.name()).vpc_id(vpc.as_str());
            let request = request.set_route_table_ids(Some(route_tables.iter().map(ToString::to_string).collect()));
            request.set_policy_document(policy.clone())
        }
        PlannedCall::ServiceNetworkResource { .. } => return None,
    })
}

/// In these subnets, behind these groups.
fn standing(request: Request, vpc: &VpcId, subnets: &[SubnetId], groups: &[SecurityGroupId]) -> Request {
    let request = request.vpc_id(vpc.as_str());
    let request = request.set_subnet_ids(Some(subnets.iter().map(ToString::to_string).collect()));
    request.set_security_group_ids(Some(groups.iter().map(ToString::to_string).collect()))
}

fn with_dns(request: Request, dns: &PlannedDns) -> Request {
    request.private_dns_enabled(dns.enabled).set_dns_options(dns_options(dns))
}

/// Only where it says something: EC2 takes it with private DNS alone.
fn dns_options(dns: &PlannedDns) -> Option<DnsOptionsSpecification> {
    let domains = (!dns.domains.is_empty()).then(|| dns.domains.clone());
    (dns.enabled && (dns.preference.is_some() || domains.is_some())).then(|| {
        DnsOptionsSpecification::builder()
            .set_private_dns_preference(dns.preference.clone())
            .set_private_dns_specified_domains(domains)
            .build()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use drawbridge_domain::ids::{ResourceArn, RouteTableId, Service};
    use drawbridge_domain::ports::MakeEndpoint as _;
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;
    use crate::Ec2;

    async fn asked(call: &PlannedCall) -> String {
        let made = "<vpcEndpoint><vpcEndpointId>vpce-0a</vpcEndpointId></vpcEndpoint>";
        let script =
            Script::new([Answer::ok(&format!("<CreateVpcEndpointResponse>{made}</CreateVpcEndpointResponse>"))]);
        Ec2::new(&script.config()).create(call, "conn-1-g1", &BTreeMap::new()).await.unwrap();
        script.requests()[0].body.clone()
    }

    fn place() -> (VpcId, Vec<SubnetId>, Vec<SecurityGroupId>) {
        let vpc = VpcId::parse("vpc-0a").unwrap();
        (vpc, vec![SubnetId::parse("subnet-1").unwrap()], vec![SecurityGroupId::parse("sg-1").unwrap()])
    }

    fn has(body: &str, parts: &[&str], without: &[&str]) {
        for part in parts {
            assert!(body.contains(part), "{part} is not in {body}");
        }
        for part in without {
            assert!(!body.contains(part), "{part} is in {body}");
        }
    }

    #[tokio::test]
    async fn a_service_network_endpoint() {
        let (vpc, subnets, security_groups) = place();
        let arn = "arn:aws:vpc-lattice:us-east-1:444455556666:servicenetwork/sn-0a";
        let service_network = ResourceArn::parse(arn).unwrap();
        let private_dns = PlannedDns { enabled: true, preference: Some("ALL_DOMAINS".to_owned()), domains: Vec::new() };
        let call = PlannedCall::ServiceNetworkEndpoint { service_network, vpc, subnets, security_groups, private_dns };
        has(
            &asked(&call).await,
            &[
                "VpcEndpointType=ServiceNetwork",
                "ServiceNetworkArn=arn%3Aaws",
                "SubnetId.1=subnet-1",
                "SecurityGroupId.1=sg-1",
                "PrivateDnsEnabled=true",
                "DnsOptions.PrivateDnsPreference=ALL_DOMAINS",
            ],
            &["ResourceConfigurationArn", "ServiceName="],
        );
    }

    #[tokio::test]
    async fn an_interface_endpoint_here_and_to_another_region() {
        let (vpc, subnets, security_groups) = place();
        let call = |service: &str, private_dns, policy: Option<&str>| PlannedCall::InterfaceEndpoint {
            service: Service::parse(service).unwrap(),
            vpc: vpc.clone(),
            subnets: subnets.clone(),
            security_groups: security_groups.clone(),
            private_dns,
            policy: policy.map(str::to_owned),
        };
        has(
            &asked(&call("com.amazonaws.us-east-1.sqs", true, Some("{\"Statement\":[]}"))).await,
            &[
                "VpcEndpointType=Interface",
                "ServiceName=com.amazonaws.us-east-1.sqs",
                "SubnetId.1=subnet-1",
                "SecurityGroupId.1=sg-1",
                "PrivateDnsEnabled=true",
                "PolicyDocument=%7B%22Statement",
            ],
            &["ServiceRegion", "DnsOptions"],
        );
        has(
            &asked(&call("com.amazonaws.vpce.eu-west-1.vpce-svc-0a@eu-west-1", false, None)).await,
            &[
                "ServiceName=com.amazonaws.vpce.eu-west-1.vpce-svc-0a&",
                "ServiceRegion=eu-west-1",
                "PrivateDnsEnabled=false",
            ],
            &["PolicyDocument", "%40"],
        );
    }

    #[tokio::test]
    async fn a_gateway_endpoint() {
        let call = PlannedCall::GatewayEndpoint {
            service: Service::parse("com.amazonaws.us-east-1.s3").unwrap(),
            vpc: place().0,
            route_tables: vec![RouteTableId::parse("rtb-1").unwrap(), RouteTableId::parse("rtb-2").unwrap()],
            chosen_by: None,
            policy: None,
        };
        has(
            &asked(&call).await,
            &[
                "VpcEndpointType=Gateway",
                "ServiceName=com.amazonaws.us-east-1.s3",
                "RouteTableId.1=rtb-1",
                "RouteTableId.2=rtb-2",
            ],
            &["SubnetId", "SecurityGroupId", "PrivateDnsEnabled", "PolicyDocument"],
        );
    }
}
