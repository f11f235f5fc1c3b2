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

/// It cannot be said at the moment, and another try may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotNow;

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
