//! A dry run: what would become of a gate's last failure, asked by an annotation and answered by a record of which
//! nothing is carried out.

use std::time::Duration;

use assay_api::names::ANNOTATION_DRY_RUN;
use assay_api::{
    DeliveryReference, DryRun, GitSource, GoodRevision, Judgement, Reason, RevisionStatus, RollbackMode, RollbackSpec,
    TestGate, TestGateStatus, Verdict,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::key::rollback_key;
use crate::time::after;

/// A question is answered for so long after it was asked, and an answer is kept for so long after it was given: an
/// annotation that stays on a gate asks once.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// Longest name of an object.
const NAME: usize = 253;

/// The question that a gate's annotation asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRunAsk {
    /// The whole value.
    pub token: String,
    /// When it was asked, by the clock of whoever asks.
    pub asked_at: Timestamp,
    /// The mode that is asked about; that of the gate when absent.
    pub mode: Option<RollbackMode>,
}

impl DryRunAsk {
    /// A question.
    pub fn new(asked_at: Timestamp, mode: Option<RollbackMode>) -> Self {
        let token = mode.map_or_else(|| asked_at.to_string(), |mode| format!("{asked_at} {mode}"));
        Self { token, asked_at, mode }
    }

    /// The question that an annotation's value asks.
    ///
    /// # Errors
    /// When it asks none: what is wrong, and what would be right.
    pub fn read(value: &str) -> Result<Self, String> {
        let (time, mode) = value.split_once(' ').map_or((value, None), |(time, mode)| (time, Some(mode)));
        let asked_at = time.parse().map_err(|_| {
            let right = "2026-01-31T12:00:00Z";
            format!("the annotation `{ANNOTATION_DRY_RUN}` must begin with the time of the question, as `{right}`")
        })?;
        let named = |word: &str| {
            let modes = [RollbackMode::Observe, RollbackMode::PullRequest, RollbackMode::Push];
            modes.into_iter().find(|mode| mode.as_str() == word).ok_or_else(|| {
                format!("the mode in the annotation `{ANNOTATION_DRY_RUN}` must be Observe, PullRequest or Push")
            })
        };
        Ok(Self { token: value.to_owned(), asked_at, mode: mode.map(named).transpose()? })
    }
}

/// Name of the record that answers a question: the same question is answered once.
pub fn dry_run_name(gate: &str, gate_uid: &str, token: &str) -> String {
    let mut hash = Sha256::new();
    for part in [gate_uid, token] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let hash: String = hash.finalize().iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    let end = format!("-dry-{hash}");
    format!("{}{end}", assay_api::shortened(gate, NAME - end.len()).trim_end_matches(['-', '.']))
}

/// The newest judgement that says no.
pub fn last_failure(status: &TestGateStatus) -> Option<&Judgement> {
    status.current.iter().chain(&status.verdicts).find(|judgement| judgement.verdict == Some(Verdict::Failed))
}

/// The record that answers the question: about the gate's last failure, with its policy as it is now. The mode of
/// the record's own policy is `Observe`, whatever is asked, so that nobody who reads it can take it for an order;
/// [`as_asked`] puts the other one in its place. `None` when the gate remembers no failure.
pub fn dry_run_spec(gate: &TestGate, ask: &DryRunAsk) -> Option<RollbackSpec> {
    let (metadata, status) = (&gate.metadata, gate.status.as_ref()?);
    let failure = last_failure(status)?;
    let delivery = status.delivery.clone().unwrap_or_else(|| DeliveryReference {
        namespace: gate.spec.delivery.namespace.clone().or_else(|| metadata.namespace.clone()),
        ..gate.spec.delivery.clone()
    });
    let (good, good_source) = good_before(status, failure).unzip();
    let policy = gate.spec.rollback.clone().unwrap_or_default();
    let failed = failure.executions.iter().filter(|run| run.verdict == Some(Verdict::Failed));
    Some(RollbackSpec {
        gate: metadata.name.clone()?,
        gate_uid: metadata.uid.clone()?,
        key: rollback_key(&delivery, status.source.as_ref(), &failure.revision, good.as_ref()),
        delivery,
        source: status.source.clone(),
        bad: failure.revision.clone(),
        turn: failure.turn,
        good,
        good_source: good_source.flatten(),
        verdict: Verdict::Failed,
        verdict_reason: failure.reason.unwrap_or(Reason::TestsFailed),
        failed_at: failure.finished_at?,
        executions: failed.map(|run| run.name.clone()).collect(),
        failures: Vec::new(),
        dry_run: Some(DryRun { token: ask.token.clone(), mode: ask.mode.unwrap_or(policy.mode) }),
        policy: assay_api::RollbackPolicy { mode: RollbackMode::Observe, ..policy },
    })
}

