//! Real TLS on loopback, with a client that trusts the authority only.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{EXECUTION, house, key, progress};
use crate::{Certificates, ServeOptions, serve, service_names, tls_config};

pub(super) fn client(ca: &str, idle: usize) -> Client<HttpsConnector<HttpConnector>, Body> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).expect("PEM")).expect("an authority");
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_http1().build();
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(idle).build(connector)
}

pub(super) fn names() -> Vec<String> {
    let mut names = service_names("assay", "assay-system");
    names.push("localhost".into());
    names
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_is_served_until_the_end() {
    let house = house().await;
    let now = Timestamp::now();
    let certificates = Certificates::create(&names(), now).expect("made");
    let tls = watch::Sender::new(tls_config(&certificates).expect("usable"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let options = ServeOptions { grace: Duration::from_secs(120), ..ServeOptions::default() };
    let served = tokio::spawn(serve(listener, tls.subscribe(), house.router.clone(), options, async move {
        let _ = stopped.await;
    }));
    let ask = |client: Client<_, _>, query: &str| {
        let uri = format!("https://localhost:{port}{EXECUTION}{query}");
        let request = Request::builder().uri(uri).header("authorization", "Bearer alice").body(Body::empty());
        async move { client.request(request.expect("a request")).await }
    };
    let trusting = client(&certificates.ca, 0);
    assert_eq!(ask(trusting.clone(), "").await.expect("served").status(), StatusCode::OK);
    let stranger = Certificates::create(&names(), now).expect("made");
    assert!(ask(client(&stranger.ca, 0), "").await.is_err(), "another authority is not trusted");

    let renewed = certificates.renew(&names(), now).expect("renewed");
    assert_ne!(renewed.certificate, certificates.certificate);
    tls.send_replace(tls_config(&renewed).expect("usable"));
    assert_eq!(ask(trusting.clone(), "").await.expect("served").status(), StatusCode::OK);

    // A follower that is under way when the process is to end is let go at once.
    let followed = ask(trusting, "/logs?follow=true").await.expect("served");
    stop.send(()).expect("it listens");
    house.store.save_progress(&key(), &progress(1, true)).await.expect("saved");
    assert!(followed.into_body().collect().await.is_ok());
    tokio::time::timeout(Duration::from_secs(60), served).await.expect("in time").expect("no panic");
}

#[test]
fn certificates_survive_a_secret_and_say_when_they_are_due() {
    let now: Timestamp = "2026-02-28T12:00:00Z".parse().expect("a time");
    let certificates = Certificates::create(&names(), now).expect("made");
    let again = Certificates::from_secret(&certificates.to_secret()).expect("whole");
    assert_eq!(again, certificates);
    assert!(!again.is_due(&names(), now));
    assert!(again.is_due(&service_names("assay", "elsewhere"), now), "other names");
    let later = Timestamp::from_second(now.as_second() + 241 * 86_400).expect("a time");
    assert!(again.is_due(&names(), later));
    assert!(!again.renew(&names(), later).expect("renewed").is_due(&names(), later));
    assert!(!format!("{again:?}").contains("PRIVATE"));
    let mut broken = certificates.to_secret();
    broken.remove("ca.key");
    assert!(Certificates::from_secret(&broken).is_err());
}
