//! Before there is a Job: is there a workflow, can it be run, does the cluster
//! take the Job?

use assay_api::{Phase, Reason};
use jiff::Timestamp;

use crate::decision::{Action, Decision, Wake};
use crate::ended::{Judgement, conclude};
use crate::observed::{Observed, Planned, Refusal};
use crate::policy::Policy;
use crate::time::{after, limit_text};

/// The diagnostics that a message repeats; the workflow's own status has them all.
const DIAGNOSTICS_BYTES: usize = 8 * 1024;

/// Decides while no Job was ever made.
pub(crate) fn before_job(observed: &Observed, policy: &Policy, now: Timestamp) -> Decision {
    if let Some(refusal) = &observed.refused {
        return refused(observed, refusal, policy, now);
    }
    match &observed.planned {
        Planned::WorkflowMissing => missing(observed, policy, now),
        Planned::Invalid { reason, diagnostics } => {
            conclude(observed, Judgement::errored(*reason, lines(observed, *reason, diagnostics)), now)
        }
        Planned::Ready(_) => Decision {
            phase: Phase::Starting,
            actions: vec![Action::ApplyObjects],
            ..pending(Reason::Starting, "the Job is created; waiting for its pod")
        },
        Planned::NotAsked => pending(Reason::Accepted, "accepted; the workflow is about to be read"),
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

/// The cluster did not take the Job. What asking again may help (a quota) is
/// asked again, until the pod would have had to start.
fn refused(observed: &Observed, refusal: &Refusal, policy: &Policy, now: Timestamp) -> Decision {
    let until = after(observed.execution.created_at, policy.default_start);
    let message = format!("the cluster refused the Job: {}", refusal.message);
    if refusal.lasting || now >= until {
        return conclude(observed, Judgement::errored(Reason::Refused, message), now);
    }
    Decision { actions: vec![Action::ApplyObjects], wake: Wake::At(until), ..pending(Reason::Refused, &message) }
}

fn pending(reason: Reason, message: &str) -> Decision {
    Decision {
        phase: Phase::Pending,
        verdict: None,
        reason,
        message: message.to_owned(),
        ended_at: None,
        actions: Vec::new(),
        wake: Wake::OnChange,
        troubles: Vec::new(),
        findings: Vec::new(),
    }
}

fn lines(observed: &Observed, reason: Reason, diagnostics: &[String]) -> String {
    let what = match reason {
        Reason::ConfigInvalid => "the values given in `config` are not acceptable".to_owned(),
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
