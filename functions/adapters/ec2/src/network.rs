//! The network that an endpoint would stand in.

use aws_sdk_ec2::error::ProvideErrorMetadata as _;
use aws_sdk_ec2::types::{AttributeBooleanValue, IpPermission, VpcAttributeName};
use drawbridge_domain::Fault;
use drawbridge_domain::ids::{AzId, SecurityGroupId, SubnetId, VpcId};
use drawbridge_domain::network::{Endpoint, Ingress, SecurityGroup, Subnet, Vpc, same_word};
use drawbridge_domain::ports::LookAtNetwork;
use drawbridge_sdk::{BadRow, every_page, fault, field, usable};
use futures_util::future::try_join;

use crate::{Ec2, PAGE, filter, is_not_found};

const VPCS: &str = "ec2:DescribeVpcs";
const ATTRIBUTE: &str = "ec2:DescribeVpcAttribute";
const SUBNETS: &str = "ec2:DescribeSubnets";
const GROUPS: &str = "ec2:DescribeSecurityGroups";

impl LookAtNetwork for Ec2 {
    async fn vpc(&self, id: &VpcId) -> Result<Option<Vpc>, Fault> {
        let request = self.0.describe_vpcs().filters(filter("vpc-id", [id]));
        let found = request.send().await.map_err(|error| fault(VPCS, error))?;
        let Some(row) = found.vpcs().iter().find(|vpc| vpc.vpc_id() == Some(id.as_str())) else {
            return Ok(None);
        };
        let (support, hostnames) = try_join(
            self.vpc_attribute(id, VpcAttributeName::EnableDnsSupport),
            self.vpc_attribute(id, VpcAttributeName::EnableDnsHostnames),
        )
        .await?;
        let both = support.zip(hostnames);
        let cidrs = cidrs(row);
        Ok(both.map(|(dns_support, dns_hostnames)| Vpc { id: id.clone(), dns_support, dns_hostnames, cidrs }))
    }

    async fn subnets_of(&self, vpc: &VpcId) -> Result<Vec<Subnet>, Fault> {
        self.read_subnets("vpc-id", std::slice::from_ref(vpc)).await
    }

    async fn subnets(&self, ids: &[SubnetId]) -> Result<Vec<Subnet>, Fault> {
        self.read_subnets("subnet-id", ids).await
    }

    async fn security_groups(&self, ids: &[SecurityGroupId]) -> Result<Vec<SecurityGroup>, Fault> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        every_page(GROUPS, async |token| {
            let request = self.0.describe_security_groups().filters(filter("group-id", ids));
            let page = request.set_next_token(token).max_results(PAGE).send().await;
            let page = page.map_err(|error| fault(GROUPS, error))?;
            Ok((page.security_groups().iter().filter_map(|row| usable(GROUPS, group(row))).collect(), page.next_token))
        })
        .await
    }

    async fn endpoints_in(&self, vpc: &VpcId) -> Result<Vec<Endpoint>, Fault> {
        self.read_endpoints(filter("vpc-id", [vpc])).await
    }

    async fn gateways(&self) -> Result<Vec<Endpoint>, Fault> {
        self.read_endpoints(filter("vpc-endpoint-type", ["Gateway"])).await
    }
}

impl Ec2 {
    /// One attribute; EC2 shows one at a time. None if the VPC is gone.
    async fn vpc_attribute(&self, id: &VpcId, attribute: VpcAttributeName) -> Result<Option<bool>, Fault> {
        let is_on = |value: Option<&AttributeBooleanValue>| value.and_then(AttributeBooleanValue::value);
        match self.0.describe_vpc_attribute().vpc_id(id.as_str()).attribute(attribute).send().await {
            Ok(found) => {
                Ok(Some(is_on(found.enable_dns_support()).or(is_on(found.enable_dns_hostnames())).unwrap_or_default()))
            }
            Err(error) if is_not_found(error.code()) => Ok(None),
            Err(error) => Err(fault(ATTRIBUTE, error)),
        }
    }

    async fn read_subnets(&self, by: &str, values: &[impl ToString]) -> Result<Vec<Subnet>, Fault> {
        // A filter without a value is refused.
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<_> = values.iter().map(ToString::to_string).collect();
        every_page(SUBNETS, async |token| {
            let request = self.0.describe_subnets().filters(filter(by, &values));
            let page = request.set_next_token(token).max_results(PAGE).send().await;
            let page = page.map_err(|error| fault(SUBNETS, error))?;
            Ok((page.subnets().iter().filter_map(|row| usable(SUBNETS, subnet(row))).collect(), page.next_token))
        })
        .await
    }
}

