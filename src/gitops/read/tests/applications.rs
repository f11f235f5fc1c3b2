//! Applications of Argo CD.

use assay_api::{DeliveryKind, DeliveryReference, GitSource};
use serde_json::{Value, json};

use super::objects::{ONE, TWO, reference, with};
use crate::delivery::{Delivery, Judged, Source};
use crate::read::{ReadContext, read};

fn application(object: &Value) -> Delivery {
    read(DeliveryKind::Application, object, &ReadContext::default(), &reference(DeliveryKind::Application, "web"))
}

fn web() -> Value {
    json!({
        "kind": "Application",
        "metadata": { "name": "web", "namespace": "argocd", "uid": "u" },
        "spec": {
            "source": { "repoURL": "https://git.example/shop.git", "path": "./apps/web/", "targetRevision": "main" },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": "shop" },
            "syncPolicy": { "automated": { "prune": true, "selfHeal": false }, "retry": { "limit": 0 } },
        },
        "status": {
            "sync": { "status": "Synced", "revision": ONE },
            "health": { "status": "Healthy" },
            "history": [{ "id": 0, "revision": TWO }, { "id": 1, "revision": ONE }],
            "operationState": {
                "phase": "Succeeded", "startedAt": "2026-11-01T00:00:00Z",
                "operation": { "sync": { "revision": ONE }, "retry": { "limit": 0 } },
                "syncResult": { "revision": ONE },
            },
            "resources": [
                { "group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web", "status": "Synced" },
                { "group": "apps", "kind": "StatefulSet", "name": "db", "status": "Synced" },
                { "group": "batch", "kind": "Job", "namespace": "shop", "name": "hook", "hook": true },
                { "group": "apps", "kind": "Deployment", "namespace": "shop", "name": "old", "requiresPruning": true },
                { "kind": "Service", "namespace": "shop", "name": "web", "status": "Synced" },
                { "group": "assay.dev", "kind": "TestGate", "namespace": "shop", "name": "gate", "status": "Synced" },
            ],
        },
    })
}

#[test]
fn a_settled_application() {
    let delivery = application(&web());
    let source = GitSource {
        repository: "https://git.example/shop.git".to_owned(),
        branch: "main".to_owned(),
        path: "apps/web".to_owned(),
    };
    assert_eq!(delivery.sources, [Source::Branch(source)]);
    assert_eq!(delivery.judged, Judged::Source(0));
    assert_eq!(delivery.paths, ["apps/web"]);
    assert_eq!(delivery.reference.namespace.as_deref(), Some("argocd"));
    for revision in [&delivery.desired, &delivery.attempted, &delivery.settled] {
        assert_eq!(revision.as_deref(), Some(ONE));
    }
    assert!(delivery.applied);
    let names: Vec<&str> = delivery.workloads.iter().map(|workload| workload.name.as_str()).collect();
    assert_eq!(names, ["web", "db"], "no hook, nothing to be pruned, no kind without rules, none of ours");
    assert_eq!(delivery.workloads[1].namespace, "shop", "the destination's");
    assert_eq!((delivery.operation, delivery.held, delivery.warnings), (None, None, vec![]));
}

