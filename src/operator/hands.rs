//! What the controllers of rollbacks and grants hold.

use std::sync::Arc;

use crate::context::Context;
use crate::git::Git;
use crate::gitops::Gitops;

/// What the controllers hold that read or write Git.
#[derive(Clone)]
pub(crate) struct Hands {
    pub(crate) context: Arc<Context>,
    pub(crate) git: Arc<Git>,
    pub(crate) gitops: Arc<Gitops>,
}
