//! Dry runs: a gate's annotation asks, and a record that carries nothing out answers. The record's own look is that
//! of every rollback.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use assay_api::names::{
    ANNOTATION_DRY_RUN, FIELD_MANAGER_OPERATOR, LABEL_DRY_RUN, LABEL_GATE, LABEL_MANAGED_BY, MANAGED_BY,
};
use assay_api::{Rollback, RollbackSpec, TestGate};
use assay_cluster::Created;
use assay_gitops::{DryRunAsk, dry_run_chores, dry_run_name, dry_run_spec};
use assay_plan::label_value;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{Resource, ResourceExt};

use super::controller::Controller;
use crate::failure::LookError;
use crate::gitops::{Gitops, Key, News, key_of};
use crate::work::Next;

/// The gates whose dry runs are to be looked at because of this news; all that ask or asked when some were missed.
pub(super) fn concerned(news: Option<&News>, gitops: &Gitops) -> Vec<Key> {
    match news {
        Some(News::Gate(key)) => vec![key.clone()],
        Some(News::Rollback((namespace, name))) => {
            let record = gitops.rollbacks.get(namespace, name).filter(|record| record.spec.dry_run.is_some());
            record.map(|record| gate_of(&record)).into_iter().collect()
        }
        Some(_) => Vec::new(),
        None => {
            let gates = gitops.gates.all();
            let asking = gates.iter().filter(|gate| gate.annotations().contains_key(ANNOTATION_DRY_RUN));
            let records = gitops.rollbacks.all();
            let asked = records.iter().filter(|record| record.spec.dry_run.is_some());
            asking.map(|gate| key_of(gate.as_ref())).chain(asked.map(|record| gate_of(record))).collect()
        }
    }
}

fn gate_of(record: &Rollback) -> Key {
    (record.namespace().unwrap_or_default(), record.spec.gate.clone())
}

/// Looks at the dry runs of a gate: makes the one that is asked for, and removes those that nobody waits for.
pub(super) async fn look(controller: &Controller, key: &Key) -> Result<Next, LookError> {
    let gate = controller.gitops.gates.get(&key.0, &key.1);
    let records: Vec<Arc<Rollback>> = controller.gitops.rollbacks.all();
    let records: Vec<_> =
        records.into_iter().filter(|record| record.spec.dry_run.is_some() && gate_of(record) == *key).collect();
    let question = gate.as_deref().and_then(|gate| question(gate, key));
    let known: Vec<_> = records
        .iter()
        .map(|record| (record.name_any(), record.status.as_ref().and_then(|status| status.finished_at)))
        .collect();
    let now = Timestamp::now();
    let wanted = question.as_ref().map(|(ask, name)| (ask, name.as_str()));
    let chores = dry_run_chores(wanted, &known, now);
    for record in records.iter().filter(|record| chores.remove.contains(&record.name_any())) {
        let uid = record.metadata.uid.as_deref().unwrap_or_default();
        controller.context.cluster.delete_exactly::<Rollback>(&key.0, &record.name_any(), uid).await?;
    }
    if let (true, Some(gate), Some((ask, name))) = (chores.make, gate, question) {
        make(controller, &gate, &ask, name).await?;
    }
    let left = |wake: Timestamp| Duration::try_from(wake.duration_since(now)).unwrap_or_default();
    Ok(chores.wake.map_or(Next::OnChange, |wake| Next::Within(left(wake))))
}

/// What the gate asks, and the name of the record that answers it.
fn question(gate: &TestGate, (namespace, name): &Key) -> Option<(DryRunAsk, String)> {
    let ask = match DryRunAsk::read(gate.annotations().get(ANNOTATION_DRY_RUN)?) {
        Ok(ask) => ask,
        Err(why) => {
            tracing::warn!(namespace, name, "a dry run is not understood: {why}");
            return None;
        }
    };
    let record = dry_run_name(name, gate.metadata.uid.as_deref()?, &ask.token);
    Some((ask, record))
}

/// Makes the record. A gate that remembers no failure is asked about nothing.
async fn make(controller: &Controller, gate: &TestGate, ask: &DryRunAsk, name: String) -> Result<(), LookError> {
    let Some(spec) = dry_run_spec(gate, ask) else { return Ok(()) };
    let record = record(gate, name, spec);
    if let Created::Made(record) = controller.context.cluster.create(&record, FIELD_MANAGER_OPERATOR).await? {
        let (namespace, name) = (record.namespace(), record.name_any());
        tracing::info!(namespace, name, bad = record.spec.bad.revision, "somebody asks for a dry run");
    }
    Ok(())
}

fn record(gate: &TestGate, name: String, spec: RollbackSpec) -> Rollback {
    // Of no worth without its gate, other than the record of a decision.
    let owner = OwnerReference {
        api_version: TestGate::api_version(&()).into_owned(),
        kind: TestGate::kind(&()).into_owned(),
        name: gate.name_any(),
        uid: gate.metadata.uid.clone().unwrap_or_default(),
        controller: None,
        block_owner_deletion: None,
    };
    let labels = [
        (LABEL_GATE, label_value(&gate.name_any())),
        (LABEL_MANAGED_BY, MANAGED_BY.to_owned()),
        (LABEL_DRY_RUN, "true".to_owned()),
    ];
    Rollback {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: gate.namespace(),
            labels: Some(labels.map(|(name, value)| (name.to_owned(), value)).into_iter().collect::<BTreeMap<_, _>>()),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        spec,
        status: None,
    }
}
