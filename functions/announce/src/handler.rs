//! Stream records in, announcements out; the first that fails is where the stream goes on.

use drawbridge_domain::announcement::{self, Announcement, ConnectionChange, ShareChange, SubscriptionChange};
use drawbridge_domain::ids::SubscriptionName;
use drawbridge_domain::ports::Announce;
use drawbridge_domain::{Fault, Timestamp, identity};
use drawbridge_items::stream::{Batch, Change, ItemFailure, PartialBatch};
use drawbridge_items::{SHARE, SUBSCRIPTION, connection_from_image, share_from_image};
use drawbridge_runtime::{Handler, count, count_fault};
use serde_json::Value;

/// The function's ports.
pub struct Announcer<B> {
    pub bus: B,
}

impl<B: Announce> Handler for Announcer<B> {
    type Request = Batch;
    type Answer = PartialBatch;

    async fn handle(&self, batch: Batch, now: Timestamp) -> Result<PartialBatch, Fault> {
        let mut announcements = Vec::new();
        let mut sequence_numbers = Vec::new();
        let mut failure: Option<(String, Fault)> = None;
        for record in batch.records {
            match announcement(&record.dynamodb, now) {
                Ok(Some(announcement)) => {
                    announcements.push(announcement);
                    sequence_numbers.push(record.dynamodb.sequence_number);
                }
                Ok(None) => {}
                // What comes after it waits: the order of a record's changes is kept.
                Err(fault) => {
                    failure = Some((record.dynamodb.sequence_number, fault));
                    break;
                }
            }
        }
        if !announcements.is_empty() {
            let outcomes = self.bus.announce(&announcements).await?;
            for (told, outcome) in announcements.iter().zip(&outcomes) {
                if let (Announcement::Connection(change), Ok(())) = (told, outcome)
                    && change.previous != Some(change.status)
                {
                    count("Became", 1, &[("status", change.status.as_str())], now);
                }
            }
            let first = outcomes.into_iter().zip(sequence_numbers).find_map(|(o, at)| Some((at, o.err()?)));
            failure = first.or(failure);
        }
        Ok(PartialBatch {
            batch_item_failures: failure
                .into_iter()
                .map(|(item_identifier, fault)| {
                    tracing::warn!(fault = fault.name.as_str(), at = item_identifier, "{}", fault.message);
                    count_fault(fault.name, now);
                    ItemFailure { item_identifier }
                })
                .collect(),
        })
    }
}

fn announcement(change: &Change, now: Timestamp) -> Result<Option<Announcement>, Fault> {
    let image = change.new_image.as_ref().or(change.old_image.as_ref());
    let key = |name: &str| image.and_then(|image| text(image, name));
    if key("pk") == Some(SUBSCRIPTION) {
        return Ok(subscription(change, now).map(Announcement::Subscription));
    }
    if key("sk") == Some(SHARE) {
        return Ok(records(change, share_from_image)?
            .and_then(|(before, after)| ShareChange::of(before.as_ref(), &after).map(Announcement::Share)));
    }
    Ok(records(change, connection_from_image)?
        .and_then(|(before, after)| ConnectionChange::of(before.as_ref(), &after))
        .map(|change| Announcement::Connection(Box::new(change))))
}

/// A record before and after a change; none if it is there no more, or is of another type.
fn records<T>(
    change: &Change,
    read: impl Fn(&Value) -> Result<Option<T>, Fault>,
) -> Result<Option<(Option<T>, T)>, Fault> {
    let record = |image: &Option<Value>| image.as_ref().map_or(Ok(None), &read);
    let Some(after) = record(&change.new_image)? else { return Ok(None) };
    // An older image that can't be read any more only means that the change is told anew.
    Ok(Some((record(&change.old_image).unwrap_or_default(), after)))
}

/// What became of a subscription; none if this is an audit entry, or nothing of the document changed. A document may be
/// written by hand, so nothing but its name is taken for granted.
fn subscription(change: &Change, now: Timestamp) -> Option<SubscriptionChange> {
    let document = |image: &Option<Value>| Some(text(image.as_ref()?, "document")?.to_owned());
    let (before, after) = (document(&change.old_image), document(&change.new_image));
    if before == after {
        return None;
    }
    let image = change.new_image.as_ref().or(change.old_image.as_ref())?;
    let name = SubscriptionName::parse(text(image, "sk")?).ok()?;
    let what = if after.is_some() { announcement::Change::Applied } else { announcement::Change::Withdrawn };
    let applied = |name: &str| after.as_ref().and_then(|_| text(image, name));
    Some(SubscriptionChange {
        version: "1".to_owned(),
        id: identity::digest(&(&name, what, &before, &after, text(image, "at"))),
        subscription: name,
        change: what,
        at: applied("at").and_then(|at| at.parse().ok()).unwrap_or(now),
        by: applied("by").map(str::to_owned),
    })
}

