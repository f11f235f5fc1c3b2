//! What the cluster deploys, as a rollback is judged by it.

use std::collections::HashMap;
use std::sync::Arc;

use assay_api::Rollback;
use assay_gitops::{Delivery, Objects, find};
use serde_json::Value;

use super::controller::Controller;
use crate::failure::LookError;
use crate::gitops::{Gitops, Key};

/// The delivery of a record. `anew`, right before something is written for it: what a watch shows may have been
/// deployed a moment ago, and then what is written would take back what nobody runs any more.
pub(super) async fn delivery(
    controller: &Controller,
    key: &Key,
    record: &Rollback,
    anew: bool,
) -> Result<Option<Delivery>, LookError> {
    let gitops = controller.gitops.as_ref();
    let known = find(gitops, &record.spec.delivery, &key.0);
    if !anew {
        return Ok(known);
    }
    let mut fresh = Fresh { gitops, objects: HashMap::new() };
    // Of kinds and in namespaces that are not watched nothing is known, and nothing can be asked.
    let watched = |(kind, namespace, object): &&(String, String, String)| gitops.get(kind, namespace, object).is_some();
    for name in known.iter().flat_map(|known| &known.read_from).filter(watched) {
        let (kind, namespace, object) = name;
        let listed = controller.context.cluster.deliveries_named(kind, std::slice::from_ref(namespace), object).await?;
        let found = listed.into_iter().find(|found| is_called(found, namespace, object));
        fresh.objects.insert(name.clone(), found.map(Arc::new));
    }
    Ok(find(&fresh, &record.spec.delivery, &key.0))
}

fn is_called(object: &Value, namespace: &str, name: &str) -> bool {
    let of = |field: &str| object["metadata"][field].as_str();
    (of("namespace"), of("name")) == (Some(namespace), Some(name))
}

/// What was read anew, and for the rest what the watches know.
struct Fresh<'a> {
    gitops: &'a Gitops,
    objects: HashMap<(String, String, String), Option<Arc<Value>>>,
}

impl Objects for Fresh<'_> {
    fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let read = self.objects.get(&(kind.to_owned(), namespace.to_owned(), name.to_owned()));
        read.cloned().unwrap_or_else(|| self.gitops.get(kind, namespace, name))
    }

    fn of_kind(&self, kind: &str) -> Vec<Arc<Value>> {
        self.gitops.of_kind(kind)
    }
}
