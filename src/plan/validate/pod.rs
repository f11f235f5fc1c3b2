//! Rules of pod and Job.

use std::collections::{BTreeMap, BTreeSet};

use assay_api::TestWorkflowSpec;
use assay_api::names::{GROUP, LABEL_MANAGED_BY};
use k8s_openapi::api::core::v1::Volume;
use serde_json::Value;

use super::syntax;
use crate::diagnostic::Findings;
use crate::pod::PodSettings;

/// Beginnings of labels that Kubernetes sets on the pods of a Job.
const OF_JOBS: [&str; 4] = ["batch.kubernetes.io/", "controller-uid", "job-name", LABEL_MANAGED_BY];
const DNS_POLICIES: [&str; 4] = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
const RESERVED_VOLUME: &str = "assay-";

/// Checks the settings, and returns them.
pub(super) fn check(spec: &TestWorkflowSpec, findings: &mut Findings) -> PodSettings {
    let settings = PodSettings::of(spec, findings);
    let (pod, job) = (&settings.pod, &settings.job);
    check_labels("spec.job.labels", &job.labels, findings);
    check_annotations("spec.job.annotations", &job.annotations, findings);
    check_labels("spec.pod.labels", &pod.labels, findings);
    check_annotations("spec.pod.annotations", &pod.annotations, findings);
    for (key, value) in &pod.node_selector {
        check_key("spec.pod.nodeSelector", key, findings);
        check_value(&format!("spec.pod.nodeSelector.{key}"), value, findings);
    }
    let names = [
        ("serviceAccountName", &pod.service_account_name),
        ("priorityClassName", &pod.priority_class_name),
        ("runtimeClassName", &pod.runtime_class_name),
        ("schedulerName", &pod.scheduler_name),
        ("nodeName", &pod.node_name),
    ];
    for (field, name) in names {
        let name = name.as_deref().filter(|name| !findings.is_open(name) && !syntax::is_subdomain(name));
        if let Some(name) = name {
            findings.error(format!("spec.pod.{field}"), format!("`{name}` cannot be a name"), syntax::SUBDOMAIN);
        }
    }
    for (field, name) in [("hostname", &pod.hostname), ("subdomain", &pod.subdomain)] {
        let name = name.as_deref().filter(|name| !findings.is_open(name) && !syntax::is_label(name));
        if let Some(name) = name {
            findings.error(format!("spec.pod.{field}"), format!("`{name}` cannot be a name"), syntax::LABEL);
        }
    }
    for (index, secret) in pod.image_pull_secrets.iter().enumerate() {
        if secret.name.is_empty() {
            let path = format!("spec.pod.imagePullSecrets[{index}].name");
            findings.error(path, "names no Secret", "write the name of a Secret with credentials of a registry");
        }
    }
    check_dns(&settings, findings);
    check_volumes(spec, &settings, findings);
    settings
}

fn check_dns(settings: &PodSettings, findings: &mut Findings) {
    let Some(policy) = settings.pod.dns_policy.as_deref().filter(|policy| !findings.is_open(policy)) else { return };
    if !DNS_POLICIES.contains(&policy) {
        let hint = "write `ClusterFirst`, `ClusterFirstWithHostNet`, `Default` or `None`";
        findings.error("spec.pod.dnsPolicy", format!("`{policy}` is not a DNS policy"), hint);
    } else if policy == "None" && settings.pod.dns_config.is_none() {
        let message = "`None` leaves the pod without any DNS server";
        findings.error("spec.pod.dnsPolicy", message, "name servers in spec.pod.dnsConfig.nameservers");
    }
}

fn check_volumes(spec: &TestWorkflowSpec, settings: &PodSettings, findings: &mut Findings) {
    let raws = spec.pod.iter().flat_map(|pod| &pod.volumes).enumerate();
    let mut names = BTreeSet::new();
    for (index, raw) in raws {
        let Some(volume) = serde_json::from_value::<Volume>(raw.0.clone()).ok() else { continue };
        let path = format!("spec.pod.volumes[{index}]");
        let name = volume.name.as_str();
        if !findings.is_open(name) {
            let field = format!("{path}.name");
            if !syntax::is_label(name) {
                findings.error(field, format!("`{name}` cannot be the name of a volume"), syntax::LABEL);
            } else if name.starts_with(RESERVED_VOLUME) {
                let message =
                    format!("`{name}` is reserved: volumes that start with `{RESERVED_VOLUME}` are Assay's own");
                findings.error(field, message, "choose another name");
            } else if !names.insert(name.to_owned()) {
                findings.error(field, format!("`{name}` is given twice"), "give each volume a name of its own");
            }
        }
        let fields =
            raw.0.as_object().map_or(0, |fields| fields.iter().filter(|(key, value)| is_source(key, value)).count());
        let known = settings.volumes.iter().any(|known| known.name == volume.name);
        let said = findings.list.iter().any(|found| found.path.starts_with(&path));
        if known && !said && fields != 1 {
            let hint = "give it exactly one of `emptyDir`, `configMap`, `secret`, `persistentVolumeClaim` and so on";
            findings.error(path, format!("{fields} sources are named where one is needed"), hint);
        }
    }
}

fn is_source(key: &str, value: &Value) -> bool {
    key != "name" && !value.is_null()
}

fn check_labels(path: &str, labels: &BTreeMap<String, String>, findings: &mut Findings) {
    for (key, value) in labels {
        if check_own(path, key, findings) {
            check_value(&format!("{path}.{key}"), value, findings);
        }
    }
}

fn check_annotations(path: &str, annotations: &BTreeMap<String, String>, findings: &mut Findings) {
    for key in annotations.keys() {
        check_own(path, key, findings);
    }
}

fn check_own(path: &str, key: &str, findings: &mut Findings) -> bool {
    let prefix = key.split_once('/').map_or("", |(prefix, _)| prefix);
    let ours = prefix == GROUP || prefix.ends_with(&format!(".{GROUP}"));
    if ours || OF_JOBS.iter().any(|reserved| key.starts_with(reserved)) {
        let who = if ours || key == LABEL_MANAGED_BY { "Assay" } else { "Kubernetes" };
        findings.error(format!("{path}.{key}"), format!("`{key}` is set by {who}"), "choose another name");
        return false;
    }
    check_key(path, key, findings)
}

fn check_key(path: &str, key: &str, findings: &mut Findings) -> bool {
    let right = syntax::is_qualified(key);
    if !right && !findings.is_open(key) {
        let hint = "use letters, digits, `-`, `_` and `.`, at most 63, with a domain and `/` before it if wanted";
        findings.error(path, format!("`{key}` cannot be a key"), hint);
    }
    right
}

fn check_value(path: &str, value: &str, findings: &mut Findings) {
    if !findings.is_open(value) && !syntax::is_label_value(value) {
        let hint = "use letters, digits, `-`, `_` and `.`, at most 63, and begin and end with a letter or digit";
        findings.error(path, format!("`{value}` cannot be the value of a label"), hint);
    }
}
