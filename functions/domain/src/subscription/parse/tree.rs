//! A document as a tree in which every value knows its place.
//!
//! Built from the YAML parser's events, not from its own tree: that one drops repeated keys, and
//! copies what an alias points at (a few lines of aliases can stand for gigabytes). Here a repeated
//! key stays to be told, and an alias is a problem.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::super::bounds;
use super::Problem;
use super::words::shown;

/// A place in a document, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub line: usize,
    pub column: usize,
}

impl Place {
    pub const START: Self = Self { line: 1, column: 1 };

    pub fn problem(self, path: &str, message: impl Into<String>) -> Problem {
        Problem { line: self.line, column: self.column, path: path.to_owned(), message: message.into() }
    }
}

impl From<Marker> for Place {
    fn from(marker: Marker) -> Self {
        Self { line: marker.line().max(1), column: marker.col() + 1 }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub at: Place,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// The text as it was written, and what YAML 1.2's core schema takes it for.
    Scalar(String, Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// A problem was told already; nothing more is said of it.
    Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    /// A number; none if it is no integer of 64 bits.
    Number(Option<i64>),
    Text,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub at: Place,
    pub key: String,
    pub value: Node,
}

/// The path of the document as a whole, in problems.
pub(super) const WHOLE: &str = "document";

/// Reads the one document in a text.
///
/// # Errors
/// What makes it unreadable as a whole; and everything found on the way.
pub(super) fn read(text: &str) -> Result<Node, Vec<Problem>> {
    if text.len() > bounds::DOCUMENT_BYTES {
        let message = format!(
            "the document has {} bytes, at most {} are read: split it into several subscriptions",
            text.len(),
            bounds::DOCUMENT_BYTES
        );
        return Err(vec![Place::START.problem(WHOLE, message)]);
    }
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let stop = match event {
            Ok((event, span)) => builder.take(event, span.start.into()).err(),
            Err(error) => Some(syntax(text, (*error.marker()).into(), error.info())),
        };
        if let Some(problem) = stop {
            builder.problems.push(problem);
            return Err(builder.problems);
        }
    }
    match builder.root {
        Some(Node { value: Value::Scalar(_, Scalar::Null), .. }) | None if builder.problems.is_empty() => {
            let message = "the document is empty; a subscription starts with `version: 1`: see docs/subscription.md";
            Err(vec![Place::START.problem(WHOLE, message)])
        }
        Some(root) if builder.problems.is_empty() => Ok(root),
        _ => Err(builder.problems),
    }
}

/// The tree of a document that is JSON already: canonical, so without repeated keys and without places.
pub(super) fn of_json(json: &serde_json::Value) -> Node {
    use serde_json::Value as Json;
    let value = match json {
        Json::Null => Value::Scalar("null".to_owned(), Scalar::Null),
        Json::Bool(bool) => Value::Scalar(bool.to_string(), Scalar::Bool(*bool)),
        Json::Number(number) => Value::Scalar(number.to_string(), Scalar::Number(number.as_i64())),
        Json::String(text) => Value::Scalar(text.clone(), Scalar::Text),
        Json::Array(items) => Value::List(items.iter().map(of_json).collect()),
        Json::Object(entries) => {
            let entry =
                |(key, value): (&String, &Json)| Entry { at: Place::START, key: key.clone(), value: of_json(value) };
            Value::Map(entries.iter().map(entry).collect())
        }
    };
    Node { at: Place::START, value }
}

fn syntax(text: &str, at: Place, info: &str) -> Problem {
    let line = text.lines().nth(at.line - 1).unwrap_or_default();
    let indent = line.len() - line.trim_start().len();
    let hint = if line[..indent].contains('\t') {
        "; indent with spaces, not with tabs"
    } else if info.starts_with("mapping values") {
        "; quote a text that holds `: `"
    } else {
        ""
    };
    at.problem(WHOLE, format!("not valid YAML or JSON: {}{hint}", shown(info)))
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    values: usize,
    problems: Vec<Problem>,
}

enum Open {
    List { at: Place, items: Vec<Node> },
    Map { at: Place, entries: Vec<Entry>, key: Option<Key> },
}

struct Key {
    at: Place,
    /// None if a problem with it was told.
    text: Option<String>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, at: Place) -> Result<(), Problem> {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "a second document starts here; a file holds one subscription: split it";
                    return Err(at.problem(WHOLE, message));
                }
            }
            Event::Scalar(text, style, _, tag) => {
                let value = match tag {
                    Some(tag) => self.tagged(at, &tag),
                    None => Value::Scalar(
                        text.to_string(),
                        if style == ScalarStyle::Plain { resolve(&text) } else { Scalar::Text },
                    ),
                };
                self.count(at)?;
                self.finish(Node { at, value });
            }
            Event::Alias(_) => {
                let message = "aliases (`*name`) and merge keys are not read: write the value out";
                self.problems.push(at.problem(WHOLE, message));
                self.count(at)?;
                self.finish(Node { at, value: Value::Told });
            }
            Event::SequenceStart(_, tag) => {
                if let Some(tag) = tag {
                    self.tagged(at, &tag);
                }
                self.start(Open::List { at, items: Vec::new() }, at)?;
            }
            Event::MappingStart(_, tag) => {
                if let Some(tag) = tag {
                    self.tagged(at, &tag);
                }
                self.start(Open::Map { at, entries: Vec::new(), key: None }, at)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let node = match self.open.pop() {
                    Some(Open::List { at, items }) => Node { at, value: Value::List(items) },
                    Some(Open::Map { at, entries, .. }) => Node { at, value: Value::Map(entries) },
                    None => return Ok(()),
                };
                self.finish(node);
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn tagged(&mut self, at: Place, tag: &Tag) -> Value {
        let tag = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
        let message = format!("YAML tags such as `{}` are not read: write the plain value", shown(&tag));
        self.problems.push(at.problem(WHOLE, message));
        Value::Told
    }

    fn start(&mut self, open: Open, at: Place) -> Result<(), Problem> {
        self.count(at)?;
        if self.open.len() >= bounds::DEPTH {
            let message = format!("nested more than {} levels deep; a subscription needs ten at most", bounds::DEPTH);
            return Err(at.problem(WHOLE, message));
        }
        self.open.push(open);
        Ok(())
    }

    fn count(&mut self, at: Place) -> Result<(), Problem> {
        self.values += 1;
        if self.values > bounds::VALUES {
            let message = format!("more than {} values in one document: split it", bounds::VALUES);
            return Err(at.problem(WHOLE, message));
        }
        Ok(())
    }

    fn finish(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some(Key { at, text: Some(key) }) => entries.push(Entry { at, key, value: node }),
                Some(Key { text: None, .. }) => {}
                None => {
                    let text = match node.value {
                        Value::Scalar(text, _) => Some(text),
                        Value::Told => None,
                        Value::List(_) | Value::Map(_) => {
                            self.problems.push(node.at.problem(WHOLE, "a key must be text, not a list or a mapping"));
                            None
                        }
                    };
                    *key = Some(Key { at: node.at, text });
                }
            },
        }
    }
}

