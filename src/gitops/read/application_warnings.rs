//! What surprises people about an `Application` that is tested.

use serde_json::Value;

use super::application_place::elsewhere;
use super::application_state::automated;
use super::fields::{annotation, flag, list, number, text};
use crate::delivery::Source;

/// One line for each surprise.
pub(super) fn warnings(object: &Value, sources: &[Source]) -> Vec<String> {
    let all = [
        retries(object),
        self_heal(object),
        pruning(object),
        default_branch(sources),
        images(object),
        gate_before_others(object),
        hook_beside_gate(object),
        elsewhere(object).then(|| {
            "it deploys to another cluster: its workloads cannot be looked at from here, and a new revision is tested \
             when Argo CD's own health is no longer Progressing"
                .to_owned()
        }),
    ];
    all.into_iter().flatten().collect()
}

/// An operation in progress never takes a newer commit, the revert among them.
fn retries(object: &Value) -> Option<String> {
    let retry = object.pointer("/spec/syncPolicy/retry").filter(|retry| retry.is_object());
    if retry.is_some_and(|retry| flag(retry, "/refresh")) || (retry.is_none() && !automated(object)) {
        return None;
    }
    // Argo CD's own default for automated syncs.
    let limit = retry.map_or(Some(5), |retry| number(retry, "/limit")).unwrap_or_default();
    let tries = match limit {
        0 => return None,
        limit if limit < 0 => "without end".to_owned(),
        limit => format!("up to {limit} times"),
    };
    Some(format!(
        "a sync that fails, be it for a test, is tried again {tries}, and until then no newer commit is deployed, not \
         even a revert; set spec.syncPolicy.retry.limit: 0, or retry.refresh: true"
    ))
}

fn self_heal(object: &Value) -> Option<String> {
    flag(object, "/spec/syncPolicy/automated/selfHeal").then(|| {
        "a self-heal sync runs no hooks and waits for no wave, and Argo CD may take a commit that it met during a \
             sync for something to heal: such a revision is tested by a TestGate only"
            .to_owned()
    })
}

fn pruning(object: &Value) -> Option<String> {
    let stays = automated(object) && !flag(object, "/spec/syncPolicy/automated/prune");
    stays.then(|| {
        "automated.prune is off: objects that a failed revision added stay after its revert, and the Application stays \
         OutOfSync"
            .to_owned()
    })
}

fn default_branch(sources: &[Source]) -> Option<String> {
    let unnamed = |source: &Source| matches!(source, Source::Pinned { to, .. } if to.ends_with("(HEAD)"));
    sources.iter().any(unnamed).then(|| {
        "targetRevision is HEAD: name the branch, or nothing can be rolled back and content is compared by commit only"
            .to_owned()
    })
}

fn images(object: &Value) -> Option<String> {
    let method = annotation(object, "argocd-image-updater.argoproj.io/write-back-method").unwrap_or("argocd");
    let updated = annotation(object, "argocd-image-updater.argoproj.io/image-list").is_some();
    (updated && !method.starts_with("git")).then(|| {
        "Argo CD Image Updater writes images into the Application itself: a new image is no new revision, and a revert \
         in Git does not take it back"
            .to_owned()
    })
}

/// A gate whose wave is not the last one keeps later waves from being applied, and waits for them.
fn gate_before_others(object: &Value) -> Option<String> {
    let resources = list(object, "/status/resources");
    let wave = |resource: &Value| number(resource, "/syncWave").unwrap_or_default();
    let last = resources.iter().filter(|resource| !flag(resource, "/hook")).map(wave).max()?;
    let gate = resources.iter().find(|one| is_ours(one, "TestGate") && wave(one) < last)?;
    let name = text(gate, "/name").unwrap_or_default();
    Some(format!(
        "the TestGate {name} is in sync wave {}, and the last one is {last}: later waves wait for the gate, and the gate \
         for them; set argocd.argoproj.io/sync-wave: \"{last}\" on the gate",
        wave(gate)
    ))
}

/// PostSync hooks begin when the gate is healthy, and the gate can be the last to become so.
fn hook_beside_gate(object: &Value) -> Option<String> {
    let gated = list(object, "/status/resources").iter().any(|one| is_ours(one, "TestGate"));
    let results = list(object, "/status/operationState/syncResult/resources");
    let hooked = results.iter().any(|one| is_ours(one, "TestExecution") && text(one, "/hookType") == Some("PostSync"));
    (gated && hooked).then(|| {
        "it has a TestGate and a PostSync TestExecution: the hook runs only when the gate is green; use one of the two"
            .to_owned()
    })
}

fn is_ours(resource: &Value, kind: &str) -> bool {
    text(resource, "/group") == Some(assay_api::names::GROUP) && text(resource, "/kind") == Some(kind)
}
