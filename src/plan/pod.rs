//! What a workflow asks of its pod and Job, with the parts that Kubernetes
//! itself describes read as its own types.

use assay_api::{JobConfig, PodConfig, Raw, TestWorkflowSpec};
use k8s_openapi::api::core::v1::{Affinity, HostAlias, PodDNSConfig, Toleration, TopologySpreadConstraint, Volume};
use serde::de::DeserializeOwned;

use crate::diagnostic::Findings;

/// Where a container finds the token of its service account, in every cluster.
pub(crate) const PATH_SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Settings of pod and Job.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PodSettings {
    /// Settings as written.
    pub(crate) pod: PodConfig,
    /// Settings of the Job as written.
    pub(crate) job: JobConfig,
    /// Volumes that mounts may name.
    pub(crate) volumes: Vec<Volume>,
    /// Affinity.
    pub(crate) affinity: Option<Affinity>,
    /// Tolerations.
    pub(crate) tolerations: Vec<Toleration>,
    /// Topology spread constraints.
    pub(crate) spread: Vec<TopologySpreadConstraint>,
    /// Entries of `/etc/hosts`.
    pub(crate) host_aliases: Vec<HostAlias>,
    /// DNS settings.
    pub(crate) dns_config: Option<PodDNSConfig>,
}

impl PodSettings {
    /// The settings of a workflow; what cannot be read is said and left out.
    pub(crate) fn of(spec: &TestWorkflowSpec, findings: &mut Findings) -> Self {
        let pod = spec.pod.clone().unwrap_or_default();
        let job = spec.job.clone().unwrap_or_default();
        Self {
            volumes: list("spec.pod.volumes", &pod.volumes, findings),
            affinity: pod.affinity.as_ref().and_then(|raw| read("spec.pod.affinity", raw, findings)),
            tolerations: list("spec.pod.tolerations", &pod.tolerations, findings),
            spread: list("spec.pod.topologySpreadConstraints", &pod.topology_spread_constraints, findings),
            host_aliases: list("spec.pod.hostAliases", &pod.host_aliases, findings),
            dns_config: pod.dns_config.as_ref().and_then(|raw| read("spec.pod.dnsConfig", raw, findings)),
            pod,
            job,
        }
    }

    /// Whether steps see the token of the pod's service account.
    pub(crate) fn mounts_token(&self) -> bool {
        self.pod.automount_service_account_token == Some(true)
    }

    /// Whether what a mount of this volume shows is secret.
    pub(crate) fn is_secret(&self, volume: &str) -> bool {
        self.volumes.iter().filter(|known| known.name == volume).any(|volume| {
            let projected = volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
            let mut projected =
                projected.map(|source| source.secret.is_some() || source.service_account_token.is_some());
            volume.secret.is_some() || projected.any(|is_secret| is_secret)
        })
    }
}

fn list<T: DeserializeOwned>(path: &str, raws: &[Raw], findings: &mut Findings) -> Vec<T> {
    raws.iter().enumerate().filter_map(|(index, raw)| read(&format!("{path}[{index}]"), raw, findings)).collect()
}

/// Reads a part as Kubernetes does, and says where it cannot be read, and what
/// Kubernetes would silently leave out.
fn read<T: DeserializeOwned>(path: &str, raw: &Raw, findings: &mut Findings) -> Option<T> {
    if findings.is_open(&raw.0.to_string()) {
        return serde_json::from_value(raw.0.clone()).ok();
    }
    let mut unknown = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(raw.0.clone(), &mut track);
    let read = serde_ignored::deserialize(tracked, |field| unknown.push(below(path, &field.to_string())));
    for field in unknown {
        findings.error(field, "Kubernetes knows no such field here", "correct its name, or remove it");
    }
    match read {
        Ok(value) => Some(value),
        Err(error) => {
            let place = track.path().to_string();
            let place = below(path, if place == "." { "" } else { &place });
            let (message, hint) = wording(&error.to_string());
            findings.error(place, message, hint);
            None
        }
    }
}

/// A place below a path; positions are written in brackets, and `?` stands for nothing.
fn below(path: &str, place: &str) -> String {
    let mut full = path.to_owned();
    for part in place.split('.').filter(|part| !part.is_empty() && *part != "?") {
        if part.chars().all(|c| c.is_ascii_digit()) {
            full.push_str(&format!("[{part}]"));
        } else {
            full.push_str(&format!(".{part}"));
        }
    }
    full
}

/// What a parser says of a mistake, in our words.
fn wording(said: &str) -> (String, String) {
    match said.split_once(", expected ") {
        Some((found, expected)) => {
            let found = found.trim_start_matches("invalid type: ").trim_start_matches("invalid value: ");
            let expected = match expected {
                "i32" | "i64" => "a whole number",
                "a sequence" => "a list",
                other if other.starts_with(|c: char| c.is_ascii_uppercase()) => "its fields",
                other => other,
            };
            (format!("{found} cannot stand here"), format!("write {expected}"))
        }
        None => (said.to_owned(), "write it as in a pod of Kubernetes".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(volumes: serde_json::Value) -> Vec<String> {
        let pod = serde_json::from_value(json!({ "volumes": volumes })).expect("settings of a pod");
        let spec = TestWorkflowSpec { pod: Some(pod), ..TestWorkflowSpec::default() };
        let mut findings = Findings::default();
        PodSettings::of(&spec, &mut findings);
        findings.list.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_kubernetes_would_not_read_is_said_with_its_place() {
        assert_eq!(said(json!([{ "name": "a", "emptyDir": { "sizeLimit": "1Gi" } }])), [""; 0]);
        assert_eq!(
            said(json!([
                { "name": "a", "configMap": { "name": "x", "items": [{ "key": "k", "path": 7 }] } },
                { "name": "b", "configmap": {} },
                { "name": "c", "secret": { "secretName": "s", "defaultMode": "0400", "itms": [] } },
                "d",
            ])),
            [
                "spec.pod.volumes[0].configMap.items[0].path: integer `7` cannot stand here; write a string",
                "spec.pod.volumes[1].configmap: Kubernetes knows no such field here; correct its name, or remove it",
                "spec.pod.volumes[2].secret.defaultMode: string \"0400\" cannot stand here; write a whole number",
                "spec.pod.volumes[3]: string \"d\" cannot stand here; write its fields",
            ]
        );
    }

    #[test]
    fn secret_volumes_are_known() {
        let pod = json!({ "volumes": [
            { "name": "a", "secret": { "secretName": "s" } },
            { "name": "b", "projected": { "sources": [{ "configMap": { "name": "c" } }, { "secret": { "name": "s" } }] } },
            { "name": "c", "configMap": { "name": "c" } },
        ] });
        let pod = serde_json::from_value(pod).expect("settings of a pod");
        let spec = TestWorkflowSpec { pod: Some(pod), ..TestWorkflowSpec::default() };
        let settings = PodSettings::of(&spec, &mut Findings::default());
        assert_eq!(["a", "b", "c", "d"].map(|name| settings.is_secret(name)), [true, true, false, false]);
    }
}
