//! Stale pass, stale fail and deadlock, on the real controllers.

use assay_cluster_tests::{App, Behaviour, Engine, Outcome, Plan, Round, World};
use jiff::Timestamp;
use serde_json::json;

use crate::suite::{Figures, Suite, holds};
use crate::waves::{applied, later};

/// An app of two waves, its gate in the last, and a hook after both.
pub(crate) fn two_waves() -> Plan {
    let (path, text) = later("1.0.0");
    let last = json!({"metadata": {"annotations": {"argocd.argoproj.io/sync-wave": "1"}}});
    Plan::new(Engine::Argo).gate(last).file(&path, &text)
}

/// Commits a version of the app with what comes after its waves.
pub(crate) fn commit(world: &World, behaviour: &Behaviour) -> Outcome<String> {
    let mut files = world.files(App::Web, behaviour)?;
    files.push(later(&behaviour.version));
    let id = world.repository().change(&format!("Version {}", behaviour.version), &files)?;
    world.nudge()?;
    Ok(id)
}

/// The operation at a revision, once it is over, as its phase.
pub(crate) fn operation(world: &World, revision: &str) -> Outcome<String> {
    let app = world.delivery_when(App::Web, &format!("the operation at {revision} is over"), |app| {
        app.text("/status/operationState/operation/sync/revision") == revision
            && ["Succeeded", "Failed", "Error"].contains(&app.text("/status/operationState/phase"))
    })?;
    Ok(app.text("/status/operationState/phase").to_owned())
}

/// Whether anything of that was ever said of the delivery.
fn ever(world: &World, kind: &str, words: &[&str]) -> bool {
    world.live().now(|board| {
        let moments = board.moments(world.name());
        moments.iter().any(|moment| moment.kind == kind && words.iter().all(|word| moment.now.contains(word)))
    })
}

/// When that was said first.
fn first(world: &World, kind: &str, words: &str) -> Outcome<Timestamp> {
    let first = world.live().now(|board| {
        let moments = board.moments(world.name()).into_iter();
        let mut said = moments.filter(|moment| moment.kind == kind && moment.now.contains(words));
        said.next().map(|moment| moment.at)
    });
    first.ok_or_else(|| format!("never: {kind} {words}").into())
}

pub(crate) fn stale_pass_argo(suite: &Suite) -> Outcome<Figures> {
    suite.within("stale", two_waves().policy(json!({"mode": "Observe"})), |world| {
        let good = world.begin()?;
        holds(operation(world, &good)? == "Succeeded", || "the first operation failed".to_owned())?;
        let bad = commit(world, &Behaviour::bad("1.1.0"))?;
        world.verdict(App::Web, &bad, "failed")?;
        let phase = operation(world, &bad)?;
        holds(phase == "Failed", || format!("the operation at the bad revision is {phase}"))?;
        let version = applied(world)?;
        holds(version == "1.0.0", || format!("the hook is at {version}"))?;
        Ok(Vec::new())
    })
}

pub(crate) fn stale_pass_flux(suite: &Suite) -> Outcome<Figures> {
    suite.within("stale", Plan::new(Engine::Flux).policy(json!({"mode": "Observe"})), |world| {
        world.begin()?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        world.verdict(App::Web, &bad, "failed")?;
        world.delivery_when(App::Web, "is not ready", |kustomization| {
            kustomization.text("/status/lastAttemptedRevision").ends_with(&bad)
                && kustomization.condition("Ready") == "False"
        })?;
        let applied = format!("applied {}", &bad[..7]);
        holds(!ever(world, "Kustomization", &[&applied]), || format!("it was taken for good: {applied}"))?;
        Ok(Vec::new())
    })
}

pub(crate) fn stale_fail_argo(suite: &Suite) -> Outcome<Figures> {
    suite.within("stale", two_waves(), |world| {
        let good = world.begin()?;
        holds(operation(world, &good)? == "Succeeded", || "the first operation failed".to_owned())?;
        let bad = commit(world, &Behaviour::bad("1.1.0"))?;
        let round = Round::follow(world, App::Web, &bad)?;
        let phase = operation(world, &round.revert)?;
        let failed = format!("operation Failed at {}", &round.revert[..7]);
        holds(phase == "Succeeded" && !ever(world, "Application", &[&failed]), || {
            format!("the operation at the revert is {phase}")
        })?;
        Ok(round.figures())
    })
}

pub(crate) fn stale_fail_flux(suite: &Suite) -> Outcome<Figures> {
    // Approved only when Flux's own check of the bad revision is over: until then the gate must stay red.
    suite.within("stale", Plan::new(Engine::Flux).policy(json!({"approval": true})), |world| {
        world.begin()?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        world.delivery_when(App::Web, "is not ready", |kustomization| {
            kustomization.text("/status/lastAttemptedRevision").ends_with(&bad)
                && kustomization.condition("Ready") == "False"
        })?;
        let record = world.phase(App::Web, &bad, "AwaitingApproval")?;
        world.annotate("rollback", world.name(), record.text("/metadata/name"), "assay.dev/approve=true")?;
        let round = Round::follow(world, App::Web, &bad)?;
        world.delivery_when(App::Web, "applied the revert", |kustomization| {
            kustomization.text("/status/lastAppliedRevision").ends_with(&round.revert)
        })?;
        let attempted = format!("attempted {}", &round.revert[..7]);
        let failed = ever(world, "Kustomization", &[&attempted, "HealthCheckFailed"]);
        holds(!failed, || "the revert was reported as failed".to_owned())?;
        Ok(Vec::new())
    })
}

pub(crate) fn deadlock(suite: &Suite) -> Outcome<Figures> {
    suite.within("deadlock", two_waves(), |world| {
        let good = world.begin()?;
        holds(operation(world, &good)? == "Succeeded", || "the first operation failed".to_owned())?;
        let next = commit(world, &Behaviour::good("1.1.0"))?;
        world.verdict(App::Web, &next, "passed")?;
        holds(operation(world, &next)? == "Succeeded", || "the operation failed".to_owned())?;
        let tested = first(world, "TestGate", &format!("Testing of {}", &next[..7]))?;
        let over = first(world, "Application", &format!("operation Succeeded at {}", &next[..7]))?;
        holds(tested < over, || "the operation did not wait for the tests".to_owned())?;
        let version = applied(world)?;
        holds(version == "1.1.0", || format!("the hook is at {version}"))?;
        Ok(Vec::new())
    })
}
