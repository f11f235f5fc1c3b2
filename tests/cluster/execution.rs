//! Reading an execution as a person or a GitOps engine would.

use serde_json::Value;

/// An execution as the cluster gave it.
#[derive(Clone, Debug)]
pub struct Execution(Value);

/// What kstatus would say; see the conventions of `cli-utils/pkg/kstatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kstatus {
    /// Still being worked on.
    InProgress,
    /// As wanted.
    Current,
    /// Will not become as wanted by itself.
    Failed,
}

impl Execution {
    /// Reads the JSON of an object.
    ///
    /// # Panics
    /// When it is not JSON: then the cluster's answer is broken.
    pub fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).expect("kubectl prints JSON"))
    }

    /// The whole object.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The text at a JSON pointer; empty when there is none.
    pub fn text(&self, pointer: &str) -> String {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The number at a JSON pointer; 0 when there is none.
    pub fn number(&self, pointer: &str) -> i64 {
        self.0.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
    }

    /// The verdict, once there is one.
    pub fn verdict(&self) -> Option<String> {
        self.0.pointer("/status/verdict").and_then(Value::as_str).map(str::to_owned)
    }

    /// The texts of one field over a list.
    pub fn each(&self, list: &str, field: &str) -> Vec<String> {
        let items = self.0.pointer(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(|item| item.get(field)?.as_str().map(str::to_owned)).collect()
    }
}

/// The generic rules of kstatus for a custom resource: a generation that was
/// not observed, or `Reconciling`, is in progress; `Stalled` has failed; a
/// `Ready` that is not `True` is in progress; all else is current.
pub fn kstatus(object: &Value) -> Kstatus {
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    let observed = object.pointer("/status/observedGeneration").and_then(Value::as_i64);
    if observed.is_some() && observed != generation {
        return Kstatus::InProgress;
    }
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let status = |kind: &str| {
        conditions?.iter().find(|condition| condition["type"] == kind).and_then(|found| found["status"].as_str())
    };
    if status("Reconciling") == Some("True") {
        return Kstatus::InProgress;
    }
    if status("Stalled") == Some("True") {
        return Kstatus::Failed;
    }
    match status("Ready") {
        Some("True") | None => Kstatus::Current,
        Some(_) => Kstatus::InProgress,
    }
}
