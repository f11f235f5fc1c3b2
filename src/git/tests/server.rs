//! A Git server: `git http-backend` behind a few lines of HTTP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::author::{Author, git};
use crate::{Credentials, Limits, Remote, Repositories, Secret};

pub(super) const USER: &str = "assay";
/// Must be nowhere.
pub(super) const CANARY: &str = "canary-7f3/9:a@b";

#[derive(Default)]
pub(super) struct Switch {
    root: PathBuf,
    /// Every answer is 503.
    pub(super) down: AtomicBool,
    /// Pushes are 403.
    pub(super) read_only: AtomicBool,
    /// The server does not leave out contents.
    pub(super) whole: AtomicBool,
    /// Reading needs no password.
    pub(super) open: AtomicBool,
    /// Everything is elsewhere.
    pub(super) redirect: Mutex<Option<String>>,
    /// Fetches so far.
    pub(super) fetches: AtomicUsize,
    /// Passwords that were shown.
    pub(super) shown: AtomicUsize,
}

pub(super) struct Server {
    _dir: TempDir,
    pub(super) address: SocketAddr,
    pub(super) switch: Arc<Switch>,
    task: tokio::task::JoinHandle<()>,
    pub(super) mirrors: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let switch = Arc::new(Switch { root: dir.path().to_owned(), ..Switch::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(serve).with_state(Arc::clone(&switch));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { _dir: dir, address, switch, task, mirrors: tempfile::tempdir().unwrap() }
    }

    pub(super) fn bare(&self, name: &str) -> PathBuf {
        self.switch.root.join(format!("{name}.git"))
    }

    pub(super) fn repository(&self, name: &str, format: &str) -> Author {
        let bare = self.bare(name);
        std::fs::create_dir(&bare).unwrap();
        git(&bare, &["init", "--quiet", "--bare", "-b", "main", &format!("--object-format={format}")], 0);
        Author::of(&bare, format)
    }

    pub(super) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}.git", self.address)
    }

    pub(super) fn remote(&self, name: &str) -> Remote {
        let credentials = Credentials::Basic { username: USER.to_owned(), password: Secret::new(CANARY) };
        Remote { url: self.url(name), credentials, ca: None }
    }

    pub(super) fn repositories(&self) -> Repositories {
        Repositories::new(self.mirrors.path())
    }

    pub(super) fn limited(&self, limits: Limits) -> Repositories {
        Repositories::with_limits(self.mirrors.path(), limits)
    }

    /// Every push is refused with these words.
    pub(super) fn protect(&self, name: &str, words: &str) {
        let hook = self.bare(name).join("hooks/pre-receive");
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, format!("#!/bin/sh\ncat >/dev/null\necho '{words}' >&2\nexit 1\n")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&hook, mode).unwrap();
    }
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::builder().status(status);
    if status == StatusCode::UNAUTHORIZED {
        response = response.header("www-authenticate", "Basic realm=\"git\"");
    }
    response.body(Body::empty()).unwrap()
}

fn knows_the_password(headers: &HeaderMap) -> bool {
    // `printf assay:canary-7f3/9:a@b | base64`
    headers.get("authorization").is_some_and(|value| value == "Basic YXNzYXk6Y2FuYXJ5LTdmMy85OmFAYg==")
}

async fn serve(
    State(switch): State<Arc<Switch>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let query = uri.query().unwrap_or_default().to_owned();
    let pushes = uri.path().ends_with("/git-receive-pack") || query.contains("git-receive-pack");
    if headers.contains_key("authorization") {
        switch.shown.fetch_add(1, Ordering::SeqCst);
    }
    let redirect = switch.redirect.lock().unwrap().clone();
    if let Some(to) = redirect {
        let to = format!("{to}{}", uri.path_and_query().unwrap());
        return Response::builder().status(StatusCode::FOUND).header("location", to).body(Body::empty()).unwrap();
    }
    if switch.down.load(Ordering::SeqCst) {
        return plain(StatusCode::SERVICE_UNAVAILABLE);
    }
    if !knows_the_password(&headers) && (pushes || !switch.open.load(Ordering::SeqCst)) {
        return plain(StatusCode::UNAUTHORIZED);
    }
    if pushes && switch.read_only.load(Ordering::SeqCst) {
        return plain(StatusCode::FORBIDDEN);
    }
    if query.contains("git-upload-pack") {
        switch.fetches.fetch_add(1, Ordering::SeqCst);
    }
    backend(&switch, &method, uri.path(), &query, &headers, &body).await
}

async fn backend(
    switch: &Switch,
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Response<Body> {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let filter = if switch.whole.load(Ordering::SeqCst) { "false" } else { "true" };
    let mut command = Command::new("git");
    command.arg("http-backend").env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.envs([
        ("GIT_PROJECT_ROOT", switch.root.display().to_string()),
        ("GIT_HTTP_EXPORT_ALL", "1".to_owned()),
        ("REQUEST_METHOD", method.to_string()),
        ("PATH_INFO", path.to_owned()),
        ("QUERY_STRING", query.to_owned()),
        ("CONTENT_TYPE", header("content-type")),
        ("CONTENT_LENGTH", body.len().to_string()),
        ("HTTP_CONTENT_ENCODING", header("content-encoding")),
        ("GIT_PROTOCOL", header("git-protocol")),
        ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
        ("HOME", "/dev/null".to_owned()),
        ("GIT_CONFIG_COUNT", "4".to_owned()),
        ("GIT_CONFIG_KEY_0", "http.receivepack".to_owned()),
        ("GIT_CONFIG_VALUE_0", "true".to_owned()),
        ("GIT_CONFIG_KEY_1", "safe.directory".to_owned()),
        ("GIT_CONFIG_VALUE_1", "*".to_owned()),
        ("GIT_CONFIG_KEY_2", "uploadpack.allowFilter".to_owned()),
        ("GIT_CONFIG_VALUE_2", filter.to_owned()),
        ("GIT_CONFIG_KEY_3", "receive.denyDeletes".to_owned()),
        ("GIT_CONFIG_VALUE_3", "true".to_owned()),
    ]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let body = body.to_vec();
    tokio::spawn(async move {
        let _ = stdin.write_all(&body).await;
    });
    answer(&child.wait_with_output().await.unwrap().stdout)
}

/// What a CGI program writes.
fn answer(out: &[u8]) -> Response<Body> {
    let end = out.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(out.len());
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&out[..end]).lines() {
        let (name, value) = line.split_once(": ").unwrap();
        if name == "Status" {
            response = response.status(value.split(' ').next().unwrap().parse::<u16>().unwrap());
        } else {
            response = response.header(name, value);
        }
    }
    response.body(Body::from(out.get(end + 4..).unwrap_or_default().to_vec())).unwrap()
}

/// Whether any file below a folder holds the text.
pub(super) fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            holds(&path, text)
        } else {
            String::from_utf8_lossy(&std::fs::read(path).unwrap()).contains(text)
        }
    })
}
