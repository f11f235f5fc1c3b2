//! Objects as the controllers write them.

use std::collections::HashMap;
use std::sync::Arc;

use assay_api::{DeliveryKind, DeliveryReference};
use serde_json::{Value, json};

use crate::delivery::Delivery;
use crate::read::{Objects, find};

pub(super) const ONE: &str = "1111111111111111111111111111111111111111";
pub(super) const TWO: &str = "2222222222222222222222222222222222222222";

pub(super) fn reference(kind: DeliveryKind, name: &str) -> DeliveryReference {
    DeliveryReference { kind, name: name.to_owned(), namespace: None, source: None }
}

/// Puts further fields into an object.
pub(super) fn with(mut object: Value, more: Value) -> Value {
    merge(&mut object, more);
    object
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (name, value) in more {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

pub(super) fn kustomization() -> Value {
    let revision = format!("main@sha1:{ONE}");
    json!({
        "metadata": { "name": "web", "namespace": "flux", "uid": "k", "generation": 1 },
        "spec": {
            "path": "./apps/web", "prune": true, "wait": true, "interval": "5m", "timeout": "2m",
            "sourceRef": { "kind": "GitRepository", "name": "shop" },
        },
        "status": {
            "observedGeneration": 1,
            "lastAttemptedRevision": revision, "lastAppliedRevision": revision,
            "conditions": [{ "type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "Applied" }],
            "history": [{
                "lastReconciled": "2026-11-01T00:00:00Z", "lastReconciledStatus": "ReconciliationSucceeded",
                "metadata": { "revision": revision },
            }],
            "inventory": { "entries": [
                { "id": "shop_web_apps_Deployment", "v": "v1" },
                { "id": "_shop__Namespace", "v": "v1" },
                { "id": "shop_web__Service", "v": "v1" },
                { "id": "shop_gate_assay.dev_TestGate", "v": "v1alpha1" },
                { "id": "broken", "v": "v1" },
            ] },
        },
    })
}

pub(super) fn repository() -> Value {
    json!({
        "metadata": { "name": "shop", "namespace": "flux" },
        "spec": { "url": "ssh://git@git.example/shop.git", "ref": { "branch": "main" } },
        "status": { "artifact": { "revision": format!("main@sha1:{ONE}") } },
    })
}

/// The objects of a cluster.
#[derive(Default)]
pub(super) struct Known(HashMap<(String, String, String), Arc<Value>>);

impl Known {
    pub(super) fn with(mut self, kind: &str, object: Value) -> Self {
        let word = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
        self.0.insert((kind.to_owned(), word("namespace"), word("name")), Arc::new(object));
        self
    }
}

impl Objects for Known {
    fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.0.get(&(kind.to_owned(), namespace.to_owned(), name.to_owned())).cloned()
    }

    fn of_kind(&self, kind: &str) -> Vec<Arc<Value>> {
        self.0.iter().filter(|(name, _)| name.0 == kind).map(|(_, object)| Arc::clone(object)).collect()
    }
}

pub(super) fn flux(kustomization: Value, repository: Value) -> Delivery {
    let known = Known::default().with("Kustomization", kustomization).with("GitRepository", repository);
    find(&known, &reference(DeliveryKind::Kustomization, "web"), "flux").expect("it is there")
}
