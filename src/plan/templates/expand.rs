//! Templates in the places of their references.

use assay_api::{Step, TemplateRef, TestWorkflowSpec};
use assay_expr::Scope;

use super::fragment::{Fragment, chain, merge_pod, merge_settings, take, take_after};
use super::handles;
use super::layers::Layer;
use super::origins::Origins;
use super::store::{FROM_TEMPLATE, Store, Templates};
use crate::diagnostic::Findings;
use crate::expressions::Budget;

/// A workflow with its templates in it.
pub(crate) struct Expanded {
    /// The workflow. References that could not be followed are still there.
    pub(crate) spec: TestWorkflowSpec,
    /// Where its parts were written.
    pub(crate) origins: Origins,
    /// Whether a reference could not be followed, so that parts are missing.
    pub(crate) partial: bool,
}

/// Puts `templates` into a workflow whose own expressions have their values.
/// Without templates nobody knows what there is: references then stay, and
/// nothing is said about them.
pub(crate) fn expand(
    spec: TestWorkflowSpec,
    templates: Option<&Templates>,
    surroundings: &Scope,
    budget: Budget,
    findings: &mut Findings,
) -> Expanded {
    let mut expansion = Expansion {
        store: Store::new(templates, surroundings, budget, handles::of_workflow(&spec)),
        origins: Origins::default(),
        of_steps: Vec::new(),
        partial: false,
        findings,
    };
    let spec = expansion.workflow(spec);
    Expanded { spec, origins: expansion.origins, partial: expansion.partial }
}

struct Expansion<'a, 'f> {
    store: Store<'a>,
    origins: Origins,
    /// Settings of pod and Job that steps bring by their templates.
    of_steps: Vec<Layer<Fragment>>,
    partial: bool,
    findings: &'f mut Findings,
}

impl Expansion<'_, '_> {
    fn workflow(&mut self, mut spec: TestWorkflowSpec) -> TestWorkflowSpec {
        let mut layers = self.bring("spec", &mut spec.use_);
        let used = !layers.is_empty();
        layers.push(Layer {
            from: "spec".to_owned(),
            part: Fragment {
                container: spec.container.take(),
                content: spec.content.take(),
                timeouts: spec.timeouts.take(),
                pod: spec.pod.take(),
                job: spec.job.take(),
                setup: std::mem::take(&mut spec.setup),
                steps: std::mem::take(&mut spec.steps),
                after: std::mem::take(&mut spec.after),
            },
        });
        let settings = merge_settings("spec", &layers, &mut self.origins);
        (spec.container, spec.content, spec.timeouts) = (settings.container, settings.content, settings.timeouts);
        spec.setup = self.chain("spec.setup", &mut layers, |layer| take(layer, "setup", |part| &mut part.setup));
        spec.steps = self.chain("spec.steps", &mut layers, |layer| take(layer, "steps", |part| &mut part.steps));
        layers.reverse();
        spec.after = self.chain("spec.after", &mut layers, |layer| take(layer, "after", |part| &mut part.after));
        layers.reverse();
        for (list, steps) in [("setup", &mut spec.setup), ("steps", &mut spec.steps), ("after", &mut spec.after)] {
            self.list(&format!("spec.{list}"), steps);
        }
        let mut of_pod = std::mem::take(&mut self.of_steps);
        let from_steps = !of_pod.is_empty();
        of_pod.extend(layers);
        if used || from_steps {
            let merged = merge_pod("spec", &of_pod, &mut self.origins);
            (spec.pod, spec.job) = (merged.pod, merged.job);
        } else if let Some(own) = of_pod.pop() {
            (spec.pod, spec.job) = (own.part.pod, own.part.job);
        }
        spec
    }

    /// The templates of `use`, the first one outermost. What could not be
    /// followed stays in the list.
    fn bring(&mut self, path: &str, uses: &mut Vec<TemplateRef>) -> Vec<Layer<Fragment>> {
        let mut layers = Vec::new();
        let mut index = 0;
        uses.retain(|reference| {
            let layer = self.store.bring(&format!("{path}.use[{index}]"), reference, self.findings);
            index += 1;
            let unknown = layer.is_none();
            layers.extend(layer);
            unknown
        });
        self.partial |= !uses.is_empty();
        layers
    }

    fn chain(
        &mut self,
        at: &str,
        layers: &mut [Layer<Fragment>],
        list: impl Fn(&mut Layer<Fragment>) -> Layer<Vec<Step>>,
    ) -> Vec<Step> {
        chain(at, layers.iter_mut().map(list).collect(), &mut self.origins)
    }

    fn list(&mut self, at: &str, steps: &mut [Step]) {
        for (index, step) in steps.iter_mut().enumerate() {
            self.step(&format!("{at}[{index}]"), step);
        }
    }

