//! The state that handlers share.

use std::sync::Arc;

use assay_store::Store;
use tokio::sync::watch;

use crate::access::Access;
use crate::definitions::Definitions;
use crate::forges::Forges;
use crate::hooks::{HookMetrics, Hooks};
use crate::identities::Identities;

/// Turns true when the process is about to end: long answers then break off,
/// and their clients come again elsewhere.
pub type Closing = watch::Receiver<bool>;

/// What handlers share. Clones share it too.
#[derive(Clone)]
pub struct Server {
    pub(crate) store: Store,
    pub(crate) access: Arc<Access>,
    pub(crate) definitions: Arc<dyn Definitions>,
    pub(crate) forges: Option<Arc<Forges>>,
    pub(crate) closing: Closing,
}

impl Server {
    /// A server of this store.
    pub fn new(
        store: Store,
        identities: Arc<dyn Identities>,
        definitions: Arc<dyn Definitions>,
        closing: Closing,
    ) -> Self {
        Self { store, access: Arc::new(Access::new(identities)), definitions, forges: None, closing }
    }

    /// The same server, which also listens to forges.
    #[must_use]
    pub fn with_hooks(mut self, hooks: Arc<dyn Hooks>, metrics: HookMetrics) -> Self {
        self.forges = Some(Arc::new(Forges::new(hooks, metrics)));
        self
    }
}
