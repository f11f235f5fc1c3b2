//! The source of Flux's objects.

use assay_api::GitSource;
use serde_json::Value;

use super::context::{ObjectName, ReadContext};
use super::fields::{flag, list, owned, text};
use super::paths::covers;
use super::sources::repository_address;
use crate::delivery::Source;
use crate::revision::commit_of;

/// What a Kustomization takes its content from, as kind, namespace and name.
pub(super) fn source_of(kustomization: &Value) -> Option<ObjectName> {
    let own = text(kustomization, "/metadata/namespace").unwrap_or_default();
    let namespace = text(kustomization, "/spec/sourceRef/namespace").unwrap_or(own).to_owned();
    let name = text(kustomization, "/spec/sourceRef/name")?.to_owned();
    Some((text(kustomization, "/spec/sourceRef/kind")?.to_owned(), namespace, name))
}

/// A path of a `GitRepository`. Of its references `commit` counts before `name`, `semver`, `tag` and `branch`, as
/// with Flux itself; without any it is the branch `master`.
pub(super) fn git_source(repository: &Value, path: String) -> Source {
    let url = repository_address(text(repository, "/spec/url").unwrap_or_default());
    let reference = |field: &str| text(repository, &format!("/spec/ref/{field}"));
    let pinned = |to: String| Source::Pinned { repository: url.clone(), to, path: path.clone() };
    if let Some(commit) = reference("commit") {
        return pinned(format!("commit {commit}"));
    }
    let branch =
        |name: &str| Source::Branch(GitSource { repository: url.clone(), branch: name.to_owned(), path: path.clone() });
    if let Some(name) = reference("name") {
        return match (name.strip_prefix("refs/heads/"), name.strip_prefix("refs/tags/")) {
            (Some(name), _) => branch(name),
            (_, Some(tag)) => pinned(format!("tag {tag}")),
            _ => pinned(format!("reference {name}")),
        };
    }
    if let Some(versions) = reference("semver") {
        return pinned(format!("versions {versions}"));
    }
    if let Some(tag) = reference("tag") {
        return pinned(format!("tag {tag}"));
    }
    branch(reference("branch").unwrap_or("master"))
}

/// The commit that a `GitRepository` offers.
pub(super) fn offered(repository: &Value) -> Option<String> {
    text(repository, "/status/artifact/revision").and_then(commit_of)
}

/// Whether what it offers was found on another branch than this one, which it names by now.
pub(super) fn of_another_branch(repository: &Value, branch: &str) -> bool {
    let revision = text(repository, "/status/artifact/revision").and_then(|revision| revision.rsplit_once('@'));
    revision.is_some_and(|(found_on, _)| found_on.strip_prefix("refs/heads/").unwrap_or(found_on) != branch)
}

/// Image automations that write into the delivered paths of the same branch. One that is suspended writes
/// nothing, and one that pushes to a branch of its own leaves the merge to people.
pub(super) fn image_writers(
    context: &ReadContext,
    repository: &ObjectName,
    git: &GitSource,
    paths: &[String],
) -> Vec<String> {
    let (kind, namespace, name) = repository;
    let writes = |automation: &Value| {
        let own = text(automation, "/metadata/namespace").unwrap_or_default();
        let pushed = text(automation, "/spec/git/push/branch").unwrap_or(&git.branch);
        let path = super::paths::clean(text(automation, "/spec/update/path").unwrap_or_default()).unwrap_or_default();
        text(automation, "/spec/sourceRef/kind").unwrap_or("GitRepository") == kind
            && text(automation, "/spec/sourceRef/name") == Some(name)
            && text(automation, "/spec/sourceRef/namespace").unwrap_or(own) == namespace
            && pushed == git.branch
            && paths.iter().any(|delivered| covers(&path, delivered) || covers(delivered, &path))
            && !flag(automation, "/spec/suspend")
    };
    let writing = context.image_automations.iter().filter(|automation| writes(automation));
    let named = writing.map(|automation| {
        let (namespace, name) = (owned(automation, "/metadata/namespace"), owned(automation, "/metadata/name"));
        format!("Flux ImageUpdateAutomation {namespace}/{name}")
    });
    named.collect()
}

/// What is odd about a `GitRepository` that is tested.
pub(super) fn remarks(repository: &Value) -> Vec<String> {
    let mut remarks = Vec::new();
    if !list(repository, "/spec/include").is_empty() {
        remarks.push(
            "the GitRepository includes other repositories (spec.include): what changes there is not compared, and no \
             rollback restores it"
                .to_owned(),
        );
    }
    if repository.pointer("/spec/ref").is_none() {
        remarks.push("the GitRepository names no branch: Flux takes master".to_owned());
    }
    remarks
}
