//! The merged log of an execution: frames of all groups in order of time, from
//! any position on, and on request until nothing more will come.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use assay_protocol::Progress;
use assay_protocol::frame::Header;
use bytes::Bytes;
use tokio::sync::watch;

use super::lane::Lane;
use super::position::Position;
use super::read_error::ReadError;
use super::shelf::{Beat, Logs, blocking};
use super::source::Found;
use crate::record::RunKey;
use crate::runs::NewestRun;

/// Bytes of one batch.
const BATCH_BYTES: usize = 128 * 1024;
/// A follower looks again after so long even when nobody tells it to.
const LOOK: Duration = if cfg!(test) { Duration::from_secs(3600) } else { Duration::from_secs(5) };

/// What to read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Only this step, by its index in the plan.
    pub step: Option<u16>,
    /// Wait for more until the run has an outcome.
    pub follow: bool,
    /// Go on behind this position; ignored when a newer attempt has begun.
    pub from: Option<Position>,
}

/// One frame of the merged log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPiece {
    /// Infrastructure attempt it belongs to.
    pub run_attempt: u32,
    /// Stream it comes from.
    pub group: u16,
    /// The frame's header.
    pub header: Header,
    /// What was printed.
    pub payload: Bytes,
    /// Offset behind the frame in the group's stream.
    pub end: u64,
}

impl LogPiece {
    /// Moves a position behind this piece.
    pub fn pass(&self, position: &mut Position) {
        if position.attempt != self.run_attempt {
            *position = Position { attempt: self.run_attempt, ..Position::default() };
        }
        position.offsets.insert(self.group, self.end);
    }
}

/// A reader of one execution's merged log. Holds at most 256 KiB and one frame per group.
#[derive(Debug)]
pub struct LogReader {
    logs: Logs,
    uid: String,
    options: ReadOptions,
    beat: Option<watch::Receiver<Beat>>,
    /// Count of changes at which the records were looked at.
    seen: Option<u64>,
    /// Count of changes at which the steps' handles were looked at.
    named: Option<u64>,
    run: Option<RunKey>,
    lanes: BTreeMap<u16, Lane>,
    labels: Vec<String>,
    finished: bool,
}

impl Logs {
    /// Begins to read the merged log of an execution, ordered by time.
    ///
    /// # Errors
    /// When the records or the files cannot be read.
    pub async fn read(&self, uid: &str, options: ReadOptions) -> Result<LogReader, ReadError> {
        let beat = options.follow.then(|| self.subscribe(uid));
        LogReader::open(self.clone(), uid.to_owned(), options, beat).await
    }
}

impl LogReader {
    async fn open(
        logs: Logs,
        uid: String,
        options: ReadOptions,
        beat: Option<watch::Receiver<Beat>>,
    ) -> Result<Self, ReadError> {
        let mut reader = Self {
            logs,
            uid,
            options,
            beat,
            seen: None,
            named: None,
            run: None,
            lanes: BTreeMap::new(),
            labels: Vec::new(),
            finished: false,
        };
        let changed = reader.mark();
        reader.look(changed).await?;
        reader.measure().await?;
        Ok(reader)
    }

    /// Where a reader that has seen nothing yet stands.
    pub fn start(&self) -> Position {
        let run = self.run.as_ref();
        match (&self.options.from, run) {
            (Some(from), Some(run)) if from.attempt == run.attempt => from.clone(),
            (Some(from), None) => from.clone(),
            (_, run) => Position { attempt: run.map_or(1, |run| run.attempt), ..Position::default() },
        }
    }

    /// Handle of a step of the plan, as far as the newest progress names it.
    pub fn step_id(&self, index: u16) -> String {
        self.labels.get(usize::from(index)).cloned().unwrap_or_else(|| format!("step-{index}"))
    }

    /// The next pieces, about 128 KiB of them; `None` at the end. A follower
    /// waits. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When files or records cannot be read.
    pub async fn next_batch(&mut self) -> Result<Option<Vec<LogPiece>>, ReadError> {
        loop {
            self.feed().await?;
            self.name_steps().await?;
            let (pieces, taken) = self.gather();
            if !pieces.is_empty() {
                return Ok(Some(pieces));
            }
            if taken {
                continue;
            }
            if self.beat.is_none() {
                return Ok(None);
            }
            // The end is judged before the files are measured: what an outcome
            // follows is already in them.
            let finished = self.finished;
            let changed = self.mark();
            if self.measure().await? || self.look(changed).await? {
                continue;
            }
            if finished {
                return Ok(None);
            }
            if !self.finished {
                self.wait().await;
            }
        }
    }

