//! Whether two endpoint policies say the same: EC2 may show one in other words than it was given.

use serde_json::Value;

/// What AWS attaches where nobody gives a policy: full access [botocore: ec2 `CreateVpcEndpoint`].
const DEFAULT: &str = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#;

/// Whether the policy that EC2 shows is another one than `made`, or than AWS's default if none was made. What EC2 does not
/// show, or shows in a form that is no policy, is no change.
pub(crate) fn is_another(made: Option<&str>, shown: Option<&str>) -> bool {
    let read = |text: &str| serde_json::from_slice::<Value>(text.as_bytes()).ok();
    let (made, shown) = (made.unwrap_or(DEFAULT), shown.unwrap_or_default());
    let (Some(a), Some(b)) = (read(made), read(shown)) else { return false };
    // Without a variable in it the version decides nothing. [AWS: IAM JSON policy elements: Version]
    let version = |policy: &Value| policy["Version"].as_str() == Some("2012-10-17");
    let variables = made.contains("${") || shown.contains("${");
    (variables && version(&a) != version(&b)) || !sets(&a["Statement"], &b["Statement"], &statements)
}

/// Whether two statements say the same, whatever their names.
fn statements(a: &Value, b: &Value) -> bool {
    objects(a, b, &|key, a, b| match key {
        "Sid" => true,
        "Action" | "NotAction" => sets(a, b, &|a, b| text(a).eq_ignore_ascii_case(&text(b))),
        "Principal" | "NotPrincipal" => principals(a, b),
        "Condition" => objects(a, b, &|_, a, b| objects(a, b, &|_, a, b| sets(a, b, &|a, b| text(a) == text(b)))),
        _ => sets(a, b, &|a, b| a == b),
    })
}

/// `*` is any AWS principal, and an account is its number or its ARN.
fn principals(a: &Value, b: &Value) -> bool {
    let of = |value: &Value| if value.is_string() { None } else { Some(value.clone()) };
    let any = |value: Option<Value>| value.unwrap_or_else(|| serde_json::json!({"AWS": "*"}));
    let account = |value: &Value| {
        let name = text(value);
        let account = name.strip_suffix(":root").and_then(|arn| arn.rsplit("::").next()).map(str::to_owned);
        account.unwrap_or(name)
    };
    objects(&any(of(a)), &any(of(b)), &|_, a, b| sets(a, b, &|a, b| account(a) == account(b)))
}

/// Whether two objects say the same under each key; a name is none.
fn objects(a: &Value, b: &Value, same: &dyn Fn(&str, &Value, &Value) -> bool) -> bool {
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else { return a == b };
    let lacks = |one: &serde_json::Map<String, Value>, other: &serde_json::Map<String, Value>| {
        one.keys().any(|key| key != "Sid" && !other.contains_key(key))
    };
    !lacks(b, a) && !lacks(a, b) && a.iter().all(|(key, value)| b.get(key).is_none_or(|other| same(key, value, other)))
}

/// Whether two lists hold the same, in whatever order; one thing is a list of one.
fn sets(a: &Value, b: &Value, same: &dyn Fn(&Value, &Value) -> bool) -> bool {
    let within = |a: &[Value], b: &[Value]| a.iter().all(|a| b.iter().any(|b| same(a, b)));
    within(items(a), items(b)) && within(items(b), items(a))
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
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
