//! Security groups that belong to one connection.

use std::collections::BTreeMap;

use aws_sdk_ec2::error::ProvideErrorMetadata as _;
use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, ResourceType, TagSpecification, UserIdGroupPair};
use drawbridge_domain::connection::PlannedGroup;
use drawbridge_domain::identity::TAG_OWNER;
use drawbridge_domain::ids::{SecurityGroupId, VpcId};
use drawbridge_domain::ports::{MakeGroup, RemoveGroup, TaggedGroup};
use drawbridge_domain::{Fault, FaultName};
use drawbridge_sdk::{every_page, fault};

use crate::{Ec2, PAGE, filter, is_not_found, said};

const GROUPS: &str = "ec2:DescribeSecurityGroups";
const CREATE: &str = "ec2:CreateSecurityGroup";
const ADMIT: &str = "ec2:AuthorizeSecurityGroupIngress";
const DELETE: &str = "ec2:DeleteSecurityGroup";

impl MakeGroup for Ec2 {
    async fn make_group(
        &self,
        name: &str,
        vpc: &VpcId,
        tags: &BTreeMap<String, String>,
    ) -> Result<SecurityGroupId, Fault> {
        let owned =
            TagSpecification::builder().resource_type(ResourceType::SecurityGroup).set_tags(Some(said(tags))).build();
        let request = self.0.create_security_group().group_name(name).vpc_id(vpc.as_str()).tag_specifications(owned);
        match request.description("Made by Drawbridge for this connection alone").send().await {
            Ok(made) => usable_id(made.group_id()),
            // There is no client token: the name, given once in a VPC, is what makes it one.
            Err(error) if error.code() == Some("InvalidGroup.Duplicate") => self.adopt(name, vpc, tags).await,
            Err(error) => Err(fault(CREATE, error)),
        }
    }

    async fn admit(&self, id: &SecurityGroupId, planned: &PlannedGroup) -> Result<(), Fault> {
        let all: Vec<_> = planned.ports.iter().flat_map(|ports| permissions(*ports, planned)).collect();
        if self.authorize(id, all.clone()).await? {
            return Ok(());
        }
        // EC2 adds all or none: some are there already, and which is told by asking for each.
        for one in all {
            self.authorize(id, vec![one]).await?;
        }
        Ok(())
    }
}

impl RemoveGroup for Ec2 {
    async fn groups_tagged(&self, key: &str, value: &str) -> Result<Vec<TaggedGroup>, Fault> {
        let mut groups = self.read_groups(vec![filter(format!("tag:{key}"), [value])]).await?;
        // A filter takes `*` and `?` for wildcards.
        groups.retain(|group| group.tags.get(key).is_some_and(|tag| tag == value));
        Ok(groups)
    }

    async fn delete_group(&self, id: &SecurityGroupId) -> Result<(), Fault> {
        match self.0.delete_security_group().group_id(id.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_not_found(error.code()) => Ok(()),
            Err(error) if error.code() == Some("DependencyViolation") => {
                let words = error.message().unwrap_or_default();
                Err(FaultName::Conflict.because(format!("{DELETE}: DependencyViolation: {words}")))
            }
            Err(error) => Err(fault(DELETE, error)),
        }
    }
}

impl Ec2 {
    /// The group of this name, if it is ours.
    async fn adopt(&self, name: &str, vpc: &VpcId, tags: &BTreeMap<String, String>) -> Result<SecurityGroupId, Fault> {
        let found = self.read_groups(vec![filter("group-name", [name]), filter("vpc-id", [vpc])]).await?;
        match found.into_iter().next() {
            Some(group) if group.tags.get(TAG_OWNER) == tags.get(TAG_OWNER) => Ok(group.id),
            Some(group) => Err(FaultName::Conflict.because(format!(
                "{} in {vpc} is named {name} and does not carry this connection's tag {TAG_OWNER}; rename or delete it",
                group.id
            ))),
            None => {
                Err(FaultName::NotReady
                    .because(format!("{vpc} has a security group {name} that EC2 does not show yet")))
            }
        }
    }

