//! The controller of templates: is it valid by itself?

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

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

/// Looks after all templates. `changed` hears of each one that is new, another, or gone.
pub(crate) async fn run(context: Arc<Context>, changed: mpsc::UnboundedSender<Key>) {
    let watch = context.cluster.watch::<TestWorkflowTemplate>(WatchOptions {
        namespaces: context.settings.namespaces.clone(),
        trim,
        ..WatchOptions::default()
    });
    let (send, triggers) = mpsc::unbounded_channel();
    let concurrency = context.settings.concurrency;
    let metrics = context.metrics.of_loop("templates");
    let news = News::default();
    let seen = |key: &Key, template: &TestWorkflowTemplate, there: bool| {
        if news.is_new(key, template.metadata.generation.filter(|_| there)) {
            // Nobody receives only when everything ends.
            let _ = changed.send(key.clone());
        }
    };
    let look = move |key: Key| {
        let context = Arc::clone(&context);
        async move { next("template", &key, judge(&context, &key).await) }
    };
    tokio::join!(feed(watch, observed, &send, seen), work::run(triggers, concurrency, metrics, look));
}

/// The generations of templates that were told of: a status is no news.
#[derive(Debug, Default)]
struct News(Mutex<HashMap<Key, i64>>);

impl News {
    /// Whether this is another generation than before; without one the template is gone.
    fn is_new(&self, key: &Key, generation: Option<i64>) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match generation {
            Some(generation) => known.insert(key.clone(), generation) != Some(generation),
            None => known.remove(key).is_some(),
        }
    }
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
