//! Makes the security group that belongs to one connection alone.

mod handler;

use drawbridge_ec2::Ec2;
use drawbridge_ledger::Ledger;
use drawbridge_runtime::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut environment = Environment::read();
    let table = environment.text("LEDGER_TABLE");
    let sdk = drawbridge_sdk::config().await;
    let guard = handler::Guard { ec2: Ec2::new(&sdk), ledger: Ledger::new(&sdk, table) };
    drawbridge_runtime::run(environment.check().map(|()| guard)).await
}
