//! Who sees which secret.

use std::collections::BTreeMap;

use assay_plan::Rendered;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Container, PodSpec, Volume};

use super::words::list;
use crate::output::table::{Cell, table};
use crate::output::terminal::plain;

/// A secret as a container sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    /// Name of the Secret.
    secret: String,
    /// Its key; absent for all of them.
    key: Option<String>,
    /// Where it is found.
    how: String,
}

impl Seen {
    /// `key K of Secret S`.
    pub(super) fn source(&self) -> String {
        match &self.key {
            Some(key) => format!("key {} of Secret {}", plain(key), plain(&self.secret)),
            None => format!("all keys of Secret {}", plain(&self.secret)),
        }
    }
}

/// The pod of a Job.
pub(super) fn pod(job: &Job) -> Option<&PodSpec> {
    job.spec.as_ref()?.template.spec.as_ref()
}

/// The secrets that a container sees.
pub(super) fn seen_by(job: &Job, container: &str) -> Vec<Seen> {
    let Some(pod) = pod(job) else { return Vec::new() };
    let found = pod.containers.iter().chain(pod.init_containers.iter().flatten()).find(|one| one.name == container);
    found.map(|found| seen(pod, found)).unwrap_or_default()
}

fn seen(pod: &PodSpec, container: &Container) -> Vec<Seen> {
    let mut all = Vec::new();
    for entry in container.env.iter().flatten() {
        let Some(key) = entry.value_from.as_ref().and_then(|from| from.secret_key_ref.as_ref()) else { continue };
        let how = format!("environment {}", plain(&entry.name));
        all.push(Seen { secret: key.name.clone(), key: Some(key.key.clone()), how });
    }
    for source in container.env_from.iter().flatten() {
        let Some(secret) = &source.secret_ref else { continue };
        let how = match source.prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
            Some(prefix) => format!("environment {}…", plain(prefix)),
            None => "environment, by the names of the keys".to_owned(),
        };
        all.push(Seen { secret: secret.name.clone(), key: None, how });
    }
    for mount in container.volume_mounts.iter().flatten() {
        let volumes = pod.volumes.iter().flatten().filter(|volume| volume.name == mount.name);
        all.extend(volumes.flat_map(|volume| mounted(volume, &mount.mount_path)));
    }
    all
}

fn mounted(volume: &Volume, path: &str) -> Vec<Seen> {
    let how = format!("files at {}", plain(path));
    let mut all = Vec::new();
    if let Some(secret) = &volume.secret {
        all.push(Seen { secret: secret.secret_name.clone().unwrap_or_default(), key: None, how: how.clone() });
    }
    for source in volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten()) {
        let Some(secret) = &source.secret else { continue };
        match &secret.items {
            Some(items) => all.extend(items.iter().map(|item| Seen {
                secret: secret.name.clone(),
                key: Some(item.key.clone()),
                how: how.clone(),
            })),
            None => all.push(Seen { secret: secret.name.clone(), key: None, how: how.clone() }),
        }
    }
    all
}

/// A row for each secret and container.
pub(super) fn secrets(rendered: &Rendered) -> String {
    let Some(pod) = pod(&rendered.job) else { return String::new() };
    let mut rows: BTreeMap<Seen, Vec<String>> = BTreeMap::new();
    for container in pod.containers.iter().chain(pod.init_containers.iter().flatten()) {
        for secret in seen(pod, container) {
            rows.entry(secret).or_default().push(container.name.clone());
        }
    }
    if rows.is_empty() {
        return "\nSecrets: no container sees any.\n".to_owned();
    }
    let rows = rows.into_iter().map(|(secret, containers)| -> Vec<Cell> {
        vec![
            format!("  {}", plain(&secret.secret)).into(),
            secret.key.as_deref().map_or_else(|| "all".to_owned(), plain).into(),
            list(&containers).into(),
            plain(&secret.how).into(),
            steps_in(rendered, &containers).into(),
        ]
    });
    let head = ["  SECRET", "KEY", "CONTAINERS", "AS", "STEPS"];
    format!("\nSecrets (values are masked in all output):\n{}", table(&head, rows.collect()))
}

/// The steps that run in one of the containers.
fn steps_in(rendered: &Rendered, containers: &[String]) -> String {
    let plan = &rendered.plan;
    let inside = plan.steps.iter().filter(|step| {
        plan.groups.get(usize::from(step.group)).is_some_and(|group| containers.contains(&group.container))
    });
    plain(&inside.map(|step| step.id.as_str()).collect::<Vec<_>>().join(", "))
}
