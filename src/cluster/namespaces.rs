//! What we need to know of namespaces.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;

use crate::connect::{Cluster, within};
use crate::error::ClusterError;

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

impl Cluster {
    /// The annotations of a namespace; none when it does not exist.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn namespace_annotations(&self, namespace: &str) -> Result<BTreeMap<String, String>, ClusterError> {
        let api = Api::<Namespace>::all(self.client.clone());
        let found = within(format!("read Namespace {namespace}"), api.get_metadata_opt(namespace)).await;
        let found = found.map_err(|error| error.lacking("get namespaces", "gitops.enabled"))?;
        Ok(found.and_then(|found| found.metadata.annotations).unwrap_or_default())
    }

    /// Whether a namespace enforces the Pod Security level `restricted`.
    /// Believed for 30 s; a namespace that does not exist, or that we may not
    /// read, is not restricted.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn namespace_is_restricted(&self, namespace: &str) -> Result<bool, ClusterError> {
        if let Some(answer) = self.inner.restricted.get(namespace) {
            return Ok(answer);
        }
        let api = Api::<Namespace>::all(self.client.clone());
        let found = match within(format!("read Namespace {namespace}"), api.get_metadata_opt(namespace)).await {
            Err(error) if error.forbidden() => {
                let error = assay_telemetry::error_chain(&error);
                tracing::warn!(
                    namespace,
                    error,
                    "whether the namespace is restricted is not known; taking it not to be"
                );
                None
            }
            other => other?,
        };
        let labels = found.and_then(|found| found.metadata.labels).unwrap_or_default();
        let answer = labels.get(ENFORCE).is_some_and(|level| level == "restricted");
        self.inner.restricted.put(namespace, answer);
        Ok(answer)
    }
}
