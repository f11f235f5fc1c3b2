//! The same over SSH, by a real server.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use super::paths::{bad, good, shop};
use super::restore::restore;
use super::server::Server;
use super::signing::keygen;
use crate::{Credentials, Disposition, GitError, Push, Pushed, Remote, Secret};

const SSHD: &str = "/usr/sbin/sshd";

struct Sshd {
    ends: Arc<AtomicBool>,
    port: u16,
    dir: TempDir,
    user: String,
    key: String,
    stranger: String,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // Wakes who accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Sshd {
    /// `None` where there is no server to be had.
    fn start() -> Option<Self> {
        if !Path::new(SSHD).exists() {
            eprintln!("NOT TRIED: {SSHD} is missing (apt-get install openssh-server)");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let [_, key, stranger] = ["host", "user", "stranger"].map(|name| keygen(&path(name), "ed25519", ""));
        std::fs::copy(path("user.pub"), path("authorized")).unwrap();
        let config = format!(
            "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PidFile none\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n\
             SetEnv GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=* \
             GIT_CONFIG_KEY_1=uploadpack.allowFilter GIT_CONFIG_VALUE_1=true\n",
            path("host").display(),
            path("authorized").display(),
        );
        std::fs::write(path("config"), config).unwrap();
        if rustix::process::getuid().is_root() {
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let (listener, ends) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(AtomicBool::new(false)));
        let port = listener.local_addr().unwrap().port();
        let (config, ended) = (path("config"), Arc::clone(&ends));
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                serve(stream, &config);
            }
        });
        let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap().trim().to_owned();
        Some(Self { ends, port, user, dir, key, stranger })
    }

    fn known_hosts(&self, of: &str) -> String {
        let key = std::fs::read_to_string(self.dir.path().join(of)).unwrap();
        format!("[127.0.0.1]:{} {key}", self.port)
    }

    fn remote(&self, bare: &Path, key: &str, known_hosts: &str) -> Remote {
        let url = format!("ssh://{}@127.0.0.1:{}{}", self.user, self.port, bare.display());
        // As a value of YAML: no newline at the end, and perhaps those of Windows.
        let identity = Secret::new(key.replace('\n', "\r\n").trim_end());
        Remote { url, credentials: Credentials::Ssh { identity, known_hosts: known_hosts.to_owned() }, ca: None }
    }
}

/// One connection, by a server that ends with it: no port has to be free later than now.
fn serve(stream: TcpStream, config: &Path) {
    let socket = || Stdio::from(OwnedFd::from(stream.try_clone().unwrap()));
    let mut command = Command::new(SSHD);
    command.args(["-i", "-e", "-f"]).arg(config).stdin(socket()).stdout(socket()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::spawn(move || child.wait());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_the_repository_of_a_known_host() {
    let Some(sshd) = Sshd::start() else { return };
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let bad = bad(&author);
    let repositories = server.repositories();
    let remote = sshd.remote(&server.bare("shop"), &sshd.key, &sshd.known_hosts("host.pub"));
    let facts = repositories.look(&remote, &shop(&good, &bad)).await.unwrap();
    assert_eq!((facts.range.len(), facts.references.as_slice()), (1, ["base".to_owned()].as_slice()));
    let planned = repositories.plan(&remote, &restore(&bad, &[("apps/shop", &good)])).await.unwrap();
    let push = Push { branch: "main".to_owned(), commit: planned.id.clone(), expected: Some(bad.clone()) };
    assert_eq!(repositories.push(&remote, &push).await.unwrap(), Pushed::Done);
    assert_eq!(author.tip("main"), planned.id);
    assert_eq!(repositories.check(&remote, &["main".to_owned()]).await.unwrap().writable, Some(true));
    let line = sshd.key.lines().nth(2).unwrap();
    assert!(!format!("{remote:?}").contains(line) && !super::server::holds(server.mirrors.path(), line));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_not_spoken_to_and_does_not_get_in() {
    let Some(sshd) = Sshd::start() else { return };
    let server = Server::start().await;
    good(&server.repository("shop", "sha1"));
    let repositories = server.repositories();
    let bare = server.bare("shop");
    for (remote, words) in [
        (sshd.remote(&bare, &sshd.key, &sshd.known_hosts("stranger.pub")), "ost key verification failed"),
        (sshd.remote(&bare, &sshd.stranger, &sshd.known_hosts("host.pub")), "Permission denied"),
        (sshd.remote(Path::new("/absent.git"), &sshd.key, &sshd.known_hosts("host.pub")), "does not appear to be"),
        (sshd.remote(&bare, &sshd.key, " "), "`known_hosts` is empty"),
        (sshd.remote(&bare, "canary", &sshd.known_hosts("host.pub")), "Permission denied"),
    ] {
        let error = repositories.fetch(&remote).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.disposition(), Disposition::Stalled, "{error}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
    let none = Remote { credentials: Credentials::None, ..sshd.remote(&bare, "", "") };
    assert!(matches!(repositories.fetch(&none).await.unwrap_err(), GitError::Credential(_)));
}
