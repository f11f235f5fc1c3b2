//! How long records are kept.

use assay_cluster_tests::{App, Behaviour, Manager, ManagerSettings, Outcome, World};
use serde_json::json;

use crate::own::{PATIENCE, plan, settings};
use crate::suite::{Figures, Suite, holds};

/// What only observes is over at once, and counts for no cool-down and no budget.
pub(crate) fn retention(suite: &Suite) -> Outcome<Figures> {
    suite.within("kept", plan().policy(json!({"mode": "Observe"})), |world| {
        let settings = settings(suite, world, "only")?;
        let limit = ["--rollback-retention-count", "1"].map(str::to_owned);
        let more = settings.more.iter().cloned().chain(limit).collect();
        let manager = Manager::start(&ManagerSettings { more, ..settings }, None)?;
        manager.ready(PATIENCE)?;
        three_failures(world).map_err(|error| format!("{error}\n{}", manager.last_words()).into())
    })
}

fn three_failures(world: &World) -> Outcome<Figures> {
    world.begin()?;
    let mut bad = Vec::new();
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
        let commit = world.commit(App::Web, "Raise the price", &Behaviour::bad(version))?;
        world.phase(App::Web, &commit, "Observed")?;
        bad.push(commit);
    }
    let about = |commit: &String| world.records().iter().any(|record| record.text("/spec/bad/revision") == commit);
    world.live().until("the oldest record is removed", PATIENCE, |board| {
        let left = board.of("Rollback", world.name());
        left.iter().all(|record| record.text("/spec/bad/revision") != bad[0]).then_some(())
    })?;
    holds(about(&bad[1]) && about(&bad[2]), || format!("{} records are left", world.records().len()))?;
    Ok(Vec::new())
}
