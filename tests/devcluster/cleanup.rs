//! Removing what a cluster left on the machine, however it ended.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::mount::UnmountFlags;
use rustix::process::Signal;

use crate::addresses::POD_NETWORK;
use crate::layout::Layout;
use crate::leftovers::{self, Remnant};
use crate::network::{self, NetworkError};
use crate::owner;
use crate::process::{Identity, ProcessError};

/// Why something could not be removed.
#[derive(Debug, thiserror::Error)]
pub enum CleanupError {
    /// A process could not be ended.
    #[error("cannot end a process of the last cluster")]
    Process(#[from] ProcessError),
    /// A file system could not be unmounted.
    #[error("cannot unmount {0}")]
    Unmount(PathBuf, #[source] io::Error),
    /// An interface or a packet filter table could not be removed.
    #[error("cannot remove the network of the last cluster")]
    Network(#[from] NetworkError),
    /// A folder could not be removed.
    #[error("cannot remove {0}")]
    Remove(PathBuf, #[source] io::Error),
    /// Removing files below a mount would remove what is mounted.
    #[error("{0} is still mounted, so the state of the last cluster is not removed")]
    StillMounted(PathBuf),
}

/// Ends every process and removes every trace outside the state folder.
///
/// # Errors
/// When the system refuses.
pub fn sweep(layout: &Layout) -> Result<(), CleanupError> {
    let shim = |remnant: &Remnant| remnant.program.starts_with("containerd-shim");
    let (shims, components): (Vec<_>, Vec<_>) = leftovers::processes(layout).into_iter().partition(shim);
    end(&components)?;
    remove_containers(layout);
    end(&shims)?;
    unmount(layout)?;
    remove_log_links(layout);
    if owner::other(layout).is_some() {
        return Ok(());
    }
    release_machine()
}

/// Removes what exists only once on a machine.
fn release_machine() -> Result<(), CleanupError> {
    end_pods()?;
    network::tear_down()?;
    for (family, name) in leftovers::nft_tables() {
        network::run("nft", &["delete", "table", &family, &name])?;
    }
    remove_cni_chains();
    remove_cgroups();
    remove_attachments();
    owner::release();
    Ok(())
}

/// Removes the state of the last cluster, but not its certificates and images.
///
/// # Errors
/// When something is still mounted there, or the system refuses.
pub fn wipe(layout: &Layout) -> Result<(), CleanupError> {
    if let Some(mount) = leftovers::mounts(layout).into_iter().next() {
        return Err(CleanupError::StillMounted(mount));
    }
    let state = layout.state();
    // The logs of the last cluster may be wanted; those before it are not.
    let previous = state.join("logs.previous");
    if layout.logs().exists() {
        remove(&previous)?;
        let _ = fs::rename(layout.logs(), &previous);
    }
    for folder in [state.join("data"), layout.run(), layout.pids(), layout.config()] {
        remove(&folder)?;
    }
    remove(&layout.marker())
}

/// Removes a file or folder; nothing there is fine.
///
/// # Errors
/// When the system refuses.
pub fn remove(path: &Path) -> Result<(), CleanupError> {
    let outcome = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CleanupError::Remove(path.to_owned(), error)),
        _ => Ok(()),
    }
}

fn end(processes: &[Remnant]) -> Result<(), CleanupError> {
    for process in processes {
        process.identity.signal(Signal::KILL)?;
    }
    for process in processes {
        let _ = process.identity.wait_gone(Duration::from_secs(5));
    }
    Ok(())
}

fn remove_containers(layout: &Layout) {
    let root = layout.runc_root().join("k8s.io");
    for id in leftovers::containers(layout) {
        let mut runc = Command::new("runc");
        runc.arg("--root").arg(&root).args(["delete", "--force", &id]);
        let _ = runc.stdin(Stdio::null()).output();
        let _ = fs::remove_dir_all(root.join(&id));
    }
}

fn end_pods() -> Result<(), CleanupError> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let pids = leftovers::pod_processes();
        if pids.is_empty() || Instant::now() > deadline {
            return Ok(());
        }
        for identity in pids.into_iter().filter_map(Identity::of) {
            identity.signal(Signal::KILL)?;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn unmount(layout: &Layout) -> Result<(), CleanupError> {
    // One detached mount may uncover another, so look again.
    for _ in 0..3 {
        for mount in leftovers::mounts(layout) {
            match rustix::mount::unmount(&mount, UnmountFlags::DETACH) {
                Ok(()) | Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOENT) => {}
                Err(errno) => return Err(CleanupError::Unmount(mount, errno.into())),
            }
        }
    }
    Ok(())
}

fn remove_cni_chains() {
    let (chains, rules) = leftovers::cni_chains();
    if chains.is_empty() {
        return;
    }
    let script = removal_script(&chains, &rules);
    let child = Command::new("iptables-restore")
        .arg("--noflush")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Ok(mut child) = child {
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(script.as_bytes());
        }
        let _ = child.wait();
    }
}

fn removal_script(chains: &[String], rules: &[String]) -> String {
    let mut lines = vec!["*nat".to_owned()];
    lines.extend(rules.iter().map(|rule| rule.replacen("-A ", "-D ", 1)));
    lines.extend(chains.iter().map(|chain| format!("-F {chain}")));
    lines.extend(chains.iter().map(|chain| format!("-X {chain}")));
    lines.push("COMMIT\n".to_owned());
    lines.join("\n")
}

fn remove_cgroups() {
    // A group can be removed a moment after its last process has ended.
    let deadline = Instant::now() + Duration::from_secs(2);
    loop {
        let groups = leftovers::pod_cgroups();
        if groups.is_empty() || Instant::now() > deadline {
            return;
        }
        for folder in groups.iter().flat_map(|group| leftovers::folders_below(group)) {
            let _ = fs::remove_dir(folder);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The kubelet's links to container logs.
fn remove_log_links(layout: &Layout) {
    let state = layout.state();
    for entry in fs::read_dir("/var/log/containers").into_iter().flatten().flatten() {
        if fs::read_link(entry.path()).is_ok_and(|target| target.starts_with(&state)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// What the CNI library remembers of each pod's attachment.
fn remove_attachments() {
    let mark = format!("{POD_NETWORK}-");
    for entry in fs::read_dir("/var/lib/cni/results").into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&mark) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_emptied_before_any_is_removed() {
        let chains = ["CNI-a".to_owned(), "CNI-b".to_owned()];
        let rules = ["-A POSTROUTING -m comment --comment \"-A x\" -j CNI-a".to_owned()];
        let script = removal_script(&chains, &rules);
        let expected = "*nat\n-D POSTROUTING -m comment --comment \"-A x\" -j CNI-a\n\
                        -F CNI-a\n-F CNI-b\n-X CNI-a\n-X CNI-b\nCOMMIT\n";
        assert_eq!(script, expected);
    }

    #[test]
    fn certificates_images_and_the_last_logs_outlive_a_wipe() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path().into()).unwrap();
        for kept in [layout.pki(), layout.registry_data(), layout.logs()] {
            fs::create_dir_all(kept).unwrap();
        }
        fs::create_dir_all(layout.data("etcd")).unwrap();
        fs::write(layout.marker(), "{}").unwrap();
        wipe(&layout).unwrap();
        wipe(&layout).unwrap();
        assert!(layout.pki().exists() && layout.registry_data().exists());
        assert!(layout.state().join("logs.previous").exists());
        assert!(!layout.data("etcd").exists() && !layout.marker().exists());
    }
}
