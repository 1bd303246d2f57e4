//! The one parser of subscriptions: text to a tree that knows its places, tree to a value, every
//! problem on the way noted.

mod endpoints;
mod fields;
mod reader;
#[cfg(test)]
mod tests;
mod tree;
mod words;

use std::fmt;

use super::{Subscription, bounds};

pub use fields::newer_version;

/// One thing that is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The path in the document, such as `targets[0].vpc`; `document` is the whole.
    pub path: String,
    /// What was seen, what was expected and the way out.
    pub message: String,
}

/// Everything that is wrong with a document; displayed with one `file:line:column: path: message` a
/// line, as editors and terminals can jump to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems {
    /// The file or ledger item.
    pub source_name: String,
    /// Each problem, in the order of the document; at least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            let Problem { line, column, path, message } = problem;
            write!(f, "{}:{line}:{column}: {path}: {message}", self.source_name)?;
        }
        Ok(())
    }
}

/// Reads a subscription from YAML 1.2 or JSON, which is a part of it.
///
/// # Errors
/// Every problem at once, each with its place in the text.
pub fn parse(source_name: &str, text: &str) -> Result<Subscription, Problems> {
    let refused = |problems| Problems { source_name: source_name.to_owned(), problems: in_order(text, problems) };
    value(&tree::read(text).map_err(refused)?).map_err(refused)
}

/// Reads a subscription's canonical document, as [`Subscription::to_document`] makes it. The same reader as [`parse`]'s, of a
/// tree that needs no YAML: what only reads the ledger does not carry a YAML parser.
///
/// # Errors
/// Every problem at once, each with its path in the document; their places are the document's beginning.
pub fn parse_canonical(source_name: &str, text: &str) -> Result<Subscription, Problems> {
    let refused = |problems| Problems { source_name: source_name.to_owned(), problems };
    let json: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line().max(1), error.column().max(1));
        let message = format!(
            "not valid JSON, which a stored document is: {error}; write it again with `drawbridge subscribe FILE`"
        );
        refused(vec![Problem { line, column, path: tree::WHOLE.to_owned(), message }])
    })?;
    value(&tree::of_json(&json)).map_err(|problems| refused(in_order(text, problems)))
}

fn value(root: &tree::Node) -> Result<Subscription, Vec<Problem>> {
    let mut reader = reader::Reader::default();
    match fields::subscription(&mut reader, root) {
        Some(subscription) if reader.count() == 0 => Ok(subscription),
        _ => Err(reader.into_problems()),
    }
}

/// The problems in the order of the document; too many of them end in a word on the rest.
fn in_order(text: &str, mut problems: Vec<Problem>) -> Vec<Problem> {
    for problem in &mut problems {
        into_text(text, problem);
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    let more = problems.len().saturating_sub(bounds::PROBLEMS);
    problems.truncate(bounds::PROBLEMS);
    if more > 0
        && let Some(last) = problems.last().cloned()
    {
        let message = format!("{more} more problems follow; mend these first");
        problems.push(Problem { message, ..last });
    }
    problems
}

/// The YAML parser may put a place behind the last character; a problem's place lies inside the
/// document, so that an editor can jump there.
fn into_text(text: &str, problem: &mut Problem) {
    let lines = text.split('\n').count();
    problem.line = problem.line.clamp(1, lines);
    let line = text.split('\n').nth(problem.line - 1).unwrap_or_default();
    problem.column = problem.column.clamp(1, line.chars().count() + 1);
}
