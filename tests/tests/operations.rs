//! docs/operations.md tells whoever is called at 3 a.m. what the code and the template do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use drawbridge_domain::{Class, FaultName};
use drawbridge_tests::template::Template;
use drawbridge_tests::text;

const PAGE: &str = "docs/operations.md";

/// The cells of the rows of the table under a heading, the first without its backticks (a row without these is none).
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, rest) = page.split_once(&format!("## {heading}\n")).unwrap_or_else(|| panic!("{PAGE}: no `{heading}`"));
    let part = rest.split("\n## ").next().unwrap();
    let name_first = |line: &str| {
        let (name, rest) = line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ")?;
        Some(std::iter::once(name).chain(rest.split(" | ")).map(ToOwned::to_owned).collect())
    };
    part.lines().filter_map(name_first).collect()
}

#[test]
fn every_fault_is_explained_as_the_code_explains_it() {
    let template = Template::load();
    let counted = template.of_type("AWS::CloudWatch::Alarm")["PersonNeeded"].to_string();
    let expected = FaultName::ALL.iter().map(|fault| {
        let rings = match fault.class() {
            Class::Transient => "no, retried",
            Class::Permanent if counted.contains(&format!("'{fault}'")) => "no",
            Class::Permanent => "yes",
        };
        (fault.as_str().to_owned(), rings.to_owned(), fault.remedy().to_owned())
    });
    let page = text(PAGE);
    let found = rows(&page, "What each fault means").into_iter().map(|row| {
        assert!(row.len() == 4 && row[1].len() > 10, "{PAGE}: {row:?}: fault, meaning, rings, what to do");
        (row[0].clone(), row[2].clone(), row[3].clone())
    });
    let (expected, found): (Vec<_>, Vec<_>) = (expected.collect(), found.collect());
    for (at, row) in expected.iter().enumerate() {
        assert_eq!(found.get(at), Some(row), "{PAGE}: row {} of the faults, in the order of the code", at + 1);
    }
    assert_eq!(found.len(), expected.len(), "{PAGE} explains faults that there are not");
}

#[test]
fn every_alarm_has_its_row() {
    let template = Template::load();
    let alarms: BTreeSet<String> =
        template.of_type("AWS::CloudWatch::Alarm").into_keys().map(ToOwned::to_owned).collect();
    let page = text(PAGE);
    let found: BTreeSet<String> = rows(&page, "An alarm rings").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(found, alarms);
}

#[test]
fn what_the_page_names_is_there() {
    let template = Template::load();
    let page = text(PAGE);
    for function in ["Intake", "EndpointEvent", "Reconcile", "Adjust"] {
        assert!(page.contains(&format!(" {function}")), "{function} begins work");
        assert!(template.of_type("AWS::Serverless::Function").contains_key(function), "{function}");
    }
    let mut outputs = 0;
    for output in page.split("$(output ").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(template.0["Outputs"].get(output).is_some(), "{PAGE}: the stack has no output {output}");
        outputs += 1;
    }
    assert!(outputs > 0, "{PAGE} reads no output of the stack");
}
