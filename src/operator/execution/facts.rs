//! Objects of the cluster as the plain facts that `assay-lifecycle` judges.

use std::sync::Arc;

use assay_api::names::{
    ANNOTATION_CANCEL, ANNOTATION_KEEP, CONTAINER_GROUP_PREFIX, CONTAINER_INSTALL, CONTAINER_LEADER,
};
use assay_api::{Phase, TestExecution, TestExecutionStatus};
use assay_cluster::{ContainerState as SlimState, SlimCondition, SlimContainer, SlimJob, SlimPod};
use assay_lifecycle::{
    ContainerFacts, ContainerState, Deadlines, ExecutionFacts, JobEnd, JobFacts, Older, PodFacts, Role,
};
use assay_plan::job_name;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Annotations by which Argo CD knows what it applied: hooks and tracked objects.
const ARGO_CD: &str = "argocd.argoproj.io/";
/// Labels by which Flux knows what it applied.
const FLUX: [&str; 2] = ["kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/"];

/// Takes out of a watched execution what nobody reads any more: a finished one
/// is kept only for the case that its end was not told to everybody, and until
/// it need not be kept any longer.
pub(crate) fn trim(execution: &mut TestExecution) {
    if let Some(annotations) = &mut execution.metadata.annotations {
        let read = |name: &str| matches!(name, ANNOTATION_KEEP | ANNOTATION_CANCEL) || name.starts_with(ARGO_CD);
        annotations.retain(|name, _| read(name));
    }
    let finished = execution.status.as_ref().is_some_and(|status| status.phase == Phase::Finished);
    if finished && let Some(status) = execution.status.take() {
        execution.status = Some(TestExecutionStatus {
            observed_generation: status.observed_generation,
            phase: status.phase,
            verdict: status.verdict,
            reason: status.reason,
            message: status.message,
            finished_at: status.finished_at,
            job: status.job,
            ..TestExecutionStatus::default()
        });
        execution.spec.config.clear();
        execution.spec.config_from.clear();
    }
}

/// Whether only its owner may remove it: somebody wants it kept, or Argo CD or
/// Flux applied it, and would miss it.
pub(crate) fn is_kept(execution: &TestExecution) -> bool {
    let mut annotations = execution.metadata.annotations.iter().flatten();
    let mut labels = execution.metadata.labels.iter().flatten();
    annotations.any(|(name, value)| match name.as_str() {
        ANNOTATION_KEEP => value == "true",
        name => name.starts_with(ARGO_CD),
    }) || labels.any(|(name, _)| FLUX.iter().any(|prefix| name.starts_with(prefix)))
}

/// The attempt that counts: the newest that anybody speaks of. The status
/// announces it, the store hears of it before its Job is made, and the Job
/// itself bears witness where both were lost.
pub(crate) fn attempt(previous: &TestExecutionStatus, recorded: Option<u32>, jobs: &[Arc<SlimJob>], uid: &str) -> u32 {
    let told = previous.job.as_ref().and_then(|job| u32::try_from(job.attempt).ok());
    let made = jobs.iter().filter(|job| is_of(job, uid)).filter_map(|job| job.attempt()).max();
    [told, recorded, made, Some(1)].into_iter().flatten().max().unwrap_or(1)
}

/// What is left of the attempts before this one.
pub(crate) fn older(attempt: u32, jobs: &[Arc<SlimJob>], pods: &[Arc<SlimPod>], uid: &str) -> Older {
    let earlier = |number: Option<u32>| number.is_some_and(|number| number < attempt);
    let jobs = jobs.iter().filter(|job| earlier(job.attempt()) && is_of(job, uid));
    let left = jobs.filter(|job| job.metadata.deletion_timestamp.is_none());
    let mut pods = pods.iter().filter(|pod| earlier(pod.attempt()));
    Older {
        jobs: left.filter_map(|job| job.metadata.name.clone()).collect(),
        busy: pods.any(|older| !pod(older).is_over()),
    }
}

fn is_of(job: &SlimJob, uid: &str) -> bool {
    job.metadata.owner_references.iter().flatten().any(|owner| owner.uid == uid)
}

/// The object itself.
pub(crate) fn execution(object: &TestExecution, attempt: u32) -> ExecutionFacts {
    let metadata = &object.metadata;
    let name = metadata.name.clone().unwrap_or_default();
    let uid = metadata.uid.clone().unwrap_or_default();
    ExecutionFacts {
        job_name: job_name(&name, &uid, attempt),
        next_job_name: job_name(&name, &uid, attempt.saturating_add(1)),
        name,
        uid,
        generation: metadata.generation.unwrap_or(0),
        created_at: created_at(metadata),
        workflow: object.spec.workflow_ref.name.clone(),
        cancel: object.spec.cancel || is_cancelled(object),
        pause: object.spec.pause,
        resume: object.spec.resume.clone(),
        deleting: metadata.deletion_timestamp.is_some(),
        attempt,
        delivery: None,
    }
}

