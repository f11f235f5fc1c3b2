//! What a gate says: one standing, one reason, one sentence.

use assay_api::{DeliveryReference, GateMode, Judgement, Reason, RollbackPhase, Standing, Verdict};

use super::judge::{Progress, another_own};
use super::names::short;
use super::observed::GateObserved;
use super::record::is_about;
use crate::delivery::{Delivery, Judged};

/// What is said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) standing: Standing,
    pub(super) reason: Reason,
    pub(super) message: String,
}

fn going(reason: Reason, message: String) -> Said {
    Said { standing: Standing::Going, reason, message }
}

/// The spec contradicts itself: only the user can change that.
pub(super) fn invalid(message: String) -> Said {
    Said { standing: Standing::Bad, reason: Reason::ConfigInvalid, message }
}

/// The delivery does not exist. It may yet.
pub(super) fn missing(observed: &GateObserved) -> Said {
    let reference = &observed.gate.spec.delivery;
    let namespace = reference.namespace.as_deref().unwrap_or(&observed.gate.namespace);
    let words =
        format!("{} {namespace}/{} does not exist, or its kind is not installed", reference.kind, reference.name);
    going(Reason::DeliveryNotFound, words)
}

/// What is delivered cannot be named. Where there are several sources, somebody must choose; anything else may
/// come with time.
pub(super) fn unclear(delivery: &Delivery) -> Option<Said> {
    let Judged::Unclear(why) = &delivery.judged else { return None };
    let must_choose = delivery.sources.len() > 1 && !delivery.deleted;
    let standing = if must_choose { Standing::Bad } else { Standing::Going };
    Some(Said { standing, reason: Reason::DeliveryUnclear, message: why.clone() })
}

/// A delivery that names no revision at all is new, or was made anew: nothing that was judged is known to be there.
pub(super) fn nameless(delivery: &Delivery) -> Option<Said> {
    let named = delivery.desired.is_some() || delivery.attempted.is_some() || delivery.operation.is_some();
    let words = || format!("{} {} does not name a revision yet", delivery.reference.kind, delivery.reference.name);
    (!named).then(|| going(Reason::AwaitingDeployment, words()))
}

/// What is said of revisions is about other sources than the ones named by now.
pub(super) fn outdated(delivery: &Delivery) -> Option<Said> {
    let DeliveryReference { kind, name, .. } = &delivery.reference;
    let words = || format!("the source of {kind} {name} was changed, and it was not compared with the new one yet");
    delivery.outdated.then(|| going(Reason::AwaitingDeployment, words()))
}

/// What is said of the current judgement.
pub(super) fn say(
    current: Option<&Judgement>,
    progress: &Progress,
    observed: &GateObserved,
    delivery: &Delivery,
) -> Said {
    let name = current.map(|current| short(&current.revision.revision));
    let named = |words: &str| name.map_or_else(|| words.to_owned(), |name| format!("{name}: {words}"));
    if let Some((reason, words)) = &progress.waits {
        return going(*reason, named(words));
    }
    let verdict = current.and_then(|current| Some((current, current.verdict?)));
    let Some((current, verdict)) = verdict else {
        return going(Reason::AwaitingDeployment, named("nothing is known of it yet"));
    };
    if let Some(words) = another_own(current, observed) {
        return going(Reason::AwaitingOwnRevision, named(&words));
    }
    if is_rolled_back(current, observed, delivery) {
        return going(Reason::RollingBack, named("failed; a revert is being written, and is waited for"));
    }
    let words = current.message.clone().unwrap_or_else(|| verdict.to_string());
    let words = named(&format!("{words}{}", held(current, delivery)));
    let reason = current.reason.unwrap_or(Reason::TestsFailed);
    match (verdict.is_green(), observed.gate.spec.mode) {
        (true, _) => Said { standing: Standing::Good, reason, message: words },
        (false, GateMode::Advisory) => {
            let message = format!("{words}; {verdict} ({reason}), and only reported, since the gate is advisory");
            Said { standing: Standing::Good, reason: Reason::AdvisoryFailed, message }
        }
        (false, GateMode::Blocking) => Said { standing: Standing::Bad, reason, message: words },
    }
}

/// Our own revert is on its way: it must not be judged by the verdict of what it takes back. While an operation
/// or a health check of the bad revision goes on the verdict stays, or it would wait for what it never sees.
fn is_rolled_back(current: &Judgement, observed: &GateObserved, delivery: &Delivery) -> bool {
    let phase = observed.rollback.as_ref().map(|seen| seen.phase);
    let written = matches!(phase, Some(RollbackPhase::Committing | RollbackPhase::Deploying));
    let held_on = delivery.operation.is_some() || delivery.awaits_health;
    written && current.verdict == Some(Verdict::Failed) && is_about(observed, current) && !held_on
}

/// What is not deployed, where somebody keeps it from being deployed.
fn held(current: &Judgement, delivery: &Delivery) -> String {
    let desired = delivery.desired.as_deref().filter(|desired| *desired != current.revision.revision);
    match (desired, &delivery.held) {
        (Some(desired), Some(held)) => format!("; {} is not deployed: {held}", short(desired)),
        _ => String::new(),
    }
}
