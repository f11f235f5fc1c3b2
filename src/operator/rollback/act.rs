//! Decisions carried out. What is written to Git stands in the record before this is called.

use assay_api::{DeliveryKind, PullRequest, RevertCommit};
use assay_cluster::Termination;
use assay_git::{Disposition, ForgeClient, GitError, OpenPullRequest, Push, Pushed};
use assay_gitops::{OpenOutcome, PlanOutcome, PlannedCommit, PushOutcome, RollbackAction, RollbackDecision};
use assay_telemetry::error_chain;
use jiff::Timestamp;

use super::controller::Controller;
use super::observe::Observed;
use super::outcomes::Outcomes;
use super::plan::{Told, base, plan, request_of};
use crate::access::Opened;
use crate::failure::LookError;
use crate::gitops::Key;
use crate::refresh::{ask, asked};

/// Labels of pull requests where the grant names none.
const LABELS: [&str; 2] = ["assay", "rollback"];

/// Carries out what was decided. Returns whether something was learned that the next decision needs.
pub(super) async fn act(
    controller: &Controller,
    key: &Key,
    observed: &Observed,
    decision: &RollbackDecision,
) -> Result<(bool, Outcomes), LookError> {
    let mut outcomes = Outcomes::default();
    let mut learned = false;
    for action in &decision.actions {
        match action {
            RollbackAction::Plan(request) => {
                let outcome = plan(controller, observed, request).await;
                outcomes.planned = Some(PlannedCommit { request: request.clone(), outcome });
                learned = true;
            }
            RollbackAction::Push => {
                outcomes.pushed = Some(push(controller, observed, decision).await);
                learned = true;
            }
            RollbackAction::OpenPullRequest => {
                outcomes.opened = Some(open_pull_request(controller, observed, decision).await);
                learned = true;
            }
            RollbackAction::Refresh if controller.may_ask(key) => refresh(controller, key, observed).await,
            RollbackAction::Refresh => {}
            RollbackAction::Unblock(revision) => unblock(controller, key, observed, revision).await,
            RollbackAction::Comment(text) => comment(observed, text).await,
        }
    }
    Ok((learned, outcomes))
}

/// A point at which a test may end the process: something was just done outside of it.
fn done(_what: &str) {
    #[cfg(feature = "crash-points")]
    assay_telemetry::crash::point(_what);
}

/// Pushes what stands in the record, if this process still leads.
async fn push(controller: &Controller, observed: &Observed, decision: &RollbackDecision) -> PushOutcome {
    let facts = &decision.facts;
    let (Some(opened), Some(commit), Some(date)) = (&observed.opened, &facts.commit, facts.decided_at) else {
        return PushOutcome::Unavailable("the record names no commit, or nothing opens the repository".to_owned());
    };
    match controller.git.fence.confirm().await {
        Ok(true) => {}
        Ok(false) => return PushOutcome::Unavailable("this process does not lead any more".to_owned()),
        Err(error) => return PushOutcome::Unavailable(error_chain(&error)),
    }
    let is_new = observed.evidence.spec.source.as_ref().is_none_or(|source| source.branch != commit.branch);
    let expected = (!is_new).then(|| commit.parent.clone());
    let ask = Push { branch: commit.branch.clone(), commit: commit.id.clone(), expected };
    let mut pushed = controller.git.repositories.push(&opened.remote, &ask).await;
    if matches!(pushed, Err(GitError::NoCommit(_))) {
        match made_again(controller, observed, commit, date).await {
            Ok(()) => pushed = controller.git.repositories.push(&opened.remote, &ask).await,
            Err(outcome) => return outcome,
        }
    }
    done("push to Git");
    match pushed {
        Ok(Pushed::Done) => PushOutcome::Done,
        Ok(Pushed::Moved { .. }) => PushOutcome::Moved,
        Ok(Pushed::Refused { why }) => PushOutcome::Refused(why),
        Err(error) => match error.disposition() {
            Disposition::Stalled => PushOutcome::Refused(error_chain(&error)),
            Disposition::Transient | Disposition::Bug => PushOutcome::Unavailable(error_chain(&error)),
        },
    }
}

/// The mirror lost the recorded commit, with its disk or with its room: the same decision gives the same one. If
/// it does not, what led to it is not what it was, and everything is judged anew.
async fn made_again(
    controller: &Controller,
    observed: &Observed,
    commit: &RevertCommit,
    date: Timestamp,
) -> Result<(), PushOutcome> {
    let request = request_of(observed, commit, date);
    match plan(controller, observed, &request).await {
        PlanOutcome::Commit(again) if again.id == commit.id => Ok(()),
        PlanOutcome::Unavailable(why) => Err(PushOutcome::Unavailable(why)),
        PlanOutcome::Commit(_) | PlanOutcome::Nothing | PlanOutcome::Impossible(_) => Err(PushOutcome::Moved),
    }
}

