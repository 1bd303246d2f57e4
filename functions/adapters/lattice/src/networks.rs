//! Service networks and their resource associations.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_vpclattice::error::ProvideErrorMetadata as _;
use drawbridge_domain::ids::{AssociationId, ResourceArn, ServiceNetworkId};
use drawbridge_domain::network::{Association, ServiceNetwork};
use drawbridge_domain::ports::ServiceNetworks;
use drawbridge_domain::{Fault, FaultName};
use drawbridge_sdk::{every_page, fault, usable};

use crate::association::Row;
use crate::{Lattice, NOT_FOUND, PAGE};

const GET_NETWORK: &str = "vpc-lattice:GetServiceNetwork";
const LIST: &str = "vpc-lattice:ListServiceNetworkResourceAssociations";
const GET: &str = "vpc-lattice:GetServiceNetworkResourceAssociation";
const TAGS: &str = "vpc-lattice:ListTagsForResource";
const CREATE: &str = "vpc-lattice:CreateServiceNetworkResourceAssociation";
const DELETE: &str = "vpc-lattice:DeleteServiceNetworkResourceAssociation";

impl ServiceNetworks for Lattice {
    async fn service_network(&self, id: &ServiceNetworkId) -> Result<Option<ServiceNetwork>, Fault> {
        match self.0.get_service_network().service_network_identifier(id.as_str()).send().await {
            Ok(found) => {
                let arn = ResourceArn::parse(found.arn().unwrap_or_default()).map_err(|error| {
                    FaultName::InvalidRequest
                        .because(format!("{GET_NETWORK} answered for {id} with an odd ARN: {error}"))
                })?;
                Ok(Some(ServiceNetwork { id: id.clone(), arn }))
            }
            Err(error) if error.code() == Some(NOT_FOUND) => Ok(None),
            Err(error) => Err(fault(GET_NETWORK, error)),
        }
    }

