//! Removes records that need not be kept any longer. Which ones still count for something is a rule of
//! `assay-gitops`, how many of the others stay is one of `assay-lifecycle`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use assay_api::Rollback;
use assay_gitops::NeededRecords;
use assay_lifecycle::{Finished, superfluous};
use assay_telemetry::error_chain;
use jiff::Timestamp;
use kube::ResourceExt;
use tokio::sync::{Notify, broadcast};
use tokio::time::timeout;

use crate::context::Context;
use crate::failure::LookError;
use crate::gitops::{Gitops, Key, News, hear};

/// Time between two looks at everything.
const INTERVAL: Duration = Duration::from_secs(300);
/// Ends of rollbacks that come close together are looked at together.
const GATHER: Duration = Duration::from_secs(10);
/// More records are not removed at a time: others want to use the API server, too.
const BATCH: usize = 100;

/// Looks for what need not be kept any longer: after something became of a rollback, and from time to time.
pub(super) async fn run(context: &Context, gitops: &Gitops, news: broadcast::Receiver<News>) {
    let changed = Notify::new();
    let feed = hear(news, |news| {
        if matches!(news, None | Some(News::Rollback(_))) {
            changed.notify_one();
        }
    });
    tokio::join!(feed, async {
        tokio::join!(gitops.synced(), gitops.grants.synced());
        loop {
            // Nothing changed for long, or something did: both are a reason to look.
            let _ = timeout(INTERVAL, changed.notified()).await;
            tokio::time::sleep(GATHER).await;
            if let Err(error) = sweep(context, gitops).await {
                tracing::warn!(error = error_chain(&error), "retention of rollbacks was put off");
            }
        }
    });
}

/// Removes what is beyond the limits of any gate.
async fn sweep(context: &Context, gitops: &Gitops) -> Result<(), LookError> {
    let now = Timestamp::now();
    let limits = &context.settings.rollback_retention;
    for ((namespace, gate), known) in by_gate(gitops, now) {
        for record in superfluous(&known, limits, now).into_iter().rev().take(BATCH) {
            context.cluster.delete_exactly::<Rollback>(&namespace, &record.name, &record.uid).await?;
            tracing::info!(namespace, name = record.name, gate, "the record of a rollback was removed by retention");
        }
    }
    Ok(())
}

/// The records that are over, by gate. A gate that is gone leaves its own.
fn by_gate(gitops: &Gitops, now: Timestamp) -> BTreeMap<Key, Vec<Finished>> {
    let (gates, grants, records) = (gitops.gates.all(), gitops.grants.all(), gitops.rollbacks.all());
    let of_gates = gates.iter().map(Arc::as_ref);
    let of_grants = grants.iter().map(Arc::as_ref);
    let needed = NeededRecords::new(of_gates, of_grants, records.iter().map(Arc::as_ref));
    let mut all: BTreeMap<Key, Vec<Finished>> = BTreeMap::new();
    // Dry runs have a rule of their own.
    for record in records.iter().filter(|record| record.spec.dry_run.is_none()) {
        let Some(finished_at) = record.status.as_ref().and_then(|status| status.finished_at) else { continue };
        let finished = Finished {
            name: record.name_any(),
            uid: record.uid().unwrap_or_default(),
            finished_at,
            kept: record.metadata.deletion_timestamp.is_some() || needed.contains(record, now),
        };
        all.entry((record.namespace().unwrap_or_default(), record.spec.gate.clone())).or_default().push(finished);
    }
    all
}
