//! Whether the runner reaches pods by an image volume: told, or tried.

use std::time::Duration;

use assay_cluster::{Cascade, Cluster, ImageVolumes, Probe, ProbePod};
use assay_telemetry::error_chain;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use tokio::sync::watch;

use crate::args::{AllArgs, ImageVolumesChoice};

/// Name of the Pod that tries it.
const PROBE: &str = "assay-image-volume-probe";
/// Wait before another trial when the API server did not answer.
const PAUSE: Duration = Duration::from_secs(5);

/// The answer, which may come later; until then a container copies the runner.
pub(crate) fn find_out(cluster: &Cluster, args: &AllArgs) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(args.image_volumes == ImageVolumesChoice::True);
    if args.image_volumes == ImageVolumesChoice::Auto {
        let (cluster, args) = (cluster.clone(), args.clone());
        tokio::spawn(async move {
            let works = tried(&cluster, &args).await;
            sender.send_replace(works);
            // The answer outlives this task.
            sender.closed().await;
        });
    }
    receiver
}

async fn tried(cluster: &Cluster, args: &AllArgs) -> bool {
    let pod = ProbePod {
        namespace: &args.namespace,
        name: PROBE,
        image: &args.runner_image,
        pull_policy: args.runner_pull_policy.as_deref(),
        pull_secrets: &args.pull_secrets,
        owner: own_pod(cluster, args).await,
    };
    loop {
        match once(cluster, &pod).await {
            Ok(Ok(())) => {
                tracing::info!("the runner reaches pods by an image volume");
                return true;
            }
            Ok(Err(reason)) => {
                tracing::info!(reason, "image volumes do not work here; a container copies the runner into each pod");
                return false;
            }
            Err(error) if error.already_exists() => {
                // Only the leader tries, so it is what a predecessor left behind.
                tracing::info!(pod = PROBE, "an earlier trial is put away");
                let _ = cluster.delete::<Pod>(pod.namespace, pod.name, Cascade::Background).await;
            }
            Err(error) => tracing::warn!(error = error_chain(&error), "image volumes could not be tried yet"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The pod that this process runs in, if it is one: the trial is gone when that is.
async fn own_pod(cluster: &Cluster, args: &AllArgs) -> Option<OwnerReference> {
    let metadata = cluster.get::<Pod>(&args.namespace, &args.identity()).await.ok()??.metadata;
    let (name, uid) = (metadata.name?, metadata.uid?);
    Some(OwnerReference {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        name,
        uid,
        ..OwnerReference::default()
    })
}

async fn once(cluster: &Cluster, pod: &ProbePod<'_>) -> Result<Result<(), String>, assay_cluster::ClusterError> {
    if let ImageVolumes::Missing(reason) = cluster.image_volumes(pod).await? {
        return Ok(Err(reason));
    }
    Ok(match cluster.run_probe_pod(pod).await? {
        Probe::Works => Ok(()),
        Probe::Fails(reason) => Err(reason),
    })
}
