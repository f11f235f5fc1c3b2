//! Whether the cluster serves our kinds, and as this program knows them.

use std::collections::BTreeSet;

use assay_api::names::{GROUP, VERSION};
use assay_api::{GitWriteAccess, Rollback, TestExecution, TestGate, TestWorkflow, TestWorkflowTemplate};
use assay_cluster::{ClusterError, Object};
use assay_telemetry::error_chain;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use super::check::Check;
use crate::remote::session::Session;

const TOPIC: &str = "definitions";
const INSTALL: &str = "install them: `helm upgrade --install assay charts/assay -n assay-system --create-namespace`";

/// Looks at every definition.
pub(super) async fn check(session: &Session) -> Vec<Check> {
    let mut checks = Vec::new();
    for ours in assay_api::crd::all() {
        let name = ours.metadata.name.clone().unwrap_or_default();
        let found = session.cluster.get_cluster_wide::<CustomResourceDefinition>(&name).await;
        let kind = ours.spec.names.kind.clone();
        checks.push(match found {
            Ok(found) => judge(&ours, found.as_ref()),
            Err(error) if error.forbidden() => served(&kind, listed(session, &kind).await),
            Err(error) => Check::fail(TOPIC, format!("{kind}: {}", error_chain(&error)), "try again"),
        });
    }
    checks
}

/// Who may not see definitions sees at least whether the kind is there.
async fn listed(session: &Session, kind: &str) -> Result<(), ClusterError> {
    async fn list<K: Object>(session: &Session) -> Result<(), ClusterError> {
        session.cluster.list::<K>(Some(&session.namespace), None).await.map(drop)
    }
    match kind {
        "TestWorkflow" => list::<TestWorkflow>(session).await,
        "TestWorkflowTemplate" => list::<TestWorkflowTemplate>(session).await,
        "TestGate" => list::<TestGate>(session).await,
        "Rollback" => list::<Rollback>(session).await,
        "GitWriteAccess" => session.cluster.list_cluster_wide::<GitWriteAccess>().await.map(drop),
        _ => list::<TestExecution>(session).await,
    }
}

fn served(kind: &str, listed: Result<(), ClusterError>) -> Check {
    match listed {
        Err(error) if error.not_found() => Check::fail(TOPIC, format!("{kind} is not known to the cluster"), INSTALL),
        Err(error) if !error.forbidden() => Check::fail(TOPIC, format!("{kind}: {}", error_chain(&error)), "try again"),
        _ => Check::warn(
            TOPIC,
            format!("{kind} is served; its definition may not be read, so its version is not known"),
            "ask for the right to get customresourcedefinitions, or let an administrator run this",
        ),
    }
}

fn judge(ours: &CustomResourceDefinition, found: Option<&CustomResourceDefinition>) -> Check {
    let kind = &ours.spec.names.kind;
    let Some(found) = found else {
        return Check::fail(TOPIC, format!("{kind} is not known to the cluster"), INSTALL);
    };
    let is_served = found.spec.versions.iter().any(|version| version.name == VERSION && version.served);
    let conditions = found.status.as_ref().and_then(|status| status.conditions.as_ref());
    let established = conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "Established" && condition.status == "True");
    if !is_served || !established {
        let way_out = format!("`kubectl describe crd {}` says why", found.metadata.name.as_deref().unwrap_or_default());
        return Check::fail(TOPIC, format!("{kind} is not served as {GROUP}/{VERSION}"), way_out);
    }
    let (known, theirs) = (fields(ours), fields(found));
    let missing: Vec<&String> = known.difference(&theirs).collect();
    let more: Vec<&String> = theirs.difference(&known).collect();
    if let Some(first) = missing.first() {
        let said =
            format!("the definition of {kind} is older than this program: it lacks {first}{}", others(missing.len()));
        return Check::fail(TOPIC, said, "upgrade the release, or apply the definitions of this version");
    }
    if let Some(first) = more.first() {
        let said = format!("the definition of {kind} is newer than this program: it has {first}{}", others(more.len()));
        return Check::warn(TOPIC, said, "upgrade this program");
    }
    Check::ok(TOPIC, format!("{kind} is served as {GROUP}/{VERSION}, with the fields of this version"))
}

fn others(count: usize) -> String {
    if count > 1 { format!(" and {} more fields", count - 1) } else { String::new() }
}

/// The paths of all fields that a definition types.
fn fields(definition: &CustomResourceDefinition) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let version = definition.spec.versions.iter().find(|version| version.name == VERSION);
    let schema =
        version.and_then(|version| version.schema.as_ref()).and_then(|schema| schema.open_api_v3_schema.as_ref());
    if let Some(schema) = schema.and_then(|schema| serde_json::to_value(schema).ok()) {
        walk(&schema, "", &mut found);
    }
    found
}

fn walk(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    for (name, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        walk(inner, &path, found);
        found.insert(path);
    }
    for inner in [schema.get("items"), schema.get("additionalProperties")].into_iter().flatten() {
        walk(inner, &format!("{path}[]"), found);
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
        CustomResourceDefinitionCondition, CustomResourceDefinitionStatus, JSONSchemaProps,
    };

    use super::super::check::Level;
    use super::*;

    fn ours() -> CustomResourceDefinition {
        let mut ours = assay_api::crd::all().remove(0);
        let condition = CustomResourceDefinitionCondition {
            type_: "Established".into(),
            status: "True".into(),
            ..CustomResourceDefinitionCondition::default()
        };
        let status = CustomResourceDefinitionStatus { conditions: Some(vec![condition]), ..Default::default() };
        ours.status = Some(status);
        ours
    }

    fn spec(definition: &mut CustomResourceDefinition) -> &mut std::collections::BTreeMap<String, JSONSchemaProps> {
        let schema = definition.spec.versions[0].schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut());
        let root = schema.and_then(|schema| schema.properties.as_mut()).expect("a schema");
        root.get_mut("spec").and_then(|spec| spec.properties.as_mut()).expect("a spec")
    }

    #[test]
    fn versions_are_told_by_their_fields() {
        let (mine, mut older, mut newer, mut away) = (ours(), ours(), ours(), ours());
        spec(&mut older).remove("steps");
        spec(&mut newer).insert("later".into(), JSONSchemaProps::default());
        away.spec.versions[0].served = false;
        let mut new = ours();
        new.status = None;
        for (found, level, part) in [
            (Some(ours()), Level::Ok, "with the fields of this version"),
            (None, Level::Fail, "not known to the cluster"),
            (Some(older), Level::Fail, "older than this program: it lacks spec.steps"),
            (Some(newer), Level::Warn, "newer than this program: it has spec.later"),
            (Some(away), Level::Fail, "not served as assay.dev/v1alpha1"),
            (Some(new), Level::Fail, "not served as assay.dev/v1alpha1"),
        ] {
            let check = judge(&mine, found.as_ref());
            assert_eq!(check.level, level, "{check:?}");
            assert!(check.lines()[0].contains(part), "{check:?}");
        }
    }
}
