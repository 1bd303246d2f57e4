//! A subscription as a document again.

use serde_json::{Map, Value, json};

use super::{PrivateDns, Subnets, Subscription, Target, bounds};

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
        json!({
            "version": bounds::VERSION,
            "name": self.name,
            "trust": trust_document,
            "otherwise": self.otherwise,
            "on_revoke": self.on_revoke,
            "profile": self.profile,
            "targets": self.targets.iter().map(target).collect::<Vec<_>>(),
            "tags": self.tags,
            "limits": limits,
            "ports": self.ports,
        })
    }
}

fn target(target: &Target) -> Value {
    match target {
        Target::ServiceNetwork(target) => {
            json!({"service_network": target.service_network, "private_dns": target.private_dns})
        }
        Target::Vpc(target) => {
            let subnets = match &target.subnets {
                Subnets::Auto => json!("auto"),
                Subnets::Listed(subnets) => json!(subnets),
            };
            let mut document =
                json!({"vpc": target.vpc, "subnets": subnets, "security_groups": target.security_groups});
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
    }
}
