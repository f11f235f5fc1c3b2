//! Which revision is judged: when a judgement begins, moves on with its content, or comes back.

use assay_api::{
    DeliveryReference, GitSource, GoodRevision, Judgement, Reason, RevisionStatus, RollbackSummary, TestGateStatus,
    Verdict,
};
use jiff::Timestamp;

use super::names::short;
use super::observed::GateObserved;
use crate::delivery::{Delivery, Judged, Source};
use crate::time::milliseconds;

/// Earlier judgements that a status keeps, and executions that each of them keeps.
const VERDICTS: usize = 10;
const EXECUTIONS: usize = 8;
/// What the message of a verdict begins with that was reached for another revision.
const SAME: &str = "same content as ";
/// Longest token of a request that is told apart.
const TOKEN: usize = 256;

/// What a gate has written down.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Page {
    pub(super) delivery: Option<DeliveryReference>,
    pub(super) source: Option<GitSource>,
    pub(super) current: Option<Judgement>,
    pub(super) verdicts: Vec<Judgement>,
    pub(super) last_good: Option<GoodRevision>,
    pub(super) rollback: Option<RollbackSummary>,
    pub(super) handled_reconcile: Option<String>,
    pub(super) handled_rerun: Option<String>,
}

impl Page {
    /// What the last status says.
    pub(super) fn of(status: &TestGateStatus) -> Self {
        Self {
            delivery: status.delivery.clone(),
            source: status.source.clone(),
            current: status.current.clone(),
            verdicts: status.verdicts.clone(),
            last_good: status.last_good.clone(),
            rollback: status.rollback.clone(),
            handled_reconcile: status.last_handled_reconcile_at.clone(),
            handled_rerun: status.last_handled_rerun.clone(),
        }
    }

    /// Turns to the revision that is to be judged now.
    pub(super) fn turn(&mut self, observed: &GateObserved, delivery: &Delivery, now: Timestamp) {
        let now = milliseconds(now);
        // Nothing else is deployed before the controller is done with it, and it may wait for this very verdict.
        if self.is_held(delivery) {
            return self.obey(observed, false, now);
        }
        self.belong(delivery);
        let begun = target(delivery, self.current.is_some())
            .filter(|_| !self.waits_for_somebody(delivery))
            .is_some_and(|target| self.face(&content_of(target, observed, delivery), is_bare(delivery), now));
        self.attempt(delivery, now);
        let begun = begun || self.heed(delivery, observed, now);
        self.obey(observed, begun, now);
    }

    /// Judges the revision anew when its controller has applied other content of it than what was judged: from a ConfigMap,
    /// from beside the delivered paths, or with values that were changed while it was at work. Returns whether it does.
    fn heed(&mut self, delivery: &Delivery, observed: &GateObserved, now: Timestamp) -> bool {
        let (Some(attempted), Some(digest)) = (&delivery.attempted, &delivery.applied_digest) else { return false };
        let attempted = content_of(attempted, observed, delivery);
        let Some(mut current) = self.current.take_if(|current| same(&current.revision, &attempted)) else {
            return false;
        };
        let known = current.applied_digest.replace(digest.clone());
        let other = known.is_some_and(|known| known != *digest);
        if other {
            let again = self.anew(current, "it is judged anew, as other content of it was applied", now);
            current = Judgement { applied_digest: Some(digest.clone()), ..again };
        }
        self.current = Some(current);
        other
    }

    /// Whether the controller is at work on what is judged, as the delivery asked for it before its last change.
    pub(super) fn is_held(&self, delivery: &Delivery) -> bool {
        let current = self.current.as_ref().map(|current| current.revision.revision.as_str());
        delivery.holds_older && current.is_some() && holds_on(delivery) == current
    }

    /// Verdicts about another delivery, or another path, say nothing about this one.
    fn belong(&mut self, delivery: &Delivery) {
        let source = source(delivery);
        let another = self.delivery.as_ref().is_some_and(|known| *known != delivery.reference);
        if another {
            (self.last_good, self.rollback) = (None, None);
        }
        if another || (self.delivery.is_some() && self.source != source) {
            self.current = None;
            self.verdicts.clear();
        }
        self.delivery = Some(delivery.reference.clone());
        self.source = source;
    }

    /// Whether what is judged was changed in its values, and somebody keeps that from being deployed: what is there is
    /// what was judged.
    fn waits_for_somebody(&self, delivery: &Delivery) -> bool {
        let current = self.current.as_ref().filter(|current| current.verdict.is_some());
        let attempted = delivery.attempted.as_deref();
        let is_there = current.is_some_and(|current| attempted == Some(current.revision.revision.as_str()));
        delivery.held.is_some() && !delivery.applied && is_there
    }