/// Sync status and its revision, phase and revision of the operation: what is attempted, and whether it is applied.
#[test]
fn what_is_attempted_and_when_it_is_applied() {
    let rows = [
        ("a new commit is seen, nothing runs yet", "OutOfSync", TWO, "Succeeded", ONE, Some(ONE), true, Some(TWO)),
        ("its operation began", "OutOfSync", TWO, "Running", TWO, Some(TWO), false, Some(TWO)),
        ("all is applied, hooks or gates run", "Synced", TWO, "Running", TWO, Some(TWO), true, Some(TWO)),
        ("a hook failed", "Synced", TWO, "Failed", TWO, Some(TWO), true, Some(TWO)),
        ("applying failed", "OutOfSync", TWO, "Failed", TWO, Some(TWO), false, Some(TWO)),
        ("the bad one is tried again, the revert waits", "OutOfSync", TWO, "Running", ONE, Some(ONE), false, Some(TWO)),
        ("the bad one is being ended", "OutOfSync", TWO, "Terminating", ONE, Some(ONE), false, Some(TWO)),
        ("a commit without effect", "Synced", TWO, "Succeeded", ONE, Some(TWO), true, Some(TWO)),
        ("a commit without effect while the bad one runs", "Synced", TWO, "Running", ONE, Some(ONE), false, Some(TWO)),
        ("it drifted afterwards", "OutOfSync", ONE, "Succeeded", ONE, Some(ONE), true, Some(ONE)),
        ("comparing failed", "Unknown", ONE, "Running", TWO, Some(TWO), false, Some(ONE)),
    ];
    for (what, sync, compared, phase, operation, attempted, applied, desired) in rows {
        let object = with(
            web(),
            json!({ "status": {
                "sync": { "status": sync, "revision": compared },
                "operationState": {
                    "phase": phase,
                    "operation": { "sync": { "revision": operation } },
                    "syncResult": { "revision": operation },
                },
            } }),
        );
        let found = application(&object);
        assert_eq!((found.attempted.as_deref(), found.applied), (attempted, applied), "{what}");
        assert_eq!(found.desired.as_deref(), desired, "{what}");
        assert_eq!(found.operation.is_some(), matches!(phase, "Running" | "Terminating"), "{what}");
    }
}

/// With other values the same revision is another content, and what was said of it before is not about that.
#[test]
fn what_was_not_taken_up_yet_is_not_applied() {
    let stage = |compared: bool, operated: bool, sync: &str| {
        let found = application(&with(
            web(),
            json!({
                "comparedOtherwise": !compared, "syncedOtherwise": !operated, "status": { "sync": { "status": sync } },
            }),
        ));
        (found.outdated, found.applied)
    };
    assert_eq!(stage(true, true, "Synced"), (false, true));
    assert_eq!(stage(false, false, "Synced"), (true, false), "the values were changed a moment ago");
    assert_eq!(stage(true, false, "OutOfSync"), (false, false), "its operation has not begun");
    assert_eq!(stage(true, true, "OutOfSync"), (false, true), "it drifted afterwards");
    assert_eq!(stage(true, false, "Synced"), (false, true), "they change nothing");
    let hydrated = json!({ "comparedOtherwise": true, "spec": { "sourceHydrator": { "drySource": {} } } });
    assert!(!application(&with(web(), hydrated)).outdated);
}

#[test]
fn an_operation_that_waits_for_a_gate_has_applied_what_comes_before() {
    let stage = |message: &str, otherwise: bool| {
        let operation = json!({ "phase": "Running", "message": message,
            "operation": { "sync": { "revision": ONE } }, "syncResult": { "revision": ONE } });
        let found = application(&with(
            web(),
            json!({
                "comparedOtherwise": otherwise, "syncedOtherwise": otherwise,
                "status": { "sync": { "status": "OutOfSync", "revision": TWO }, "operationState": operation },
            }),
        ));
        (found.attempted, found.applied, found.holds_older)
    };
    let one = || Some(ONE.to_owned());
    let at_the_gate = "waiting for healthy state of assay.dev/TestGate/gate";
    assert_eq!(stage(at_the_gate, false), (one(), true, false), "a newer commit is compared already");
    assert_eq!(stage("waiting for healthy state of apps/Deployment/web", false), (one(), false, false));
    assert_eq!(stage(at_the_gate, true), (one(), true, true), "its values were changed meanwhile");
    assert_eq!(stage("waiting for healthy state of assay.dev/TestGate/other", false), (one(), false, false));
}

#[test]
fn in_another_cluster_only_a_new_comparison_counts() {
    let stage = |sync: &str, since: bool, server: &str| {
        let destination = json!({ "server": server, "namespace": "shop" });
        let object = json!({ "comparedSince": since, "spec": { "destination": destination }, "status": {
            "sync": { "status": sync }, "health": { "status": "Healthy" },
            "resources": [{ "kind": "Service", "namespace": "shop", "name": "web", "status": sync }],
            "operationState": { "syncResult": { "resources": [
                { "kind": "Service", "namespace": "shop", "name": "web", "status": "Synced" },
            ] } },
        } });
        application(&with(web(), object)).applied
    };
    let far = "https://far.example";
    assert!(stage("OutOfSync", false, "https://kubernetes.default.svc") && stage("Synced", false, far));
    assert!(!stage("OutOfSync", false, far), "its health is that of before");
    assert!(stage("OutOfSync", true, far), "it differs for ever");
}

