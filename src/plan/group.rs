//! Steps that can share a container share one: each container costs start time.

use assay_api::ContainerConfig;
use assay_api::names::CONTAINER_GROUP_PREFIX;
use assay_protocol::Group;
use k8s_openapi::api::core::v1::{EnvFromSource, EnvVar, ResourceRequirements, SecurityContext};

/// Settings that all steps of one container have in common. Everything else
/// (working directory, plain environment, command) belongs to the instruction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepContainer {
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
}

impl StepContainer {
    /// The part of a step's settings that a container must have.
    pub(crate) fn of(settings: &ContainerConfig) -> Self {
        let mut env: Vec<EnvVar> = settings.env.iter().filter(|entry| entry.value_from.is_some()).cloned().collect();
        env.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            image: settings.image.clone().unwrap_or_default(),
            image_pull_policy: settings.image_pull_policy.clone(),
            env,
            env_from: settings.env_from.clone(),
            resources: settings.resources.clone(),
            security_context: settings.security_context.clone(),
        }
    }

    /// The container as the runner knows it.
    pub(crate) fn group(&self, index: usize) -> Group {
        let is_secret = |entry: &&EnvVar| entry.value_from.as_ref().is_some_and(|from| from.secret_key_ref.is_some());
        let secret_sources = self.env_from.iter().filter(|source| source.secret_ref.is_some());
        Group {
            container: format!("{CONTAINER_GROUP_PREFIX}{index}"),
            secrets: self.env.iter().filter(is_secret).map(|entry| entry.name.clone()).collect(),
            secret_files: Vec::new(),
            secret_prefixes: secret_sources.map(|source| source.prefix.clone().unwrap_or_default()).collect(),
        }
    }
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
