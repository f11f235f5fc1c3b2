//! The objects of Argo CD and Flux: watched as they are, without types of theirs, and only while their kinds are
//! installed.

mod asking;
mod following;
pub(crate) mod kinds;
mod rendered;
mod shelf;
mod trim;

use futures::StreamExt;
use futures::stream::{self, BoxStream};

pub use asking::Termination;
pub use shelf::{DeliveryKey, DeliveryShelf};

use crate::connect::Cluster;

/// A running watch. `changes` must be polled for `shelf` to be filled.
pub struct DeliveryWatch {
    /// What is known.
    pub shelf: DeliveryShelf,
    /// What changed; never ends. Changes of fields that nobody reads are not among them.
    pub changes: BoxStream<'static, DeliveryKey>,
}

impl Cluster {
    /// Watches the Applications of Argo CD and the Kustomizations, HelmReleases, GitRepositories and
    /// ImageUpdateAutomations of Flux, in these namespaces, or in all when there is none. Each kind is looked for
    /// every ten seconds until it is installed, and forgotten when it is removed.
    pub fn watch_deliveries(&self, namespaces: &[String]) -> DeliveryWatch {
        let namespaces: Vec<Option<String>> = match namespaces {
            [] => vec![None],
            some => some.iter().cloned().map(Some).collect(),
        };
        let (shelf, missing) = shelf::shelf(kinds::KINDS.len() * namespaces.len());
        let lists = kinds::KINDS.iter().flat_map(|kind| namespaces.iter().map(move |namespace| (kind, namespace)));
        let changes = lists.map(|(kind, namespace)| {
            let missing = std::sync::Arc::clone(&missing);
            following::follow(self.clone(), kind, namespace.clone(), shelf.clone(), missing)
        });
        let changes = stream::select_all(changes).boxed();
        DeliveryWatch { shelf, changes }
    }
}
