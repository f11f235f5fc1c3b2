//! The steps of a workflow as the tree that they are, with what each inherits
//! from those around it.

use assay_api::{ContainerConfig, Step, TestWorkflowSpec};
use assay_protocol::Section;

use crate::container::merge;
use crate::ids::{Ids, derive, part};

/// How deep steps may be nested.
pub(crate) const MAX_DEPTH: usize = 16;
/// Steps that a workflow may have over all.
pub(crate) const MAX_STEPS: usize = 1000;
/// Bytes of settings that all steps together may inherit; a plan holds less.
pub(crate) const MAX_INHERITED: usize = 4 * 1024 * 1024;

/// A step as written, with what it inherits.
pub(crate) struct Node<'a> {
    /// Where it stands, for example `spec.steps[2].steps[0]`.
    pub(crate) path: String,
    /// The list of the workflow it comes from.
    pub(crate) section: Section,
    /// Whether it stands in that list itself.
    pub(crate) is_root: bool,
    /// The step.
    pub(crate) step: &'a Step,
    /// Its handle, unique in the plan unless two steps were given the same.
    pub(crate) id: String,
    /// Container settings: those of everything around it, then its own.
    pub(crate) container: ContainerConfig,
    /// Steps before its command.
    pub(crate) setup: Vec<Node<'a>>,
    /// Steps after its command.
    pub(crate) steps: Vec<Node<'a>>,
}

/// Why a tree is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// The steps at this path are nested too deep.
    Depth(String),
    /// There are more than [`MAX_STEPS`].
    Steps,
    /// The steps inherit more than [`MAX_INHERITED`].
    Inherited,
}

/// All steps of a workflow.
pub(crate) struct Tree<'a> {
    /// Steps of the lists, in the order of the plan.
    pub(crate) roots: Vec<Node<'a>>,
    /// Handles that are taken.
    pub(crate) ids: Ids,
    /// What was left out, when the workflow goes beyond all limits.
    pub(crate) excess: Option<Excess>,
}

/// The three lists, with the names they have in a manifest.
pub(crate) fn sections(spec: &TestWorkflowSpec) -> [(&'static str, Section, &[Step]); 3] {
    [
        ("setup", Section::Setup, &spec.setup),
        ("steps", Section::Steps, &spec.steps),
        ("after", Section::After, &spec.after),
    ]
}

/// Every step as written, with its path: each before those in it.
pub(crate) fn written(spec: &TestWorkflowSpec) -> Vec<(String, &Step)> {
    fn visit<'a>(path: &str, steps: &'a [Step], found: &mut Vec<(String, &'a Step)>) {
        for (index, step) in steps.iter().enumerate() {
            let path = format!("{path}[{index}]");
            found.push((path.clone(), step));
            visit(&format!("{path}.setup"), &step.setup, found);
            visit(&format!("{path}.steps"), &step.steps, found);
        }
    }
    let mut found = Vec::new();
    for (list, _, steps) in sections(spec) {
        visit(&format!("spec.{list}"), steps, &mut found);
    }
    found
}

/// The tree of a workflow. Beyond the limits it ends, and says so.
pub(crate) fn tree(spec: &TestWorkflowSpec) -> Tree<'_> {
    let base = spec.container.clone().unwrap_or_default();
    let mut growth = Growth { ids: Ids::default(), count: 0, inherited: 0, excess: None };
    for (_, _, steps) in sections(spec) {
        growth.reserve(steps);
    }
    let mut roots = Vec::new();
    for (list, section, steps) in sections(spec) {
        let place = Place { path: format!("spec.{list}"), section, depth: 0, parent: list.trim_end_matches('s') };
        roots.extend(growth.nodes(&place, steps, &base));
    }
    Tree { roots, ids: growth.ids, excess: growth.excess }
}

impl<'a> Tree<'a> {
    /// Every step, each before those in it: first its nested `setup`, then its nested `steps`.
    pub(crate) fn nodes(&self) -> Vec<&Node<'a>> {
        fn visit<'t, 'a>(nodes: &'t [Node<'a>], found: &mut Vec<&'t Node<'a>>) {
            for node in nodes {
                found.push(node);
                visit(&node.setup, found);
                visit(&node.steps, found);
            }
        }
        let mut found = Vec::new();
        visit(&self.roots, &mut found);
        found
    }
}

/// Where a list of steps stands.
struct Place<'p> {
    path: String,
    section: Section,
    depth: usize,
    /// What the handles of steps without a name begin with.
    parent: &'p str,
}

/// A tree while it grows.
struct Growth {
    ids: Ids,
    count: usize,
    inherited: usize,
    excess: Option<Excess>,
}

impl Growth {
    fn reserve(&mut self, steps: &[Step]) {
        for step in steps {
            if let Some(id) = &step.id {
                self.ids.reserve(id);
            }
            self.reserve(&step.setup);
            self.reserve(&step.steps);
        }
    }

