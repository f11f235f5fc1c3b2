//! `assay pause`: holds executions before their next step.

use assay_api::TestExecution;
use assay_api::names::FIELD_MANAGER_CLI;
use clap::Args as ClapArgs;
use serde_json::json;

use crate::commands::targets::Targets;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::place::Place;
use crate::program::called;
use crate::remote::session::Session;

/// Arguments of `pause`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Pause {
    #[command(flatten)]
    targets: Targets,
}

/// Asks executions to hold; the step that runs ends first.
///
/// # Errors
/// When the cluster is not reachable, or no execution is meant.
pub(crate) async fn pause(place: &Place, task: Pause, screen: &mut Screen) -> Result<u8, Failure> {
    task.targets.each(place, screen, one).await
}

async fn one(session: &Session, execution: &TestExecution) -> Result<String, Failure> {
    let name = execution.metadata.name.as_deref().unwrap_or_default();
    if let Some(verdict) = execution.status.as_ref().and_then(|status| status.verdict) {
        return Err(Failure::errored(format!("{name} has ended already: {verdict}"))
            .hint(format!("`{} rerun {name}` runs it again", called())));
    }
    let patch = json!({ "spec": { "pause": true } });
    session.cluster.merge_patch::<TestExecution>(&session.namespace, name, &patch, FIELD_MANAGER_CLI).await?;
    Ok(format!("testexecution.assay.dev/{name} holds before its next step"))
}
