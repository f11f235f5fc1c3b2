//! Argo CD's own settings: whether it knows the health of our kinds, and how long it waits.

use std::collections::BTreeMap;
use std::time::Duration;

use assay_api::TestGate;
use assay_api::names::GROUP;
use assay_telemetry::error_chain;
use k8s_openapi::api::core::v1::ConfigMap;

use super::super::arguments::Doctor;
use super::super::check::Check;
use super::gates::is_part;
use super::words::{called, namespace};
use crate::output::clock::span;
use crate::remote::deliveries::App;
use crate::remote::session::Session;

const TOPIC: &str = "argo cd";
const SETTINGS: &str = "argocd-cm";
const PARAMETERS: &str = "argocd-cmd-params-cm";
/// In seconds; none when absent or 0.
const SYNC_TIMEOUT: &str = "controller.sync.timeout.seconds";
const TRACKING: &str = "application.resourceTrackingMethod";
const INSTANCE_LABEL: &str = "application.instanceLabelKey";
/// The label by which we find the Application of a hook where there is no tracking annotation.
const OUR_INSTANCE_LABEL: &str = "app.kubernetes.io/instance";
const REGISTER: &str = "`kubectl -n argocd patch configmap argocd-cm --patch-file charts/assay/argocd/argocd-cm.yaml`";

/// Kinds that a delivery holds, each with its script.
const SCRIPTS: [(&str, &str); 2] = [
    (
        "TestExecution",
        include_str!("../../../../../charts/assay/argocd/resource_customizations/assay.dev/TestExecution/health.lua"),
    ),
    (
        "TestGate",
        include_str!("../../../../../charts/assay/argocd/resource_customizations/assay.dev/TestGate/health.lua"),
    ),
];

type Settings = BTreeMap<String, String>;

/// What is said of it.
pub(super) async fn check(session: &Session, task: &Doctor, app: &App, gates: &[TestGate]) -> Vec<Check> {
    let place = if task.argocd_namespace.is_empty() { namespace(app) } else { &task.argocd_namespace };
    let read = async |name: &str| session.cluster.get::<ConfigMap>(place, name).await;
    let mut checks = match read(SETTINGS).await {
        Ok(Some(settings)) => judge(&settings.data.unwrap_or_default()),
        Ok(None) => vec![Check::fail(
            TOPIC,
            format!("there is no ConfigMap {SETTINGS} in namespace {place}"),
            "name the namespace of Argo CD with --argocd-namespace",
        )],
        Err(error) => vec![Check::warn(
            TOPIC,
            format!("whether it knows the health of our kinds is not known: {}", error_chain(&error)),
            format!("ask for the right to get ConfigMaps in namespace {place}, or let an administrator run this"),
        )],
    };
    if let Ok(Some(parameters)) = read(PARAMETERS).await {
        checks.extend(timeouts(&parameters.data.unwrap_or_default(), app, gates));
    }
    checks
}

fn judge(settings: &Settings) -> Vec<Check> {
    let mut checks: Vec<Check> = SCRIPTS.iter().map(|(kind, script)| health(settings, kind, script)).collect();
    checks.push(tracking(settings));
    checks
}

fn health(settings: &Settings, kind: &str, script: &str) -> Check {
    match settings.get(&format!("resource.customizations.health.{GROUP}_{kind}")) {
        Some(found) if found.trim() == script.trim() => {
            Check::ok(TOPIC, format!("it reads the health of a {kind} by the script of this version"))
        }
        Some(_) => Check::warn(
            TOPIC,
            format!("it reads the health of a {kind} by another script than that of this version"),
            format!("{REGISTER}, unless the other one is meant"),
        ),
        None if aggregated(settings, kind) => Check::warn(
            TOPIC,
            format!("it has something for {kind} under the old key `resource.customizations`, which is not compared"),
            format!("use a key for each kind: {REGISTER}"),
        ),
        None => {
            let meanwhile =
                if kind == "TestGate" { "a gate counts for nothing" } else { "a hook passes before it ran" };
            Check::fail(TOPIC, format!("it does not know the health of a {kind}: {meanwhile}"), REGISTER)
        }
    }
}

