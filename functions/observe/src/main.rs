//! Says whether a connection can be used, and writes down how to reach what is behind it.

mod handler;

use drawbridge_ec2::Ec2;
use drawbridge_lattice::Lattice;
use drawbridge_ledger::Ledger;
use drawbridge_runtime::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut environment = Environment::read();
    let table = environment.text("LEDGER_TABLE");
    let settings = handler::Settings::read(&mut environment);
    let sdk = drawbridge_sdk::config().await;
    let (ec2, lattice, ledger) = (Ec2::new(&sdk), Lattice::new(&sdk), Ledger::new(&sdk, table));
    let observe = handler::Observe { ec2, lattice, ledger, settings };
    drawbridge_runtime::run(environment.check().map(|()| observe)).await
}
