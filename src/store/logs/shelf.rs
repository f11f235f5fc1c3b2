//! All logs: which file is which, who is told that one grew, when they reach the disk.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use super::file::{AppendError, LogFile};
use super::folder::entries;
use super::read_error::ReadError;
use super::source::{PACKED, PLAIN};
use super::tail::{Tail, render};
use crate::record::{RecordError, RunKey, is_uid};
use crate::runs::Runs;
use crate::space::Space;

/// How often written bytes are brought to disk.
const SYNC: Duration = Duration::from_secs(2);
/// Time without use after which a file is closed.
const IDLE: Duration = Duration::from_secs(60);

/// The logs of all executions. Clones share the same files.
#[derive(Clone, Debug)]
pub struct Logs {
    shelf: Arc<Shelf>,
}

#[derive(Debug)]
struct Shelf {
    folder: PathBuf,
    runs: Runs,
    space: Space,
    files: Mutex<HashMap<RunKey, BTreeMap<u16, Arc<LogFile>>>>,
    followers: Mutex<HashMap<String, watch::Sender<Beat>>>,
}

/// What followers of an execution are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Beat {
    /// Counts pieces of log.
    pub(super) appended: u64,
    /// Counts changes of the records: new run, progress, conclusion.
    pub(super) changed: u64,
}

impl Logs {
    pub(crate) fn new(folder: PathBuf, runs: Runs, space: Space) -> Self {
        let shelf = Shelf { folder, runs, space, files: Mutex::default(), followers: Mutex::default() };
        Self { shelf: Arc::new(shelf) }
    }

    /// Appends whole frames that begin at `offset` of the group's stream. A
    /// repeat is no error: what is already held is skipped. Gives the bytes that
    /// are held afterwards.
    ///
    /// # Errors
    /// [`AppendError::Gap`] when bytes before `offset` are missing.
    pub async fn append(&self, key: &RunKey, group: u16, offset: u64, bytes: Bytes) -> Result<u64, AppendError> {
        let known = self.known(key, group);
        let first = known.is_none();
        if first {
            self.shelf.runs.enlist(key).await?;
        }
        let file = known.unwrap_or_else(|| self.file(key, group));
        let space = self.shelf.space.clone();
        let appended = blocking(move || file.append(offset, &bytes, &space)).await;
        if first && let Err(error @ RecordError::Unknown) = self.shelf.runs.admit(key).await {
            // Forgotten meanwhile, and nobody else knows of the file that was made after that.
            self.remove(&key.execution_uid).await?;
            return Err(error.into());
        }
        let acknowledged = appended?;
        self.beat(&key.execution_uid, |beat| {
            beat.appended += 1;
            // The first piece may be the first word of its run.
            beat.changed += u64::from(first);
        });
        Ok(acknowledged)
    }

    /// Bytes that are held of each group's stream of a run.
    ///
    /// # Errors
    /// When a file cannot be opened.
    pub async fn lengths(&self, key: &RunKey) -> Result<BTreeMap<u16, u64>, io::Error> {
        let (logs, key) = (self.clone(), key.clone());
        blocking(move || {
            let mut lengths = BTreeMap::new();
            for group in logs.groups(&key)? {
                lengths.insert(group, logs.file(&key, group).length()?);
            }
            Ok(lengths)
        })
        .await
    }

    /// The last lines of the newest run, at most `max_bytes` long, free of
    /// terminal sequences.
    ///
    /// # Errors
    /// When the records or the files cannot be read.
    pub async fn tail(&self, uid: &str, max_bytes: usize) -> Result<Tail, ReadError> {
        let Some(run) = self.shelf.runs.newest(uid).await?.filter(|run| run.key.is_sound()) else {
            return Ok(Tail::default());
        };
        let logs = self.clone();
        let endings = blocking(move || {
            let files = logs.groups(&run.key)?.into_iter().map(|group| logs.file(&run.key, group));
            files.map(|file| file.ending()).collect::<io::Result<Vec<_>>>()
        })
        .await?;
        Ok(render(&endings, max_bytes))
    }

    pub(super) fn runs(&self) -> &Runs {
        &self.shelf.runs
    }

    /// The file of a group as it lies on disk.
    pub(super) fn path(&self, key: &RunKey, group: u16) -> PathBuf {
        self.folder(key).join(format!("{group}.{PLAIN}"))
    }

