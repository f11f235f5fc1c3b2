//! The faults that the suite causes and what must come of each: the words for
//! people, from which `docs/faults.md` is made. What is done stands in
//! `tests/faults/`.

/// How much of the log must be there afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// Every line, each once, in order.
    Whole,
    /// What was printed until then: each line once, in order, none missing between them.
    UntilThen,
    /// Nothing was printed, or nothing could reach the server.
    Nothing,
}

/// One fault.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Its name in the suite.
    pub name: &'static str,
    /// What is done.
    pub done: &'static str,
    /// The verdict; absent when the execution itself is deleted.
    pub verdict: Option<&'static str>,
    /// The reason.
    pub reason: &'static str,
    /// Jobs that ever were, and pods with them: one for each attempt.
    pub jobs: usize,
    /// The log.
    pub log: Log,
}

/// Every fault, by what breaks.
pub const FAULTS: &[(&str, &[Fault])] = &[
    ("The manager", MANAGER),
    ("The cluster", CLUSTER),
    ("The way between runner and server", NETWORK),
    ("The pod", POD),
    ("The processes in the pod", PROCESSES),
    ("What the cluster does not allow", REFUSALS),
];

const MANAGER: &[Fault] = &[
    Fault {
        name: "manager-killed-anywhere",
        done: "SIGKILL right after the k-th request to the API server or write to the store, for every k of a whole execution; then it is started again",
        ..passed()
    },
    Fault {
        name: "manager-frozen-past-its-lease",
        done: "two managers; the leading one gets SIGSTOP while steps run, the other takes over, the first goes on",
        ..passed()
    },
    Fault {
        name: "manager-away-at-the-end",
        done: "the manager is gone when the last step ends, and comes back 20 s later",
        ..passed()
    },
];

const CLUSTER: &[Fault] = &[
    Fault { name: "api-server-stopped", done: "no API server for 30 s; the steps end meanwhile", ..passed() },
    Fault { name: "etcd-frozen", done: "etcd gets SIGSTOP for 10 s while steps run", ..passed() },
    Fault {
        name: "controllers-and-scheduler-away",
        done: "neither controller manager nor scheduler for the first 10 s",
        ..passed()
    },
    Fault {
        name: "kubelet-restarted",
        done: "SIGKILL to the kubelet while steps run; started again after 3 s",
        ..passed()
    },
    Fault {
        name: "containerd-restarted",
        done: "SIGKILL to containerd while steps run; started again after 3 s",
        ..passed()
    },
    Fault {
        name: "node-tainted",
        done: "the node gets a taint with effect NoExecute while steps run",
        ..errored("PodLost")
    },
];

const NETWORK: &[Fault] = &[
    Fault {
        name: "server-never-reachable",
        done: "no packet from the pod reaches the server, from beginning to end: the verdict comes from the seal",
        log: Log::Nothing,
        ..passed()
    },
    Fault { name: "server-away-for-10-s", done: "no packet reaches the server for 10 s while steps run", ..passed() },
    Fault {
        name: "container-log-rotated",
        done: "the steps print 12 MB, more than the kubelet keeps of a container's log in one file",
        ..passed()
    },
];

const POD: &[Fault] = &[
    Fault { name: "pod-deleted-before-the-steps", done: "deleted by force before its first step", jobs: 2, ..passed() },
    Fault { name: "pod-deleted-during-the-steps", done: "deleted by force while a step runs", ..errored("PodLost") },
    Fault {
        name: "pod-deleted-politely",
        done: "deleted with its grace period while a step runs",
        ..errored("PodLost")
    },
    Fault {
        name: "pod-deleted-during-the-steps-with-a-retry",
        done: "deleted by force while a step runs; the workflow has `infrastructure.retries: 1`",
        jobs: 2,
        ..passed()
    },
    Fault { name: "pod-deleted-after-the-steps", done: "deleted by force once the verdict is there", ..passed() },
    Fault { name: "pod-evicted", done: "evicted by the Eviction API while a step runs", ..errored("PodEvicted") },
    Fault { name: "job-deleted", done: "the Job is deleted while a step runs", ..errored("PodLost") },
    Fault {
        name: "namespace-deleted",
        done: "the namespace is deleted while a step runs: it is gone within a minute, and the manager lives",
        verdict: None,
        log: Log::UntilThen,
        ..passed()
    },
];

