//! The knobs: how fast states move, how they end, and which of two answers AWS gives where its sources disagree.

use serde::{Deserialize, Serialize};

/// How a created VPC endpoint ends up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointOutcome {
    /// It works.
    Available,
    /// It fails, with `failure_reason`.
    Failed,
    /// The provider turned it away. \[redis/docs: "Remove `PrivateLink`" rejects all connections\]
    Rejected,
    /// Somebody deleted it behind the caller's back.
    Deleted,
    /// It stays pending for as long as this is set.
    Stuck,
}

/// How a created association ends up, a service network's or a child's of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AssociationOutcome {
    /// It works.
    #[serde(rename = "ACTIVE")]
    Active,
    /// All but the last child of a group work. \[botocore: the status exists, nothing describes it\]
    #[serde(rename = "PARTIAL")]
    Partial,
    /// It fails, with `failure_reason`.
    #[serde(rename = "CREATE_FAILED")]
    CreateFailed,
    /// It stays in progress for as long as this is set.
    #[serde(rename = "stuck")]
    Stuck,
}

/// The words for a child's reachability: the documentation has two sets. \[AWS:privatelink/privatelink-access-resources, botocore\]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Accessibility {
    /// `Accessible`, `Pending`, `Inaccessible`, as in the documentation's sample.
    Accessible,
    /// `AVAILABLE`, `PENDING`, `FAILED`, as in the filter's documentation.
    #[serde(rename = "AVAILABLE")]
    Available,
}

/// What a request with a client token gets whose endpoint or association is gone. Documented nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenAfterDelete {
    /// The old one, which is deleted.
    Old,
    /// A new one.
    New,
}

/// What `DescribeVpcEndpoints` says of a deleted endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeletedEndpoints {
    /// Nothing; by id, `InvalidVpcEndpointId.NotFound`.
    Gone,
    /// It is listed, with state `deleted`. \[botocore: the filter vpc-endpoint-state has `deleted`\]
    Listed,
}

/// What `ListPendingInvitationResources` says of an invitation that was accepted. Documented nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AcceptedResources {
    /// An empty list.
    Empty,
    /// The same list as before.
    Listed,
}

