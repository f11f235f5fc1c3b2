//! An app of Argo CD with its gate in the last wave and something that comes after all waves: that is applied only
//! when the gate says yes, and the operation waits for it.

use assay_cluster_tests::{Outcome, World};

/// What comes afterwards.
const FILE: &str = "apps/web/later.yaml";

/// What comes after the waves of a version.
pub(crate) fn later(version: &str) -> (String, String) {
    let text = format!(
        "apiVersion: v1
kind: ConfigMap
metadata:
  name: later
  annotations:
    argocd.argoproj.io/hook: PostSync
data:
  version: \"{version}\"
"
    );
    (FILE.to_owned(), text)
}

/// The version of what came afterwards; empty when nothing did.
pub(crate) fn applied(world: &World) -> Outcome<String> {
    let get = ["-n", world.name(), "get", "configmap", "later", "--ignore-not-found", "-o", "jsonpath={.data.version}"];
    world.kubectl(&get)
}
