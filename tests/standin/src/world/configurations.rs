//! Resource configurations: what a provider shares.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::World;
use crate::request::Caller;

/// What kind of configuration it is. \[botocore: `ResourceConfigurationType`\]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// Holds children.
    Group,
    /// Is in a group; cannot be shared or targeted alone.
    Child,
    /// Stands alone.
    Single,
    /// Names another AWS resource by ARN.
    Arn,
}

impl Kind {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Group => "GROUP",
            Self::Child => "CHILD",
            Self::Single => "SINGLE",
            Self::Arn => "ARN",
        }
    }
}

/// One resource configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Configuration {
    /// `rcfg-…`.
    pub id: String,
    /// Its ARN, which carries its owner's account.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The owning account.
    pub owner: String,
    /// Its Region.
    pub region: String,
    /// Its kind.
    pub kind: Kind,
    /// A child's group, by ARN.
    pub group: Option<String>,
    /// Ports and ranges of ports.
    pub ports: Vec<String>,
    /// What it leads to: a domain name, or for kind ARN the ARN.
    pub dns_target: Option<String>,
    /// The provider's own name for it.
    pub custom_domain: Option<String>,
    /// The domain that a group's custom domains must be under.
    pub group_domain: Option<String>,
    /// Whether the custom domain was verified.
    pub verified: bool,
    /// Zone ids of the resource gateway; empty means all.
    pub az_ids: Vec<String>,
    /// `rgw-…`.
    pub gateway: String,
    /// Whether it may go into a service network that is shared on.
    pub into_shareable_network: bool,
    /// The status. \[botocore: `ResourceConfigurationStatus`\]
    pub status: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created: Timestamp,
}

impl Configuration {
    /// A group's id as its children name it.
    pub fn group_id(&self) -> Option<&str> {
        self.group.as_deref().and_then(|arn| arn.rsplit('/').next())
    }

    /// The names under `<...>.<rcfg id>.<hash>.vpc-lattice-rsc.<region>.on.aws`. \[AWS:privatelink/privatelink-access-resources\]
    pub fn dns_name(&self, prefix: &str) -> String {
        format!("{prefix}.{}.{}.vpc-lattice-rsc.{}.on.aws", self.id, crate::ids::dns_hash(&self.owner), self.region)
    }
}

impl World {
    /// The configuration of that id or ARN in the caller's Region, whoever owns it.
    pub fn configuration(&self, region: &str, identifier: &str) -> Option<&Configuration> {
        self.configurations.values().find(|configuration| {
            configuration.region == region && (configuration.arn == identifier || configuration.id == identifier)
        })
    }

    /// A group's children; for any other configuration, itself: these are what associations are about.
    pub fn leaves(&self, arn: &str) -> Vec<&Configuration> {
        match self.configurations.get(arn) {
            Some(group) if group.kind == Kind::Group => {
                self.configurations.values().filter(|child| child.group.as_deref() == Some(arn)).collect()
            }
            Some(other) => vec![other],
            None => Vec::new(),
        }
    }

    /// Whether a configuration is owned by the caller, or shared with the caller and known to be so, itself or its group.
    pub fn may_use(&self, caller: &Caller, configuration: &Configuration) -> bool {
        let shared = configuration.group.as_ref().unwrap_or(&configuration.arn);
        // What is in a share is a short list, who accepted what a long one.
        configuration.owner == caller.account
            || self.shares.iter().any(|share| share.has(shared) && share.shows_to(&caller.account, &self.invitations))
    }
}