    async fn read_groups(&self, filters: Vec<aws_sdk_ec2::types::Filter>) -> Result<Vec<TaggedGroup>, Fault> {
        every_page(GROUPS, async |token| {
            let request = self.0.describe_security_groups().set_filters(Some(filters.clone()));
            let page = request.set_next_token(token).max_results(PAGE).send().await;
            let page = page.map_err(|error| fault(GROUPS, error))?;
            let rows = page.security_groups().iter().filter_map(|row| {
                let tags = row.tags().iter();
                let tags =
                    tags.filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())));
                Some(TaggedGroup { id: SecurityGroupId::parse(row.group_id()?).ok()?, tags: tags.collect() })
            });
            Ok((rows.collect(), page.next_token.clone()))
        })
        .await
    }

    /// Whether they were added; not, if one was there already.
    async fn authorize(&self, id: &SecurityGroupId, rules: Vec<IpPermission>) -> Result<bool, Fault> {
        let request = self.0.authorize_security_group_ingress().group_id(id.as_str());
        match request.set_ip_permissions(Some(rules)).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("InvalidPermission.Duplicate") => Ok(false),
            // It was made a moment ago, or a person deleted it since: then its name is free, and it is made anew.
            Err(error) if is_not_found(error.code()) => {
                Err(FaultName::NotReady.because(format!("{ADMIT}: EC2 does not know {id}, or a source, yet")))
            }
            Err(error) => Err(fault(ADMIT, error)),
        }
    }
}

fn usable_id(id: Option<&str>) -> Result<SecurityGroupId, Fault> {
    SecurityGroupId::parse(id.unwrap_or_default()).map_err(|error| {
        FaultName::ServiceUnavailable.because(format!("{CREATE} answered without a usable id: {error}"))
    })
}

/// One rule for each source, so that each can be told to be there.
fn permissions((from, to): (u16, u16), planned: &PlannedGroup) -> Vec<IpPermission> {
    let tcp = || IpPermission::builder().ip_protocol("tcp").from_port(i32::from(from)).to_port(i32::from(to));
    let cidrs = planned.cidrs.iter().map(|cidr| {
        if cidr.contains(':') {
            tcp().ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).build()).build()
        } else {
            tcp().ip_ranges(IpRange::builder().cidr_ip(cidr).build()).build()
        }
    });
    let groups = planned.security_groups.iter();
    let groups = groups
        .map(|group| tcp().user_id_group_pairs(UserIdGroupPair::builder().group_id(group.as_str()).build()).build());
    cidrs.chain(groups).collect()
}

#[cfg(test)]
mod tests {
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    fn id() -> SecurityGroupId {
        SecurityGroupId::parse("sg-0a").unwrap()
    }

    fn vpc() -> VpcId {
        VpcId::parse("vpc-0a").unwrap()
    }

