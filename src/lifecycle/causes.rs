//! What the cluster itself says it did to a Job or a pod.

use assay_api::Reason;

use crate::ended::Judgement;
use crate::job::JobEnd;
use crate::observed::Observed;
use crate::pod::PodFacts;

/// `status.reason` of pods that a kubelet put away, and whether their node did so to save itself.
const PUT_AWAY: [(&str, Reason); 7] = [
    ("Evicted", Reason::PodEvicted),
    ("Preempting", Reason::PodEvicted),
    ("NodeLost", Reason::PodLost),
    ("NodeShutdown", Reason::PodLost),
    ("Shutdown", Reason::PodLost),
    ("Terminated", Reason::PodLost),
    ("UnexpectedAdmissionError", Reason::PodLost),
];

/// Whether, and why, the cluster itself removed the pod.
pub(crate) fn disruption(pod: &PodFacts) -> Option<Judgement> {
    let put_away = pod.reason.as_deref().and_then(|reason| PUT_AWAY.iter().find(|(known, _)| *known == reason));
    if let Some((what, reason)) = put_away {
        let words = pod.message.as_deref().unwrap_or("no reason was given");
        return Some(Judgement::lost(*reason, format!("the node put the pod away ({what}): {words}")));
    }
    if let Some(what) = pod.reason.as_deref().filter(|reason| is_rejection(reason)) {
        let words = pod.message.as_deref().unwrap_or("no reason was given");
        return Some(Judgement::lost(Reason::PodLost, format!("the node did not admit the pod ({what}): {words}")));
    }
    let why = pod.disrupted.as_ref()?;
    let message = format!("the cluster removed the pod: {why}");
    let lost = why.contains("DeletionByTaintManager") || why.contains("DeletionByPodGC");
    Some(Judgement::lost(if lost { Reason::PodLost } else { Reason::PodEvicted }, message))
}

/// The scheduler and the kubelet saw the node differently.
fn is_rejection(reason: &str) -> bool {
    reason.starts_with("OutOf") || matches!(reason, "NodeAffinity" | "NodeName" | "NodePorts" | "TopologyAffinityError")
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
