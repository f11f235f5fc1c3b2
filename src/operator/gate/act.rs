//! Decisions carried out. Everything here may be done twice.

use std::collections::BTreeMap;

use assay_api::names::{
    ANNOTATION_ROLE, FIELD_MANAGER_OPERATOR, LABEL_GATE, LABEL_MANAGED_BY, LABEL_WORKFLOW, MANAGED_BY,
};
use assay_api::{
    FailedTest, Reason, Rollback, RollbackSpec, TestExecution, TestExecutionSpec, TestGate, Verdict, WorkflowReference,
};
use assay_cluster::{Created, EventKind};
use assay_gitops::gate::{GateAction, GateRun, RollbackSeen, RunEnd};
use assay_plan::label_value;
use assay_telemetry::error_chain;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::Resource;
use serde_json::json;

use super::controller::Controller;
use super::memory::Memory;
use crate::failure::LookError;

/// Failed tests that a record lists.
const FAILURES: usize = 10;

impl Controller {
    /// Carries out what was decided, after the status says so.
    pub(super) async fn act(
        &self,
        gate: &TestGate,
        actions: &[GateAction],
        memory: &mut Memory,
    ) -> Result<(), LookError> {
        for action in actions {
            match action {
                GateAction::Make(run) => self.make(gate, run, memory).await?,
                GateAction::Cancel(name) => self.cancel(gate, name).await?,
                GateAction::MakeRollback { name, spec } => self.record(gate, name, spec, memory).await?,
                GateAction::PublishEvent { reason, message } => self.say(gate, *reason, message).await,
            }
        }
        Ok(())
    }

    /// Makes an execution. What the cluster does not take is an errored run with the cluster's words.
    async fn make(&self, gate: &TestGate, run: &GateRun, memory: &mut Memory) -> Result<(), LookError> {
        match self.context.cluster.create(&execution(gate, run), FIELD_MANAGER_OPERATOR).await {
            Ok(made) => {
                if matches!(made, Created::Made(_)) {
                    let (namespace, gate) = (gate.metadata.namespace.as_deref(), gate.metadata.name.as_deref());
                    let (name, role) = (run.name.as_str(), format!("{:?}", run.role));
                    tracing::info!(namespace, gate, name, role, revision = run.revision, "a gate made an execution");
                }
                memory.made.insert(run.name.clone());
                Ok(())
            }
            Err(error) if error.refused() => {
                let message = Some(error.message().map_or_else(|| error_chain(&error), str::to_owned));
                let (verdict, reason) = (Verdict::Errored, Some(Reason::Refused));
                let end = RunEnd { verdict, reason, message, at: Some(Timestamp::now()) };
                memory.refused.insert(run.name.clone(), end);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn cancel(&self, gate: &TestGate, name: &str) -> Result<(), LookError> {
        let namespace = gate.metadata.namespace.as_deref().unwrap_or_default();
        let patch = json!({ "spec": { "cancel": true } });
        let asked = self.context.cluster.merge_patch::<TestExecution>(namespace, name, &patch, FIELD_MANAGER_OPERATOR);
        match asked.await {
            Err(error) if error.not_found() => Ok(()),
            other => Ok(other.map(drop)?),
        }
    }

    /// Makes the record of a rollback, with the tests that failed.
    async fn record(
        &self,
        gate: &TestGate,
        name: &str,
        spec: &RollbackSpec,
        memory: &mut Memory,
    ) -> Result<(), LookError> {
        let namespace = gate.metadata.namespace.as_deref().unwrap_or_default();
        let failures = self.failures(namespace, &spec.executions).await?;
        let rollback = Rollback {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                namespace: Some(namespace.to_owned()),
                labels: Some(labels(gate)),
                // No owner: the record outlives the gate.
                ..ObjectMeta::default()
            },
            spec: RollbackSpec { failures, ..spec.clone() },
            status: None,
        };
        if let Created::Made(_) = self.context.cluster.create(&rollback, FIELD_MANAGER_OPERATOR).await? {
            let gate = gate.metadata.name.as_deref();
            tracing::info!(namespace, gate, name, bad = spec.bad.revision, "a gate made the record of a rollback");
            let seen = RollbackSeen {
                bad: spec.bad.clone(),
                phase: assay_api::RollbackPhase::Evaluating,
                failed_at: spec.failed_at,
            };
            memory.rollback = Some((name.to_owned(), seen));
        }
        Ok(())
    }

    async fn failures(&self, namespace: &str, executions: &[String]) -> Result<Vec<FailedTest>, LookError> {
        let mut failures: Vec<FailedTest> = Vec::new();
        for name in executions {
            let execution = self.context.cluster.get::<TestExecution>(namespace, name).await?;
            let told = execution.and_then(|execution| execution.status).map(|status| status.failures);
            for failed in told.unwrap_or_default() {
                // A rerun fails in the same tests.
                let known = |other: &FailedTest| other.suite == failed.suite && other.name == failed.name;
                if failures.len() < FAILURES && !failures.iter().any(known) {
                    failures.push(failed);
                }
            }
        }
        Ok(failures)
    }

    /// An event is a courtesy.
    async fn say(&self, gate: &TestGate, reason: Reason, message: &str) {
        let said = self.context.events.publish(gate, EventKind::Warning, reason, "Judge", message).await;
        if let Err(error) = said {
            let (namespace, name) = (gate.metadata.namespace.as_deref(), gate.metadata.name.as_deref());
            tracing::warn!(namespace, name, error = error_chain(&error), "no event");
        }
    }
}

fn labels(gate: &TestGate) -> BTreeMap<String, String> {
    let name = gate.metadata.name.as_deref().unwrap_or_default();
    let managed = (LABEL_MANAGED_BY.to_owned(), MANAGED_BY.to_owned());
    BTreeMap::from([(LABEL_GATE.to_owned(), label_value(name)), managed])
}

/// The execution. It is the gate's own: no name by which Argo CD or Flux know what they applied is on it.
fn execution(gate: &TestGate, run: &GateRun) -> TestExecution {
    let mut labels = labels(gate);
    labels.insert(LABEL_WORKFLOW.to_owned(), label_value(&run.workflow.name));
    let owner = OwnerReference {
        api_version: TestGate::api_version(&()).into_owned(),
        kind: TestGate::kind(&()).into_owned(),
        name: gate.metadata.name.clone().unwrap_or_default(),
        uid: gate.metadata.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: None,
    };
    TestExecution {
        metadata: ObjectMeta {
            name: Some(run.name.clone()),
            namespace: gate.metadata.namespace.clone(),
            labels: Some(labels),
            annotations: Some(BTreeMap::from([(ANNOTATION_ROLE.to_owned(), format!("{:?}", run.role))])),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        spec: TestExecutionSpec {
            workflow_ref: WorkflowReference { name: run.workflow.name.clone() },
            config: run.workflow.config.clone(),
            revision: Some(run.revision.clone()),
            ..TestExecutionSpec::default()
        },
        status: None,
    }
}
