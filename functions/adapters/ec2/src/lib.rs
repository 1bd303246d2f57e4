//! EC2: VPC endpoints, and the network that they stand in.

mod associations;
mod changes;
mod endpoints;
mod groups;
mod inventory;
mod network;
mod notifications;
mod requests;
mod routes;
mod services;

use std::collections::BTreeMap;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, Tag};
use aws_types::SdkConfig;

/// The most that a page of EC2's lists can hold.
const PAGE: i32 = 1000;

/// EC2, seen from the account that connects.
#[derive(Debug, Clone)]
pub struct Ec2(Client);

impl Ec2 {
    /// With this configuration.
    #[must_use]
    pub fn new(sdk: &SdkConfig) -> Self {
        Self(Client::new(sdk))
    }
}

/// Looking up by filter leaves out what does not exist, where looking up by id fails for all.
fn filter(name: impl Into<String>, values: impl IntoIterator<Item = impl ToString>) -> Filter {
    let values = values.into_iter().map(|value| value.to_string()).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// Tags in EC2's words.
fn said(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// `InvalidVpcEndpointId.NotFound` and its kind: EC2 spells `Id` in several ways.
fn is_not_found(code: Option<&str>) -> bool {
    code.is_some_and(|code| code.ends_with(".NotFound"))
}
