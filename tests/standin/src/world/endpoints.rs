//! VPC endpoints and how their states move.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::configurations::Configuration;
pub use super::states::{Kind, Reach, State};
use super::{Stage, Wait, elapsed};
use crate::ids;
use crate::settings::{AssociationOutcome, EndpointOutcome, Settings};

/// One association of an endpoint: one per child of a GROUP. \[AWS:privatelink/privatelink-access-resources\]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// `vpce-rsc-asc-…`.
    pub id: String,
    /// Whether it can be reached.
    pub reach: Reach,
    /// Since when it waits.
    pub wait: Wait,
    /// Why it cannot be reached.
    pub failure: Option<(String, String)>,
}

/// What the caller of `CreateVpcEndpoint` asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Wanted {
    /// The type.
    pub kind: Kind,
    /// The VPC.
    pub vpc: String,
    /// The resource configuration's ARN, of a Resource endpoint.
    pub configuration: Option<String>,
    /// The service network's ARN, of a `ServiceNetwork` endpoint.
    pub service_network: Option<String>,
    /// The service's name, of the other types.
    pub service_name: Option<String>,
    /// The Region that the service is in, if it is another one.
    pub service_region: Option<String>,
    /// What may pass, of the other types: a JSON document.
    pub policy: Option<String>,
    /// Subnets.
    pub subnets: Vec<String>,
    /// Security groups.
    pub security_groups: Vec<String>,
    /// Route tables, of a Gateway endpoint.
    pub route_tables: Vec<String>,
    /// `ipv4`, `dualstack` or `ipv6`.
    pub ip_address_type: String,
    /// `DnsRecordIpType`.
    pub record_ip_type: Option<String>,
    /// Whether private DNS names are made.
    pub private_dns: bool,
    /// `PrivateDnsOnlyForInboundResolverEndpoint`, of an Interface endpoint.
    pub inbound_only: Option<bool>,
    /// For which domains. \[AWS:privatelink: the default is `VERIFIED_DOMAINS_ONLY`\]
    pub preference: Option<String>,
    /// The specified ones among them.
    pub domains: Vec<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl Wanted {
    /// How many addresses it takes of each subnet: an Interface endpoint one per interface, the others perhaps a /28.
    /// \[AWS:privatelink/access-with-service-network-endpoint\]
    pub fn addresses(&self, settings: &Settings) -> i64 {
        if self.kind == Kind::Interface { 1 } else { i64::from(settings.addresses_per_endpoint) }
    }
}

/// One VPC endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// `vpce-…`.
    pub id: String,
    /// The account that it is in.
    pub account: String,
    /// The Region that it is in.
    pub region: String,
    /// What was asked for.
    pub wanted: Wanted,
    /// The token that it was asked for with.
    pub token: Option<String>,
    /// Its state.
    pub state: State,
    /// Since when it has it, and how many answers showed it.
    pub wait: Wait,
    /// When it was made.
    pub created: Timestamp,
    /// Its network interfaces, one per subnet.
    pub interfaces: Vec<String>,
    /// Why it failed: code and message.
    pub failure: Option<(String, String)>,
    /// Whether the provider deleted its associations. \[botocore: vpc-lattice `DeleteResourceEndpointAssociation`\]
    pub detached: bool,
    /// Its associations, by the ARN of the configuration.
    pub rows: BTreeMap<String, Row>,
    /// All states it ever had.
    pub history: Vec<Stage>,
}

impl Endpoint {
    /// A new endpoint: pending, but for a Gateway, which only is routes, and one whose service's owner must accept it first.
    /// \[AWS:privatelink/gateway-endpoints, concepts; terraform-provider-aws 14604\]
    pub fn new(
        account: &str,
        region: &str,
        wanted: Wanted,
        token: Option<String>,
        acceptance: bool,
        now: Timestamp,
    ) -> Self {
        let state = match wanted.kind {
            Kind::Gateway => State::Available,
            Kind::Interface if acceptance => State::PendingAcceptance,
            _ => State::Pending,
        };
        Self {
            id: ids::resource("vpce"),
            account: account.to_owned(),
            region: region.to_owned(),
            interfaces: wanted.subnets.iter().map(|_| ids::resource("eni")).collect(),
            wanted,
            token,
            state,
            wait: Wait::from(now),
            created: now,
            failure: None,
            detached: false,
            rows: BTreeMap::new(),
            history: vec![Stage { at: now, state: state.name() }],
        }
    }

