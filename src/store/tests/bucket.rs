//! An S3 service of the tests' own: `moto`, a well-known imitation of Amazon's.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{S3Config, S3Credentials};

/// Whoever cannot have a service says so; otherwise a missing one is a failure.
const SKIP: &str = "ASSAY_SKIP_S3";
const MOTO: &str = "moto[server]==5.2.5";
const SOON: Duration = Duration::from_secs(60);

/// One test at a time installs it.
static INSTALL: Mutex<()> = Mutex::new(());

/// A service with one bucket, which ends with the value.
pub(super) struct Bucket {
    keys: TempDir,
    port: u16,
    child: Child,
}

impl Bucket {
    /// Starts a service with an empty bucket; `None` when it is to be skipped.
    pub(super) fn start() -> Option<Self> {
        if std::env::var(SKIP).is_ok_and(|skip| skip == "1") {
            return None;
        }
        let program = install();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a service");
        let keys = tempfile::tempdir().expect("a folder");
        for name in ["accessKeyId", "secretAccessKey"] {
            std::fs::write(keys.path().join(name), "testing\n").expect("written");
        }
        let bucket = Self { keys, port, child };
        bucket.make();
        Some(bucket)
    }

    /// The bucket, with a prefix.
    pub(super) fn place(&self, prefix: &str) -> S3Config {
        S3Config {
            endpoint: Some(format!("http://127.0.0.1:{}", self.port)),
            bucket: "assay".into(),
            region: Some("us-east-1".into()),
            prefix: prefix.into(),
            allow_http: true,
            path_style: true,
            ca_file: None,
            credentials: S3Credentials::Files(self.keys.path().to_owned()),
        }
    }

    /// Ends the service as an outage would.
    pub(super) fn stop(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    fn make(&self) {
        let begun = Instant::now();
        while let Err(error) = self.ask_for_one() {
            assert!(begun.elapsed() < SOON, "the service does not come up: {error}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn ask_for_one(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream
            .write_all(b"PUT /assay HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(std::io::Error::other(answer)) }
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        // It may have been ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The service, in an environment of its own in the cache folder.
fn install() -> PathBuf {
    let _one = INSTALL.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let cache = std::env::var_os("ASSAY_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        let home = std::env::var_os("HOME").expect("a home folder, or ASSAY_CACHE");
        Path::new(&home).join(".cache/assay")
    });
    let folder = cache.join("moto");
    let program = folder.join("bin/moto_server");
    if !program.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", MOTO]));
    }
    program
}

fn run(command: &mut Command) {
    let status = command.status();
    let done = status.as_ref().is_ok_and(std::process::ExitStatus::success);
    assert!(done, "{command:?}: {status:?}; install python3-venv, or set {SKIP}=1");
}
