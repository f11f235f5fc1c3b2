//! Whether image volumes work here. It is tried, not guessed from versions: an
//! API server may drop the field, and a node may mount an empty folder.

use std::collections::BTreeMap;
use std::time::Duration;

use assay_api::names::{LABEL_MANAGED_BY, MANAGED_BY, PATH_RUNNER, PATH_RUNNER_DIR, VOLUME_RUNNER};
use futures::StreamExt;
use k8s_openapi::api::core::v1::{
    Capabilities, Container, ImageVolumeSource, LocalObjectReference, Pod, PodSecurityContext, PodSpec,
    ResourceRequirements, SeccompProfile, SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::Api;
use kube::api::PostParams;
use kube::runtime::watcher;

use crate::connect::{Cluster, within};
use crate::error::ClusterError;
use crate::objects::Cascade;
use crate::slim::{ContainerState, SlimPod};

/// How long the probe's Pod may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether the API server knows image volumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageVolumes {
    /// A Pod with one keeps it.
    Kept,
    /// They do not work, and why.
    Missing(String),
}

/// The Pod that is tried.
#[derive(Clone, Debug)]
pub struct ProbePod<'a> {
    /// Where: usually the namespace of Assay itself.
    pub namespace: &'a str,
    /// Name of the Pod; unique for each process.
    pub name: &'a str,
    /// Image of the runner.
    pub image: &'a str,
    /// Pull policy of the image; `None` for the cluster's default.
    pub pull_policy: Option<&'a str>,
    /// Secrets for pulling.
    pub pull_secrets: &'a [String],
    /// With whom the Pod goes, should nobody be there any more to delete it.
    pub owner: Option<OwnerReference>,
}

/// What came of the trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// The runner ran out of an image volume.
    Works,
    /// It did not, and why, in words.
    Fails(String),
}

impl Cluster {
    /// Sends a Pod with an image volume as a dry run and looks whether the field comes back.
    ///
    /// # Errors
    /// When the API server does not answer. That it refuses is an answer.
    pub async fn image_volumes(&self, pod: &ProbePod<'_>) -> Result<ImageVolumes, ClusterError> {
        let params = PostParams { dry_run: true, ..PostParams::default() };
        let api = self.api::<Pod>(pod.namespace);
        let answer = match within("try an image volume", api.create(&params, &manifest(pod))).await {
            Ok(answer) => answer,
            Err(error) if error.refused() || error.forbidden() || error.not_found() => {
                return Ok(ImageVolumes::Missing(assay_telemetry::error_chain(&error)));
            }
            Err(error) => return Err(error),
        };
        let volumes = answer.spec.and_then(|spec| spec.volumes).unwrap_or_default();
        let kept = volumes.iter().any(|volume| volume.name == VOLUME_RUNNER && volume.image.is_some());
        Ok(if kept {
            ImageVolumes::Kept
        } else {
            ImageVolumes::Missing(format!("the API server ({}) drops image volumes", self.version()))
        })
    }

    /// Runs the runner out of an image volume, in one small restricted Pod
    /// that is deleted afterwards. Takes up to a minute.
    ///
    /// # Errors
    /// When the API server does not answer, or a Pod of that name is there already
    /// ([`ClusterError::already_exists`]): it says nothing of this trial. That the Pod fails is an answer.
    pub async fn run_probe_pod(&self, pod: &ProbePod<'_>) -> Result<Probe, ClusterError> {
        let params = PostParams { field_manager: Some(self.inner.field.clone()), ..PostParams::default() };
        let api = self.api::<Pod>(pod.namespace);
        let result = match within("create the probe's Pod", api.create(&params, &manifest(pod))).await {
            Ok(_) => Ok(self.wait_for_probe(pod).await),
            Err(error) if error.refused() || error.forbidden() || error.not_found() => {
                return Ok(Probe::Fails(assay_telemetry::error_chain(&error)));
            }
            Err(error) => return Err(error),
        };
        if let Err(error) = self.delete::<Pod>(pod.namespace, pod.name, Cascade::Background).await {
            let error = assay_telemetry::error_chain(&error);
            tracing::warn!(error, "the probe's Pod cannot be deleted");
        }
        result
    }

