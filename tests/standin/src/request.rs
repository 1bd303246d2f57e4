//! What a request says about itself: who calls, in which Region, which operation of which service.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

use crate::wire::Protocol;

/// Who calls, as the request shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The 12-digit access key id, which is the account here as in the emulator behind; empty if there is none.
    pub account: String,
    /// The Region of the credential scope.
    pub region: String,
    /// The `app/<id>` of the user agent: the function's name. \[SDK: `AWS_SDK_UA_APP_ID`\]
    pub app: Option<String>,
    /// `attempt=<n>` of `amz-sdk-request`: which try of the SDK's own retries this is.
    pub attempt: Option<u32>,
}

impl Caller {
    /// Reads the caller from the headers; what is missing stays empty.
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Credential=<access key id>/<date>/<region>/<service>/aws4_request
        let mut scope = text("authorization").split_once("Credential=").map_or("", |(_, rest)| rest).split('/');
        let key = scope.next().unwrap_or_default();
        let is_account = key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit());
        let app = ["x-amz-user-agent", "user-agent"]
            .into_iter()
            .find_map(|name| text(name).split_whitespace().find_map(|word| word.strip_prefix("app/")));
        Self {
            account: if is_account { key.to_owned() } else { String::new() },
            region: scope.nth(1).unwrap_or_default().to_owned(),
            app: app.map(str::to_owned),
            attempt: text("amz-sdk-request")
                .split(';')
                .find_map(|part| part.trim().strip_prefix("attempt=")?.parse().ok()),
        }
    }
}

/// Which operation of which service a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// `ec2`, `ram`, `vpc-lattice`, `servicequotas`, `route53`, `dynamodb`, `states`, `events`, `ssm`, or another service of the emulator behind.
    pub service: String,
    /// The operation's name in the service model; for EC2 it is in the form, so this is empty until that is read.
    pub name: String,
    /// How the service speaks.
    pub protocol: Protocol,
    /// The identifier in the path (VPC Lattice), decoded.
    pub label: String,
}

impl Operation {
    fn new(service: &str, name: &str, protocol: Protocol, label: String) -> Self {
        Self { service: service.to_owned(), name: name.to_owned(), protocol, label }
    }

