//! Every name that two places must agree on: the API group, labels,
//! annotations, field managers, container names, paths in the pod.

/// API group of all kinds.
pub const GROUP: &str = "assay.dev";
/// Version of all kinds.
pub const VERSION: &str = "v1alpha1";

/// Label on every object made for an execution: the execution's name.
pub const LABEL_EXECUTION: &str = "assay.dev/execution";
/// Label on every object made for an execution: the execution's uid.
pub const LABEL_EXECUTION_UID: &str = "assay.dev/execution-uid";
/// Label on Job and Pod: the infrastructure attempt, counted from 1.
pub const LABEL_ATTEMPT: &str = "assay.dev/attempt";
/// Label on executions and what is made for them: the workflow's name.
pub const LABEL_WORKFLOW: &str = "assay.dev/workflow";
/// Annotation on Job and ConfigMap: SHA-256 of the plan, in hexadecimal.
pub const ANNOTATION_PLAN_HASH: &str = "assay.dev/plan-hash";
/// Annotation on an execution: name of the execution that it repeats.
pub const ANNOTATION_RERUN_OF: &str = "assay.dev/rerun-of";
/// Annotation on an execution: `true` keeps it from retention.
pub const ANNOTATION_KEEP: &str = "assay.dev/keep";
/// Annotation on a gate: a new value judges its revision anew.
pub const ANNOTATION_RERUN: &str = "assay.dev/rerun";
/// Annotation of Flux that asks for a new look; our kinds obey it like [`ANNOTATION_RERUN`].
pub const ANNOTATION_FLUX_REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";
/// Annotation on a rollback: `true` approves it.
pub const ANNOTATION_APPROVE: &str = "assay.dev/approve";
/// Annotation on a rollback, a gate, a namespace or a delivery: `true` keeps rollbacks from being carried out.
pub const ANNOTATION_PAUSE_ROLLBACK: &str = "assay.dev/pause-rollback";
/// Annotation on an execution: `true` cancels it, as `spec.cancel` does; a command that is no drift.
pub const ANNOTATION_CANCEL: &str = "assay.dev/cancel";
/// Annotation on the namespace of Assay: `true` keeps every rollback of the cluster from being carried out.
pub const ANNOTATION_FREEZE: &str = "assay.dev/freeze-rollbacks";
/// Annotation on a gate: asks what would become of its last failure. The time of the question (RFC 3339), and
/// after a space the mode that is asked about if it is not that of the gate.
pub const ANNOTATION_DRY_RUN: &str = "assay.dev/dry-run";
/// Label on rollbacks: `true` on dry runs. What makes one is its spec; the label is there to select by.
pub const LABEL_DRY_RUN: &str = "assay.dev/dry-run";
/// Label on executions and rollbacks: name of the gate that made them.
pub const LABEL_GATE: &str = "assay.dev/gate";
/// Annotation on an execution of a gate: what it is for (`Judge`, `Confirm`, `Control`).
pub const ANNOTATION_ROLE: &str = "assay.dev/role";
/// Annotation that Argo CD's hooks carry.
pub const ANNOTATION_ARGO_HOOK: &str = "argocd.argoproj.io/hook";
/// Annotation by which Argo CD knows what belongs to an Application.
pub const ANNOTATION_ARGO_TRACKING: &str = "argocd.argoproj.io/tracking-id";
/// Annotation that asks Argo CD to look at an Application now.
pub const ANNOTATION_ARGO_REFRESH: &str = "argocd.argoproj.io/refresh";
/// Trailer in the commits of rollbacks: the key of the decision.
pub const TRAILER_KEY: &str = "Assay-Rollback";
/// Trailer in the commits of rollbacks: the revision that failed.
pub const TRAILER_BAD: &str = "Assay-Bad-Revision";
/// Trailer in the commits of rollbacks: the revision whose content is restored.
pub const TRAILER_GOOD: &str = "Assay-Good-Revision";
/// Trailer in the commits of rollbacks: the gate, as `namespace/name`.
pub const TRAILER_GATE: &str = "Assay-Gate";
/// Prefix of the branches that pull requests come from; the key follows.
pub const BRANCH_PREFIX: &str = "assay/rollback-";

/// Standard label naming the program that manages an object.
pub const LABEL_MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Value of [`LABEL_MANAGED_BY`].
pub const MANAGED_BY: &str = "assay";

