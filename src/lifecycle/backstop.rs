//! What Job and pods say when the runner does not: the backstop behind the
//! runner's own word.

use assay_api::{Phase, Reason};
use jiff::Timestamp;

use crate::causes::{deadline, disruption};
use crate::decision::{Decision, Trouble, Wake};
use crate::ended::{Judgement, conclude};
use crate::image::{Flaw, flaw};
use crate::observed::{ContainerFacts, ContainerState, JobFacts, Observed, PodFacts, Role};
use crate::policy::Policy;
use crate::time::{after, between, limit_text};

/// One thing that stands in the way of a result.
enum Finding {
    /// No result can come any more.
    Broken(Judgement),
    /// It is waited out until a moment; then it is [`Finding::Broken`].
    Patient { trouble: Trouble, until: Timestamp, reason: Reason, message: String },
    /// It may pass until the deadline of the start, which then ends with this reason.
    Slow { now: Reason, at_deadline: Reason, message: String },
}

/// Decides while the Job is there, or was.
pub(crate) fn with_job(observed: &Observed, policy: &Policy, now: Timestamp) -> Decision {
    let look = Look { observed, policy, now };
    let mut findings = look.findings();
    if let Some(at) = findings.iter().position(|finding| matches!(finding, Finding::Broken(_)))
        && let Finding::Broken(judgement) = findings.swap_remove(at)
    {
        return conclude(observed, judgement, now);
    }
    if let Some(judgement) = look.deadlines(&findings) {
        return conclude(observed, judgement, now);
    }
    look.going(&findings)
}

struct Look<'a> {
    observed: &'a Observed,
    policy: &'a Policy,
    now: Timestamp,
}

