//! What a subscription means.

use drawbridge_domain::profile::Profile;
use drawbridge_domain::subscription::{OnRevoke, Otherwise, PrivateDns, Subnets, Subscription, Target};

use super::{Facts, Screen, list};

/// What a subscription means, in a few lines.
pub fn subscription(subscription: &Subscription, screen: &Screen) -> String {
    let profile = Profile::of(subscription.profile);
    let trust = &subscription.trust;
    let mut facts = Facts::new(format!(
        "{} connects what {} {} with this account.",
        screen.bold(subscription.name.as_str()),
        list(&trust.senders),
        if trust.senders.len() == 1 { "shares" } else { "share" },
    ));
    facts.add("trusts", &format!("senders {}", list(&trust.senders)));
    if !trust.share_names.is_empty() {
        facts.add("", &format!("only shares named {}", list(&trust.share_names)));
    }
    if !trust.shares.is_empty() {
        facts.add("", &format!("only {}", list(&trust.shares)));
    }
    let types: Vec<&str> = trust.resource_types.iter().map(|resource_type| resource_type.as_str()).collect();
    facts.add("", &format!("only with {} inside", types.join(" or ")));
    facts.add("otherwise", otherwise(subscription.otherwise));
    facts.add("on revoke", on_revoke(subscription.on_revoke));
    for (number, target) in subscription.targets.iter().enumerate() {
        facts.add(if number == 0 { "connects" } else { "" }, &in_words(target, profile));
    }
    facts.add("profile", &format!("{} ({})", profile.name.as_str(), profile.title));
    if let Some(most) = subscription.limits.connections_per_share {
        facts.add("limits", &format!("a share that would make more than {most} connections is held for a person"));
    }
    for (number, (name, port)) in subscription.ports.iter().enumerate() {
        facts.add(if number == 0 { "ports" } else { "" }, &format!("{name} listens on {port}"));
    }
    let tags: Vec<String> = subscription.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if !tags.is_empty() {
        facts.add("tags", &tags.join(", "));
    }
    facts.0
}

fn otherwise(otherwise: Otherwise) -> &'static str {
    match otherwise {
        Otherwise::Hold => "hold: other shares wait for a person; their invitations expire after 12 hours",
        Otherwise::Reject => "reject: the invitations of other shares are rejected",
        Otherwise::Ignore => "ignore: other shares are recorded and left alone",
    }
}

fn on_revoke(on_revoke: OnRevoke) -> &'static str {
    match on_revoke {
        OnRevoke::Keep => "keep: what is connected stays when its owner stops sharing it, until the owner deletes it",
        OnRevoke::Close => "close: what is connected is closed when its owner stops sharing it",
    }
}

fn in_words(target: &Target, profile: &Profile) -> String {
    match target {
        Target::Vpc(target) => {
            let subnets = match &target.subnets {
                Subnets::Auto => "the best subnet of each Availability Zone".to_owned(),
                Subnets::Listed(subnets) => list(subnets),
            };
            format!(
                "to {}: {subnets}; {}; private DNS {}",
                target.vpc,
                list(&target.security_groups),
                private_dns(&target.private_dns, profile)
            )
        }
        Target::ServiceNetwork(target) => {
            format!("to {}: private DNS {}", target.service_network, if target.private_dns { "on" } else { "off" })
        }
    }
}

fn private_dns(private_dns: &PrivateDns, profile: &Profile) -> String {
    match private_dns {
        PrivateDns::Off => "off".to_owned(),
        PrivateDns::ProfileDefault => format!("as the profile says, {}", profile.private_dns.as_str()),
        PrivateDns::VerifiedDomainsOnly => "for verified domains".to_owned(),
        PrivateDns::AllDomains => "for all domains".to_owned(),
        PrivateDns::VerifiedAndSpecified(domains) => format!("for verified domains and {}", list(domains)),
        PrivateDns::SpecifiedOnly(domains) => format!("for {} only", list(domains)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::render::samples;

    #[test]
    fn it_says_whom_it_trusts_and_what_it_connects() {
        assert_eq!(
            subscription(&samples::subscription(), &Screen::default()),
            "\
redis-production connects what 444455556666 shares with this account.
  trusts     senders 444455556666
             only shares named redis-*
             only with vpc-lattice:ResourceConfiguration inside
  otherwise  hold: other shares wait for a person; their invitations expire after 12 hours
  on revoke  close: what is connected is closed when its owner stops sharing it
  connects   to vpc-0a1b2c3d: the best subnet of each Availability Zone; sg-0a1b2c3d; private DNS as the profile says, VERIFIED_DOMAINS_ONLY
             to sn-0a1b2c3d: private DNS on
  profile    redis-cloud (Redis Cloud)
  limits     a share that would make more than 20 connections is held for a person
  ports      db-cache listens on 12000
  tags       team=core
"
        );
    }
}
