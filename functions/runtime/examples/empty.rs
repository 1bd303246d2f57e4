//! A Lambda function that does nothing: what the runtime itself costs. `make bench` measures the
//! functions beside it.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(|_: LambdaEvent<Value>| async { Ok::<(), Error>(()) })).await
}
