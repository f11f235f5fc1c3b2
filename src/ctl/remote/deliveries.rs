//! What Argo CD and Flux deliver, as far as the user may read it.

use std::sync::Arc;
use std::time::Duration;

use assay_api::{DeliveryKind, DeliveryReference};
use assay_cluster::{Access, DeliveryShelf};
use assay_gitops::{Delivery, Objects, find};
use futures::StreamExt;
use futures::future::{Either, select};
use serde_json::Value;

use crate::failure::Failure;
use crate::remote::session::Session;

/// Longest wait for the first lists.
const LIMIT: Duration = Duration::from_secs(20);

/// Every kind of delivery.
pub(crate) const KINDS: [DeliveryKind; 3] =
    [DeliveryKind::Application, DeliveryKind::Kustomization, DeliveryKind::HelmRelease];

/// The deliveries of the cluster.
pub(crate) struct Deliveries {
    shelf: Shelf,
}

/// A delivery and its object.
pub(crate) struct App {
    /// What is known of it.
    pub(crate) delivery: Delivery,
    /// The object, as far as it is read.
    pub(crate) object: Arc<Value>,
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
    /// Reads the deliveries of all namespaces, or of the likely ones where not all may be read.
    ///
    /// # Errors
    /// When the lists do not come in time.
    pub(crate) async fn read(session: &Session, likely: Vec<String>) -> Result<Self, Failure> {
        let namespaces = if everywhere(session).await { Vec::new() } else { likely };
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

    /// The delivery; `namespace` is that of whoever refers to it.
    pub(crate) fn get(&self, reference: &DeliveryReference, namespace: &str) -> Option<App> {
        let place = reference.namespace.as_deref().unwrap_or(namespace);
        let object = self.shelf.get(reference.kind.as_str(), place, &reference.name)?;
        Some(App { delivery: find(&self.shelf, reference, namespace)?, object })
    }

    /// Namespace and name of all of a kind.
    pub(crate) fn names(&self, kind: DeliveryKind) -> Vec<(String, String)> {
        let text = |object: &Value, pointer: &str| Some(object.pointer(pointer)?.as_str()?.to_owned());
        let named = |object: &Arc<Value>| Some((text(object, "/metadata/namespace")?, text(object, "/metadata/name")?));
        self.shelf.of_kind(kind.as_str()).iter().filter_map(named).collect()
    }

    /// Whether any kind of delivery is installed and may be read.
    pub(crate) fn any_served(&self) -> bool {
        KINDS.iter().any(|kind| self.shelf.0.served(kind.as_str()))
    }

    /// Why a kind that may be installed cannot be read.
    pub(crate) fn trouble(&self, kind: &str) -> Option<String> {
        self.shelf.0.trouble(kind)
    }
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
