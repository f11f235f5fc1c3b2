//! Starting one component and waiting until it is ready.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::component::Component;
use crate::layout::Layout;
use crate::process::{self, Identity, Life, ProcessError};

/// How often a wait looks again.
const GLANCE: Duration = Duration::from_millis(25);
/// The longest wait for a component to become ready.
const PATIENCE: Duration = Duration::from_secs(90);

/// Why a component did not start.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// A configuration file or a folder could not be written.
    #[error("cannot write {0}")]
    File(PathBuf, #[source] io::Error),
    /// Somebody else listens on its port.
    #[error("{component} needs {address}, but another program listens there")]
    PortTaken {
        /// The component.
        component: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// The process could not be started.
    #[error("cannot start {0}")]
    Start(&'static str, #[source] ProcessError),
    /// The process ended before it was ready.
    #[error("{component} ended before it was ready; the end of {log}:\n{tail}")]
    Died {
        /// The component.
        component: &'static str,
        /// Its log file.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// The process runs, but is not ready in time.
    #[error("{component} was not ready after {patience:?}; the end of {log}:\n{tail}")]
    NotReady {
        /// The component.
        component: &'static str,
        /// How long it was waited for.
        patience: Duration,
        /// Its log file.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
}

/// A component that was just started.
#[derive(Debug)]
pub struct Started<'a> {
    layout: &'a Layout,
    component: &'a Component,
    identity: Identity,
    /// When it was started.
    pub since: Instant,
}

/// Writes the component's files and starts its process.
///
/// # Errors
/// When a file cannot be written, a port is taken, or the system refuses.
pub fn start<'a>(layout: &'a Layout, component: &'a Component) -> Result<Started<'a>, LaunchError> {
    let own = [layout.logs(), layout.pids()];
    for folder in component.folders.iter().chain(&own) {
        fs::create_dir_all(folder).map_err(|e| LaunchError::File(folder.clone(), e))?;
    }
    for (path, text) in &component.files {
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(path, text))
            .map_err(|e| LaunchError::File(path.clone(), e))?;
    }
    for address in &component.ports {
        if port_taken(*address) {
            return Err(LaunchError::PortTaken { component: component.name, address: *address });
        }
    }
    let since = Instant::now();
    let log = layout.log(component.name);
    let failed = |source| LaunchError::Start(component.name, source);
    let identity =
        process::spawn_detached(&component.program, &component.args, &component.env, &log).map_err(failed)?;
    process::remember(&layout.pids(), component.name, &identity).map_err(failed)?;
    Ok(Started { layout, component, identity, since })
}

/// Whether somebody listens on an address.
#[must_use]
pub fn port_taken(address: SocketAddr) -> bool {
    TcpListener::bind(address).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

impl Started<'_> {
    /// Name of the component.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.component.name
    }

    /// Waits until the component is ready.
    ///
    /// # Errors
    /// When it ends, or is not ready in time; both tell the end of its log.
    pub fn ready(&self) -> Result<(), LaunchError> {
        let deadline = Instant::now() + PATIENCE;
        let component = self.component.name;
        let log = self.layout.log(component);
        while !self.component.probe.ready(self.layout) {
            if self.identity.life() == Life::Gone {
                let tail = tail(&log);
                return Err(LaunchError::Died { component, log, tail });
            }
            if Instant::now() >= deadline {
                let tail = tail(&log);
                return Err(LaunchError::NotReady { component, patience: PATIENCE, log, tail });
            }
            std::thread::sleep(GLANCE);
        }
        Ok(())
    }
}

/// The last lines of a log file.
fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::Probe;

    fn component(program: &str, args: &[&str], probe: Probe) -> Component {
        let mut component = Component::new("sample", program.into(), probe);
        component.args = args.iter().map(|&arg| arg.to_owned()).collect();
        component
    }

    #[test]
    fn the_end_of_the_log_tells_why_a_component_died() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path().into()).unwrap();
        let nowhere = Probe::Socket(folder.path().join("nowhere"));
        let component = component("/bin/sh", &["-c", "echo no such flag >&2; exit 1"], nowhere);
        let error = start(&layout, &component).unwrap().ready().unwrap_err();
        assert!(error.to_string().contains("no such flag"), "{error}");
    }

    #[test]
    fn a_taken_port_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path().into()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut component = component("/bin/true", &[], Probe::Http(address, "/"));
        component.ports.push(address);
        let error = start(&layout, &component).unwrap_err();
        assert!(matches!(error, LaunchError::PortTaken { .. }), "{error}");
    }
}
