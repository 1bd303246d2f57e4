//! The environment, read once. Everything that is missing or wrong is told at once.

use std::collections::BTreeMap;
use std::fmt::Display;

use drawbridge_domain::ids::Installation;
use drawbridge_domain::{Fault, FaultName};

/// A function's environment, and what was found wrong with it so far.
#[derive(Debug, Default)]
pub struct Environment {
    values: BTreeMap<String, String>,
    problems: Vec<String>,
}

impl Environment {
    /// The process's environment.
    #[must_use]
    pub fn read() -> Self {
        // Variables that are not UTF-8 are none of ours.
        Self::of(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))))
    }

    /// An environment of these variables.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { values: values.into_iter().collect(), problems: Vec::new() }
    }

    /// A variable that must be set and not empty. If it is not, [`Environment::check`] says so.
    pub fn text(&mut self, name: &str) -> String {
        if let Some(value) = self.values.get(name).filter(|value| !value.is_empty()) {
            return value.clone();
        }
        self.problems.push(format!("{name} is not set"));
        String::new()
    }

    /// A number that has a default; `least` is the smallest that makes sense.
    pub fn number(&mut self, name: &str, default: u32, least: u32) -> u32 {
        let Some(text) = self.values.get(name) else {
            return default;
        };
        match text.parse::<u32>() {
            Ok(value) if value >= least => value,
            _ => {
                self.problems.push(format!("{name} is `{text}`; expected a whole number of at least {least}"));
                default
            }
        }
    }

    /// The installation's name, from `INSTALLATION`; none if it is wrong, which
    /// [`Environment::check`] says.
    pub fn installation(&mut self) -> Option<Installation> {
        let text = self.text("INSTALLATION");
        if text.is_empty() {
            return None;
        }
        Installation::parse(text).map_err(|invalid| self.wrong("INSTALLATION", invalid)).ok()
    }

    /// What needs the installation's name, once [`Environment::check`] was asked whether it is right.
    ///
    /// # Errors
    /// `InvalidConfiguration` if there is none.
    pub fn named(installation: Option<&Installation>) -> Result<&Installation, Fault> {
        installation.ok_or_else(|| FaultName::InvalidConfiguration.because("INSTALLATION is not a valid name"))
    }

    fn wrong(&mut self, name: &str, problem: impl Display) {
        self.problems.push(format!("{name}: {problem}"));
    }

    /// Whether all that was asked for was there.
    ///
    /// # Errors
    /// `InvalidConfiguration` with every problem.
    pub fn check(&self) -> Result<(), Fault> {
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(FaultName::InvalidConfiguration
            .because(format!("{}; infra/template.yaml sets these variables", self.problems.join("; "))))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn everything_missing_is_told_at_once() {
        let mut environment = Environment::of([
            ("SETTLE_SECONDS".to_owned(), "soon".to_owned()),
            ("INSTALLATION".to_owned(), "Not Valid".to_owned()),
        ]);
        environment.text("LEDGER_TABLE");
        environment.number("SETTLE_SECONDS", 60, 0);
        environment.installation();
        let fault = environment.check().unwrap_err();
        assert_eq!(fault.name, FaultName::InvalidConfiguration);
        for word in ["LEDGER_TABLE is not set", "SETTLE_SECONDS is `soon`", "Not Valid"] {
            assert!(fault.message.contains(word), "{fault}");
        }
    }

    #[test]
    fn a_complete_one_passes() {
        let mut environment = Environment::of([("LEDGER_TABLE".to_owned(), "t".to_owned())]);
        assert_eq!(environment.text("LEDGER_TABLE"), "t");
        assert_eq!(environment.number("SETTLE_SECONDS", 60, 0), 60);
        assert!(environment.check().is_ok());
    }
}
