//! What revisions contain, read with the credentials of grants.

use std::sync::Arc;

use assay_api::GitWriteAccess;
use assay_cluster::Cluster;
use assay_telemetry::error_chain;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::granted::covering;
use super::opened::open;
use crate::git::Git;
use crate::trees::{TreeAsk, Trees};

/// Reads the repositories that grants cover. Others are not read: what a delivery names may be any address.
pub struct GrantedTrees {
    cluster: Cluster,
    git: Arc<Git>,
}

impl GrantedTrees {
    /// Reads with what `git` holds.
    pub fn new(cluster: Cluster, git: Arc<Git>) -> Self {
        Self { cluster, git }
    }
}

impl Trees for GrantedTrees {
    fn tree(&self, ask: TreeAsk) -> BoxFuture<'static, Option<String>> {
        let (cluster, git) = (self.cluster.clone(), Arc::clone(&self.git));
        async move {
            if !git.write {
                return None;
            }
            find_out(&cluster, &git, &ask).await.unwrap_or_else(|why| {
                tracing::debug!(
                    namespace = ask.namespace,
                    revision = ask.revision,
                    why,
                    "a revision's content is not known"
                );
                None
            })
        }
        .boxed()
    }
}

async fn find_out(cluster: &Cluster, git: &Git, ask: &TreeAsk) -> Result<Option<String>, String> {
    let grants = cluster.list_cluster_wide::<GitWriteAccess>().await.map_err(|error| error_chain(&error))?;
    let grants: Vec<Arc<GitWriteAccess>> = grants.into_iter().map(Arc::new).collect();
    let covering = covering(&grants, &ask.namespace, &ask.source, &ask.paths)?;
    let opened = open(cluster, git, &covering.object.spec).await.map_err(|error| error_chain(&error))??;
    let (remote, repositories) = (&opened.remote, &git.repositories);
    let known = repositories.tree_hash(remote, &ask.revision, &ask.paths).await;
    if let Some(tree) = known.map_err(|error| error_chain(&error))? {
        return Ok(Some(tree));
    }
    repositories.fetch(remote).await.map_err(|error| error_chain(&error))?;
    repositories.tree_hash(remote, &ask.revision, &ask.paths).await.map_err(|error| error_chain(&error))
}
