//! What a connection leads to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{InvalidId, ResourceArn, Service};

/// What a connection leads to; one text in the ledger, in announcements and in ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Resource {
    /// A resource configuration or a service network.
    Arn(ResourceArn),
    /// An endpoint service.
    Service(Service),
}

impl Resource {
    /// The resource as text: its ARN, or the service's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.as_str(),
            Self::Service(service) => service.as_str(),
        }
    }

    /// What is short and still tells it from others: `rcfg-0a1b…`, or the service's name.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.id(),
            Self::Service(service) => service.as_str(),
        }
    }

    /// Its ARN, if it has one.
    #[must_use]
    pub const fn arn(&self) -> Option<&ResourceArn> {
        match self {
            Self::Arn(arn) => Some(arn),
            Self::Service(_) => None,
        }
    }
}

impl TryFrom<String> for Resource {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        // No service's name holds a colon.
        if text.contains(':') {
            ResourceArn::parse(text).map(Self::Arn)
        } else {
            Service::parse(text).map(Self::Service)
        }
    }
}

impl From<Resource> for String {
    fn from(resource: Resource) -> Self {
        match resource {
            Resource::Arn(arn) => arn.into(),
            Resource::Service(service) => service.into(),
        }
    }
}

impl From<ResourceArn> for Resource {
    fn from(arn: ResourceArn) -> Self {
        Self::Arn(arn)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn it_is_one_text_and_read_back_from_it() {
        for (text, id) in [
            ("arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a", "rcfg-0a"),
            ("arn:aws:vpc-lattice:us-east-1:444455556666:servicenetwork/sn-0a", "sn-0a"),
            ("com.amazonaws.us-east-1.s3", "com.amazonaws.us-east-1.s3"),
            ("com.amazonaws.eu-west-1.s3@eu-west-1", "com.amazonaws.eu-west-1.s3@eu-west-1"),
        ] {
            let json = format!("\"{text}\"");
            let resource: Resource = serde_json::from_str(&json).unwrap();
            assert_eq!((resource.as_str(), resource.id(), resource.to_string().as_str()), (text, id, text));
            assert_eq!(resource.arn().is_some(), text.starts_with("arn:"));
            assert_eq!(serde_json::to_string(&resource).unwrap(), json);
        }
        for bad in ["", "s3", "arn:aws:s3", "com.amazonaws.S3"] {
            assert!(Resource::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
