//! Not too often, and not when everything fails.

use std::collections::BTreeSet;
use std::time::Duration;

use assay_api::{DeliveryReference, DurationText, Finding, Guard, RollbackPhase};
use jiff::{SignedDuration, Timestamp};

use super::answer::{after, at, count, duration, hold, length, pass, refuse, skipped};
use crate::evidence::{Evidence, OtherRollback};
use crate::repository_url::same_repository;
use crate::text::plain;

/// Shortest time between two rollbacks of a delivery, unless the policy says otherwise.
pub(crate) const COOL_DOWN: Duration = Duration::from_secs(30 * 60);
/// Rollbacks that a repository may see in [`WINDOW`], unless its grant says otherwise.
const BUDGET: i32 = 1;
/// The time that a budget is for, unless the grant says otherwise.
pub(crate) const WINDOW: Duration = Duration::from_secs(30 * 60);
/// So many gates must fail, and more than half of all, before it is rather the cluster.
const MASS: usize = 3;

/// The last rollback of this delivery is long enough ago, and none is under way.
pub(super) fn cooled_down(evidence: &Evidence, now: Timestamp) -> Finding {
    let guard = Guard::CooledDown;
    let of_delivery = |other: &&OtherRollback| same_delivery(&other.spec.delivery, &evidence.spec.delivery);
    if let Some(running) = evidence.others.iter().filter(of_delivery).find(|other| is_under_way(other)) {
        return hold(
            guard,
            format!("the rollback {} of this delivery is under way ({})", named(running), running.phase),
        );
    }
    match (cooled_at(evidence), cool_down(evidence)) {
        (Err(finding), _) | (_, Err(finding)) => finding,
        (Ok(Some((last, end))), Ok(limit)) if now < end => hold(
            guard,
            format!(
                "the rollback {} of this delivery was less than {} ago (`spec.rollback.coolDown` of the gate); it may go on at {}",
                named(last),
                length(limit),
                at(end)
            ),
        ),
        (Ok(Some((last, _))), Ok(limit)) => pass(
            guard,
            format!("the last rollback of this delivery, {}, was more than {} ago", named(last), length(limit)),
        ),
        (Ok(None), Ok(_)) => pass(guard, "this delivery was not rolled back before"),
    }
}

fn cool_down(evidence: &Evidence) -> Result<SignedDuration, Finding> {
    let text = evidence.spec.policy.cool_down.as_ref();
    duration(Guard::CooledDown, "`spec.rollback.coolDown` of the gate", text, COOL_DOWN)
}

/// The delivery's last rollback, and when its cool-down ends.
pub(super) fn cooled_at(evidence: &Evidence) -> Result<Option<(&OtherRollback, Timestamp)>, Finding> {
    let limit = cool_down(evidence)?;
    let of_delivery = |other: &&OtherRollback| same_delivery(&other.spec.delivery, &evidence.spec.delivery);
    let written = evidence.others.iter().filter(of_delivery).filter_map(|other| Some((other, other.written_at?)));
    let last = written.max_by_key(|(_, written_at)| *written_at);
    Ok(last.map(|(other, written_at)| (other, after(written_at, limit))))
}

fn same_delivery(one: &DeliveryReference, other: &DeliveryReference) -> bool {
    (one.kind, &one.name, &one.namespace) == (other.kind, &other.name, &other.namespace)
}

/// Whether it wrote, or is about to write, and is not over.
pub(super) const fn is_under_way(other: &OtherRollback) -> bool {
    matches!(
        other.phase,
        RollbackPhase::Committing
            | RollbackPhase::PullRequestOpen
            | RollbackPhase::Deploying
            | RollbackPhase::Verifying
            | RollbackPhase::Joined
    )
}

pub(super) fn named(other: &OtherRollback) -> String {
    plain(&format!("{}/{}", other.record.0, other.record.1), 300)
}

/// The repository's budget is not used up.
pub(super) fn within_budget(evidence: &Evidence, now: Timestamp) -> Finding {
    let guard = Guard::WithinBudget;
    let Ok(grant) = &evidence.grant else {
        return skipped(guard, "no grant allows to write");
    };
    let (allowed, window) = match budget(evidence) {
        Ok(budget) => budget,
        Err(finding) => return finding,
    };
    let name = &grant.name;
    if allowed == 0 {
        return refuse(guard, format!("`spec.budget.count` of the grant {name} is 0: no rollback is written"));
    }
    let used = spent(evidence, window, now).len();
    let said = format!("{} of {} in {}", count(used, "rollback"), allowed, length(window));
    if used < allowed {
        return pass(guard, format!("the repository saw {said} (`spec.budget` of the grant {name})"));
    }
    let when = budget_free_at(evidence, now).map(|time| format!(" at {}", at(time))).unwrap_or_default();
    hold(guard, format!("the repository saw {said}; `spec.budget` of the grant {name} lets it go on{when}"))
}

fn budget(evidence: &Evidence) -> Result<(usize, SignedDuration), Finding> {
    let budget = evidence.grant.as_ref().ok().and_then(|grant| grant.budget.as_ref());
    let text: Option<&DurationText> = budget.map(|budget| &budget.window);
    let window = duration(Guard::WithinBudget, "`spec.budget.window` of the grant", text, WINDOW)?;
    Ok((usize::try_from(budget.map_or(BUDGET, |budget| budget.count)).unwrap_or(0), window))
}

/// The commits that count at present, each once: when it was written, or now if it is about to be.
fn spent(evidence: &Evidence, window: SignedDuration, now: Timestamp) -> BTreeSet<(Timestamp, String)> {
    let Some(source) = &evidence.spec.source else { return BTreeSet::new() };
    let mut commits = BTreeSet::new();
    for other in &evidence.others {
        let theirs = other.spec.source.as_ref();
        // One that joined another shares its commit.
        if other.joined.is_some()
            || !theirs.is_some_and(|theirs| same_repository(&theirs.repository, &source.repository))
        {
            continue;
        }
        let written = other.written_at.or_else(|| (other.phase == RollbackPhase::Committing).then_some(now));
        if let Some(written) = written.filter(|written| after(*written, window) > now) {
            commits.insert((written, named(other)));
        }
    }
    commits
}

/// When the budget has room again.
pub(super) fn budget_free_at(evidence: &Evidence, now: Timestamp) -> Option<Timestamp> {
    let (allowed, window) = budget(evidence).ok()?;
    let spent = spent(evidence, window, now);
    let surplus = spent.len().checked_sub(allowed).filter(|_| allowed > 0)?;
    spent.into_iter().nth(surplus).map(|(written, _)| after(written, window))
}

/// Not most of the other gates fail as well.
pub(super) fn no_mass_failure(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::NoMassFailure;
    let (all, failing) = evidence.gates;
    if failing >= MASS && failing > all / 2 {
        return hold(
            guard,
            format!(
                "{failing} of {all} other blocking gates fail as well: that is rather the cluster, or something that all of them need; it goes on when fewer do"
            ),
        );
    }
    pass(guard, format!("{failing} of {all} other blocking gates fail"))
}
