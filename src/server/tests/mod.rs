//! The routes against a real store; identities are a table.

mod admission;
mod artifacts;
mod commands;
mod forge;
mod ingest;
mod logs;
mod memory;
mod reads;
mod speed;
mod tls;

use std::sync::Arc;

use assay_api::{Reason, StepState, Verdict};
use assay_protocol::frame::{Header, Stream, encode};
use assay_protocol::rest::Problem;
use assay_protocol::{ArtifactTotals, Progress, RunOutcome, StepProgress};
use assay_store::{Begin, RunKey, Store, StoreConfig};
use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;

use crate::Server;
use memory::{Memory, Shelf};

pub(crate) const UID: &str = "5f0c7a52-0000-4000-8000-000000000001";
pub(crate) const EXECUTION: &str = "/api/v1/namespaces/team-a/executions/smoke-1";

/// A server of a fresh store in which attempt 1 of `team-a/smoke-1` was begun.
pub(crate) struct House {
    _dir: TempDir,
    pub(crate) store: Store,
    pub(crate) identities: Arc<Memory>,
    pub(crate) definitions: Arc<Shelf>,
    pub(crate) router: Router,
    pub(crate) closing: watch::Sender<bool>,
}

pub(crate) async fn house() -> House {
    let dir = tempfile::tempdir().expect("a folder");
    let config = StoreConfig { reserve: Some(0), ..StoreConfig::folder(dir.path()) };
    let store = Store::open_with(config).await.expect("a store");
    begin(&store, "team-a", "smoke-1", UID, 1).await;
    let identities = Arc::new(Memory::default());
    let closing = watch::Sender::new(false);
    let definitions = Arc::new(Shelf::default());
    let router = Router::new();
    let mut house = House { _dir: dir, store, identities, definitions, router, closing };
    house.router = house.server().router();
    house
}

pub(crate) async fn begin(store: &Store, namespace: &str, name: &str, uid: &str, attempt: u32) {
    let begin = Begin {
        namespace: namespace.into(),
        name: name.into(),
        uid: uid.into(),
        workflow: "smoke".into(),
        attempt,
        plan_hash: "00".repeat(32),
        delivery: None,
    };
    store.begin(&begin).await.expect("begun");
}

/// The run that the token `runner` stands for.
pub(crate) fn key() -> RunKey {
    RunKey { execution_uid: UID.into(), attempt: 1, pod_uid: "pod-1".into() }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// Asserts that it is a problem of this status.
    pub(crate) fn problem(&self, status: u16) -> Problem {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem: Problem = self.json();
        assert_eq!(problem.status, status);
        problem
    }
}

pub(crate) fn request(method: Method, path: &str, token: &str) -> http::request::Builder {
    let request = Request::builder().method(method).uri(path);
    if token.is_empty() { request } else { request.header("authorization", format!("Bearer {token}")) }
}

impl House {
    pub(crate) fn server(&self) -> Server {
        Server::new(self.store.clone(), self.identities.clone(), self.definitions.clone(), self.closing.subscribe())
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("routes never fail");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(request(Method::GET, path, token).body(Body::empty()).expect("a request")).await
    }

    pub(crate) async fn put(&self, path: &str, token: &str, body: impl Into<Body>) -> Answer {
        self.send(request(Method::PUT, path, token).body(body.into()).expect("a request")).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: impl Into<Body>) -> Answer {
        self.send(request(Method::POST, path, token).body(body.into()).expect("a request")).await
    }
}

pub(crate) fn progress(sequence: u64, finished: bool) -> Progress {
    let now = Timestamp::now();
    let outcome = RunOutcome {
        verdict: Verdict::Passed,
        reason: Reason::Passed,
        message: "all is well".into(),
        finished_at: now,
        log_complete: true,
    };
    let step = |id: &str, name: &str| StepProgress {
        id: id.into(),
        name: name.into(),
        state: StepState::Running,
        attempts: 1,
        exit_code: None,
        started_at: Some(now),
        finished_at: None,
        message: None,
        block: None,
        outputs: std::collections::BTreeMap::new(),
    };
    Progress {
        blocks: Vec::new(),
        paused: None,
        paused_ms: 0,
        sequence,
        started_at: Some(now),
        steps: vec![step("build", "Build it"), step("test", "Test it")],
        tests: None,
        artifacts: ArtifactTotals::default(),
        outcome: finished.then_some(outcome),
    }
}

pub(crate) fn frame(step: u16, seconds: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let header = Header { stream: Stream::Stdout, step, attempt: 1, time_ns: seconds * 1_000_000_000, offset: 0 };
    encode(header, payload, &mut bytes);
    bytes
}
