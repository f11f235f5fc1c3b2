//! Whether workloads are ready, asked when somebody wants to know: nothing is watched for it.

use futures::StreamExt;
use futures::stream;
use http::Request;
use serde_json::Value;

use crate::connect::{Cluster, within};
use crate::error::ClusterError;

/// How many objects are asked for at once.
const AT_ONCE: usize = 8;

/// A Deployment, StatefulSet, DaemonSet, Job or HelmRelease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkloadName {
    /// API group: `apps`, `batch` or `helm.toolkit.fluxcd.io`.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// A workload that is not ready, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// Which one.
    pub workload: WorkloadName,
    /// Why, for people: `1 of 3 replicas are ready`.
    pub why: String,
    /// Whether it says of itself that waiting is useless.
    pub failed: bool,
    /// Whether what answers requests is the new version all the same: a Job that goes on.
    pub lingers: bool,
}

impl std::fmt::Display for NotReady {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let WorkloadName { kind, namespace, name, .. } = &self.workload;
        write!(f, "{kind} {namespace}/{name}: {}", self.why)
    }
}

impl Cluster {
    /// Those of the workloads that are not ready, by the rules of kstatus, in the order in which they were given.
    /// A kind without such rules is ready. A Job that is gone is taken for one that ended and was tidied away.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn readiness(&self, workloads: &[WorkloadName]) -> Result<Vec<NotReady>, ClusterError> {
        let answers = stream::iter(workloads.iter().cloned().map(|workload| self.look_at(workload)));
        let answers: Vec<Result<Option<NotReady>, ClusterError>> = answers.buffered(AT_ONCE).collect().await;
        answers.into_iter().filter_map(Result::transpose).collect()
    }

    async fn look_at(&self, workload: WorkloadName) -> Result<Option<NotReady>, ClusterError> {
        let Some(plural) = plural(&workload.group, &workload.kind) else { return Ok(None) };
        let WorkloadName { group, kind, namespace, name } = &workload;
        if !is_name(namespace) || !is_name(name) {
            let why = "it has no valid name".to_owned();
            return Ok(Some(NotReady { why, failed: true, lingers: false, workload }));
        }
        let version = if kind == "HelmRelease" { "v2" } else { "v1" };
        let uri = format!("/apis/{group}/{version}/namespaces/{namespace}/{plural}/{name}");
        let request = Request::get(uri).body(Vec::new()).expect("names of letters, digits, dots and dashes make a URI");
        let what = format!("read {kind} {namespace}/{name}");
        match within(what, self.client.request::<Value>(request)).await {
            Ok(object) => {
                let lingers = kind == "Job";
                Ok(judge(kind, &object).map(|Lack { why, failed }| NotReady { why, failed, lingers, workload }))
            }
            // Of a HelmRelease it may be that its kind is served in an older version only.
            Err(error) if error.not_found() && matches!(kind.as_str(), "Job" | "HelmRelease") => Ok(None),
            Err(error) if error.not_found() => {
                Ok(Some(NotReady { why: "it does not exist".to_owned(), failed: false, lingers: false, workload }))
            }
            Err(error) => Err(error.lacking(&format!("get {plural}.{group}"), "gitops.enabled")),
        }
    }
}

fn plural(group: &str, kind: &str) -> Option<&'static str> {
    match (group, kind) {
        ("apps", "Deployment") => Some("deployments"),
        ("apps", "StatefulSet") => Some("statefulsets"),
        ("apps", "DaemonSet") => Some("daemonsets"),
        ("batch", "Job") => Some("jobs"),
        ("helm.toolkit.fluxcd.io", "HelmRelease") => Some("helmreleases"),
        _ => None,
    }
}

/// The names come from the status of objects that others write: none may lead to another address.
fn is_name(text: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    !text.is_empty() && text.len() <= 253 && text.bytes().all(fine) && !text.contains("..") && !text.starts_with('.')
}

/// Why an object is not ready.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lack {
    why: String,
    pub(crate) failed: bool,
}

fn waiting(why: impl Into<String>) -> Option<Lack> {
    Some(Lack { why: why.into(), failed: false })
}

fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// Judges an object of the kind by its own status; `None` when it is ready.
pub(crate) fn judge(kind: &str, object: &Value) -> Option<Lack> {
    if object.pointer("/metadata/deletionTimestamp").is_some_and(Value::is_string) {
        return waiting("it is being deleted");
    }
    let observed = object.pointer("/status/observedGeneration").and_then(Value::as_i64);
    if observed.is_some_and(|observed| observed != number(object, "/metadata/generation")) {
        return waiting("its controller has not seen the newest version");
    }
    match kind {
        "Deployment" => deployment(object),
        "StatefulSet" => stateful_set(object),
        "DaemonSet" => daemon_set(object, observed.is_some()),
        "Job" => job(object),
        "HelmRelease" => helm_release(object, observed.is_some()),
        _ => None,
    }
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|condition| condition.get("type").and_then(Value::as_str) == Some(kind))
}

