//! Identities as the cluster knows them.

use assay_api::names::{AUDIENCE_INGEST, GROUP, LABEL_ATTEMPT, LABEL_EXECUTION, LABEL_EXECUTION_UID};
use assay_cluster::{Access, Cluster, ClusterError, Identity};
use futures::FutureExt;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::Pod;

use crate::identities::{Caller, Identities, IdentityError, Question, RunnerIdentity};

const POD_NAME: &str = "authentication.kubernetes.io/pod-name";
const POD_UID: &str = "authentication.kubernetes.io/pod-uid";
const RESOURCE: &str = "testexecutions";

/// Asks the API server.
#[derive(Clone)]
pub struct ClusterIdentities {
    cluster: Cluster,
}

impl ClusterIdentities {
    /// Asks through this handle.
    pub fn new(cluster: Cluster) -> Self {
        Self { cluster }
    }

    /// A token names pod and namespace; what the pod runs stands in its labels.
    async fn bound_pod(&self, token: &str) -> Result<Option<RunnerIdentity>, ClusterError> {
        let Some(identity) = self.cluster.review_token(token, Some(AUDIENCE_INGEST)).await? else { return Ok(None) };
        let Some((namespace, pod_name, pod_uid)) = binding(&identity) else { return Ok(None) };
        let pod = self.cluster.get::<Pod>(&namespace, &pod_name).await?;
        Ok(pod.and_then(|pod| runner(pod, namespace, pod_name, pod_uid)))
    }
}

/// Namespace, pod name and pod uid of a service account's token that is bound to a pod.
fn binding(identity: &Identity) -> Option<(String, String, String)> {
    let (namespace, _) = identity.username.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    let fact = |name: &str| identity.extra.get(name)?.first().cloned();
    Some((namespace.to_owned(), fact(POD_NAME)?, fact(POD_UID)?))
}

/// What a pod of ours runs. Only a pod made by a Job counts, and only the very
/// one that the token was made for.
fn runner(pod: Pod, namespace: String, pod_name: String, pod_uid: String) -> Option<RunnerIdentity> {
    let by_job = |owner: &k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference| {
        owner.controller == Some(true) && owner.kind == "Job" && owner.api_version == "batch/v1"
    };
    let metadata = pod.metadata;
    let ours =
        metadata.uid.as_deref() == Some(pod_uid.as_str()) && metadata.owner_references.iter().flatten().any(by_job);
    let mut labels = metadata.labels.filter(|_| ours)?;
    Some(RunnerIdentity {
        namespace,
        pod_name,
        pod_uid,
        execution_uid: labels.remove(LABEL_EXECUTION_UID)?,
        execution_name: labels.remove(LABEL_EXECUTION)?,
        attempt: labels.get(LABEL_ATTEMPT)?.parse().ok()?,
    })
}

impl Identities for ClusterIdentities {
    fn pod_of<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<RunnerIdentity>, IdentityError>> {
        async move { self.bound_pod(token).await.map_err(unanswered) }.boxed()
    }

    fn caller_of<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<Caller>, IdentityError>> {
        async move {
            let identity = self.cluster.review_token(token, None).await.map_err(unanswered)?;
            Ok(identity.map(|Identity { username, uid, groups, extra }| Caller { username, uid, groups, extra }))
        }
        .boxed()
    }

    fn may<'a>(&'a self, caller: &'a Caller, question: &'a Question) -> BoxFuture<'a, Result<bool, IdentityError>> {
        async move {
            let identity = Identity {
                username: caller.username.clone(),
                uid: caller.uid.clone(),
                groups: caller.groups.clone(),
                extra: caller.extra.clone(),
            };
            let access = Access {
                verb: if question.name.is_some() { "get" } else { "list" },
                group: GROUP,
                resource: RESOURCE,
                subresource: question.subresource,
                namespace: &question.namespace,
                name: question.name.as_deref().unwrap_or_default(),
            };
            self.cluster.may(&identity, &access).await.map_err(unanswered)
        }
        .boxed()
    }
}

fn unanswered(error: ClusterError) -> IdentityError {
    IdentityError(Box::new(error))
}

#[cfg(test)]
mod tests {
    use assay_cluster::Identity;
    use k8s_openapi::api::core::v1::Pod;

    use super::{binding, runner};

    fn pod(owner: &str) -> Pod {
        serde_json::from_value(serde_json::json!({
            "metadata": {
                "uid": "pod-uid",
                "labels": {
                    "assay.dev/execution": "smoke-1",
                    "assay.dev/execution-uid": "uid-1",
                    "assay.dev/attempt": "2"
                },
                "ownerReferences": [
                    {"apiVersion": "batch/v1", "kind": owner, "name": "x", "uid": "y", "controller": true}
                ]
            }
        }))
        .expect("a pod")
    }

    #[test]
    fn only_the_pod_of_a_job_that_the_token_is_bound_to_counts() {
        let identify = |pod, uid: &str| runner(pod, "team-a".into(), "smoke-1-abc".into(), uid.into());
        let found = identify(pod("Job"), "pod-uid").expect("a runner");
        assert_eq!((found.execution_uid.as_str(), found.attempt), ("uid-1", 2));
        assert_eq!(identify(pod("Job"), "another-uid"), None, "a pod of the same name");
        assert_eq!(identify(pod("ReplicaSet"), "pod-uid"), None);
        let mut unlabelled = pod("Job");
        unlabelled.metadata.labels = None;
        assert_eq!(identify(unlabelled, "pod-uid"), None);
    }

    #[test]
    fn a_token_that_is_not_bound_to_a_pod_is_no_runner() {
        let mut identity = Identity { username: "system:serviceaccount:team-a:default".into(), ..Identity::default() };
        assert_eq!(binding(&identity), None);
        for (name, value) in [("pod-name", "smoke"), ("pod-uid", "1")] {
            identity.extra.insert(format!("authentication.kubernetes.io/{name}"), vec![value.into()]);
        }
        assert_eq!(binding(&identity), Some(("team-a".into(), "smoke".into(), "1".into())));
        identity.username = "alice".into();
        assert_eq!(binding(&identity), None);
    }
}