#[test]
fn what_is_being_deleted_is_not_judged() {
    let gone = with(web(), json!({ "metadata": { "deletionTimestamp": "2026-11-01T00:00:00Z" } }));
    assert!(matches!(application(&gone).judged, Judged::Unclear(_)));
}

#[test]
fn what_lies_beside_the_folder_is_told() {
    let with_files = |files: Value| {
        let helm = json!({ "spec": { "source": { "helm": { "valueFiles": files } } } });
        let delivery = application(&with(web(), helm));
        (delivery.value_files, delivery.reaches_beyond)
    };
    let own = |files: &[&str]| files.iter().map(|file| (*file).to_owned()).collect::<Vec<_>>();
    assert_eq!(with_files(json!(["values.yaml", "./prod/values.yaml", "/apps/web/x.yaml"])), (vec![], false));
    let beside = ["../../env/prod.yaml", "/env/all.yaml"];
    assert_eq!(with_files(json!(["values.yaml", beside[0], beside[1]])), (own(&beside), true));
    assert_eq!(with_files(json!(["$values/prod.yaml", "https://host/values.yaml"])), (vec![], false));
    let components = json!({ "spec": { "source": { "kustomize": { "components": ["../c"] } } } });
    assert!(application(&with(web(), components)).reaches_beyond);
}

/// Sources that were compared last, and whether they are others than those that the Application names.
#[test]
fn a_comparison_with_another_source_is_outdated() {
    let source = |target: &str, path: &str| json!({ "repoURL": "https://git.example/shop.git", "path": path, "targetRevision": target });
    let (main, other) = (source("main", "./apps/web/"), source("stable", "./apps/web/"));
    let values = with(main.clone(), json!({ "helm": { "values": "x" } }));
    let rows = [
        ("never compared", json!({ "source": { "repoURL": "" } }), false),
        ("the same", json!({ "source": main }), false),
        ("other values of it", json!({ "source": values }), false),
        ("another branch", json!({ "source": other }), true),
        ("another folder", json!({ "source": source("main", "apps/api") }), true),
        ("several before", json!({ "source": { "repoURL": "" }, "sources": [main, other] }), true),
    ];
    for (what, compared, outdated) in rows {
        let delivery = application(&with(web(), json!({ "status": { "sync": { "comparedTo": compared } } })));
        assert_eq!(delivery.outdated, outdated, "{what}");
    }
}

#[test]
fn what_differs_for_ever_does_not_keep_a_gate_inside_waiting() {
    let running = json!({ "status": {
        "sync": { "status": "OutOfSync", "revision": TWO },
        "resources": [
            { "group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web", "status": "OutOfSync" },
            { "group": "assay.dev", "kind": "TestGate", "namespace": "shop", "name": "gate", "status": "Synced" },
        ],
        "operationState": {
            "phase": "Running",
            "operation": { "sync": { "revision": TWO } },
            "syncResult": { "revision": TWO, "resources": [
                { "group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web", "status": "Synced" },
            ] },
        },
    } });
    let object = with(web(), running);
    assert!(application(&object).applied);
    for (what, more) in [
        ("a later wave", json!({ "kind": "Service", "namespace": "shop", "name": "web", "status": "OutOfSync" })),
        (
            "another namespace",
            json!({ "group": "apps", "kind": "Deployment", "namespace": "b", "name": "web", "status": "OutOfSync" }),
        ),
    ] {
        let mut object = object.clone();
        object["status"]["resources"].as_array_mut().expect("a list").push(more);
        assert!(!application(&object).applied, "{what} is not applied");
    }
    let mut failed = object.clone();
    failed["status"]["operationState"]["syncResult"]["resources"][0]["status"] = json!("SyncFailed");
    assert!(!application(&failed).applied);
    let partial =
        json!({ "status": { "operationState": { "operation": { "sync": { "resources": [{ "kind": "x" }] } } } } });
    assert!(!application(&with(object, partial)).applied, "a sync of chosen resources says nothing");
}