    /// Gives it a state.
    pub fn become_state(&mut self, state: State, now: Timestamp) {
        if self.state != state {
            self.state = state;
            self.wait = Wait::from(now);
            self.history.push(Stage { at: now, state: state.name() });
        }
    }

    /// Lets the state move on, as one more answer is about to show it.
    pub fn observe(&mut self, settings: &Settings, now: Timestamp) {
        match self.state {
            State::Pending => {
                if self.wait.passes(settings.endpoint_pending_polls, settings.endpoint_pending_ms, now) {
                    self.settle(settings, now);
                }
                if self.state == State::Pending {
                    // The children become ready while the endpoint does, not after it.
                    self.rows.values_mut().for_each(|row| row.wait.polls = row.wait.polls.saturating_add(1));
                }
            }
            State::Deleting if self.wait.passes(settings.delete_pending_polls, 0, now) => {
                self.become_state(State::Deleted, now);
            }
            _ => {}
        }
    }

    fn settle(&mut self, settings: &Settings, now: Timestamp) {
        let failure = || Some((settings.failure_code.clone(), settings.failure_reason.clone()));
        match settings.endpoint_outcome {
            EndpointOutcome::Available => self.become_state(State::Available, now),
            EndpointOutcome::Failed => {
                self.failure = failure();
                self.become_state(State::Failed, now);
            }
            EndpointOutcome::Rejected => {
                self.failure = failure();
                self.become_state(State::Rejected, now);
            }
            EndpointOutcome::Deleted => self.become_state(State::Deleted, now),
            EndpointOutcome::Stuck => {}
        }
    }

    /// Makes a row for each configuration that has none: a child that is added to a group later appears by itself.
    /// \[AWS:vpc-lattice/ug/resource-configuration\]
    pub fn know(&mut self, leaves: &[Configuration], now: Timestamp) {
        for leaf in leaves {
            self.rows.entry(leaf.arn.clone()).or_insert_with(|| Row {
                id: ids::resource("vpce-rsc-asc"),
                reach: Reach::Pending,
                wait: Wait::from(now),
                failure: None,
            });
        }
        self.rows.retain(|arn, _| leaves.iter().any(|leaf| leaf.arn == *arn));
    }

    /// Lets the associations move on, as one more answer is about to show them.
    pub fn observe_rows(&mut self, leaves: &[Configuration], settings: &Settings, now: Timestamp) {
        self.know(leaves, now);
        for (at, leaf) in leaves.iter().enumerate() {
            let Some(row) = self.rows.get_mut(&leaf.arn) else { continue };
            let passes = row.wait.passes(settings.association_pending_polls, settings.association_pending_ms, now);
            if row.reach != Reach::Pending || !passes || self.state != State::Available {
                continue;
            }
            let last = at + 1 == leaves.len();
            let reached = match settings.association_outcome {
                AssociationOutcome::Active => !settings.inaccessible_children.contains(&leaf.name),
                AssociationOutcome::Partial => !last,
                AssociationOutcome::CreateFailed => false,
                AssociationOutcome::Stuck => continue,
            };
            row.reach = if reached { Reach::Accessible } else { Reach::Inaccessible };
            row.failure = (!reached).then(|| (settings.failure_code.clone(), settings.failure_reason.clone()));
        }
    }

    /// Whether Describe shows it: it may lag behind its creation.
    pub fn visible(&self, settings: &Settings, now: Timestamp) -> bool {
        elapsed(self.created, now) >= settings.describe_lag_ms
    }

    /// Whether it takes up quota and addresses.
    pub fn live(&self) -> bool {
        !matches!(self.state, State::Deleting | State::Deleted)
    }

