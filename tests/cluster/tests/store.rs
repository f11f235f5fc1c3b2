//! Other places for what is kept, named by values of the chart: PostgreSQL, a
//! bucket, and a volume that is too small. The services run on the node itself.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assay_cluster_tests::{Namespace, Place, PodSecurity, Release, SYSTEM, wait_for};

const LIMIT: Duration = Duration::from_secs(120);
const SOON: Duration = Duration::from_secs(60);
const PASSWORD: &str = "correct-horse";
/// User of the manager.
const MANAGER: u32 = 65532;

/// A service on the node, which ends with the value.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A folder that is removed with the value.
struct Folder(PathBuf);

impl Folder {
    fn make(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("assay-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// Where pods reach the node.
fn node(place: &Place) -> String {
    let path = "jsonpath={.items[0].status.addresses[?(@.type==\"InternalIP\")].address}";
    place.kubectl().run(&["get", "nodes", "-o", path]).expect("an address")
}

fn free_port(node: &str) -> u16 {
    let listener = TcpListener::bind((node, 0)).expect("the node is this machine");
    listener.local_addr().expect("an address").port()
}

fn done(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The newest PostgreSQL of Debian's.
fn postgres_programs() -> PathBuf {
    let releases = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = releases.map(|release| release.path().join("bin")).collect();
    found.sort();
    found.pop().expect("the package postgresql")
}

fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program);
    command
}

/// A server that asks for a password, and its URL.
fn postgres(node: &str, folder: &Path) -> (Service, String) {
    let bin = postgres_programs();
    let home = folder.join("postgres");
    fs::create_dir(&home).expect("a folder");
    fs::write(home.join("password"), PASSWORD).expect("written");
    done(Command::new("chown").args(["-R", "nobody"]).arg(&home));
    done(Command::new("chmod").arg("711").arg(folder));
    done(
        as_nobody(&bin.join("initdb"))
            .args(["--username=assay", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"])
            .arg(format!("--pwfile={}", home.join("password").display()))
            .arg("-D")
            .arg(home.join("data"))
            .current_dir(&home),
    );
    fs::write(home.join("data/pg_hba.conf"), "host all all all scram-sha-256\n").expect("written");
    let port = free_port(node);
    let child = as_nobody(&bin.join("postgres"))
        .arg("-D")
        .arg(home.join("data"))
        .arg("-k")
        .arg(&home)
        .args(["-p", &port.to_string(), "-c", "fsync=off", "-c", &format!("listen_addresses={node}")])
        .current_dir(&home)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a server");
    let service = Service(child);
    reach(node, port);
    (service, format!("postgres://assay:{PASSWORD}@{node}:{port}/postgres"))
}

/// A service with an empty bucket `assay`, and its port.
fn bucket(node: &str) -> (Service, u16) {
    let port = free_port(node);
    let child = Command::new(moto())
        .args(["-H", node, "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a service");
    let service = Service(child);
    reach(node, port);
    ask(node, port, "PUT", "/assay");
    (service, port)
}

/// The imitation of S3, which the tests of the room `store` install in the cache folder.
fn moto() -> PathBuf {
    let cache = std::env::var_os("ASSAY_CACHE").map(PathBuf::from);
    let cache =
        cache.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").expect("a home folder")).join(".cache/assay"));
    let folder = cache.join("moto");
    let program = folder.join("bin/moto_server");
    if !program.exists() {
        done(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        done(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "moto[server]==5.2.5"]));
    }
    program
}

fn reach(node: &str, port: u16) {
    let address: SocketAddr = format!("{node}:{port}").parse().expect("an address");
    let began = Instant::now();
    while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
        assert!(began.elapsed() < SOON, "nothing answers at {address}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn ask(node: &str, port: u16, verb: &str, path: &str) -> String {
    let mut stream = TcpStream::connect((node, port)).expect("it listens");
    let head = format!("{verb} {path} HTTP/1.1\r\nhost: {node}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}

/// Objects in the manager's namespace that go with the value.
struct Objects<'a>(&'a str);

impl Objects<'_> {
    fn apply(&self, manifest: &str) {
        Place::shared().kubectl().run_with(&["-n", SYSTEM, "apply", "-f", "-"], manifest).expect("kubectl apply");
    }
}

impl Drop for Objects<'_> {
    fn drop(&mut self) {
        let kinds = "secrets,persistentvolumeclaims,persistentvolumes";
        let label = format!("assay.dev/test={}", self.0);
        Place::shared().kubectl().answer(&["-n", SYSTEM, "delete", kinds, "-l", &label, "--wait=false"]).ok();
    }
}

fn workflow(namespace: &Namespace, shell: &str) {
    let manifest = format!(
        "apiVersion: assay.dev/v1alpha1
kind: TestWorkflow
metadata: {{name: it}}
spec:
  container: {{image: 'localhost:5000/assay/busybox:dev'}}
  steps:
  - shell: |
      {shell}
    artifacts: {{paths: ['*.txt']}}
"
    );
    namespace.apply_text(&manifest).expect("the workflow is accepted");
}

#[test]
fn history_in_postgresql_and_artifacts_in_a_bucket() {
    let place = Place::shared();
    let folder = Folder::make("store");
    let node = node(place);
    let (_database, url) = postgres(&node, &folder.0);
    let (_service, port) = bucket(&node);
    let objects = Objects("services");
    objects.apply(&format!(
        "apiVersion: v1
kind: Secret
metadata: {{name: test-database, labels: {{assay.dev/test: services}}}}
stringData: {{address: '{url}?sslmode=disable'}}
---
apiVersion: v1
kind: Secret
metadata: {{name: test-bucket, labels: {{assay.dev/test: services}}}}
stringData: {{accessKeyId: testing, secretAccessKey: testing}}
"
    ));
    let namespace = Namespace::create(place, "store", PodSecurity::Open).expect("a namespace");
    let release = Release::take(place);
    let values = format!(
        "store:
  postgres: {{existingSecret: test-database, key: address}}
  s3: {{bucket: assay, endpoint: 'http://{node}:{port}', prefix: here, existingSecret: test-bucket, allowHttp: true}}
"
    );
    release.with(&values).expect("helm upgrade");

    workflow(&namespace, "echo kept-elsewhere | tee kept.txt");
    namespace.execute("it-1", "it").expect("the execution is accepted");
    let execution = namespace.finished("it-1", LIMIT);
    assert_eq!(execution.verdict().as_deref(), Some("passed"), "{:#}", execution.value()["status"]);
    // Another pod knows nothing but what lies in the database and the bucket; logs are files.
    let restart = ["delete", "pod", "-l", "app.kubernetes.io/name=assay", "--wait=true"];
    let log = namespace.assay(&["logs", "it-1"]).expect("assay logs");
    assert!(log.stdout.contains("kept-elsewhere"), "{log:?}");
    release.kubectl(&restart).expect("the pod goes");
    release.kubectl(&["rollout", "status", "deployment/assay", "--timeout=180s"]).expect("another one comes");
    let list = namespace.assay(&["artifacts", "ls", "it-1"]).expect("assay artifacts ls");
    assert!(list.stdout.contains("kept.txt"), "{list:?}");
    let into = folder.0.join("fetched").to_string_lossy().into_owned();
    let fetched = namespace.assay(&["artifacts", "get", "it-1", "-d", &into]).expect("assay artifacts get");
    assert_eq!(fetched.code, 0, "{fetched:?}");
    assert_eq!(fs::read_to_string(folder.0.join("fetched/kept.txt")).expect("it was fetched"), "kept-elsewhere\n");

    let inside = ask(&node, port, "GET", "/assay?list-type=2");
    assert!(inside.contains("<Key>here/artifacts/") && inside.contains("<Size>15</Size>"), "{inside}");
    let query = format!("select count(*) from executions where namespace = '{}' and name = 'it-1'", namespace.name());
    let rows = place.tool(&postgres_programs().join("psql").to_string_lossy()).run(&[&url, "-Atc", &query]);
    assert_eq!(rows.expect("psql").trim(), "1");
    let said = release.kubectl(&["logs", "deployment/assay", "--tail=-1"]).expect("kubectl logs");
    assert!(!said.contains(PASSWORD), "the password is in the manager's output");
    drop(release);
}

/// A file system in memory on the node, offered to the manager as a claim.
struct Small {
    folder: Folder,
}

impl Small {
    const BYTES: u64 = 48 * 1024 * 1024;

    fn make(objects: &Objects<'_>) -> Self {
        let folder = Folder::make("small");
        let path = folder.0.display().to_string();
        let options = format!("size={},uid={MANAGER},gid={MANAGER},mode=0770", Self::BYTES);
        done(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "assay-test", &path]));
        chown(&folder.0, Some(MANAGER), Some(MANAGER)).expect("root");
        objects.apply(&format!(
            "apiVersion: v1
kind: PersistentVolume
metadata: {{name: test-small, labels: {{assay.dev/test: small}}}}
spec:
  capacity: {{storage: 48Mi}}
  accessModes: [ReadWriteOnce]
  storageClassName: ''
  hostPath: {{path: {path}}}
  claimRef: {{namespace: {SYSTEM}, name: test-small}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: test-small, labels: {{assay.dev/test: small}}}}
spec: {{accessModes: [ReadWriteOnce], storageClassName: '', volumeName: test-small, resources: {{requests: {{storage: 48Mi}}}}}}
"
        ));
        Self { folder }
    }

    /// Leaves only that much.
    fn fill(&self, left: u64) {
        let stat = rustix::fs::statvfs(&self.folder.0).expect("a file system");
        let free = stat.f_bavail * stat.f_frsize;
        fs::write(self.filler(), vec![0; usize::try_from(free.saturating_sub(left)).expect("it fits")]).expect("room");
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).expect("it is there");
    }

