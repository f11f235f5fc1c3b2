//! The cluster itself breaks: everybody on it feels that, so nothing else is
//! tried meanwhile.

use std::time::Duration;

use assay_cluster_tests::wait_for;
use assay_devcluster::{APISERVER, CONTAINERD, CONTROLLERS, ETCD, KUBELET, SCHEDULER, Signal};

use crate::Outcome;
use crate::trial::{PATIENCE, Trial};
use crate::workload::Workload;

/// The steps end while the API server is away, or while everybody finds it again.
pub(crate) fn api_server_stopped(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = Workload::seconds(25);
    trial.running(&workload)?;
    away(trial, &[APISERVER], Duration::from_secs(30))?;
    trial.phase("Finished", PATIENCE * 2)?;
    Ok(workload)
}

pub(crate) fn etcd_frozen(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = Workload::seconds(8);
    trial.running(&workload)?;
    trial.lane.cluster.kill(ETCD, Signal::STOP)?;
    std::thread::sleep(Duration::from_secs(10));
    trial.lane.cluster.start_component(ETCD)?;
    trial.phase("Finished", PATIENCE * 2)?;
    Ok(workload)
}

pub(crate) fn controllers_and_scheduler_away(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = Workload::seconds(2);
    for component in [CONTROLLERS, SCHEDULER] {
        trial.lane.cluster.kill(component, Signal::KILL)?;
    }
    let begun = trial.begin(&workload);
    std::thread::sleep(Duration::from_secs(10));
    for component in [CONTROLLERS, SCHEDULER] {
        trial.lane.cluster.start_component(component)?;
    }
    begun?;
    trial.phase("Finished", PATIENCE * 2)?;
    Ok(workload)
}

pub(crate) fn kubelet_restarted(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = Workload::seconds(8);
    trial.running(&workload)?;
    away(trial, &[KUBELET], Duration::from_secs(3))?;
    Ok(workload)
}

pub(crate) fn containerd_restarted(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = Workload::seconds(8);
    trial.running(&workload)?;
    away(trial, &[CONTAINERD], Duration::from_secs(3))?;
    Ok(workload)
}

fn away(trial: &Trial<'_>, components: &[&str], time: Duration) -> Outcome<()> {
    let cluster = &trial.lane.cluster;
    let killed = components.iter().try_for_each(|component| cluster.kill(component, Signal::KILL));
    std::thread::sleep(time);
    // Whatever was killed comes back, also when something else went wrong.
    for component in components {
        cluster.start_component(component)?;
    }
    Ok(killed?)
}

pub(crate) fn node_tainted(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = Workload::seconds(60);
    trial.running(&workload)?;
    let _untainted = Taint(trial);
    trial.lane.namespace.kubectl(&["taint", "node", "--all", "--overwrite", &format!("{TAINT}=yes:NoExecute")])?;
    trial.phase("Finished", PATIENCE * 2)?;
    Ok(workload)
}

const TAINT: &str = "assay.dev/fault-suite";

/// Takes the taint away whatever happened: nothing runs on a node that has it.
struct Taint<'a>(&'a Trial<'a>);

impl Drop for Taint<'_> {
    fn drop(&mut self) {
        let untaint = ["taint", "node", "--all", &format!("{TAINT}:NoExecute-")];
        let gone = wait_for(PATIENCE, || self.0.lane.namespace.kubectl(&untaint).ok());
        if gone.is_none() {
            anstream::eprintln!("the node stays tainted: kubectl {}", untaint.join(" "));
        }
    }
}
