//! An `Application` of Argo CD.

use assay_api::DeliveryReference;
use assay_api::names::ANNOTATION_PAUSE_ROLLBACK;
use serde_json::Value;

use super::application_paths::{beyond, delivered_paths};
use super::application_place::elsewhere;
use super::application_state::{State, held, outdated};
use super::application_warnings::warnings;
use super::fields::{annotation, list, owned, text};
use super::paths::clean;
use super::sources::{argo_git, judged, repository_address};
use super::workloads::of_application;
use crate::delivery::{Delivery, Judged, Source};

/// What an Application delivers. A new revision is `applied` when the comparison with the live objects says so
/// (hooks are not compared), when its operation succeeded, or when everything that still differs was applied by
/// the operation that runs: none of this waits for health, so a gate inside the Application may be tested while
/// the operation waits for that gate.
pub(super) fn read_application(object: &Value, reference: DeliveryReference) -> Delivery {
    let sources = sources(object);
    let mut judged = judged(reference.source, &sources);
    let index = match &judged {
        Judged::Source(index) => *index,
        Judged::Unclear(_) => 0,
    };
    let git = !matches!(sources.get(index), None | Some(Source::Artifact { .. }));
    let state = State::of(object, index, git);
    if let (Judged::Source(_), Some(odd)) = (&judged, &state.unreadable) {
        judged = Judged::Unclear(format!("the revision {odd:?} of the Application is no commit id"));
    }
    let known = matches!(judged, Judged::Source(_));
    let (paths, mut remarks) = if git && known { delivered_paths(object, index) } else { (Vec::new(), Vec::new()) };
    remarks.extend(warnings(object, &sources));
    let (value_files, reaches_beyond) = beyond(object, index);
    let outdated = outdated(object);
    let name = |field| owned(object, &format!("/metadata/{field}"));
    Delivery {
        uid: name("uid"),
        read_from: vec![("Application".to_owned(), name("namespace"), name("name"))],
        judged,
        paths,
        outdated,
        holds_older: state.holds_older,
        rendered_with: text(object, "/renderedWith").map(str::to_owned),
        deleted: false,
        may_be_late: false,
        value_files,
        reaches_beyond,
        desired: state.desired.filter(|_| known),
        attempted: state.attempted.filter(|_| known),
        applied: state.applied && known && (!outdated || state.holds_older),
        applied_digest: None,
        settled: state.settled.filter(|_| known),
        workloads: if elsewhere(object) { Vec::new() } else { of_application(object) },
        operation: state.operation,
        awaits_health: false,
        health: text(object, "/status/health/status").map(str::to_owned),
        held: held(object),
        rollback_paused: annotation(object, ANNOTATION_PAUSE_ROLLBACK) == Some("true"),
        other_writers: other_writers(object),
        flux_source: None,
        health_timeout: None,
        warnings: remarks,
        sources,
        reference,
    }
}

/// The sources as the Application lists them. With a source hydrator it is the dry source: what people write, and
/// what a rollback would have to change.
fn sources(object: &Value) -> Vec<Source> {
    if let Some(dry) = object.pointer("/spec/sourceHydrator/drySource") {
        return vec![source(dry)];
    }
    match list(object, "/spec/sources") {
        [] => object.pointer("/spec/source").map(source).into_iter().collect(),
        several => several.iter().map(source).collect(),
    }
}

fn source(source: &Value) -> Source {
    let repository = repository_address(text(source, "/repoURL").unwrap_or_default());
    let target = text(source, "/targetRevision").unwrap_or_default();
    if let Some(chart) = text(source, "/chart") {
        return Source::Artifact { what: format!("chart {chart} {target} of {repository}") };
    }
    if repository.starts_with("oci://") {
        return Source::Artifact { what: format!("image {repository} {target}") };
    }
    if repository.is_empty() {
        return Source::Artifact { what: "a source without repoURL".to_owned() };
    }
    let written = text(source, "/path").unwrap_or_default();
    match clean(written) {
        Some(path) => argo_git(repository, target, path),
        None => Source::Pinned { repository, to: format!("the path {written:?} outside it"), path: String::new() },
    }
}

/// Programs that would write over a revert, or whose writes it would undo.
fn other_writers(object: &Value) -> Vec<String> {
    let mut writers = Vec::new();
    if let Some(stage) = annotation(object, "kargo.akuity.io/authorized-stage") {
        writers.push(format!("Kargo (annotation kargo.akuity.io/authorized-stage: {stage})"));
    }
    let images = annotation(object, "argocd-image-updater.argoproj.io/image-list");
    let method = annotation(object, "argocd-image-updater.argoproj.io/write-back-method").unwrap_or("argocd");
    if images.is_some() && method.starts_with("git") {
        writers.push(format!("Argo CD Image Updater (annotation write-back-method: {method})"));
    }
    if let Some(Value::Object(_)) = object.pointer("/spec/sourceHydrator") {
        let branch = text(object, "/spec/sourceHydrator/syncSource/targetBranch").unwrap_or("its own branch");
        writers.push(format!("Argo CD's source hydrator (it writes what is deployed to {branch})"));
    }
    writers
}
