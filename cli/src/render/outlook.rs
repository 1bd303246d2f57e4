//! What applying a subscription would do.

use drawbridge_domain::connection::{PlannedCall, PlannedDns, PlannedGroup};
use drawbridge_domain::forecast::{Action, Cost, ShareForecast, Total};
use drawbridge_domain::ids::{OutputPrefix, SecurityGroupId};
use drawbridge_domain::messages::Outcome;
use drawbridge_domain::outputs::Outputs;
use drawbridge_domain::prices;
use serde_json::{Value, json};

use super::connection::findings;
use super::{Facts, Screen, list};
use crate::commands::plan::{Looked, Outlook, Standing};

/// As a document for programs.
pub fn outlook_document(outlook: &Outlook) -> Value {
    let connections: Vec<Value> = outlook.connections.iter().map(one_document).collect();
    json!({
        "subscription": outlook.subscription.name,
        "standing": outlook.standing,
        "account": outlook.home.account,
        "region": outlook.home.region,
        "shares": outlook.shares,
        "connections": connections,
        "fails": outlook.connections.iter().filter(|connection| connection.fails()).count(),
        "cost": {
            "currency": "USD",
            "prices_as_of": prices::list().as_of,
            "before": outlook.before,
            "after": outlook.after,
            "not_included": "traffic, which AWS charges per GB",
        },
        "not_looked_at": outlook.not_looked_at,
    })
}

fn one_document(looked: &Looked) -> Value {
    let (step, connection) = (&looked.step, &looked.step.connection);
    json!({
        "action": step.action,
        "applied": step.applied,
        "id": connection.id,
        "kind": connection.kind,
        "resource": connection.resource,
        "resource_name": connection.resource_name,
        "target": connection.target.to_string(),
        "status": step.status,
        "made": connection.made.as_ref().map(drawbridge_domain::connection::Made::id),
        "claims": connection.claims,
        "why": step.why,
        "differences": step.differences,
        "findings": looked.findings,
        "fails": looked.fails(),
        "call": looked.call,
        "group": looked.group,
        "outputs": outputs(looked),
        "cost": looked.cost,
    })
}

/// For people.
pub fn outlook(outlook: &Outlook, screen: &Screen) -> String {
    let standing = match outlook.standing {
        Standing::New => "is new",
        Standing::Changed => "replaces the one of this name in the ledger",
        Standing::Same => "stands in the ledger just like this",
    };
    let name = screen.bold(outlook.subscription.name.as_str());
    let counts: Vec<String> = Action::ALL
        .iter()
        .map(|action| (action, outlook.connections.iter().filter(|looked| looked.step.action == *action).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(action, count)| format!("{count} to {}", action.as_str()))
        .collect();
    let counts = if counts.is_empty() { "no connections".to_owned() } else { counts.join(", ") };
    let home = &outlook.home;
    let mut facts = Facts::new(format!("{name} {standing} (account {}, {}): {counts}.", home.account, home.region));
    if !outlook.shares.is_empty() {
        facts.section("Shares", &outlook.shares.iter().map(share).collect::<String>(), screen);
    }
    for action in Action::ALL {
        let of_action = outlook.connections.iter().filter(|looked| looked.step.action == *action);
        let body: String = of_action.map(|looked| one(looked, screen)).collect();
        if !body.is_empty() {
            facts.section(title(*action), &body, screen);
        }
    }
    facts.section("Cost", &cost(outlook), screen);
    if !outlook.not_looked_at.is_empty() {
        facts.section("Not looked at", &format!("  {}\n", outlook.not_looked_at.join("\n  ")), screen);
    }
    let failing = outlook.connections.iter().filter(|looked| looked.fails()).count();
    let fail = match failing {
        0 => String::new(),
        1 => "1 connection would fail. ".to_owned(),
        more => format!("{more} connections would fail. "),
    };
    format!("{}\n{fail}Nothing was changed: `drawbridge subscribe FILE` applies it.\n", facts.0)
}

const fn title(action: Action) -> &'static str {
    match action {
        Action::Make => "To make",
        Action::Change => "To change",
        Action::Replace => "To replace",
        Action::Close => "To close",
        Action::Keep => "Stays as it is",
    }
}

fn share(share: &ShareForecast) -> String {
    let becomes = match (share.accepted, share.outcome) {
        (_, None) => "is looked at again",
        (true, Some(Outcome::Accept)) => "is accepted and connected",
        (true, Some(_)) => "is accepted and stays so, and is not connected",
        (false, Some(Outcome::Accept)) => "would be accepted and connected",
        (false, Some(Outcome::Hold)) => "would be held for a person",
        (false, Some(Outcome::Reject)) => "would be rejected",
        (false, Some(Outcome::Ignore)) => "would be left alone",
    };
    let mut facts = Facts::new(format!("  {} of {} {becomes}", share.name, share.sender));
    facts.add("share", share.arn.as_str());
    for (number, reason) in share.reasons.iter().enumerate() {
        facts.add(if number == 0 { "why" } else { "" }, reason);
    }
    facts.0
}

