//! The resolved workflow as a flat list of instructions, grouped by container.

use std::time::Duration;

use assay_api::names::PATH_WORKSPACE;
use assay_api::{Content, DurationText, Step};
use assay_expr::{ConditionWord, parse_condition};
use assay_protocol::{
    Action, ArtifactRule, Condition, ExecutionIdentity, Instruction, PROTOCOL_VERSION, PlanDocument, PlanFile,
    RetryRule, Section,
};

use crate::flat::{FlatStep, flatten};
use crate::group::{Groups, StepContainer};
use crate::path::absolute;
use crate::{Resolved, Target};

/// Longest time of an execution that names none.
pub const DEFAULT_EXECUTION_TIMEOUT: Duration = Duration::from_secs(3600);
/// Longest wait for the first step of an execution that names none.
pub const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(600);
/// Time that `after` steps have once the deadline has passed.
pub const AFTER_GRACE: Duration = Duration::from_secs(60);
/// Longest pause of an execution that names none.
pub const DEFAULT_PAUSE: Duration = Duration::from_secs(24 * 3600);
/// Wait before the second attempt of a step that names none.
pub const DEFAULT_RETRY_DELAY: Duration = Duration::from_secs(1);

const DEFAULT_MODE: u32 = 0o644;

/// A plan, and what only the pod needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// What the runner obeys.
    pub document: PlanDocument,
    /// Containers that run steps; same order as the groups of the document.
    pub containers: Vec<StepContainer>,
    /// Longest time from the Job's creation to the first step's start.
    pub start_timeout: Duration,
}

/// Compiles a workflow. What validation refuses is compiled as well as it can be.
pub fn compile(resolved: &Resolved, target: &Target) -> Compiled {
    let mut groups = Groups::default();
    let mut steps: Vec<Instruction> = Vec::new();
    for flat in flatten(&resolved.spec) {
        let group = match steps.last() {
            Some(before) if flat.follows => before.group,
            _ => small(groups.place(StepContainer::of(&flat.container))),
        };
        steps.push(instruction(&flat, small(steps.len()), group));
    }
    let timeouts = resolved.spec.timeouts.clone().unwrap_or_default();
    let document = PlanDocument {
        version: PROTOCOL_VERSION,
        execution: identity(resolved),
        server: target.server.clone(),
        groups: groups.containers.iter().enumerate().map(|(index, container)| container.group(index)).collect(),
        steps,
        blocks: Vec::new(),
        files: resolved.spec.content.iter().flat_map(files).collect(),
        workspace: PATH_WORKSPACE.to_owned(),
        timeout_ms: milliseconds(duration(timeouts.execution.as_ref()).unwrap_or(DEFAULT_EXECUTION_TIMEOUT)),
        after_grace_ms: milliseconds(AFTER_GRACE),
        pause_ms: milliseconds(duration(timeouts.pause.as_ref()).unwrap_or(DEFAULT_PAUSE)),
    };
    let start_timeout = duration(timeouts.start.as_ref()).unwrap_or(DEFAULT_START_TIMEOUT);
    Compiled { document, containers: groups.containers, start_timeout }
}

fn identity(resolved: &Resolved) -> ExecutionIdentity {
    resolved.inputs.clone().unwrap_or_default().identity()
}

fn instruction(flat: &FlatStep<'_>, index: u16, group: u16) -> Instruction {
    let step = flat.step;
    let working_dir = absolute(flat.container.working_dir.as_deref().unwrap_or_default());
    Instruction {
        index,
        id: flat.id.clone(),
        name: flat.name.clone(),
        section: flat.section,
        block: None,
        group,
        condition: condition(flat),
        action: action(flat, &working_dir),
        artifacts: artifacts(step, &working_dir),
        retry: retry(step),
        timeout_ms: duration(step.timeout.as_ref()).map(milliseconds),
        optional: step.optional,
        negative: step.negative,
        delay_ms: duration(step.delay.as_ref()).map(milliseconds).unwrap_or_default(),
        paused: step.paused,
        fetches: false,
        files: Vec::new(),
    }
}

fn action(flat: &FlatStep<'_>, working_dir: &str) -> Option<Action> {
    let command = flat.command.as_ref()?;
    let plain = flat.container.env.iter().filter(|entry| entry.value_from.is_none());
    let argv: Vec<_> = command.argv().iter().map(|word| crate::expressions::LateText::of(word)).collect();
    let dynamic = argv.iter().any(|late| late.waits);
    let text = |late: &crate::expressions::LateText| if dynamic { late.template.clone() } else { late.text.clone() };
    Some(Action {
        argv: argv.iter().map(text).collect(),
        env: plain.map(|entry| (entry.name.clone(), entry.value.clone().unwrap_or_default())).collect(),
        working_dir: working_dir.to_owned(),
        display: command.display(),
        dynamic,
        needs: argv.iter().flat_map(|late| late.needs.clone()).collect(),
    })
}

fn artifacts(step: &Step, working_dir: &str) -> Option<ArtifactRule> {
    let artifacts = step.artifacts.as_ref()?;
    let working_dir = artifacts.working_dir.as_deref().map_or_else(|| working_dir.to_owned(), absolute);
    Some(ArtifactRule { paths: artifacts.paths.clone(), working_dir })
}

/// A step that only collects does so also after a failure: that is when its
/// files are wanted most.
fn condition(flat: &FlatStep<'_>) -> Condition {
    let always = flat.section == Section::After || flat.collects_only;
    let default = if always { Condition::Always } else { Condition::Passed };
    let Some(Ok(word)) = flat.step.condition.as_deref().map(parse_condition) else { return default };
    match word {
        ConditionWord::Passed => Condition::Passed,
        ConditionWord::Failed => Condition::Failed,
        ConditionWord::Always => Condition::Always,
        ConditionWord::Never => Condition::Never,
    }
}

fn retry(step: &Step) -> RetryRule {
    let Some(policy) = &step.retry else { return RetryRule { attempts: 1, delay_ms: 0, until: None } };
    let again = u32::try_from(policy.count).unwrap_or_default();
    let delay = duration(policy.delay.as_ref()).unwrap_or(DEFAULT_RETRY_DELAY);
    RetryRule { attempts: again.saturating_add(1), delay_ms: milliseconds(delay), until: policy.until.clone() }
}

fn files(content: &Content) -> impl Iterator<Item = PlanFile> {
    content.files.iter().map(|file| PlanFile {
        path: absolute(&file.path),
        content: crate::expressions::LateText::of(file.content.as_deref().unwrap_or_default()).text,
        from: None,
        dynamic: false,
        mode: file.mode.and_then(|mode| u32::try_from(mode).ok()).unwrap_or(DEFAULT_MODE),
    })
}

fn duration(text: Option<&DurationText>) -> Option<Duration> {
    text.and_then(|text| text.parse().ok())
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Positions are small: the size of a plan is limited long before this.
fn small(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
