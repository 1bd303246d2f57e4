//! EC2's filters: every filter must match, by any one of its values; `*` and `?` are wildcards. \[`AWS:ec2/userguide/Using_Filtering`\]

use std::collections::BTreeMap;

use super::{Params, refusal};
use crate::wire::Refusal;

/// The filters of one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Filters(Vec<(String, Vec<String>)>);

impl Filters {
    /// Reads the filters and refuses those that the operation does not have.
    ///
    /// # Errors
    /// `InvalidParameterValue`, naming the filter.
    pub fn read(params: &Params, known: &[&str]) -> Result<Self, Refusal> {
        let mut filters = Vec::new();
        for prefix in params.structures("Filter") {
            let name = params.required(&format!("{prefix}.Name"))?;
            let tag = known.contains(&"tag-key") && name.starts_with("tag:");
            if !known.contains(&name) && !tag {
                return Err(refusal("InvalidParameterValue", format!("The filter '{name}' is invalid")));
            }
            filters.push((
                name.to_owned(),
                params.list(&format!("{prefix}.Value")).into_iter().map(str::to_owned).collect(),
            ));
        }
        Ok(Self(filters))
    }

    /// Whether something matches: `values` gives its values under a filter's name.
    pub fn match_with(&self, tags: &BTreeMap<String, String>, values: impl Fn(&str) -> Vec<String>) -> bool {
        self.0.iter().all(|(name, wanted)| {
            let seen: Vec<String> = match name.strip_prefix("tag:") {
                Some(key) => tags.get(key).into_iter().cloned().collect(),
                None if name == "tag-key" => tags.keys().cloned().collect(),
                None => values(name),
            };
            // States come in several cases, and a filter's documentation names one of them.
            let loose = name.ends_with("-state");
            wanted.iter().any(|pattern| {
                seen.iter().any(|value| {
                    if loose { wild(&pattern.to_lowercase(), &value.to_lowercase()) } else { wild(pattern, value) }
                })
            })
        })
    }
}

/// Matches `*` (any run) and `?` (any one) in a pattern.
fn wild(pattern: &str, text: &str) -> bool {
    fn matches(pattern: &[char], text: &[char]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some('*'), _) => matches(&pattern[1..], text) || (!text.is_empty() && matches(pattern, &text[1..])),
            (Some('?'), Some(_)) => matches(&pattern[1..], &text[1..]),
            (Some(a), Some(b)) if a == b => matches(&pattern[1..], &text[1..]),
            _ => false,
        }
    }
    matches(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn filters_are_all_needed_and_values_are_alternatives() {
        let form = b"Filter.1.Name=tag:owner&Filter.1.Value.1=conn-*&Filter.2.Name=vpc-endpoint-state&Filter.2.Value.1=pending&Filter.2.Value.2=available";
        let filters = Filters::read(&Params::read(form), &["vpc-endpoint-state", "tag-key"]).unwrap();
        let tags = BTreeMap::from([("owner".to_owned(), "conn-1".to_owned())]);
        assert!(filters.match_with(&tags, |_| vec!["Available".to_owned()]));
        assert!(!filters.match_with(&tags, |_| vec!["failed".to_owned()]));
        assert!(!filters.match_with(&BTreeMap::new(), |_| vec!["available".to_owned()]));
        assert!(Filters::read(&Params::read(b"Filter.1.Name=colour&Filter.1.Value.1=x"), &["vpc-id"]).is_err());
    }
}
