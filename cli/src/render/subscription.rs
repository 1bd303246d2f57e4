//! What a subscription means.

use drawbridge_domain::profile::{Chosen, PortUse, Profile};
use drawbridge_domain::subscription::{
    Approval, EndpointItem, Limits, OnChange, OnRevoke, Otherwise, PrivateDns, Reconcile, Remedy, RouteTables, Subnets,
    Subscription, Target,
};

use super::{Facts, Screen, list};

/// What a subscription means, in a few lines.
pub fn subscription(subscription: &Subscription, screen: &Screen) -> String {
    let profile = &subscription.profile.profile();
    let trust = &subscription.trust;
    let name = screen.bold(subscription.name.as_str());
    let mut facts = Facts::new(if trust.is_of_somebody() {
        let verb = if trust.senders.len() == 1 { "shares" } else { "share" };
        format!("{name} connects what {} {verb} with this account.", list(&trust.senders))
    } else {
        format!("{name} asks for endpoints and trusts nobody's shares.")
    });
    if trust.is_of_somebody() {
        shares(&mut facts, subscription, profile);
    }
    for (number, item) in subscription.endpoints.iter().enumerate() {
        facts.add(if number == 0 { "endpoints" } else { "" }, &endpoint(item, profile));
    }
    facts.add("profile", &vendor(&subscription.profile, profile));
    if subscription.on_change == OnChange::Replace {
        facts.add("on change", "replace: what is not changed in place is closed and made anew, which interrupts it");
    }
    for (number, limit) in limits(&subscription.limits).iter().enumerate() {
        facts.add(if number == 0 { "limits" } else { "" }, limit);
    }
    if !subscription.reconcile.is_default() {
        facts.add("reconcile", &reconcile(subscription.reconcile));
    }
    if let Some(prefix) = &subscription.outputs {
        facts.add("outputs", &format!("one SSM parameter for each database, {prefix}/NAME"));
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

/// The profile, and what it is extended by.
fn vendor(chosen: &Chosen, profile: &Profile) -> String {
    let mut more: Vec<String> = Vec::new();
    for PortUse { from, to, used_for, required } in &chosen.ports {
        let range = if from == to { format!("port {from}") } else { format!("ports {from}-{to}") };
        more.push(format!("{range} ({used_for}{})", if *required { ", required" } else { "" }));
    }
    more.extend(chosen.free_addresses_per_subnet.map(|count| format!("{count} free addresses in each subnet")));
    if !chosen.unsupported_az_ids.is_empty() {
        more.push(format!("not in {}", list(&chosen.unsupported_az_ids)));
    }
    let more = if more.is_empty() { String::new() } else { format!(", extended: {}", more.join("; ")) };
    format!("{} ({}){more}", profile.name.as_str(), profile.title)
}

fn shares(facts: &mut Facts, subscription: &Subscription, profile: &Profile) {
    let trust = &subscription.trust;
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
    if !subscription.approval.is_never() {
        facts.add("approval", approval(subscription.approval));
    }
    facts.add("on revoke", &on_revoke(subscription.on_revoke));
    for (number, target) in subscription.targets.iter().enumerate() {
        facts.add(if number == 0 { "connects" } else { "" }, &in_words(target, profile));
    }
}

fn approval(approval: Approval) -> &'static str {
    match approval {
        Approval::Never => "never: trust is enough",
        Approval::FirstTime => "first-time: a person approves the first share of each sender",
        Approval::Always => "always: a person approves each share",
    }
}

fn otherwise(otherwise: Otherwise) -> &'static str {
    match otherwise {
        Otherwise::Hold => "hold: other shares wait for a person; their invitations expire after 12 hours",
        Otherwise::Reject => "reject: the invitations of other shares are rejected",
        Otherwise::Ignore => "ignore: other shares are recorded and left alone",
    }
}

fn limits(limits: &Limits) -> Vec<String> {
    let share =
        limits.connections_per_share.map(|most| format!("a share that would make more than {most} connections"));
    let dear =
        limits.monthly_cost_per_share.map(|most| format!("a share that would cost more than {most} USD per month"));
    let of_shares = share.into_iter().chain(dear).map(|what| format!("{what} is held for a person"));
    let number =
        limits.endpoints.map(|most| format!("no more than {most} of its endpoints are made; the others are held"));
    let cost = limits.monthly_cost_of_endpoints;
    let cost = cost.map(|most| format!("its endpoints cost no more than {most} USD per month; what would is held"));
    of_shares.chain(number).chain(cost).collect()
}

