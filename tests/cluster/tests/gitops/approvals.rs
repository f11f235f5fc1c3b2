//! What happens while a decision waits for somebody.

use assay_cluster_tests::{App, Behaviour, Engine, Object, Outcome, Plan, Round, World};
use serde_json::{Value, json};

use crate::loops::check;
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
        world.delivery_when(App::Web, "is degraded", |app| app.text("/status/health/status") == "Degraded")?;
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

/// A person takes the app back to the revision before, as `argocd app rollback` does.
pub(crate) fn no_longer_deployed(suite: &Suite) -> Outcome<Figures> {
    suite.within("back", plan(), |world| {
        let (good, bad, record) = waiting(world)?;
        let by_hand = json!({"spec": {"syncPolicy": {"automated": null}},
            "operation": {"initiatedBy": {"username": "somebody"}, "sync": {"revision": good, "prune": true}}});
        patch(world, &by_hand)?;
        world.delivery_when(App::Web, "deploys the revision before", |app| {
            app.text("/status/operationState/syncResult/revision") == good
                && app.text("/status/operationState/phase") == "Succeeded"
        })?;
        approve(world, &record)?;
        let record = over(world, &bad)?;
        answers(&record, "StillDeployed", "Refuse")?;
        untouched(world, &bad)
    })
}

/// Somebody lets the delivery follow another branch, which brings the revision before.
pub(crate) fn another_branch(suite: &Suite) -> Outcome<Figures> {
    suite.within("branch", plan(), |world| {
        let (good, bad, record) = waiting(world)?;
        world.repository().git(&["push", "-q", "origin", &format!("{good}:refs/heads/stable")])?;
        patch(world, &json!({"spec": {"source": {"targetRevision": "stable"}}}))?;
        world.gate_when(App::Web, "judges what the other branch brings", |gate| {
            gate.text("/status/source/branch") == "stable" && gate.text("/status/current/verdict") == "passed"
        })?;
        approve(world, &record)?;
        let record = over(world, &bad)?;
        answers(&record, "SourceIsBranch", "Refuse")?;
        let said = said_of(world, &bad[..7]);
        let after = said.iter().skip_while(|words| !words.starts_with("TestsFailed"));
        let anew: Vec<_> = after.filter(|words| words.starts_with("Testing")).collect();
        holds(anew.is_empty(), || {
            format!("the bad revision was tested as if the other branch had brought it: {anew:?}")
        })?;
        untouched(world, &bad)
    })
}

/// What the gate said of a revision, in turn.
fn said_of(world: &World, revision: &str) -> Vec<String> {
    world.live().now(|board| {
        let moments = board.moments(world.name()).into_iter();
        let of_it = moments.filter(|moment| moment.kind == "TestGate" && moment.now.contains(revision));
        of_it.map(|moment| moment.now.clone()).collect()
    })
}

fn patch(world: &World, change: &Value) -> Outcome<()> {
    let delivery = world.delivery_name(App::Web);
    let change = change.to_string();
    world.kubectl(&["-n", "argocd", "patch", "application", &delivery, "--type=merge", "-p", &change]).map(drop)
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

/// One commit breaks two apps, and somebody has stopped the rollback of one of them.
pub(crate) fn one_of_two_paused(suite: &Suite) -> Outcome<Figures> {
    let plan = Plan::new(Engine::Argo).apps(&[App::Web, App::Api]);
    suite.within("half", plan.grant(json!({"spec": {"budget": {"count": 2, "window": "30m"}}})), |world| {
        let good = world.begin()?;
        world.annotate("testgate", world.name(), "api", "assay.dev/pause-rollback=true")?;
        let mut files = world.files(App::Web, &Behaviour::bad("1.1.0"))?;
        files.extend(world.files(App::Api, &Behaviour::bad("1.1.0"))?);
        let bad = world.repository().change("Break both", &files)?;
        world.nudge()?;
        let round = Round::follow(world, App::Web, &bad)?;
        check(world, &[App::Web], &good, &bad, &round)?;
        let record = world.phase(App::Api, &bad, "Holding")?;
        answers(&record, "NotPaused", "Hold")?;
        world.annotate("testgate", world.name(), "api", "assay.dev/pause-rollback-")?;
        world.phase(App::Api, &bad, "Recovered")?;
        let repository = world.repository();
        let ours = reverts(repository)?;
        holds(ours.len() == 2, || format!("reverts {ours:?}"))?;
        for folder in ["apps/web", "apps/api"] {
            let (is, was) = (repository.entry("origin/main", folder)?, repository.entry(&good, folder)?);
            holds(is == was, || format!("{folder} is {is}, was {was}"))?;
        }
        Ok(Vec::new())
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
