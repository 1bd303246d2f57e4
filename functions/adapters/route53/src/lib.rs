//! Route 53: the private hosted zones that a VPC's resolver answers from.

use aws_sdk_route53::Client;
use aws_sdk_route53::types::{HostedZoneSummary, VpcRegion};
use aws_types::SdkConfig;
use drawbridge_domain::Fault;
use drawbridge_domain::ids::{Region, VpcId};
use drawbridge_domain::network::HostedZone;
use drawbridge_domain::ports::HostedZones;
use drawbridge_sdk::{BadRow, every_page, fault, field, usable};

const LIST: &str = "route53:ListHostedZonesByVPC";

/// The most that a page can hold.
const PAGE: i32 = 100;

/// Route 53, seen from the account that connects. The client is made with the first question: most connections ask none.
#[derive(Debug, Clone)]
pub struct Route53(SdkConfig);

impl Route53 {
    /// With this configuration.
    #[must_use]
    pub fn new(sdk: &SdkConfig) -> Self {
        Self(sdk.clone())
    }
}

impl HostedZones for Route53 {
    async fn hosted_zones(&self, vpc: &VpcId, region: &Region) -> Result<Vec<HostedZone>, Fault> {
        let client = Client::new(&self.0);
        every_page(LIST, async |token| {
            let request = client.list_hosted_zones_by_vpc().vpc_id(vpc.as_str());
            let request = request.vpc_region(VpcRegion::from(region.as_str())).max_items(PAGE);
            let page = request.set_next_token(token).send().await.map_err(|error| fault(LIST, error))?;
            Ok((
                page.hosted_zone_summaries().iter().filter_map(|row| usable(LIST, zone(row))).collect(),
                page.next_token,
            ))
        })
        .await
    }
}

fn zone(row: &HostedZoneSummary) -> Result<HostedZone, BadRow> {
    let owner = field(row.owner(), "Owner")?;
    Ok(HostedZone {
        id: row.hosted_zone_id().to_owned(),
        name: row.name().to_owned(),
        account: owner.owning_account().map(str::to_owned),
        service: owner.owning_service().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::FaultName;
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    async fn look(script: &Script) -> Result<Vec<HostedZone>, Fault> {
        let (vpc, region) = (VpcId::parse("vpc-0a").unwrap(), Region::parse("eu-west-1").unwrap());
        Route53::new(&script.config()).hosted_zones(&vpc, &region).await
    }

    fn page(rows: &[&str], next: &str) -> Answer {
        Answer::ok(&format!(
            "<ListHostedZonesByVPCResponse><HostedZoneSummaries>{}</HostedZoneSummaries><MaxItems>100</MaxItems>{next}\
             </ListHostedZonesByVPCResponse>",
            rows.concat()
        ))
    }

    fn row(name: &str, owner: &str) -> String {
        let owner = format!("<Owner>{owner}</Owner>");
        format!("<HostedZoneSummary><HostedZoneId>Z1</HostedZoneId><Name>{name}</Name>{owner}</HostedZoneSummary>")
    }

    #[tokio::test]
    async fn every_page_of_a_vpc_s_zones_is_read() {
        let script = Script::new([
            page(&[&row("example.com.", "<OwningAccount>111122223333</OwningAccount>")], "<NextToken>t+1</NextToken>"),
            page(&[], "<NextToken>t2</NextToken>"),
            page(
                &[&row("efs.example.com.", "<OwningService>efs.amazonaws.com</OwningService>"), &row("a.com", "")],
                "",
            ),
        ]);
        let zone = |name: &str, account: Option<&str>, service: Option<&str>| HostedZone {
            id: "Z1".to_owned(),
            name: name.to_owned(),
            account: account.map(str::to_owned),
            service: service.map(str::to_owned),
        };
        let found = look(&script).await.unwrap();
        assert_eq!(
            found,
            [
                zone("example.com.", Some("111122223333"), None),
                zone("efs.example.com.", None, Some("efs.amazonaws.com")),
                zone("a.com", None, None),
            ]
        );
        let asked = script.requests();
        let first = "/2013-04-01/hostedzonesbyvpc?vpcid=vpc-0a&vpcregion=eu-west-1&maxitems=100";
        assert_eq!((asked[0].method.as_str(), asked[0].path.as_str()), ("GET", first));
        assert!(asked[1].path.contains("nexttoken=t%2B1") && asked[2].path.contains("nexttoken=t2"), "{asked:?}");
    }

    #[tokio::test]
    async fn refusals_have_their_names() {
        let refused = |status, code: &str| {
            let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>AWS's words.</Message></Error>");
            Answer::Says(status, None, format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"))
        };
        for (status, code, name) in [
            (403, "AccessDenied", FaultName::AccessDenied),
            (400, "Throttling", FaultName::Throttled),
            (400, "InvalidInput", FaultName::InvalidRequest),
            (500, "InternalFailure", FaultName::ServiceUnavailable),
        ] {
            let fault = look(&Script::new([refused(status, code)])).await.unwrap_err();
            assert_eq!(fault.name, name, "{fault}");
            assert!(fault.message.contains("route53:ListHostedZonesByVPC") && fault.message.contains(code), "{fault}");
        }
    }
}
