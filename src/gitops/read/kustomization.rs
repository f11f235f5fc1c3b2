//! A `Kustomization` of Flux.

use std::time::Duration;

use assay_api::names::ANNOTATION_PAUSE_ROLLBACK;
use assay_api::{DeliveryReference, DurationText};
use serde_json::Value;

use super::context::{ObjectName, ReadContext};
use super::fields::{annotation, cited, condition_words, flag, is_about_now, list, number, owned, text};
use super::flux_source::{git_source, image_writers, of_another_branch, offered, remarks, source_of};
use super::paths::clean;
use super::sources::judged;
use super::workloads::of_inventory;
use crate::delivery::{Delivery, Judged, NOTHING, Source};
use crate::revision::commit_of;

/// What a Kustomization delivers.
pub(super) fn read_kustomization(object: &Value, context: &ReadContext, reference: DeliveryReference) -> Delivery {
    let from = source_of(object);
    let path = clean(text(object, "/spec/path").unwrap_or_default());
    let (source, git) = content(from.as_ref(), path.as_deref(), context);
    let mut judged =
        if source.is_some() { judged(reference.source, source.as_slice()) } else { missing(from.as_ref()) };
    let revision = |raw: &str| if git { commit_of(raw) } else { Some(raw.to_owned()) };
    let raw = text(object, "/status/lastAttemptedRevision");
    if let (Judged::Source(_), Some(odd)) = (&judged, raw.filter(|raw| revision(raw).is_none())) {
        judged = Judged::Unclear(format!("the revision {odd:?} of the Kustomization is no commit id"));
    }
    let known = matches!(judged, Judged::Source(_));
    let paths: Vec<String> = path.filter(|_| git && known).into_iter().collect();
    let attempted = raw.and_then(revision).filter(|_| known);
    let repository = context.git_repository.as_deref().filter(|_| git);
    let desired = repository.and_then(offered).or_else(|| attempted.clone()).filter(|_| known);
    let writers = match (&source, &from) {
        (Some(Source::Branch(branch)), Some(from)) => image_writers(context, from, branch, &paths),
        _ => Vec::new(),
    };
    let mut warnings = warnings(object);
    warnings.extend(repository.map(remarks).unwrap_or_default());
    let outdated = match (&source, repository) {
        (Some(Source::Branch(now)), Some(repository)) => of_another_branch(repository, &now.branch),
        _ => false,
    };
    Delivery {
        uid: owned(object, "/metadata/uid"),
        applied: attempted.is_some() && applied(object) && !still_moving_elsewhere(object),
        applied_digest: applied_digest(object),
        settled: text(object, "/status/lastAppliedRevision").and_then(revision).filter(|_| known),
        workloads: if elsewhere(object) { Vec::new() } else { of_inventory(object) },
        awaits_health: checks_health(object),
        deleted: false,
        may_be_late: condition_words(object, "Ready").0 == "False" && !is_observed(object),
        holds_older: checks_health(object) && !is_about_now(object, "Ready"),
        health: ready(object),
        held: held(object, repository),
        rollback_paused: annotation(object, ANNOTATION_PAUSE_ROLLBACK) == Some("true"),
        other_writers: writers,
        health_timeout: waits(object).then(|| timeout(object)),
        read_from: std::iter::once(own_name(object)).chain(from.clone()).collect(),
        flux_source: from,
        sources: source.into_iter().collect(),
        operation: None,
        judged,
        paths,
        outdated,
        // Nothing is something, too: the first patch is another content.
        rendered_with: Some(text(object, "/renderedWith").unwrap_or(NOTHING).to_owned()),
        value_files: Vec::new(),
        reaches_beyond: !list(object, "/spec/components").is_empty(),
        desired,
        attempted,
        warnings,
        reference,
    }
}

