//! A subscription as a document again.

use serde_json::{Map, Value, json};

use super::{
    EndpointItem, GatewayItem, InterfaceItem, NetworkItem, OnChange, PrivateDns, RouteTables, Subnets, Subscription,
    Target, VpcTarget, bounds,
};

impl Subscription {
    /// The canonical document: [`super::parse`] reads it back to an equal value. Defaults are
    /// written out, so that what the ledger stores means the same when a default changes; only what
    /// has no word of its own (no narrowing, the profile's private DNS) stays out.
    #[must_use]
    pub fn to_document(&self) -> Value {
        let trust = &self.trust;
        let mut trust_document = Map::new();
        trust_document.insert("senders".to_owned(), json!(trust.senders));
        if !trust.share_names.is_empty() {
            trust_document.insert("share_names".to_owned(), json!(trust.share_names));
        }
        if !trust.shares.is_empty() {
            trust_document.insert("shares".to_owned(), json!(trust.shares));
        }
        trust_document.insert("resource_types".to_owned(), json!(trust.resource_types));
        let mut limits = Map::new();
        if let Some(connections) = self.limits.connections_per_share {
            limits.insert("connections_per_share".to_owned(), json!(connections));
        }
        if let Some(dollars) = self.limits.monthly_cost_per_share {
            limits.insert("monthly_cost_per_share".to_owned(), json!(dollars));
        }
        if let Some(endpoints) = self.limits.endpoints {
            limits.insert("endpoints".to_owned(), json!(endpoints));
        }
        if let Some(dollars) = self.limits.monthly_cost_of_endpoints {
            limits.insert("monthly_cost_of_endpoints".to_owned(), json!(dollars));
        }
        let mut document = json!({
            "version": bounds::VERSION,
            "name": self.name,
            "profile": self.profile,
            "tags": self.tags,
            "limits": limits,
            "ports": self.ports,
        });
        if trust.is_of_somebody() {
            document["trust"] = trust_document.into();
            document["otherwise"] = json!(self.otherwise);
            document["approval"] = json!(self.approval);
            document["on_revoke"] = json!(self.on_revoke);
            document["targets"] = self.targets.iter().map(target).collect();
        }
        if self.on_change != OnChange::Keep {
            document["on_change"] = json!(self.on_change);
        }
        if !self.endpoints.is_empty() {
            document["endpoints"] = self.endpoints.iter().map(endpoint).collect();
        }
        if !self.reconcile.is_default() {
            document["reconcile"] = json!(self.reconcile);
        }
        if let Some(prefix) = &self.outputs {
            document["outputs"] = json!({"ssm": prefix});
        }
        document
    }
}

fn target(target: &Target) -> Value {
    match target {
        Target::ServiceNetwork(target) => {
            json!({"service_network": target.service_network, "private_dns": target.private_dns})
        }
        Target::Vpc(target) => vpc(target),
    }
}

fn subnets(subnets: &Subnets) -> Value {
    match subnets {
        Subnets::Auto => json!("auto"),
        Subnets::Listed(subnets) => json!(subnets),
    }
}

fn vpc(target: &VpcTarget) -> Value {
    let mut document =
        json!({"vpc": target.vpc, "subnets": subnets(&target.subnets), "security_groups": target.security_groups});
    let private_dns = match &target.private_dns {
        PrivateDns::ProfileDefault => return document,
        PrivateDns::Off => json!("off"),
        PrivateDns::AllDomains => json!("all-domains"),
        PrivateDns::VerifiedDomainsOnly => json!("verified-domains-only"),
        PrivateDns::VerifiedAndSpecified(domains) => json!({"verified-and-specified": domains}),
        PrivateDns::SpecifiedOnly(domains) => json!({"specified-only": domains}),
    };
    document["private_dns"] = private_dns;
    document
}

fn endpoint(item: &EndpointItem) -> Value {
    match item {
        EndpointItem::Interface(item) => interface(item),
        EndpointItem::Gateway(item) => gateway(item),
        EndpointItem::ServiceNetwork(NetworkItem { service_network, at }) => {
            let mut document = vpc(at);
            document["service_network"] = json!(service_network);
            document
        }
    }
}

fn interface(item: &InterfaceItem) -> Value {
    let mut document = json!({
        "interface": item.service,
        "vpc": item.vpc,
        "subnets": subnets(&item.subnets),
        "security_groups": item.security_groups,
    });
    if let Some(region) = &item.region {
        document["region"] = json!(region);
    }
    if let Some(private_dns) = item.private_dns {
        document["private_dns"] = json!(private_dns);
    }
    if let Some(policy) = &item.policy {
        document["policy"] = json!(policy);
    }
    document
}

fn gateway(item: &GatewayItem) -> Value {
    let mut document = json!({"gateway": item.service, "vpc": item.vpc});
    match &item.route_tables {
        RouteTables::All => document["route_tables"] = json!("all"),
        RouteTables::Listed(tables) => document["route_tables"] = json!(tables),
        RouteTables::OfSubnets(subnets) => document["subnets"] = json!(subnets),
    }
    if let Some(policy) = &item.policy {
        document["policy"] = json!(policy);
    }
    document
}
