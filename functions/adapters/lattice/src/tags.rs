//! Tags of what is there.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_vpclattice::error::ProvideErrorMetadata as _;
use drawbridge_domain::Fault;
use drawbridge_domain::ports::TagAssociation;
use drawbridge_sdk::fault;

use crate::{Lattice, NOT_FOUND};

const TAG: &str = "vpc-lattice:TagResource";
const UNTAG: &str = "vpc-lattice:UntagResource";

impl TagAssociation for Lattice {
    async fn tag_association(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), Fault> {
        if tags.is_empty() {
            return Ok(());
        }
        let tags = tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect::<HashMap<_, _>>();
        let request = self.0.tag_resource().resource_arn(arn).set_tags(Some(tags));
        request.send().await.map(drop).map_err(|error| fault(TAG, error))
    }

    async fn untag_association(&self, arn: &str, keys: &[String]) -> Result<(), Fault> {
        if keys.is_empty() {
            return Ok(());
        }
        match self.0.untag_resource().resource_arn(arn).set_tag_keys(Some(keys.to_vec())).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some(NOT_FOUND) => Ok(()),
            Err(error) => Err(fault(UNTAG, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::FaultName;
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    const ARN: &str = "arn:aws:vpc-lattice:us-east-1:111122223333:servicenetworkresourceassociation/snra-0a";

    #[tokio::test]
    async fn tags_are_given_and_taken_by_key() {
        let script = Script::new([Answer::ok("{}"), Answer::ok("{}")]);
        let lattice = Lattice::new(&script.config());
        let tags = BTreeMap::from([("team".to_owned(), "data".to_owned())]);
        lattice.tag_association(ARN, &tags).await.unwrap();
        lattice.untag_association(ARN, &["stage".to_owned(), "cost".to_owned()]).await.unwrap();
        lattice.tag_association(ARN, &BTreeMap::new()).await.unwrap();
        lattice.untag_association(ARN, &[]).await.unwrap();
        let requests = script.requests();
        assert_eq!(requests.len(), 2, "of nothing nothing is said");
        assert_eq!((requests[0].method.as_str(), requests[0].body.as_str()), ("POST", r#"{"tags":{"team":"data"}}"#));
        assert!(requests[0].path.starts_with("/tags/arn%3Aaws%3Avpc-lattice"), "{}", requests[0].path);
        assert_eq!(requests[1].method, "DELETE");
        assert!(requests[1].path.ends_with("?tagKeys=stage&tagKeys=cost"), "{}", requests[1].path);
    }

    #[tokio::test]
    async fn what_is_gone_has_no_tags_to_take_and_cannot_be_given_any() {
        let script = Script::new([
            Answer::json_error(404, NOT_FOUND),
            Answer::json_error(404, NOT_FOUND),
            Answer::json_error(403, "AccessDeniedException"),
        ]);
        let lattice = Lattice::new(&script.config());
        let tags = BTreeMap::from([("team".to_owned(), "data".to_owned())]);
        lattice.untag_association(ARN, &["stage".to_owned()]).await.unwrap();
        assert_eq!(lattice.tag_association(ARN, &tags).await.unwrap_err().name, FaultName::InvalidRequest);
        let denied = lattice.untag_association(ARN, &["stage".to_owned()]).await.unwrap_err();
        assert_eq!(denied.name, FaultName::AccessDenied);
        assert!(denied.message.starts_with("vpc-lattice:UntagResource is not allowed"), "{denied}");
    }
}
