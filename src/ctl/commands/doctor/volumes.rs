//! Whether the runner reaches pods by an image volume.

use assay_cluster::{Access, ImageVolumes, ProbePod};
use assay_telemetry::error_chain;
use k8s_openapi::api::apps::v1::Deployment;

use super::check::Check;
use super::manager::Found;
use crate::remote::session::Session;

const TOPIC: &str = "volumes";
const COPIED: &str = "an init container copies the runner instead, which costs each execution about a second";

/// Asks the API server, without making a pod.
pub(super) async fn check(session: &Session, deployment: &Found) -> Vec<Check> {
    let deployment = deployment.as_ref().ok().and_then(Option::as_ref);
    if setting(deployment, "ASSAY_IMAGE_VOLUMES") == Some("false") {
        let said = format!("image volumes are switched off; {COPIED}");
        return vec![Check::warn(TOPIC, said, "set imageVolumes=auto in the chart's values")];
    }
    let create = Access { verb: "create", resource: "pods", namespace: &session.system, ..Access::default() };
    if !session.cluster.can_i(&create).await.unwrap_or(false) {
        let said = format!("not tried: you may not create pods in namespace {}", session.system);
        return vec![Check::warn(TOPIC, said, "let an administrator run this; the manager's log tells too")];
    }
    let image = setting(deployment, "ASSAY_RUNNER_IMAGE").unwrap_or("assay/runner");
    let pod = ProbePod {
        namespace: &session.system,
        name: &crate::random::fresh_name("assay-doctor"),
        image,
        pull_policy: None,
        pull_secrets: &[],
        owner: None,
    };
    vec![match session.cluster.image_volumes(&pod).await {
        Ok(ImageVolumes::Kept) => Check::ok(TOPIC, "the API server knows image volumes"),
        Ok(ImageVolumes::Missing(why)) => Check::warn(
            TOPIC,
            format!("image volumes do not work here ({why}); {COPIED}"),
            "Kubernetes 1.33 or newer has them",
        ),
        Err(error) => Check::warn(TOPIC, error_chain(&error), "try again"),
    }]
}

/// A setting of the manager, as its Deployment writes it.
pub(super) fn setting<'a>(deployment: Option<&'a Deployment>, name: &str) -> Option<&'a str> {
    let pod = deployment?.spec.as_ref()?.template.spec.as_ref()?;
    let env = pod.containers.iter().flat_map(|container| container.env.iter().flatten());
    env.into_iter().find(|entry| entry.name == name)?.value.as_deref()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_read_from_the_deployment() {
        let object = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {}, "spec": { "selector": {},
            "template": { "spec": { "containers": [{ "name": "manager", "env": [
                { "name": "ASSAY_IMAGE_VOLUMES", "value": "false" }, { "name": "POD", "valueFrom": {} } ] }] } } } });
        let deployment: Deployment = serde_json::from_value(object).expect("a Deployment");
        assert_eq!(setting(Some(&deployment), "ASSAY_IMAGE_VOLUMES"), Some("false"));
        assert_eq!(setting(Some(&deployment), "POD"), None);
        assert_eq!(setting(None, "POD"), None);
    }
}
