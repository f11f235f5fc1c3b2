//! A repository that is served over HTTP by Git's own program, and the people who write to it.

use std::path::{Path, PathBuf};
use std::process::{Command as Run, Stdio};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

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
    let mut command = Run::new("git");
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
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut command = Command::new("git");
    command.arg("http-backend").env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs([
        ("GIT_PROJECT_ROOT", root.display().to_string()),
        ("GIT_HTTP_EXPORT_ALL", "1".to_owned()),
        ("REQUEST_METHOD", method.to_string()),
        ("PATH_INFO", uri.path().to_owned()),
        ("QUERY_STRING", uri.query().unwrap_or_default().to_owned()),
        ("CONTENT_TYPE", header("content-type")),
        ("CONTENT_LENGTH", body.len().to_string()),
        ("HTTP_CONTENT_ENCODING", header("content-encoding")),
        ("GIT_PROTOCOL", header("git-protocol")),
        ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
        ("GIT_CONFIG_COUNT", "3".to_owned()),
        ("GIT_CONFIG_KEY_0", "http.receivepack".to_owned()),
        ("GIT_CONFIG_VALUE_0", "true".to_owned()),
        ("GIT_CONFIG_KEY_1", "safe.directory".to_owned()),
        ("GIT_CONFIG_VALUE_1", "*".to_owned()),
        ("GIT_CONFIG_KEY_2", "uploadpack.allowFilter".to_owned()),
        ("GIT_CONFIG_VALUE_2", "true".to_owned()),
    ]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().expect("git runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    tokio::spawn(async move { stdin.write_all(&body).await });
    answer(&child.wait_with_output().await.expect("it ends").stdout)
}

/// What a CGI program writes.
fn answer(out: &[u8]) -> Response<Body> {
    let end = out.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(out.len());
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&out[..end]).lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        response = match name {
            "Status" => {
                response.status(value.split(' ').next().and_then(|code| code.parse::<u16>().ok()).unwrap_or(500))
            }
            _ => response.header(name, value),
        };
    }
    let body = out.get(end + 4..).unwrap_or_default().to_vec();
    response.body(Body::from(body)).expect("a response")
}