async fn open_pull_request(controller: &Controller, observed: &Observed, decision: &RollbackDecision) -> OpenOutcome {
    let (Some(opened), Some(commit)) = (&observed.opened, &decision.facts.commit) else {
        return OpenOutcome::Unavailable("the record names no commit, or nothing opens the repository".to_owned());
    };
    let forge = match forge(opened) {
        Ok(forge) => forge,
        Err(why) => return OpenOutcome::Refused(why),
    };
    let request = request_of(observed, commit, decision.facts.decided_at.unwrap_or_default());
    let Some(told) = Told::about(controller, observed, &request.entries) else {
        return OpenOutcome::Unavailable("the repository is not known at the moment".to_owned());
    };
    let (title, body) = told.pull_request();
    let base = base(observed.evidence.spec.source.as_ref());
    let labels = opened.labels.clone().unwrap_or_else(|| LABELS.iter().map(|label| (*label).to_owned()).collect());
    let ask = OpenPullRequest { head: commit.branch.clone(), base, title, body, labels };
    let answer = forge.open(&ask).await;
    done("open a pull request");
    match answer {
        Ok(found) => {
            OpenOutcome::Opened(PullRequest { number: found.number, url: found.url, branch: commit.branch.clone() })
        }
        // A forge that does not know yet of a branch that was just pushed says that it is not there.
        Err(error) if matches!(error.status(), Some(404 | 422)) && is_fresh(decision) => {
            OpenOutcome::Unavailable(error_chain(&error))
        }
        Err(error) => match error.disposition() {
            Disposition::Stalled => OpenOutcome::Refused(error_chain(&error)),
            Disposition::Transient | Disposition::Bug => OpenOutcome::Unavailable(error_chain(&error)),
        },
    }
}

/// Whether the decision is only a minute old.
fn is_fresh(decision: &RollbackDecision) -> bool {
    decision.facts.decided_at.is_some_and(|at| Timestamp::now().duration_since(at).as_secs() < 60)
}

fn forge(opened: &Opened) -> Result<&ForgeClient, String> {
    match &opened.forge {
        Ok(Some(forge)) => Ok(forge),
        Ok(None) => Err("the grant names no forge; set its `spec.forge`".to_owned()),
        Err(why) => Err(why.clone()),
    }
}

/// Asks the delivery's controller to look at Git now. Without the right to it looks when its time comes.
async fn refresh(controller: &Controller, key: &Key, observed: &Observed) {
    if !controller.git.refresh {
        return;
    }
    let Some(asked) = observed.evidence.delivery.as_ref().and_then(asked) else { return };
    let asked = ask(&controller.context.cluster, &asked).await;
    if let Err(error) = asked {
        let (namespace, name) = key;
        tracing::warn!(namespace, name, error = error_chain(&error), "the delivery's controller was not asked to look");
    }
}

/// Ends the operation that holds on to the bad revision.
async fn unblock(controller: &Controller, key: &Key, observed: &Observed, revision: &str) {
    let (namespace, name) = key;
    if !controller.git.unblock {
        let words = "the policy asks to end an operation, and the manager may not; set `gitops.unblock` of the chart";
        tracing::warn!(namespace, name, "{words}");
        return;
    }
    let reference = &observed.evidence.spec.delivery;
    if reference.kind != DeliveryKind::Application {
        return;
    }
    let of = reference.namespace.as_deref().unwrap_or(namespace);
    match controller.context.cluster.terminate_operation(of, &reference.name, revision).await {
        Ok(Termination::Asked) => tracing::info!(namespace, name, revision, "ended the operation of the bad revision"),
        Ok(Termination::NotRunning) => {}
        Err(error) => {
            tracing::warn!(namespace, name, error = error_chain(&error), "the operation could not be ended");
        }
    }
}

/// A courtesy.
async fn comment(observed: &Observed, text: &str) {
    let number = observed.evidence.status.pull_request.as_ref().map(|pull_request| pull_request.number);
    let (Some(number), Some(Ok(forge))) = (number, observed.opened.as_ref().map(forge)) else { return };
    if let Err(error) = forge.comment(number, text).await {
        tracing::info!(number, error = error_chain(&error), "the pull request was not commented");
    }
}
