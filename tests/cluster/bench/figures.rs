//! Samples and what is said of them.

use serde::Serialize;

/// Which system ran the trivial step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A Job, nothing else.
    RawJob,
    /// An execution of one step.
    Assay,
}

/// One run of one subject; all in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// Who ran.
    pub subject: Subject,
    /// Object seen by the watch until the user's first instruction.
    pub submit_to_first: f64,
    /// The user's last instruction until the final status is seen by the watch.
    pub last_to_final: f64,
    /// Object seen until the final status is seen.
    pub submit_to_final: f64,
    /// What the step itself slept.
    pub slept: f64,
}

impl Sample {
    /// Submit to final without the time that the user's own step took.
    pub fn overhead(&self) -> f64 {
        self.submit_to_final - self.slept
    }
}

/// The value below which `share` of the samples lie.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    // Nearest rank: with 20 samples the 99th percentile is the largest.
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.saturating_sub(1).min(last)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(percentile(&values, 0.5), 10.0);
        assert_eq!(percentile(&values, 0.9), 18.0);
        assert_eq!(percentile(&values, 0.99), 20.0);
        assert!(percentile(&[], 0.5).is_nan());
    }
}