/// All knobs. Counts of polls are answers that still show the old state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "every knob is one independent choice of a test")]
pub struct Settings {
    /// How many answers show a new endpoint as pending.
    pub endpoint_pending_polls: u32,
    /// How long a new endpoint is pending at least, in milliseconds.
    pub endpoint_pending_ms: u64,
    /// How many answers show a new association (or an endpoint's child) as in progress.
    pub association_pending_polls: u32,
    /// How long a new association is in progress at least, in milliseconds.
    pub association_pending_ms: u64,
    /// How many reads of RAM after an acceptance do not know of it yet.
    pub accept_lag_polls: u32,
    /// How long a created endpoint is invisible to Describe, in milliseconds.
    pub describe_lag_ms: u64,
    /// How many answers show a deleted endpoint or association as deleting.
    pub delete_pending_polls: u32,
    /// Whether lists begin with an empty page that has a token.
    pub empty_pages: bool,
    /// The most entries of one page; none leaves it to each service.
    pub page_size: Option<usize>,
    /// Whether `GetResourceConfiguration` is denied to those that do not own it.
    pub deny_resource_configuration: bool,
    /// Whether `ListResourceConfigurations` is denied.
    pub deny_group_listing: bool,
    /// Whether Resource endpoints answer `Available` and `IPV4` instead of camel case.
    pub upper_case_states: bool,
    /// The words for a child's reachability.
    pub accessibility: Accessibility,
    /// How an endpoint ends up.
    pub endpoint_outcome: EndpointOutcome,
    /// Why an endpoint or association failed, for people.
    pub failure_reason: String,
    /// Why an endpoint or association failed, as a code.
    pub failure_code: String,
    /// How an association ends up.
    pub association_outcome: AssociationOutcome,
    /// Names of configurations that never become reachable.
    pub inaccessible_children: Vec<String>,
    /// How long an invitation lives: 12 hours for VPC Lattice's types. \[AWS:ram/userguide/working-with-shared-invitations\]
    pub invitation_lifetime_hours: u32,
    /// What becomes of deleted endpoints in lists.
    pub deleted_endpoints: DeletedEndpoints,
    /// Whether an endpoint's connection notifications stay when it is deleted. Documented nowhere.
    pub notifications_stay: bool,
    /// What a used token gets after a deletion.
    pub token_after_delete: TokenAfterDelete,
    /// How long client tokens are remembered, in milliseconds; none is for ever. \[AWS:ec2-api-idempotency gives no time\]
    pub token_retention_ms: Option<u64>,
    /// What an accepted invitation's pending resources are.
    pub pending_resources_after_accept: AcceptedResources,
    /// Whether an association that is being created cannot be deleted (`ConflictException`).
    pub delete_while_creating_conflicts: bool,
    /// Whether associations are managed by an AWS service, which alone can delete them. \[botocore: `isManagedAssociation`\]
    pub managed_associations: bool,
    /// Addresses that an endpoint takes in each subnet: 1 per network interface, or 16 (a /28). \[AWS:privatelink and redis/docs differ\]
    pub addresses_per_endpoint: u32,
    /// Whether a new subnet of an Interface endpoint is refused while another one of its zone is removed by the same call.
    /// \[not documented: terraform-provider-aws does both in one call; openshift/aws-vpce-operator removes first, to avoid this refusal\]
    pub refuse_subnet_swap: bool,
    /// Quota of Resource endpoints per VPC. \[AWS:privatelink/vpc-limits-endpoints, L-CA6CC422\]
    pub resource_endpoints_per_vpc: usize,
    /// Quota of `ServiceNetwork` endpoints per VPC. \[the same, L-3B4E38D2\]
    pub service_network_endpoints_per_vpc: usize,
    /// Quota of Interface endpoints per VPC. \[the same, L-29B6F2EB\]
    pub interface_endpoints_per_vpc: usize,
    /// Quota of Gateway endpoints per Region. \[the same, L-1B52E74A\]
    pub gateway_endpoints_per_region: usize,
    /// Quota of resource configurations per service network. \[AWS:vpc-lattice/ug/quotas\]
    pub resources_per_service_network: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint_pending_polls: 1,
            endpoint_pending_ms: 0,
            association_pending_polls: 1,
            association_pending_ms: 0,
            accept_lag_polls: 0,
            describe_lag_ms: 0,
            delete_pending_polls: 1,
            empty_pages: true,
            page_size: None,
            deny_resource_configuration: false,
            deny_group_listing: false,
            upper_case_states: true,
            accessibility: Accessibility::Accessible,
            endpoint_outcome: EndpointOutcome::Available,
            failure_reason: "The resource gateway cannot be reached.".to_owned(),
            failure_code: "ResourceGatewayUnreachable".to_owned(),
            association_outcome: AssociationOutcome::Active,
            inaccessible_children: Vec::new(),
            invitation_lifetime_hours: 12,
            deleted_endpoints: DeletedEndpoints::Gone,
            notifications_stay: true,
            token_after_delete: TokenAfterDelete::Old,
            token_retention_ms: None,
            pending_resources_after_accept: AcceptedResources::Empty,
            delete_while_creating_conflicts: false,
            managed_associations: false,
            addresses_per_endpoint: 1,
            refuse_subnet_swap: false,
            resource_endpoints_per_vpc: 200,
            service_network_endpoints_per_vpc: 50,
            interface_endpoints_per_vpc: 50,
            gateway_endpoints_per_region: 20,
            resources_per_service_network: 500,
        }
    }
}

impl Settings {
    /// The same knobs with those changed that `patch` names.
    ///
    /// # Errors
    /// A sentence that names the knob that does not exist or the value that it cannot have.
    pub fn patched(&self, patch: serde_json::Map<String, serde_json::Value>) -> Result<Self, String> {
        let refused = |error: serde_json::Error| format!("the settings were left as they were: {error}");
        let mut all = serde_json::to_value(self).map_err(refused)?;
        if let Some(knobs) = all.as_object_mut() {
            knobs.extend(patch);
        }
        serde_json::from_value(all).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_changes_what_it_names_and_an_unknown_knob_is_refused() {
        let patch = json!({"endpoint_outcome": "stuck", "page_size": 1}).as_object().unwrap().clone();
        let patched = Settings::default().patched(patch).unwrap();
        assert_eq!(
            patched,
            Settings { endpoint_outcome: EndpointOutcome::Stuck, page_size: Some(1), ..Settings::default() }
        );
        let unknown = json!({"endpoint_outcom": "stuck"}).as_object().unwrap().clone();
        assert!(Settings::default().patched(unknown).unwrap_err().contains("endpoint_outcom"));
    }
}
