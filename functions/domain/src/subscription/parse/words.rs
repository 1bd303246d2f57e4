//! Words for problems: how a value is shown, what it is, and which known word is near it.

use super::tree::{Node, Scalar, Value};

/// A text as it can be printed: short, on one line, nothing in it that a terminal would obey.
pub(super) fn shown(text: &str) -> String {
    const LENGTH: usize = 60;
    let mut shown: String = text.chars().take(LENGTH).flat_map(printable).collect();
    if text.chars().nth(LENGTH).is_some() {
        shown.push('…');
    }
    shown
}

fn printable(c: char) -> impl Iterator<Item = char> {
    // Direction marks reorder what a terminal shows around them.
    let marks = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let escaped = c.is_control() || marks;
    let escape = escaped.then(|| c.escape_unicode());
    escape.into_iter().flatten().chain((!escaped).then_some(c))
}

/// What a value is, as it follows "found".
pub(super) fn described(node: &Node) -> String {
    match &node.value {
        Value::Scalar(text, Scalar::Null) if text.is_empty() => "nothing".to_owned(),
        Value::Scalar(text, Scalar::Null | Scalar::Bool(_)) => format!("`{}`", shown(text)),
        Value::Scalar(text, Scalar::Number(_)) => format!("the number `{}`", shown(text)),
        Value::Scalar(text, Scalar::Text) => format!("the text `{}`", shown(text)),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
        Value::Told => "something else".to_owned(),
    }
}

/// `a`, `b` or `c`.
pub(super) fn either<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// The known word that someone probably meant: spelled in another style, or with a slip or two.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = letters(word);
    known
        .into_iter()
        .map(|known| (distance(&plain, &letters(known)), known))
        .filter(|(distance, known)| *distance <= (known.len() / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

fn letters(word: &str) -> Vec<char> {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// How many insertions, deletions, replacements and swaps of neighbours lie between two words.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let swapped =
                    (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]).then(|| table[i - 2][j - 2] + 1);
                replaced.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1).min(swapped.unwrap_or(usize::MAX))
            };
        }
    }
    table[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_or_another_style_is_recognised() {
        let known = ["vpc", "subnets", "security_groups", "private_dns"];
        for (word, meant) in [
            ("subnet", Some("subnets")),
            ("subents", Some("subnets")),
            ("securityGroups", Some("security_groups")),
            ("security-group", Some("security_groups")),
            ("VPC", Some("vpc")),
            ("vcp", Some("vpc")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
        assert_eq!(nearest(&"vpc".repeat(10_000), known), None);
    }

    #[test]
    fn what_is_shown_cannot_command_a_terminal() {
        assert_eq!(shown("a\u{1b}[31mb\n"), "a\\u{1b}[31mb\\u{a}");
        assert_eq!(shown("\u{202e}x"), "\\u{202e}x");
        assert_eq!(shown(&"é".repeat(100)), format!("{}…", "é".repeat(60)));
    }

    #[test]
    fn alternatives_read_as_a_sentence() {
        assert_eq!(either(["a"]), "`a`");
        assert_eq!(either(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
