//! Where an `Application` deploys to.

use serde_json::Value;

use super::fields::text;

/// Whether the Application deploys to another cluster, whose objects cannot be looked at from here.
pub(super) fn elsewhere(object: &Value) -> bool {
    match (text(object, "/spec/destination/server"), text(object, "/spec/destination/name")) {
        (Some(server), _) => server.trim_end_matches('/') != "https://kubernetes.default.svc",
        (None, Some(name)) => name != "in-cluster",
        (None, None) => false,
    }
}
