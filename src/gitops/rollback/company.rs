//! Rollbacks of other gates that the same bad commit concerns: one commit takes them all back.

use assay_api::{Answer, RollbackMode, RollbackPhase, RollbackStatus};

use super::facts::RestoredPath;
use crate::evidence::{Evidence, OtherRollback};
use crate::guards::{concerns_all, is_sibling};

/// Whether a rollback only waits for company: every guard that concerns it alone let it pass, as a push.
/// What concerns all of one commit alike, and that it is not the leader, does not count.
pub fn willing(status: &RollbackStatus) -> bool {
    let waits = matches!(status.phase, RollbackPhase::Evaluating | RollbackPhase::Holding | RollbackPhase::Joined);
    let passes = |answer| answer == Answer::Pass;
    let alone = status.findings.iter().filter(|finding| !concerns_all(finding.guard));
    waits && !status.findings.is_empty() && alone.map(|finding| finding.answer).all(passes)
}

/// The record by its name in [`RollbackStatus::joined`].
pub(super) fn named<'a>(evidence: &'a Evidence, joined: &str) -> Option<&'a OtherRollback> {
    evidence.others.iter().find(|other| name(&other.record) == joined)
}

/// `namespace/name`.
pub(super) fn name((namespace, name): &(String, String)) -> String {
    format!("{namespace}/{name}")
}

/// What this record's commit restores: its own path, and those of all that want to come along and may do so
/// (`companions`). A path that lies in one that is restored already is left to its own record.
pub(super) fn entries(evidence: &Evidence, companions: &[(String, String)], mode: RollbackMode) -> Vec<RestoredPath> {
    let spec = &evidence.spec;
    let (Some(source), Some(good)) = (&spec.source, &spec.good) else { return Vec::new() };
    let own = RestoredPath { path: source.path.clone(), good: good.revision.clone(), record: evidence.record.clone() };
    let mut entries = vec![own];
    if mode == RollbackMode::Observe {
        return entries;
    }
    let mut others: Vec<&OtherRollback> =
        evidence.others.iter().filter(|other| companions.contains(&other.record) && comes(evidence, other)).collect();
    others.sort_by(|a, b| a.record.cmp(&b.record));
    for other in others {
        let (Some(source), Some(good)) = (&other.spec.source, &other.spec.good) else { continue };
        if !entries.iter().any(|entry| overlaps(&entry.path, &source.path)) {
            let (path, good) = (source.path.clone(), good.revision.clone());
            entries.push(RestoredPath { path, good, record: other.record.clone() });
        }
    }
    entries.sort();
    entries
}

fn comes(evidence: &Evidence, other: &OtherRollback) -> bool {
    other.willing && !other.phase.is_final() && is_sibling(evidence, other)
}

/// Whether one path lies in the other.
fn overlaps(a: &str, b: &str) -> bool {
    let inside = |inner: &str, outer: &str| {
        outer.is_empty() || inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
    };
    inside(a, b) || inside(b, a)
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