    /// Returns whether a new judgement has begun.
    fn face(&mut self, target: &RevisionStatus, bare: bool, now: Timestamp) -> bool {
        if let Some(current) = &mut self.current
            && current.revision.revision == target.revision
        {
            let known = &mut current.revision;
            known.tree = known.tree.take().or_else(|| target.tree.clone());
            known.rendered_with = known.rendered_with.take().or_else(|| target.rendered_with.clone());
        }
        if !bare && self.comes_back(target) {
            let back = self.verdicts.remove(0);
            self.current = Some(moved(back, target));
            return false;
        }
        let current = self.current.take();
        let is_over = |current: &Judgement| bare && current.verdict.is_some();
        let goes_on = |current: &Judgement| {
            same(&current.revision, target) && !differs(&current.revision, target) && !is_over(current)
        };
        let begun = !current.as_ref().is_some_and(goes_on);
        self.current = Some(match current {
            Some(current) if !begun => moved(current, target),
            Some(current) => {
                let again = differs(&current.revision, target);
                let turn = if again { current.turn.saturating_add(1) } else { 0 };
                self.keep(current, &format!("superseded by {}", short(&target.revision)), now);
                begin(target, turn, now)
            }
            None => begin(target, 0, now),
        });
        begun
    }

    /// Whether nothing was deployed since the newest earlier verdict but its own content: then that verdict
    /// still is the one that counts. This happens when the content of a revision becomes known only after
    /// its name, and when a controller tries the earlier revision again before it takes the newer one.
    fn comes_back(&self, target: &RevisionStatus) -> bool {
        let (Some(current), Some(last)) = (&self.current, self.verdicts.first()) else { return false };
        let untouched = current.verdict.is_none() && current.executions.is_empty() && current.turn == 0;
        let judged = last.verdict.is_some() && last.reason != Some(Reason::Superseded);
        if !untouched || !judged {
            return false;
        }
        if current.revision.revision == target.revision {
            return current.revision.revision != last.revision.revision && same_tree(&last.revision, target);
        }
        // Of one that was attempted a part may be there.
        let never_there = current.deployed_at.is_none() && current.attempted_at.is_none();
        never_there && same(&last.revision, target) && !differs(&last.revision, target)
    }

    /// Notes that the controller has begun to apply the revision.
    fn attempt(&mut self, delivery: &Delivery, now: Timestamp) {
        if let Some(current) = self.current.as_mut().filter(|current| current.verdict.is_none())
            && delivery.attempted.as_ref() == Some(&current.revision.revision)
        {
            current.attempted_at.get_or_insert(now);
        }
    }

    /// The same revision once more, from its tests on: it is there, and its controller need not say so again.
    pub(super) fn tested_again(&mut self, judgement: Judgement, why: &str, now: Timestamp) -> Judgement {
        let (attempted_at, deployed_at) = (judgement.attempted_at, judgement.deployed_at);
        let applied_digest = judgement.applied_digest.clone();
        let again = self.anew(judgement, why, milliseconds(now));
        Judgement { applied_digest, attempted_at, deployed_at, ..again }
    }

    /// The same revision once more, from its beginning; what was said of it is kept.
    fn anew(&mut self, judgement: Judgement, why: &str, now: Timestamp) -> Judgement {
        let again = begin(&judgement.revision, judgement.turn.saturating_add(1), now);
        self.keep(judgement, why, now);
        again
    }

    /// Puts a judgement among the earlier ones. One of a revision that nobody began to deploy is none.
    fn keep(&mut self, mut judgement: Judgement, why: &str, now: Timestamp) {
        if judgement.verdict.is_none() {
            let untouched = judgement.deployed_at.is_none() && judgement.attempted_at.is_none();
            if judgement.executions.is_empty() && untouched {
                return;
            }
            judgement.verdict = Some(Verdict::Cancelled);
            judgement.reason = Some(Reason::Superseded);
            judgement.message = Some(why.to_owned());
            judgement.finished_at = Some(milliseconds(now));
        }
        judgement.executions.retain(|execution| execution.verdict.is_some_and(|verdict| !verdict.is_green()));
        judgement.executions.truncate(EXECUTIONS);
        self.verdicts.insert(0, judgement);
        self.verdicts.truncate(VERDICTS);
    }

