//! The security groups of an endpoint, as a subscription names them.

use std::fmt;
use std::net::IpAddr;

use serde::{Serialize, Serializer};

use crate::ids::{InvalidId, SecurityGroupId};

/// The security groups of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecurityGroups {
    /// These; at least one.
    Listed(Vec<SecurityGroupId>),
    /// One that Drawbridge makes for the connection alone, and removes with it.
    Managed(Sources),
}

/// From where a managed security group admits the ports; from nowhere named: the VPC's own CIDR blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sources {
    /// CIDR blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cidrs: Vec<Cidr>,
    /// Whoever is in these groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<SecurityGroupId>,
}

impl SecurityGroups {
    /// The groups that are there without Drawbridge: those listed, or the sources of a managed one.
    #[must_use]
    pub fn named(&self) -> &[SecurityGroupId] {
        match self {
            Self::Listed(groups) => groups,
            Self::Managed(sources) => &sources.security_groups,
        }
    }

    /// Those listed; of a managed one none, before it is made.
    #[must_use]
    pub fn listed(&self) -> Vec<SecurityGroupId> {
        match self {
            Self::Listed(groups) => groups.clone(),
            Self::Managed(_) => Vec::new(),
        }
    }
}

impl fmt::Display for SecurityGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |parts: Vec<String>| parts.join(", ");
        match self {
            Self::Listed(groups) => f.write_str(&joined(groups.iter().map(ToString::to_string).collect())),
            Self::Managed(sources) if *sources == Sources::default() => {
                f.write_str("a security group of its own, for the VPC's own addresses")
            }
            Self::Managed(Sources { cidrs, security_groups }) => {
                let cidrs = cidrs.iter().map(ToString::to_string);
                let all = cidrs.chain(security_groups.iter().map(ToString::to_string)).collect();
                write!(f, "a security group of its own, for {}", joined(all))
            }
        }
    }
}

/// As in a document: what was a list before there was another form is one still, also in digests.
impl Serialize for SecurityGroups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Listed(groups) => groups.serialize(serializer),
            Self::Managed(sources) if *sources == Sources::default() => serializer.serialize_str("managed"),
            Self::Managed(sources) => sources.serialize(serializer),
        }
    }
}

/// A CIDR block whose address is the block's first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Cidr(String);

impl Cidr {
    /// What a block looks like.
    pub const EXPECTED: &'static str =
        "a CIDR block as EC2 writes it, with its first address and in lower case, like 10.0.0.0/16";

    /// Checks.
    ///
    /// # Errors
    /// If it is none, or another address of the block stands before the `/`: EC2 would write it
    /// otherwise, so that it could not be recognised.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
        let text = text.into();
        let block = || -> Option<(IpAddr, u32)> {
            let (address, length) = text.split_once('/')?;
            let plain = !length.is_empty() && length.len() <= 3 && length.bytes().all(|digit| digit.is_ascii_digit());
            Some((
                address.parse().ok()?,
                length.parse().ok().filter(|_| plain && !(length.len() > 1 && length.starts_with('0')))?,
            ))
        };
        let first = match block() {
            Some((IpAddr::V4(address), length)) if length <= 32 => {
                u32::from(address).checked_shl(length).unwrap_or(0) == 0
            }
            Some((IpAddr::V6(address), length)) if length <= 128 => {
                u128::from(address).checked_shl(length).unwrap_or(0) == 0 && text.starts_with(&address.to_string())
            }
            _ => false,
        };
        if first { Ok(Self(text)) } else { Err(InvalidId { seen: text, expected: Self::EXPECTED }) }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_begins_with_its_first_address() {
        for good in ["0.0.0.0/0", "10.0.0.0/8", "10.1.2.0/24", "10.1.2.3/32", "2001:db8::/32", "::/0"] {
            assert!(Cidr::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "10.0.0.0",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "10.0.0/8",
            "2001:DB8::/32",
            "2001:db8::1/32",
            "x/8",
        ] {
            assert!(Cidr::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn it_is_written_as_in_a_document() {
        let written = |groups: &SecurityGroups| serde_json::to_string(groups).unwrap_or_default();
        let group = || SecurityGroupId::parse("sg-0a").into_iter().collect::<Vec<_>>();
        assert_eq!(written(&SecurityGroups::Listed(group())), r#"["sg-0a"]"#);
        assert_eq!(written(&SecurityGroups::Managed(Sources::default())), r#""managed""#);
        let sources = Sources { cidrs: Cidr::parse("10.0.0.0/8").into_iter().collect(), security_groups: group() };
        let managed = SecurityGroups::Managed(sources);
        assert_eq!(written(&managed), r#"{"cidrs":["10.0.0.0/8"],"security_groups":["sg-0a"]}"#);
        assert_eq!(managed.to_string(), "a security group of its own, for 10.0.0.0/8, sg-0a");
    }
}
