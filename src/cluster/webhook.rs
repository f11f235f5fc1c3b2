//! Our own validating webhook: the API server believes the certificate of
//! whoever it calls only by the authority that stands in its configuration.

use assay_api::names::FIELD_MANAGER_OPERATOR;
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::connect::{Cluster, within};
use crate::error::ClusterError;

/// What was found of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// There is no configuration of that name.
    Missing,
    /// All of its webhooks had the authority already.
    Kept,
    /// They have it now.
    Given,
}

impl Cluster {
    /// Puts an authority, in PEM, into every webhook of a configuration.
    ///
    /// # Errors
    /// When the API server does not answer or refuses.
    pub async fn trust_webhook(&self, name: &str, authority: &str) -> Result<Trust, ClusterError> {
        let api: Api<ValidatingWebhookConfiguration> = Api::all(self.client.clone());
        let what = format!("read the ValidatingWebhookConfiguration {name}");
        let Some(found) = within(what, api.get_opt(name)).await? else { return Ok(Trust::Missing) };
        let bundle = ByteString(authority.as_bytes().to_vec());
        let webhooks = found.webhooks.unwrap_or_default();
        if webhooks.iter().all(|webhook| webhook.client_config.ca_bundle.as_ref() == Some(&bundle)) {
            return Ok(Trust::Kept);
        }
        let ours: Vec<_> = webhooks
            .iter()
            .map(|webhook| json!({ "name": webhook.name, "clientConfig": { "caBundle": bundle } }))
            .collect();
        let body = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": { "name": name },
            "webhooks": ours,
        });
        let params = PatchParams::apply(FIELD_MANAGER_OPERATOR).force();
        let what = format!("apply the authority to the ValidatingWebhookConfiguration {name}");
        within(what, api.patch(name, &params, &Patch::Apply(&body))).await?;
        Ok(Trust::Given)
    }
}
