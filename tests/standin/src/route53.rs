//! Route 53: the private hosted zones of a VPC. \[botocore: route53/2013-04-01\]

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids;
use crate::paging::BadToken;
use crate::request::Caller;
use crate::wire::{Refusal, Xml};
use crate::world::World;

/// The most entries of one page. \[botocore: `PageMaxItems`\]
const CEILING: usize = 100;

/// A private hosted zone, of whichever account, with the VPCs that it is associated with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostedZone {
    /// `Z…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its VPCs.
    pub vpcs: Vec<String>,
    /// The account that owns it: the VPC's own, unless the seed says otherwise.
    #[serde(default)]
    pub owner: Option<String>,
    /// The AWS service that owns it, `efs.amazonaws.com`.
    #[serde(default)]
    pub service: Option<String>,
}

/// Answers one operation.
///
/// # Errors
/// The service's own refusals.
pub fn answer(
    world: &World,
    caller: &Caller,
    operation: &str,
    query: &BTreeMap<String, String>,
) -> Result<Xml, Refusal> {
    if operation != "ListHostedZonesByVPC" {
        return Err(refusal("InvalidInput", format!("the stand-in has no operation {operation}")));
    }
    let said = |name: &str| query.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let (Some(vpc), Some(region)) = (said("vpcid"), said("vpcregion")) else {
        return Err(refusal("InvalidInput", "VPCId and VPCRegion are needed"));
    };
    let most = said("maxitems").map(str::parse).transpose();
    let most = most.map_err(|_| refusal("InvalidInput", "maxitems is no number"))?;
    // Route 53 is one for all Regions, so the Region is the VPC's and not the signature's.
    let at = Caller { region: region.to_owned(), ..caller.clone() };
    let zones = zones(world, &at, vpc);
    let mut asked = world.asked(said("nexttoken"), most, CEILING, format!("zones {} {vpc} {region}", caller.account));
    asked.empty_first = false;
    let part = asked.part(zones.len()).map_err(|BadToken| {
        refusal(
            "InvalidPaginationToken",
            "The value that you specified to get the second or subsequent page is not valid.",
        )
    })?;
    let mut xml = Xml::default();
    xml.group("HostedZoneSummaries", |list| {
        for zone in &zones[part.from..part.to] {
            list.group("HostedZoneSummary", |row| {
                row.text("HostedZoneId", &zone.id);
                // With a dot at the end, and an asterisk as its octal code. [AWS:Route53 domain name format]
                row.text("Name", format!("{}.", zone.name.replace('*', "\\052")));
                row.group("Owner", |owner| match &zone.service {
                    Some(service) => owner.text("OwningService", service),
                    None => owner.text("OwningAccount", zone.owner.as_deref().unwrap_or(&caller.account)),
                });
            });
        }
    });
    xml.text("MaxItems", most.unwrap_or(CEILING));
    xml.text_if("NextToken", part.next);
    Ok(xml)
}

/// Those that were seeded, and those that AWS makes for the private names of endpoints: of such a name it is a zone of its own
/// that belongs to a service. \[AWS:privatelink/manage-dns-names, vpc-lattice/ug/resource-configuration\]
fn zones(world: &World, caller: &Caller, vpc: &str) -> Vec<HostedZone> {
    let network = world.networks.get(&(caller.account.clone(), caller.region.clone()));
    let seeded = network.into_iter().flat_map(|network| &network.hosted_zones);
    let seeded = seeded.filter(|zone| zone.vpcs.iter().any(|of| of == vpc)).cloned();
    let here = world.endpoints.iter().filter(|endpoint| {
        endpoint.account == caller.account
            && endpoint.region == caller.region
            && endpoint.wanted.vpc == vpc
            && endpoint.live()
    });
    let mut names = BTreeSet::new();
    for endpoint in here.filter(|endpoint| endpoint.wanted.private_dns) {
        let service = world.service_of(endpoint).map(|(service, _)| service);
        names.extend(
            service.and_then(|service| service.private_dns_name).map(|name| name.trim_start_matches("*.").to_owned()),
        );
        for leaf in endpoint.rows.keys().filter_map(|arn| world.configurations.get(arn)) {
            let group = leaf.group.as_ref().and_then(|arn| world.configurations.get(arn));
            names.extend(endpoint.private_name(leaf, group));
        }
    }
    let made = names.into_iter().map(|name| HostedZone {
        id: format!("Z{}", ids::digest(&name).to_uppercase()),
        name,
        vpcs: vec![vpc.to_owned()],
        owner: None,
        service: Some("vpce.amazonaws.com".to_owned()),
    });
    seeded.chain(made).collect()
}

impl World {
    /// Whether somebody's hosted zone of this name is associated with the VPC, which has one zone of a name at most.
    /// \[AWS:Route53 `AssociateVPCWithHostedZone`: `ConflictingDomainExists`\]
    pub fn has_zone(&self, caller: &Caller, vpc: &str, name: &str) -> bool {
        let zones = self.networks.get(&(caller.account.clone(), caller.region.clone()));
        let name = name.trim_start_matches("*.");
        zones.is_some_and(|network| {
            network.hosted_zones.iter().any(|zone| zone.name == name && zone.vpcs.iter().any(|of| of == vpc))
        })
    }
}

fn refusal(code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(400, code, message)
}
