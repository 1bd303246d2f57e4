//! `infra/template.yaml`, with the short forms of intrinsic functions written out as in JSON.

use std::collections::BTreeMap;

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value, json};

use crate::{text, texts};

/// The functions: logical id in the template, name everywhere else.
pub const FUNCTIONS: [(&str, &str); 13] = [
    ("Intake", "intake"),
    ("Vet", "vet"),
    ("Accept", "accept"),
    ("Open", "open"),
    ("Guard", "guard"),
    ("Observe", "observe"),
    ("Close", "close"),
    ("Hold", "hold"),
    ("Announce", "announce"),
    ("Publish", "publish"),
    ("EndpointEvent", "endpoint-event"),
    ("Reconcile", "reconcile"),
    ("Adjust", "adjust"),
];

/// The machines: logical id in the template, name everywhere else.
pub const MACHINES: [(&str, &str); 3] = [("Onboard", "onboard"), ("Connect", "connect"), ("Disconnect", "disconnect")];

/// The template.
#[derive(Debug)]
pub struct Template(pub Value);

/// A statement of a policy.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'t>(pub &'t Value);

impl Template {
    /// Reads it.
    #[must_use]
    pub fn load() -> Self {
        let path = "infra/template.yaml";
        let text = text(path);
        let documents = Yaml::load_from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self(plain(documents.first().expect("the template is one document")))
    }

    /// A resource.
    #[must_use]
    pub fn resource(&self, id: &str) -> &Value {
        self.0["Resources"].get(id).unwrap_or_else(|| panic!("the template has no resource {id}"))
    }

    /// A resource's properties.
    #[must_use]
    pub fn properties(&self, id: &str) -> &Value {
        &self.resource(id)["Properties"]
    }

    /// The properties of every resource of a type, by logical id.
    #[must_use]
    pub fn of_type(&self, kind: &str) -> BTreeMap<&str, &Value> {
        self.0["Resources"]
            .as_object()
            .expect("Resources is an object")
            .iter()
            .filter(|(_, resource)| resource["Type"] == kind)
            .map(|(id, resource)| (id.as_str(), &resource["Properties"]))
            .collect()
    }

    /// The statements of a role's policies.
    #[must_use]
    pub fn statements(&self, role: &str) -> Vec<Statement<'_>> {
        let policies = self.properties(role)["Policies"].as_array().expect("a role has Policies");
        policies.iter().flat_map(|policy| statements_of(&policy["PolicyDocument"])).collect()
    }

    /// The default of a parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &Value {
        self.0["Parameters"].get(name).unwrap_or_else(|| panic!("the template has no parameter {name}"))
    }
}

/// The statements of a policy document.
#[must_use]
pub fn statements_of(document: &Value) -> Vec<Statement<'_>> {
    document["Statement"].as_array().expect("Statement is a list").iter().map(Statement).collect()
}

impl<'t> Statement<'t> {
    /// What it allows.
    #[must_use]
    pub fn actions(self) -> Vec<&'t str> {
        texts(&self.0["Action"])
    }

    /// Where.
    #[must_use]
    pub fn resources(self) -> Vec<&'t Value> {
        match &self.0["Resource"] {
            Value::Array(many) => many.iter().collect(),
            one => vec![one],
        }
    }

    /// On which condition: `operator`, then `key`.
    #[must_use]
    pub fn condition(self, operator: &str, key: &str) -> &'t Value {
        &self.0["Condition"][operator][key]
    }
}

/// YAML as JSON, `!Ref X` as `{"Ref": "X"}` and so on.
fn plain(node: &Yaml) -> Value {
    match node {
        Yaml::Value(scalar) => match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(value) => json!(value),
            Scalar::Integer(value) => json!(value),
            Scalar::FloatingPoint(value) => json!(value.into_inner()),
            Scalar::String(value) => json!(value),
        },
        Yaml::Sequence(items) => items.iter().map(plain).collect(),
        Yaml::Mapping(fields) => fields
            .iter()
            .map(|(key, value)| (key.as_str().unwrap_or_else(|| panic!("{key:?} is no text")).to_owned(), plain(value)))
            .collect::<Map<_, _>>()
            .into(),
        Yaml::Tagged(tag, inner) => intrinsic(&tag.suffix, plain(inner)),
        Yaml::Representation(text, _, tag) => match tag {
            Some(tag) => intrinsic(&tag.suffix, json!(text)),
            None => panic!("`{text}` was not resolved"),
        },
        Yaml::Alias(_) | Yaml::BadValue => panic!("the template has an alias or a value that can't be read: {node:?}"),
    }
}

fn intrinsic(tag: &str, argument: Value) -> Value {
    let argument = match (tag, &argument) {
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').expect("GetAtt names an attribute");
            json!([resource, attribute])
        }
        _ => argument,
    };
    let name = if matches!(tag, "Ref" | "Condition") { tag.to_owned() } else { format!("Fn::{tag}") };
    json!({ name: argument })
}