/// Whether somebody cancelled it by annotation, which is no drift from what a GitOps tool applied.
fn is_cancelled(object: &TestExecution) -> bool {
    let annotations = object.metadata.annotations.as_ref();
    annotations.and_then(|annotations| annotations.get(ANNOTATION_CANCEL)).is_some_and(|value| value == "true")
}

/// When an object was made; the beginning of time when it does not say.
pub(crate) fn created_at(metadata: &ObjectMeta) -> Timestamp {
    metadata.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0)
}

/// The Job. What only its maker knows (plan, deadlines) is added by the caller.
pub(crate) fn job(job: &SlimJob, owner: &str) -> JobFacts {
    JobFacts {
        created_at: created_at(&job.metadata),
        deleted_at: job.metadata.deletion_timestamp.as_ref().map(|time| time.0),
        foreign: !is_of(job, owner),
        plan_hash: String::new(),
        deadlines: Deadlines::default(),
        retries: 0,
        end: job.conditions.iter().find_map(end),
        words: None,
    }
}

fn end(condition: &SlimCondition) -> Option<JobEnd> {
    let reason = condition.reason.clone().unwrap_or_default();
    // The deadline is told before the pods are gone; other failures are not
    // final before.
    let over = match condition.kind.as_str() {
        "Complete" | "Failed" => true,
        "FailureTarget" => reason == "DeadlineExceeded",
        _ => false,
    };
    let message = condition.message.clone().unwrap_or_default();
    (over && condition.status == "True").then(|| JobEnd { complete: condition.kind == "Complete", reason, message })
}

/// A pod.
pub(crate) fn pod(pod: &SlimPod) -> PodFacts {
    let words = |condition: &SlimCondition| {
        let (reason, message) = (condition.reason.as_deref(), condition.message.as_deref());
        let parts: Vec<_> = [reason, message].into_iter().flatten().filter(|part| !part.is_empty()).collect();
        parts.join(": ")
    };
    let scheduled = pod.condition("PodScheduled");
    let unschedulable = scheduled.filter(|condition| {
        let held = matches!(condition.reason.as_deref(), Some("Unschedulable" | "SchedulingGated"));
        condition.status == "False" && held
    });
    let taken = scheduled.filter(|condition| condition.status == "True");
    PodFacts {
        name: pod.metadata.name.clone().unwrap_or_default(),
        uid: pod.metadata.uid.clone().unwrap_or_default(),
        created_at: created_at(&pod.metadata),
        deleted_at: pod.metadata.deletion_timestamp.as_ref().map(|time| time.0),
        phase: pod.phase.clone(),
        reason: pod.reason.clone(),
        message: pod.message.clone(),
        scheduled_at: taken.and_then(|condition| condition.since),
        unschedulable: unschedulable.map(|condition| condition.message.clone().unwrap_or_default()),
        disrupted: pod.condition("DisruptionTarget").filter(|condition| condition.status == "True").map(words),
        containers: pod.init_containers.iter().chain(&pod.containers).filter_map(container).collect(),
        words: None,
    }
}

fn container(container: &SlimContainer) -> Option<ContainerFacts> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let state = match &container.state {
        SlimState::Unknown => return None,
        SlimState::Running => ContainerState::Running,
        SlimState::Waiting { reason, message } => {
            ContainerState::Waiting { reason: text(reason), message: text(message) }
        }
        SlimState::Terminated { exit_code, reason, message, .. } => {
            ContainerState::Terminated { exit_code: *exit_code, reason: text(reason), message: text(message) }
        }
    };
    let (name, image) = (container.name.clone(), container.image.clone());
    Some(ContainerFacts { role: role(&name), name, image, state })
}

