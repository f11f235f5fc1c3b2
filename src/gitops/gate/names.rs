//! Names of what a gate makes. They are derived, so that making something twice makes it once.

use assay_api::{GateRole, Judgement};
use sha2::{Digest, Sha256};

use super::observed::GateObject;

/// Longest name of an execution: its Job's pods add their own endings.
const EXECUTION: usize = 52;
/// Longest name of any object.
const NAME: usize = 253;

/// Name of an execution: gate, revision, and a hash over everything that tells two executions apart. The
/// time at which the revision was seen is part of it, because one that comes back later is tested again.
pub(super) fn execution(
    gate: &GateObject,
    judgement: &Judgement,
    (workflow, run, role): (&str, i32, GateRole),
) -> String {
    let seen = judgement.seen_at.map(|at| at.to_string()).unwrap_or_default();
    let tree = judgement.revision.tree.as_deref().unwrap_or_default();
    let (turn, run, role) = (judgement.turn.to_string(), run.to_string(), format!("{role:?}"));
    let parts = [&gate.uid, &judgement.revision.revision, tree, &seen, &turn, workflow, &run, &role];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let hash: String = hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let revision = word(assay_api::shortened(&judgement.revision.revision, 7));
    let end = if revision.is_empty() { format!("-{hash}") } else { format!("-{revision}-{hash}") };
    format!("{}{end}", start(&word(&gate.name), EXECUTION - end.len()))
}

/// Name of the record of a rollback.
pub(super) fn rollback(gate: &str, key: &str, turn: i32) -> String {
    let again = if turn > 0 { format!("-{turn}") } else { String::new() };
    let end = format!("-{}{again}", key.get(..10).unwrap_or(key));
    format!("{}{end}", start(gate, NAME - end.len()))
}

/// A revision for people: the first seven characters of a commit, and a version as it is.
pub(super) fn short(revision: &str) -> &str {
    let commit = revision.len() >= 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    let end = if commit { 7 } else { revision.char_indices().nth(24).map_or(revision.len(), |(at, _)| at) };
    &revision[..end]
}

/// Small letters, digits and hyphens only.
fn word(text: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    text.chars().map(letter).collect::<String>().trim_matches('-').to_owned()
}

fn start(text: &str, limit: usize) -> &str {
    let text = assay_api::shortened(text, limit);
    text.trim_end_matches(['-', '.', '_'])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use assay_api::RevisionStatus;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn names_fit_and_tell_everything_apart() {
        let gate = |name: &str| GateObject { name: name.to_owned(), uid: "u".to_owned(), ..GateObject::default() };
        let judgement = |revision: &str, turn, second| Judgement {
            revision: RevisionStatus { revision: revision.to_owned(), ..RevisionStatus::default() },
            turn,
            seen_at: Timestamp::from_second(second).ok(),
            ..Judgement::default()
        };
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let name = execution(&gate("web"), &judgement(commit, 0, 1), ("smoke", 1, GateRole::Judge));
        assert!(name.starts_with("web-0123456-") && name.len() == "web-0123456-".len() + 8, "{name}");
        let mut all = BTreeSet::new();
        for (turn, second) in [(0, 1), (1, 1), (0, 2)] {
            for run in 1..4 {
                for role in [GateRole::Judge, GateRole::Confirm, GateRole::Control] {
                    for workflow in ["smoke", "api"] {
                        all.insert(execution(&gate("web"), &judgement(commit, turn, second), (workflow, run, role)));
                    }
                }
            }
        }
        assert_eq!(all.len(), 3 * 3 * 3 * 2);
        for (name, revision) in [
            ("a".repeat(253), commit.to_owned()),
            ("team.web".to_owned(), "6.5.0+build_7".to_owned()),
            ("web".to_owned(), "+++".to_owned()),
            (format!("{}.b", "a".repeat(33)), commit.to_owned()),
        ] {
            let name = execution(&gate(&name), &judgement(&revision, 0, 1), ("w", 1, GateRole::Judge));
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(name.len() <= EXECUTION && name.chars().all(allowed) && !name.contains("--"), "{name}");
            assert!(name.starts_with(|c: char| c.is_ascii_alphanumeric()), "{name}");
        }
        assert_eq!(rollback("web", "0123456789abcdef", 0), "web-0123456789");
        assert_eq!(rollback("web", "0123456789abcdef", 2), "web-0123456789-2");
        assert!(rollback(&"a".repeat(253), "0123456789abcdef", 7).len() <= NAME);
    }
}
