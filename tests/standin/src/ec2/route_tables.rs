//! Route tables, with the routes that Gateway endpoints make.

use super::filters::Filters;
use super::{Outcome, Params, all_known, asked, part, tags};
use crate::ids;
use crate::request::Caller;
use crate::wire::Xml;
use crate::world::World;
use crate::world::network::Network;
use crate::world::routes::RouteTable;

/// Those of the documented filters that the stand-in has. \[botocore: `DescribeRouteTables`\]
const FILTERS: &[&str] = &[
    "vpc-id",
    "route-table-id",
    "owner-id",
    "association.subnet-id",
    "association.route-table-id",
    "association.main",
    "route.destination-prefix-list-id",
    "route.gateway-id",
    "tag-key",
];

/// One route as it goes onto the wire.
struct Seen {
    destination: &'static str,
    to: String,
    gateway: String,
    origin: &'static str,
}

/// The local route of each block, the seeded ones, and those of Gateway endpoints. \[AWS:privatelink/gateway-endpoints\]
fn routes(world: &World, caller: &Caller, network: &Network, table: &RouteTable) -> Vec<Seen> {
    let mut all = Vec::new();
    if let Some(vpc) = network.vpc(&table.vpc) {
        all.extend(std::iter::once(&vpc.cidr).chain(&vpc.more_cidrs).map(|cidr| Seen {
            destination: "destinationCidrBlock",
            to: cidr.clone(),
            gateway: "local".to_owned(),
            origin: "CreateRouteTable",
        }));
    }
    for route in &table.routes {
        let (destination, to) = match (&route.cidr, &route.prefix_list) {
            (Some(cidr), _) => ("destinationCidrBlock", cidr),
            (None, Some(list)) => ("destinationPrefixListId", list),
            (None, None) => continue,
        };
        all.push(Seen { destination, to: to.clone(), gateway: route.gateway.clone(), origin: "CreateRoute" });
    }
    all.extend(world.gateway_routes(caller, &table.id).into_iter().map(|(to, gateway)| Seen {
        destination: "destinationPrefixListId",
        to,
        gateway,
        origin: "CreateRoute",
    }));
    all
}

/// \[botocore: `DescribeRouteTables`\]
pub fn describe(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let filters = Filters::read(params, FILTERS)?;
    let asked = asked(world, caller, params, false)?;
    let ids = params.list("RouteTableId");
    let network = world.network(caller).clone();
    // Describe spells the code with ID, and endpoints with Id. [terraform-provider-aws has both]
    all_known(
        &ids,
        |id| network.route_tables.iter().any(|table| table.id == id),
        "InvalidRouteTableID.NotFound",
        "routeTable",
    )?;
    let found: Vec<(&RouteTable, Vec<Seen>)> = network
        .route_tables
        .iter()
        .filter(|table| ids.is_empty() || ids.contains(&table.id.as_str()))
        .map(|table| (table, routes(world, caller, &network, table)))
        .filter(|(table, routes)| {
            filters.match_with(&table.tags, |name| match name {
                "vpc-id" => vec![table.vpc.clone()],
                "route-table-id" => vec![table.id.clone()],
                "owner-id" => vec![caller.account.clone()],
                // Subnets that name no table are in no association. [botocore]
                "association.subnet-id" => table.subnets.clone(),
                "association.route-table-id" if table.main || !table.subnets.is_empty() => vec![table.id.clone()],
                "association.main" if table.main || !table.subnets.is_empty() => vec![table.main.to_string()],
                "route.destination-prefix-list-id" => routes
                    .iter()
                    .filter(|route| route.destination == "destinationPrefixListId")
                    .map(|route| route.to.clone())
                    .collect(),
                "route.gateway-id" => routes.iter().map(|route| route.gateway.clone()).collect(),
                _ => Vec::new(),
            })
        })
        .collect();
    let part = part(&asked, found.len())?;
    let mut xml = Xml::default();
    xml.items("routeTableSet", &found[part.from..part.to], |item, (table, routes)| {
        item.text("routeTableId", &table.id);
        item.text("vpcId", &table.vpc);
        item.text("ownerId", &caller.account);
        let subnets = table.main.then_some(None).into_iter().chain(table.subnets.iter().map(Some));
        item.items("associationSet", subnets, |association, subnet| {
            let about = format!("{} {}", table.id, subnet.map_or("main", String::as_str));
            association.text("routeTableAssociationId", format!("rtbassoc-0{}", ids::digest(&about)));
            association.text("routeTableId", &table.id);
            association.text_if("subnetId", subnet);
            association.text("main", subnet.is_none());
            association.group("associationState", |state| state.text("state", "associated"));
        });
        item.items("routeSet", routes, |each, route| {
            each.text(route.destination, &route.to);
            each.text("gatewayId", &route.gateway);
            each.text("state", "active");
            each.text("origin", route.origin);
        });
        item.items("propagatingVgwSet", [(); 0], |_, ()| {});
        tags::shape(item, &table.tags);
    });
    xml.text_if("nextToken", part.next);
    Ok(xml)
}