#[test]
fn an_operation_that_runs_or_is_asked_for() {
    let running = json!({ "status": { "operationState": {
        "phase": "Running", "retryCount": 2,
        "operation": { "sync": { "revision": TWO }, "retry": { "limit": -1, "refresh": true } },
    } } });
    let found = application(&with(web(), running)).operation.expect("it runs");
    assert_eq!((found.revision.as_deref(), found.retries, found.retry_limit), (Some(TWO), 2, None));
    assert!(found.retry_refreshes && !found.terminating && found.started_at.is_some());
    let asked = application(&with(web(), json!({ "operation": { "sync": { "revision": TWO } } }))).operation;
    let asked = asked.expect("it is asked for");
    assert_eq!((asked.revision.as_deref(), asked.retry_limit, asked.started_at), (Some(TWO), Some(0), None));
    let mut between = with(web(), json!({ "operation": { "sync": { "revision": TWO } } }));
    between["status"]["sync"] = json!({ "status": "OutOfSync", "revision": TWO });
    between["status"]["operationState"] = Value::Null;
    let found = application(&between);
    assert_eq!((found.attempted.as_deref(), found.applied), (Some(TWO), false), "it is about to begin");
    let by_name = json!({ "status": { "operationState": { "phase": "Running", "operation": { "sync": { "revision": "main" } } } } });
    let found = application(&with(web(), by_name)).operation.expect("it runs");
    assert_eq!(found.revision.as_deref(), Some(ONE), "a name gives way to what came of it");
}

#[test]
fn of_several_sources_each_has_its_own_revision() {
    let object = json!({
        "metadata": { "name": "web", "namespace": "argocd" },
        "spec": { "sources": [
            { "repoURL": "https://charts.example", "chart": "web", "targetRevision": "1.2.3",
              "helm": { "valueFiles": ["$values/prod/web.yaml", "$values/prod/common/*.yaml", "local.yaml"] } },
            { "repoURL": "https://u:secret@git.example/values.git", "targetRevision": "main", "ref": "values" },
        ] },
        "status": {
            "sync": { "status": "Synced", "revisions": ["1.2.3", TWO] },
            "operationState": { "phase": "Running", "operation": { "sync": { "revisions": ["1.2.3", TWO] } },
                "syncResult": { "revisions": ["1.2.3", TWO] } },
            "history": [{ "revisions": ["1.2.3", ONE] }],
        },
    });
    let found = application(&object);
    assert_eq!(found.judged, Judged::Source(1));
    assert_eq!(found.paths, ["prod/common", "prod/web.yaml"]);
    assert_eq!((found.attempted.as_deref(), found.settled.as_deref()), (Some(TWO), Some(ONE)));
    assert!(found.applied && !format!("{found:?}").contains("secret"));
    let chart = DeliveryReference { source: Some(0), ..reference(DeliveryKind::Application, "web") };
    let found = read(DeliveryKind::Application, &object, &ReadContext::default(), &chart);
    assert_eq!(found.attempted.as_deref(), Some("1.2.3"));
    assert!(found.applied && found.paths.is_empty());
}

#[test]
fn paths_are_those_that_argo_cd_is_told() {
    let rows = [
        (".;../shared", vec!["apps/shared", "apps/web"], 0),
        ("/base; /base/x ;", vec!["apps/web", "base"], 0),
        ("/lib/*.yaml", vec!["apps/web", "lib"], 1),
        ("/**/x", vec![""], 1),
        ("../../../x", vec!["apps/web"], 1),
        ("/", vec![""], 0),
    ];
    for (written, paths, remarks) in rows {
        let annotated =
            json!({ "metadata": { "annotations": { "argocd.argoproj.io/manifest-generate-paths": written } } });
        let found = application(&with(web(), annotated));
        assert_eq!(found.paths, paths, "{written}");
        assert_eq!(found.warnings.len(), remarks, "{written}: {:?}", found.warnings);
    }
}

