//! Reading a tree of values with every problem noted, so that one mistake hides no other.

use super::Problem;
use super::tree::{Entry, Node, Place, Scalar, Value};
use super::words::{described, either, nearest, shown};
use crate::ids::InvalidId;

/// Notes problems; what it reads is none where there was one.
#[derive(Default)]
pub(super) struct Reader {
    problems: Vec<Problem>,
}

/// The entries of a mapping whose keys are known.
pub(super) struct Fields<'n> {
    at: Place,
    path: String,
    entries: Vec<&'n Entry>,
}

impl<'n> Fields<'n> {
    /// The path of one of its keys.
    pub fn path(&self, key: &str) -> String {
        below(&self.path, key)
    }

    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }
}

/// `targets[0].vpc`; a key that is not a plain word is quoted.
pub(super) fn below(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    match (plain, path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[\"{}\"]", shown(key)),
    }
}

impl Reader {
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    pub fn count(&self) -> usize {
        self.problems.len()
    }

    pub fn problem(&mut self, at: Place, path: &str, message: impl Into<String>) {
        self.problems.push(at.problem(path, message));
    }

    /// Another kind of value was expected.
    pub fn expected<T>(&mut self, node: &Node, path: &str, expected: &str) -> Option<T> {
        if node.value != Value::Told {
            self.problem(node.at, path, format!("expected {expected}, found {}", described(node)));
        }
        None
    }

