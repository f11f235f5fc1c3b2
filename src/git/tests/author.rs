//! Somebody who works on a repository.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A working tree whose commits go straight into a bare repository on disk.
pub(super) struct Author {
    folder: TempDir,
    bare: PathBuf,
    clock: std::cell::Cell<i64>,
}

/// Runs git as a person would, without anybody's configuration.
pub(super) fn git(folder: &Path, arguments: &[&str], seconds: i64) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.envs([("HOME", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")]);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Ada").env(format!("GIT_{who}_EMAIL"), "ada@example.com");
        command.env(format!("GIT_{who}_DATE"), format!("@{seconds} +0000"));
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl Author {
    pub(super) fn of(bare: &Path, format: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let author = Self { folder, bare: bare.to_owned(), clock: std::cell::Cell::new(1_700_000_000) };
        author.run(&["init", "--quiet", "-b", "main", &format!("--object-format={format}")]);
        author.run(&["config", "protocol.file.allow", "always"]);
        author
    }

    pub(super) fn run(&self, arguments: &[&str]) -> String {
        git(self.folder.path(), arguments, self.clock.get())
    }

    fn path(&self, file: &str) -> PathBuf {
        let path = self.folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    pub(super) fn write(&self, file: &str, text: &str) -> &Self {
        std::fs::write(self.path(file), text).unwrap();
        self
    }

    pub(super) fn script(&self, file: &str, text: &str) -> &Self {
        self.write(file, text);
        std::fs::set_permissions(self.path(file), std::fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    pub(super) fn link(&self, file: &str, to: &str) -> &Self {
        let _ = std::fs::remove_file(self.path(file));
        symlink(to, self.path(file)).unwrap();
        self
    }

    pub(super) fn remove(&self, path: &str) -> &Self {
        self.run(&["rm", "-r", "-q", "-f", "--", path]);
        self
    }

    /// Commits everything, a second after the commit before.
    pub(super) fn commit(&self, message: &str) -> String {
        self.run(&["add", "-A"]);
        self.commit_staged(message)
    }

    pub(super) fn commit_staged(&self, message: &str) -> String {
        self.clock.set(self.clock.get() + 1);
        self.run(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.run(&["rev-parse", "HEAD"])
    }

    /// Merges a branch, always by a commit.
    pub(super) fn merge(&self, branch: &str) -> String {
        self.clock.set(self.clock.get() + 1);
        self.run(&["merge", "--quiet", "--no-ff", "-m", &format!("Merge {branch}"), branch]);
        self.run(&["rev-parse", "HEAD"])
    }

    /// So many commits on the branch main, each with another text in the file of its number.
    pub(super) fn import(&self, count: usize, file: impl Fn(usize) -> &'static str) {
        let mut stream = String::new();
        for number in 0..count {
            let from = if number == 0 { "from refs/heads/main^0\n" } else { "" };
            let message = format!("Number {number}");
            let text = format!("n: {number}\n");
            stream += &format!(
                "commit refs/heads/main\ncommitter Ada <ada@example.com> {} +0000\ndata {}\n{message}\n{from}M 100644 inline {}\ndata {}\n{text}\n",
                self.clock.get() + number as i64,
                message.len(),
                file(number),
                text.len(),
            );
        }
        self.clock.set(self.clock.get() + count as i64);
        let file = self.folder.path().join(".git/stream");
        std::fs::write(&file, stream).unwrap();
        let input = std::fs::File::open(&file).unwrap();
        let mut command = Command::new("git");
        command.arg("-C").arg(self.folder.path()).args(["fast-import", "--quiet"]).stdin(input);
        assert!(command.status().unwrap().success());
    }

    /// Publishes all branches, whatever was there.
    pub(super) fn publish(&self) {
        let bare = self.bare.display().to_string();
        self.run(&["push", "--quiet", "--force", &bare, "refs/heads/*:refs/heads/*"]);
    }

    /// In the repository itself.
    pub(super) fn in_bare(&self, arguments: &[&str]) -> String {
        git(&self.bare, arguments, self.clock.get())
    }

    pub(super) fn tip(&self, branch: &str) -> String {
        self.in_bare(&["rev-parse", &format!("refs/heads/{branch}")])
    }
}
