//! The object of an execution, as it changes.

use std::time::{Duration, Instant};

use assay_api::{Phase, StepState, TestExecution, TestExecutionStatus};
use assay_cluster::ClusterError;
use assay_telemetry::error_chain;
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::failure::Failure;
use crate::output::terminal::plain;
use crate::program::called;
use crate::remote::session::Session;

/// How long a cluster that was there may be away before the result is given up as unknown.
const PATIENCE: Duration = Duration::from_secs(120);

/// The object of one execution, as it changes.
pub(crate) struct Watched {
    states: BoxStream<'static, Result<Option<TestExecution>, ClusterError>>,
    away: Option<Instant>,
    seen: bool,
    name: String,
}

impl Watched {
    /// Begins to watch.
    pub(crate) fn new(session: &Session, name: &str) -> Self {
        let states = session.cluster.follow::<TestExecution>(&session.namespace, name);
        Self { states, away: None, seen: false, name: name.to_owned() }
    }

    /// The next state. Interruptions are waited out.
    ///
    /// # Errors
    /// When the object is deleted, the right to see it is missing, or the cluster stays away.
    pub(crate) async fn next(&mut self) -> Result<TestExecution, Failure> {
        loop {
            match self.states.next().await {
                Some(Ok(Some(execution))) => {
                    self.away = None;
                    self.seen = true;
                    return Ok(execution);
                }
                Some(Ok(None)) if self.seen => {
                    return Err(Failure::errored(format!("the execution {} was deleted while it ran", self.name)));
                }
                Some(Ok(None)) => {}
                Some(Err(error)) if error.forbidden() => return Err(error.into()),
                Some(Err(error)) => {
                    if self.away.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                        return Err(error.into());
                    }
                }
                None => return Err(Failure::errored("the watch of the execution ended")),
            }
        }
    }
}

/// Whether nothing more will happen.
pub(crate) fn is_final(execution: &TestExecution) -> bool {
    execution.status.as_ref().is_some_and(|status| status.phase == Phase::Finished && status.verdict.is_some())
}

/// What to say while the run holds: which step it waits before, and how it goes on.
pub(crate) fn paused_hint(namespace: &str, name: &str, status: &TestExecutionStatus) -> Option<String> {
    if status.phase != Phase::Paused {
        return None;
    }
    let before = status.steps.iter().find(|step| step.state == StepState::Paused);
    let before = before.map(|step| format!(" before step {}", plain(&step.name))).unwrap_or_default();
    Some(format!("{name} holds{before}. Let it go on: {} -n {namespace} resume {name}", called()))
}

/// A log could not be shown, for this reason.
pub(crate) fn log_missing(error: &crate::remote::server::RemoteError) -> String {
    format!("the log cannot be shown: {}; the verdict is waited for all the same", error_chain(error))
}
