//! The names of an interface endpoint after a change: each zone has one, and so has private DNS.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::aspects::private_dns_of;
use super::{Change, Shown};
use crate::connection::Connection;
use crate::inventory::ListedEndpoint;
use crate::observation;
use crate::reach::DnsScope;
use crate::truth::{self, Behind, Observed, Seen, Thing};

/// What a look at an endpoint after its change showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// It can be used under the names that it is to have: the record with them, and what changed of them, in words.
    Known(Box<Connection>, Option<String>),
    /// It is on its way: the record says that it is to be looked at again.
    Awaited(Box<Connection>),
}

/// Reads the names of what was changed into its record, by the rules of every look. `shown` is none where nothing is
/// shown: who looks at what can be used tells it.
#[must_use]
pub fn names(next: Connection, change: &Change<'_>, shown: Option<Shown>, now: Timestamp) -> Names {
    let listed = match shown {
        Some(Shown::Endpoint(listed)) if has_its_names(&listed, private_dns_of(&change.plan.call)) => listed,
        _ => {
            let changing = vec![change.plan.clone()];
            return Names::Awaited(Box::new(Connection { changing, ..next }));
        }
    };
    let observed = Observed {
        made: Seen::Shown(Thing::Endpoint(listed)),
        behind: Behind::Itself,
        configurations: BTreeMap::new(),
        subscription: Some(change.subscription),
        in_share: None,
        strays: None,
    };
    match truth::decide(&next, observed, now).write {
        Some((next, what)) => Names::Known(Box::new(next), Some(what)),
        None => Names::Known(Box::new(next), None),
    }
}

/// Whether it can be used, and has its private name if and only if it is to have one: EC2 shows neither at once.
fn has_its_names(listed: &ListedEndpoint, private_dns: Option<bool>) -> bool {
    let endpoint = &listed.endpoint;
    let usable = observation::endpoint(endpoint.id.as_str(), Some(endpoint), false).is_ok();
    let names = observation::interface_names(endpoint, false);
    let private = names.map(|names| names.iter().any(|name| name.scope == DnsScope::Private));
    usable && private.is_ok_and(|private| Some(private) == private_dns)
}
