//! Writes how the databases of a connection are reached where applications look: one SSM parameter each.

mod batch;
mod handler;

use drawbridge_ledger::Ledger;
use drawbridge_runtime::Environment;
use drawbridge_ssm::ParameterStore;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut environment = Environment::read();
    let table = environment.text("LEDGER_TABLE");
    let settings = handler::Settings::read(&mut environment);
    let sdk = drawbridge_sdk::config().await;
    let publish = handler::Publish { ledger: Ledger::new(&sdk, table), ssm: ParameterStore::new(&sdk), settings };
    drawbridge_runtime::run(environment.check().map(|()| publish)).await
}