fn role(name: &str) -> Role {
    match name {
        CONTAINER_LEADER => Role::Leader,
        CONTAINER_INSTALL => Role::Install,
        name if name.starts_with(CONTAINER_GROUP_PREFIX) => Role::Group,
        _ => Role::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use assay_api::{JobReference, Verdict};
    use serde_json::{Value, json};

    use super::*;

    fn read<K: serde::de::DeserializeOwned>(value: Value) -> K {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn a_job_is_ours_by_its_owner_and_over_by_its_conditions() {
        let watched = |conditions: Value| {
            read::<SlimJob>(json!({
                "metadata": { "name": "j", "ownerReferences": [{ "uid": "u", "kind": "TestExecution" }] },
                "status": { "conditions": conditions },
            }))
        };
        let running = job(&watched(json!([])), "u");
        assert!(!running.foreign && running.end.is_none());
        assert!(job(&watched(json!([])), "another").foreign);
        let failing = json!([{ "type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded" }]);
        assert_eq!(job(&watched(failing), "u").end, None, "its pod may not be gone yet");
        let late = json!([{ "type": "FailureTarget", "status": "True", "reason": "DeadlineExceeded" }]);
        assert!(job(&watched(late), "u").end.is_some_and(|end| !end.complete && end.reason == "DeadlineExceeded"));
        let complete = json!([{ "type": "Complete", "status": "True" }]);
        assert!(job(&watched(complete), "u").end.is_some_and(|end| end.complete));
    }

    #[test]
    fn a_pod_tells_what_its_containers_are_for() {
        let watched: SlimPod = read(json!({
            "metadata": { "name": "p" },
            "status": {
                "phase": "Pending",
                "conditions": [{ "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no" }],
                "initContainerStatuses": [{ "name": "assay-install", "state": { "terminated": { "exitCode": 0 } } }],
                "containerStatuses": [
                    { "name": "group-0", "state": { "waiting": { "reason": "ErrImagePull", "message": "m" } } },
                    { "name": "assay", "state": { "running": {} } },
                    { "name": "istio-proxy", "state": { "running": {} } },
                    { "name": "group-1" },
                ],
            },
        }));
        let facts = pod(&watched);
        let roles: Vec<_> = facts.containers.iter().map(|container| container.role).collect();
        assert_eq!(roles, [Role::Install, Role::Group, Role::Leader, Role::Foreign]);
        assert_eq!(facts.unschedulable.as_deref(), Some("no"));
    }

    #[test]
    fn the_newest_attempt_that_anybody_speaks_of_counts() {
        let made = |attempt: &str, owner: &str| {
            Arc::new(read::<SlimJob>(json!({
                "metadata": {
                    "name": format!("j{attempt}"),
                    "labels": { "assay.dev/attempt": attempt },
                    "ownerReferences": [{ "uid": owner, "kind": "TestExecution" }],
                },
            })))
        };
        let status = |attempt: i32| {
            let job = JobReference { name: "j".into(), attempt, plan_hash: String::new() };
            TestExecutionStatus { job: Some(job), ..TestExecutionStatus::default() }
        };
        let nothing = TestExecutionStatus::default();
        assert_eq!(attempt(&nothing, None, &[], "u"), 1);
        assert_eq!(attempt(&status(2), Some(1), &[made("1", "u")], "u"), 2, "announced");
        assert_eq!(attempt(&nothing, Some(3), &[made("2", "u")], "u"), 3, "begun");
        assert_eq!(attempt(&nothing, None, &[made("4", "u"), made("9", "another")], "u"), 4, "made");
        let left = older(3, &[made("1", "u"), made("2", "another"), made("3", "u")], &[], "u");
        assert_eq!((left.jobs, left.busy), (vec!["j1".to_owned()], false));
        let pod = |phase: &str| {
            Arc::new(read::<SlimPod>(json!({
                "metadata": { "labels": { "assay.dev/attempt": "2" } }, "status": { "phase": phase },
            })))
        };
        assert!(older(3, &[], &[pod("Running")], "u").busy && !older(3, &[], &[pod("Failed")], "u").busy);
    }

    #[test]
    fn an_annotation_cancels_and_is_not_taken_out() {
        for (value, cancelled) in [("true", true), ("false", false), ("", false)] {
            let mut object: TestExecution = read(json!({
                "metadata": { "name": "e", "annotations": { "assay.dev/cancel": value } },
                "spec": { "workflowRef": { "name": "w" } },
            }));
            trim(&mut object);
            assert_eq!(execution(&object, 1).cancel, cancelled, "{value}");
        }
    }

    #[test]
    fn what_flux_applied_is_kept() {
        let labelled = |label: &str| {
            let metadata = json!({ "name": "e", "labels": { label: "x" } });
            is_kept(&read(json!({ "metadata": metadata, "spec": { "workflowRef": { "name": "w" } } })))
        };
        assert!(labelled("kustomize.toolkit.fluxcd.io/name") && labelled("helm.toolkit.fluxcd.io/name"));
        assert!(!labelled("app.kubernetes.io/instance"));
    }

    #[test]
    fn of_a_finished_execution_only_the_end_is_kept() {
        let mut finished: TestExecution = read(json!({
            "metadata": { "name": "e", "annotations": { "a": "b", "argocd.argoproj.io/hook": "PostSync" } },
            "spec": { "workflowRef": { "name": "w" }, "config": { "a": "b" } },
            "status": {
                "observedGeneration": 3, "phase": "Finished", "verdict": "failed", "reason": "TestsFailed",
                "message": "m", "finishedAt": "2026-01-01T00:00:00Z",
                "steps": [{ "id": "s", "name": "s", "state": "failed" }],
            },
        }));
        assert!(is_kept(&finished));
        trim(&mut finished);
        assert!(is_kept(&finished) && finished.metadata.annotations.as_ref().is_some_and(|left| left.len() == 1));
        let status = finished.status.expect("a status");
        assert_eq!((status.verdict, status.observed_generation), (Some(Verdict::Failed), 3));
        assert!(status.steps.is_empty() && status.finished_at.is_some() && finished.spec.config.is_empty());
    }
}
