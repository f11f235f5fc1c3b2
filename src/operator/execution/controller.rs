//! What every look at an execution holds.

use std::sync::Arc;

use assay_api::TestExecution;
use assay_cluster::{Shelf, SlimJob, SlimPod};
use tokio::sync::mpsc;

use super::memory::Memories;
use crate::context::Context;

/// An execution has ended: its namespace and its workflow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Finished {
    /// Namespace of both.
    pub(crate) namespace: String,
    /// Name of the workflow.
    pub(crate) workflow: String,
}

/// What a look at an execution needs.
pub(crate) struct Controller {
    pub(crate) context: Arc<Context>,
    pub(crate) executions: Shelf<TestExecution>,
    pub(crate) jobs: Shelf<SlimJob>,
    pub(crate) pods: Shelf<SlimPod>,
    pub(crate) memories: Memories,
    pub(crate) finished: mpsc::UnboundedSender<Finished>,
}
