//! Settings of containers, content, pods and Jobs, merged field by field. The
//! structures are made in full, so that a new field cannot be forgotten here.

use assay_api::{ContainerConfig, Content, JobConfig, PodConfig, Raw, Timeouts};

use super::layers::Layers;
use super::origins::Origins;

/// As [`crate::container::merge`] lays the settings of a step over those of
/// the workflow: `env` by name, and a new `command` drops the `args` of the old one.
pub(super) fn container(layers: &Layers<'_, ContainerConfig>, origins: &mut Origins) -> ContainerConfig {
    let commands = layers.layers.iter().rposition(|layer| layer.part.command.is_some()).unwrap_or(0);
    let innermost = Layers { at: layers.at.clone(), layers: layers.layers[commands..].to_vec() };
    ContainerConfig {
        image: layers.pick("image", |part| part.image.as_ref(), origins),
        image_pull_policy: layers.pick("imagePullPolicy", |part| part.image_pull_policy.as_ref(), origins),
        env: layers.list("env", |part| &part.env, |a, b| a.name == b.name, origins),
        env_from: layers.list("envFrom", |part| &part.env_from, |a, b| a == b, origins),
        working_dir: layers.pick("workingDir", |part| part.working_dir.as_ref(), origins),
        command: layers.pick("command", |part| part.command.as_ref(), origins),
        args: innermost.pick("args", |part| part.args.as_ref(), origins),
        resources: layers.pick("resources", |part| part.resources.as_ref(), origins),
        security_context: layers.pick("securityContext", |part| part.security_context.as_ref(), origins),
        volume_mounts: layers.list(
            "volumeMounts",
            |part| &part.volume_mounts,
            |a, b| a.mount_path == b.mount_path,
            origins,
        ),
    }
}

/// Files and archives by their path; the innermost repository.
pub(super) fn content(layers: &Layers<'_, Content>, origins: &mut Origins) -> Content {
    Content {
        files: layers.list("files", |part| &part.files, |a, b| a.path == b.path, origins),
        git: layers.pick("git", |part| part.git.as_ref(), origins),
        tarball: layers.list("tarball", |part| &part.tarball, |a, b| a.path == b.path, origins),
    }
}

pub(super) fn timeouts(layers: &Layers<'_, Timeouts>, origins: &mut Origins) -> Timeouts {
    Timeouts {
        execution: layers.pick("execution", |part| part.execution.as_ref(), origins),
        start: layers.pick("start", |part| part.start.as_ref(), origins),
        queue: layers.pick("queue", |part| part.queue.as_ref(), origins),
        image_pull: layers.pick("imagePull", |part| part.image_pull.as_ref(), origins),
        pause: layers.pick("pause", |part| part.pause.as_ref(), origins),
    }
}

pub(super) fn job(layers: &Layers<'_, JobConfig>, origins: &mut Origins) -> JobConfig {
    JobConfig {
        labels: layers.map("labels", |part| &part.labels, origins),
        annotations: layers.map("annotations", |part| &part.annotations, origins),
        active_deadline_seconds: layers.pick(
            "activeDeadlineSeconds",
            |part| part.active_deadline_seconds.as_ref(),
            origins,
        ),
    }
}

/// Maps by key, volumes by name, other lists one after another.
pub(super) fn pod(layers: &Layers<'_, PodConfig>, origins: &mut Origins) -> PodConfig {
    PodConfig {
        labels: layers.map("labels", |part| &part.labels, origins),
        annotations: layers.map("annotations", |part| &part.annotations, origins),
        service_account_name: layers.pick("serviceAccountName", |part| part.service_account_name.as_ref(), origins),
        automount_service_account_token: layers.pick(
            "automountServiceAccountToken",
            |part| part.automount_service_account_token.as_ref(),
            origins,
        ),
        image_pull_secrets: layers.list("imagePullSecrets", |part| &part.image_pull_secrets, |a, b| a == b, origins),
        node_selector: layers.map("nodeSelector", |part| &part.node_selector, origins),
        node_name: layers.pick("nodeName", |part| part.node_name.as_ref(), origins),
        volumes: layers.list("volumes", |part| &part.volumes, same_name, origins),
        security_context: layers.pick("securityContext", |part| part.security_context.as_ref(), origins),
        affinity: layers.pick("affinity", |part| part.affinity.as_ref(), origins),
        tolerations: layers.list("tolerations", |part| &part.tolerations, |a, b| a == b, origins),
        topology_spread_constraints: layers.list(
            "topologySpreadConstraints",
            |part| &part.topology_spread_constraints,
            |a, b| a == b,
            origins,
        ),
        host_aliases: layers.list("hostAliases", |part| &part.host_aliases, |a, b| a == b, origins),
        dns_policy: layers.pick("dnsPolicy", |part| part.dns_policy.as_ref(), origins),
        dns_config: layers.pick("dnsConfig", |part| part.dns_config.as_ref(), origins),
        hostname: layers.pick("hostname", |part| part.hostname.as_ref(), origins),
        subdomain: layers.pick("subdomain", |part| part.subdomain.as_ref(), origins),
        priority_class_name: layers.pick("priorityClassName", |part| part.priority_class_name.as_ref(), origins),
        scheduler_name: layers.pick("schedulerName", |part| part.scheduler_name.as_ref(), origins),
        runtime_class_name: layers.pick("runtimeClassName", |part| part.runtime_class_name.as_ref(), origins),
    }
}

fn same_name(a: &Raw, b: &Raw) -> bool {
    let name = |raw: &Raw| raw.0.get("name").and_then(serde_json::Value::as_str).map(str::to_owned);
    name(a).is_some() && name(a) == name(b)
}
