//! What a forge shows of a gate beside the commit that it judged.

use assay_api::{GateMode, Judgement, Verdict};
use sha2::{Digest, Sha256};

/// Longest context that all forges keep, in characters.
const CONTEXT: usize = 40;
/// Longest description, in characters.
const DESCRIPTION: usize = 140;

/// A state that every forge has a word for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShownState {
    /// It is being judged.
    Pending,
    /// Green.
    Success,
    /// The revision is bad.
    Failure,
    /// No judgement was possible.
    Error,
}

/// The state of one commit, as one gate sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shown {
    /// The commit.
    pub commit: String,
    /// Which gate says it: stable, at most 40 characters.
    pub context: String,
    /// What it says.
    pub state: ShownState,
    /// Why, at most 140 characters.
    pub description: String,
}

/// What is shown of a judgement. `None` when it is not about a commit. An advisory gate fails nothing.
pub fn shown(namespace: &str, gate: &str, mode: GateMode, judgement: &Judgement) -> Option<Shown> {
    let commit = &judgement.revision.revision;
    let is_commit = matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    let state = match (judgement.verdict, mode) {
        (None, _) => ShownState::Pending,
        (Some(_), GateMode::Advisory) => ShownState::Success,
        (Some(Verdict::Failed), _) => ShownState::Failure,
        (Some(Verdict::Errored), _) => ShownState::Error,
        // A newer revision took its place: nothing speaks against this one.
        (Some(Verdict::Passed | Verdict::Flaky | Verdict::Skipped | Verdict::Cancelled), _) => ShownState::Success,
    };
    let words = match (judgement.verdict, &judgement.message) {
        (None, _) => "being tested where it is deployed".to_owned(),
        (Some(verdict), Some(message)) => format!("{verdict}: {message}"),
        (Some(verdict), None) => verdict.to_string(),
    };
    let description = words.chars().map(plain).take(DESCRIPTION).collect();
    is_commit.then(|| Shown { commit: commit.clone(), context: context(namespace, gate), state, description })
}

/// `assay/<namespace>/<gate>`; a long one is cut and told from others by a hash.
fn context(namespace: &str, gate: &str) -> String {
    let whole = format!("assay/{namespace}/{gate}");
    if whole.len() <= CONTEXT {
        return whole;
    }
    let hash: String = Sha256::digest(whole.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let start: String = whole.chars().take(CONTEXT - hash.len() - 1).collect();
    format!("{start}-{hash}")
}

/// A description is one line of plain text.
fn plain(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use assay_api::RevisionStatus;

    use super::*;

    fn judgement(verdict: Option<Verdict>) -> Judgement {
        let revision = RevisionStatus { revision: "a".repeat(40), ..RevisionStatus::default() };
        let message = Some("checkout\nfails".to_owned());
        Judgement { revision, verdict, message, ..Judgement::default() }
    }

    #[test]
    fn every_verdict_has_a_state() {
        use GateMode::{Advisory, Blocking};
        for (verdict, mode, state, description) in [
            (None, Blocking, ShownState::Pending, "being tested where it is deployed"),
            (Some(Verdict::Passed), Blocking, ShownState::Success, "passed: checkout fails"),
            (Some(Verdict::Flaky), Blocking, ShownState::Success, "flaky: checkout fails"),
            (Some(Verdict::Failed), Blocking, ShownState::Failure, "failed: checkout fails"),
            (Some(Verdict::Failed), Advisory, ShownState::Success, "failed: checkout fails"),
            (Some(Verdict::Errored), Blocking, ShownState::Error, "errored: checkout fails"),
            (Some(Verdict::Errored), Advisory, ShownState::Success, "errored: checkout fails"),
            (Some(Verdict::Cancelled), Blocking, ShownState::Success, "cancelled: checkout fails"),
        ] {
            let shown = shown("shop", "web", mode, &judgement(verdict)).unwrap();
            assert_eq!((shown.state, shown.description.as_str()), (state, description), "{verdict:?}");
            assert_eq!(shown.context, "assay/shop/web");
        }
    }

    #[test]
    fn only_commits_are_shown_and_names_are_short() {
        let mut chart = judgement(None);
        chart.revision.revision = "1.2.3".to_owned();
        assert_eq!(shown("shop", "web", GateMode::Blocking, &chart), None);
        let long =
            |gate: &str| shown("a-rather-long-namespace", gate, GateMode::Blocking, &judgement(None)).unwrap().context;
        let (one, two) = (long("a-rather-long-gate-number-one"), long("a-rather-long-gate-number-two"));
        assert!(one.len() == 40 && one.starts_with("assay/a-rather-long-namespace") && one != two, "{one} {two}");
        let mut wordy = judgement(Some(Verdict::Failed));
        wordy.message = Some("ä".repeat(500));
        assert_eq!(shown("shop", "web", GateMode::Blocking, &wordy).unwrap().description.chars().count(), 140);
    }
}
