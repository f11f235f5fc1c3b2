//! What lies between good and bad: whether it can be the culprit, and whether it may be taken back.

use assay_api::{Finding, Guard, RevisionStatus};
use jiff::Timestamp;

use super::answer::{count, pass, pull_request, refuse};
use super::repository::{commit, facts};
use crate::evidence::Evidence;
use crate::paths::{matches, within};
use crate::repository::CommitFacts;
use crate::text::{plain, short};

/// What is never reverted by itself, unless the policy says otherwise.
const NEVER: &[&str] = &["**/migrations/**"];

/// Good and bad differ in the delivered paths.
pub(super) fn culprit_in_paths(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::CulpritInPaths;
    let facts = match facts(evidence, guard) {
        Ok(facts) => facts,
        Err(finding) => return finding,
    };
    match (&facts.good_tree, &facts.bad_tree) {
        (Some(good), Some(bad)) if good == bad || facts.changed.is_empty() => refuse(
            guard,
            "nothing differs between good and bad in the delivered paths, so it is not this commit; look at the environment, at images that moved, at what the paths refer to, at values and patches of the delivery itself",
        ),
        (Some(_), Some(_)) if rendered_otherwise(evidence) => {
            let said = "what the delivery renders the paths with (values, parameters, patches) changed too, and restoring the paths does not restore that";
            pull_request(evidence, guard, said)
        }
        (Some(_), Some(_)) => {
            let commits = if facts.range.is_empty() {
                String::new()
            } else {
                format!(" by {}", count(facts.range.len(), "commit"))
            };
            pass(guard, format!("{} changed in the delivered paths{commits}", count(facts.changed.len(), "file")))
        }
        _ => refuse(guard, "the content of good and bad could not be compared"),
    }
}

/// Whether good and bad were rendered with something else.
fn rendered_otherwise(evidence: &Evidence) -> bool {
    let rendered_with =
        |revision: Option<&RevisionStatus>| revision.and_then(|revision| revision.rendered_with.clone());
    let spec = &evidence.spec;
    let (good, bad) = (rendered_with(spec.good.as_ref()), rendered_with(Some(&spec.bad)));
    good.is_some() && bad.is_some() && good != bad
}

/// What the delivered paths refer to outside of them is the same in good and bad.
pub(super) fn shared_base_unchanged(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::SharedBaseUnchanged;
    let facts = match facts(evidence, guard) {
        Ok(facts) => facts,
        Err(finding) => return finding,
    };
    let referred = |file: &&String| facts.references.iter().any(|reference| within(file, reference));
    if let Some(file) = facts.changed_outside.iter().find(referred) {
        let said = format!(
            "`{}`, which the delivered paths refer to, changed too, and restoring the paths does not restore it",
            plain(file, 200)
        );
        return pull_request(evidence, guard, &said);
    }
    if facts.cut {
        return refuse(guard, cut("files"));
    }
    match facts.references.len() {
        0 => pass(guard, "the delivered paths refer to nothing outside of them"),
        some => pass(guard, format!("{} outside the delivered paths did not change", count(some, "reference"))),
    }
}

/// No merge between good and bad, or the policy allows them.
pub(super) fn no_merge(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::NoMerge;
    let facts = match facts(evidence, guard) {
        Ok(facts) => facts,
        Err(finding) => return finding,
    };
    if let Some(merge) = facts.range.iter().chain(&facts.bad).find(|commit| commit.parents > 1) {
        if evidence.spec.policy.allow_merges {
            return pass(
                guard,
                format!("{} is a merge, which `spec.rollback.allowMerges` of the gate allows", short(&merge.id)),
            );
        }
        let said = format!(
            "{} is a merge: merging the same branch again would not bring its change back (`spec.rollback.allowMerges` of the gate allows it)",
            commit(merge)
        );
        return pull_request(evidence, guard, &said);
    }
    if facts.cut { refuse(guard, cut("commits")) } else { pass(guard, "no commit between good and bad is a merge") }
}

/// Never roll back a rollback, nor past one.
pub(super) fn not_a_rollback(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::NotARollback;
    let facts = match facts(evidence, guard) {
        Ok(facts) => facts,
        Err(finding) => return finding,
    };
    let ours = |commit: &&CommitFacts| commit.rollback_key.is_some() || commit.reverts_rollback;
    if let Some(found) = facts.range.iter().chain(&facts.bad).find(ours) {
        let what = if found.rollback_key.is_some() { "a rollback" } else { "the revert of a rollback" };
        return refuse(guard, format!("{} is {what}; what follows a rollback is for people to judge", commit(found)));
    }
    if facts.cut { refuse(guard, cut("commits")) } else { pass(guard, "no commit between good and bad is a rollback") }
}

/// No file that changed is among those that are never reverted by themselves.
pub(super) fn revertible(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::Revertible;
    let facts = match facts(evidence, guard) {
        Ok(facts) => facts,
        Err(finding) => return finding,
    };
    let own = evidence.spec.policy.never_revert.as_ref();
    let patterns: Vec<&str> = own.map_or_else(|| NEVER.to_vec(), |own| own.iter().map(String::as_str).collect());
    for pattern in &patterns {
        let meant = |path: &str| matches(pattern.trim_start_matches('/'), path);
        if let Some(file) = facts.changed.iter().find(|file| meant(&file.path)) {
            return refuse(
                guard,
                format!(
                    "`{}` changed, which `spec.rollback.neverRevert` of the gate keeps (`{}`): code that was rolled back may meet data that was not",
                    plain(&file.path, 200),
                    plain(pattern, 100)
                ),
            );
        }
    }
    if facts.cut {
        return refuse(guard, cut("files"));
    }
    if patterns.is_empty() {
        return pass(guard, "`spec.rollback.neverRevert` of the gate names no files");
    }
    pass(guard, format!("no changed file is among {}", plain(&patterns.join(", "), 200)))
}

/// Restoring takes nothing away that takes more with it.
pub(super) fn nothing_precious(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::NothingPrecious;
    let facts = match facts(evidence, guard) {
        Ok(facts) => facts,
        Err(finding) => return finding,
    };
    match facts.precious_removed.first() {
        Some(object) => {
            let more = facts.precious_removed.len() - 1;
            let more = if more == 0 { String::new() } else { format!(" and {} like it", count(more, "object")) };
            refuse(
                guard,
                format!(
                    "restoring would remove {}{more}, and everything that depends on it; take it back by hand, in steps",
                    plain(object, 200)
                ),
            )
        }
        None => pass(guard, "restoring removes no definition, namespace or volume claim"),
    }
}

fn cut(what: &str) -> String {
    format!("there are too many {what} between good and bad to look at all of them; take the change back by hand")
}
