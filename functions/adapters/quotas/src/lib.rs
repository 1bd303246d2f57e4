//! Service Quotas: what a quota is in this account and Region.

use aws_sdk_servicequotas::Client;
use aws_sdk_servicequotas::operation::get_service_quota::GetServiceQuotaError;
use aws_sdk_servicequotas::types::ServiceQuota;
use aws_types::SdkConfig;
use drawbridge_domain::Fault;
use drawbridge_domain::ports::AppliedQuotas;
use drawbridge_sdk::fault;

const GET: &str = "servicequotas:GetServiceQuota";

/// Service Quotas of an account in a Region. The client is made with the first question: hardly a connection asks one.
#[derive(Debug, Clone)]
pub struct ServiceQuotas(SdkConfig);

impl ServiceQuotas {
    /// With this configuration.
    #[must_use]
    pub fn new(sdk: &SdkConfig) -> Self {
        Self(sdk.clone())
    }
}

impl AppliedQuotas for ServiceQuotas {
    async fn applied_quota(&self, code: &str) -> Result<Option<usize>, Fault> {
        let request = Client::new(&self.0).get_service_quota().service_code("vpc").quota_code(code);
        match request.send().await {
            Ok(found) => Ok(found.quota().and_then(ServiceQuota::value).map(whole)),
            Err(error) if error.as_service_error().is_some_and(GetServiceQuotaError::is_no_such_resource_exception) => {
                Ok(None)
            }
            Err(error) => Err(fault(GET, error)),
        }
    }
}

/// Service Quotas says every value as a decimal fraction; what is no number is none at all.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, and counts are small")]
fn whole(value: f64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::FaultName;
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    #[tokio::test]
    async fn a_quota_is_read_by_its_code() {
        let script = Script::new([
            Answer::ok(r#"{"Quota":{"QuotaCode":"L-29B6F2EB","Value":75.0,"Adjustable":true}}"#),
            Answer::ok(r#"{"Quota":{"QuotaCode":"L-29B6F2EB"}}"#),
            Answer::json_error(400, "NoSuchResourceException"),
            Answer::json_error(400, "AccessDeniedException"),
        ]);
        let quotas = ServiceQuotas::new(&script.config());
        assert_eq!(quotas.applied_quota("L-29B6F2EB").await.unwrap(), Some(75));
        assert_eq!(script.requests()[0].body, r#"{"ServiceCode":"vpc","QuotaCode":"L-29B6F2EB"}"#);
        assert_eq!(quotas.applied_quota("L-29B6F2EB").await.unwrap(), None, "no value");
        assert_eq!(quotas.applied_quota("L-29B6F2EB").await.unwrap(), None, "only its default is known");
        let denied = quotas.applied_quota("L-29B6F2EB").await.unwrap_err();
        assert_eq!(denied.name, FaultName::AccessDenied);
        assert!(denied.message.starts_with("servicequotas:GetServiceQuota is not allowed"), "{denied}");
    }

    #[test]
    fn a_count_is_whole() {
        let counts = [50.0, 50.9, -1.0, f64::NAN, f64::INFINITY].map(whole);
        assert_eq!(counts, [50, 50, 0, 0, usize::MAX]);
    }
}
