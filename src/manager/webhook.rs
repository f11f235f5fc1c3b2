//! Lets the API server believe our certificate when it asks our webhook.

use std::time::Duration;

use assay_cluster::{Cluster, Trust};
use assay_telemetry::error_chain;
use tokio::time::Instant;

use crate::awaited::Awaited;

/// Time between two looks: somebody may apply the configuration anew.
const LOOK: Duration = Duration::from_secs(60);
/// The same while it is not as it should be.
const SOON: Duration = Duration::from_secs(5);
/// How long nobody is told that we are ready because of it. Who may not write the configuration is of use without.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is waited for.
const WEBHOOK: &str = "the webhook";

/// As long as the API server does not believe our certificate, mistakes may be taken silently.
pub(crate) fn expect_trust(name: Option<&String>, awaited: &Awaited) {
    if name.is_some() {
        awaited.wait(WEBHOOK, "the API server does not know our certificate yet");
    }
}

/// Keeps the authority in the configuration of that name, until dropped.
pub(crate) async fn keep_trusted(cluster: Cluster, name: Option<String>, authority: String, awaited: Awaited) {
    let Some(name) = name else { return std::future::pending().await };
    let mut said = Some(String::new());
    let begun = Instant::now();
    loop {
        let (pause, words) = match cluster.trust_webhook(&name, &authority).await {
            Ok(Trust::Kept | Trust::Given) => (LOOK, None),
            Ok(Trust::Missing) => (SOON, Some("it does not exist".to_owned())),
            Err(error) => (SOON, Some(error_chain(&error))),
        };
        match &words {
            _ if words == said => {}
            Some(words) => tracing::warn!(webhook = name, reason = words, "the webhook cannot be used yet"),
            None => tracing::info!(webhook = name, "the API server believes our certificate"),
        }
        match &words {
            Some(words) if begun.elapsed() < PATIENCE => awaited.wait(WEBHOOK, words.clone()),
            _ => awaited.done(WEBHOOK),
        }
        said = words;
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::http::{Method, Request, Response};
    use kube::Client;
    use kube::client::Body;
    use serde_json::json;
    use tower::service_fn;

    use super::*;

    /// A cluster with the configuration; to write it is answered with this status.
    fn cluster(written: u16) -> Cluster {
        let service = service_fn(move |request: Request<Body>| async move {
            let configuration = json!({
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                "metadata": { "name": "assay" },
                "webhooks": [{ "name": "a", "admissionReviewVersions": ["v1"], "sideEffects": "None", "clientConfig": {} }],
            });
            let refused = json!({
                "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": written,
            });
            let status = if request.method() == Method::PATCH { written } else { 200 };
            let body = if status == 200 { configuration } else { refused };
            let answer = Response::builder().status(status).body(Body::from(body.to_string().into_bytes()));
            Ok::<_, Infallible>(answer.expect("a plain answer"))
        });
        Cluster::from_client(Client::new(service, "default"), "test")
    }

    /// For how long somebody waits for the trust.
    async fn waits(written: u16) -> Duration {
        let (name, awaited, begun) = (Some("assay".to_owned()), Awaited::default(), Instant::now());
        expect_trust(name.as_ref(), &awaited);
        assert!(awaited.lines().contains("does not know our certificate"), "{}", awaited.lines());
        tokio::select! {
            () = keep_trusted(cluster(written), name, "authority".to_owned(), awaited.clone()) => {}
            () = async {
                while !awaited.lines().is_empty() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            } => {}
        }
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_waited_for_until_we_are_believed_but_not_for_ever() {
        assert!(waits(200).await < SOON, "it is there at the first look");
        let refused = waits(403).await;
        assert!(refused >= PATIENCE && refused < LOOK, "{refused:?}");
        let awaited = Awaited::default();
        expect_trust(None, &awaited);
        assert_eq!(awaited.lines(), "", "there is no webhook");
    }
}