/// YAML 1.2's core schema (section 10.3.2): what a plain scalar stands for.
fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ if is_integer(text) => Scalar::Number(integer(text)),
        _ if is_float(text) => Scalar::Number(None),
        _ => Scalar::Text,
    }
}

fn all(text: &str, is: impl Fn(&u8) -> bool) -> bool {
    !text.is_empty() && text.as_bytes().iter().all(is)
}

fn is_integer(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix("0x") {
        return all(digits, u8::is_ascii_hexdigit);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return all(digits, |b| (b'0'..=b'7').contains(b));
    }
    all(text.strip_prefix(['+', '-']).unwrap_or(text), u8::is_ascii_digit)
}

fn integer(text: &str) -> Option<i64> {
    match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => i64::from_str_radix(digits, 16).ok(),
        (_, Some(digits)) => i64::from_str_radix(digits, 8).ok(),
        _ => text.parse().ok(),
    }
}

fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (unsigned, None),
    };
    if exponent.is_some_and(|e| !all(e.strip_prefix(['+', '-']).unwrap_or(e), u8::is_ascii_digit)) {
        return false;
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_yaml_1_2_says() {
        for (text, meaning) in [
            ("~", Scalar::Null),
            ("TRUE", Scalar::Bool(true)),
            ("off", Scalar::Text),
            ("yes", Scalar::Text),
            ("12", Scalar::Number(Some(12))),
            ("-0", Scalar::Number(Some(0))),
            ("012345678901", Scalar::Number(Some(12_345_678_901))),
            ("0x1F", Scalar::Number(Some(31))),
            ("0o17", Scalar::Number(Some(15))),
            ("0x", Scalar::Text),
            ("0o18", Scalar::Text),
            ("99999999999999999999", Scalar::Number(None)),
            ("1.5", Scalar::Number(None)),
            (".5", Scalar::Number(None)),
            ("5.", Scalar::Number(None)),
            ("1e3", Scalar::Number(None)),
            ("1e+3", Scalar::Number(None)),
            ("-.inf", Scalar::Number(None)),
            (".nan", Scalar::Number(None)),
            ("e3", Scalar::Text),
            (".", Scalar::Text),
            ("1e", Scalar::Text),
            ("+", Scalar::Text),
            ("1.2.3", Scalar::Text),
            ("444455556666a", Scalar::Text),
        ] {
            assert_eq!(resolve(text), meaning, "{text}");
        }
    }
}
