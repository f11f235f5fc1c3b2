//! From an object of Argo CD or Flux to a [`Delivery`]. Every fact comes from recorded objects, which their
//! controllers may extend or leave incomplete at any time: what is absent or of another form is unknown, never
//! guessed, and never a panic.

mod application;
mod application_paths;
mod application_place;
mod application_state;
mod application_warnings;
mod context;
mod fields;
mod flux_source;
mod helm_release;
mod kustomization;
mod paths;
mod sources;
mod workloads;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use assay_api::{DeliveryKind, DeliveryReference};
use serde_json::Value;

pub use context::{ObjectName, ReadContext};

use crate::delivery::{Delivery, Judged};

/// Reads a delivery. The namespace of the reference is filled in from the object.
pub fn read(kind: DeliveryKind, object: &Value, context: &ReadContext, reference: &DeliveryReference) -> Delivery {
    let namespace = fields::text(object, "/metadata/namespace").map(str::to_owned);
    let reference = DeliveryReference { namespace: reference.namespace.clone().or(namespace), ..reference.clone() };
    let mut delivery = match kind {
        DeliveryKind::Application => application::read_application(object, reference),
        DeliveryKind::Kustomization => kustomization::read_kustomization(object, context, reference),
        DeliveryKind::HelmRelease => helm_release::read_helm_release(object, context, reference),
    };
    // What is taken down fails its tests, and no commit is to blame.
    if fields::text(object, "/metadata/deletionTimestamp").is_some() {
        delivery.deleted = true;
        delivery.judged = Judged::Unclear(format!("the {kind} is being deleted"));
    }
    delivery
}

/// Where the objects of Argo CD and Flux are found.
pub trait Objects {
    /// The object of this kind, namespace and name.
    fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>>;
    /// All objects of this kind.
    fn of_kind(&self, kind: &str) -> Vec<Arc<Value>>;
}

/// Finds a delivery with everything that belongs to it. `namespace` is that of whoever refers to it. `None` when
/// the object does not exist.
pub fn find(objects: &impl Objects, reference: &DeliveryReference, namespace: &str) -> Option<Delivery> {
    let namespace = reference.namespace.as_deref().unwrap_or(namespace);
    let get = |name: &ObjectName| objects.get(&name.0, &name.1, &name.2);
    let object = objects.get(reference.kind.as_str(), namespace, &reference.name)?;
    let mut context = ReadContext::default();
    let kustomization = match reference.kind {
        DeliveryKind::Application => None,
        DeliveryKind::Kustomization => Some(Arc::clone(&object)),
        DeliveryKind::HelmRelease => {
            context.kustomization = helm_release::parent_of(&object).and_then(|parent| get(&parent));
            context.kustomization.clone()
        }
    };
    let source = kustomization.as_deref().and_then(flux_source::source_of);
    if let Some(source) = source.filter(|source| source.0 == "GitRepository") {
        context.git_repository = get(&source);
        context.image_automations = objects.of_kind("ImageUpdateAutomation");
    }
    Some(read(reference.kind, &object, &context, reference))
}
