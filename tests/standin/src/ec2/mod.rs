//! Amazon EC2, as far as VPC endpoints touch it. \[botocore: ec2/2016-11-15\]

mod associations;
mod change_groups;
mod check_endpoint;
mod check_lattice;
mod create_endpoint;
mod endpoints;
mod filters;
mod ingress;
mod modify_endpoint;
mod notifications;
mod params;
mod prefix_lists;
mod route_tables;
mod security_groups;
mod services;
mod subnets;
mod tags;
mod vpcs;

use jiff::Timestamp;

use crate::paging::{Asked, BadToken, Part};
use crate::request::Caller;
use crate::wire::{Refusal, Xml};
use crate::world::World;
pub use endpoints::unsuccessful;
pub use params::Params;

/// The most entries of one page. \[botocore: `MaxResults` 5..1000\]
const CEILING: usize = 1000;

type Outcome = Result<Xml, Refusal>;

/// Answers one operation.
///
/// # Errors
/// The service's own refusals. The ec2 protocol models none: the codes are those of EC2's error list. \[AWS:ec2 error codes\]
pub fn answer(world: &mut World, caller: &Caller, params: &Params, now: Timestamp) -> Outcome {
    let known: &[&str] = match params.action() {
        "DescribeVpcs" => &["Filter", "VpcId", "NextToken", "MaxResults"],
        "DescribeVpcAttribute" => &["Attribute", "VpcId"],
        "DescribeSubnets" => &["Filter", "SubnetId", "NextToken", "MaxResults"],
        "DescribeSecurityGroups" => &["Filter", "GroupId", "GroupName", "NextToken", "MaxResults"],
        "DescribeVpcEndpoints" | "DescribeVpcEndpointAssociations" => {
            &["Filter", "VpcEndpointId", "NextToken", "MaxResults"]
        }
        "DescribeVpcEndpointServices" => &["Filter", "ServiceName", "ServiceRegion", "NextToken", "MaxResults"],
        "DescribeRouteTables" => &["Filter", "RouteTableId", "NextToken", "MaxResults"],
        "DescribePrefixLists" | "DescribeManagedPrefixLists" => &["Filter", "PrefixListId", "NextToken", "MaxResults"],
        "CreateVpcEndpoint" => create_endpoint::PARAMETERS,
        "ModifyVpcEndpoint" => modify_endpoint::PARAMETERS,
        "CreateTags" | "DeleteTags" => &["ResourceId", "Tag"],
        "CreateSecurityGroup" => &["GroupDescription", "GroupName", "VpcId", "TagSpecification"],
        "AuthorizeSecurityGroupIngress" | "RevokeSecurityGroupIngress" => &["GroupId", "IpPermissions"],
        "DeleteSecurityGroup" => &["GroupId"],
        "DeleteVpcEndpoints" => &["VpcEndpointId"],
        "CreateVpcEndpointConnectionNotification" => notifications::PARAMETERS,
        "DescribeVpcEndpointConnectionNotifications" => {
            &["ConnectionNotificationId", "Filter", "NextToken", "MaxResults"]
        }
        "DeleteVpcEndpointConnectionNotifications" => &["ConnectionNotificationId"],
        other => {
            // [AWS:ec2 error codes: InvalidAction]
            return Err(refusal(
                "InvalidAction",
                format!("The action {other} is not valid for this web service: the stand-in does not know it"),
            ));
        }
    };
    params.only(known)?;
    if params.flag("DryRun")? == Some(true) {
        // [AWS:ec2 error codes: DryRunOperation, 412]
        return Err(Refusal::new(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."));
    }
    match params.action() {
        "DescribeVpcs" => vpcs::describe(world, caller, params),
        "DescribeVpcAttribute" => vpcs::attribute(world, caller, params),
        "DescribeSubnets" => subnets::describe(world, caller, params),
        "DescribeSecurityGroups" => security_groups::describe(world, caller, params, now),
        "ModifyVpcEndpoint" => modify_endpoint::modify(world, caller, params, now),
        "CreateTags" => tags::add(world, caller, params),
        "DeleteTags" => tags::remove(world, caller, params),
        "CreateSecurityGroup" => change_groups::create(world, caller, params, now),
        "AuthorizeSecurityGroupIngress" => change_groups::authorize(world, caller, params),
        "RevokeSecurityGroupIngress" => change_groups::revoke(world, caller, params),
        "DeleteSecurityGroup" => change_groups::delete(world, caller, params, now),
        "DescribeVpcEndpoints" => endpoints::describe(world, caller, params, now),
        "DescribeVpcEndpointAssociations" => associations::describe(world, caller, params, now),
        "DescribeVpcEndpointServices" => services::describe(world, caller, params),
        "DescribeRouteTables" => route_tables::describe(world, caller, params),
        "DescribePrefixLists" => prefix_lists::describe(world, caller, params),
        "DescribeManagedPrefixLists" => prefix_lists::describe_managed(world, caller, params),
        "CreateVpcEndpoint" => create_endpoint::create(world, caller, params, now),
        "CreateVpcEndpointConnectionNotification" => notifications::create(world, caller, params, now),
        "DescribeVpcEndpointConnectionNotifications" => notifications::describe(world, caller, params),
        "DeleteVpcEndpointConnectionNotifications" => notifications::delete(world, caller, params),
        _ => endpoints::delete(world, caller, params, now),
    }
}

fn refusal(code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(400, code, message)
}

/// A list's request in the terms of [`crate::paging`].
///
/// EC2 pages its VPCs, subnets and groups only for those who name `MaxResults` ("all items are returned" otherwise), and a page
/// may then be empty: filters work on each page. Endpoints are paged for everybody. \[AWS:ec2/devguide pagination\]
fn asked<'a>(world: &World, caller: &Caller, params: &'a Params, always: bool) -> Result<Asked<'a>, Refusal> {
    let most = params.number("MaxResults")?;
    let request = format!("{} {} {}", caller.account, caller.region, params.without(&["NextToken"]));
    let mut asked = world.asked(params.text("NextToken"), most, CEILING, request);
    let by_id = params.list("VpcEndpointId").len()
        + params.list("VpcId").len()
        + params.list("SubnetId").len()
        + params.list("GroupId").len()
        + params.list("RouteTableId").len()
        + params.list("PrefixListId").len()
        + params.list("ServiceName").len()
        > 0;
    asked.empty_first &= (always || most.is_some()) && !by_id;
    Ok(asked)
}

fn part(asked: &Asked, total: usize) -> Result<Part, Refusal> {
    asked.part(total).map_err(|BadToken| refusal("InvalidNextToken", "The token is not valid."))
}

/// Refuses the first id that is not known, with the code that its noun has.
fn all_known(ids: &[&str], known: impl Fn(&str) -> bool, code: &str, noun: &str) -> Result<(), Refusal> {
    match ids.iter().find(|id| !known(id)) {
        Some(id) => Err(refusal(code, format!("The {noun} ID '{id}' does not exist"))),
        None => Ok(()),
    }
}
