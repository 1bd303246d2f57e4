//! Decides whether a share is trusted.

mod handler;

use drawbridge_ledger::Ledger;
use drawbridge_ram::Ram;
use drawbridge_runtime::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut environment = Environment::read();
    let table = environment.text("LEDGER_TABLE");
    let sdk = drawbridge_sdk::config().await;
    let vet = handler::Vet { ram: Ram::new(&sdk), ledger: Ledger::new(&sdk, table) };
    drawbridge_runtime::run(environment.check().map(|()| vet)).await
}
