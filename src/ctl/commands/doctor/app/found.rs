//! The delivery that is meant, among all that may be read.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use assay_api::{DeliveryKind, DeliveryReference, TestGate};
use assay_cluster::{Access, DeliveryShelf};
use assay_gitops::{Delivery, Objects, find};
use futures::StreamExt;
use futures::future::{Either, select};
use serde_json::Value;

use super::super::Doctor;
use super::super::check::Check;
use crate::commands::gates::delivery;
use crate::failure::Failure;
use crate::remote::session::Session;

/// Longest wait for the first lists.
const LIMIT: Duration = Duration::from_secs(20);
const KINDS: [DeliveryKind; 3] = [DeliveryKind::Application, DeliveryKind::Kustomization, DeliveryKind::HelmRelease];

/// What is delivered, as far as it may be read.
pub(super) struct Deliveries {
    shelf: Shelf,
}

/// A delivery and its object.
pub(super) struct App {
    /// What is known of it.
    pub(super) delivery: Delivery,
    /// The object, as far as it is read.
    pub(super) object: Arc<Value>,
}

struct Shelf(DeliveryShelf);

impl Objects for Shelf {
    fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.0.get(kind, namespace, name)
    }

    fn of_kind(&self, kind: &str) -> Vec<Arc<Value>> {
        self.0.of_kind(kind)
    }
}

impl Deliveries {
    /// Reads the deliveries of all namespaces, or of those that are likely where not all may be read.
    ///
    /// # Errors
    /// When the lists do not come in time.
    pub(super) async fn read(session: &Session, task: &Doctor) -> Result<Self, Failure> {
        let namespaces = if everywhere(session).await { Vec::new() } else { likely(session, task) };
        let mut watch = session.cluster.watch_deliveries(&namespaces);
        let shelf = watch.shelf.clone();
        let ready = {
            let lists = std::pin::pin!(async { while watch.changes.next().await.is_some() {} });
            let synced = std::pin::pin!(shelf.synced());
            let both = select(synced, lists);
            tokio::time::timeout(LIMIT, both).await.is_ok_and(|ended| matches!(ended, Either::Left(_)))
        };
        if !ready {
            return Err(Failure::timed_out(format!("the deliveries were not listed in {}s", LIMIT.as_secs())));
        }
        Ok(Self { shelf: Shelf(shelf) })
    }

    /// The delivery that is meant.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub(super) async fn find(&self, session: &Session, task: &Doctor) -> Result<App, Failure> {
        let reference = match (&task.gate, &task.app) {
            (Some(gate), _) => {
                let gate: TestGate = session.named(gate).await?;
                gate.spec.delivery
            }
            (None, Some(name)) => self.named(name, task)?,
            (None, None) => return Err(Failure::usage("neither a delivery nor a gate is named")),
        };
        let place = reference.namespace.clone().unwrap_or_else(|| session.namespace.clone());
        let object = self.shelf.get(reference.kind.as_str(), &place, &reference.name);
        match (object, find(&self.shelf, &reference, &session.namespace)) {
            (Some(object), Some(delivery)) => Ok(App { delivery, object }),
            _ => Err(self.absent(&DeliveryReference { namespace: Some(place), ..reference })),
        }
    }

    /// Kinds that exist and may not be read.
    pub(super) fn troubles(&self, kind: DeliveryKind) -> Vec<Check> {
        let needed: &[&str] = match kind {
            DeliveryKind::Application => &["Application"],
            _ => &["Kustomization", "HelmRelease", "GitRepository", "ImageUpdateAutomation"],
        };
        let troubles = needed.iter().filter_map(|kind| Some((*kind, self.shelf.0.trouble(kind)?)));
        let ask = "ask for the right to list them, or let an administrator run this";
        troubles.map(|(kind, why)| Check::warn("delivery", format!("{kind}: {why}"), ask)).collect()
    }

    fn named(&self, name: &str, task: &Doctor) -> Result<DeliveryReference, Failure> {
        let kinds: Vec<DeliveryKind> = task.kind.map_or_else(|| KINDS.to_vec(), |kind| vec![kind.into()]);
        let mut fitting: Vec<DeliveryReference> = Vec::new();
        for kind in kinds {
            for object in self.shelf.of_kind(kind.as_str()) {
                let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                let place = text("/metadata/namespace");
                if text("/metadata/name") == name && task.app_namespace.as_ref().is_none_or(|wanted| wanted == place) {
                    let namespace = Some(place.to_owned());
                    fitting.push(DeliveryReference { kind, name: name.to_owned(), namespace, source: None });
                }
            }
        }
        match fitting.len() {
            1 => Ok(fitting.remove(0)),
            0 => {
                let kind = task.kind.map_or(DeliveryKind::Application, DeliveryKind::from);
                let namespace = task.app_namespace.clone();
                Err(self.absent(&DeliveryReference { kind, name: name.to_owned(), namespace, source: None }))
            }
            _ => {
                let all: Vec<String> = fitting.iter().map(delivery).collect();
                Err(Failure::usage(format!("{name} may be any of {}", all.join(", ")))
                    .hint("choose with --kind and --app-namespace"))
            }
        }
    }

    fn absent(&self, reference: &DeliveryReference) -> Failure {
        let kind = reference.kind.as_str();
        let failure = Failure::errored(format!("there is no {}", delivery(reference)));
        if !KINDS.iter().any(|kind| self.shelf.0.served(kind.as_str())) {
            return failure.hint("neither Argo CD nor Flux is installed here, or their objects may not be read");
        }
        let known: BTreeSet<String> = self.shelf.of_kind(kind).iter().filter_map(|object| name_of(object)).collect();
        match assay_expr::closest(&reference.name, known.iter().map(String::as_str)) {
            Some(closest) => failure.hint(format!("did you mean {closest}?")),
            None => failure.hint("--app-namespace names the namespace, --kind the kind of the delivery"),
        }
    }
}

fn name_of(object: &Value) -> Option<String> {
    Some(object.pointer("/metadata/name")?.as_str()?.to_owned())
}

async fn everywhere(session: &Session) -> bool {
    for (group, resource) in [("argoproj.io", "applications"), ("kustomize.toolkit.fluxcd.io", "kustomizations")] {
        let access = Access { verb: "list", group, resource, ..Access::default() };
        if !session.cluster.can_i(&access).await.unwrap_or(false) {
            return false;
        }
    }
    true
}

fn likely(session: &Session, task: &Doctor) -> Vec<String> {
    let named = task.app_namespace.clone().unwrap_or_else(|| session.namespace.clone());
    let all = BTreeSet::from([named, task.argocd_namespace.clone(), task.flux_namespace.clone()]);
    all.into_iter().collect()
}