    fn nodes<'a>(&mut self, place: &Place<'_>, steps: &'a [Step], base: &ContainerConfig) -> Vec<Node<'a>> {
        if place.depth >= MAX_DEPTH && !steps.is_empty() {
            self.excess.get_or_insert(Excess::Depth(place.path.clone()));
            return Vec::new();
        }
        let mut nodes = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            self.count += 1;
            self.inherited = self.inherited.saturating_add(weight(base));
            if self.count > MAX_STEPS {
                self.excess.get_or_insert(Excess::Steps);
            } else if self.inherited > MAX_INHERITED {
                self.excess.get_or_insert(Excess::Inherited);
            }
            if self.excess.is_some() {
                break;
            }
            nodes.push(self.node(place, index, step, base));
        }
        nodes
    }

    fn node<'a>(&mut self, place: &Place<'_>, index: usize, step: &'a Step, base: &ContainerConfig) -> Node<'a> {
        let path = format!("{}[{index}]", place.path);
        let container = settings(base, step);
        let id = self.id(step, place.parent, index);
        let below = |list: &str, parent| Place {
            path: format!("{path}.{list}"),
            section: place.section,
            depth: place.depth + 1,
            parent,
        };
        let prepares = part(&id, "setup");
        let setup = self.nodes(&below("setup", &prepares), &step.setup, &container);
        let steps = self.nodes(&below("steps", &id), &step.steps, &container);
        Node { path, section: place.section, is_root: place.depth == 0, step, id, container, setup, steps }
    }

    fn id(&mut self, step: &Step, parent: &str, index: usize) -> String {
        if let Some(id) = &step.id {
            return id.clone();
        }
        let wanted = step.name.as_deref().map(derive).filter(|id| !id.is_empty());
        self.ids.choose(&wanted.unwrap_or_else(|| part(parent, &(index + 1).to_string())))
    }
}

/// The settings of a step inside those of what is around it; those of `run` are not in it.
fn settings(base: &ContainerConfig, step: &Step) -> ContainerConfig {
    let mut container = step.container.as_ref().map_or_else(|| base.clone(), |own| merge(base, own));
    if step.working_dir.is_some() {
        container.working_dir.clone_from(&step.working_dir);
    }
    container
}

/// Bytes of the texts that a step copies from what is around it.
fn weight(container: &ContainerConfig) -> usize {
    let env: usize =
        container.env.iter().map(|entry| 100 + entry.name.len() + entry.value.as_ref().map_or(0, String::len)).sum();
    let words = container.command.iter().chain(&container.args).flatten();
    env + words.map(|word| 24 + word.len()).sum::<usize>()
        + 200 * container.env_from.len()
        + 200 * container.volume_mounts.len()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::EnvVar;

    use super::*;

    fn script() -> Step {
        Step { shell: Some("true".to_owned()), ..Step::default() }
    }

    fn nested(depth: usize) -> Step {
        (1..depth).fold(script(), |inner, _| Step { steps: vec![inner], ..Step::default() })
    }

    fn of(steps: Vec<Step>) -> TestWorkflowSpec {
        TestWorkflowSpec { steps, ..TestWorkflowSpec::default() }
    }

    #[test]
    fn a_tree_ends_at_its_depth() {
        let spec = of(vec![nested(MAX_DEPTH)]);
        let tree_of_it = tree(&spec);
        assert_eq!((tree_of_it.nodes().len(), tree_of_it.excess.clone()), (MAX_DEPTH, None));
        let spec = of(vec![nested(MAX_DEPTH + 1)]);
        let path = format!("spec.steps[0]{}.steps", ".steps[0]".repeat(MAX_DEPTH - 1));
        assert_eq!(tree(&spec).excess, Some(Excess::Depth(path)));
    }

    #[test]
    fn a_tree_ends_before_it_costs_too_much() {
        let spec = of(vec![Step { steps: vec![script(); MAX_STEPS], ..Step::default() }]);
        let tree_of_it = tree(&spec);
        assert_eq!((tree_of_it.nodes().len(), tree_of_it.excess.clone()), (MAX_STEPS, Some(Excess::Steps)));
        let entry = EnvVar { name: "A".to_owned(), value: Some("x".repeat(100_000)), value_from: None };
        let container = ContainerConfig { env: vec![entry], ..ContainerConfig::default() };
        let spec = TestWorkflowSpec { container: Some(container), ..of(vec![script(); 100]) };
        let tree_of_it = tree(&spec);
        assert_eq!((tree_of_it.nodes().len(), tree_of_it.excess.clone()), (41, Some(Excess::Inherited)));
    }

    #[test]
    fn handles_are_unique_over_the_whole_tree_and_say_where_a_step_stands() {
        let named = |id: Option<&str>, name: Option<&str>, steps: Vec<Step>| Step {
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            steps,
            ..script()
        };
        let spec = of(vec![
            named(None, Some("a"), vec![script(), named(Some("a"), None, vec![])]),
            named(None, None, vec![named(None, Some("a"), vec![])]),
        ]);
        let tree = tree(&spec);
        let found: Vec<(&str, &str)> = tree.nodes().iter().map(|node| (node.path.as_str(), node.id.as_str())).collect();
        let expected = [
            ("spec.steps[0]", "a_2"),
            ("spec.steps[0].steps[0]", "a_2_1"),
            ("spec.steps[0].steps[1]", "a"),
            ("spec.steps[1]", "step_2"),
            ("spec.steps[1].steps[0]", "a_3"),
        ];
        assert_eq!(found, expected);
    }
}
