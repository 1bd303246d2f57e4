//! Profiles: what is true of a vendor, as data. See `functions/domain/profiles/*.json`.
//!
//! Code never asks which vendor it is; it asks the profile.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize, Serializer};

use crate::ids::AzId;

/// The name of a profile that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProfileName {
    /// Redis Cloud.
    #[serde(rename = "redis-cloud")]
    RedisCloud,
    /// AWS's own services.
    #[serde(rename = "aws-service")]
    AwsService,
    /// Nothing is known of the vendor.
    #[serde(rename = "generic")]
    Generic,
}

impl ProfileName {
    /// Every profile.
    pub const ALL: &'static [Self] = &[Self::Generic, Self::AwsService, Self::RedisCloud];

    /// As it stands in a subscription.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RedisCloud => "redis-cloud",
            Self::AwsService => "aws-service",
            Self::Generic => "generic",
        }
    }
}

/// What is true of a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// Its name for people.
    pub title: String,
    /// The ports that what is shared may listen on. None are known: empty.
    pub ports: Vec<PortUse>,
    /// How many free addresses an endpoint needs in each subnet, at least. Enough of them are no
    /// guarantee: they must also lie together in a /28.
    pub free_addresses_per_subnet: u32,
    /// Availability Zones in which no endpoint can stand.
    pub unsupported_az_ids: Vec<AzId>,
    /// Private DNS where a subscription says nothing of it.
    pub private_dns: DnsPreference,
    /// How to get a new invitation when one expired, as a sentence for a person.
    pub invitation: String,
    /// Where each of these facts stands, by the name of its field.
    pub sources: BTreeMap<String, Vec<String>>,
}

/// A range of ports and what listens there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortUse {
    /// The first port.
    pub from: u16,
    /// The last port.
    pub to: u16,
    /// What listens there, such as `databases`.
    #[serde(rename = "use")]
    pub used_for: String,
    /// Whether a connection is useless without it.
    pub required: bool,
}

/// `DnsOptions.PrivateDnsPreference` where no domains are listed, in EC2's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DnsPreference {
    /// Names of domains whose owner AWS has verified.
    VerifiedDomainsOnly,
    /// Every name.
    AllDomains,
}

impl DnsPreference {
    /// In EC2's words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifiedDomainsOnly => "VERIFIED_DOMAINS_ONLY",
            Self::AllDomains => "ALL_DOMAINS",
        }
    }
}

static REDIS_CLOUD: LazyLock<Profile> = LazyLock::new(|| built_in(include_str!("../profiles/redis-cloud.json")));
static AWS_SERVICE: LazyLock<Profile> = LazyLock::new(|| built_in(include_str!("../profiles/aws-service.json")));
static GENERIC: LazyLock<Profile> = LazyLock::new(|| built_in(include_str!("../profiles/generic.json")));

#[allow(clippy::expect_used, reason = "the text is part of the binary, and a test reads every one of them")]
fn built_in(text: &str) -> Profile {
    serde_json::from_str(text).expect("a built-in profile is valid")
}

impl Profile {
    /// The profile of this name.
    #[must_use]
    pub fn of(name: ProfileName) -> &'static Self {
        match name {
            ProfileName::RedisCloud => &REDIS_CLOUD,
            ProfileName::AwsService => &AWS_SERVICE,
            ProfileName::Generic => &GENERIC,
        }
    }
}

/// A profile as a subscription chooses it: by its name, or with what is true of the vendor besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// What it begins with.
    pub extends: ProfileName,
    /// Ports that the vendor uses besides.
    pub ports: Vec<PortUse>,
    /// In place of the profile's.
    pub free_addresses_per_subnet: Option<u32>,
    /// Availability Zones in which no endpoint can stand, besides.
    pub unsupported_az_ids: Vec<AzId>,
}

impl From<ProfileName> for Chosen {
    fn from(extends: ProfileName) -> Self {
        Self { extends, ports: Vec::new(), free_addresses_per_subnet: None, unsupported_az_ids: Vec::new() }
    }
}

