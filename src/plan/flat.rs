//! The steps of a workflow as one list, with what each inherits.

use std::collections::BTreeSet;

use assay_api::{ContainerConfig, Step, TestWorkflowSpec};
use assay_protocol::Section;

use crate::command::Command;
use crate::container::merge;

/// Longest handle of a step.
const ID_LENGTH: usize = 63;

/// A step with everything it inherits.
pub(crate) struct FlatStep<'a> {
    /// Where it stands, for example `spec.steps[2]`.
    pub(crate) path: String,
    /// The list it comes from.
    pub(crate) section: Section,
    /// The step as written.
    pub(crate) step: &'a Step,
    /// Its handle, unique in the plan unless two steps were given the same.
    pub(crate) id: String,
    /// What people read.
    pub(crate) name: String,
    /// Container settings: the workflow's, the step's, and those of `run`.
    pub(crate) container: ContainerConfig,
    /// What it starts.
    pub(crate) command: Option<Command>,
    /// Whether it starts nothing and only collects.
    pub(crate) collects_only: bool,
    /// Whether it runs in the container of the step before it: a step that
    /// only collects, and names no container.
    pub(crate) follows: bool,
}

/// The three lists, with the names they have in a manifest.
pub(crate) fn sections(spec: &TestWorkflowSpec) -> [(&'static str, Section, &[Step]); 3] {
    [
        ("setup", Section::Setup, &spec.setup),
        ("steps", Section::Steps, &spec.steps),
        ("after", Section::After, &spec.after),
    ]
}

/// All steps in the order of the plan.
pub(crate) fn flatten(spec: &TestWorkflowSpec) -> Vec<FlatStep<'_>> {
    let base = spec.container.clone().unwrap_or_default();
    let mut ids = Ids::reserve(spec);
    let mut flat: Vec<FlatStep<'_>> = Vec::new();
    for (list, section, steps) in sections(spec) {
        for (index, step) in steps.iter().enumerate() {
            let container = settings(&base, step);
            let command = Command::of(step, &container);
            let collects_only = step.shell.is_none() && step.run.is_none() && step.artifacts.is_some();
            let id = ids.choose(step, list, index);
            let name = name(step, command.as_ref(), &id);
            let follows = collects_only && step.container.is_none() && !flat.is_empty();
            let path = format!("spec.{list}[{index}]");
            flat.push(FlatStep { path, section, step, id, name, container, command, collects_only, follows });
        }
    }
    flat
}

fn settings(base: &ContainerConfig, step: &Step) -> ContainerConfig {
    let mut container = step.container.as_ref().map_or_else(|| base.clone(), |own| merge(base, own));
    if step.working_dir.is_some() {
        container.working_dir.clone_from(&step.working_dir);
    }
    step.run.as_ref().map_or_else(|| container.clone(), |run| merge(&container, &run.container()))
}

fn name(step: &Step, command: Option<&Command>, id: &str) -> String {
    let given = step.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    let derived = || command.and_then(Command::short_name);
    let collects = || {
        (step.shell.is_none() && step.run.is_none() && step.artifacts.is_some()).then(|| "collect artifacts".to_owned())
    };
    given.or_else(derived).or_else(collects).unwrap_or_else(|| id.to_owned())
}

/// Handles that are taken.
struct Ids(BTreeSet<String>);

impl Ids {
    /// Written handles come first, wherever they stand: a derived one gives way.
    fn reserve(spec: &TestWorkflowSpec) -> Self {
        let steps = sections(spec).into_iter().flat_map(|(_, _, steps)| steps);
        Self(steps.filter_map(|step| step.id.clone()).collect())
    }

    fn choose(&mut self, step: &Step, list: &str, index: usize) -> String {
        if let Some(id) = &step.id {
            return id.clone();
        }
        let wanted = step.name.as_deref().map(derive).filter(|id| !id.is_empty());
        let wanted = wanted.unwrap_or_else(|| format!("{}_{}", list.trim_end_matches('s'), index + 1));
        let mut id = wanted.clone();
        let mut count = 2;
        while !self.0.insert(id.clone()) {
            let suffix = format!("_{count}");
            id = format!("{}{suffix}", &wanted[..wanted.len().min(ID_LENGTH - suffix.len())]);
            count += 1;
        }
        id
    }
}

/// A handle from a name: small letters and digits, everything else one `_`.
fn derive(name: &str) -> String {
    let mut id = String::new();
    for letter in name.trim().chars() {
        let letter = letter.to_ascii_lowercase();
        if letter.is_ascii_alphanumeric() {
            id.push(letter);
        } else if !id.ends_with('_') {
            id.push('_');
        }
    }
    id.truncate(ID_LENGTH);
    id.trim_matches('_').to_owned()
}
