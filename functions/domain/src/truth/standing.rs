//! One look at one connection: what was seen, against what its record says.

use jiff::Timestamp;

use super::{
    Behind, NOT_IN_SHARE, NOT_SHOWN, NOT_USABLE, OF_EVERY_LOOK, OF_STRAYS, Observed, PARTIAL, Plan, READ_DENIED,
    SETTINGS_CHANGED, Standing, Thing, policy,
};
use crate::connection::{Connection, Made, Missing, PlannedCall};
use crate::ending::Cause;
use crate::facts::READS_MAY_LAG;
use crate::fault::{Fault, FaultName};
use crate::identity::OWN_TAGS;
use crate::ids::RouteTableId;
use crate::inventory::ListedEndpoint;
use crate::network::{Association, Endpoint, same_word};
use crate::observation;
use crate::ports::made_text;
use crate::preflight::{Finding, Severity};

/// One look at one connection.
pub(super) struct Look {
    pub(super) next: Connection,
    pub(super) findings: Vec<Finding>,
    pub(super) what: Vec<String>,
    pub(super) now: Timestamp,
}

impl Look {
    pub(super) fn find(&mut self, code: &str, seen: String, needed: &str, way_out: String) {
        let severity = Severity::Warning;
        self.findings.push(Finding { severity, code: code.to_owned(), seen, needed: needed.to_owned(), way_out });
    }

    pub(super) fn unreadable(&mut self, id: &str, fault: &Fault) {
        let way_out = fault.name.remedy().to_owned();
        let seen = format!("{id} could not be looked at: {fault}");
        self.find(
            READ_DENIED,
            seen,
            "to read it; until then nothing is concluded, and it is taken to be as it was",
            way_out,
        );
    }

    /// Whether these were missing before, for long enough.
    pub(super) fn is_gone_for_long(&self, what: &[String]) -> bool {
        let known = self.next.missing.as_ref().filter(|missing| what.iter().all(|id| missing.what.contains(id)));
        !what.is_empty() && known.is_some_and(|missing| self.now.duration_since(missing.since) >= READS_MAY_LAG)
    }

    /// Writes down what is missing, since when it first was.
    pub(super) fn miss(&mut self, what: Vec<String>) {
        let known = self.next.missing.take().filter(|missing| missing.what == what);
        self.next.missing = (!what.is_empty()).then(|| known.unwrap_or(Missing { since: self.now, what }));
    }

    pub(super) fn not_shown(&mut self, made: &Made) -> Standing {
        let id = made.id().to_owned();
        if self.is_gone_for_long(std::slice::from_ref(&id)) {
            let since = self.next.missing.as_ref().map_or(self.now, |missing| missing.since);
            let fault =
                FaultName::EndpointGone.because(format!("AWS shows {id} no more, since {since}; somebody deleted it"));
            return Standing::Over(Cause::Gone, fault.to_string());
        }
        self.miss(vec![id.clone()]);
        let seen = format!("AWS does not show {id}");
        self.find(
            NOT_SHOWN,
            seen,
            "a second look, 5 minutes or more after the first, before that means anything",
            FaultName::EndpointGone.remedy().to_owned(),
        );
        Standing::Missing
    }

    pub(super) fn shown(&mut self, thing: &Thing, observed: &Observed<'_>) -> Standing {
        let usable = match thing {
            Thing::Endpoint(listed) => endpoint(&listed.endpoint),
            Thing::Association(shown) => association(shown),
        };
        match usable {
            Ok(()) => self.usable(thing, observed),
            Err(fault) => {
                if let Some(cause) = cause_of(fault.name) {
                    return Standing::Over(cause, fault.to_string());
                }
                self.miss(Vec::new());
                let way_out = "nothing if somebody is changing it; else ask its provider".to_owned();
                self.find(NOT_USABLE, fault.message, "a state in which it can be used", way_out);
                Standing::Changed
            }
        }
    }

