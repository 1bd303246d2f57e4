//! How Drawbridge speaks to AWS.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::origin::Origin;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// Waits of minutes belong to the state machine: a call and its retries end within this.
const OPERATION_TIMEOUT: Duration = Duration::from_millis(4500);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// A debug build never meets AWS, but a local cloud whose one process shares two cores with every function: it has stood still
/// for longer than a call may take, and nothing was wrong.
const PATIENCE: u32 = if cfg!(debug_assertions) { 5 } else { 1 };
const MAX_ATTEMPTS: u32 = 3;
const INITIAL_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_millis(500);

/// The configuration of a Lambda function: Region, credentials, endpoints and application name from
/// the environment and from nowhere else. It looks at no file and asks no metadata service, so that
/// a cold start does not pay for either; what AWS's own loader brings for those is not even linked.
///
/// It reads `AWS_REGION` (else `AWS_DEFAULT_REGION`), `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
/// `AWS_SESSION_TOKEN`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>`,
/// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`,
/// `AWS_SDK_UA_APP_ID` and the usual proxy variables.
pub async fn config() -> SdkConfig {
    Environment::read().config()
}

/// The configuration of a program that a person runs: like [`config`], but with AWS's own chain of
/// credentials and Regions, profiles included.
pub async fn config_with_profiles() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .retry_config(retries())
        .timeout_config(timeouts())
        .http_client(http_client())
        .load()
        .await
}

/// The HTTP client of both: TLS by rustls on ring (docs/adr/0003), made when it is first needed.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    LazyHttpClient::shared()
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(MAX_ATTEMPTS)
        .with_initial_backoff(INITIAL_BACKOFF)
        .with_max_backoff(MAX_BACKOFF)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT * PATIENCE)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT * PATIENCE)
        .operation_timeout(OPERATION_TIMEOUT * PATIENCE)
        .build()
}

/// The `AWS_` part of the environment, read once.
#[derive(Debug, Clone)]
struct Environment(Arc<BTreeMap<String, String>>);

impl Environment {
    fn read() -> Self {
        let readable =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::of(readable)
    }

    fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = variables.into_iter().filter(|(name, value)| name.starts_with("AWS_") && !value.trim().is_empty());
        Self(Arc::new(ours.collect()))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim())
    }

    fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    fn config(&self) -> SdkConfig {
        let region = self.get("AWS_REGION").or_else(|| self.get("AWS_DEFAULT_REGION"));
        let app_name = self.get("AWS_SDK_UA_APP_ID").map(|name| AppName::new(name.to_owned()));
        let app_name = app_name.and_then(|name| {
            name.inspect_err(|error| tracing::warn!(%error, "AWS_SDK_UA_APP_ID is left out of the user agent")).ok()
        });
        let endpoint = self.endpoint("AWS_ENDPOINT_URL").map(str::to_owned);

        let mut builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.map(|region| Region::new(region.to_owned())))
            .credentials_provider(SharedCredentialsProvider::new(EnvironmentCredentials(self.credentials())))
            .service_config(self.clone())
            .retry_config(retries())
            .timeout_config(timeouts())
            .http_client(http_client());
        builder.set_app_name(app_name);
        builder.set_endpoint_url(endpoint);
        // AWS's loader marks them the same way: without the first mark, a client may prefer its
        // service's own retries; with a mark of code on the URL, it would not look for its own.
        builder.insert_origin("retry_config", Origin::shared_config());
        builder.insert_origin("endpoint_url", Origin::shared_environment_variable());
        if self.is_on("AWS_USE_FIPS_ENDPOINT") {
            builder.set_use_fips(Some(true));
        }
        if self.is_on("AWS_USE_DUALSTACK_ENDPOINT") {
            builder.set_use_dual_stack(Some(true));
        }
        builder.build()
    }

    fn endpoint(&self, name: &str) -> Option<&str> {
        if self.is_on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") { None } else { self.get(name) }
    }

    fn credentials(&self) -> Option<Credentials> {
        let mut credentials = Credentials::builder()
            .access_key_id(self.get("AWS_ACCESS_KEY_ID")?)
            .secret_access_key(self.get("AWS_SECRET_ACCESS_KEY")?)
            .provider_name("Environment");
        credentials.set_session_token(self.get("AWS_SESSION_TOKEN").map(str::to_owned));
        Some(credentials.build())
    }
}

impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace(' ', "_");
        self.endpoint(&format!("{}_{service}", key.env())).map(str::to_owned)
    }
}

/// What the environment holds, or the reason why nothing can be signed.
#[derive(Debug)]
struct EnvironmentCredentials(Option<Credentials>);

impl ProvideCredentials for EnvironmentCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(self.0.clone().ok_or_else(|| {
            CredentialsError::not_loaded("AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not in the environment")
        }))
    }
}

/// One pool of connections for all clients, made at the first call.
///
/// AWS's default makes a TLS configuration with every client and throws it away, only so that the
/// certificates are read early. Most invocations of a function use some of its clients.
#[derive(Debug)]
struct LazyHttpClient(SharedHttpClient);

impl LazyHttpClient {
    fn shared() -> SharedHttpClient {
        SharedHttpClient::new(Self(Builder::new().build_with_connector_fn(|settings, components| {
            let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::Ring));
            connector.set_connector_settings(settings.cloned());
            connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
            connector.set_proxy_config(Some(ProxyConfig::from_env()));
            connector.build()
        })))
    }
}

impl HttpClient for LazyHttpClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use aws_sdk_ram::Client;
    use aws_sdk_ram::types::ResourceOwner;
    use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
    use drawbridge_domain::{Fault, FaultName};

    use super::*;

    fn environment(more: &[(&str, &str)]) -> Environment {
        let lambda = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "111122223333"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "session"),
            ("AWS_SDK_UA_APP_ID", "drawbridge-vet"),
        ];
        Environment::of(lambda.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    /// A server that does with each connection what the function says; gives its URL.
    fn server(serve: impl Fn(usize, &mut TcpStream) + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                serve(number, &mut stream.unwrap());
            }
        });
        url
    }

    fn read_request(stream: &mut TcpStream) -> String {
        let mut seen = Vec::new();
        let mut byte = [0];
        while !seen.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
            seen.push(byte[0]);
        }
        String::from_utf8(seen).unwrap()
    }

    fn answer(stream: &mut TcpStream, status: &str, body: &str) {
        let length = body.len();
        let _ = write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
    }

    /// Fifty times as fast as the clock.
    #[derive(Debug)]
    struct Hurried;

    impl AsyncSleep for Hurried {
        fn sleep(&self, duration: Duration) -> Sleep {
            Sleep::new(tokio::time::sleep(duration / 50))
        }
    }

    async fn call(config: SdkConfig) -> Result<(), Fault> {
        let request = Client::new(&config).get_resource_shares().resource_owner(ResourceOwner::OtherAccounts);
        request.send().await.map(drop).map_err(|error| crate::fault("ram:GetResourceShares", error))
    }

    #[test]
    fn one_call_with_its_retries_ends_in_under_five_seconds() {
        let config = environment(&[]).config();
        let longest = config.timeout_config().unwrap().operation_timeout().unwrap();
        assert!(longest / PATIENCE < Duration::from_secs(5));
        assert_eq!(config.retry_config().unwrap().max_attempts(), 3);
    }

    #[test]
    fn a_services_own_endpoint_goes_before_the_common_one() {
        let key = |service| {
            ServiceConfigKey::builder()
                .service_id(service)
                .env("AWS_ENDPOINT_URL")
                .profile("endpoint_url")
                .build()
                .unwrap()
        };
        let set =
            environment(&[("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_VPC_LATTICE", "http://lattice")]);
        assert_eq!(set.config().endpoint_url(), Some("http://all"));
        assert_eq!(set.load_config(key("VPC Lattice")).as_deref(), Some("http://lattice"));
        assert_eq!(set.load_config(key("EC2")), None);

        let ignored =
            environment(&[("AWS_ENDPOINT_URL", "http://all"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")]);
        assert_eq!(ignored.config().endpoint_url(), None);
    }

    #[tokio::test]
    async fn a_call_goes_where_the_environment_says_under_the_functions_name() {
        let url = server(|_, stream| {
            let request = read_request(stream).to_lowercase();
            let as_expected = request.contains("app/drawbridge-vet")
                && request.contains("credential=111122223333/")
                && request.contains("/eu-west-1/ram/")
                && request.contains("x-amz-security-token: session");
            answer(stream, if as_expected { "200 OK" } else { "400 Bad Request" }, "{}");
        });
        call(environment(&[("AWS_ENDPOINT_URL_RAM", &url)]).config()).await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_is_cut_or_an_error_of_the_server_is_tried_again() {
        let url = server(|number, stream| {
            read_request(stream);
            match number {
                0 => (),
                1 => answer(stream, "500 Internal Server Error", "{}"),
                _ => answer(stream, "200 OK", "{}"),
            }
        });
        call(environment(&[("AWS_ENDPOINT_URL_RAM", &url)]).config()).await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_stays_cut_is_an_unavailable_service() {
        let url = server(|_, stream| drop(read_request(stream)));
        let fault = call(environment(&[("AWS_ENDPOINT_URL_RAM", &url)]).config()).await.unwrap_err();
        assert_eq!(fault.name, FaultName::ServiceUnavailable, "{fault}");
        assert!(fault.message.contains("ram:GetResourceShares"), "{fault}");
    }

    #[tokio::test]
    async fn an_answer_that_never_comes_is_an_unavailable_service() {
        let url = server(|_, stream| {
            let open = stream.try_clone();
            thread::spawn(move || open.map(|mut open| read_request(&mut open) + &read_request(&mut open)));
        });
        let config = environment(&[("AWS_ENDPOINT_URL_RAM", &url)]).config();
        let fault = call(config.into_builder().sleep_impl(Hurried).build()).await.unwrap_err();
        assert_eq!(fault.name, FaultName::ServiceUnavailable, "{fault}");
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_an_unavailable_service() {
        let url = server(|_, stream| {
            read_request(stream);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{\"reso"
            );
        });
        let fault = call(environment(&[("AWS_ENDPOINT_URL_RAM", &url)]).config()).await.unwrap_err();
        assert_eq!(fault.name, FaultName::ServiceUnavailable, "{fault}");
    }

    #[tokio::test]
    async fn nobody_listening_is_an_unavailable_service() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = format!("http://{free}");
        let fault = call(environment(&[("AWS_ENDPOINT_URL_RAM", &url)]).config()).await.unwrap_err();
        assert_eq!(fault.name, FaultName::ServiceUnavailable, "{fault}");
    }

    #[tokio::test]
    async fn absent_credentials_are_named_with_the_way_out() {
        let bare = Environment::of([("AWS_REGION".to_owned(), "eu-west-1".to_owned())]);
        let fault = call(bare.config()).await.unwrap_err();
        assert_eq!(fault.name, FaultName::AccessDenied, "{fault}");
        assert!(fault.message.contains("AWS_ACCESS_KEY_ID"), "{fault}");
    }

    #[tokio::test]
    async fn an_absent_region_is_a_matter_of_configuration() {
        let bare = Environment::of([
            ("AWS_ACCESS_KEY_ID".to_owned(), "111122223333".to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), "secret".to_owned()),
        ]);
        let fault = call(bare.config()).await.unwrap_err();
        assert_eq!(fault.name, FaultName::InvalidConfiguration, "{fault}");
        assert!(fault.message.contains("egion"), "{fault}");
    }
}
