//! What brings repositories and archives into the workspace: a container of
//! Assay's own, which alone holds the credentials.

use assay_api::names::PATH_WORKSPACE;
use assay_api::{ContainerConfig, GitContent, Tarball};
use assay_protocol::Action;
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource};

use crate::expressions::LateText;
use crate::path::absolute;

/// Image with what brings repositories and archives, where no other is configured.
pub const DEFAULT_GIT_IMAGE: &str = concat!("assay/git:", env!("CARGO_PKG_VERSION"));

/// Folder of a repository that names none.
pub(crate) const DEFAULT_MOUNT_PATH: &str = "/data/repo";
/// Commits of history that are fetched when a repository does not say.
const DEFAULT_DEPTH: i32 = 1;
/// Attempts at bringing content that says nothing about them.
pub(crate) const FETCH_ATTEMPTS: u32 = 5;

/// Settings of a step's environment that fetching obeys too: how to reach the
/// world through a proxy, and whom to trust.
const PASSED_ON: [&str; 9] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "GIT_SSL_CAINFO",
];

/// The folder of a repository.
pub(crate) fn target(git: &GitContent) -> String {
    absolute(git.mount_path.as_deref().unwrap_or(DEFAULT_MOUNT_PATH))
}

/// What clones a repository.
pub(crate) fn clone(git: &GitContent, container: &ContainerConfig) -> Action {
    let depth = git.depth.unwrap_or(DEFAULT_DEPTH).max(0).to_string();
    let target = target(git);
    let mut env = passed_on(container);
    let mut set = |name: &str, value: String| env.push((format!("ASSAY_GIT_{name}"), value));
    set("URI", git.uri.clone());
    set("REVISION", git.revision.clone().unwrap_or_default());
    set("DEPTH", depth);
    set("PATHS", git.paths.join("\n"));
    set("CONE", git.cone.to_string());
    set("TARGET", target.clone());
    set("SUBMODULES", git.submodules.to_string());
    if let Some(username) = &git.username {
        set("USERNAME", username.clone());
    }
    let revision = git.revision.as_ref().map(|revision| format!(" at {revision}")).unwrap_or_default();
    action("assay-clone", env, format!("clone {}{revision} into {target}", git.uri))
}

/// What fetches an archive.
pub(crate) fn fetch(tarball: &Tarball, container: &ContainerConfig) -> Action {
    let target = absolute(&tarball.path);
    let mut env = passed_on(container);
    env.push(("ASSAY_FETCH_URL".to_owned(), tarball.url.clone()));
    env.push(("ASSAY_FETCH_TARGET".to_owned(), target.clone()));
    if let Some(digest) = &tarball.sha256 {
        env.push(("ASSAY_FETCH_SHA256".to_owned(), digest.to_ascii_lowercase()));
    }
    action("assay-fetch", env, format!("fetch {} into {target}", tarball.url))
}

/// The credentials of a repository, as environment of the one container that sees them.
pub(crate) fn credentials(git: &GitContent) -> Vec<EnvVar> {
    let from = |name: &str, source: &Option<EnvVarSource>| {
        let name = format!("ASSAY_GIT_{name}");
        source.clone().map(|source| EnvVar { name, value: None, value_from: Some(source) })
    };
    [
        from("KNOWN_HOSTS", &git.known_hosts_from),
        from("SSH_KEY", &git.ssh_key_from),
        from("TOKEN", &git.token_from),
        from("USERNAME", &git.username_from),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn passed_on(container: &ContainerConfig) -> Vec<(String, String)> {
    let plain = container.env.iter().filter(|entry| PASSED_ON.contains(&entry.name.as_str()));
    let values = plain.filter_map(|entry| Some((entry.name.clone(), LateText::of(entry.value.as_deref()?))));
    values.filter(|(_, value)| !value.waits).map(|(name, value)| (name, value.text)).collect()
}

fn action(program: &str, env: Vec<(String, String)>, display: String) -> Action {
    Action {
        argv: vec![program.to_owned()],
        env,
        working_dir: PATH_WORKSPACE.to_owned(),
        display,
        dynamic: false,
        needs: Vec::new(),
    }
}
