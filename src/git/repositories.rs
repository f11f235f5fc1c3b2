//! Mirrors of repositories, one each, bounded in number and size.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use assay_gitops::GitFacts;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedRwLockReadGuard, RwLock, Semaphore, SemaphorePermit};

use crate::address::Address;
use crate::ask::{Checked, Look, Planned, Push, Pushed, Restore};
use crate::error::GitError;
use crate::limits::Limits;
use crate::mirror::Mirror;
use crate::program::Call;
use crate::remote::Remote;
use crate::session::Session;
use crate::{look, names, objects, push, restore, space};

/// Prefix of the folder of a mirror.
const PREFIX: &str = "mirror-";
/// File in a mirror whose age tells when it was used last.
const USED: &str = "assay-used";
/// A mirror with more files than that is tidied.
const FILES: usize = 10_000;
/// A mirror that was made, or fetched into, so lately is not blamed again.
const RECENT: Duration = Duration::from_secs(600);
/// Mirrors that are tried in one call.
const TRIES: usize = 3;

/// Mirrors of repositories. Everything is looked at in a mirror; servers see fetches and pushes only.
#[derive(Debug)]
pub struct Repositories {
    folder: PathBuf,
    limits: Limits,
    places: Mutex<HashMap<String, Arc<Place>>>,
    connections: Semaphore,
}

/// Where the mirror of a repository is, or will be.
#[derive(Debug)]
struct Place {
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
struct Held {
    mirror: Mirror,
    _lock: OwnedRwLockReadGuard<()>,
}

impl Repositories {
    /// Keeps mirrors in a folder, which is made when it is needed. What is in it may be lost at any time.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self::with_limits(folder, Limits::default())
    }

    /// The same with other limits.
    pub fn with_limits(folder: impl Into<PathBuf>, limits: Limits) -> Self {
        let connections = Semaphore::new(limits.connections.max(1));
        Self { folder: folder.into(), limits, places: Mutex::default(), connections }
    }

    /// The version of the program `git`, as it says it.
    ///
    /// # Errors
    ///
    /// There is none.
    pub async fn version(&self) -> Result<String, GitError> {
        let out = Call::new("ask Git for its version", ["version"]).good().await?;
        Ok(String::from_utf8_lossy(&out).trim().trim_start_matches("git version ").to_owned())
    }

    /// Brings what is new in a repository. Who asks while a fetch runs that began before waits for the next one; all
    /// who wait share it.
    ///
    /// # Errors
    ///
    /// The URL is refused, the server does not answer or says no, the repository is too large.
    pub async fn fetch(&self, remote: &Remote) -> Result<(), GitError> {
        self.fresh(remote).await.map(drop)
    }

