//! Whether the API server asks our webhook, and believes it.

use assay_api::{Step, TestWorkflow, TestWorkflowSpec};
use assay_cluster::{Access, ClusterError};
use assay_telemetry::error_chain;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;

use super::check::Check;
use crate::remote::session::Session;

const TOPIC: &str = "webhook";

/// Looks at the configuration, and has a wrong workflow judged without making it.
pub(super) async fn check(session: &Session) -> Vec<Check> {
    let name = format!("assay-{}", session.system);
    let found = session.cluster.get_cluster_wide::<ValidatingWebhookConfiguration>(&name).await;
    if let Some(check) = configured(&name, &found) {
        return vec![check];
    }
    let create = Access {
        verb: "create",
        group: assay_api::names::GROUP,
        resource: "testworkflows",
        namespace: &session.namespace,
        ..Access::default()
    };
    if !session.cluster.can_i(&create).await.unwrap_or(false) {
        return vec![Check::warn(
            TOPIC,
            "not tried: you may not create workflows here",
            "choose a namespace with `-n`",
        )];
    }
    vec![tried(session.cluster.rehearse(&session.namespace, &wrong()).await)]
}

/// What the configuration alone says; `None` when it is worth a trial.
fn configured(name: &str, found: &Result<Option<ValidatingWebhookConfiguration>, ClusterError>) -> Option<Check> {
    let found = match found {
        Ok(Some(found)) => found,
        Ok(None) => {
            let said = format!("there is none ({name}): mistakes are told after an object was taken, not before");
            return Some(Check::warn(TOPIC, said, "set webhook.enabled of the chart"));
        }
        // The trial tells all the same.
        Err(error) if error.forbidden() => return None,
        Err(error) => return Some(Check::fail(TOPIC, error_chain(error), "try again")),
    };
    let webhooks = found.webhooks.as_deref().unwrap_or_default();
    let trusted = webhooks
        .iter()
        .all(|webhook| webhook.client_config.ca_bundle.as_ref().is_some_and(|bundle| !bundle.0.is_empty()));
    if trusted {
        return None;
    }
    let said = format!("{name} has no authority, so the API server does not believe the webhook");
    Some(Check::fail(TOPIC, said, "the manager writes it once it leads: see its log, and its right to patch it"))
}

/// A workflow whose form is right, and whose meaning is not: a step without an image.
fn wrong() -> TestWorkflow {
    let step = Step { shell: Some("true".to_owned()), ..Step::default() };
    TestWorkflow::new("assay-doctor", TestWorkflowSpec { steps: vec![step], ..TestWorkflowSpec::default() })
}

fn tried(answer: Result<(), ClusterError>) -> Check {
    match answer {
        Err(error) if error.message().is_some_and(|message| message.contains("admission webhook")) => {
            Check::ok(TOPIC, "a wrong workflow is refused at once")
        }
        Ok(()) => Check::fail(
            TOPIC,
            "a wrong workflow was not refused: the API server does not get through to the webhook, or does not believe it",
            "can the API server reach the manager's port 8443 (network policy, firewall)? is the namespace labelled \
             assay.dev/admission=ignore?",
        ),
        Err(error) => {
            Check::warn(TOPIC, format!("the trial told nothing: {}", error_chain(&error)), "try another namespace")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::check::Level;
    use super::*;

    #[test]
    fn the_trial_is_wrong_by_the_rules() {
        assert!(assay_plan::has_errors(&assay_plan::validate_workflow(&wrong().spec, None)));
    }

    #[test]
    fn a_webhook_needs_an_authority() {
        let of = |bundle: &str| {
            let object = json!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                "metadata": { "name": "assay-sys" }, "webhooks": [{ "name": "a.assay.dev", "sideEffects": "None",
                    "admissionReviewVersions": ["v1"], "clientConfig": { "caBundle": bundle } }] });
            Ok(Some(serde_json::from_value(object).expect("a configuration")))
        };
        assert_eq!(configured("assay-sys", &of("eA==")), None);
        assert_eq!(configured("assay-sys", &of("")).expect("said").level, Level::Fail);
        assert_eq!(configured("assay-sys", &Ok(None)).expect("said").level, Level::Warn);
        assert_eq!(tried(Ok(())).level, Level::Fail);
    }
}
