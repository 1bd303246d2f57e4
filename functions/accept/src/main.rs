//! Answers an invitation and asks for the connections that the subscriptions want.

mod handler;

use drawbridge_lattice::Lattice;
use drawbridge_ledger::Ledger;
use drawbridge_ram::Ram;
use drawbridge_runtime::Environment;
use drawbridge_workflows::Workflows;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut environment = Environment::read();
    let table = environment.text("LEDGER_TABLE");
    let installation = environment.installation();
    let sdk = drawbridge_sdk::config().await;
    let accept = environment.check().and_then(|()| {
        let (ram, lattice) = (Ram::new(&sdk), Lattice::new(&sdk));
        let (ledger, workflows) = (Ledger::new(&sdk, table), Workflows::new(&sdk));
        let installation = Environment::named(installation.as_ref())?.clone();
        Ok(handler::Accept { ram, lattice, ledger, workflows, installation })
    });
    drawbridge_runtime::run(accept).await
}
