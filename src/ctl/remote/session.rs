//! The cluster, and where in it we are.

use std::sync::Arc;

use assay_api::{TestExecution, TestWorkflow};
use assay_cluster::{Cluster, Object};
use jiff::Timestamp;

use crate::failure::Failure;
use crate::output::terminal::plain;
use crate::place::Place;
use crate::program::called;
use crate::remote::server::Remote;

/// A connection, for the time of one command.
pub(crate) struct Session {
    /// The cluster.
    pub(crate) cluster: Cluster,
    /// The namespace in which the command works.
    pub(crate) namespace: String,
    /// The namespace in which Assay is installed.
    pub(crate) system: String,
}

impl Session {
    /// Connects.
    ///
    /// # Errors
    /// When the cluster cannot be found or reached.
    pub(crate) async fn open(place: &Place) -> Result<Self, Failure> {
        let cluster = Cluster::connect(&place.connect).await?;
        let namespace = place.namespace.clone().unwrap_or_else(|| cluster.default_namespace().to_owned());
        Ok(Self { cluster, namespace, system: place.system.clone() })
    }

    /// The way to Assay's server, for one execution.
    pub(crate) fn remote(&self, execution: &str) -> Arc<Remote> {
        Arc::new(Remote::new(self.cluster.clone(), &self.system, &self.namespace, execution))
    }

    /// The execution of that name.
    ///
    /// # Errors
    /// When there is none, or the cluster does not tell.
    pub(crate) async fn execution(&self, name: &str) -> Result<TestExecution, Failure> {
        self.named(name).await
    }

    /// The workflow of that name.
    ///
    /// # Errors
    /// When there is none, or the cluster does not tell.
    pub(crate) async fn workflow(&self, name: &str) -> Result<TestWorkflow, Failure> {
        self.named(name).await
    }

    /// The object of that name.
    ///
    /// # Errors
    /// When there is none, or the cluster does not tell.
    pub(crate) async fn named<K: Object>(&self, name: &str) -> Result<K, Failure> {
        match self.cluster.get::<K>(&self.namespace, name).await? {
            Some(found) => Ok(found),
            None => {
                let known = self.cluster.list::<K>(Some(&self.namespace), None).await.unwrap_or_default();
                let names: Vec<String> = known.iter().filter_map(|one| one.meta().name.clone()).collect();
                Err(absent(&K::kind(&()), name, &self.namespace, &names))
            }
        }
    }

    /// The newest execution, of a workflow or of all.
    ///
    /// # Errors
    /// When there is none, or the cluster does not tell.
    pub(crate) async fn latest(&self, workflow: Option<&str>) -> Result<TestExecution, Failure> {
        let known = self.cluster.list::<TestExecution>(Some(&self.namespace), None).await?;
        let workflows: Vec<String> = known.iter().map(|one| one.spec.workflow_ref.name.clone()).collect();
        let fitting = known.into_iter().filter(|one| workflow.is_none_or(|name| one.spec.workflow_ref.name == name));
        if let Some(newest) = newest(fitting) {
            return Ok(newest);
        }
        let Some(workflow) = workflow else {
            return Err(Failure::errored(format!("there are no executions in namespace {}", self.namespace))
                .hint(format!("`{} run WORKFLOW` makes one; `-n` chooses the namespace", called())));
        };
        // The workflow may be misspelt, or there but never run.
        self.workflow(workflow).await.map_err(|failure| match closest(workflow, &workflows) {
            Some(closest) if failure.hint.is_none() => failure.hint(format!("did you mean {closest}?")),
            _ => failure,
        })?;
        Err(Failure::errored(format!("{workflow} has no execution in namespace {}", self.namespace))
            .hint(format!("`{} run {workflow}` makes one", called())))
    }
}

/// The newest by creation; of those made in one second the one that comes last by name.
fn newest(executions: impl Iterator<Item = TestExecution>) -> Option<TestExecution> {
    executions.max_by_key(|one| (created(one), one.metadata.name.clone()))
}

/// When an execution was made.
fn created(execution: &TestExecution) -> Option<Timestamp> {
    execution.metadata.creation_timestamp.as_ref().map(|time| time.0)
}

fn closest<'a>(name: &str, names: &'a [String]) -> Option<&'a str> {
    assay_expr::closest(name, names.iter().map(String::as_str))
}

/// There is no object of that name.
pub(crate) fn absent(kind: &str, name: &str, namespace: &str, names: &[String]) -> Failure {
    let failure = Failure::errored(format!("there is no {kind} {} in namespace {namespace}", plain(name)));
    match (closest(name, names), kind) {
        (Some(closest), _) => failure.hint(format!("did you mean {closest}?")),
        (None, "TestExecution") => failure.hint(format!("`{} get` lists them; `-n` chooses the namespace", called())),
        (None, "TestGate") => failure.hint(format!("`{} gates` lists them; `-n` chooses the namespace", called())),
        (None, "Rollback") => {
            failure.hint(format!("`{} rollback ls` lists them; `-n` chooses the namespace", called()))
        }
        (None, _) => failure.hint("`kubectl get twf` lists them; `-n` chooses the namespace, `-f` takes a manifest"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn execution(name: &str, created: &str) -> TestExecution {
        serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecution",
            "metadata": { "name": name, "creationTimestamp": created }, "spec": { "workflowRef": { "name": "w" } },
        }))
        .expect("an execution")
    }

    #[test]
    fn the_newest_is_the_one_made_last() {
        let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        let all = [execution("z", early), execution("a", late), execution("b", late)];
        assert_eq!(newest(all.into_iter()).and_then(|one| one.metadata.name).as_deref(), Some("b"));
        assert!(newest(std::iter::empty()).is_none());
    }

    #[test]
    fn who_is_not_there_may_have_been_misspelt() {
        let names = ["smoke-1", "first-1"].map(str::to_owned);
        let hint = |name| absent("TestExecution", name, "ns", &names).hint.unwrap_or_default();
        assert_eq!(hint("smoke-2"), "did you mean smoke-1?");
        assert!(hint("nothing-like-it").contains("get` lists them"));
    }
}
