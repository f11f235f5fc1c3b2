//! A small ingest server with real TLS that keeps everything in memory, and
//! misbehaves when told to.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use assay_protocol::Progress;
use assay_protocol::ingest::{Acknowledged, Commands, Hello, Stored, Welcome};
use assay_report::TestReport;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::pod::PATIENCE;

/// What the server has, and how it is to misbehave.
#[derive(Default)]
pub struct Ingest {
    pub logs: Mutex<BTreeMap<u16, Vec<u8>>>,
    pub progress: Mutex<Vec<Progress>>,
    pub report: Mutex<Option<TestReport>>,
    pub artifacts: Mutex<BTreeMap<String, Vec<u8>>>,
    pub hellos: AtomicU32,
    pub tokens: Mutex<Vec<String>>,
    /// Requests still to be answered with 401.
    pub unauthorized: AtomicU32,
    /// Requests still to be answered with 507: the store is full.
    pub full: AtomicU32,
    /// Artifacts with this in their name are refused for good.
    pub unwanted: Mutex<Option<String>>,
    /// What somebody asked for.
    pub commands: Mutex<Commands>,
    /// It has never heard of commands.
    pub old: AtomicBool,
    /// Requests for commands.
    pub asked: AtomicU32,
    /// Highest version of them that whoever asked had.
    pub heard: AtomicU64,
    /// Of log requests, every so-manieth is taken without an answer.
    pub mute_every: AtomicU32,
    posts: AtomicU32,
}

