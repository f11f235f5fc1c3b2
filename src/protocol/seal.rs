//! The seal: what the leader leaves in its termination message, so that a
//! verdict can be formed although nothing else ever arrived.

use assay_report::Counts;
use serde::{Deserialize, Serialize};

use crate::progress::{Progress, RunOutcome};

/// Longest seal in bytes. The kubelet allows a pod 12 KiB of termination
/// messages, shared among its containers, so a pod of eleven containers leaves
/// each about 1.1 KiB.
pub const SEAL_LIMIT: usize = 1000;

/// The last word of a pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seal {
    /// Infrastructure attempt that it seals.
    pub attempt: u32,
    /// SHA-256 of the plan that was obeyed, in hexadecimal.
    pub plan_hash: String,
    /// How the run ended.
    pub outcome: RunOutcome,
    /// Test counts.
    pub counts: Option<Counts>,
    /// State of each step by its first letter, in order (`p`assed, `f`ailed,
    /// `e`rrored, `t`imed out, `c`ancelled, `s`kipped, `w`aiting).
    pub steps: String,
}

/// Why a termination message is not a seal.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It is not the JSON of a seal.
    #[error("the termination message is not a seal")]
    Malformed(#[source] serde_json::Error),
}

impl Seal {
    /// The seal of a finished run; `None` while it has no outcome.
    pub fn of(progress: &Progress, attempt: u32, plan_hash: &str) -> Option<Self> {
        let outcome = progress.outcome.clone()?;
        let steps = progress.steps.iter().filter_map(|step| step.state.as_str().chars().next()).collect();
        let counts = progress.tests.as_ref().map(|tests| tests.counts);
        Some(Self { attempt, plan_hash: plan_hash.to_owned(), outcome, counts, steps })
    }

    /// The termination message, never longer than [`SEAL_LIMIT`]: the sentence
    /// for people is shortened first, then the list of steps.
    pub fn to_message(&self) -> String {
        let mut seal = self.clone();
        let mut text = seal.to_json();
        if text.len() > SEAL_LIMIT {
            truncate(&mut seal.outcome.message, 200);
            truncate(&mut seal.steps, 200);
            text = seal.to_json();
        }
        text
    }

    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a seal is plain data")
    }

    /// Reads a termination message.
    ///
    /// # Errors
    /// When the message is not the JSON of a seal.
    pub fn parse(message: &str) -> Result<Self, SealError> {
        serde_json::from_str(message).map_err(SealError::Malformed)
    }
}

fn truncate(text: &mut String, limit: usize) {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}
