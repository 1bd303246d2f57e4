//! What must be in no committed file.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use drawbridge_tests::{files, root};

/// Whether an account id is made up: of the shape of AWS's own examples (`111122223333`, three times four equal digits),
/// all digits in a row, or the least number of twelve digits (a bound in a schema).
fn is_example(account: &str) -> bool {
    let fours = account.as_bytes().chunks(4).all(|four| four.iter().all(|digit| *digit == four[0]));
    fours || matches!(account, "123456789012" | "012345678901" | "100000000000")
}

/// Runs of exactly twelve digits that stand alone, as an account id does: not inside a hash, a UUID or a number.
fn accounts(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let before = start.checked_sub(1).map(|i| bytes[i]);
        let after = bytes.get(start + length);
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
        if length == 12 && !before.is_some_and(|b| inside(b) || b == b'-') && !after.is_some_and(|b| inside(*b)) {
            found.push(&text[start..start + length]);
        }
        start += length.max(1);
    }
    found
}

#[test]
fn no_account_but_those_of_examples() {
    let mut strangers = Vec::new();
    for path in files(root()) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let found = accounts(&text).into_iter().filter(|account| !is_example(account));
        strangers.extend(found.map(|account| format!("{}: {account}", path.strip_prefix(root()).unwrap().display())));
    }
    assert_eq!(strangers, Vec::<String>::new(), "may be somebody's account; take one like 555566667777");
}

#[test]
fn an_account_is_seen_where_it_stands_alone() {
    // Written in two parts, or this file would name an account itself.
    let somebody = ["9876", "54321098"].concat();
    let text = format!("arn:aws:ram:us-east-1:{somebody}:x, \"{somebody}\" and {somebody}-bucket");
    assert_eq!(accounts(&text), [somebody.as_str(); 3]);
    let not_alone = format!("a{somebody} {somebody}0 {somebody}f 0.{somebody} 00000000-0000-0000-0000-{somebody}");
    assert_eq!(accounts(&not_alone), Vec::<&str>::new());
}
