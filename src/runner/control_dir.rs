//! The control folder: names and atomic files. Its containers run as different
//! users, so everything in it is open to all of them; what is read from it is
//! therefore opened without following links and with a limit.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use assay_protocol::control;
use jiff::Timestamp;
use rustix::fs::OFlags;

/// Name of the file that says that a step container's runner is up.
pub(crate) const READY: &str = "ready";
/// Name of the file that ends a step container.
pub(crate) const EXIT: &str = "exit";
/// Name of the file that a step container's runner keeps locked while it lives.
pub(crate) const ALIVE: &str = "alive";

/// The control folder of a pod.
#[derive(Clone, Debug)]
pub(crate) struct ControlDir(PathBuf);

impl ControlDir {
    pub(crate) fn new(root: &Path) -> Self {
        Self(root.to_owned())
    }

    pub(crate) fn group(&self, group: u16) -> GroupDir {
        GroupDir(self.0.join(control::group_dir(group)))
    }

    pub(crate) fn leader(&self) -> PathBuf {
        self.0.join("leader")
    }

    pub(crate) fn heartbeat(&self) -> PathBuf {
        self.leader().join("heartbeat")
    }
}

/// The folder of one group.
#[derive(Clone, Debug)]
pub(crate) struct GroupDir(PathBuf);

impl GroupDir {
    /// Makes the folder with all that belongs in it; whoever comes first does.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        open_dir(&self.0)?;
        open_dir(&self.spool())?;
        open_dir(&self.out())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.0.join("spool")
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.0.join("out")
    }

    /// Where an attempt leaves its outputs.
    pub(crate) fn outputs(&self, step: u16, attempt: u32) -> PathBuf {
        self.0.join(control::attempt_file("outputs", step, attempt))
    }

    pub(crate) fn alive(&self) -> PathBuf {
        self.0.join(ALIVE)
    }

    /// Writes a file that appears whole or not at all.
    pub(crate) fn publish(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        publish(&self.0, name, bytes)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.join(name).symlink_metadata().is_ok()
    }

    /// The names in the folder.
    pub(crate) fn names(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(&self.0) else { return Vec::new() };
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
    }

    /// When the group's runner said that it is up.
    pub(crate) fn ready_at(&self) -> Option<Timestamp> {
        let modified = self.0.join(READY).symlink_metadata().ok()?.modified().ok()?;
        Timestamp::try_from(modified).ok()
    }
}

/// Whether `name` speaks of an attempt: kind, step, attempt.
pub(crate) fn parse_attempt(name: &str) -> Option<(&str, u16, u32)> {
    let mut parts = name.split('-');
    let (kind, step, attempt) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Some((kind, step.parse().ok()?, attempt.parse().ok()?))
}

/// Makes a folder in which every user may work.
pub(crate) fn open_dir(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)?;
    // Refused when another user's runner made it, who has then opened it himself.
    let _ = std::fs::set_permissions(path, Permissions::from_mode(0o777));
    Ok(())
}

/// Writes a file that every user may read and that appears by rename.
pub(crate) fn publish(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let half = dir.join(format!(".{name}.tmp"));
    let mut file = File::create(&half)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.write_all(bytes)?;
    std::fs::rename(&half, dir.join(name))
}

/// Opens a regular file that somebody else may have tampered with: no links,
/// no pipes that would never answer.
pub(crate) fn open_plain(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).expect("open flags fit");
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
}

/// Reads such a file, at most `limit` bytes of it.
pub(crate) fn read_plain(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_plain(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// When a file was written last, by the clock of who wrote it.
pub(crate) fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}
