//! Resource configurations.

use aws_sdk_vpclattice::types::ResourceConfigurationSummary;
use drawbridge_domain::Fault;
use drawbridge_domain::ids::ResourceArn;
use drawbridge_domain::network::{ResourceConfiguration, same_word};
use drawbridge_domain::ports::ResourceConfigurations;
use drawbridge_sdk::{BadRow, every_page, fault, field, usable};

use crate::{Lattice, PAGE};

const GET: &str = "vpc-lattice:GetResourceConfiguration";
const LIST: &str = "vpc-lattice:ListResourceConfigurations";

impl ResourceConfigurations for Lattice {
    async fn resource_configuration(&self, resource: &ResourceArn) -> Result<ResourceConfiguration, Fault> {
        let request = self.0.get_resource_configuration().resource_configuration_identifier(resource.as_str());
        let found = request.send().await.map_err(|error| fault(GET, error))?;
        Ok(ResourceConfiguration {
            // It was asked for by its ARN, so what comes back without a usable one still is this one.
            arn: found.arn().and_then(|arn| ResourceArn::parse(arn).ok()).unwrap_or_else(|| resource.clone()),
            name: found.name().map(str::to_owned),
            config_type: found.r#type().map_or("unknown", |of| of.as_str()).to_owned(),
            port_ranges: found.port_ranges().to_vec(),
            custom_domain: words(found.custom_domain_name()),
            group_domain: words(found.group_domain()),
            verified: found.domain_verification_status().is_some_and(|status| same_word(status.as_str(), "VERIFIED")),
        })
    }

    async fn children(&self, group: &ResourceArn) -> Result<Vec<ResourceConfiguration>, Fault> {
        every_page(LIST, async |token| {
            let request = self.0.list_resource_configurations();
            let request = request.resource_configuration_group_identifier(group.as_str());
            let page = request.set_next_token(token).max_results(PAGE).send().await;
            let page = page.map_err(|error| fault(LIST, error))?;
            Ok((page.items().iter().filter_map(|row| usable(LIST, child(row))).collect(), page.next_token))
        })
        .await
    }
}

fn child(row: &ResourceConfigurationSummary) -> Result<ResourceConfiguration, BadRow> {
    Ok(ResourceConfiguration {
        arn: ResourceArn::parse(field(row.arn(), "arn")?)?,
        name: row.name().map(str::to_owned),
        config_type: row.r#type().map_or("unknown", |of| of.as_str()).to_owned(),
        port_ranges: Vec::new(),
        custom_domain: words(row.custom_domain_name()),
        group_domain: words(row.group_domain()),
        verified: false,
    })
}

fn words(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::FaultName;
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    const GROUP: &str = "arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a";

    fn group() -> ResourceArn {
        ResourceArn::parse(GROUP).unwrap()
    }

    #[tokio::test]
    async fn a_configuration_is_read_by_its_arn() {
        let script = Script::new([Answer::ok(&format!(
            r#"{{"arn":"{GROUP}","id":"rcfg-0a","name":"redis-1","type":"SINGLE","portRanges":["12000","13000-13010"],"customDomainName":"db.example.com","groupDomain":"","domainVerificationStatus":"VERIFIED"}}"#
        ))]);
        let found = Lattice::new(&script.config()).resource_configuration(&group()).await.unwrap();
        assert_eq!(
            found,
            ResourceConfiguration {
                arn: group(),
                name: Some("redis-1".to_owned()),
                config_type: "SINGLE".to_owned(),
                port_ranges: vec!["12000".to_owned(), "13000-13010".to_owned()],
                custom_domain: Some("db.example.com".to_owned()),
                group_domain: None,
                verified: true,
            }
        );
        assert_eq!(
            script.requests()[0].path,
            "/resourceconfigurations/arn%3Aaws%3Avpc-lattice%3Aus-east-1%3A444455556666%3Aresourceconfiguration%2Frcfg-0a"
        );
    }

    #[tokio::test]
    async fn what_others_own_may_be_denied() {
        let script = Script::new([
            Answer::json_error(403, "AccessDeniedException"),
            Answer::json_error(403, "AccessDeniedException"),
        ]);
        let lattice = Lattice::new(&script.config());
        for fault in
            [lattice.resource_configuration(&group()).await.unwrap_err(), lattice.children(&group()).await.unwrap_err()]
        {
            assert_eq!(fault.name, FaultName::AccessDenied);
            assert!(fault.message.contains("ResourceConfiguration"), "{fault}");
        }
    }

    #[tokio::test]
    async fn the_children_of_a_group_are_on_every_page() {
        let child = |id: &str| format!("arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/{id}");
        let script = Script::new([
            Answer::ok(r#"{"items":[],"nextToken":"t1"}"#),
            Answer::ok(&format!(
                r#"{{"items":[{{"arn":"{}","name":"db-1","type":"CHILD"}},{{"name":"odd"}}],"nextToken":"t2"}}"#,
                child("rcfg-1")
            )),
            Answer::ok(&format!(r#"{{"items":[{{"arn":"{}","name":"db-2","type":"CHILD"}}]}}"#, child("rcfg-2"))),
        ]);
        let children = Lattice::new(&script.config()).children(&group()).await.unwrap();
        assert_eq!(children.iter().map(|child| child.arn.id()).collect::<Vec<_>>(), ["rcfg-1", "rcfg-2"]);
        assert!(children.iter().all(|child| child.config_type == "CHILD" && child.port_ranges.is_empty()));
        let path = &script.requests()[1].path;
        assert!(
            path.contains("resourceConfigurationGroupIdentifier=arn%3Aaws") && path.contains("nextToken=t1"),
            "{path}"
        );
    }

    #[tokio::test]
    async fn a_lost_connection_is_an_unavailable_service() {
        let fault = Lattice::new(&Script::new([Answer::Cut]).config()).children(&group()).await.unwrap_err();
        assert_eq!(fault.name, FaultName::ServiceUnavailable);
    }
}
