//! Request in, answer or named fault out.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use drawbridge_domain::{Fault, FaultName};
use futures_util::FutureExt as _;
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::metrics::count_fault;

/// What a function does with one request. Its ports are inside it; the time comes in.
#[allow(async_fn_in_trait, reason = "only this workspace implements and calls it, always with concrete types")]
pub trait Handler {
    /// What it takes.
    type Request: DeserializeOwned;
    /// What it answers.
    type Answer: Serialize;

    /// Does it.
    ///
    /// # Errors
    /// A named fault; Step Functions retries and catches by its name.
    async fn handle(&self, request: Self::Request, now: Timestamp) -> Result<Self::Answer, Fault>;
}

/// Serves requests until Lambda ends the process. A handler that could not be made answers every
/// request with the reason, so that the fault's name reaches the execution that asked.
///
/// # Errors
/// If the Lambda runtime API can't be reached.
pub async fn run<H: Handler>(handler: Result<H, Fault>) -> Result<(), Error> {
    registry().with(layer().json().flatten_event(true).with_current_span(false)).with(levels()).init();
    let handler = &handler;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| async move {
        let now = Timestamp::now();
        let outcome = match handler {
            Ok(handler) => answer(handler, event.payload.get(), now).await,
            Err(fault) => Err(fault.clone()),
        };
        outcome.map_err(|fault| {
            count_fault(fault.name, now);
            tracing::warn!(fault = fault.name.as_str(), request = event.context.request_id, "{}", fault.message);
            // Step Functions carries the message in states of 256 KiB; the ledger and the log have more.
            let error_message = fault.message.chars().take(8000).collect();
            Diagnostic { error_type: fault.name.as_str().to_owned(), error_message }
        })
    }))
    .await
}

/// What is logged: `RUST_LOG`, a level or a list of `target=level`, else `info`.
#[expect(
    clippy::disallowed_methods,
    reason = "a log must speak before the environment is read, and of what is wrong in it"
)]
fn levels() -> Targets {
    // Not tracing's EnvFilter: its regular expressions are a quarter of a megabyte in every function.
    std::env::var("RUST_LOG")
        .ok()
        .and_then(|levels| levels.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO))
}

/// Decodes, handles and encodes; a panic on the way is a fault like any other.
///
/// The payload is the raw text: JSON that nests too deeply or holds a number that fits nowhere must
/// fail here, under a name of ours, and not in the runtime under the name of a Rust type.
async fn answer<H: Handler>(handler: &H, payload: &str, now: Timestamp) -> Result<Value, Fault> {
    let work = async {
        let request: H::Request = serde_json::from_str(payload).map_err(|error| {
            let error: String = error.to_string().chars().take(300).collect();
            FaultName::UndecodableInput.because(format!("the input is not what this function takes: {error}"))
        })?;
        // Boxed: the SDK's futures nest so deeply that, inlined into the runtime's own, they pass the
        // depth to which rustc computes a layout.
        let handling: Pin<Box<dyn Future<Output = Result<H::Answer, Fault>> + '_>> =
            Box::pin(handler.handle(request, now));
        let answer = handling.await?;
        serde_json::to_value(answer)
            .map_err(|error| FaultName::Panicked.because(format!("the answer can't be written as JSON: {error}")))
    };
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        Err(FaultName::Panicked.because(format!("the function panicked: {}", text_of(panic.as_ref()))))
    })
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    struct Divide;

    impl Handler for Divide {
        type Request = (u32, u32);
        type Answer = u32;

        async fn handle(&self, (a, b): (u32, u32), _: Timestamp) -> Result<u32, Fault> {
            if a == 0 {
                return Err(FaultName::NotReady.because("nothing to divide"));
            }
            Ok(a / b)
        }
    }

    async fn ask(payload: Value) -> Result<Value, Fault> {
        answer(&Divide, &payload.to_string(), Timestamp::UNIX_EPOCH).await
    }

    #[tokio::test]
    async fn a_request_is_answered() {
        assert_eq!(ask(json!([6, 3])).await, Ok(json!(2)));
    }

    #[tokio::test]
    async fn every_failure_has_a_name() {
        assert_eq!(ask(json!([0, 1])).await.unwrap_err().name, FaultName::NotReady);
        assert_eq!(ask(json!("six")).await.unwrap_err().name, FaultName::UndecodableInput);
        for undecodable in ["[1e999, 1]", "\"\\ud800\"", &"[".repeat(200), "", "{"] {
            let fault = answer(&Divide, undecodable, Timestamp::UNIX_EPOCH).await.unwrap_err();
            assert_eq!(fault.name, FaultName::UndecodableInput, "{undecodable}");
        }
        let fault = ask(json!([1, 0])).await.unwrap_err();
        assert_eq!(fault.name, FaultName::Panicked);
        assert!(fault.message.contains("divide by zero"), "{fault}");
    }
}
