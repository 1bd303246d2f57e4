//! The one place where an error of the SDK becomes a [`Fault`].

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_smithy_http::endpoint::error::ResolveEndpointError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use drawbridge_domain::{Fault, FaultName};

/// In characters: a fault's message stands in the ledger, in events and in tables.
const LONGEST_MESSAGE: usize = 1000;
/// In characters: longer than any ARN that AWS names in a refusal, shorter than an encoded message.
const LONGEST_WORD: usize = 256;

/// What is wrong with the credentials themselves. AWS's words for these are left out: a refused
/// signature quotes the request, session token included.
const CREDENTIAL_ERRORS: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignature",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// A permission is missing.
const ACCESS_ERRORS: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "Client.UnauthorizedOperation",
    "NotAuthorized",
    "UnauthorizedException",
    "UnauthorizedOperation",
];

/// AWS's own trouble, also where it comes with another HTTP status than 5xx.
const SERVER_ERRORS: &[&str] = &[
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "ServerInternalException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Unavailable",
];

const RENEW: &str = "sign in again or correct the credentials (a function's are those of its role)";

/// What an error of the SDK means to Drawbridge. `action` is as IAM spells it, `ec2:CreateVpcEndpoint`.
///
/// A code that the caller has an answer to (something is gone already, say) must be looked at
/// before: here it is a fault.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "the last use of the error, and `map_err` hands it over")]
pub fn fault<E>(action: &str, error: SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match &error {
        SdkError::ServiceError(context) => {
            let (said, status) = (context.err().meta(), context.raw().status().as_u16());
            answered(action, said.code(), said.message(), Some(status))
        }
        SdkError::TimeoutError(_) => unavailable(action, "there was no answer in time"),
        SdkError::ResponseError(context) => {
            let status = context.raw().status().as_u16();
            unavailable(action, &format!("the answer (HTTP {status}) can't be read: {}", causes(&error)))
        }
        _ => unanswered(action, &error),
    }
}

/// What a refusal in an answer means to Drawbridge: for errors that stand inside a 200, too.
/// `status` is the HTTP status, where the refusal has one.
#[must_use]
pub fn answered(action: &str, code: Option<&str>, message: Option<&str>, status: Option<u16>) -> Fault {
    let code = code.unwrap_or_default();
    let name = classify(code, status.unwrap_or_default());
    let seen = match (code, status) {
        ("", Some(status)) => format!("HTTP {status} without an error code"),
        ("", None) => "an error without a code".to_owned(),
        (code, _) => code.to_owned(),
    };
    if CREDENTIAL_ERRORS.contains(&code) {
        return because(name, &format!("{action} was refused for its credentials ({seen}): {RENEW}"));
    }
    let words = message.map(shorten).filter(|words| !words.is_empty());
    let words = words.map_or_else(String::new, |words| format!(": {words}"));
    let verb = match name {
        FaultName::ServiceUnavailable => "failed",
        FaultName::AccessDenied => "is not allowed",
        _ => "was refused",
    };
    because(name, &format!("{action} {verb}: {seen}{words}"))
}

fn classify(code: &str, status: u16) -> FaultName {
    match (code, status) {
        (code, _) if THROTTLING_ERRORS.contains(&code) => FaultName::Throttled,
        (code, _) if CREDENTIAL_ERRORS.contains(&code) || ACCESS_ERRORS.contains(&code) => FaultName::AccessDenied,
        (code, _) if code.starts_with("Idempoten") && code.contains("Mismatch") => FaultName::IdempotencyConflict,
        ("ConflictException", _) => FaultName::Conflict,
        (code, _) if is_quota(code) => FaultName::QuotaExceeded,
        (code, _) if SERVER_ERRORS.contains(&code) || TRANSIENT_ERRORS.contains(&code) => FaultName::ServiceUnavailable,
        (_, 500..) => FaultName::ServiceUnavailable,
        (_, 429) => FaultName::Throttled,
        ("", 401 | 403) => FaultName::AccessDenied,
        _ => FaultName::InvalidRequest,
    }
}

/// `VpcEndpointLimitExceeded`, `ResourceShareLimitExceededException`, `ServiceQuotaExceededException` …
/// Codes of the same form that mean throttling have been taken out before.
fn is_quota(code: &str) -> bool {
    let code = code.strip_suffix("Exception").unwrap_or(code);
    code.ends_with("LimitExceeded") || code.ends_with("QuotaExceeded")
}

