//! Git as the rest of the house sees it: [`Repositories`] holds a mirror of every repository, looks at it, works out
//! the commit that restores paths, and pushes it; [`ForgeClient`] speaks to the forge beside it.
//!
//! Git itself is the program `git`, started with a fixed environment: it reads no configuration of anybody, runs no
//! hook of a repository, asks no question, checks nothing out, and speaks `https`, `http` and `ssh` only. Credentials
//! stand in no argument, no address and no file of a mirror. Every call has a limit in time and in output.
//!
//! Absent here: decisions. What a commit may do is decided by the room `gitops` from the facts found here.
#![forbid(unsafe_code)]

mod address;
mod ask;
mod blobs;
mod complaint;
mod content;
mod deployed;
mod error;
mod forge;
mod history;
mod kustomize;
mod limits;
mod look;
mod mirror;
mod mirrors;
mod names;
mod objects;
mod precious;
mod program;
mod push;
mod remote;
mod repositories;
mod restore;
mod secret;
mod session;
mod signing;
mod space;

#[cfg(test)]
mod tests;

pub use ask::{Checked, Look, Planned, Push, Pushed, Restore};
pub use error::{Disposition, GitError};
pub use forge::{
    CommitState, CommitStatus, ForgeClient, ForgeError, ForgeTarget, OpenPullRequest, OpenedPullRequest,
    PullRequestState,
};
pub use limits::Limits;
pub use remote::{Credentials, Remote};
pub use repositories::Repositories;
pub use secret::Secret;