    fn filler(&self) -> PathBuf {
        self.folder.0.join("filler")
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.folder.0).status().ok();
    }
}

#[test]
fn a_full_volume_holds_up_no_run_and_everything_arrives_once_there_is_room() {
    const LINES: usize = 20_000;
    let place = Place::shared();
    let namespace = Namespace::create(place, "store", PodSecurity::Open).expect("a namespace");
    let objects = Objects("small");
    let small = Small::make(&objects);
    let release = Release::take(place);
    release.with("persistence: {enabled: true, existingClaim: test-small}\n").expect("helm upgrade");
    small.fill(300 * 1024);

    let shell = format!(
        "awk 'BEGIN {{ pad = sprintf(\"%080d\", 0); for (i = 0; i < {LINES}; i++) printf \"%08d %s\\n\", i, pad }}'; sleep 8; head -c 5000000 /dev/zero > large.txt; exit 7"
    );
    workflow(&namespace, &shell);
    namespace.execute("it-1", "it").expect("the execution is accepted");
    let told = namespace.execution_when("it-1", LIMIT, |execution| {
        execution.text("/status/message").contains("store does not do its work")
    });
    let told = told.unwrap_or_else(|| panic!("nothing is said of the store: {:?}", namespace.execution("it-1")));
    let message = told.text("/status/message");
    assert!(message.contains("bytes free") && message.contains("enlarge the volume"), "{message}");
    println!("told: {} {message}", told.text("/status/reason"));
    std::thread::sleep(Duration::from_secs(8));
    small.make_room();
    let freed = Instant::now();

    let execution = namespace.finished("it-1", LIMIT);
    assert_eq!(execution.verdict().as_deref(), Some("failed"), "{:#}", execution.value()["status"]);
    let whole = wait_for(Duration::from_secs(40), || {
        let log = namespace.assay(&["logs", "it-1"]).ok()?.stdout;
        let lines = log.lines().filter(|line| line.starts_with("000")).count();
        (lines == LINES).then_some(log)
    });
    assert!(whole.is_some(), "the log is not whole");
    let list = namespace.assay(&["artifacts", "ls", "it-1"]).expect("assay artifacts ls").stdout;
    assert!(list.contains("large.txt"), "{list}");
    println!("everything was there {:.1} s after there was room", freed.elapsed().as_secs_f64());
    let after = namespace.execution("it-1").expect("it is there");
    assert_eq!(after.value()["status"]["log"]["complete"], true, "{:#}", after.value()["status"]);
    drop(release);
}