/// The revision that was the last good one when this one failed, and where it was delivered from.
fn good_before(status: &TestGateStatus, failure: &Judgement) -> Option<(RevisionStatus, Option<GitSource>)> {
    let before = |at: Option<Timestamp>| at.is_some() && at < failure.finished_at;
    if let Some(GoodRevision { revision, source, .. }) = status.last_good.as_ref().filter(|good| before(good.judged_at))
    {
        return Some((revision.clone(), source.clone()));
    }
    // All judgements that a gate keeps are about its present source: it forgets them when that changes.
    let green = |judgement: &&Judgement| judgement.verdict.is_some_and(Verdict::is_green);
    let older = status.verdicts.iter().filter(green).filter(|judgement| before(judgement.finished_at));
    older.max_by_key(|judgement| judgement.finished_at).map(|good| (good.revision.clone(), status.source.clone()))
}

/// The decision with the mode that is asked about: that of the policy, or the one of a dry run.
pub fn as_asked(spec: &RollbackSpec) -> RollbackSpec {
    let mut spec = spec.clone();
    if let Some(dry_run) = &spec.dry_run {
        spec.policy.mode = dry_run.mode;
    }
    spec
}

/// What is to be done about the dry runs of a gate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRunChores {
    /// The question is to be answered.
    pub make: bool,
    /// Names of answers that nobody waits for any more.
    pub remove: Vec<String>,
    /// When to look again if nothing changes before.
    pub wake: Option<Timestamp>,
}

