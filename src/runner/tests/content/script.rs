//! Running a script as the container would: a bare environment, another user.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A user that no machine knows by name.
pub const NOBODY: u32 = 54_321;

/// One run of a script, with folders of its own.
pub struct Script {
    command: Command,
    dir: TempDir,
}

/// What it left.
pub struct Outcome {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
    dir: TempDir,
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

impl Script {
    pub fn clone(uri: &str) -> Self {
        let mut script = Self::new("assay-clone");
        let target = script.dir.path().join("data/repo");
        script.command.env("ASSAY_GIT_URI", uri).env("ASSAY_GIT_TARGET", target);
        script
    }

    pub fn fetch(url: &str) -> Self {
        let mut script = Self::new("assay-fetch");
        let target = script.dir.path().join("data/repo");
        script.command.env("ASSAY_FETCH_URL", url).env("ASSAY_FETCH_TARGET", target);
        script
    }

    fn new(name: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../images/git").join(name);
        let dir = tempfile::tempdir().unwrap();
        let mut folders = vec![dir.path().to_owned()];
        for folder in ["data", "outputs", "home"] {
            folders.push(dir.path().join(folder));
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        for folder in folders {
            std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        }
        // The folder of a checkout may be closed to other users; the image's is not.
        let readable = dir.path().join(name);
        // By another process: one that is forked here meanwhile would hold the copy open for writing.
        assert!(Command::new("cp").arg(file).arg(&readable).status().unwrap().success());
        let mut command = Command::new(readable);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", dir.path().join("home"))
            .env("ASSAY_OUTPUTS", dir.path().join("outputs"))
            .current_dir("/");
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        Self { command, dir }
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn revision(self, revision: &str) -> Self {
        self.env("ASSAY_GIT_REVISION", revision)
    }

    /// Something that is there before.
    pub fn with(self, path: &str, text: &str) -> Self {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        if is_root() {
            let whole = |path: &Path| std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            path.ancestors().take_while(|at| *at != self.dir.path()).for_each(whole);
        }
        self
    }

    /// As a user whom the machine knows, where what the image has for others is missing.
    pub fn by_a_user_for_ssh(mut self) -> Self {
        let library = |dir: &str| Path::new(dir).join("libnss_wrapper.so").exists();
        let dirs = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
        if is_root() && !dirs.into_iter().any(library) {
            eprintln!("not tried with an unknown user: libnss_wrapper.so is missing (apt-get install libnss-wrapper)");
            self.command.uid(0).gid(0);
        }
        self
    }

    pub fn run(mut self) -> Outcome {
        let output = self.command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Outcome {
            success: output.status.success(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            dir: self.dir,
        }
    }
}

impl Outcome {
    /// The same, if it is a success.
    pub fn good(self) -> Self {
        assert!(self.success, "{}{}", self.stdout, self.stderr);
        self
    }

    /// The one line that tells why it failed.
    pub fn complaint(&self) -> &str {
        assert!(!self.success, "{}", self.stdout);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        self.stderr.trim_end()
    }

    pub fn tree(&self) -> PathBuf {
        self.dir.path().join("data/repo")
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// The files in the tree, Git's own aside.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.tree()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if entry.file_name() == ".git" {
                    continue;
                }
                if entry.file_type().unwrap().is_dir() {
                    folders.push(path);
                } else {
                    files.push(path.strip_prefix(self.tree()).unwrap().display().to_string());
                }
            }
        }
        files.sort();
        files
    }

    /// What Git says in the tree.
    pub fn git(&self, words: &[&str]) -> String {
        let output =
            Command::new("git").args(["-c", "safe.directory=*", "-C"]).arg(self.tree()).args(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    pub fn commit(&self) -> String {
        std::fs::read_to_string(self.path("outputs/commit")).unwrap().trim_end().to_owned()
    }

    /// That no file that the script left holds the text.
    pub fn assert_nowhere(&self, secret: &str) {
        assert!(!self.stdout.contains(secret) && !self.stderr.contains(secret));
        let mut paths = vec![self.path("data"), self.path("outputs"), self.path("home")];
        while let Some(path) = paths.pop() {
            if path.is_dir() && !path.is_symlink() {
                paths.extend(std::fs::read_dir(path).unwrap().flatten().map(|entry| entry.path()));
            } else if let Ok(bytes) = std::fs::read(&path) {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{}", path.display());
            }
        }
        let mine = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("assay-clone.");
        for folder in ["/dev/shm", "/tmp"].iter().filter_map(|folder| std::fs::read_dir(folder).ok()) {
            for left in folder.flatten().filter(mine) {
                // Those of tests that run beside this one hold other secrets.
                let key = std::fs::read_to_string(left.path().join("key")).unwrap_or_default();
                assert!(!key.contains(secret), "{}", left.path().display());
            }
        }
    }
}
