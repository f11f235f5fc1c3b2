//! What is known about an execution besides its workflow.

use std::collections::BTreeMap;

use assay_api::{ConfigSource, ConfigValues, TestWorkflowTemplateSpec};
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
    /// Labels of the workflow.
    pub workflow_labels: BTreeMap<String, String>,
    /// Values for the workflow's parameters.
    pub config: ConfigValues,
    /// Values for its parameters that are keys of Secrets.
    pub config_from: BTreeMap<String, ConfigSource>,
    /// The templates that there are, or at least those that the workflow uses
    /// (see [`crate::templates_used`]).
    pub templates: BTreeMap<String, TestWorkflowTemplateSpec>,
    /// Infrastructure attempt, counted from 1.
    pub attempt: u32,
}

impl Inputs {
    /// The same without the templates, which a resolved workflow has in it.
    pub(crate) fn without_templates(&self) -> Self {
        let Self {
            namespace,
            execution,
            uid,
            workflow,
            revision,
            workflow_labels,
            config,
            config_from,
            templates: _,
            attempt,
        } = self;
        Self {
            namespace: namespace.clone(),
            execution: execution.clone(),
            uid: uid.clone(),
            workflow: workflow.clone(),
            revision: revision.clone(),
            workflow_labels: workflow_labels.clone(),
            config: config.clone(),
            config_from: config_from.clone(),
            templates: BTreeMap::new(),
            attempt: *attempt,
        }
    }

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
    /// Image with what brings repositories and archives; its pull policy is the runner's.
    pub git_image: String,
    /// Whether API server and nodes mount images as volumes. Otherwise an init
    /// container copies the runner.
    pub image_volumes: bool,
    /// Whether the namespace enforces Pod Security `restricted`.
    pub restricted: bool,
}
