//! Route tables.

use aws_sdk_ec2::types::{Route, RouteState};
use drawbridge_domain::Fault;
use drawbridge_domain::ids::{RouteTableId, SubnetId, VpcId};
use drawbridge_domain::network::{PrefixRoute, RouteTable};
use drawbridge_domain::ports::LookAtRoutes;
use drawbridge_sdk::{BadRow, every_page, fault, field, usable};

use crate::{Ec2, filter};

const TABLES: &str = "ec2:DescribeRouteTables";

/// The most that a page of this list can hold [botocore].
const PAGE: i32 = 100;

impl LookAtRoutes for Ec2 {
    async fn route_tables_of(&self, vpc: &VpcId) -> Result<Vec<RouteTable>, Fault> {
        self.read_route_tables("vpc-id", std::slice::from_ref(vpc)).await
    }

    async fn route_tables(&self, ids: &[RouteTableId]) -> Result<Vec<RouteTable>, Fault> {
        self.read_route_tables("route-table-id", ids).await
    }
}

impl Ec2 {
    async fn read_route_tables(&self, by: &str, values: &[impl ToString]) -> Result<Vec<RouteTable>, Fault> {
        // A filter without a value is refused.
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<_> = values.iter().map(ToString::to_string).collect();
        every_page(TABLES, async |token| {
            let request = self.0.describe_route_tables().filters(filter(by, &values));
            let page = request.set_next_token(token).max_results(PAGE).send().await;
            let page = page.map_err(|error| fault(TABLES, error))?;
            Ok((page.route_tables().iter().filter_map(|row| usable(TABLES, table(row))).collect(), page.next_token))
        })
        .await
    }
}

fn table(row: &aws_sdk_ec2::types::RouteTable) -> Result<RouteTable, BadRow> {
    let associations = row.associations();
    Ok(RouteTable {
        id: RouteTableId::parse(field(row.route_table_id(), "routeTableId")?)?,
        vpc: VpcId::parse(field(row.vpc_id(), "vpcId")?)?,
        main: associations.iter().any(|association| association.main() == Some(true)),
        subnets: associations
            .iter()
            .filter_map(|association| association.subnet_id())
            .filter_map(|id| SubnetId::parse(id).ok())
            .collect(),
        routes: row.routes().iter().filter_map(prefix_route).collect(),
    })
}

fn prefix_route(route: &Route) -> Option<PrefixRoute> {
    Some(PrefixRoute {
        prefix_list: route.destination_prefix_list_id()?.to_owned(),
        gateway: route.gateway_id()?.to_owned(),
        state: route.state().map_or("unknown", RouteState::as_str).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    fn page(rows: &str, next: &str) -> Answer {
        let set = format!("<routeTableSet>{rows}</routeTableSet><nextToken>{next}</nextToken>");
        Answer::ok(&format!("<DescribeRouteTablesResponse>{set}</DescribeRouteTablesResponse>"))
    }

    #[tokio::test]
    async fn a_route_table_is_seen_with_its_subnets_and_its_routes_to_prefix_lists() {
        let routes = "<item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state></item>\
                      <item><destinationPrefixListId>pl-0a</destinationPrefixListId><gatewayId>vpce-0a</gatewayId><state>active</state></item>";
        let row = format!(
            "<item><routeTableId>rtb-0a</routeTableId><vpcId>vpc-0a</vpcId><routeSet>{routes}</routeSet><associationSet>\
             <item><main>true</main></item><item><main>false</main><subnetId>subnet-0a</subnetId></item></associationSet></item>"
        );
        let script = Script::new([page("", "t1"), page(&row, "")]);
        let seen = Ec2::new(&script.config()).route_tables_of(&VpcId::parse("vpc-0a").unwrap()).await.unwrap();
        assert_eq!(
            seen,
            [RouteTable {
                id: RouteTableId::parse("rtb-0a").unwrap(),
                vpc: VpcId::parse("vpc-0a").unwrap(),
                main: true,
                subnets: vec![SubnetId::parse("subnet-0a").unwrap()],
                routes: vec![PrefixRoute {
                    prefix_list: "pl-0a".to_owned(),
                    gateway: "vpce-0a".to_owned(),
                    state: "active".to_owned(),
                }],
            }]
        );
        assert!(script.requests()[1].body.contains("NextToken=t1"));
    }

    #[tokio::test]
    async fn what_is_listed_is_looked_up_by_filter() {
        let script = Script::new([page("", "")]);
        let ec2 = Ec2::new(&script.config());
        assert_eq!(ec2.route_tables(&[]).await.unwrap(), []);
        assert_eq!(ec2.route_tables(&[RouteTableId::parse("rtb-0a").unwrap()]).await.unwrap(), []);
        let body = &script.requests()[0].body;
        assert!(body.contains("Filter.1.Name=route-table-id&Filter.1.Value.1=rtb-0a"), "{body}");
    }
}
