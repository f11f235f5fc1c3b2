//! kstatus as Flux computes it for a custom resource, for checking against.

use assay_api::TestGateStatus;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Failed,
    Current,
}

pub(super) fn read(generation: i64, status: &TestGateStatus) -> Status {
    if status.observed_generation != generation {
        return Status::InProgress;
    }
    for condition in &status.conditions {
        match (condition.type_.as_str(), condition.status.as_str()) {
            ("Reconciling", "True") => return Status::InProgress,
            ("Stalled", "True") => return Status::Failed,
            _ => {}
        }
    }
    match status.conditions.iter().find(|condition| condition.type_ == "Ready").map(|ready| ready.status.as_str()) {
        Some("True") | None => Status::Current,
        Some(_) => Status::InProgress,
    }
}
