//! Keeps the task token of a run that waits for somebody, and lets the run go on if the answer came first.

mod handler;

use drawbridge_ec2::Ec2;
use drawbridge_ledger::Ledger;
use drawbridge_runtime::Environment;
use drawbridge_workflows::Workflows;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut environment = Environment::read();
    let table = environment.text("LEDGER_TABLE");
    let topic = environment.text("NOTIFICATIONS_TOPIC_ARN");
    let sdk = drawbridge_sdk::config().await;
    let (ec2, ledger, workflows) = (Ec2::new(&sdk), Ledger::new(&sdk, table), Workflows::new(&sdk));
    let hold = handler::Hold { ec2, ledger, workflows, topic };
    drawbridge_runtime::run(environment.check().map(|()| hold)).await
}