    fn usable(&mut self, thing: &Thing, observed: &Observed<'_>) -> Standing {
        match thing {
            Thing::Endpoint(listed) => self.settings(listed),
            Thing::Association(shown) => {
                if let Some(seen) = observation::partial(shown) {
                    let way_out =
                        "compare the names in `show` with what its owner offers, and ask the owner".to_owned();
                    self.find(PARTIAL, seen, "ACTIVE; what has a name here can be used", way_out);
                }
            }
        }
        let call = self.next.plan.as_ref().map(|plan| &plan.call);
        match (&observed.behind, thing, call) {
            (Behind::Itself, Thing::Endpoint(listed), Some(PlannedCall::InterfaceEndpoint { service, .. })) => {
                let service = service.clone();
                match observation::interface_names(&listed.endpoint, false) {
                    Ok(dns) => self.service_names(&service, dns, observed.subscription),
                    Err(fault) => {
                        let way_out = "nothing if somebody is changing it; else ask its provider".to_owned();
                        self.find(NOT_USABLE, fault.message, "the endpoint's own names", way_out);
                    }
                }
                self.miss(Vec::new());
            }
            (Behind::Itself, ..) => self.miss(Vec::new()),
            (Behind::Unreadable(fault), ..) => {
                self.unreadable("what is behind it", fault);
                return Standing::Unknown;
            }
            (Behind::Rows(rows), ..) => self.children(rows, observed),
        }
        Standing::AsRecorded
    }

    /// What somebody changed of the endpoint itself, against what it was made with.
    fn settings(&mut self, listed: &ListedEndpoint) {
        let Some(call) = self.next.call_said() else { return };
        self.own_tags(listed);
        let mut changed = Vec::new();
        match &call {
            // Their private DNS can't be changed [AWS:privatelink/use-resource-endpoint].
            PlannedCall::ResourceEndpoint { subnets, security_groups, .. }
            | PlannedCall::ServiceNetworkEndpoint { subnets, security_groups, .. } => {
                changed.extend(other("subnets", subnets, &listed.subnets));
                changed.extend(other("security groups", security_groups, &listed.security_groups));
            }
            PlannedCall::InterfaceEndpoint { subnets, security_groups, private_dns, policy, .. } => {
                changed.extend(other("subnets", subnets, &listed.subnets));
                changed.extend(other("security groups", security_groups, &listed.security_groups));
                changed.extend(switched(*private_dns, listed.endpoint.private_dns));
                changed.extend(other_policy(policy.as_deref(), listed));
            }
            PlannedCall::GatewayEndpoint { route_tables, policy, .. } => {
                changed.extend(other_policy(policy.as_deref(), listed));
                let shown = &listed.endpoint.route_tables;
                let lacking: Vec<_> = route_tables.iter().filter(|table| !shown.contains(table)).collect();
                if !lacking.is_empty() {
                    let tables: Vec<_> = lacking.into_iter().map(RouteTableId::as_str).collect();
                    changed.push(format!("no route in {}", tables.join(", ")));
                }
            }
            PlannedCall::ServiceNetworkResource { .. } => {}
        }
        if !changed.is_empty() {
            let seen = format!("{} has {}", listed.endpoint.id, changed.join(", and "));
            let way_out = "undo it (CloudTrail says who did it), which `reconcile: {changed: repair}` in the subscription does \
                           by itself as far as it can be done in place; or change the subscription and open it anew: \
                           `drawbridge close ID --reason TEXT`, then `drawbridge retry ID`";
            self.find(SETTINGS_CHANGED, seen, "what it was made with", way_out.to_owned());
        }
    }

    /// Without them it can't be told that it is ours, so nothing changes it any more and nothing removes it.
    fn own_tags(&mut self, listed: &ListedEndpoint) {
        let (id, shown) = (&listed.endpoint.id, &listed.endpoint.tags);
        let tags = self.next.plan.iter().flat_map(|plan| &plan.tags);
        let lost: Vec<_> =
            tags.filter(|(key, value)| key.starts_with(OWN_TAGS) && shown.get(*key) != Some(*value)).collect();
        if lost.is_empty() {
            return;
        }
        let seen: Vec<_> = lost
            .iter()
            .map(|(key, _)| shown.get(*key).map_or_else(|| format!("no tag {key}"), |other| format!("{key}={other}")))
            .collect();
        let needed: Vec<_> = lost.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let tags: Vec<_> = lost.iter().map(|(key, value)| format!("Key={key},Value={value}")).collect();
        let way_out = format!(
            "put them back: `aws ec2 create-tags --resources {id} --tags {}`; until then Drawbridge neither \
             changes it nor removes it. CloudTrail says who took them off",
            tags.join(" ")
        );
        let seen = format!("{id} has {}", seen.join(", and "));
        self.find(SETTINGS_CHANGED, seen, &format!("the tags that say whose it is: {}", needed.join(", ")), way_out);
    }