fn aggregated(settings: &Settings, kind: &str) -> bool {
    let old = settings.get("resource.customizations").map(String::as_str).unwrap_or_default();
    [format!("{GROUP}/{kind}:"), format!("{GROUP}/*"), "*.dev/*".to_owned()]
        .iter()
        .any(|key| old.contains(key.as_str()))
}

fn tracking(settings: &Settings) -> Check {
    let method = settings.get(TRACKING).map_or("annotation", |method| method.trim());
    let label = settings.get(INSTANCE_LABEL).map_or(OUR_INSTANCE_LABEL, |label| label.trim());
    if method == "label" && label != OUR_INSTANCE_LABEL {
        return Check::warn(
            TOPIC,
            format!(
                "it marks what it manages by the label {label} alone: the Application of a hook is not found by it"
            ),
            format!("set {TRACKING}: annotation+label, or name the revision in the hook's spec.revision"),
        );
    }
    Check::ok(TOPIC, format!("it marks what it manages by {method}"))
}

fn timeouts(parameters: &Settings, app: &App, gates: &[TestGate]) -> Vec<Check> {
    let seconds = parameters.get(SYNC_TIMEOUT).and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
    if seconds == 0 {
        return Vec::new();
    }
    let limit = Duration::from_secs(seconds);
    let late = gates.iter().filter(|gate| is_part(gate, app) && longest(gate) > limit);
    late.map(|gate| {
        let said = format!(
            "it ends every sync after {}, and {} may take {} to judge",
            span(limit.as_millis().try_into().unwrap_or(u64::MAX)),
            called(gate),
            span(longest(gate).as_millis().try_into().unwrap_or(u64::MAX)),
        );
        Check::warn(TOPIC, said, format!("shorten spec.timeout of the gate, or raise {SYNC_TIMEOUT} in {PARAMETERS}"))
    })
    .collect()
}

/// The longest time from the deployment of a revision to its verdict.
pub(super) fn longest(gate: &TestGate) -> Duration {
    let of = |text: &Option<assay_api::DurationText>, default: u64| {
        text.as_ref().and_then(|text| text.parse().ok()).unwrap_or(Duration::from_secs(default))
    };
    of(&gate.spec.ready_timeout, 3 * 60).saturating_add(of(&gate.spec.timeout, 15 * 60))
}

#[cfg(test)]
mod tests {
    use super::super::super::check::Level;
    use super::*;

    fn settings(entries: &[(&str, &str)]) -> Settings {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_kind_without_a_script_is_a_hole() {
        let keys = SCRIPTS.map(|(kind, script)| (format!("resource.customizations.health.assay.dev_{kind}"), script));
        let whole: Settings = keys.iter().map(|(key, script)| (key.clone(), format!("\n{script}"))).collect();
        assert!(judge(&whole).iter().all(|check| check.level == Level::Ok), "{:?}", judge(&whole));
        assert_eq!(judge(&Settings::new())[0].level, Level::Fail);
        let other = settings(&[("resource.customizations.health.assay.dev_TestGate", "return {}")]);
        assert_eq!(health(&other, "TestGate", SCRIPTS[1].1).level, Level::Warn);
        let old = settings(&[("resource.customizations", "assay.dev/TestGate:\n  health.lua: |\n    return {}\n")]);
        assert_eq!(health(&old, "TestGate", SCRIPTS[1].1).level, Level::Warn);
        assert_eq!(health(&old, "TestExecution", SCRIPTS[0].1).level, Level::Fail);
    }

    #[test]
    fn a_label_of_its_own_hides_the_application_of_a_hook() {
        for (entries, level) in [
            (&[][..], Level::Ok),
            (&[(TRACKING, "annotation+label"), (INSTANCE_LABEL, "example.com/app")][..], Level::Ok),
            (&[(TRACKING, "label")][..], Level::Ok),
            (&[(TRACKING, "label"), (INSTANCE_LABEL, "example.com/app")][..], Level::Warn),
        ] {
            assert_eq!(tracking(&settings(entries)).level, level, "{entries:?}");
        }
    }
}
