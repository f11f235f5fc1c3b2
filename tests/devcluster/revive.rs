//! Making sure that one component runs: thawed when it is frozen, started when it is
//! dead, left alone when it works.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::component::Component;
use crate::launch::{self, LaunchError, Started};
use crate::layout::Layout;
use crate::process::{self, Life, ProcessError};
use crate::progress::Progress;
use crate::status;

/// How long a living component may take to work again before it is started anew.
const RECOVERY: Duration = Duration::from_secs(15);
/// How often a wait looks again.
const GLANCE: Duration = Duration::from_millis(50);

/// Why a component does not run.
#[derive(Debug, thiserror::Error)]
pub enum ReviveError {
    /// It did not start.
    #[error("a component did not start")]
    Launch(#[from] LaunchError),
    /// It could not be thawed or stopped.
    #[error("a component cannot be signalled")]
    Process(#[from] ProcessError),
}

/// Makes sure that one component runs and is ready.
///
/// # Errors
/// When it does not start, or a signal is refused.
pub fn revive(layout: &Layout, component: &Component, progress: &Progress) -> Result<(), ReviveError> {
    match begin(layout, component, progress)? {
        Some(started) => Ok(ready(&started, progress)?),
        None => Ok(()),
    }
}

/// As [`revive`], but does not wait for one that has to be started: several can
/// be started together. `None` when it works already.
///
/// # Errors
/// When it cannot be started, or a signal is refused.
pub fn begin<'a>(
    layout: &'a Layout,
    component: &'a Component,
    progress: &Progress,
) -> Result<Option<Started<'a>>, ReviveError> {
    let life = status::life(layout, component.name);
    if life == Life::Frozen
        && let Some(identity) = process::remembered(&layout.pids(), component.name)
    {
        identity.signal(Signal::CONT)?;
        progress.say(&format!("  {} was frozen and goes on", component.name));
    }
    if life != Life::Gone && becomes_ready(layout, component) {
        return Ok(None);
    }
    if let Some(identity) = process::remembered(&layout.pids(), component.name) {
        identity.stop(component.grace)?;
    }
    Ok(Some(launch::start(layout, component)?))
}

/// Waits for a started component and prints the time it took.
///
/// # Errors
/// When it ends, or is not ready in time.
pub fn ready(started: &Started<'_>, progress: &Progress) -> Result<(), LaunchError> {
    started.ready()?;
    progress.done(started.name(), started.since);
    Ok(())
}

/// Whether a living component works again without being started anew.
fn becomes_ready(layout: &Layout, component: &Component) -> bool {
    let deadline = Instant::now() + RECOVERY;
    while status::life(layout, component.name) != Life::Gone && Instant::now() < deadline {
        if component.probe.ready(layout) {
            return true;
        }
        std::thread::sleep(GLANCE);
    }
    false
}
