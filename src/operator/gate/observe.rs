//! Everything that is known of a gate now.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use assay_api::names::{ANNOTATION_CANCEL, ANNOTATION_FLUX_REQUESTED_AT, ANNOTATION_RERUN};
use assay_api::{Phase, TestExecution, TestGate, TestGateStatus, Verdict};
use assay_cluster::WorkloadName;
use assay_gitops::gate::{GateObject, GateObserved, RollbackSeen, Run, RunEnd};
use assay_gitops::{Delivery, Judged, Readiness, Source, find};
use assay_telemetry::error_chain;
use kube::ResourceExt;

use super::controller::Controller;
use super::memory::Memory;
use crate::gitops::Key;
use crate::trees::TreeAsk;

impl Controller {
    /// Observes a gate, except for its workloads.
    pub(super) fn observe(&self, key: &Key, gate: &TestGate, memory: &mut Memory) -> GateObserved {
        let previous = memory.published.clone().or_else(|| gate.status.clone()).unwrap_or_default();
        let delivery = self.delivery(key, gate);
        let (trees, trees_pending) = match &delivery {
            Some(delivery) => {
                let (trees, pending) = self.trees.of(key, asks(gate, delivery));
                (trees.into_iter().map(|(revision, tree)| (revision, delivery.content(&tree))).collect(), pending)
            }
            None => (BTreeMap::new(), false),
        };
        let runs = self.runs(key, &previous, memory);
        GateObserved {
            rollback: self.rollback(key, &previous, memory),
            gate: object(gate),
            readiness: Readiness::Unknown,
            delivery,
            trees,
            trees_pending,
            runs,
            previous,
        }
    }

    /// The delivery. Which objects it was read from is noted, so that their changes lead here.
    fn delivery(&self, key: &Key, gate: &TestGate) -> Option<Delivery> {
        let reference = &gate.spec.delivery;
        let namespace = reference.namespace.clone().unwrap_or_else(|| key.0.clone());
        loop {
            let delivery = find(self.gitops.as_ref(), reference, &key.0);
            let mut read: HashSet<_> = delivery.iter().flat_map(|delivery| &delivery.read_from).cloned().collect();
            read.insert((reference.kind.as_str().to_owned(), namespace.clone(), reference.name.clone()));
            // What changed before it was noted woke nobody.
            if self.readers.set(key, read) {
                continue;
            }
            return delivery.map(|mut delivery| {
                delivery.workloads.retain(|workload| !workload.contains_labelled(gate.labels()));
                delivery
            });
        }
    }

    /// The executions that this gate made, and those that it is about to make.
    fn runs(&self, (namespace, _): &Key, previous: &TestGateStatus, memory: &mut Memory) -> BTreeMap<String, Run> {
        let mut names = self.gitops.made_by(&memory.uid);
        let current = previous.current.iter().flat_map(|current| &current.executions);
        names.extend(current.map(|run| run.name.clone()));
        memory.keep_only(&names);
        let known = names.into_iter().filter_map(|name| {
            let execution = self.gitops.executions.get(namespace, &name);
            let run = match execution.filter(|execution| is_of(execution, &memory.uid)) {
                Some(execution) => {
                    memory.sighted.insert(name.clone());
                    Some(run(&execution))
                }
                None if memory.refused.contains_key(&name) => memory.refused.get(&name).cloned().map(Run::Ended),
                None if memory.sighted.contains(&name) => Some(Run::Lost),
                None => memory.made.contains(&name).then_some(Run::Going { cancelling: false }),
            };
            Some((name, run?))
        });
        known.collect()
    }

