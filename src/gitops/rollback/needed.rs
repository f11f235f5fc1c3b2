//! Which records still count for something: those may not be removed, however old they are or many there are.

use std::collections::HashSet;
use std::time::Duration;

use assay_api::names::ANNOTATION_KEEP;
use assay_api::{GitWriteAccess, Rollback, RollbackPhase, RollbackStatus, TestGate};
use jiff::Timestamp;

use super::company;
use crate::guards::{COOL_DOWN, WINDOW};
use crate::time::{after, of_policy};

/// When a record wrote to Git, if it did. A pull request counts from the moment it was opened.
pub fn written_at(status: &RollbackStatus) -> Option<Timestamp> {
    let opened = status.trail.iter().find(|entry| entry.phase == RollbackPhase::PullRequestOpen);
    opened.map(|entry| entry.at).or(status.pushed_at)
}

/// What records may still count for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NeededRecords {
    /// The longest cool-down of any gate, or budget of any grant.
    window: Duration,
    /// The records that a gate speaks of: gone, they would be made once more.
    shown: HashSet<(String, String)>,
    /// The records that others have joined, as `namespace/name`.
    followed: HashSet<String>,
}

impl NeededRecords {
    /// What counts at present.
    pub fn new<'a>(
        gates: impl IntoIterator<Item = &'a TestGate>,
        grants: impl IntoIterator<Item = &'a GitWriteAccess>,
        records: impl IntoIterator<Item = &'a Rollback>,
    ) -> Self {
        let mut needed = Self { window: COOL_DOWN.max(WINDOW), ..Self::default() };
        for gate in gates {
            let cool_down = gate.spec.rollback.as_ref().and_then(|policy| policy.cool_down.as_ref());
            needed.window = needed.window.max(of_policy(cool_down, Duration::ZERO));
            let shown = gate.status.as_ref().and_then(|status| status.rollback.as_ref());
            let namespace = gate.metadata.namespace.clone().unwrap_or_default();
            needed.shown.extend(shown.map(|shown| (namespace, shown.name.clone())));
        }
        for grant in grants {
            let window = grant.spec.budget.as_ref().map(|budget| &budget.window);
            needed.window = needed.window.max(of_policy(window, Duration::ZERO));
        }
        let open = records.into_iter().filter_map(|record| record.status.as_ref());
        let joined = open.filter(|status| !status.phase.is_final()).filter_map(|status| status.joined.clone());
        needed.followed.extend(joined);
        needed
    }

    /// Whether a record must stay: it is not over, a gate speaks of it, another one follows it, it counts for a
    /// cool-down or a budget, or somebody wants it kept.
    pub fn contains(&self, record: &Rollback, now: Timestamp) -> bool {
        let metadata = &record.metadata;
        let key = (metadata.namespace.clone().unwrap_or_default(), metadata.name.clone().unwrap_or_default());
        let marked =
            metadata.annotations.iter().flatten().any(|(name, value)| name == ANNOTATION_KEEP && value == "true");
        let Some(status) = record.status.as_ref().filter(|status| status.phase.is_final()) else { return true };
        let counts = written_at(status).is_some_and(|written| now < after(written, self.window));
        marked || counts || self.followed.contains(&company::name(&key)) || self.shown.contains(&key)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const PUSHED: &str = "2026-01-01T00:00:00Z";

    fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).expect("an object")
    }

    fn record(name: &str, status: Value) -> Rollback {
        let revision = json!({ "revision": "b" });
        read(json!({
            "metadata": { "name": name, "namespace": "shop" },
            "spec": {
                "gate": "web", "gateUid": "u", "delivery": { "kind": "Application", "name": "web", "namespace": "argocd" },
                "bad": revision, "verdict": "failed", "verdictReason": "TestsFailed", "failedAt": PUSHED, "policy": {}, "key": "k",
            },
            "status": status,
        }))
    }

    fn gate(cool_down: &str, shown: &str) -> TestGate {
        read(json!({
            "metadata": { "name": "web", "namespace": "shop" },
            "spec": {
                "delivery": { "kind": "Application", "name": "web" }, "workflows": [{ "name": "w" }],
                "rollback": { "coolDown": cool_down },
            },
            "status": { "rollback": { "name": shown, "phase": "Recovered" } },
        }))
    }

    fn grant(window: &str) -> GitWriteAccess {
        read(json!({
            "metadata": { "name": "g" },
            "spec": {
                "repository": "https://git/r.git", "branches": ["main"], "namespaces": ["shop"],
                "budget": { "count": 1, "window": window },
            },
        }))
    }

    /// So many minutes after the push.
    fn later(minutes: u64) -> Timestamp {
        after(PUSHED.parse().expect("a time"), Duration::from_secs(minutes * 60))
    }

    fn over() -> Value {
        json!({ "phase": "Recovered", "pushedAt": PUSHED })
    }

    #[test]
    fn what_wrote_is_needed_as_long_as_anybody_counts_it() {
        let none = NeededRecords::new([], [], []);
        let gates = NeededRecords::new(&[gate("2h", "other")], [], []);
        let grants = NeededRecords::new([], &[grant("24h")], []);
        for (needed, minutes) in [(none, 30), (gates, 120), (grants, 24 * 60)] {
            assert!(needed.contains(&record("r", over()), later(minutes - 1)), "{minutes}");
            assert!(!needed.contains(&record("r", over()), later(minutes)), "{minutes}");
        }
        let opened = json!({
            "phase": "Superseded", "trail": [{ "phase": "PullRequestOpen", "at": "2026-01-01T01:00:00Z", "message": "" }],
        });
        let needed = NeededRecords::default();
        assert!(!needed.contains(&record("r", opened.clone()), later(61)));
        assert!(NeededRecords::new([], [], []).contains(&record("r", opened), later(61)), "from the opening on");
    }

    #[test]
    fn what_wrote_nothing_is_not_counted_for_anything() {
        for phase in ["Refused", "Observed", "Superseded", "Expired"] {
            let needed = NeededRecords::new([], [], []);
            assert!(!needed.contains(&record("r", json!({ "phase": phase })), later(0)), "{phase}");
        }
    }

    #[test]
    fn what_is_not_over_stays() {
        let needed = NeededRecords::new([], [], []);
        for phase in ["Evaluating", "Holding", "AwaitingApproval", "Joined", "PullRequestOpen", "Verifying"] {
            assert!(needed.contains(&record("r", json!({ "phase": phase })), later(100_000)), "{phase}");
        }
        let mut unseen = record("r", over());
        unseen.status = None;
        assert!(needed.contains(&unseen, later(100_000)), "nobody has looked at it yet");
    }

    #[test]
    fn who_is_spoken_of_stays() {
        let late = later(100_000);
        let gates = [gate("30m", "r")];
        assert!(NeededRecords::new(&gates, [], []).contains(&record("r", over()), late));
        assert!(!NeededRecords::new(&gates, [], []).contains(&record("s", over()), late));
        let follower = |phase| [record("f", json!({ "phase": phase, "joined": "shop/r" }))];
        assert!(NeededRecords::new([], [], &follower("Joined")).contains(&record("r", over()), late));
        assert!(!NeededRecords::new([], [], &follower("Recovered")).contains(&record("r", over()), late));
        let mut marked = record("r", over());
        marked.metadata.annotations = Some([(ANNOTATION_KEEP.to_owned(), "true".to_owned())].into());
        assert!(NeededRecords::new([], [], []).contains(&marked, late));
    }
}
