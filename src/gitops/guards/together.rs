//! Several gates that one commit concerns are reverted by one commit; and nothing is done twice.

use assay_api::{Finding, Guard, RollbackPhase, RollbackSpec};
use jiff::{SignedDuration, Timestamp};

use super::answer::{after, at, count, hold, pass, refuse, skipped};
use super::rate::{is_under_way, named};
use super::repository::facts;
use crate::evidence::{Evidence, Neighbour, OtherRollback};
use crate::paths::within;
use crate::repository_url::same_repository;
use crate::text::{plain, short};

/// So long after the failure the other gates of the same commit are waited for.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// Whether the guard looks at what all records of one commit share: its answer makes none of them unwilling.
pub const fn concerns_all(guard: Guard) -> bool {
    matches!(guard, Guard::WithinBudget | Guard::NoMassFailure | Guard::Coalesced)
}

/// The record that leads when several are about the same commit, if it is not this one: the oldest of the
/// willing ones, by time, then by namespace and name.
pub fn leader(evidence: &Evidence) -> Option<&OtherRollback> {
    let ours = (evidence.created_at, &evidence.record);
    let siblings = evidence.others.iter().filter(|other| is_sibling(evidence, other));
    let before = siblings.filter(|other| leads(evidence, other, ours));
    before.min_by_key(|other| (!has_begun(other), other.created_at, &other.record))
}

/// Whether a sibling goes first: it has begun to write, or it is willing and older.
fn leads(evidence: &Evidence, other: &OtherRollback, ours: (Timestamp, &(String, String))) -> bool {
    if other.joined.is_some() {
        return false;
    }
    if has_begun(other) {
        return other.phase == RollbackPhase::Committing || takes_along(evidence, other);
    }
    is_deciding(other) && other.willing && (other.created_at, &other.record) < ours
}

/// The other willing records of the same commit that this one takes along when it leads. Records whose folders
/// lie in each other are left out unless they restore the same revision: each could undo what the other restores.
/// Who has joined this one already still comes along.
pub fn companions(evidence: &Evidence) -> Vec<&OtherRollback> {
    let (namespace, name) = &evidence.record;
    let own = format!("{namespace}/{name}");
    let free = |other: &OtherRollback| match &other.joined {
        None => is_deciding(other),
        Some(leader) => *leader == own && other.phase == RollbackPhase::Joined,
    };
    let willing = |other: &&OtherRollback| is_sibling(evidence, other) && other.willing && free(other);
    let mut candidates: Vec<&OtherRollback> = evidence.others.iter().filter(willing).collect();
    candidates.sort_by_key(|other| (other.created_at, &other.record));
    let mut taken: Vec<&OtherRollback> = Vec::new();
    for candidate in candidates {
        let specs = taken.iter().map(|taken| &taken.spec).chain([&evidence.spec]);
        if specs.into_iter().all(|taken| agree(taken, &candidate.spec)) {
            taken.push(candidate);
        }
    }
    taken
}

/// Whether both can be restored in one commit, in any order, with the same outcome.
fn agree(one: &RollbackSpec, other: &RollbackSpec) -> bool {
    let (Some(here), Some(there)) = (&one.source, &other.source) else { return false };
    let apart = !within(&here.path, &there.path) && !within(&there.path, &here.path);
    let revision = |spec: &RollbackSpec| spec.good.as_ref().map(|good| good.revision.clone());
    apart || (revision(one).is_some() && revision(one) == revision(other))
}

/// Another record about the same commit on the same branch, that would write in the same way.
fn is_sibling(evidence: &Evidence, other: &OtherRollback) -> bool {
    let (Some(here), Some(there)) = (&evidence.spec.source, &other.spec.source) else { return false };
    other.record != evidence.record
        && other.spec.bad.revision == evidence.spec.bad.revision
        && other.spec.policy.mode == evidence.spec.policy.mode
        && here.branch == there.branch
        && same_repository(&here.repository, &there.repository)
}

const fn is_deciding(other: &OtherRollback) -> bool {
    matches!(other.phase, RollbackPhase::Evaluating | RollbackPhase::Holding | RollbackPhase::AwaitingApproval)
}

fn has_begun(other: &OtherRollback) -> bool {
    is_under_way(other) && other.phase != RollbackPhase::Joined
}