/// Field manager of everything that the operator applies (Jobs, ConfigMaps).
pub const FIELD_MANAGER_OPERATOR: &str = "assay-operator";
/// Field manager of the status of our own kinds.
pub const FIELD_MANAGER_STATUS: &str = "assay-status";
/// Field manager of what the command line applies.
pub const FIELD_MANAGER_CLI: &str = "assay-cli";

/// Field manager of what the operator asks of Argo CD and Flux.
pub const FIELD_MANAGER_GITOPS: &str = "assay-gitops";

/// Name of the leader's container, which runs no code of the user.
pub const CONTAINER_LEADER: &str = "assay";
/// Name of the container that copies the runner where image volumes do not work.
pub const CONTAINER_INSTALL: &str = "assay-install";
/// Prefix of the containers that run steps; the group's index follows.
pub const CONTAINER_GROUP_PREFIX: &str = "group-";

/// Volume that carries the runner.
pub const VOLUME_RUNNER: &str = "assay-runner";
/// Volume over which leader and step containers speak.
pub const VOLUME_CONTROL: &str = "assay-control";
/// Volume with the plan (a ConfigMap, read-only).
pub const VOLUME_PLAN: &str = "assay-plan";
/// Volume with the leader's token.
pub const VOLUME_TOKEN: &str = "assay-token";
/// Volume with files of the content that come from ConfigMaps and Secrets.
pub const VOLUME_CONTENT: &str = "assay-content";
/// Folder at which [`VOLUME_CONTENT`] is mounted.
pub const PATH_CONTENT_DIR: &str = "/assay/content";
/// Volume shared by the steps of an execution.
pub const VOLUME_WORKSPACE: &str = "assay-workspace";

/// Folder at which the runner is mounted in step containers.
pub const PATH_RUNNER_DIR: &str = "/assay/bin";
/// The runner as step containers see it.
pub const PATH_RUNNER: &str = "/assay/bin/assay-runner";
/// The runner inside its own image.
pub const PATH_RUNNER_IN_IMAGE: &str = "/assay-runner";
/// Folder of go, done and spool files.
pub const PATH_CONTROL: &str = "/assay/control";
/// Folder at which the plan is mounted.
pub const PATH_PLAN_DIR: &str = "/assay/plan";
/// Key of the plan in its ConfigMap and its file name in [`PATH_PLAN_DIR`].
pub const PLAN_KEY: &str = "plan.json";
/// Folder at which the leader's token is mounted.
pub const PATH_TOKEN_DIR: &str = "/assay/token";
/// File name of the token in [`PATH_TOKEN_DIR`].
pub const TOKEN_KEY: &str = "token";
/// The workspace: working directory of every step that names no other.
pub const PATH_WORKSPACE: &str = "/data";

/// Audience of the token with which a runner speaks to the server.
pub const AUDIENCE_INGEST: &str = "assay.dev/ingest";
/// Header that carries a caller's token through the API server's service
/// proxy, which strips `Authorization`.
pub const HEADER_AUTHORIZATION: &str = "x-assay-authorization";

/// Namespace in which the chart's documentation installs Assay.
pub const DEFAULT_SYSTEM_NAMESPACE: &str = "assay-system";
/// Name of the server's Service.
pub const SERVICE: &str = "assay";
/// Name of the Lease that the leading manager holds.
pub const LEASE: &str = "assay-manager";
/// Name of the server's port in its Service.
pub const SERVICE_PORT: &str = "https";
/// Service account, made by the chart, for callers that hold only a client certificate.
pub const SERVICE_ACCOUNT_CLI: &str = "assay-cli";

/// Environment names that every step sees.
pub mod env {
    /// Name of the execution.
    pub const EXECUTION: &str = "ASSAY_EXECUTION";
    /// Namespace of the execution.
    pub const NAMESPACE: &str = "ASSAY_NAMESPACE";
    /// Name of the workflow.
    pub const WORKFLOW: &str = "ASSAY_WORKFLOW";
    /// Name of the step.
    pub const STEP: &str = "ASSAY_STEP";
    /// Attempt of the step, counted from 1.
    pub const STEP_ATTEMPT: &str = "ASSAY_STEP_ATTEMPT";
    /// Folder into which a step writes what later steps may read, one file each.
    pub const OUTPUTS: &str = "ASSAY_OUTPUTS";
    /// Prefix of the values of sensitive parameters.
    pub const CONFIG_PREFIX: &str = "ASSAY_CONFIG_";
    /// Revision under test, when the execution names one.
    pub const REVISION: &str = "ASSAY_REVISION";
}
