//! Volumes of the pod, and who sees which.

use assay_api::names::{
    AUDIENCE_INGEST, PATH_CONTENT_DIR, PATH_CONTROL, PATH_PLAN_DIR, PATH_RUNNER_DIR, PATH_TOKEN_DIR, PATH_WORKSPACE,
    TOKEN_KEY, VOLUME_CONTENT, VOLUME_CONTROL, VOLUME_PLAN, VOLUME_RUNNER, VOLUME_TOKEN, VOLUME_WORKSPACE,
};
use k8s_openapi::api::core::v1::{
    ConfigMapProjection, ConfigMapVolumeSource, DownwardAPIProjection, DownwardAPIVolumeFile, EmptyDirVolumeSource,
    ImageVolumeSource, KeyToPath, ObjectFieldSelector, ProjectedVolumeSource, ServiceAccountTokenProjection, Volume,
    VolumeMount, VolumeProjection,
};

use crate::pod::{PATH_SERVICE_ACCOUNT, PodSettings};
use crate::{Compiled, Placement, StepContainer};

const TOKEN_SECONDS: i64 = 3600;
/// As long as the kubelet's own.
const SERVICE_ACCOUNT_SECONDS: i64 = 3607;
/// Volume with the token of the pod's service account, for steps.
const VOLUME_SERVICE_ACCOUNT: &str = "assay-service-account";

/// All volumes.
pub(super) fn all(compiled: &Compiled, placement: &Placement, config_map: &str) -> Vec<Volume> {
    let mut all = vec![
        runner(placement),
        empty(VOLUME_CONTROL),
        Volume {
            name: VOLUME_PLAN.to_owned(),
            config_map: Some(ConfigMapVolumeSource { name: config_map.to_owned(), ..ConfigMapVolumeSource::default() }),
            ..Volume::default()
        },
        empty(VOLUME_WORKSPACE),
        token(),
    ];
    all.extend(content(&compiled.content));
    all.extend(compiled.settings.mounts_token().then(service_account));
    all.extend(compiled.settings.volumes.iter().cloned());
    all
}

/// What a step container sees. Neither the token nor a way to change the runner or the plan.
pub(super) fn of_step(settings: &StepContainer, pod: &PodSettings) -> Vec<VolumeMount> {
    let mut mounts = vec![
        mount(VOLUME_RUNNER, PATH_RUNNER_DIR, true),
        mount(VOLUME_CONTROL, PATH_CONTROL, false),
        mount(VOLUME_PLAN, PATH_PLAN_DIR, true),
        mount(VOLUME_WORKSPACE, PATH_WORKSPACE, false),
    ];
    if settings.mounts_content {
        mounts.push(mount(VOLUME_CONTENT, PATH_CONTENT_DIR, true));
    }
    if pod.mounts_token() && !settings.fetches {
        mounts.push(mount(VOLUME_SERVICE_ACCOUNT, PATH_SERVICE_ACCOUNT, true));
    }
    mounts.extend(settings.volume_mounts.iter().cloned());
    mounts
}

/// What the leader sees.
pub(super) fn of_leader() -> Vec<VolumeMount> {
    vec![
        mount(VOLUME_CONTROL, PATH_CONTROL, false),
        mount(VOLUME_PLAN, PATH_PLAN_DIR, true),
        mount(VOLUME_WORKSPACE, PATH_WORKSPACE, true),
        mount(VOLUME_TOKEN, PATH_TOKEN_DIR, true),
    ]
}

/// What the container that copies the runner sees.
pub(super) fn of_install() -> Vec<VolumeMount> {
    vec![mount(VOLUME_RUNNER, PATH_RUNNER_DIR, false)]
}

fn runner(placement: &Placement) -> Volume {
    if !placement.image_volumes {
        return empty(VOLUME_RUNNER);
    }
    Volume {
        name: VOLUME_RUNNER.to_owned(),
        image: Some(ImageVolumeSource {
            reference: Some(placement.runner_image.clone()),
            pull_policy: placement.runner_pull_policy.clone(),
        }),
        ..Volume::default()
    }
}

fn token() -> Volume {
    let projection = ServiceAccountTokenProjection {
        audience: Some(AUDIENCE_INGEST.to_owned()),
        expiration_seconds: Some(TOKEN_SECONDS),
        path: TOKEN_KEY.to_owned(),
    };
    let source = VolumeProjection { service_account_token: Some(projection), ..VolumeProjection::default() };
    Volume {
        name: VOLUME_TOKEN.to_owned(),
        projected: Some(ProjectedVolumeSource { sources: Some(vec![source]), default_mode: None }),
        ..Volume::default()
    }
}

/// Files of the content that come from ConfigMaps and Secrets.
fn content(sources: &[VolumeProjection]) -> Option<Volume> {
    let projected = ProjectedVolumeSource { sources: Some(sources.to_vec()), default_mode: None };
    let volume = Volume { name: VOLUME_CONTENT.to_owned(), projected: Some(projected), ..Volume::default() };
    (!sources.is_empty()).then_some(volume)
}

/// What the kubelet would mount, had it not to keep it from the leader.
fn service_account() -> Volume {
    let token = ServiceAccountTokenProjection {
        audience: None,
        expiration_seconds: Some(SERVICE_ACCOUNT_SECONDS),
        path: TOKEN_KEY.to_owned(),
    };
    let authority = ConfigMapProjection {
        name: "kube-root-ca.crt".to_owned(),
        items: Some(vec![KeyToPath { key: "ca.crt".to_owned(), path: "ca.crt".to_owned(), mode: None }]),
        optional: None,
    };
    let namespace = DownwardAPIVolumeFile {
        path: "namespace".to_owned(),
        field_ref: Some(ObjectFieldSelector {
            api_version: Some("v1".to_owned()),
            field_path: "metadata.namespace".to_owned(),
        }),
        ..DownwardAPIVolumeFile::default()
    };
    let sources = vec![
        VolumeProjection { service_account_token: Some(token), ..VolumeProjection::default() },
        VolumeProjection { config_map: Some(authority), ..VolumeProjection::default() },
        VolumeProjection {
            downward_api: Some(DownwardAPIProjection { items: Some(vec![namespace]) }),
            ..VolumeProjection::default()
        },
    ];
    Volume {
        name: VOLUME_SERVICE_ACCOUNT.to_owned(),
        projected: Some(ProjectedVolumeSource { sources: Some(sources), default_mode: None }),
        ..Volume::default()
    }
}

fn empty(name: &str) -> Volume {
    Volume { name: name.to_owned(), empty_dir: Some(EmptyDirVolumeSource::default()), ..Volume::default() }
}

fn mount(volume: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount {
        name: volume.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    }
}