/// The source, and whether it is a Git repository; `None` when the repository is not there.
fn content(from: Option<&ObjectName>, path: Option<&str>, context: &ReadContext) -> (Option<Source>, bool) {
    let Some((kind, namespace, name)) = from else { return (None, false) };
    if kind != "GitRepository" {
        return (Some(Source::Artifact { what: format!("{kind} {namespace}/{name}") }), false);
    }
    let Some(repository) = context.git_repository.as_deref() else { return (None, true) };
    match path {
        Some(path) => (Some(git_source(repository, path.to_owned())), true),
        None => (Some(Source::Artifact { what: "a path outside its repository".to_owned() }), false),
    }
}

fn missing(from: Option<&ObjectName>) -> Judged {
    Judged::Unclear(match from {
        Some((kind, namespace, name)) => format!("its {kind} {namespace}/{name} does not exist, or may not be read"),
        None => "the Kustomization names no source".to_owned(),
    })
}

fn own_name(object: &Value) -> ObjectName {
    ("Kustomization".to_owned(), owned(object, "/metadata/namespace"), owned(object, "/metadata/name"))
}

/// Whether `status.lastAttemptedRevision` is applied and only health is, or was, waited for. kustomize-controller
/// 1.9 says it while it waits (`Reconciling` and `Healthy: Unknown` with the message `Running health checks for
/// revision ...`), after it waited (`Ready: False` with the reason `HealthCheckFailed`, or `HealthCheckCanceled`
/// for a newer revision's sake; `Ready: True` names it), and afterwards in the history, the entry reconciled last of which tells what a
/// retry of the same revision began with. `lastAppliedRevision` alone is not enough: it still names the good
/// revision while the way back to it is being built. All of it counts only if it is about this generation: with other
/// patches or substitutions the same revision is applied anew.
fn applied(object: &Value) -> bool {
    let attempted = text(object, "/status/lastAttemptedRevision").unwrap_or_default();
    let (healthy, _, message) = condition_words(object, "Healthy");
    let unknown = healthy == "Unknown" && names(message, attempted) && is_about_now(object, "Healthy");
    // Each of these is stamped with the generation that was known when it was written, and `Ready` only once, when the
    // work began: what began before the last change is not about it.
    let waits = unknown || (checks_health(object) && is_about_now(object, "Reconciling"));
    if waits && is_about_now(object, "Ready") {
        // Conditions are written a moment before the list of what was applied.
        return object.pointer("/status/inventory").is_some();
    }
    let (ready, reason, message) = condition_words(object, "Ready");
    let done = match ready {
        // While the next revision is being built this still is the failure of the last one.
        "False" => matches!(reason, "HealthCheckFailed" | "HealthCheckCanceled") && !is_at_work(object),
        "True" => names(message, attempted),
        _ => false,
    };
    // Only success is observed, so a failure of this generation must do; it may be one of the last, for a moment.
    if done && (is_observed(object) || (ready == "False" && is_about_now(object, "Ready"))) {
        return true;
    }
    if !is_observed(object) {
        return false;
    }
    match last_entry(object) {
        Some(entry) => {
            let status = text(entry, "/lastReconciledStatus").unwrap_or_default();
            text(entry, "/metadata/revision") == Some(attempted)
                && matches!(status, "ReconciliationSucceeded" | "HealthCheckFailed")
        }
        None => text(object, "/status/lastAppliedRevision") == Some(attempted),
    }
}

/// Whether the controller has finished with the object as it is now.
fn is_observed(object: &Value) -> bool {
    let observed = number(object, "/status/observedGeneration");
    observed.is_none_or(|observed| Some(observed) == number(object, "/metadata/generation"))
}

/// The digest of the manifests that were applied last. While something is applied, or waited for, it still is that of
/// the time before.
fn applied_digest(object: &Value) -> Option<String> {
    let ready = condition_words(object, "Ready").0;
    let now = if ready == "True" { is_observed(object) } else { is_about_now(object, "Ready") };
    if ready == "Unknown" || !now {
        return None;
    }
    let attempted = text(object, "/status/lastAttemptedRevision");
    let entry = last_entry(object).filter(|entry| text(entry, "/metadata/revision") == attempted)?;
    text(entry, "/digest").map(str::to_owned)
}

