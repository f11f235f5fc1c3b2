//! Pods and Jobs without what nobody reads. A typed Pod of six steps costs
//! 160 KiB in memory; a slim one a hundredth of it, and everything else is
//! skipped while parsing.
//!
//! Every field may be absent or null, so that whatever an API server holds can
//! be read: one odd object must not stop a watch.

use std::borrow::Cow;

use assay_api::names::{LABEL_ATTEMPT, LABEL_EXECUTION_UID};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use kube::Resource;
use kube::core::NamespaceResourceScope;
use serde::{Deserialize, Deserializer};

/// Labels with this prefix are kept.
const OUR_LABELS: &str = "assay.dev/";

/// A Pod, as far as the operator judges it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "WirePod")]
pub struct SlimPod {
    /// Name, namespace, uid, resourceVersion, our labels, creation, deletion, owners; nothing else.
    pub metadata: ObjectMeta,
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
    pub phase: String,
    /// For example `Evicted`, `NodeLost`, `DeadlineExceeded`.
    pub reason: Option<String>,
    /// What the kubelet says to it.
    pub message: Option<String>,
    /// Node; absent until scheduled.
    pub node_name: Option<String>,
    /// `PodScheduled` and `DisruptionTarget`.
    pub conditions: Vec<SlimCondition>,
    /// Init containers, in order of their status.
    pub init_containers: Vec<SlimContainer>,
    /// Containers, in order of their status.
    pub containers: Vec<SlimContainer>,
}

/// A Job, as far as the operator judges it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "WireJob")]
pub struct SlimJob {
    /// Name, namespace, uid, resourceVersion, our labels, creation, deletion, owners; nothing else.
    pub metadata: ObjectMeta,
    /// All conditions.
    pub conditions: Vec<SlimCondition>,
    /// Pods that are pending or running.
    pub active: i32,
    /// Pods that succeeded.
    pub succeeded: i32,
    /// Pods that failed.
    pub failed: i32,
}

/// A condition of a Pod or Job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct SlimCondition {
    /// For example `PodScheduled`, `Failed`, `Complete`.
    #[serde(rename = "type", default, deserialize_with = "or_default")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    #[serde(default, deserialize_with = "or_default")]
    pub status: String,
    /// For example `Unschedulable`, `BackoffLimitExceeded`.
    #[serde(default)]
    pub reason: Option<String>,
    /// In words.
    #[serde(default)]
    pub message: Option<String>,
    /// Since when it has its status.
    #[serde(rename = "lastTransitionTime", default)]
    pub since: Option<Timestamp>,
}

/// A container and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlimContainer {
    /// Name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Where it stands.
    pub state: ContainerState,
    /// How often it was started again.
    pub restarts: i32,
}

/// Where a container stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ContainerState {
    /// Nothing is known.
    #[default]
    Unknown,
    /// Not started.
    Waiting {
        /// For example `ContainerCreating`, `ImagePullBackOff`.
        reason: Option<String>,
        /// In words.
        message: Option<String>,
    },
    /// Started and not ended.
    Running,
    /// Ended.
    Terminated {
        /// Exit code; 128 and more for signals.
        exit_code: i32,
        /// For example `OOMKilled`, `Error`, `Completed`, `StartError`.
        reason: Option<String>,
        /// The termination message: the leader's seal, or the runtime's words.
        message: Option<String>,
        /// When.
        finished_at: Option<Timestamp>,
    },
}

impl SlimPod {
    /// uid of the execution for which the Pod was made.
    pub fn execution_uid(&self) -> Option<&str> {
        label(&self.metadata, LABEL_EXECUTION_UID)
    }

    /// Infrastructure attempt for which the Pod was made.
    pub fn attempt(&self) -> Option<u32> {
        label(&self.metadata, LABEL_ATTEMPT)?.parse().ok()
    }

    /// The condition of a kind.
    pub fn condition(&self, kind: &str) -> Option<&SlimCondition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }
}

impl SlimJob {
    /// uid of the execution for which the Job was made.
    pub fn execution_uid(&self) -> Option<&str> {
        label(&self.metadata, LABEL_EXECUTION_UID)
    }

    /// Infrastructure attempt for which the Job was made.
    pub fn attempt(&self) -> Option<u32> {
        label(&self.metadata, LABEL_ATTEMPT)?.parse().ok()
    }

    /// The condition of a kind.
    pub fn condition(&self, kind: &str) -> Option<&SlimCondition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }
}

fn label<'a>(metadata: &'a ObjectMeta, name: &str) -> Option<&'a str> {
    metadata.labels.as_ref()?.get(name).map(String::as_str)
}

macro_rules! resource_like {
    ($slim:ty, $full:ty) => {
        impl Resource for $slim {
            type DynamicType = ();
            type Scope = NamespaceResourceScope;

            fn kind(_: &()) -> Cow<'_, str> {
                <$full as Resource>::kind(&())
            }

            fn group(_: &()) -> Cow<'_, str> {
                <$full as Resource>::group(&())
            }

            fn version(_: &()) -> Cow<'_, str> {
                <$full as Resource>::version(&())
            }

            fn plural(_: &()) -> Cow<'_, str> {
                <$full as Resource>::plural(&())
            }

            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }

            fn meta_mut(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }
        }
    };
}

