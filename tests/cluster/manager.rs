//! A manager as a process of this machine, started again whenever it ends, as a
//! kubelet would: so that it can be killed at a chosen point, stopped and thawed.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Outcome;

/// Rest between the end of a manager and its next start.
const REST: Duration = Duration::from_millis(200);
/// An orderly end takes no longer.
const END: Duration = Duration::from_secs(15);

/// What a manager is told.
#[derive(Clone, Debug)]
pub struct ManagerSettings {
    /// The cluster.
    pub kubeconfig: PathBuf,
    /// Its own namespace.
    pub namespace: String,
    /// The only namespaces that it looks after, separated by commas.
    pub watched: String,
    /// Its name in the election.
    pub identity: String,
    /// Address under which pods reach it.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// Port of its probes.
    pub probe_port: u16,
    /// Folder of its store.
    pub data: PathBuf,
    /// The image with the runner that it gives to pods.
    pub runner_image: String,
    /// File that its log is appended to.
    pub log: PathBuf,
    /// What else it is told.
    pub more: Vec<String>,
}

/// Where a manager is to die, at its first start only.
#[derive(Clone, Debug)]
pub struct Crash {
    /// Number of the point, from 1; beyond the last one it only counts them. Or a part of what the point says.
    pub at: String,
    /// File with a line for each point passed.
    pub points: PathBuf,
}

/// A manager that is kept running.
pub struct Manager {
    kept: Arc<Kept>,
    keeper: Option<JoinHandle<()>>,
    probe: SocketAddr,
}

struct Kept {
    settings: ManagerSettings,
    wanted: AtomicBool,
    /// It is not started again as long as this is set.
    held: AtomicBool,
    pid: Mutex<Option<i32>>,
    ends: Mutex<Vec<ExitStatus>>,
}

