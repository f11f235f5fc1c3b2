//! Lets the API server believe our certificate when it asks our webhook.

use std::time::Duration;

use assay_cluster::{Cluster, Trust};
use assay_telemetry::error_chain;

/// Time between two looks: somebody may apply the configuration anew.
const LOOK: Duration = Duration::from_secs(60);
/// The same while it is not as it should be.
const SOON: Duration = Duration::from_secs(5);

/// Keeps the authority in the configuration of that name, until dropped.
pub(crate) async fn keep_trusted(cluster: Cluster, name: Option<String>, authority: String) {
    let Some(name) = name else { return std::future::pending().await };
    let mut said = Some(String::new());
    loop {
        let (pause, words) = match cluster.trust_webhook(&name, &authority).await {
            Ok(Trust::Kept | Trust::Given) => (LOOK, None),
            Ok(Trust::Missing) => (SOON, Some("it does not exist".to_owned())),
            Err(error) => (SOON, Some(error_chain(&error))),
        };
        match &words {
            _ if words == said => {}
            Some(words) => tracing::warn!(webhook = name, reason = words, "the webhook cannot be used yet"),
            None => tracing::info!(webhook = name, "the API server believes our certificate"),
        }
        said = words;
        tokio::time::sleep(pause).await;
    }
}
