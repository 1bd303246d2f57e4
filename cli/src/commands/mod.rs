//! One file per command: it reads and writes; what is said of it is in [`crate::render`].

mod answer;
mod check;
mod close;
mod find;
pub mod ls;
pub mod plan;
mod retry;
mod schema;
mod show;
mod subscribe;
mod withdraw;

use std::io::Read as _;
use std::process::ExitCode;

use drawbridge_domain::messages::Subject;
use drawbridge_domain::ports::AuditEntry;
use drawbridge_domain::subscription::{Subscription, parse};
use drawbridge_domain::waiting;
use drawbridge_ledger::Ledger;
use drawbridge_workflows::Workflows;
use jiff::Timestamp;

use crate::args::{Args, Command, Document, Operator};
use crate::failure::Failure;
use crate::render::Screen;

/// What a command has to say.
#[derive(Debug, Default)]
pub struct Done {
    /// For stdout.
    text: String,
    /// For stderr.
    notes: Vec<String>,
    /// The exit code.
    code: u8,
}

impl Done {
    pub fn parts(self) -> (String, Vec<String>, ExitCode) {
        (self.text, self.notes, ExitCode::from(self.code))
    }
}

impl From<String> for Done {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

/// Does what the command line asks.
///
/// # Errors
/// [`Failure`], in words.
pub async fn run(args: Args) -> Result<Done, Failure> {
    let (now, screen) = (Timestamp::now(), Screen::of_stdout());
    let Args { ledger: table, command } = args;
    let both = async || {
        let table = table.name()?;
        let sdk = drawbridge_sdk::config_with_profiles().await;
        Ok::<_, Failure>((Ledger::new(&sdk, table), Workflows::new(&sdk)))
    };
    let ledger = async || both().await.map(|(ledger, _)| ledger);
    match command {
        Command::Check { document } => check::run(&document, &screen),
        Command::Schema => Ok(schema::run()),
        Command::Subscribe { document, operator } => subscribe::run(ledger, &document, &operator, now, &screen).await,
        Command::Plan { document, installation, json } => {
            // Boxed: it looks through every client there is.
            Box::pin(plan::run(&table, &document, &installation, json.json, now, &screen)).await
        }
        Command::Ls { status, json } => ls::run(&ledger().await?, &status, json.json, now, &screen).await,
        Command::Show { subject, json } => show::run(&ledger().await?, &subject.id, json.json, now, &screen).await,
        Command::Close { subject, reason, operator } => {
            let (ledger, workflows) = both().await?;
            close::run(&ledger, &workflows, &subject.id, &reason, &operator, now).await
        }
        Command::Approve { subject, operator } => {
            let (ledger, workflows) = both().await?;
            answer::run(&ledger, &workflows, &subject.id, None, &operator, now).await
        }
        Command::Reject { subject, because, operator } => {
            let (ledger, workflows) = both().await?;
            answer::run(&ledger, &workflows, &subject.id, Some(&because), &operator, now).await
        }
        Command::Withdraw { name, yes, operator } => {
            withdraw::run(&ledger().await?, &name, yes, &operator, now, &screen).await
        }
        Command::Retry { subject, operator } => {
            let (ledger, workflows) = both().await?;
            retry::run(&ledger, &workflows, &subject.id, &operator, now).await
        }
    }
}

/// The subscription in a file, and the file's name.
///
/// # Errors
/// Every problem, a line each.
fn read(document: &Document) -> Result<(Subscription, String), Failure> {
    let (name, text) = if document.file.as_os_str() == "-" {
        let mut text = String::new();
        ("stdin".to_owned(), std::io::stdin().read_to_string(&mut text).map(|_| text))
    } else {
        (document.file.display().to_string(), std::fs::read_to_string(&document.file))
    };
    let text = text.map_err(|error| {
        Failure::Refused(format!(
            "{name} cannot be read: {error}\nWay out: give the path of a subscription, or `-` for standard input."
        ))
    })?;
    match parse(&name, &text) {
        Ok(subscription) => Ok((subscription, name)),
        Err(problems) => {
            let count = problems.problems.len();
            let noun = if count == 1 { "problem" } else { "problems" };
            Err(Failure::Refused(format!("{count} {noun} in {name}\n{problems}")))
        }
    }
}

/// Lets a run that waits look again. The ledger says already why it should: whatever keeps it from being told, the sweep
/// tells it. Gives back whether it was told.
async fn wake(ledger: &Ledger, workflows: &Workflows, subject: &Subject, notes: &mut Vec<String>) -> bool {
    match waiting::wake(ledger, workflows, subject).await {
        Ok(woken) => woken,
        Err(fault) => {
            notes.push(format!("the run could not be told, the sweep does it: {fault}"));
            false
        }
    }
}

/// What an operator did, for the audit trail.
fn audit(command: &str, operator: &Operator, at: Timestamp, what: impl Into<String>) -> AuditEntry {
    AuditEntry { at, by: format!("drawbridge {command} ({})", operator.name), execution: None, what: what.into() }
}

/// A value as JSON for people and programs.
fn json(value: &impl serde::Serialize) -> Result<Done, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| Done::from(text + "\n"))
        .map_err(|error| Failure::Refused(format!("the record has no JSON form: {error}")))
}
