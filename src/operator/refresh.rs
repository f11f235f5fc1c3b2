//! Argo CD and Flux, asked to look at Git now instead of when their time comes.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use assay_api::DeliveryKind;
use assay_cluster::{Cluster, ClusterError};
use assay_gitops::webhook::PushEvent;
use assay_gitops::{Delivery, Judged, Source, find, same_repository};
use assay_telemetry::error_chain;
use jiff::Timestamp;
use tokio::sync::{Notify, broadcast};

use crate::gitops::{Gitops, News, hear};
use crate::hands::Hands;

/// Who is asked: kind, namespace and name. Flux looks at Git for its source, not for what it delivers.
pub(crate) type Asked = (String, String, String);

/// Between two rounds of asking: a push that is told again and again is asked about once in this time.
const REST: Duration = Duration::from_secs(1);

/// Who looks at Git for a delivery; nobody when no Git repository is delivered.
pub(crate) fn asked(delivery: &Delivery) -> Option<Asked> {
    let reference = &delivery.reference;
    if reference.kind == DeliveryKind::Application {
        let namespace = reference.namespace.clone().unwrap_or_default();
        return Some((reference.kind.as_str().to_owned(), namespace, reference.name.clone()));
    }
    delivery.flux_source.clone().filter(|(kind, ..)| kind == "GitRepository")
}

/// Asks one of them.
///
/// # Errors
/// When the API server does not answer, or refuses.
pub(crate) async fn ask(cluster: &Cluster, (kind, namespace, name): &Asked) -> Result<(), ClusterError> {
    if kind == DeliveryKind::Application.as_str() {
        return cluster.ask_for_refresh(namespace, name).await;
    }
    cluster.request_reconcile(kind, namespace, name, &Timestamp::now().to_string()).await
}

/// Has every delivery that a push concerns look at Git, for ever. A push that is not heard of costs time only.
pub(crate) async fn follow_pushes(hands: Hands, news: broadcast::Receiver<News>) {
    let Hands { context, git, gitops } = hands;
    if !git.refresh {
        return;
    }
    let (pending, some) = (Mutex::new(BTreeSet::new()), Notify::new());
    let listening = hear(news, |news| {
        if let Some(News::Pushed(push)) = news {
            pending.lock().unwrap_or_else(PoisonError::into_inner).extend(gates_on(&gitops, &push));
            some.notify_one();
        }
    });
    let asking = async {
        loop {
            some.notified().await;
            let round = std::mem::take(&mut *pending.lock().unwrap_or_else(PoisonError::into_inner));
            for asked in &round {
                if let Err(error) = ask(&context.cluster, asked).await {
                    let ((kind, namespace, name), error) = (asked, error_chain(&error));
                    let words = "a push was heard of, but its delivery was not asked to look";
                    tracing::warn!(kind, namespace, name, error, "{words}");
                }
            }
            tokio::time::sleep(REST).await;
        }
    };
    tokio::join!(listening, asking);
}

/// Who delivers that branch, as far as a gate judges it.
fn gates_on(gitops: &Gitops, push: &PushEvent) -> BTreeSet<Asked> {
    let gates = gitops.gates.all();
    let deliveries = gates.iter().filter_map(|gate| {
        let namespace = gate.metadata.namespace.as_deref().unwrap_or_default();
        find(gitops, &gate.spec.delivery, namespace)
    });
    deliveries.filter(|delivery| concerns(push, delivery)).filter_map(|delivery| asked(&delivery)).collect()
}

/// Whether the push moved the branch that the delivery follows.
fn concerns(push: &PushEvent, delivery: &Delivery) -> bool {
    let Judged::Source(index) = delivery.judged else { return false };
    let Some(Source::Branch(source)) = delivery.sources.get(index) else { return false };
    source.branch == push.branch && push.repositories.iter().any(|url| same_repository(url, &source.repository))
}

#[cfg(test)]
mod tests {
    use assay_api::{DeliveryReference, GitSource};

    use super::*;

    fn delivery(repository: &str, branch: &str) -> Delivery {
        let source = GitSource { repository: repository.to_owned(), branch: branch.to_owned(), path: String::new() };
        let reference = DeliveryReference {
            kind: DeliveryKind::Kustomization,
            name: "shop".to_owned(),
            namespace: Some("flux-system".to_owned()),
            source: None,
        };
        Delivery { reference, sources: vec![Source::Branch(source)], judged: Judged::Source(0), ..Delivery::default() }
    }

    #[test]
    fn a_push_concerns_the_branch_that_moved() {
        let push = PushEvent {
            repositories: vec!["https://git.example.com/shop/deploy.git".to_owned()],
            branch: "main".to_owned(),
            ..PushEvent::default()
        };
        assert!(concerns(&push, &delivery("ssh://git@git.example.com/shop/deploy", "main")));
        assert!(!concerns(&push, &delivery("ssh://git@git.example.com/shop/deploy", "next")));
        assert!(!concerns(&push, &delivery("https://git.example.com/shop/other", "main")));
    }

    #[test]
    fn flux_is_asked_for_the_source() {
        let source = ("GitRepository".to_owned(), "flux-system".to_owned(), "deploy".to_owned());
        let known = Delivery { flux_source: Some(source.clone()), ..delivery("https://git.example.com/a/b", "main") };
        assert_eq!(asked(&known), Some(source));
        assert_eq!(asked(&delivery("https://git.example.com/a/b", "main")), None, "nobody needs the right for more");
        let mut application = delivery("https://git.example.com/a/b", "main");
        application.reference.kind = DeliveryKind::Application;
        let own = ("Application".to_owned(), "flux-system".to_owned(), "shop".to_owned());
        assert_eq!(asked(&application), Some(own));
    }
}