    fn step(&mut self, at: &str, step: &mut Step) {
        let written = self.origins.of(at);
        // A template cannot use templates, which was said.
        if written.contains(FROM_TEMPLATE) {
            return;
        }
        let layers = self.bring(&written, &mut step.use_);
        if !layers.is_empty() {
            self.merge_into(at, &written, step, layers);
        }
        if let Some(reference) = step.template.take() {
            let path = format!("{written}.template");
            match self.store.bring(&path, &reference, self.findings) {
                Some(layer) => self.put_into(at, &written, step, reference, layer),
                None => {
                    self.partial = true;
                    step.template = Some(reference);
                }
            }
        }
        self.list(&format!("{at}.setup"), &mut step.setup);
        self.list(&format!("{at}.steps"), &mut step.steps);
    }

    /// `use` of a step.
    fn merge_into(&mut self, at: &str, written: &str, step: &mut Step, mut layers: Vec<Layer<Fragment>>) {
        layers.iter_mut().for_each(|layer| self.keep_of_pod(layer));
        layers.push(Layer {
            from: written.to_owned(),
            part: Fragment {
                container: step.container.take(),
                content: step.content.take(),
                setup: std::mem::take(&mut step.setup),
                steps: std::mem::take(&mut step.steps),
                ..Fragment::default()
            },
        });
        let settings = merge_settings(at, &layers, &mut self.origins);
        (step.container, step.content) = (settings.container, settings.content);
        let setup = layers.iter_mut().map(|layer| take(layer, "setup", |part| &mut part.setup)).collect();
        step.setup = chain(&format!("{at}.setup"), setup, &mut self.origins);
        let mut steps: Vec<_> = layers.iter_mut().map(|layer| take(layer, "steps", |part| &mut part.steps)).collect();
        steps.extend(layers.iter_mut().rev().map(take_after));
        step.steps = chain(&format!("{at}.steps"), steps, &mut self.origins);
    }

    /// `template` of a step: the step becomes its block or, when it does more
    /// than that, gets the block as its first nested step.
    fn put_into(
        &mut self,
        at: &str,
        written: &str,
        step: &mut Step,
        reference: TemplateRef,
        mut layer: Layer<Fragment>,
    ) {
        if !layer.part.has_steps() {
            let message = "the template has no steps that could run here";
            self.findings.error(format!("{written}.template"), message, "merge its settings with `use` instead");
            self.partial = true;
            step.template = Some(reference);
            return;
        }
        self.keep_of_pod(&mut layer);
        let is_alone = step.shell.is_none()
            && step.run.is_none()
            && step.artifacts.is_none()
            && step.content.is_none()
            && step.setup.is_empty()
            && step.steps.is_empty();
        if is_alone {
            let own = Fragment { container: step.container.take(), ..Fragment::default() };
            let own = Layer { from: written.to_owned(), part: own };
            self.become_block(at, step, vec![own, layer]);
            return;
        }
        let nested = std::mem::take(&mut step.steps);
        let mut block = Step { name: Some(reference.name), ..Step::default() };
        self.become_block(&format!("{at}.steps[0]"), &mut block, vec![layer]);
        let first = Layer { from: format!("{written}.template"), part: vec![block] };
        self.origins.set(format!("{at}.steps[0]"), first.from.clone());
        let rest = nested.into_iter().enumerate().map(|(index, nested)| {
            self.origins.set(format!("{at}.steps[{}]", index + 1), format!("{written}.steps[{index}]"));
            nested
        });
        step.steps = first.part.into_iter().chain(rest).collect();
    }

    fn become_block(&mut self, at: &str, block: &mut Step, mut layers: Vec<Layer<Fragment>>) {
        let settings = merge_settings(at, &layers, &mut self.origins);
        (block.container, block.content) = (settings.container, settings.content);
        let Some(layer) = layers.last_mut() else { return };
        let setup = take(layer, "setup", |part| &mut part.setup);
        block.setup = chain(&format!("{at}.setup"), vec![setup], &mut self.origins);
        let steps = vec![take(layer, "steps", |part| &mut part.steps), take_after(layer)];
        block.steps = chain(&format!("{at}.steps"), steps, &mut self.origins);
    }

    /// Pod and Job belong to the whole execution, wherever the template stands.
    fn keep_of_pod(&mut self, layer: &mut Layer<Fragment>) {
        if layer.part.timeouts.take().is_some() {
            self.findings.warning(
                format!("{}.timeouts", layer.from),
                "does not count here: a step has no deadlines of the whole execution",
                "let the workflow itself use the template",
            );
        }
        let part = Fragment { pod: layer.part.pod.take(), job: layer.part.job.take(), ..Fragment::default() };
        if part.pod.is_some() || part.job.is_some() {
            self.of_steps.push(Layer { from: layer.from.clone(), part });
        }
    }
}
