//! One round of the loop: from a bad commit to the green revert, with the time of every step.

use std::time::Duration;

use jiff::Timestamp;

use super::world::PATIENCE;
use super::{App, Engine, Object, Outcome, World};

/// What came of a bad commit.
#[derive(Clone, Debug)]
pub struct Round {
    /// The revert.
    pub revert: String,
    /// The record at its end.
    pub record: Object,
    /// When the engine said that the bad revision is deployed.
    pub deployed: Timestamp,
    /// When the gate said no.
    pub failed: Timestamp,
    /// When the revert was on the branch.
    pub reverted: Timestamp,
    /// When the engine said that the revert is deployed.
    pub restored: Timestamp,
    /// When the record said `Recovered`.
    pub recovered: Timestamp,
}

impl Round {
    /// Follows a bad commit, which is pushed already, until the record says `Recovered`.
    ///
    /// # Errors
    /// When a step does not come in time.
    pub fn follow(world: &World, app: App, bad: &str) -> Outcome<Self> {
        let deployed = first_deployed(world, app, bad)?;
        world.verdict(app, bad, "failed")?;
        let failed = Timestamp::now();
        let written = |record: &Object| !record.text("/status/pushedAt").is_empty();
        let record = world.record_when(app, bad, "is on the branch", |record| written(record) || ended(record))?;
        let reverted = Timestamp::now();
        if !written(&record) {
            let (phase, why) = (record.text("/status/phase"), record.text("/status/message"));
            return Err(format!("no revert, but {phase}: {why}\n{}", record.objections().join("\n")).into());
        }
        let revert = record.text("/status/commit/id").to_owned();
        world.delivery_when(app, &format!("deploys the revert {revert}"), |object| deploys(world, object, &revert))?;
        let restored = Timestamp::now();
        let record = world.phase(app, bad, "Recovered")?;
        Ok(Self { revert, record, deployed, failed, reverted, restored, recovered: Timestamp::now() })
    }

    /// The figures that are shown to people, in seconds.
    pub fn figures(&self) -> Vec<(String, f64)> {
        let since = |to: Timestamp| Duration::try_from(to.duration_since(self.deployed)).unwrap_or_default();
        let figure = |what: &str, to: Timestamp| (what.to_owned(), since(to).as_secs_f64());
        vec![
            figure("failed", self.failed),
            figure("reverted", self.reverted),
            figure("deployed again", self.restored),
            figure("recovered", self.recovered),
        ]
    }
}

/// When the engine said first that everything of a revision is applied: it may have said more since.
fn first_deployed(world: &World, app: App, revision: &str) -> Outcome<Timestamp> {
    let engine = world.plan().engine;
    let (kind, name, home) = (engine.kind(), world.delivery_name(app), engine.home(world.name()));
    let words = match engine {
        Engine::Argo => "Synced at",
        Engine::Flux => "attempted",
    };
    let words = format!("{words} {}", &revision[..7]);
    world.live().until(&format!("{kind} {name}: deploys {revision}"), PATIENCE, |board| {
        let moments = board.moments(&name).into_iter();
        let mut said = moments.filter(|moment| moment.kind == kind && moment.name == name);
        let past = said.find(|moment| moment.now.contains(&words)).map(|moment| moment.at);
        // What has several sources says no single revision in its moments.
        let now = || board.get(kind, home, &name).filter(|object| deploys(world, object, revision));
        past.or_else(|| now().map(|_| Timestamp::now()))
    })
}

/// Whether everything of a revision is applied, whatever its health.
fn deploys(world: &World, object: &Object, revision: &str) -> bool {
    match world.plan().engine {
        Engine::Argo => {
            let revisions = [object.text("/status/sync/revision"), object.text("/status/sync/revisions/0")];
            revisions.contains(&revision) && object.text("/status/sync/status") == "Synced"
        }
        Engine::Flux => object.text("/status/lastAttemptedRevision").ends_with(revision),
    }
}

fn ended(record: &Object) -> bool {
    ["Observed", "Refused", "Failed", "Superseded", "Expired"].contains(&record.text("/status/phase"))
}
