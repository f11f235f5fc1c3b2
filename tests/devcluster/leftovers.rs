//! Finding what a cluster leaves on the machine: processes, containers, mounts,
//! interfaces, packet filter rules, control groups. Each is told by a mark that
//! only this harness's cluster bears.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::addresses::{BRIDGE, NODE_LINK};
use crate::layout::Layout;
use crate::network;
use crate::process::{Identity, Life};

/// Programs that run as parts of a cluster.
const PROGRAMS: &[&str] = &[
    "kube",
    "etcd",
    "containerd",
    "containerd-shim-runc-v2",
    "coredns",
    "docker-registry",
    "argocd",
    "source-controller",
    "kustomize-controller",
    "gitea",
    // Debian has one program for both, under either name.
    "redis-server",
    "redis-check-rdb",
];

/// A process that belongs to the cluster.
#[derive(Debug, Clone)]
pub struct Remnant {
    /// Which process.
    pub identity: Identity,
    /// The base name of its executable.
    pub program: String,
}

/// What is left of this cache folder's cluster, one line each.
#[must_use]
pub fn of_cluster(layout: &Layout) -> Vec<String> {
    let mut found = Vec::new();
    for process in processes(layout) {
        found.push(format!("process {} ({})", process.identity.pid, process.program));
    }
    found.extend(containers(layout).into_iter().map(|id| format!("container {id}")));
    found.extend(mounts(layout).into_iter().map(|path| format!("mount {}", path.display())));
    found
}

/// What exists only once on a machine, one line each.
#[must_use]
pub fn of_machine() -> Vec<String> {
    let mut found: Vec<String> = pod_processes().into_iter().map(|pid| format!("process {pid} of a pod")).collect();
    found.extend(links().into_iter().map(|link| format!("network interface {link}")));
    found.extend(nft_tables().into_iter().map(|(family, name)| format!("nft table {family} {name}")));
    found.extend(cni_chains().0.into_iter().map(|chain| format!("iptables chain {chain}")));
    found.extend(pod_cgroups().into_iter().map(|path| format!("control group {}", path.display())));
    found
}

/// Components and shims: a known program with a file of this cluster among its
/// arguments or variables.
#[must_use]
pub fn processes(layout: &Layout) -> Vec<Remnant> {
    let marks: Vec<Vec<u8>> = ["config/", "data/", "pki/", "run/"]
        .iter()
        .map(|folder| layout.state().join(folder).as_os_str().as_bytes().to_vec())
        .collect();
    let belongs = |pid: i32| -> Option<Remnant> {
        let program = program_of(pid).filter(|name| PROGRAMS.contains(&name.as_str()))?;
        let mut words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        words.extend(fs::read(format!("/proc/{pid}/environ")).unwrap_or_default());
        let named = |mark: &Vec<u8>| words.windows(mark.len()).any(|w| w == mark);
        let identity = Identity::of(pid).filter(|identity| identity.life() != Life::Gone)?;
        marks.iter().any(named).then_some(Remnant { identity, program })
    };
    every_pid().into_iter().filter_map(belongs).collect()
}

fn every_pid() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn program_of(pid: i32) -> Option<String> {
    let executable = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let name = executable.file_name()?.to_string_lossy().into_owned();
    Some(name.trim_end_matches(" (deleted)").to_owned())
}

