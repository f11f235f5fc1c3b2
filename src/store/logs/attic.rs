//! Logs after their end: archived, measured, removed.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::folder::{entries, measure};
use super::shelf::{Logs, blocking};
use super::source::PLAIN;
use crate::record::{RunKey, is_uid};

impl Logs {
    /// Archives every log of an execution; a follower does not notice. Gives how many.
    pub(crate) async fn archive(&self, uid: &str) -> io::Result<u64> {
        let (logs, uid) = (self.clone(), uid.to_owned());
        blocking(move || {
            let mut archived = 0;
            for key in runs(&logs.root(), &uid)? {
                for group in logs.groups(&key)? {
                    archived += u64::from(logs.file(&key, group).archive()?);
                }
            }
            Ok(archived)
        })
        .await
    }

    /// Executions of which something is not archived.
    pub(crate) async fn plain(&self) -> io::Result<Vec<String>> {
        let folder = self.root();
        blocking(move || {
            let mut found = Vec::new();
            for entry in entries(&folder)? {
                let entry = entry?;
                if let Ok(uid) = entry.file_name().into_string()
                    && is_uid(&uid)
                    && has_plain(&entry.path())?
                {
                    found.push(uid);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Bytes of all logs on disk.
    pub(crate) async fn bytes(&self) -> io::Result<u64> {
        let folder = self.root();
        blocking(move || measure(&folder)).await
    }

    /// Closes and removes every file of an execution, and tells followers.
    pub(crate) async fn remove(&self, uid: &str) -> io::Result<()> {
        let mut open = Vec::new();
        self.files().retain(|key, groups| {
            let stays = key.execution_uid != uid;
            if !stays {
                open.extend(groups.values().cloned());
            }
            stays
        });
        self.announce(uid);
        let folder = self.root().join(uid);
        blocking(move || {
            // Whoever is about to append must not make the folder again.
            open.iter().for_each(|file| file.retire());
            match std::fs::remove_dir_all(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        })
        .await
    }

    /// Executions of which there is a folder that nobody has changed since `before`.
    pub(crate) async fn older(&self, before: SystemTime) -> io::Result<Vec<String>> {
        let folder = self.root();
        blocking(move || {
            let mut found = Vec::new();
            for entry in entries(&folder)? {
                let entry = entry?;
                let uid = entry.file_name().into_string().ok().filter(|name| is_uid(name));
                if entry.metadata()?.modified()? < before {
                    found.extend(uid);
                }
            }
            Ok(found)
        })
        .await
    }
}

/// Whether a log lies below a folder as it was appended. What vanishes meanwhile does not.
fn has_plain(folder: &Path) -> io::Result<bool> {
    for run in entries(folder)? {
        let run = run?.path();
        if !run.is_dir() {
            continue;
        }
        for log in entries(&run)? {
            let log = log?.path();
            let is_plain = log.extension().is_some_and(|kind| kind == PLAIN);
            if is_plain && log.metadata().is_ok_and(|meta| meta.len() > 0) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The runs of an execution of which there is a folder.
fn runs(root: &Path, uid: &str) -> io::Result<Vec<RunKey>> {
    let mut runs = Vec::new();
    if !is_uid(uid) {
        return Ok(runs);
    }
    for entry in entries(&root.join(uid))? {
        let name = entry?.file_name();
        let Some((attempt, pod_uid)) = name.to_str().and_then(|name| name.split_once('-')) else { continue };
        let Ok(attempt) = attempt.parse() else { continue };
        runs.push(RunKey { execution_uid: uid.to_owned(), attempt, pod_uid: pod_uid.to_owned() });
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use crate::AppendError;
    use crate::tests::{UID, frame, key, store};

    #[tokio::test]
    async fn who_appends_while_all_is_forgotten_makes_nothing_again() {
        let (dir, store) = store().await;
        // As it is in the hands of who has not opened it yet.
        let file = store.logs().file(&key(1), 0);
        assert!(store.forget(UID).await.expect("forgotten"));
        let late = file.append(0, &frame(0, 1, b"late\n"), &store.inner.space);
        assert!(matches!(late, Err(AppendError::Io(_))), "{late:?}");
        assert_eq!((file.length().expect("asked"), file.ending().expect("asked").bytes.len()), (0, 0));
        assert!(!dir.path().join("logs").join(UID).exists());
    }
}
