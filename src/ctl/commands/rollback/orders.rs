//! Approving, holding and letting go on: annotations, since the record itself never changes.

use assay_api::names::{ANNOTATION_APPROVE, ANNOTATION_PAUSE_ROLLBACK, FIELD_MANAGER_CLI};
use assay_api::{Reason, Rollback, RollbackStatus, TestGate};
use clap::Args as ClapArgs;
use clap_complete::engine::ArgValueCompleter;
use serde_json::{Value, json};

use crate::complete;
use crate::exit;
use crate::failure::Failure;
use crate::names;
use crate::output::screen::Screen;
use crate::output::terminal::plain;
use crate::place::Place;
use crate::program::called;
use crate::remote::session::Session;

/// Arguments of `rollback approve`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Approve {
    /// Name of the rollback.
    #[arg(value_parser = names::rollback, add = ArgValueCompleter::new(complete::rollbacks))]
    name: String,
}

/// Arguments of `rollback pause` and `rollback resume`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Hold {
    /// Name of the rollback.
    #[arg(
        required_unless_present = "gate",
        value_parser = names::rollback,
        add = ArgValueCompleter::new(complete::rollbacks)
    )]
    name: Option<String>,
    /// All rollbacks of this gate, those to come included.
    #[arg(
        long,
        conflicts_with = "name",
        value_parser = names::gate,
        add = ArgValueCompleter::new(complete::gates)
    )]
    gate: Option<String>,
}

/// Approves a rollback.
///
/// # Errors
/// When it does not exist, waits for nobody, or may not be approved.
pub(super) async fn approve(place: &Place, task: &Approve, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let rollback: Rollback = session.named(&task.name).await?;
    approvable(&rollback)?;
    let patch = annotated(ANNOTATION_APPROVE, Some("true"));
    session
        .cluster
        .merge_patch::<Rollback>(&session.namespace, &task.name, &patch, FIELD_MANAGER_CLI)
        .await
        .map_err(lacks_the_right)?;
    let status = rollback.status.unwrap_or_default();
    let what = status.commit.map(|commit| format!(": {} on {}", plain(&commit.subject), plain(&commit.branch)));
    screen.line(&format!("rollback.assay.dev/{} is approved{}", task.name, what.unwrap_or_default()))?;
    Ok(exit::PASSED)
}

/// Holds a rollback, or all of a gate.
///
/// # Errors
/// When it does not exist, is over, or may not be held.
pub(super) async fn pause(place: &Place, task: &Hold, screen: &mut Screen) -> Result<u8, Failure> {
    order(place, task, Some("true"), "is held: nothing is written until it is resumed", screen).await
}

/// Lets a rollback, or all of a gate, go on.
///
/// # Errors
/// When it does not exist, is over, or may not be changed.
pub(super) async fn resume(place: &Place, task: &Hold, screen: &mut Screen) -> Result<u8, Failure> {
    order(place, task, None, "goes on: every guard is asked again", screen).await
}

async fn order(
    place: &Place,
    task: &Hold,
    value: Option<&str>,
    said: &str,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let patch = annotated(ANNOTATION_PAUSE_ROLLBACK, value);
    let object = match (&task.name, &task.gate) {
        (Some(name), _) => {
            let rollback: Rollback = session.named(name).await?;
            running(name, &rollback.status.unwrap_or_default())?;
            let changed =
                session.cluster.merge_patch::<Rollback>(&session.namespace, name, &patch, FIELD_MANAGER_CLI).await;
            changed.map_err(lacks_the_right)?;
            format!("rollback.assay.dev/{name}")
        }
        (None, Some(gate)) => {
            session.named::<TestGate>(gate).await?;
            session.cluster.merge_patch::<TestGate>(&session.namespace, gate, &patch, FIELD_MANAGER_CLI).await?;
            format!("testgate.assay.dev/{gate}")
        }
        (None, None) => return Err(Failure::usage("neither a rollback nor a gate is named")),
    };
    screen.line(&format!("{object} {said}"))?;
    Ok(exit::PASSED)
}

/// The built-in roles do not hold this right, so the usual hint would lead astray.
fn lacks_the_right(error: assay_cluster::ClusterError) -> Failure {
    let forbidden = error.forbidden();
    let failure = Failure::from(error);
    if forbidden { failure.hint("ask for the role `assay-rollback-approver` in the namespace") } else { failure }
}

fn annotated(name: &str, value: Option<&str>) -> Value {
    json!({ "metadata": { "annotations": { (name): value } } })
}

/// What is over is neither held nor approved.
fn running(name: &str, status: &RollbackStatus) -> Result<(), Failure> {
    if status.is_over() {
        let hint = format!("`{} rollback explain {name}` says how it ended", called());
        return Err(Failure::errored(format!("{name} has ended already: {}", status.phase)).hint(hint));
    }
    if status.pushed_at.is_some() {
        let hint = "to undo it, revert its commit in Git; Assay never takes a rollback back";
        return Err(Failure::errored(format!("the revert of {name} is written already")).hint(hint));
    }
    Ok(())
}

fn approvable(rollback: &Rollback) -> Result<(), Failure> {
    let name = rollback.metadata.name.as_deref().unwrap_or_default();
    let status = rollback.status.clone().unwrap_or_default();
    running(name, &status)?;
    if !rollback.spec.policy.approval {
        return Err(Failure::errored(format!("{name} needs no approval: its gate's policy does not ask for one")));
    }
    if status.reason != Some(Reason::AwaitingApproval) {
        let why = status.message.as_deref().map(plain).unwrap_or_else(|| status.phase.to_string());
        return Err(Failure::errored(format!("{name} does not wait for approval yet: {why}"))
            .hint("approve it once it waits, when it is known what would be written"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use assay_api::RollbackPhase;

    use super::super::explain::tests::rollback;
    use super::*;

    #[test]
    fn only_what_waits_is_approved() {
        let mut one = rollback();
        assert!(approvable(&one).expect_err("over").message.contains("has ended already: Recovered"));
        let mut status = RollbackStatus { phase: RollbackPhase::AwaitingApproval, ..RollbackStatus::default() };
        one.status = Some(status.clone());
        assert!(approvable(&one).expect_err("not yet").message.contains("does not wait for approval yet"));
        status.reason = Some(Reason::AwaitingApproval);
        one.status = Some(status.clone());
        assert!(approvable(&one).is_ok());
        one.spec.policy.approval = false;
        assert!(approvable(&one).expect_err("no need").message.contains("needs no approval"));
        status.phase = RollbackPhase::Deploying;
        status.pushed_at = Some(jiff::Timestamp::UNIX_EPOCH);
        assert!(running("x", &status).expect_err("written").message.contains("is written already"));
    }

    #[test]
    fn a_pause_is_taken_back_by_removing_it() {
        assert_eq!(annotated("a", None)["metadata"]["annotations"]["a"], Value::Null);
        assert_eq!(annotated("a", Some("true"))["metadata"]["annotations"]["a"], "true");
    }
}
