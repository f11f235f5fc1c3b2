//! Waiting for the kinds: the chart may install them after us.

use std::time::Duration;

use assay_api::{TestExecution, TestWorkflow, TestWorkflowTemplate};
use assay_cluster::{Cluster, ClusterError};
use assay_telemetry::error_chain;

use crate::awaited::Awaited;

const PAUSE: Duration = Duration::from_secs(1);
const THING: &str = "definitions";

/// Returns when all kinds without which nothing runs are served and may be read. Those of the loop around Git are
/// not waited for: an older chart gives no rights over them, and tests run without.
pub(crate) async fn served(cluster: &Cluster, namespace: &str, awaited: &Awaited) {
    awaited.wait(THING, "not looked for yet");
    let mut said = String::new();
    while let Err(error) = all(cluster, namespace).await {
        let mut words = error_chain(&error);
        if error.not_found() {
            words.push_str("; are the CustomResourceDefinitions installed? `assay-manager crds` prints them");
        }
        if words != said {
            tracing::warn!(reason = words, "waiting for the kinds of assay.dev");
            said.clone_from(&words);
        }
        awaited.wait(THING, words);
        tokio::time::sleep(PAUSE).await;
    }
    awaited.done(THING);
}

pub(crate) async fn all(cluster: &Cluster, namespace: &str) -> Result<(), ClusterError> {
    // A list of one namespace: a single read of a missing object could not
    // tell a missing kind from a missing object.
    cluster.list::<TestWorkflow>(Some(namespace), None).await?;
    cluster.list::<TestWorkflowTemplate>(Some(namespace), None).await?;
    cluster.list::<TestExecution>(Some(namespace), None).await.map(drop)
}
