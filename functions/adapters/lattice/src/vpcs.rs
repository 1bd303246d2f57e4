//! The service networks that VPCs are associated with.

use drawbridge_domain::Fault;
use drawbridge_domain::ids::{ResourceArn, VpcId};
use drawbridge_domain::network::same_word;
use drawbridge_domain::ports::VpcAssociations;
use drawbridge_sdk::{every_page, fault};

use crate::{Lattice, PAGE};

const LIST: &str = "vpc-lattice:ListServiceNetworkVpcAssociations";

impl VpcAssociations for Lattice {
    async fn service_networks_of(&self, vpc: &VpcId) -> Result<Vec<ResourceArn>, Fault> {
        every_page(LIST, async |token| {
            let request = self.0.list_service_network_vpc_associations().vpc_identifier(vpc.as_str());
            let page = request.set_next_token(token).max_results(PAGE).send().await;
            let page = page.map_err(|error| fault(LIST, error))?;
            let stands = |status: &str| !same_word(status, "DELETE_IN_PROGRESS") && !same_word(status, "CREATE_FAILED");
            let rows = page.items().iter().filter(|row| row.status().is_none_or(|status| stands(status.as_str())));
            let arns = rows.filter_map(|row| ResourceArn::parse(row.service_network_arn()?).ok());
            Ok((arns.collect(), page.next_token.clone()))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::FaultName;
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    #[tokio::test]
    async fn what_stands_is_found_on_every_page() {
        let row = |id: &str, status: &str| {
            let arn = format!("arn:aws:vpc-lattice:us-east-1:111122223333:servicenetwork/{id}");
            format!(r#"{{"serviceNetworkArn":"{arn}","status":"{status}","vpcId":"vpc-0a"}}"#)
        };
        let page = |rows: &[String], next: &str| Answer::ok(&format!(r#"{{"items":[{}]{next}}}"#, rows.join(",")));
        let script = Script::new([
            page(&[row("sn-0a", "ACTIVE"), row("sn-0b", "DELETE_IN_PROGRESS")], r#","nextToken":"t1""#),
            page(&[row("sn-0c", "CREATE_IN_PROGRESS")], ""),
            Answer::json_error(403, "AccessDeniedException"),
        ]);
        let lattice = Lattice::new(&script.config());
        let vpc = VpcId::parse("vpc-0a").unwrap();
        let found = lattice.service_networks_of(&vpc).await.unwrap();
        assert_eq!(found.iter().map(ResourceArn::id).collect::<Vec<_>>(), ["sn-0a", "sn-0c"]);
        assert!(script.requests()[0].path.contains("vpcIdentifier=vpc-0a"), "{}", script.requests()[0].path);
        let denied = lattice.service_networks_of(&vpc).await.unwrap_err();
        assert_eq!(denied.name, FaultName::AccessDenied);
    }
}
