//! Definitions as the cluster has them.

use assay_api::{TestWorkflow, TestWorkflowTemplate, TestWorkflowTemplateSpec};
use assay_cluster::Cluster;
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::definitions::{Definitions, DefinitionsError};

/// Asks the API server.
#[derive(Clone)]
pub struct ClusterDefinitions {
    cluster: Cluster,
}

impl ClusterDefinitions {
    /// Asks through this handle.
    pub fn new(cluster: Cluster) -> Self {
        Self { cluster }
    }
}

impl Definitions for ClusterDefinitions {
    fn workflow<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<TestWorkflow>, DefinitionsError>> {
        async move { self.cluster.get(namespace, name).await.map_err(|error| DefinitionsError(Box::new(error))) }
            .boxed()
    }

    fn template<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<TestWorkflowTemplateSpec>, DefinitionsError>> {
        async move {
            let found = self.cluster.get::<TestWorkflowTemplate>(namespace, name).await;
            found.map(|template| template.map(|template| template.spec)).map_err(|e| DefinitionsError(Box::new(e)))
        }
        .boxed()
    }
}