    async fn service_network_exists(&self, arn: &ResourceArn) -> Result<bool, Fault> {
        match self.0.get_service_network().service_network_identifier(arn.as_str()).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some(NOT_FOUND) => Ok(false),
            Err(error) => Err(fault(GET_NETWORK, error)),
        }
    }

    async fn associations(
        &self,
        network: &ServiceNetworkId,
        resource: &ResourceArn,
        children: bool,
    ) -> Result<Vec<Association>, Fault> {
        every_page(LIST, async |token| {
            let request = self.0.list_service_network_resource_associations().include_children(children);
            let request = request.service_network_identifier(network.as_str());
            let request = request.resource_configuration_identifier(resource.as_str());
            let page = request.set_next_token(token).max_results(PAGE).send().await;
            let page = page.map_err(|error| fault(LIST, error))?;
            let rows = page.items().iter().filter_map(|row| usable(LIST, Row::from(row).read()));
            Ok((rows.collect(), page.next_token.clone()))
        })
        .await
    }

    async fn association(&self, id: &AssociationId) -> Result<Option<Association>, Fault> {
        let request = self.0.get_service_network_resource_association();
        match request.service_network_resource_association_identifier(id.as_str()).send().await {
            Ok(found) => Row::from(&found).read().map(Some).map_err(|error| {
                FaultName::InvalidRequest.because(format!("{GET} answered for {id} with what can't be used: {error}"))
            }),
            Err(error) if error.code() == Some(NOT_FOUND) => Ok(None),
            Err(error) => Err(fault(GET, error)),
        }
    }

    async fn association_tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Fault> {
        match self.0.list_tags_for_resource().resource_arn(arn).send().await {
            Ok(found) => Ok(found.tags.unwrap_or_default().into_iter().collect()),
            Err(error) if error.code() == Some(NOT_FOUND) => Ok(BTreeMap::new()),
            Err(error) => Err(fault(TAGS, error)),
        }
    }

    async fn associate(
        &self,
        network: &ServiceNetworkId,
        resource: &ResourceArn,
        private_dns: bool,
        token: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<AssociationId, Fault> {
        if token.is_empty() {
            return Err(FaultName::InvalidRequest.because(format!("{CREATE} is never sent without a client token")));
        }
        let request = self.0.create_service_network_resource_association().client_token(token);
        let request = request.service_network_identifier(network.as_str());
        let request = request.resource_configuration_identifier(resource.as_str());
        let tags = tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect::<HashMap<_, _>>();
        let request = request.private_dns_enabled(private_dns).set_tags((!tags.is_empty()).then_some(tags));
        let made = request.send().await.map_err(|error| fault(CREATE, error))?;
        // Asking again under the same token gives the id of what was made.
        AssociationId::parse(made.id().unwrap_or_default()).map_err(|error| {
            FaultName::ServiceUnavailable.because(format!("{CREATE} answered without a usable id: {error}"))
        })
    }

    async fn disassociate(&self, id: &AssociationId) -> Result<(), Fault> {
        let request = self.0.delete_service_network_resource_association();
        match request.service_network_resource_association_identifier(id.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some(NOT_FOUND) => Ok(()),
            Err(error) => Err(fault(DELETE, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::reach::{DnsName, DnsScope};
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    const GROUP: &str = "arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a";
    const CHILD: &str = "arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0b";
    const ARN: &str = "arn:aws:vpc-lattice:us-east-1:111122223333:servicenetworkresourceassociation/snra-0a";

    fn network() -> ServiceNetworkId {
        ServiceNetworkId::parse("sn-0a").unwrap()
    }

    fn group() -> ResourceArn {
        ResourceArn::parse(GROUP).unwrap()
    }

    fn id() -> AssociationId {
        AssociationId::parse("snra-0a").unwrap()
    }

    #[tokio::test]
    async fn a_service_network_is_there_or_not() {
        let arn = "arn:aws:vpc-lattice:us-east-1:111122223333:servicenetwork/sn-0a";
        let script = Script::new([
            Answer::ok(&format!(r#"{{"arn":"{arn}","id":"sn-0a","name":"shared"}}"#)),
            Answer::json_error(404, NOT_FOUND),
            Answer::json_error(403, "AccessDeniedException"),
        ]);
        let lattice = Lattice::new(&script.config());
        assert_eq!(lattice.service_network(&network()).await.unwrap().unwrap().arn.owner(), "111122223333");
        assert_eq!(lattice.service_network(&network()).await.unwrap(), None);
        assert_eq!(lattice.service_network(&network()).await.unwrap_err().name, FaultName::AccessDenied);
        assert_eq!(script.requests()[0].path, "/servicenetworks/sn-0a");
    }

    #[tokio::test]
    async fn a_service_network_of_others_is_looked_up_by_its_arn() {
        let arn = ResourceArn::parse("arn:aws:vpc-lattice:us-east-1:444455556666:servicenetwork/sn-0a").unwrap();
        let script = Script::new([
            Answer::ok(&format!(r#"{{"arn":"{arn}","id":"sn-0a","name":"shared"}}"#)),
            Answer::json_error(404, NOT_FOUND),
            Answer::json_error(403, "AccessDeniedException"),
        ]);
        let lattice = Lattice::new(&script.config());
        assert!(lattice.service_network_exists(&arn).await.unwrap());
        assert!(!lattice.service_network_exists(&arn).await.unwrap());
        assert_eq!(lattice.service_network_exists(&arn).await.unwrap_err().name, FaultName::AccessDenied);
        let path = &script.requests()[0].path;
        assert!(path.starts_with("/servicenetworks/arn%3Aaws") && path.ends_with("servicenetwork%2Fsn-0a"), "{path}");
    }

    #[tokio::test]
    async fn an_association_has_a_row_per_child_on_every_page() {
        let row = format!(
            r#"{{"id":"snra-0a","arn":"{ARN}","status":"ACTIVE","resourceConfigurationArn":"{CHILD}","resourceConfigurationName":"db-1",
            "dnsEntry":{{"domainName":"db-1.vpc-lattice-rsc.us-east-1.on.aws","hostedZoneId":"Z1"}},"privateDnsEntry":{{"domainName":"db-1.redis.example"}}}}"#
        );
        let script = Script::new([
            Answer::ok(r#"{"items":[],"nextToken":"t1"}"#),
            Answer::ok(&format!(r#"{{"items":[{row},{{"id":"odd"}}]}}"#)),
        ]);
        let found = Lattice::new(&script.config()).associations(&network(), &group(), true).await.unwrap();
        let dns = |scope, name: &str, zone: Option<&str>| DnsName {
            scope,
            name: name.to_owned(),
            hosted_zone: zone.map(str::to_owned),
        };
        assert_eq!(
            found,
            [Association {
                id: id(),
                arn: ARN.to_owned(),
                status: "ACTIVE".to_owned(),
                resource: Some(ResourceArn::parse(CHILD).unwrap()),
                resource_name: Some("db-1".to_owned()),
                managed: false,
                failure: None,
                dns: vec![
                    dns(DnsScope::Regional, "db-1.vpc-lattice-rsc.us-east-1.on.aws", Some("Z1")),
                    dns(DnsScope::Private, "db-1.redis.example", None),
                ],
            }]
        );
        let path = &script.requests()[1].path;
        assert!(path.contains("includeChildren=true") && path.contains("nextToken=t1"), "{path}");
        assert!(path.contains("serviceNetworkIdentifier=sn-0a") && path.contains("rcfg-0a"), "{path}");
    }

    #[tokio::test]
    async fn a_failed_association_says_why() {
        let failed = format!(
            r#"{{"id":"snra-0a","arn":"{ARN}","status":"CREATE_FAILED","failureCode":"ENI_LIMIT","failureReason":"No room."}}"#
        );
        let script = Script::new([Answer::ok(&failed), Answer::json_error(404, NOT_FOUND), Answer::ok("{}")]);
        let lattice = Lattice::new(&script.config());
        let found = lattice.association(&id()).await.unwrap().unwrap();
        assert_eq!((found.status.as_str(), found.failure.as_deref()), ("CREATE_FAILED", Some("ENI_LIMIT: No room.")));
        assert_eq!(lattice.association(&id()).await.unwrap(), None);
        assert_eq!(lattice.association(&id()).await.unwrap_err().name, FaultName::InvalidRequest);
    }

    #[tokio::test]
    async fn the_tags_of_what_is_gone_are_none() {
        let script = Script::new([
            Answer::ok(r#"{"tags":{"drawbridge:owner":"conn-1-g1"}}"#),
            Answer::json_error(404, NOT_FOUND),
            Answer::Cut,
        ]);
        let lattice = Lattice::new(&script.config());
        assert_eq!(lattice.association_tags(ARN).await.unwrap()["drawbridge:owner"], "conn-1-g1");
        assert!(lattice.association_tags(ARN).await.unwrap().is_empty());
        assert_eq!(lattice.association_tags(ARN).await.unwrap_err().name, FaultName::ServiceUnavailable);
    }

    #[tokio::test]
    async fn what_is_made_carries_its_token_and_tags() {
        let script = Script::new([Answer::ok(r#"{"id":"snra-0a","status":"CREATE_IN_PROGRESS"}"#), Answer::ok("{}")]);
        let lattice = Lattice::new(&script.config());
        let tags = BTreeMap::from([("drawbridge:owner".to_owned(), "conn-1-g1".to_owned())]);
        assert_eq!(lattice.associate(&network(), &group(), true, "conn-1-g1", &tags).await.unwrap(), id());
        let request = &script.requests()[0];
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/servicenetworkresourceassociations"));
        for part in [
            r#""clientToken":"conn-1-g1""#,
            r#""privateDnsEnabled":true"#,
            r#""tags":{"drawbridge:owner":"conn-1-g1"}"#,
            r#""serviceNetworkIdentifier":"sn-0a""#,
            GROUP,
        ] {
            assert!(request.body.contains(part), "{part} is not in {}", request.body);
        }
        let idless = lattice.associate(&network(), &group(), true, "conn-1-g1", &tags).await.unwrap_err();
        assert_eq!(idless.name, FaultName::ServiceUnavailable);
        let tokenless = lattice.associate(&network(), &group(), true, "", &tags).await.unwrap_err();
        assert_eq!((tokenless.name, script.requests().len()), (FaultName::InvalidRequest, 2));
    }

    #[tokio::test]
    async fn a_refused_association_is_named() {
        for (status, code, name) in [
            (402, "ServiceQuotaExceededException", FaultName::QuotaExceeded),
            (409, "ConflictException", FaultName::Conflict),
            (403, "AccessDeniedException", FaultName::AccessDenied),
            (429, "ThrottlingException", FaultName::Throttled),
            (404, NOT_FOUND, FaultName::InvalidRequest),
            (500, "InternalServerException", FaultName::ServiceUnavailable),
        ] {
            let script = Script::new([Answer::json_error(status, code)]);
            let lattice = Lattice::new(&script.config());
            let fault = lattice.associate(&network(), &group(), false, "t", &BTreeMap::new()).await.unwrap_err();
            assert_eq!(fault.name, name, "{fault}");
            assert!(fault.message.contains(CREATE) && fault.message.contains("AWS's words."), "{fault}");
        }
    }

    #[tokio::test]
    async fn removing_what_is_gone_is_success() {
        let script = Script::new([
            Answer::ok(r#"{"id":"snra-0a","status":"DELETE_IN_PROGRESS"}"#),
            Answer::json_error(404, NOT_FOUND),
            Answer::json_error(409, "ConflictException"),
        ]);
        let lattice = Lattice::new(&script.config());
        lattice.disassociate(&id()).await.unwrap();
        lattice.disassociate(&id()).await.unwrap();
        assert_eq!(lattice.disassociate(&id()).await.unwrap_err().name, FaultName::Conflict);
        assert_eq!(script.requests()[0].path, "/servicenetworkresourceassociations/snra-0a");
        assert_eq!(script.requests()[0].method, "DELETE");
    }
}
