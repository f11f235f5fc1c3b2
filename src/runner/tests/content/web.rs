//! An HTTP server with real `git http-backend` behind it: open, or with a
//! password, or only pointing elsewhere; plain or with TLS.

use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What a server does.
#[derive(Default)]
pub struct Manners {
    /// Folder of the repositories, and of files for everything below `/files/`.
    pub root: PathBuf,
    /// The value of `Authorization` that opens the door.
    pub password: Option<String>,
    /// Where every request is sent on to.
    pub elsewhere: Option<String>,
    /// Speaks the protocol that gives no single commits.
    pub old: bool,
    pub tls: Option<TlsAcceptor>,
}

/// A running server; it ends with the test.
pub struct Web {
    pub address: SocketAddr,
    /// `Authorization` of every request that had one.
    pub seen: Arc<Mutex<Vec<String>>>,
    _runtime: tokio::runtime::Runtime,
}

struct State {
    manners: Manners,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Web {
    pub fn start(manners: Manners) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::default();
        let state = Arc::new(State { manners, seen: Arc::clone(&seen) });
        runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let state = Arc::clone(&state);
                tokio::spawn(async move {
                    let own = Arc::clone(&state);
                    let service = service_fn(move |request| {
                        let state = Arc::clone(&own);
                        async move { Ok::<_, Infallible>(answer(state, request).await) }
                    });
                    let _ = match &state.manners.tls {
                        Some(tls) => match tls.accept(stream).await {
                            Ok(secure) => http1::Builder::new().serve_connection(TokioIo::new(secure), service).await,
                            Err(_) => return,
                        },
                        None => http1::Builder::new().serve_connection(TokioIo::new(stream), service).await,
                    };
                });
            }
        });
        Self { address, seen, _runtime: runtime }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }
}

type Answer = Response<Full<Bytes>>;

fn plain(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    Response::builder().status(status).body(Full::new(body.into())).unwrap()
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Answer {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let given = parts.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    state.seen.lock().unwrap().extend(given.clone());
    let manners = &state.manners;
    if let Some(elsewhere) = &manners.elsewhere {
        let target = format!("{elsewhere}{}", parts.uri);
        return Response::builder().status(302).header("location", target).body(Full::default()).unwrap();
    }
    if manners.password.is_some() && manners.password != given {
        let builder = Response::builder().status(401).header("www-authenticate", "Basic realm=\"x\"");
        return builder.body(Full::default()).unwrap();
    }
    let path = parts.uri.path().to_owned();
    if let Some(file) = path.strip_prefix("/files/") {
        return std::fs::read(manners.root.join(file))
            .map_or_else(|_| plain(StatusCode::NOT_FOUND, "no such file"), |bytes| plain(StatusCode::OK, bytes));
    }
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &manners.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_COUNT", "2")
        .envs([("GIT_CONFIG_KEY_0", "safe.directory"), ("GIT_CONFIG_VALUE_0", "*")])
        .envs([("GIT_CONFIG_KEY_1", "uploadpack.allowFilter"), ("GIT_CONFIG_VALUE_1", "true")])
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", path)
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_LENGTH", body.len().to_string());
    for (header, variable) in [("content-type", "CONTENT_TYPE"), ("content-encoding", "HTTP_CONTENT_ENCODING")] {
        if let Some(value) = parts.headers.get(header) {
            command.env(variable, value.to_str().unwrap());
        }
    }
    if let Some(version) = parts.headers.get("git-protocol").filter(|_| !manners.old) {
        command.env("GIT_PROTOCOL", version.to_str().unwrap());
    }
    tokio::task::spawn_blocking(move || backend(command, &body)).await.unwrap()
}

/// Runs the program and reads its answer: headers, an empty line, the body.
fn backend(mut command: Command, body: &[u8]) -> Answer {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // Who ends before all is read has an answer, or none: a client that went away needs none.
    let _ = child.stdin.take().unwrap().write_all(body);
    let output = child.wait_with_output().unwrap().stdout;
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(output.len());
    let mut builder = Response::builder();
    for line in std::str::from_utf8(&output[..end]).unwrap().lines() {
        let (name, value) = line.split_once(": ").unwrap();
        builder = match name {
            "Status" => builder.status(value.split(' ').next().unwrap()),
            _ => builder.header(name, value),
        };
    }
    builder.body(Full::new(Bytes::copy_from_slice(output.get(end + 4..).unwrap_or_default()))).unwrap()
}

/// The header that a user with a password sends.
pub fn basic(user: &str, password: &str) -> String {
    let mut command = Command::new("base64").arg("-w0").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    write!(command.stdin.take().unwrap(), "{user}:{password}").unwrap();
    let encoded = String::from_utf8(command.wait_with_output().unwrap().stdout).unwrap();
    format!("Basic {encoded}")
}

/// An open server for these repositories.
pub fn open(root: &Path) -> Web {
    Web::start(Manners { root: root.to_owned(), ..Manners::default() })
}