/// Containers that runc still knows.
#[must_use]
pub fn containers(layout: &Layout) -> Vec<String> {
    let entries = fs::read_dir(layout.runc_root().join("k8s.io")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Mounts below the state folder, the deepest first.
#[must_use]
pub fn mounts(layout: &Layout) -> Vec<PathBuf> {
    let table = fs::read("/proc/self/mountinfo").unwrap_or_default();
    mounts_below(&layout.state(), &String::from_utf8_lossy(&table))
}

fn mounts_below(folder: &Path, table: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = table
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(|field| PathBuf::from(field.replace("\\040", " ")))
        .filter(|path| path.starts_with(folder))
        .collect();
    // Later mounts lie over earlier ones.
    found.reverse();
    found.sort_by_key(|path| std::cmp::Reverse(path.components().count()));
    found
}

/// The bridge of the pods and the node's veth pair.
#[must_use]
pub fn links() -> Vec<&'static str> {
    [NODE_LINK, BRIDGE].into_iter().filter(|link| network::link_exists(link)).collect()
}

/// kube-proxy's tables, as family and name.
#[must_use]
pub fn nft_tables() -> Vec<(String, String)> {
    let listing = network::run("nft", &["list", "tables"]).unwrap_or_default();
    listing
        .lines()
        .filter_map(|line| line.strip_prefix("table ")?.split_once(' '))
        .filter(|(_, name)| *name == "kube-proxy")
        .map(|(family, name)| (family.to_owned(), name.to_owned()))
        .collect()
}

/// The CNI plugins' chains in the NAT table, and the rules that lead into them.
#[must_use]
pub fn cni_chains() -> (Vec<String>, Vec<String>) {
    cni_chains_in(&network::run("iptables-save", &["-t", "nat"]).unwrap_or_default())
}

fn cni_chains_in(saved: &str) -> (Vec<String>, Vec<String>) {
    let chains = saved
        .lines()
        .filter_map(|line| line.strip_prefix(':')?.split(' ').next())
        .filter(|chain| chain.starts_with("CNI-"))
        .map(str::to_owned)
        .collect();
    let rules = saved
        .lines()
        .filter(|line| line.starts_with("-A ") && !line.starts_with("-A CNI-"))
        .filter(|line| line.contains(" -j CNI-"))
        .map(str::to_owned)
        .collect();
    (chains, rules)
}

/// The kubelet's control groups, one for each hierarchy.
#[must_use]
pub fn pod_cgroups() -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    let hierarchies = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    hierarchies
        .chain([root.to_owned()])
        .map(|hierarchy| hierarchy.join("kubepods"))
        .filter(|group| group.is_dir())
        .collect()
}

/// Processes in the kubelet's control groups.
#[must_use]
pub fn pod_processes() -> Vec<i32> {
    let mut pids = Vec::new();
    for group in pod_cgroups() {
        for folder in folders_below(&group) {
            let text = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            pids.extend(text.lines().filter_map(|line| line.parse::<i32>().ok()));
        }
    }
    pids.sort_unstable();
    pids.dedup();
    pids.retain(|pid| *pid > 0);
    pids
}

/// A folder and all folders below it, the deepest first.
#[must_use]
pub fn folders_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(folders_below(&entry.path()));
        }
    }
    found.push(folder.to_owned());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_found_below_the_folder_only_and_deepest_first() {
        let table = "21 1 0:20 / /proc rw - proc proc rw\n\
                     40 1 0:31 / /c/cluster/data rw - tmpfs tmpfs rw\n\
                     41 40 0:32 / /c/cluster/data/a\\040b/x rw - tmpfs tmpfs rw\n\
                     42 1 0:33 / /c/cluster2 rw - tmpfs tmpfs rw\n";
        let found = mounts_below(Path::new("/c/cluster"), table);
        assert_eq!(found, [Path::new("/c/cluster/data/a b/x"), Path::new("/c/cluster/data")]);
    }

    #[test]
    fn only_the_chains_of_cni_are_ours() {
        let saved = "*nat\n:POSTROUTING ACCEPT [0:0]\n:CNI-1a - [0:0]\n:DOCKER - [0:0]\n\
                     -A POSTROUTING -s 10.244.0.2/32 -m comment --comment \"name: x\" -j CNI-1a\n\
                     -A POSTROUTING -j DOCKER\n-A CNI-1a -d 10.244.0.0/24 -j ACCEPT\nCOMMIT\n";
        let (chains, rules) = cni_chains_in(saved);
        assert_eq!(chains, ["CNI-1a"]);
        assert_eq!(rules.len(), 1);
        assert!(rules[0].contains("-j CNI-1a"));
    }

    #[test]
    fn other_processes_are_not_remnants() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path().into()).unwrap();
        assert!(processes(&layout).is_empty());
    }
}
