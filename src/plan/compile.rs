//! The resolved workflow as a flat list of instructions, grouped by container.

use std::collections::BTreeSet;
use std::time::Duration;

use assay_api::names::PATH_WORKSPACE;
use assay_api::{Artifacts, ContainerConfig, RetryPolicy, Step};
use assay_expr::Template;
use assay_protocol::{
    Action, ArtifactRule, Block, Condition, ExecutionIdentity, Instruction, PROTOCOL_VERSION, PlanDocument, PlanFile,
    RetryRule, Section,
};
use k8s_openapi::api::core::v1::VolumeProjection;

use crate::conditions::condition_of;
use crate::content::{self, FETCH_ATTEMPTS};
use crate::deadlines::{Deadlines, duration, milliseconds};
use crate::diagnostic::Findings;
use crate::expressions::LateText;
use crate::files::Projections;
use crate::flat::{Flat, FlatBlock, FlatStep, Work, flatten};
use crate::group::{Groups, StepContainer};
use crate::path::absolute;
use crate::pod::PodSettings;
use crate::tree::tree;
use crate::{Resolved, Target};

/// Wait before the second attempt of a step that names none.
pub const DEFAULT_RETRY_DELAY: Duration = Duration::from_secs(1);

/// A plan, and what only the pod needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// What the runner obeys.
    pub document: PlanDocument,
    /// Containers that run steps; same order as the groups of the document.
    pub containers: Vec<StepContainer>,
    /// Sources of the volume with files from ConfigMaps and Secrets; empty when no file comes from there.
    pub content: Vec<VolumeProjection>,
    /// How long each part may take.
    pub deadlines: Deadlines,
    /// What the workflow asks of pod and Job.
    pub(crate) settings: PodSettings,
}

/// Compiles a workflow. What validation refuses is compiled as well as it can be.
pub fn compile(resolved: &Resolved, target: &Target) -> Compiled {
    let spec = &resolved.spec;
    let flat = flatten(spec, tree(spec));
    // What cannot be read was said by validation.
    let settings = PodSettings::of(spec, &mut Findings::default());
    let mut made = Making { settings, groups: Groups::default(), projections: Projections::default() };
    let files = made.projections.files(flat.files);
    let mut steps: Vec<Instruction> = Vec::new();
    for (index, step) in flat.steps.iter().enumerate() {
        let group = made.group(&flat, index, &steps);
        steps.push(made.instruction(step, small(index), small(group)));
    }
    made.mount_content(&files, &steps);
    let deadlines = Deadlines::of(spec);
    let containers = made.groups.containers;
    let document = PlanDocument {
        version: PROTOCOL_VERSION,
        execution: identity(resolved),
        server: target.server.clone(),
        groups: containers.iter().enumerate().map(|(index, container)| container.group(index)).collect(),
        steps,
        blocks: flat.blocks.iter().enumerate().map(|(index, flat)| block(flat, small(index))).collect(),
        files,
        workspace: PATH_WORKSPACE.to_owned(),
        timeout_ms: milliseconds(deadlines.execution),
        after_grace_ms: milliseconds(deadlines.after_grace),
        pause_ms: milliseconds(deadlines.pause),
    };
    Compiled { document, containers, content: made.projections.sources, deadlines, settings: made.settings }
}

fn identity(resolved: &Resolved) -> ExecutionIdentity {
    resolved.inputs.clone().unwrap_or_default().identity()
}

/// Instructions on their way into the plan.
struct Making {
    settings: PodSettings,
    groups: Groups,
    projections: Projections,
}

