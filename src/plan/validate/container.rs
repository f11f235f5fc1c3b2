//! Rules of container settings, applied where they are written.

use assay_api::ContainerConfig;
use k8s_openapi::api::core::v1::ResourceRequirements;

use super::{env, quantity};
use crate::diagnostic::Findings;

const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];

pub(super) fn check(path: &str, container: &ContainerConfig, findings: &mut Findings) {
    if let Some(image) = &container.image {
        check_image(&format!("{path}.image"), image, findings);
    }
    let policy = container.image_pull_policy.as_deref();
    if let Some(policy) = policy.filter(|policy| !findings.is_open(policy) && !PULL_POLICIES.contains(policy)) {
        let hint = "write `Always`, `IfNotPresent` or `Never`";
        findings.error(format!("{path}.imagePullPolicy"), format!("`{policy}` is not a pull policy"), hint);
    }
    if container.command.as_ref().is_some_and(Vec::is_empty) {
        let message = "is empty: the image's own entrypoint is not known before the pod runs";
        findings.error(format!("{path}.command"), message, "name the program, or remove the field");
    }
    env::check(path, container, findings);
    check_capabilities(path, container, findings);
    if let Some(resources) = &container.resources {
        check_resources(&format!("{path}.resources"), resources, findings);
    }
}

/// Kubernetes names capabilities without the prefix that the kernel gives them.
fn check_capabilities(path: &str, container: &ContainerConfig, findings: &mut Findings) {
    let sets = container.security_context.as_ref().and_then(|context| context.capabilities.as_ref());
    for (field, names) in sets.into_iter().flat_map(|sets| [("add", &sets.add), ("drop", &sets.drop)]) {
        for (index, name) in names.iter().flatten().enumerate() {
            let path = format!("{path}.securityContext.capabilities.{field}[{index}]");
            if let Some(short) = name.strip_prefix("CAP_") {
                findings.error(path, format!("`{name}` is not how Kubernetes calls it"), format!("write `{short}`"));
            } else if name.is_empty() || !name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
            {
                findings.error(path, format!("`{name}` is not a capability"), "write for example `NET_ADMIN`");
            }
        }
    }
}

fn check_image(path: &str, image: &str, findings: &mut Findings) {
    const HINT: &str = "write it as `registry.example/name:tag`";
    if findings.is_open(image) {
        return;
    }
    if image.trim().is_empty() {
        findings.error(path, "the image is empty", HINT);
    } else if image.contains(char::is_whitespace) {
        findings.error(path, format!("`{image}` contains white space"), HINT);
    } else if image.contains("://") {
        findings.error(path, format!("`{image}` is an address, not an image"), HINT);
    } else if let Some(letter) = image.chars().find(|letter| !may_be_in_image(*letter)) {
        findings.error(path, format!("`{image}` contains `{letter}`, which no image can"), HINT);
    }
}

fn may_be_in_image(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "._-/:@".contains(letter)
}

fn check_resources(path: &str, resources: &ResourceRequirements, findings: &mut Findings) {
    for (field, amounts) in [("requests", &resources.requests), ("limits", &resources.limits)] {
        for (name, amount) in amounts.iter().flatten() {
            if !findings.is_open(&amount.0) && !quantity::is_quantity(&amount.0) {
                let message = format!("`{}` is not a quantity", amount.0);
                findings.error(format!("{path}.{field}.{name}"), message, "write for example `250m`, `2` or `512Mi`");
            }
        }
    }
    if resources.claims.as_ref().is_some_and(|claims| !claims.is_empty()) {
        findings.error(format!("{path}.claims"), "not supported yet by this version of Assay", "remove it");
    }
}