/// There is no answer: the connection failed, or the request never left for its credentials, its
/// endpoint or what is in it.
fn unanswered<E, R>(action: &str, error: &SdkError<E, R>) -> Fault
where
    SdkError<E, R>: Error + 'static,
{
    let why = causes(error);
    let credentials = chain(error).find_map(|cause| cause.downcast_ref::<CredentialsError>());
    let endpoint = chain(error).find_map(|cause| cause.downcast_ref::<ResolveEndpointError>());
    match (credentials, endpoint, error) {
        (Some(CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_)), ..) => {
            because(FaultName::AccessDenied, &format!("{action} was not sent, for want of credentials: {why}: {RENEW}"))
        }
        (Some(_), ..) => unavailable(action, &format!("the credentials can't be read: {why}")),
        (None, Some(_), _) => because(
            FaultName::InvalidConfiguration,
            &format!("{action} was not sent, there is no endpoint: {why}: look at AWS_REGION and AWS_ENDPOINT_URL"),
        ),
        (None, None, SdkError::ConstructionFailure(_)) => {
            because(FaultName::InvalidRequest, &format!("{action} was not sent, the request is not valid: {why}"))
        }
        (None, None, _) => unavailable(action, &format!("the connection failed: {why}")),
    }
}

fn unavailable(action: &str, what: &str) -> Fault {
    because(FaultName::ServiceUnavailable, &format!("{action} failed: {what}"))
}

fn because(name: FaultName, message: &str) -> Fault {
    name.because(cut(message, LONGEST_MESSAGE))
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Each cause in its own words, from the outside in. The outermost only says which kind of
/// [`SdkError`] it is, and many a cause repeats the next.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut said = Vec::<String>::new();
    for cause in chain(error).skip(1) {
        let words = shorten(&cause.to_string());
        if !said.iter().any(|earlier| earlier.contains(&words)) {
            said.push(words);
        }
    }
    said.join(": ")
}