    /// Groups of which there is a file. Blocks.
    pub(super) fn groups(&self, key: &RunKey) -> io::Result<Vec<u16>> {
        if !key.is_sound() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let mut groups = Vec::new();
        for entry in entries(&self.folder(key))? {
            let name = entry?.file_name();
            let parts = name.to_str().and_then(|name| name.split_once('.'));
            let group = parts.filter(|(_, kind)| [PLAIN, PACKED].contains(kind));
            groups.extend(group.and_then(|(group, _)| group.parse::<u16>().ok()));
        }
        groups.sort_unstable();
        // While a log becomes an archive there may be both.
        groups.dedup();
        Ok(groups)
    }

    /// Tells followers that the records of an execution changed.
    pub(crate) fn announce(&self, uid: &str) {
        self.beat(uid, |beat| beat.changed += 1);
    }

    /// Brings a finished run to disk soon, without anybody waiting for it.
    pub(crate) fn settle(&self, key: RunKey) {
        let files: Vec<_> = self.files().get(&key).map(|groups| groups.values().cloned().collect()).unwrap_or_default();
        tokio::task::spawn_blocking(move || sync_all(&files));
    }

    /// Brings everything to disk.
    pub(crate) async fn sync(&self) {
        let files = self.all();
        // Reported file by file; a task that was cancelled has nothing to say.
        let _ = tokio::task::spawn_blocking(move || sync_all(&files)).await;
    }

    /// Keeps the shelf in order until it is dropped: brings bytes to disk,
    /// closes what nobody uses.
    pub(crate) fn keep(self) {
        let shelf: Weak<Shelf> = Arc::downgrade(&self.shelf);
        drop(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SYNC).await;
                let Some(shelf) = shelf.upgrade() else { return };
                let logs = Logs { shelf };
                logs.sync().await;
                logs.close_idle(IDLE);
            }
        });
    }

    /// Closes files that nobody uses, and forgets followers that have left.
    fn close_idle(&self, limit: Duration) {
        self.files().retain(|_, groups| {
            groups.retain(|_, file| Arc::strong_count(file) > 1 || !file.idle(limit));
            !groups.is_empty()
        });
        self.followers().retain(|_, sender| sender.receiver_count() > 0);
    }

    /// The folder of all logs.
    pub(super) fn root(&self) -> PathBuf {
        self.shelf.folder.clone()
    }

    fn folder(&self, key: &RunKey) -> PathBuf {
        debug_assert!(is_uid(&key.execution_uid), "checked before a path is made of it");
        self.shelf.folder.join(&key.execution_uid).join(format!("{}-{}", key.attempt, key.pod_uid))
    }

    fn known(&self, key: &RunKey, group: u16) -> Option<Arc<LogFile>> {
        self.files().get(key)?.get(&group).cloned()
    }

    /// The only handle of a file: everybody shares it.
    pub(super) fn file(&self, key: &RunKey, group: u16) -> Arc<LogFile> {
        let path = self.path(key, group);
        let mut files = self.files();
        let groups = files.entry(key.clone()).or_default();
        Arc::clone(groups.entry(group).or_insert_with(|| Arc::new(LogFile::new(path))))
    }

    fn all(&self) -> Vec<Arc<LogFile>> {
        self.files().values().flat_map(|groups| groups.values().cloned()).collect()
    }

    pub(super) fn files(&self) -> MutexGuard<'_, HashMap<RunKey, BTreeMap<u16, Arc<LogFile>>>> {
        self.shelf.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn followers(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<Beat>>> {
        self.shelf.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn subscribe(&self, uid: &str) -> watch::Receiver<Beat> {
        let mut followers = self.followers();
        followers.entry(uid.to_owned()).or_insert_with(|| watch::channel(Beat::default()).0).subscribe()
    }

    fn beat(&self, uid: &str, change: impl FnOnce(&mut Beat)) {
        let mut followers = self.followers();
        let Some(sender) = followers.get(uid) else { return };
        if sender.receiver_count() == 0 {
            followers.remove(uid);
        } else {
            sender.send_modify(change);
        }
    }
}

fn sync_all(files: &[Arc<LogFile>]) {
    for file in files {
        if let Err(error) = file.sync() {
            tracing::warn!(%error, "a log was not brought to disk");
        }
    }
}

/// Runs file work away from the async threads.
pub(super) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<io::Error> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error).into()))
}
