//! Waiting for the end of an execution, from its object alone.

use std::time::{Duration, Instant};

use assay_api::{Phase, TestExecution, TestExecutionStatus};
use assay_cluster::ClusterError;
use assay_telemetry::error_chain;
use futures::StreamExt;
use futures::stream::BoxStream;
use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;
use crate::screen::Screen;
use crate::session::Session;
use crate::terminal::plain;

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

/// Waits for the end, with a line that tells how far it is.
///
/// # Errors
/// As [`Watched::next`].
pub(crate) async fn wait(session: &Session, name: &str, screen: &mut Screen) -> Result<TestExecution, Failure> {
    let mut watched = Watched::new(session, name);
    let bar = spinner();
    let mut last = String::new();
    loop {
        let execution = watched.next().await?;
        let words = state(execution.status.as_ref());
        if is_final(&execution) {
            bar.finish_and_clear();
            return Ok(execution);
        }
        if words != last {
            if bar.is_hidden() {
                screen.note(&format!("{name}: {words}"))?;
            }
            bar.set_message(format!("{name}: {words}"));
            last = words;
        }
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::default_spinner());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// How far it is: `Running, step pytest (2 of 3)`.
fn state(status: Option<&TestExecutionStatus>) -> String {
    let Some(status) = status else { return "Pending".to_owned() };
    let running = status.steps.iter().enumerate().find(|(_, step)| !step.state.is_final());
    match (status.phase, running) {
        (Phase::Running, Some((index, step))) => {
            format!("Running, step {} ({} of {})", plain(&step.name), index + 1, status.steps.len())
        }
        (phase, _) => match status.message.as_deref().filter(|message| !message.is_empty()) {
            Some(message) => format!("{phase}: {}", plain(message)),
            None => phase.to_string(),
        },
    }
}

/// A log could not be shown, for this reason.
pub(crate) fn log_missing(error: &crate::remote::RemoteError) -> String {
    format!("the log cannot be shown: {}; the verdict is waited for all the same", error_chain(error))
}
