//! What the driver and the uplink's tasks leave for each other.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use assay_protocol::ingest::Commands;
use assay_protocol::{ArtifactTotals, Progress, frame};
use assay_report::TestReport;
use bytes::Bytes;
use tokio::sync::Notify;

use super::meter::Meter;

/// What the leader may have to say while nobody listens, in bytes.
const OWN_LIMIT: usize = 8 * 1024 * 1024;
/// Longest piece of the leader's own stream.
const OWN_BATCH: usize = 256 * 1024;

/// A value with a bell. Everything runs on one thread, and no lock is held
/// while anything is awaited.
#[derive(Debug, Default)]
pub(super) struct Board<T> {
    value: Mutex<T>,
    bell: Notify,
}

impl<T> Board<T> {
    /// Looks without waking anybody.
    pub(super) fn look(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the value and wakes all who wait.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.look());
        self.bell.notify_waiters();
        result
    }

    /// Waits until the value gives something.
    pub(super) async fn until<R>(&self, mut find: impl FnMut(&mut T) -> Option<R>) -> R {
        loop {
            let rung = self.bell.notified();
            tokio::pin!(rung);
            // From here on a bell is heard, so a change after the look is not missed.
            rung.as_mut().enable();
            if let Some(found) = find(&mut self.look()) {
                return found;
            }
            rung.await;
        }
    }
}

/// The leader's own stream, which lies in memory.
#[derive(Debug, Default)]
pub(super) struct OwnStream {
    /// Bytes that the server does not have yet.
    pub(super) waiting: Vec<u8>,
    /// Stream offset of the first of them.
    pub(super) start: u64,
    /// Lines that found no place.
    lost: u64,
}

impl OwnStream {
    /// Appends a line. Answers how many lines were lost, once there is place again to say so.
    pub(super) fn append(&mut self, frames: &[u8]) -> Option<u64> {
        if self.waiting.len() + frames.len() > OWN_LIMIT {
            self.lost += 1;
            return None;
        }
        self.waiting.extend_from_slice(frames);
        let roomy = self.lost > 0 && self.waiting.len() < OWN_LIMIT / 2;
        roomy.then(|| std::mem::take(&mut self.lost))
    }

    /// The server has the stream up to here.
    pub(super) fn acknowledge(&mut self, position: u64) {
        let known = usize::try_from(position.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let gone = known.min(self.waiting.len());
        self.waiting.drain(..gone);
        self.start += gone as u64;
    }

    /// The next whole frames.
    pub(super) fn batch(&self) -> Option<Bytes> {
        let piece = &self.waiting[..self.waiting.len().min(OWN_BATCH)];
        let whole = frame::whole_frames(piece).expect("the leader writes frames");
        (whole > 0).then(|| Bytes::copy_from_slice(&piece[..whole]))
    }
}

/// What concerns logs.
#[derive(Debug, Default)]
pub(super) struct LogDesk {
    /// The leader's lines.
    pub(super) own: OwnStream,
    /// Set at the end: where each group's stream ends.
    pub(super) ends: Option<BTreeMap<u16, u64>>,
    /// Whether everything was acknowledged; set once, after `ends`.
    pub(super) complete: Option<bool>,
}

/// A file to be stored.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    /// Handle of the step that wrote it.
    pub(super) step: String,
    /// Name under which it is kept.
    pub(super) name: String,
    /// Where it lies.
    pub(super) source: String,
}

/// What concerns artifacts.
#[derive(Debug, Default)]
pub(super) struct ArtifactDesk {
    /// Still to be sent.
    pub(super) queue: VecDeque<Upload>,
    /// Being sent.
    pub(super) under_way: usize,
    /// What the server has.
    pub(super) stored: ArtifactTotals,
}

/// What concerns progress and report.
#[derive(Debug, Default)]
pub(super) struct NewsDesk {
    /// The newest state.
    pub(super) progress: Option<Progress>,
    /// Sequence that the server has.
    pub(super) known: u64,
    /// The report, until it is sent.
    pub(super) report: Option<TestReport>,
    /// Version of the newest commands that were learnt.
    pub(super) version: u64,
    /// Commands that the leader has not yet heard of.
    pub(super) commands: Option<Commands>,
}

impl NewsDesk {
    /// Takes the server's word, unless a newer one was there first.
    pub(super) fn learn(&mut self, commands: Commands) {
        if commands.version > self.version {
            self.version = commands.version;
            self.commands = Some(commands);
        }
    }
}

/// All desks.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    pub(super) logs: Board<LogDesk>,
    pub(super) artifacts: Board<ArtifactDesk>,
    pub(super) news: Board<NewsDesk>,
    /// Lines for the leader to say.
    pub(super) notices: Board<VecDeque<String>>,
    /// What has reached the server.
    pub(super) meter: Meter,
}

impl Mailbox {
    pub(super) fn notice(&self, text: String) {
        self.notices.change(|notices| notices.push_back(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_stream_is_bounded_and_says_what_it_lost() {
        let mut own = OwnStream::default();
        let line = vec![0xA5; OWN_LIMIT / 4];
        assert_eq!((0..6).map(|_| own.append(&line)).collect::<Vec<_>>(), [None; 6]);
        assert_eq!(own.waiting.len(), OWN_LIMIT);
        own.acknowledge(OWN_LIMIT as u64);
        assert_eq!((own.append(&line), own.append(&line)), (Some(2), None));
    }
}
