//! Where reconcile stands, and what it found that stands in no record.

use drawbridge_domain::truth::Round;
use jiff::Timestamp;

use super::connection::findings;
use super::{Facts, Screen, time_and_distance};

/// The last round, and the one that is under way.
pub fn round(round: Option<&Round>, now: Timestamp, screen: &Screen) -> String {
    let Some(round) = round else {
        return "reconcile has not run yet: its schedule is the stack's parameter ReconcileRate\n".to_owned();
    };
    let mut facts = Facts::new(screen.bold("reconcile"));
    match round.ended_at {
        Some(ended) => facts.add("last", &format!("round over at {}", time_and_distance(ended, now))),
        None => facts.add("last", "no round is over yet"),
    }
    facts.add("found", &standing(round.last.iter()));
    if let Some(began) = round.began_at {
        facts.add("now", &format!("round {}, begun at {}", round.number, time_and_distance(began, now)));
        facts.add("", &standing(round.standing.iter()));
        if let Some(cursor) = &round.cursor {
            facts.add("", &format!("the next run goes on after {cursor}"));
        }
    }
    for (number, unread) in round.unread.iter().enumerate() {
        facts.add(if number == 0 { "not read" } else { "" }, unread);
    }
    let found = if round.findings.is_empty() {
        "  nothing: whatever carries Drawbridge's tags stands in a record, whose own findings `drawbridge show ID` tells\n"
            .to_owned()
    } else {
        findings(&round.findings, screen)
    };
    facts.section("In no record", &found, screen);
    facts.0
}

fn standing<'a>(counts: impl Iterator<Item = (&'a String, &'a u64)>) -> String {
    let counts: Vec<String> = counts.map(|(standing, count)| format!("{count} {standing}")).collect();
    if counts.is_empty() { "nothing that is ready".to_owned() } else { counts.join(", ") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use drawbridge_domain::preflight::{Finding, Severity};

    use super::*;
    use crate::render::samples;

    #[test]
    fn a_round_says_how_far_it_is_and_what_it_found() {
        let told = Finding {
            severity: Severity::Warning,
            code: "Orphaned".to_owned(),
            seen: "vpce-0a carries the tags of conn-0a".to_owned(),
            needed: "a record".to_owned(),
            way_out: "delete it".to_owned(),
        };
        let known = Round {
            number: 8,
            began_at: "2026-11-21T11:59:00Z".parse().ok(),
            cursor: Some("vpce-0a".to_owned()),
            standing: BTreeMap::from([("as recorded".to_owned(), 500)]),
            ended_at: "2026-11-21T11:00:00Z".parse().ok(),
            last: BTreeMap::from([("as recorded".to_owned(), 998), ("gone".to_owned(), 2)]),
            findings: vec![told],
            unread: vec!["AccessDenied: ram:ListResources".to_owned()],
            ..Round::default()
        };
        assert_eq!(
            round(Some(&known), samples::now(), &Screen::default()),
            "\
reconcile
  last       round over at 2026-11-21 11:00:00 UTC (1 h ago)
  found      998 as recorded, 2 gone
  now        round 8, begun at 2026-11-21 11:59:00 UTC (1 min ago)
             500 as recorded
             the next run goes on after vpce-0a
  not read   AccessDenied: ram:ListResources

In no record
  warning  Orphaned
  seen       vpce-0a carries the tags of conn-0a
  needed     a record
  way out    delete it
"
        );
        assert!(round(None, samples::now(), &Screen::default()).contains("has not run yet"));
        let quiet = round(Some(&Round::default()), samples::now(), &Screen::default());
        assert!(quiet.contains("no round is over yet") && quiet.contains("In no record\n  nothing"), "{quiet}");
    }
}