    /// Judges the revision anew when somebody asks for it. What was asked before the gate first looked is
    /// obeyed by that look.
    fn obey(&mut self, observed: &GateObserved, begun: bool, now: Timestamp) {
        let token = |text: &Option<String>| text.as_deref().map(|text| assay_api::shortened(text, TOKEN).to_owned());
        let (reconcile, rerun) = (token(&observed.gate.requested_at), token(&observed.gate.rerun));
        let new = |asked: &Option<String>, handled: &Option<String>| asked.is_some() && asked != handled;
        let asked = new(&reconcile, &self.handled_reconcile) || new(&rerun, &self.handled_rerun);
        if let Some(current) = self.current.take_if(|_| asked && !begun) {
            self.current = Some(self.anew(current, "it is judged anew, as somebody asked", now));
        }
        self.handled_reconcile = reconcile.or(self.handled_reconcile.take());
        self.handled_rerun = rerun.or(self.handled_rerun.take());
    }
}

/// The revision that is to be judged. A running operation, or health check, holds on to its revision whatever
/// Git says: it may wait for our verdict, and nothing else is deployed before it ends. Otherwise it is what the controller
/// wants deployed, except where somebody keeps it from deploying: then it is what is deployed. A controller that
/// cannot look at Git (`judging` says that something is judged) deploys nothing new, so nothing changes.
fn target(delivery: &Delivery, judging: bool) -> Option<&str> {
    let (desired, attempted) = (delivery.desired.as_deref(), delivery.attempted.as_deref());
    holds_on(delivery).or(match desired {
        None if judging => None,
        None => attempted,
        Some(_) if delivery.held.is_some() => attempted.or(desired),
        Some(_) => desired,
    })
}

/// Whether nothing was ever applied: what was judged was another object of this name, and is not there any more.
fn is_bare(delivery: &Delivery) -> bool {
    delivery.attempted.is_none() && holds_on(delivery).is_none()
}

/// The revision that the controller holds on to until it is done with it.
pub(super) fn holds_on(delivery: &Delivery) -> Option<&str> {
    let operated = delivery.operation.as_ref().and_then(|operation| operation.revision.as_deref());
    operated.or(delivery.attempted.as_deref().filter(|_| delivery.awaits_health))
}

/// The path that is judged, when it is one on a branch.
pub(super) fn source(delivery: &Delivery) -> Option<GitSource> {
    let Judged::Source(index) = delivery.judged else { return None };
    match delivery.sources.get(index) {
        Some(Source::Branch(source)) => Some(source.clone()),
        _ => None,
    }
}

/// Whether two revisions deploy the same.
pub(super) fn same(one: &RevisionStatus, other: &RevisionStatus) -> bool {
    one.revision == other.revision || same_tree(one, other)
}

/// Whether one revision delivers something else than it did: what it is rendered with was changed.
fn differs(one: &RevisionStatus, other: &RevisionStatus) -> bool {
    let differ = |one: &Option<String>, other: &Option<String>| one.is_some() && other.is_some() && one != other;
    let content = differ(&one.tree, &other.tree) || differ(&one.rendered_with, &other.rendered_with);
    one.revision == other.revision && content
}

/// What a revision is as content here, as far as that is known.
pub(super) fn content_of(revision: &str, observed: &GateObserved, delivery: &Delivery) -> RevisionStatus {
    RevisionStatus {
        revision: revision.to_owned(),
        tree: observed.trees.get(revision).cloned(),
        rendered_with: delivery.rendered_with.clone(),
    }
}

fn same_tree(one: &RevisionStatus, other: &RevisionStatus) -> bool {
    one.tree.is_some() && one.tree == other.tree
}

fn begin(revision: &RevisionStatus, turn: i32, now: Timestamp) -> Judgement {
    Judgement { revision: revision.clone(), turn, seen_at: Some(now), ..Judgement::default() }
}

/// The judgement of the same content under another name. Its verdict and its executions stay.
fn moved(judgement: Judgement, target: &RevisionStatus) -> Judgement {
    if judgement.revision.revision == target.revision {
        return judgement;
    }
    let words = judgement.message.as_deref().filter(|_| judgement.verdict.is_some()).map(|message| {
        let known = message.strip_prefix(SAME).and_then(|rest| rest.split_once(": "));
        match known {
            Some(_) => message.to_owned(),
            None => format!("{SAME}{}: {message}", short(&judgement.revision.revision)),
        }
    });
    let message = words.or(judgement.message);
    let tree = target.tree.clone().or(judgement.revision.tree);
    let rendered_with = target.rendered_with.clone().or(judgement.revision.rendered_with);
    let revision = RevisionStatus { revision: target.revision.clone(), tree, rendered_with };
    Judgement { revision, message, ..judgement }
}
