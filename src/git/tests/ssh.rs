//! The same over SSH, by a real server.

use std::path::Path;

use assay_git_server::Sshd;

use super::paths::{bad, good, shop};
use super::restore::restore;
use super::server::Server;
use crate::{Credentials, Disposition, GitError, Push, Pushed, Remote, Secret};

/// Git is to serve what belongs to whoever runs the tests, and to leave out contents where a client asks for that.
const GIT: [(&str, &str); 5] = [
    ("GIT_CONFIG_COUNT", "2"),
    ("GIT_CONFIG_KEY_0", "safe.directory"),
    ("GIT_CONFIG_VALUE_0", "*"),
    ("GIT_CONFIG_KEY_1", "uploadpack.allowFilter"),
    ("GIT_CONFIG_VALUE_1", "true"),
];

fn remote(sshd: &Sshd, bare: &Path, key: &str, known_hosts: &str) -> Remote {
    // As a value of YAML: no newline at the end, and perhaps those of Windows.
    let identity = Secret::new(key.replace('\n', "\r\n").trim_end());
    let credentials = Credentials::Ssh { identity, known_hosts: known_hosts.to_owned() };
    Remote { url: sshd.url(bare), credentials, ca: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_the_repository_of_a_known_host() {
    let Some(sshd) = Sshd::start(&GIT) else { return };
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let bad = bad(&author);
    let repositories = server.repositories();
    let remote = remote(&sshd, &server.bare("shop"), &sshd.key("user"), &sshd.known_hosts("host.pub"));
    let facts = repositories.look(&remote, &shop(&good, &bad)).await.unwrap();
    assert_eq!((facts.range.len(), facts.references.as_slice()), (1, ["base".to_owned()].as_slice()));
    let planned = repositories.plan(&remote, &restore(&bad, &[("apps/shop", &good)])).await.unwrap();
    let push = Push { branch: "main".to_owned(), commit: planned.id.clone(), expected: Some(bad.clone()) };
    assert_eq!(repositories.push(&remote, &push).await.unwrap(), Pushed::Done);
    assert_eq!(author.tip("main"), planned.id);
    assert_eq!(repositories.check(&remote, &["main".to_owned()]).await.unwrap().writable, Some(true));
    let key = sshd.key("user");
    let line = key.lines().nth(2).unwrap();
    assert!(!format!("{remote:?}").contains(line) && !super::server::holds(server.mirrors.path(), line));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_not_spoken_to_and_does_not_get_in() {
    let Some(sshd) = Sshd::start(&GIT) else { return };
    let server = Server::start().await;
    good(&server.repository("shop", "sha1"));
    let repositories = server.repositories();
    let bare = server.bare("shop");
    for (remote, words) in [
        (remote(&sshd, &bare, &sshd.key("user"), &sshd.known_hosts("stranger.pub")), "ost key verification failed"),
        (remote(&sshd, &bare, &sshd.key("stranger"), &sshd.known_hosts("host.pub")), "Permission denied"),
        (
            remote(&sshd, Path::new("/absent.git"), &sshd.key("user"), &sshd.known_hosts("host.pub")),
            "does not appear to be",
        ),
        (remote(&sshd, &bare, &sshd.key("user"), " "), "`known_hosts` is empty"),
        (remote(&sshd, &bare, "canary", &sshd.known_hosts("host.pub")), "Permission denied"),
    ] {
        let error = repositories.fetch(&remote).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.disposition(), Disposition::Stalled, "{error}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
    let none = Remote { credentials: Credentials::None, ..remote(&sshd, &bare, "", "") };
    assert!(matches!(repositories.fetch(&none).await.unwrap_err(), GitError::Credential(_)));
}
