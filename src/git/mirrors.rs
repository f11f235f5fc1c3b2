//! All mirrors: made when they are needed, brought up to date, kept within their limits, made anew when damaged.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest, Sha256};
use tokio::sync::{OwnedRwLockReadGuard, RwLock, Semaphore, SemaphorePermit};

use crate::address::Address;
use crate::error::GitError;
use crate::limits::Limits;
use crate::mirror::{self, Mirror};
use crate::session::Session;
use crate::space;

/// Prefix of the folder of a mirror.
const PREFIX: &str = "mirror-";
/// File in a mirror whose age tells when it was used last.
const USED: &str = "assay-used";
/// A mirror with more files than that is tidied.
const FILES: usize = 10_000;
/// A mirror that was made so lately is not to blame for what Git says.
const RECENT: Duration = Duration::from_secs(600);

/// The mirrors of one folder.
#[derive(Debug)]
pub(crate) struct Mirrors {
    pub(crate) folder: PathBuf,
    pub(crate) limits: Limits,
    places: Mutex<HashMap<String, Arc<Place>>>,
    connections: Semaphore,
}

/// Where the mirror of a repository is, or will be.
#[derive(Debug)]
pub(crate) struct Place {
    mirror: Mirror,
    /// Shared by who reads it, exclusive for who replaces or removes it.
    lock: Arc<RwLock<()>>,
    /// When the last fetch began that succeeded. One fetch at a time.
    fetched: tokio::sync::Mutex<Option<Instant>>,
    /// What it took when it was measured last, in bytes.
    bytes: Mutex<u64>,
    /// Whether its server gives contents of files only together with everything else.
    whole: AtomicBool,
    /// When it was made, if by this process.
    made: Mutex<Option<Instant>>,
}

/// A mirror that stays where it is as long as this lives.
pub(crate) struct Held {
    pub(crate) mirror: Mirror,
    _lock: OwnedRwLockReadGuard<()>,
}

impl Mirrors {
    pub(crate) fn new(folder: PathBuf, limits: Limits) -> Self {
        let connections = Semaphore::new(limits.connections.max(1));
        Self { folder, limits, places: Mutex::default(), connections }
    }

    /// The mirror as it is on the server now.
    ///
    /// Who asks may lose patience: the fetch goes on for the next one, who would only begin it again.
    pub(crate) async fn fresh(self: &Arc<Self>, session: Arc<Session>) -> Result<Held, GitError> {
        let asked = Instant::now();
        let place = self.place(&session.address);
        for _ in 0..3 {
            let (all, own, session) = (Arc::clone(self), Arc::clone(&place), Arc::clone(&session));
            let fetch = tokio::spawn(async move { all.refresh(&own, &session, asked).await });
            fetch.await.map_err(|error| GitError::Odd { doing: "fetch the repository", said: error.to_string() })??;
            // Another repository may have needed the room in between.
            if let Some(held) = place.hold().await {
                return Ok(held);
            }
        }
        let words = "there is not room enough for all mirrors that are needed at once".to_owned();
        Err(GitError::Unavailable { doing: "keep the mirror", said: words })
    }

    async fn refresh(&self, place: &Place, session: &Session, asked: Instant) -> Result<(), GitError> {
        let mut fetched = place.fetched.lock().await;
        if fetched.is_some_and(|began| began >= asked) && place.mirror.exists() {
            return Ok(());
        }
        *fetched = Some(self.bring(place, session).await?);
        self.tend(place).await
    }

    /// Fetches into the mirror, or makes it when there is none, or none that is whole. Gives when it began to.
    ///
    /// Who holds a mirror waits for a connection, so nobody may wait for a mirror while he has one.
    async fn bring(&self, place: &Place, session: &Session) -> Result<Instant, GitError> {
        if place.mirror.exists() {
            let _lock = place.lock.read().await;
            let _connection = self.connection().await;
            let began = Instant::now();
            match place.mirror.fetch(session, &self.limits).await {
                Err(error) if place.is_to_blame(&error) => {
                    tracing::warn!(repository = session.address.url, %error, "the mirror is made anew");
                }
                fetched => return fetched.map(|()| began),
            }
        }
        tokio::fs::create_dir_all(&self.folder)
            .await
            .map_err(|source| GitError::Machine { doing: "make the folder of the mirrors", source })?;
        let connection = self.connection().await;
        let began = Instant::now();
        let copy = place.mirror.copy(session, &self.limits, place.whole.load(Ordering::Relaxed)).await?;
        drop(connection);
        // Whoever reads the old one is not kept waiting for the copy, but only for the change.
        let _lock = place.lock.write().await;
        place.mirror.become_copy(&copy).await?;
        *place.made.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok(began)
    }

