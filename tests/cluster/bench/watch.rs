//! A watch on one kind that stamps each object when it arrives.

use std::io::Read;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use assay_cluster_tests::{CommandError, Place, Tool};
use serde_json::Value;

/// Nanoseconds since 1970.
pub fn now_ns() -> i128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as i128)
}

/// An object and when it was seen.
#[derive(Debug)]
pub struct Seen {
    /// The object.
    pub object: Value,
    /// When, in nanoseconds since 1970.
    pub at_ns: i128,
}

/// `kubectl get KIND --watch` on a namespace, begun anew when the API server ends it.
#[derive(Debug)]
pub struct Watch {
    child: Arc<Mutex<Option<Child>>>,
    seen: Receiver<Seen>,
}

impl Watch {
    /// Starts watching.
    pub fn start(place: &Place, namespace: &str, kind: &str) -> Result<Self, CommandError> {
        let arguments = ["-n", namespace, "get", kind, "--watch", "-o", "json"].map(str::to_owned);
        let kubectl = place.kubectl();
        let first = spawn(&kubectl, &arguments)?;
        let child = Arc::new(Mutex::new(None));
        let (sender, seen) = channel();
        let running = Arc::clone(&child);
        std::thread::spawn(move || {
            let mut next = Some(first);
            while let Some(mut child) = next.take() {
                let stdout = child.stdout.take().expect("the output is a pipe");
                *running.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
                for object in objects(stdout) {
                    if sender.send(Seen { object, at_ns: now_ns() }).is_err() {
                        return;
                    }
                }
                // Whoever drops the watch has taken the child away.
                let ended = running.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(mut ended) = ended {
                    ended.wait().ok();
                    next = spawn(&kubectl, &arguments).ok();
                }
            }
        });
        Ok(Self { child, seen })
    }

    /// Every object that was seen and is seen within a time.
    pub fn seen_within(&self, time: Duration) -> Vec<Value> {
        let end = Instant::now() + time;
        let left = || end.checked_duration_since(Instant::now());
        std::iter::from_fn(|| self.seen.recv_timeout(left()?).ok()).map(|seen| seen.object).collect()
    }

    /// Waits for the first object for which `wanted` holds.
    pub fn until(&self, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Option<Seen> {
        let end = Instant::now() + limit;
        loop {
            let left = end.checked_duration_since(Instant::now())?;
            match self.seen.recv_timeout(left) {
                Ok(seen) if wanted(&seen.object) => return Some(seen),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn spawn(kubectl: &Tool, arguments: &[String]) -> Result<Child, CommandError> {
    let started = |source| CommandError::Start(format!("kubectl {}", arguments.join(" ")), source);
    kubectl.command(arguments).stdout(Stdio::piped()).spawn().map_err(started)
}

fn objects(stdout: impl Read) -> impl Iterator<Item = Value> {
    serde_json::Deserializer::from_reader(stdout).into_iter::<Value>().map_while(Result::ok)
}
