//! A repository that is served over HTTP by Git's own program, and the people who write to it.

use std::path::{Path, PathBuf};
use std::process::Command;

use assay_git_server::{Folder, Request};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};

/// A repository with one branch, `main`.
pub(crate) struct Repository {
    folder: tempfile::TempDir,
    /// Where it is served.
    pub(crate) url: String,
}

impl Repository {
    /// An empty one.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/team/shop.git", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(serve).with_state(folder.path().to_owned());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let repository = Self { folder, url };
        std::fs::create_dir_all(repository.bare()).expect("a folder");
        repository.git(&["init", "--quiet", "--bare", "-b", "main"]);
        repository
    }

    fn bare(&self) -> PathBuf {
        self.folder.path().join("team/shop.git")
    }

    /// What a command of Git says, run in the repository itself.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        run(&self.bare(), arguments)
    }

    /// Somebody's commit on the branch that gives a file this content.
    pub(crate) fn commit(&self, path: &str, content: &str) -> String {
        let clone = self.folder.path().join("clone");
        if !clone.exists() {
            run(self.folder.path(), &["clone", "--quiet", &self.bare().display().to_string(), "clone"]);
        }
        run(&clone, &["fetch", "--quiet", "origin"]);
        if !self.git(&["for-each-ref", "refs/heads/main"]).is_empty() {
            run(&clone, &["reset", "--quiet", "--hard", "origin/main"]);
        }
        let file = clone.join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, content).expect("written");
        run(&clone, &["add", "--all"]);
        run(&clone, &["commit", "--quiet", "-m", &format!("Set {path}")]);
        run(&clone, &["push", "--quiet", "origin", "HEAD:main"]);
        self.git(&["rev-parse", "main"])
    }
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs([
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_AUTHOR_NAME", "Dev"),
        ("GIT_AUTHOR_EMAIL", "dev@example.com"),
        ("GIT_COMMITTER_NAME", "Dev"),
        ("GIT_COMMITTER_EMAIL", "dev@example.com"),
    ]);
    let out = command.output().expect("git runs");
    assert!(out.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

async fn serve(
    State(root): State<PathBuf>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    Folder { root, whole: false }.answer(Request { method, uri, headers, body }).await
}
