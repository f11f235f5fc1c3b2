//! All controllers together.

use std::sync::Arc;

use crate::context::Context;
use crate::definition::{templates, workflows};
use crate::execution;

/// Runs all controllers, until the future is dropped. Only the leader may do
/// so: dropping it ends every look that is under way.
pub async fn run(context: Context) {
    let context = Arc::new(context);
    let (finished, ended) = tokio::sync::mpsc::unbounded_channel();
    tokio::join!(
        execution::run(Arc::clone(&context), finished),
        workflows::run(Arc::clone(&context), ended),
        templates::run(context),
    );
}
