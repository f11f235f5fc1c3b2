//! Whether the manager runs, and one of it leads.

use assay_api::names::{LEASE, SERVICE};
use assay_cluster::ClusterError;
use assay_telemetry::error_chain;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;

use super::check::Check;
use crate::output::clock::age;
use crate::remote::session::Session;

const TOPIC: &str = "manager";
/// Label with the version of what is installed.
const VERSION: &str = "app.kubernetes.io/version";

/// The Deployment of the manager, as far as it may be seen.
pub(super) type Found = Result<Option<Deployment>, ClusterError>;

/// Reads the Deployment.
pub(super) async fn deployment(session: &Session) -> Found {
    session.cluster.get::<Deployment>(&session.system, SERVICE).await
}

/// Judges the Deployment and the Lease.
pub(super) async fn check(session: &Session, deployment: &Found) -> Vec<Check> {
    let lease = session.cluster.get::<Lease>(&session.system, LEASE).await;
    vec![judge(&session.system, deployment), leader(&session.system, lease, Timestamp::now())]
}

fn judge(system: &str, deployment: &Found) -> Check {
    let found = match deployment {
        Ok(Some(found)) => found,
        Ok(None) => {
            let said = format!("there is no Deployment {SERVICE} in namespace {system}");
            return Check::fail(TOPIC, said, "install Assay, or name its namespace with --assay-namespace");
        }
        Err(error) if error.forbidden() => {
            let way_out = format!("ask for the right to get deployments in namespace {system}");
            return Check::warn(TOPIC, "its Deployment may not be read", way_out);
        }
        Err(error) => return Check::fail(TOPIC, error_chain(error), "try again"),
    };
    let status = found.status.clone().unwrap_or_default();
    let ready = status.ready_replicas.unwrap_or(0);
    let wanted = found.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    if wanted < 1 {
        let way_out = format!("`kubectl -n {system} scale deploy/{SERVICE} --replicas=1`");
        return Check::fail(TOPIC, "it is switched off: its Deployment wants no pod", way_out);
    }
    if ready < 1 {
        let conditions = status.conditions.unwrap_or_default();
        let why = conditions.into_iter().find(|condition| condition.status == "False").and_then(|one| one.message);
        let said =
            format!("none of its {wanted} pods is ready{}", why.map(|why| format!(": {why}")).unwrap_or_default());
        let way_out = format!("`kubectl -n {system} describe pods -l app.kubernetes.io/name=assay`, and their log");
        return Check::fail(TOPIC, said, way_out);
    }
    let ours = env!("CARGO_PKG_VERSION");
    match found.metadata.labels.as_ref().and_then(|labels| labels.get(VERSION)) {
        Some(theirs) if theirs != ours => Check::warn(
            TOPIC,
            format!("{ready} of {wanted} pods ready; its version is {theirs}, that of this program {ours}"),
            "use a program and a release of one version",
        ),
        _ => Check::ok(TOPIC, format!("{ready} of {wanted} pods ready, version {ours}")),
    }
}

fn leader(system: &str, lease: Result<Option<Lease>, ClusterError>, now: Timestamp) -> Check {
    let way_out = format!("`kubectl -n {system} logs deploy/{SERVICE}` says what the manager waits for");
    let spec = match lease {
        Ok(Some(lease)) => lease.spec.unwrap_or_default(),
        Ok(None) => return Check::fail("leader", format!("nobody ever led: there is no Lease {LEASE}"), way_out),
        Err(error) if error.forbidden() => {
            let way_out = format!("ask for the right to get leases in namespace {system}");
            return Check::warn("leader", "its Lease may not be read", way_out);
        }
        Err(error) => return Check::fail("leader", error_chain(&error), "try again"),
    };
    let holder = spec.holder_identity.filter(|holder| !holder.is_empty());
    let renewed = spec.renew_time.map(|time| time.0);
    let (Some(holder), Some(renewed)) = (holder, renewed) else {
        return Check::fail("leader", "nobody leads: the Lease has no holder", way_out);
    };
    let length = SignedDuration::from_secs(i64::from(spec.lease_duration_seconds.unwrap_or(15)));
    let over = renewed.checked_add(length).is_ok_and(|over| over < now);
    if over {
        return Check::fail(
            "leader",
            format!("{holder} led, but was last heard of {} ago", age(renewed, now)),
            way_out,
        );
    }
    Check::ok("leader", format!("{holder} leads"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::check::Level;
    use super::*;

    fn judged(object: Option<Value>) -> Check {
        judge("sys", &Ok(object.map(|object| serde_json::from_value(object).expect("a Deployment"))))
    }

    #[test]
    fn a_manager_must_be_ready_and_of_this_version() {
        let spec = k8s_openapi::api::apps::v1::DeploymentSpec { replicas: Some(0), ..Default::default() };
        let off = Deployment { spec: Some(spec), ..Deployment::default() };
        assert!(judge("sys", &Ok(Some(off))).lines()[0].contains("it is switched off"));
        let of = |ready: i32, version: &str| {
            json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "labels": { VERSION: version } },
                "spec": { "replicas": 1, "selector": {}, "template": {} },
                "status": { "readyReplicas": ready, "conditions": [
                    { "type": "Available", "status": if ready > 0 { "True" } else { "False" }, "message": "no quota" } ] } })
        };
        let ours = env!("CARGO_PKG_VERSION");
        for (object, level, part) in [
            (Some(of(1, ours)), Level::Ok, "1 of 1 pods ready"),
            (Some(of(1, "0.0.1")), Level::Warn, "its version is 0.0.1"),
            (Some(of(0, ours)), Level::Fail, "none of its 1 pods is ready: no quota"),
            (None, Level::Fail, "no Deployment assay in namespace sys"),
        ] {
            let check = judged(object);
            assert_eq!(check.level, level, "{check:?}");
            assert!(check.lines()[0].contains(part), "{check:?}");
        }
    }

    #[test]
    fn a_leader_must_have_been_heard_of() {
        let lease = |holder: &str, renewed: &str| {
            let spec = json!({ "holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 15 });
            let object =
                json!({ "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {}, "spec": spec });
            Some(serde_json::from_value::<Lease>(object).expect("a Lease"))
        };
        let now: Timestamp = "2026-01-01T00:01:00Z".parse().expect("a time");
        for (lease, level) in [
            (lease("pod-1", "2026-01-01T00:00:50.000000Z"), Level::Ok),
            (lease("pod-1", "2026-01-01T00:00:00.000000Z"), Level::Fail),
            (lease("", "2026-01-01T00:00:59.000000Z"), Level::Fail),
            (None, Level::Fail),
        ] {
            let check = leader("sys", Ok(lease), now);
            assert_eq!(check.level, level, "{check:?}");
        }
    }
}
