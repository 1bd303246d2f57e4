//! One connection, for somebody who has just been woken up.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use drawbridge_domain::adjust;
use drawbridge_domain::connection::{Connection, Made};
use drawbridge_domain::grace::{self, Leave};
use drawbridge_domain::outputs::{OutputRecord, Outputs};
use drawbridge_domain::preflight::{Finding, Severity};
use drawbridge_domain::reach::{Database, Port, PortSource};
use drawbridge_domain::subscription::Kind;
use drawbridge_ledger::Entry;
use jiff::Timestamp;

use super::screen::{Colour, colour_of};
use super::{Facts, Screen, audit, list, time_and_distance};

/// Everything that is known of a connection.
pub fn connection(
    connection: &Connection,
    outputs: Option<&OutputRecord>,
    trail: &[Entry],
    now: Timestamp,
    screen: &Screen,
) -> String {
    let status = screen.paint(connection.status.as_str(), colour_of(connection.status));
    let mut facts = Facts::new(format!("{}  {status}", screen.bold(connection.id.as_str())));
    facts.add("since", &time_and_distance(connection.since, now));
    facts.add("why", &connection.why);
    facts.add("next", &connection.next);
    facts.fault(connection.fault.as_ref(), screen);
    let leaves = grace::leaves(connection, Timestamp::MIN);
    if let Some(wait) = connection.wait.as_ref().filter(|_| leaves.is_none()) {
        facts.wait(wait, true, now);
        let kept = grace::wait(connection).is_some();
        facts.add("type", if kept { "nothing here; or, to end it now:" } else { "nothing here; or, to end it:" });
        facts.add("", &format!("drawbridge close {} --reason TEXT", connection.id));
    }
    if connection.is_held() {
        facts.add("held by", &format!("the limits of {}", list(&connection.held_by)));
        facts.add("type", &format!("drawbridge approve {}", connection.id));
    }
    if let Some(ending) = &connection.ending {
        facts.add("ended by", &format!("{}, {}", ending.by, time_and_distance(ending.since, now)));
        facts.add("", &format!("{}: {}", ending.cause.as_str(), ending.why));
        if let Some(reopen) = &ending.reopen {
            let then = match leaves {
                Some(Leave::Kept(_)) => "it is kept",
                _ => "it is opened anew when it is closed",
            };
            facts.add("", &format!("{then}: {reopen}"));
        }
    }
    facts.gap();
    if let Some(name) = &connection.resource_name {
        facts.add("resource", name);
        facts.add("", connection.resource.as_str());
    } else {
        facts.add("resource", connection.resource.as_str());
    }
    facts.add("target", &format!("{} ({})", connection.target, connection.kind.as_str()));
    facts.add("made", connection.made.as_ref().map_or("nothing, or it is removed", Made::id));
    if let Some(plan) = &connection.plan {
        for (number, becoming) in connection.changing.iter().enumerate() {
            let what = adjust::in_words(plan, becoming);
            facts.add(
                if number == 0 { "changing" } else { "" },
                &format!("{what}; whether AWS did it is seen at the next look"),
            );
        }
    }
    if let Some(group) = &connection.group {
        facts.add("behind", &format!("{}, its own security group", group.id));
    }
    for group in &connection.groups_left {
        let what = "its security group of an earlier time: somebody else used it when it was closed; delete it when they do not";
        facts.add("left", &format!("{group}, {what}"));
    }
    let share = connection.share_arn.as_ref().map_or("none: a subscription asks for it", |arn| arn.as_str());
    facts.add("share", share);
    let claims =
        if connection.claims.is_empty() { "no subscription claims it".to_owned() } else { list(&connection.claims) };
    facts.add("claims", &claims);
    let runs = match connection.transient_runs {
        0 => String::new(),
        runs => format!("; {runs} in a row ended in a transient fault"),
    };
    facts.add("attempt", &format!("{} of generation {}{runs}", connection.attempt, connection.generation));
    if let Some(deadline) = connection.deadline.filter(|_| connection.status.is_running()) {
        facts.add("gives up", &time_and_distance(deadline, now));
    }
    facts.execution(connection.execution.as_deref());
    facts.add("wanted", &time_and_distance(connection.wanted_at, now));
    if let Some(ready) = connection.ready_at {
        facts.add("ready", &format!("first at {}", time_and_distance(ready, now)));
    }
    if connection.names_version > 1 {
        let since = connection.names_since.map_or_else(
            || "since it was opened anew".to_owned(),
            |since| format!("since {}", time_and_distance(since, now)),
        );
        facts.add("names", &format!("version {}, {since}", connection.names_version));
    }
    if let Some(missing) = &connection.missing {
        let since = time_and_distance(missing.since, now);
        facts.add("missing", &format!("{}, not shown since {since}", list(&missing.what)));
    }
    if connection.kind == Kind::GatewayEndpoint {
        let text = "  none: a gateway endpoint has no names, the service's own are routed to it\n";
        facts.section("Databases", text, screen);
    } else {
        facts.section("Databases", &databases(&connection.databases, screen), screen);
    }
    if connection.outputs.is_some() || outputs.is_some() {
        facts.section("Outputs", &published(connection, outputs, now, screen), screen);
    }
    if !connection.findings.is_empty() {
        facts.section("Findings", &findings(&connection.findings, screen), screen);
    }
    facts.section("Audit trail", &audit(trail, screen), screen);
    facts.0
}