#[test]
fn with_a_hydrator_the_dry_commit_is_judged() {
    let object = with(
        web(),
        json!({
            "spec": { "sourceHydrator": {
                "drySource": { "repoURL": "https://git.example/dry.git", "path": "web", "targetRevision": "main" },
                "syncSource": { "targetBranch": "env/prod", "path": "web" },
            } },
            "status": { "sourceHydrator": {
                "currentOperation": { "drySHA": TWO, "hydratedSHA": "3333333333333333333333333333333333333333" },
                "lastSuccessfulOperation": { "drySHA": TWO, "hydratedSHA": ONE },
            } },
        }),
    );
    let found = application(&object);
    assert_eq!((found.attempted.as_deref(), found.desired.as_deref()), (Some(TWO), Some(TWO)));
    assert_eq!(found.paths, ["web"]);
    assert!(found.other_writers[0].contains("hydrator"), "{:?}", found.other_writers);
}

#[test]
fn an_application_that_is_odd_or_empty_is_unclear_and_never_a_panic() {
    let odd = with(web(), json!({ "status": { "sync": { "revision": "not-a-commit" } } }));
    let found = application(&odd);
    assert!(matches!(&found.judged, Judged::Unclear(why) if why.contains("not-a-commit")), "{:?}", found.judged);
    assert_eq!((found.attempted, found.applied, found.desired), (None, false, None));
    for object in
        [json!(null), json!({}), json!({ "spec": 5, "status": [] }), json!({ "spec": { "source": {} } }), json!([])]
    {
        let found = application(&object);
        assert!(!found.applied && found.attempted.is_none(), "{object}");
    }
}

#[test]
fn other_writers_and_pauses_are_seen() {
    let rows = [
        (json!({ "kargo.akuity.io/authorized-stage": "p:s" }), "Kargo", 0),
        (
            json!({ "argocd-image-updater.argoproj.io/image-list": "a=b", "argocd-image-updater.argoproj.io/write-back-method": "git:secret" }),
            "Image Updater",
            0,
        ),
        (json!({ "argocd-image-updater.argoproj.io/image-list": "a=b" }), "", 1),
    ];
    for (annotations, writer, warnings) in rows {
        let found = application(&with(web(), json!({ "metadata": { "annotations": annotations } })));
        assert_eq!(found.other_writers.len(), usize::from(!writer.is_empty()), "{annotations}");
        assert!(found.other_writers.iter().all(|found| found.contains(writer)), "{:?}", found.other_writers);
        assert_eq!(found.warnings.len(), warnings, "{:?}", found.warnings);
    }
    let paused = json!({ "metadata": { "annotations": { "assay.dev/pause-rollback": "true" } } });
    assert!(application(&with(web(), paused)).rollback_paused);
}

#[test]
fn what_surprises_people_is_said() {
    let rows = [
        (json!({ "spec": { "syncPolicy": { "retry": null } } }), "up to 5 times"),
        (json!({ "spec": { "syncPolicy": { "retry": { "limit": -1 } } } }), "without end"),
        (json!({ "spec": { "syncPolicy": { "automated": { "selfHeal": true } } } }), "no hooks"),
        (json!({ "spec": { "syncPolicy": { "automated": { "prune": false } } } }), "stay after its revert"),
        (json!({ "spec": { "source": { "targetRevision": "HEAD" } } }), "name the branch"),
        (json!({ "spec": { "destination": { "server": "https://other.example" } } }), "another cluster"),
    ];
    for (more, part) in rows {
        let found = application(&with(web(), more)).warnings;
        assert!(found.len() == 1 && found[0].contains(part), "{part}: {found:?}");
    }
    let waves = json!({ "status": { "resources": [
        { "group": "assay.dev", "kind": "TestGate", "name": "gate", "syncWave": 1 },
        { "kind": "Service", "name": "s", "syncWave": 2 },
    ] } });
    assert!(application(&with(web(), waves)).warnings[0].contains("sync wave 1"));
    let off = json!({ "spec": { "syncPolicy": { "automated": { "enabled": false } } } });
    assert!(application(&with(web(), off)).held.expect("held").contains("automated sync is off"));
}
