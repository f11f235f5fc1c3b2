//! What every look at a gate holds.

use std::sync::Arc;

use super::known_trees::KnownTrees;
use super::memory::Memories;
use super::readers::Readers;
use crate::context::Context;
use crate::gitops::Gitops;

/// What a look at a gate needs.
pub(crate) struct Controller {
    pub(crate) context: Arc<Context>,
    pub(crate) gitops: Arc<Gitops>,
    pub(crate) memories: Memories,
    pub(crate) trees: KnownTrees,
    pub(crate) readers: Readers,
}