impl Making {
    /// The container of an instruction. One that only writes files does so
    /// where the next command runs: it has an image, and its user may change them.
    fn group(&mut self, flat: &Flat<'_>, index: usize, before: &[Instruction]) -> usize {
        let step = &flat.steps[index];
        let runs = |step: &&FlatStep<'_>| matches!(step.work, Work::Run { .. });
        let container = match &step.work {
            Work::Clone(git) => StepContainer::fetcher(&step.container, content::credentials(git)),
            Work::Fetch(_) => StepContainer::fetcher(&step.container, Vec::new()),
            Work::Run { .. } => StepContainer::of(&step.container, &self.settings),
            Work::Collect(_) => {
                let followed = flat.steps[..index].iter().rposition(|step| runs(&step)).filter(|_| step.follows);
                match followed.and_then(|followed| before.get(followed)) {
                    Some(followed) => return followed.group.into(),
                    None => StepContainer::of(&step.container, &self.settings),
                }
            }
            Work::Write(_) => {
                let (past, coming) = flat.steps.split_at(index);
                let near = coming.iter().find(runs).or_else(|| past.iter().rev().find(runs));
                StepContainer::of(&near.unwrap_or(step).container, &self.settings)
            }
        };
        self.groups.place(container)
    }

    fn instruction(&mut self, flat: &FlatStep<'_>, index: u16, group: u16) -> Instruction {
        let policy = flat.policy;
        let files = match flat.work {
            Work::Run { files, .. } | Work::Write(files) => self.projections.files(files),
            _ => Vec::new(),
        };
        Instruction {
            index,
            id: flat.id.clone(),
            name: flat.name.clone(),
            section: flat.section,
            block: flat.block.map(small),
            group,
            condition: condition(flat),
            action: action_of(flat).map(|action| with_needs_of(action, flat)),
            artifacts: artifacts(flat),
            retry: retry(flat),
            timeout_ms: policy.and_then(|step| duration(step.timeout.as_ref())).map(milliseconds),
            optional: policy.is_some_and(|step| step.optional),
            negative: policy.is_some_and(|step| step.negative),
            delay_ms: policy.map(delay).unwrap_or_default(),
            paused: policy.is_some_and(|step| step.paused),
            fetches: matches!(flat.work, Work::Clone(_) | Work::Fetch(_) | Work::Write(_)),
            files,
        }
    }

    /// Containers in which files from ConfigMaps and Secrets are written see all of them.
    fn mount_content(&mut self, files: &[PlanFile], steps: &[Instruction]) {
        let takes = |files: &[PlanFile]| files.iter().any(|file| file.from.is_some());
        let mut groups: Vec<usize> =
            steps.iter().filter(|step| takes(&step.files)).map(|step| step.group.into()).collect();
        if takes(files) {
            groups.push(0);
        }
        groups.sort_unstable();
        groups.dedup();
        for group in groups {
            if let Some(container) = self.groups.containers.get_mut(group) {
                container.mounts_content = true;
                container.secret_files.extend(self.projections.secret.iter().cloned());
            }
        }
    }
}

fn action_of(flat: &FlatStep<'_>) -> Option<Action> {
    match &flat.work {
        Work::Run { command, .. } => {
            let command = command.as_ref()?;
            Some(command_of(&flat.container, &command.argv(), command.display()))
        }
        Work::Clone(git) => Some(content::clone(git, &flat.container)),
        Work::Fetch(tarball) => Some(content::fetch(tarball, &flat.container)),
        Work::Write(_) => Some(command_of(&flat.container, &[], flat.name.clone())),
        Work::Collect(_) => None,
    }
}

fn command_of(container: &ContainerConfig, argv: &[String], display: String) -> Action {
    let plain = container.env.iter().filter(|entry| entry.value_from.is_none());
    let env: Vec<(String, LateText)> =
        plain.map(|entry| (entry.name.clone(), LateText::of(entry.value.as_deref().unwrap_or_default()))).collect();
    let argv: Vec<LateText> = argv.iter().map(|word| LateText::of(word)).collect();
    let folder = LateText::of(container.working_dir.as_deref().unwrap_or_default());
    action(&argv, &env, &folder, display)
}

