//! State machine definitions, as far as the tests look into them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{text, texts};

/// One of `statemachine/*.asl.json`.
#[derive(Debug)]
pub struct Machine {
    /// Its name: the file's, and in capitals the template's.
    pub name: &'static str,
    /// The definition as text, placeholders and all.
    pub text: String,
    /// The definition.
    pub definition: Value,
}

/// A state, with the states among which its `Next` is looked up.
#[derive(Debug, Clone, Copy)]
pub struct State<'m> {
    /// Its name.
    pub name: &'m str,
    /// What is said of it.
    pub fields: &'m Value,
    /// The machine's states, or those of the Map that it is in.
    pub siblings: &'m Value,
}

/// A retrier's delays in seconds, before jitter.
#[derive(Debug, Clone, Copy)]
pub struct Retrier<'m>(pub &'m Value);

impl Machine {
    /// Every machine there is.
    #[must_use]
    pub fn all() -> Vec<Self> {
        vec![Self::load("onboard"), Self::load("connect"), Self::load("disconnect")]
    }

    /// The machine of this name.
    #[must_use]
    pub fn load(name: &'static str) -> Self {
        let path = format!("statemachine/{name}.asl.json");
        let text = text(&path);
        let definition = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { name, text, definition }
    }

    /// Every state, those inside a Map included.
    #[must_use]
    pub fn states(&self) -> Vec<State<'_>> {
        states_of(&self.definition)
    }

    /// The state of this name.
    #[must_use]
    pub fn state(&self, name: &str) -> State<'_> {
        self.states().into_iter().find(|s| s.name == name).unwrap_or_else(|| panic!("{} has no {name}", self.name))
    }

    /// Every Task.
    #[must_use]
    pub fn tasks(&self) -> Vec<State<'_>> {
        self.states().into_iter().filter(|s| s.is("Task")).collect()
    }

    /// The names in `${…}`.
    #[must_use]
    pub fn placeholders(&self) -> BTreeSet<&str> {
        self.text.split("${").skip(1).map(|rest| rest.split('}').next().expect("split gives one at least")).collect()
    }
}

/// The states of a machine or of a Map's item processor, and of the Maps in it.
fn states_of(container: &Value) -> Vec<State<'_>> {
    let siblings = &container["States"];
    let mut found = Vec::new();
    for (name, fields) in siblings.as_object().expect("States is an object") {
        found.push(State { name, fields, siblings });
        if let Some(inner) = fields.get("ItemProcessor") {
            found.extend(states_of(inner));
        }
    }
    found
}

impl<'m> State<'m> {
    /// Whether it is of this type.
    #[must_use]
    pub fn is(&self, kind: &str) -> bool {
        self.fields["Type"] == kind
    }

    /// The placeholder of the function that it invokes, without `FunctionArn`; none if it invokes none.
    #[must_use]
    pub fn function(&self) -> Option<&'m str> {
        let resource = self.fields["Resource"].as_str()?;
        let invoked = if self.waits() { self.fields["Arguments"]["FunctionName"].as_str()? } else { resource };
        invoked.strip_prefix("${")?.strip_suffix("FunctionArn}")
    }

    /// Whether it waits on a task token that a function is given.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.fields["Resource"] == "arn:${Partition}:states:::lambda:invoke.waitForTaskToken"
    }

    /// Its retriers.
    #[must_use]
    pub fn retriers(&self) -> Vec<Retrier<'m>> {
        list(&self.fields["Retry"]).iter().map(Retrier).collect()
    }

    /// Its catchers: which errors, and where they lead.
    #[must_use]
    pub fn catchers(&self) -> Vec<(Vec<&'m str>, State<'m>)> {
        list(&self.fields["Catch"])
            .iter()
            .map(|catch| (texts(&catch["ErrorEquals"]), self.sibling(catch["Next"].as_str().expect("Next is a text"))))
            .collect()
    }

    /// The state of this name beside it.
    #[must_use]
    pub fn sibling(&self, name: &'m str) -> State<'m> {
        let fields = self.siblings.get(name).unwrap_or_else(|| panic!("{} leads to {name}, which is none", self.name));
        State { name, fields, siblings: self.siblings }
    }

    /// The state that follows when all goes well, unless it ends or chooses.
    #[must_use]
    pub fn next(&self) -> Option<State<'m>> {
        self.fields["Next"].as_str().map(|name| self.sibling(name))
    }

    /// Every state that may follow: by success, by choice, by an error.
    #[must_use]
    pub fn followers(&self) -> Vec<State<'m>> {
        let choices = list(&self.fields["Choices"]).iter().map(|choice| &choice["Next"]);
        let named = choices.chain([&self.fields["Default"]]).filter_map(Value::as_str).map(|name| self.sibling(name));
        self.next().into_iter().chain(named).chain(self.catchers().into_iter().map(|(_, to)| to)).collect()
    }
}

impl<'m> Retrier<'m> {
    /// The errors that it retries.
    #[must_use]
    pub fn errors(self) -> Vec<&'m str> {
        texts(&self.0["ErrorEquals"])
    }

    /// The delay before each retry, jitter left out: with FULL jitter it is the most that one can be.
    #[must_use]
    pub fn delays(self) -> Vec<f64> {
        let number = |field: &str| self.0[field].as_f64().unwrap_or_else(|| panic!("{field} is missing in {}", self.0));
        let most = number("MaxDelaySeconds");
        let mut next = number("IntervalSeconds");
        let attempts = self.0["MaxAttempts"].as_u64().expect("MaxAttempts is a number");
        (0..attempts)
            .map(|_| {
                let delay = next.min(most);
                next = (next * number("BackoffRate")).min(most);
                delay
            })
            .collect()
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
