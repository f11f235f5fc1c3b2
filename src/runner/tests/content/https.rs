//! Clones and downloads over TLS: only from a server that can be verified.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use crate::repository::Repositories;
use crate::script::Script;
use crate::web::{Manners, Web};

#[test]
fn an_unknown_authority_is_refused_and_a_known_one_is_not() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let repositories = Repositories::make();
    let tls = Some(TlsAcceptor::from(Arc::new(config)));
    let web = Web::start(Manners { root: repositories.root().to_owned(), tls, ..Manners::default() });
    let authority = repositories.root().join("ca.pem");
    std::fs::write(&authority, certified.cert.pem()).unwrap();
    let uri = format!("https://localhost:{}/repo.git", web.address.port());
    let outcome = Script::clone(&uri).env("GIT_SSL_CAINFO", authority.to_str().unwrap()).run().good();
    assert_eq!(outcome.commit(), repositories.commits[2]);
    let refused = Script::clone(&uri).run();
    assert!(refused.complaint().contains("certificate"), "{}", refused.stderr);
}
