//! How much a subscription may hold. The parser and the published schema share these, so that they
//! cannot disagree.

/// The version of the document that this Drawbridge reads.
pub const VERSION: i64 = 1;

/// A document's size: far below what one item of the ledger holds (400 KB), far above any real one.
pub(super) const DOCUMENT_BYTES: usize = 64 * 1024;
/// How deep a document may nest; a subscription with an endpoint policy needs ten levels.
pub(super) const DEPTH: usize = 16;
/// How many values a document may hold.
pub(super) const VALUES: usize = 10_000;
/// How many problems are told; whoever has more mends these first.
pub(super) const PROBLEMS: usize = 100;

pub(super) const SENDERS: usize = 50;
pub(super) const SHARE_NAMES: usize = 50;
pub(super) const SHARE_NAME_LENGTH: usize = 256;
pub(super) const SHARES: usize = 50;
pub(super) const TARGETS: usize = 50;
/// 50 interface endpoints per VPC by AWS's default quota [AWS: PrivateLink quotas].
pub(super) const ENDPOINTS: usize = 50;
/// Of one gateway endpoint: a VPC has 200 by default [AWS: Amazon VPC quotas].
pub(super) const ROUTE_TABLES: usize = 200;
/// Of an endpoint policy [AWS: PrivateLink quotas].
pub(super) const POLICY_CHARACTERS: usize = 20_480;
/// One per Availability Zone; no Region has nearly as many.
pub(super) const SUBNETS: usize = 16;
/// An endpoint stands on network interfaces, and these take 5 security groups by default and 16 at
/// most [AWS: Amazon VPC quotas, security groups per network interface]. VPC Lattice's own limit of
/// 5 is for associations of a VPC with a service network, which no target makes.
pub(super) const SECURITY_GROUPS: usize = 16;
/// Of a managed security group: with the groups and a vendor's port ranges well below the 60 rules that a group
/// has by default [AWS: Amazon VPC quotas].
pub(super) const CIDRS: usize = 10;
/// `PrivateDnsSpecifiedDomains` takes 1 to 10 [botocore: ec2, vpc-lattice].
pub(super) const DOMAINS: usize = 10;
/// Of one domain [botocore: vpc-lattice `PrivateDnsSpecifiedDomain`].
pub(super) const DOMAIN_LENGTH: usize = 255;
/// Ranges that a subscription adds to a profile's: far below the 60 rules that a managed security group has room for.
pub(super) const PORT_USES: usize = 20;
pub(super) const USE_LENGTH: usize = 64;
/// Usable ones of the largest subnet, a /16 [AWS: Amazon VPC, subnet sizing].
pub(super) const FREE_ADDRESSES: i64 = 65_531;
/// More than any Region has.
pub(super) const ZONES: usize = 50;
/// AWS takes 50 tags; 10 stay for Drawbridge's own and for those that an organization adds.
pub(super) const TAGS: usize = 40;
pub(super) const TAG_KEY_LENGTH: usize = 128;
pub(super) const TAG_VALUE_LENGTH: usize = 256;
/// 50 targets and 200 resource endpoints per VPC [AWS: PrivateLink quotas] make no more.
pub(super) const CONNECTIONS_PER_SHARE: i64 = 10_000;
/// Of the endpoints that a subscription asks for by itself: it can name no more.
pub(super) const ENDPOINTS_LIMIT: i64 = 50;
/// US dollars: so many connections, each by a service network, cost less than this.
pub(super) const MONTHLY_COST: i64 = 1_000_000;
