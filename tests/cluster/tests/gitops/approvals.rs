//! What happens while a decision waits for somebody.

use assay_cluster_tests::{App, Behaviour, Engine, Object, Outcome, Plan, Round, World};
use serde_json::json;

use crate::refusals::answers;
use crate::suite::{Figures, Suite, holds, reverts};

/// A bad revision whose record waits for an approval; the good revision, the bad one and the record.
fn waiting(world: &World) -> Outcome<(String, String, Object)> {
    let good = world.begin()?;
    let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
    world.verdict(App::Web, &bad, "failed")?;
    let record = world.phase(App::Web, &bad, "AwaitingApproval")?;
    answers(&record, "Approved", "Hold")?;
    Ok((good, bad, record))
}

fn plan() -> Plan {
    Plan::new(Engine::Argo).policy(json!({"approval": true}))
}

fn approve(world: &World, record: &Object) -> Outcome<()> {
    world.annotate("rollback", world.name(), record.text("/metadata/name"), "assay.dev/approve=true")
}

/// The record, once it is refused: what waited and was overtaken says so in its phase.
fn over(world: &World, bad: &str) -> Outcome<Object> {
    let over = |record: &Object| ["Refused", "Superseded"].contains(&record.text("/status/phase"));
    world.record_when(App::Web, bad, "is over", over)
}

/// Nothing of ours is on the branch.
fn untouched(world: &World, tip: &str) -> Outcome<Figures> {
    crate::refusals::unchanged(world, tip)
}

pub(crate) fn approval(suite: &Suite) -> Outcome<Figures> {
    suite.within("approve", plan(), |world| {
        let (_, bad, record) = waiting(world)?;
        holds(world.repository().tip()? == bad, || "it was pushed without an approval".to_owned())?;
        approve(world, &record)?;
        world.phase(App::Web, &bad, "Recovered")?;
        let ours = reverts(world.repository())?;
        holds(ours.len() == 1, || format!("reverts {ours:?}"))?;
        Ok(Vec::new())
    })
}

pub(crate) fn newer_commit(suite: &Suite) -> Outcome<Figures> {
    suite.within("newer", plan(), |world| {
        let (_, bad, record) = waiting(world)?;
        // The engine is not told, so the bad revision stays deployed.
        let files = world.files(App::Web, &Behaviour::good("1.2.0"))?;
        let newer = world.repository().change("Lower the price", &files)?;
        approve(world, &record)?;
        let record = over(world, &bad)?;
        answers(&record, "NothingNewer", "Refuse")?;
        untouched(world, &newer)
    })
}

pub(crate) fn no_longer_deployed(suite: &Suite) -> Outcome<Figures> {
    suite.within("moved", plan(), |world| {
        let (good, bad, record) = waiting(world)?;
        let repository = world.repository();
        repository.git(&["push", "-q", "origin", &format!("{good}:refs/heads/stable")])?;
        let patch = r#"{"spec":{"source":{"targetRevision":"stable"}}}"#;
        let delivery = world.delivery_name(App::Web);
        world.kubectl(&["-n", "argocd", "patch", "application", &delivery, "--type=merge", "-p", patch])?;
        world.delivery_when(App::Web, "deploys the stable branch", |app| {
            app.text("/status/sync/revision") == good && app.text("/status/sync/status") == "Synced"
        })?;
        approve(world, &record)?;
        let record = over(world, &bad)?;
        answers(&record, "StillDeployed", "Refuse")?;
        untouched(world, &bad)
    })
}

pub(crate) fn force_push(suite: &Suite) -> Outcome<Figures> {
    suite.within("forced", plan(), |world| {
        let (good, bad, record) = waiting(world)?;
        let repository = world.repository();
        repository.git(&["reset", "-q", "--hard", &good])?;
        repository.write(&[("NOTES.md".to_owned(), "Another history.\n".to_owned())])?;
        let other = repository.commit("Begin again")?;
        repository.git(&["push", "-q", "--force", "origin", "HEAD:refs/heads/main"])?;
        approve(world, &record)?;
        let record = over(world, &bad)?;
        answers(&record, "HistoryIntact", "Refuse")?;
        untouched(world, &other)
    })
}

pub(crate) fn paused(suite: &Suite) -> Outcome<Figures> {
    suite.within("paused", Plan::new(Engine::Argo), |world| {
        world.begin()?;
        world.annotate("testgate", world.name(), "web", "assay.dev/pause-rollback=true")?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        world.verdict(App::Web, &bad, "failed")?;
        let record = world.phase(App::Web, &bad, "Holding")?;
        answers(&record, "NotPaused", "Hold")?;
        untouched(world, &bad)?;
        world.annotate("testgate", world.name(), "web", "assay.dev/pause-rollback-")?;
        let round = Round::follow(world, App::Web, &bad)?;
        let ours = reverts(world.repository())?;
        holds(ours == [round.revert], || format!("reverts {ours:?}"))?;
        Ok(Vec::new())
    })
}