/// Whether the sibling's commit restores this record's path too. What it planned before it held does not count.
fn takes_along(evidence: &Evidence, other: &OtherRollback) -> bool {
    let (Some(commit), Some(source)) = (&other.commit, &evidence.spec.source) else { return false };
    has_begun(other) && commit.paths.iter().any(|path| within(&source.path, path))
}

/// The other gates that the same commit concerns were heard, and this record is the one that writes.
pub(super) fn coalesced(evidence: &Evidence, now: Timestamp) -> Finding {
    let guard = Guard::Coalesced;
    if evidence.spec.source.is_none() {
        return skipped(guard, "the delivery does not come from a path on a branch");
    }
    if let Some(leader) = leader(evidence) {
        let does = if takes_along(evidence, leader) {
            "takes these paths along"
        } else {
            "is about the same commit and goes first"
        };
        return hold(guard, format!("the rollback {} {does}", named(leader)));
    }
    let end = heard_at(evidence);
    let waiting = awaited(evidence);
    if now < end && !waiting.is_empty() {
        let more =
            if waiting.len() > 1 { format!(" and {}", count(waiting.len() - 1, "other")) } else { String::new() };
        return hold(
            guard,
            format!("{}{more} may concern the same commit and is awaited until {} at most", waiting[0], at(end)),
        );
    }
    let companions = companions(evidence);
    match companions.len() {
        0 => pass(guard, "no other gate fails because of the same commit"),
        some => {
            let names: Vec<String> = companions.into_iter().take(5).map(named).collect();
            pass(guard, format!("it takes {} along: {}", count(some, "other rollback"), names.join(", ")))
        }
    }
}

/// Until when others are waited for.
pub(super) fn heard_at(evidence: &Evidence) -> Timestamp {
    after(evidence.spec.failed_at, PATIENCE)
}

/// Gates that still judge the same revision, and records of it that nobody has looked at.
fn awaited(evidence: &Evidence) -> Vec<String> {
    let bad = &evidence.spec.bad.revision;
    let judging = |gate: &&Neighbour| !gate.final_ && gate.revision.as_ref() == Some(bad);
    let gates = evidence.neighbours.iter().filter(judging);
    let gates = gates.map(|gate| format!("the gate {}", plain(&format!("{}/{}", gate.gate.0, gate.gate.1), 300)));
    let unseen = |other: &&OtherRollback| {
        is_sibling(evidence, other) && other.phase == RollbackPhase::Evaluating && !other.willing
    };
    let records = evidence.others.iter().filter(unseen).map(|other| format!("the rollback {}", named(other)));
    gates.chain(records).collect()
}

/// The same decision was not carried out before: not on the branch, not in another record, not in this one.
pub(super) fn not_done_before(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::NotDoneBefore;
    let (key, status) = (&evidence.spec.key, &evidence.status);
    if key.is_empty() {
        return refuse(guard, "`spec.key` of the record is empty: it could not be told from another one");
    }
    if let Some(pushed_at) = status.pushed_at {
        return refuse(guard, format!("this record wrote its revert at {}", at(pushed_at)));
    }
    let same = |other: &&OtherRollback| other.spec.key == *key && (other.written_at.is_some() || is_under_way(other));
    if let Some(other) = evidence.others.iter().find(same) {
        return refuse(guard, format!("the rollback {} carries out the same decision ({key})", named(other)));
    }
    let facts = match facts(evidence, guard) {
        Ok(facts) => facts,
        Err(finding) => return finding,
    };
    if let Some(done) = &facts.done {
        return refuse(
            guard,
            format!(
                "{} on the branch carries this decision's key {key}: it was done, and taken back by people if it no longer counts",
                short(done)
            ),
        );
    }
    let was_committing = status.trail.iter().any(|entry| entry.phase == RollbackPhase::Committing);
    let planned = was_committing || status.commit.is_some() || status.pull_request.is_some();
    if facts.pull_request_branch.is_some() && !planned {
        let branch = crate::key::rollback_branch(key);
        return refuse(
            guard,
            format!(
                "the branch `{branch}` of an earlier record of this decision exists; delete it if it is to be done again"
            ),
        );
    }
    pass(guard, format!("no commit and no other record carries the key {key}"))
}
