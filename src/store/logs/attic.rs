//! Logs after their end: archived, measured, removed.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::folder::{entries, measure};
use super::shelf::{Logs, blocking};
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

    /// Bytes of all logs on disk.
    pub(crate) async fn bytes(&self) -> io::Result<u64> {
        let folder = self.root();
        blocking(move || measure(&folder)).await
    }

    /// Closes and removes every file of an execution, and tells followers.
    pub(crate) async fn remove(&self, uid: &str) -> io::Result<()> {
        self.files().retain(|key, _| key.execution_uid != uid);
        self.announce(uid);
        let folder = self.root().join(uid);
        blocking(move || match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
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
