//! Publishes every change of a connection's status, from the ledger's stream.

mod handler;

use drawbridge_bus::Bus;
use drawbridge_runtime::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut environment = Environment::read();
    let bus = environment.text("EVENT_BUS_NAME");
    let sdk = drawbridge_sdk::config().await;
    let announce = handler::Announcer { bus: Bus::new(&sdk, bus) };
    drawbridge_runtime::run(environment.check().map(|()| announce)).await
}
