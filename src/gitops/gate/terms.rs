//! What the spec of a gate asks for, checked and with its defaults.

use std::time::Duration;

use assay_api::{Confirmation, DurationText, TestGateSpec};

use crate::mistakes::gate_mistakes;

/// How long workloads may take until they are ready.
const READY_TIMEOUT: Duration = Duration::from_secs(3 * 60);
/// How long a judgement may take.
const TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// What a gate asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Terms {
    /// How long workloads may take until they are ready.
    pub(super) ready_timeout: Duration,
    /// How long a judgement may take from the start of its tests.
    pub(super) timeout: Duration,
    /// How often a failing workflow is run again.
    pub(super) reruns: usize,
    /// How many runs must fail.
    pub(super) failures: usize,
}

impl Terms {
    /// Reads them.
    ///
    /// # Errors
    /// With the field, the value and the way out, when something contradicts itself.
    pub(super) fn of(spec: &TestGateSpec) -> Result<Self, String> {
        if let Some(mistake) = gate_mistakes(spec).first() {
            return Err(mistake.to_string());
        }
        let Confirmation { reruns, failures, .. } = spec.confirmation;
        let time = |text: Option<&DurationText>, default| text.and_then(|text| text.parse().ok()).unwrap_or(default);
        Ok(Self {
            ready_timeout: time(spec.ready_timeout.as_ref(), READY_TIMEOUT),
            timeout: time(spec.timeout.as_ref(), TIMEOUT),
            reruns: usize::try_from(reruns).unwrap_or(0),
            failures: usize::try_from(failures).unwrap_or(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use assay_api::GateWorkflow;

    use super::*;

    #[test]
    fn what_is_not_said_has_a_default_and_what_contradicts_itself_is_an_error() {
        let workflows = vec![GateWorkflow { name: "a".to_owned(), ..GateWorkflow::default() }];
        let spec = TestGateSpec { workflows, ..TestGateSpec::default() };
        let wanted = Terms { ready_timeout: READY_TIMEOUT, timeout: TIMEOUT, reruns: 1, failures: 2 };
        assert_eq!(Terms::of(&spec), Ok(wanted.clone()));
        let short = TestGateSpec { timeout: Some(DurationText::new("90s")), ..spec.clone() };
        assert_eq!(Terms::of(&short), Ok(Terms { timeout: Duration::from_secs(90), ..wanted }));
        let wrong = TestGateSpec { timeout: Some(DurationText::new("5 minutes")), ..spec };
        assert!(Terms::of(&wrong).is_err_and(|said| said.starts_with("spec.timeout: `5 minutes`")));
    }
}
