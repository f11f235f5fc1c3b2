//! Flux's own settings: whether it waits for the gate, and how long.

use assay_api::{DeliveryKind, TestGate};
use k8s_openapi::api::apps::v1::Deployment;
use serde_json::Value;

use super::super::arguments::Doctor;
use super::super::check::Check;
use super::argocd::longest;
use super::gates::is_part;
use super::words::called;
use crate::output::clock::span;
use crate::remote::deliveries::App;
use crate::remote::session::Session;

const TOPIC: &str = "flux";
const FEATURE: &str = "CancelHealthCheckOnNewRevision";

/// What is said of it.
pub(super) async fn check(session: &Session, task: &Doctor, app: &App, gates: &[TestGate]) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for gate in gates.iter().filter(|gate| is_part(gate, app)) {
        if app.delivery.reference.kind == DeliveryKind::Kustomization {
            checks.push(waits(&app.object, gate));
        }
        checks.extend(in_time(app, gate));
    }
    if app.delivery.health_timeout.is_some() {
        let found = session.cluster.get::<Deployment>(&task.flux_namespace, "kustomize-controller").await;
        checks.extend(found.ok().flatten().and_then(|found| feature(&found)));
    }
    checks
}

/// Whether the Kustomization waits for the gate.
fn waits(object: &Value, gate: &TestGate) -> Check {
    let name = called(gate);
    let listed = object.pointer("/spec/healthChecks").and_then(Value::as_array).into_iter().flatten();
    let mut listed =
        listed.filter(|check| check["kind"] == "TestGate" && check["name"].as_str() == gate.metadata.name.as_deref());
    if object.pointer("/spec/wait") == Some(&Value::Bool(true)) {
        Check::ok(TOPIC, format!("it waits for everything that it applies, {name} with it"))
    } else if listed.next().is_some() {
        Check::ok(TOPIC, format!("it waits for {name} (spec.healthChecks)"))
    } else {
        Check::warn(
            TOPIC,
            format!("it does not wait for {name}: it is Ready before the verdict"),
            "set spec.wait: true, or name the gate in spec.healthChecks",
        )
    }
}

/// Whether the verdict comes before Flux gives up.
fn in_time(app: &App, gate: &TestGate) -> Option<Check> {
    let limit = app.delivery.health_timeout?;
    let needed = longest(gate);
    let words = |time: std::time::Duration| span(time.as_millis().try_into().unwrap_or(u64::MAX));
    if needed <= limit {
        return Some(Check::ok(
            TOPIC,
            format!("it waits {}, and {} needs {} at most", words(limit), called(gate), words(needed)),
        ));
    }
    let said = format!(
        "it gives up after {}, and {} may take {}: a late verdict is a failed reconciliation",
        words(limit),
        called(gate),
        words(needed)
    );
    Some(Check::warn(TOPIC, said, format!("set spec.timeout: {}, or shorten spec.timeout of the gate", words(needed))))
}

/// Whether a newer commit ends the wait for an older one. Only a yes is worth a line: the delivery's own
/// remarks say what is missing otherwise.
fn feature(controller: &Deployment) -> Option<Check> {
    let pod = controller.spec.as_ref()?.template.spec.as_ref()?;
    let mut arguments = pod.containers.iter().flat_map(|container| container.args.iter().flatten());
    let on = arguments.any(|argument| argument.contains(&format!("{FEATURE}=true")));
    on.then(|| {
        Check::ok(
            TOPIC,
            format!("kustomize-controller runs with {FEATURE}: a revert ends the wait for what it reverts"),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use assay_api::TestGateSpec;
    use assay_gitops::Delivery;
    use serde_json::json;

    use super::super::super::check::Level;
    use super::*;

    #[test]
    fn a_gate_that_is_not_waited_for_is_found() {
        let gate = TestGate::new("gate", TestGateSpec::default());
        for (spec, level) in [
            (json!({ "wait": true }), Level::Ok),
            (json!({ "healthChecks": [{ "kind": "TestGate", "name": "gate" }] }), Level::Ok),
            (json!({ "healthChecks": [{ "kind": "TestGate", "name": "other" }] }), Level::Warn),
            (json!({}), Level::Warn),
        ] {
            assert_eq!(waits(&json!({ "spec": spec }), &gate).level, level, "{spec}");
        }
    }

    #[test]
    fn a_verdict_after_the_timeout_is_too_late() {
        let gate = TestGate::new("gate", TestGateSpec::default());
        let app = |seconds: Option<u64>| App {
            delivery: Delivery { health_timeout: seconds.map(Duration::from_secs), ..Delivery::default() },
            object: Arc::new(Value::Null),
        };
        assert_eq!(in_time(&app(Some(300)), &gate).expect("said").level, Level::Warn);
        assert_eq!(in_time(&app(Some(1200)), &gate).expect("said").level, Level::Ok);
        assert!(in_time(&app(None), &gate).is_none());
    }

    #[test]
    fn the_feature_is_read_from_the_controllers_arguments() {
        let deployment = |arguments: &[&str]| -> Deployment {
            serde_json::from_value(json!({ "metadata": {}, "spec": { "selector": {}, "template": { "spec": {
                "containers": [{ "name": "manager", "args": arguments }] } } } }))
            .expect("a Deployment")
        };
        assert!(feature(&deployment(&["--feature-gates=A=false,CancelHealthCheckOnNewRevision=true"])).is_some());
        assert!(feature(&deployment(&["--feature-gates=CancelHealthCheckOnNewRevision=false"])).is_none());
    }
}
