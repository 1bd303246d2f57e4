//! Changes in place what AWS can change in place and a subscription says otherwise now.

mod converge;
mod handler;
mod look;

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
    let adjust = handler::Adjust { ec2, lattice, ledger, settings };
    drawbridge_runtime::run(environment.check().map(|()| adjust)).await
}
