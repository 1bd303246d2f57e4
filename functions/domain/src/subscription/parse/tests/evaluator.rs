//! As much of JSON Schema 2020-12 as the published schema uses. A keyword that is not known here
//! fails the test, so that nothing in the schema goes unevaluated.
//!
//! The crates that know all of it bring some thirty crates, several in a second version.

use regex_lite::Regex;
use serde_json::Value;

pub fn accepts(root: &Value, document: &Value) -> bool {
    Evaluator { root }.accepts(root, document)
}

struct Evaluator<'s> {
    root: &'s Value,
}

impl Evaluator<'_> {
    fn accepts(&self, schema: &Value, value: &Value) -> bool {
        let rules = schema.as_object().expect("a schema is an object here");
        rules.iter().all(|(keyword, rule)| self.keyword(keyword, rule, rules, value))
    }

    fn keyword(&self, keyword: &str, rule: &Value, rules: &serde_json::Map<String, Value>, value: &Value) -> bool {
        let all = |rule: &Value| rule.as_array().unwrap().clone();
        let bound = || usize::try_from(rule.as_u64().unwrap()).unwrap();
        match keyword {
            "$schema" | "$defs" | "title" | "description" | "default" => true,
            "$ref" => {
                let path = rule.as_str().unwrap().strip_prefix('#').unwrap();
                self.accepts(self.root.pointer(path).expect("the reference leads somewhere"), value)
            }
            // 1.0 is 1 to JSON Schema.
            "const" => value == rule || value.as_f64().is_some_and(|number| rule.as_f64() == Some(number)),
            "enum" => all(rule).contains(value),
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
                other => panic!("type {other} is not known here"),
            },
            "anyOf" => all(rule).iter().any(|schema| self.accepts(schema, value)),
            "oneOf" => all(rule).iter().filter(|schema| self.accepts(schema, value)).count() == 1,
            "not" => !self.accepts(rule, value),
            "minimum" => value.as_f64().is_none_or(|n| n >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|n| n <= rule.as_f64().unwrap()),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() >= bound()),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() <= bound()),
            "pattern" => value.as_str().is_none_or(|text| Regex::new(rule.as_str().unwrap()).unwrap().is_match(text)),
            "minItems" => value.as_array().is_none_or(|items| items.len() >= bound()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() <= bound()),
            "uniqueItems" => {
                value.as_array().is_none_or(|items| (1..items.len()).all(|i| !items[..i].contains(&items[i])))
            }
            "items" => value.as_array().is_none_or(|items| items.iter().all(|item| self.accepts(rule, item))),
            "maxProperties" => value.as_object().is_none_or(|entries| entries.len() <= bound()),
            "required" => value
                .as_object()
                .is_none_or(|entries| all(rule).iter().all(|key| entries.contains_key(key.as_str().unwrap()))),
            "dependentRequired" => value.as_object().is_none_or(|entries| {
                let with = rule.as_object().unwrap().iter().filter(|(key, _)| entries.contains_key(*key));
                with.flat_map(|(_, needed)| all(needed)).all(|key| entries.contains_key(key.as_str().unwrap()))
            }),
            "properties" => value.as_object().is_none_or(|entries| {
                let known = rule.as_object().unwrap();
                known.iter().all(|(key, schema)| entries.get(key).is_none_or(|value| self.accepts(schema, value)))
            }),
            "propertyNames" => value
                .as_object()
                .is_none_or(|entries| entries.keys().all(|key| self.accepts(rule, &Value::from(key.as_str())))),
            "additionalProperties" => value.as_object().is_none_or(|entries| {
                let known = rules.get("properties").and_then(Value::as_object);
                entries.iter().filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key))).all(
                    |(_, value)| match rule {
                        Value::Bool(allowed) => *allowed,
                        schema => self.accepts(schema, value),
                    },
                )
            }),
            other => panic!("keyword {other} is not known here: teach it to the evaluator"),
        }
    }
}
