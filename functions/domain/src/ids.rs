//! Identifiers, each a type of its own: a value that exists is well formed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is not {expected}")]
pub struct InvalidId {
    /// The text.
    pub seen: String,
    /// What was expected, with an example.
    pub expected: &'static str,
}

fn is_hex_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        (1..=32).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

/// `arn:<partition>:<service>:<region>:<12 digits>:<resource>`: its fields from the third on.
fn arn_fields<'a>(text: &'a str, service: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let mut parts = text.splitn(6, ':');
    let head = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    (head.0 == "arn"
        && head.1.starts_with("aws")
        && head.2 == service
        && !region.is_empty()
        && is_account(account)
        && text.len() <= 2048
        && !text.chars().any(|c| c.is_whitespace() || c.is_control()))
    .then_some((region, account, resource))
}

/// At least three labels, as of a domain: AWS documents no more than examples.
fn is_service_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 255 && text.split('.').count() >= 3 && text.split('.').all(label)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident, $expected:literal, $valid:expr;)+) => {$(
        $(#[$doc])+
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What a well-formed one looks like, with an example.
            pub const EXPECTED: &'static str = $expected;

            /// # Errors
            /// [`InvalidId`] if the text is not well formed.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err(InvalidId { seen: text, expected: $expected }) }
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> { Self::parse(text) }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String { id.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
    )+};
}

ids! {
    /// An AWS account, 12 digits.
    AccountId, "an AWS account id: 12 digits, like 444455556666", is_account;
    /// An AWS Region name.
    Region, "an AWS Region, like eu-west-1", |t| {
        (5..=25).contains(&t.len())
            && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && t.bytes().last().is_some_and(|b| b.is_ascii_digit())
    };
    /// The ARN of a RAM resource share; it carries the owner's account.
    ResourceShareArn, "the ARN of a resource share, like arn:aws:ram:us-east-1:444455556666:resource-share/0a1b…", |t| {
        arn_fields(t, "ram").is_some_and(|f| f.2.strip_prefix("resource-share/").is_some_and(|r| !r.is_empty()))
    };
    /// The ARN of an invitation to a share; it carries the *sender's* account.
    InvitationArn, "the ARN of an invitation, like arn:aws:ram:us-east-1:444455556666:resource-share-invitation/0a1b…", |t| {
        arn_fields(t, "ram").is_some_and(|f| f.2.strip_prefix("resource-share-invitation/").is_some_and(|r| !r.is_empty()))
    };
    /// The ARN of anything inside a share.
    ResourceArn, "an ARN, like arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a1b…", |t| {
        t.split(':').nth(2).is_some_and(|service| !service.is_empty() && arn_fields(t, service).is_some())
    };
    /// The id of a VPC.
    VpcId, "a VPC id, like vpc-0a1b2c3d", |t| is_hex_id(t, "vpc-");
    /// The id of a subnet.
    SubnetId, "a subnet id, like subnet-0a1b2c3d", |t| is_hex_id(t, "subnet-");
    /// The id of a security group.
    SecurityGroupId, "a security group id, like sg-0a1b2c3d", |t| is_hex_id(t, "sg-");
    /// The id of a VPC endpoint.
    VpcEndpointId, "a VPC endpoint id, like vpce-0a1b2c3d", |t| is_hex_id(t, "vpce-");
    /// The id of a service-network resource association.
    AssociationId, "a service-network resource association id, like snra-0a1b2c3d", |t| is_hex_id(t, "snra-");
    /// The id of a route table.
    RouteTableId, "a route table id, like rtb-0a1b2c3d", |t| is_hex_id(t, "rtb-");
    /// The name of an endpoint service, as `DescribeVpcEndpointServices` shows it.
    ServiceName, "the name of an endpoint service, like com.amazonaws.us-east-1.secretsmanager", is_service_name;
    /// An endpoint service, and its Region if that is another one: what an interface or a gateway
    /// endpoint leads to.
    Service, "an endpoint service, like com.amazonaws.us-east-1.s3, with `@` and its Region if that is another one", |t| {
        match t.split_once('@') {
            Some((name, region)) => is_service_name(name) && Region::parse(region).is_ok(),
            None => is_service_name(t),
        }
    };
    /// The id of a VPC Lattice service network.
    ServiceNetworkId, "a service network id, like sn-0a1b2c3d", |t| is_hex_id(t, "sn-");
    /// The physical id of an Availability Zone, the same in every account.
    AzId, "an Availability Zone id, like use1-az1", |t| {
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        t.bytes().all(lower)
            && t.split_once("-az")
                .is_some_and(|(r, n)| !r.is_empty() && !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    /// The name of a subscription, unique in an installation.
    SubscriptionName, "a name of 1 to 64 characters from a-z, 0-9 and -, starting with a letter, like redis-production", |t| {
        (1..=64).contains(&t.len())
            && t.as_bytes()[0].is_ascii_lowercase()
            && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    /// The path that the names of a subscription's parameters begin with. A name has 15 levels at most, of which the
    /// last is the database's, and does not begin with `aws` or `ssm` [botocore: ssm `PutParameter`].
    OutputPrefix, "a path of 1 to 14 levels from letters, digits, _, . and -, not beginning with /aws or /ssm, like /drawbridge/redis; a level may be {target}", |t| {
        let level = |l: &str| {
            l == "{target}" || (!l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')))
        };
        let reserved = |l: &str| ["aws", "ssm"].iter().any(|r| l.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(r)));
        t.len() <= 512
            && t.strip_prefix('/').is_some_and(|path| {
                !reserved(path) && path.split('/').count() <= 14 && path.split('/').all(level)
            })
    };
    /// The name of an installation of Drawbridge in an account and Region.
    Installation, "a name of 1 to 20 characters from a-z, 0-9 and -, like drawbridge", |t| {
        (1..=20).contains(&t.len())
            && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    /// The id of a connection: a hash of what it is, see [`crate::identity`].
    ConnectionId, "a connection id: conn- and 32 hexadecimal digits, as `drawbridge ls` prints it", |t| {
        t.strip_prefix("conn-").is_some_and(|h| h.len() == 32 && h.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
    };
}

impl ResourceShareArn {
    /// The account that owns the share.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }

    /// The Region that it is shared in.
    #[must_use]
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }
}

impl InvitationArn {
    /// The account that sent the invitation.
    #[must_use]
    pub fn sender(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }
}

impl Service {
    /// The service of this name; `region` only if it is another one than the account's.
    #[must_use]
    pub fn of(name: &ServiceName, region: Option<&Region>) -> Self {
        Self(region.map_or_else(|| name.to_string(), |region| format!("{name}@{region}")))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }

    /// Its Region, if that is another one than the account's.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, region)| region)
    }
}

impl ResourceArn {
    /// Whether it is a VPC Lattice service network's.
    #[must_use]
    pub fn is_service_network(&self) -> bool {
        arn_fields(&self.0, "vpc-lattice")
            .and_then(|fields| fields.2.strip_prefix("servicenetwork/"))
            .is_some_and(|id| is_hex_id(id, "sn-"))
    }

    /// The account that owns the resource.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }

    /// The Region the resource is in.
    #[must_use]
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }

    /// What follows the last `/`: `rcfg-0a1b…` for a resource configuration.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.rsplit(['/', ':']).next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn arns_carry_their_accounts() {
        let share = ResourceShareArn::parse("arn:aws:ram:us-east-1:444455556666:resource-share/0a-1b").unwrap();
        assert_eq!(share.owner(), "444455556666");
        let invitation =
            InvitationArn::parse("arn:aws:ram:us-east-1:444455556666:resource-share-invitation/0a-1b").unwrap();
        assert_eq!(invitation.sender(), "444455556666");
    }

    #[test]
    fn what_is_not_well_formed_is_refused_with_an_example() {
        for bad in ["", "vpc-", "vpc-XYZ", "subnet-1", "vpc-1\n", "vpc-0a1b2c3d4e5f60718293a4b5c6d7e8f9a"] {
            let refusal = VpcId::parse(bad).unwrap_err();
            assert!(refusal.to_string().contains("vpc-0a1b2c3d"), "{refusal}");
        }
        assert!(ResourceShareArn::parse("arn:aws:ram:us-east-1:4444:resource-share/x").is_err());
        assert!(ResourceShareArn::parse("arn:aws:s3:us-east-1:444455556666:resource-share/x").is_err());
        assert!(serde_json::from_str::<AccountId>("\"12\"").is_err());
        for bad in
            ["", "s3", "com.s3", "com..s3", "com.Amazonaws.s3", "com.amazonaws.s3-", "com.amazonaws.s3@us-east-1"]
        {
            assert!(ServiceName::parse(bad).is_err(), "{bad}");
        }
        assert!(Service::parse("com.amazonaws.s3@").is_err());
    }

    #[test]
    fn a_service_is_known_by_its_name_and_another_region() {
        let name = ServiceName::parse("com.amazonaws.eu-west-1.s3").unwrap();
        let here = Service::of(&name, None);
        assert_eq!((here.name(), here.region()), (name.as_str(), None));
        let there = Service::of(&name, Some(&Region::parse("eu-west-1").unwrap()));
        assert_eq!((there.name(), there.region()), (name.as_str(), Some("eu-west-1")));
        assert_eq!(Service::parse(there.as_str()).unwrap(), there);
    }

    #[test]
    fn a_service_network_s_arn_is_told_from_others() {
        let is = |arn: &str| ResourceArn::parse(arn).unwrap().is_service_network();
        assert!(is("arn:aws:vpc-lattice:us-east-1:444455556666:servicenetwork/sn-0a"));
        assert!(!is("arn:aws:vpc-lattice:us-east-1:444455556666:servicenetwork/"));
        assert!(!is("arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a"));
        assert!(!is("arn:aws:ec2:us-east-1:444455556666:servicenetwork/sn-0a"));
    }
}
