//! The deadlines of an execution while its Job is there. The runner keeps those
//! of the run itself; here they hold when it does not.

use std::time::Duration;

use assay_api::Reason;
use assay_protocol::Paused;
use jiff::Timestamp;

use crate::decision::Wake;
use crate::ended::Judgement;
use crate::finding::Finding;
use crate::image::awaited_images;
use crate::job::JobFacts;
use crate::observed::Observed;
use crate::policy::Policy;
use crate::record::may_hold_its_word;
use crate::time::{after, limit_text};

/// The clocks of one execution.
pub(crate) struct Clocks<'a> {
    pub(crate) observed: &'a Observed,
    pub(crate) job: &'a JobFacts,
    pub(crate) policy: &'a Policy,
    pub(crate) now: Timestamp,
}

/// A deadline: when it passes, and what is said then.
struct Clock {
    at: Timestamp,
    judgement: Judgement,
}

impl Clocks<'_> {
    /// The judgement by the first deadline that has passed.
    pub(crate) fn passed(&self, findings: &[Finding]) -> Option<Judgement> {
        self.running(findings).into_iter().find(|clock| clock.at <= self.now).map(|clock| clock.judgement)
    }

    /// When the next deadline passes.
    pub(crate) fn next(&self, wake: Wake, findings: &[Finding]) -> Wake {
        self.running(findings).iter().fold(wake, |wake, clock| wake.or_at(clock.at))
    }

    /// The clocks that run now. While an execution holds, only that of the pause does.
    fn running(&self, findings: &[Finding]) -> Vec<Clock> {
        let paused = self.observed.run.as_ref().and_then(|run| run.paused.as_ref());
        if let Some(paused) = paused {
            return vec![self.pause(paused)];
        }
        match self.observed.started_at() {
            Some(started_at) => self.execution(started_at).into_iter().collect(),
            None if may_hold_its_word(self.observed) && self.observed.may_have_begun() => vec![self.unheard()],
            None => {
                [self.queue(findings), self.image_pull(), Some(self.start(findings))].into_iter().flatten().collect()
            }
        }
    }

    fn pause(&self, paused: &Paused) -> Clock {
        let limit = self.job.deadlines.pause.unwrap_or(self.policy.default_pause);
        let message =
            format!("held before `{}` for more than {}, and its runner did not end it", paused.step, limit_text(limit));
        let at = after(after(paused.since, limit), self.policy.deadline_slack);
        Clock { at, judgement: Judgement::errored(Reason::PauseTimedOut, message) }
    }

    fn execution(&self, started_at: Timestamp) -> Option<Clock> {
        let limit = self.job.deadlines.execution?;
        let at = after(after(after(started_at, limit), self.paused()), self.policy.deadline_slack);
        let message = format!("the execution ran longer than {}, and its runner did not end it", limit_text(limit));
        Some(Clock { at, judgement: Judgement::errored(Reason::ExecutionTimedOut, message) })
    }

    /// Nobody knows whether a step began, because the store cannot be asked:
    /// all deadlines together are long over.
    fn unheard(&self) -> Clock {
        let limit = self.job.deadlines.execution.unwrap_or(self.policy.default_execution);
        let started_at = after(self.job.created_at, self.start_limit());
        let at = after(after(started_at, limit), self.policy.deadline_slack);
        let limit = limit_text(limit);
        let message =
            format!("nothing was heard of the execution for more than {limit}, and the store cannot be asked");
        Clock { at, judgement: Judgement::errored(Reason::ExecutionTimedOut, message) }
    }

    /// Until a node takes the pod.
    fn queue(&self, findings: &[Finding]) -> Option<Clock> {
        let pod = self.observed.pod();
        if pod.is_some_and(|pod| pod.taken_at().is_some()) {
            return None;
        }
        let limit = self.job.deadlines.queue.unwrap_or(self.start_limit());
        let (reason, words) = match pod {
            Some(pod) => {
                let words = pod.unschedulable.clone().or_else(|| pod.words.clone());
                (Reason::QueueTimedOut, words.unwrap_or_else(|| "the scheduler does not say why".to_owned()))
            }
            None => {
                let refused = findings.iter().any(|finding| matches!(finding, Finding::Slow { .. }));
                let reason = if refused { Reason::Refused } else { Reason::QueueTimedOut };
                (reason, words(findings).unwrap_or("there is no pod").to_owned())
            }
        };
        let message = format!("no node took the pod within {}: {words}", limit_text(limit));
        Some(Clock { at: after(self.job.created_at, limit), judgement: Judgement::errored(reason, message) })
    }

    /// From then on until all images are there.
    fn image_pull(&self) -> Option<Clock> {
        let pod = self.observed.pod()?;
        let (taken_at, words) = (pod.taken_at()?, awaited_images(pod)?);
        // Without a limit of its own, that of the start is the earlier one.
        let start = self.start_limit();
        let own = self.job.deadlines.image_pull.map(|limit| (after(taken_at, limit), limit));
        let whole = (after(self.job.created_at, start), start);
        let (at, limit) = own.filter(|own| own.0 < whole.0).unwrap_or(whole);
        let message = format!("the images were not there within {}: {words}", limit_text(limit));
        Some(Clock { at, judgement: Judgement::errored(Reason::ImagePullTimedOut, message) })
    }

    fn start(&self, findings: &[Finding]) -> Clock {
        let limit = self.start_limit();
        let words = words(findings).map_or_else(|| self.last_words(), str::to_owned);
        let message = format!("no step began within {}: {words}", limit_text(limit));
        let at = after(after(self.job.created_at, limit), self.paused());
        Clock { at, judgement: Judgement::errored(Reason::StartTimedOut, message) }
    }

    fn start_limit(&self) -> Duration {
        self.job.deadlines.start.unwrap_or(self.policy.default_start)
    }

    /// Time spent in pauses that are over.
    fn paused(&self) -> Duration {
        Duration::from_millis(self.observed.run.as_ref().map_or(0, |run| run.paused_ms))
    }

    fn last_words(&self) -> String {
        match self.observed.pod() {
            Some(pod) => format!("the pod `{}` is {}", pod.name, if pod.phase.is_empty() { "new" } else { &pod.phase }),
            None => "there is no pod".to_owned(),
        }
    }
}

fn words(findings: &[Finding]) -> Option<&str> {
    findings.iter().find_map(Finding::words)
}
