//! Steps that can share a container share one: each container costs start time.

use assay_api::ContainerConfig;
use assay_api::names::{CONTAINER_GROUP_PREFIX, TOKEN_KEY};
use assay_protocol::Group;
use k8s_openapi::api::core::v1::{EnvFromSource, EnvVar, ResourceRequirements, SecurityContext, VolumeMount};

use crate::path::absolute;
use crate::pod::{PATH_SERVICE_ACCOUNT, PodSettings};

/// Settings that all steps of one container have in common. Everything else
/// (working directory, plain environment, command) belongs to the instruction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepContainer {
    /// Whether it brings content: its image is then Assay's own, and [`StepContainer::image`] is empty.
    pub fetches: bool,
    /// Image.
    pub image: String,
    /// Pull policy.
    pub image_pull_policy: Option<String>,
    /// Environment whose values come from elsewhere, sorted by name.
    pub env: Vec<EnvVar>,
    /// Environment from whole ConfigMaps and Secrets.
    pub env_from: Vec<EnvFromSource>,
    /// Requests and limits.
    pub resources: Option<ResourceRequirements>,
    /// Security context, as given by the user.
    pub security_context: Option<SecurityContext>,
    /// Mounts of the user's volumes.
    pub volume_mounts: Vec<VolumeMount>,
    /// Whether files from ConfigMaps and Secrets are mounted.
    pub mounts_content: bool,
    /// Mounted files and folders whose text is secret.
    pub secret_files: Vec<String>,
}

impl StepContainer {
    /// The part of a step's settings that a container must have.
    pub(crate) fn of(settings: &ContainerConfig, pod: &PodSettings) -> Self {
        let mut env: Vec<EnvVar> = settings.env.iter().filter(|entry| entry.value_from.is_some()).cloned().collect();
        env.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            image: settings.image.clone().unwrap_or_default(),
            image_pull_policy: settings.image_pull_policy.clone(),
            env,
            env_from: settings.env_from.clone(),
            resources: settings.resources.clone(),
            security_context: settings.security_context.clone(),
            volume_mounts: settings.volume_mounts.clone(),
            secret_files: secret_files(settings, pod),
            ..Self::default()
        }
    }

    /// The container that brings content for steps with these settings: it runs
    /// as the same user, so that they may change what it leaves.
    pub(crate) fn fetcher(settings: &ContainerConfig, credentials: Vec<EnvVar>) -> Self {
        let security_context = settings.security_context.clone();
        Self { fetches: true, env: credentials, security_context, ..Self::default() }
    }

    /// The container as the runner knows it.
    pub(crate) fn group(&self, index: usize) -> Group {
        let is_secret = |entry: &&EnvVar| entry.value_from.as_ref().is_some_and(|from| from.secret_key_ref.is_some());
        let secret_sources = self.env_from.iter().filter(|source| source.secret_ref.is_some());
        Group {
            container: format!("{CONTAINER_GROUP_PREFIX}{index}"),
            secrets: self.env.iter().filter(is_secret).map(|entry| entry.name.clone()).collect(),
            secret_files: self.secret_files.clone(),
            secret_prefixes: secret_sources.map(|source| source.prefix.clone().unwrap_or_default()).collect(),
        }
    }
}

/// Where secrets are mounted.
fn secret_files(settings: &ContainerConfig, pod: &PodSettings) -> Vec<String> {
    let mounted = settings.volume_mounts.iter().filter(|mount| pod.is_secret(&mount.name));
    let token = pod.mounts_token().then(|| format!("{PATH_SERVICE_ACCOUNT}/{TOKEN_KEY}"));
    mounted.map(|mount| absolute(&mount.mount_path)).chain(token).collect()
}

/// Containers in the order of their first use.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    pub(crate) containers: Vec<StepContainer>,
}

impl Groups {
    /// Index of the container with these settings.
    pub(crate) fn place(&mut self, container: StepContainer) -> usize {
        if let Some(index) = self.containers.iter().position(|known| *known == container) {
            return index;
        }
        self.containers.push(container);
        self.containers.len() - 1
    }
}
