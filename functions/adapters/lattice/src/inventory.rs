//! The resource associations of a service network, all of them.

use aws_sdk_vpclattice::types::ServiceNetworkResourceAssociationSummary;
use drawbridge_domain::ids::ServiceNetworkId;
use drawbridge_domain::inventory::{ListAssociations, ListedAssociation};
use drawbridge_domain::{Fault, Timestamp};
use drawbridge_sdk::{BadRow, every_page, fault, usable};

use crate::association::Row;
use crate::{Lattice, PAGE};

const LIST: &str = "vpc-lattice:ListServiceNetworkResourceAssociations";

impl ListAssociations for Lattice {
    async fn associations_in(&self, network: &ServiceNetworkId) -> Result<Vec<ListedAssociation>, Fault> {
        every_page(LIST, async |token| {
            let request = self.0.list_service_network_resource_associations().include_children(false);
            let request = request.service_network_identifier(network.as_str());
            let page = request.set_next_token(token).max_results(PAGE).send().await;
            let page = page.map_err(|error| fault(LIST, error))?;
            Ok((page.items().iter().filter_map(|row| usable(LIST, listed(row))).collect(), page.next_token))
        })
        .await
    }
}

fn listed(row: &ServiceNetworkResourceAssociationSummary) -> Result<ListedAssociation, BadRow> {
    Ok(ListedAssociation {
        association: Row::from(row).read()?,
        created: row
            .created_at()
            .and_then(|at| Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).unwrap_or(0)).ok()),
        private_dns: row.private_dns_enabled().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    #[tokio::test]
    async fn a_network_is_listed_to_its_end() {
        let row = |id: &str| {
            format!(
                r#"{{"id":"{id}","arn":"arn:aws:vpc-lattice:us-east-1:111122223333:servicenetworkresourceassociation/{id}",
                "status":"ACTIVE","createdAt":"2026-11-20T11:00:00Z","privateDnsEnabled":true}}"#
            )
        };
        let script = Script::new([
            Answer::ok(&format!(r#"{{"items":[{}],"nextToken":"t"}}"#, row("snra-1"))),
            Answer::ok(&format!(r#"{{"items":[{},{{}}]}}"#, row("snra-2"))),
        ]);
        let network = ServiceNetworkId::parse("sn-0a").unwrap();
        let found = Lattice::new(&script.config()).associations_in(&network).await.unwrap();
        let ids: Vec<_> = found.iter().map(|listed| listed.association.id.as_str()).collect();
        assert_eq!(ids, ["snra-1", "snra-2"]);
        assert_eq!((found[0].created, found[0].private_dns), ("2026-11-20T11:00:00Z".parse().ok(), true));
        let path = &script.requests()[1].path;
        assert!(path.contains("serviceNetworkIdentifier=sn-0a") && path.contains("nextToken=t"), "{path}");
        assert!(!path.contains("resourceConfigurationIdentifier"), "{path}");
    }
}