/// What is to be done about the dry runs of a gate. `wanted` is its question with the name of the record that
/// answers it, `known` are the names of its dry runs, and when each was over. An answer stays as long as the
/// question stands, and no longer than an hour; a question that is older than that asks nothing.
pub fn dry_run_chores(
    wanted: Option<(&DryRunAsk, &str)>,
    known: &[(String, Option<Timestamp>)],
    now: Timestamp,
) -> DryRunChores {
    let mut chores = DryRunChores::default();
    let closes = wanted.map(|(ask, _)| after(ask.asked_at, KEPT));
    for (name, finished_at) in known {
        let end = match wanted {
            Some((_, wanted)) if wanted == name => finished_at.map(|at| after(at, KEPT)).max(closes),
            _ => Some(now),
        };
        let over = end.is_some_and(|end| end <= now);
        if over && (finished_at.is_some() || wanted.is_none_or(|(_, wanted)| wanted != name)) {
            chores.remove.push(name.clone());
        } else if finished_at.is_some() {
            chores.wake = end;
        }
    }
    if let Some((ask, name)) = wanted {
        let is_open = now < after(ask.asked_at, KEPT) && ask.asked_at < after(now, KEPT);
        chores.make = is_open && !known.iter().any(|(known, _)| known == name);
    }
    chores
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_question_reads_as_it_was_asked() {
        use RollbackMode::{Observe, PullRequest, Push};
        for mode in [None, Some(Observe), Some(PullRequest), Some(Push)] {
            let ask = DryRunAsk::new(at(0), mode);
            assert_eq!(DryRunAsk::read(&ask.token), Ok(ask));
        }
        for (value, says) in [
            ("", "the time of the question"),
            ("true", "the time of the question"),
            ("Push", "the time of the question"),
            ("2026-01-31T12:00:00Z push", "must be Observe, PullRequest or Push"),
            ("2026-01-31T12:00:00Z ", "must be Observe, PullRequest or Push"),
        ] {
            let why = DryRunAsk::read(value).unwrap_err();
            assert!(why.contains(says), "{value:?}: {why}");
        }
    }

    #[test]
    fn a_question_has_one_record() {
        let name = dry_run_name("web", "u", "t");
        assert!(name.starts_with("web-dry-") && name.len() == "web-dry-".len() + 10, "{name}");
        assert_ne!(name, dry_run_name("web", "u", "t2"));
        assert_ne!(name, dry_run_name("web", "u2", "t"));
        assert_ne!(dry_run_name("web", "u", "xt"), dry_run_name("web", "ux", "t"));
        assert!(dry_run_name(&"a.".repeat(126), "u", "t").len() <= NAME);
    }

    fn gate(status: &Value) -> TestGate {
        serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestGate",
            "metadata": { "name": "web", "namespace": "shop", "uid": "u" },
            "spec": {
                "delivery": { "kind": "Application", "name": "web" }, "workflows": [{ "name": "w" }],
                "rollback": { "mode": "PullRequest", "coolDown": "5m" },
            },
            "status": status,
        }))
        .unwrap()
    }

    fn judged(revision: &str, verdict: &str, seconds: i64) -> Value {
        json!({ "revision": revision, "turn": 0, "verdict": verdict, "finishedAt": at(seconds) })
    }

    fn path(path: &str) -> Value {
        json!({ "repository": "https://h/shop", "branch": "main", "path": path })
    }

    #[test]
    fn it_is_about_the_last_failure_and_what_was_good_then() {
        let good = |revision: &str, seconds: i64| json!({ "revision": revision, "source": path("old"), "judgedAt": at(seconds) });
        let fail = judged("b", "failed", 10);
        for (status, bad, good, good_path) in [
            (json!({ "current": fail, "lastGood": good("a", 0) }), "b", Some("a"), Some("old")),
            (json!({ "current": fail }), "b", None, None),
            // It was taken back: what is good now was not then.
            (
                json!({ "current": judged("c", "passed", 20), "lastGood": good("c", 20),
                    "verdicts": [fail, judged("a2", "flaky", 5), judged("a", "passed", 0)] }),
                "b",
                Some("a2"),
                Some("apps/web"),
            ),
            (
                json!({ "current": judged("c", "passed", 20), "lastGood": good("c", 20), "verdicts": [fail] }),
                "b",
                None,
                None,
            ),
            (
                json!({ "current": judged("d", "errored", 20), "lastGood": good("a", 0),
                    "verdicts": [fail, judged("b0", "failed", 4)] }),
                "b",
                Some("a"),
                Some("old"),
            ),
        ] {
            let mut status = status;
            status["source"] = path("apps/web");
            let spec = dry_run_spec(&gate(&status), &DryRunAsk::new(at(60), None)).unwrap();
            let known = spec.good.as_ref().map(|good| good.revision.as_str());
            let known_path = spec.good_source.as_ref().map(|source| source.path.as_str());
            assert_eq!((spec.bad.revision.as_str(), known, known_path), (bad, good, good_path), "{status}");
            assert_eq!((spec.failed_at, spec.delivery.namespace.as_deref()), (at(10), Some("shop")));
        }
        for status in [json!({}), json!({ "current": judged("b", "errored", 1) })] {
            assert_eq!(dry_run_spec(&gate(&status), &DryRunAsk::new(at(60), None)), None, "{status}");
        }
    }

    #[test]
    fn whatever_is_asked_the_record_itself_only_observes() {
        use RollbackMode::{Observe, PullRequest, Push};
        let gate = gate(&json!({ "current": judged("b", "failed", 10) }));
        for (asked, expected) in [(None, PullRequest), (Some(Push), Push), (Some(Observe), Observe)] {
            let spec = dry_run_spec(&gate, &DryRunAsk::new(at(60), asked)).unwrap();
            assert_eq!(spec.policy.mode, Observe);
            assert_eq!(as_asked(&spec).policy.mode, expected);
            assert_eq!(spec.policy.cool_down, Some(assay_api::DurationText::new("5m")));
            assert_eq!(as_asked(&RollbackSpec { dry_run: None, ..spec }).policy.mode, Observe);
        }
    }

    #[test]
    fn a_question_is_answered_once_and_the_answer_goes() {
        const HOUR: i64 = 3600;
        let ask = DryRunAsk::new(at(0), None);
        let (mine, other) = ("mine", "other");
        let going = |name: &str| (name.to_owned(), None);
        let over = |name: &str, seconds: i64| (name.to_owned(), Some(at(seconds)));
        let chores = |make: bool, remove: &[&str], wake: Option<i64>| DryRunChores {
            make,
            remove: remove.iter().map(|name| (*name).to_owned()).collect(),
            wake: wake.map(at),
        };
        for (asked, known, seconds, expected) in [
            (true, vec![], 1, chores(true, &[], None)),
            (true, vec![going(mine)], 1, chores(false, &[], None)),
            (true, vec![over(mine, 5)], 6, chores(false, &[], Some(HOUR + 5))),
            (true, vec![over(mine, 5)], HOUR + 5, chores(false, &[mine], None)),
            // Not anew, once it is gone.
            (true, vec![], HOUR, chores(false, &[], None)),
            // A clock that goes before ours may not have the answer made, removed and made again.
            (true, vec![over(mine, -1800)], 1801, chores(false, &[], Some(HOUR))),
            (true, vec![], -HOUR, chores(false, &[], None)),
            (true, vec![], 1 - HOUR, chores(true, &[], None)),
            // One that is never over is not waited for, and stays.
            (true, vec![going(mine)], 9 * HOUR, chores(false, &[], None)),
            (true, vec![over(other, 1), going("third")], 2, chores(true, &[other, "third"], None)),
            (false, vec![over(mine, 5), going(other)], 6, chores(false, &[mine, other], None)),
            (false, vec![], 6, chores(false, &[], None)),
        ] {
            let wanted = asked.then_some((&ask, mine));
            assert_eq!(dry_run_chores(wanted, &known, at(seconds)), expected, "{asked} {known:?} {seconds}");
        }
    }
}
