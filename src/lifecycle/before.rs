//! Before there is a Job: is there a workflow, can it be run, does the cluster
//! take the Job?

use assay_api::{Phase, Reason};
use jiff::Timestamp;

use crate::again::hold;
use crate::decision::{Action, Decision, Trouble, Wake};
use crate::ended::{Judgement, conclude};
use crate::observed::{Observed, Planned, Refusal};
use crate::policy::Policy;
use crate::time::{after, limit_text};

/// The diagnostics that a message repeats; the workflow's own status has them all.
const DIAGNOSTICS_BYTES: usize = 8 * 1024;

/// Decides while no Job was ever made.
pub(crate) fn before_job(observed: &Observed, policy: &Policy, now: Timestamp) -> Decision {
    if let Some(decision) = hold(observed, policy, now) {
        return decision;
    }
    match (&observed.planned, &observed.refused) {
        (Planned::WorkflowMissing, _) => missing(observed, policy, now),
        (Planned::Invalid { reason, diagnostics }, _) => {
            conclude(observed, Judgement::errored(*reason, lines(observed, *reason, diagnostics)), now)
        }
        (Planned::Ready(_) | Planned::NotAsked, Some(refusal)) => refused(observed, refusal, policy, now),
        (Planned::Ready(_), None) => Decision {
            actions: vec![Action::ApplyObjects],
            ..Decision::going(Phase::Starting, Reason::Starting, "the Job is created; waiting for its pod")
        },
        (Planned::NotAsked, None) => pending(Reason::Accepted, "accepted; the workflow is about to be read"),
    }
}

fn missing(observed: &Observed, policy: &Policy, now: Timestamp) -> Decision {
    let until = after(observed.execution.created_at, policy.workflow_grace);
    let name = &observed.execution.workflow;
    if now >= until {
        let message = format!("there is no TestWorkflow `{name}` in this namespace");
        return conclude(observed, Judgement::errored(Reason::WorkflowNotFound, message), now);
    }
    let message = format!("there is no TestWorkflow `{name}` yet; waiting {}", limit_text(policy.workflow_grace));
    Decision { wake: Wake::At(until), ..pending(Reason::WorkflowNotFound, &message) }
}

/// The cluster did not take the Job or its ConfigMap. What asking again may help (a quota) is
/// asked again, until the pod would have had to start.
fn refused(observed: &Observed, refusal: &Refusal, policy: &Policy, now: Timestamp) -> Decision {
    let later = observed.execution.attempt > 1;
    let since = if later { observed.since(Trouble::Again, now) } else { observed.execution.created_at };
    let until = after(since, policy.default_start);
    let message = format!("the cluster refused the Job or its ConfigMap: {}", refusal.message);
    if refusal.lasting || now >= until {
        return conclude(observed, Judgement::errored(Reason::Refused, message), now);
    }
    let troubles = if later { vec![Trouble::Again] } else { Vec::new() };
    let decision = pending(Reason::Refused, &message);
    Decision { actions: vec![Action::ApplyObjects], wake: Wake::At(until), troubles, ..decision }
}

fn pending(reason: Reason, message: &str) -> Decision {
    Decision::going(Phase::Pending, reason, message)
}

fn lines(observed: &Observed, reason: Reason, diagnostics: &[String]) -> String {
    let what = match reason {
        Reason::ConfigInvalid => "the values given in `config` are not acceptable".to_owned(),
        Reason::TemplateNotFound => {
            format!("the TestWorkflow `{}` uses what does not exist in its namespace", observed.execution.workflow)
        }
        _ => format!("the TestWorkflow `{}` cannot be run", observed.execution.workflow),
    };
    let mut text = format!("{what}:");
    for (at, line) in diagnostics.iter().enumerate() {
        if text.len() + line.len() > DIAGNOSTICS_BYTES {
            text.push_str(&format!("\nand {} more", diagnostics.len() - at));
            break;
        }
        text.push('\n');
        text.push_str(line);
    }
    text
}
