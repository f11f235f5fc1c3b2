//! A Git server that asks for a password, and does to its clients what servers do.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use assay_git_server::{Folder, Request};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use tempfile::TempDir;

use super::author::{Author, git};
use crate::{Credentials, Limits, Remote, Repositories, Secret};

pub(super) const USER: &str = "assay";
/// Must be nowhere. Another one in each process, for the arguments of all are looked at.
pub(super) static CANARY: LazyLock<String> = LazyLock::new(|| {
    let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("canary-{}-{nanos}/9:a@b", std::process::id())
});
/// The header that shows it.
static SHOWN: LazyLock<String> = LazyLock::new(|| {
    let mut command = std::process::Command::new("base64");
    let mut child = command.arg("-w0").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    write!(child.stdin.take().unwrap(), "{USER}:{}", *CANARY).unwrap();
    format!("Basic {}", String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap())
});

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
        let credentials = Credentials::Basic { username: USER.to_owned(), password: Secret::new(CANARY.as_str()) };
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
    headers.get("authorization").is_some_and(|value| value == SHOWN.as_str())
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
    let folder = Folder { root: switch.root.clone(), whole: switch.whole.load(Ordering::SeqCst) };
    folder.answer(Request { method, uri, headers, body }).await
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
