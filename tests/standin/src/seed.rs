//! What tests and demos tell the stand-in to have: shares with their resources, invitations, and what happens outside Drawbridge.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::ids;
use crate::world::World;
use crate::world::configurations::{Configuration, Kind};
use crate::world::shares::{Invitation, InvitationStatus, Principal, Share, SharedResource};

fn yes() -> bool {
    true
}

fn region() -> String {
    "us-east-1".to_owned()
}

/// A child of a group, or what a single configuration has of its own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChildSeed {
    /// Its name.
    pub name: String,
    /// Ports and ranges.
    #[serde(default)]
    pub ports: Vec<String>,
    /// What it leads to.
    #[serde(default)]
    pub dns_target: Option<String>,
    /// The provider's name for it.
    #[serde(default)]
    pub custom_domain: Option<String>,
    /// Whether that name was verified; it is unless said otherwise.
    #[serde(default)]
    pub verified: Option<bool>,
}

/// A resource to share.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceSeed {
    /// `GROUP` (if nothing is said), `SINGLE` or `ARN`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// Another RAM type than `vpc-lattice:ResourceConfiguration`; `vpc-lattice:ServiceNetwork` is one that can be used.
    #[serde(default)]
    pub ram_type: Option<String>,
    /// What the owner has associated with a service network.
    #[serde(default)]
    pub resources: Vec<ResourceSeed>,
    /// An ARN, for a foreign type, or a configuration or service network that exists already.
    #[serde(default)]
    pub arn: Option<String>,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// The children of a group.
    #[serde(default)]
    pub children: Vec<ChildSeed>,
    /// Ports of a single one.
    #[serde(default)]
    pub ports: Vec<String>,
    /// The target of a single one.
    #[serde(default)]
    pub dns_target: Option<String>,
    /// The custom domain of a single one.
    #[serde(default)]
    pub custom_domain: Option<String>,
    /// The domain that the children's names must be under.
    #[serde(default)]
    pub group_domain: Option<String>,
    /// Whether the domain was verified.
    #[serde(default = "yes")]
    pub verified: bool,
    /// Zone ids of the resource gateway; none means all.
    #[serde(default)]
    pub az_ids: Vec<String>,
    /// Whether it may go into a service network that is shared on.
    #[serde(default = "yes")]
    pub into_shareable_network: bool,
}

/// A share to make.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareSeed {
    /// The owning account.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Its Region.
    #[serde(default = "region")]
    pub region: String,
    /// The accounts that it is for.
    pub principals: Vec<String>,
    /// Whether they must accept an invitation.
    #[serde(default = "yes")]
    pub invitation: bool,
    /// How long ago it was sent, in minutes.
    #[serde(default)]
    pub age_minutes: i64,
    /// What is in it.
    #[serde(default)]
    pub resources: Vec<ResourceSeed>,
    /// Whether RAM's event is put on the bus.
    #[serde(default = "yes")]
    pub event: bool,
}

/// What a seeding made: the resources' ARNs and each one's children.
#[derive(Debug, Default)]
pub struct Made {
    resources: Vec<String>,
    children: Vec<Vec<String>>,
}

impl Made {
    /// As the answer of the admin call.
    pub fn json(&self) -> Map<String, Value> {
        Map::from_iter([("resources".to_owned(), json!(self.resources)), ("children".to_owned(), json!(self.children))])
    }
}

impl World {
    /// Makes a share, its resources and invitations; gives the share's ARN and the invitations by account.
    ///
    /// # Errors
    /// A sentence that names what of the seed cannot be.
    pub fn make_share(
        &mut self,
        seed: &ShareSeed,
        now: Timestamp,
    ) -> Result<(String, BTreeMap<String, String>, Made), String> {
        account(&seed.owner)?;
        for principal in &seed.principals {
            account(principal)?;
        }
        let arn = ids::arn("ram", &seed.region, &seed.owner, &format!("resource-share/{}", ids::uuid()));
        self.shares.push(Share {
            arn: arn.clone(),
            name: seed.name.clone(),
            owner: seed.owner.clone(),
            region: seed.region.clone(),
            deleted: false,
            principals: Vec::new(),
            resources: Vec::new(),
            created: now,
            updated: now,
        });
        let made = self.add_resources(&arn, &seed.resources, now)?;
        let sent = now - jiff::SignedDuration::from_mins(seed.age_minutes);
        let mut invitations = BTreeMap::new();
        for principal in &seed.principals {
            if let Some(invitation) = self.add_principal(&arn, principal, seed.invitation, sent)? {
                invitations.insert(principal.clone(), invitation);
            }
        }
        Ok((arn, invitations, made))
    }

