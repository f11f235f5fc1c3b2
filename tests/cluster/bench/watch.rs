//! A watch on one kind that stamps each object when it arrives.

use std::io::Read;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use assay_cluster_tests::{CommandError, Place};
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

/// `kubectl get KIND --watch` on a namespace.
#[derive(Debug)]
pub struct Watch {
    child: Child,
    seen: Receiver<Seen>,
}

impl Watch {
    /// Starts watching.
    pub fn start(place: &Place, namespace: &str, kind: &str) -> Result<Self, CommandError> {
        let arguments = ["-n", namespace, "get", kind, "--watch", "-o", "json"];
        let started = |source| CommandError::Start(format!("kubectl {}", arguments.join(" ")), source);
        let mut child = place.kubectl().command(&arguments).stdout(Stdio::piped()).spawn().map_err(started)?;
        let stdout = child.stdout.take().expect("the output is a pipe");
        let (sender, seen) = channel();
        std::thread::spawn(move || {
            for object in objects(stdout) {
                if sender.send(Seen { object, at_ns: now_ns() }).is_err() {
                    break;
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
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn objects(stdout: impl Read) -> impl Iterator<Item = Value> {
    serde_json::Deserializer::from_reader(stdout).into_iter::<Value>().map_while(Result::ok)
}
