//! The Job and the shape of its pod.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSecurityContext, PodSpec, PodTemplateSpec, SeccompProfile};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::containers::{install, leader, step};
use super::restricted::RUNNER_USER;
use super::{names, volumes};
use crate::{Compiled, Placement};

/// Seconds that the Job gives on top of all our own deadlines: it is the
/// backstop, so it must not fire while the leader still delivers.
const BACKSTOP_SECONDS: i64 = 120;
const TERMINATION_SECONDS: i64 = 30;

/// The Job. One pod, one try: what is to be tried again is decided by Assay.
pub(super) fn job(compiled: &Compiled, placement: &Placement, metadata: ObjectMeta) -> Job {
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta { labels: Some(names::labels(&compiled.document)), ..ObjectMeta::default() }),
        spec: Some(pod(compiled, placement, metadata.name.as_deref().unwrap_or_default())),
    };
    let spec = JobSpec {
        parallelism: Some(1),
        completions: Some(1),
        backoff_limit: Some(0),
        active_deadline_seconds: Some(backstop(compiled)),
        pod_replacement_policy: Some("Failed".to_owned()),
        template,
        ..JobSpec::default()
    };
    Job { metadata, spec: Some(spec), status: None }
}

fn backstop(compiled: &Compiled) -> i64 {
    let seconds = compiled.deadlines.sum().as_millis().div_ceil(1000);
    i64::try_from(seconds).map_or(i64::MAX, |seconds| seconds.saturating_add(BACKSTOP_SECONDS))
}

fn pod(compiled: &Compiled, placement: &Placement, config_map: &str) -> PodSpec {
    PodSpec {
        containers: containers(compiled, placement),
        init_containers: (!placement.image_volumes).then(|| vec![install(placement)]),
        volumes: Some(volumes::all(compiled, placement, config_map)),
        restart_policy: Some("Never".to_owned()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(TERMINATION_SECONDS),
        security_context: Some(PodSecurityContext {
            fs_group: Some(RUNNER_USER),
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
            ..PodSecurityContext::default()
        }),
        ..PodSpec::default()
    }
}

/// Containers start one after another, so the leader stands second: the first
/// step container may begin its first step by itself.
fn containers(compiled: &Compiled, placement: &Placement) -> Vec<Container> {
    let named = compiled.document.groups.iter().zip(&compiled.containers).enumerate();
    let mut all: Vec<Container> =
        named.map(|(index, (group, container))| step(index, &group.container, container, placement)).collect();
    all.insert(all.len().min(1), leader(placement));
    all
}
