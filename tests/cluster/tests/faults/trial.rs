//! One execution that something happens to.

use std::time::{Duration, Instant};

use assay_cluster_tests::{Execution, Manager, Process, processes_of_pod, wait_for};

use crate::Outcome;
use crate::lane::Lane;
use crate::workload::Workload;

/// The longest wait for anything that comes by itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// An execution by its name, in a lane.
pub(crate) struct Trial<'a> {
    pub(crate) lane: &'a Lane,
    pub(crate) manager: &'a Manager,
    pub(crate) name: String,
}

/// A pod by its name and uid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) name: String,
    pub(crate) uid: String,
}

impl Trial<'_> {
    /// Applies the workload and executes it.
    pub(crate) fn begin(&self, workload: &Workload) -> Outcome<()> {
        self.begin_with(&workload.manifest(&self.name))
    }

    /// Applies the manifest of a workflow of this trial's name and executes it.
    pub(crate) fn begin_with(&self, manifest: &str) -> Outcome<()> {
        self.lane.namespace.apply_text(manifest)?;
        Ok(self.lane.namespace.execute(&self.name, &self.name)?)
    }

    /// Begins and waits until a step runs.
    pub(crate) fn running(&self, workload: &Workload) -> Outcome<()> {
        self.begin(workload)?;
        self.phase("Running", PATIENCE)
    }

    /// Waits for a phase. Whoever waits is told by a watch, and asks again when that breaks.
    pub(crate) fn phase(&self, phase: &str, limit: Duration) -> Outcome<()> {
        let end = Instant::now() + limit;
        let object = format!("testexecution/{}", self.name);
        let condition = format!("--for=jsonpath={{.status.phase}}={phase}");
        loop {
            let left = end.saturating_duration_since(Instant::now()).as_secs().max(1);
            let timeout = format!("--timeout={left}s");
            let waited = self.lane.namespace.kubectl(&["wait", &object, &condition, &timeout]);
            match waited {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() >= end => {
                    return Err(format!("not {phase} in time: {error}\n{}", self.standing()).into());
                }
                Err(_) => std::thread::sleep(Duration::from_millis(300)),
            }
        }
    }

    /// What the cluster says of it, for whoever reads that something did not come.
    fn standing(&self) -> String {
        let selector = format!("assay.dev/execution={}", self.name);
        let status = ["get", "tex", &self.name, "-o", "jsonpath={.status}"];
        let objects = ["get", "configmaps,jobs,pods", "-l", &selector];
        let events = ["get", "events", "--sort-by=.lastTimestamp", "--field-selector=type=Warning"];
        let asked = [&status[..], &objects[..], &events[..]].map(|ask| self.lane.namespace.kubectl(ask));
        asked.map(|answer| answer.unwrap_or_else(|error| error.to_string())).join("\n")
    }

    /// Waits for the verdict.
    pub(crate) fn finished(&self, limit: Duration) -> Outcome<Execution> {
        self.phase("Finished", limit)?;
        self.until("an answer", || self.lane.namespace.execution(&self.name).ok())
    }

    /// The pod of the newest attempt, once there is one that is not `other`.
    pub(crate) fn pod(&self, other: Option<&Pod>) -> Outcome<Pod> {
        let selector = format!("assay.dev/execution={}", self.name);
        let columns = "custom-columns=NAME:.metadata.name,UID:.metadata.uid";
        let arguments = ["get", "pods", "-l", &selector, "--no-headers", "-o", columns];
        self.until("a pod", || {
            let listed = self.lane.namespace.kubectl(&arguments).ok()?;
            let pods = listed.lines().filter_map(|line| {
                let mut words = line.split_whitespace().map(str::to_owned);
                Some(Pod { name: words.next()?, uid: words.next()? })
            });
            pods.into_iter().find(|pod| other.is_none_or(|other| other.uid != pod.uid))
        })
    }

    /// A process of the pod whose command line begins so.
    pub(crate) fn process(&self, pod: &Pod, begins: &str) -> Outcome<Process> {
        self.until(&format!("a process `{begins}`"), || {
            processes_of_pod(&pod.uid).into_iter().find(|process| process.command.starts_with(begins))
        })
    }

    /// Asks until there is an answer.
    pub(crate) fn until<T>(&self, what: &str, ask: impl FnMut() -> Option<T>) -> Outcome<T> {
        let late = || format!("there is not {what} of {} after {} s", self.name, PATIENCE.as_secs()).into();
        wait_for(PATIENCE, ask).ok_or_else(late)
    }

    /// Waits until the first line of a workload is stored.
    pub(crate) fn first_line(&self) -> Outcome<()> {
        self.until("a first line", || self.lane.log(&self.name).ok().filter(|log| log.contains("line-1-")).map(drop))
    }

    /// Waits for a reason of an execution that goes on.
    pub(crate) fn reason(&self, reason: &str) -> Outcome<()> {
        self.until(&format!("the reason {reason}"), || {
            let execution = self.lane.namespace.execution(&self.name).ok()?;
            (execution.text("/status/reason") == reason).then_some(())
        })
    }
}

/// An object that is there as long as this value is.
pub(crate) struct Lent<'a> {
    lane: &'a Lane,
    object: &'static str,
}

impl<'a> Lent<'a> {
    /// Applies a manifest of one object, `KIND/NAME`.
    pub(crate) fn apply(lane: &'a Lane, object: &'static str, manifest: &str) -> Outcome<Self> {
        lane.namespace.apply_text(manifest)?;
        Ok(Self { lane, object })
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.lane.namespace.kubectl(&["delete", self.object, "--ignore-not-found"]).ok();
    }
}
