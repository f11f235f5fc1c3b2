//! Forges that speak to the server are heard by the operator.

use std::sync::Arc;

use assay_api::ForgeKind;
use assay_gitops::webhook::PushEvent;
use assay_operator::Git;
use assay_server::{HookSecret, Hooks};
use futures::future::{BoxFuture, ready};

/// What the operator knows of grants, as the server asks for it.
pub(crate) struct OperatorHooks(pub(crate) Arc<Git>);

impl Hooks for OperatorHooks {
    fn secret<'a>(&'a self, grant: &'a str) -> BoxFuture<'a, Option<(ForgeKind, HookSecret)>> {
        let known = self.0.webhooks.secret(grant);
        Box::pin(ready(known.map(|(kind, secret)| (kind, HookSecret(secret.reveal().as_bytes().to_vec())))))
    }

    fn pushed(&self, grant: &str, push: PushEvent) {
        tracing::info!(grant, branch = push.branch, after = push.after, "a forge tells of a push");
        self.0.webhooks.pushed(grant, push);
    }
}