fn one(looked: &Looked, screen: &Screen) -> String {
    let (step, connection) = (&looked.step, &looked.step.connection);
    let resource = connection.resource_name.as_deref().unwrap_or(connection.resource.id());
    let made = connection.made.as_ref().map_or_else(String::new, |made| format!(", {}", made.id()));
    let status = step.status.map_or("new", drawbridge_domain::connection::Status::as_str);
    let kind = connection.kind.as_str();
    let mut facts = Facts::new(format!("  {resource} to {} ({kind}, {status}{made})", connection.target));
    facts.add("id", connection.id.as_str());
    if step.action != Action::Keep || step.status.is_some() {
        facts.add("why", &step.why);
    }
    for (number, difference) in step.differences.iter().enumerate() {
        let how = match (difference.applied, difference.in_place) {
            (true, _) => "changed in place",
            (false, true) => "AWS can change it in place, Drawbridge does not",
            (false, false) => "AWS can't change it in place",
        };
        facts.add(if number == 0 { "differs" } else { "" }, &format!("{} ({how})", difference.what));
    }
    if connection.is_held() {
        facts.add("but", &connection.next);
    } else if !step.applied {
        let what = if step.differences.iter().any(|difference| difference.applied) { "the rest" } else { "it" };
        let way = if step.action == Action::Replace {
            format!(
                "{what} stays as it is; `on_change: replace` in the subscription makes it anew, which interrupts it"
            )
        } else {
            format!(
                "{what} stays as it is; `drawbridge close` and then `drawbridge retry` make it anew, which interrupts it"
            )
        };
        facts.add("but", &way);
    }
    if let Some(call) = &looked.call {
        facts.add("with", &in_words(call));
    }
    if let Some(group) = &looked.group {
        facts.add("behind", &own_group(group));
    }
    if let Some(prefix) = outputs(looked) {
        facts.add("outputs", &format!("an SSM parameter for each database, {prefix}/NAME"));
    }
    if step.action != Action::Close {
        facts.add(
            "cost",
            &match &looked.cost {
                Cost::MicroUsdPerMonth(cost) => format!("{cost} per month"),
                Cost::Unknown(why) => format!("unknown: {why}"),
            },
        );
    }
    facts.0 + &findings(&looked.findings, screen)
}

/// Under which path its databases would have parameters.
fn outputs(looked: &Looked) -> Option<&OutputPrefix> {
    let step = &looked.step;
    match &step.connection.outputs {
        Some(Outputs::Under(prefix)) if step.action != Action::Close => Some(prefix),
        _ => None,
    }
}

fn own_group(group: &PlannedGroup) -> String {
    let ports: Vec<_> = group
        .ports
        .iter()
        .map(|(from, to)| if from == to { from.to_string() } else { format!("{from}-{to}") })
        .collect();
    let groups = group.security_groups.iter().map(ToString::to_string);
    let sources: Vec<_> = group.cidrs.iter().cloned().chain(groups).collect();
    format!("a security group of its own, which admits TCP {} from {}", ports.join(", "), sources.join(", "))
}

fn in_words(call: &PlannedCall) -> String {
    let dns = |dns: &PlannedDns| dns.preference.clone().unwrap_or_else(|| "off".to_owned());
    let behind =
        |groups: &[SecurityGroupId]| if groups.is_empty() { String::new() } else { format!("{}; ", list(groups)) };
    let on = |on: bool| if on { "on" } else { "off" };
    let policy = |policy: Option<&String>| if policy.is_some() { "; a policy" } else { "" };
    match call {
        PlannedCall::ResourceEndpoint { subnets, security_groups, private_dns, .. }
        | PlannedCall::ServiceNetworkEndpoint { subnets, security_groups, private_dns, .. } => {
            format!("{}; {}private DNS {}", list(subnets), behind(security_groups), dns(private_dns))
        }
        PlannedCall::ServiceNetworkResource { private_dns, .. } => format!("private DNS {}", on(*private_dns)),
        PlannedCall::InterfaceEndpoint { subnets, security_groups, private_dns, policy: document, .. } => format!(
            "{}; {}private DNS {}{}",
            list(subnets),
            behind(security_groups),
            on(*private_dns),
            policy(document.as_ref())
        ),
        PlannedCall::GatewayEndpoint { route_tables, policy: document, .. } => {
            format!("{}{}", list(route_tables), policy(document.as_ref()))
        }
    }
}

