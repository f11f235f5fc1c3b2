//! A closure that stands in for an API server and remembers what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use crate::Cluster;

/// One request as it was heard.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) method: String,
    pub(super) uri: String,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Value,
}

pub(super) type Log = Arc<Mutex<Vec<Heard>>>;

/// A cluster whose every request is answered by `answer`: status and body.
pub(super) fn cluster(answer: impl Fn(&Heard) -> (u16, Value) + Send + Sync + 'static) -> (Cluster, Log) {
    slow_cluster(|_| None, answer)
}

/// The same; a request is answered only after the time that `delay` says.
pub(super) fn slow_cluster(
    delay: impl Fn(&Heard) -> Option<Duration> + Send + Sync + 'static,
    answer: impl Fn(&Heard) -> (u16, Value) + Send + Sync + 'static,
) -> (Cluster, Log) {
    let log = Log::default();
    let (answers, heard_by) = (Arc::new((delay, answer)), Arc::clone(&log));
    let service = tower::service_fn(move |request: Request<Body>| {
        let (answers, log) = (Arc::clone(&answers), Arc::clone(&heard_by));
        async move {
            let (parts, body) = request.into_parts();
            let bytes = body.collect().await.expect("a body in memory").to_bytes();
            let heard = Heard {
                method: parts.method.to_string(),
                uri: parts.uri.to_string(),
                headers: parts.headers,
                body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            };
            let (delay, answer) = answers.as_ref();
            if let Some(delay) = delay(&heard) {
                tokio::time::sleep(delay).await;
            }
            let (status, body) = answer(&heard);
            log.lock().expect("nobody panicked").push(heard);
            let mut text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            text.push('\n');
            let answer = Response::builder().status(status).body(Body::from(text.into_bytes()));
            Ok::<_, std::convert::Infallible>(answer.expect("a plain answer"))
        }
    });
    (Cluster::from_client(Client::new(service, "default"), "assay-test"), log)
}

/// The API server's way of saying no.
pub(super) fn failure(code: u16, reason: &str, message: &str) -> (u16, Value) {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "code": code, "reason": reason, "message": message,
    });
    (code, status)
}
