//! The services that endpoints lead to.

use aws_sdk_ec2::error::ProvideErrorMetadata as _;
use aws_sdk_ec2::types::{DnsNameState, ServiceDetail};
use drawbridge_domain::Fault;
use drawbridge_domain::ids::Service;
use drawbridge_domain::network::EndpointService;
use drawbridge_domain::ports::LookAtServices;
use drawbridge_sdk::{every_page, fault};

use crate::{Ec2, PAGE};

const SERVICES: &str = "ec2:DescribeVpcEndpointServices";

impl LookAtServices for Ec2 {
    async fn endpoint_services(&self, service: &Service) -> Result<Vec<EndpointService>, Fault> {
        every_page(SERVICES, async |token| {
            let request = self.0.describe_vpc_endpoint_services().service_names(service.name());
            let request = request.set_service_regions(service.region().map(|region| vec![region.to_owned()]));
            match request.set_next_token(token).max_results(PAGE).send().await {
                Ok(page) => {
                    let named = page.service_details().iter().filter(|row| row.service_name() == Some(service.name()));
                    Ok((named.flat_map(services).collect(), page.next_token.clone()))
                }
                // One that this account may not use does not exist for it, either.
                Err(error) if error.code() == Some("InvalidServiceName") => Ok((Vec::new(), None)),
                Err(error) => Err(fault(SERVICES, error)),
            }
        })
        .await
    }
}

/// A row has a list of types, though AWS shows S3 in two rows of one each.
fn services(row: &ServiceDetail) -> Vec<EndpointService> {
    let zones: Vec<String> = row.availability_zone_ids().iter().chain(row.availability_zones()).cloned().collect();
    let types = row.service_type().iter().filter_map(|of| of.service_type());
    types
        .map(|of| EndpointService {
            name: row.service_name().unwrap_or_default().to_owned(),
            service_type: of.as_str().to_owned(),
            zones: zones.clone(),
            owner: row.owner().unwrap_or_default().to_owned(),
            private_dns_name: row.private_dns_name().filter(|name| !name.is_empty()).map(str::to_owned),
            private_dns_names: row
                .private_dns_names()
                .iter()
                .filter_map(|name| name.private_dns_name().map(str::to_owned))
                .collect(),
            private_dns_state: row.private_dns_name_verification_state().map(DnsNameState::as_str).map(str::to_owned),
            acceptance_required: row.acceptance_required().unwrap_or_default(),
            policy_supported: row.vpc_endpoint_policy_supported().unwrap_or_default(),
            address_families: row
                .supported_ip_address_types()
                .iter()
                .map(|family| family.as_str().to_owned())
                .collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::FaultName;
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    const NAME: &str = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a";

    fn page(rows: &str, next: &str) -> Answer {
        let set = format!("<serviceDetailSet>{rows}</serviceDetailSet><nextToken>{next}</nextToken>");
        Answer::ok(&format!("<DescribeVpcEndpointServicesResponse>{set}</DescribeVpcEndpointServicesResponse>"))
    }

    fn row(name: &str, of: &str, more: &str) -> String {
        let of = format!("<serviceType><item><serviceType>{of}</serviceType></item></serviceType>");
        format!("<item><serviceName>{name}</serviceName>{of}{more}</item>")
    }

    #[tokio::test]
    async fn a_service_is_there_once_for_each_type() {
        let more = "<availabilityZoneIdSet><item>euw1-az1</item></availabilityZoneIdSet>\
                    <availabilityZoneSet><item>eu-west-1a</item></availabilityZoneSet><owner>444455556666</owner>\
                    <privateDnsName>db.example.com</privateDnsName>\
                    <privateDnsNameSet><item><privateDnsName>*.db.example.com</privateDnsName></item>\
                    <item><privateDnsName>db.example.com</privateDnsName></item><item/></privateDnsNameSet>\
                    <supportedIpAddressTypeSet><item>ipv6</item></supportedIpAddressTypeSet>\
                    <privateDnsNameVerificationState>pendingVerification</privateDnsNameVerificationState>\
                    <vpcEndpointPolicySupported>true</vpcEndpointPolicySupported><acceptanceRequired>true</acceptanceRequired>";
        let rows = [row(NAME, "Interface", more), row("com.amazonaws.other.s3", "Interface", "")].concat();
        let script = Script::new([page(&rows, "t1"), page(&row(NAME, "Gateway", ""), "")]);
        let service = Service::parse(format!("{NAME}@eu-west-1")).unwrap();
        let seen = Ec2::new(&script.config()).endpoint_services(&service).await.unwrap();
        assert_eq!(
            seen[0],
            EndpointService {
                name: NAME.to_owned(),
                service_type: "Interface".to_owned(),
                zones: vec!["euw1-az1".to_owned(), "eu-west-1a".to_owned()],
                owner: "444455556666".to_owned(),
                private_dns_name: Some("db.example.com".to_owned()),
                private_dns_names: vec!["*.db.example.com".to_owned(), "db.example.com".to_owned()],
                private_dns_state: Some("pendingVerification".to_owned()),
                acceptance_required: true,
                policy_supported: true,
                address_families: vec!["ipv6".to_owned()],
            }
        );
        assert_eq!(
            (seen.len(), seen[1].service_type.as_str(), seen[1].private_dns_name.as_ref()),
            (2, "Gateway", None)
        );
        let requests = script.requests();
        assert!(requests[0].body.contains(&format!("ServiceName.1={NAME}&")), "{}", requests[0].body);
        assert!(requests[0].body.contains("ServiceRegion.1=eu-west-1"), "{}", requests[0].body);
        assert!(requests[1].body.contains("NextToken=t1"), "{}", requests[1].body);
    }

    #[tokio::test]
    async fn one_that_does_not_exist_or_is_not_allowed_is_not_there() {
        let service = Service::parse(NAME).unwrap();
        let script = Script::new([
            Answer::ec2_error(400, "InvalidServiceName"),
            Answer::ec2_error(403, "UnauthorizedOperation"),
        ]);
        let ec2 = Ec2::new(&script.config());
        assert_eq!(ec2.endpoint_services(&service).await.unwrap(), []);
        assert!(!script.requests()[0].body.contains("ServiceRegion"));
        assert_eq!(ec2.endpoint_services(&service).await.unwrap_err().name, FaultName::AccessDenied);
    }
}
