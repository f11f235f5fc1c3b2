//! Processes in the pod that end without warning, seen from the node.

use assay_cluster_tests::{processes_of_pod, send_kill};

use crate::Outcome;
use crate::trial::Trial;
use crate::workload::{FIRST, Workload};

/// Ended before its end by the fault itself, however late that comes.
const LONG: Workload = Workload::seconds(60);

pub(crate) fn leader_killed(trial: &Trial<'_>) -> Outcome<Workload> {
    killed(trial, "/assay-runner lead")
}

pub(crate) fn step_runner_killed(trial: &Trial<'_>) -> Outcome<Workload> {
    killed(trial, "/assay/bin/assay-runner step 0")
}

fn killed(trial: &Trial<'_>, begins: &str) -> Outcome<Workload> {
    trial.running(&LONG)?;
    trial.first_line()?;
    send_kill(trial.process(&trial.pod(None)?, begins)?.pid)?;
    Ok(LONG)
}

/// The shell that counts, not what it starts: that is gone in a moment anyhow.
pub(crate) fn step_killed(trial: &Trial<'_>) -> Outcome<Workload> {
    trial.running(&LONG)?;
    let pod = trial.pod(None)?;
    let shell = trial.until("a shell that counts", || {
        processes_of_pod(&pod.uid).into_iter().find(|process| process.command.contains("while [ $i -le"))
    })?;
    send_kill(shell.pid)?;
    Ok(LONG)
}

pub(crate) fn out_of_memory(trial: &Trial<'_>) -> Outcome<Workload> {
    let name = &trial.name;
    trial.begin_with(&format!(
        "apiVersion: assay.dev/v1alpha1
kind: TestWorkflow
metadata: {{name: {name}}}
spec:
  container: {{image: '{FIRST}', resources: {{limits: {{memory: 24Mi}}}}}}
  steps:
  - {{name: grow, shell: 'tail /dev/zero'}}
"
    ))?;
    Ok(LONG)
}