    /// Sees to it that the mirror, and all together, stay within their limits.
    async fn tend(&self, place: &Place) -> Result<(), GitError> {
        let folder = &place.mirror.folder;
        let mut space = space::measure(folder).await;
        if space.packs > self.limits.packs || space.files > FILES {
            let _lock = place.lock.write().await;
            if let Err(error) = place.mirror.repack(&self.limits).await {
                tracing::warn!(%error, "a mirror cannot be tidied, and is made anew when it is needed");
                space::remove(folder).await;
            }
            space = space::measure(folder).await;
        }
        let limit = self.limits.mirror_bytes;
        if space.bytes > limit {
            let _lock = place.lock.write().await;
            space::remove(folder).await;
            return Err(GitError::TooLarge { doing: "copy the repository", limit });
        }
        *place.bytes.lock().unwrap_or_else(PoisonError::into_inner) = space.bytes;
        self.make_room(folder).await;
        Ok(())
    }

    /// Removes the mirrors that were not used for longest, other than this one and those in use.
    async fn make_room(&self, keep: &Path) {
        self.sweep().await;
        let mut all = Vec::new();
        for folder in folders(&self.folder, PREFIX) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let place = self.place_named(&name);
            let known = *place.bytes.lock().unwrap_or_else(PoisonError::into_inner);
            // One from before this process began.
            let bytes = if known > 0 { known } else { space::measure(&folder).await.bytes };
            *place.bytes.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
            all.push((used_at(&folder), bytes, place));
        }
        all.sort_by_key(|(used, ..)| *used);
        let mut count = all.len();
        let mut bytes: u64 = all.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, own, place) in all {
            if count <= self.limits.mirrors && bytes <= self.limits.bytes {
                break;
            }
            if place.mirror.folder == keep {
                continue;
            }
            let Ok(_lock) = place.lock.try_write() else { continue };
            space::remove(&place.mirror.folder).await;
            *place.bytes.lock().unwrap_or_else(PoisonError::into_inner) = 0;
            count -= 1;
            bytes -= own;
        }
    }

    /// Removes copies that were begun and that nobody makes any more.
    async fn sweep(&self) {
        for folder in folders(&self.folder, &format!("{}{PREFIX}", mirror::UNFINISHED)) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let place = self.place_named(&name[mirror::UNFINISHED.len()..]);
            // Whoever makes it has this.
            if let Ok(_nobody) = place.fetched.try_lock() {
                space::remove(&folder).await;
            }
        }
    }

    /// Removes a mirror that is to blame for an error; answers whether another try is worth it.
    pub(crate) async fn mended(&self, place: &Place, error: &GitError) -> bool {
        if !place.is_to_blame(error) {
            return false;
        }
        tracing::warn!(mirror = %place.mirror.folder.display(), %error, "the mirror is made anew");
        if matches!(error, GitError::WholeOnly(_)) {
            place.whole.store(true, Ordering::Relaxed);
        }
        let _lock = place.lock.write().await;
        space::remove(&place.mirror.folder).await;
        true
    }

    /// The right to speak to a server. Who also needs a mirror holds that first.
    pub(crate) async fn connection(&self) -> SemaphorePermit<'_> {
        self.connections.acquire().await.expect("nobody closes it")
    }

    pub(crate) fn place(&self, address: &Address) -> Arc<Place> {
        let digest = Sha256::digest(address.url.as_bytes());
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.place_named(&format!("{PREFIX}{name}"))
    }

    fn place_named(&self, name: &str) -> Arc<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.entry(name.to_owned()).or_insert_with(|| {
            let mirror = Mirror { folder: self.folder.join(name) };
            Arc::new(Place {
                mirror,
                lock: Arc::default(),
                fetched: tokio::sync::Mutex::default(),
                bytes: Mutex::default(),
                whole: AtomicBool::default(),
                made: Mutex::default(),
            })
        });
        Arc::clone(place)
    }
}

impl Place {
    /// Keeps the mirror where it is, if there is one.
    pub(crate) async fn hold(&self) -> Option<Held> {
        let lock = Arc::clone(&self.lock).read_owned().await;
        if !self.mirror.exists() {
            return None;
        }
        // Only the order of removal depends on it.
        let _ = std::fs::write(self.mirror.folder.join(USED), "");
        Some(Held { mirror: self.mirror.clone(), _lock: lock })
    }

    /// Whether another mirror would do better. What Git says of damage is not always known, but a mirror that was
    /// made just now has none.
    fn is_to_blame(&self, error: &GitError) -> bool {
        match error {
            GitError::Damaged(_) | GitError::WholeOnly(_) => true,
            GitError::Odd { .. } => {
                let made = *self.made.lock().unwrap_or_else(PoisonError::into_inner);
                made.is_none_or(|made| made.elapsed() > RECENT)
            }
            _ => false,
        }
    }

    /// Whether a fetch that succeeded began after that.
    pub(crate) async fn fetched_since(&self, time: Instant) -> bool {
        self.fetched.lock().await.is_some_and(|began| began >= time)
    }
}

fn folders(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path());
    let ours = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    entries.filter(ours).collect()
}

fn used_at(folder: &Path) -> SystemTime {
    let about = std::fs::metadata(folder.join(USED)).or_else(|_| std::fs::metadata(folder));
    about.and_then(|about| about.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}
