//! Step Functions: start an execution by name, and see how one stands.
//!
//! Inputs are never logged here, nor put into a fault.

use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_sdk_sfn::types::{ExecutionStatus, IncludedData};
use drawbridge_domain::Fault;
use drawbridge_domain::ports::{self, ExecutionState, Started};

/// Step Functions.
#[derive(Debug, Clone)]
pub struct Workflows {
    client: aws_sdk_sfn::Client,
}

impl Workflows {
    /// Step Functions of the account and Region that `sdk` names.
    #[must_use]
    pub fn new(sdk: &aws_types::SdkConfig) -> Self {
        Self { client: aws_sdk_sfn::Client::new(sdk) }
    }
}

impl ports::Workflows for Workflows {
    async fn start(&self, machine: &str, name: &str, input: &serde_json::Value) -> Result<Started, Fault> {
        let request = self.client.start_execution().state_machine_arn(machine).name(name).input(input.to_string());
        match request.send().await {
            Ok(_) => Ok(Started::Now),
            Err(error) if error.as_service_error().is_some_and(StartExecutionError::is_execution_already_exists) => {
                Ok(Started::Existed)
            }
            Err(error) => Err(drawbridge_sdk::fault("states:StartExecution", error)),
        }
    }

    async fn execution(&self, arn: &str) -> Result<ExecutionState, Fault> {
        // Metadata only: the input and output are nobody's business here, and may be encrypted.
        let request = self.client.describe_execution().execution_arn(arn).included_data(IncludedData::MetadataOnly);
        match request.send().await {
            Ok(execution) => Ok(state(execution.status())),
            Err(error) if error.as_service_error().is_some_and(DescribeExecutionError::is_execution_does_not_exist) => {
                Ok(ExecutionState::Missing)
            }
            Err(error) => Err(drawbridge_sdk::fault("states:DescribeExecution", error)),
        }
    }
}

fn state(status: &ExecutionStatus) -> ExecutionState {
    match status {
        ExecutionStatus::Succeeded => ExecutionState::Succeeded,
        ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Aborted => ExecutionState::Ended,
        ExecutionStatus::Running | ExecutionStatus::PendingRedrive => ExecutionState::Running,
        // What is not known to be over must not be replaced by a second run.
        other => {
            tracing::warn!(
                status = other.as_str(),
                "Step Functions has a status that Drawbridge does not know: taken for running"
            );
            ExecutionState::Running
        }
    }
}
