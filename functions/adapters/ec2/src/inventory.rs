//! VPC endpoints in bulk: one call for many.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, VpcEndpoint};
use drawbridge_domain::connection::PlannedDns;
use drawbridge_domain::ids::{SecurityGroupId, SubnetId, VpcEndpointId};
use drawbridge_domain::inventory::{ListEndpoints, ListedEndpoint};
use drawbridge_domain::network::EndpointAssociation;
use drawbridge_domain::ports::LookAtPrivateNames;
use drawbridge_domain::reach::DnsScope;
use drawbridge_domain::{Fault, Timestamp};
use drawbridge_sdk::{BadRow, every_page, fault, usable};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::associations::association;
use crate::endpoints::endpoint;
use crate::{Ec2, PAGE, filter};

const ENDPOINTS: &str = "ec2:DescribeVpcEndpoints";
const BEHIND: &str = "ec2:DescribeVpcEndpointAssociations";

/// The most that a page of the associations can hold.
const PAGE_OF_ROWS: i32 = 100;
/// The most values of one filter. [`AWS:ec2/userguide/Using_Filtering`]
const VALUES: usize = 200;
/// How many lists of associations are read at once: an endpoint has one row for each database, and a page 100 rows. Of
/// endpoints one list after another is soon enough, and less code.
const AT_ONCE: usize = 4;

impl ListEndpoints for Ec2 {
    async fn listed_with(&self, key: &str, value: &str) -> Result<Vec<ListedEndpoint>, Fault> {
        let mut found = self.list(filter(format!("tag:{key}"), [value])).await?;
        // A filter takes `*` and `?` for wildcards; a tag is ours only if it is equal.
        found.retain(|listed| listed.endpoint.tags.get(key).is_some_and(|tag| tag == value));
        Ok(found)
    }

    async fn listed(&self, ids: &[VpcEndpointId]) -> Result<Vec<ListedEndpoint>, Fault> {
        let mut found = Vec::new();
        for ids in ids.chunks(VALUES) {
            found.extend(self.list(filter("vpc-endpoint-id", ids)).await?);
        }
        Ok(found)
    }

    async fn behind(&self, ids: &[VpcEndpointId]) -> Result<BTreeMap<VpcEndpointId, Vec<EndpointAssociation>>, Fault> {
        let lists = stream::iter(ids.chunks(VALUES))
            .map(|ids| self.rows(filter("vpc-endpoint-id", ids)))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<_>>();
        let mut behind: BTreeMap<VpcEndpointId, Vec<EndpointAssociation>> = BTreeMap::new();
        for (id, row) in lists.await?.into_iter().flatten() {
            behind.entry(id).or_default().push(row);
        }
        Ok(behind)
    }
}

impl LookAtPrivateNames for Ec2 {
    async fn private_names(&self, ids: &[VpcEndpointId]) -> Result<Vec<(VpcEndpointId, String)>, Fault> {
        let mut names = Vec::new();
        for ids in ids.chunks(VALUES) {
            let rows = self.rows(filter("vpc-endpoint-id", ids)).await?;
            let private = |row: EndpointAssociation| row.dns.into_iter().filter(|dns| dns.scope == DnsScope::Private);
            names.extend(rows.into_iter().flat_map(|(id, row)| private(row).map(move |dns| (id.clone(), dns.name))));
        }
        Ok(names)
    }
}

impl Ec2 {
    async fn list(&self, filter: Filter) -> Result<Vec<ListedEndpoint>, Fault> {
        let mut found = every_page(ENDPOINTS, async |token| {
            let request = self.0.describe_vpc_endpoints().filters(filter.clone());
            let page = request.set_next_token(token).max_results(PAGE).send().await;
            let page = page.map_err(|error| fault(ENDPOINTS, error))?;
            let rows = page.vpc_endpoints().iter().filter_map(|row| usable(ENDPOINTS, listed(row)));
            Ok((rows.collect(), page.next_token.clone()))
        })
        .await?;
        found.retain(|listed: &ListedEndpoint| !listed.endpoint.is_deleted());
        Ok(found)
    }

