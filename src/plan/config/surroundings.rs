//! The names besides parameters.

use std::collections::BTreeMap;

use assay_expr::{Scope, Value};

use crate::Inputs;

/// Facts of an execution that stay the same for all its attempts.
const OF_EXECUTION: [&str; 6] =
    ["execution.id", "execution.name", "execution.namespace", "execution.revision", "namespace", "workflow.name"];

/// The names of an execution. Without one they are known but have no value;
/// what only a running step knows never has one here.
pub(crate) fn surroundings(inputs: Option<&Inputs>) -> Scope {
    let mut scope = Scope::new();
    for prefix in ["env", "steps", "step"] {
        scope.declare_prefix(prefix);
    }
    let Some(inputs) = inputs else {
        OF_EXECUTION.into_iter().for_each(|name| scope.declare(name));
        scope.declare_prefix("workflow.labels");
        return scope;
    };
    scope.set("execution.id", &inputs.uid);
    scope.set("execution.name", &inputs.execution);
    scope.set("execution.namespace", &inputs.namespace);
    scope.set("execution.revision", inputs.revision.as_deref().unwrap_or_default());
    scope.set("namespace", &inputs.namespace);
    scope.set("workflow.name", &inputs.workflow);
    scope.set("workflow.labels", labels(&inputs.workflow_labels));
    scope
}

/// Labels by their key, and by the word that a dotted name can say:
/// `app.kubernetes.io/name` is also `app_kubernetes_io_name`.
fn labels(labels: &BTreeMap<String, String>) -> Value {
    let word = |key: &str| key.replace(['.', '-', '/'], "_");
    let words = labels.iter().map(|(key, value)| (word(key), value));
    let keys = labels.iter().map(|(key, value)| (key.clone(), value));
    Value::Map(words.chain(keys).map(|(key, value)| (key, Value::from(value))).collect())
}
