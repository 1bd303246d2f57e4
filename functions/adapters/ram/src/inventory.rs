//! Everything that others share with this account.

use std::collections::BTreeMap;

use aws_sdk_ram::types::ResourceOwner;
use drawbridge_domain::Fault;
use drawbridge_domain::ids::ResourceShareArn;
use drawbridge_domain::inventory::ListShared;
use drawbridge_domain::share::SharedResource;
use drawbridge_sdk::{BadRow, every_page, fault, usable};

use crate::inside::resource;
use crate::{PAGE, Ram};

const RESOURCES: &str = "ram:ListResources";

impl ListShared for Ram {
    async fn shared(&self) -> Result<BTreeMap<ResourceShareArn, Vec<SharedResource>>, Fault> {
        let rows = every_page(RESOURCES, async |token| {
            let request = self.0.list_resources().resource_owner(ResourceOwner::OtherAccounts);
            let page = request.set_next_token(token).max_results(PAGE).send().await;
            let page = page.map_err(|error| fault(RESOURCES, error))?;
            let rows = page.resources().iter().filter_map(|row| {
                let share = ResourceShareArn::parse(row.resource_share_arn().unwrap_or_default());
                Some((usable(RESOURCES, share.map_err(BadRow::from))?, resource(row)))
            });
            Ok((rows.collect(), page.next_token))
        })
        .await?;
        let mut shared: BTreeMap<ResourceShareArn, Vec<SharedResource>> = BTreeMap::new();
        for (share, resource) in rows {
            shared.entry(share).or_default().push(resource);
        }
        Ok(shared)
    }
}

#[cfg(test)]
mod tests {
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    #[tokio::test]
    async fn every_share_is_one_list() {
        let row = |share: &str, arn: &str| {
            format!(
                r#"{{"arn":"{arn}","type":"vpc-lattice:ResourceConfiguration","resourceShareArn":"arn:aws:ram:us-east-1:444455556666:resource-share/{share}"}}"#
            )
        };
        let script = Script::new([
            Answer::ok(&format!(r#"{{"resources":[{},{}],"nextToken":"t"}}"#, row("a", "arn:1"), row("b", "arn:2"))),
            Answer::ok(&format!(r#"{{"resources":[{},{{"arn":"arn:4"}}]}}"#, row("a", "arn:3"))),
        ]);
        let shared = Ram::new(&script.config()).shared().await.unwrap();
        let counts: Vec<_> = shared.values().map(Vec::len).collect();
        assert_eq!(counts, [2, 1]);
        assert!(script.requests().iter().all(|request| !request.body.contains("resourceShareArns")));
    }
}
