//! What the repository says: it can be read, the content is still out, nobody rewrote history, nothing is newer.

use assay_api::{Finding, Guard};
use jiff::Timestamp;

use super::answer::{count, hold, pass, refuse, skipped};
use crate::evidence::Evidence;
use crate::repository::{CommitFacts, GitFacts, GitTrouble};
use crate::repository_url::without_credentials;
use crate::text::{plain, short};

/// The repository answers and has both revisions.
pub(super) fn repository_readable(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::RepositoryReadable;
    match &evidence.git {
        Err(GitTrouble::Unavailable(why)) => {
            hold(guard, format!("the repository does not answer: {}; it is asked again", trouble(why)))
        }
        Err(GitTrouble::Denied(why)) => refuse(
            guard,
            format!("the repository says no: {}; look at the status of the `GitWriteAccess`", trouble(why)),
        ),
        Ok(facts) => match missing(evidence, facts) {
            Some(why) => refuse(guard, why),
            None => pass(guard, format!("it has both revisions, and the branch is at {}", short(&facts.tip))),
        },
    }
}

fn trouble(why: &str) -> String {
    plain(&without_credentials(why), 400)
}

/// What of the two revisions and the branch is not there, or is not what was asked for.
fn missing(evidence: &Evidence, facts: &GitFacts) -> Option<String> {
    let spec = &evidence.spec;
    if facts.tip.is_empty() {
        return Some("the branch does not exist; it was deleted or renamed".to_owned());
    }
    let good = spec.good.as_ref().map(|good| good.revision.as_str());
    for (found, wanted, what) in [(&facts.bad, Some(spec.bad.revision.as_str()), "failed"), (&facts.good, good, "good")]
    {
        let Some(wanted) = wanted else { return Some("no good revision is known".to_owned()) };
        match found {
            None => {
                return Some(format!(
                    "the repository does not have the {what} revision {}; its history was rewritten, or it is no commit",
                    short(wanted)
                ));
            }
            Some(found) if found.id.is_empty() || !found.id.eq_ignore_ascii_case(wanted) => {
                return Some(format!("the {what} revision {} is not the full id of a commit", plain(wanted, 80)));
            }
            Some(_) => {}
        }
    }
    None
}

/// Facts that guards may rely on, or the answer of a guard that has none.
pub(super) fn facts(evidence: &Evidence, guard: Guard) -> Result<&GitFacts, Finding> {
    match &evidence.git {
        Ok(facts) if missing(evidence, facts).is_none() => Ok(facts),
        _ => Err(skipped(guard, "the repository could not be read")),
    }
}

/// What is deployed is, in the delivered paths, what failed.
pub(super) fn still_deployed(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::StillDeployed;
    let facts = match facts(evidence, guard) {
        Ok(facts) => facts,
        Err(finding) => return finding,
    };
    let Some(delivery) = &evidence.delivery else {
        return refuse(guard, "the delivery does not exist any more");
    };
    let Some(attempted) = &delivery.attempted else {
        return refuse(guard, "the delivery does not say which revision it deploys");
    };
    let bad = &evidence.spec.bad.revision;
    match (&facts.deployed_tree, &facts.bad_tree) {
        (Some(deployed), Some(failed)) if deployed == failed => {
            let same = if attempted.eq_ignore_ascii_case(bad) { "the revision" } else { "the same content as the one" };
            pass(guard, format!("{} is deployed, {same} that failed", short(attempted)))
        }
        (Some(_), Some(_)) => {
            refuse(guard, format!("{} is deployed by now, with other content than {}", short(attempted), short(bad)))
        }
        _ => refuse(guard, format!("whether {} has the content that failed could not be found out", short(attempted))),
    }
}

/// Good, bad and tip lie on one line.
pub(super) fn history_intact(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::HistoryIntact;
    let facts = match facts(evidence, guard) {
        Ok(facts) => facts,
        Err(finding) => return finding,
    };
    let (good, bad) = (id(facts.good.as_ref()), id(facts.bad.as_ref()));
    if !facts.good_before_bad {
        return refuse(
            guard,
            format!("the good revision {good} is not an ancestor of {bad}: what lies between cannot be told"),
        );
    }
    if !facts.bad_before_tip {
        return refuse(
            guard,
            format!(
                "{bad} is not on the branch any more (its tip is {}): somebody rewrote or reset it",
                short(&facts.tip)
            ),
        );
    }
    pass(guard, format!("{good} leads to {bad}, and {bad} to the tip {}", short(&facts.tip)))
}

fn id(commit: Option<&CommitFacts>) -> String {
    commit.map(|commit| short(&commit.id)).unwrap_or_default()
}

/// Since the failure nobody touched the delivered paths on the branch.
pub(super) fn nothing_newer(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::NothingNewer;
    let facts = match facts(evidence, guard) {
        Ok(facts) => facts,
        Err(finding) => return finding,
    };
    if let Some(newest) = facts.newer.first() {
        let more = match facts.newer.len() {
            1 => String::new(),
            many => format!(" and {} before it", count(many - 1, "commit")),
        };
        return refuse(
            guard,
            format!(
                "{}{more} touched the delivered paths after the failure; the newer revision gets its own judgement",
                commit(newest)
            ),
        );
    }
    match (&facts.tip_tree, &facts.bad_tree) {
        (Some(tip), Some(bad)) if tip == bad => pass(guard, "the tip has the content that failed"),
        (Some(_), Some(_)) => {
            refuse(guard, "the tip has other content than the one that failed, though no commit says so")
        }
        _ => refuse(guard, "whether the tip still has the content that failed could not be found out"),
    }
}

/// A commit as people know it: `1a2b3c4 "subject" by author`.
pub(super) fn commit(commit: &CommitFacts) -> String {
    format!("{} \"{}\" by {}", short(&commit.id), plain(&commit.subject, 72), plain(&commit.author, 40))
}
