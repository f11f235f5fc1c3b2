//! A `HelmRelease` of Flux.

use assay_api::DeliveryReference;
use assay_api::names::ANNOTATION_PAUSE_ROLLBACK;
use serde_json::Value;

use super::context::{ObjectName, ReadContext};
use super::fields::{annotation, cited, condition_words, flag, label, list, number, owned, text};
use super::kustomization::{read_kustomization, ready};
use super::sources::judged;
use super::workloads::of_inventory;
use crate::delivery::{Delivery, Judged, Source};

/// What a HelmRelease delivers. Its chart is a version, which no commit moves; what people change is the manifest
/// of the HelmRelease, and that lies in the source of the Kustomization that applied it, by its labels. So that
/// source is judged where it is known: its revision is the Kustomization's, and a rollback restores the
/// Kustomization's whole path. Otherwise the version of the chart is the revision, and nothing can be rolled back.
pub(super) fn read_helm_release(object: &Value, context: &ReadContext, reference: DeliveryReference) -> Delivery {
    let parent = context.kustomization.as_deref().map(|parent| {
        let unindexed = DeliveryReference { source: None, ..reference.clone() };
        read_kustomization(parent, context, unindexed)
    });
    let mut sources = parent.as_ref().map(|parent| parent.sources.clone()).unwrap_or_default();
    sources.push(Source::Artifact { what: chart(object) });
    let judged = match &parent {
        Some(Delivery { judged: Judged::Unclear(why), .. }) if reference.source.is_none() => {
            Judged::Unclear(format!("of the Kustomization that applied it: {why}"))
        }
        Some(_) if reference.source.is_none() => Judged::Source(0),
        _ => judged(reference.source, &sources),
    };
    let by_commit = matches!(judged, Judged::Source(index) if index + 1 < sources.len());
    let base = parent.clone().filter(|_| by_commit).unwrap_or_else(|| by_version(object));
    let parents = parent.map(|parent| (parent.read_from, parent.held)).unwrap_or_default();
    let mut warnings = warnings(object, by_commit);
    warnings.extend(base.warnings.iter().filter(|_| by_commit).map(|line| format!("Kustomization: {line}")));
    let held = held(object).into_iter().chain(parents.1.filter(|_| by_commit)).collect::<Vec<_>>().join("; ");
    Delivery {
        uid: owned(object, "/metadata/uid"),
        applied: base.applied && released(object),
        applied_digest: (base.applied && released(object)).then(|| config_digest(object)).flatten(),
        workloads: if elsewhere(object) { Vec::new() } else { of_inventory(object) },
        health: ready(object),
        held: Some(held).filter(|held| !held.is_empty()),
        rollback_paused: annotation(object, ANNOTATION_PAUSE_ROLLBACK) == Some("true"),
        read_from: std::iter::once(own_name(object)).chain(parent_of(object)).chain(parents.0).collect(),
        judged,
        sources,
        warnings,
        reference,
        ..base
    }
}

/// The Kustomization that applied a HelmRelease.
pub(super) fn parent_of(object: &Value) -> Option<ObjectName> {
    let name = label(object, "kustomize.toolkit.fluxcd.io/name")?.to_owned();
    let namespace = label(object, "kustomize.toolkit.fluxcd.io/namespace")?.to_owned();
    Some(("Kustomization".to_owned(), namespace, name))
}

/// What is known without a commit: the version of the chart.
fn by_version(object: &Value) -> Delivery {
    let attempted = text(object, "/status/lastAttemptedRevision").map(str::to_owned);
    let deployed = list(object, "/status/history").iter().find(|entry| text(entry, "/status") == Some("deployed"));
    Delivery {
        desired: attempted.clone(),
        applied: attempted.is_some(),
        attempted,
        settled: deployed.and_then(|entry| text(entry, "/chartVersion")).map(str::to_owned),
        ..Delivery::default()
    }
}

/// Whether what the object asks for now is what Helm released last: helm-controller has taken up this generation,
/// and the newest release is of the chart and the values that it attempted. A release that failed counts, because
/// its objects are applied; one that was remediated, or may be at any moment, does not, because others are.
fn released(object: &Value) -> bool {
    let generation = number(object, "/metadata/generation");
    if number(object, "/status/lastAttemptedGeneration") != generation
        || condition_words(object, "Ready").0 == "Unknown"
    {
        return false;
    }
    let Some(newest) = list(object, "/status/history").first() else { return false };
    let same = |ours: &str, theirs: &str| text(object, ours) == text(newest, theirs);
    matches!(text(newest, "/status"), Some("deployed" | "failed"))
        && same("/status/lastAttemptedRevision", "/chartVersion")
        && same("/status/lastAttemptedConfigDigest", "/configDigest")
}

/// What tells the newest release from another one: its chart and its values.
fn config_digest(object: &Value) -> Option<String> {
    let newest = list(object, "/status/history").first()?;
    let parts = ["/chartVersion", "/ociDigest", "/configDigest"].map(|field| text(newest, field).unwrap_or_default());
    Some(parts.join(" ").trim().to_owned())
}

fn chart(object: &Value) -> String {
    if let Some(chart) = text(object, "/spec/chart/spec/chart") {
        return format!("chart {chart} {}", text(object, "/spec/chart/spec/version").unwrap_or("*"));
    }
    let kind = text(object, "/spec/chartRef/kind").unwrap_or("chart");
    format!("{kind} {}", text(object, "/spec/chartRef/name").unwrap_or("without name"))
}

fn own_name(object: &Value) -> ObjectName {
    ("HelmRelease".to_owned(), owned(object, "/metadata/namespace"), owned(object, "/metadata/name"))
}

fn elsewhere(object: &Value) -> bool {
    object.pointer("/spec/kubeConfig").is_some_and(Value::is_object)
}

fn held(object: &Value) -> Option<String> {
    if flag(object, "/spec/suspend") {
        return Some("the HelmRelease is suspended".to_owned());
    }
    let (ready, reason, message) = condition_words(object, "Ready");
    (ready == "False" && reason == "DependencyNotReady").then(|| format!("{reason}: {}", cited(message)))
}

fn warnings(object: &Value, by_commit: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    let version = text(object, "/spec/chart/spec/version").unwrap_or("*");
    let range = object.pointer("/spec/chart").is_some() && version.contains(['*', '^', '~', '<', '>', 'x', ' ']);
    if range && by_commit {
        warnings.push(format!(
            "the version of the chart is a range ({version}): a new version is no new commit and is not tested by itself"
        ));
    }
    if !by_commit {
        warnings.push(
            "no Kustomization is known to have applied it: the version of the chart is the revision, and nothing can \
             be rolled back in Git"
                .to_owned(),
        );
    }
    let remediates = ["install", "upgrade"].iter().any(|action| {
        number(object, &format!("/spec/{action}/remediation/retries")).is_some_and(|retries| retries != 0)
            || flag(object, &format!("/spec/{action}/remediation/remediateLastFailure"))
    });
    if remediates {
        warnings.push(
            "Flux itself puts a failed release back (remediation): then the cluster no longer has what Git says, and \
             only a revision whose release stands is tested"
                .to_owned(),
        );
    }
    let inventory = object.pointer("/status/inventory").is_some();
    if !inventory {
        warnings.push(
            "helm-controller before 1.5 names no objects of a release: its workloads are not waited for".to_owned(),
        );
    }
    warnings
}
