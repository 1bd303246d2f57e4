//! Whether two endpoint policies say the same: EC2 may show one in other words than it was given.

use std::collections::BTreeMap;

use serde_json::Value;

/// What AWS attaches where nobody gives a policy: full access [botocore: ec2 `CreateVpcEndpoint`].
const DEFAULT: &str = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#;

/// Whether the policy that EC2 shows is another one than `made`, or than AWS's default if none was made. What EC2 does not
/// show, or shows in a form that is no policy, is no change.
pub(super) fn is_another(made: Option<&str>, shown: Option<&str>) -> bool {
    let read = |text: &str| Some(in_one_form(text, &serde_json::from_str(text).ok()?));
    let made = read(made.unwrap_or(DEFAULT));
    shown.and_then(read).is_some_and(|shown| made.is_some_and(|made| made != shown))
}

/// A policy with everything in one form: statements and lists in one order, one thing as a list of one, names of actions in
/// small letters, an account as its number, `Principal: "*"` as any AWS principal. Names of statements and of the policy
/// decide nothing, and neither does the version, where no variable stands in it.
fn in_one_form(text: &str, policy: &Value) -> Value {
    let mut one = sorted(policy, &mut |key, value| match key {
        "Id" => None,
        "Version" if !text.contains("${") => None,
        "Statement" => Some(list(value, statement)),
        _ => Some(value.clone()),
    });
    if let Some(one) = one.as_object_mut().filter(|_| text.contains("${")) {
        // [AWS: IAM JSON policy elements: Version]
        one.entry("Version").or_insert_with(|| "2008-10-17".into());
    }
    one
}

fn statement(statement: &Value) -> Value {
    sorted(statement, &mut |key, value| match key {
        "Sid" => None,
        "Action" | "NotAction" => Some(list(value, |action| text(action).to_lowercase().into())),
        "Principal" | "NotPrincipal" if value == "*" => Some(principals(&serde_json::json!({"AWS": "*"}))),
        "Principal" | "NotPrincipal" => Some(principals(value)),
        "Condition" => Some(sorted(value, &mut |_, keys| {
            Some(sorted(keys, &mut |_, values| Some(list(values, |value| text(value).into()))))
        })),
        _ => Some(list(value, Value::clone)),
    })
}

fn principals(value: &Value) -> Value {
    sorted(value, &mut |_, names| {
        Some(list(names, |name| {
            let name = text(name);
            let account = name.strip_suffix(":root").and_then(|arn| arn.rsplit("::").next());
            account.unwrap_or(&name).into()
        }))
    })
}

/// An object whose values are what `of` makes of them; of nothing it makes nothing. What is no object stays.
fn sorted(value: &Value, of: &mut dyn FnMut(&str, &Value) -> Option<Value>) -> Value {
    let Value::Object(object) = value else { return value.clone() };
    let known: BTreeMap<&String, &Value> = object.iter().collect();
    known.into_iter().filter_map(|(key, value)| Some((key.clone(), of(key, value)?))).collect()
}

/// A list in one order, each once; one thing is a list of one.
fn list(value: &Value, of: impl Fn(&Value) -> Value) -> Value {
    let mut items: Vec<Value> = match value {
        Value::Array(items) => items.iter().map(of).collect(),
        one => vec![of(one)],
    };
    items.sort_by_cached_key(Value::to_string);
    items.dedup();
    items.into()
}

/// A number or a truth value is what it says.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn another(made: &Value, shown: &Value) -> bool {
        is_another(Some(&made.to_string()), Some(&shown.to_string()))
    }

    #[test]
    fn the_same_in_other_words_is_no_change() {
        let made = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::a/*",
             "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
            {"Effect": "Deny", "Principal": {"AWS": "111122223333"}, "Action": "s3:*", "Resource": "*"},
        ]});
        let shown = json!({"Id": "x", "Statement": [
            {"Sid": "a", "Effect": "Deny", "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}, "Action": ["S3:*"],
             "Resource": ["*"]},
            {"Resource": ["arn:aws:s3:::a/*"], "Action": ["s3:putobject", "s3:GetObject"], "Principal": {"AWS": "*"},
             "Effect": "Allow", "Condition": {"Bool": {"aws:SecureTransport": [true]}}},
        ], "Version": "2008-10-17"});
        assert!(!another(&made, &shown));
        assert!(!is_another(Some(&made.to_string()), Some(&serde_json::to_string_pretty(&shown).unwrap())));
        assert!(!is_another(Some(&made.to_string()), None), "not shown");
        assert!(!is_another(Some(&made.to_string()), Some("")), "nothing that can be read");
    }

    #[test]
    fn what_says_something_else_is_a_change() {
        let made = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::A",
             "Condition": {"StringEquals": {"aws:PrincipalTag/a": "${aws:username}"}}}]});
        let first = |change: fn(&mut Value)| {
            let mut shown = made.clone();
            change(&mut shown["Statement"][0]);
            shown
        };
        let mut shown = [
            first(|of| of["Effect"] = "Deny".into()),
            first(|of| of["Principal"] = "*".into()),
            first(|of| of["Principal"]["AWS"] = "arn:aws:iam::111122223333:role/a".into()),
            first(|of| of["Action"] = json!(["s3:GetObject", "s3:PutObject"])),
            first(|of| of["Resource"] = "arn:aws:s3:::a".into()),
            first(|of| drop(of.as_object_mut().unwrap().remove("Condition"))),
            made.clone(),
            made.clone(),
        ];
        shown[6]["Statement"] = json!([]);
        // Without it `${aws:username}` is a text like any other.
        shown[7].as_object_mut().unwrap().remove("Version");
        for shown in shown {
            assert!(another(&made, &shown) && another(&shown, &made), "{shown}");
        }
        assert!(is_another(Some(&made.to_string()), Some(DEFAULT)));
    }

    #[test]
    fn full_access_is_what_nobody_asked_otherwise_for() {
        let full = |more: Value| {
            let mut statement = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
            statement.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"Version": "2008-10-17", "Statement": [statement]}).to_string()
        };
        assert!(!is_another(None, Some(&full(json!({})))));
        assert!(!is_another(None, Some(&full(json!({"Principal": {"AWS": ["*"]}, "Sid": "all"})))));
        assert!(!is_another(None, None));
        for other in [json!({"Action": "s3:*"}), json!({"Effect": "Deny"}), json!({"Condition": {"Null": {"a": true}}})]
        {
            assert!(is_another(None, Some(&full(other.clone()))), "{other}");
        }
    }
}
