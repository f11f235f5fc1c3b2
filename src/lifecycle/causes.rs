//! What the cluster itself says it did to a Job or a pod.

use assay_api::Reason;

use crate::ended::Judgement;
use crate::observed::{JobEnd, Observed, PodFacts};

/// Whether, and why, the cluster itself removed the pod.
pub(crate) fn disruption(pod: &PodFacts) -> Option<Judgement> {
    if pod.reason.as_deref() == Some("Evicted") {
        let words = pod.message.as_deref().unwrap_or("no reason was given");
        return Some(Judgement::errored(Reason::PodEvicted, format!("the pod was evicted from its node: {words}")));
    }
    let why = pod.disrupted.as_ref()?;
    let message = format!("the cluster removed the pod: {why}");
    let lost = why.contains("DeletionByTaintManager") || why.contains("DeletionByPodGC");
    Some(Judgement::errored(if lost { Reason::PodLost } else { Reason::PodEvicted }, message))
}

/// The Job's own deadline passed: the backstop behind the runner's.
pub(crate) fn deadline(observed: &Observed) -> Judgement {
    match observed.started_at() {
        Some(_) => Judgement::errored(Reason::ExecutionTimedOut, "the Job ran longer than its deadline"),
        None => Judgement::errored(Reason::StartTimedOut, "the Job's deadline passed before the first step began"),
    }
}

impl JobEnd {
    /// It failed by `activeDeadlineSeconds`.
    pub(crate) fn is_deadline(&self) -> bool {
        !self.complete && self.reason == "DeadlineExceeded"
    }
}
