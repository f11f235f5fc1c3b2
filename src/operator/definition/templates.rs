//! The controller of templates: is it valid by itself?

use std::sync::Arc;

use assay_api::{TestWorkflowTemplate, TestWorkflowTemplateSpec};
use assay_cluster::WatchOptions;
use assay_lifecycle::fold_template;
use assay_plan::validate_template;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::visit::{Key, feed, next};
use super::wording::lines;
use crate::context::Context;
use crate::failure::LookError;
use crate::work;

/// Looks after all templates.
pub(crate) async fn run(context: Arc<Context>) {
    let watch = context.cluster.watch::<TestWorkflowTemplate>(WatchOptions {
        namespace: context.settings.namespace.clone(),
        trim,
        ..WatchOptions::default()
    });
    let (send, triggers) = mpsc::unbounded_channel();
    let concurrency = context.settings.concurrency;
    let look = move |key: Key| {
        let context = Arc::clone(&context);
        async move { next("template", &key, judge(&context, &key).await) }
    };
    tokio::join!(feed(watch, observed, &send), work::run(triggers, concurrency, look));
}

/// Only what tells whether a look is needed is kept of a template.
fn trim(template: &mut TestWorkflowTemplate) {
    template.spec = TestWorkflowTemplateSpec::default();
    template.metadata.annotations = None;
}

fn observed(template: &TestWorkflowTemplate) -> Option<i64> {
    template.status.as_ref().map(|status| status.observed_generation)
}

async fn judge(context: &Context, (namespace, name): &Key) -> Result<(), LookError> {
    let Some(template) = context.cluster.get::<TestWorkflowTemplate>(namespace, name).await? else { return Ok(()) };
    if template.metadata.deletion_timestamp.is_some() {
        return Ok(());
    }
    let (errors, warnings) = lines(&validate_template(&template.spec));
    let previous = template.status.clone().unwrap_or_default();
    let generation = template.metadata.generation.unwrap_or(0);
    let status = fold_template(&previous, generation, &errors, &warnings, Timestamp::now());
    if status == previous {
        return Ok(());
    }
    let uid = template.metadata.uid.as_deref();
    match context.cluster.patch_status::<TestWorkflowTemplate>(namespace, name, uid, &status).await {
        Err(error) if error.not_found() || error.conflict() => Ok(()),
        other => Ok(other.map(drop)?),
    }
}
