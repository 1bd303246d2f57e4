//! One share.

use std::collections::BTreeSet;

use drawbridge_domain::connection::Connection;
use drawbridge_domain::share::{FoundBy, ShareRecord, ShareStatus};
use drawbridge_ledger::Entry;
use jiff::Timestamp;

use super::listing::connections_table;
use super::screen::colour_of_share;
use super::{Facts, Screen, audit, list, time_and_distance};

/// Everything that is known of a share.
pub fn share(
    share: &ShareRecord,
    connections: &[Connection],
    trail: &[Entry],
    now: Timestamp,
    screen: &Screen,
) -> String {
    let status = screen.paint(share.status.as_str(), colour_of_share(share.status));
    let mut facts = Facts::new(format!("{}  {status}", screen.bold(&share.name)));
    facts.add("since", &time_and_distance(share.since, now));
    facts.add("why", &share.why.join("\n"));
    facts.add("next", &share.next);
    facts.fault(share.fault.as_ref(), screen);
    if let Some(wait) = &share.wait {
        facts.wait(wait, share.awaited().is_some(), now);
        let id = share.arn.as_str().rsplit('/').next().unwrap_or_default();
        if !wait.subscriptions.is_empty() {
            facts.add("type", &format!("drawbridge approve {id}"));
        }
        let name = if wait.subscriptions.is_empty() { "type" } else { "" };
        facts.add(name, &format!("drawbridge reject {id} --because TEXT"));
    }
    if let Some(answer) = &share.answer {
        let verb = if answer.approve { "approved" } else { "rejected" };
        let because = answer.because.as_ref().map_or_else(String::new, |because| format!(": {because}"));
        facts.add("answer", &format!("{verb} by {}, {}{because}", answer.by, time_and_distance(answer.at, now)));
    }
    facts.gap();
    facts.add("share", share.arn.as_str());
    facts.add("sender", share.sender.as_str());
    facts.add("found", &format!("by {}, {}", found_by(share.found_by), time_and_distance(share.found_at, now)));
    facts
        .add("invited", share.invitation.as_ref().map_or("no invitation was needed, or none is known", |i| i.as_str()));
    let can_be_answered = share.status.needs_attention() || share.status == ShareStatus::Ignored;
    if let Some(expires) = share.expires_at.filter(|_| can_be_answered && share.accepted_at.is_none()) {
        facts.add("expires", &time_and_distance(expires, now));
    }
    if let Some(accepted) = share.accepted_at {
        facts.add("accepted", &time_and_distance(accepted, now));
    }
    if let Some(unseen) = share.unseen_since {
        facts.add("not seen", &format!("RAM does not show it, since {}", time_and_distance(unseen, now)));
    }
    let claims = if share.claims.is_empty() { "no subscription accepts it".to_owned() } else { list(&share.claims) };
    facts.add("claims", &claims);
    facts.add("attempt", &share.attempt.to_string());
    facts.execution(share.execution.as_deref());
    let resources: Vec<String> = share.resources.iter().map(|r| format!("  {}  {}\n", r.arn, r.ram_type)).collect();
    let resources = if resources.is_empty() { "  none were seen\n".to_owned() } else { resources.concat() };
    facts.section("Inside", &resources, screen);
    let table = if connections.is_empty() {
        "  none\n".to_owned()
    } else {
        connections_table(connections, &BTreeSet::new(), now, screen)
    };
    facts.section("Connections", &table, screen);
    facts.section("Audit trail", &audit(trail, screen), screen);
    facts.0
}

const fn found_by(found_by: FoundBy) -> &'static str {
    match found_by {
        FoundBy::Event => "an event",
        FoundBy::Sweep => "the sweep",
        FoundBy::Manual => "a manual call",
        FoundBy::Subscription => "a change of a subscription",
    }
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::waiting::Answer;

    use super::*;
    use crate::render::samples;

    #[test]
    fn a_held_one_says_who_is_waited_for_and_how_long() {
        let text = share(&samples::share(), &[samples::connection()], &[], samples::now(), &Screen::default());
        assert_eq!(
            text,
            "\
redis-share  held
  since      2026-11-21 10:30:00 UTC (1 h 30 min ago)
  why        no subscription trusts 444455556666
             `redis-production` asks for such shares to be held
  next       a person decides; the invitation expires

  share      arn:aws:ram:us-east-1:444455556666:resource-share/5e6f7a8b-0000
  sender     444455556666
  found      by the sweep, 2026-11-21 10:29:00 UTC (1 h 31 min ago)
  invited    arn:aws:ram:us-east-1:444455556666:resource-share-invitation/9c-9d
  expires    2026-11-21 22:00:00 UTC (in 10 h)
  claims     no subscription accepts it
  attempt    1
  execution  none yet

Inside
  arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a1b2c3d4e5f60718  vpc-lattice:ResourceConfiguration

Connections
  ID                 STATUS  SINCE  RESOURCE          TARGET        MADE
  conn-0a1b2c3d4e5f  ready   2 h    redis-production  vpc-0a1b2c3d  vpce-0a1b2c3d

Audit trail
  empty: entries are kept for 400 days
"
        );
    }

    #[test]
    fn one_that_waits_says_for_whom_until_when_and_what_to_type() {
        let show = |record: &ShareRecord| share(record, &[], &[], samples::now(), &Screen::default());
        let text = show(&samples::waiting_share(true));
        let lines = "
  waits for  a person, whether share redis-share of account 444455556666 is accepted and connected
             since 2026-11-21 10:30:00 UTC (1 h 30 min ago)
             until 2026-11-21 21:45:00 UTC (in 9 h 45 min)
  type       drawbridge approve 5e6f7a8b-0000
             drawbridge reject 5e6f7a8b-0000 --because TEXT
";
        assert!(text.contains(lines), "{text}");
        let text = show(&samples::waiting_share(false));
        assert!(text.contains("  type       drawbridge reject") && !text.contains("drawbridge approve"), "{text}");
        let answered = Answer {
            approve: false,
            by: "ana".to_owned(),
            at: samples::now(),
            because: Some("not ours".to_owned()),
            asked: "89ab".to_owned(),
            subscriptions: Vec::new(),
        };
        let text = show(&ShareRecord { answer: Some(answered), ..samples::waiting_share(true) });
        assert!(text.contains("  answer     rejected by ana, 2026-11-21 12:00:00 UTC (0 s ago): not ours\n"), "{text}");
    }
}
