//! Signed commits.

use assay_git_server::keygen;

use super::paths::{bad, good};
use super::restore::restore;
use super::server::Server;
use crate::{GitError, Push, Pushed, Restore, Secret};

#[tokio::test(flavor = "multi_thread")]
async fn signatures_are_good_and_the_same_each_time() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let bad = bad(&author);
    let keys = tempfile::tempdir().unwrap();
    let repositories = server.repositories();
    let remote = server.remote("shop");
    for kind in ["ed25519", "rsa"] {
        let key = keygen(&keys.path().join(kind), kind, "");
        let signed = Restore { signing: Some(Secret::new(&key)), ..restore(&bad, &[("apps/shop", &good)]) };
        let planned = repositories.plan(&remote, &signed).await.unwrap();
        assert_eq!(repositories.plan(&remote, &signed).await.unwrap(), planned, "{kind}");
        let plain = repositories.plan(&remote, &restore(&bad, &[("apps/shop", &good)])).await.unwrap();
        assert_ne!(plain.id, planned.id);
        assert_eq!(plain.tree, planned.tree);
        let push = Push { branch: format!("signed-{kind}"), commit: planned.id.clone(), expected: None };
        assert_eq!(repositories.push(&remote, &push).await.unwrap(), Pushed::Done);
        let public = std::fs::read_to_string(keys.path().join(format!("{kind}.pub"))).unwrap();
        let signers = keys.path().join("signers");
        std::fs::write(&signers, format!("assay@example.com {public}")).unwrap();
        let setting = format!("gpg.ssh.allowedSignersFile={}", signers.display());
        author.in_bare(&["-c", &setting, "verify-commit", &planned.id]);
        let line = key.lines().nth(1).unwrap();
        assert!(!super::server::holds(server.mirrors.path(), line));
        assert!(!format!("{signed:?}").contains(line));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_cannot_sign_are_refused() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let bad = bad(&author);
    let keys = tempfile::tempdir().unwrap();
    let repositories = server.repositories();
    for (key, words) in [
        (keygen(&keys.path().join("ecdsa"), "ecdsa", ""), "does not give the same signature twice"),
        (keygen(&keys.path().join("closed"), "ed25519", "secret"), "has a passphrase"),
        ("canary".to_owned(), "no private SSH key"),
    ] {
        let order = Restore { signing: Some(Secret::new(key)), ..restore(&bad, &[("apps/shop", &good)]) };
        let error = repositories.plan(&server.remote("shop"), &order).await.unwrap_err();
        assert!(matches!(&error, GitError::Credential(said) if said.contains(words)), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
