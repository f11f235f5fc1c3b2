//! A measure, run by hand: `cargo test -p assay-server -- --ignored --nocapture`.

use std::time::Instant;

use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::BodyExt;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::tls::{client, names};
use super::{frame, house, progress};
use crate::{Certificates, ServeOptions, serve, tls_config};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measure, not a proof"]
async fn one_stream_over_tls() {
    let house = house().await;
    let certificates = Certificates::create(&names(), Timestamp::now()).expect("made");
    let tls = watch::Sender::new(tls_config(&certificates).expect("usable"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let router = house.router.clone();
    tokio::spawn(serve(listener, tls.subscribe(), router, ServeOptions::default(), std::future::pending()));
    let client = client(&certificates.ca, 1);
    let send = |method: Method, path: String, body: Bytes| {
        let request = Request::builder().method(method).uri(format!("https://localhost:{port}{path}"));
        let request = request.header("authorization", "Bearer runner").body(Body::from(body)).expect("a request");
        let client = client.clone();
        async move {
            let answer = client.request(request).await.expect("served");
            assert!(answer.status().is_success());
            answer.into_body().collect().await.expect("whole");
        }
    };
    let line = frame(0, 1, &[b'x'; 100]);
    let bytes = Bytes::from(line.repeat(1024 * 1024 / line.len()));
    let begun = Instant::now();
    let mut offset = 0;
    for _ in 0..256 {
        send(Method::POST, format!("/ingest/v1/logs/0?offset={offset}"), bytes.clone()).await;
        offset += bytes.len();
    }
    println!("logs over TLS: {:.0} MB/s", offset as f64 / 1e6 / begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    for number in 0..200 {
        let body = serde_json::to_vec(&progress(number, false)).expect("plain data");
        send(Method::PUT, "/ingest/v1/progress".into(), body.into()).await;
    }
    println!("progress over TLS: {:.2} ms each", begun.elapsed().as_secs_f64() * 1000.0 / 200.0);
}
