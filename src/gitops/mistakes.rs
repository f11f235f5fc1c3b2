//! What is wrong with the specs of gates and grants by themselves: the same words at apply, in `assay validate` and
//! in the status.

use std::collections::BTreeSet;
use std::fmt;

use assay_api::{DurationText, GitWriteAccessSpec, RollbackPolicy, TestGateSpec};

use crate::repository_url::{repository_identity, without_credentials};

/// A field that contradicts itself or another one. Prints as `field: what is wrong; the way out`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecMistake {
    /// Path of the field.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

impl fmt::Display for SpecMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, "; {}", self.hint) }
    }
}

fn mistake(path: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> SpecMistake {
    SpecMistake { path: path.into(), message: message.into(), hint: hint.into() }
}

/// What is wrong with a gate.
pub fn gate_mistakes(spec: &TestGateSpec) -> Vec<SpecMistake> {
    let mut mistakes = Vec::new();
    let mut names = BTreeSet::new();
    for (at, workflow) in spec.workflows.iter().enumerate() {
        if !names.insert(workflow.name.as_str()) {
            let message = format!("`{}` is named again", workflow.name);
            mistakes.push(mistake(format!("spec.workflows[{at}]"), message, "name each workflow once"));
        }
    }
    if names.is_empty() {
        mistakes.push(mistake("spec.workflows", "nothing judges", "name the workflows that do"));
    }
    let (reruns, failures) = (spec.confirmation.reruns, spec.confirmation.failures);
    let runs = reruns.saturating_add(1);
    if failures < 1 || failures > runs {
        let message = format!("{failures} runs must fail, but a workflow runs at most {runs} times");
        let hint = "write a number between 1 and `reruns` plus one";
        mistakes.push(mistake("spec.confirmation.failures", message, hint));
    }
    let own = [("spec.readyTimeout", &spec.ready_timeout), ("spec.timeout", &spec.timeout)];
    let policy = spec.rollback.as_ref().map(times).unwrap_or_default();
    mistakes.extend(own.into_iter().chain(policy).filter_map(|(path, text)| no_duration(path, text.as_ref())));
    mistakes
}

fn times(policy: &RollbackPolicy) -> Vec<(&'static str, &Option<DurationText>)> {
    vec![
        ("spec.rollback.coolDown", &policy.cool_down),
        ("spec.rollback.maxFailureAge", &policy.max_failure_age),
        ("spec.rollback.recoveryTimeout", &policy.recovery_timeout),
    ]
}

/// What is wrong with a grant. Nothing of a credential is repeated.
pub fn access_mistakes(spec: &GitWriteAccessSpec) -> Vec<SpecMistake> {
    let mut mistakes = Vec::new();
    if let Err(error) = repository_identity(&spec.repository) {
        let hint = "write it as `https://host/path` or `ssh://git@host/path`";
        mistakes.push(mistake("spec.repository", format!("it is no URL of a repository: {error}"), hint));
    } else if carries_password(&spec.repository) {
        let hint = "put it into a Secret in Assay's namespace, and name that in `spec.credentials`";
        mistakes.push(mistake("spec.repository", "it carries a password", hint));
    }
    let window = spec.budget.as_ref().and_then(|budget| no_duration("spec.budget.window", Some(&budget.window)));
    mistakes.extend(window);
    mistakes
}

/// A user alone, as in `ssh://git@host/path`, is no secret.
fn carries_password(url: &str) -> bool {
    let taken_away = url.len() - without_credentials(url).len();
    url.split_once("://").is_some_and(|(_, rest)| rest[..taken_away].contains(':'))
}

fn no_duration(path: &str, text: Option<&DurationText>) -> Option<SpecMistake> {
    let error = text?.parse().err()?;
    Some(mistake(path, error.to_string(), ""))
}

#[cfg(test)]
mod tests {
    use assay_api::{Budget, Confirmation, GateWorkflow};

    use super::*;

    fn gate(names: &[&str]) -> TestGateSpec {
        let workflows = names.iter().map(|name| GateWorkflow { name: (*name).to_owned(), ..GateWorkflow::default() });
        TestGateSpec { workflows: workflows.collect(), ..TestGateSpec::default() }
    }

    fn said(mistakes: &[SpecMistake]) -> Vec<String> {
        mistakes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_gate_that_contradicts_itself_is_told_every_mistake_with_its_way_out() {
        let confirmed = |reruns, failures| TestGateSpec {
            confirmation: Confirmation { reruns, failures, control: None },
            ..gate(&["a"])
        };
        let timed = |text: &str| TestGateSpec { timeout: Some(DurationText::new(text)), ..gate(&["a"]) };
        let policy = RollbackPolicy { cool_down: Some(DurationText::new("soon")), ..RollbackPolicy::default() };
        for (spec, words) in [
            (gate(&["a", "b"]), &[][..]),
            (confirmed(0, 1), &[]),
            (timed("90s"), &[]),
            (gate(&["a", "b", "a"]), &["spec.workflows[2]: `a` is named again; name each workflow once"]),
            (gate(&[]), &["spec.workflows: nothing judges; name the workflows that do"]),
            (
                confirmed(1, 3),
                &[
                    "spec.confirmation.failures: 3 runs must fail, but a workflow runs at most 2 times; write a number between 1 and `reruns` plus one",
                ],
            ),
            (
                TestGateSpec { rollback: Some(policy), ..timed("5 minutes") },
                &[
                    "spec.timeout: `5 minutes` must be numbers with units h, m, s or ms, for example `90s` or `1h30m`",
                    "spec.rollback.coolDown: `soon` must be numbers with units h, m, s or ms, for example `90s` or `1h30m`",
                ],
            ),
        ] {
            assert_eq!(said(&gate_mistakes(&spec)), words);
        }
    }

    #[test]
    fn a_grant_names_a_repository_and_no_password() {
        let grant = |repository: &str| GitWriteAccessSpec { repository: repository.to_owned(), ..Default::default() };
        for right in ["https://host/a/b", "https://bot@host/a/b.git", "ssh://git@host:2222/a/b", "git@host:a/b"] {
            assert_eq!(said(&access_mistakes(&grant(right))), [""; 0], "{right}");
        }
        for (wrong, words) in [
            ("ftp://host/a", "spec.repository: it is no URL of a repository: "),
            ("https://host", "spec.repository: it is no URL of a repository: "),
            ("https://bot:canary@host/a/b", "spec.repository: it carries a password; put it into a Secret"),
            ("https://:canary@host/a/b", "spec.repository: it carries a password; "),
        ] {
            let said = said(&access_mistakes(&grant(wrong)));
            assert!(said.len() == 1 && said[0].starts_with(words) && !said[0].contains("canary"), "{said:?}");
        }
        let budget = Some(Budget { count: 1, window: DurationText::new("1 day") });
        let said = said(&access_mistakes(&GitWriteAccessSpec { budget, ..grant("https://host/a/b") }));
        assert!(said[0].starts_with("spec.budget.window: `1 day`"), "{said:?}");
    }
}