    async fn rows(&self, filter: Filter) -> Result<Vec<(VpcEndpointId, EndpointAssociation)>, Fault> {
        every_page(BEHIND, async |token| {
            let request = self.0.describe_vpc_endpoint_associations().filters(filter.clone());
            let page = request.set_next_token(token).max_results(PAGE_OF_ROWS).send().await;
            let page = page.map_err(|error| fault(BEHIND, error))?;
            let rows = page.vpc_endpoint_associations().iter().filter_map(|row| {
                let id = VpcEndpointId::parse(row.vpc_endpoint_id().unwrap_or_default()).map_err(BadRow::from);
                Some((usable(BEHIND, id)?, association(row)))
            });
            Ok((rows.collect(), page.next_token.clone()))
        })
        .await
    }
}

fn listed(row: &VpcEndpoint) -> Result<ListedEndpoint, BadRow> {
    let options = row.dns_options();
    let words = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(ListedEndpoint {
        endpoint: endpoint(row)?,
        created: row
            .creation_timestamp()
            .and_then(|at| Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).unwrap_or(0)).ok()),
        subnets: row.subnet_ids().iter().filter_map(|id| SubnetId::parse(id).ok()).collect(),
        security_groups: row
            .groups()
            .iter()
            .filter_map(|group| SecurityGroupId::parse(group.group_id().unwrap_or_default()).ok())
            .collect(),
        private_dns: PlannedDns {
            enabled: row.private_dns_enabled().unwrap_or_default(),
            preference: options.and_then(|options| options.private_dns_preference()).and_then(words),
            domains: options.map(|options| options.private_dns_specified_domains().to_vec()).unwrap_or_default(),
        },
        group_names: row
            .groups()
            .iter()
            .filter_map(|group| Some((SecurityGroupId::parse(group.group_id()?).ok()?, group.group_name()?.to_owned())))
            .collect(),
        policy: row.policy_document().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::FaultName;
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    fn id(text: &str) -> VpcEndpointId {
        VpcEndpointId::parse(text).unwrap()
    }

    fn endpoints(rows: &str, next: Option<&str>) -> Answer {
        let next = next.map_or(String::new(), |next| format!("<nextToken>{next}</nextToken>"));
        Answer::ok(&format!(
            "<DescribeVpcEndpointsResponse><vpcEndpointSet>{rows}</vpcEndpointSet>{next}</DescribeVpcEndpointsResponse>"
        ))
    }

    fn row(id: &str, installation: &str) -> String {
        format!(
            "<item><vpcEndpointId>{id}</vpcEndpointId><vpcId>vpc-0a</vpcId><state>Available</state>\
             <subnetIdSet><item>subnet-0a</item></subnetIdSet><groupSet><item><groupId>sg-0a</groupId><groupName>web</groupName></item></groupSet>\
             <policyDocument>{{}}</policyDocument>\
             <privateDnsEnabled>true</privateDnsEnabled><creationTimestamp>2026-11-20T11:00:00.000Z</creationTimestamp>\
             <dnsOptions><privateDnsPreference>ALL_DOMAINS</privateDnsPreference></dnsOptions>\
             <tagSet><item><key>drawbridge:installation</key><value>{installation}</value></item></tagSet></item>"
        )
    }

    #[tokio::test]
    async fn everything_with_a_tag_is_one_list() {
        let script = Script::new([
            endpoints(&row("vpce-1", "drawbridge"), Some("t1")),
            endpoints(&(row("vpce-2", "drawbridges") + &row("vpce-3", "drawbridge")), None),
        ]);
        let found = Ec2::new(&script.config()).listed_with("drawbridge:installation", "drawbridge").await.unwrap();
        let ids: Vec<_> = found.iter().map(|listed| listed.endpoint.id.as_str()).collect();
        assert_eq!(ids, ["vpce-1", "vpce-3"]);
        assert_eq!(found[0].created, Some("2026-11-20T11:00:00Z".parse().unwrap()));
        assert_eq!((found[0].subnets[0].as_str(), found[0].security_groups[0].as_str()), ("subnet-0a", "sg-0a"));
        assert_eq!(found[0].policy.as_deref(), Some("{}"));
        assert_eq!(found[0].group_names, [(SecurityGroupId::parse("sg-0a").unwrap(), "web".to_owned())]);
        let dns = &found[0].private_dns;
        assert_eq!((dns.enabled, dns.preference.as_deref(), dns.domains.len()), (true, Some("ALL_DOMAINS"), 0));
        assert!(script.requests()[0].body.contains("MaxResults=1000"), "{}", script.requests()[0].body);
    }

    #[tokio::test]
    async fn many_ids_are_few_calls_and_one_that_does_not_exist_spoils_none() {
        let script = Script::new([endpoints(&row("vpce-1", "x"), None), endpoints("", None)]);
        let ids: Vec<_> = (0..201).map(|n| id(&format!("vpce-{n}"))).collect();
        let found = Ec2::new(&script.config()).listed(&ids).await.unwrap();
        assert_eq!((found.len(), script.requests().len()), (1, 2));
        assert!(script.requests()[0].body.contains("Filter.1.Name=vpc-endpoint-id&Filter.1.Value.1=vpce-0"));
        assert!(Ec2::new(&script.config()).listed(&[]).await.unwrap().is_empty(), "nothing is asked of nothing");
    }

    #[tokio::test]
    async fn private_names_are_those_of_what_is_behind() {
        let entry = |name: &str| format!("<privateDnsEntry><dnsName>{name}</dnsName></privateDnsEntry>");
        let item = |endpoint: &str, more: &str| {
            let own = "<dnsEntry><dnsName>own.on.aws</dnsName></dnsEntry>";
            format!("<item><vpcEndpointId>{endpoint}</vpcEndpointId>{own}{more}</item>")
        };
        let rows =
            [item("vpce-1", &entry("a.example.com")), item("vpce-1", ""), item("vpce-2", &entry("b.example.com"))];
        let set = format!("<vpcEndpointAssociationSet>{}</vpcEndpointAssociationSet>", rows.concat());
        let script = Script::new([Answer::ok(&format!(
            "<DescribeVpcEndpointAssociationsResponse>{set}</DescribeVpcEndpointAssociationsResponse>"
        ))]);
        let ec2 = Ec2::new(&script.config());
        let names = ec2.private_names(&[id("vpce-1"), id("vpce-2")]).await.unwrap();
        let wanted = [(id("vpce-1"), "a.example.com".to_owned()), (id("vpce-2"), "b.example.com".to_owned())];
        assert_eq!(names, wanted);
        assert!(script.requests()[0].body.contains("Filter.1.Name=vpc-endpoint-id&Filter.1.Value.1=vpce-1"));
    }

    #[tokio::test]
    async fn what_is_behind_each_is_told_apart() {
        let arn = |id: &str| format!("arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/{id}");
        let item = |endpoint: &str, child: &str| {
            format!(
                "<item><vpcEndpointId>{endpoint}</vpcEndpointId><associatedResourceArn>{}</associatedResourceArn></item>",
                arn(child)
            )
        };
        let page = |rows: &str, next: &str| {
            let set = format!("<vpcEndpointAssociationSet>{rows}</vpcEndpointAssociationSet>{next}");
            Answer::ok(&format!(
                "<DescribeVpcEndpointAssociationsResponse>{set}</DescribeVpcEndpointAssociationsResponse>"
            ))
        };
        let script = Script::new([
            page(&(item("vpce-1", "rcfg-1") + &item("vpce-2", "rcfg-2") + "<item/>"), "<nextToken>t</nextToken>"),
            page(&item("vpce-1", "rcfg-3"), ""),
            Answer::ec2_error(403, "UnauthorizedOperation"),
        ]);
        let ec2 = Ec2::new(&script.config());
        let behind = ec2.behind(&[id("vpce-1"), id("vpce-2"), id("vpce-3")]).await.unwrap();
        let counts: Vec<_> = behind.iter().map(|(id, rows)| (id.as_str(), rows.len())).collect();
        assert_eq!(counts, [("vpce-1", 2), ("vpce-2", 1)]);
        assert_eq!(ec2.behind(&[id("vpce-1")]).await.unwrap_err().name, FaultName::AccessDenied);
    }
}
