//! An app of Argo CD in two waves, the gate in the first: the second is applied only when the gate says yes.

use assay_cluster_tests::{Outcome, World};

/// What the second wave brings.
const FILE: &str = "apps/web/later.yaml";

/// The second wave of a version.
pub(crate) fn later(version: &str) -> (String, String) {
    let text = format!(
        "apiVersion: v1
kind: ConfigMap
metadata:
  name: later
  annotations:
    argocd.argoproj.io/sync-wave: \"1\"
data:
  version: \"{version}\"
"
    );
    (FILE.to_owned(), text)
}

/// The version of the second wave that is applied; empty when there is none.
pub(crate) fn applied(world: &World) -> Outcome<String> {
    let get = ["-n", world.name(), "get", "configmap", "later", "--ignore-not-found", "-o", "jsonpath={.data.version}"];
    world.kubectl(&get)
}
