//! The status, written when there is something new to say, and not more often
//! than people can read.

use std::time::Duration;

use assay_api::{TestExecution, TestExecutionStatus};
use assay_lifecycle::{Decision, Observed, fold_execution};
use jiff::Timestamp;
use tokio::time::Instant;

use super::memory::Memory;
use crate::context::Context;
use crate::failure::LookError;

/// Shortest time between two writes while the execution goes on. The Job's
/// creation counts as one, so a quick execution has its final status as its
/// only one.
const PAUSE: Duration = Duration::from_secs(1);

/// What came of it.
pub(crate) enum Published {
    /// The cluster has the status.
    Current,
    /// There is news, to be written after this time.
    Later(Duration),
    /// The execution does not exist any more.
    Gone,
}

/// Writes the status if it says something new.
pub(crate) async fn publish(
    context: &Context,
    object: &TestExecution,
    observed: &Observed,
    decision: &Decision,
    memory: &mut Memory,
    now: Timestamp,
) -> Result<Published, LookError> {
    let status = fold_execution(observed, decision, now);
    if status == observed.previous {
        return Ok(Published::Current);
    }
    if decision.verdict.is_none()
        && let Some(rest) = memory.written.and_then(|written| PAUSE.checked_sub(written.elapsed()))
        && !rest.is_zero()
    {
        return Ok(Published::Later(rest));
    }
    write(context, object, status, memory).await
}

/// Writes a status.
pub(crate) async fn write(
    context: &Context,
    object: &TestExecution,
    status: TestExecutionStatus,
    memory: &mut Memory,
) -> Result<Published, LookError> {
    let metadata = &object.metadata;
    let (namespace, name) =
        (metadata.namespace.as_deref().unwrap_or_default(), metadata.name.as_deref().unwrap_or_default());
    let uid = metadata.uid.as_deref();
    match context.cluster.patch_status::<TestExecution>(namespace, name, uid, &status).await {
        Ok(_) => {
            memory.written = Some(Instant::now());
            memory.published = Some(status);
            Ok(Published::Current)
        }
        // A conflict means that the name belongs to another object now.
        Err(error) if error.not_found() || error.conflict() => Ok(Published::Gone),
        Err(error) => Err(error.into()),
    }
}