    pub(super) fn finish(mut self, record: &Connection, standing: Standing, observed: Observed<'_>) -> Plan {
        if observed.in_share == Some(false) {
            let share = record.share_arn.as_ref().map_or_else(String::new, ToString::to_string);
            let seen = format!("{} is not in share {share} any more", record.resource);
            let needed = "nothing for what is connected: AWS keeps it until its owner deletes it. Nothing new can be made from it";
            self.find(
                NOT_IN_SHARE,
                seen,
                needed,
                "ask its owner; or close it: `drawbridge close ID --reason TEXT`".to_owned(),
            );
        }
        let looked_at = |code: &str| {
            OF_EVERY_LOOK.contains(&code)
                || (observed.in_share.is_some() && code == NOT_IN_SHARE)
                || (observed.strays.is_some() && OF_STRAYS.contains(&code))
        };
        self.next.findings.retain(|finding| !looked_at(&finding.code));
        self.next.findings.append(&mut self.findings);
        self.next.findings.extend(observed.strays.into_iter().flatten());
        if self.next == *record {
            return Plan { standing, write: None };
        }
        let standing = if standing == Standing::AsRecorded { Standing::Changed } else { standing };
        let mut what = self.what;
        if self.next.findings != record.findings {
            let codes: Vec<_> = self.next.findings.iter().map(|finding| finding.code.as_str()).collect();
            what.push(if codes.is_empty() {
                "nothing is amiss any more".to_owned()
            } else {
                format!("found {}", codes.join(", "))
            });
        }
        if what.is_empty() {
            what.push(self.next.missing.as_ref().map_or_else(
                || format!("{} is shown again", made_text(record.made.as_ref())),
                |missing| format!("not shown at this look: {}", missing.what.join(", ")),
            ));
        }
        Plan { standing, write: Some((self.next, what.join("; "))) }
    }
}

fn endpoint(shown: &Endpoint) -> Result<(), Fault> {
    observation::endpoint(shown.id.as_str(), Some(shown), false).map(drop)
}

fn association(shown: &Association) -> Result<(), Fault> {
    // Somebody tried to delete it and could not: it may still work.
    if same_word(&shown.status, "DELETE_FAILED") {
        return Err(FaultName::NotReady.because(format!("association {} is DELETE_FAILED", shown.id)));
    }
    observation::association(shown.id.as_str(), Some(shown), false)
}

fn over(usable: Result<(), Fault>) -> Option<(Cause, String)> {
    let fault = usable.err()?;
    cause_of(fault.name).map(|cause| (cause, fault.to_string()))
}

/// What ends a connection with this endpoint, by AWS's own word, and why.
#[must_use]
pub fn endpoint_over(shown: &Endpoint) -> Option<(Cause, String)> {
    over(endpoint(shown))
}

/// What ends a connection with this association, by AWS's own word, and why.
#[must_use]
pub fn association_over(shown: &Association) -> Option<(Cause, String)> {
    over(association(shown))
}

/// What ends a connection that could be used, by what an observation says of it.
const fn cause_of(fault: FaultName) -> Option<Cause> {
    match fault {
        FaultName::EndpointGone => Some(Cause::Gone),
        FaultName::EndpointRejected => Some(Cause::Rejected),
        FaultName::EndpointFailed | FaultName::AssociationFailed => Some(Cause::Failed),
        _ => None,
    }
}

fn switched(made: bool, shown: bool) -> Option<String> {
    let word = |on: bool| if on { "on" } else { "off" };
    (made != shown).then(|| format!("private DNS {} instead of {}", word(shown), word(made)))
}

fn other<T: Ord + std::fmt::Display>(what: &str, made: &[T], shown: &[T]) -> Option<String> {
    let sorted = |ids: &[T]| {
        let mut ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        ids.sort();
        ids
    };
    let (made, shown) = (sorted(made), sorted(shown));
    // What EC2 does not show is no change, and neither is what nobody asked for.
    (!made.is_empty() && !shown.is_empty() && made != shown)
        .then(|| format!("{what} {} instead of {}", shown.join(", "), made.join(", ")))
}

fn other_policy(made: Option<&str>, listed: &ListedEndpoint) -> Option<String> {
    let id = &listed.endpoint.id;
    let instead = if made.is_some() { "the one of the subscription" } else { "AWS's default, which allows everything" };
    policy::is_another(made, listed.policy.as_deref()).then(|| {
        format!(
            "another policy than {instead} (`aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {id} --query \
             'VpcEndpoints[].PolicyDocument' --output text`)"
        )
    })
}
