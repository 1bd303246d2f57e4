//! The stable names of findings.

macro_rules! codes {
    ($($name:ident, $meaning:literal;)+) => {
        /// The name of a finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Code { $($name,)+ }

        impl Code {
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }
        }

        /// Every code that preflight can find, with what it means: the table of the documentation.
        pub const CODES: &[(&str, &str)] = &[$((stringify!($name), $meaning),)+];
    };
}

codes! {
    RegionDiffers, "The resource is in another Region than the VPC or service network; both must be in the same one.";
    ConfigurationIsChild, "The resource configuration is a CHILD; only its GROUP can be connected.";
    ConfigurationIsCidr, "The resource configuration is a CIDR; it takes a Tunnel endpoint, which Drawbridge does not make.";
    VpcNotFound, "The VPC does not exist in this account and Region.";
    VpcDnsAttributesOff, "enableDnsSupport or enableDnsHostnames is off: an error with private DNS, a warning without.";
    SubnetNotFound, "A listed subnet does not exist.";
    SubnetInOtherVpc, "A listed subnet belongs to another VPC.";
    SubnetsShareZone, "Listed subnets are in one Availability Zone; an endpoint takes one per zone.";
    SubnetZoneUnsupported, "A listed subnet is in an Availability Zone that VPC Lattice does not support, or that the service is not in.";
    SubnetAddressesLow, "A listed subnet has too few free addresses.";
    SubnetIpv6Only, "A listed subnet has no IPv4 addresses, which every endpoint that Drawbridge makes takes.";
    ZonesLeftOut, "`subnets: auto` left an Availability Zone of the VPC out, and why (a warning).";
    NoUsableSubnet, "`subnets: auto` found no subnet that an endpoint could stand in.";
    SecurityGroupNotFound, "A security group does not exist.";
    SecurityGroupInOtherVpc, "A security group belongs to another VPC.";
    PortsClosed, "The security groups admit none of the ports that are needed.";
    PortsPartlyClosed, "The security groups admit only some of the ports that are needed (a warning).";
    OptionalPortsClosed, "The security groups do not admit ports that are useful but not needed (a warning).";
    ManagedPortsUnknown, "`security_groups: managed` needs to know the ports, and neither the profile nor the subscription says any.";
    ServiceNotFound, "There is no endpoint service of this name in the Region, or its owner does not allow this account to use it.";
    ServiceTypeDiffers, "The service takes endpoints of another type.";
    AddressFamilyDiffers, "The service takes no endpoints with IPv4 addresses, which every endpoint that Drawbridge makes has.";
    NoZoneInCommon, "`subnets: auto` found no subnet in an Availability Zone that the service is in.";
    AcceptanceRequired, "The service's owner accepts each endpoint; until then it is of no use (a warning).";
    PrivateDnsNotOffered, "Private DNS is asked for, but the service has no private name.";
    PrivateDnsNotVerified, "The service's owner has not proved the private name to be its own: an error if private DNS is asked for, else a warning, and private DNS is off.";
    PrivateDnsAfterAcceptance, "The service's owner accepts each endpoint, and private DNS can be turned on only then: if the subscription asks for it, it is (a warning).";
    PrivateDnsTaken, "Another endpoint of the VPC answers to the private name already, be it for the same service or for another; a warning if it is not certain that this endpoint gets the name.";
    PrivateNamesNotSeen, "The private names of the VPC's other endpoints could not be looked at (a warning).";
    HostedZoneClashes, "The VPC has a private hosted zone of the private name: an error if somebody's zone has the very name, a warning if it may have, or if the zone is an AWS service's.";
    HostedZoneOverlaps, "A private hosted zone of the VPC holds the private name in it, or a part of the names: the longer of the two answers (a warning).";
    HostedZonesNotSeen, "The VPC's private hosted zones could not be looked at (a warning).";
    PolicyNotSupported, "The subscription has an endpoint policy, but the service takes none.";
    RouteTableNotFound, "A listed route table does not exist.";
    RouteTableInOtherVpc, "A listed route table belongs to another VPC.";
    NoRouteTable, "The VPC has no route table, or none can be found for a subnet.";
    GatewayExists, "Another gateway endpoint for the service is in one of the route tables already.";
    EndpointExists, "Another endpoint in the VPC leads to the same resource or service network already.";
    QuotaReached, "There are as many endpoints of this type as the account's quota allows; a warning if only AWS's default is known.";
    SecondServiceNetwork, "The VPC is connected with a service network already; private names that both have would be answered by one of them (a warning).";
    ServiceNetworkEndpointBeside, "The VPC has a service-network endpoint; with private DNS the two must not lead to the same resource (a warning).";
    ResourceEndpointBeside, "The VPC has resource endpoints; with private DNS the two must not lead to the same resource (a warning).";
    ServiceNetworkNotFound, "The service network does not exist or is not visible to this account.";
    BothShared, "Both the service network and the resource belong to other accounts; VPC Lattice does not associate them.";
    AssociationExists, "The resource is associated with the service network already, by someone else.";
}
