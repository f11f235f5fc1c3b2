//! Secrets that people made for Assay, in its own namespace.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;

use crate::connect::{Cluster, within};
use crate::error::ClusterError;

/// One value of a Secret. It shows itself to nobody by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// The value.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The value as text without the newline that editors leave at its end; `None` when it is no UTF-8.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok().map(|text| text.trim_end_matches(['\r', '\n']))
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretBytes(redacted)")
    }
}

impl Cluster {
    /// The values of a Secret, or `None` when it does not exist. The chart grants this only in Assay's own
    /// namespace, and only with `gitops.write`.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn secret(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<BTreeMap<String, SecretBytes>>, ClusterError> {
        let what = format!("read Secret {namespace}/{name}");
        let found = within(what, self.api::<Secret>(namespace).get_opt(name)).await;
        let found = found.map_err(|error| error.lacking("get secrets in its own namespace", "gitops.write"))?;
        let values = found.map(|secret| secret.data.unwrap_or_default());
        Ok(values.map(|values| values.into_iter().map(|(key, value)| (key, SecretBytes(value.0))).collect()))
    }
}