impl Look<'_> {
    /// Everything that stands in the way, the gravest words first.
    fn findings(&self) -> Vec<Finding> {
        let pod = self.observed.pod();
        let mut findings = Vec::new();
        match &self.observed.job {
            Some(job) if job.foreign => return vec![foreign(self.observed)],
            Some(job) => findings.extend(self.job_over(job, pod)),
            None => findings.push(self.silence(Reason::PodLost, "the Job was deleted")),
        }
        match pod {
            Some(pod) => self.pod_findings(pod, &mut findings),
            None => findings.extend(self.no_pod()),
        }
        findings
    }

    fn job_over(&self, job: &JobFacts, pod: Option<&PodFacts>) -> Option<Finding> {
        let end = job.end.as_ref()?;
        if end.is_deadline() {
            return Some(Finding::Broken(deadline(self.observed)));
        }
        let (reason, what) = if end.complete {
            (Reason::RunnerLost, "the pod completed, but its runner left no result".to_owned())
        } else if pod.is_none_or(|pod| pod.deleted_at.is_some()) {
            (Reason::PodLost, format!("the pod is gone: {}", end.message))
        } else {
            (Reason::RunnerLost, format!("the runner ended without a result: {}", end.message))
        };
        Some(self.silence(reason, &what))
    }

    fn pod_findings(&self, pod: &PodFacts, findings: &mut Vec<Finding>) {
        let over = matches!(pod.phase.as_str(), "Failed" | "Succeeded");
        if over && let Some(judgement) = disruption(pod) {
            findings.push(Finding::Broken(judgement));
        }
        findings.extend(pod.containers.iter().filter_map(|container| self.container(container)));
        if over {
            let words = pod.message.as_deref().map(|words| format!(": {words}")).unwrap_or_default();
            findings.push(self.silence(Reason::RunnerLost, &format!("the pod ended without a result{words}")));
        } else if pod.deleted_at.is_some() {
            findings.push(self.leaving(pod));
        } else if let Some(words) = &pod.unschedulable {
            let message = format!("no node takes the pod: {words}");
            findings.push(slow(Reason::Unschedulable, Reason::StartTimedOut, message));
        } else if let Some(words) = &pod.words {
            findings.push(slow(Reason::Starting, Reason::StartTimedOut, format!("the pod does not start: {words}")));
        }
    }

    fn container(&self, container: &ContainerFacts) -> Option<Finding> {
        if let Some(flaw) = flaw(container) {
            return Some(self.flaw(flaw, container.role));
        }
        match &container.state {
            ContainerState::Terminated { exit_code, .. } if container.role == Role::Leader => {
                let message = format!("the runner ended with exit code {exit_code} and without a result");
                Some(self.silence(Reason::RunnerLost, &message))
            }
            _ => None,
        }
    }

    fn flaw(&self, flaw: Flaw, role: Role) -> Finding {
        let policy = self.policy;
        match flaw {
            Flaw::ImageNever(message) => broken(Reason::ImagePullFailed, message),
            Flaw::ImageRefused { backing_off: true, message } => broken(Reason::ImagePullFailed, message),
            Flaw::ImageRefused { message, .. } => {
                self.patient(Trouble::Image, policy.image_grace, Reason::ImagePullFailed, Reason::PullingImage, message)
            }
            Flaw::ImageSlow(message) => slow(Reason::PullingImage, Reason::ImagePullFailed, message),
            Flaw::Create(message) => {
                let failed = Reason::ContainerCreateFailed;
                self.patient(Trouble::Container, policy.create_grace, failed, Reason::Starting, message)
            }
            Flaw::Start(message) => broken(Reason::ContainerCreateFailed, message),
            Flaw::Memory(message) => broken(Reason::OutOfMemory, message),
            Flaw::Died(message) => {
                let reason = if role == Role::Install { Reason::ContainerCreateFailed } else { Reason::RunnerLost };
                self.patient(Trouble::Group, policy.silence_grace, reason, Reason::ProgressingWithRetry, message)
            }
        }
    }

    fn no_pod(&self) -> Option<Finding> {
        let job = self.observed.job.as_ref().filter(|job| job.end.is_none())?;
        if between(job.created_at, self.now) < self.policy.pod_grace {
            return None;
        }
        let words = job.words.as_deref().unwrap_or("the Job controller does not say why");
        let message = format!("the cluster does not create the pod: {words}");
        Some(slow(Reason::Refused, Reason::Refused, message))
    }

    /// Somebody deletes the pod; the Job will end by it.
    fn leaving(&self, pod: &PodFacts) -> Finding {
        let (reason, message) = match &pod.disrupted {
            Some(why) => (Reason::PodEvicted, format!("the cluster removes the pod: {why}")),
            None => (Reason::PodLost, format!("the pod `{}` was deleted", pod.name)),
        };
        self.patient(Trouble::Leaving, self.policy.cancel_limit, reason, Reason::ProgressingWithRetry, message)
    }

    /// It is over, and the runner may have spoken to somebody who was away.
    fn silence(&self, reason: Reason, message: &str) -> Finding {
        let grace = self.policy.silence_grace;
        self.patient(Trouble::Silence, grace, reason, Reason::ProgressingWithRetry, message.to_owned())
    }

    fn patient(
        &self,
        trouble: Trouble,
        wait: std::time::Duration,
        then: Reason,
        reason: Reason,
        message: String,
    ) -> Finding {
        let until = after(self.observed.since(trouble, self.now), wait);
        if self.now >= until {
            return broken(then, message);
        }
        Finding::Patient { trouble, until, reason, message }
    }

    fn start_limit(&self) -> std::time::Duration {
        let known = self.observed.job.as_ref().and_then(|job| job.start_timeout);
        known.unwrap_or(self.policy.default_start)
    }

    /// The deadlines that hold whatever else is found.
    fn deadlines(&self, findings: &[Finding]) -> Option<Judgement> {
        let job = self.observed.job.as_ref()?;
        if let Some(started_at) = self.observed.started_at() {
            let limit = job.execution_timeout?;
            let passed = self.now >= after(after(started_at, limit), self.policy.deadline_slack);
            let message = format!("the execution ran longer than {}, and its runner did not end it", limit_text(limit));
            return passed.then(|| Judgement::errored(Reason::ExecutionTimedOut, message));
        }
        let limit = self.start_limit();
        if self.now < after(job.created_at, limit) {
            return None;
        }
        let cause = findings.iter().find_map(|finding| match finding {
            Finding::Slow { at_deadline, message, .. } => Some((*at_deadline, message.clone())),
            Finding::Patient { message, .. } => Some((Reason::StartTimedOut, message.clone())),
            Finding::Broken(_) => None,
        });
        let (reason, words) = cause.unwrap_or_else(|| (Reason::StartTimedOut, self.last_words()));
        Some(Judgement::errored(reason, format!("no step began within {}: {words}", limit_text(limit))))
    }

    fn last_words(&self) -> String {
        match self.observed.pod() {
            Some(pod) => format!("the pod `{}` is {}", pod.name, if pod.phase.is_empty() { "new" } else { &pod.phase }),
            None => "there is no pod".to_owned(),
        }
    }

    /// Nothing is wrong enough: say what is going on, and when to look again.
    fn going(&self, findings: &[Finding]) -> Decision {
        let started_at = self.observed.started_at();
        let phase = started_at.map_or(Phase::Starting, |_| Phase::Running);
        let (reason, message) = self.words(findings, started_at.is_some());
        let troubles = findings.iter().filter_map(|finding| match finding {
            Finding::Patient { trouble, .. } => Some(*trouble),
            _ => None,
        });
        Decision {
            phase,
            verdict: None,
            reason,
            message,
            ended_at: None,
            actions: Vec::new(),
            wake: self.wake(findings),
            troubles: troubles.collect(),
            findings: findings.iter().map(Finding::text).collect(),
        }
    }

    fn words(&self, findings: &[Finding], started: bool) -> (Reason, String) {
        let grave = findings.iter().find_map(|finding| match finding {
            Finding::Patient { reason, message, .. } => Some((*reason, message.clone())),
            Finding::Slow { now, message, .. } if !started => Some((*now, message.clone())),
            _ => None,
        });
        grave.unwrap_or_else(|| match (started, self.observed.pod()) {
            (true, _) => (Reason::Running, "steps are running".to_owned()),
            (false, Some(_)) => (Reason::Starting, "the pod is starting".to_owned()),
            (false, None) => (Reason::Starting, "the Job is created; waiting for its pod".to_owned()),
        })
    }

    fn wake(&self, findings: &[Finding]) -> Wake {
        let mut wake = Wake::OnChange;
        for finding in findings {
            if let Finding::Patient { until, .. } = finding {
                wake = wake.or_at(*until);
            }
        }
        let Some(job) = &self.observed.job else { return wake };
        if let Some(started_at) = self.observed.started_at() {
            return match job.execution_timeout {
                Some(limit) => wake.or_at(after(after(started_at, limit), self.policy.deadline_slack)),
                None => wake,
            };
        }
        let looked_into = after(job.created_at, self.policy.pod_grace);
        if self.now < looked_into {
            wake = wake.or_at(looked_into);
        }
        wake.or_at(after(job.created_at, self.start_limit()))
    }
}

impl Finding {
    fn text(&self) -> String {
        match self {
            Self::Broken(_) => "no result can come".to_owned(),
            Self::Patient { message, .. } | Self::Slow { message, .. } => message.clone(),
        }
    }
}

fn foreign(observed: &Observed) -> Finding {
    let name = &observed.execution.job_name;
    broken(Reason::Refused, format!("a Job named `{name}` exists already and belongs to something else"))
}

fn broken(reason: Reason, message: String) -> Finding {
    Finding::Broken(Judgement::errored(reason, message))
}

fn slow(now: Reason, at_deadline: Reason, message: String) -> Finding {
    Finding::Slow { now, at_deadline, message }
}
