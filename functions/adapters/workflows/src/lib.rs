//! Step Functions: start an execution by name, see how one stands, end its wait on a task token.
//!
//! Inputs and tokens are never logged here, nor put into a fault.

use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::operation::send_task_failure::SendTaskFailureError;
use aws_sdk_sfn::operation::send_task_success::SendTaskSuccessError;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_sdk_sfn::types::{ExecutionStatus, IncludedData};
use drawbridge_domain::Fault;
use drawbridge_domain::ports::{self, ExecutionState, Started};
use drawbridge_domain::waiting::TaskToken;

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

/// How much of a fault's message is passed on: `SendTaskFailure` takes 32,768 characters for its cause [botocore].
const LONGEST_CAUSE: usize = 8000;

impl ports::Resume for Workflows {
    async fn resume(&self, token: &TaskToken) -> Result<bool, Fault> {
        let request = self.client.send_task_success().task_token(token.expose()).output("{}");
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                // It was resumed before, its time ran out, or its execution ended; or it never was one.
                Some(
                    SendTaskSuccessError::TaskDoesNotExist(_)
                    | SendTaskSuccessError::TaskTimedOut(_)
                    | SendTaskSuccessError::InvalidToken(_),
                ) => Ok(false),
                _ => Err(drawbridge_sdk::fault("states:SendTaskSuccess", error)),
            },
        }
    }

    async fn fail(&self, token: &TaskToken, fault: &Fault) -> Result<bool, Fault> {
        let cause: String = fault.message.chars().take(LONGEST_CAUSE).collect();
        // As Lambda reports a function's error, so that whoever reads it reads one form.
        let cause = serde_json::json!({"errorType": fault.name.as_str(), "errorMessage": cause}).to_string();
        let request =
            self.client.send_task_failure().task_token(token.expose()).error(fault.name.as_str()).cause(cause);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(
                    SendTaskFailureError::TaskDoesNotExist(_)
                    | SendTaskFailureError::TaskTimedOut(_)
                    | SendTaskFailureError::InvalidToken(_),
                ) => Ok(false),
                _ => Err(drawbridge_sdk::fault("states:SendTaskFailure", error)),
            },
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
