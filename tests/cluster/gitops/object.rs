//! Reading an object of the cluster at places named by JSON pointers.

use serde_json::Value;

/// An object as the cluster gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct Object(pub Value);

impl Object {
    /// The text at a JSON pointer; empty when there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The number at a JSON pointer; 0 when there is none.
    pub fn number(&self, pointer: &str) -> i64 {
        self.0.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
    }

    /// The list at a JSON pointer; empty when there is none.
    pub fn list(&self, pointer: &str) -> &[Value] {
        self.0.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// `True`, `False` or `Unknown` of a condition; empty when it is not there.
    pub fn condition(&self, kind: &str) -> &str {
        let conditions = self.list("/status/conditions");
        let found = conditions.iter().find(|condition| condition["type"] == kind);
        found.and_then(|condition| condition["status"].as_str()).unwrap_or_default()
    }

    /// What a guard answered in the record of a rollback, and why.
    pub fn guard(&self, guard: &str) -> Option<(String, String)> {
        let finding = self.list("/status/findings").iter().find(|finding| finding["guard"] == guard)?;
        let text = |field: &str| finding[field].as_str().unwrap_or_default().to_owned();
        Some((text("answer"), text("message")))
    }

    /// All answers of guards other than `Pass`, for people.
    pub fn objections(&self) -> Vec<String> {
        let findings = self.list("/status/findings").iter().filter(|finding| finding["answer"] != "Pass");
        findings.map(|finding| format!("{}: {} {}", finding["guard"], finding["answer"], finding["message"])).collect()
    }
}
