//! Which execution is meant.

use clap::Args as ClapArgs;
use clap_complete::engine::ArgValueCompleter;

use crate::complete;
use crate::failure::Failure;
use crate::names::{self, LATEST};
use crate::remote::session::Session;

/// One execution.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Which {
    /// Name of the execution; `@latest` is the newest.
    #[arg(
        required_unless_present = "workflow",
        value_parser = names::execution_or_latest,
        add = ArgValueCompleter::new(complete::executions)
    )]
    name: Option<String>,
    /// The newest execution of this workflow.
    #[arg(
        short,
        long,
        value_parser = names::workflow,
        add = ArgValueCompleter::new(complete::workflows)
    )]
    workflow: Option<String>,
}

impl Which {
    /// The name of the execution that is meant.
    ///
    /// # Errors
    /// When the two ways to say it contradict each other, or nothing fits.
    pub(crate) async fn name(&self, session: &Session) -> Result<String, Failure> {
        match (self.name.as_deref().filter(|name| *name != LATEST), self.workflow.as_deref()) {
            (Some(name), None) => Ok(name.to_owned()),
            (Some(name), Some(workflow)) => {
                Err(Failure::usage(format!("both the execution {name} and the workflow {workflow} are named"))
                    .hint("name the execution, or the workflow whose newest one is meant"))
            }
            (None, workflow) => Ok(session.latest(workflow).await?.metadata.name.unwrap_or_default()),
        }
    }
}
