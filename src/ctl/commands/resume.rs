//! `assay resume`: lets an execution that holds go on.

use assay_api::names::FIELD_MANAGER_CLI;
use assay_api::{StepState, TestExecution};
use clap::Args as ClapArgs;
use serde_json::{Value, json};

use crate::exit;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::output::terminal::plain;
use crate::place::Place;
use crate::program::called;
use crate::remote::session::Session;
use crate::remote::which::Which;

/// Stands for every step.
const EVERY_STEP: &str = "*";
/// Somebody else may write in between; then it is tried again.
const TRIES: u32 = 5;

/// Arguments of `resume`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Resume {
    #[command(flatten)]
    which: Which,
    /// Handle of the step that may go on; without it the one that the execution waits before.
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    step: Option<String>,
    /// No step holds any more.
    #[arg(long)]
    all: bool,
}

/// Lets an execution go on.
///
/// # Errors
/// When there is nothing that could go on, or the cluster does not take it.
pub(crate) async fn resume(place: &Place, task: Resume, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let name = task.which.name(&session).await?;
    let mut tries = 0;
    loop {
        let execution = session.execution(&name).await?;
        let (patch, said) = patch(&execution, &task)?;
        let (namespace, cluster) = (&session.namespace, &session.cluster);
        match cluster.merge_patch::<TestExecution>(namespace, &name, &patch, FIELD_MANAGER_CLI).await {
            Ok(_) => {
                screen.line(&format!("testexecution.assay.dev/{name} goes on{said}"))?;
                return Ok(exit::PASSED);
            }
            Err(error) if error.conflict() && tries < TRIES => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// The change of the object, and what it means in words. It fits only the
/// object as it was read, since a merge replaces the whole list.
fn patch(execution: &TestExecution, task: &Resume) -> Result<(Value, String), Failure> {
    let name = execution.metadata.name.as_deref().unwrap_or_default();
    let status = execution.status.clone().unwrap_or_default();
    if let Some(verdict) = status.verdict {
        return Err(Failure::errored(format!("{name} has ended already: {verdict}"))
            .hint(format!("`{} rerun {name}` runs it again", called())));
    }
    let waits = status.steps.iter().find(|step| step.state == StepState::Paused);
    let (step, said) = match (&task.step, task.all, waits) {
        (_, true, _) => (Some(EVERY_STEP.to_owned()), "; no step holds any more".to_owned()),
        (Some(id), false, _) => {
            known(execution, id)?;
            (Some(id.clone()), format!(" at step {}", plain(id)))
        }
        (None, false, Some(step)) => (Some(step.id.clone()), format!(" at step {}", plain(&step.name))),
        (None, false, None) if execution.spec.pause => (None, String::new()),
        (None, false, None) => {
            return Err(Failure::errored(format!("{name} does not hold: it is {}", status.phase))
                .hint("`--step ID` lets a later step go on at once, `--all` every one"));
        }
    };
    let mut resume = execution.spec.resume.clone();
    resume.extend(step.filter(|step| !execution.spec.resume.contains(step)));
    let patch = json!({
        "metadata": { "resourceVersion": execution.metadata.resource_version },
        "spec": { "pause": false, "resume": resume },
    });
    Ok((patch, said))
}

/// A step that the execution does not have is a mistake; before the first report none is known.
fn known(execution: &TestExecution, id: &str) -> Result<(), Failure> {
    let steps = execution.status.as_ref().map_or(&[][..], |status| &status.steps);
    // The status names at most 50.
    if steps.is_empty() || steps.len() >= 50 || steps.iter().any(|step| step.id == id) {
        return Ok(());
    }
    let ids: Vec<&str> = steps.iter().map(|step| step.id.as_str()).collect();
    let failure = Failure::usage(format!("the execution has no step `{}`", plain(id)));
    Err(match assay_expr::closest(id, ids.iter().copied()) {
        Some(closest) => failure.hint(format!("did you mean {closest}?")),
        None => failure.hint(format!("its steps are {}", plain(&ids.join(", ")))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn execution(pause: bool, resume: &[&str], paused: Option<&str>) -> TestExecution {
        let state = |id: &str| if paused == Some(id) { "paused" } else { "waiting" };
        serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecution",
            "metadata": { "name": "a-1", "resourceVersion": "7" },
            "spec": { "workflowRef": { "name": "a" }, "pause": pause, "resume": resume },
            "status": { "phase": if paused.is_some() { "Paused" } else { "Running" }, "steps": [
                { "id": "build", "name": "Build", "state": state("build") },
                { "id": "deploy", "name": "Deploy", "state": state("deploy") },
            ] },
        }))
        .expect("an execution")
    }

    #[test]
    fn what_goes_on() {
        let step = |id: &str| Resume { step: Some(id.to_owned()), ..Resume::default() };
        let all = Resume { all: true, ..Resume::default() };
        for (execution, task, resume) in [
            (execution(false, &[], Some("deploy")), Resume::default(), json!(["deploy"])),
            (execution(true, &["x"], Some("build")), Resume::default(), json!(["x", "build"])),
            (execution(true, &[], None), Resume::default(), json!([])),
            (execution(false, &["build"], None), step("deploy"), json!(["build", "deploy"])),
            (execution(false, &["build"], None), step("build"), json!(["build"])),
            (execution(false, &[], None), all, json!(["*"])),
        ] {
            let (patch, _) = patch(&execution, &task).expect("goes on");
            assert_eq!(patch["spec"], json!({ "pause": false, "resume": resume }), "{task:?}");
            assert_eq!(patch["metadata"]["resourceVersion"], "7");
        }
    }

    #[test]
    fn what_does_not() {
        let failure = patch(&execution(false, &[], None), &Resume::default()).expect_err("it does not hold");
        assert!(failure.message.contains("it is Running"), "{failure}");
        let misspelt = Resume { step: Some("deplyo".into()), ..Resume::default() };
        let failure = patch(&execution(false, &[], None), &misspelt).expect_err("no such step");
        assert_eq!(failure.hint.as_deref(), Some("did you mean deploy?"));
        let mut over = execution(false, &[], None);
        over.status.as_mut().expect("a status").verdict = Some(assay_api::Verdict::Failed);
        assert!(patch(&over, &Resume::default()).expect_err("over").message.contains("ended already"));
    }
}
