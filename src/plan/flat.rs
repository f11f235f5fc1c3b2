//! The tree of steps as the runner obeys it: a list of instructions, each with
//! one operation, and the blocks that hold those of one step together.

use assay_api::{Artifacts, ContainerConfig, Content, ContentFile, GitContent, Step, Tarball, TestWorkflowSpec};
use assay_protocol::Section;
use k8s_openapi::api::core::v1::EnvVar;

use crate::command::Command;
use crate::container::merge;
use crate::expressions::LateText;
use crate::ids::{Ids, part};
use crate::tree::{Node, Tree};

/// What an instruction does.
pub(crate) enum Work<'a> {
    /// Starts a command, which validation may have refused, and collects after it.
    Run { command: Option<Command>, artifacts: Option<&'a Artifacts>, files: &'a [ContentFile] },
    /// Only collects.
    Collect(&'a Artifacts),
    /// Clones a repository.
    Clone(&'a GitContent),
    /// Fetches an archive.
    Fetch(&'a Tarball),
    /// Writes files.
    Write(&'a [ContentFile]),
}

/// An instruction to be.
pub(crate) struct FlatStep<'a> {
    /// The step it is made of; the workflow itself for its own content.
    pub(crate) path: String,
    /// The list of the workflow it comes from.
    pub(crate) section: Section,
    /// Whether it stands in that list itself.
    pub(crate) is_root: bool,
    /// The block that holds it.
    pub(crate) block: Option<usize>,
    /// Its handle.
    pub(crate) id: String,
    /// What people read.
    pub(crate) name: String,
    /// Container settings; for a command also those of `run`.
    pub(crate) container: ContainerConfig,
    /// What it does.
    pub(crate) work: Work<'a>,
    /// The step whose condition, retry and so on it has; none for a part of a block.
    pub(crate) policy: Option<&'a Step>,
    /// Whether it runs in the container of the step before it: it only
    /// collects, and names no container.
    pub(crate) follows: bool,
}

/// A block to be.
pub(crate) struct FlatBlock<'a> {
    /// The list of the workflow it comes from.
    pub(crate) section: Section,
    /// Whether it stands in that list itself.
    pub(crate) is_root: bool,
    /// The block that holds it.
    pub(crate) parent: Option<usize>,
    /// Its handle.
    pub(crate) id: String,
    /// What people read.
    pub(crate) name: String,
    /// The step that it is.
    pub(crate) step: &'a Step,
    /// Its environment, which its condition may name.
    pub(crate) env: Vec<EnvVar>,
}

/// All instructions in the order of the plan, and the blocks in the order of their first one.
#[derive(Default)]
pub(crate) struct Flat<'a> {
    pub(crate) steps: Vec<FlatStep<'a>>,
    pub(crate) blocks: Vec<FlatBlock<'a>>,
    /// Files that are there before the first instruction.
    pub(crate) files: &'a [ContentFile],
}

/// Lays the tree of a workflow flat.
pub(crate) fn flatten<'a>(spec: &'a TestWorkflowSpec, tree: Tree<'a>) -> Flat<'a> {
    let mut lowering = Lowering { ids: tree.ids, flat: Flat::default() };
    let base = spec.container.as_ref();
    let content = spec.content.iter();
    for work in content.clone().filter(|content| fetches(content)).flat_map(works) {
        lowering.bring(work, base);
    }
    let first = lowering.flat.steps.len();
    for node in &tree.roots {
        lowering.node(node, None);
    }
    // The first container writes files before its first step, unless it is one
    // that fetches, or the files need what only a step knows.
    let files: &[ContentFile] =
        content.filter(|content| !fetches(content)).map(|content| content.files.as_slice()).next().unwrap_or_default();
    let fetches_first =
        lowering.flat.steps.first().is_some_and(|step| matches!(step.work, Work::Clone(_) | Work::Fetch(_)));
    let waits = files.iter().filter_map(|file| file.content.as_deref()).any(|text| LateText::of(text).waits);
    if !files.is_empty() && (fetches_first || waits) {
        lowering.bring(Work::Write(files), base);
        lowering.flat.steps[first..].rotate_right(1);
    } else {
        lowering.flat.files = files;
    }
    lowering.flat
}

/// Whether content must be fetched from elsewhere.
pub(crate) fn fetches(content: &Content) -> bool {
    content.git.is_some() || !content.tarball.is_empty()
}

/// Whether the step is made of more than one instruction.
pub(crate) fn is_block(step: &Step) -> bool {
    let fetched = step.content.as_ref().map_or(0, |content| usize::from(content.git.is_some()) + content.tarball.len());
    // A command brings its files and collects after itself; without one each is an operation of its own.
    let own = if starts(step) { 1 } else { usize::from(step.artifacts.is_some()) + usize::from(writes(step)) };
    !step.setup.is_empty() || !step.steps.is_empty() || fetched + own > 1
}

/// Whether the step has a command.
pub(crate) fn starts(step: &Step) -> bool {
    step.shell.is_some() || step.run.is_some()
}

fn writes(step: &Step) -> bool {
    step.content.as_ref().is_some_and(|content| !content.files.is_empty())
}

struct Lowering<'a> {
    ids: Ids,
    flat: Flat<'a>,
}

impl<'a> Lowering<'a> {
    /// An instruction that brings content of the workflow itself.
    fn bring(&mut self, work: Work<'a>, container: Option<&ContainerConfig>) {
        let place = Place {
            path: "spec",
            section: Section::Setup,
            is_root: true,
            block: None,
            container: container.cloned().unwrap_or_default(),
            names_container: false,
        };
        let id = self.ids.choose(what(&work));
        let name = title(&work).unwrap_or_default();
        self.push(&place, id, name, work, None);
    }

