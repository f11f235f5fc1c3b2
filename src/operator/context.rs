//! What every controller holds.

use std::sync::Arc;

use assay_cluster::{Cluster, Events};
use assay_lifecycle::{Limits, Policy};
use assay_protocol::Server;
use assay_store::Store;
use tokio::sync::watch;

use crate::git::Git;
use crate::metrics::Metrics;
use crate::trees::Trees;

/// How executions are placed, and how the controllers work.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Image with the runner.
    pub runner_image: String,
    /// Pull policy of that image; the cluster's default when absent.
    pub runner_pull_policy: Option<String>,
    /// Image that brings repositories and archives into the workspace.
    pub git_image: String,
    /// Where runners report to.
    pub server: Server,
    /// Whether image volumes work; may become known later.
    pub image_volumes: watch::Receiver<bool>,
    /// The only namespaces to look after; all when there is none.
    pub namespaces: Vec<String>,
    /// Looks of one controller at a time.
    pub concurrency: usize,
    /// How long each thing is waited for.
    pub policy: Policy,
    /// How much is kept of a workflow that does not say.
    pub retention: Limits,
    /// How much is kept of the rollbacks of each gate.
    pub rollback_retention: Limits,
    /// Whether gates are looked after, and with them the objects of Argo CD and Flux.
    pub gitops: bool,
}

/// What every controller holds. Cheap enough to share behind one pointer.
pub struct Context {
    /// The cluster.
    pub cluster: Cluster,
    /// The store.
    pub store: Store,
    /// Publisher of Kubernetes Events.
    pub events: Events,
    /// Who reads the repositories that gates and rollbacks are about.
    pub trees: Arc<dyn Trees>,
    /// What rollbacks are carried out with; nobody looks after them and grants without it.
    pub git: Option<Arc<Git>>,
    /// What is counted.
    pub metrics: Metrics,
    /// Settings.
    pub settings: Settings,
}
