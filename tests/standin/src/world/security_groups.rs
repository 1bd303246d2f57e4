//! Security groups and their ingress rules. The shapes are those of a seed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids;

fn tcp() -> String {
    "tcp".to_owned()
}

/// One ingress rule; with several sources, so many rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// First port; none for protocol `-1`.
    #[serde(default)]
    pub from: Option<i32>,
    /// Last port; none for protocol `-1`.
    #[serde(default)]
    pub to: Option<i32>,
    /// An IPv4 block.
    #[serde(default)]
    pub cidr: Option<String>,
    /// An IPv6 block.
    #[serde(default)]
    pub cidr_v6: Option<String>,
    /// A security group.
    #[serde(default)]
    pub group: Option<String>,
    /// A prefix list.
    #[serde(default)]
    pub prefix_list: Option<String>,
    /// `tcp`, `udp`, `icmp`, a number, or `-1` for all.
    #[serde(default = "tcp")]
    pub protocol: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
}

impl Rule {
    /// A rule of one protocol and its ports, without a source.
    pub fn to(protocol: &str, from: Option<i32>, to: Option<i32>) -> Self {
        Self {
            from,
            to,
            cidr: None,
            cidr_v6: None,
            group: None,
            prefix_list: None,
            protocol: protocol.to_owned(),
            description: None,
        }
    }

    /// One rule per source, as AWS counts them. \[botocore: `SecurityGroupRule`\]
    pub fn split(&self) -> Vec<Self> {
        let bare = Self { description: self.description.clone(), ..Self::to(&self.protocol, self.from, self.to) };
        let mut rules = Vec::new();
        if self.cidr.is_some() {
            rules.push(Self { cidr: self.cidr.clone(), ..bare.clone() });
        }
        if self.cidr_v6.is_some() {
            rules.push(Self { cidr_v6: self.cidr_v6.clone(), ..bare.clone() });
        }
        if self.group.is_some() {
            rules.push(Self { group: self.group.clone(), ..bare.clone() });
        }
        if self.prefix_list.is_some() {
            rules.push(Self { prefix_list: self.prefix_list.clone(), ..bare.clone() });
        }
        if rules.is_empty() {
            rules.push(bare);
        }
        rules
    }

    /// Whether two rules of one source let in the same; a description does not count. \[botocore: `RevokeSecurityGroupIngress`\]
    pub fn same(&self, other: &Self) -> bool {
        let bare = |rule: &Self| Self { description: None, ..rule.clone() };
        bare(self) == bare(other)
    }

    /// The id of a rule of one source in a group: `sgr-…`.
    pub fn id(&self, group: &str) -> String {
        format!("sgr-0{}", ids::digest(&format!("{group} {:?}", Self { description: None, ..self.clone() })))
    }
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    /// `sg-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// What it lets in.
    #[serde(default)]
    pub ingress: Vec<Rule>,
    /// Something that is not in the stand-in and uses it, such as an instance.
    #[serde(default)]
    pub used_by: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// When it was made, if it was not there before.
    #[serde(default)]
    pub created: Option<Timestamp>,
}

impl SecurityGroup {
    /// Its name; its id if none was seeded.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    /// All rules, each of one source.
    pub fn rules(&self) -> Vec<Rule> {
        self.ingress.iter().flat_map(Rule::split).collect()
    }

    /// The rules of each protocol and its ports: AWS shows those as one permission. \[botocore: `IpPermission`\]
    pub fn permissions(&self) -> Vec<Vec<Rule>> {
        let mut permissions: Vec<Vec<Rule>> = Vec::new();
        for rule in self.rules() {
            let about = |other: &Rule| (other.protocol.clone(), other.from, other.to);
            match permissions.iter_mut().find(|rules| rules.first().map(about) == Some(about(&rule))) {
                Some(rules) => rules.push(rule),
                None => permissions.push(vec![rule]),
            }
        }
        permissions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_split_by_source_and_shown_by_port() {
        let redis = Rule::to("tcp", Some(10000), Some(19999));
        let both = Rule { cidr: Some("10.0.0.0/16".to_owned()), group: Some("sg-1".to_owned()), ..redis.clone() };
        let other = Rule { cidr: Some("10.1.0.0/16".to_owned()), description: Some("office".to_owned()), ..redis };
        let all = Rule { cidr: Some("10.0.0.0/8".to_owned()), ..Rule::to("-1", None, None) };
        let group = SecurityGroup {
            id: "sg-0".to_owned(),
            vpc: "vpc-0".to_owned(),
            name: None,
            description: None,
            ingress: vec![both, all, other.clone()],
            used_by: None,
            tags: BTreeMap::new(),
            created: None,
        };
        assert_eq!(group.rules().len(), 4);
        let sizes: Vec<usize> = group.permissions().iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 1]);
        assert!(group.rules()[3].same(&Rule { description: None, ..other }));
        assert!(!group.rules()[0].same(&group.rules()[1]));
    }
}
