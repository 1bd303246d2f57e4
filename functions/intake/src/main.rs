//! Turns any trigger into the runs that should be under way.

mod ends;
mod handler;
mod summary;

use drawbridge_ledger::Ledger;
use drawbridge_ram::Ram;
use drawbridge_runtime::Environment;
use drawbridge_workflows::Workflows;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut environment = Environment::read();
    let table = environment.text("LEDGER_TABLE");
    let settings = handler::Settings::read(&mut environment);
    let sdk = drawbridge_sdk::config().await;
    let (ram, ledger, workflows) = (Ram::new(&sdk), Ledger::new(&sdk, table), Workflows::new(&sdk));
    let intake = handler::Intake { ram, ledger, workflows, settings };
    drawbridge_runtime::run(environment.check().map(|()| intake)).await
}
