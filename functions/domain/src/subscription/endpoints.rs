//! Endpoints that a subscription asks for by itself, without a share: to services and to service
//! networks that it names.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{Kind, SecurityGroups, Subnets, TargetKey, VpcTarget};
use crate::identity::Home;
use crate::ids::{Region, ResourceArn, RouteTableId, Service, ServiceName, ServiceNetworkId, SubnetId, VpcId};
use crate::resource::Resource;

/// One endpoint that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointItem {
    /// An interface endpoint.
    Interface(InterfaceItem),
    /// A gateway endpoint.
    Gateway(GatewayItem),
    /// A service-network endpoint.
    ServiceNetwork(NetworkItem),
}

/// An interface endpoint to a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InterfaceItem {
    /// The service's name.
    pub service: ServiceName,
    /// The service's Region, if given.
    pub region: Option<Region>,
    /// The VPC.
    pub vpc: VpcId,
    /// Which subnets.
    pub subnets: Subnets,
    /// The endpoint's security groups.
    pub security_groups: SecurityGroups,
    /// Whether the service's private name answers with the endpoint; none: if the service has one.
    pub private_dns: Option<bool>,
    /// What may be done through the endpoint.
    pub policy: Option<Policy>,
}

/// A gateway endpoint to a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GatewayItem {
    /// The service.
    pub service: GatewayService,
    /// The VPC.
    pub vpc: VpcId,
    /// Which route tables get a route to it.
    pub route_tables: RouteTables,
    /// What may be done through the endpoint.
    pub policy: Option<Policy>,
}

/// The services that have gateway endpoints [AWS:privatelink/gateway-endpoints].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GatewayService {
    /// Amazon S3.
    S3,
    /// Amazon `DynamoDB`.
    Dynamodb,
}

impl GatewayService {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::S3, Self::Dynamodb];

    /// As it stands in a subscription, and in the service's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Dynamodb => "dynamodb",
        }
    }
}

/// Which route tables of a VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteTables {
    /// All of the VPC's.
    All,
    /// Those by which these subnets are routed.
    OfSubnets(Vec<SubnetId>),
    /// Exactly these.
    Listed(Vec<RouteTableId>),
}

impl RouteTables {
    /// How they are asked for, in a word: `listed`, `all`, or of which subnets. What is asked for in the same words is not
    /// looked for again.
    #[must_use]
    pub fn asked(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Listed(_) => "listed".to_owned(),
            Self::OfSubnets(subnets) => {
                let subnets: std::collections::BTreeSet<_> = subnets.iter().map(SubnetId::as_str).collect();
                format!("of {}", subnets.into_iter().collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// A service-network endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetworkItem {
    /// The service network.
    pub service_network: NetworkName,
    /// Where it stands.
    pub at: VpcTarget,
}

/// A service network as a subscription names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum NetworkName {
    /// One of the account's own, by its id.
    Own(ServiceNetworkId),
    /// Anyone's, by its ARN.
    Arn(ResourceArn),
}

impl NetworkName {
    /// What a subscription may say, with examples.
    pub const EXPECTED: &'static str = "the id of a service network of this account, like sn-0a1b2c3d, or the ARN of \
                                        one, like arn:aws:vpc-lattice:us-east-1:444455556666:servicenetwork/sn-0a1b2c3d";
}

impl fmt::Display for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(id) => id.fmt(f),
            Self::Arn(arn) => arn.fmt(f),
        }
    }
}

/// An endpoint policy: a JSON object with statements, of at most 20,480 characters. What is in
/// them is IAM's to check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Policy(pub(super) Value);

impl Policy {
    /// As JSON, without white space.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.to_string()
    }
}

