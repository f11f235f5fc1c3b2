//! The Job and the shape of its pod.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSecurityContext, PodSpec, PodTemplateSpec, SeccompProfile};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::containers::{install, leader, step};
use super::restricted::RUNNER_USER;
use super::{names, volumes};
use crate::pod::PodSettings;
use crate::{Compiled, Placement};

/// Seconds that the Job gives on top of all our own deadlines: it is the
/// backstop, so it must not fire while the leader still delivers.
const BACKSTOP_SECONDS: i64 = 120;
const TERMINATION_SECONDS: i64 = 30;

/// The Job. One pod, one try: what is to be tried again is decided by Assay.
pub(super) fn job(compiled: &Compiled, placement: &Placement, metadata: ObjectMeta) -> Job {
    let PodSettings { pod: own, job: of_job, .. } = &compiled.settings;
    let config_map = metadata.name.clone().unwrap_or_default();
    let labels = names::labels(&compiled.document);
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(with(&own.labels, labels)),
            annotations: (!own.annotations.is_empty()).then(|| own.annotations.clone()),
            ..ObjectMeta::default()
        }),
        spec: Some(pod(compiled, placement, &config_map)),
    };
    let metadata = ObjectMeta {
        labels: metadata.labels.map(|labels| with(&of_job.labels, labels)),
        annotations: metadata.annotations.map(|annotations| with(&of_job.annotations, annotations)),
        ..metadata
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

/// The user's labels or annotations, with ours laid over them.
fn with(own: &BTreeMap<String, String>, ours: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut all = own.clone();
    all.extend(ours);
    all
}

fn backstop(compiled: &Compiled) -> i64 {
    let seconds = compiled.deadlines.sum().as_millis().div_ceil(1000);
    i64::try_from(seconds).map_or(i64::MAX, |seconds| seconds.saturating_add(BACKSTOP_SECONDS))
}

/// The pod. No service account is mounted by the kubelet, for it would be in
/// the leader too: steps that want it get a volume of their own.
fn pod(compiled: &Compiled, placement: &Placement, config_map: &str) -> PodSpec {
    let settings = &compiled.settings;
    let own = &settings.pod;
    PodSpec {
        containers: containers(compiled, placement),
        init_containers: (!placement.image_volumes).then(|| vec![install(placement)]),
        volumes: Some(volumes::all(compiled, placement, config_map)),
        restart_policy: Some("Never".to_owned()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(TERMINATION_SECONDS),
        security_context: Some(security_context(own.security_context.clone())),
        service_account_name: own.service_account_name.clone(),
        image_pull_secrets: some(&own.image_pull_secrets),
        node_selector: (!own.node_selector.is_empty()).then(|| own.node_selector.clone()),
        node_name: own.node_name.clone(),
        affinity: settings.affinity.clone(),
        tolerations: some(&settings.tolerations),
        topology_spread_constraints: some(&settings.spread),
        host_aliases: some(&settings.host_aliases),
        dns_policy: own.dns_policy.clone(),
        dns_config: settings.dns_config.clone(),
        hostname: own.hostname.clone(),
        subdomain: own.subdomain.clone(),
        priority_class_name: own.priority_class_name.clone(),
        scheduler_name: own.scheduler_name.clone(),
        runtime_class_name: own.runtime_class_name.clone(),
        ..PodSpec::default()
    }
}

/// The user's security context of the pod, with what our volumes need where it is silent.
fn security_context(own: Option<PodSecurityContext>) -> PodSecurityContext {
    let mut context = own.unwrap_or_default();
    context.fs_group.get_or_insert(RUNNER_USER);
    context
        .seccomp_profile
        .get_or_insert_with(|| SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None });
    context
}

fn some<T: Clone>(items: &[T]) -> Option<Vec<T>> {
    (!items.is_empty()).then(|| items.to_vec())
}

/// Containers start one after another, so the leader stands second: the first
/// step container may begin its first step by itself.
fn containers(compiled: &Compiled, placement: &Placement) -> Vec<Container> {
    let named = compiled.document.groups.iter().zip(&compiled.containers).enumerate();
    let mut all: Vec<Container> = named
        .map(|(index, (group, container))| step(index, &group.container, container, compiled, placement))
        .collect();
    all.insert(all.len().min(1), leader(placement));
    all
}
