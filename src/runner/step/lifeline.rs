//! Whether there is still a leader to work for.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use assay_protocol::control::HEARTBEAT_LIMIT_SECONDS;

use crate::control_dir;

/// How long a leader may take to appear: its image may have to be pulled.
const FIRST_APPEARANCE: Duration = Duration::from_secs(600);

/// The leader's heartbeat, seen from a step container.
#[derive(Debug)]
pub(super) struct Lifeline {
    heartbeat: PathBuf,
    since: Instant,
    seen: bool,
}

impl Lifeline {
    pub(super) fn new(heartbeat: PathBuf) -> Self {
        Self { heartbeat, since: Instant::now(), seen: false }
    }

    /// Whether a leader ever appeared.
    pub(super) fn seen(&mut self) -> bool {
        self.seen = self.seen || self.heartbeat.exists();
        self.seen
    }

    /// Whether it is to be taken for gone.
    pub(super) fn is_cut(&mut self) -> bool {
        if !self.seen() {
            return self.since.elapsed() > FIRST_APPEARANCE;
        }
        // A file that cannot be read for a moment is no proof.
        let age = control_dir::age(&self.heartbeat).unwrap_or_default();
        age > Duration::from_secs(HEARTBEAT_LIMIT_SECONDS)
    }
}