    /// The record that the status names. One that is gone is remembered as it was: that somebody deleted it does
    /// not ask the question anew.
    fn rollback(&self, (namespace, _): &Key, previous: &TestGateStatus, memory: &mut Memory) -> Option<RollbackSeen> {
        let name = &previous.rollback.as_ref()?.name;
        if let Some(rollback) = self.gitops.rollbacks.get(namespace, name) {
            let phase = rollback.status.as_ref().map(|status| status.phase).unwrap_or_default();
            memory.rollback = Some((
                name.clone(),
                RollbackSeen { bad: rollback.spec.bad.clone(), phase, failed_at: rollback.spec.failed_at },
            ));
        }
        memory.rollback.as_ref().filter(|(known, _)| known == name).map(|(_, seen)| seen.clone())
    }

    /// How the workloads of the delivery are. Not to know it is no failure: the time that they have goes on.
    pub(super) async fn readiness(&self, observed: &GateObserved) -> Readiness {
        let workloads = observed.delivery.iter().flat_map(|delivery| &delivery.workloads);
        let names: Vec<_> = workloads
            .map(|workload| WorkloadName {
                group: workload.group.clone(),
                kind: workload.kind.clone(),
                namespace: workload.namespace.clone(),
                name: workload.name.clone(),
            })
            .collect();
        match self.context.cluster.readiness(&names).await {
            Ok(list) if list.is_empty() => Readiness::Ready,
            Ok(list) => {
                let words = list.iter().map(ToString::to_string).collect();
                if list.iter().all(|one| one.lingers) { Readiness::Lingering(words) } else { Readiness::Waiting(words) }
            }
            Err(error) => {
                let (namespace, name) = (&observed.gate.namespace, &observed.gate.name);
                let error = error_chain(&error);
                tracing::warn!(namespace, name, error, "the workloads of a delivery cannot be looked at");
                Readiness::Unreadable(format!("the workloads cannot be looked at: {error}"))
            }
        }
    }
}

/// The revisions whose content matters: those that the delivery names, and the gate's own.
fn asks(gate: &TestGate, delivery: &Delivery) -> Vec<TreeAsk> {
    if delivery.reaches_beyond {
        return Vec::new();
    }
    let Judged::Source(index) = delivery.judged else { return Vec::new() };
    let Some(Source::Branch(source)) = delivery.sources.get(index) else { return Vec::new() };
    let operated = delivery.operation.as_ref().and_then(|operation| operation.revision.clone());
    let own =
        gate.spec.revision.clone().filter(|own| own.len() >= 7 && own.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let revisions: BTreeSet<_> =
        [delivery.desired.clone(), delivery.attempted.clone(), operated, own].into_iter().flatten().collect();
    let ask = |revision| TreeAsk {
        namespace: gate.metadata.namespace.clone().unwrap_or_default(),
        source: source.clone(),
        revision,
        paths: delivery.paths.clone(),
    };
    revisions.into_iter().map(ask).collect()
}

fn object(gate: &TestGate) -> GateObject {
    let metadata = &gate.metadata;
    let annotation = |name: &str| metadata.annotations.as_ref().and_then(|known| known.get(name)).cloned();
    GateObject {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
        generation: metadata.generation.unwrap_or(0),
        spec: gate.spec.clone(),
        rerun: annotation(ANNOTATION_RERUN),
        requested_at: annotation(ANNOTATION_FLUX_REQUESTED_AT),
    }
}

fn is_of(execution: &TestExecution, gate_uid: &str) -> bool {
    execution.metadata.owner_references.iter().flatten().any(|owner| owner.uid == gate_uid)
}

fn run(execution: &TestExecution) -> Run {
    let ended = execution.status.as_ref().filter(|status| status.phase == Phase::Finished);
    if let Some(status) = ended {
        return Run::Ended(RunEnd {
            // A finished execution always has a verdict.
            verdict: status.verdict.unwrap_or(Verdict::Errored),
            reason: status.reason,
            message: status.message.clone(),
            at: status.finished_at,
        });
    }
    let annotations = execution.metadata.annotations.as_ref();
    let asked = annotations.and_then(|known| known.get(ANNOTATION_CANCEL)).is_some_and(|value| value == "true");
    Run::Going { cancelling: execution.spec.cancel || asked || execution.metadata.deletion_timestamp.is_some() }
}
