//! Kustomizations of Flux.

use std::time::Duration;

use assay_api::{DeliveryKind, GitSource};
use serde_json::{Value, json};

use super::objects::{Known, ONE, TWO, flux, kustomization, reference, repository, with};
use crate::delivery::{Judged, Source};
use crate::read::find;

#[test]
fn a_settled_kustomization() {
    let found = flux(kustomization(), repository());
    let source = GitSource {
        repository: "ssh://git@git.example/shop.git".to_owned(),
        branch: "main".to_owned(),
        path: "apps/web".to_owned(),
    };
    assert_eq!((found.sources, found.judged), (vec![Source::Branch(source)], Judged::Source(0)));
    for revision in [&found.desired, &found.attempted, &found.settled] {
        assert_eq!(revision.as_deref(), Some(ONE));
    }
    assert!(found.applied);
    assert_eq!(found.workloads.len(), 1);
    assert_eq!(found.health_timeout, Some(Duration::from_secs(120)));
    assert_eq!(found.flux_source.expect("a source").2, "shop");
    assert_eq!(found.read_from.len(), 2);
}

#[test]
fn what_was_found_on_another_branch_is_outdated() {
    let offers = |revision: &str| {
        let artifact = json!({ "status": { "artifact": { "revision": revision } } });
        flux(kustomization(), with(repository(), artifact)).outdated
    };
    assert!(offers(&format!("stable@sha1:{ONE}")));
    for same in [format!("main@sha1:{ONE}"), format!("refs/heads/main@sha1:{ONE}"), format!("main/{ONE}")] {
        assert!(!offers(&same), "{same}");
    }
}

/// What kustomize-controller writes, stage by stage, while it goes from one revision to the next.
#[test]
fn a_kustomization_is_applied_when_only_its_health_is_waited_for() {
    let (old, new) = (format!("main@sha1:{ONE}"), format!("main@sha1:{TWO}"));
    let stage = |attempted: &str, reconciling: &str, ready: (&str, &str), healthy: (&str, String)| {
        json!({ "status": { "lastAttemptedRevision": attempted, "conditions": [
            { "type": "Reconciling", "status": "True", "reason": if reconciling == "x" { "ProgressingWithRetry" } else { "Progressing" },
                "message": reconciling },
            { "type": "Ready", "status": ready.0, "reason": ready.1, "message": format!("Applied revision: {attempted}") },
            { "type": "Healthy", "status": healthy.0, "reason": "r", "message": healthy.1 },
        ] } })
    };
    let unknown = ("Unknown", "Progressing");
    let checking = |revision: &str| format!("Running health checks for revision {revision} with a timeout of 2m0s");
    let rows = [
        ("fetching", stage(&old, "Fetching manifests for revision", unknown, ("True", String::new())), ONE, true),
        ("building", stage(&new, "Building manifests for revision", unknown, ("True", String::new())), TWO, false),
        ("applying", stage(&new, "Detecting drift for revision", unknown, ("False", "failed".into())), TWO, false),
        ("waiting", stage(&new, &checking(&new), unknown, ("Unknown", checking(&new))), TWO, true),
        ("crashed", stage(&new, "Fetching manifests", unknown, ("Unknown", checking(&new))), TWO, true),
        ("an older wait", stage(&new, "Building manifests", unknown, ("Unknown", checking(&old))), TWO, false),
        (
            "healthy, and not all is written",
            stage(&new, "x", ("True", "ReconciliationSucceeded"), ("True", "ok".into())),
            TWO,
            true,
        ),
        ("unhealthy", stage(&new, "x", ("False", "HealthCheckFailed"), ("False", "no".into())), TWO, true),
        ("cancelled", stage(&new, "x", ("False", "HealthCheckCanceled"), ("Unknown", String::new())), TWO, true),
        (
            "the next one after a failure",
            stage(&new, "Building manifests for revision", ("False", "HealthCheckFailed"), ("False", "no".into())),
            TWO,
            false,
        ),
        ("refused", stage(&new, "x", ("False", "ReconciliationFailed"), ("True", String::new())), TWO, false),
    ];
    for (what, more, attempted, applied) in rows {
        let found = flux(with(kustomization(), more), repository());
        assert_eq!((found.attempted.as_deref(), found.applied), (Some(attempted), applied), "{what}");
        assert_eq!(found.awaits_health, what == "waiting", "{what}");
    }
}

