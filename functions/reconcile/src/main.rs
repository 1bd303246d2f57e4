//! Holds the ledger against the account: what is gone, changed, in no record, or there twice.

mod handler;
mod inventory;
mod page;
mod strays;

use drawbridge_ec2::Ec2;
use drawbridge_lattice::Lattice;
use drawbridge_ledger::Ledger;
use drawbridge_ram::Ram;
use drawbridge_runtime::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut environment = Environment::read();
    let table = environment.text("LEDGER_TABLE");
    let settings = handler::Settings::read(&mut environment);
    let sdk = drawbridge_sdk::config().await;
    let (ec2, lattice, ram) = (Ec2::new(&sdk), Lattice::new(&sdk), Ram::new(&sdk));
    let ledger = Ledger::new(&sdk, table);
    let reconcile = handler::Reconcile { ec2, lattice, ram, ledger, settings };
    drawbridge_runtime::run(environment.check().map(|()| reconcile)).await
}
