//! How Argo CD and Flux are told to deliver a folder of a repository.

use serde_json::{Value, json};

/// Namespace of Argo CD and its Applications.
pub const ARGOCD: &str = "argocd";

/// Who delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Argo CD, by an `Application`.
    Argo,
    /// Flux, by a `GitRepository` and a `Kustomization`.
    Flux,
}

impl Engine {
    /// The kind that a gate names.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Argo => "Application",
            Self::Flux => "Kustomization",
        }
    }

    /// Where that object is, for apps in a namespace.
    pub const fn home(self, namespace: &str) -> &str {
        match self {
            Self::Argo => ARGOCD,
            Self::Flux => namespace,
        }
    }

    /// What delivers a folder, changed by a merge patch.
    pub fn delivery(self, name: &str, namespace: &str, url: &str, folder: &str, patch: &Value) -> Value {
        let object = match self {
            Self::Argo => application(name, namespace, url, folder),
            Self::Flux => kustomization(name, namespace, folder),
        };
        merged(object, patch)
    }
}

fn application(name: &str, namespace: &str, url: &str, folder: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": name, "namespace": ARGOCD},
        "spec": {
            "project": "default",
            "source": {"repoURL": url, "path": folder, "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}, "retry": {"limit": 0}},
        },
    })
}

fn kustomization(name: &str, namespace: &str, folder: &str) -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "interval": "10m", "timeout": "3m", "retryInterval": "1m", "prune": true, "wait": true,
            "sourceRef": {"kind": "GitRepository", "name": "shop"},
            "path": format!("./{folder}"), "targetNamespace": namespace,
        },
    })
}

/// Where Flux gets the repository from.
pub(super) fn git_repository(namespace: &str, url: &str, patch: &Value) -> Value {
    let object = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
        "metadata": {"name": "shop", "namespace": namespace},
        "spec": {"interval": "10m", "url": url, "ref": {"branch": "main"}},
    });
    merged(object, patch)
}

/// A value changed by a JSON merge patch: what is `null` there goes, maps are merged, the rest is replaced.
#[must_use]
pub fn merged(value: Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let mut fields = match value {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    };
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else {
            let old = fields.remove(name).unwrap_or(Value::Null);
            fields.insert(name.clone(), merged(old, change));
        }
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_merge_replace_and_remove() {
        let value = json!({"a": {"b": 1, "c": 2}, "d": [1]});
        let patch = json!({"a": {"b": null, "e": {"f": 3}}, "d": [2]});
        assert_eq!(merged(value.clone(), &patch), json!({"a": {"c": 2, "e": {"f": 3}}, "d": [2]}));
        assert_eq!(merged(value.clone(), &json!({})), value);
    }
}
