//! Other rollbacks and other gates, as far as they speak for or against this one.

use assay_api::{GateMode, GitSource, Rollback, TestGate, Verdict};
use assay_gitops::{Neighbour, OtherRollback, same_repository, willing, written_at};
use jiff::Timestamp;
use kube::ResourceExt;

use crate::context::Context;
use crate::failure::LookError;
use crate::gitops::{Gitops, Key, key_of};

/// All other records, as the API server has them now: a watch may not show yet what was decided a moment ago.
pub(super) async fn records(context: &Context, own: &Key) -> Result<Vec<OtherRollback>, LookError> {
    let mut all = Vec::new();
    if context.settings.namespaces.is_empty() {
        all = context.cluster.list::<Rollback>(None, None).await?;
    }
    for namespace in &context.settings.namespaces {
        all.extend(context.cluster.list::<Rollback>(Some(namespace), None).await?);
    }
    // What was only asked about speaks for and against nothing.
    let real = all.into_iter().filter(|record| record.spec.dry_run.is_none());
    Ok(real.filter_map(|record| other(record, own)).collect())
}

fn other(record: Rollback, own: &Key) -> Option<OtherRollback> {
    let key = (record.namespace().unwrap_or_default(), record.name_any());
    let created_at = record.metadata.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    let status = record.status.unwrap_or_default();
    (key != *own).then(|| OtherRollback {
        record: key,
        created_at,
        phase: status.phase,
        written_at: written_at(&status),
        willing: willing(&status),
        commit: status.commit,
        joined: status.joined,
        spec: record.spec,
    })
}

/// Blocking gates other than this one: how many, and how many of them fail.
pub(super) fn gates(gitops: &Gitops, own: &Key) -> (usize, usize) {
    let all = gitops.gates.all();
    let blocking = all.iter().filter(|gate| gate.spec.mode == GateMode::Blocking && key_of(gate.as_ref()) != *own);
    let fails = |gate: &TestGate| {
        let current = gate.status.as_ref().and_then(|status| status.current.as_ref());
        current.is_some_and(|current| current.verdict == Some(Verdict::Failed))
    };
    let (mut number, mut failing) = (0, 0);
    for gate in blocking {
        number += 1;
        failing += usize::from(fails(gate));
    }
    (number, failing)
}

/// Gates on the same branch of the same repository, other than this one.
pub(super) fn neighbours(gitops: &Gitops, own: &Key, source: Option<&GitSource>) -> Vec<Neighbour> {
    let Some(source) = source else { return Vec::new() };
    let all = gitops.gates.all();
    let near = all.iter().filter(|gate| key_of(gate.as_ref()) != *own).filter_map(|gate| {
        let status = gate.status.as_ref()?;
        let its = status.source.as_ref()?;
        (its.branch == source.branch && same_repository(&its.repository, &source.repository)).then(|| Neighbour {
            gate: key_of(gate.as_ref()),
            revision: status.current.as_ref().map(|current| current.revision.revision.clone()),
            final_: status.current.as_ref().is_some_and(|current| current.verdict.is_some()),
        })
    });
    near.collect()
}