/// What kustomize-controller writes, stage by stage, after the patches were changed and the revision was not.
#[test]
fn what_is_not_about_this_generation_is_not_applied() {
    let revision = format!("main@sha1:{ONE}");
    let checking = format!("Running health checks for revision {revision} with a timeout of 2m0s");
    let done = format!("Applied revision: {revision}");
    let condition = |kind: &str, status: &str, reason: &str, message: &str, generation: i64| json!({ "type": kind, "status": status, "reason": reason, "message": message, "observedGeneration": generation });
    let ready = |generation| condition("Ready", "True", "ReconciliationSucceeded", &done, generation);
    let unknown = condition("Ready", "Unknown", "Progressing", "Reconciliation in progress", 2);
    let doing = |message: &str| vec![condition("Reconciling", "True", "Progressing", message, 2), unknown.clone()];
    let failed = |generation| condition("Ready", "False", "HealthCheckFailed", "timeout", generation);
    let before = condition("Reconciling", "True", "Progressing", &checking, 1);
    let waited = condition("Healthy", "Unknown", "Progressing", &checking, 1);
    // What the controller writes late in its work is stamped with what was changed meanwhile.
    let late = vec![
        condition("Reconciling", "True", "Progressing", &checking, 2),
        condition("Healthy", "Unknown", "Progressing", &checking, 2),
        condition("Ready", "Unknown", "Progressing", "Reconciliation in progress", 1),
    ];
    let rows = [
        ("changed", 1, vec![ready(1)], false),
        ("changed while it waits", 1, vec![before, waited, unknown.clone()], false),
        ("failed at first", 1, vec![failed(1)], false),
        ("building", 1, doing("Building manifests for revision"), false),
        ("waiting", 1, doing(&checking), true),
        ("waiting for what it was before", 1, late.clone(), false),
        ("healthy, and perhaps as it was before", 1, vec![ready(2)], false),
        ("unhealthy, and perhaps as it was before", 1, vec![failed(2)], true),
        ("done", 2, vec![ready(2)], true),
        ("looked at again", 2, doing("Building manifests for revision"), true),
    ];
    for (what, observed, conditions, applied) in rows {
        let more = json!({
            "metadata": { "generation": 2 }, "status": { "observedGeneration": observed, "conditions": conditions },
        });
        let found = flux(with(kustomization(), more), repository());
        assert_eq!((found.applied, found.holds_older), (applied, what == "waiting for what it was before"), "{what}");
        assert_eq!(found.may_be_late, what.starts_with("unhealthy") || what == "failed at first", "{what}");
    }
}

#[test]
fn the_digest_is_that_of_what_is_applied_now() {
    let digest = |ready: &str, attempted: &str| {
        let revision = |commit: &str| format!("main@sha1:{commit}");
        let entry = json!({ "digest": "sha256:1", "lastReconciled": "2026-11-01T00:00:00Z",
            "lastReconciledStatus": "ReconciliationSucceeded", "metadata": { "revision": revision(ONE) } });
        let ready = json!([{ "type": "Ready", "status": ready, "reason": "r", "message": "m" }]);
        let status = json!({ "lastAttemptedRevision": revision(attempted), "history": [entry], "conditions": ready });
        flux(with(kustomization(), json!({ "status": status })), repository()).applied_digest
    };
    assert_eq!(digest("True", ONE).as_deref(), Some("sha256:1"));
    assert_eq!(digest("False", ONE).as_deref(), Some("sha256:1"));
    assert_eq!(digest("Unknown", ONE), None, "something is being applied");
    assert_eq!(digest("True", TWO), None, "it is of another revision");
}

#[test]
fn of_two_entries_in_one_second_the_first_is_the_newer() {
    let (old, new) = (format!("main@sha1:{ONE}"), format!("main@sha1:{TWO}"));
    let entry = |revision: &str, status: &str| {
        json!({
            "lastReconciled": "2026-11-01T00:00:00Z", "lastReconciledStatus": status, "metadata": { "revision": revision },
        })
    };
    let both = json!([entry(&new, "ReconciliationSucceeded"), entry(&old, "HealthCheckFailed")]);
    let object = with(kustomization(), json!({ "status": { "lastAttemptedRevision": new, "history": both } }));
    assert!(flux(object, repository()).applied);
}

#[test]
fn without_the_list_of_what_was_applied_nothing_is_tested() {
    let mut object = kustomization();
    object["status"]["conditions"] = json!([
        { "type": "Reconciling", "status": "True", "reason": "Progressing", "message": "Running health checks for revision x" },
    ]);
    assert!(flux(object.clone(), repository()).applied);
    object["status"].as_object_mut().expect("a status").remove("inventory");
    assert!(!flux(object, repository()).applied);
}