    async fn wait_for_probe(&self, pod: &ProbePod<'_>) -> Probe {
        let api: Api<SlimPod> = self.api(pod.namespace);
        let mut states = watcher::watch_object(api, pod.name).boxed();
        let mut last = "nothing was heard of it".to_owned();
        let judged = async {
            while let Some(state) = states.next().await {
                match state.map(|state| state.as_ref().map(judge)) {
                    Ok(Some(Judged::Ended(probe))) => return probe,
                    Ok(Some(Judged::Waiting(why))) => last = why,
                    Ok(None) => return Probe::Fails("the probe's Pod was deleted by somebody else".to_owned()),
                    Err(error) => {
                        last = assay_telemetry::error_chain(&error);
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }
            }
            Probe::Fails("the watch ended".to_owned())
        };
        match tokio::time::timeout(PATIENCE, judged).await {
            Ok(probe) => probe,
            Err(_) => Probe::Fails(format!("the probe's Pod did not end within {} s: {last}", PATIENCE.as_secs())),
        }
    }
}

enum Judged {
    Ended(Probe),
    Waiting(String),
}

/// Waiting reasons after which a kubelet only tries the same again.
const HOPELESS: [&str; 5] = [
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "InvalidImageName",
    "ErrImageNeverPull",
];

fn judge(pod: &SlimPod) -> Judged {
    let words = |reason: &Option<String>, message: &Option<String>| {
        let parts = [reason.as_deref(), message.as_deref()];
        let parts: Vec<_> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        parts.join(": ")
    };
    match pod.containers.first().map(|container| &container.state) {
        Some(ContainerState::Terminated { exit_code: 0, .. }) => Judged::Ended(Probe::Works),
        Some(ContainerState::Terminated { exit_code, reason, message, .. }) => {
            Judged::Ended(Probe::Fails(format!("exit code {exit_code}: {}", words(reason, message))))
        }
        Some(ContainerState::Waiting { reason, message }) => {
            let hopeless = reason.as_deref().is_some_and(|reason| HOPELESS.contains(&reason));
            let why = words(reason, message);
            if hopeless { Judged::Ended(Probe::Fails(why)) } else { Judged::Waiting(why) }
        }
        _ if pod.phase == "Failed" => Judged::Ended(Probe::Fails(words(&pod.reason, &pod.message))),
        Some(ContainerState::Running) => Judged::Waiting("it runs and does not end".to_owned()),
        Some(ContainerState::Unknown) | None => {
            let scheduled = pod.condition("PodScheduled");
            Judged::Waiting(scheduled.map_or_else(|| pod.phase.clone(), |c| words(&c.reason, &c.message)))
        }
    }
}

fn manifest(pod: &ProbePod<'_>) -> Pod {
    let quantity = |cpu: &str, memory: &str| {
        BTreeMap::from([
            ("cpu".to_owned(), Quantity(cpu.to_owned())),
            ("memory".to_owned(), Quantity(memory.to_owned())),
        ])
    };
    let policy = pod.pull_policy.map(str::to_owned);
    let container = Container {
        name: "probe".to_owned(),
        image: Some(pod.image.to_owned()),
        image_pull_policy: policy.clone(),
        command: Some(vec![PATH_RUNNER.to_owned(), "version".to_owned()]),
        resources: Some(ResourceRequirements {
            requests: Some(quantity("10m", "16Mi")),
            limits: Some(quantity("100m", "64Mi")),
            ..ResourceRequirements::default()
        }),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
            read_only_root_filesystem: Some(true),
            ..SecurityContext::default()
        }),
        volume_mounts: Some(vec![VolumeMount {
            name: VOLUME_RUNNER.to_owned(),
            mount_path: PATH_RUNNER_DIR.to_owned(),
            read_only: Some(true),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    };
    let secrets = pod.pull_secrets.iter().map(|name| LocalObjectReference { name: name.clone() });
    let secrets: Vec<_> = secrets.collect();
    Pod {
        metadata: ObjectMeta {
            name: Some(pod.name.to_owned()),
            namespace: Some(pod.namespace.to_owned()),
            labels: Some(BTreeMap::from([(LABEL_MANAGED_BY.to_owned(), MANAGED_BY.to_owned())])),
            owner_references: pod.owner.clone().map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        spec: Some(PodSpec {
            containers: vec![container],
            restart_policy: Some("Never".to_owned()),
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            termination_grace_period_seconds: Some(1),
            image_pull_secrets: Some(secrets).filter(|secrets| !secrets.is_empty()),
            security_context: Some(PodSecurityContext {
                run_as_non_root: Some(true),
                run_as_user: Some(65532),
                seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
                ..PodSecurityContext::default()
            }),
            volumes: Some(vec![Volume {
                name: VOLUME_RUNNER.to_owned(),
                image: Some(ImageVolumeSource { reference: Some(pod.image.to_owned()), pull_policy: policy }),
                ..Volume::default()
            }]),
            ..PodSpec::default()
        }),
        status: None,
    }
}
