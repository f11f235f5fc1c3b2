//! What the manager may do for this delivery, by its settings and by the cluster's word.

use assay_api::names::{ANNOTATION_FREEZE, SERVICE};
use assay_api::{DeliveryKind, RollbackMode};
use assay_cluster::{Access, Identity};
use assay_telemetry::error_chain;

use super::super::check::Check;
use super::super::manager::Found;
use super::super::volumes::setting;
use super::words::namespace;
use crate::remote::deliveries::App;
use crate::remote::session::Session;

const TOPIC: &str = "manager";

/// One right of the manager.
struct Need {
    /// Setting of the manager without which it is not needed; empty for none.
    setting: &'static str,
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
}

/// What is said of them.
pub(super) async fn check(session: &Session, app: &App, manager: &Found) -> Vec<Check> {
    let deployment = manager.as_ref().ok().and_then(Option::as_ref);
    let told = |name: &str| deployment.map(|_| setting(deployment, name) == Some("true"));
    if told("ASSAY_GITOPS") == Some(false) {
        let said = "it does not look at deliveries: gates are not judged";
        return vec![Check::fail(TOPIC, said, "set gitops.enabled of the chart")];
    }
    let mut checks = settings(app, &told);
    checks.extend(frozen(session).await);
    checks.push(rights(session, app, &told).await);
    checks
}

fn settings(app: &App, told: &dyn Fn(&str) -> Option<bool>) -> Vec<Check> {
    let argo = app.delivery.reference.kind == DeliveryKind::Application;
    let mut checks = Vec::new();
    if told("ASSAY_GITOPS_WRITE") == Some(false) {
        let mode = RollbackMode::Observe;
        let said = format!(
            "it reads no repository and writes nothing to Git: the guard Granted refuses every rollback, in mode {mode} \
             too"
        );
        checks.push(Check::warn(TOPIC, said, "set gitops.write of the chart, if rollbacks are wanted"));
    }
    if told("ASSAY_GITOPS_REFRESH") == Some(false) {
        let (who, interval) = if argo { ("Argo CD", "its reconciliation timeout") } else { ("Flux", "spec.interval") };
        let said = format!("it does not tell {who} of a revert, which is looked at when {interval} is over");
        checks.push(Check::warn(TOPIC, said, "set gitops.refresh of the chart"));
    }
    if argo && told("ASSAY_GITOPS_UNBLOCK") == Some(false) {
        let retries = app.delivery.operation.as_ref().is_some_and(|operation| !operation.retry_refreshes);
        if retries {
            let said = "it does not end an operation that holds on to a bad revision, and one is running";
            checks.push(Check::warn(
                TOPIC,
                said,
                "set gitops.unblock of the chart and spec.rollback.unblock of the gate",
            ));
        }
    }
    checks
}

async fn frozen(session: &Session) -> Option<Check> {
    let annotations = session.cluster.namespace_annotations(&session.system).await.ok()?;
    let frozen = annotations.get(ANNOTATION_FREEZE).is_some_and(|value| value == "true");
    frozen.then(|| {
        let said =
            format!("every rollback of the cluster is frozen ({ANNOTATION_FREEZE} on namespace {})", session.system);
        Check::warn(TOPIC, said, format!("`kubectl annotate namespace {} {ANNOTATION_FREEZE}-`", session.system))
    })
}

fn needs(kind: DeliveryKind) -> Vec<Need> {
    let need = |setting, verb, group, resource| Need { setting, verb, group, resource };
    let refresh = "ASSAY_GITOPS_REFRESH";
    match kind {
        DeliveryKind::Application => vec![
            need("", "watch", "argoproj.io", "applications"),
            need(refresh, "patch", "argoproj.io", "applications"),
            need("ASSAY_GITOPS_UNBLOCK", "patch", "argoproj.io", "applications"),
        ],
        DeliveryKind::Kustomization | DeliveryKind::HelmRelease => vec![
            need("", "watch", "kustomize.toolkit.fluxcd.io", "kustomizations"),
            need("", "watch", "helm.toolkit.fluxcd.io", "helmreleases"),
            need("", "watch", "source.toolkit.fluxcd.io", "gitrepositories"),
            need(refresh, "patch", "source.toolkit.fluxcd.io", "gitrepositories"),
        ],
    }
}

async fn rights(session: &Session, app: &App, told: &dyn Fn(&str) -> Option<bool>) -> Check {
    let account = format!("system:serviceaccount:{}:{SERVICE}", session.system);
    let groups = ["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{}", session.system)];
    let identity = Identity { username: account.clone(), groups: groups.into(), ..Identity::default() };
    let mut missing = Vec::new();
    for need in needs(app.delivery.reference.kind) {
        if !need.setting.is_empty() && told(need.setting) == Some(false) {
            continue;
        }
        let access = Access {
            verb: need.verb,
            group: need.group,
            resource: need.resource,
            namespace: namespace(app),
            ..Access::default()
        };
        match session.cluster.may(&identity, &access).await {
            Ok(true) => {}
            Ok(false) => missing.push(format!("{} {}.{}", need.verb, need.resource, need.group)),
            Err(error) => {
                let said = format!("what it may do is not known: {}", error_chain(&error));
                return Check::warn(
                    TOPIC,
                    said,
                    "ask for the right to create subjectaccessreviews, or let an administrator run this",
                );
            }
        }
    }
    if missing.is_empty() {
        return Check::ok(TOPIC, format!("it may do what its settings say in namespace {}", namespace(app)));
    }
    missing.dedup();
    let said = format!("{account} may not {} in namespace {}", missing.join(", "), namespace(app));
    Check::fail(TOPIC, said, "name the namespace in watchNamespaces of the chart, or upgrade the release")
}

#[cfg(test)]
mod tests {
    use assay_gitops::{Delivery, Operation};

    use super::*;

    #[test]
    fn only_what_is_switched_off_is_said() {
        let delivery = Delivery { operation: Some(Operation::default()), ..Delivery::default() };
        let app = App { delivery, object: std::sync::Arc::new(serde_json::Value::Null) };
        assert!(settings(&app, &|_| Some(true)).is_empty());
        // Who may not see the manager's settings is told nothing of them.
        assert!(settings(&app, &|_| None).is_empty());
        assert_eq!(settings(&app, &|_| Some(false)).len(), 3);
    }
}