    /// The state's name on the wire, whose case differs by type. \[terraform-provider-aws: PR 41116, issues 45118, 45946\]
    pub fn state_name(&self, settings: &Settings) -> &'static str {
        if self.capitals(settings) { self.state.capital() } else { self.state.name() }
    }

    /// The address type on the wire, whose case differs by type as the state's does.
    pub fn ip_address_type(&self, settings: &Settings) -> String {
        if self.capitals(settings) {
            self.wanted.ip_address_type.to_uppercase()
        } else {
            self.wanted.ip_address_type.clone()
        }
    }

    fn capitals(&self, settings: &Settings) -> bool {
        settings.upper_case_states && matches!(self.wanted.kind, Kind::Resource | Kind::ServiceNetwork)
    }

    /// The private name of a configuration through this endpoint, if one is made.
    /// \[AWS:privatelink/use-resource-endpoint, vpc-lattice/ug/resource-configuration\]
    pub fn private_name(&self, leaf: &Configuration, group: Option<&Configuration>) -> Option<String> {
        let name = leaf.custom_domain.as_ref().filter(|_| self.wanted.private_dns)?;
        // A child's custom domain must be under the group's domain, else no hosted zone is made.
        if let Some(domain) = group.and_then(|group| group.group_domain.as_ref())
            && !under(name, domain)
        {
            return None;
        }
        let verified = leaf.verified && group.is_none_or(|group| group.verified);
        let specified = self.wanted.domains.iter().any(|domain| covers(domain, name));
        let made = match self.wanted.preference.as_deref().unwrap_or("VERIFIED_DOMAINS_ONLY") {
            "ALL_DOMAINS" => true,
            "VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS" => verified || specified,
            "SPECIFIED_DOMAINS_ONLY" => specified,
            _ => verified,
        };
        made.then(|| name.clone())
    }

    /// Everything, for a test to look at. The state is in camel case whatever the wire says.
    pub fn dump(&self) -> Value {
        json!({
            "id": self.id, "account": self.account, "region": self.region,
            "type": self.wanted.kind, "vpc": self.wanted.vpc, "state": self.state.name(), "live": self.live(),
            "resource_configuration": self.wanted.configuration, "service_network": self.wanted.service_network,
            "service_name": self.wanted.service_name, "service_region": self.wanted.service_region,
            "subnets": self.wanted.subnets, "route_tables": self.wanted.route_tables, "policy": self.wanted.policy,
            "security_groups": self.wanted.security_groups, "private_dns": self.wanted.private_dns,
            "preference": self.wanted.preference, "domains": self.wanted.domains,
            "tags": self.wanted.tags, "client_token": self.token, "created": self.created,
            "failure": self.failure, "detached": self.detached, "associations": self.rows, "history": self.history,
        })
    }
}

/// Whether a name is a domain or below it.
fn under(name: &str, domain: &str) -> bool {
    name == domain || name.strip_suffix(domain).is_some_and(|front| front.ends_with('.'))
}