/// Whether it builds, applies or waits at present. After a failure its reason is `ProgressingWithRetry`.
fn is_at_work(object: &Value) -> bool {
    condition_words(object, "Reconciling").1 == "Progressing"
}

/// Whether it waits for health at present. Without the feature gate `CancelHealthCheckOnNewRevision` it looks at
/// nothing newer meanwhile.
fn checks_health(object: &Value) -> bool {
    let (_, reason, message) = condition_words(object, "Reconciling");
    reason == "Progressing" && message.starts_with("Running health checks")
}

/// Whether a message names a revision, and not one that begins like it.
fn names(message: &str, revision: &str) -> bool {
    !revision.is_empty() && message.split_whitespace().any(|word| word == revision)
}

/// The entry of the history that was reconciled last. Its times are whole seconds: of two in one second the one
/// that stands first is the newer.
fn last_entry(object: &Value) -> Option<&Value> {
    let entries = list(object, "/status/history").iter().rev();
    entries.max_by_key(|entry| super::fields::moment(entry, "/lastReconciled"))
}

/// Whether it deploys to another cluster, whose objects cannot be looked at from here.
fn elsewhere(object: &Value) -> bool {
    object.pointer("/spec/kubeConfig").is_some_and(Value::is_object)
}

/// In another cluster, where it waits for health, the tests begin when it has waited.
fn still_moving_elsewhere(object: &Value) -> bool {
    elsewhere(object) && waits(object) && condition_words(object, "Healthy").0 == "Unknown"
}

/// What its condition `Ready` says.
pub(super) fn ready(object: &Value) -> Option<String> {
    let (status, reason, _) = condition_words(object, "Ready");
    (!status.is_empty()).then(|| format!("Ready={status} ({reason})"))
}

fn held(object: &Value, repository: Option<&Value>) -> Option<String> {
    let mut reasons = Vec::new();
    if flag(object, "/spec/suspend") {
        reasons.push("the Kustomization is suspended".to_owned());
    }
    if repository.is_some_and(|repository| flag(repository, "/spec/suspend")) {
        reasons.push("its GitRepository is suspended".to_owned());
    }
    let (ready, reason, message) = condition_words(object, "Ready");
    if ready == "False" && matches!(reason, "DependencyNotReady" | "ArtifactFailed" | "BuildFailed") {
        reasons.push(format!("{reason}: {}", cited(message)));
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

fn waits(object: &Value) -> bool {
    flag(object, "/spec/wait") || !list(object, "/spec/healthChecks").is_empty()
}

/// How long it waits for health: `spec.timeout`, or half a minute less than the interval, and never less than
/// half a minute.
fn timeout(object: &Value) -> Duration {
    let duration = |pointer| DurationText::new(text(object, pointer)?).parse().ok();
    let least = Duration::from_secs(30);
    let usual = || duration("/spec/interval").unwrap_or_default().saturating_sub(least);
    duration("/spec/timeout").unwrap_or_else(usual).max(least)
}

fn warnings(object: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    if waits(object) {
        warnings.push(
            "while it waits for health, a revert is not looked at, unless kustomize-controller runs with \
             --feature-gates=CancelHealthCheckOnNewRevision=true"
                .to_owned(),
        );
    } else {
        warnings.push(
            "it waits for nothing (spec.wait, spec.healthChecks): what depends on it goes on before a gate has judged"
                .to_owned(),
        );
    }
    if !flag(object, "/spec/prune") {
        warnings.push("spec.prune is off: objects that a failed revision added stay after its revert".to_owned());
    }
    if elsewhere(object) {
        warnings.push("it deploys to another cluster: its workloads cannot be looked at from here".to_owned());
    }
    warnings
}
