//! The port through which admission learns what is there already.

use assay_api::{TestWorkflow, TestWorkflowTemplateSpec};
use futures::future::BoxFuture;

/// The question could not be put: the API server does not answer or does not let us ask.
#[derive(Debug, thiserror::Error)]
#[error("workflows and templates cannot be read")]
pub struct DefinitionsError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Workflows and templates of the cluster.
pub trait Definitions: Send + Sync + 'static {
    /// A workflow.
    fn workflow<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<TestWorkflow>, DefinitionsError>>;

    /// A template.
    fn template<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<TestWorkflowTemplateSpec>, DefinitionsError>>;
}