impl EndpointItem {
    /// The kind of connection that it asks for.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Interface(_) => Kind::InterfaceEndpoint,
            Self::Gateway(_) => Kind::GatewayEndpoint,
            Self::ServiceNetwork(_) => Kind::ServiceNetworkEndpoint,
        }
    }

    /// The VPC.
    #[must_use]
    pub const fn vpc(&self) -> &VpcId {
        match self {
            Self::Interface(item) => &item.vpc,
            Self::Gateway(item) => &item.vpc,
            Self::ServiceNetwork(item) => &item.at.vpc,
        }
    }

    /// Where it is reached from.
    #[must_use]
    pub fn target(&self) -> TargetKey {
        TargetKey::Vpc(self.vpc().clone())
    }

    /// Whether it may lead there, for those who can't tell which Region and account are their own, such as
    /// the operator's command: by the names alone.
    #[must_use]
    pub fn may_lead_to(&self, resource: &Resource) -> bool {
        match (self, resource) {
            (Self::Interface(item), Resource::Service(service)) => item.service.as_str() == service.name(),
            (Self::Gateway(item), Resource::Service(service)) => {
                service.name().rsplit('.').next() == Some(item.service.as_str())
            }
            (Self::ServiceNetwork(item), Resource::Arn(arn)) => match &item.service_network {
                NetworkName::Own(id) => id.as_str() == arn.id(),
                NetworkName::Arn(named) => named == arn,
            },
            _ => false,
        }
    }

    /// What it leads to. Of the account's own service network the whole ARN, so that it is the same
    /// however it is named; the account's own Region is none to name.
    ///
    /// None only if no ARN or name can be made of a home that is odd.
    #[must_use]
    pub fn resource(&self, home: &Home) -> Option<Resource> {
        match self {
            Self::Interface(item) => {
                let region = item.region.as_ref().filter(|region| **region != home.region);
                Some(Resource::Service(Service::of(&item.service, region)))
            }
            Self::Gateway(item) => {
                let name = format!("com.amazonaws.{}.{}", home.region, item.service.as_str());
                Some(Resource::Service(Service::of(&ServiceName::parse(name).ok()?, None)))
            }
            Self::ServiceNetwork(item) => match &item.service_network {
                NetworkName::Arn(arn) => Some(arn.clone().into()),
                NetworkName::Own(id) => {
                    let Home { region, account, partition, .. } = home;
                    let arn = format!("arn:{partition}:vpc-lattice:{region}:{account}:servicenetwork/{id}");
                    ResourceArn::parse(arn).ok().map(Resource::Arn)
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{gateway_item, home, interface_item, network_item};

    #[test]
    fn what_is_the_same_has_one_name() {
        let text = |item: &EndpointItem| item.resource(&home()).unwrap().to_string();
        let mut interface = interface_item("com.amazonaws.us-east-1.secretsmanager");
        assert_eq!(text(&EndpointItem::Interface(interface.clone())), "com.amazonaws.us-east-1.secretsmanager");
        interface.region = Some(home().region);
        assert_eq!(text(&EndpointItem::Interface(interface.clone())), "com.amazonaws.us-east-1.secretsmanager");
        interface.region = Some(Region::parse("eu-west-1").unwrap());
        assert_eq!(text(&EndpointItem::Interface(interface)), "com.amazonaws.us-east-1.secretsmanager@eu-west-1");
        assert_eq!(text(&EndpointItem::Gateway(gateway_item())), "com.amazonaws.us-east-1.s3");
        let arn = "arn:aws:vpc-lattice:us-east-1:111122223333:servicenetwork/sn-0a";
        for name in [
            NetworkName::Own(ServiceNetworkId::parse("sn-0a").unwrap()),
            NetworkName::Arn(ResourceArn::parse(arn).unwrap()),
        ] {
            assert_eq!(text(&EndpointItem::ServiceNetwork(network_item(name))), arn);
        }
    }

    /// What a subscription says of a connection: by its own word first, else as it connects what is shared.
    #[test]
    fn a_connection_has_the_settings_of_its_kind() {
        use super::super::{ResourceType, Settings, Subscription};
        use crate::testing::{network, network_target, resource, subscription, vpc_target};
        let own = NetworkItem {
            at: VpcTarget {
                security_groups: SecurityGroups::Listed(Vec::new()),
                ..network_item(NetworkName::Arn(network("sn-0a"))).at
            },
            service_network: NetworkName::Arn(network("sn-0a")),
        };
        let mut wary = subscription("a");
        wary.targets.push(network_target("sn-0b"));
        let trusting = |wary: &Subscription| {
            let mut trusting = wary.clone();
            trusting.trust.resource_types.push(ResourceType::ServiceNetwork);
            trusting
        };
        let asking = Subscription {
            endpoints: vec![EndpointItem::ServiceNetwork(own), EndpointItem::Gateway(gateway_item())],
            ..trusting(&wary)
        };
        let (here, there) = (vpc_target("vpc-0a").key(), network_target("sn-0b").key());
        let (shared, of_network) = (Resource::Arn(resource("rcfg-1")), Resource::Arn(network("sn-0a")));
        let s3 = Resource::try_from("com.amazonaws.us-east-1.s3".to_owned()).unwrap();
        let said = |s: &Subscription, kind, resource: &Resource, target: &TargetKey| {
            s.settings(kind, resource, target, &home()).map(|settings| match settings {
                Settings::Resource(_) => "resource",
                Settings::Association(_) => "association",
                Settings::ServiceNetwork(at) if at.security_groups.named().is_empty() => "its own word",
                Settings::ServiceNetwork(_) => "service network",
                Settings::Interface(_) => "interface",
                Settings::Gateway(_) => "gateway",
            })
        };
        for (s, kind, resource, target, found) in [
            (&wary, Kind::ResourceEndpoint, &shared, &here, Some("resource")),
            (&wary, Kind::ServiceNetworkResource, &shared, &there, Some("association")),
            (&wary, Kind::ServiceNetworkResource, &shared, &here, None),
            (&wary, Kind::ServiceNetworkEndpoint, &of_network, &here, None),
            (&trusting(&wary), Kind::ServiceNetworkEndpoint, &of_network, &here, Some("service network")),
            (&trusting(&wary), Kind::ServiceNetworkEndpoint, &of_network, &there, None),
            (&asking, Kind::ServiceNetworkEndpoint, &of_network, &here, Some("its own word")),
            (&asking, Kind::GatewayEndpoint, &s3, &here, Some("gateway")),
            (&asking, Kind::InterfaceEndpoint, &s3, &here, None),
            (&wary, Kind::GatewayEndpoint, &s3, &here, None),
        ] {
            assert_eq!(said(s, kind, resource, target), found, "{kind:?} {resource} {target}");
        }
    }
}
