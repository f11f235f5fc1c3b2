//! Taking the cluster down so that nothing is left on the machine.

use std::time::{Duration, Instant};

use crate::addons::Addon;
use crate::api::Api;
use crate::cleanup::{self, CleanupError};
use crate::components::{self, Settings};
use crate::layout::Layout;
use crate::leftovers;
use crate::process::{self, ProcessError};
use crate::progress::Progress;
use crate::status;

/// The longest wait for pods to end by themselves.
const PODS: Duration = Duration::from_secs(20);

/// Why the cluster did not go down cleanly.
#[derive(Debug, thiserror::Error)]
pub enum DownError {
    /// A component could not be stopped.
    #[error("a component cannot be stopped")]
    Process(#[from] ProcessError),
    /// Something could not be removed.
    #[error("the cluster cannot be cleared away")]
    Cleanup(#[from] CleanupError),
    /// Something stayed in spite of all.
    #[error("something is left:\n  {}", .0.join("\n  "))]
    Left(Vec<String>),
}

/// Stops everything and removes every trace. Fine when nothing runs.
///
/// # Errors
/// When something cannot be stopped or removed, or is left.
pub fn down(layout: &Layout, progress: &Progress) -> Result<(), DownError> {
    // An engine would only make again what is deleted now.
    detach(layout, &Addon::ALL, progress)?;
    // Without them, nobody makes new pods for those that are deleted now.
    for name in [components::SCHEDULER, components::CONTROLLERS] {
        stop(layout, name)?;
    }
    end_pods(layout, progress);
    for name in components::STOP_ORDER {
        let since = Instant::now();
        if stop(layout, name)? {
            progress.done(&format!("stopped {name}"), since);
        }
    }
    progress.step("clean machine", || cleanup::sweep(layout))?;
    cleanup::wipe(layout)?;
    let left = status::left(layout);
    if left.is_empty() { Ok(()) } else { Err(DownError::Left(left)) }
}

/// Stops add-ons and leaves their data and objects as they are.
///
/// # Errors
/// When a signal is refused.
pub fn detach(layout: &Layout, addons: &[Addon], progress: &Progress) -> Result<(), ProcessError> {
    for addon in Addon::ALL.iter().rev().filter(|addon| addons.contains(addon)) {
        for component in addon.components(layout).iter().rev() {
            let since = Instant::now();
            if stop_one(layout, component.name, component.grace)? {
                progress.done(&format!("stopped {}", component.name), since);
            }
        }
    }
    Ok(())
}

/// Stops one component; says whether it was running.
///
/// # Errors
/// When a signal is refused.
pub fn stop(layout: &Layout, name: &str) -> Result<bool, ProcessError> {
    let mut all = components::all(layout, Settings::default());
    all.extend(Addon::ALL.into_iter().flat_map(|addon| addon.components(layout)));
    let grace = all.iter().find(|one| one.name == name).map_or(Duration::from_secs(5), |one| one.grace);
    stop_one(layout, name, grace)
}

fn stop_one(layout: &Layout, name: &str, grace: Duration) -> Result<bool, ProcessError> {
    let Some(identity) = process::remembered(&layout.pids(), name) else { return Ok(false) };
    let was_running = identity.life() != process::Life::Gone;
    identity.stop(grace)?;
    process::forget(&layout.pids(), name);
    Ok(was_running)
}

/// Best effort: what does not end here is ended by the clean-up.
fn end_pods(layout: &Layout, progress: &Progress) {
    let since = Instant::now();
    let Ok(api) = Api::new(layout) else { return };
    if !api.ready() || !api.delete_all_pods().is_ok_and(|count| count > 0) {
        return;
    }
    while !leftovers::containers(layout).is_empty() && since.elapsed() < PODS {
        std::thread::sleep(Duration::from_millis(50));
    }
    progress.done("ended pods", since);
}
