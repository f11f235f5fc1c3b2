//! Signatures by an SSH key, made by the program `ssh-keygen`.
//!
//! Ed25519 and RSA give the same signature each time, and so the same commit. ECDSA does not, and keys in hardware
//! want somebody to touch them; both are refused.

use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use crate::error::GitError;
use crate::program::Call;
use crate::secret::Secret;
use crate::session::{private_folder, write_private};

const TIME: Duration = Duration::from_secs(20);

/// A key in a file of its own, for as long as this lives.
pub(crate) struct Signer {
    folder: TempDir,
    key: Secret,
}

impl Signer {
    pub(crate) async fn new(key: &Secret) -> Result<Self, GitError> {
        let folder = private_folder()?;
        write_private(&folder.path().join("identity"), key.reveal())?;
        let signer = Self { folder, key: key.clone() };
        match signer.algorithm().await?.as_str() {
            "ssh-ed25519" | "ssh-rsa" => Ok(signer),
            other => Err(GitError::Credential(format!(
                "a signing key of type {other:?} is not taken, since it does not give the same signature twice: use Ed25519 or RSA"
            ))),
        }
    }

    fn file(&self) -> String {
        self.folder.path().join("identity").display().to_string()
    }

    /// As the public half says it; empty when the key cannot be read.
    async fn algorithm(&self) -> Result<String, GitError> {
        let mut command = Command::new("ssh-keygen");
        command.args(["-y", "-P", "", "-f", &self.file()]).env_clear().current_dir("/");
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let machine = |source| GitError::Machine { doing: "start the program ssh-keygen", source };
        let doing = "read the signing key";
        let late = |_| GitError::Late { doing, limit: TIME };
        let output = tokio::time::timeout(TIME, command.output()).await.map_err(late)?.map_err(machine)?;
        if !output.status.success() {
            let words = "the signing key is no private SSH key, or has a passphrase";
            return Err(GitError::Credential(words.to_owned()));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.split_whitespace().next().unwrap_or_default().to_owned())
    }

    /// The argument of `git commit-tree`.
    pub(crate) fn argument(&self) -> String {
        format!("-S{}", self.file())
    }

    /// Lets a call sign.
    pub(crate) fn sign(&self, call: Call) -> Call {
        call.set("gpg.format", "ssh").set("gpg.ssh.program", "ssh-keygen").hide(self.key.clone())
    }

    /// What a failure of such a call means.
    pub(crate) fn explain(error: GitError) -> GitError {
        match error {
            GitError::Denied { said, .. } | GitError::Odd { said, .. } => {
                GitError::Credential(format!("the commit cannot be signed: {said}"))
            }
            other => other,
        }
    }
}
