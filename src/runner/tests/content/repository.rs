//! A repository with a little history.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Bare repositories below one folder: `repo.git`, and `part.git`, which the
/// branch `whole` of the first has as a submodule.
pub struct Repositories {
    dir: TempDir,
    /// Commits of `main`, oldest first.
    pub commits: Vec<String>,
}

fn git(dir: &Path, words: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "protocol.file.allow=always"])
        .args(["-c", "init.defaultBranch=main", "-c", "safe.directory=*", "-C"])
        .arg(dir)
        .args(words)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

impl Repositories {
    pub fn make() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let work = dir.path().join("work");
        let mut commits = Vec::new();
        std::fs::create_dir_all(work.join("api/deep")).unwrap();
        std::fs::create_dir_all(work.join("web")).unwrap();
        git(&work, &["init", "-q"]);
        for (number, file) in ["top.txt", "api/deep/a.txt", "web/w.txt"].into_iter().enumerate() {
            std::fs::write(work.join(file), format!("{number}\n")).unwrap();
            git(&work, &["add", "."]);
            git(&work, &["commit", "-q", "-m", file]);
            commits.push(git(&work, &["rev-parse", "HEAD"]));
        }
        git(&work, &["tag", "-a", "-m", "one", "v1.0", &commits[1]]);
        git(&work, &["branch", "feature/x", &commits[1]]);
        let part = dir.path().join("part");
        std::fs::create_dir(&part).unwrap();
        git(&part, &["init", "-q"]);
        std::fs::write(part.join("p.txt"), "p\n").unwrap();
        git(&part, &["add", "."]);
        git(&part, &["commit", "-q", "-m", "part"]);
        git(dir.path(), &["clone", "-q", "--bare", "part", "part.git"]);
        git(&work, &["checkout", "-q", "-b", "whole"]);
        git(&work, &["submodule", "--quiet", "add", "../part", "lib"]);
        git(&work, &["config", "-f", ".gitmodules", "submodule.lib.url", "../part.git"]);
        git(&work, &["commit", "-q", "-a", "-m", "whole"]);
        git(&work, &["checkout", "-q", "-f", "main"]);
        git(dir.path(), &["clone", "-q", "--bare", "work", "repo.git"]);
        git(dir.path(), &["init", "-q", "--bare", "empty.git"]);
        Self { dir, commits }
    }

    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    pub fn bare(&self) -> PathBuf {
        self.dir.path().join("repo.git")
    }
}
