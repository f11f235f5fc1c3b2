//! What templates, workflows and steps have in common, and how it is merged.

use assay_api::{ContainerConfig, Content, JobConfig, PodConfig, Step, TestWorkflowTemplateSpec, Timeouts};

use super::layers::{Layer, Layers};
use super::origins::Origins;
use super::settings;

/// A part of a workflow.
#[derive(Clone, Debug, Default)]
pub(super) struct Fragment {
    pub(super) container: Option<ContainerConfig>,
    pub(super) content: Option<Content>,
    pub(super) timeouts: Option<Timeouts>,
    pub(super) pod: Option<PodConfig>,
    pub(super) job: Option<JobConfig>,
    pub(super) setup: Vec<Step>,
    pub(super) steps: Vec<Step>,
    pub(super) after: Vec<Step>,
}

impl Fragment {
    pub(super) fn of(template: TestWorkflowTemplateSpec) -> Self {
        let TestWorkflowTemplateSpec {
            description: _,
            config: _,
            content,
            container,
            timeouts,
            pod,
            job,
            setup,
            steps,
            after,
        } = template;
        Self { container, content, timeouts, pod, job, setup, steps, after }
    }

    pub(super) fn has_steps(&self) -> bool {
        !(self.setup.is_empty() && self.steps.is_empty() && self.after.is_empty())
    }
}

/// The settings of all layers, the last one innermost, as they stand at `at`;
/// without pod, Job and steps.
pub(super) fn merge_settings(at: &str, layers: &[Layer<Fragment>], origins: &mut Origins) -> Fragment {
    let layers = borrowed(at, layers);
    Fragment {
        container: layers
            .part("container", |part| part.container.as_ref())
            .merged(|layers| settings::container(layers, origins)),
        content: layers
            .part("content", |part| part.content.as_ref())
            .merged(|layers| settings::content(layers, origins)),
        timeouts: layers
            .part("timeouts", |part| part.timeouts.as_ref())
            .merged(|layers| settings::timeouts(layers, origins)),
        ..Fragment::default()
    }
}

/// The settings of pod and Job of all layers.
pub(super) fn merge_pod(at: &str, layers: &[Layer<Fragment>], origins: &mut Origins) -> Fragment {
    let layers = borrowed(at, layers);
    Fragment {
        pod: layers.part("pod", |part| part.pod.as_ref()).merged(|layers| settings::pod(layers, origins)),
        job: layers.part("job", |part| part.job.as_ref()).merged(|layers| settings::job(layers, origins)),
        ..Fragment::default()
    }
}

/// Steps of several places, one list after another, as they stand at `at`.
pub(super) fn chain(at: &str, lists: Vec<Layer<Vec<Step>>>, origins: &mut Origins) -> Vec<Step> {
    let mut chained: Vec<Step> = Vec::new();
    for Layer { from, part } in lists {
        for (index, step) in part.into_iter().enumerate() {
            origins.set(format!("{at}[{}]", chained.len()), format!("{from}[{index}]"));
            chained.push(step);
        }
    }
    chained
}

/// A list of steps of a layer, taken out of it.
pub(super) fn take(
    layer: &mut Layer<Fragment>,
    field: &str,
    list: fn(&mut Fragment) -> &mut Vec<Step>,
) -> Layer<Vec<Step>> {
    Layer { from: format!("{}.{field}", layer.from), part: std::mem::take(list(&mut layer.part)) }
}

/// The `after` of a layer where steps have none of their own: steps that run in any case.
pub(super) fn take_after(layer: &mut Layer<Fragment>) -> Layer<Vec<Step>> {
    let mut after = take(layer, "after", |part| &mut part.after);
    for step in &mut after.part {
        step.condition.get_or_insert_with(|| "always".to_owned());
    }
    after
}

fn borrowed<'a>(at: &str, layers: &'a [Layer<Fragment>]) -> Layers<'a, Fragment> {
    let layers = layers.iter().map(|layer| Layer { from: layer.from.clone(), part: &layer.part });
    Layers { at: at.to_owned(), layers: layers.collect() }
}
