//! What the store is told while an execution goes on, and what is said when it
//! does not listen.

use assay_api::Reason;
use assay_protocol::ingest::Commands;
use jiff::Timestamp;

use crate::decision::{Action, Decision, Trouble};
use crate::observed::{Observed, Recorded};
use crate::policy::Policy;
use crate::time::after;

/// What stands between the words of the run and those about the store.
const STORE: &str = ". Assay's store does not do its work: ";

const WHAT_TO_DO: &str = ". The run goes on, and is recorded when the store is back; look at the log of the manager, \
                          at the space on its volume, and at its database";

/// Adds to a decision what concerns the store. The run itself does not wait for it.
pub(crate) fn add(observed: &Observed, decision: &mut Decision, policy: &Policy, now: Timestamp) {
    let applied = decision.actions.contains(&Action::ApplyObjects);
    if observed.had_job() && !applied {
        match observed.recorded {
            Recorded::Unknown => decision.actions.push(Action::Begin),
            Recorded::Open => decision.actions.extend(commands(observed).map(Action::SetCommands)),
            Recorded::Away | Recorded::Concluded => {}
        }
    }
    if let Some(words) = &observed.store {
        trouble(observed, decision, policy, now, words);
    }
}

/// What somebody asked for, unless the store has it. The generation of the
/// spec counts the changes.
fn commands(observed: &Observed) -> Option<Commands> {
    let execution = &observed.execution;
    let asked = execution.generation > 1 || execution.pause || !execution.resume.is_empty();
    let version = u64::try_from(execution.generation).unwrap_or(0);
    let wanted = Commands { version, pause: execution.pause, resume: execution.resume.clone() };
    (asked && observed.commanded.as_ref() != Some(&wanted)).then_some(wanted)
}

fn trouble(observed: &Observed, decision: &mut Decision, policy: &Policy, now: Timestamp, words: &str) {
    decision.troubles.push(Trouble::Store);
    let told_at = after(observed.since(Trouble::Store, now), policy.store_patience);
    if now < told_at {
        decision.wake = decision.wake.or_at(told_at);
        return;
    }
    // It is asked again by itself: nothing tells us when it is back.
    decision.wake = decision.wake.or_at(after(now, policy.silence_grace));
    let quiet = matches!(decision.reason, Reason::Accepted | Reason::Starting | Reason::Running | Reason::Paused);
    if quiet {
        decision.reason = Reason::StoreUnavailable;
    }
    decision.message.push_str(STORE);
    decision.message.push_str(words);
    decision.message.push_str(WHAT_TO_DO);
}

/// A message of ours without what it says about the store.
pub(crate) fn without_trouble(message: &str) -> &str {
    message.split_once(STORE).map_or(message, |(run, _)| run)
}

/// Whether waiting for the runner's word makes sense for longer: it may have
/// spoken to a store that does not answer.
pub(crate) fn may_hold_its_word(observed: &Observed) -> bool {
    observed.recorded == Recorded::Away
}