    /// The share of that ARN.
    ///
    /// # Errors
    /// A sentence when there is none.
    pub fn share_mut(&mut self, arn: &str) -> Result<&mut Share, String> {
        self.shares.iter_mut().find(|share| share.arn == arn).ok_or_else(|| format!("there is no share {arn}"))
    }

    /// Puts an account on a share (again), with an invitation if that is asked for.
    ///
    /// # Errors
    /// A sentence when there is no such share.
    pub fn add_principal(
        &mut self,
        share: &str,
        account: &str,
        invited: bool,
        sent: Timestamp,
    ) -> Result<Option<String>, String> {
        let share = self.share_mut(share)?;
        if share.deleted {
            return Err(format!("{} was deleted: make another share", share.arn));
        }
        // Who is on it still and is asked again need not accept again.
        let kept = share.principals.iter().find(|known| known.account == account && !known.revoked);
        let since = kept.map_or(sent, |known| known.since);
        share.principals.retain(|principal| principal.account != account);
        share.principals.push(Principal { account: account.to_owned(), invited, revoked: false, since });
        if !invited {
            return Ok(None);
        }
        // The ARN carries the SENDER's account and the share's Region. [AWS:ram/userguide/working-with-shared-invitations]
        let arn = ids::arn("ram", &share.region, &share.owner, &format!("resource-share-invitation/{}", ids::uuid()));
        let invitation = Invitation {
            arn: arn.clone(),
            share: share.arn.clone(),
            sender: share.owner.clone(),
            receiver: account.to_owned(),
            at: sent,
            status: InvitationStatus::Pending,
            lag: 0,
        };
        self.invitations.push(invitation);
        Ok(Some(arn))
    }

    /// Adds resources to a share, which its owner can do after the acceptance too.
    ///
    /// # Errors
    /// A sentence that names what of the seed cannot be.
    pub fn add_resources(&mut self, share: &str, seeds: &[ResourceSeed], now: Timestamp) -> Result<Made, String> {
        let (owner, region) = {
            let share = self.share_mut(share)?;
            share.updated = now;
            (share.owner.clone(), share.region.clone())
        };
        let mut made = Made::default();
        for seed in seeds {
            let (arn, ram_type, children) = self.make_resource(&owner, &region, seed, now)?;
            self.share_mut(share)?.resources.push(SharedResource { arn: arn.clone(), ram_type, at: now });
            made.resources.push(arn);
            made.children.push(children);
        }
        Ok(made)
    }

    /// Takes resources out of a share, which its owner can do at any time.
    ///
    /// # Errors
    /// A sentence when there is no such share, or one of them is not in it.
    pub fn remove_resources(&mut self, share: &str, arns: &[String], now: Timestamp) -> Result<(), String> {
        let share = self.share_mut(share)?;
        if let Some(stranger) = arns.iter().find(|arn| !share.has(arn)) {
            return Err(format!("{stranger} is not in the share"));
        }
        share.resources.retain(|resource| !arns.contains(&resource.arn));
        share.updated = now;
        Ok(())
    }

