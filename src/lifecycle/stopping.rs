//! Somebody asked for the execution to stop.

use assay_api::{Phase, Reason};
use jiff::Timestamp;

use crate::decision::{Action, Decision, Wake};
use crate::ended::{Judgement, conclude};
use crate::observed::Observed;
use crate::policy::Policy;
use crate::time::after;

/// Deletes the Job, which gives the runner its time to stop and to speak; the
/// Job's deletion is the clock after which we speak for it.
pub(crate) fn stopping(observed: &Observed, policy: &Policy, now: Timestamp) -> Decision {
    let Some(job) = &observed.job else {
        let message = if observed.had_job() { "cancelled" } else { "cancelled before it started" };
        return conclude(observed, Judgement::cancelled(message), now);
    };
    if job.foreign {
        return conclude(observed, Judgement::cancelled("cancelled before it started"), now);
    }
    let Some(deleted_at) = job.deleted_at else {
        let actions = vec![Action::DeleteJob { name: observed.execution.job_name.clone(), foreground: true }];
        return going(observed, actions, after(now, policy.cancel_limit));
    };
    let until = after(deleted_at, policy.cancel_limit);
    if now >= until {
        return conclude(observed, Judgement::cancelled("cancelled; the runner did not answer"), now);
    }
    going(observed, Vec::new(), until)
}

fn going(observed: &Observed, actions: Vec<Action>, until: Timestamp) -> Decision {
    let phase = observed.started_at().map_or(Phase::Starting, |_| Phase::Running);
    let message = "being cancelled: the steps are told to stop";
    Decision { actions, wake: Wake::At(until), ..Decision::going(phase, Reason::Cancelled, message) }
}