fn databases(databases: &[Database], screen: &Screen) -> String {
    if databases.is_empty() {
        return "  none are known yet: they are read when the connection is ready\n".to_owned();
    }
    let mut table = screen.table(&["NAME", "PORT", "DNS"]);
    let mut unknown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for database in databases {
        let name = database.name.as_deref().unwrap_or(&database.resource);
        if let Port::Unknown { reason } = &database.port {
            unknown.entry(reason).or_default().push(name);
        }
        let dns: Vec<String> =
            database.dns.iter().map(|dns| format!("{} ({})", dns.name, dns.scope.as_str())).collect();
        table.add_row([name, &port(&database.port), &dns.join("\n")]);
    }
    let why = unknown.iter().map(|(reason, names)| format!("  The port of {} is unknown: {reason}.\n", list(names)));
    screen.text(&table) + &why.collect::<String>()
}

/// The parameters, and what keeps one from being as it should be.
fn published(connection: &Connection, outputs: Option<&OutputRecord>, now: Timestamp, screen: &Screen) -> String {
    let asked = match &connection.outputs {
        Some(Outputs::Under(prefix)) => format!("  Asked for under {prefix}"),
        Some(Outputs::Nowhere) | None => "  Asked for no more".to_owned(),
    };
    let parameters = outputs.map(|outputs| &outputs.parameters).filter(|parameters| !parameters.is_empty());
    let Some(parameters) = parameters else {
        return format!("{asked}: no parameter is published.\n");
    };
    let mut text = format!("{asked}:\n");
    for (name, parameter) in parameters {
        let state = match (&parameter.trouble, &parameter.digest) {
            (Some(_), _) => screen.paint("not as it should be", Colour::Bad),
            (None, Some(_)) => "published".to_owned(),
            (None, None) => "being written or removed".to_owned(),
        };
        let _ = writeln!(text, "  {name}  {} ({state})", parameter.resource);
        if let Some(trouble) = &parameter.trouble {
            let since = time_and_distance(trouble.since, now);
            let _ = writeln!(text, "    {} since {since}: {}", trouble.fault.name, trouble.fault.message);
        }
    }
    if parameters.values().any(|parameter| parameter.trouble.is_some()) {
        text.push_str("  It is tried again by itself; at once by invoking the function publish with\n");
        let _ = writeln!(text, "    {{\"connection\": \"{}\"}}", connection.id);
    }
    text
}

fn port(port: &Port) -> String {
    match port {
        Port::Known { ranges, source: PortSource::Configuration } => ranges.join(", "),
        Port::Known { ranges, source: PortSource::Subscription } => format!("{} (by subscription)", ranges.join(", ")),
        Port::Unknown { .. } => "unknown".to_owned(),
    }
}

