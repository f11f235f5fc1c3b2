//! Clones over SSH, by a user whom the machine does not know.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use crate::repository::Repositories;
use crate::script::Script;

const SSHD: &str = "/usr/sbin/sshd";

/// A real SSH server on loopback.
struct Sshd {
    ends: Arc<AtomicBool>,
    port: u16,
    dir: TempDir,
    user: String,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // Wakes who accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn keygen(file: &Path) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(file).status();
    assert!(made.unwrap().success());
}

impl Sshd {
    /// `None` where there is no server to be had.
    fn start() -> Option<Self> {
        if !Path::new(SSHD).exists() {
            eprintln!("not tried: {SSHD} is missing (apt-get install openssh-server)");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        keygen(&path("host"));
        keygen(&path("user"));
        keygen(&path("stranger"));
        std::fs::copy(path("user.pub"), path("authorized")).unwrap();
        let config = format!(
            "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PidFile none\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n",
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
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        Some(Self { ends, port, user: String::from_utf8(user).unwrap().trim().to_owned(), dir })
    }

    fn uri(&self, repository: &Path) -> String {
        format!("ssh://{}@127.0.0.1:{}{}", self.user, self.port, repository.display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn key(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn known_hosts(&self, key: &str) -> String {
        format!("[127.0.0.1]:{} {}", self.port, self.key(key))
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

#[test]
fn a_key_opens_the_door_of_a_known_host() {
    let Some(sshd) = Sshd::start() else { return };
    let repositories = Repositories::make();
    let uri = sshd.uri(&repositories.bare());
    let script = || {
        // As a value of YAML: no newline at the end, and perhaps those of Windows.
        Script::clone(&uri)
            .by_a_user_for_ssh()
            .env("ASSAY_GIT_SSH_KEY", sshd.key("user").replace('\n', "\r\n").trim_end())
    };
    let known = sshd.known_hosts("host.pub");
    let outcome = script().env("ASSAY_GIT_KNOWN_HOSTS", &known).run().good();
    assert_eq!(outcome.commit(), repositories.commits[2]);
    outcome.assert_nowhere(sshd.key("user").lines().nth(2).unwrap());
    assert!(!outcome.stdout.contains("not checked"), "{}", outcome.stdout);

    let unchecked = script().run().good();
    assert!(unchecked.stdout.contains("the key of the server is not checked"), "{}", unchecked.stdout);

    let impostor = script().env("ASSAY_GIT_KNOWN_HOSTS", &sshd.known_hosts("stranger.pub")).run();
    assert!(impostor.complaint().contains("knownHostsFrom does not hold the key"), "{}", impostor.stderr);

    let stranger = Script::clone(&uri).by_a_user_for_ssh().env("ASSAY_GIT_SSH_KEY", &sshd.key("stranger"));
    let stranger = stranger.env("ASSAY_GIT_KNOWN_HOSTS", &known).run();
    assert!(stranger.complaint().contains("check sshKeyFrom"), "{}", stranger.stderr);
    assert!(stranger.complaint().contains("Permission denied"), "{}", stranger.stderr);

    let absent = Script::clone(&sshd.uri(Path::new("/absent.git")))
        .by_a_user_for_ssh()
        .env("ASSAY_GIT_SSH_KEY", &sshd.key("user"));
    let absent = absent.env("ASSAY_GIT_KNOWN_HOSTS", &known).run();
    assert!(absent.complaint().contains("check the URI"), "{}", absent.stderr);
}
