//! Claims a connection, checks that the account is ready for it, and makes its endpoint or association.

mod handler;

use drawbridge_ec2::Ec2;
use drawbridge_lattice::Lattice;
use drawbridge_ledger::Ledger;
use drawbridge_route53::Route53;
use drawbridge_runtime::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut environment = Environment::read();
    let table = environment.text("LEDGER_TABLE");
    let settings = handler::Settings::read(&mut environment);
    let sdk = drawbridge_sdk::config().await;
    let (ec2, lattice, ledger) = (Ec2::new(&sdk), Lattice::new(&sdk), Ledger::new(&sdk, table));
    let open = handler::Open { ec2, lattice, route53: Route53::new(&sdk), ledger, settings };
    drawbridge_runtime::run(environment.check().map(|()| open)).await
}
