//! The same over SSH: OpenSSH's own server on loopback.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

const SSHD: &str = "/usr/sbin/sshd";

/// A server that lets the key `user` in and the key `stranger` not, and shows the key `host`. It ends with this value.
pub struct Sshd {
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

impl Sshd {
    /// Starts one. `environment` is what the programs see that it starts. `None`, said aloud, where there is no
    /// server to be had.
    ///
    /// # Panics
    /// When a file or a port cannot be had, or `ssh-keygen` fails.
    pub fn start(environment: &[(&str, &str)]) -> Option<Self> {
        if !Path::new(SSHD).exists() {
            eprintln!("NOT TRIED: {SSHD} is missing (apt-get install openssh-server)");
            return None;
        }
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name);
        for name in ["host", "user", "stranger"] {
            keygen(&path(name), "ed25519", "");
        }
        std::fs::copy(path("user.pub"), path("authorized")).expect("copied");
        std::fs::write(path("config"), config(dir.path(), environment)).expect("written");
        if rustix::process::getuid().is_root() {
            std::fs::create_dir_all("/run/sshd").expect("a folder");
        }
        let (listener, ends) = (TcpListener::bind("127.0.0.1:0").expect("a port"), Arc::new(AtomicBool::new(false)));
        let port = listener.local_addr().expect("an address").port();
        let (config, ended) = (path("config"), Arc::clone(&ends));
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                serve(stream, &config);
            }
        });
        let user = Command::new("id").arg("-un").output().expect("id runs").stdout;
        Some(Self { ends, port, user: String::from_utf8_lossy(&user).trim().to_owned(), dir })
    }

    /// Where a repository is, given the path of its folder.
    pub fn url(&self, repository: &Path) -> String {
        format!("ssh://{}@127.0.0.1:{}{}", self.user, self.port, repository.display())
    }

    /// The file of a key.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The text of a key.
    ///
    /// # Panics
    /// When there is no such key.
    pub fn key(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a key")
    }

    /// The line of `known_hosts` that says that the server has this key, for example `host.pub`.
    pub fn known_hosts(&self, key: &str) -> String {
        format!("[127.0.0.1]:{} {}", self.port, self.key(key))
    }
}

/// Makes a key pair; gives the private one.
///
/// # Panics
/// When `ssh-keygen` fails.
pub fn keygen(file: &Path, kind: &str, passphrase: &str) -> String {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", kind, "-N", passphrase, "-C", "", "-f"]).arg(file);
    if kind == "rsa" {
        command.args(["-b", "2048"]);
    }
    assert!(command.status().expect("ssh-keygen runs").success());
    std::fs::read_to_string(file).expect("a key")
}

fn config(dir: &Path, environment: &[(&str, &str)]) -> String {
    let path = |name: &str| dir.join(name).display().to_string();
    let mut config = format!(
        "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\n\
         PermitRootLogin prohibit-password\nPasswordAuthentication no\n",
        path("host"),
        path("authorized"),
    );
    if !environment.is_empty() {
        let pairs: Vec<String> = environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        config.push_str(&format!("SetEnv {}\n", pairs.join(" ")));
    }
    config
}

/// One connection, by a server that ends with it: no port has to be free later than now.
fn serve(stream: TcpStream, config: &Path) {
    let socket = || Stdio::from(OwnedFd::from(stream.try_clone().expect("a socket")));
    let mut command = Command::new(SSHD);
    command.args(["-i", "-e", "-f"]).arg(config).stdin(socket()).stdout(socket()).stderr(Stdio::null());
    let mut child = command.spawn().expect("sshd starts");
    std::thread::spawn(move || child.wait());
}
