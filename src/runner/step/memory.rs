//! Whether the kernel ends processes of this container because its memory is
//! used up. Where it ends all of them at once, this runner is among them, and
//! the kubelet has the word.

use std::path::{Path, PathBuf};

/// Where the kernel counts: of control groups version 2, and of version 1.
const COUNTERS: [&str; 2] = ["memory.events", "memory/memory.oom_control"];
const LABEL: &str = "oom_kill ";

/// The kernel's count of ended processes.
#[derive(Debug)]
pub(super) struct MemoryKills {
    counter: Option<PathBuf>,
    known: u64,
}

impl MemoryKills {
    /// The count of the control group that is mounted there, if there is one.
    pub(super) fn new(cgroup: &Path) -> Self {
        let counter = COUNTERS.iter().map(|name| cgroup.join(name)).find(|path| count(path).is_some());
        let known = counter.as_deref().and_then(count).unwrap_or(0);
        Self { counter, known }
    }

    /// Whether there were more since the last look.
    pub(super) fn have_grown(&mut self) -> bool {
        let before = self.known;
        self.known = self.counter.as_deref().and_then(count).unwrap_or(before);
        self.known > before
    }
}

fn count(path: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(LABEL))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_read() {
        for (file, before, after) in [
            ("memory.events", "low 0\nhigh 3\nmax 7\noom 1\noom_kill 1\noom_group_kill 0\n", "oom 2\noom_kill 2\n"),
            ("memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", "oom_kill 4\n"),
        ] {
            let dir = tempfile::tempdir().expect("a folder");
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            std::fs::write(&path, before).expect("a file");
            let mut kills = MemoryKills::new(dir.path());
            assert!(!kills.have_grown(), "{file}");
            std::fs::write(&path, after).expect("a file");
            assert!(kills.have_grown() && !kills.have_grown(), "{file}");
        }
        assert!(!MemoryKills::new(Path::new("/nowhere")).have_grown());
    }
}
