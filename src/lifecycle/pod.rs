//! What is known of a pod.

use jiff::Timestamp;

/// One pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodFacts {
    /// Name.
    pub name: String,
    /// uid.
    pub uid: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// It is being deleted: when the cluster means to be done with it.
    pub deleted_at: Option<Timestamp>,
    /// `status.phase`.
    pub phase: String,
    /// `status.reason`.
    pub reason: Option<String>,
    /// `status.message`.
    pub message: Option<String>,
    /// When a node took it, as far as it says.
    pub scheduled_at: Option<Timestamp>,
    /// The scheduler's words while no node takes it.
    pub unschedulable: Option<String>,
    /// Why the cluster disrupts it (condition `DisruptionTarget`).
    pub disrupted: Option<String>,
    /// Its containers, those that install first included.
    pub containers: Vec<ContainerFacts>,
    /// The last warning about it, when it was asked for.
    pub words: Option<String>,
}

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The leader.
    Leader,
    /// Runs steps.
    Group,
    /// Copies the runner before the others start.
    Install,
    /// Somebody put it there: a sidecar.
    Foreign,
}

/// One container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerFacts {
    /// Name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its image.
    pub image: String,
    /// Where it stands.
    pub state: ContainerState,
}

/// Where a container stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// Not started.
    Waiting {
        /// Why, in one word.
        reason: String,
        /// Why.
        message: String,
    },
    /// Running.
    Running,
    /// Over.
    Terminated {
        /// Exit code.
        exit_code: i32,
        /// Why, in one word.
        reason: String,
        /// Termination message: the seal, in the leader's case.
        message: String,
    },
}

impl PodFacts {
    /// When a node took it. Only the kubelet of a node speaks of containers.
    pub(crate) fn taken_at(&self) -> Option<Timestamp> {
        self.scheduled_at.or_else(|| (!self.containers.is_empty()).then_some(self.created_at))
    }

    /// Whether nothing runs in it any more.
    pub fn is_over(&self) -> bool {
        matches!(self.phase.as_str(), "Failed" | "Succeeded")
    }

    /// Whether a container that runs steps was started: its first step may have begun.
    pub fn is_touched(&self) -> bool {
        let mut groups = self.containers.iter().filter(|container| container.role == Role::Group);
        groups.any(|container| !matches!(container.state, ContainerState::Waiting { .. }))
    }
}
