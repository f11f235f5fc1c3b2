//! What revisions contain, read with the credentials of grants.

use std::sync::Arc;

use assay_api::GitWriteAccess;
use assay_cluster::Cluster;
use assay_git::{Disposition, GitError};
use assay_telemetry::error_chain;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::granted::covering;
use super::opened::open;
use crate::git::Git;
use crate::trees::{NotNow, TreeAsk, Trees};

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
    fn tree(&self, ask: TreeAsk) -> BoxFuture<'static, Result<Option<String>, NotNow>> {
        let (cluster, git) = (self.cluster.clone(), Arc::clone(&self.git));
        async move {
            if !git.write {
                return Ok(None);
            }
            let (namespace, revision) = (ask.namespace.as_str(), ask.revision.as_str());
            match find_out(&cluster, &git, &ask).await {
                Ok(tree) => Ok(tree),
                Err(Unknown::NotNow(why)) => {
                    tracing::debug!(namespace, revision, why, "a revision's content is not known yet");
                    Err(NotNow)
                }
                Err(Unknown::Never(why)) => {
                    tracing::debug!(namespace, revision, why, "a revision's content is not known");
                    Ok(None)
                }
            }
        }
        .boxed()
    }
}

/// Why it is not known what a revision contains.
enum Unknown {
    NotNow(String),
    /// As long as nobody changes a grant, its Secret, or the repository.
    Never(String),
}

impl From<GitError> for Unknown {
    fn from(error: GitError) -> Self {
        let why = error_chain(&error);
        match error.disposition() {
            Disposition::Transient => Self::NotNow(why),
            Disposition::Stalled | Disposition::Bug => Self::Never(why),
        }
    }
}

async fn find_out(cluster: &Cluster, git: &Git, ask: &TreeAsk) -> Result<Option<String>, Unknown> {
    let grants = cluster.list_cluster_wide::<GitWriteAccess>().await;
    let grants = grants.map_err(|error| Unknown::NotNow(error_chain(&error)))?;
    let grants: Vec<Arc<GitWriteAccess>> = grants.into_iter().map(Arc::new).collect();
    let covering = covering(&grants, &ask.namespace, &ask.source, &ask.paths).map_err(Unknown::Never)?;
    let opened = open(cluster, git, &covering.object.spec).await;
    let opened = opened.map_err(|error| Unknown::NotNow(error_chain(&error)))?.map_err(Unknown::Never)?;
    let (remote, repositories) = (&opened.remote, &git.repositories);
    if let Some(tree) = repositories.tree_hash(remote, &ask.revision, &ask.paths).await? {
        return Ok(Some(tree));
    }
    repositories.fetch(remote).await?;
    Ok(repositories.tree_hash(remote, &ask.revision, &ask.paths).await?)
}
