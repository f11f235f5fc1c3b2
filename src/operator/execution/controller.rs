//! What every look at an execution holds.

use std::sync::Arc;

use assay_api::TestExecution;
use assay_cluster::{Shelf, SlimJob, SlimPod};
use tokio::sync::watch;

use super::memory::Memories;
use crate::context::Context;
use crate::finished::Listeners;

/// What a look at an execution needs.
pub(crate) struct Controller {
    pub(crate) context: Arc<Context>,
    pub(crate) executions: Shelf<TestExecution>,
    pub(crate) jobs: Shelf<SlimJob>,
    pub(crate) pods: Shelf<SlimPod>,
    pub(crate) memories: Memories,
    pub(crate) finished: Listeners,
    /// What keeps the store from its work.
    pub(crate) store: watch::Receiver<Option<String>>,
}