/// In one line and without what no person can read, such as an encoded authorization message.
fn shorten(text: &str) -> String {
    let word = |word| if str::chars(word).count() > LONGEST_WORD { cut(word, 24) } else { word.to_owned() };
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .map(word)
        .collect::<Vec<_>>()
        .join(" ")
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::{Response, StatusCode};
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;
    use aws_smithy_types::retry::ErrorKind;

    use super::*;

    const ACTION: &str = "ec2:CreateVpcEndpoint";

    fn response(status: u16) -> HttpResponse {
        Response::new(StatusCode::try_from(status).unwrap(), SdkBody::empty())
    }

    fn refused(status: u16, code: &str, message: &str) -> Fault {
        let mut said = ErrorMetadata::builder().message(message);
        if !code.is_empty() {
            said = said.code(code);
        }
        fault(ACTION, SdkError::service_error(said.build(), response(status)))
    }

    fn lost(error: SdkError<ErrorMetadata, HttpResponse>) -> Fault {
        fault(ACTION, error)
    }

    #[test]
    fn every_refusal_has_its_name() {
        use FaultName::{
            AccessDenied, Conflict, IdempotencyConflict, InvalidRequest, QuotaExceeded, ServiceUnavailable, Throttled,
        };
        let table = [
            (400, "ThrottlingException", Throttled),
            (429, "ThrottlingException", Throttled),
            (503, "RequestLimitExceeded", Throttled),
            (400, "ProvisionedThroughputExceededException", Throttled),
            (429, "TooManyRequestsException", Throttled),
            (400, "LimitExceededException", Throttled),
            (429, "", Throttled),
            (500, "InternalServerException", ServiceUnavailable),
            (400, "InternalServerError", ServiceUnavailable),
            (500, "ServerInternalException", ServiceUnavailable),
            (503, "ServiceUnavailableException", ServiceUnavailable),
            (503, "Unavailable", ServiceUnavailable),
            (500, "InternalError", ServiceUnavailable),
            (400, "RequestTimeout", ServiceUnavailable),
            (502, "", ServiceUnavailable),
            (500, "SomethingNew", ServiceUnavailable),
            (403, "UnauthorizedOperation", AccessDenied),
            (400, "AccessDeniedException", AccessDenied),
            (403, "AccessDenied", AccessDenied),
            (403, "", AccessDenied),
            (403, "ExpiredTokenException", AccessDenied),
            (400, "UnrecognizedClientException", AccessDenied),
            (401, "AuthFailure", AccessDenied),
            (400, "VpcEndpointLimitExceeded", QuotaExceeded),
            (402, "ServiceQuotaExceededException", QuotaExceeded),
            (400, "ResourceShareLimitExceededException", QuotaExceeded),
            (400, "ExecutionLimitExceeded", QuotaExceeded),
            (400, "IdempotentParameterMismatch", IdempotencyConflict),
            (400, "IdempotentParameterMismatchException", IdempotencyConflict),
            (400, "IdempotencyParameterMismatch", IdempotencyConflict),
            (409, "ConflictException", Conflict),
            (400, "InvalidParameter", InvalidRequest),
            (404, "ResourceNotFoundException", InvalidRequest),
            (400, "InvalidClientTokenException", InvalidRequest),
            (400, "OperationNotPermittedException", InvalidRequest),
            (400, "", InvalidRequest),
        ];
        for (status, code, name) in table {
            let fault = refused(status, code, "AWS's words.");
            assert_eq!(fault.name, name, "{status} {code}");
            assert!(fault.message.contains(ACTION) && fault.message.contains(code), "{fault}");
        }
    }

    #[test]
    fn what_got_no_answer_may_succeed_later() {
        let reset = || io::Error::from(io::ErrorKind::ConnectionReset).into();
        let table = [
            SdkError::timeout_error("too slow"),
            SdkError::response_error("no XML", response(200)),
            SdkError::dispatch_failure(ConnectorError::io(reset())),
            SdkError::dispatch_failure(ConnectorError::timeout(reset())),
            SdkError::dispatch_failure(ConnectorError::other(reset(), Some(ErrorKind::TransientError))),
            SdkError::dispatch_failure(ConnectorError::other("no HTTP".into(), None)),
            SdkError::dispatch_failure(ConnectorError::other(
                CredentialsError::provider_error("the metadata service is away").into(),
                None,
            )),
        ];
        for error in table {
            let seen = format!("{error:?}");
            let fault = lost(error);
            assert_eq!(fault.name, FaultName::ServiceUnavailable, "{seen}");
            assert!(fault.message.starts_with("ec2:CreateVpcEndpoint failed: "), "{fault}");
        }
        let fault = lost(SdkError::dispatch_failure(ConnectorError::io(reset())));
        assert!(fault.message.ends_with("connection reset"), "{fault}");
    }

    #[test]
    fn what_was_never_sent_will_not_succeed_later() {
        let table = [
            (SdkError::construction_failure("the name is empty"), FaultName::InvalidRequest, "the name is empty"),
            (
                SdkError::dispatch_failure(ConnectorError::other(
                    ResolveEndpointError::message("no Region").into(),
                    None,
                )),
                FaultName::InvalidConfiguration,
                "AWS_REGION",
            ),
            (
                SdkError::dispatch_failure(ConnectorError::other(CredentialsError::not_loaded("none").into(), None)),
                FaultName::AccessDenied,
                "sign in again",
            ),
        ];
        for (error, name, words) in table {
            let fault = lost(error);
            assert_eq!(fault.name, name);
            assert!(fault.message.contains(ACTION) && fault.message.contains(words), "{fault}");
        }
    }

    #[test]
    fn a_refusal_names_the_action_and_keeps_the_words_that_can_be_read() {
        let encoded = "x".repeat(900);
        let message = format!(
            "You are not authorized to perform this operation.\nEncoded authorization failure message: {encoded}"
        );
        let fault = refused(403, "UnauthorizedOperation", &message);
        assert_eq!(
            fault.message,
            "ec2:CreateVpcEndpoint is not allowed: UnauthorizedOperation: You are not authorized to perform this operation. \
             Encoded authorization failure message: xxxxxxxxxxxxxxxxxxxxxxx…"
        );
    }

    #[test]
    fn a_refused_signature_is_not_quoted() {
        let message = "The Canonical String for this request should have been 'x-amz-security-token:IQoJb3JpZ2luX2Vj'";
        let fault = refused(403, "InvalidSignatureException", message);
        assert!(!fault.message.contains("IQoJ"), "{fault}");
        assert!(
            fault.message.contains("InvalidSignatureException") && fault.message.contains("sign in again"),
            "{fault}"
        );
    }

    #[test]
    fn a_message_stays_short() {
        let fault = refused(400, "ValidationException", &"so it goes ö ".repeat(500));
        assert_eq!(fault.message.chars().count(), LONGEST_MESSAGE);
        assert!(fault.message.ends_with('…'));
    }

    #[test]
    fn an_error_inside_a_200_is_classed_like_any_other() {
        assert_eq!(answered(ACTION, Some("UnauthorizedOperation"), None, None).name, FaultName::AccessDenied);
        assert_eq!(answered(ACTION, Some("InternalError"), Some("oh"), None).name, FaultName::ServiceUnavailable);
        assert_eq!(
            answered(ACTION, None, None, None).to_string(),
            "InvalidRequest: ec2:CreateVpcEndpoint was refused: an error without a code"
        );
    }
}
