//! `assay rerun`: runs an execution again, as it was.

use std::collections::BTreeMap;

use assay_api::names::ANNOTATION_RERUN_OF;
use assay_api::{TestExecution, TestExecutionSpec};
use clap::Args as ClapArgs;

use crate::commands::run::{create, new_execution};
use crate::failure::Failure;
use crate::names;
use crate::output::screen::Screen;
use crate::place::Place;
use crate::random::fresh_name;
use crate::remote::session::Session;
use crate::remote::which::Which;
use crate::stay::{Stay, stay};

/// Arguments of `rerun`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Rerun {
    #[command(flatten)]
    which: Which,
    /// Name of the new execution; without it the workflow's name and five random characters.
    #[arg(long = "name", value_name = "NAME", id = "new-name", value_parser = names::execution)]
    new_name: Option<String>,
    #[command(flatten)]
    stay: Stay,
}

/// Makes a new execution with the same values, revision and workflow.
///
/// # Errors
/// When there is no such execution, or the new one cannot be made or followed.
pub(crate) async fn rerun(place: &Place, task: Rerun, screen: &mut Screen) -> Result<u8, Failure> {
    task.stay.check()?;
    let session = Session::open(place).await?;
    let name = task.which.name(&session).await?;
    let again = again(&session.execution(&name).await?, task.new_name);
    let name = create(&session, again).await?;
    stay(&session, &name, &task.stay, screen).await
}

/// The same once more; commands were for the old one alone.
fn again(before: &TestExecution, name: Option<String>) -> TestExecution {
    let spec = TestExecutionSpec { cancel: false, pause: false, resume: Vec::new(), ..before.spec.clone() };
    let name = name.unwrap_or_else(|| fresh_name(&spec.workflow_ref.name));
    let mut execution = new_execution(name, spec);
    let of = before.metadata.name.clone().unwrap_or_default();
    execution.metadata.annotations = Some(BTreeMap::from([(ANNOTATION_RERUN_OF.to_owned(), of)]));
    execution
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn commands_are_not_repeated_and_values_are() {
        let before: TestExecution = serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecution",
            "metadata": { "name": "a-1", "uid": "u", "resourceVersion": "1", "labels": { "argocd.argoproj.io/instance": "x" } },
            "spec": {
                "workflowRef": { "name": "a" }, "config": { "x": 1 }, "revision": "abc",
                "configFrom": { "p": { "secretKeyRef": { "name": "s", "key": "k" } } },
                "cancel": true, "pause": true, "resume": ["y"],
            },
        }))
        .expect("an execution");
        let again = again(&before, None);
        assert_eq!(
            serde_json::to_value(&again.spec).expect("plain data"),
            json!({
                "workflowRef": { "name": "a" }, "config": { "x": 1 }, "revision": "abc", "cancel": false, "pause": false,
                "configFrom": { "p": { "secretKeyRef": { "name": "s", "key": "k" } } },
            })
        );
        assert!(again.metadata.name.as_deref().is_some_and(|name| name.starts_with("a-") && name != "a-1"));
        assert_eq!(again.metadata.annotations.as_ref().expect("some")["assay.dev/rerun-of"], "a-1");
        assert_eq!((again.metadata.uid, again.metadata.resource_version), (None, None));
        assert_eq!(again.metadata.labels.expect("some").into_keys().collect::<Vec<_>>(), ["assay.dev/workflow"]);
        assert_eq!(super::again(&before, Some("n".into())).metadata.name.as_deref(), Some("n"));
    }
}
