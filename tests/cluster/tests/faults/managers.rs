//! Managers that come and go while an execution runs.

use std::time::Duration;

use assay_cluster_tests::Manager;
use assay_devcluster::Signal;

use crate::Outcome;
use crate::trial::{PATIENCE, Trial};
use crate::workload::Workload;

/// Longer than a Lease is believed.
const PAST_THE_LEASE: Duration = Duration::from_secs(22);

/// Both have one store, as they must, so the second may write only when the
/// first is gone for good.
pub(crate) fn frozen_past_its_lease(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = Workload::seconds(12);
    trial.running(&workload)?;
    trial.manager.signal(Signal::STOP)?;
    let mut rival = Manager::start(&trial.lane.rival()?, None)?;
    std::thread::sleep(PAST_THE_LEASE);
    trial.manager.signal(Signal::CONT)?;
    let finished = trial.phase("Finished", PATIENCE * 2);
    let (words, led) = (rival.last_words(), rival.words().contains("leading"));
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