    fn tags(owner: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(TAG_OWNER.to_owned(), owner.to_owned())])
    }

    fn groups(rows: &str) -> Answer {
        let set = format!("<securityGroupInfo>{rows}</securityGroupInfo>");
        Answer::ok(&format!("<DescribeSecurityGroupsResponse>{set}</DescribeSecurityGroupsResponse>"))
    }

    fn row(id: &str, owner: &str) -> String {
        let tag = format!("<item><key>{TAG_OWNER}</key><value>{owner}</value></item>");
        format!("<item><groupId>{id}</groupId><tagSet>{tag}</tagSet></item>")
    }

    fn planned() -> PlannedGroup {
        PlannedGroup {
            vpc: vpc(),
            ports: vec![(10_000, 19_999), (8070, 8070)],
            cidrs: vec!["10.0.0.0/16".to_owned(), "2001:db8::/32".to_owned()],
            security_groups: vec![SecurityGroupId::parse("sg-0b").unwrap()],
        }
    }

    #[tokio::test]
    async fn it_is_made_with_its_tags_and_made_once() {
        let duplicate = || Answer::ec2_error(400, "InvalidGroup.Duplicate");
        let script = Script::new([
            Answer::ok("<CreateSecurityGroupResponse><groupId>sg-0a</groupId></CreateSecurityGroupResponse>"),
            duplicate(),
            groups(&row("sg-0a", "conn-1-g1")),
            duplicate(),
            groups(&row("sg-0a", "somebody")),
            duplicate(),
            groups(""),
        ]);
        let ec2 = Ec2::new(&script.config());
        let make = async || ec2.make_group("conn-1-g1", &vpc(), &tags("conn-1-g1")).await;
        assert_eq!(make().await.unwrap(), id());
        assert_eq!(make().await.unwrap(), id(), "it was made and nobody heard of it");
        assert_eq!(make().await.unwrap_err().name, FaultName::Conflict, "another's of that name");
        assert_eq!(make().await.unwrap_err().name, FaultName::NotReady);
        let requests = script.requests();
        for part in [
            "GroupName=conn-1-g1",
            "VpcId=vpc-0a",
            "TagSpecification.1.ResourceType=security-group",
            "Tag.1.Value=conn-1-g1",
        ] {
            assert!(requests[0].body.contains(part), "{part} is not in {}", requests[0].body);
        }
        assert!(requests[2].body.contains("Filter.1.Name=group-name&Filter.1.Value.1=conn-1-g1&Filter.2.Name=vpc-id"));
    }

    #[tokio::test]
    async fn what_is_planned_is_admitted_and_what_is_there_stays() {
        let added = || {
            Answer::ok(
                "<AuthorizeSecurityGroupIngressResponse><return>true</return></AuthorizeSecurityGroupIngressResponse>",
            )
        };
        let there = || Answer::ec2_error(400, "InvalidPermission.Duplicate");
        let script = Script::new([added(), there(), there(), added(), added(), added(), added(), added()]);
        let ec2 = Ec2::new(&script.config());
        ec2.admit(&id(), &planned()).await.unwrap();
        ec2.admit(&id(), &planned()).await.unwrap();
        let requests = script.requests();
        assert_eq!(requests.len(), 8, "all at once; else each");
        for part in [
            "GroupId=sg-0a",
            "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=10000&IpPermissions.1.ToPort=19999",
            "IpRanges.1.CidrIp=10.0.0.0%2F16",
            "Ipv6Ranges.1.CidrIpv6=2001%3Adb8%3A%3A%2F32",
            "Groups.1.GroupId=sg-0b",
            "IpPermissions.6.",
        ] {
            assert!(requests[0].body.contains(part), "{part} is not in {}", requests[0].body);
        }
        let script = Script::new([
            Answer::ec2_error(400, "InvalidGroup.NotFound"),
            Answer::ec2_error(403, "UnauthorizedOperation"),
        ]);
        let ec2 = Ec2::new(&script.config());
        assert_eq!(ec2.admit(&id(), &planned()).await.unwrap_err().name, FaultName::NotReady);
        assert_eq!(ec2.admit(&id(), &planned()).await.unwrap_err().name, FaultName::AccessDenied);
    }

    #[tokio::test]
    async fn only_what_nobody_uses_is_deleted() {
        let script = Script::new([
            Answer::ok("<DeleteSecurityGroupResponse><return>true</return></DeleteSecurityGroupResponse>"),
            Answer::ec2_error(400, "InvalidGroup.NotFound"),
            Answer::ec2_error(400, "DependencyViolation"),
            Answer::ec2_error(403, "UnauthorizedOperation"),
        ]);
        let ec2 = Ec2::new(&script.config());
        assert_eq!(ec2.delete_group(&id()).await, Ok(()));
        assert_eq!(ec2.delete_group(&id()).await, Ok(()), "gone is gone");
        assert_eq!(ec2.delete_group(&id()).await.unwrap_err().name, FaultName::Conflict);
        assert_eq!(ec2.delete_group(&id()).await.unwrap_err().name, FaultName::AccessDenied);
        let script = Script::new([groups(&[row("sg-0a", "x"), row("sg-0b", "xy")].concat())]);
        let found = Ec2::new(&script.config()).groups_tagged(TAG_OWNER, "x").await.unwrap();
        assert_eq!(found, [TaggedGroup { id: id(), tags: tags("x") }]);
    }
}
