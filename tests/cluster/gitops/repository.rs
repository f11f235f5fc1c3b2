//! A repository as a person has it: a clone in a folder, and a branch to push to.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Forge, Outcome};
use crate::{CommandError, Place, Tool};

/// Gives Git the person's password without writing it anywhere.
const HELPER: &str = "!f() { printf 'username=%s\\npassword=%s\\n' \"$SUITE_USER\" \"$SUITE_TOKEN\"; }; f";

/// A repository on the forge with a clone beside it; both go when the value is dropped.
pub struct Repository {
    forge: Forge,
    name: String,
    folder: PathBuf,
    git: Tool,
}

/// A commit as `git log` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// Name of its author.
    pub author: String,
    /// First line of its message.
    pub subject: String,
    /// The whole message.
    pub message: String,
}

impl Repository {
    /// Makes it, empty, with a clone that has nothing committed yet.
    ///
    /// # Errors
    /// When the forge or Git refuses.
    pub fn create(place: &'static Place, forge: &Forge, name: &str) -> Outcome<Self> {
        forge.create_repository(name)?;
        let folder = place.root().join("target/gitops").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let git = place
            .tool("git")
            .folder(&folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "credential.helper")
            .env("GIT_CONFIG_VALUE_0", HELPER)
            .env("SUITE_USER", forge.owner())
            .env("SUITE_TOKEN", forge.token())
            .env("GIT_AUTHOR_NAME", "Dana Developer")
            .env("GIT_AUTHOR_EMAIL", "dana@example.com")
            .env("GIT_COMMITTER_NAME", "Dana Developer")
            .env("GIT_COMMITTER_EMAIL", "dana@example.com");
        let repository = Self { forge: forge.clone(), name: name.to_owned(), folder, git };
        repository.git(&["init", "-q", "-b", "main"])?;
        repository.git(&["remote", "add", "origin", &repository.url()])?;
        Ok(repository)
    }

    /// Its name on the forge.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The forge.
    pub fn forge(&self) -> &Forge {
        &self.forge
    }

    /// Where it is, as everybody names it.
    pub fn url(&self) -> String {
        self.forge.url(&self.name)
    }

    /// The clone.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `git`, in the clone, as the person.
    pub fn tool(&self) -> &Tool {
        &self.git
    }

    /// `git ...` in the clone; what it prints, without the last line's end.
    ///
    /// # Errors
    /// When Git refuses.
    pub fn git(&self, arguments: &[&str]) -> Result<String, CommandError> {
        Ok(self.git.run(arguments)?.trim_end().to_owned())
    }

    /// Writes files of the clone.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&self, files: &[(String, String)]) -> Outcome<()> {
        for (path, text) in files {
            let path = self.folder.join(path);
            fs::create_dir_all(path.parent().ok_or("a file lies in a folder")?)?;
            fs::write(path, text)?;
        }
        Ok(())
    }

    /// Commits everything that changed in the clone; the commit's id.
    ///
    /// # Errors
    /// When nothing changed, or Git refuses.
    pub fn commit(&self, message: &str) -> Outcome<String> {
        self.git(&["add", "-A"])?;
        self.git(&["commit", "-q", "-m", message])?;
        Ok(self.git(&["rev-parse", "HEAD"])?)
    }

    /// Writes files, commits them onto what is on the branch now, and pushes; the commit's id.
    ///
    /// # Errors
    /// When Git refuses.
    pub fn change(&self, message: &str, files: &[(String, String)]) -> Outcome<String> {
        self.pull()?;
        self.write(files)?;
        let id = self.commit(message)?;
        self.push()?;
        Ok(id)
    }

    /// Pushes `main`.
    ///
    /// # Errors
    /// When it is refused.
    pub fn push(&self) -> Outcome<()> {
        self.git(&["push", "-q", "origin", "HEAD:refs/heads/main"])?;
        Ok(())
    }

    /// Brings the clone to what is on the branch; does nothing while the branch does not exist.
    ///
    /// # Errors
    /// When Git refuses.
    pub fn pull(&self) -> Outcome<()> {
        self.git(&["fetch", "-q", "--prune", "--tags", "origin"])?;
        if self.git(&["rev-parse", "-q", "--verify", "refs/remotes/origin/main"]).is_ok() {
            self.git(&["reset", "-q", "--hard", "origin/main"])?;
        }
        Ok(())
    }

    /// The tip of the branch on the forge, asked now.
    ///
    /// # Errors
    /// When the forge does not answer.
    pub fn tip(&self) -> Outcome<String> {
        let said = self.git(&["ls-remote", "origin", "refs/heads/main"])?;
        Ok(said.split_whitespace().next().unwrap_or_default().to_owned())
    }

    /// Branches on the forge.
    ///
    /// # Errors
    /// When the forge does not answer.
    pub fn branches(&self) -> Outcome<Vec<String>> {
        let said = self.git(&["ls-remote", "--heads", "origin"])?;
        Ok(said.lines().filter_map(|line| Some(line.split_once("refs/heads/")?.1.to_owned())).collect())
    }

    /// The commits of the branch on the forge, newest first.
    ///
    /// # Errors
    /// When the forge does not answer.
    pub fn log(&self) -> Outcome<Vec<Commit>> {
        self.git(&["fetch", "-q", "origin"])?;
        let said = self.git(&["log", "--first-parent", "--format=%H%x1f%an%x1f%s%x1f%B%x1e", "origin/main"])?;
        let commits = said.split('\u{1e}').filter_map(|record| {
            let mut fields = record.trim_start().split('\u{1f}').map(str::to_owned);
            Some(Commit {
                id: fields.next().filter(|id| !id.is_empty())?,
                author: fields.next()?,
                subject: fields.next()?,
                message: fields.next()?,
            })
        });
        Ok(commits.collect())
    }

    /// The id of what lies at a path in a revision; `-` when there is nothing.
    ///
    /// # Errors
    /// When Git cannot be run.
    pub fn entry(&self, revision: &str, path: &str) -> Outcome<String> {
        let answer = self.git.answer(&["rev-parse", "-q", "--verify", &format!("{revision}:{path}")])?;
        Ok(if answer.code == 0 { answer.stdout.trim().to_owned() } else { "-".to_owned() })
    }

    /// Paths that differ between two revisions.
    ///
    /// # Errors
    /// When Git refuses.
    pub fn differing(&self, from: &str, to: &str) -> Outcome<Vec<String>> {
        Ok(self.git(&["diff", "--name-only", from, to])?.lines().map(str::to_owned).collect())
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        if std::thread::panicking() || std::env::var_os("ASSAY_KEEP_NAMESPACES").is_some() {
            return;
        }
        self.forge.delete_repository(&self.name).ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}
