//! Container settings, one laid over the other.

use assay_api::ContainerConfig;
use k8s_openapi::api::core::v1::{EnvVar, VolumeMount};

/// `over` laid over `base`: its fields win. `env` is merged by name, `envFrom`
/// is appended, and a new `command` also drops the `args` that belonged to the old one.
pub(crate) fn merge(base: &ContainerConfig, over: &ContainerConfig) -> ContainerConfig {
    let args = if over.command.is_some() { over.args.clone() } else { over.args.clone().or_else(|| base.args.clone()) };
    ContainerConfig {
        image: over.image.clone().or_else(|| base.image.clone()),
        image_pull_policy: over.image_pull_policy.clone().or_else(|| base.image_pull_policy.clone()),
        env: merge_env(&base.env, &over.env),
        env_from: append(&base.env_from, &over.env_from),
        working_dir: over.working_dir.clone().or_else(|| base.working_dir.clone()),
        command: over.command.clone().or_else(|| base.command.clone()),
        args,
        resources: over.resources.clone().or_else(|| base.resources.clone()),
        security_context: over.security_context.clone().or_else(|| base.security_context.clone()),
        volume_mounts: merge_mounts(&base.volume_mounts, &over.volume_mounts),
    }
}

fn merge_env(base: &[EnvVar], over: &[EnvVar]) -> Vec<EnvVar> {
    let mut merged: Vec<EnvVar> = base.to_vec();
    for variable in over {
        match merged.iter_mut().find(|known| known.name == variable.name) {
            Some(known) => *known = variable.clone(),
            None => merged.push(variable.clone()),
        }
    }
    merged
}

/// A mount at the same path takes the place of the outer one.
fn merge_mounts(base: &[VolumeMount], over: &[VolumeMount]) -> Vec<VolumeMount> {
    let kept = base.iter().filter(|mount| !over.iter().any(|own| own.mount_path == mount.mount_path));
    kept.chain(over).cloned().collect()
}

fn append<T: Clone + PartialEq>(base: &[T], over: &[T]) -> Vec<T> {
    let mut merged = base.to_vec();
    merged.extend(over.iter().filter(|item| !base.contains(item)).cloned());
    merged
}
