//! Reads back the truth about whatever connection an event may be about, and acts on it.

mod handler;

use drawbridge_ec2::Ec2;
use drawbridge_lattice::Lattice;
use drawbridge_ledger::Ledger;
use drawbridge_runtime::Environment;
use drawbridge_workflows::Workflows;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut environment = Environment::read();
    let table = environment.text("LEDGER_TABLE");
    let settings = handler::Settings::read(&mut environment);
    let sdk = drawbridge_sdk::config().await;
    let (ec2, lattice, ledger) = (Ec2::new(&sdk), Lattice::new(&sdk), Ledger::new(&sdk, table));
    let workflows = Workflows::new(&sdk);
    let events = handler::EndpointEvent { ec2, lattice, ledger, workflows, settings };
    drawbridge_runtime::run(environment.check().map(|()| events)).await
}
