//! Backups at fixed times, beside everything else.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assay_store::{Store, is_whole};
use assay_telemetry::error_chain;
use jiff::Timestamp;

use crate::store_args::BackupArgs;

/// What the name of every backup begins with; its time follows.
const PREFIX: &str = "assay-";
/// Wait before another try.
const PAUSE: Duration = Duration::from_secs(600);

/// Makes backups until dropped. The first is due one interval after the newest that is there.
pub(crate) async fn keep_backups(store: Store, args: BackupArgs) {
    let Some(dir) = args.dir else { return std::future::pending().await };
    let mut pause = newest(&dir).map_or(Duration::ZERO, |made| args.every.saturating_sub(age(made)));
    loop {
        tokio::time::sleep(pause).await;
        pause = match once(&store, &dir, args.keep).await {
            Ok(()) => args.every,
            Err(error) => {
                tracing::error!(error = error_chain(error.as_ref()), dir = %dir.display(), "the backup was not made");
                PAUSE.min(args.every)
            }
        };
    }
}

async fn once(store: &Store, dir: &Path, keep: usize) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // Of somebody who was ended while he made them; only who leads makes any.
    remove(backups(dir)?.1);
    let target = dir.join(format!("{PREFIX}{}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ")));
    let made = store.backup(&target).await?;
    tracing::info!(target = %target.display(), files = made.files, bytes = made.bytes, "a backup was made");
    remove(backups(dir)?.0.into_iter().rev().skip(keep));
    Ok(())
}

/// What cannot be removed makes no backup undone.
fn remove(folders: impl IntoIterator<Item = PathBuf>) {
    for folder in folders {
        if let Err(error) = std::fs::remove_dir_all(&folder) {
            tracing::warn!(%error, folder = %folder.display(), "an old backup was not removed");
        }
    }
}

/// Whole backups of a folder, and parts of some, oldest first: their names sort by time.
fn backups(dir: &Path) -> io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| time(name).is_some()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found.into_iter().partition(|folder| is_whole(folder)))
}

fn newest(dir: &Path) -> Option<Timestamp> {
    time(backups(dir).ok()?.0.last()?.file_name()?.to_str()?)
}

/// The time in the name of a backup.
fn time(name: &str) -> Option<Timestamp> {
    let text = name.strip_prefix(PREFIX)?.strip_suffix('Z')?;
    let local = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S", text).ok()?;
    Some(local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

fn age(made: Timestamp) -> Duration {
    Duration::try_from(Timestamp::now().duration_since(made)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use assay_store::StoreConfig;

    use super::*;

    #[tokio::test]
    async fn the_newest_are_kept_and_open_as_stores() {
        let (data, dir) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let config = |dir: &Path| StoreConfig { reserve: Some(0), ..StoreConfig::folder(dir) };
        let store = Store::open_with(config(data.path())).await.expect("a store");
        for old in ["assay-20200101T000000Z", "assay-20210101T000000Z", "something-else"] {
            std::fs::create_dir(dir.path().join(old)).expect("made");
            std::fs::write(dir.path().join(old).join("assay.db"), "").expect("written");
        }
        // The manager was ended while it copied.
        std::fs::create_dir(dir.path().join("assay-20220101T000000Z")).expect("made");
        assert_eq!(newest(dir.path()), time("assay-20210101T000000Z"));
        once(&store, dir.path(), 2).await.expect("a backup");
        let (kept, parts) = backups(dir.path()).expect("read");
        assert_eq!((kept.len(), parts.len()), (2, 0));
        assert!(kept[0].ends_with("assay-20210101T000000Z") && dir.path().join("something-else").exists());
        assert!(newest(dir.path()).is_some_and(|made| age(made) < Duration::from_secs(3600)));
        Store::open_with(config(&kept[1])).await.expect("the copy is a store");
    }
}