fn is(object: &Value, kind: &str, status: &str) -> bool {
    condition(object, kind).is_some_and(|found| found.get("status").and_then(Value::as_str) == Some(status))
}

fn message(object: &Value, kind: &str) -> String {
    let found = condition(object, kind);
    let word = |field| found.and_then(|found| found.get(field)).and_then(Value::as_str).filter(|text| !text.is_empty());
    word("message").or_else(|| word("reason")).unwrap_or(kind).chars().take(200).collect()
}

/// How many replicas are wanted.
fn wanted(object: &Value) -> i64 {
    object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

/// The first of the counts that is too small.
fn short_of(object: &Value, wanted: i64, counts: &[(&str, &str)]) -> Option<Lack> {
    counts.iter().find_map(|(field, word)| {
        let have = number(object, &format!("/status/{field}"));
        if have < wanted { waiting(format!("{have} of {wanted} {word}")) } else { None }
    })
}

fn deployment(object: &Value) -> Option<Lack> {
    let progress = condition(object, "Progressing");
    let reason = progress.and_then(|found| found.get("reason")).and_then(Value::as_str).unwrap_or_default();
    if reason == "ProgressDeadlineExceeded" {
        return Some(Lack { why: message(object, "Progressing"), failed: true });
    }
    let wanted = wanted(object);
    let counts = [("replicas", "replicas exist"), ("updatedReplicas", "replicas are updated")];
    if let Some(lack) = short_of(object, wanted, &counts) {
        return Some(lack);
    }
    let (all, updated) = (number(object, "/status/replicas"), number(object, "/status/updatedReplicas"));
    if all > wanted {
        return waiting(format!("{} old replicas have not ended", all - wanted));
    }
    // Until they are gone they answer requests with the old content, and a test would judge that. Older clusters do
    // not count them.
    let ending = number(object, "/status/terminatingReplicas");
    if ending > 0 {
        return waiting(format!("{ending} old replicas are ending, and may still answer"));
    }
    if let Some(lack) = short_of(object, updated, &[("availableReplicas", "replicas are available")]) {
        return Some(lack);
    }
    if let Some(lack) = short_of(object, wanted, &[("readyReplicas", "replicas are ready")]) {
        return Some(lack);
    }
    // Older objects have no such condition; then the counts must do.
    if progress.is_some() && !is(object, "Progressing", "True") {
        return waiting(message(object, "Progressing"));
    }
    (!is(object, "Available", "True")).then(|| Lack { why: "it is not available".to_owned(), failed: false })
}

fn stateful_set(object: &Value) -> Option<Lack> {
    if object.pointer("/spec/updateStrategy/type").and_then(Value::as_str) == Some("OnDelete") {
        return None;
    }
    let wanted = wanted(object);
    let counts = [("replicas", "replicas exist"), ("readyReplicas", "replicas are ready")];
    if let Some(lack) = short_of(object, wanted, &counts) {
        return Some(lack);
    }
    let all = number(object, "/status/replicas");
    if all > wanted {
        return waiting(format!("{} old replicas have not ended", all - wanted));
    }
    if let Some(partition) = object.pointer("/spec/updateStrategy/rollingUpdate/partition").and_then(Value::as_i64) {
        return short_of(object, wanted - partition, &[("updatedReplicas", "replicas are updated")]);
    }
    if let Some(lack) = short_of(object, wanted, &[("currentReplicas", "replicas are updated")]) {
        return Some(lack);
    }
    let revision = |field| object.pointer(&format!("/status/{field}"));
    if revision("currentRevision") == revision("updateRevision") { None } else { waiting("its update is under way") }
}

fn daemon_set(object: &Value, observed: bool) -> Option<Lack> {
    if !observed {
        return waiting("its controller has not seen it");
    }
    let Some(wanted) = object.pointer("/status/desiredNumberScheduled").and_then(Value::as_i64) else {
        return waiting("the number of its pods is not known");
    };
    let counts = [
        ("currentNumberScheduled", "pods exist"),
        ("updatedNumberScheduled", "pods are updated"),
        ("numberAvailable", "pods are available"),
        ("numberReady", "pods are ready"),
    ];
    // With OnDelete nobody updates pods that run.
    let on_delete = object.pointer("/spec/updateStrategy/type").and_then(Value::as_str) == Some("OnDelete");
    let counts: Vec<_> =
        counts.into_iter().filter(|(field, _)| !on_delete || *field != "updatedNumberScheduled").collect();
    short_of(object, wanted, &counts)
}

/// helm-controller says by itself whether the release is out and its workloads are ready.
fn helm_release(object: &Value, observed: bool) -> Option<Lack> {
    if !observed {
        return waiting("its controller has not seen it");
    }
    if is(object, "Ready", "True") || object.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    Some(Lack { why: message(object, "Ready"), failed: is(object, "Stalled", "True") })
}

fn job(object: &Value) -> Option<Lack> {
    if is(object, "Complete", "True") || is(object, "Suspended", "True") {
        return None;
    }
    if is(object, "Failed", "True") {
        return Some(Lack { why: message(object, "Failed"), failed: true });
    }
    waiting("it has not ended")
}