    pub(crate) fn make_resource(
        &mut self,
        owner: &str,
        region: &str,
        seed: &ResourceSeed,
        now: Timestamp,
    ) -> Result<(String, String, Vec<String>), String> {
        let ram_type = seed.ram_type.clone().unwrap_or_else(|| "vpc-lattice:ResourceConfiguration".to_owned());
        if ram_type.eq_ignore_ascii_case("vpc-lattice:ServiceNetwork") {
            let (arn, resources) = self.make_network(owner, region, seed, now)?;
            return Ok((arn, ram_type, resources));
        }
        if !ram_type.eq_ignore_ascii_case("vpc-lattice:ResourceConfiguration") {
            let (service, kind) = ram_type.split_once(':').unwrap_or((&ram_type, "resource"));
            let arn = seed.arn.clone().unwrap_or_else(|| {
                ids::arn(service, region, owner, &format!("{}/{}", kind.to_lowercase(), ids::resource("res")))
            });
            return Ok((arn, ram_type, Vec::new()));
        }
        if let Some(arn) = &seed.arn {
            let known = self.configurations.get(arn).ok_or_else(|| {
                format!("there is no resource configuration {arn} to share: leave arn out to make one")
            })?;
            if known.kind == Kind::Child {
                // [AWS:vpc-lattice/ug/resource-configuration: children cannot be shared alone]
                return Err(format!("{arn} is a CHILD, which cannot be shared alone: share its group"));
            }
            return Ok((arn.clone(), ram_type, Vec::new()));
        }
        let kind = match seed.kind.as_deref().unwrap_or("GROUP") {
            "GROUP" => Kind::Group,
            "SINGLE" => Kind::Single,
            "ARN" => Kind::Arn,
            other => return Err(format!("a shared resource has type GROUP, SINGLE or ARN, not {other}")),
        };
        if kind != Kind::Group && !seed.children.is_empty() {
            return Err(format!("only a GROUP has children, and {:?} is none", seed.name));
        }
        let id = ids::resource("rcfg");
        let arn = ids::arn("vpc-lattice", region, owner, &format!("resourceconfiguration/{id}"));
        let parent = Configuration {
            arn: arn.clone(),
            id,
            name: seed.name.clone().unwrap_or_else(|| "resource".to_owned()),
            owner: owner.to_owned(),
            region: region.to_owned(),
            kind,
            group: None,
            ports: seed.ports.clone(),
            dns_target: seed.dns_target.clone(),
            custom_domain: seed.custom_domain.clone(),
            group_domain: seed.group_domain.clone(),
            verified: seed.verified,
            az_ids: seed.az_ids.clone(),
            gateway: ids::resource("rgw"),
            into_shareable_network: seed.into_shareable_network,
            status: "ACTIVE".to_owned(),
            tags: BTreeMap::new(),
            created: now,
        };
        self.configurations.insert(arn.clone(), parent);
        let children = if kind == Kind::Group { self.add_children(&arn, &seed.children, now)? } else { Vec::new() };
        Ok((arn, ram_type, children))
    }

    /// Adds children to a group that exists.
    ///
    /// # Errors
    /// A sentence when there is no such group.
    pub fn add_children(&mut self, group: &str, seeds: &[ChildSeed], now: Timestamp) -> Result<Vec<String>, String> {
        let parent = self.configurations.get(group).filter(|known| known.kind == Kind::Group).cloned();
        let parent = parent.ok_or_else(|| format!("there is no GROUP resource configuration {group}"))?;
        let mut made = Vec::new();
        for seed in seeds {
            let id = ids::resource("rcfg");
            let child = Configuration {
                arn: ids::arn("vpc-lattice", &parent.region, &parent.owner, &format!("resourceconfiguration/{id}")),
                id,
                name: seed.name.clone(),
                kind: Kind::Child,
                group: Some(parent.arn.clone()),
                ports: seed.ports.clone(),
                dns_target: seed.dns_target.clone(),
                custom_domain: seed.custom_domain.clone(),
                group_domain: None,
                verified: seed.verified.unwrap_or(true),
                created: now,
                ..parent.clone()
            };
            made.push(child.arn.clone());
            self.configurations.insert(child.arn.clone(), child);
        }
        Ok(made)
    }

    /// Deletes children of a group.
    ///
    /// # Errors
    /// A sentence when one of them is no child.
    pub fn remove_children(&mut self, arns: &[String]) -> Result<(), String> {
        let child = |arn: &&String| self.configurations.get(*arn).is_some_and(|known| known.kind == Kind::Child);
        if let Some(stranger) = arns.iter().find(|arn| !child(arn)) {
            return Err(format!("there is no CHILD resource configuration {stranger}"));
        }
        self.configurations.retain(|arn, _| !arns.contains(arn));
        Ok(())
    }
}

fn account(text: &str) -> Result<(), String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(())
    } else {
        Err(format!("an account has 12 digits, not {text:?}"))
    }
}
