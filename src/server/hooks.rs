//! The port by which a forge says that a branch moved, and what is counted of it.

use std::fmt;

use assay_api::ForgeKind;
use assay_gitops::webhook::PushEvent;
use futures::future::BoxFuture;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The secret that a grant shares with its forge. It is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HookSecret(pub Vec<u8>);

impl fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookSecret(..)")
    }
}

/// Whom forges speak to.
pub trait Hooks: Send + Sync + 'static {
    /// The forge of a grant and the secret that it signs with; `None` when there is no such grant, or when it
    /// has no secret. Whoever asks is not known yet: the answer comes from memory, not from the API server.
    fn secret<'a>(&'a self, grant: &'a str) -> BoxFuture<'a, Option<(ForgeKind, HookSecret)>>;

    /// The forge of this grant says so. It may be said twice, and of repositories that are not the grant's: take
    /// it for a hint to look, and come back at once.
    fn pushed(&self, grant: &str, push: PushEvent);
}

/// What came of webhooks. Clones share the numbers.
#[derive(Clone, Debug, Default)]
pub struct HookMetrics {
    received: Family<Received, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Received {
    outcome: &'static str,
}

impl HookMetrics {
    /// Makes the numbers known under their names.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Webhooks of forges, by what came of them";
        registry.register("assay_webhooks", help, self.received.clone());
    }

    pub(crate) fn count(&self, outcome: &'static str) {
        self.received.get_or_create(&Received { outcome }).inc();
    }
}
