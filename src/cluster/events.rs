//! Kubernetes Events: few, for people, never data.

use assay_api::Reason;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Resource;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};

use crate::connect::{Cluster, within};
use crate::error::ClusterError;

/// How `kubectl describe` shows an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// As it should be.
    Normal,
    /// Somebody may want to look.
    Warning,
}

/// Longest note that the API server accepts, in bytes.
const NOTE: usize = 1024;

/// Publishes events as one instance of one process.
#[derive(Clone)]
pub struct Events {
    recorder: Recorder,
}

impl Cluster {
    /// Publisher of events; `instance` is usually the pod's name.
    pub fn events(&self, instance: &str) -> Events {
        let mut recorders = self.inner.recorders.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let recorder = recorders.entry(instance.to_owned()).or_insert_with(|| {
            let reporter = Reporter { controller: self.inner.field.clone(), instance: Some(instance.to_owned()) };
            Recorder::new(self.client.clone(), reporter)
        });
        Events { recorder: recorder.clone() }
    }
}

impl Events {
    /// Says `note` of an object. `action` is what was done, in one word.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses. An event is a courtesy: log the error and go on.
    pub async fn publish<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        kind: EventKind,
        reason: Reason,
        action: &str,
        note: &str,
    ) -> Result<(), ClusterError> {
        self.publish_about(&object.object_ref(&()), kind, reason, action, note).await
    }

    /// The same of an object that is only known by reference.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses. An event is a courtesy: log the error and go on.
    pub async fn publish_about(
        &self,
        object: &ObjectReference,
        kind: EventKind,
        reason: Reason,
        action: &str,
        note: &str,
    ) -> Result<(), ClusterError> {
        let event = Event {
            type_: match kind {
                EventKind::Normal => EventType::Normal,
                EventKind::Warning => EventType::Warning,
            },
            reason: reason.as_str().to_owned(),
            note: Some(shorten(note, NOTE)),
            action: action.to_owned(),
            secondary: None,
        };
        within("publish an event", self.recorder.publish(&event, object)).await
    }
}

fn shorten(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit - "…".len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_fit_and_stay_text() {
        assert_eq!(shorten("short", NOTE), "short");
        for text in ["a".repeat(5000), "ä".repeat(5000), "日本".repeat(900)] {
            let note = shorten(&text, NOTE);
            assert!(note.len() <= NOTE && note.ends_with('…'));
        }
    }
}
