//! Processes that outlive the command that started them: started detached,
//! remembered by pid *and* start time, stopped politely, then firmly.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions};
use serde::{Deserialize, Serialize};

/// How often a wait looks again.
const GLANCE: Duration = Duration::from_millis(20);

/// What went wrong with a process.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// A folder or file around the process could not be used.
    #[error("cannot use {path}")]
    File {
        /// The file in question.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program could not be started.
    #[error("cannot start {program}")]
    Start {
        /// The program in question.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A signal could not be sent.
    #[error("cannot signal process {pid}")]
    Signal {
        /// The process in question.
        pid: i32,
        /// What the system said.
        source: io::Error,
    },
}

/// Which process is meant: a pid alone may be somebody else's by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The process id.
    pub pid: i32,
    /// Start time in clock ticks since boot (`/proc/<pid>/stat`, field 22).
    pub start_ticks: u64,
    /// The kernel's boot id, since ticks begin again after a reboot.
    pub boot: String,
}

/// What a remembered process is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It runs (or sleeps).
    Running,
    /// It was stopped by SIGSTOP.
    Frozen,
    /// It ended, or its pid belongs to another process now.
    Gone,
}

impl Identity {
    /// The identity of a process that runs now; `None` when there is none.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        let (_, start_ticks) = stat(pid)?;
        Some(Self { pid, start_ticks, boot: boot_id() })
    }

    /// What this very process is doing.
    #[must_use]
    pub fn life(&self) -> Life {
        if let Some(pid) = Pid::from_raw(self.pid) {
            // Reaps the process when it happens to be our own child.
            let _ = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
        }
        match stat(self.pid) {
            Some((state, ticks)) if ticks == self.start_ticks && boot_id() == self.boot => match state {
                'Z' | 'X' => Life::Gone,
                'T' | 't' => Life::Frozen,
                _ => Life::Running,
            },
            _ => Life::Gone,
        }
    }

    /// Sends a signal, unless the process is gone. Says whether it was sent.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn signal(&self, signal: Signal) -> Result<bool, ProcessError> {
        if self.life() == Life::Gone {
            return Ok(false);
        }
        let Some(pid) = Pid::from_raw(self.pid) else { return Ok(false) };
        match rustix::process::kill_process(pid, signal) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::SRCH) => Ok(false),
            Err(errno) => Err(ProcessError::Signal { pid: self.pid, source: errno.into() }),
        }
    }

    /// Waits until the process is gone; `false` when it is still there after `patience`.
    #[must_use]
    pub fn wait_gone(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            if self.life() == Life::Gone {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(GLANCE);
        }
    }

    /// SIGTERM, a bounded wait, then SIGKILL.
    ///
    /// # Errors
    /// When the system refuses a signal.
    pub fn stop(&self, grace: Duration) -> Result<(), ProcessError> {
        if !self.signal(Signal::TERM)? {
            return Ok(());
        }
        // A frozen process sees SIGTERM only after it is thawed.
        self.signal(Signal::CONT)?;
        if !self.wait_gone(grace) {
            self.signal(Signal::KILL)?;
            let _ = self.wait_gone(Duration::from_secs(5));
        }
        Ok(())
    }
}

/// State letter and start time of a process.
fn stat(pid: i32) -> Option<(char, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name in parentheses may itself hold blanks and parentheses.
    let rest = text.get(text.rfind(')')? + 1..)?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let ticks = fields.nth(18)?.parse().ok()?;
    Some((state, ticks))
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// Starts a program in a session of its own, output to `log`, and gives its identity.
///
/// # Errors
/// When the log cannot be opened or the program cannot be started. A program that
/// does not exist is seen by the one who waits for readiness, not here.
pub fn spawn_detached(
    program: &Path,
    args: &[String],
    env: &[(String, String)],
    log: &Path,
) -> Result<Identity, ProcessError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| ProcessError::File { path, source }
    };
    let output = File::options().create(true).append(true).open(log).map_err(at(log))?;
    let errors = output.try_clone().map_err(at(log))?;
    // `setsid` executes the program in its own place, so the pid stays the same.
    let child = Command::new("setsid")
        .arg(program)
        .args(args)
        .envs(env.iter().map(|(key, value)| (key, value)))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .spawn()
        .map_err(|source| ProcessError::Start { program: program.to_owned(), source })?;
    let pid = i32::try_from(child.id()).expect("Linux process ids fit into i32");
    Ok(Identity::of(pid).expect("an unreaped child has an entry in /proc"))
}

/// The remembered identity of a component; `None` when it was never started.
#[must_use]
pub fn remembered(folder: &Path, name: &str) -> Option<Identity> {
    let text = fs::read_to_string(folder.join(format!("{name}.json"))).ok()?;
    serde_json::from_str(&text).ok()
}

/// Remembers the identity of a component.
///
/// # Errors
/// When the file cannot be written.
pub fn remember(folder: &Path, name: &str, identity: &Identity) -> Result<(), ProcessError> {
    let path = folder.join(format!("{name}.json"));
    let text = serde_json::to_string(identity).expect("an identity is plain data");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, text))
        .map_err(|source| ProcessError::File { path, source })
}

/// Forgets a component.
pub fn forget(folder: &Path, name: &str) {
    let _ = fs::remove_file(folder.join(format!("{name}.json")));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A signal takes effect at once, but when that is seen depends on the machine.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn sleeper() -> (Identity, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let identity = spawn_detached(Path::new("/bin/sleep"), &["300".into()], &[], &log).unwrap();
        (identity, folder)
    }

    #[test]
    fn a_stopped_process_is_gone() {
        let (identity, _folder) = sleeper();
        assert_eq!(identity.life(), Life::Running);
        identity.stop(PATIENCE).unwrap();
        assert_eq!(identity.life(), Life::Gone);
        assert!(!identity.signal(Signal::TERM).unwrap());
    }

    #[test]
    fn a_recycled_pid_is_not_the_same_process() {
        let (identity, _folder) = sleeper();
        let other = Identity { start_ticks: identity.start_ticks + 1, ..identity.clone() };
        assert_eq!(other.life(), Life::Gone);
        assert!(!other.signal(Signal::KILL).unwrap());
        assert_eq!(identity.life(), Life::Running);
        let rebooted = Identity { boot: "another".into(), ..identity.clone() };
        assert_eq!(rebooted.life(), Life::Gone);
        identity.stop(PATIENCE).unwrap();
    }

    #[test]
    fn a_frozen_process_is_told_apart_and_can_be_stopped() {
        let (identity, _folder) = sleeper();
        identity.signal(Signal::STOP).unwrap();
        let deadline = Instant::now() + PATIENCE;
        while identity.life() != Life::Frozen && Instant::now() < deadline {
            std::thread::sleep(GLANCE);
        }
        assert_eq!(identity.life(), Life::Frozen);
        identity.stop(PATIENCE).unwrap();
        assert_eq!(identity.life(), Life::Gone);
    }

    #[test]
    fn what_is_remembered_is_read_back_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let own = i32::try_from(std::process::id()).unwrap();
        let identity = Identity::of(own).unwrap();
        remember(folder.path(), "self", &identity).unwrap();
        assert_eq!(remembered(folder.path(), "self"), Some(identity));
        forget(folder.path(), "self");
        assert_eq!(remembered(folder.path(), "self"), None);
    }
}
