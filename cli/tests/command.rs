//! The binary as a person runs it, without AWS.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const VALID: &str = "\
version: 1
name: redis-production
trust:
  senders: [\"444455556666\"]
targets:
  - vpc: vpc-0a1b2c3d
    security_groups: [sg-0a1b2c3d]
";

fn drawbridge(arguments: &[&str], stdin: &str) -> Output {
    with_table("ledger", arguments, stdin)
}

fn with_table(table: &str, arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_drawbridge"))
        .args(arguments)
        .env("LEDGER_TABLE", table)
        // Nothing listens there: whatever asks AWS fails at once.
        .envs([("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_REGION", "us-east-1"), ("USER", "ana")])
        .envs([("AWS_ACCESS_KEY_ID", "111122223333"), ("AWS_SECRET_ACCESS_KEY", "secret")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments does not wait for its input.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn check_says_what_a_valid_document_means() {
    let output = drawbridge(&["check", "-"], VALID);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(stdout.starts_with("redis-production connects what 444455556666 shares with this account.\n"), "{stdout}");
    assert!(stdout.ends_with("\nstdin is valid.\n"), "{stdout}");
    assert!(!stdout.contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn what_needs_a_ledger_says_where_its_name_is() {
    for (arguments, stdin) in [
        (&["ls"][..], ""),
        (&["subscribe", "-"], VALID),
        (&["plan", "-"], VALID),
        (&["close", "x", "--reason", "y"], ""),
    ] {
        let output = with_table("", arguments, stdin);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains("LEDGER_TABLE") && stderr.contains("LedgerTableName"), "{arguments:?}: {stderr}");
    }
}

#[test]
fn check_names_every_problem_with_its_place() {
    let broken = VALID.replace("vpc-0a1b2c3d", "vpc_1").replace("\"444455556666\"", "\"4444\"");
    for command in ["check", "subscribe"] {
        let output = drawbridge(&[command, "-"], &broken);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(text(&output.stdout), "");
        let stderr = text(&output.stderr);
        let mut lines = stderr.lines();
        assert_eq!(lines.next(), Some("drawbridge: 2 problems in stdin"));
        assert!(lines.next().unwrap().starts_with("stdin:4:13: trust.senders[0]: "), "{stderr}");
        assert!(lines.next().unwrap().starts_with("stdin:6:10: targets[0].vpc: "), "{stderr}");
        assert_eq!(lines.next(), None);
    }
}

#[test]
fn a_plan_of_a_document_that_is_wrong_is_wrong_usage() {
    let output = drawbridge(&["plan", "-"], &VALID.replace("vpc-0a1b2c3d", "vpc_1"));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("stdin:6:10: targets[0].vpc: "), "{}", text(&output.stderr));
}

#[test]
fn a_file_that_is_not_there_is_refused_with_the_way_out() {
    let output = drawbridge(&["check", "/nowhere/redis.yaml"], "");
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with("drawbridge: /nowhere/redis.yaml cannot be read: ") && stderr.contains("Way out: "),
        "{stderr}"
    );
}

#[test]
fn the_schema_is_json() {
    let output = drawbridge(&["schema"], "");
    assert_eq!(output.status.code(), Some(0));
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema, drawbridge_domain::subscription::json_schema());
}

#[test]
fn wrong_usage_has_its_own_exit_code() {
    for arguments in [&["frobnicate"][..], &["show"], &["ls", "--status", "redy"], &[]] {
        assert_eq!(drawbridge(arguments, "").status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn aws_out_of_reach_has_its_own_exit_code() {
    for arguments in [&["ls"][..], &["show", "vpce-0a1b"], &["retry", "vpce-0a1b"], &["subscribe", "-"], &["plan", "-"]]
    {
        let output = drawbridge(arguments, VALID);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {stderr}");
        assert!(
            stderr.starts_with("drawbridge: ServiceUnavailable: dynamodb:") && stderr.contains("Way out: "),
            "{stderr}"
        );
    }
}