/// Every IPv4 block that is associated; the first one alone, if EC2 shows no list.
fn cidrs(row: &aws_sdk_ec2::types::Vpc) -> Vec<String> {
    let stands = |state: &str| same_word(state, "associated") || same_word(state, "associating");
    let blocks = row.cidr_block_association_set().iter().filter(|block| {
        let state = block.cidr_block_state().and_then(|state| state.state());
        state.is_none_or(|state| stands(state.as_str()))
    });
    let mut cidrs: Vec<_> = blocks.filter_map(|block| block.cidr_block().map(str::to_owned)).collect();
    cidrs.extend(row.cidr_block().filter(|first| !cidrs.iter().any(|cidr| cidr == first)).map(str::to_owned));
    cidrs
}

fn subnet(row: &aws_sdk_ec2::types::Subnet) -> Result<Subnet, BadRow> {
    Ok(Subnet {
        id: SubnetId::parse(field(row.subnet_id(), "subnetId")?)?,
        vpc: VpcId::parse(field(row.vpc_id(), "vpcId")?)?,
        az: AzId::parse(field(row.availability_zone_id(), "availabilityZoneId")?)?,
        zone: row.availability_zone().map(str::to_owned),
        free_addresses: row.available_ip_address_count().and_then(|free| u32::try_from(free).ok()).unwrap_or_default(),
        ipv6_only: row.ipv6_native().unwrap_or_default(),
    })
}

fn group(row: &aws_sdk_ec2::types::SecurityGroup) -> Result<SecurityGroup, BadRow> {
    Ok(SecurityGroup {
        id: SecurityGroupId::parse(field(row.group_id(), "groupId")?)?,
        vpc: VpcId::parse(field(row.vpc_id(), "vpcId")?)?,
        ingress: row.ip_permissions().iter().filter_map(|rule| usable(GROUPS, ingress(rule))).collect(),
    })
}

