//! A scripted AWS: it gives the answers it was told to, in order, and keeps the requests. Below it
//! runs the real SDK, so a test sees what goes over the wire and how an answer is read.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;

/// One answer.
#[derive(Debug, Clone)]
pub enum Answer {
    /// An HTTP status, an error type for the header of the JSON protocols, and a body.
    Says(u16, Option<String>, String),
    /// None: the connection is cut.
    Cut,
}

impl Answer {
    /// A 200 with this body.
    #[must_use]
    pub fn ok(body: &str) -> Self {
        Self::Says(200, None, body.to_owned())
    }

    /// An error of RAM or VPC Lattice.
    #[must_use]
    pub fn json_error(status: u16, code: &str) -> Self {
        Self::Says(status, Some(code.to_owned()), r#"{"message":"AWS's words."}"#.to_owned())
    }

    /// An error of EC2.
    #[must_use]
    pub fn ec2_error(status: u16, code: &str) -> Self {
        let error = format!("<Error><Code>{code}</Code><Message>AWS's words.</Message></Error>");
        Self::Says(status, None, format!("<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>"))
    }
}

/// One request, as it went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The body.
    pub body: String,
}

impl Request {
    fn of(request: &HttpRequest) -> Self {
        let uri = request.uri();
        let after_scheme = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        Self {
            method: request.method().to_owned(),
            path: after_scheme.find('/').map_or("/", |slash| &after_scheme[slash..]).to_owned(),
            body: String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned(),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    answers: VecDeque<Answer>,
    requests: Vec<Request>,
}

/// The scripted AWS.
#[derive(Debug, Clone, Default)]
pub struct Script(Arc<Mutex<State>>);

impl Script {
    /// It gives these answers, in this order; after the last one, every connection is cut.
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(Arc::new(Mutex::new(State { answers: answers.into_iter().collect(), requests: Vec::new() })))
    }

    /// A configuration that leads to it. Nothing is tried twice.
    #[must_use]
    pub fn config(&self) -> SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        let credentials =
            Credentials::builder().access_key_id("111122223333").secret_access_key("s").provider_name("script");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials.build()))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build()
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).requests.clone()
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.requests.push(Request::of(request));
        let Some(Answer::Says(status, error, body)) = state.answers.pop_front() else {
            return Err(ConnectorError::io(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()));
        };
        let status = StatusCode::try_from(status).map_err(|error| ConnectorError::user(error.into()))?;
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        if let Some(error) = error {
            response.headers_mut().insert("x-amzn-errortype", error);
        }
        Ok(response)
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(&request))
    }
}