fn reconcile(reconcile: Reconcile) -> String {
    let word = |remedy| match remedy {
        Remedy::Report => "report",
        Remedy::Repair => "repair",
        Remedy::Adopt => "adopt",
    };
    let Reconcile { gone, orphaned, duplicated, changed } = reconcile;
    let (gone, orphaned, duplicated, changed) = (word(gone), word(orphaned), word(duplicated), word(changed));
    format!("gone: {gone}, orphaned: {orphaned}, duplicated: {duplicated}, changed: {changed}")
}

fn on_revoke(on_revoke: OnRevoke) -> String {
    match on_revoke {
        OnRevoke::Keep => {
            "keep: what is connected stays when its owner stops sharing it, until the owner deletes it".to_owned()
        }
        OnRevoke::Close => "close: what is connected is closed when its owner stops sharing it".to_owned(),
        OnRevoke::CloseAfter(grace) => {
            format!(
                "close-after: what is connected is closed if its owner stops sharing it and does not share it again within {grace}"
            )
        }
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
                target.security_groups,
                private_dns(&target.private_dns, profile)
            )
        }
        Target::ServiceNetwork(target) => {
            format!("to {}: private DNS {}", target.service_network, if target.private_dns { "on" } else { "off" })
        }
    }
}

fn endpoint(item: &EndpointItem, profile: &Profile) -> String {
    let subnets = |subnets: &Subnets| match subnets {
        Subnets::Auto => "the best subnet of each Availability Zone".to_owned(),
        Subnets::Listed(subnets) => list(subnets),
    };
    let policy = |has_one: bool| if has_one { "; with a policy" } else { "" };
    match item {
        EndpointItem::Interface(item) => format!(
            "interface to {}{} in {}: {}; {}; private DNS {}{}",
            item.service,
            item.region.as_ref().map_or_else(String::new, |region| format!(" ({region})")),
            item.vpc,
            subnets(&item.subnets),
            item.security_groups,
            match item.private_dns {
                Some(true) => "on",
                Some(false) => "off",
                None => "if the service has a verified name",
            },
            policy(item.policy.is_some())
        ),
        EndpointItem::Gateway(item) => format!(
            "gateway to {} in {}: {}{}",
            item.service.as_str(),
            item.vpc,
            match &item.route_tables {
                RouteTables::All => "every route table".to_owned(),
                RouteTables::OfSubnets(subnets) => format!("the route tables of {}", list(subnets)),
                RouteTables::Listed(tables) => list(tables),
            },
            policy(item.policy.is_some())
        ),
        EndpointItem::ServiceNetwork(item) => format!(
            "to service network {} in {}: {}; {}; private DNS {}",
            item.service_network,
            item.at.vpc,
            subnets(&item.at.subnets),
            item.at.security_groups,
            private_dns(&item.at.private_dns, profile)
        ),
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
    use drawbridge_domain::subscription::Grace;

    use super::*;
    use crate::render::samples;

    #[test]
    fn one_that_only_asks_for_endpoints_says_so() {
        let text = include_str!("../../../examples/endpoints.yaml");
        let example = drawbridge_domain::subscription::parse("endpoints.yaml", text).unwrap();
        assert_eq!(
            subscription(&example, &Screen::default()),
            "\
production-endpoints asks for endpoints and trusts nobody's shares.
  endpoints  interface to com.amazonaws.us-east-1.secretsmanager in vpc-0a1b2c3d4e5f60718: the best subnet of each Availability Zone; sg-0a1b2c3d4e5f60718; private DNS on; with a policy
             interface to com.amazonaws.vpce.eu-west-1.vpce-svc-0a1b2c3d4e5f60718 (eu-west-1) in vpc-0a1b2c3d4e5f60718: subnet-0a1b2c3d4e5f60718, subnet-1a1b2c3d4e5f60718; sg-0a1b2c3d4e5f60718; private DNS if the service has a verified name
             gateway to s3 in vpc-0a1b2c3d4e5f60718: every route table
             to service network arn:aws:vpc-lattice:us-east-1:444455556666:servicenetwork/sn-0a1b2c3d4e5f60718 in vpc-0a1b2c3d4e5f60718: the best subnet of each Availability Zone; sg-0a1b2c3d4e5f60718; private DNS as the profile says, VERIFIED_DOMAINS_ONLY
  profile    generic (any vendor)
  limits     no more than 10 of its endpoints are made; the others are held
  ports      com.amazonaws.vpce.eu-west-1.vpce-svc-0a1b2c3d4e5f60718 listens on 9092
  tags       team=platform
"
        );
    }

    #[test]
    fn a_grace_period_is_told_in_words() {
        let grace = Grace::parse("72h").unwrap();
        let text = subscription(
            &Subscription { on_revoke: OnRevoke::CloseAfter(grace), ..samples::subscription() },
            &Screen::default(),
        );
        let line = "  on revoke  close-after: what is connected is closed if its owner stops sharing it and does not share it \
                    again within 72h\n";
        assert!(text.contains(line), "{text}");
    }

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
