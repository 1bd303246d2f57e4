//! VPC endpoints.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::config;
use aws_sdk_ec2::error::ProvideErrorMetadata as _;
use aws_sdk_ec2::types::{
    Filter, ResourceType, State, TagSpecification, UnsuccessfulItem, VpcEndpoint, VpcEndpointType,
};
use aws_smithy_types::timeout::TimeoutConfig;
use drawbridge_domain::connection::PlannedCall;
use drawbridge_domain::ids::{ResourceArn, RouteTableId, VpcEndpointId, VpcId};
use drawbridge_domain::network::{DnsEntry, Endpoint};
use drawbridge_domain::ports::{FindEndpoints, MakeEndpoint, RemoveEndpoint};
use drawbridge_domain::{Fault, FaultName};
use drawbridge_sdk::{BadRow, answered, every_page, fault, field, usable};

use crate::{Ec2, PAGE, filter, is_not_found, requests, said};

const DESCRIBE: &str = "ec2:DescribeVpcEndpoints";
const CREATE: &str = "ec2:CreateVpcEndpoint";
const DELETE: &str = "ec2:DeleteVpcEndpoints";

/// Making an endpoint takes EC2 longer than other calls do. One long attempt is better than three
/// short ones of which each is given up just before its answer.
const CREATE_TIMEOUT: Duration = Duration::from_millis(4200);

impl FindEndpoints for Ec2 {
    async fn endpoint(&self, id: &VpcEndpointId) -> Result<Option<Endpoint>, Fault> {
        match self.0.describe_vpc_endpoints().vpc_endpoint_ids(id.as_str()).send().await {
            Ok(found) => {
                let row = found.vpc_endpoints().iter().find(|row| row.vpc_endpoint_id() == Some(id.as_str()));
                row.map(endpoint).transpose().map_err(|error| {
                    FaultName::InvalidRequest
                        .because(format!("{DESCRIBE} answered for {id} with what can't be used: {error}"))
                })
            }
            Err(error) if is_not_found(error.code()) => Ok(None),
            Err(error) => Err(fault(DESCRIBE, error)),
        }
    }

    async fn endpoints_tagged(&self, key: &str, value: &str) -> Result<Vec<Endpoint>, Fault> {
        let mut endpoints = self.read_endpoints(filter(format!("tag:{key}"), [value])).await?;
        // A filter takes `*` and `?` for wildcards; a tag is ours only if it is equal.
        endpoints.retain(|endpoint| endpoint.tags.get(key).is_some_and(|tag| tag == value));
        Ok(endpoints)
    }
}