    /// Reads service and operation from the request line and headers.
    ///
    /// # Errors
    /// A sentence for the caller when nothing here answers such a request.
    pub fn of(parts: &Parts) -> Result<Self, String> {
        if let Some(target) = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()) {
            return Ok(Self::of_target(target));
        }
        let path = parts.uri.path();
        let mut segments = path.trim_matches('/').splitn(2, '/');
        let head = segments.next().unwrap_or_default();
        let label =
            segments.next().map_or_else(String::new, |raw| percent_decode_str(raw).decode_utf8_lossy().into_owned());
        let labelled = !label.is_empty();
        let ram = |name: &str| Ok(Self::new("ram", name, Protocol::RestJson, String::new()));
        let lattice = |name: &str| Ok(Self::new("vpc-lattice", name, Protocol::RestJson, label.clone()));
        match (&parts.method, head, labelled) {
            (&Method::POST, "", false) => Ok(Self::new("ec2", "", Protocol::Ec2Query, String::new())),
            // Paths of RAM: [botocore: ram/2018-01-04, http.requestUri]
            (&Method::POST, "getresourceshareinvitations", false) => ram("GetResourceShareInvitations"),
            (&Method::POST, "listpendinginvitationresources", false) => ram("ListPendingInvitationResources"),
            (&Method::POST, "acceptresourceshareinvitation", false) => ram("AcceptResourceShareInvitation"),
            (&Method::POST, "rejectresourceshareinvitation", false) => ram("RejectResourceShareInvitation"),
            (&Method::POST, "getresourceshares", false) => ram("GetResourceShares"),
            (&Method::POST, "listresources", false) => ram("ListResources"),
            // Paths of VPC Lattice: [botocore: vpc-lattice/2022-11-30, http.requestUri]
            (&Method::GET, "resourceconfigurations", true) => lattice("GetResourceConfiguration"),
            (&Method::GET, "resourceconfigurations", false) => lattice("ListResourceConfigurations"),
            (&Method::GET, "servicenetworks", true) => lattice("GetServiceNetwork"),
            (&Method::GET, "servicenetworkvpcassociations", false) => lattice("ListServiceNetworkVpcAssociations"),
            (&Method::POST, "servicenetworkresourceassociations", false) => {
                lattice("CreateServiceNetworkResourceAssociation")
            }
            (&Method::GET, "servicenetworkresourceassociations", true) => {
                lattice("GetServiceNetworkResourceAssociation")
            }
            (&Method::GET, "servicenetworkresourceassociations", false) => {
                lattice("ListServiceNetworkResourceAssociations")
            }
            (&Method::DELETE, "servicenetworkresourceassociations", true) => {
                lattice("DeleteServiceNetworkResourceAssociation")
            }
            // [botocore: route53/2013-04-01, http.requestUri]
            (&Method::GET, "2013-04-01", true) if label == "hostedzonesbyvpc" => {
                Ok(Self::new("route53", "ListHostedZonesByVPC", Protocol::RestXml, String::new()))
            }
            (&Method::GET, "tags", true) => lattice("ListTagsForResource"),
            (&Method::POST, "tags", true) => lattice("TagResource"),
            (&Method::DELETE, "tags", true) => lattice("UntagResource"),
            (method, _, _) => Err(format!(
                "the stand-in has no operation at {method} {path}: it knows RAM, VPC Lattice and EC2 (see its README), passes requests with X-Amz-Target on, and is told what to do under /_standin/"
            )),
        }
    }

    /// `DynamoDB_20120810.PutItem` is `PutItem` of `dynamodb`.
    fn of_target(target: &str) -> Self {
        let (prefix, name) = target.split_once('.').unwrap_or((target, ""));
        let service = match prefix {
            "AWSStepFunctions" => "states".to_owned(),
            "AWSEvents" => "events".to_owned(),
            "AmazonSSM" => "ssm".to_owned(),
            "ServiceQuotasV20190624" => "servicequotas".to_owned(),
            other => other.split('_').next().unwrap_or(other).to_lowercase(),
        };
        Self { service, name: name.to_owned(), protocol: Protocol::AwsJson, label: String::new() }
    }

    /// Whether the call changes something, so that a test can ask for "no mutating call".
    pub fn mutates(&self) -> bool {
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| self.name.starts_with(prefix));
        match self.service.as_str() {
            "ec2" => starts(&["Create", "Delete", "Modify", "Authorize", "Revoke"]),
            "ram" => starts(&["Accept", "Reject"]),
            "vpc-lattice" => starts(&["Create", "Delete", "Tag", "Untag"]),
            "dynamodb" => matches!(
                self.name.as_str(),
                "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" | "BatchWriteItem"
            ),
            "states" => starts(&["StartExecution", "SendTask", "StopExecution"]),
            "events" => self.name == "PutEvents",
            "ssm" => matches!(self.name.as_str(), "PutParameter" | "DeleteParameter"),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use axum::http::Request;

    use super::*;

    fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_caller_is_read_from_the_signature_and_the_user_agent() {
        let request = parts(
            "POST",
            "/",
            &[
                (
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=111122223333/20261121/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0",
                ),
                ("user-agent", "aws-sdk-rust/1.3.9 os/linux"),
                (
                    "x-amz-user-agent",
                    "aws-sdk-rust/1.3.9 ua/2.1 api/ec2/1.274 os/linux lang/rust/1.95 app/drawbridge-open",
                ),
                ("amz-sdk-request", "attempt=2; max=3"),
            ],
        );
        let caller = Caller::of(&request.headers);
        assert_eq!(caller.account, "111122223333");
        assert_eq!(caller.region, "us-east-1");
        assert_eq!(caller.app.as_deref(), Some("drawbridge-open"));
        assert_eq!(caller.attempt, Some(2));
    }

    #[test]
    fn an_access_key_that_is_no_account_leaves_the_account_empty() {
        let request = parts(
            "POST",
            "/",
            &[("authorization", "AWS4-HMAC-SHA256 Credential=test/20261121/us-east-1/ec2/aws4_request")],
        );
        assert_eq!(Caller::of(&request.headers).account, "");
    }

    #[test]
    fn targets_and_paths_name_their_operation() {
        let put = Operation::of(&parts("POST", "/", &[("x-amz-target", "DynamoDB_20120810.PutItem")])).unwrap();
        assert_eq!((put.service.as_str(), put.name.as_str(), put.mutates()), ("dynamodb", "PutItem", true));
        let start = Operation::of(&parts("POST", "/", &[("x-amz-target", "AWSStepFunctions.StartExecution")])).unwrap();
        assert_eq!((start.service.as_str(), start.mutates()), ("states", true));
        let tags = Operation::of(&parts("GET", "/tags/arn%3Aaws%3Avpc-lattice%3Aus-east-1%3A1%3Ax%2Fy", &[])).unwrap();
        assert_eq!(tags.name, "ListTagsForResource");
        assert_eq!(tags.label, "arn:aws:vpc-lattice:us-east-1:1:x/y");
        assert!(Operation::of(&parts("GET", "/elsewhere", &[])).unwrap_err().contains("GET /elsewhere"));
    }
}
