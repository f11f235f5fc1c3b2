//! The forge beside a repository: what it shows on a commit, and pull requests.

mod client;
mod error;
mod gitea;
mod github;
mod gitlab;
mod kinds;
mod target;
pub(crate) mod wire;

pub use client::ForgeClient;
pub use error::ForgeError;
pub use kinds::{CommitState, CommitStatus, OpenPullRequest, OpenedPullRequest, PullRequestState};
pub use target::ForgeTarget;
