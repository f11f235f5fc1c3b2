//! Over TLS: only with a server that can be verified.

use std::net::SocketAddr;
use std::sync::Arc;

use assay_api::ForgeKind;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::paths::good;
use super::server::Server;
use crate::{Disposition, ForgeClient, ForgeTarget, GitError, Remote};

/// Speaks TLS for a server that does not. Answers with its address and its certificate.
async fn terminator(behind: SocketAddr) -> (SocketAddr, String) {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut secure) = acceptor.accept(stream).await else { return };
                let Ok(mut plain) = TcpStream::connect(behind).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut secure, &mut plain).await;
            });
        }
    });
    (address, certified.cert.pem())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_authority_of_the_grant_is_believed() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let (address, certificate) = terminator(server.address).await;
    let (_, another) = terminator(server.address).await;
    let url = format!("https://localhost:{}/shop.git", address.port());
    let repositories = server.repositories();
    for ca in [None, Some(another)] {
        let remote = Remote { url: url.clone(), ca, ..server.remote("shop") };
        let error = repositories.fetch(&remote).await.unwrap_err();
        assert!(matches!(&error, GitError::Denied { said, .. } if said.contains("certificate")), "{error}");
    }
    assert_eq!(server.switch.shown.load(std::sync::atomic::Ordering::SeqCst), 0);
    let remote = Remote { url: url.clone(), ca: Some(certificate.clone()), ..server.remote("shop") };
    repositories.fetch(&remote).await.unwrap();
    assert!(repositories.tree_hash(&remote, &good, &[String::new()]).await.unwrap().is_some());

    let url = format!("https://localhost:{}/o/r.git", address.port());
    let target =
        |ca| ForgeTarget { kind: ForgeKind::GitHub, repository: url.clone(), token: "t".into(), ca, url: None };
    let stranger = ForgeClient::new(&target(None)).unwrap().state(1).await.unwrap_err();
    assert_eq!(stranger.disposition(), Disposition::Transient, "{stranger}");
    assert!(stranger.to_string().contains("certificate"), "{stranger}");
    // It is no forge, and that is known only to who may speak to it.
    let known = ForgeClient::new(&target(Some(certificate))).unwrap().state(1).await.unwrap_err();
    assert_eq!(known.status(), Some(401), "{known}");
}
