//! Answers an invitation and asks for the connections that the subscriptions want.

mod handler;

use drawbridge_lattice::Lattice;
use drawbridge_ledger::Ledger;
use drawbridge_ram::Ram;
use drawbridge_runtime::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut environment = Environment::read();
    let table = environment.text("LEDGER_TABLE");
    let installation = environment.installation();
    let sdk = drawbridge_sdk::config().await;
    let accept = environment.check().and_then(|()| {
        let (ram, lattice) = (Ram::new(&sdk), Lattice::new(&sdk));
        handler::Accept::new(ram, lattice, Ledger::new(&sdk, table), installation)
    });
    drawbridge_runtime::run(accept).await
}