impl Manager {
    /// Starts it; it need not be ready yet.
    /// # Errors
    /// When it cannot be started.
    pub fn start(settings: &ManagerSettings, crash: Option<&Crash>) -> Outcome<Self> {
        let probe = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.probe_port));
        let kept = Arc::new(Kept {
            settings: settings.clone(),
            wanted: AtomicBool::new(true),
            held: AtomicBool::new(false),
            pid: Mutex::new(None),
            ends: Mutex::new(Vec::new()),
        });
        let (keeping, crash) = (Arc::clone(&kept), crash.cloned());
        // The program dies with the thread that started it, so that thread stays.
        let keeper = std::thread::spawn(move || keeping.keep(crash.as_ref()));
        Ok(Self { kept, keeper: Some(keeper), probe })
    }

    /// Waits until it leads and serves.
    ///
    /// # Errors
    /// When it does not in time.
    pub fn ready(&self, limit: Duration) -> Outcome<()> {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            if answers(self.probe) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!("the manager is not ready after {} s\n{}", limit.as_secs(), self.last_words()).into())
    }

    /// Sends a signal to the process as it is now.
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, signal: Signal) -> Outcome<()> {
        let pid = self.kept.pid().and_then(Pid::from_raw).ok_or("the manager does not run")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Ends it without warning, and does not start it again before [`Manager::release`].
    ///
    /// # Errors
    /// When it does not run.
    pub fn hold(&self) -> Outcome<()> {
        self.kept.held.store(true, Ordering::SeqCst);
        self.signal(Signal::KILL)?;
        while self.kept.pid().is_some() {
            std::thread::sleep(Duration::from_millis(20));
        }
        // The keeper may have looked just before; it stops at the next look.
        std::thread::sleep(REST * 2);
        Ok(())
    }

    /// Lets it be when it ends by itself, until [`Manager::release`].
    pub fn hold_when_ended(&self) {
        self.kept.held.store(true, Ordering::SeqCst);
    }

    /// Whether it runs.
    pub fn runs(&self) -> bool {
        self.kept.pid().is_some()
    }

    /// Starts it again after [`Manager::hold`].
    pub fn release(&self) {
        self.kept.held.store(false, Ordering::SeqCst);
    }

    /// How often a signal ended it that nobody can catch.
    pub fn kills(&self) -> usize {
        let ends = self.kept.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.iter().filter(|end| end.signal() == Some(Signal::KILL.as_raw())).count()
    }

    /// Everything in its log.
    pub fn words(&self) -> String {
        fs::read_to_string(&self.kept.settings.log).unwrap_or_default()
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let text = self.words();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    /// Lets it end in an orderly way, and does not start it again.
    pub fn stop(&mut self) {
        self.kept.wanted.store(false, Ordering::SeqCst);
        self.release();
        let asked = Instant::now();
        for signal in [Signal::CONT, Signal::TERM] {
            self.signal(signal).ok();
        }
        while self.kept.pid().is_some() && asked.elapsed() < END {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.signal(Signal::KILL).ok();
        if let Some(keeper) = self.keeper.take() {
            keeper.join().ok();
        }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Kept {
    fn pid(&self) -> Option<i32> {
        *self.pid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, crash: Option<&Crash>) {
        let mut crash = crash;
        while self.wanted.load(Ordering::SeqCst) {
            let Ok(mut child) = self.spawn(crash.take()) else { return };
            let pid = i32::try_from(child.id()).expect("Linux process ids fit into i32");
            *self.pid.lock().unwrap_or_else(PoisonError::into_inner) = Some(pid);
            // Whoever stopped it meanwhile found no process to end.
            if !self.wanted.load(Ordering::SeqCst) {
                child.kill().ok();
            }
            let end = child.wait();
            *self.pid.lock().unwrap_or_else(PoisonError::into_inner) = None;
            self.ends.lock().unwrap_or_else(PoisonError::into_inner).extend(end);
            std::thread::sleep(REST);
            while self.held.load(Ordering::SeqCst) {
                std::thread::sleep(REST);
            }
        }
    }

    fn spawn(&self, crash: Option<&Crash>) -> std::io::Result<Child> {
        let settings = &self.settings;
        let log = File::options().create(true).append(true).open(&settings.log)?;
        let errors = log.try_clone()?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(binary()).args(["all", "--namespace", &settings.namespace]);
        command.args(["--watch-namespace", &settings.watched, "--identity", &settings.identity]);
        command.args(["--service", &settings.address, "--port", &settings.port.to_string()]);
        command.args(["--probe-port", &settings.probe_port.to_string(), "--log-format", "text"]);
        command.args(["--runner-image", &settings.runner_image, "--image-volumes", "true"]);
        command
            .args(&settings.more)
            .arg("--data-dir")
            .arg(&settings.data)
            .arg("--kubeconfig")
            .arg(&settings.kubeconfig);
        if let Some(crash) = crash {
            command.env("ASSAY_CRASH_AT", &crash.at).env("ASSAY_CRASH_LOG", &crash.points);
        }
        command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn()
    }
}

/// The manager with crash points, built once beside this very program.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let own = std::env::current_exe().expect("a running program knows its file");
        // TARGET/TRIPLE/PROFILE/deps/SUITE-HASH
        let folder = |up: usize| own.ancestors().nth(up).expect("cargo puts tests five folders deep").to_owned();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders below the top");
        let arguments = ["build", "-q", "-p", "assay-manager", "--features", "crash-points"];
        let status =
            Command::new("cargo").args(arguments).current_dir(root).env("CARGO_TARGET_DIR", folder(4)).status();
        assert!(status.is_ok_and(|status| status.success()), "the manager with crash points cannot be built");
        // Under a name of its own: the next build without crash points takes the usual one.
        let kept = folder(2).join("assay-manager-with-crash-points");
        fs::remove_file(&kept).ok();
        fs::hard_link(folder(2).join("assay-manager"), &kept).expect("two names in one folder");
        kept
    })
}

/// Builds what is started later, so that no start waits for a compiler. For tests only: it is built beside the
/// running program.
///
/// # Panics
/// When it cannot be built.
pub fn build_manager() {
    binary();
}

fn answers(probe: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&probe, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: manager\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