#[test]
fn the_way_back_to_a_good_revision_is_not_over_because_it_was_good() {
    let (old, new) = (format!("main@sha1:{ONE}"), format!("main@sha1:{TWO}"));
    let back = json!({ "status": {
        "lastAttemptedRevision": old, "lastAppliedRevision": old,
        "conditions": [{ "type": "Reconciling", "status": "True", "reason": "Progressing", "message": "Building manifests" }],
        "history": [
            { "lastReconciled": "2026-11-01T00:00:00Z", "lastReconciledStatus": "ReconciliationSucceeded", "metadata": { "revision": old } },
            { "lastReconciled": "2026-11-01T00:10:00Z", "lastReconciledStatus": "HealthCheckFailed", "metadata": { "revision": new } },
        ],
    } });
    let object = with(kustomization(), back);
    assert!(!flux(object.clone(), repository()).applied);
    let mut retried = object;
    retried["status"]["lastAttemptedRevision"] = json!(new);
    assert!(flux(retried, repository()).applied, "a retry of what was applied before");
}

#[test]
fn only_branches_of_git_repositories_are_branches() {
    let pinned = |reference: Value| {
        let mut object = repository();
        object["spec"]["ref"] = reference;
        flux(kustomization(), object).sources.remove(0)
    };
    for (reference, branch) in [
        (json!({ "branch": "dev" }), Some("dev")),
        (json!({ "name": "refs/heads/a/b" }), Some("a/b")),
        (json!({}), Some("master")),
        (json!({ "branch": "dev", "commit": ONE }), None),
        (json!({ "name": "refs/tags/v1", "branch": "dev" }), None),
        (json!({ "semver": ">=1", "branch": "dev" }), None),
        (json!({ "tag": "v1" }), None),
    ] {
        match (pinned(reference.clone()), branch) {
            (Source::Branch(found), Some(branch)) => assert_eq!(found.branch, branch),
            (Source::Pinned { .. }, None) => {}
            (found, _) => panic!("{reference}: {found:?}"),
        }
    }
}

#[test]
fn other_sources_of_flux_are_artifacts_and_a_missing_one_is_unclear() {
    let oci = with(
        kustomization(),
        json!({
            "spec": { "sourceRef": { "kind": "OCIRepository" } },
            "status": { "lastAttemptedRevision": "latest@sha256:abc" },
        }),
    );
    let found = flux(oci, repository());
    assert_eq!(found.judged, Judged::Source(0));
    assert_eq!(found.attempted.as_deref(), Some("latest@sha256:abc"));
    assert!(found.paths.is_empty() && matches!(found.sources[0], Source::Artifact { .. }));
    let known = Known::default().with("Kustomization", kustomization());
    let found = find(&known, &reference(DeliveryKind::Kustomization, "web"), "flux").expect("it is there");
    assert!(matches!(&found.judged, Judged::Unclear(why) if why.contains("flux/shop")), "{:?}", found.judged);
    assert!(!found.applied && found.attempted.is_none());
    assert!(find(&known, &reference(DeliveryKind::Kustomization, "other"), "flux").is_none());
}

#[test]
fn an_image_automation_counts_where_it_writes() {
    let automation = |more: Value| {
        with(
            json!({
                "metadata": { "name": "images", "namespace": "flux" },
                "spec": { "sourceRef": { "kind": "GitRepository", "name": "shop" }, "update": { "path": "./apps" } },
            }),
            more,
        )
    };
    for (what, more, counts) in [
        ("the folder above", json!({}), true),
        ("a folder within", json!({ "spec": { "update": { "path": "apps/web/images" } } }), true),
        ("everything", json!({ "spec": { "update": null } }), true),
        ("another folder", json!({ "spec": { "update": { "path": "./apps/webshop" } } }), false),
        ("another branch", json!({ "spec": { "git": { "push": { "branch": "images" } } } }), false),
        ("the same branch", json!({ "spec": { "git": { "push": { "branch": "main" } } } }), true),
        ("another repository", json!({ "spec": { "sourceRef": { "name": "other" } } }), false),
        ("another namespace", json!({ "metadata": { "namespace": "b" } }), false),
        (
            "ours from another namespace",
            json!({ "metadata": { "namespace": "b" }, "spec": { "sourceRef": { "namespace": "flux" } } }),
            true,
        ),
        ("suspended", json!({ "spec": { "suspend": true } }), false),
    ] {
        let known = Known::default()
            .with("Kustomization", kustomization())
            .with("GitRepository", repository())
            .with("ImageUpdateAutomation", automation(more));
        let found = find(&known, &reference(DeliveryKind::Kustomization, "web"), "flux").expect("it is there");
        assert_eq!(found.other_writers.len(), usize::from(counts), "{what}");
    }
}
