//! `drawbridge`, the operator's command.

mod args;
mod commands;
mod failure;
mod render;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = commands::run(args::Args::parse()).await;
    let (text, notes, code) = done.map_or_else(failure::Failure::parts, commands::Done::parts);
    for note in notes {
        let _ = writeln!(std::io::stderr(), "drawbridge: {note}");
    }
    // A reader that has read enough (`| head`) is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    code
}
