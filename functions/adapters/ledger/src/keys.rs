//! Where an item stands in the table.

use drawbridge_domain::ids::{ConnectionId, ResourceShareArn};
pub(crate) use drawbridge_items::{CONNECTION, NO_SHARE, SHARE, SHARE_KEY, SUBSCRIPTION, connection_of};
use jiff::Timestamp;

use crate::Subject;

pub(crate) const AUDIT: &str = "AUDIT#";
pub(crate) const SENDER: &str = "SENDER";
pub(crate) const WAIT: &str = "WAIT";
pub(crate) const RECONCILE: &str = "RECONCILE";
pub(crate) const ROUND: &str = "ROUND";
/// The sort key of what was published for a connection, and the beginning of its partition key.
pub(crate) const OUTPUT: &str = "OUTPUT";
/// The attribute that is the key of the index by what was made.
pub(crate) const MADE_KEY: &str = "made_id";

pub(crate) fn share_pk(arn: &ResourceShareArn) -> String {
    format!("{SHARE}#{arn}")
}

pub(crate) fn connection_pk(id: &ConnectionId) -> String {
    format!("{CONNECTION}#{id}")
}

/// The share that a `pk` is of, if it is of one.
pub(crate) fn share_of(pk: &str) -> Option<ResourceShareArn> {
    pk.strip_prefix(SHARE)?.strip_prefix('#').and_then(|arn| ResourceShareArn::parse(arn).ok())
}

/// The connection whose outputs a `pk` is of, if it is of such.
pub(crate) fn output_of(pk: &str) -> Option<ConnectionId> {
    pk.strip_prefix(OUTPUT)?.strip_prefix('#').and_then(|id| ConnectionId::parse(id).ok())
}

pub(crate) fn audit_sk(at: Timestamp, change: &str) -> String {
    format!("{AUDIT}{}#{change}", sortable(at))
}

/// RFC 3339 in UTC with exactly six fractional digits: sorts as text in the order of time.
pub(crate) fn sortable(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// The same instant as [`sortable`] writes it, so that what is given back is what is read later.
pub(crate) fn to_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

impl Subject {
    pub(crate) fn pk(&self) -> String {
        match self {
            Self::Share(arn) => share_pk(arn),
            Self::Connection(id) => connection_pk(id),
            Self::Outputs(id) => format!("{OUTPUT}#{id}"),
            Self::Subscriptions => SUBSCRIPTION.to_owned(),
            Self::Sender(account) => format!("{SENDER}#{account}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn text_order_is_time_order_whatever_the_fraction() {
        let times =
            ["2026-11-21T01:02:03Z", "2026-11-21T01:02:03.000001Z", "2026-11-21T01:02:03.1Z", "2026-11-21T01:02:04Z"];
        let written: Vec<String> = times.iter().map(|t| sortable(t.parse().unwrap())).collect();
        assert_eq!(written[0], "2026-11-21T01:02:03.000000Z");
        assert!(written.is_sorted(), "{written:?}");
        assert!(!times.is_sorted(), "the plain form would not do");
    }

    #[test]
    fn what_is_finer_than_a_microsecond_is_cut_off_in_both_forms() {
        let fine: Timestamp = "2026-11-21T01:02:03.123456789Z".parse().unwrap();
        assert_eq!(sortable(fine), "2026-11-21T01:02:03.123456Z");
        assert_eq!(to_microseconds(fine), sortable(fine).parse().unwrap());
    }

    #[test]
    fn keys_parse_back_and_tell_shares_from_connections() {
        let id = ConnectionId::parse(format!("conn-{}", "0a".repeat(16))).unwrap();
        let arn = ResourceShareArn::parse("arn:aws:ram:us-east-1:444455556666:resource-share/0a-1b").unwrap();
        assert_eq!(connection_of(&connection_pk(&id)), Some(id.clone()));
        assert_eq!(share_of(&share_pk(&arn)), Some(arn.clone()));
        assert_eq!(connection_of(&share_pk(&arn)), None);
        assert_eq!(share_of(&connection_pk(&id)), None);
    }
}
