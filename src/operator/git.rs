//! What reads and writes Git.

use assay_cluster::Fence;
use assay_git::Repositories;

use crate::webhooks::Webhooks;

/// What reads and writes Git, and asks Argo CD and Flux to look at it.
pub struct Git {
    /// Mirrors of repositories.
    pub repositories: Repositories,
    /// Asked before every push.
    pub fence: Fence,
    /// What forges may say.
    pub webhooks: Webhooks,
    /// Namespace in which Assay itself runs: the only one whose Secrets are read.
    pub namespace: String,
    /// Whether Argo CD and Flux may be asked to look at Git.
    pub refresh: bool,
    /// Whether operations of Argo CD may be ended.
    pub unblock: bool,
    /// Whether Secrets of grants may be read, and Git be written to.
    pub write: bool,
    /// Where people read more: what statuses, commits and pull requests link to.
    pub external_url: Option<String>,
}