pub(super) fn findings(findings: &[Finding], screen: &Screen) -> String {
    let mut text = String::new();
    for finding in findings {
        let severity = match finding.severity {
            Severity::Error => screen.paint("error", Colour::Bad),
            Severity::Warning => screen.paint("warning", Colour::Busy),
        };
        let mut facts = Facts::new(format!("  {severity}  {}", finding.code));
        facts.add("seen", &finding.seen);
        facts.add("needed", &finding.needed);
        facts.add("way out", &finding.way_out);
        text += &facts.0;
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use drawbridge_domain::connection::{Missing, Status};
    use drawbridge_domain::ending::{Cause, Ending};
    use drawbridge_domain::fault::FaultRecord;
    use drawbridge_domain::outputs::{Parameter, Trouble};

    use super::*;
    use crate::render::samples;

    #[test]
    fn one_that_ends_says_who_ends_it_and_why() {
        let ending = Ending {
            cause: Cause::Operator,
            why: "the service moved".to_owned(),
            by: "drawbridge close (ana)".to_owned(),
            since: "2026-11-21T11:59:00Z".parse().unwrap(),
            digest: "0123".to_owned(),
            reopen: Some("a subscription asks for it again".to_owned()),
            in_grace: false,
        };
        let ends =
            Connection { status: Status::Closing, claims: Vec::new(), ending: Some(ending), ..samples::connection() };
        let text = connection(&ends, None, &[], samples::now(), &Screen::default());
        for line in [
            "  ended by   drawbridge close (ana), 2026-11-21 11:59:00 UTC (1 min ago)\n",
            "             operator: the service moved\n",
            "             it is opened anew when it is closed: a subscription asks for it again\n",
            "  claims     no subscription claims it\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn one_in_its_grace_period_says_until_when_and_what_to_type() {
        let mut graceful = samples::graceful_connection();
        let text = connection(&graceful, None, &[], samples::now(), &Screen::default());
        for line in [
            "  why        share redis-share is not shared with this account any more; it can be used until 2026-11-24T11:00:00Z\n",
            "  waits for  its owner, to share redis-share with this account again\n",
            "             until 2026-11-24 11:00:00 UTC (in 2 d 23 h)\n",
            "  type       nothing here; or, to end it now:\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
        graceful.ending.as_mut().unwrap().reopen = Some("the owner shared it again".to_owned());
        let text = connection(&graceful, None, &[], samples::now(), &Screen::default());
        assert!(text.contains("             it is kept: the owner shared it again\n"), "{text}");
        assert!(!text.contains("waits for"), "{text}");
    }

    #[test]
    fn one_that_is_being_changed_says_what_to() {
        let mut changing = Connection { plan: Some(samples::plan("core")), ..samples::connection() };
        let text = |connection_: &Connection| connection(connection_, None, &[], samples::now(), &Screen::default());
        assert!(!text(&changing).contains("changing"));
        changing.changing = vec![samples::plan("payments"), samples::plan("core")];
        for line in [
            "  changing   tags team=payments instead of team=core; whether AWS did it is seen at the next look\n",
            "             what it was made with; whether AWS did it is seen at the next look\n",
        ] {
            assert!(text(&changing).contains(line), "{}", text(&changing));
        }
    }

    #[test]
    fn one_that_a_limit_holds_says_whose_and_what_to_type() {
        let text = connection(&samples::held_connection(), None, &[], samples::now(), &Screen::default());
        for line in [
            "  why        it is held: it would be endpoint number 3 of subscription redis-production, whose limits.endpoints is 2\n",
            "  held by    the limits of redis-production\n",
            "  type       drawbridge approve conn-0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn one_whose_names_changed_or_that_misses_some_says_so() {
        let missing = Missing { since: "2026-11-21T11:59:00Z".parse().unwrap(), what: vec!["rcfg-1".to_owned()] };
        let since = "2026-11-21T11:00:00Z".parse().ok();
        let changed =
            Connection { names_version: 2, names_since: since, missing: Some(missing), ..samples::connection() };
        let text = connection(&changed, None, &[], samples::now(), &Screen::default());
        for line in [
            "  names      version 2, since 2026-11-21 11:00:00 UTC (1 h ago)\n",
            "  missing    rcfg-1, not shown since 2026-11-21 11:59:00 UTC (1 min ago)\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn what_is_published_is_shown_and_what_could_not_be_is_told() {
        let asking = Connection {
            outputs: Some(Outputs::try_from("/drawbridge/redis".to_owned()).unwrap()),
            ..samples::connection()
        };
        let none = connection(&asking, None, &[], samples::now(), &Screen::default());
        assert!(none.contains("Outputs\n  Asked for under /drawbridge/redis: no parameter is published.\n"), "{none}");
        let parameter = |trouble| Parameter {
            resource: "rcfg-1".to_owned(),
            digest: Some("0123".to_owned()),
            asked_at: None,
            trouble,
        };
        let trouble = Trouble {
            fault: FaultRecord { name: "Conflict".to_owned(), message: "somebody else made it".to_owned() },
            since: "2026-11-21T11:59:00Z".parse().unwrap(),
        };
        let mut record = OutputRecord::new(asking.id.clone(), samples::now());
        record.parameters.insert("/drawbridge/redis/carts".to_owned(), parameter(Some(trouble)));
        record.parameters.insert("/drawbridge/redis/orders".to_owned(), parameter(None));
        let text = connection(&asking, Some(&record), &[], samples::now(), &Screen::default());
        let expected = format!(
            "\
Outputs
  Asked for under /drawbridge/redis:
  /drawbridge/redis/carts  rcfg-1 (not as it should be)
    Conflict since 2026-11-21 11:59:00 UTC (1 min ago): somebody else made it
  /drawbridge/redis/orders  rcfg-1 (published)
  It is tried again by itself; at once by invoking the function publish with
    {{\"connection\": \"{}\"}}
",
            asking.id
        );
        assert!(text.contains(&expected), "{text}");
        let over = Connection { outputs: Some(Outputs::Nowhere), ..asking };
        let gone = connection(
            &over,
            Some(&OutputRecord { parameters: BTreeMap::new(), ..record }),
            &[],
            samples::now(),
            &Screen::default(),
        );
        assert!(gone.contains("Asked for no more: no parameter is published.\n"), "{gone}");
        assert!(!connection(&samples::connection(), None, &[], samples::now(), &Screen::default()).contains("Outputs"));
    }

    #[test]
    fn a_ready_one_shows_how_to_reach_every_database() {
        let text = connection(&samples::connection(), None, &samples::trail(), samples::now(), &Screen::default());
        assert_eq!(
            text,
            "\
conn-0a1b2c3d4e5f60718293a4b5c6d7e8f9  ready
  since      2026-11-21 10:00:00 UTC (2 h ago)
  why        the endpoint is available and all 2 children can be reached
  next       nothing: the sweep keeps an eye on it

  resource   redis-production
             arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a1b2c3d4e5f60718
  target     vpc-0a1b2c3d (resource-endpoint)
  made       vpce-0a1b2c3d
  share      arn:aws:ram:us-east-1:444455556666:resource-share/5e6f7a8b-0000
  claims     redis-production
  attempt    1 of generation 1
  execution  arn:aws:states:us-east-1:111122223333:execution:connect:conn-0a1b2c3d4e5f60718293a4b5c6d7e8f9-g1-a1
             https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:aws:states:us-east-1:111122223333:execution:connect:conn-0a1b2c3d4e5f60718293a4b5c6d7e8f9-g1-a1
  wanted     2026-11-21 09:58:00 UTC (2 h 2 min ago)
  ready      first at 2026-11-21 10:00:00 UTC (2 h ago)

Databases
  NAME           PORT     DNS
  db-cache       12000    db-cache.redis.example.com (private)
                          vpce-0a1b2c3d-rcfg-1.example.com (regional)
  rcfg-0000000d  unknown  vpce-0a1b2c3d-rcfg-2.example.com (regional)
  The port of rcfg-0000000d is unknown: the configuration shows no port.

Audit trail
  WHEN                     WHO                     WHAT               THEN
  2026-11-21 09:58:00 UTC  accept                  asked for it       wanted
  2026-11-21 10:00:00 UTC  drawbridge retry (ana)  it can be reached  ready
"
        );
    }

    #[test]
    fn one_without_a_share_or_names_says_so() {
        let text = connection(&samples::gateway_connection(), None, &[], samples::now(), &Screen::default());
        for line in [
            "  resource   com.amazonaws.us-east-1.s3\n",
            "  target     vpc-0a1b2c3d (gateway-endpoint)\n",
            "  share      none: a subscription asks for it\n",
            "Databases\n  none: a gateway endpoint has no names, the service's own are routed to it\n",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_failed_one_says_what_to_do() {
        let text = connection(&samples::failed_connection(), None, &[], samples::now(), &Screen::default());
        assert_eq!(
            text,
            "\
conn-0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f  failed
  since      2026-11-21 11:57:00 UTC (3 min ago)
  why        the account is not ready for it
  next       nothing until an operator says `drawbridge retry`
  fault      PreflightFailed: 1 error
  way out    Do what each finding says, then `drawbridge retry`.

  resource   arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a1b2c3d4e5f60718
  target     sn-0a1b2c3d (service-network-resource)
  made       nothing, or it is removed
  share      arn:aws:ram:us-east-1:444455556666:resource-share/5e6f7a8b-0000
  claims     redis-production
  attempt    3 of generation 2; 2 in a row ended in a transient fault
  execution  none yet
  wanted     2026-11-21 09:58:00 UTC (2 h 2 min ago)

Databases
  none are known yet: they are read when the connection is ready

Findings
  error  ServiceNetworkMissing
  seen       no service network sn-0a1b2c3d
  needed     one that this account can see
  way out    create it, or correct the subscription

Audit trail
  empty: entries are kept for 400 days
"
        );
    }
}
