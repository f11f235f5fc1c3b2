//! One look at a rollback: again and again observe, decide, write down, act, until there is something to wait for.

use std::time::Duration;

use assay_api::{Rollback, RollbackStatus};
use assay_gitops::{RollbackDecision, decide_rollback, fold_rollback};
use jiff::Timestamp;

use super::act::act;
use super::announce::announce;
use super::controller::Controller;
use super::observe::observe;
use super::outcomes::Outcomes;
use crate::failure::LookError;
use crate::gitops::Key;
use crate::work::Next;

/// Most turns of one look: what takes more begins anew a little later.
const TURNS: usize = 12;
const PAUSE: Duration = Duration::from_secs(1);

/// Looks at a record.
pub(super) async fn look(controller: &Controller, key: &Key) -> Result<Next, LookError> {
    let cluster = &controller.context.cluster;
    // Asked of the API server itself: what a watch shows may be older than what was written a moment ago.
    let Some(record) = cluster.get::<Rollback>(&key.0, &key.1).await? else {
        controller.forget(key);
        return Ok(Next::OnChange);
    };
    let _one_at_a_time = match &record.spec.source {
        // A dry run writes nothing, and keeps nobody waiting who does.
        Some(source) if record.spec.dry_run.is_none() => Some(controller.locks.hold(source).await),
        _ => None,
    };
    // It may have waited for the lock.
    let Some(mut record) = cluster.get::<Rollback>(&key.0, &key.1).await? else { return Ok(Next::OnChange) };
    let mut outcomes = Outcomes::default();
    for _ in 0..TURNS {
        let observed = observe(controller, key, &record, outcomes).await?;
        let now = Timestamp::now();
        let decision = decide_rollback(&observed.evidence, &observed.context, now);
        let changed = match publish(controller, key, &mut record, &observed.evidence.status, &decision, now).await? {
            Published::Changed => true,
            Published::Current => false,
            Published::InDoubt => return Ok(Next::Within(PAUSE)),
            Published::Gone => {
                controller.forget(key);
                return Ok(Next::OnChange);
            }
        };
        if changed && record.spec.dry_run.is_none() {
            announce(controller, &record, &observed.evidence, &decision).await;
        }
        let (learned, gained) = act(controller, key, &observed, &decision).await?;
        if decision.is_over() {
            controller.forget(key);
            return Ok(Next::OnChange);
        }
        let due = decision.wake.is_some_and(|wake| wake <= Timestamp::now());
        if !(learned || changed || due) {
            return Ok(wait(&decision));
        }
        outcomes = gained;
    }
    Ok(Next::Within(PAUSE))
}

fn wait(decision: &RollbackDecision) -> Next {
    let Some(wake) = decision.wake else { return Next::OnChange };
    let left = Duration::try_from(wake.duration_since(Timestamp::now())).unwrap_or_default();
    Next::Within(left.max(Duration::from_millis(50)))
}

/// What came of writing the status.
enum Published {
    /// The phase, or what is to be written to Git, is another than before.
    Changed,
    /// The cluster has it.
    Current,
    /// It is not known whether we still lead, so nothing was written.
    InDoubt,
    /// There is no such record any more.
    Gone,
}

/// Writes the status when it says something new.
async fn publish(
    controller: &Controller,
    key: &Key,
    record: &mut Rollback,
    previous: &RollbackStatus,
    decision: &RollbackDecision,
    now: Timestamp,
) -> Result<Published, LookError> {
    let status = fold_rollback(previous, decision, record.metadata.generation.unwrap_or(0), now);
    if status == *previous {
        return Ok(Published::Current);
    }
    if !controller.git.fence.still_held() {
        tracing::warn!(namespace = key.0, name = key.1, "leadership is in doubt; nothing is written");
        return Ok(Published::InDoubt);
    }
    let changed = status.phase != previous.phase || status.commit != previous.commit;
    let uid = record.metadata.uid.clone();
    let cluster = &controller.context.cluster;
    match cluster.patch_status::<Rollback>(&key.0, &key.1, uid.as_deref(), &status).await {
        Ok(written) => {
            // The point at which everything is decided and written down, and nothing is done, has a name of its own.
            #[cfg(feature = "crash-points")]
            assay_telemetry::crash::point(&format!("the rollback is recorded as {}", status.phase));
            *record = written;
            Ok(if changed { Published::Changed } else { Published::Current })
        }
        // A conflict means that the name belongs to another object now.
        Err(error) if error.not_found() || error.conflict() => Ok(Published::Gone),
        Err(error) => Err(error.into()),
    }
}
