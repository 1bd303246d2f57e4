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
    SubnetZoneUnsupported, "A listed subnet is in an Availability Zone that VPC Lattice does not support.";
    SubnetAddressesLow, "A listed subnet has too few free addresses.";
    ZonesLeftOut, "`subnets: auto` left an Availability Zone of the VPC out, and why (a warning).";
    NoUsableSubnet, "`subnets: auto` found no subnet that an endpoint could stand in.";
    SecurityGroupNotFound, "A security group does not exist.";
    SecurityGroupInOtherVpc, "A security group belongs to another VPC.";
    PortsClosed, "The security groups admit none of the ports that are needed.";
    PortsPartlyClosed, "The security groups admit only some of the ports that are needed (a warning).";
    OptionalPortsClosed, "The security groups do not admit ports that are useful but not needed (a warning).";
    EndpointExists, "Another endpoint in the VPC leads to the same resource already.";
    ServiceNetworkEndpointBeside, "The VPC has a service-network endpoint; with private DNS the two must not lead to the same resource (a warning).";
    ServiceNetworkNotFound, "The service network does not exist or is not visible to this account.";
    BothShared, "Both the service network and the resource belong to other accounts; VPC Lattice does not associate them.";
    AssociationExists, "The resource is associated with the service network already, by someone else.";
}