impl MakeEndpoint for Ec2 {
    async fn create(
        &self,
        call: &PlannedCall,
        token: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<VpcEndpointId, Fault> {
        if token.is_empty() {
            return Err(FaultName::InvalidRequest.because(format!("{CREATE} is never sent without a client token")));
        }
        let request = requests::fill(self.0.create_vpc_endpoint().client_token(token), call).ok_or_else(|| {
            FaultName::InvalidRequest.because(format!("{CREATE} can't make what the plan says: {call:?}"))
        })?;
        let request = request.set_tag_specifications(tag_specification(tags).map(|tags| vec![tags]));

        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(CREATE_TIMEOUT).build();
        let request = request.customize().config_override(config::Config::builder().timeout_config(timeouts));
        let made = request.send().await.map_err(|error| fault(CREATE, error))?;
        // Asking again under the same token gives the id of what was made.
        let id = made.vpc_endpoint().and_then(VpcEndpoint::vpc_endpoint_id).unwrap_or_default();
        VpcEndpointId::parse(id).map_err(|error| {
            FaultName::ServiceUnavailable.because(format!("{CREATE} answered without a usable id: {error}"))
        })
    }
}

/// The first refusal inside an answer of 200, but for what is gone already.
pub(crate) fn refusal(
    action: &str,
    refused: &[UnsuccessfulItem],
    is_gone: fn(Option<&str>) -> bool,
) -> Result<(), Fault> {
    let errors = refused.iter().map(UnsuccessfulItem::error);
    let codes = errors.map(|error| error.map_or((None, None), |error| (error.code(), error.message())));
    let mut refusals = codes.filter(|(code, _)| !is_gone(*code));
    refusals.next().map_or(Ok(()), |(code, message)| Err(answered(action, code, message, None)))
}

impl RemoveEndpoint for Ec2 {
    async fn delete(&self, id: &VpcEndpointId) -> Result<(), Fault> {
        let refused = match self.0.delete_vpc_endpoints().vpc_endpoint_ids(id.as_str()).send().await {
            Ok(answer) => answer.unsuccessful.unwrap_or_default(),
            Err(error) if is_not_found(error.code()) => return Ok(()),
            Err(error) => return Err(fault(DELETE, error)),
        };
        refusal(DELETE, &refused, is_not_found)
    }
}

impl Ec2 {
    /// Every endpoint that the filter finds and that is not deleted.
    pub(crate) async fn read_endpoints(&self, filter: Filter) -> Result<Vec<Endpoint>, Fault> {
        let mut endpoints = every_page(DESCRIBE, async |token| {
            let request = self.0.describe_vpc_endpoints().filters(filter.clone());
            let page = request.set_next_token(token).max_results(PAGE).send().await;
            let page = page.map_err(|error| fault(DESCRIBE, error))?;
            let rows = page.vpc_endpoints().iter().filter_map(|row| usable(DESCRIBE, endpoint(row)));
            Ok((rows.collect(), page.next_token.clone()))
        })
        .await?;
        endpoints.retain(|endpoint| !endpoint.is_deleted());
        Ok(endpoints)
    }
}

/// Only without an id it can't be used: what else is odd about an endpoint must not hide one that is ours.
pub(crate) fn endpoint(row: &VpcEndpoint) -> Result<Endpoint, BadRow> {
    let last_error = row.last_error().map(|error| [error.code(), error.message()]).unwrap_or_default();
    let failure = [last_error[0], last_error[1], row.failure_reason()];
    let mut failure: Vec<_> = failure.into_iter().flatten().filter(|words| !words.is_empty()).collect();
    failure.dedup();
    let tags =
        row.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())));
    Ok(Endpoint {
        id: VpcEndpointId::parse(field(row.vpc_endpoint_id(), "vpcEndpointId")?)?,
        endpoint_type: row.vpc_endpoint_type().map_or("unknown", VpcEndpointType::as_str).to_owned(),
        state: row.state().map_or("unknown", State::as_str).to_owned(),
        vpc: row.vpc_id().and_then(|id| VpcId::parse(id).ok()),
        resource: row.resource_configuration_arn().and_then(|arn| ResourceArn::parse(arn).ok()),
        service_network: row.service_network_arn().and_then(|arn| ResourceArn::parse(arn).ok()),
        service: row.service_name().map(str::to_owned),
        private_dns: row.private_dns_enabled().unwrap_or_default(),
        route_tables: row.route_table_ids().iter().filter_map(|id| RouteTableId::parse(id).ok()).collect(),
        dns: row.dns_entries().iter().filter_map(dns_entry).collect(),
        tags: tags.collect(),
        failure: (!failure.is_empty()).then(|| failure.join(": ")),
    })
}

fn dns_entry(entry: &aws_sdk_ec2::types::DnsEntry) -> Option<DnsEntry> {
    let name = entry.dns_name().filter(|name| !name.is_empty())?.to_owned();
    let hosted_zone = entry.hosted_zone_id().filter(|zone| !zone.is_empty()).map(str::to_owned);
    Some(DnsEntry { name, hosted_zone })
}