    /// SHA-256 over the lines `path NUL id NEWLINE` of the paths, sorted, where the id is that of the tree or file in
    /// Git, or `-`. Nothing is fetched: `None` when the mirror does not have the revision (yet).
    ///
    /// # Errors
    ///
    /// A name is refused, or the mirror cannot be read.
    pub async fn tree_hash(
        &self,
        remote: &Remote,
        revision: &str,
        paths: &[String],
    ) -> Result<Option<String>, GitError> {
        let (revision, paths) = (names::commit(revision)?, names::paths(paths)?);
        let address = Address::parse(&remote.url)?;
        let Some(held) = self.place(&address).hold().await else { return Ok(None) };
        let hashed = match held.mirror.resolve(&revision).await {
            Ok(Some(id)) => objects::tree_hash(&held.mirror, &id, &paths).await.map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        drop(held);
        match hashed {
            Err(error) if self.mended(&self.place(&address), &error).await => Ok(None),
            other => other,
        }
    }

    /// Fetches, and finds what the guards ask of a repository.
    ///
    /// # Errors
    ///
    /// See [`GitError`]; [`GitError::trouble`] is what the guards are told.
    pub async fn look(&self, remote: &Remote, ask: &Look) -> Result<GitFacts, GitError> {
        let ask = look::Question::new(ask)?;
        for _ in 0..TRIES {
            let (held, session) = self.fresh(remote).await?;
            let connection = self.connection().await;
            let looked = look::look(&held.mirror, &session, &self.limits, &ask).await;
            drop((held, connection));
            match looked {
                Err(error) if self.mended(&self.place(&session.address), &error).await => {}
                other => return other,
            }
        }
        Err(unusable())
    }

    /// Makes the commit that restores paths, in the mirror only.
    ///
    /// # Errors
    ///
    /// A commit is not known, a path cannot be restored without touching another one, the signing key is not usable.
    pub async fn plan(&self, remote: &Remote, restore: &Restore) -> Result<Planned, GitError> {
        let checked = restore::Order::new(restore)?;
        let began = Instant::now();
        for _ in 0..TRIES {
            let session = Session::open(remote)?;
            let place = self.place(&session.address);
            let held = match place.hold().await {
                Some(held) => held,
                None => self.fresh(remote).await?.0,
            };
            let planned = restore::plan(&held.mirror, &checked).await;
            drop(held);
            match planned {
                // The mirror may be older than what the caller saw, or new since.
                Err(GitError::NoCommit(_)) if !place.fetched_since(began).await => self.fetch(remote).await?,
                Err(error) if self.mended(&place, &error).await => {}
                other => return other,
            }
        }
        Err(unusable())
    }

    /// Pushes a commit onto a branch whose tip is what is expected, and onto no other: the server compares. Nothing
    /// is ever forced.
    ///
    /// # Errors
    ///
    /// The mirror does not have the commit (plan it again), or the server does not answer. Whether it was written is
    /// then not known: look for the key of the decision.
    pub async fn push(&self, remote: &Remote, ask: &Push) -> Result<Pushed, GitError> {
        let ask = push::Order::new(ask)?;
        let session = Session::open(remote)?;
        let held = self.place(&session.address).hold().await;
        let held = held.ok_or_else(|| GitError::NoCommit(ask.commit.clone()))?;
        let _connection = self.connection().await;
        let pushed = push::push(&held.mirror, &session, &self.folder, &self.limits, &ask).await;
        drop(held);
        if let Err(error) = &pushed {
            self.mended(&self.place(&session.address), error).await;
        }
        pushed
    }

    /// Tries a credential without writing anything.
    ///
    /// # Errors
    ///
    /// It does not even let read.
    pub async fn check(&self, remote: &Remote, branches: &[String]) -> Result<Checked, GitError> {
        for branch in branches {
            names::branch(branch)?;
        }
        let (held, session) = self.fresh(remote).await?;
        let _connection = self.connection().await;
        push::check(&held.mirror, &session, &self.limits, branches).await
    }

    /// The mirror as it is on the server now.
    async fn fresh(&self, remote: &Remote) -> Result<(Held, Session), GitError> {
        let asked = Instant::now();
        let session = Session::open(remote)?;
        let place = self.place(&session.address);
        for _ in 0..3 {
            self.refresh(&place, &session, asked).await?;
            // Another repository may have needed the room in between.
            if let Some(held) = place.hold().await {
                return Ok((held, session));
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
        let connection = self.connection().await;
        let began = Instant::now();
        self.bring(place, session).await?;
        drop(connection);
        *fetched = Some(began);
        self.tend(place).await
    }

    /// Fetches into the mirror, or makes it when there is none, or none that is whole.
    async fn bring(&self, place: &Place, session: &Session) -> Result<(), GitError> {
        if place.mirror.exists() {
            let _lock = place.lock.read().await;
            let fetched = place.mirror.fetch(session, &self.limits).await;
            match &fetched {
                Err(error) if place.is_to_blame(error) => {
                    tracing::warn!(repository = session.address.url, %error, "the mirror is made anew");
                }
                _ => return fetched,
            }
        }
        tokio::fs::create_dir_all(&self.folder)
            .await
            .map_err(|source| GitError::Machine { doing: "make the folder of the mirrors", source })?;
        let _lock = place.lock.write().await;
        place.mirror.make(session, &self.limits, place.whole.load(Ordering::Relaxed)).await?;
        *place.made.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok(())
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
        let mut all = Vec::new();
        for folder in mirrors_in(&self.folder) {
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

    /// Removes a mirror that is to blame for an error; answers whether another try is worth it.
    async fn mended(&self, place: &Place, error: &GitError) -> bool {
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

    async fn connection(&self) -> SemaphorePermit<'_> {
        self.connections.acquire().await.expect("nobody closes it")
    }

    fn place(&self, address: &Address) -> Arc<Place> {
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

    async fn fetched_since(&self, time: Instant) -> bool {
        self.fetched.lock().await.is_some_and(|began| began >= time)
    }

    /// Keeps the mirror where it is, if there is one.
    async fn hold(&self) -> Option<Held> {
        let lock = Arc::clone(&self.lock).read_owned().await;
        if !self.mirror.exists() {
            return None;
        }
        // Only the order of removal depends on it.
        let _ = std::fs::write(self.mirror.folder.join(USED), "");
        Some(Held { mirror: self.mirror.clone(), _lock: lock })
    }
}

fn unusable() -> GitError {
    GitError::Damaged("several times in a row".to_owned())
}

fn mirrors_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let ours = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
    entries.filter(ours).collect()
}

fn used_at(folder: &Path) -> SystemTime {
    let about = std::fs::metadata(folder.join(USED)).or_else(|_| std::fs::metadata(folder));
    about.and_then(|about| about.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}
