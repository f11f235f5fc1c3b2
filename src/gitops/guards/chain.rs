//! The chain: every guard by its name, in their order.

use assay_api::{Answer, Finding, Guard};
use jiff::{SignedDuration, Timestamp};

use super::answer::after;
use super::{access, change, rate, repository, source, together, verdict};
use crate::evidence::Evidence;

/// A guard: what it is asked about, and when.
type Ask = fn(&Evidence, Timestamp) -> Finding;

/// The function of a guard.
const fn of(guard: Guard) -> Ask {
    match guard {
        Guard::DefinitiveFailure => verdict::definitive_failure,
        Guard::ConfirmedFailure => verdict::confirmed_failure,
        Guard::FreshFailure => verdict::fresh_failure,
        Guard::LastGoodKnown => source::last_good_known,
        Guard::SameSource => source::same_source,
        Guard::SourceIsBranch => source::source_is_branch,
        Guard::RepositoryReadable => repository::repository_readable,
        Guard::StillDeployed => repository::still_deployed,
        Guard::HistoryIntact => repository::history_intact,
        Guard::NothingNewer => repository::nothing_newer,
        Guard::CulpritInPaths => change::culprit_in_paths,
        Guard::SharedBaseUnchanged => change::shared_base_unchanged,
        Guard::NoMerge => change::no_merge,
        Guard::NotARollback => change::not_a_rollback,
        Guard::Revertible => change::revertible,
        Guard::NothingPrecious => change::nothing_precious,
        Guard::NoOtherWriter => access::no_other_writer,
        Guard::Granted => access::granted,
        Guard::BranchWritable => access::branch_writable,
        Guard::NotPaused => access::not_paused,
        Guard::Approved => access::approved,
        Guard::CooledDown => rate::cooled_down,
        Guard::WithinBudget => rate::within_budget,
        Guard::NoMassFailure => rate::no_mass_failure,
        Guard::Coalesced => together::coalesced,
        Guard::NotDoneBefore => together::not_done_before,
    }
}

/// Asks every guard, in their order, also after one that refuses: the record shows everything. The answers are
/// folded elsewhere: any `Refuse` is a no, any `Hold` a not yet, any `PullRequest` no more than that.
pub fn judge(evidence: &Evidence, now: Timestamp) -> Vec<Finding> {
    Guard::ALL.iter().map(|guard| ask_guard(*guard, evidence, now)).collect()
}

/// Asks one guard.
pub fn ask_guard(guard: Guard, evidence: &Evidence, now: Timestamp) -> Finding {
    of(guard)(evidence, now)
}

/// When the guards that hold must be asked again although nothing changed: the end of a cool-down, of the
/// budget's window, of the wait for other gates, or the moment from which the failure is only reported. `None`
/// when time alone changes nothing: then a change of the gate, the grant, the repository or an annotation does.
pub fn ask_again_at(evidence: &Evidence, findings: &[Finding], now: Timestamp) -> Option<Timestamp> {
    let holds = |guard: Guard| findings.iter().any(|found| found.guard == guard && found.answer == Answer::Hold);
    let mut times = Vec::new();
    if holds(Guard::CooledDown) {
        times.extend(rate::cooled_at(evidence).ok().flatten().map(|(_, end)| end));
    }
    if holds(Guard::WithinBudget) {
        times.extend(rate::budget_free_at(evidence, now));
    }
    if holds(Guard::Coalesced) {
        times.push(together::heard_at(evidence));
    }
    if findings.iter().any(|found| found.answer == Answer::Hold) {
        // From here on it is refused: the first moment behind the limit.
        times.extend(verdict::fresh_until(evidence).ok().map(|end| after(end, SignedDuration::from_millis(1))));
    }
    times.into_iter().filter(|time| *time > now).min()
}
