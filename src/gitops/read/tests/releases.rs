//! HelmReleases of Flux.

use assay_api::DeliveryKind;
use serde_json::{Value, json};

use super::objects::{Known, ONE, kustomization, reference, repository, with};
use crate::delivery::{Delivery, Judged, Source};
use crate::read::find;

fn release() -> Value {
    json!({
        "metadata": {
            "name": "web", "namespace": "flux", "uid": "h", "generation": 3,
            "labels": { "kustomize.toolkit.fluxcd.io/name": "web", "kustomize.toolkit.fluxcd.io/namespace": "flux" },
        },
        "spec": { "chart": { "spec": { "chart": "web", "version": "1.2.3" } } },
        "status": {
            "observedGeneration": 3, "lastAttemptedGeneration": 3,
            "lastAttemptedRevision": "1.2.3", "lastAttemptedConfigDigest": "sha256:a",
            "history": [{ "chartVersion": "1.2.3", "configDigest": "sha256:a", "status": "deployed" }],
            "inventory": { "entries": [{ "id": "shop_web_apps_Deployment", "v": "v1" }] },
        },
    })
}

fn helm(release: Value) -> Delivery {
    let known = Known::default()
        .with("Kustomization", kustomization())
        .with("GitRepository", repository())
        .with("HelmRelease", release);
    find(&known, &reference(DeliveryKind::HelmRelease, "web"), "flux").expect("it is there")
}

#[test]
fn a_helm_release_is_judged_by_the_commit_of_its_kustomization() {
    let found = helm(release());
    assert_eq!(found.judged, Judged::Source(0));
    assert_eq!(found.paths, ["apps/web"]);
    assert_eq!((found.attempted.as_deref(), found.applied), (Some(ONE), true));
    assert_eq!(found.uid, "h");
    assert_eq!(found.workloads.len(), 1);
    for (what, more, applied) in [
        ("not taken up yet", json!({ "metadata": { "generation": 4 } }), false),
        ("upgrading", json!({ "status": { "lastAttemptedConfigDigest": "sha256:b" } }), false),
        ("another chart", json!({ "status": { "lastAttemptedRevision": "1.3.0" } }), false),
        (
            "pending",
            json!({ "status": { "history": [{ "chartVersion": "1.2.3", "configDigest": "sha256:a", "status": "pending-upgrade" }] } }),
            false,
        ),
        ("at work", json!({ "status": { "conditions": [{ "type": "Ready", "status": "Unknown" }] } }), false),
        (
            "failed, and left so",
            json!({ "status": { "history": [{ "chartVersion": "1.2.3", "configDigest": "sha256:a", "status": "failed" }] } }),
            true,
        ),
        (
            "remediated",
            json!({ "status": { "history": [{ "chartVersion": "1.2.2", "configDigest": "sha256:0", "status": "deployed" }] } }),
            false,
        ),
    ] {
        assert_eq!(helm(with(release(), more)).applied, applied, "{what}");
    }
}

#[test]
fn a_helm_release_of_nobody_is_judged_by_its_version() {
    let found = helm(with(release(), json!({ "metadata": { "labels": null } })));
    assert_eq!((found.attempted.as_deref(), found.applied), (Some("1.2.3"), true));
    assert!(matches!(found.sources.as_slice(), [Source::Artifact { .. }]) && found.paths.is_empty());
    assert_eq!(found.settled.as_deref(), Some("1.2.3"));
}
