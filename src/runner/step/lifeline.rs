//! Whether there is still a leader to work for.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use assay_protocol::control::HEARTBEAT_LIMIT_SECONDS;

use crate::control_dir;

/// How long a leader may take to appear: its image may have to be pulled.
const FIRST_APPEARANCE: Duration = Duration::from_secs(600);
/// At most so much of the time between two looks counts: who was stopped himself knows nothing of the others.
const GAP: Duration = Duration::from_secs(10);

/// The leader's heartbeat, seen from a step container.
///
/// Only that it changes counts, and only on our own clock: the one that dates files may be set at any time.
#[derive(Debug)]
pub(super) struct Lifeline {
    heartbeat: PathBuf,
    since: Instant,
    seen: bool,
    /// When the heart beat last, by the other clock.
    beat: Option<SystemTime>,
    /// When that was looked at last.
    looked: Instant,
    /// Time since it changed.
    silent: Duration,
}

impl Lifeline {
    pub(super) fn new(heartbeat: PathBuf) -> Self {
        let now = Instant::now();
        Self { heartbeat, since: now, seen: false, beat: None, looked: now, silent: Duration::ZERO }
    }

    /// Whether a leader ever appeared.
    pub(super) fn seen(&mut self) -> bool {
        self.seen = self.seen || self.heartbeat.exists();
        self.seen
    }

    /// Whether it is to be taken for gone. To be asked every few seconds.
    pub(super) fn is_cut(&mut self) -> bool {
        self.is_cut_at(Instant::now())
    }

    fn is_cut_at(&mut self, now: Instant) -> bool {
        if !self.seen() {
            return now.saturating_duration_since(self.since) > FIRST_APPEARANCE;
        }
        let gap = now.saturating_duration_since(self.looked).min(GAP);
        self.looked = now;
        // A file that cannot be read for a moment is no proof.
        let beat = control_dir::modified(&self.heartbeat);
        if beat.is_none() || beat != self.beat {
            self.beat = beat;
            self.silent = Duration::ZERO;
        } else {
            self.silent += gap;
        }
        self.silent > Duration::from_secs(HEARTBEAT_LIMIT_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_secs(5);

    /// A leader's heartbeat, and the moment from which it is looked at.
    fn lifeline() -> (tempfile::TempDir, Lifeline, Instant) {
        let dir = tempfile::tempdir().unwrap();
        let heartbeat = dir.path().join("heartbeat");
        std::fs::write(&heartbeat, "now").unwrap();
        let lifeline = Lifeline::new(heartbeat);
        (dir, lifeline, Instant::now())
    }

    fn beat(lifeline: &Lifeline, at: SystemTime) {
        std::fs::File::options().write(true).open(&lifeline.heartbeat).unwrap().set_modified(at).unwrap();
    }

    #[test]
    fn a_clock_that_is_set_says_nothing_of_the_leader() {
        let (_dir, mut lifeline, now) = lifeline();
        let wall = SystemTime::now();
        // Ahead of ours, then behind it, as after a clock was put right.
        for (look, hours) in (0..40).zip([24, 1, 72].into_iter().cycle()) {
            beat(&lifeline, wall - Duration::from_secs(hours * 3600));
            assert!(!lifeline.is_cut_at(now + look * LOOK), "look {look}");
        }
    }

    #[test]
    fn a_leader_that_is_silent_for_long_is_gone() {
        let (_dir, mut lifeline, now) = lifeline();
        beat(&lifeline, SystemTime::now() + Duration::from_secs(3600));
        let cut: Vec<u32> = (0..20).filter(|look| lifeline.is_cut_at(now + *look * LOOK)).collect();
        assert_eq!(cut.first(), Some(&13), "the first look after a minute");
        beat(&lifeline, SystemTime::now());
        assert!(!lifeline.is_cut_at(now + 20 * LOOK), "it speaks again");
    }

    #[test]
    fn who_was_stopped_himself_waits_for_the_leader_anew() {
        let (_dir, mut lifeline, now) = lifeline();
        assert!(!lifeline.is_cut_at(now));
        assert!(!lifeline.is_cut_at(now + Duration::from_secs(3600)));
    }
}
