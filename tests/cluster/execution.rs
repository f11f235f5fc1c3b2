//! Reading an execution as a person or a GitOps engine would.

use serde_json::Value;

/// An execution as the cluster gave it.
#[derive(Clone, Debug)]
pub struct Execution(Value);

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
