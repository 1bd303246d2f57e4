//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use drawbridge_domain::ids::Installation;

use crate::failure::Failure;

/// Onboards what others share with this account over AWS PrivateLink.
#[derive(Debug, Parser)]
#[command(
    name = "drawbridge",
    version,
    after_help = "Account and Region are those of the AWS CLI: AWS_PROFILE, AWS_REGION and the other variables and \
                  files that it reads.\nExit codes: 0 done, 1 refused or not found, 2 wrong usage, 3 AWS is not reachable."
)]
pub struct Args {
    #[command(flatten)]
    pub ledger: Table,

    #[command(subcommand)]
    pub command: Command,
}

/// Which ledger. What needs none runs without.
#[derive(Debug, ClapArgs)]
pub struct Table {
    /// The ledger's table: the stack's output `LedgerTableName`.
    // The field's name is clap's id of the argument, so no other one may have it.
    #[arg(long, global = true, env = "LEDGER_TABLE", value_name = "NAME")]
    table: Option<String>,
}

impl Table {
    /// # Errors
    /// None was named: CloudFormation gave the table its name, so there is none to guess.
    pub fn name(&self) -> Result<&str, Failure> {
        self.table.as_deref().filter(|name| !name.is_empty()).ok_or_else(|| {
            Failure::Invalid(
                "which ledger? Neither --table nor LEDGER_TABLE says it.\nWay out: it is an output of the stack:\n  \
                 export LEDGER_TABLE=$(aws cloudformation describe-stacks --stack-name drawbridge --output text \\\n    \
                 --query \"Stacks[0].Outputs[?OutputKey=='LedgerTableName'].OutputValue\")"
                    .to_owned(),
            )
        })
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a subscription to the ledger: whom to trust, and where to connect what they share.
    Subscribe {
        #[command(flatten)]
        document: Document,
        #[command(flatten)]
        operator: Operator,
    },
    /// Check a subscription, without AWS: every problem with its file, line and column.
    Check {
        #[command(flatten)]
        document: Document,
    },
    /// Say what applying a subscription would make, change, replace and close, everything that stands against it,
    /// and what it costs per month. Changes nothing: it only looks.
    #[command(after_help = "Exit codes: 0 nothing stands against it, 1 something would fail, 2 the document or the \
                            usage is wrong, 3 AWS is not reachable. What a person decides about (`hold`) is no failure.")]
    Plan {
        #[command(flatten)]
        document: Document,
        /// The installation's name, as it was given to the stack.
        #[arg(long, env = "INSTALLATION", default_value = "drawbridge", value_name = "NAME", value_parser = installation)]
        installation: Installation,
        #[command(flatten)]
        json: Json,
    },
    /// List shares and connections.
    Ls {
        /// Only those in this status; several are separated by commas.
        #[arg(long, value_delimiter = ',', value_parser = crate::commands::ls::statuses())]
        status: Vec<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Show everything that is known of one share or connection, or (`reconcile`) what stands in no record.
    Show {
        #[command(flatten)]
        subject: Subject,
        #[command(flatten)]
        json: Json,
    },
    /// Approve a share that waits for a person: its run accepts and connects it. Or an endpoint that its limits hold: it is made.
    Approve {
        #[command(flatten)]
        subject: Subject,
        #[command(flatten)]
        operator: Operator,
    },
    /// Reject a share that waits for a person: its invitation is rejected, which only its owner can mend.
    Reject {
        #[command(flatten)]
        subject: Subject,
        /// Why, for whoever wonders later.
        #[arg(long, alias = "reason", value_name = "TEXT", value_parser = reason)]
        because: String,
        #[command(flatten)]
        operator: Operator,
    },
    /// Try a failed connection, or a share that was not accepted, once more.
    Retry {
        #[command(flatten)]
        subject: Subject,
        #[command(flatten)]
        operator: Operator,
    },
    /// Close a connection: what was made for it is deleted, and it stays closed until `retry`, or until the
    /// subscriptions change.
    Close {
        #[command(flatten)]
        subject: Subject,
        /// Why, for whoever wonders later.
        #[arg(long, alias = "because", value_name = "TEXT", value_parser = reason)]
        reason: String,
        #[command(flatten)]
        operator: Operator,
    },
    /// Remove a subscription from the ledger. Connections that no other subscription claims are closed.
    Withdraw {
        /// The subscription's name.
        #[arg(id = "subscription", value_name = "NAME")]
        name: String,
        /// Do it without asking. Needed where nobody can be asked.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        operator: Operator,
    },
    /// Print the JSON Schema of subscriptions, for editors.
    Schema,
}

#[derive(Debug, ClapArgs)]
pub struct Document {
    /// The subscription, YAML or JSON; `-` reads it from standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub struct Subject {
    /// A connection's id, an endpoint's or association's id, a resource configuration's id, or a share's ARN or
    /// name; its beginning is enough where it is unambiguous.
    #[arg(value_name = "ID")]
    pub id: String,
}

#[derive(Debug, ClapArgs)]
pub struct Json {
    /// As JSON, with nothing left out.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Operator {
    /// Who does this, for the audit trail.
    #[arg(long = "by", env = "USER", default_value = "an operator", value_name = "NAME")]
    pub name: String,
}

fn installation(text: &str) -> Result<Installation, String> {
    Installation::parse(text).map_err(|error| error.to_string())
}

/// A reason is one line that can be read where the record is shown.
fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 500 || text.chars().any(char::is_control) {
        return Err("give it in 1 to 500 characters on one line".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn closing_needs_a_reason_that_can_be_read() {
        let parse = |reason: &str| Args::try_parse_from(["drawbridge", "close", "conn-0a", "--reason", reason]);
        assert!(parse("the service moved").is_ok());
        for reason in ["", "  ", "two\nlines", "\u{1b}[31mred", &"x".repeat(501)] {
            assert!(parse(reason).is_err_and(|error| error.exit_code() == 2), "{reason:?}");
        }
        assert!(Args::try_parse_from(["drawbridge", "close", "conn-0a"]).is_err());
    }

    #[test]
    fn a_no_needs_a_reason_and_a_yes_none() {
        let parse = |words: &[&str]| Args::try_parse_from(["drawbridge"].iter().chain(words));
        assert!(parse(&["approve", "redis"]).is_ok());
        assert!(parse(&["reject", "redis", "--because", "not ours"]).is_ok());
        assert!(parse(&["reject", "redis", "--reason", "not ours"]).is_ok(), "as close says it");
        assert!(parse(&["reject", "redis"]).is_err_and(|error| error.exit_code() == 2));
        assert!(parse(&["reject", "redis", "--because", " "]).is_err_and(|error| error.exit_code() == 2));
    }

    #[test]
    fn statuses_are_those_of_shares_and_connections_and_no_others() {
        let parse = |status: &str| Args::try_parse_from(["drawbridge", "ls", "--status", status]);
        assert!(parse("failed,held,ready").is_ok());
        assert!(parse("redy").is_err_and(|error| error.exit_code() == 2));
    }
}