/// A running server.
pub struct Server {
    pub url: String,
    pub ca: String,
    pub ingest: Arc<Ingest>,
    /// Nobody else gets the port, also while the server is away.
    listener: std::net::TcpListener,
    acceptor: TlsAcceptor,
    runtime: tokio::runtime::Runtime,
    listening: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Server {
    pub fn start() -> Self {
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .expect("a certificate with its key");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("tokio");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("an address");
        let server = Self {
            url: format!("https://localhost:{}", address.port()),
            ca: certified.cert.pem(),
            ingest: Arc::default(),
            listener,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            runtime,
            listening: Mutex::new(None),
        };
        server.resume();
        server
    }

    /// Closes every connection, and those that come.
    pub fn pause(&self) {
        self.listen(|_, _| {});
    }

    /// Serves again, from the moment on at which this returns.
    pub fn resume(&self) {
        let (acceptor, ingest) = (self.acceptor.clone(), Arc::clone(&self.ingest));
        self.listen(move |connections, stream| {
            connections.spawn(serve(acceptor.clone(), stream, Arc::clone(&ingest)));
        });
    }

    /// Does this with who comes, and nothing else any more.
    fn listen(&self, mut welcome: impl FnMut(&mut JoinSet<()>, TcpStream) + Send + 'static) {
        let mut listening = self.listening.lock().expect("no panic");
        if let Some(task) = listening.take() {
            task.abort();
            let _ = self.runtime.block_on(task);
        }
        let listener = self.listener.try_clone().expect("a socket");
        *listening = Some(self.runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a socket");
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                welcome(&mut connections, stream);
            }
        }));
    }

    /// Somebody asks for something.
    pub fn command(&self, pause: bool, resume: &[&str]) {
        let mut commands = self.ingest.commands.lock().expect("no panic");
        let resume = resume.iter().map(|name| (*name).to_owned()).collect();
        *commands = Commands { version: commands.version + 1, pause, resume };
    }

    /// Waits until the leader has heard of all that somebody asked for.
    pub fn wait_until_heard(&self) {
        let until = std::time::Instant::now() + PATIENCE;
        let version = self.ingest.commands.lock().expect("no panic").version;
        while self.ingest.heard.load(Ordering::SeqCst) < version {
            assert!(std::time::Instant::now() < until, "nobody asks");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the leader says that the run holds.
    pub fn wait_for_pause(&self) -> String {
        let until = std::time::Instant::now() + PATIENCE;
        loop {
            let newest = self.ingest.progress.lock().expect("no panic").last().cloned();
            if let Some(paused) = newest.and_then(|progress| progress.paused) {
                return paused.step;
            }
            assert!(std::time::Instant::now() < until, "the run does not hold");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream, ingest: Arc<Ingest>) {
    let Ok(secure) = acceptor.accept(stream).await else { return };
    let service = service_fn(|request| {
        let ingest = Arc::clone(&ingest);
        async move { Ok::<_, Infallible>(ingest.answer(request).await) }
    });
    let _ = http1::Builder::new().serve_connection(TokioIo::new(secure), service).await;
}

type Answer = Response<Full<Bytes>>;

impl Ingest {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (parts, body) = request.into_parts();
        let Ok(body) = body.collect().await else { return status(400) };
        let body = body.to_bytes();
        let token = parts.headers["authorization"].to_str().expect("text").to_owned();
        self.tokens.lock().expect("no panic").push(token);
        if self.unauthorized.load(Ordering::SeqCst) > 0 {
            self.unauthorized.fetch_sub(1, Ordering::SeqCst);
            return status(401);
        }
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let path = parts.uri.path().strip_prefix("/ingest/v1/").expect("our paths");
        if path != "hello" && self.full.load(Ordering::SeqCst) > 0 {
            self.full.fetch_sub(1, Ordering::SeqCst);
            return status(507);
        }
        match path {
            "hello" => self.hello(&body),
            "progress" => {
                let progress = serde_json::from_slice(&body).expect("a progress");
                self.progress.lock().expect("no panic").push(progress);
                if self.old.load(Ordering::SeqCst) {
                    status(204)
                } else {
                    json(200, &*self.commands.lock().expect("no panic"))
                }
            }
            "commands" => self.changed_commands(&query).await,
            "report" => {
                *self.report.lock().expect("no panic") = Some(serde_json::from_slice(&body).expect("a report"));
                status(204)
            }
            "artifacts" => {
                let size = body.len() as u64;
                if self.unwanted.lock().expect("no panic").as_ref().is_some_and(|name| query.contains(name)) {
                    return status(413);
                }
                let fresh = self.artifacts.lock().expect("no panic").insert(query, body.to_vec());
                assert!(fresh.is_none(), "every file once");
                json(200, &Stored { size, sha256: String::new() })
            }
            path => {
                let group = path.strip_prefix("logs/").expect("logs").parse().expect("a group");
                let offset = query.strip_prefix("offset=").expect("an offset").parse().expect("a number");
                self.log(group, offset, &body).await
            }
        }
    }

    fn hello(&self, body: &[u8]) -> Answer {
        let hello: Hello = serde_json::from_slice(body).expect("a hello");
        assert_eq!((hello.execution_uid.as_str(), hello.plan_hash.len()), ("uid-1", 64));
        self.hellos.fetch_add(1, Ordering::SeqCst);
        let logs = self.logs.lock().expect("no panic");
        let acknowledged = logs.iter().map(|(group, bytes)| (*group, bytes.len() as u64)).collect();
        json(200, &Welcome { acknowledged })
    }

    /// At once when they are others than those that are known, else after a while.
    async fn changed_commands(&self, query: &str) -> Answer {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.old.load(Ordering::SeqCst) {
            return status(404);
        }
        let known: u64 = query.strip_prefix("known=").expect("a version").parse().expect("a number");
        if known <= self.commands.lock().expect("no panic").version {
            self.heard.fetch_max(known, Ordering::SeqCst);
        }
        for _ in 0..2500 {
            if self.commands.lock().expect("no panic").version != known {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        json(200, &*self.commands.lock().expect("no panic"))
    }

    async fn log(&self, group: u16, offset: usize, body: &[u8]) -> Answer {
        let acknowledged = {
            let mut logs = self.logs.lock().expect("no panic");
            let stored = logs.entry(group).or_default();
            if offset > stored.len() {
                return json(409, &Acknowledged { acknowledged: stored.len() as u64 });
            }
            let known = stored.len() - offset;
            stored.extend_from_slice(body.get(known..).unwrap_or_default());
            stored.len() as u64
        };
        let every = self.mute_every.load(Ordering::SeqCst);
        if every > 0 && self.posts.fetch_add(1, Ordering::SeqCst) % every == every - 1 {
            // Taken, but the sender never learns of it: the connection ends.
            tokio::time::sleep(Duration::from_millis(5)).await;
            return status(503);
        }
        json(200, &Acknowledged { acknowledged })
    }
}

fn status(code: u16) -> Answer {
    Response::builder().status(code).body(Full::default()).expect("an answer")
}

fn json<T: serde::Serialize>(code: u16, value: &T) -> Answer {
    let body = serde_json::to_vec(value).expect("plain data");
    let code = StatusCode::from_u16(code).expect("a status");
    Response::builder().status(code).body(Full::new(body.into())).expect("an answer")
}