fn text<'a>(image: &'a Value, name: &str) -> Option<&'a str> {
    image.get(name)?.get("S")?.as_str()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use drawbridge_domain::announcement::Change as What;
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T02:00:00Z".parse().unwrap()
    }

    fn image(sk: &str, more: &[(&str, &str)]) -> Value {
        let mut image = json!({"pk": {"S": SUBSCRIPTION}, "sk": {"S": sk}});
        for (name, value) in more {
            image[name] = json!({"S": value});
        }
        image
    }

    fn told(old: Option<Value>, new: Option<Value>) -> Option<Announcement> {
        let change = Change { sequence_number: "1".to_owned(), keys: Value::Null, old_image: old, new_image: new };
        announcement(&change, now()).unwrap()
    }

    /// What the stream carries of a share, with the least that a record has.
    fn share(status: &str, more: &Value) -> Value {
        let text = |text: &str| json!({"S": text});
        let mut image = json!({
            "pk": {"S": "SHARE#arn:aws:ram:us-east-1:444455556666:resource-share/0a1b"}, "sk": {"S": SHARE},
            "arn": {"S": "arn:aws:ram:us-east-1:444455556666:resource-share/0a1b"},
            "name": {"S": "redis"}, "sender": {"S": "444455556666"}, "status": {"S": status},
            "since": {"S": "2026-11-21T01:02:03.000000Z"}, "why": {"L": [text("because")]}, "next": {"S": "nothing"},
            "attempt": {"N": "1"}, "transient_runs": {"N": "0"}, "digest": {"S": "d"}, "claims": {"L": []},
            "resources": {"L": []}, "found_by": {"S": "event"}, "found_at": {"S": "2026-11-21T01:02:00.000000Z"},
            "version": {"N": "2"}, "change": {"S": "c2"},
        });
        for (name, value) in more.as_object().unwrap() {
            image[name] = value.clone();
        }
        image
    }

    #[test]
    fn a_share_is_told_when_its_status_changes() {
        let wait = json!({"wait": {"M": {
            "who": {"S": "a person"}, "what": {"S": "whether it is wanted"}, "asked": {"S": "digest"}, "by_a_run": {"BOOL": true},
            "since": {"S": "2026-11-21T01:02:03Z"}, "until": {"S": "2026-11-21T12:47:00Z"},
        }}});
        let (found, held) = (share("found", &json!({})), share("held", &wait));
        let Some(Announcement::Share(change)) = told(Some(found.clone()), Some(held.clone())) else {
            panic!("not told")
        };
        assert_eq!((change.id.as_str(), change.sequence), ("c2", 2));
        assert_eq!(
            (change.until, change.waits_for.as_deref()),
            ("2026-11-21T12:47:00Z".parse().ok(), Some("a person"))
        );
        assert!(matches!(told(None, Some(found.clone())), Some(Announcement::Share(_))), "it is new");
        assert_eq!(told(Some(held.clone()), Some(held.clone())), None, "nothing changed");
        assert_eq!(told(Some(held.clone()), None), None, "nobody removes one but by hand");
        // An older image that can't be read does not keep it from being told.
        let unreadable = share("of another version", &json!({}));
        assert!(matches!(told(Some(unreadable.clone()), Some(held)), Some(Announcement::Share(_))));
        let change =
            Change { sequence_number: "1".to_owned(), keys: Value::Null, old_image: None, new_image: Some(unreadable) };
        assert_eq!(announcement(&change, now()).unwrap_err().name, drawbridge_domain::FaultName::InvalidRequest);
    }

    fn applied(document: &str) -> Value {
        image("redis", &[("document", document), ("at", "2026-11-21T01:02:03.000000000Z"), ("by", "ada")])
    }

    #[test]
    fn who_is_trusted_is_told_when_it_changes() {
        let Some(Announcement::Subscription(first)) = told(None, Some(applied("a"))) else { panic!("not told") };
        assert_eq!(
            (first.change, first.by.as_deref(), first.subscription.as_str()),
            (What::Applied, Some("ada"), "redis")
        );
        assert_eq!(first.at, "2026-11-21T01:02:03Z".parse().unwrap());
        let Some(Announcement::Subscription(gone)) = told(Some(applied("a")), None) else { panic!("not told") };
        assert_eq!((gone.change, gone.by.clone(), gone.at), (What::Withdrawn, None, now()));
        assert_ne!(first.id, gone.id);
        assert_eq!(told(Some(applied("a")), None), Some(Announcement::Subscription(gone)), "the same twice");
        assert_eq!(told(Some(applied("a")), Some(applied("a"))), None, "nothing changed");
        assert!(told(Some(applied("a")), Some(applied("b"))).is_some());
    }

    #[test]
    fn what_is_no_document_is_passed_over() {
        let audit = image("#2026-11-21", &[("what", "applied")]);
        assert_eq!(told(None, Some(audit.clone())), None);
        assert_eq!(told(Some(audit), None), None);
        assert_eq!(
            told(None, Some(image("No name!", &[("document", "x")]))),
            None,
            "it can't be read, and nothing waits for it"
        );
        // By hand: neither when nor by whom.
        assert!(told(None, Some(image("redis", &[("document", "x")]))).is_some());
    }
}
