//! Endpoint services: what Interface and Gateway endpoints lead to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::endpoints::Kind;
use super::network::Network;
use crate::ids;

fn yes() -> bool {
    true
}

fn amazon() -> String {
    "amazon".to_owned()
}

fn interface() -> String {
    "Interface".to_owned()
}

fn ipv4() -> Vec<String> {
    vec!["ipv4".to_owned()]
}

/// Whether the provider proved that the private name is its own. \[botocore: `DnsNameState`\]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verification {
    /// Not yet.
    #[serde(rename = "pendingVerification")]
    Pending,
    /// Yes.
    #[default]
    Verified,
    /// No.
    Failed,
}

impl Verification {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pendingVerification",
            Self::Verified => "verified",
            Self::Failed => "failed",
        }
    }
}

/// A service that an account may make endpoints for: one that it is not allowed to use does not exist for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointService {
    /// `vpce-svc-…`.
    pub id: String,
    /// Its name; `com.amazonaws.vpce.<region>.<id>`, as of any provider's service, unless the seed says otherwise.
    #[serde(default)]
    pub name: Option<String>,
    /// `Interface` or `Gateway`: a name with both is two services, as of S3.
    #[serde(default = "interface", rename = "type")]
    pub kind: String,
    /// The account that owns it, or an alias such as `amazon`.
    #[serde(default = "amazon")]
    pub owner: String,
    /// Its Region, if it is not the one that it is seeded in.
    #[serde(default)]
    pub region: Option<String>,
    /// Its zones, by name, with their ids; empty means all that the account has subnets in.
    #[serde(default)]
    pub zones: BTreeMap<String, String>,
    /// Whether its owner accepts each endpoint.
    #[serde(default)]
    pub acceptance_required: bool,
    /// The name that endpoints may answer to.
    #[serde(default)]
    pub private_dns_name: Option<String>,
    /// Whether that name may be used.
    #[serde(default)]
    pub private_dns_state: Verification,
    /// Whether endpoints may have a policy.
    #[serde(default = "yes")]
    pub policy_supported: bool,
    /// `ipv4` and `ipv6`.
    #[serde(default = "ipv4")]
    pub ip_address_types: Vec<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl EndpointService {
    /// One of AWS's own.
    fn own(region: &str, service: &str, kind: Kind, private: Option<&str>) -> Self {
        Self {
            id: format!("vpce-svc-0{}", ids::digest(&format!("{region} {service} {}", kind.name()))),
            name: Some(format!("com.amazonaws.{region}.{service}")),
            kind: kind.name().to_owned(),
            owner: amazon(),
            region: None,
            zones: BTreeMap::new(),
            acceptance_required: false,
            private_dns_name: private.map(str::to_owned),
            private_dns_state: Verification::Verified,
            policy_supported: true,
            ip_address_types: ipv4(),
            tags: BTreeMap::new(),
        }
    }

    /// The Region that it is hosted in.
    pub fn region<'a>(&'a self, seeded: &'a str) -> &'a str {
        self.region.as_deref().unwrap_or(seeded)
    }

    /// Its name.
    pub fn name(&self, seeded: &str) -> String {
        self.name.clone().unwrap_or_else(|| format!("com.amazonaws.vpce.{}.{}", self.region(seeded), self.id))
    }

    /// The name that those of its endpoints end in: `vpce-svc-….<region>.vpce.amazonaws.com`, of AWS's own
    /// `<service>.<region>.vpce.amazonaws.com`; none for a Gateway, which has no names.
    /// \[AWS:privatelink/privatelink-share-your-services; botocore: `BaseEndpointDnsNames`\]
    pub fn base_name(&self, seeded: &str) -> Option<String> {
        let region = self.region(seeded);
        let service = match self.name(seeded).strip_prefix(&format!("com.amazonaws.{region}.")) {
            Some(service) => service.to_owned(),
            None => self.id.clone(),
        };
        (self.kind == Kind::Interface.name()).then(|| format!("{service}.{region}.vpce.amazonaws.com"))
    }

    /// Its zones that the account knows: "the response only includes the common Availability Zones". \[botocore: `DescribeVpcEndpointServices`\]
    pub fn zones<'a>(&'a self, network: &'a Network) -> BTreeMap<&'a str, &'a str> {
        let known: BTreeMap<&str, &str> =
            network.subnets.iter().map(|subnet| (subnet.az.as_str(), subnet.az_id.as_str())).collect();
        // Zone ids are the same in every account, names are not: the account's own name is shown.
        known
            .into_iter()
            .filter(|(_, id)| self.zones.is_empty() || self.zones.values().any(|zone| zone == id))
            .collect()
    }
}

/// The services of AWS that every account has: those of Gateway endpoints, and one that has both types.
/// \[AWS:privatelink/gateway-endpoints: S3 and `DynamoDB`\]
fn own(region: &str) -> Vec<EndpointService> {
    let private = format!("s3.{region}.amazonaws.com");
    vec![
        EndpointService::own(region, "dynamodb", Kind::Gateway, None),
        EndpointService::own(region, "s3", Kind::Gateway, None),
        EndpointService::own(region, "s3", Kind::Interface, Some(&private)),
    ]
}

impl Network {
    /// All services that the account may use from this Region.
    pub fn services(&self, region: &str) -> Vec<EndpointService> {
        let mut all = own(region);
        all.retain(|service| !self.endpoint_services.iter().any(|seeded| seeded.id == service.id));
        all.extend(self.endpoint_services.iter().cloned());
        all
    }

    /// The services of that name in the Region that they are hosted in: none, one, or one per type.
    pub fn services_named(&self, here: &str, region: &str, name: &str) -> Vec<EndpointService> {
        let mut all = self.services(here);
        all.retain(|service| service.region(here) == region && service.name(here) == name);
        all
    }
}

/// The prefix list of a Gateway service in a Region: it has the service's name. \[AWS:privatelink/gateway-endpoints\]
pub fn prefix_list(name: &str) -> String {
    format!("pl-{}", &ids::digest(name)[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_the_id_or_the_service() {
        let own = own("eu-west-1");
        let names: Vec<String> = own.iter().map(|service| service.name("eu-west-1")).collect();
        assert_eq!(
            names,
            ["com.amazonaws.eu-west-1.dynamodb", "com.amazonaws.eu-west-1.s3", "com.amazonaws.eu-west-1.s3"]
        );
        assert_eq!(own[1].base_name("eu-west-1"), None);
        assert_eq!(own[2].base_name("eu-west-1").as_deref(), Some("s3.eu-west-1.vpce.amazonaws.com"));
        let theirs = EndpointService { id: "vpce-svc-0a".to_owned(), name: None, ..own[2].clone() };
        assert_eq!(theirs.name("eu-west-1"), "com.amazonaws.vpce.eu-west-1.vpce-svc-0a");
        assert_eq!(theirs.base_name("eu-west-1").as_deref(), Some("vpce-svc-0a.eu-west-1.vpce.amazonaws.com"));
        assert_ne!(prefix_list(&names[0]), prefix_list(&names[1]));
    }
}