resource_like!(SlimPod, Pod);
resource_like!(SlimJob, Job);

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireMeta {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    creation_timestamp: Option<Timestamp>,
    deletion_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "or_default")]
    owner_references: Vec<WireOwner>,
    #[serde(deserialize_with = "our_labels")]
    labels: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireOwner {
    #[serde(deserialize_with = "or_default")]
    api_version: String,
    #[serde(deserialize_with = "or_default")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    uid: String,
    controller: Option<bool>,
}

impl From<WireMeta> for ObjectMeta {
    fn from(wire: WireMeta) -> Self {
        let owners = wire.owner_references.into_iter().map(|owner| OwnerReference {
            api_version: owner.api_version,
            kind: owner.kind,
            name: owner.name,
            uid: owner.uid,
            controller: owner.controller,
            block_owner_deletion: None,
        });
        let owners: Vec<_> = owners.collect();
        Self {
            name: wire.name,
            namespace: wire.namespace,
            uid: wire.uid,
            resource_version: wire.resource_version,
            creation_timestamp: wire.creation_timestamp.map(Time),
            deletion_timestamp: wire.deletion_timestamp.map(Time),
            owner_references: Some(owners).filter(|owners| !owners.is_empty()),
            labels: Some(wire.labels).filter(|labels| !labels.is_empty()),
            ..Self::default()
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WirePod {
    #[serde(deserialize_with = "or_default")]
    metadata: WireMeta,
    #[serde(deserialize_with = "or_default")]
    spec: WirePodSpec,
    #[serde(deserialize_with = "or_default")]
    status: WirePodStatus,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WirePodSpec {
    node_name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WirePodStatus {
    #[serde(deserialize_with = "or_default")]
    phase: String,
    reason: Option<String>,
    message: Option<String>,
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<SlimCondition>,
    #[serde(deserialize_with = "or_default")]
    init_container_statuses: Vec<WireContainer>,
    #[serde(deserialize_with = "or_default")]
    container_statuses: Vec<WireContainer>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireContainer {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    image: String,
    #[serde(deserialize_with = "or_default")]
    restart_count: i32,
    #[serde(deserialize_with = "or_default")]
    state: WireState,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireState {
    waiting: Option<WireStateDetail>,
    running: Option<WireStateDetail>,
    terminated: Option<WireStateDetail>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireStateDetail {
    exit_code: Option<i32>,
    reason: Option<String>,
    message: Option<String>,
    finished_at: Option<Timestamp>,
}

impl From<WireContainer> for SlimContainer {
    fn from(wire: WireContainer) -> Self {
        let state = match (wire.state.terminated, wire.state.running, wire.state.waiting) {
            (Some(end), _, _) => ContainerState::Terminated {
                exit_code: end.exit_code.unwrap_or(0),
                reason: end.reason,
                message: end.message,
                finished_at: end.finished_at,
            },
            (None, Some(_), _) => ContainerState::Running,
            (None, None, Some(wait)) => ContainerState::Waiting { reason: wait.reason, message: wait.message },
            (None, None, None) => ContainerState::Unknown,
        };
        Self { name: wire.name, image: wire.image, state, restarts: wire.restart_count }
    }
}

/// The conditions of a Pod that are kept; readiness says nothing about a test.
const POD_CONDITIONS: [&str; 2] = ["PodScheduled", "DisruptionTarget"];

impl From<WirePod> for SlimPod {
    fn from(wire: WirePod) -> Self {
        let status = wire.status;
        let mut conditions = status.conditions;
        conditions.retain(|condition| POD_CONDITIONS.contains(&condition.kind.as_str()));
        Self {
            metadata: wire.metadata.into(),
            phase: status.phase,
            reason: status.reason,
            message: status.message,
            node_name: wire.spec.node_name,
            conditions,
            init_containers: status.init_container_statuses.into_iter().map(Into::into).collect(),
            containers: status.container_statuses.into_iter().map(Into::into).collect(),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireJob {
    #[serde(deserialize_with = "or_default")]
    metadata: WireMeta,
    #[serde(deserialize_with = "or_default")]
    status: WireJobStatus,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireJobStatus {
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<SlimCondition>,
    #[serde(deserialize_with = "or_default")]
    active: i32,
    #[serde(deserialize_with = "or_default")]
    succeeded: i32,
    #[serde(deserialize_with = "or_default")]
    failed: i32,
}

impl From<WireJob> for SlimJob {
    fn from(wire: WireJob) -> Self {
        Self {
            metadata: wire.metadata.into(),
            conditions: wire.status.conditions,
            active: wire.status.active,
            succeeded: wire.status.succeeded,
            failed: wire.status.failed,
        }
    }
}

/// `null` is the same as absent.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn our_labels<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<std::collections::BTreeMap<String, String>, D::Error> {
    struct Ours;

    impl<'de> serde::de::Visitor<'de> for Ours {
        type Value = std::collections::BTreeMap<String, String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("labels")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::new())
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut ours = Self::Value::new();
            while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                if name.starts_with(OUR_LABELS) {
                    ours.insert(name.into_owned(), map.next_value()?);
                } else {
                    map.next_value::<serde::de::IgnoredAny>()?;
                }
            }
            Ok(ours)
        }
    }

    deserializer.deserialize_any(Ours)
}
