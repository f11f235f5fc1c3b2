//! What we need to know of namespaces.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;

use crate::connect::{Cluster, within};
use crate::error::ClusterError;

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
/// How long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(30);
/// More namespaces than this are not remembered at once.
const REMEMBERED: usize = 4096;

/// Answers of [`Cluster::namespace_is_restricted`] and when they were given.
#[derive(Default)]
pub(crate) struct RestrictedCache(Mutex<HashMap<String, (Instant, bool)>>);

impl RestrictedCache {
    fn get(&self, namespace: &str) -> Option<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(namespace).filter(|(when, _)| when.elapsed() < BELIEVED).map(|(_, answer)| *answer)
    }

    fn put(&self, namespace: &str, answer: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(namespace.to_owned(), (Instant::now(), answer));
    }
}

impl Cluster {
    /// Whether a namespace enforces the Pod Security level `restricted`.
    /// Believed for 30 s; a namespace that does not exist is not restricted.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn namespace_is_restricted(&self, namespace: &str) -> Result<bool, ClusterError> {
        if let Some(answer) = self.inner.restricted.get(namespace) {
            return Ok(answer);
        }
        let api = Api::<Namespace>::all(self.client.clone());
        let found = within(format!("read Namespace {namespace}"), api.get_metadata_opt(namespace)).await?;
        let labels = found.and_then(|found| found.metadata.labels).unwrap_or_default();
        let answer = labels.get(ENFORCE).is_some_and(|level| level == "restricted");
        self.inner.restricted.put(namespace, answer);
        Ok(answer)
    }
}