    /// Takes frames in order of time until one lane cannot say what comes next.
    fn gather(&mut self) -> (Vec<LogPiece>, bool) {
        let Some(run_attempt) = self.run.as_ref().map(|run| run.attempt) else { return (Vec::new(), false) };
        let mut pieces = Vec::new();
        let mut bytes = 0;
        while bytes < BATCH_BYTES && !self.lanes.values().any(Lane::hungry) {
            let next = self.lanes.iter_mut().filter_map(|(group, lane)| Some((lane.next_time()?, *group, lane)));
            let Some((_, group, lane)) = next.min_by_key(|(time, group, _)| (*time, *group)) else { break };
            let Some((header, payload, end)) = lane.pop() else { break };
            bytes += payload.len() + assay_protocol::frame::HEADER_BYTES;
            if self.options.step.is_none_or(|step| step == header.step) {
                pieces.push(LogPiece { run_attempt, group, header, payload, end });
            }
        }
        (pieces, bytes > 0)
    }

    /// Reads for every lane that needs it.
    async fn feed(&mut self) -> Result<(), ReadError> {
        let wishes: Vec<_> =
            self.lanes.iter().filter(|(_, lane)| lane.hungry()).map(|(group, lane)| (*group, lane.refill())).collect();
        if wishes.is_empty() {
            return Ok(());
        }
        let read = move || wishes.into_iter().map(|(group, wish)| Ok((group, wish.read()?))).collect();
        let filled: Vec<(u16, Bytes)> = blocking::<_, io::Error>(read).await?;
        for (group, bytes) in filled {
            if let Some(lane) = self.lanes.get_mut(&group) {
                lane.take(bytes);
            }
        }
        Ok(())
    }

    /// Measures the files of the run, and finds new ones. Whether there is more to read.
    async fn measure(&mut self) -> Result<bool, ReadError> {
        let Some(run) = self.run.clone() else { return Ok(false) };
        let open: BTreeMap<_, _> = self.lanes.iter().map(|(group, lane)| (*group, lane.source())).collect();
        let logs = self.logs.clone();
        let found = blocking::<_, io::Error>(move || {
            let mut found = Vec::new();
            for group in logs.groups(&run)? {
                found.push((group, Found::look(&logs.path(&run, group), open.get(&group).map(AsRef::as_ref))?));
            }
            Ok(found)
        })
        .await?;
        let start = self.start();
        let mut more = false;
        for (group, Found { length, source }) in found {
            match (source, self.lanes.get_mut(&group)) {
                (Some(source), Some(lane)) => lane.go_on_with(source),
                (Some(source), None) => {
                    let from = start.offsets.get(&group).copied().unwrap_or(0);
                    self.lanes.insert(group, Lane::new(source, from));
                }
                (None, _) => {}
            }
            more |= self.lanes.get_mut(&group).is_some_and(|lane| lane.grow(length));
        }
        Ok(more)
    }

    /// Takes note of all news so far: only what comes later ends a wait.
    fn mark(&mut self) -> Option<u64> {
        self.beat.as_mut().map(|beat| beat.borrow_and_update().changed)
    }

    /// Learns the handles of steps that have begun to speak, when there may be new ones.
    async fn name_steps(&mut self) -> Result<(), ReadError> {
        let Some(changed) = self.beat.as_ref().map(|beat| beat.borrow().changed) else { return Ok(()) };
        let known = self.labels.len();
        let missing = self.lanes.values().filter_map(Lane::next_step).any(|step| usize::from(step) >= known);
        if let Some(run) = self.run.as_ref().filter(|_| missing && self.named != Some(changed)) {
            let progress = self.logs.runs().progress(run).await?;
            self.labels = progress.as_ref().map(labels).unwrap_or_default();
            self.named = Some(changed);
        }
        Ok(())
    }

    /// Looks at the records, when they may have changed. Whether another run took over.
    async fn look(&mut self, changed: Option<u64>) -> Result<bool, ReadError> {
        if self.seen.is_some() && self.seen == changed {
            return Ok(false);
        }
        let newest = self.logs.runs().newest(&self.uid).await?;
        let Some(NewestRun { key, finished }) = newest else {
            self.finished = self.logs.runs().concluded(&self.uid).await?;
            self.seen = changed;
            return Ok(false);
        };
        let progress = self.logs.runs().progress(&key).await?;
        self.labels = progress.as_ref().map(labels).unwrap_or_default();
        self.finished = finished;
        self.seen = changed;
        if self.run.as_ref() == Some(&key) {
            return Ok(false);
        }
        self.lanes.clear();
        self.run = Some(key);
        Ok(true)
    }

    async fn wait(&mut self) {
        let Some(beat) = self.beat.as_mut() else { return };
        match tokio::time::timeout(LOOK, beat.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => tokio::time::sleep(LOOK).await,
            // Nobody said anything: look at the records all the same.
            Err(_) => self.seen = None,
        }
    }
}

fn labels(progress: &Progress) -> Vec<String> {
    progress.steps.iter().map(|step| step.id.clone()).collect()
}
