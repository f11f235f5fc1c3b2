//! News of executions that ended.

use tokio::sync::mpsc;

/// An execution has ended: its namespace and its workflow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Finished {
    /// Namespace of both.
    pub(crate) namespace: String,
    /// Name of the workflow.
    pub(crate) workflow: String,
}

/// Who wants to hear of it.
pub(crate) struct Listeners(pub(crate) Vec<mpsc::UnboundedSender<Finished>>);

impl Listeners {
    /// Tells everybody.
    pub(crate) fn tell(&self, finished: &Finished) {
        for listener in &self.0 {
            // Nobody receives only when everything ends.
            let _ = listener.send(finished.clone());
        }
    }
}
