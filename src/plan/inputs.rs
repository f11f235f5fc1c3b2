//! What is known about an execution besides its workflow.

use assay_api::ConfigValues;
use assay_protocol::{ExecutionIdentity, Server};

/// Which execution it is, and what it gives to the workflow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    /// Namespace of the execution.
    pub namespace: String,
    /// Name of the `TestExecution`.
    pub execution: String,
    /// Its uid.
    pub uid: String,
    /// Name of the workflow.
    pub workflow: String,
    /// Revision under test.
    pub revision: Option<String>,
    /// Values for the workflow's parameters.
    pub config: ConfigValues,
    /// Infrastructure attempt, counted from 1.
    pub attempt: u32,
}

impl Inputs {
    /// The part that goes into the plan.
    pub(crate) fn identity(&self) -> ExecutionIdentity {
        ExecutionIdentity {
            namespace: self.namespace.clone(),
            name: self.execution.clone(),
            uid: self.uid.clone(),
            workflow: self.workflow.clone(),
            attempt: self.attempt,
            revision: self.revision.clone(),
        }
    }
}

/// Where the runner reports to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The server; absent in an offline rendering.
    pub server: Option<Server>,
}

/// The object that owns what is rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Name of the `TestExecution`.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its namespace; Job and ConfigMap go there too.
    pub namespace: String,
}

/// What the cluster and its namespace ask of the pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Owner of Job and ConfigMap.
    pub owner: Owner,
    /// Image with the runner.
    pub runner_image: String,
    /// Pull policy of that image; the cluster's default when absent.
    pub runner_pull_policy: Option<String>,
    /// Whether API server and nodes mount images as volumes. Otherwise an init
    /// container copies the runner.
    pub image_volumes: bool,
    /// Whether the namespace enforces Pod Security `restricted`.
    pub restricted: bool,
}