    /// The entries of a mapping, each key once.
    pub fn entries<'n>(&mut self, node: &'n Node, path: &str, expected: &str) -> Option<Vec<&'n Entry>> {
        let Value::Map(all) = &node.value else {
            return self.expected(node, path, expected);
        };
        let mut entries: Vec<&Entry> = Vec::new();
        let mut lines = std::collections::HashMap::new();
        for entry in all {
            if let Some(first) = lines.insert(&entry.key, entry.at.line) {
                let message = format!("`{}` is given twice; the first is in line {first}", shown(&entry.key));
                self.problem(entry.at, &below(path, &entry.key), message);
            } else {
                entries.push(entry);
            }
        }
        Some(entries)
    }

    /// A mapping whose keys are among `known`; `elsewhere` knows where another key belongs.
    pub fn fields<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        known: &[&str],
        elsewhere: impl Fn(&str) -> Option<String>,
    ) -> Option<Fields<'n>> {
        let expected = format!("a mapping with {}", either(known.iter().copied()));
        let entries = self.entries(node, path, &expected)?;
        for entry in &entries {
            let key = entry.key.as_str();
            if known.contains(&key) {
                continue;
            }
            let hint = if let Some(place) = elsewhere(key) {
                place
            } else if let Some(near) = nearest(key, known.iter().copied()) {
                format!("did you mean `{near}`?")
            } else {
                format!("known here: {}", either(known.iter().copied()))
            };
            self.problem(entry.at, &below(path, key), format!("unknown key `{}`; {hint}", shown(key)));
        }
        Some(Fields { at: node.at, path: path.to_owned(), entries })
    }

    /// What a key must have.
    pub fn require<'n>(&mut self, fields: &Fields<'n>, key: &str, example: &str) -> Option<&'n Node> {
        let found = fields.get(key);
        if found.is_none() {
            self.problem(fields.at, &fields.path(key), format!("`{key}` is missing; add {example}"));
        }
        found
    }

    /// A list of 1 to `most` items, each with its path.
    pub fn list<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        most: usize,
        expected: &str,
    ) -> Option<Vec<(String, &'n Node)>> {
        let Value::List(items) = &node.value else {
            return self.expected(node, path, &format!("a list of {expected}"));
        };
        if items.is_empty() {
            self.problem(node.at, path, format!("the list is empty; expected 1 to {most} of {expected}"));
        }
        if let Some(first_over) = items.get(most) {
            let message =
                format!("{} items, at most {most} are allowed: leave some out, or split the subscription", items.len());
            self.problem(first_over.at, path, message);
        }
        Some(items.iter().take(most).enumerate().map(|(i, item)| (format!("{path}[{i}]"), item)).collect())
    }

    /// A list in which nothing stands twice. `key` says what counts as the same.
    pub fn distinct<T, K: PartialEq>(
        &mut self,
        items: Vec<(String, &Node)>,
        read: impl Fn(&mut Self, &Node, &str) -> Option<T>,
        key: impl Fn(&T) -> K,
    ) -> Vec<T> {
        let mut seen: Vec<(K, usize)> = Vec::new();
        let mut values = Vec::new();
        for (path, node) in items {
            let Some(value) = read(self, node, &path) else { continue };
            let this = key(&value);
            if let Some((_, line)) = seen.iter().find(|(other, _)| *other == this) {
                let message = format!("given twice; the first is in line {line}: remove one");
                self.problem(node.at, &path, message);
            } else {
                seen.push((this, node.at.line));
                values.push(value);
            }
        }
        values
    }

    pub fn text<'n>(&mut self, node: &'n Node, path: &str, expected: &str) -> Option<&'n str> {
        match &node.value {
            Value::Scalar(text, Scalar::Text) => Some(text),
            Value::Scalar(text, Scalar::Number(_) | Scalar::Bool(_)) => {
                let message =
                    format!("expected {expected}, found {}: quote it, `\"{}\"`", described(node), shown(text));
                self.problem(node.at, path, message);
                None
            }
            _ => self.expected(node, path, expected),
        }
    }

    /// Text of some length, without control characters.
    pub fn line<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        length: std::ops::RangeInclusive<usize>,
        expected: &str,
    ) -> Option<&'n str> {
        let text = self.text(node, path, expected)?;
        self.check_line(text, node.at, path, length).then_some(text)
    }

    pub fn check_line(&mut self, text: &str, at: Place, path: &str, length: std::ops::RangeInclusive<usize>) -> bool {
        let characters = text.chars().count();
        if !length.contains(&characters) {
            let (least, most) = length.into_inner();
            self.problem(at, path, format!("{characters} characters; expected {least} to {most}"));
        } else if text.chars().any(unprintable) {
            let message = format!("`{}` holds a control character; expected printable text", shown(text));
            self.problem(at, path, message);
        } else {
            return true;
        }
        false
    }

    pub fn boolean(&mut self, node: &Node, path: &str) -> Option<bool> {
        match &node.value {
            Value::Scalar(_, Scalar::Bool(value)) => Some(*value),
            _ => self.expected(node, path, "`true` or `false`"),
        }
    }

    pub fn integer(&mut self, node: &Node, path: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        match &node.value {
            Value::Scalar(_, Scalar::Number(Some(value))) if range.contains(value) => Some(*value),
            _ => self.expected(node, path, &expected),
        }
    }

    /// An identifier of a type of its own.
    pub fn id<T>(
        &mut self,
        node: &Node,
        path: &str,
        expected: &str,
        parse: fn(String) -> Result<T, InvalidId>,
    ) -> Option<T> {
        let text = self.text(node, path, expected)?;
        parse(text.to_owned())
            .map_err(|_| self.problem(node.at, path, format!("`{}` is not {expected}", shown(text))))
            .ok()
    }

    /// One of some words.
    pub fn one_of<T: Copy>(&mut self, node: &Node, path: &str, words: &[(&str, T)]) -> Option<T> {
        let expected = either(words.iter().map(|(word, _)| *word));
        let Value::Scalar(text, Scalar::Text) = &node.value else {
            return self.expected(node, path, &expected);
        };
        let found = words.iter().find(|(word, _)| word == text).map(|(_, value)| *value);
        if found.is_none() {
            let near = nearest(text, words.iter().map(|(word, _)| *word));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            self.problem(node.at, path, format!("expected {expected}, found {}{hint}", described(node)));
        }
        found
    }
}

/// Control characters, and the two code points that are no characters: YAML has no plain way to
/// write either.
pub(super) fn unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')
}
