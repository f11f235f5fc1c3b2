//! kstatus as Flux computes it for a custom resource, for checking against.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Failed,
    Current,
}

pub(super) fn read(generation: i64, observed_generation: i64, conditions: &[Condition]) -> Status {
    if observed_generation != generation {
        return Status::InProgress;
    }
    for condition in conditions {
        match (condition.type_.as_str(), condition.status.as_str()) {
            ("Reconciling", "True") => return Status::InProgress,
            ("Stalled", "True") => return Status::Failed,
            _ => {}
        }
    }
    match conditions.iter().find(|condition| condition.type_ == "Ready").map(|ready| ready.status.as_str()) {
        Some("True") | None => Status::Current,
        Some(_) => Status::InProgress,
    }
}
