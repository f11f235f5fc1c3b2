//! Who can say what a revision contains.

use assay_api::GitSource;
use futures::future::BoxFuture;

/// A question about a revision.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TreeAsk {
    /// Namespace of the gate that wants to know: not every namespace may read every repository.
    pub namespace: String,
    /// Repository and branch.
    pub source: GitSource,
    /// The revision.
    pub revision: String,
    /// The delivered paths.
    pub paths: Vec<String>,
}

/// Why it cannot be said at the moment: another try may help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotNow(pub String);

/// Who reads repositories.
pub trait Trees: Send + Sync {
    /// Hash over the trees of the paths at the revision; `None` when the repository may not be read, or does not
    /// have the revision.
    fn tree(&self, ask: TreeAsk) -> BoxFuture<'static, Result<Option<String>, NotNow>>;
}

/// Nobody reads repositories: revisions are told apart by their names alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTrees;

impl Trees for NoTrees {
    fn tree(&self, _: TreeAsk) -> BoxFuture<'static, Result<Option<String>, NotNow>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}
