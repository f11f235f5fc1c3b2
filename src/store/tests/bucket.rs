//! An S3 service of the tests' own: `moto`, a well-known imitation of Amazon's.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use tempfile::TempDir;

use crate::{BlobsConfig, S3Config, S3Credentials};

/// Whoever cannot have a service says so; otherwise a missing one is a failure.
const SKIP: &str = "ASSAY_SKIP_S3";
const MOTO: &str = "moto[server]==5.2.5";
const SOON: Duration = Duration::from_secs(180);

/// One test at a time installs it.
static INSTALL: Mutex<()> = Mutex::new(());

/// A service with one bucket, which ends with the value.
pub(super) struct Bucket {
    keys: TempDir,
    port: u16,
    child: Child,
    more: Vec<String>,
}

impl Bucket {
    /// Starts a service with an empty bucket; `None` when it is to be skipped.
    pub(super) fn start() -> Option<Self> {
        let mut bucket = Self::launch(&[])?;
        bucket.make();
        Some(bucket)
    }

    fn launch(more: &[&str]) -> Option<Self> {
        if std::env::var(SKIP).is_ok_and(|skip| skip == "1") {
            return None;
        }
        let more: Vec<String> = more.iter().map(|word| (*word).to_owned()).collect();
        let (port, child) = spawn(&more);
        let keys = tempfile::tempdir().expect("a folder");
        for name in ["accessKeyId", "secretAccessKey"] {
            std::fs::write(keys.path().join(name), "testing\n").expect("written");
        }
        Some(Self { keys, port, child, more })
    }

    /// To be called until the service answers: it takes its port late, and ends when somebody else was faster.
    fn see_to_it(&mut self) {
        if self.child.try_wait().expect("a child").is_some() {
            (self.port, self.child) = spawn(&self.more);
        }
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

    fn make(&mut self) {
        let begun = Instant::now();
        while let Err(error) = self.ask_for_one() {
            assert!(begun.elapsed() < SOON, "the service does not come up: {error}");
            std::thread::sleep(Duration::from_millis(100));
            self.see_to_it();
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

/// A service on a port that is free now.
fn spawn(more: &[String]) -> (u16, Child) {
    let program = install();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
    let mut command = Command::new(program);
    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).args(more);
    (port, command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a service"))
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
    // Other processes share the folder. The lock goes with the file.
    std::fs::create_dir_all(&cache).expect("a folder");
    let lock = std::fs::File::create(cache.join("moto.lock")).expect("a lock");
    lock.lock().expect("locked");
    if !program.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "--retries", "10", MOTO]));
    }
    program
}

fn run(command: &mut Command) {
    let status = command.status();
    let done = status.as_ref().is_ok_and(std::process::ExitStatus::success);
    assert!(done, "{command:?}: {status:?}; install python3-venv, or set {SKIP}=1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_known_by_its_certificate() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let dir = tempfile::tempdir().expect("a folder");
    let (seal, key) = (dir.path().join("seal.pem"), dir.path().join("key.pem"));
    std::fs::write(&seal, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let paths = [&seal, &key].map(|path| path.to_str().expect("a path").to_owned());
    let Some(mut bucket) = Bucket::launch(&["-s", "-c", &paths[0], "-k", &paths[1]]) else { return };
    let begun = Instant::now();
    // No bucket was made: that the service says so is what can be had over TLS.
    let place = loop {
        let place = S3Config {
            endpoint: Some(format!("https://localhost:{}", bucket.port)),
            allow_http: false,
            ca_file: Some(seal.clone()),
            ..bucket.place("")
        };
        match list(place.clone()).await {
            Err(error) if error.to_string().contains("NoSuchBucket") => break place,
            other => assert!(begun.elapsed() < SOON, "the service does not come up: {other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        bucket.see_to_it();
    };
    let error = list(S3Config { ca_file: None, ..place.clone() }).await.expect_err("nobody vouches for it");
    let mut words = format!("{error:?}");
    words.make_ascii_lowercase();
    assert!(words.contains("certificate"), "{words}");
    std::fs::write(&seal, "no certificate").expect("written");
    let error = crate::blobs::open(&BlobsConfig::S3(place), dir.path()).map(|_| ()).expect_err("no certificate");
    assert!(error.to_string().contains("seal.pem") && error.to_string().contains("PEM"), "{error}");
}

async fn list(place: S3Config) -> object_store::Result<usize> {
    let blobs = crate::blobs::open(&BlobsConfig::S3(place), Path::new("/")).expect("a place");
    Ok(blobs.list(None).try_collect::<Vec<_>>().await?.len())
}
