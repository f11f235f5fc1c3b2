//! What brings a revision of Git into the cluster, and what of Git it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What delivers: an object of Argo CD or of Flux.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum DeliveryKind {
    /// `argoproj.io` `Application`.
    #[default]
    Application,
    /// `kustomize.toolkit.fluxcd.io` `Kustomization`.
    Kustomization,
    /// `helm.toolkit.fluxcd.io` `HelmRelease`.
    HelmRelease,
}

impl DeliveryKind {
    /// The kind as Kubernetes spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Application => "Application",
            Self::Kustomization => "Kustomization",
            Self::HelmRelease => "HelmRelease",
        }
    }
}

impl std::fmt::Display for DeliveryKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A delivery by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryReference {
    /// What delivers.
    pub kind: DeliveryKind,
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its namespace; the gate's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
    /// Which of several sources is judged and may be reverted, counted from 0; when absent, the only
    /// one that is a path on a branch of a Git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 31))]
    pub source: Option<i32>,
}

/// A path on a branch of a Git repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitSource {
    /// URL of the repository as the delivery names it, without credentials.
    pub repository: String,
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// The delivered folder, without leading or trailing `/`; empty is the whole repository.
    #[serde(default)]
    pub path: String,
}

/// What was delivered from Git.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevisionStatus {
    /// The commit (or the version of a chart), as the delivery says it.
    pub revision: String,
    /// Hash over the Git trees of the delivered paths at that commit: equal hashes are equal content.
    /// Absent where the repository cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<String>,
    /// Hash over what the delivery itself rendered it with: values, parameters, patches. With another one an equal
    /// revision is other content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered_with: Option<String>,
}