fn tag_specification(tags: &BTreeMap<String, String>) -> Option<TagSpecification> {
    (!tags.is_empty()).then(|| {
        TagSpecification::builder().resource_type(ResourceType::VpcEndpoint).set_tags(Some(said(tags))).build()
    })
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::connection::PlannedDns;
    use drawbridge_domain::ids::{SecurityGroupId, ServiceNetworkId, SubnetId};
    use drawbridge_domain::network::same_word;
    use drawbridge_domain::ports::LookAtNetwork as _;
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    const GROUP: &str = "arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a";

    fn id() -> VpcEndpointId {
        VpcEndpointId::parse("vpce-0a").unwrap()
    }

    fn group() -> ResourceArn {
        ResourceArn::parse(GROUP).unwrap()
    }

    fn row(id: &str, state: &str, owner: &str) -> String {
        format!(
            "<item><vpcEndpointId>{id}</vpcEndpointId><vpcEndpointType>Resource</vpcEndpointType><vpcId>vpc-0a</vpcId>\
             <state>{state}</state><resourceConfigurationArn>{GROUP}</resourceConfigurationArn>\
             <tagSet><item><key>drawbridge:owner</key><value>{owner}</value></item></tagSet></item>"
        )
    }

    fn endpoints(rows: &[String], next: Option<&str>) -> Answer {
        let next = next.map_or(String::new(), |next| format!("<nextToken>{next}</nextToken>"));
        let set = format!("<vpcEndpointSet>{}</vpcEndpointSet>{next}", rows.concat());
        Answer::ok(&format!("<DescribeVpcEndpointsResponse>{set}</DescribeVpcEndpointsResponse>"))
    }

    fn plan(private_dns: PlannedDns) -> PlannedCall {
        PlannedCall::ResourceEndpoint {
            resource: group(),
            vpc: VpcId::parse("vpc-0a").unwrap(),
            subnets: vec![SubnetId::parse("subnet-1").unwrap(), SubnetId::parse("subnet-2").unwrap()],
            security_groups: vec![SecurityGroupId::parse("sg-1").unwrap()],
            private_dns,
        }
    }

    fn no_dns() -> PlannedDns {
        PlannedDns { enabled: false, preference: None, domains: Vec::new() }
    }

    fn tags() -> BTreeMap<String, String> {
        BTreeMap::from([
            ("drawbridge:owner".to_owned(), "conn-1-g1".to_owned()),
            ("team".to_owned(), "data".to_owned()),
        ])
    }

    fn created(id: &str) -> Answer {
        let endpoint = format!("<vpcEndpoint><vpcEndpointId>{id}</vpcEndpointId><state>Pending</state></vpcEndpoint>");
        Answer::ok(&format!("<CreateVpcEndpointResponse>{endpoint}</CreateVpcEndpointResponse>"))
    }

    #[tokio::test]
    async fn a_state_is_read_in_any_case() {
        for state in ["available", "Available", "AVAILABLE"] {
            let script = Script::new([endpoints(&[row("vpce-0a", state, "x")], None)]);
            let seen = Ec2::new(&script.config()).endpoint(&id()).await.unwrap().unwrap();
            assert!(same_word(&seen.state, "available"), "{}", seen.state);
            assert_eq!((seen.state.as_str(), seen.endpoint_type.as_str()), (state, "Resource"));
            assert_eq!((seen.resource, seen.failure), (Some(group()), None));
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_does_not_exist_is_not_there() {
        let script = Script::new([
            Answer::ec2_error(400, "InvalidVpcEndpointId.NotFound"),
            endpoints(&[], None),
            Answer::ec2_error(400, "InvalidVpcEndpointId.Malformed"),
        ]);
        let ec2 = Ec2::new(&script.config());
        assert_eq!(ec2.endpoint(&id()).await.unwrap(), None);
        assert_eq!(ec2.endpoint(&id()).await.unwrap(), None);
        assert_eq!(ec2.endpoint(&id()).await.unwrap_err().name, FaultName::InvalidRequest);
    }

    #[tokio::test]
    async fn a_failed_endpoint_keeps_all_of_awss_words() {
        let why = |later: &str| {
            let words = "<code>ENI</code><message>No room.</message>";
            let failed =
                format!("<state>failed</state><lastError>{words}</lastError><failureReason>{later}</failureReason>");
            endpoints(&[row("vpce-0a", "failed", "x").replace("<state>failed</state>", &failed)], None)
        };
        let script = Script::new([why("Later."), why("No room.")]);
        let ec2 = Ec2::new(&script.config());
        for told in ["ENI: No room.: Later.", "ENI: No room."] {
            let seen = ec2.endpoint(&id()).await.unwrap().unwrap();
            assert_eq!(seen.failure.as_deref(), Some(told));
        }
    }

    #[tokio::test]
    async fn only_what_carries_exactly_this_tag_and_is_not_deleted_is_found() {
        let script = Script::new([
            endpoints(&[], Some("t1")),
            endpoints(
                &[
                    row("vpce-1", "Deleted", "conn-1-g1"),
                    row("vpce-2", "deleting", "conn-1-g1"),
                    row("vpce-3", "available", "conn-1-g12"),
                    "<item><vpcId>vpc-0a</vpcId></item>".to_owned(),
                    row("vpce-5", "pending", "conn-1-g1").replace(GROUP, "odd").replace("vpc-0a", "odd"),
                ],
                Some("t2"),
            ),
            endpoints(&[row("vpce-4", "pending", "conn-1-g1")], None),
        ]);
        let found = Ec2::new(&script.config()).endpoints_tagged("drawbridge:owner", "conn-1-g1").await.unwrap();
        assert_eq!(
            found.iter().map(|endpoint| endpoint.id.as_str()).collect::<Vec<_>>(),
            ["vpce-2", "vpce-5", "vpce-4"]
        );
        let body = &script.requests()[2].body;
        assert!(body.contains("Filter.1.Name=tag%3Adrawbridge%3Aowner&Filter.1.Value.1=conn-1-g1"), "{body}");
        assert!(body.contains("NextToken=t2"), "{body}");
    }

    #[tokio::test]
    async fn the_endpoints_of_a_vpc_are_those_that_are_not_deleted() {
        let script = Script::new([endpoints(&[row("vpce-1", "deleted", "x"), row("vpce-2", "Available", "x")], None)]);
        let found = Ec2::new(&script.config()).endpoints_in(&VpcId::parse("vpc-0a").unwrap()).await.unwrap();
        assert_eq!(found.iter().map(|endpoint| endpoint.id.as_str()).collect::<Vec<_>>(), ["vpce-2"]);
    }

    #[tokio::test]
    async fn gateway_endpoints_are_those_of_the_region() {
        let script = Script::new([endpoints(&[row("vpce-1", "Available", "x")], None)]);
        assert_eq!(Ec2::new(&script.config()).gateways().await.unwrap().len(), 1);
        let body = &script.requests()[0].body;
        assert!(body.contains("Filter.1.Name=vpc-endpoint-type&Filter.1.Value.1=Gateway"), "{body}");
        assert!(!body.contains("vpc-id"), "{body}");
    }

    #[tokio::test]
    async fn what_is_made_is_what_the_plan_says() {
        let script = Script::new([created("vpce-0a"), created("vpce-0a")]);
        let ec2 = Ec2::new(&script.config());
        let dns = PlannedDns {
            enabled: true,
            preference: Some("VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS".to_owned()),
            domains: vec!["*.redis.example".to_owned()],
        };
        assert_eq!(ec2.create(&plan(dns), "conn-1-g1", &tags()).await.unwrap(), id());
        let body = &script.requests()[0].body;
        for part in [
            "Action=CreateVpcEndpoint",
            "VpcEndpointType=Resource",
            "VpcId=vpc-0a",
            "ResourceConfigurationArn=arn%3Aaws%3Avpc-lattice",
            "SubnetId.1=subnet-1&SubnetId.2=subnet-2",
            "SecurityGroupId.1=sg-1",
            "ClientToken=conn-1-g1",
            "PrivateDnsEnabled=true",
            "DnsOptions.PrivateDnsPreference=VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS",
            "TagSpecification.1.ResourceType=vpc-endpoint",
            "TagSpecification.1.Tag.1.Key=drawbridge%3Aowner&TagSpecification.1.Tag.1.Value=conn-1-g1",
            "TagSpecification.1.Tag.2.Key=team&TagSpecification.1.Tag.2.Value=data",
        ] {
            assert!(body.contains(part), "{part} is not in {body}");
        }
        assert!(body.contains("%2A.redis.example") || body.contains("*.redis.example"), "{body}");

        ec2.create(&plan(no_dns()), "conn-1-g1", &BTreeMap::new()).await.unwrap();
        let body = &script.requests()[1].body;
        assert!(body.contains("PrivateDnsEnabled=false"), "{body}");
        assert!(!body.contains("DnsOptions") && !body.contains("TagSpecification"), "{body}");
    }

    #[tokio::test]
    async fn nothing_is_made_without_a_token_or_for_another_kind() {
        let script = Script::new([]);
        let ec2 = Ec2::new(&script.config());
        let tokenless = ec2.create(&plan(no_dns()), "", &tags()).await.unwrap_err();
        assert_eq!(tokenless.name, FaultName::InvalidRequest);
        let association = PlannedCall::ServiceNetworkResource {
            resource: group(),
            service_network: ServiceNetworkId::parse("sn-0a").unwrap(),
            private_dns: true,
        };
        assert_eq!(ec2.create(&association, "t", &tags()).await.unwrap_err().name, FaultName::InvalidRequest);
        assert!(script.requests().is_empty());
    }

    #[tokio::test]
    async fn a_refusal_to_make_is_named() {
        for (status, code, name) in [
            (400, "IdempotentParameterMismatch", FaultName::IdempotencyConflict),
            (400, "VpcEndpointLimitExceeded", FaultName::QuotaExceeded),
            (403, "UnauthorizedOperation", FaultName::AccessDenied),
            (503, "RequestLimitExceeded", FaultName::Throttled),
            (500, "InternalError", FaultName::ServiceUnavailable),
            (400, "InvalidParameter", FaultName::InvalidRequest),
            (400, "InvalidSubnetID.NotFound", FaultName::InvalidRequest),
        ] {
            let script = Script::new([Answer::ec2_error(status, code)]);
            let fault = Ec2::new(&script.config()).create(&plan(no_dns()), "t", &tags()).await.unwrap_err();
            assert_eq!(fault.name, name, "{fault}");
            assert!(fault.message.contains(CREATE) && fault.message.contains(code), "{fault}");
        }
        for answer in [Answer::Cut, created("")] {
            let fault =
                Ec2::new(&Script::new([answer]).config()).create(&plan(no_dns()), "t", &tags()).await.unwrap_err();
            assert_eq!(fault.name, FaultName::ServiceUnavailable, "{fault}");
        }
    }

    #[tokio::test]
    async fn a_refusal_inside_a_200_is_a_refusal() {
        let unsuccessful = |code: &str| {
            let error = format!("<error><code>{code}</code><message>AWS's words.</message></error>");
            let item = format!("<unsuccessful><item><resourceId>vpce-0a</resourceId>{error}</item></unsuccessful>");
            Answer::ok(&format!("<DeleteVpcEndpointsResponse>{item}</DeleteVpcEndpointsResponse>"))
        };
        for (answer, name) in [
            (Answer::ok("<DeleteVpcEndpointsResponse><unsuccessful/></DeleteVpcEndpointsResponse>"), None),
            (unsuccessful("InvalidVpcEndpoint.NotFound"), None),
            (unsuccessful("InvalidVpcEndpointId.NotFound"), None),
            (Answer::ec2_error(400, "InvalidVpcEndpointId.NotFound"), None),
            (unsuccessful("UnauthorizedOperation"), Some(FaultName::AccessDenied)),
            (unsuccessful("InternalError"), Some(FaultName::ServiceUnavailable)),
            (unsuccessful("InvalidState"), Some(FaultName::InvalidRequest)),
            (Answer::ec2_error(403, "UnauthorizedOperation"), Some(FaultName::AccessDenied)),
            (Answer::Cut, Some(FaultName::ServiceUnavailable)),
        ] {
            let seen = format!("{answer:?}");
            let outcome = Ec2::new(&Script::new([answer]).config()).delete(&id()).await;
            assert_eq!(outcome.map_err(|fault| fault.name).err(), name, "{seen}");
        }
    }
}
