//! Managers that come and go while an execution runs.

use std::time::Duration;

use assay_cluster_tests::{Manager, wait_for};
use assay_devcluster::Signal;

use crate::Outcome;
use crate::trial::{PATIENCE, Trial};
use crate::workload::Workload;

/// A Lease is believed for 15 seconds, and somebody has to start.
const LEADS_BY: Duration = Duration::from_secs(120);

/// Both have one store, as they must, so the second may write only when the
/// first is gone for good.
pub(crate) fn frozen_past_its_lease(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = Workload::seconds(12);
    trial.running(&workload)?;
    trial.manager.signal(Signal::STOP)?;
    let mut rival = Manager::start(&trial.lane.rival()?, None)?;
    let led = wait_for(LEADS_BY, || rival.words().contains("leading").then_some(())).is_some();
    trial.manager.signal(Signal::CONT)?;
    let finished = trial.phase("Finished", PATIENCE * 2);
    let words = rival.last_words();
    rival.stop();
    trial.manager.ready(PATIENCE)?;
    finished.map_err(|error| format!("{error}\n{words}"))?;
    if led { Ok(workload) } else { Err(format!("the other manager never led\n{words}").into()) }
}

pub(crate) fn away_at_the_end(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = Workload::seconds(6);
    trial.running(&workload)?;
    trial.manager.hold()?;
    std::thread::sleep(Duration::from_secs(20));
    trial.manager.release();
    trial.phase("Finished", PATIENCE * 2)?;
    Ok(workload)
}
