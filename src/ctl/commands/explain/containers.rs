//! The pod, container by container.

use std::collections::BTreeMap;

use assay_api::names::{CONTAINER_INSTALL, CONTAINER_LEADER};
use assay_plan::Rendered;
use k8s_openapi::api::core::v1::{Container, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::secrets::pod;
use super::words::list;
use crate::output::terminal::plain;

/// Every container of the pod, in the order in which they start.
pub(super) fn containers(rendered: &Rendered) -> String {
    let Some(pod) = pod(&rendered.job) else { return String::new() };
    let mut out = "\nContainers (they start together; each waits for its turn):\n".to_owned();
    for container in pod.init_containers.iter().flatten().chain(&pod.containers) {
        out.push_str(&one(rendered, container));
    }
    if let Some(account) = &pod.service_account_name {
        out.push_str(&format!("  the pod runs as service account {}\n", plain(account)));
    }
    out
}

fn one(rendered: &Rendered, container: &Container) -> String {
    let image = plain(container.image.as_deref().unwrap_or_default());
    let mut out = format!("  {}: {image}\n", plain(&container.name));
    let mut lines = vec![purpose(rendered, &container.name)];
    lines.extend(container.resources.as_ref().map(resources).filter(|text| !text.is_empty()));
    lines.extend(user(container));
    lines.extend(maps(container));
    out.extend(lines.iter().filter(|line| !line.is_empty()).map(|line| format!("    - {line}\n")));
    out
}

fn purpose(rendered: &Rendered, name: &str) -> String {
    match name {
        CONTAINER_LEADER => {
            "leads: orders the steps, reports, holds the token; runs nothing of the workflow".to_owned()
        }
        CONTAINER_INSTALL => "copies the runner into the pod, and ends".to_owned(),
        _ => {
            let plan = &rendered.plan;
            let inside = plan
                .steps
                .iter()
                .filter(|step| plan.groups.get(usize::from(step.group)).is_some_and(|group| group.container == name));
            let steps: Vec<String> = inside.map(|step| plain(&step.id)).collect();
            if steps.is_empty() { "runs no step".to_owned() } else { format!("runs {}", list(&steps)) }
        }
    }
}

fn resources(resources: &ResourceRequirements) -> String {
    let said = |what: &str, quantities: Option<&BTreeMap<String, Quantity>>| {
        let parts = quantities.into_iter().flatten().map(|(name, Quantity(quantity))| format!("{name} {quantity}"));
        let parts: Vec<String> = parts.map(|part| plain(&part)).collect();
        (!parts.is_empty()).then(|| format!("{what} {}", list(&parts)))
    };
    let parts = [said("asks for", resources.requests.as_ref()), said("is limited to", resources.limits.as_ref())];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn user(container: &Container) -> Option<String> {
    let context = container.security_context.as_ref()?;
    let mut parts = Vec::new();
    parts.extend(context.run_as_user.map(|user| format!("runs as user {user}")));
    if context.privileged == Some(true) {
        parts.push("is privileged: it may do anything on its node".to_owned());
    }
    if context.read_only_root_filesystem == Some(true) {
        parts.push("its image is read-only".to_owned());
    }
    let added = context.capabilities.as_ref().and_then(|all| all.add.as_ref()).filter(|added| !added.is_empty());
    parts.extend(added.map(|added| format!("has the capabilities {}", plain(&added.join(", ")))));
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn maps(container: &Container) -> Option<String> {
    let keys = container.env.iter().flatten().filter_map(|entry| {
        let key = entry.value_from.as_ref()?.config_map_key_ref.as_ref()?;
        Some(format!("key {} of ConfigMap {} as {}", plain(&key.key), plain(&key.name), plain(&entry.name)))
    });
    let whole =
        container.env_from.iter().flatten().filter_map(|source| {
            Some(format!("all keys of ConfigMap {}", plain(&source.config_map_ref.as_ref()?.name)))
        });
    let all: Vec<String> = keys.chain(whole).collect();
    (!all.is_empty()).then(|| format!("reads {}", list(&all)))
}
