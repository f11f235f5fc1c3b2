//! What Job and pods say when the runner does not: the backstop behind the
//! runner's own word.

use assay_api::{Phase, Reason};
use jiff::Timestamp;

use crate::again::judge;
use crate::causes::{deadline, disruption};
use crate::clocks::Clocks;
use crate::decision::{Decision, Trouble, Wake};
use crate::ended::Judgement;
use crate::finding::Finding;
use crate::image::{Flaw, flaw};
use crate::job::JobFacts;
use crate::observed::Observed;
use crate::pod::{ContainerFacts, ContainerState, PodFacts, Role};
use crate::policy::Policy;
use crate::record::may_hold_its_word;
use crate::time::{after, between};

/// Decides while the Job is there, or was.
pub(crate) fn with_job(observed: &Observed, policy: &Policy, now: Timestamp) -> Decision {
    let look = Look { observed, policy, now };
    let mut findings = look.findings();
    if let Some(at) = findings.iter().position(|finding| matches!(finding, Finding::Broken(_)))
        && let Finding::Broken(judgement) = findings.swap_remove(at)
    {
        return judge(observed, judgement, policy, now);
    }
    let clocks = observed.job.as_ref().map(|job| Clocks { observed, job, policy, now });
    if let Some(judgement) = clocks.as_ref().and_then(|clocks| clocks.passed(&findings)) {
        return judge(observed, judgement, policy, now);
    }
    look.going(&findings, clocks.as_ref())
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
            // Who deletes the Job means the execution; it is not made again.
            None => findings.push(self.silence(Judgement::errored(Reason::PodLost, "the Job was deleted"))),
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
        Some(self.silence(Judgement::lost(reason, what)))
    }

    fn pod_findings(&self, pod: &PodFacts, findings: &mut Vec<Finding>) {
        let over = pod.is_over();
        if over && let Some(judgement) = disruption(pod) {
            findings.push(Finding::Broken(judgement));
        }
        findings.extend(pod.containers.iter().filter_map(|container| self.container(container)));
        if over {
            let words = pod.message.as_deref().map(|words| format!(": {words}")).unwrap_or_default();
            let message = format!("the pod ended without a result{words}");
            findings.push(self.silence(Judgement::lost(Reason::RunnerLost, message)));
        } else if pod.deleted_at.is_some() {
            findings.push(self.leaving(pod));
        } else if let Some(words) = &pod.unschedulable {
            findings.push(Finding::slow(Reason::Unschedulable, format!("no node takes the pod: {words}")));
        } else if let Some(words) = &pod.words {
            findings.push(Finding::slow(Reason::Starting, format!("the pod does not start: {words}")));
        }
    }

    fn container(&self, container: &ContainerFacts) -> Option<Finding> {
        if let Some(flaw) = flaw(container) {
            return Some(self.flaw(flaw, container.role));
        }
        match &container.state {
            ContainerState::Terminated { exit_code, .. } if container.role == Role::Leader => {
                let message = format!("the runner ended with exit code {exit_code} and without a result");
                Some(self.silence(Judgement::lost(Reason::RunnerLost, message)))
            }
            _ => None,
        }
    }

    fn flaw(&self, flaw: Flaw, role: Role) -> Finding {
        let policy = self.policy;
        match flaw {
            Flaw::ImageNever(message) => Finding::broken(Reason::ImagePullFailed, message),
            Flaw::ImageRefused { backing_off: true, message } => Finding::broken(Reason::ImagePullFailed, message),
            Flaw::ImageRefused { message, .. } => {
                let judgement = Judgement::errored(Reason::ImagePullFailed, message);
                self.patient(Trouble::Image, policy.image_grace, Reason::PullingImage, judgement)
            }
            Flaw::ImageSlow(message) => Finding::slow(Reason::PullingImage, message),
            Flaw::Create(message) => {
                let judgement = Judgement::errored(Reason::ContainerCreateFailed, message);
                self.patient(Trouble::Container, policy.create_grace, Reason::Starting, judgement)
            }
            Flaw::Start(message) => Finding::broken(Reason::ContainerCreateFailed, message),
            Flaw::Memory(message) => Finding::broken(Reason::OutOfMemory, message),
            Flaw::Died(message) => {
                let judgement = match role {
                    Role::Install => Judgement::errored(Reason::ContainerCreateFailed, message),
                    _ => Judgement::lost(Reason::RunnerLost, message),
                };
                self.patient(Trouble::Group, policy.silence_grace, Reason::ProgressingWithRetry, judgement)
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
        Some(Finding::slow(Reason::Refused, message))
    }

    /// Somebody deletes the pod; the Job will end by it.
    fn leaving(&self, pod: &PodFacts) -> Finding {
        let judgement = match &pod.disrupted {
            Some(why) => Judgement::lost(Reason::PodEvicted, format!("the cluster removes the pod: {why}")),
            None => Judgement::lost(Reason::PodLost, format!("the pod `{}` was deleted", pod.name)),
        };
        self.patient(Trouble::Leaving, self.policy.cancel_limit, Reason::ProgressingWithRetry, judgement)
    }

    /// It is over, and the runner may have spoken to somebody who was away.
    fn silence(&self, judgement: Judgement) -> Finding {
        let policy = self.policy;
        let grace = if may_hold_its_word(self.observed) { policy.store_grace } else { policy.silence_grace };
        self.patient(Trouble::Silence, grace, Reason::ProgressingWithRetry, judgement)
    }

    fn patient(&self, trouble: Trouble, wait: std::time::Duration, reason: Reason, judgement: Judgement) -> Finding {
        let until = after(self.observed.since(trouble, self.now), wait);
        if self.now >= until {
            return Finding::Broken(judgement);
        }
        Finding::Patient { trouble, until, reason, message: judgement.message }
    }

    /// Nothing is wrong enough: say what is going on, and when to look again.
    fn going(&self, findings: &[Finding], clocks: Option<&Clocks<'_>>) -> Decision {
        let (phase, reason, message) = self.words(findings);
        let troubles = findings.iter().filter_map(|finding| match finding {
            Finding::Patient { trouble, .. } => Some(*trouble),
            _ => None,
        });
        Decision {
            wake: self.wake(findings, clocks),
            troubles: troubles.collect(),
            findings: findings.iter().filter_map(Finding::words).map(str::to_owned).collect(),
            ..Decision::going(phase, reason, message)
        }
    }

    fn words(&self, findings: &[Finding]) -> (Phase, Reason, String) {
        let observed = self.observed;
        let paused = observed.run.as_ref().and_then(|run| run.paused.as_ref());
        let started = observed.started_at().is_some();
        let phase = match (paused, started) {
            (Some(_), _) => Phase::Paused,
            (None, true) => Phase::Running,
            (None, false) => Phase::Starting,
        };
        let grave = findings.iter().find_map(|finding| match finding {
            Finding::Patient { reason, message, .. } => Some((*reason, message.clone())),
            Finding::Slow { reason, message } if !started && paused.is_none() => Some((*reason, message.clone())),
            _ => None,
        });
        let (reason, message) = grave.unwrap_or_else(|| match (paused, started, observed.pod()) {
            (Some(paused), ..) => {
                let message = format!("holds before `{0}` until somebody adds `{0}` to `spec.resume`", paused.step);
                (Reason::Paused, message)
            }
            (None, true, _) if observed.execution.pause => {
                (Reason::Running, "steps are running; it holds before the next one".to_owned())
            }
            (None, true, _) => (Reason::Running, "steps are running".to_owned()),
            (None, false, Some(_)) => (Reason::Starting, "the pod is starting".to_owned()),
            (None, false, None) => (Reason::Starting, "the Job is created; waiting for its pod".to_owned()),
        });
        (phase, reason, message)
    }

    fn wake(&self, findings: &[Finding], clocks: Option<&Clocks<'_>>) -> Wake {
        let mut wake = Wake::OnChange;
        for finding in findings {
            if let Finding::Patient { until, .. } = finding {
                wake = wake.or_at(*until);
            }
        }
        let Some(clocks) = clocks else { return wake };
        let looked_into = after(clocks.job.created_at, self.policy.pod_grace);
        if self.now < looked_into && self.observed.started_at().is_none() {
            wake = wake.or_at(looked_into);
        }
        clocks.next(wake, findings)
    }
}

fn foreign(observed: &Observed) -> Finding {
    let name = &observed.execution.job_name;
    let message = format!("a Job named `{name}` exists already and belongs to something else");
    Finding::broken(Reason::Refused, message)
}