fn cost(outlook: &Outlook) -> String {
    let total = |total: &Total| {
        let more = match total.unknown {
            0 => String::new(),
            1 => " and 1 connection whose cost is unknown".to_owned(),
            more => format!(" and {more} connections whose cost is unknown"),
        };
        format!("{}{more}", total.micro_usd_per_month)
    };
    let as_of = &prices::list().as_of;
    format!(
        "  {} per month; now {}. AWS's list prices as of {as_of}, besides traffic.\n",
        total(&outlook.after),
        total(&outlook.before)
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use drawbridge_domain::claims::Difference;
    use drawbridge_domain::connection::Status;
    use drawbridge_domain::forecast::Step;
    use drawbridge_domain::identity::Home;
    use drawbridge_domain::ids::{AccountId, Installation, Region};
    use drawbridge_domain::preflight::{Finding, Severity};
    use drawbridge_domain::prices::MicroUsd;

    use super::*;
    use crate::render::samples;

    fn looked(action: Action, applied: bool) -> Looked {
        let step = Step {
            action,
            applied,
            status: (action != Action::Make).then_some(Status::Ready),
            connection: samples::connection(),
            why: "because".to_owned(),
            differences: Vec::new(),
        };
        Looked {
            step,
            findings: Vec::new(),
            call: None,
            group: None,
            cost: Cost::MicroUsdPerMonth(MicroUsd(14_600_000)),
        }
    }

    fn sample() -> Outlook {
        let mut fails = looked(Action::Make, true);
        fails.step.connection.made = None;
        fails.step.connection.outputs = Outputs::try_from("/drawbridge/redis".to_owned()).ok();
        fails.cost = Cost::Unknown("nobody knows".to_owned());
        fails.findings.push(Finding {
            severity: Severity::Error,
            code: "VpcNotFound".to_owned(),
            seen: "there is none".to_owned(),
            needed: "one".to_owned(),
            way_out: "make it".to_owned(),
        });
        let mut differs = looked(Action::Replace, false);
        differs.step.differences.push(Difference {
            what: "subnets a instead of b".to_owned(),
            in_place: false,
            applied: false,
        });
        let total = |micro_usd, unknown| Total { micro_usd_per_month: MicroUsd(micro_usd), unknown };
        Outlook {
            subscription: samples::subscription(),
            standing: Standing::Changed,
            home: Home {
                installation: Installation::parse("drawbridge").unwrap(),
                account: AccountId::parse("111122223333").unwrap(),
                region: Region::parse("us-east-1").unwrap(),
                partition: "aws".to_owned(),
            },
            shares: Vec::new(),
            connections: vec![fails, differs, looked(Action::Close, true)],
            before: total(29_200_000, 0),
            after: total(14_600_000, 1),
            not_looked_at: vec!["hosted zones".to_owned()],
        }
    }

    #[test]
    fn it_says_what_is_done_what_stands_against_it_and_what_it_costs() {
        let text = outlook(&sample(), &Screen::default());
        for part in [
            "redis-production replaces the one of this name in the ledger (account 111122223333, us-east-1): \
             1 to make, 1 to replace, 1 to close.\n",
            "To make\n",
            "  outputs    an SSM parameter for each database, /drawbridge/redis/NAME\n",
            "  cost       unknown: nobody knows\n",
            "  error  VpcNotFound\n",
            "  way out    make it\n",
            "To replace\n",
            "  differs    subnets a instead of b (AWS can't change it in place)\n",
            "  but        it stays as it is; `on_change: replace`",
            "To close\n",
            "  14.60 USD and 1 connection whose cost is unknown per month; now 29.20 USD.",
            "Not looked at\n  hosted zones\n",
            "\n1 connection would fail. Nothing was changed: `drawbridge subscribe FILE` applies it.\n",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }

    #[test]
    fn the_document_says_the_same() {
        let document = outlook_document(&sample());
        assert_eq!((&document["fails"], &document["standing"]), (&json!(1), &json!("changed")));
        let connections = document["connections"].as_array().unwrap();
        let of = |key: &str| connections.iter().map(|connection| connection[key].clone()).collect::<Vec<_>>();
        assert_eq!(of("action"), ["make", "replace", "close"]);
        assert_eq!(of("applied"), [true, false, true]);
        assert_eq!(connections[0]["cost"], json!({"unknown": "nobody knows"}));
        assert_eq!(of("outputs"), [json!("/drawbridge/redis"), Value::Null, Value::Null]);
        assert_eq!(connections[2]["cost"], json!({"micro_usd_per_month": 14_600_000}));
        assert_eq!(document["cost"]["after"], json!({"micro_usd_per_month": 14_600_000, "unknown": 1}));
    }
}
