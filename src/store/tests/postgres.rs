//! A PostgreSQL server of the tests' own.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, AssertSqlSafe};
use tempfile::TempDir;

use crate::{DatabaseUrl, Store, StoreConfig};

/// Whoever cannot have a server says so; otherwise a missing one is a failure.
const SKIP: &str = "ASSAY_SKIP_POSTGRES";
const SOON: Duration = Duration::from_secs(120);
/// Names the socket of a server that does not listen on any port.
const NO_PORT: u16 = 5432;

/// A server, which ends with the value.
pub(super) struct Postgres {
    bin: PathBuf,
    dir: TempDir,
    port: u16,
    child: Child,
}

impl Postgres {
    /// Starts a server with an empty cluster of databases; `None` when it is to be skipped.
    pub(super) fn start() -> Option<Self> {
        let (bin, dir) = Self::prepare()?;
        let child = launch(&bin, dir.path(), NO_PORT, "");
        Some(Self { bin, dir, port: NO_PORT, child })
    }

    /// The same with a port.
    fn start_listening() -> Option<Self> {
        let (bin, dir) = Self::prepare()?;
        let begun = Instant::now();
        loop {
            let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
            let mut child = launch(&bin, dir.path(), port, "127.0.0.1");
            let socket = dir.path().join(format!("home/.s.PGSQL.{port}"));
            // It ends when somebody else took the port meanwhile; its socket comes after the port.
            while child.try_wait().expect("a child").is_none() {
                if socket.exists() {
                    return Some(Self { bin, dir, port, child });
                }
                assert!(begun.elapsed() < SOON, "the server does not come up");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// The programs, and a folder with a cluster of databases.
    fn prepare() -> Option<(PathBuf, TempDir)> {
        if std::env::var(SKIP).is_ok_and(|skip| skip == "1") {
            return None;
        }
        let bin = programs().unwrap_or_else(|| panic!("no initdb: install the package postgresql, or set {SKIP}=1"));
        let dir = tempfile::tempdir().expect("a folder");
        run(Command::new("chmod").arg("711").arg(dir.path()));
        std::fs::create_dir(dir.path().join("home")).expect("a folder");
        certificate(&dir.path().join("home"));
        if rustix::process::geteuid().is_root() {
            run(Command::new("chown").args(["-R", "nobody"]).arg(dir.path().join("home")));
        }
        run(as_nobody(&bin.join("initdb"))
            .args(["--username=assay", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "-D"])
            .arg(dir.path().join("home/data"))
            .current_dir(dir.path().join("home"))
            .stdout(Stdio::null()));
        Some((bin, dir))
    }

    /// A new database.
    pub(super) async fn database(&self, name: &str) -> DatabaseUrl {
        let pool = self.reach().await;
        // A name of PostgreSQL has 63 bytes at most.
        let name = &name[..name.len().min(60)];
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE \"{name}\""))).execute(&pool).await.expect("created");
        pool.close().await;
        self.url(name)
    }

    /// Ends the server as an outage would.
    pub(super) fn stop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process");
        // It may be gone already.
        let _ = kill_process(pid, Signal::QUIT);
        self.child.wait().expect("ended");
    }

    pub(super) fn start_again(&mut self) {
        self.child = launch(&self.bin, self.dir.path(), self.port, "");
    }

    fn url(&self, name: &str) -> DatabaseUrl {
        let socket = self.dir.path().join("home");
        let text = format!("postgres://assay@localhost:{}/{name}?host={}", self.port, socket.display());
        text.parse().expect("a URL")
    }

    async fn reach(&self) -> AnyPool {
        sqlx::any::install_default_drivers();
        let DatabaseUrl::Postgres(url) = self.url("postgres") else { unreachable!("made above") };
        let begun = Instant::now();
        loop {
            match AnyPoolOptions::new().max_connections(1).connect(&url).await {
                Ok(pool) => return pool,
                Err(error) => assert!(begun.elapsed() < SOON, "the server does not come up: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

fn launch(bin: &Path, dir: &Path, port: u16, addresses: &str) -> Child {
    let home = dir.join("home");
    as_nobody(&bin.join("postgres"))
        .arg("-D")
        .arg(home.join("data"))
        .arg("-k")
        .arg(&home)
        .args(["-p", &port.to_string(), "-c", "fsync=off", "-c", "ssl=on", "-c"])
        .arg(format!("listen_addresses={addresses}"))
        .arg("-c")
        .arg(format!("ssl_cert_file={}", home.join("server.pem").display()))
        .arg("-c")
        .arg(format!("ssl_key_file={}", home.join("server.key").display()))
        .current_dir(&home)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a server")
}

/// The newest release in Debian's place, else what the path has.
fn programs() -> Option<PathBuf> {
    let releases = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = releases.map(|release| release.path().join("bin")).collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.splice(0..0, std::env::split_paths(&path));
    found.into_iter().rev().find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// PostgreSQL does not run as root.
fn as_nobody(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program);
    command
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}

/// A certificate of the server for the name `localhost`, which is its own authority.
fn certificate(home: &Path) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(home.join("server.pem"), made.cert.pem()).expect("written");
    let mut options = std::fs::OpenOptions::new();
    let key = std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create_new(true), 0o600);
    let mut key = key.open(home.join("server.key")).expect("made");
    key.write_all(made.signing_key.serialize_pem().as_bytes()).expect("written");
}

#[tokio::test]
async fn a_server_is_known_by_its_certificate() {
    let Some(postgres) = Postgres::start_listening() else { return };
    postgres.database("sealed").await;
    let authority = postgres.dir.path().join("home/server.pem");
    let open = async |root: &str| {
        let dir = tempfile::tempdir().expect("a folder");
        let url = format!("postgres://assay@localhost:{}/sealed?sslmode=verify-full{root}", postgres.port);
        let mut config = StoreConfig::folder(dir.path());
        config.database = url.parse().expect("a URL");
        Store::open_with(config).await
    };
    let store = open(&format!("&sslrootcert={}", authority.display())).await.expect("opened over TLS");
    let sql = "SELECT CASE WHEN ssl THEN 1 ELSE 0 END FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let sealed: i32 = sqlx::query_scalar(sql).fetch_one(&store.inner.database.readers).await.expect("asked");
    assert_eq!(sealed, 1);
    let error = open("").await.expect_err("nobody vouches for it");
    assert!(matches!(error, crate::OpenError::Database(_)), "{error:?}");
}