const PROCESSES: &[Fault] = &[
    Fault {
        name: "leader-killed",
        done: "SIGKILL, from the node, to the runner that leads, while a step runs",
        ..errored("RunnerLost")
    },
    Fault {
        name: "step-runner-killed",
        done: "SIGKILL, from the node, to the runner of a step's container",
        ..errored("StepErrored")
    },
    Fault {
        name: "step-killed",
        done: "SIGKILL, from the node, to the step's own process: nobody's fault but the step's",
        verdict: Some("failed"),
        reason: "TestsFailed",
        ..errored("")
    },
    Fault {
        name: "step-out-of-memory",
        done: "a step needs more memory than its container may have",
        log: Log::Nothing,
        ..errored("OutOfMemory")
    },
];

const REFUSALS: &[Fault] = &[
    Fault {
        name: "image-pull-denied",
        done: "the registry wants credentials that the pod has not",
        log: Log::Nothing,
        ..errored("ImagePullFailed")
    },
    Fault {
        name: "quota-for-pods",
        done: "a ResourceQuota leaves no room for the pod until the start's deadline passes",
        log: Log::Nothing,
        jobs: 1,
        ..errored("Refused")
    },
    Fault {
        name: "quota-for-jobs-lifted",
        done: "a ResourceQuota leaves no room for the Job, and is lifted after a while",
        ..passed()
    },
    Fault {
        name: "limit-range",
        done: "a LimitRange allows less memory than the step's container asks for",
        log: Log::Nothing,
        ..errored("Refused")
    },
];

const fn passed() -> Fault {
    Fault { name: "", done: "", verdict: Some("passed"), reason: "Passed", jobs: 1, log: Log::Whole }
}

const fn errored(reason: &'static str) -> Fault {
    Fault { name: "", done: "", verdict: Some("errored"), reason, jobs: 1, log: Log::UntilThen }
}

/// The fault of that name.
///
/// # Panics
/// When there is none: then suite and table do not belong together.
pub fn fault(name: &str) -> &'static Fault {
    let all = FAULTS.iter().flat_map(|(_, faults)| faults.iter());
    all.into_iter().find(|fault| fault.name == name).unwrap_or_else(|| panic!("`{name}` is not in the table"))
}

/// The page for people.
pub fn page() -> String {
    let mut page = String::from(HEAD);
    for (what, faults) in FAULTS {
        page.push_str(&format!("\n## {what}\n\n| fault | what is done | verdict | reason | Jobs | log |\n"));
        page.push_str("|---|---|---|---|---|---|\n");
        for fault in *faults {
            page.push_str(&line(fault));
        }
    }
    page
}

fn line(fault: &Fault) -> String {
    let Fault { name, done, verdict, reason, jobs, log } = fault;
    let (verdict, reason) = verdict.map_or(("–", "–".to_owned()), |verdict| (verdict, format!("`{reason}`")));
    let log = match log {
        Log::Whole => "whole",
        Log::UntilThen => "until then",
        Log::Nothing => "nothing",
    };
    format!("| `{name}` | {done} | {verdict} | {reason} | {jobs} | {log} |\n")
}

const HEAD: &str = "# Faults\n
Each line is caused on a genuine cluster by the suite `faults` of `tests/cluster`, which demands what stands here and, besides:

- the history has the same verdict and reason as the object's status;
- each attempt has one Job and one pod, and no other was ever there, not even for a moment;
- where the log is whole, every numbered line is in it once and in order; where it ends *until then*, none is missing or
  doubled up to its end;
- once the execution is deleted, neither a Job nor a pod nor a ConfigMap of it is left.

A pod that is lost before its first step is tried again, up to three times; afterwards only when the workflow has
`infrastructure.retries`. This page is made from the suite's own table by `make generate`.
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_stands_once() {
        let all: Vec<_> = FAULTS.iter().flat_map(|(_, faults)| faults.iter()).map(|fault| fault.name).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(fault("etcd-frozen").jobs, 1);
    }
}
