//! What is behind an endpoint.

use aws_sdk_ec2::error::ProvideErrorMetadata as _;
use aws_sdk_ec2::types::{DnsEntry, VpcEndpointAssociation};
use drawbridge_domain::Fault;
use drawbridge_domain::ids::{ResourceArn, VpcEndpointId};
use drawbridge_domain::network::EndpointAssociation;
use drawbridge_domain::ports::ReadEndpoint;
use drawbridge_domain::reach::{DnsName, DnsScope};
use drawbridge_sdk::{every_page, fault};

use crate::{Ec2, is_not_found};

const DESCRIBE: &str = "ec2:DescribeVpcEndpointAssociations";

/// The most that a page of this list can hold.
const PAGE: i32 = 100;

impl ReadEndpoint for Ec2 {
    async fn endpoint_associations(&self, id: &VpcEndpointId) -> Result<Vec<EndpointAssociation>, Fault> {
        every_page(DESCRIBE, async |token| {
            let request = self.0.describe_vpc_endpoint_associations().vpc_endpoint_ids(id.as_str());
            match request.set_next_token(token).max_results(PAGE).send().await {
                Ok(page) => {
                    let rows = page.vpc_endpoint_associations().iter();
                    Ok((rows.map(association).collect(), page.next_token.clone()))
                }
                // Reads lag: an endpoint that is not there yet, or no more, has nothing behind it.
                Err(error) if is_not_found(error.code()) => Ok((Vec::new(), None)),
                Err(error) => Err(fault(DESCRIBE, error)),
            }
        })
        .await
    }
}

pub(crate) fn association(row: &VpcEndpointAssociation) -> EndpointAssociation {
    let failure: Vec<_> =
        [row.failure_code(), row.failure_reason()].into_iter().flatten().filter(|words| !words.is_empty()).collect();
    let dns = [(DnsScope::Regional, row.dns_entry()), (DnsScope::Private, row.private_dns_entry())];
    EndpointAssociation {
        resource: row.associated_resource_arn().and_then(|arn| ResourceArn::parse(arn).ok()),
        accessibility: row.associated_resource_accessibility().map(str::to_owned),
        failure: (!failure.is_empty()).then(|| failure.join(": ")),
        dns: dns.into_iter().filter_map(|(scope, entry)| dns_name(scope, entry?)).collect(),
    }
}

fn dns_name(scope: DnsScope, entry: &DnsEntry) -> Option<DnsName> {
    let name = entry.dns_name().filter(|name| !name.is_empty())?.to_owned();
    let hosted_zone = entry.hosted_zone_id().filter(|zone| !zone.is_empty()).map(str::to_owned);
    Some(DnsName { scope, name, hosted_zone })
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::FaultName;
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    fn id() -> VpcEndpointId {
        VpcEndpointId::parse("vpce-0a").unwrap()
    }

    fn page(rows: &str, next: Option<&str>) -> Answer {
        let next = next.map_or(String::new(), |next| format!("<nextToken>{next}</nextToken>"));
        let set = format!("<vpcEndpointAssociationSet>{rows}</vpcEndpointAssociationSet>{next}");
        Answer::ok(&format!("<DescribeVpcEndpointAssociationsResponse>{set}</DescribeVpcEndpointAssociationsResponse>"))
    }

    #[tokio::test]
    async fn there_is_a_row_per_child_on_every_page() {
        let arn = |id: &str| format!("arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/{id}");
        let ready = format!(
            "<item><associatedResourceArn>{}</associatedResourceArn><associatedResourceAccessibility>Accessible</associatedResourceAccessibility>\
             <dnsEntry><dnsName>db-1.on.aws</dnsName><hostedZoneId>Z1</hostedZoneId></dnsEntry>\
             <privateDnsEntry><dnsName>db-1.redis.example</dnsName></privateDnsEntry></item>",
            arn("rcfg-1")
        );
        let failed = format!(
            "<item><associatedResourceArn>{}</associatedResourceArn><associatedResourceAccessibility>FAILED</associatedResourceAccessibility>\
             <failureCode>GATEWAY</failureCode><failureReason>No zone in common.</failureReason></item>",
            arn("rcfg-2")
        );
        let script = Script::new([page("", Some("t1")), page(&ready, Some("t2")), page(&failed, None)]);
        let seen = Ec2::new(&script.config()).endpoint_associations(&id()).await.unwrap();
        let dns = |scope, name: &str, zone: Option<&str>| DnsName {
            scope,
            name: name.to_owned(),
            hosted_zone: zone.map(str::to_owned),
        };
        assert_eq!(
            seen,
            [
                EndpointAssociation {
                    resource: Some(ResourceArn::parse(arn("rcfg-1")).unwrap()),
                    accessibility: Some("Accessible".to_owned()),
                    failure: None,
                    dns: vec![
                        dns(DnsScope::Regional, "db-1.on.aws", Some("Z1")),
                        dns(DnsScope::Private, "db-1.redis.example", None),
                    ],
                },
                EndpointAssociation {
                    resource: Some(ResourceArn::parse(arn("rcfg-2")).unwrap()),
                    accessibility: Some("FAILED".to_owned()),
                    failure: Some("GATEWAY: No zone in common.".to_owned()),
                    dns: Vec::new(),
                },
            ]
        );
        let body = &script.requests()[1].body;
        assert!(body.contains("VpcEndpointId.1=vpce-0a") && body.contains("NextToken=t1"), "{body}");
    }

    #[tokio::test]
    async fn nothing_is_behind_an_endpoint_that_is_not_there() {
        let script = Script::new([Answer::ec2_error(400, "InvalidVpcEndpointId.NotFound"), Answer::Cut]);
        let ec2 = Ec2::new(&script.config());
        assert_eq!(ec2.endpoint_associations(&id()).await.unwrap(), []);
        assert_eq!(ec2.endpoint_associations(&id()).await.unwrap_err().name, FaultName::ServiceUnavailable);
    }
}
