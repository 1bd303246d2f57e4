//! What an event may be about.
//!
//! Of the messages that tell of endpoints (`CloudTrail`'s records of calls, SNS's connection notifications, Drawbridge's
//! own announcements) hardly a body is documented, and anybody who may put events can send any. So nothing in them is
//! believed and no field is looked for: every text in the event, whatever it stands under, is searched for ids. What is
//! found is looked up, and the truth read back.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::identity::{Home, connection_id};
use crate::ids::{AssociationId, ConnectionId, ResourceArn, ResourceShareArn, VpcEndpointId};
use crate::resource::Resource;
use crate::subscription::{EndpointItem, Kind, ResourceType, Subscription, Target};

/// How many ids of an event are followed: more than any call names at once, and few enough to look up.
pub const MOST_IDS: usize = 50;

/// The ids in an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hint {
    /// Of what may have been made for a connection: endpoints and associations, as the ledger has them.
    pub made: BTreeSet<String>,
    /// Of resource configurations and service networks.
    pub resources: BTreeSet<ResourceArn>,
    /// Of shares.
    pub shares: BTreeSet<ResourceShareArn>,
    /// Of connections.
    pub connections: BTreeSet<ConnectionId>,
    /// Whether there were more than are followed.
    pub more: bool,
}

impl Hint {
    /// Whether nothing was recognised.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.made.len() + self.resources.len() + self.shares.len() + self.connections.len()
    }

    fn add(&mut self, word: &str) {
        if word.len() > 2048 {
            return;
        }
        if self.count() >= MOST_IDS {
            self.more = true;
            return;
        }
        if let Ok(share) = ResourceShareArn::parse(word) {
            self.shares.insert(share);
            return;
        }
        // The id at the end of an ARN tells as much as the ARN.
        let id = word.rsplit(['/', ':']).next().unwrap_or_default();
        if let Ok(endpoint) = VpcEndpointId::parse(id) {
            self.made.insert(endpoint.into());
        } else if let Ok(association) = AssociationId::parse(id) {
            self.made.insert(association.into());
        } else if let Ok(connection) = ConnectionId::parse(id) {
            self.connections.insert(connection);
        } else if word.starts_with("arn:")
            && (id.starts_with("rcfg-") || id.starts_with("sn-"))
            && let Ok(resource) = ResourceArn::parse(word)
        {
            self.resources.insert(resource);
        }
    }

    fn search(&mut self, text: &str) {
        // Ids and ARNs are of these characters; a JSON document inside a text falls apart into them, too.
        let outside = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '/' | '_' | '.' | '@'));
        for word in text.split(outside).filter(|word| word.len() >= 5) {
            self.add(word.trim_end_matches(['.', ':', '/']));
        }
    }
}

/// The connections that may lead to this resource: an id follows from what a connection is, and the subscriptions say
/// from where. Those that the ledger does not have do not exist.
#[must_use]
pub fn leading_to(resource: &ResourceArn, subscriptions: &[Subscription], home: &Home) -> BTreeSet<ConnectionId> {
    let of =
        if resource.is_service_network() { ResourceType::ServiceNetwork } else { ResourceType::ResourceConfiguration };
    let places = subscriptions.iter().flat_map(|subscription| {
        let named = subscription.targets.iter().map(Target::key);
        named.chain(subscription.endpoints.iter().map(EndpointItem::target))
    });
    let resource = Resource::from(resource.clone());
    places
        .filter_map(|target| Some((Kind::of_shared(of, &target)?, target)))
        .map(|(kind, target)| connection_id(home, kind, &resource, &target))
        .collect()
}

/// Reads whatever came. Nothing is refused.
#[must_use]
pub fn read(event: &Value) -> Hint {
    let mut hint = Hint::default();
    let mut left = vec![event];
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) => hint.search(text),
            Value::Array(items) => left.extend(items),
            Value::Object(fields) => {
                for (key, value) in fields {
                    hint.search(key);
                    left.push(value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    hint
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn made(event: &Value) -> Vec<String> {
        read(event).made.into_iter().collect()
    }

    #[test]
    fn an_id_is_found_wherever_it_stands() {
        let inside = json!({"vpcEndpointId": "vpce-0a1b", "event": "Reject"}).to_string();
        for event in [
            json!({"detail": {"requestParameters": {"DeleteVpcEndpointsRequest": {"VpcEndpointId": {"tag": 1, "content": "vpce-0a1b"}}}}}),
            json!({"detail": {"responseElements": {"vpcEndpoint": {"vpcEndpointId": "vpce-0a1b"}}}}),
            json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": inside, "Subject": null}}]}),
            json!({"Records": [{"Sns": {"Message": "Endpoint vpce-0a1b was rejected."}}]}),
            json!({"resources": ["arn:aws:ec2:us-east-1:111122223333:vpc-endpoint/vpce-0a1b"]}),
            json!({"vpce-0a1b": []}),
            json!("vpce-0a1b"),
        ] {
            assert_eq!(made(&event), ["vpce-0a1b"], "{event}");
        }
        let arn = "arn:aws:vpc-lattice:us-east-1:111122223333:servicenetworkresourceassociation/snra-0a";
        assert_eq!(made(&json!({"detail": {"resources": [{"ARN": arn, "accountId": "1", "type": "x"}]}})), ["snra-0a"]);
    }

    #[test]
    fn arns_and_connections_are_told_apart() {
        let connection = format!("conn-{}", "0a".repeat(16));
        let resource = "arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a";
        let share = "arn:aws:ram:us-east-1:444455556666:resource-share/0a-1b";
        let hint = read(&json!([connection, resource, [share], "vpce-svc-0a1b", "rcfg-0a", "vpc-0a", 7, null, true]));
        assert_eq!(hint.connections.iter().map(ConnectionId::as_str).collect::<Vec<_>>(), [connection]);
        assert_eq!(hint.resources.iter().map(ResourceArn::as_str).collect::<Vec<_>>(), [resource]);
        assert_eq!(hint.shares.iter().map(ResourceShareArn::as_str).collect::<Vec<_>>(), [share]);
        assert!(hint.made.is_empty(), "a service is no endpoint: {hint:?}");
        assert!(read(&json!({})).is_empty() && read(&json!(null)).is_empty());
    }

    #[test]
    fn what_leads_to_a_resource_follows_from_the_subscriptions() {
        use crate::testing::{connection, home, network, resource, subscription};
        let known = connection(crate::connection::Status::Ready);
        let asked = [subscription("a"), subscription("b")];
        assert_eq!(leading_to(&resource("rcfg-1"), &asked, &home()), BTreeSet::from([known.id]));
        assert_eq!(leading_to(&network("sn-0a"), &asked, &home()).len(), 1);
        assert!(leading_to(&resource("rcfg-1"), &[], &home()).is_empty());
    }

    #[test]
    fn a_quarter_of_a_megabyte_of_ids_is_cut_short() {
        let all: Vec<String> = (0..20_000).map(|n| format!("vpce-{n:08x}")).collect();
        let hint = read(&json!({"detail": all.join(",")}));
        assert_eq!((hint.made.len(), hint.more), (MOST_IDS, true));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".*", key in ".*") {
            let hint = read(&json!({ key: [text] }));
            prop_assert!(hint.count() <= MOST_IDS);
        }
    }
}