impl Chosen {
    /// Everything that is true of the vendor.
    #[must_use]
    pub fn profile(&self) -> Cow<'static, Profile> {
        let of_that_name = Profile::of(self.extends);
        if *self == Self::from(self.extends) {
            return Cow::Borrowed(of_that_name);
        }
        let mut profile = of_that_name.clone();
        profile.ports.extend(self.ports.iter().cloned());
        profile.unsupported_az_ids.extend(self.unsupported_az_ids.iter().cloned());
        profile.free_addresses_per_subnet = self.free_addresses_per_subnet.unwrap_or(profile.free_addresses_per_subnet);
        Cow::Owned(profile)
    }
}

/// As a subscription says it: a name alone where nothing is added, so that digests are what they were before a profile
/// could be extended.
impl Serialize for Chosen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Extended<'a> {
            extends: ProfileName,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            ports: &'a [PortUse],
            #[serde(skip_serializing_if = "Option::is_none")]
            free_addresses_per_subnet: Option<u32>,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            unsupported_az_ids: &'a [AzId],
        }
        let Self { extends, ports, free_addresses_per_subnet, unsupported_az_ids } = self;
        if *self == Self::from(*extends) {
            return extends.serialize(serializer);
        }
        let free_addresses_per_subnet = *free_addresses_per_subnet;
        Extended { extends: *extends, ports, free_addresses_per_subnet, unsupported_az_ids }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_can_be_read_and_is_what_it_is_called() {
        for name in ProfileName::ALL {
            let profile = Profile::of(*name);
            assert_eq!(profile.name, *name);
            assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
            assert!(profile.ports.iter().all(|ports| ports.from > 0 && ports.from <= ports.to), "{name:?}");
            assert!(profile.free_addresses_per_subnet > 0);
        }
    }

    #[test]
    fn every_fact_has_its_source() {
        let fields = ["free_addresses_per_subnet", "invitation", "ports", "private_dns", "unsupported_az_ids"];
        for name in ProfileName::ALL {
            let sources = &Profile::of(*name).sources;
            assert_eq!(sources.keys().map(String::as_str).collect::<Vec<_>>(), fields, "{name:?}");
            assert!(sources.values().all(|of_fact| of_fact.iter().any(|source| !source.is_empty())), "{name:?}");
        }
    }

    #[test]
    fn redis_cloud_is_as_redis_documents_it() {
        let profile = Profile::of(ProfileName::RedisCloud);
        let ports: Vec<_> = profile.ports.iter().map(|p| (p.from, p.to, p.required)).collect();
        assert_eq!(ports, [(10_000, 19_999, true), (8070, 8070, false)]);
        assert_eq!(profile.free_addresses_per_subnet, 16);
        assert_eq!(profile.private_dns, DnsPreference::VerifiedDomainsOnly);
    }

    #[test]
    fn what_is_chosen_adds_to_a_profile_and_takes_nothing_from_it() {
        let plain = Chosen::from(ProfileName::RedisCloud);
        assert_eq!(*plain.profile(), *Profile::of(ProfileName::RedisCloud));
        assert_eq!(serde_json::to_value(&plain).unwrap(), "redis-cloud", "as before there was such a thing");
        let admin = PortUse { from: 9443, to: 9443, used_for: "admin".to_owned(), required: false };
        let zone = AzId::parse("use1-az5").unwrap();
        let more = Chosen {
            ports: vec![admin.clone()],
            free_addresses_per_subnet: Some(8),
            unsupported_az_ids: vec![zone.clone()],
            ..plain
        };
        let (profile, base) = (more.profile(), Profile::of(ProfileName::RedisCloud));
        assert_eq!(profile.ports, [&base.ports[..], &[admin]].concat());
        assert_eq!(profile.unsupported_az_ids, [&base.unsupported_az_ids[..], &[zone]].concat());
        assert_eq!(profile.free_addresses_per_subnet, 8);
        assert_eq!((profile.name, profile.private_dns), (base.name, base.private_dns));
    }

    #[test]
    fn no_profile_forgets_an_availability_zone_that_vpc_lattice_does_not_support() {
        // [AWS: VPC Lattice user guide, quotas]
        let aws = ["apne1-az3", "apne2-az2", "cac1-az3", "euc1-az2", "euw1-az4", "ilc1-az2", "use1-az3", "usw1-az2"];
        for name in ProfileName::ALL {
            let unsupported = &Profile::of(*name).unsupported_az_ids;
            for zone in aws {
                assert!(unsupported.iter().any(|id| id.as_str() == zone), "{name:?} lacks {zone}");
            }
        }
    }
}