/// Whether a specified domain, a name or `*.name`, covers a name. \[botocore: `PrivateDnsSpecifiedDomains`\]
fn covers(domain: &str, name: &str) -> bool {
    match domain.strip_prefix("*.") {
        Some(parent) => name != parent && under(name, parent),
        None => name == domain,
    }
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::world::configurations;

    /// A Resource endpoint that was just made.
    pub fn endpoint() -> Endpoint {
        let wanted = Wanted {
            kind: Kind::Resource,
            vpc: "vpc-1".to_owned(),
            configuration: Some("arn:group".to_owned()),
            service_network: None,
            service_name: None,
            service_region: None,
            policy: None,
            subnets: vec!["subnet-1".to_owned()],
            security_groups: Vec::new(),
            route_tables: Vec::new(),
            ip_address_type: "ipv4".to_owned(),
            record_ip_type: None,
            private_dns: true,
            inbound_only: None,
            preference: None,
            domains: Vec::new(),
            tags: BTreeMap::new(),
        };
        Endpoint::new("111122223333", "us-east-1", wanted, None, false, Timestamp::UNIX_EPOCH)
    }

    fn leaf(name: &str) -> Configuration {
        Configuration {
            id: format!("rcfg-{name}"),
            arn: format!("arn:{name}"),
            name: name.to_owned(),
            owner: "444455556666".to_owned(),
            region: "us-east-1".to_owned(),
            kind: configurations::Kind::Child,
            group: Some("arn:group".to_owned()),
            ports: vec!["12000".to_owned()],
            dns_target: None,
            custom_domain: Some(format!("{name}.db.example.com")),
            group_domain: None,
            verified: true,
            az_ids: Vec::new(),
            gateway: "rgw-1".to_owned(),
            into_shareable_network: true,
            status: "ACTIVE".to_owned(),
            tags: BTreeMap::new(),
            created: Timestamp::UNIX_EPOCH,
        }
    }

    fn states(settings: &Settings, polls: usize) -> Vec<&'static str> {
        let mut endpoint = endpoint();
        (0..polls)
            .map(|_| {
                endpoint.observe(settings, Timestamp::UNIX_EPOCH);
                endpoint.state_name(settings)
            })
            .collect()
    }

    #[test]
    fn the_state_moves_by_polls_and_in_the_case_of_its_type() {
        assert_eq!(states(&Settings::default(), 3), ["Pending", "Available", "Available"]);
        let camel = Settings { upper_case_states: false, endpoint_pending_polls: 0, ..Settings::default() };
        assert_eq!(states(&camel, 1), ["available"]);
        let stuck = Settings { endpoint_outcome: EndpointOutcome::Stuck, ..Settings::default() };
        assert_eq!(states(&stuck, 3), ["Pending"; 3]);
        let failed = Settings { endpoint_outcome: EndpointOutcome::Failed, ..Settings::default() };
        assert_eq!(states(&failed, 2), ["Pending", "Failed"]);
    }

    #[test]
    fn one_wait_is_enough_for_the_endpoint_and_its_children() {
        let (settings, now) = (Settings::default(), Timestamp::UNIX_EPOCH);
        let leaves = [leaf("a"), leaf("b")];
        let mut endpoint = endpoint();
        endpoint.know(&leaves, now);
        endpoint.observe(&settings, now);
        endpoint.observe(&settings, now);
        endpoint.observe_rows(&leaves, &settings, now);
        assert!(endpoint.rows.values().all(|row| row.reach == Reach::Accessible));
    }

    #[test]
    fn a_child_added_later_appears_as_pending() {
        let (settings, now) = (Settings { endpoint_pending_polls: 0, ..Settings::default() }, Timestamp::UNIX_EPOCH);
        let mut endpoint = endpoint();
        endpoint.observe(&settings, now);
        endpoint.observe_rows(&[leaf("a")], &settings, now);
        endpoint.observe_rows(&[leaf("a"), leaf("b")], &settings, now);
        let reach: Vec<Reach> = endpoint.rows.values().map(|row| row.reach).collect();
        assert_eq!(reach, [Reach::Accessible, Reach::Pending]);
    }

    #[test]
    fn partial_leaves_the_last_child_out() {
        let settings = Settings {
            endpoint_pending_polls: 0,
            association_pending_polls: 0,
            association_outcome: AssociationOutcome::Partial,
            ..Settings::default()
        };
        let mut endpoint = endpoint();
        endpoint.observe(&settings, Timestamp::UNIX_EPOCH);
        endpoint.observe_rows(&[leaf("a"), leaf("b")], &settings, Timestamp::UNIX_EPOCH);
        let reach: Vec<Reach> = endpoint.rows.values().map(|row| row.reach).collect();
        assert_eq!(reach, [Reach::Accessible, Reach::Inaccessible]);
    }

    #[test]
    fn a_private_name_needs_private_dns_a_fitting_domain_and_the_preference() {
        let mut endpoint = endpoint();
        let group = Configuration { group_domain: Some("db.example.com".to_owned()), ..leaf("group") };
        assert_eq!(endpoint.private_name(&leaf("a"), Some(&group)).as_deref(), Some("a.db.example.com"));
        let elsewhere = Configuration { group_domain: Some("other.com".to_owned()), ..group.clone() };
        assert_eq!(endpoint.private_name(&leaf("a"), Some(&elsewhere)), None);
        let unverified = Configuration { verified: false, ..leaf("a") };
        assert_eq!(endpoint.private_name(&unverified, None), None);
        endpoint.wanted.preference = Some("SPECIFIED_DOMAINS_ONLY".to_owned());
        assert_eq!(endpoint.private_name(&unverified, None), None);
        endpoint.wanted.domains = vec!["*.db.example.com".to_owned()];
        assert!(endpoint.private_name(&unverified, None).is_some());
        endpoint.wanted.private_dns = false;
        assert_eq!(endpoint.private_name(&leaf("a"), None), None);
    }
}