/// EC2 leaves the ports out for protocol -1 (all); -1 as a port means all, too.
fn ingress(rule: &IpPermission) -> Result<Ingress, BadRow> {
    let protocol = field(rule.ip_protocol(), "ipProtocol")?.to_owned();
    let ports = match (rule.from_port(), rule.to_port()) {
        (None | Some(-1), None | Some(-1)) => None,
        (Some(from), Some(to)) => {
            let port = |port| u16::try_from(port).map_err(|_| BadRow::because(format!("{port} is no port")));
            Some((port(from)?, port(to)?))
        }
        (from, to) => return Err(BadRow::because(format!("its ports are {from:?} to {to:?}"))),
    };
    Ok(Ingress { protocol, ports })
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::FaultName;
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    fn vpc() -> VpcId {
        VpcId::parse("vpc-0a").unwrap()
    }

    fn attribute(name: &str, value: bool) -> Answer {
        let body = format!("<vpcId>vpc-0a</vpcId><{name}><value>{value}</value></{name}>");
        Answer::ok(&format!("<DescribeVpcAttributeResponse>{body}</DescribeVpcAttributeResponse>"))
    }

    fn vpcs(inside: &str) -> Answer {
        Answer::ok(&format!("<DescribeVpcsResponse><vpcSet>{inside}</vpcSet></DescribeVpcsResponse>"))
    }

    fn subnet_row(id: &str, more: &str) -> String {
        format!("<item><subnetId>{id}</subnetId><vpcId>vpc-0a</vpcId>{more}</item>")
    }

    fn subnets(rows: &[String], next: Option<&str>) -> Answer {
        let next = next.map_or(String::new(), |next| format!("<nextToken>{next}</nextToken>"));
        Answer::ok(&format!(
            "<DescribeSubnetsResponse><subnetSet>{}</subnetSet>{next}</DescribeSubnetsResponse>",
            rows.concat()
        ))
    }

    #[tokio::test]
    async fn a_vpc_is_seen_with_its_dns_attributes() {
        let block = |cidr: &str, state: &str| {
            let state = format!("<cidrBlockState><state>{state}</state></cidrBlockState>");
            format!("<item><cidrBlock>{cidr}</cidrBlock>{state}</item>")
        };
        let blocks = [
            block("10.0.0.0/16", "associated"),
            block("10.1.0.0/16", "disassociated"),
            block("10.2.0.0/16", "associated"),
        ];
        let blocks = format!("<cidrBlockAssociationSet>{}</cidrBlockAssociationSet>", blocks.concat());
        let script = Script::new([
            vpcs(&format!("<item><vpcId>vpc-0a</vpcId><cidrBlock>10.0.0.0/16</cidrBlock>{blocks}</item>")),
            attribute("enableDnsSupport", true),
            attribute("enableDnsHostnames", false),
        ]);
        let seen = Ec2::new(&script.config()).vpc(&vpc()).await.unwrap();
        let cidrs = vec!["10.0.0.0/16".to_owned(), "10.2.0.0/16".to_owned()];
        assert_eq!(seen, Some(Vpc { id: vpc(), dns_support: true, dns_hostnames: false, cidrs }));
        let requests = script.requests();
        assert!(requests[0].body.contains("Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-0a"), "{}", requests[0].body);
        assert!(requests[1].body.contains("Attribute=enableDnsSupport"));
        assert!(requests[2].body.contains("Attribute=enableDnsHostnames"));
    }

    #[tokio::test]
    async fn a_vpc_that_does_not_exist_is_not_there() {
        let gone = || Answer::ec2_error(400, "InvalidVpcID.NotFound");
        let script = Script::new([vpcs(""), vpcs("<item><vpcId>vpc-0a</vpcId></item>"), gone(), gone()]);
        let ec2 = Ec2::new(&script.config());
        assert_eq!(ec2.vpc(&vpc()).await.unwrap(), None);
        assert_eq!(ec2.vpc(&vpc()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn subnets_are_on_every_page_and_an_odd_one_is_left_out() {
        let zone =
            "<availabilityZoneId>use1-az1</availabilityZoneId><availableIpAddressCount>200</availableIpAddressCount>";
        let script = Script::new([
            subnets(&[], Some("t1")),
            subnets(&[subnet_row("subnet-1", zone), subnet_row("subnet-2", "")], Some("t2")),
            subnets(
                &[subnet_row(
                    "subnet-3",
                    "<availabilityZoneId>use1-az2</availabilityZoneId><ipv6Native>true</ipv6Native>",
                )],
                None,
            ),
        ]);
        let seen = Ec2::new(&script.config()).subnets_of(&vpc()).await.unwrap();
        let seen =
            seen.iter().map(|subnet| (subnet.id.as_str(), subnet.az.as_str(), subnet.free_addresses, subnet.ipv6_only));
        let seen: Vec<_> = seen.collect();
        assert_eq!(seen, [("subnet-1", "use1-az1", 200, false), ("subnet-3", "use1-az2", 0, true)]);
        assert!(script.requests()[1].body.contains("NextToken=t1"));
    }

    #[tokio::test]
    async fn what_is_listed_is_looked_up_by_filter_so_that_one_that_is_missing_does_not_hide_the_others() {
        let script = Script::new([subnets(&[], None)]);
        let ec2 = Ec2::new(&script.config());
        let ids = [SubnetId::parse("subnet-1").unwrap(), SubnetId::parse("subnet-2").unwrap()];
        assert_eq!(ec2.subnets(&ids).await.unwrap(), []);
        let body = &script.requests()[0].body;
        assert!(body.contains("Filter.1.Name=subnet-id&Filter.1.Value.1=subnet-1&Filter.1.Value.2=subnet-2"), "{body}");

        assert_eq!(ec2.subnets(&[]).await.unwrap(), []);
        assert_eq!(ec2.security_groups(&[]).await.unwrap(), []);
        assert_eq!(script.requests().len(), 1);
    }

    #[tokio::test]
    async fn a_security_group_is_seen_with_what_it_admits() {
        let rules = "<item><ipProtocol>tcp</ipProtocol><fromPort>10000</fromPort><toPort>19999</toPort></item>\
                     <item><ipProtocol>-1</ipProtocol></item>\
                     <item><ipProtocol>icmp</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort></item>\
                     <item><ipProtocol>tcp</ipProtocol><fromPort>0</fromPort><toPort>70000</toPort></item>";
        let row =
            format!("<item><groupId>sg-0a</groupId><vpcId>vpc-0a</vpcId><ipPermissions>{rules}</ipPermissions></item>");
        let body = format!("<securityGroupInfo>{row}</securityGroupInfo>");
        let script = Script::new([Answer::ok(&format!(
            "<DescribeSecurityGroupsResponse>{body}</DescribeSecurityGroupsResponse>"
        ))]);
        let id = SecurityGroupId::parse("sg-0a").unwrap();
        let seen = Ec2::new(&script.config()).security_groups(std::slice::from_ref(&id)).await.unwrap();
        let rule = |protocol: &str, ports| Ingress { protocol: protocol.to_owned(), ports };
        assert_eq!(
            seen,
            [SecurityGroup {
                id,
                vpc: vpc(),
                ingress: vec![rule("tcp", Some((10000, 19999))), rule("-1", None), rule("icmp", None)],
            }]
        );
        assert!(script.requests()[0].body.contains("Filter.1.Name=group-id&Filter.1.Value.1=sg-0a"));
    }

    #[tokio::test]
    async fn a_missing_permission_is_named() {
        let script = Script::new([Answer::ec2_error(403, "UnauthorizedOperation")]);
        let fault = Ec2::new(&script.config()).subnets_of(&vpc()).await.unwrap_err();
        assert_eq!(fault.name, FaultName::AccessDenied);
        assert!(
            fault.message.starts_with("ec2:DescribeSubnets is not allowed: UnauthorizedOperation: AWS's words."),
            "{fault}"
        );
    }
}
