//! The containers of the pod: the leader, those that run steps, and the one
//! that copies the runner where images cannot be mounted.

use std::collections::BTreeMap;

use assay_api::names::{
    CONTAINER_INSTALL, CONTAINER_LEADER, PATH_RUNNER, PATH_RUNNER_DIR, PATH_RUNNER_IN_IMAGE, PATH_WORKSPACE,
};
use k8s_openapi::api::core::v1::{Capabilities, Container, ResourceRequirements, SeccompProfile, SecurityContext};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::restricted::RUNNER_USER;
use super::{restricted, volumes};
use crate::{Compiled, Placement, StepContainer};

/// The container that owns order, deadlines and the way out, and runs no code of the user.
pub(super) fn leader(placement: &Placement) -> Container {
    Container {
        name: CONTAINER_LEADER.to_owned(),
        command: Some(words(&[PATH_RUNNER_IN_IMAGE, "lead"])),
        volume_mounts: Some(volumes::of_leader()),
        ..ours(placement)
    }
}

/// The container that copies the runner onto its volume.
pub(super) fn install(placement: &Placement) -> Container {
    Container {
        name: CONTAINER_INSTALL.to_owned(),
        command: Some(words(&[PATH_RUNNER_IN_IMAGE, "install", PATH_RUNNER_DIR])),
        volume_mounts: Some(volumes::of_install()),
        ..ours(placement)
    }
}

/// A container that runs steps.
pub(super) fn step(
    index: usize,
    name: &str,
    settings: &StepContainer,
    compiled: &Compiled,
    placement: &Placement,
) -> Container {
    let own = settings.security_context.clone();
    let of_pod = compiled.settings.pod.security_context.as_ref();
    let security_context = if placement.restricted { Some(restricted::harden(own, of_pod)) } else { own };
    let (image, image_pull_policy, resources) = if settings.fetches {
        (placement.git_image.clone(), placement.runner_pull_policy.clone(), Some(fetching()))
    } else {
        (settings.image.clone(), settings.image_pull_policy.clone(), settings.resources.clone())
    };
    Container {
        name: name.to_owned(),
        image: Some(image),
        image_pull_policy,
        command: Some(words(&[PATH_RUNNER, "step", &index.to_string()])),
        env: some(&settings.env),
        env_from: some(&settings.env_from),
        resources,
        security_context,
        working_dir: Some(PATH_WORKSPACE.to_owned()),
        volume_mounts: Some(volumes::of_step(settings, &compiled.settings)),
        ..Container::default()
    }
}

/// What a container that fetches asks for. It has no limit of its own: how much
/// a large history takes is not known.
fn fetching() -> ResourceRequirements {
    let requests = Some(amounts(&[("cpu", "10m"), ("memory", "32Mi")]));
    ResourceRequirements { requests, ..ResourceRequirements::default() }
}

/// What our own containers have in common.
fn ours(placement: &Placement) -> Container {
    Container {
        image: Some(placement.runner_image.clone()),
        image_pull_policy: placement.runner_pull_policy.clone(),
        resources: Some(ResourceRequirements {
            requests: Some(amounts(&[("cpu", "10m"), ("memory", "16Mi")])),
            limits: Some(amounts(&[("memory", "128Mi")])),
            claims: None,
        }),
        security_context: Some(SecurityContext {
            run_as_user: Some(RUNNER_USER),
            run_as_non_root: Some(true),
            read_only_root_filesystem: Some(true),
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities { add: None, drop: Some(words(&["ALL"])) }),
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
            ..SecurityContext::default()
        }),
        ..Container::default()
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn amounts(amounts: &[(&str, &str)]) -> BTreeMap<String, Quantity> {
    amounts.iter().map(|(name, amount)| ((*name).to_owned(), Quantity((*amount).to_owned()))).collect()
}

fn some<T: Clone>(items: &[T]) -> Option<Vec<T>> {
    (!items.is_empty()).then(|| items.to_vec())
}
