//! SSM's Parameter Store: parameters with tags, made only where there is none.
//!
//! Values are never logged here, nor put into a fault: a parameter that is not Drawbridge's may hold anything.

use std::collections::BTreeMap;

use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ssm::operation::delete_parameter::DeleteParameterError;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_sdk_ssm::operation::list_tags_for_resource::ListTagsForResourceError;
use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::{ParameterTier, ParameterType, ResourceTypeForTagging, Tag};
use drawbridge_domain::ports::{HeldParameter, Parameters};
use drawbridge_domain::{Fault, FaultName};

const PUT: &str = "ssm:PutParameter";
const GET: &str = "ssm:GetParameter";
const GET_SOME: &str = "ssm:GetParameters";
const TAGS: &str = "ssm:ListTagsForResource";
const DELETE: &str = "ssm:DeleteParameter";

/// The Parameter Store of an account in a Region.
#[derive(Debug, Clone)]
pub struct ParameterStore {
    client: aws_sdk_ssm::Client,
}

impl ParameterStore {
    /// That of the account and Region that `sdk` names.
    #[must_use]
    pub fn new(sdk: &aws_types::SdkConfig) -> Self {
        Self { client: aws_sdk_ssm::Client::new(sdk) }
    }
}

impl Parameters for ParameterStore {
    async fn create(
        &self,
        name: &str,
        value: &str,
        about: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<bool, Fault> {
        let mut request = self
            .client
            .put_parameter()
            .name(name)
            .value(value)
            .description(about)
            .r#type(ParameterType::String)
            .tier(ParameterTier::Standard)
            .overwrite(false);
        for (key, value) in tags {
            request = request.tags(Tag::builder().key(key).value(value).build().map_err(|e| unsendable(&e))?);
        }
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(PutParameterError::is_parameter_already_exists) => {
                Ok(false)
            }
            Err(error) => Err(refused(PUT, error)),
        }
    }

    async fn parameter(&self, name: &str) -> Result<Option<HeldParameter>, Fault> {
        let asked = self.client.list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter);
        let tags = match asked.resource_id(name).send().await {
            Ok(answer) => answer.tag_list.unwrap_or_default(),
            Err(error) if error.as_service_error().is_some_and(ListTagsForResourceError::is_invalid_resource_id) => {
                return Ok(None);
            }
            Err(error) => return Err(refused(TAGS, error)),
        };
        // One without tags and none at all may look the same.
        match self.client.get_parameter().name(name).send().await {
            Ok(answer) => Ok(Some(HeldParameter {
                value: answer.parameter.and_then(|parameter| parameter.value).unwrap_or_default(),
                tags: tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
            })),
            Err(error) if error.as_service_error().is_some_and(GetParameterError::is_parameter_not_found) => Ok(None),
            Err(error) => Err(refused(GET, error)),
        }
    }

    async fn values(&self, names: &[String]) -> Result<BTreeMap<String, String>, Fault> {
        let request = self.client.get_parameters().set_names(Some(names.to_vec()));
        let answer = request.send().await.map_err(|error| refused(GET_SOME, error))?;
        // Those that do not exist are listed apart, and are no error.
        let held = answer.parameters.unwrap_or_default().into_iter();
        Ok(held.filter_map(|parameter| Some((parameter.name?, parameter.value.unwrap_or_default()))).collect())
    }

    async fn overwrite(&self, name: &str, value: &str) -> Result<(), Fault> {
        // Without a type, which is required only of a new one: SSM does not make another where somebody removed it.
        let request = self.client.put_parameter().name(name).value(value).overwrite(true);
        request.send().await.map(|_| ()).map_err(|error| refused(PUT, error))
    }

    async fn remove(&self, name: &str) -> Result<(), Fault> {
        match self.client.delete_parameter().name(name).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(DeleteParameterError::is_parameter_not_found) => Ok(()),
            Err(error) => Err(refused(DELETE, error)),
        }
    }
}

fn refused<E>(action: &str, error: SdkError<E>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    // "There are concurrent updates for a resource that supports one update at a time." [botocore: ssm]
    let concurrent = error.as_service_error().is_some_and(|error| error.code() == Some("TooManyUpdates"));
    let fault = drawbridge_sdk::fault(action, error);
    if concurrent { Fault { name: FaultName::Throttled, ..fault } } else { fault }
}

fn unsendable(error: &aws_sdk_ssm::error::BuildError) -> Fault {
    FaultName::InvalidRequest.because(error.to_string())
}
