//! What a waiting or dead container says about why it does not run.

use crate::pod::{ContainerFacts, ContainerState, PodFacts, Role};

/// What is wrong with a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The image will never come.
    ImageNever(String),
    /// The image was not found, or not allowed; once could be chance.
    ImageRefused {
        /// Kubernetes has given up once and waits before it tries again.
        backing_off: bool,
        /// Its words.
        message: String,
    },
    /// The image does not come, for a reason that may pass.
    ImageSlow(String),
    /// The container cannot be created as things are.
    Create(String),
    /// The container was created and could not be started.
    Start(String),
    /// It was killed for its use of memory.
    Memory(String),
    /// It ended before its work, and not for its use of memory.
    Died(String),
}

/// More images than this are not named in one sentence.
const NAMED_IMAGES: usize = 3;

/// Words of registries that mean no, and not: later.
const REFUSALS: [&str; 5] = ["not found", "manifest unknown", "denied", "unauthorized", "does not exist"];

/// Judges one container; `None` when there is nothing to say.
pub(crate) fn flaw(container: &ContainerFacts) -> Option<Flaw> {
    let name = &container.name;
    match &container.state {
        ContainerState::Running => None,
        ContainerState::Waiting { reason, message } => waiting(name, reason, message),
        ContainerState::Terminated { exit_code: 0, .. } => None,
        ContainerState::Terminated { exit_code, reason, message } => dead(container, *exit_code, reason, message),
    }
}

fn waiting(name: &str, reason: &str, message: &str) -> Option<Flaw> {
    let words = format!("container `{name}`: {reason}: {message}");
    Some(match reason {
        "InvalidImageName" | "ErrImageNeverPull" => Flaw::ImageNever(words),
        "ErrImagePull" | "ImagePullBackOff" | "ImageInspectError" | "RegistryUnavailable" => {
            let lower = message.to_lowercase();
            if REFUSALS.iter().any(|refusal| lower.contains(refusal)) {
                Flaw::ImageRefused { backing_off: reason == "ImagePullBackOff", message: words }
            } else {
                Flaw::ImageSlow(words)
            }
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => Flaw::Create(words),
        _ => return None,
    })
}

/// The images that a pod still waits for, in words; `None` when nothing holds
/// it, or something else does.
pub(crate) fn awaited_images(pod: &PodFacts) -> Option<String> {
    let refused = waits(pod, |reason| matches!(reason, "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable"));
    if !refused.is_empty() {
        return Some(refused.join("; "));
    }
    // While a container copies the runner, the others wait for that one only.
    let copies =
        |container: &ContainerFacts| container.role == Role::Install && container.state == ContainerState::Running;
    // A warning that is not about an image names another obstacle: a volume, the network.
    let obstacle = pod.words.as_deref().is_some_and(|words| !words.to_lowercase().contains("image"));
    if obstacle || pod.containers.iter().any(copies) {
        return None;
    }
    let pulling = waits(pod, |reason| matches!(reason, "" | "ContainerCreating" | "PodInitializing"));
    (!pulling.is_empty()).then(|| pulling.join("; "))
}

/// The first few containers that wait for such a reason, each with its image.
fn waits(pod: &PodFacts, about: impl Fn(&str) -> bool) -> Vec<String> {
    let words = |container: &ContainerFacts| match &container.state {
        ContainerState::Waiting { reason, message } if about(reason) => {
            let name = format!("container `{}` waits for `{}`", container.name, container.image);
            Some(if message.is_empty() { name } else { format!("{name}: {message}") })
        }
        _ => None,
    };
    pod.containers.iter().filter_map(words).take(NAMED_IMAGES).collect()
}

fn dead(container: &ContainerFacts, exit_code: i32, reason: &str, message: &str) -> Option<Flaw> {
    let name = &container.name;
    match reason {
        "StartError" | "ContainerCannotRun" => Some(Flaw::Start(format!("container `{name}`: {message}"))),
        _ if container.role == Role::Foreign => None,
        "OOMKilled" => Some(Flaw::Memory(format!("container `{name}` used more memory than its limit"))),
        // The leader's exit code is its verdict; whether it spoke is judged elsewhere.
        _ if container.role == Role::Leader => None,
        _ => Some(Flaw::Died(format!("container `{name}` ended with exit code {exit_code} ({reason})"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(reason: &str, message: &str) -> Option<Flaw> {
        waiting("c", reason, message)
    }

    #[test]
    fn registries_that_say_no_are_told_from_those_that_do_not_answer() {
        let refused = wait("ErrImagePull", "rpc error: code = NotFound desc = failed to pull: r/x:1: Not Found");
        assert!(matches!(refused, Some(Flaw::ImageRefused { backing_off: false, .. })));
        let denied = wait("ImagePullBackOff", "Back-off pulling image: pull access denied, repository does not exist");
        assert!(matches!(denied, Some(Flaw::ImageRefused { backing_off: true, .. })));
        assert!(matches!(wait("ErrImagePull", "dial tcp: i/o timeout"), Some(Flaw::ImageSlow(_))));
        assert!(matches!(wait("InvalidImageName", "no"), Some(Flaw::ImageNever(_))));
        assert!(matches!(wait("CreateContainerConfigError", "secret \"x\" not found"), Some(Flaw::Create(_))));
        assert_eq!(wait("ContainerCreating", ""), None);
        assert_eq!(wait("PodInitializing", ""), None);
    }

    #[test]
    fn a_dead_container_is_judged_by_what_it_was_for() {
        let dead = |role, reason: &str, exit_code| {
            let state = ContainerState::Terminated { exit_code, reason: reason.into(), message: String::new() };
            flaw(&ContainerFacts { name: "c".into(), role, image: String::new(), state })
        };
        assert!(matches!(dead(Role::Group, "OOMKilled", 137), Some(Flaw::Memory(_))));
        assert!(matches!(dead(Role::Group, "Error", 3), Some(Flaw::Died(_))));
        assert!(matches!(dead(Role::Install, "StartError", 128), Some(Flaw::Start(_))));
        assert_eq!(dead(Role::Leader, "Error", 1), None);
        assert_eq!(dead(Role::Group, "OOMKilled", 0), None, "a child died, the runner told of it");
        assert_eq!(dead(Role::Foreign, "Error", 1), None);
    }
}
