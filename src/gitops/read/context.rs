//! What a delivery is read with besides itself.

use std::sync::Arc;

use serde_json::Value;

/// Other objects that say something about a delivery. All of them may be absent.
#[derive(Clone, Debug, Default)]
pub struct ReadContext {
    /// The `GitRepository` that the delivery, or the Kustomization that applied it, takes its content from.
    pub git_repository: Option<Arc<Value>>,
    /// All `ImageUpdateAutomation`s.
    pub image_automations: Vec<Arc<Value>>,
    /// The `Kustomization` that applied a `HelmRelease`.
    pub kustomization: Option<Arc<Value>>,
}

/// An object by kind, namespace and name.
pub type ObjectName = (String, String, String);
