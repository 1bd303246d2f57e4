//! A service-network resource association, as either call shows it.

use aws_sdk_vpclattice::operation::get_service_network_resource_association::GetServiceNetworkResourceAssociationOutput;
use aws_sdk_vpclattice::types::{
    DnsEntry, ServiceNetworkResourceAssociationStatus, ServiceNetworkResourceAssociationSummary,
};
use drawbridge_domain::ids::{AssociationId, ResourceArn};
use drawbridge_domain::network::Association;
use drawbridge_domain::reach::{DnsName, DnsScope};
use drawbridge_sdk::{BadRow, field};

/// What the list and the single answer have in common.
pub(crate) struct Row<'a> {
    id: Option<&'a str>,
    arn: Option<&'a str>,
    status: Option<&'a str>,
    resource: Option<&'a str>,
    resource_name: Option<&'a str>,
    failure: [Option<&'a str>; 2],
    managed: bool,
    dns: [(DnsScope, Option<&'a DnsEntry>); 2],
}

impl<'a> From<&'a ServiceNetworkResourceAssociationSummary> for Row<'a> {
    fn from(row: &'a ServiceNetworkResourceAssociationSummary) -> Self {
        Self {
            id: row.id(),
            arn: row.arn(),
            status: row.status().map(ServiceNetworkResourceAssociationStatus::as_str),
            resource: row.resource_configuration_arn(),
            resource_name: row.resource_configuration_name(),
            failure: [row.failure_code(), None],
            managed: row.is_managed_association().unwrap_or_default(),
            dns: [(DnsScope::Regional, row.dns_entry()), (DnsScope::Private, row.private_dns_entry())],
        }
    }
}

impl<'a> From<&'a GetServiceNetworkResourceAssociationOutput> for Row<'a> {
    fn from(row: &'a GetServiceNetworkResourceAssociationOutput) -> Self {
        Self {
            id: row.id(),
            arn: row.arn(),
            status: row.status().map(ServiceNetworkResourceAssociationStatus::as_str),
            resource: row.resource_configuration_arn(),
            resource_name: row.resource_configuration_name(),
            failure: [row.failure_code(), row.failure_reason()],
            managed: row.is_managed_association().unwrap_or_default(),
            dns: [(DnsScope::Regional, row.dns_entry()), (DnsScope::Private, row.private_dns_entry())],
        }
    }
}

impl Row<'_> {
    pub(crate) fn read(self) -> Result<Association, BadRow> {
        let failure: Vec<_> = self.failure.into_iter().flatten().filter(|words| !words.is_empty()).collect();
        Ok(Association {
            id: AssociationId::parse(field(self.id, "id")?)?,
            arn: field(self.arn, "arn")?.to_owned(),
            status: field(self.status, "status")?.to_owned(),
            resource: self.resource.and_then(|arn| ResourceArn::parse(arn).ok()),
            resource_name: self.resource_name.map(str::to_owned),
            failure: (!failure.is_empty()).then(|| failure.join(": ")),
            managed: self.managed,
            dns: self.dns.into_iter().filter_map(|(scope, entry)| dns_name(scope, entry?)).collect(),
        })
    }
}

fn dns_name(scope: DnsScope, entry: &DnsEntry) -> Option<DnsName> {
    let name = entry.domain_name().filter(|name| !name.is_empty())?.to_owned();
    let hosted_zone = entry.hosted_zone_id().filter(|zone| !zone.is_empty()).map(str::to_owned);
    Some(DnsName { scope, name, hosted_zone })
}
