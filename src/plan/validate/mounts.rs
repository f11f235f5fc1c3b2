//! Rules of mounts: each names a volume that there is, and a place of its own.

use std::collections::BTreeSet;

use assay_api::TestWorkflowSpec;
use assay_api::names::PATH_WORKSPACE;
use assay_expr::closest;
use k8s_openapi::api::core::v1::VolumeMount;

use crate::diagnostic::Findings;
use crate::path::absolute;
use crate::pod::{PATH_SERVICE_ACCOUNT, PodSettings};
use crate::tree::written;

/// Folder that holds what the runner needs.
const OURS: &str = "/assay";
const ELSEWHERE: &str = "mount it elsewhere, for example below /data or /mnt";

pub(super) fn check(spec: &TestWorkflowSpec, settings: &PodSettings, findings: &mut Findings) {
    let check = |path: String, mounts: &[VolumeMount], findings: &mut Findings| {
        check_list(&format!("{path}.volumeMounts"), mounts, settings, findings);
    };
    if let Some(container) = &spec.container {
        check("spec.container".to_owned(), &container.volume_mounts, findings);
    }
    for (path, step) in written(spec) {
        if let Some(container) = &step.container {
            check(format!("{path}.container"), &container.volume_mounts, findings);
        }
        if let Some(run) = &step.run {
            check(format!("{path}.run"), &run.volume_mounts, findings);
        }
    }
}

fn check_list(path: &str, mounts: &[VolumeMount], settings: &PodSettings, findings: &mut Findings) {
    let mut places = BTreeSet::new();
    for (index, mount) in mounts.iter().enumerate() {
        let path = format!("{path}[{index}]");
        check_name(&format!("{path}.name"), &mount.name, settings, findings);
        let place = mount.mount_path.as_str();
        if !findings.is_open(place) {
            let field = format!("{path}.mountPath");
            if check_place(&field, place, settings, findings) && !places.insert(absolute(place)) {
                findings.error(field, format!("two volumes are mounted at `{place}`"), "give each a path of its own");
            }
        }
        let inner = mount.sub_path.as_deref().unwrap_or_default();
        if inner.starts_with('/') || inner.split('/').any(|part| part == "..") {
            let message = format!("`{inner}` leads out of the volume");
            findings.error(format!("{path}.subPath"), message, "write a path relative to the volume, without `..`");
        }
    }
}

fn check_name(path: &str, name: &str, settings: &PodSettings, findings: &mut Findings) {
    let written = &settings.pod.volumes;
    let known: Vec<&str> = written.iter().filter_map(|volume| volume.0.get("name")?.as_str()).collect();
    if known.contains(&name) || findings.is_open(name) || findings.is_partial() {
        return;
    }
    let hint = match closest(name, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => "add it to spec.pod.volumes".to_owned(),
        None => {
            let listed = known.iter().take(20).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            format!("add it to spec.pod.volumes; known: {listed}")
        }
    };
    findings.error(path, format!("there is no volume `{name}`"), hint);
}

fn check_place(path: &str, place: &str, settings: &PodSettings, findings: &mut Findings) -> bool {
    let is_at = |folder: &str| place == folder || place.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let full = absolute(place);
    if !place.starts_with('/') || place.contains(':') || place.split('/').any(|part| part == "..") {
        findings.error(path, format!("`{place}` is not an absolute path without `..` and `:`"), ELSEWHERE);
    } else if full == "/" {
        findings.error(path, "`/` would hide the whole image", ELSEWHERE);
    } else if is_at(OURS) {
        findings.error(path, format!("`{place}` lies where Assay's own files are"), ELSEWHERE);
    } else if full == PATH_WORKSPACE {
        let message = format!("`{place}` is the workspace, which all steps share");
        findings.error(path, message, "mount it below, for example at /data/cache");
    } else if settings.mounts_token() && full == PATH_SERVICE_ACCOUNT {
        let message = format!("`{place}` is where the token of the service account is mounted");
        findings.error(path, message, "remove it, or spec.pod.automountServiceAccountToken");
    } else {
        return true;
    }
    false
}
