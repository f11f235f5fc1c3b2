//! Rollbacks of other gates that the same bad commit concerns: one commit takes them all back.

use assay_api::{Answer, RollbackMode, RollbackPhase, RollbackStatus};

use super::facts::{RestoredPath, RollbackContext};
use crate::evidence::{Evidence, OtherRollback};
use crate::guards::concerns_all;
use crate::paths::within;

/// Whether a rollback only waits for company: every guard that concerns it alone let it pass.
/// What concerns all of one commit alike, and that it is not the leader, does not count.
pub fn willing(status: &RollbackStatus) -> bool {
    let waits = matches!(status.phase, RollbackPhase::Evaluating | RollbackPhase::Holding | RollbackPhase::Joined);
    let alone = status.findings.iter().filter(|finding| !concerns_all(finding.guard));
    waits && !status.findings.is_empty() && alone.map(|finding| finding.answer).all(|answer| answer == Answer::Pass)
}

/// Whether the leader's recorded commit restores all paths of this record.
pub(super) fn takes_along(leader: &OtherRollback, own: &[String]) -> bool {
    let decided = matches!(
        leader.phase,
        RollbackPhase::Committing
            | RollbackPhase::PullRequestOpen
            | RollbackPhase::Deploying
            | RollbackPhase::Verifying
            | RollbackPhase::Recovered
            | RollbackPhase::Failed
    );
    let Some(commit) = &leader.commit else { return false };
    decided && own.iter().all(|path| commit.paths.iter().any(|restored| within(path, restored)))
}

/// The record whose commit is on the branch already and carries out this one's decision too: it was written before
/// this record was looked at again.
pub(super) fn carried_out_by<'a>(evidence: &'a Evidence, own: &[String]) -> Option<&'a OtherRollback> {
    let done = evidence.git.as_ref().ok()?.done.as_ref()?;
    let is_done = |other: &&OtherRollback| other.commit.as_ref().is_some_and(|commit| commit.id == *done);
    evidence.others.iter().filter(is_done).find(|other| takes_along(other, own))
}

/// The record by its name in `status.joined`.
pub(super) fn named<'a>(evidence: &'a Evidence, joined: &str) -> Option<&'a OtherRollback> {
    evidence.others.iter().find(|other| name(&other.record) == joined)
}

/// `namespace/name`.
pub(super) fn name((namespace, name): &(String, String)) -> String {
    format!("{namespace}/{name}")
}

/// The paths of this record.
pub(super) fn own_paths(evidence: &Evidence, context: &RollbackContext) -> Vec<String> {
    match (&evidence.spec.source, context.paths.as_slice()) {
        (_, [_, ..]) => context.paths.clone(),
        (Some(source), []) => vec![source.path.clone()],
        (None, []) => Vec::new(),
    }
}

/// What this record's commit restores: its own paths, and those of all that come along. Who wants something else
/// where another one wants something already is left to its own record.
pub(super) fn entries(evidence: &Evidence, context: &RollbackContext, mode: RollbackMode) -> Vec<RestoredPath> {
    let Some(good) = &evidence.spec.good else { return Vec::new() };
    let entry = |path: String, good: &str, record: &(String, String)| RestoredPath {
        path,
        good: good.to_owned(),
        record: record.clone(),
    };
    let own = own_paths(evidence, context).into_iter();
    let mut entries: Vec<RestoredPath> = own.map(|path| entry(path, &good.revision, &evidence.record)).collect();
    // Who only observes shows what it would do by itself.
    let company = if mode == RollbackMode::Observe { &[][..] } else { &context.company };
    for other in company {
        let wanted = other.paths.iter().map(|path| entry(path.clone(), &other.good, &other.record));
        let new: Vec<RestoredPath> = wanted.filter(|wanted| !is_restored(wanted, &entries)).collect();
        if new.iter().all(|new| !entries.iter().any(|known| overlaps(&new.path, &known.path))) {
            entries.extend(new);
        }
    }
    entries.sort();
    entries
}

/// Whether the same content is restored there already.
fn is_restored(wanted: &RestoredPath, entries: &[RestoredPath]) -> bool {
    entries.iter().any(|known| within(&wanted.path, &known.path) && known.good == wanted.good)
}

/// Whether one path lies in the other.
fn overlaps(a: &str, b: &str) -> bool {
    within(a, b) || within(b, a)
}

#[cfg(test)]
mod tests {
    use super::overlaps;

    #[test]
    fn a_path_overlaps_what_it_holds_and_no_namesake() {
        for (a, b, expected) in [
            ("apps/web", "apps/web", true),
            ("apps", "apps/web", true),
            ("apps/web", "apps", true),
            ("", "apps/web", true),
            ("apps/web", "apps/web2", false),
            ("apps/web", "libs", false),
        ] {
            assert_eq!(overlaps(a, b), expected, "{a:?} and {b:?}");
        }
    }
}