/// An action. When one of its texts waits, all of them are templates.
fn action(argv: &[LateText], env: &[(String, LateText)], folder: &LateText, display: String) -> Action {
    let all = || argv.iter().chain(env.iter().map(|(_, value)| value)).chain([folder]);
    let dynamic = all().any(|text| text.waits);
    let needs: BTreeSet<&String> = all().flat_map(|text| &text.needs).collect();
    let text = |late: &LateText| if dynamic { late.template.clone() } else { late.text.clone() };
    let working_dir = match (folder.waits, dynamic) {
        (true, _) => folder.template.clone(),
        (false, true) => Template::literal(&absolute(&folder.text)).to_string(),
        (false, false) => absolute(&folder.text),
    };
    Action {
        argv: argv.iter().map(text).collect(),
        env: env.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        working_dir,
        display,
        dynamic,
        needs: needs.into_iter().cloned().collect(),
    }
}

/// Files are written with what the action knows, so it needs what they name.
fn with_needs_of(mut action: Action, flat: &FlatStep<'_>) -> Action {
    let (Work::Run { files, .. } | Work::Write(files)) = &flat.work else { return action };
    let named = files.iter().filter_map(|file| file.content.as_deref()).flat_map(|text| LateText::of(text).needs);
    action.needs.extend(named);
    action.needs.sort_unstable();
    action.needs.dedup();
    action
}

fn block(flat: &FlatBlock<'_>, index: u16) -> Block {
    let step = flat.step;
    let default = default_condition(flat.is_root, flat.section, false);
    Block {
        index,
        id: flat.id.clone(),
        name: flat.name.clone(),
        section: flat.section,
        parent: flat.parent.map(small),
        condition: condition_of(step.condition.as_deref(), &flat.env, default),
        retry: rule(step.retry.as_ref(), 1),
        timeout_ms: duration(step.timeout.as_ref()).map(milliseconds),
        optional: step.optional,
        negative: step.negative,
        delay_ms: delay(step),
        paused: step.paused,
    }
}

fn artifacts(flat: &FlatStep<'_>) -> Option<ArtifactRule> {
    let (Work::Run { artifacts: Some(rule), .. } | Work::Collect(rule)) = &flat.work else { return None };
    let Artifacts { paths, working_dir, compress: _ } = rule;
    let inherited = || flat.container.working_dir.as_deref().map(LateText::of).filter(|folder| !folder.waits);
    let folder = working_dir.clone().or_else(|| inherited().map(|folder| folder.text)).unwrap_or_default();
    Some(ArtifactRule { paths: paths.clone(), working_dir: absolute(&folder) })
}

fn condition(flat: &FlatStep<'_>) -> Condition {
    let default = default_condition(flat.is_root, flat.section, matches!(flat.work, Work::Collect(_)));
    condition_of(flat.policy.and_then(|step| step.condition.as_deref()), &flat.container.env, default)
}

/// A step that only collects does so also after a failure: that is when its
/// files are wanted most.
fn default_condition(is_root: bool, section: Section, collects_only: bool) -> Condition {
    if collects_only || (is_root && section == Section::After) { Condition::Always } else { Condition::Passed }
}

fn retry(flat: &FlatStep<'_>) -> RetryRule {
    let own = flat.policy.and_then(|step| step.retry.as_ref());
    match &flat.work {
        Work::Clone(git) => rule(own.or(git.retry.as_ref()), FETCH_ATTEMPTS),
        Work::Fetch(_) => rule(own, FETCH_ATTEMPTS),
        _ => rule(own, 1),
    }
}

fn rule(policy: Option<&RetryPolicy>, default: u32) -> RetryRule {
    let again = policy.map_or(default - 1, |policy| u32::try_from(policy.count).unwrap_or_default());
    let attempts = again.saturating_add(1);
    let delay = policy.and_then(|policy| duration(policy.delay.as_ref())).unwrap_or(DEFAULT_RETRY_DELAY);
    RetryRule {
        attempts,
        delay_ms: if attempts > 1 { milliseconds(delay) } else { 0 },
        until: policy.and_then(|policy| policy.until.clone()),
    }
}

fn delay(step: &Step) -> u64 {
    duration(step.delay.as_ref()).map(milliseconds).unwrap_or_default()
}

/// Positions are small: the size of a plan is limited long before this.
fn small(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
