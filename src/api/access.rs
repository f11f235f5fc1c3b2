//! The kind `GitWriteAccess`: what the cluster's administrator allows to be written to Git.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{conditions, observed_generation};
use crate::{DurationText, Reason, RollbackMode};

/// A grant: which gates may have which paths of which branches of a repository written, and with what.
/// Nothing is ever pushed without one. Secrets are read from Assay's own namespace only.
#[derive(Clone, Debug, Default, PartialEq, CustomResource, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "assay.dev",
    version = "v1alpha1",
    kind = "GitWriteAccess",
    plural = "gitwriteaccesses",
    status = "GitWriteAccessStatus",
    shortname = "gwa",
    category = "assay",
    printcolumn = r#"{"name":"Repository","type":"string","jsonPath":".spec.repository"}"#,
    printcolumn = r#"{"name":"Mode","type":"string","jsonPath":".spec.mode"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".status.reason"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Message","type":"string","priority":1,"jsonPath":".status.message"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct GitWriteAccessSpec {
    /// The repository, by `https`, `http` or `ssh`. Deliveries may spell it in another way: host and path
    /// must be the same, with or without `.git`.
    #[schemars(length(min = 1, max = 2048))]
    pub repository: String,
    /// Branches that may be written, with `*` and `**`.
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 256)))]
    pub branches: Vec<String>,
    /// Paths that may be written, with `*` and `**`; a folder means everything in it. All when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 256)))]
    pub paths: Vec<String>,
    /// Namespaces whose gates may use it, with `*`.
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 63)))]
    pub namespaces: Vec<String>,
    /// The furthest that a rollback may go.
    #[serde(default)]
    pub mode: RollbackMode,
    /// The Secret with the credential: `username` and `password` (or `token`) for HTTP, `identity` (a private
    /// key) and `known_hosts` for SSH, `ca.crt` for an authority of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<SecretName>,
    /// How commits are signed; not at all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<Signing>,
    /// In whose name commits are made. Default `Assay <assay@assay.dev>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
    /// The forge on which pull requests are opened and statuses are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forge: Option<Forge>,
    /// How many rollbacks this repository may see. Default 1 in 30 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Nothing is written while this is set.
    #[serde(default)]
    pub freeze: bool,
}

/// A Secret in Assay's own namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretName {
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// How commits are signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Signing {
    /// The Secret whose key `identity` is the private SSH key.
    pub secret: SecretName,
}

/// In whose name commits are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Author {
    /// Name.
    #[schemars(length(min = 1, max = 128), pattern(r"^[^<>\n]+$"))]
    pub name: String,
    /// E-mail address.
    #[schemars(length(min = 3, max = 254), pattern(r"^[^<>\s]+@[^<>\s]+$"))]
    pub email: String,
}

/// A forge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Forge {
    /// Which one it is.
    pub kind: ForgeKind,
    /// Base of its web pages and interface, for example `https://git.example.com`; the scheme and host of the
    /// repository when absent (for `GitHub` on github.com its public interface).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub url: Option<String>,
    /// The Secret whose key `token` is used with it, and whose key `webhook-secret` signs its webhooks; the
    /// credential's own Secret when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretName>,
    /// Labels of pull requests. Default `assay`, `rollback`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), inner(length(min = 1, max = 50)))]
    pub labels: Option<Vec<String>>,
    /// Do not show the gate's verdict on tested commits.
    #[serde(default)]
    pub no_statuses: bool,
}

/// Which forge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ForgeKind {
    /// Gitea or Forgejo.
    #[default]
    Gitea,
    /// GitHub.
    GitHub,
    /// GitLab.
    GitLab,
}

/// How many rollbacks a repository may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// This many,
    #[schemars(range(min = 0, max = 1000))]
    pub count: i32,
    /// in this time.
    pub window: DurationText,
}

/// What is known of a grant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitWriteAccessStatus {
    /// Generation that the conditions speak of; -1 before the first visit.
    #[serde(default = "crate::schema::never_observed")]
    #[schemars(schema_with = "observed_generation")]
    pub observed_generation: i64,
    /// Why it is so; the same as the reason of `Ready`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// One sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Branches, of those named without `*`, that the forge protects from pushes by this credential.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protected_branches: Vec<String>,
    /// When the credential was tried last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub checked_at: Option<Timestamp>,
    /// `Ready`: the credential works. `Stalled` only while true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}

impl Default for GitWriteAccessStatus {
    fn default() -> Self {
        Self {
            observed_generation: crate::schema::never_observed(),
            reason: None,
            message: None,
            protected_branches: Vec::new(),
            checked_at: None,
            conditions: Vec::new(),
        }
    }
}
