//! `assay cancel`: stops executions.

use assay_api::TestExecution;
use assay_api::names::FIELD_MANAGER_CLI;
use clap::Args as ClapArgs;
use serde_json::json;

use crate::commands::targets::Targets;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::place::Place;
use crate::remote::session::Session;

/// Arguments of `cancel`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Cancel {
    #[command(flatten)]
    targets: Targets,
}

/// Asks executions to stop; steps of `after` still run.
///
/// # Errors
/// When the cluster is not reachable, or no execution is meant.
pub(crate) async fn cancel(place: &Place, task: Cancel, screen: &mut Screen) -> Result<u8, Failure> {
    task.targets.each(place, screen, one).await
}

async fn one(session: &Session, execution: &TestExecution) -> Result<String, Failure> {
    let name = execution.metadata.name.as_deref().unwrap_or_default();
    if let Some(said) = already(execution) {
        return Ok(format!("testexecution.assay.dev/{name} {said}"));
    }
    let patch = json!({ "spec": { "cancel": true } });
    session.cluster.merge_patch::<TestExecution>(&session.namespace, name, &patch, FIELD_MANAGER_CLI).await?;
    Ok(format!("testexecution.assay.dev/{name} is being cancelled"))
}

/// What makes a cancellation needless.
fn already(execution: &TestExecution) -> Option<String> {
    if let Some(verdict) = execution.status.as_ref().and_then(|status| status.verdict) {
        return Some(format!("has ended already: {verdict}"));
    }
    execution.spec.cancel.then(|| "is being cancelled already".to_owned())
}

#[cfg(test)]
mod tests {
    use assay_api::{TestExecutionSpec, TestExecutionStatus, Verdict};

    use super::*;

    #[test]
    fn what_is_over_is_not_cancelled() {
        let mut execution = TestExecution::new("a", TestExecutionSpec::default());
        assert_eq!(already(&execution), None);
        execution.spec.cancel = true;
        assert_eq!(already(&execution).as_deref(), Some("is being cancelled already"));
        execution.status =
            Some(TestExecutionStatus { verdict: Some(Verdict::Passed), ..TestExecutionStatus::default() });
        assert_eq!(already(&execution).as_deref(), Some("has ended already: passed"));
    }
}
