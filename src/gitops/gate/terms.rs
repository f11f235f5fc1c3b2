//! What the spec of a gate asks for, checked and with its defaults.

use std::collections::BTreeSet;
use std::time::Duration;

use assay_api::{DurationText, TestGateSpec};

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
        let mut names = BTreeSet::new();
        for (at, workflow) in spec.workflows.iter().enumerate() {
            if !names.insert(workflow.name.as_str()) {
                let name = &workflow.name;
                return Err(format!("`spec.workflows[{at}]` names `{name}` again; name each workflow once"));
            }
        }
        if names.is_empty() {
            return Err("`spec.workflows` is empty; name the workflows that judge".to_owned());
        }
        let (reruns, failures) = (spec.confirmation.reruns, spec.confirmation.failures);
        if failures < 1 || failures > reruns.saturating_add(1) {
            return Err(format!(
                "`spec.confirmation.failures` is {failures}, but a workflow runs at most {} times; \
                 set it between 1 and `reruns` plus one",
                reruns.saturating_add(1)
            ));
        }
        Ok(Self {
            ready_timeout: duration("spec.readyTimeout", spec.ready_timeout.as_ref(), READY_TIMEOUT)?,
            timeout: duration("spec.timeout", spec.timeout.as_ref(), TIMEOUT)?,
            reruns: usize::try_from(reruns).unwrap_or(0),
            failures: usize::try_from(failures).unwrap_or(1),
        })
    }
}

fn duration(field: &str, text: Option<&DurationText>, default: Duration) -> Result<Duration, String> {
    text.map_or(Ok(default), |text| text.parse().map_err(|error| format!("`{field}`: {error}")))
}

#[cfg(test)]
mod tests {
    use assay_api::{Confirmation, GateWorkflow};

    use super::*;

    #[test]
    fn what_contradicts_itself_is_named_with_its_way_out() {
        let workflow = |name: &str| GateWorkflow { name: name.to_owned(), ..GateWorkflow::default() };
        let spec = |names: &[&str]| TestGateSpec {
            workflows: names.iter().map(|name| workflow(name)).collect(),
            ..TestGateSpec::default()
        };
        let confirmed = |reruns, failures| TestGateSpec {
            confirmation: Confirmation { reruns, failures, control: None },
            ..spec(&["a"])
        };
        let timed = |text: &str| TestGateSpec { timeout: Some(DurationText::new(text)), ..spec(&["a"]) };
        for (spec, words) in [
            (spec(&["a", "b", "a"]), Some("`spec.workflows[2]` names `a` again")),
            (spec(&[]), Some("`spec.workflows` is empty")),
            (confirmed(1, 3), Some("`spec.confirmation.failures` is 3, but a workflow runs at most 2 times")),
            (confirmed(0, 1), None),
            (timed("5 minutes"), Some("`spec.timeout`: ")),
            (timed("90s"), None),
            (spec(&["a", "b"]), None),
        ] {
            let answer = Terms::of(&spec);
            match words {
                None => assert!(answer.is_ok(), "{answer:?}"),
                Some(words) => assert!(answer.as_ref().is_err_and(|said| said.contains(words)), "{answer:?}"),
            }
        }
        let terms = Terms::of(&TestGateSpec { confirmation: Confirmation::default(), ..spec(&["a"]) });
        let wanted = Terms { ready_timeout: READY_TIMEOUT, timeout: TIMEOUT, reruns: 1, failures: 2 };
        assert_eq!(terms, Ok(wanted));
    }
}