    fn node(&mut self, node: &Node<'a>, parent: Option<usize>) {
        let mut place = Place {
            path: &node.path,
            section: node.section,
            is_root: node.is_root,
            block: parent,
            container: node.container.clone(),
            names_container: node.step.container.is_some(),
        };
        if is_block(node.step) {
            self.block(node, place);
        } else if let Some(work) = only_work(node) {
            if let Some(run) = &node.step.run {
                place.container = merge(&place.container, &run.container());
            }
            let name = name(node, &work);
            self.push(&place, node.id.clone(), name, work, Some(node.step));
        }
    }

    fn block(&mut self, node: &Node<'a>, place: Place<'_>) {
        let index = self.flat.blocks.len();
        let before = self.flat.steps.len();
        self.flat.blocks.push(FlatBlock {
            section: place.section,
            is_root: place.is_root,
            parent: place.block,
            id: node.id.clone(),
            name: block_name(node),
            step: node.step,
            env: node.container.env.clone(),
        });
        let place = Place { is_root: false, block: Some(index), ..place };
        for work in node.step.content.iter().flat_map(works) {
            self.part(&place, node, what(&work), work);
        }
        for inner in &node.setup {
            self.node(inner, Some(index));
        }
        if starts(node.step) {
            let own = node.step.run.as_ref().map(|run| merge(&node.container, &run.container()));
            let place = Place { container: own.unwrap_or_else(|| node.container.clone()), ..place.clone() };
            let command = Command::of(node.step, &place.container);
            self.part(&place, node, "run", Work::Run { command, artifacts: None, files: &[] });
        }
        for inner in &node.steps {
            self.node(inner, Some(index));
        }
        if let Some(rule) = &node.step.artifacts {
            self.part(&place, node, "artifacts", Work::Collect(rule));
        }
        // A block of steps that do nothing holds nothing; so do the blocks in it.
        if self.flat.steps.len() == before {
            self.flat.blocks.truncate(index);
        }
    }

    fn part(&mut self, place: &Place<'_>, node: &Node<'a>, what: &str, work: Work<'a>) {
        let id = self.ids.choose(&part(&node.id, what));
        let name = title(&work).unwrap_or_else(|| id.clone());
        self.push(place, id, name, work, None);
    }

    fn push(&mut self, place: &Place<'_>, id: String, name: String, work: Work<'a>, policy: Option<&'a Step>) {
        let runs_before = self.flat.steps.iter().any(|step| matches!(step.work, Work::Run { .. }));
        self.flat.steps.push(FlatStep {
            path: place.path.to_owned(),
            section: place.section,
            is_root: place.is_root,
            block: place.block,
            id,
            name,
            container: place.container.clone(),
            follows: matches!(work, Work::Collect(_)) && !place.names_container && runs_before,
            work,
            policy,
        });
    }
}

/// Where an instruction stands.
#[derive(Clone)]
struct Place<'p> {
    path: &'p str,
    section: Section,
    is_root: bool,
    block: Option<usize>,
    container: ContainerConfig,
    /// Whether the step itself has container settings.
    names_container: bool,
}

/// What content asks for, in the order in which it is brought.
fn works<'a>(content: &'a Content) -> impl Iterator<Item = Work<'a>> {
    let files = (!content.files.is_empty()).then_some(Work::Write(&content.files));
    content.git.iter().map(Work::Clone).chain(content.tarball.iter().map(Work::Fetch)).chain(files)
}

/// The work of a step that has one operation.
fn only_work<'a>(node: &Node<'a>) -> Option<Work<'a>> {
    let step = node.step;
    let files = step.content.as_ref().map_or(&[][..], |content| &content.files);
    if starts(step) {
        let container = step.run.as_ref().map(|run| merge(&node.container, &run.container()));
        let command = Command::of(step, container.as_ref().unwrap_or(&node.container));
        return Some(Work::Run { command, artifacts: step.artifacts.as_ref(), files });
    }
    if let Some(rule) = &step.artifacts {
        return Some(Work::Collect(rule));
    }
    step.content.as_ref().and_then(|content| works(content).next())
}

/// What a piece of work is called in a handle.
fn what(work: &Work<'_>) -> &'static str {
    match work {
        Work::Run { .. } => "run",
        Work::Collect(_) => "artifacts",
        Work::Clone(_) => "clone",
        Work::Fetch(_) => "fetch",
        Work::Write(_) => "files",
    }
}

/// What a piece of work is called by people, when it says so itself.
fn title(work: &Work<'_>) -> Option<String> {
    match work {
        Work::Run { command, .. } => command.as_ref().and_then(Command::short_name),
        Work::Collect(_) => Some("collect artifacts".to_owned()),
        Work::Clone(git) => Some(format!("clone {}", git.uri)),
        Work::Fetch(tarball) => Some(format!("fetch {}", tarball.url)),
        Work::Write(_) => Some("write files".to_owned()),
    }
}

fn name(node: &Node<'_>, work: &Work<'_>) -> String {
    given_name(node.step).or_else(|| title(work)).unwrap_or_else(|| node.id.clone())
}

/// A block without a name is called after its command, or by its handle.
fn block_name(node: &Node<'_>) -> String {
    let command = || only_work(node).filter(|_| starts(node.step)).and_then(|work| title(&work));
    given_name(node.step).or_else(command).unwrap_or_else(|| node.id.clone())
}

fn given_name(step: &Step) -> Option<String> {
    step.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}
