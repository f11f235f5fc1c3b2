//! Samples and what is said of them.

use serde::Serialize;

/// Steps of the subjects that have more than one.
pub const STEPS: u32 = 10;

/// Who runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A pod of one container.
    RawPod,
    /// A Job of one pod.
    RawJob,
    /// A pod whose containers start together and look once a second whether it is their turn.
    PollingGate,
    /// A pod whose steps are init containers, one after another.
    InitChain,
    /// An execution of one step.
    Assay,
    /// An execution of ten steps in one image.
    AssayOneImage,
    /// An execution of ten steps in two images, taking turns.
    AssayTwoImages,
}

impl Subject {
    /// Every subject, in the order of a round.
    pub const ALL: [Self; 7] = [
        Self::RawPod,
        Self::Assay,
        Self::RawJob,
        Self::AssayOneImage,
        Self::PollingGate,
        Self::AssayTwoImages,
        Self::InitChain,
    ];

    /// Its name in tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::RawPod => "raw Pod",
            Self::RawJob => "raw Job",
            Self::PollingGate => "polling gate, 10 steps",
            Self::InitChain => "initContainers, 10 steps",
            Self::Assay => "Assay",
            Self::AssayOneImage => "Assay, 10 steps, 1 image",
            Self::AssayTwoImages => "Assay, 10 steps, 2 images",
        }
    }

    /// How many steps it has.
    pub const fn steps(self) -> u32 {
        match self {
            Self::RawPod | Self::RawJob | Self::Assay => 1,
            _ => STEPS,
        }
    }
}

/// One run of one subject; all in milliseconds.
#[derive(Clone, Debug, Serialize)]
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
    /// What the steps themselves slept.
    pub slept: f64,
    /// The end of each step until the beginning of the next.
    pub gaps: Vec<f64>,
}

impl Sample {
    /// Submit to final without the time that the user's own steps took.
    pub fn overhead(&self) -> f64 {
        self.submit_to_final - self.slept
    }
}

/// Everything that one run of the benchmark found.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    /// The subjects, turn by turn.
    pub samples: Vec<Sample>,
    /// Megabytes of output a second, from the step to the judged execution.
    pub ingest: Vec<f64>,
    /// Milliseconds from the last instruction to the final status, with 1,000 files of 10 KB to collect.
    pub artifacts: Vec<f64>,
    /// Resident memory.
    pub memory: Memory,
    /// Writes to the API server.
    pub writes: Writes,
    /// Sizes in bytes, by name.
    pub sizes: Vec<(String, u64)>,
}

/// Resident memory in bytes.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// The manager, after all of this.
    pub manager: u64,
    /// The manager at its largest while output streamed.
    pub manager_streaming: u64,
    /// A step's runner that waits for its turn.
    pub waiting: u64,
    /// The same, without what it shares with every other process of its file.
    pub waiting_alone: u64,
    /// The leader at its largest while output streamed.
    pub leader_streaming: u64,
    /// The step's runner at its largest while output streamed.
    pub step_streaming: u64,
}

/// Writes for each execution.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Writes {
    /// Ours: ConfigMap, Job, the status of execution and workflow, and Events.
    pub own: f64,
    /// Of all writers, by the revision of etcd.
    pub all: f64,
    /// Of all writers for a raw Job that does the same.
    pub raw_job: f64,
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
