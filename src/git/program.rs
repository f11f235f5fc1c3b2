//! One call of the program `git`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, Command};

use crate::complaint;
use crate::error::GitError;
use crate::secret::Secret;

/// Time for what speaks to nobody.
const LOCAL: Duration = Duration::from_secs(120);
/// Bytes of output that are read, unless a call says otherwise.
const ROOM: usize = 8 << 20;
/// Bytes of what Git complains about that are kept: the last ones.
const COMPLAINT: usize = 16 << 10;

/// What is handed on of the manager's own environment: where programs are, and the way out of the cluster.
const INHERITED: &[&str] = &[
    "PATH",
    "TMPDIR",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// No configuration of anybody, no questions, no smudging, no paths that are patterns.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("HOME", "/dev/null"),
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", ""),
    ("SSH_ASKPASS", ""),
    ("GIT_LFS_SKIP_SMUDGE", "1"),
    ("GIT_LITERAL_PATHSPECS", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_MERGE_AUTOEDIT", "no"),
    // A few bytes in a pack can stand for gigabytes, and whoever asks for too much memory takes the manager along.
    ("GIT_ALLOC_LIMIT", "96m"),
];

/// Settings of every call.
const SETTINGS: &[(&str, &str)] = &[
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.quotePath", "false"),
    ("core.askPass", ""),
    ("credential.helper", ""),
    // Only the first answer of a server may point elsewhere, and credentials do not go there.
    ("http.followRedirects", "initial"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "60"),
    ("safe.directory", "*"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("push.recurseSubmodules", "no"),
    ("push.followTags", "false"),
    ("push.gpgSign", "false"),
    ("push.default", "nothing"),
    ("i18n.logOutputEncoding", "UTF-8"),
    ("i18n.commitEncoding", "UTF-8"),
    ("log.showSignature", "false"),
    ("log.mailmap", "false"),
    ("diff.renames", "false"),
    ("diff.external", ""),
    // The manager and its Gits share one allowance of memory.
    ("pack.threads", "1"),
    ("pack.windowMemory", "32m"),
    ("pack.deltaCacheSize", "16m"),
    ("core.deltaBaseCacheLimit", "16m"),
    ("core.packedGitWindowSize", "8m"),
    ("core.packedGitLimit", "64m"),
    ("core.bigFileThreshold", "8m"),
    ("transfer.fsckObjects", "true"),
    // Mistakes that old tools left in the history of honest repositories, and that harm nobody.
    ("fetch.fsck.badTimezone", "ignore"),
    ("fetch.fsck.missingSpaceBeforeDate", "ignore"),
    ("fetch.fsck.missingSpaceBeforeEmail", "ignore"),
    ("fetch.fsck.missingNameBeforeEmail", "ignore"),
    ("fetch.fsck.missingEmail", "ignore"),
    ("fetch.fsck.badEmail", "ignore"),
    ("fetch.fsck.badName", "ignore"),
    ("fetch.fsck.zeroPaddedDate", "ignore"),
    ("fetch.fsck.zeroPaddedFilemode", "ignore"),
    ("fetch.fsck.badDateOverflow", "ignore"),
    ("fetch.fsck.multipleAuthors", "ignore"),
];

/// A call that is being put together.
pub(crate) struct Call {
    doing: &'static str,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    settings: Vec<(String, String)>,
    secrets: Vec<Secret>,
    input: Vec<u8>,
    time: Duration,
    room: usize,
}

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Answer {
    doing: &'static str,
    /// The exit code; -1 when a signal ended it.
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    /// What it complained about, without credentials.
    pub(crate) said: String,
}

impl Call {
    /// `doing` follows the words "cannot".
    pub(crate) fn new<I, A>(doing: &'static str, arguments: I) -> Self
    where
        I: IntoIterator<Item = A>,
        A: Into<String>,
    {
        Self {
            doing,
            arguments: arguments.into_iter().map(Into::into).collect(),
            // Nothing is fetched on the quiet: who may speak to a server says so.
            environment: vec![
                ("GIT_ALLOW_PROTOCOL".to_owned(), "none".to_owned()),
                ("GIT_NO_LAZY_FETCH".to_owned(), "1".to_owned()),
            ],
            settings: Vec::new(),
            secrets: Vec::new(),
            input: Vec::new(),
            time: LOCAL,
            room: ROOM,
        }
    }

    /// In this repository.
    pub(crate) fn of(self, folder: &Path) -> Self {
        let folder = folder.display().to_string();
        self.with("GIT_DIR", folder)
    }

    /// With this in its environment, instead of what was there.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// With this setting.
    pub(crate) fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Never shows this.
    pub(crate) fn hide(mut self, secret: Secret) -> Self {
        self.secrets.push(secret);
        self
    }

    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    pub(crate) fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    pub(crate) fn room(mut self, room: usize) -> Self {
        self.room = room;
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.args(&self.arguments).env_clear().current_dir("/");
        for name in INHERITED {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(ENVIRONMENT.iter().copied());
        let settings = SETTINGS.iter().copied();
        let settings = settings.chain(self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut count = 0;
        for (name, value) in settings {
            command.env(format!("GIT_CONFIG_KEY_{count}"), name);
            command.env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        command.env("GIT_CONFIG_COUNT", count.to_string());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        command
    }

    /// Runs it to its end.
    pub(crate) async fn run(self) -> Result<Answer, GitError> {
        let doing = self.doing;
        let machine = |source| GitError::Machine { doing, source };
        let mut child = self.command().spawn().map_err(|source| {
            let what = if source.kind() == std::io::ErrorKind::NotFound { "start the program git" } else { doing };
            GitError::Machine { doing: what, source }
        })?;
        let mut group = Group(child.id());
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let work = async {
            tokio::try_join!(
                write(stdin, &self.input),
                read(stdout.expect("it was piped"), self.room),
                tail(stderr.expect("it was piped")),
                async { child.wait().await.map_err(Stop::Machine) },
            )
        };
        let ended = tokio::time::timeout(self.time, work).await;
        match ended {
            Ok(Ok(((), out, said, status))) => {
                // Its number may be somebody else's from now on.
                group.0 = None;
                let said = complaint::scrub(&said, &self.secrets);
                Ok(Answer { doing, code: status.code().unwrap_or(-1), out, said })
            }
            Ok(Err(Stop::TooMuch)) => Err(GitError::TooLarge { doing, limit: self.room as u64 }),
            Ok(Err(Stop::Machine(source))) => Err(machine(source)),
            Err(_) => Err(GitError::Late { doing, limit: self.time }),
        }
    }

    /// Runs it, and takes only success.
    pub(crate) async fn good(self) -> Result<Vec<u8>, GitError> {
        self.run().await?.good()
    }
}

impl Answer {
    /// Its output, when it succeeded.
    pub(crate) fn good(self) -> Result<Vec<u8>, GitError> {
        if self.code == 0 { Ok(self.out) } else { Err(self.bad()) }
    }

    /// What its failure means.
    pub(crate) fn bad(&self) -> GitError {
        if self.code < 0 {
            let said = "something ended it, perhaps for want of memory".to_owned();
            return GitError::Unavailable { doing: self.doing, said };
        }
        complaint::judge(self.doing, &self.said)
    }

    /// Its output as one line.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).trim().to_owned()
    }
}

enum Stop {
    TooMuch,
    Machine(std::io::Error),
}

/// Ends the whole group with it, ssh and helpers included, unless it ended by itself.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let pid = self.0.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

async fn write(stdin: Option<ChildStdin>, input: &[u8]) -> Result<(), Stop> {
    let mut stdin = stdin.expect("it was piped");
    // Who ends before all is read has a reason, and says it.
    let _ = stdin.write_all(input).await;
    let _ = stdin.shutdown().await;
    Ok(())
}

async fn read(from: impl AsyncRead + Unpin, room: usize) -> Result<Vec<u8>, Stop> {
    let mut out = Vec::new();
    from.take(room as u64 + 1).read_to_end(&mut out).await.map_err(Stop::Machine)?;
    if out.len() > room { Err(Stop::TooMuch) } else { Ok(out) }
}

async fn tail(mut from: impl AsyncRead + Unpin) -> Result<Vec<u8>, Stop> {
    let mut kept = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let length = from.read(&mut piece).await.map_err(Stop::Machine)?;
        if length == 0 {
            break;
        }
        kept.extend_from_slice(&piece[..length]);
        if kept.len() > 2 * COMPLAINT {
            kept.drain(..kept.len() - COMPLAINT);
        }
    }
    Ok(kept)
}
