//! The form of a query request: lists are numbered, members are dotted. \[botocore: protocol ec2\]

use std::collections::BTreeMap;

use super::refusal;
use crate::wire::Refusal;

/// The parameters of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads a form.
    pub fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The operation.
    pub fn action(&self) -> &str {
        self.text("Action").unwrap_or_default()
    }

    /// Refuses parameters that the operation does not have, so that none is ignored in silence. \[AWS:ec2 error codes: `UnknownParameter`\]
    ///
    /// # Errors
    /// `UnknownParameter`, naming it.
    pub fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let always = ["Action", "Version", "DryRun"];
        let unknown = self.0.keys().find(|name| {
            let first = name.split('.').next().unwrap_or_default();
            !known.contains(&first) && !always.contains(&first)
        });
        match unknown {
            Some(name) => Err(refusal("UnknownParameter", format!("The parameter {name} is not recognized"))),
            None => Ok(()),
        }
    }

    /// A text; empty is none.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Whether the request names a parameter or an entry of it, be it empty.
    pub fn names(&self, name: &str) -> bool {
        self.0.keys().any(|key| key.split('.').next() == Some(name) || key == name)
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// `MissingParameter`, naming it.
    pub fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name)
            .ok_or_else(|| refusal("MissingParameter", format!("The request must contain the parameter {name}")))
    }

    /// A boolean.
    ///
    /// # Errors
    /// `InvalidParameterValue`, naming it.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.text(name).map(|text| text.parse().map_err(|_| bad(name, text))).transpose()
    }

    /// A number.
    ///
    /// # Errors
    /// `InvalidParameterValue`, naming it.
    pub fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        self.text(name).map(|text| text.parse().map_err(|_| bad(name, text))).transpose()
    }

    /// A list of texts: `Name.1`, `Name.2`, … in the order of their numbers.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let mut entries: Vec<(usize, &str)> = self
            .0
            .iter()
            .filter_map(|(key, value)| {
                let number = key.strip_prefix(name)?.strip_prefix('.')?.parse().ok()?;
                Some((number, value.as_str()))
            })
            .collect();
        entries.sort_unstable();
        entries.into_iter().map(|(_, value)| value).collect()
    }

    /// A list of structures: the prefixes `Name.1`, `Name.2`, …
    pub fn structures(&self, name: &str) -> Vec<String> {
        let mut numbers: Vec<usize> = self
            .0
            .keys()
            .filter_map(|key| key.strip_prefix(name)?.strip_prefix('.')?.split('.').next()?.parse().ok())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().map(|number| format!("{name}.{number}")).collect()
    }

    /// All parameters but some as one text, to compare requests by.
    pub fn without(&self, names: &[&str]) -> String {
        let kept: BTreeMap<_, _> = self.0.iter().filter(|(name, _)| !names.contains(&name.as_str())).collect();
        format!("{kept:?}")
    }
}

fn bad(name: &str, value: &str) -> Refusal {
    refusal("InvalidParameterValue", format!("Value ({value}) for parameter {name} is invalid."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_the_order_of_their_numbers() {
        let params = Params::read(b"Action=X&SubnetId.10=j&SubnetId.2=b&SubnetId.1=a&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&MaxResults=7");
        assert_eq!(params.list("SubnetId"), ["a", "b", "j"]);
        assert_eq!(params.structures("Filter"), ["Filter.1"]);
        assert_eq!(params.list("Filter.1.Value"), ["vpc-1"]);
        assert!(params.names("Filter") && params.names("Filter.1.Name") && !params.names("VpcId"));
        assert_eq!(params.number("MaxResults"), Ok(Some(7)));
        assert_eq!(params.only(&["SubnetId", "Filter", "MaxResults"]), Ok(()));
        assert_eq!(params.only(&["SubnetId"]).map_err(|refusal| refusal.code), Err("UnknownParameter".to_owned()));
    }
}
